//! Encodes a decided batch of events: the journal row and everything that leaves the room once the row is durable.
//!
//! Pure: reads its arguments only, and each frame is encoded once for all connections.

use tutti_protocol::{CommandId, Event, Position, RoomId, UserId};

use super::effects::Effect;
use super::last_sent::Changes;
use super::state::RoomState;
use super::view::View;
use super::wire;
use crate::store::{Fence, IndexChange, JournalBatch, MemberErasure};

/// The events of one input, already applied to the room's state.
#[derive(Debug)]
pub(super) struct DecidedBatch<'a> {
    pub(super) room: RoomId,
    /// Of the last event.
    pub(super) position: Position,
    pub(super) at_ms: i64,
    /// The room's claim.
    pub(super) fence: Fence,
    /// The command behind the events, if a member sent one.
    pub(super) command: Option<(UserId, CommandId)>,
    pub(super) events: &'a [Event],
}

/// A batch ready for the journal.
#[derive(Debug)]
pub(super) struct EncodedBatch {
    pub(super) row: JournalBatch,
    /// In the order in which they leave: the delta, updates for single members, the reply, the view, then the connections
    /// to close.
    pub(super) effects: Vec<Effect>,
    /// The view after the events, when they changed it.
    pub(super) view: Option<View>,
}

impl DecidedBatch<'_> {
    /// Encodes the batch. `state` has the events applied, `view` is from before them.
    pub(super) fn encode(
        &self,
        state: &RoomState,
        changes: Changes,
        view: &View,
        reply: Option<Effect>,
    ) -> EncodedBatch {
        let Self { room, position, at_ms, fence, command, events } = *self;
        let json = serde_json::to_string(events).expect("events are JSON");
        let Changes { facts, own } = changes;
        let erasure = forgotten(events).map(|member| {
            let state = serde_json::to_string(state).expect("the state is JSON");
            MemberErasure { member, state }
        });
        let view = view.after(state, events);

        let mut effects: Vec<_> = erasure.iter().map(|_| Effect::DropHistory).collect();
        effects.push(Effect::Broadcast {
            frame: wire::delta(position, &json, facts),
            offset: position.offset,
            events_count: events.len() as u64,
            at_ms,
            events: json.clone(),
        });
        effects.extend(own.into_iter().map(|member| Effect::TellMember { member, frame: wire::own(state, member) }));
        effects.extend(reply);
        effects.extend(view.clone().map(|view| Effect::PublishView { view: Box::new(view) }));
        effects.extend(events.iter().filter_map(Effect::of));

        let row = JournalBatch {
            room,
            epoch: position.epoch,
            offset: position.offset,
            at_ms,
            command,
            events: json,
            index: events.iter().flat_map(IndexChange::of).collect(),
            fence,
            erasure,
        };
        EncodedBatch { row, effects, view }
    }
}

fn forgotten(events: &[Event]) -> Option<UserId> {
    events.iter().find_map(|event| match event {
        Event::MemberForgotten { member } => Some(*member),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use tutti_protocol::{CloseCode, Command, ConnectionId, EntryId, ProviderId, RoomCode, Track, TrackRef, UserKind};
    use uuid::Uuid;

    use super::*;
    use crate::room::last_sent::LastSent;
    use crate::room::replies::Outcome;
    use crate::room::state::{Audience, Ctx, Input, Newcomer};
    use crate::room::wire::DeltaFacts;

    const ANA: UserId = UserId(Uuid::from_u128(1));
    const BEN: UserId = UserId(Uuid::from_u128(2));

    fn newcomer(id: UserId, name: &str) -> Newcomer {
        Newcomer { id, name: name.into(), kind: UserKind::Guest, picture: None }
    }

    fn by_ana(command: Command) -> Input {
        let tracks = match &command {
            Command::Enqueue { track, .. } => vec![Track {
                provider: track.provider,
                id: track.id.clone(),
                title: track.id.clone(),
                artists: vec![],
                album: None,
                duration_ms: 180_000,
                art_url: None,
                explicit: false,
                gain_db: None,
                unplayable: false,
            }],
            _ => vec![],
        };
        Input::Command { by: ANA, command, tracks }
    }

    fn enqueue(id: &str) -> Input {
        by_ana(Command::Enqueue { track: TrackRef { provider: ProviderId::LIBRARY, id: id.into() }, before: None })
    }

    /// Ana's room with `inputs` applied; encodes the last of them as command 7.
    fn encode_last(inputs: &[Input]) -> (RoomState, Vec<Event>, EncodedBatch) {
        let mut state = RoomState::new(RoomCode::from_bits(0));
        let (present, audience) = (BTreeSet::from([ANA, BEN]), Audience::default());
        let create = Input::Create { name: "Party".into(), host: newcomer(ANA, "Ana"), settings: Box::default() };
        let (mut events, mut view) = (vec![], View::of(&state));
        for (number, input) in (1..).zip([create].iter().chain(inputs)) {
            view = View::of(&state);
            let new_entry = EntryId(Uuid::from_u128(number));
            let ctx = Ctx {
                now_ms: 1_000,
                new_entry,
                present: &present,
                host_gone_since_ms: None,
                audience: &audience,
                unheard_since_ms: None,
            };
            events = state.handle(&ctx, input).expect("accepted");
        }
        let (connection, id) = (ConnectionId(Uuid::nil()), CommandId(Uuid::from_u128(7)));
        let outcome = Outcome::accepted(state.offset(), &events, None);
        let batch = DecidedBatch {
            room: RoomId(Uuid::nil()),
            position: Position { epoch: 3, offset: state.offset() },
            at_ms: 1_000,
            fence: Fence::default(),
            command: Some((ANA, id)),
            events: &events,
        };
        let changes = LastSent::default().changes(&state, &events, &present);
        let encoded =
            batch.encode(&state, changes, &view, Some(Effect::Reply { connection, id, outcome, is_repeated: false }));
        (state, events, encoded)
    }

    fn kinds(effects: &[Effect]) -> Vec<&'static str> {
        let kind = |effect: &Effect| match effect {
            Effect::Broadcast { .. } => "delta",
            Effect::Reply { .. } => "reply",
            Effect::PublishView { .. } => "view",
            Effect::DropHistory => "drop history",
            Effect::CloseMember { member: BEN, code: CloseCode::Kicked } => "kick ben",
            Effect::CloseMember { member: BEN, code: CloseCode::Left } => "part from ben",
            _ => "other",
        };
        effects.iter().map(kind).collect()
    }

    #[test]
    fn a_batch_is_one_row_and_one_delta_with_the_reply_behind_it() {
        let (state, events, EncodedBatch { row, effects, view }) = encode_last(&[enqueue("a1")]);
        assert!(events.len() > 1, "the first track also starts: {events:?}");
        assert_eq!((row.epoch, row.offset, row.at_ms), (3, state.offset(), 1_000));
        assert_eq!(row.command, Some((ANA, CommandId(Uuid::from_u128(7)))));
        assert_eq!(serde_json::from_str::<Vec<Event>>(&row.events).expect("JSON"), events);
        assert_eq!(row.erasure, None);
        assert_eq!(kinds(&effects), ["delta", "reply", "view"]);
        assert_eq!(view.expect("a track plays").now_playing, state.now_playing().cloned());
        let Effect::Broadcast { frame, offset, events_count, events: json, .. } = &effects[0] else { unreachable!() };
        assert_eq!((*offset, *events_count, json), (state.offset(), events.len() as u64, &row.events));
        let position = Position { epoch: 3, offset: state.offset() };
        let facts = DeltaFacts { upcoming: Some(state.upcoming()), waitlist: None, skip_votes_needed: Some(1) };
        assert_eq!(*frame, wire::delta(position, json, facts), "with the new order of play");
    }

    #[test]
    fn a_batch_that_changes_nothing_in_the_view_publishes_none() {
        let (_, _, EncodedBatch { effects, view, .. }) = encode_last(&[enqueue("a1"), enqueue("a2")]);
        assert_eq!(kinds(&effects), ["delta", "reply"]);
        assert_eq!(view, None);
    }

    #[test]
    fn connections_close_after_everything_else() {
        let kick = by_ana(Command::Kick { member: BEN });
        let (_, _, EncodedBatch { row, effects, .. }) = encode_last(&[Input::Enter(newcomer(BEN, "Ben")), kick]);
        assert_eq!(kinds(&effects), ["delta", "reply", "view", "kick ben"]);
        assert_eq!(row.index, [IndexChange::Left(BEN)]);
    }

    #[test]
    fn forgetting_a_member_stores_the_state_without_them_and_drops_the_history_first() {
        let inputs = [Input::Enter(newcomer(BEN, "Ben")), Input::Forget(BEN)];
        let (state, _, EncodedBatch { row, effects, .. }) = encode_last(&inputs);
        assert_eq!(kinds(&effects), ["drop history", "delta", "reply", "view", "part from ben"]);
        let erasure = row.erasure.expect("a member is forgotten");
        assert_eq!((erasure.member, erasure.state), (BEN, serde_json::to_string(&state).expect("JSON")));
        assert_eq!(row.index, [IndexChange::Forgotten(BEN)]);
    }
}
