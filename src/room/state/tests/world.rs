//! A room to which anything happens: what can happen, and what must hold then.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::sample::Index;
use tutti_protocol::{
    Action, Admission, BlockedTrack, Command, DeviceId, Duplicates, EntryId, Event, Gain, OutputMode, PlaceReason,
    Playback, PlaybackState, Policy, ProviderId, Role, RoomCode, ScreenId, SettingsChange, TrackFault, TrackRef,
    UserId, UserKind,
};
use tutti_room_state::{
    Audience, Ctx, Input, LISTENER_GRACE_MS, Newcomer, PROMOTED_MAX, Placed, READY_BARRIER_MS, RoomState, SCREENS_MAX,
    START_LEAD_MS, TrackFinding,
};
use uuid::Uuid;

use crate::script::track_of;

/// Something that somebody does, with targets that are looked up in the room as it is then.
#[derive(Clone, Debug)]
pub enum Act {
    Enter {
        picture: Option<u8>,
    },
    Merge(u8),
    Forget,
    /// An operator of the server makes them the host.
    HandOver(u8),
    GraceOver,
    Enqueue {
        title: u8,
        duration_ms: u64,
        before: Option<Index>,
    },
    EnqueueAll(u8, u8),
    Dequeue(Index),
    Move(Index, Option<Index>),
    PlayNext(Index),
    Volume(u8, u32),
    Play,
    Pause,
    Seek(u64),
    Skip,
    SetRole(u8, Role),
    Kick(u8),
    TransferHost(u8),
    Rename(String),
    RenameRoom(String),
    SetPasscode(bool),
    Pair(u8),
    Unpair(u8),
    Leave,
    Close,
    Wait(i64),
    Hold(bool),
    StepDown,
    Clear(Option<u8>),
    Vote(Index, i8),
    VoteSkip,
    Unplayable,
    Suggested(Index, bool),
    Ban(u8),
    Unban(u8),
    Mute(u8),
    LetIn(u8, bool),
    Lock(bool),
    Except(u8, Action, Option<bool>),
    Set(Box<SettingsChange>),
    FallBack(Vec<u64>),
    /// A track with this title, and an artist.
    Block(String, bool),
    Output(OutputMode, BTreeSet<u8>),
    Undo,
    Claim,
    /// A queued or current entry, or one that is gone, was measured.
    Measured(Index, Option<u64>),
    /// The host's devices go or come.
    HostGone(bool),
    /// Somebody's devices are looked at or not.
    Present(bool),
    /// So many devices listen, and so many of them have what is on or waits ready.
    Listen(u8, u8),
    /// The server restarts: no device listens until it says so again.
    Restart,
}

pub fn act() -> impl Strategy<Value = Act> {
    let role = prop_oneof![Just(Role::Listener), Just(Role::Player), Just(Role::Cohost), Just(Role::Host)];
    prop_oneof![
        4 => proptest::option::of(0..2u8).prop_map(|picture| Act::Enter { picture }),
        1 => Just(Act::GraceOver),
        1 => people().prop_map(Act::Merge),
        1 => Just(Act::Forget),
        1 => people().prop_map(Act::HandOver),
        14 => (0..30u8, duration_ms(), proptest::option::weighted(0.2, any::<Index>()))
            .prop_map(|(title, duration_ms, before)| Act::Enqueue { title, duration_ms, before }),
        2 => (0..30u8, 0..9u8).prop_map(|(first, count)| Act::EnqueueAll(first, count)),
        2 => any::<Index>().prop_map(Act::Dequeue),
        2 => (any::<Index>(), proptest::option::of(any::<Index>())).prop_map(|(entry, before)| Act::Move(entry, before)),
        2 => any::<Index>().prop_map(Act::PlayNext),
        1 => (0..9u8, 0..110u32).prop_map(|(device, percent)| Act::Volume(device, percent)),
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
        16 => hosting(),
    ]
}

/// What hosts do, what is voted for, and what members do with their queues.
fn hosting() -> impl Strategy<Value = Act> {
    let maybe = || proptest::option::of(any::<bool>());
    prop_oneof![
        2 => any::<bool>().prop_map(Act::Hold),
        1 => Just(Act::StepDown),
        1 => proptest::option::of(people()).prop_map(Act::Clear),
        4 => (any::<Index>(), -1..=1i8).prop_map(|(entry, value)| Act::Vote(entry, value)),
        2 => Just(Act::VoteSkip),
        1 => Just(Act::Unplayable),
        3 => (any::<Index>(), any::<bool>()).prop_map(|(entry, approved)| Act::Suggested(entry, approved)),
        1 => people().prop_map(Act::Ban),
        2 => people().prop_map(Act::Unban),
        1 => people().prop_map(Act::Mute),
        2 => (people(), any::<bool>()).prop_map(|(who, admitted)| Act::LetIn(who, admitted)),
        1 => any::<bool>().prop_map(Act::Lock),
        1 => "[a-z]{1,2}".prop_map(Act::RenameRoom),
        1 => any::<bool>().prop_map(Act::SetPasscode),
        2 => (0..20u8).prop_map(Act::Pair),
        1 => (0..20u8).prop_map(Act::Unpair),
        1 => (people(), action(), maybe()).prop_map(|(who, action, allowed)| Act::Except(who, action, allowed)),
        6 => change().prop_map(|change| Act::Set(Box::new(change))),
        1 => proptest::collection::vec(9_000..200_000u64, 0..3).prop_map(Act::FallBack),
        1 => ("[tf][0-9]", any::<bool>()).prop_map(|(title, blocks)| Act::Block(title, blocks)),
        1 => (any::<bool>(), proptest::collection::btree_set(0..4u8, 0..3)).prop_map(|(everyone, devices)| {
            Act::Output(if everyone { OutputMode::Everyone } else { OutputMode::Speakers }, devices)
        }),
        3 => Just(Act::Undo),
        1 => Just(Act::Claim),
        4 => (any::<Index>(), proptest::option::weighted(0.7, duration_ms()))
            .prop_map(|(entry, duration_ms)| Act::Measured(entry, duration_ms)),
        1 => any::<bool>().prop_map(Act::HostGone),
        2 => any::<bool>().prop_map(Act::Present),
        3 => (0..5u8, 0..5u8).prop_map(|(devices, ready)| Act::Listen(devices, ready)),
        2 => Just(Act::Listen(0, 0)),
        1 => Just(Act::Restart),
    ]
}

fn action() -> impl Strategy<Value = Action> {
    proptest::sample::select(Action::ALL)
}

pub fn policy() -> impl Strategy<Value = Policy> {
    proptest::sample::select(Policy::ALL)
}

/// Any setting, now and then to a value that it may not have.
fn change() -> impl Strategy<Value = SettingsChange> {
    let none = SettingsChange::default;
    let role = prop_oneof![Just(Role::Listener), Just(Role::Player), Just(Role::Cohost)];
    let admission =
        prop_oneof![3 => Just(Admission::Open), 1 => Just(Admission::Lobby), 1 => Just(Admission::Accounts)];
    let duplicates =
        prop_oneof![1 => Just(Duplicates::Allow), 1 => Just(Duplicates::Refuse), 2 => Just(Duplicates::Credit)];
    prop_oneof![
        6 => policy().prop_map(move |policy| SettingsChange { policy: Some(policy), ..none() }),
        3 => (people(), 5..1_100u32)
            .prop_map(move |(who, weight)| SettingsChange { weights: Some([(user(who), weight)].into()), ..none() }),
        1 => (0..700_000u64).prop_map(move |ms| SettingsChange { minimum_charge_ms: Some(ms), ..none() }),
        1 => prop_oneof![Just(0), 0..2_000_000u64].prop_map(move |ms| SettingsChange { debt_max_ms: Some(ms), ..none() }),
        1 => (0..6u32).prop_map(move |max| SettingsChange { entries_per_member_max: Some(max), ..none() }),
        1 => (0..60u32).prop_map(move |max| SettingsChange { minutes_per_member_max: Some(max), ..none() }),
        2 => duplicates.prop_map(move |duplicates| SettingsChange { duplicates: Some(duplicates), ..none() }),
        1 => (0..900_000u64).prop_map(move |ms| SettingsChange { track_cooldown_ms: Some(ms), ..none() }),
        1 => admission.prop_map(move |admission| SettingsChange { admission: Some(admission), ..none() }),
        1 => any::<bool>().prop_map(move |on| SettingsChange { suggestions: Some(on), ..none() }),
        4 => prop::bool::weighted(0.8)
            .prop_map(move |on| SettingsChange { wait_for_listener: Some(on), ..none() }),
        3 => (0..4u32).prop_map(move |max| SettingsChange { players_max: Some(max), ..none() }),
        1 => (0..3u32).prop_map(move |after| SettingsChange { step_down_after: Some(after), ..none() }),
        1 => (0..110u32).prop_map(move |share| SettingsChange { vote_skip_share: Some(share), ..none() }),
        1 => (0..5u32).prop_map(move |min| SettingsChange { vote_skip_min: Some(min), ..none() }),
        1 => proptest::collection::vec("[tf][0-9]", 0..4)
            .prop_map(move |titles| SettingsChange { blocked_tracks: Some(blocked(&titles)), ..none() }),
        1 => (0..600_000u64).prop_map(move |ms| SettingsChange { host_claim_after_ms: Some(ms), ..none() }),
        2 => (action(), role)
            .prop_map(move |row| SettingsChange { permissions: Some([row].into()), ..none() }),
    ]
}

fn blocked(titles: &[String]) -> Vec<BlockedTrack> {
    let track =
        |title: &String| BlockedTrack { provider: ProviderId::LIBRARY, id: title.clone(), label: title.clone() };
    titles.iter().map(track).collect()
}

pub fn people() -> std::ops::Range<u8> {
    0..5
}

pub fn duration_ms() -> impl Strategy<Value = u64> {
    prop_oneof![1 => 0..3_000u64, 6 => 60_000..400_000u64, 1 => 400_000..5_000_000u64]
}

/// A room, everything that happened in it, and the time.
pub struct World {
    pub room: RoomState,
    pub events: Vec<Event>,
    pub now_ms: i64,
    ids: u128,
    pub present: BTreeSet<UserId>,
    pub host_gone_since_ms: Option<i64>,
    audience: Audience,
    unheard_since_ms: Option<i64>,
}

impl World {
    pub fn open() -> Self {
        let mut world = Self {
            room: RoomState::new(RoomCode::from_bits(7)),
            events: vec![],
            now_ms: 1_700_000_000_000,
            ids: 0,
            present: BTreeSet::new(),
            host_gone_since_ms: None,
            audience: Audience::default(),
            unheard_since_ms: Some(1_700_000_000_000),
        };
        world.handle(&Input::Create { name: "Party".into(), host: newcomer(0), settings: Box::default() });
        world
    }

    fn ctx(&self, new_entry: u128) -> Ctx<'_> {
        Ctx {
            now_ms: self.now_ms,
            new_entry: EntryId(Uuid::from_u128(new_entry)),
            present: &self.present,
            host_gone_since_ms: self.host_gone_since_ms,
            audience: &self.audience,
            unheard_since_ms: self.unheard_since_ms,
        }
    }

    /// True when it was accepted.
    pub fn handle(&mut self, input: &Input) -> bool {
        let accepted = self.handle_one(input);
        self.follow_listeners();
        accepted
    }

    /// Starts what waits for a listener, or lets it wait: whatever is due now, and each only once.
    fn follow_listeners(&mut self) {
        let due_ms = |world: &Self| world.room.listeners_due_ms(world.unheard_since_ms);
        if due_ms(self).is_some_and(|due_ms| due_ms <= self.now_ms) {
            assert!(self.handle_one(&Input::Audience));
            assert!(due_ms(self).is_none_or(|due_ms| due_ms > self.now_ms), "once is enough");
        }
    }

    fn handle_one(&mut self, input: &Input) -> bool {
        self.ids += 1;
        let before = self.room.clone();
        let ctx = Ctx {
            now_ms: self.now_ms,
            new_entry: EntryId(Uuid::from_u128(1_000 + self.ids)),
            present: &self.present,
            host_gone_since_ms: self.host_gone_since_ms,
            audience: &self.audience,
            unheard_since_ms: self.unheard_since_ms,
        };
        if let Ok(events) = self.room.handle(&ctx, input) {
            self.events.extend(events);
            return true;
        }
        assert_eq!(self.room, before, "a refusal changes nothing");
        false
    }

    /// Whether a command would be accepted now; changes nothing.
    pub fn accepts(&self, who: u8, command: Command) -> bool {
        let input = Input::Command { by: user(who), command, tracks: vec![] };
        self.room.decide(&self.ctx(0), &input).is_ok()
    }

    pub fn perform(&mut self, who: u8, act: &Act) -> bool {
        let by = user(who);
        let waiting: Vec<EntryId> =
            people().flat_map(|who| self.room.queue_of(user(who)).map(|entry| entry.id).collect::<Vec<_>>()).collect();
        let pick = |index: &Index| {
            if waiting.is_empty() { EntryId(Uuid::nil()) } else { *index.get(&waiting) }
        };
        let mut tracks = vec![];
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
            Act::HandOver(whom) => return self.handle(&Input::HandOver(user(*whom))),
            Act::SetPasscode(has_passcode) => {
                return self.handle(&Input::SetPasscode { by, has_passcode: *has_passcode });
            }
            Act::Pair(screen) => {
                let (screen, name) = (screen_id(*screen), "Television".to_owned());
                return self.handle(&Input::AddScreen { by, screen, name });
            }
            Act::GraceOver => return self.handle(&Input::GraceOver(by)),
            Act::Wait(duration_ms) => {
                self.wait(*duration_ms);
                return true;
            }
            Act::Enqueue { title, duration_ms, before } => {
                let known = track_of(&format!("t{title}"), *duration_ms);
                let reference = TrackRef { provider: ProviderId::LIBRARY, id: known.id.clone() };
                tracks = vec![known];
                Command::Enqueue { track: reference, before: before.as_ref().map(pick) }
            }
            Act::EnqueueAll(first, count) => {
                tracks = (*first..first + count).map(|title| track_of(&format!("t{title}"), 200_000)).collect();
                let named = tracks.iter().map(|track| TrackRef { provider: ProviderId::LIBRARY, id: track.id.clone() });
                Command::EnqueueAll { tracks: named.collect() }
            }
            Act::Dequeue(entry) => Command::Dequeue { entry: pick(entry) },
            Act::Move(entry, before) => Command::Move { entry: pick(entry), before: before.as_ref().map(pick) },
            Act::PlayNext(entry) => Command::PlayNext { entry: pick(entry) },
            Act::Play => Command::Play,
            Act::Pause => Command::Pause,
            Act::Seek(position_ms) => Command::Seek { position_ms: *position_ms },
            Act::Skip => Command::Skip { entry: None, unplayable: None },
            Act::SetRole(whom, role) => Command::SetRole { member: user(*whom), role: *role },
            Act::Kick(whom) => Command::Kick { member: user(*whom) },
            Act::TransferHost(whom) => Command::TransferHost { member: user(*whom) },
            Act::Rename(display_name) => Command::Rename { display_name: display_name.clone() },
            Act::RenameRoom(room_name) => Command::RenameRoom { room_name: room_name.clone() },
            Act::Leave => Command::Leave,
            Act::Close => Command::CloseRoom,
            Act::HostGone(gone) => {
                self.host_gone_since_ms = gone.then_some(self.now_ms);
                return true;
            }
            Act::Measured(entry, duration_ms) => return self.measure(*entry.get(&self.measurable()), *duration_ms),
            Act::Present(true) => return self.present.insert(by),
            Act::Present(false) => return self.present.remove(&by),
            Act::Listen(devices, ready) => return self.listen(*devices, (*ready).min(*devices), &waiting),
            Act::Restart => return self.restart(),
            Act::FallBack(durations_ms) => {
                let titled = durations_ms.iter().enumerate();
                tracks = titled.map(|(number, ms)| track_of(&format!("f{number}"), *ms)).collect();
                let named = tracks.iter().map(|track| TrackRef { provider: track.provider, id: track.id.clone() });
                let settings = SettingsChange { fallback: Some(named.collect()), ..SettingsChange::default() };
                Command::SetSettings { settings: Box::new(settings) }
            }
            Act::Vote(entry, value) => Command::Vote { entry: pick(entry), value: *value },
            Act::Suggested(entry, approved) => {
                let suggested: Vec<EntryId> = self.room.snapshot().suggestions.iter().map(|entry| entry.id).collect();
                let entry = if suggested.is_empty() { EntryId(Uuid::nil()) } else { *entry.get(&suggested) };
                if *approved { Command::Approve { entry } } else { Command::Reject { entry } }
            }
            Act::LetIn(whom, true) => Command::Admit { member: user(*whom) },
            Act::LetIn(whom, false) => Command::Deny { member: user(*whom) },
            other => plain(other),
        };
        self.handle(&Input::Command { by, command, tracks })
    }

    /// Whatever either had is there afterwards, and neither gains by it: not now, and not by ending what is on.
    fn merge(&mut self, from: u8, to: u8) -> bool {
        let (guest, account) = (user(from), user(to));
        let before = self.room.clone();
        let happens = from != to && before.role_of(guest).is_some();
        if !self.handle(&Input::Merge { from: guest, to: newcomer(to) }) {
            return false;
        }
        if before.is_banned(guest) || before.is_banned(account) {
            assert!(self.room.role_of(guest) == before.role_of(guest) || self.room.is_banned(guest));
            return true;
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
            let ctx = self.ctx(0);
            let host = skipped.host().expect("a host");
            let skip =
                Input::Command { by: host, command: Command::Skip { entry: None, unplayable: None }, tracks: vec![] };
            skipped.handle(&ctx, &skip).expect("something is on");
            assert!(of(&skipped, account).start_tag() >= other.start_tag(), "ending what is on undoes no charge");
        }
        true
    }

    /// Queued entries, the current one, the one that ended last, and one that never existed.
    fn measurable(&self) -> Vec<EntryId> {
        let ended = self.events.iter().rev().find_map(|event| match event {
            Event::EntryEnded { entry, .. } => Some(*entry),
            _ => None,
        });
        let known = self.room.queued().chain(self.room.now_playing()).map(|entry| entry.id);
        known.chain(ended).chain([EntryId(Uuid::nil())]).collect()
    }

    /// A measurement is always accepted, corrects or removes this entry only, and has no effect a second time.
    fn measure(&mut self, entry: EntryId, duration_ms: Option<u64>) -> bool {
        let finding = match duration_ms {
            Some(duration_ms) => {
                TrackFinding::Plays { duration_ms, gain_db: Some(Gain::from(-1.5)), art_url: Some("/cover".into()) }
            }
            None => TrackFinding::Faulty(TrackFault::Gone),
        };
        let (before, known) = (self.room.clone(), self.events.len());
        let input = Input::TrackMeasured { entry, finding };
        if !self.handle(&input) {
            assert!(before.is_closed());
            return false;
        }
        let others = |room: &RoomState| -> BTreeMap<EntryId, u64> {
            let others = room.queued().filter(|waiting| waiting.id != entry);
            others.map(|waiting| (waiting.id, waiting.track.duration_ms)).collect()
        };
        let (were, are) = (others(&before), others(&self.room));
        let started = self.room.now_playing().map(|on| on.id);
        assert!(were.iter().all(|(id, length)| are.get(id) == Some(length) || started == Some(*id)));
        match (duration_ms, self.room.entry(entry)) {
            (Some(duration_ms), Some(measured)) => assert_eq!(measured.track.duration_ms, duration_ms),
            (Some(_), None) => assert!(before.entry(entry).is_none() || self.events.len() > known + 1, "it is over"),
            (None, left) => assert!(left.is_none()),
        }
        let after = self.room.clone();
        assert!(self.handle(&input));
        assert_eq!(self.room, after, "a second measurement finds nothing new");
        true
    }

    /// Nothing is heard or seen of it while devices connect again.
    fn restart(&mut self) -> bool {
        let checkpoint = serde_json::to_string(&self.room).expect("serializable");
        self.room = serde_json::from_str(&checkpoint).expect("what was written reads back");
        self.audience = Audience::default();
        self.unheard_since_ms =
            Some(self.room.ends_at_ms().map_or(self.now_ms, |ends_at_ms| ends_at_ms.min(self.now_ms)));
        let known = self.events.len();
        self.follow_listeners();
        assert_eq!(self.events.len(), known, "a restart changes nothing");
        true
    }

    /// Nothing is moved by it but what waits for a listener, and a start that nobody could prepare for: only to be nearer,
    /// and only while it is to come.
    fn listen(&mut self, devices: u8, ready: u8, waiting: &[EntryId]) -> bool {
        let entries: Vec<EntryId> = self.room.now_playing().map(|on| on.id).iter().chain(waiting).copied().collect();
        self.audience = Audience::default();
        for device in 0..devices {
            self.audience.add(&[], if device < ready { &entries } else { &[] });
        }
        self.unheard_since_ms = (devices == 0).then_some(self.unheard_since_ms.unwrap_or(self.now_ms));
        let (before, known) = (*self.room.playback(), self.events.len());
        let awaited = self.room.awaits_devices(self.now_ms);
        let accepted = self.handle(&Input::Audience);
        if before.waiting_for_listener && devices > 0 {
            let Playback { state, anchor_position_ms, .. } = *self.room.playback();
            assert_eq!((state, anchor_position_ms), (PlaybackState::Playing, before.anchor_position_ms), "it is heard");
        } else if let [Event::PlaybackChanged { playback, by: None }] = self.events[known..] {
            assert!(awaited && u32::from(ready) * 4 >= u32::from(devices) * 3, "enough are ready");
            assert!(playback.anchor_at_ms < before.anchor_at_ms, "nearer");
            assert_eq!(playback, Playback { anchor_at_ms: self.now_ms + START_LEAD_MS, ..before }, "and nothing else");
        } else {
            assert_eq!((known, before), (self.events.len(), *self.room.playback()));
        }
        accepted
    }

    pub fn wait(&mut self, duration_ms: i64) {
        let until_ms = self.now_ms + duration_ms;
        loop {
            let tick_ms = self.room.next_deadline_ms();
            let due_ms = self.room.listeners_due_ms(self.unheard_since_ms);
            let Some(at_ms) = tick_ms.into_iter().chain(due_ms).min().filter(|at_ms| *at_ms <= until_ms) else { break };
            self.now_ms = self.now_ms.max(at_ms);
            let offset = self.room.offset();
            if tick_ms == Some(at_ms) {
                self.handle(&Input::Tick);
            } else {
                self.follow_listeners();
            }
            assert!(self.room.offset() > offset, "a deadline that came has something to do");
            self.check_listeners();
        }
        self.now_ms = until_ms;
    }

    /// Nothing waits while it could be heard, and nothing plays unheard for longer than the grace period.
    fn check_listeners(&self) {
        let Playback { state, waiting_for_listener, .. } = *self.room.playback();
        let is_on = self.room.settings().wait_for_listener;
        if waiting_for_listener {
            assert!(is_on && self.unheard_since_ms.is_some() && state == PlaybackState::Paused);
        }
        if let Some(since_ms) = self.unheard_since_ms.filter(|_| is_on && state == PlaybackState::Playing) {
            assert!(self.now_ms < since_ms + LISTENER_GRACE_MS, "a track plays to nobody");
        }
    }

    pub fn check_invariants(&self) {
        self.check_listeners();
        let room = &self.room;
        let snapshot = room.snapshot();
        let order = room.order(usize::MAX);

        assert_eq!(room.offset(), self.events.len() as u64);
        if room.is_closed() {
            assert!(room.now_playing().is_none() && order.is_empty());
            return;
        }
        let ahead_ms = snapshot.playback.anchor_at_ms - self.now_ms;
        assert!(ahead_ms <= READY_BARRIER_MS, "nobody waits longer, whatever devices say");
        assert_eq!(snapshot.members.iter().filter(|member| member.role == Role::Host).count(), 1, "one host");
        assert_eq!(room.now_playing().is_none(), snapshot.playback.state == PlaybackState::Idle);
        let is_fallback_due = room.has_fallback();
        assert!(!is_fallback_due || (!snapshot.fallback.is_empty() && room.members_here().next().is_some()));
        assert!(room.now_playing().is_some() || !is_fallback_due, "nor while there is a list to fall back to");
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
        let numbers: BTreeSet<u32> = snapshot.screens.iter().map(|screen| screen.number).collect();
        assert!(
            numbers.len() == snapshot.screens.len() && numbers.len() <= SCREENS_MAX,
            "screens have numbers of their own"
        );
        let is_ahead =
            |placed: &&Placed<'_>| placed.place.promoted_by.is_some() || placed.place.reason == PlaceReason::Locked;
        let ahead = order.iter().take_while(is_ahead).count();
        assert!(
            order[ahead..].iter().all(|placed| !is_ahead(&placed)),
            "what was put first is ahead of everything else"
        );
        assert!(ahead <= PROMOTED_MAX + 1);
        let ranks: BTreeMap<EntryId, usize> =
            order[..ahead].iter().enumerate().map(|(rank, placed)| (placed.entry.id, rank)).collect();
        let settings = room.settings();
        let players: BTreeSet<UserId> = turns.keys().copied().collect();
        assert!(settings.players_max == 0 || players.len() <= settings.players_max as usize, "so many play at a time");
        let keeps_queues = matches!(settings.policy, Policy::Fair | Policy::Rotation | Policy::Fifo);
        for (member, mut in_order) in turns {
            let mut own: Vec<EntryId> = room.queue_of(member).map(|entry| entry.id).collect();
            // Entries that were put first go ahead, a locked one still further.
            own.sort_by_key(|id| ranks.get(id).copied().unwrap_or(usize::MAX));
            if !keeps_queues {
                in_order.sort_unstable();
                own.sort_unstable();
            }
            assert_eq!(in_order, own, "the order keeps each member's own order, and all of it");
            assert!(room.role_of(member).is_some() && !room.is_away(member));
            let may_suggest = settings.suggestions && room.allows(member, Action::Suggest);
            assert!(may_suggest || room.allows(member, Action::Queue));
        }
        for banned in &snapshot.banned {
            assert!(room.role_of(banned.id).is_none() && !players.contains(&banned.id));
        }
        for person in room.lobby() {
            assert!(room.role_of(person).is_none(), "who waits is no member");
        }
    }
}

/// Those that look up nothing.
fn plain(act: &Act) -> Command {
    match act {
        Act::Hold(true) => Command::PauseQueue,
        Act::Hold(false) => Command::ResumeQueue { member: None },
        Act::StepDown => Command::StepDown,
        Act::Clear(whom) => Command::Clear { member: whom.map(user) },
        Act::VoteSkip => Command::VoteSkip { entry: None },
        Act::Unplayable => Command::Skip { entry: None, unplayable: Some(true) },
        Act::Ban(whom) => Command::Ban { member: user(*whom) },
        Act::Unban(whom) => Command::Unban { member: user(*whom) },
        Act::Mute(whom) => Command::Mute { member: user(*whom), muted: true },
        Act::Lock(true) => Command::Lock,
        Act::Lock(false) => Command::Unlock,
        Act::Except(whom, action, allowed) => {
            Command::SetPermission { member: user(*whom), action: *action, allowed: *allowed }
        }
        Act::Set(change) => Command::SetSettings { settings: change.clone() },
        Act::Block(title, true) => {
            Command::Block { track: blocked(std::slice::from_ref(title)).pop(), artist: Some(title.clone()) }
        }
        Act::Block(id, false) => {
            let track = TrackRef { provider: ProviderId::LIBRARY, id: id.clone() };
            Command::Unblock { track: Some(track), artist: Some(id.clone()) }
        }
        Act::Output(mode, devices) => {
            let devices = devices.iter().map(|device| DeviceId(Uuid::from_u128(u128::from(*device)))).collect();
            Command::SetOutput { mode: *mode, devices }
        }
        Act::Unpair(screen) => Command::RemoveScreen { screen: screen_id(*screen) },
        Act::Volume(device, percent) => {
            Command::SetVolume { device: DeviceId(Uuid::from_u128(u128::from(*device))), percent: *percent }
        }
        Act::Undo => Command::Undo { note: None },
        Act::Claim => Command::ClaimHost,
        other => unreachable!("{other:?}"),
    }
}

pub fn user(who: u8) -> UserId {
    UserId(Uuid::from_u128(u128::from(who) + 1))
}

fn screen_id(screen: u8) -> ScreenId {
    ScreenId(Uuid::from_u128(u128::from(screen)))
}

pub fn newcomer(who: u8) -> Newcomer {
    Newcomer { id: user(who), name: format!("member {who}"), kind: UserKind::Guest, picture: None }
}
