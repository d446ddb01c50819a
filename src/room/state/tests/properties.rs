//! What holds whatever happens.

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use tutti_protocol::{
    Answer, Command, EndReason, Entry, EntryCommand, EntryId, Event, Own, PlaceReason, Role, RoomCode, UserId,
};
use tutti_room_state::{Input, OwnScope, RoomState, UPCOMING_SHOWN_MAX, changes_own};

use crate::world::{Act, World, act, duration_ms, newcomer, people, policy, user};

proptest! {
    // A longer run has as much more to pass over.
    #![proptest_config(ProptestConfig { max_global_rejects: u32::MAX, ..ProptestConfig::default() })]

    #[test]
    fn nothing_panics_and_every_invariant_holds(acts in vec((people(), act()), 1..80), close in any::<bool>()) {
        let mut world = World::open();
        for (who, act) in &acts {
            world.perform(*who, act);
            world.check_invariants();
        }
        if close && !world.room.is_closed() {
            let host = world.room.host().expect("a host");
            let host = people().find(|who| user(*who) == host).expect("one of the people");
            prop_assert!(world.perform(host, &Act::Close));
            world.check_invariants();
        }
    }

    #[test]
    fn replaying_the_journal_gives_the_same_room(acts in vec((people(), act()), 1..80)) {
        let mut world = World::open();
        for (who, act) in &acts {
            world.perform(*who, act);
        }
        let journal: Vec<String> =
            world.events.iter().map(|event| serde_json::to_string(event).expect("serializable")).collect();
        let mut replayed = RoomState::new(RoomCode::from_bits(7));
        for line in &journal {
            replayed.apply(&serde_json::from_str(line).expect("what was written reads back"));
        }
        prop_assert_eq!(&replayed, &world.room);

        let checkpoint = serde_json::to_string(&world.room).expect("serializable");
        let restored: RoomState = serde_json::from_str(&checkpoint).expect("what was written reads back");
        prop_assert_eq!(&restored, &world.room);
    }

    #[test]
    fn a_change_to_one_queue_keeps_the_others_relative_order(
        acts in vec((people(), act()), 1..40),
        who in people(),
        change in prop_oneof![
            duration_ms().prop_map(|duration_ms| Act::Enqueue { title: 99, duration_ms, before: None }),
            any::<Index>().prop_map(Act::Dequeue),
        ],
    ) {
        let mut world = World::open();
        for (who, act) in &acts {
            world.perform(*who, act);
        }
        let next_of_others = |room: &RoomState| -> Vec<EntryId> {
            room.order(usize::MAX).into_iter()
                .filter(|placed| placed.entry.member != user(who) && placed.place.turn == 1)
                .map(|placed| placed.entry.id)
                .collect()
        };
        let on = world.room.now_playing().map(|entry| entry.id);
        let before = next_of_others(&world.room);
        let removes_own = !matches!(change, Act::Dequeue(_)) || world.room.role_of(user(who)) == Some(Role::Player);
        world.perform(who, &change);
        prop_assume!(removes_own && world.room.now_playing().map(|entry| entry.id) == on);
        // Where only so many play, somebody new may have their turn.
        let after = next_of_others(&world.room);
        let common = |one: &[EntryId], other: &[EntryId]| -> Vec<EntryId> {
            one.iter().filter(|id| other.contains(id)).copied().collect()
        };
        prop_assert_eq!(common(&after, &before), common(&before, &after));
        prop_assert!(world.room.settings().players_max > 0 || before.iter().all(|id| after.contains(id)));
    }

    /// An entry that is put first goes ahead of everything but a locked entry, and the others keep their order.
    #[test]
    fn an_entry_that_is_put_first_plays_next_and_the_others_keep_their_order(
        acts in vec((people(), act()), 1..60),
        entry in any::<Index>(),
    ) {
        let mut world = World::open();
        for (who, act) in &acts {
            world.perform(*who, act);
        }
        let ids = |room: &RoomState| -> Vec<(UserId, EntryId)> {
            room.order(usize::MAX).iter().map(|placed| (placed.entry.member, placed.entry.id)).collect()
        };
        let before = ids(&world.room);
        prop_assume!(!before.is_empty());
        let (owner, entry) = before[entry.index(before.len())];
        let (by, on) = (world.room.host().expect("a host"), world.room.now_playing().cloned());
        let is_locked = world.room.order(1)[0].place.reason == PlaceReason::Locked;
        let is_accepted = world.handle(&Input::Command { by, command: Command::PlayNext { entry }, tracks: vec![] });
        prop_assert!(is_accepted);
        world.check_invariants();
        prop_assert_eq!(world.room.now_playing(), on.as_ref());
        let after = ids(&world.room);
        prop_assert!(after.iter().take(1 + usize::from(is_locked)).any(|(_, id)| *id == entry), "{after:?}");
        let others = |order: &[(UserId, EntryId)]| -> Vec<EntryId> {
            order.iter().filter(|(member, _)| *member != owner).map(|(_, id)| *id).collect()
        };
        prop_assert_eq!(others(&after), others(&before));

        let ledger = |room: &RoomState, id: UserId| room.ledger_of(id).cloned().expect("an account");
        let (queued, known) = (world.room.clone(), world.events.len());
        world.handle(&Input::Command { by, command: Command::Skip { entry: None, unplayable: None }, tracks: vec![] });
        let started = world.events[known..].iter().find_map(|event| match event {
            Event::EntryStarted { entry, .. } => Some(entry.id),
            _ => None,
        });
        // The end of a shorter track of theirs gives some of its charge back.
        let paid = on.is_some_and(|on| on.member == owner || on.credits.contains(&owner));
        if started == Some(entry) && !paid {
            let (was, is) = (ledger(&queued, owner), ledger(&world.room, owner));
            prop_assert!(is.start_tag() >= was.start_tag() && is.last_start > was.last_start, "its owner is charged");
        }
    }

    /// Who goes and comes back at once is where they were, or further back.
    #[test]
    fn going_away_and_returning_gains_nothing_and_keeps_the_others_order(
        acts in vec((people(), act()), 1..60),
        who in people(),
    ) {
        let mut world = World::open();
        for (who, act) in &acts {
            world.perform(*who, act);
        }
        let who = user(who);
        prop_assume!(world.room.members_here().any(|here| here == who));
        let order = |room: &RoomState| -> Vec<(bool, EntryId)> {
            room.order(usize::MAX).iter().map(|placed| (placed.entry.member == who, placed.entry.id)).collect()
        };
        let on = world.room.now_playing().map(|entry| entry.id);
        let before = order(&world.room);
        world.handle(&Input::GraceOver(who));
        let back = newcomer_of(&world.room, who);
        world.handle(&Input::Enter(back));
        prop_assume!(world.room.now_playing().map(|entry| entry.id) == on);
        let after = order(&world.room);
        let others = |order: &[(bool, EntryId)]| -> Vec<EntryId> {
            order.iter().filter(|(own, _)| !own).map(|(_, id)| *id).collect()
        };
        prop_assert_eq!(others(&before), others(&after));
        for (place, (_, id)) in after.iter().enumerate().filter(|(_, (own, _))| *own) {
            let was = before.iter().position(|(_, known)| known == id);
            prop_assert!(was.is_none_or(|was| place >= was), "{before:?} {after:?}");
        }
    }

    /// A client that keeps what it was told, and is told again only when the scope of an event names it and its digest
    /// differs, knows its own queue and what it may do.
    #[test]
    fn a_member_knows_their_queue_and_permissions_from_what_is_sent(acts in vec((people(), act()), 1..80)) {
        let mut world = World::open();
        let members: Vec<UserId> = people().map(user).collect();
        let digests = |room: &RoomState| room.own_digests(&members).map(|(_, digest)| digest).collect::<Vec<_>>();
        let mut known = digests(&world.room);
        let mut told: Vec<Own> = members.iter().map(|member| world.room.own(*member)).collect();
        let is_cut = |room: &RoomState| room.order_len() > UPCOMING_SHOWN_MAX;
        for (who, act) in &acts {
            let (seen, was_cut) = (world.events.len(), is_cut(&world.room));
            world.perform(*who, act);
            let scopes: Vec<OwnScope> = world.events[seen..].iter().map(changes_own).collect();
            let now = digests(&world.room);
            let (upcoming, _) = world.room.upcoming();
            for (index, member) in members.iter().enumerate() {
                if now[index] != known[index] {
                    let is_named = scopes.iter().any(|scope| [OwnScope::All, OwnScope::Member(*member)].contains(scope));
                    prop_assert!(is_named || was_cut != is_cut(&world.room), "{act:?} {scopes:?}");
                    told[index] = world.room.own(*member);
                }
                let right = world.room.own(*member);
                prop_assert_eq!(&told[index].may, &right.may);
                let ids = |entries: &[Entry]| entries.iter().map(|entry| entry.id).collect::<BTreeSet<_>>();
                let shown: Vec<Entry> = upcoming.iter().filter(|entry| entry.member == *member).cloned().collect();
                let queue = if told[index].queue_hidden { &told[index].queue } else { &shown };
                if world.room.role_of(*member).is_some() {
                    prop_assert_eq!(ids(queue), ids(&right.queue), "after {:?}", act);
                }
            }
            known = now;
        }
    }

    #[test]
    fn may_lists_the_accepted_commands(acts in vec((people(), act()), 1..60)) {
        let mut world = World::open();
        for (who, act) in &acts {
            world.perform(*who, act);
        }
        for who in people() {
            let may = world.room.may(user(who));
            for command in EntryCommand::ALL {
                let sent = match command {
                    EntryCommand::Play => Command::Play,
                    EntryCommand::Pause => Command::Pause,
                    EntryCommand::Seek => Command::Seek { position_ms: 0 },
                    EntryCommand::Skip => Command::Skip { entry: None, unplayable: None },
                    EntryCommand::VoteSkip => Command::VoteSkip { entry: None },
                };
                let is_empty = world.room.now_playing().is_some_and(|on| on.track.duration_ms == 0);
                if *command != EntryCommand::Seek || !is_empty {
                    prop_assert_eq!(may.contains(command), world.accepts(who, sent), "{:?}", command);
                }
            }
        }
    }

    #[test]
    fn the_announced_number_of_votes_skips(acts in vec((people(), act()), 1..60), who in people()) {
        let mut world = World::open();
        for (who, act) in &acts {
            world.perform(*who, act);
        }
        world.perform(who, &Act::Present(true));
        let (needed, known) = (world.room.skip_votes_needed(&world.present), world.events.len());
        let voted = world.room.snapshot().skip_votes;
        if voted.contains(&user(who)) || !world.perform(who, &Act::VoteSkip) {
            return Ok(());
        }
        let is_skipped = world.events[known..]
            .iter()
            .any(|event| matches!(event, Event::EntryEnded { reason: EndReason::VotedOut, .. }));
        prop_assert_eq!(is_skipped, voted.len() + 1 >= needed as usize);
    }

    #[test]
    fn a_preview_is_the_order_after_the_change(acts in vec((people(), act()), 1..60), policy in policy()) {
        let mut world = World::open();
        for (who, act) in &acts {
            world.perform(*who, act);
        }
        prop_assume!(!world.room.is_closed());
        let before = world.room.clone();
        let Some(Answer::Upcoming(seen)) = world.room.answer(&Command::PreviewPolicy { policy }) else {
            return Err(TestCaseError::fail("no answer"));
        };
        prop_assert_eq!(&world.room, &before);
        let by = world.room.host().expect("a host");
        world.handle(&Input::Command { by, command: Command::SetPolicy { policy }, tracks: vec![] });
        prop_assert_eq!(world.room.upcoming().0, seen);
    }
}

/// Somebody as they are shown already.
fn newcomer_of(room: &RoomState, who: tutti_protocol::UserId) -> tutti_room_state::Newcomer {
    let member = room.snapshot().members.into_iter().find(|member| member.id == who).expect("a member");
    tutti_room_state::Newcomer { name: member.name, kind: member.kind, picture: member.picture, ..newcomer_id(who) }
}

fn newcomer_id(id: tutti_protocol::UserId) -> tutti_room_state::Newcomer {
    tutti_room_state::Newcomer { id, ..newcomer(0) }
}
