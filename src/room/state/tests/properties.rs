//! What holds whatever happens.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use tutti_protocol::{Command, EntryId, Event, PlaybackState, Provider, Role, RoomCode, TrackRef, UserId, UserKind};
use tutti_room_state::{Ctx, DEBT_MAX_MS, Input, MINIMUM_CHARGE_MS, Newcomer, RoomState};
use uuid::Uuid;

use crate::script::track_of;

/// Something that somebody does, with targets that are looked up in the room as it is then.
#[derive(Clone, Debug)]
enum Act {
    Enter { picture: Option<u8> },
    Merge(u8),
    Forget,
    GraceOver,
    Enqueue { duration_ms: u64, before: Option<Index> },
    Dequeue(Index),
    Move(Index, Option<Index>),
    Play,
    Pause,
    Seek(u64),
    Skip,
    SetRole(u8, Role),
    Kick(u8),
    TransferHost(u8),
    Rename(String),
    Leave,
    Close,
    Wait(i64),
}

fn act() -> impl Strategy<Value = Act> {
    let role = prop_oneof![Just(Role::Listener), Just(Role::Player), Just(Role::Cohost), Just(Role::Host)];
    prop_oneof![
        4 => proptest::option::of(0..2u8).prop_map(|picture| Act::Enter { picture }),
        1 => Just(Act::GraceOver),
        1 => people().prop_map(Act::Merge),
        1 => Just(Act::Forget),
        10 => (duration_ms(), proptest::option::weighted(0.2, any::<Index>()))
            .prop_map(|(duration_ms, before)| Act::Enqueue { duration_ms, before }),
        2 => any::<Index>().prop_map(Act::Dequeue),
        2 => (any::<Index>(), proptest::option::of(any::<Index>())).prop_map(|(entry, before)| Act::Move(entry, before)),
        1 => Just(Act::Play),
        1 => Just(Act::Pause),
        1 => (0..400_000u64).prop_map(Act::Seek),
        2 => Just(Act::Skip),
        1 => (people(), role).prop_map(|(who, role)| Act::SetRole(who, role)),
        1 => people().prop_map(Act::Kick),
        1 => people().prop_map(Act::TransferHost),
        1 => "[a-z]{1,5}".prop_map(Act::Rename),
        1 => Just(Act::Leave),
        6 => prop_oneof![0..2_000i64, 0..400_000i64].prop_map(Act::Wait),
    ]
}

fn people() -> std::ops::Range<u8> {
    0..5
}

fn duration_ms() -> impl Strategy<Value = u64> {
    prop_oneof![1 => 0..3_000u64, 6 => 60_000..400_000u64, 1 => 400_000..5_000_000u64]
}

/// A room, everything that happened in it, and the time.
struct World {
    room: RoomState,
    events: Vec<Event>,
    now_ms: i64,
    ids: u128,
}

impl World {
    fn open() -> Self {
        let mut world =
            Self { room: RoomState::new(RoomCode::from_bits(7)), events: vec![], now_ms: 1_700_000_000_000, ids: 0 };
        world.handle(&Input::Create { name: "Party".into(), host: newcomer(0) });
        world
    }

    /// True when it was accepted.
    fn handle(&mut self, input: &Input) -> bool {
        self.ids += 1;
        let ctx = Ctx { now_ms: self.now_ms, new_entry: EntryId(Uuid::from_u128(1_000 + self.ids)) };
        let before = self.room.clone();
        if let Ok(events) = self.room.handle(&ctx, input) {
            self.events.extend(events);
            return true;
        }
        assert_eq!(self.room, before, "a refusal changes nothing");
        false
    }

    fn perform(&mut self, who: u8, act: &Act) -> bool {
        let by = user(who);
        let waiting: Vec<EntryId> =
            people().flat_map(|who| self.room.queue_of(user(who)).map(|entry| entry.id).collect::<Vec<_>>()).collect();
        let pick = |index: &Index| {
            if waiting.is_empty() { EntryId(Uuid::nil()) } else { *index.get(&waiting) }
        };
        let mut track = None;
        let command = match act {
            Act::Enter { picture } => {
                let picture = picture.map(|picture| format!("/pictures/{picture}"));
                return self.handle(&Input::Enter(Newcomer { picture, ..newcomer(who) }));
            }
            Act::Merge(whom) => return self.merge(who, *whom),
            Act::Forget => {
                let accepted = self.handle(&Input::Forget(by));
                assert!(!accepted || self.room.ledger_of(by).is_none(), "nothing of them is left");
                return accepted;
            }
            Act::GraceOver => return self.handle(&Input::GraceOver(by)),
            Act::Wait(duration_ms) => {
                self.wait(*duration_ms);
                return true;
            }
            Act::Enqueue { duration_ms, before } => {
                let known = track_of("t", *duration_ms);
                let reference = TrackRef { provider: Provider::Library, id: known.id.clone() };
                track = Some(known);
                Command::Enqueue { track: reference, before: before.as_ref().map(pick) }
            }
            Act::Dequeue(entry) => Command::Dequeue { entry: pick(entry) },
            Act::Move(entry, before) => Command::Move { entry: pick(entry), before: before.as_ref().map(pick) },
            Act::Play => Command::Play,
            Act::Pause => Command::Pause,
            Act::Seek(position_ms) => Command::Seek { position_ms: *position_ms },
            Act::Skip => Command::Skip { entry: None },
            Act::SetRole(whom, role) => Command::SetRole { member: user(*whom), role: *role },
            Act::Kick(whom) => Command::Kick { member: user(*whom) },
            Act::TransferHost(whom) => Command::TransferHost { member: user(*whom) },
            Act::Rename(display_name) => Command::Rename { display_name: display_name.clone() },
            Act::Leave => Command::Leave,
            Act::Close => Command::CloseRoom,
        };
        self.handle(&Input::Command { by, command, track })
    }

    /// Whatever either had is there afterwards, and neither gains by it: not now, and not by ending what is on.
    fn merge(&mut self, from: u8, to: u8) -> bool {
        let (guest, account) = (user(from), user(to));
        let before = self.room.clone();
        let happens = from != to && before.role_of(guest).is_some();
        if !self.handle(&Input::Merge { from: guest, to: newcomer(to) }) {
            return false;
        }
        if !happens {
            assert_eq!(self.room, before, "no guest, no merge");
            return true;
        }
        let of = |room: &RoomState, id: UserId| room.ledger_of(id).cloned().unwrap_or_default();
        let (guests, accounts, merged) = (of(&before, guest), of(&before, account), of(&self.room, account));
        assert_eq!(merged.airtime_ms, guests.airtime_ms + accounts.airtime_ms);
        assert!(merged.start_tag() >= guests.start_tag().max(accounts.start_tag()));
        assert!(self.room.role_of(guest).is_none() && self.room.ledger_of(guest).is_none(), "nothing stays behind");
        assert_eq!(self.room.role_of(account), before.role_of(account).max(before.role_of(guest)));
        let entries = |room: &RoomState, ids: &[UserId]| -> BTreeSet<EntryId> {
            ids.iter().flat_map(|id| room.queue_of(*id)).map(|entry| entry.id).collect()
        };
        let started = |entry: &EntryId| self.room.now_playing().is_some_and(|on| on.id == *entry);
        let mut expected = entries(&before, &[guest, account]);
        expected.retain(|entry| !started(entry));
        assert_eq!(entries(&self.room, &[account]), expected, "no entry is lost");
        assert!(self.room.queue_of(account).all(|entry| entry.member == account));

        if let Some(on) = before.now_playing() {
            let other = if on.member == guest { accounts } else { guests };
            let mut skipped = self.room.clone();
            let ctx = Ctx { now_ms: self.now_ms, new_entry: EntryId(Uuid::nil()) };
            let host = skipped.host().expect("a host");
            let skip = Input::Command { by: host, command: Command::Skip { entry: None }, track: None };
            skipped.handle(&ctx, &skip).expect("something is on");
            assert!(of(&skipped, account).start_tag() >= other.start_tag(), "ending what is on undoes no charge");
        }
        true
    }

    fn wait(&mut self, duration_ms: i64) {
        let until_ms = self.now_ms + duration_ms;
        while let Some(at_ms) = self.room.next_deadline_ms().filter(|at_ms| *at_ms <= until_ms) {
            self.now_ms = self.now_ms.max(at_ms);
            let offset = self.room.offset();
            self.handle(&Input::Tick);
            assert!(self.room.offset() > offset, "a deadline that came has something to do");
        }
        self.now_ms = until_ms;
    }

    fn check_invariants(&self) {
        let room = &self.room;
        let snapshot = room.snapshot();
        let order = room.order(usize::MAX);

        assert_eq!(room.offset(), self.events.len() as u64);
        if room.is_closed() {
            assert!(room.now_playing().is_none() && order.is_empty());
            return;
        }
        assert_eq!(snapshot.members.iter().filter(|member| member.role == Role::Host).count(), 1, "one host");
        assert_eq!(room.now_playing().is_none(), snapshot.playback.state == PlaybackState::Idle);
        assert!(room.now_playing().is_some() || order.is_empty(), "idle only when nothing waits");
        assert_eq!(snapshot.playback.entry, room.now_playing().map(|entry| entry.id));
        assert_eq!(order.len(), room.order_len());
        assert_eq!(snapshot.upcoming_total as usize, order.len());

        let mut seen: BTreeSet<EntryId> = room.now_playing().map(|entry| entry.id).into_iter().collect();
        let mut turns: BTreeMap<UserId, Vec<EntryId>> = BTreeMap::new();
        for (index, placed) in order.iter().enumerate() {
            assert!(seen.insert(placed.entry.id), "an entry is in one place");
            assert_eq!(placed.place.position as usize, index + 1);
            let turn = turns.entry(placed.entry.member).or_default();
            turn.push(placed.entry.id);
            assert_eq!(placed.place.turn as usize, turn.len());
            assert!(!placed.place.behind.contains(&placed.entry.member));
        }
        for (member, in_order) in turns {
            let own: Vec<EntryId> = room.queue_of(member).map(|entry| entry.id).collect();
            assert_eq!(in_order, own, "the order keeps each member's own order, and all of it");
            assert!(room.role_of(member).is_some_and(|role| role >= Role::Player) && !room.is_away(member));
        }
    }
}

fn user(who: u8) -> UserId {
    UserId(Uuid::from_u128(u128::from(who) + 1))
}

fn newcomer(who: u8) -> Newcomer {
    Newcomer { id: user(who), name: format!("member {who}"), kind: UserKind::Guest, picture: None }
}

proptest! {
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
            duration_ms().prop_map(|duration_ms| Act::Enqueue { duration_ms, before: None }),
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
        prop_assert_eq!(next_of_others(&world.room), before);
    }

    /// The bound of start-time fair queueing (Goyal et al., theorem 1): two members who both have something waiting all
    /// the time differ in airtime by at most the sum of their longest charges. Tracks stay below the debt bound, which
    /// is what the theorem is about.
    #[test]
    fn those_who_always_have_something_waiting_share_airtime(
        tracks in vec((people(), MINIMUM_CHARGE_MS..DEBT_MAX_MS), 40..120),
    ) {
        let mut world = World::open();
        for who in people() {
            world.perform(who, &Act::Enter { picture: None });
        }
        for (who, duration_ms) in &tracks {
            world.perform(*who, &Act::Enqueue { duration_ms: *duration_ms, before: None });
        }
        let longest = |who: u8| tracks.iter().filter(|(owner, _)| *owner == who).map(|(_, ms)| *ms).max().unwrap_or(0);
        let backlogged = |room: &RoomState, who: u8| room.queue_of(user(who)).next().is_some();
        let airtime = |room: &RoomState, who: u8| room.ledger_of(user(who)).map_or(0, |ledger| ledger.airtime_ms);
        let origin: Vec<u64> = people().map(|who| airtime(&world.room, who)).collect();
        while world.room.now_playing().is_some() {
            for one in people() {
                for other in people().filter(|other| *other != one) {
                    if backlogged(&world.room, one) && backlogged(&world.room, other) {
                        let had = |who: u8| airtime(&world.room, who) - origin[usize::from(who)];
                        prop_assert!(had(one).abs_diff(had(other)) <= longest(one) + longest(other));
                    }
                }
            }
            let deadline_ms = world.room.next_deadline_ms().expect("something is on");
            world.wait((deadline_ms - world.now_ms).max(0));
        }
    }
}
