//! A listening room as a pure state machine.
//!
//! `decide` says which events an input leads to, or why it is refused; `apply` takes an event in; `settle` says what
//! must happen next so that the room is at rest (an idle room with something to play starts it). No async, no clock,
//! no I/O, no logging, no randomness: time and new ids come in through [`Ctx`]. The same `apply` over the same events
//! gives the same room, whether live, after a restart, or on another node.
//!
//! | module | what |
//! |---|---|
//! | [`input`] | what can be asked of a room, and by whom |
//! | `decide` | input to events, or a [`Refusal`]; by area: `queue`, `quota`, `suggestions`, `playback`, `output`, `voting`, `hosting`, `claiming`, `admission`, `settings`, `talk` |
//! | [`audience`] | who listens, counted |
//! | `apply` | events into the state; by area: `entries`, `belonging`, `identity`, `service` |
//! | `permissions` | who may do what |
//! | `ledger` | virtual time and airtime: start-time fair queueing |
//! | `order` | the order of play under every policy, with places and reasons |
//! | `waitlist` | who plays where only so many do, and who waits for it |
//! | `timeline` | positions and deadlines of playback |
//! | `audit_log` | who did what, and what can be undone of it |
//! | `door` | who waits to be let in, and who was turned away |
//! | `past` | what was played |
//! | `snapshot`, `own`, `answer` | the state as everyone sees it, what one member sees of it, and what members ask of it |
//!
//! Guarantees, each held by a property test: no sequence of inputs panics; replaying the events gives an equal state; a
//! room is idle exactly when nobody who may play has anything waiting and nothing is on; there is exactly one host; an
//! entry is in one place.

pub mod audience;
pub mod input;
pub mod refusal;

mod admission;
mod answer;
mod apply;
mod audit_log;
mod belonging;
mod claiming;
mod decide;
mod door;
mod entries;
mod hosting;
mod identity;
mod ledger;
mod order;
mod output;
mod own;
mod past;
mod permissions;
mod playback;
mod queue;
mod quota;
mod service;
mod settings;
mod snapshot;
mod suggestions;
mod talk;
mod timeline;
mod voting;
mod waitlist;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};
use tutti_protocol::{
    Action, Admission, Entry, EntryId, Event, Member, Output, Playback, PlaybackState, Role, RoomCode, Settings, Track,
    UserId, UserKind,
};

pub use audience::Audience;
pub use audit_log::{AUDIT_MAX, UNDO_MS};
pub use input::{Ctx, Input, Newcomer};
pub use ledger::{Ledger, TURN_MS, VirtualTime};
pub use order::Placed;
pub use own::{OwnScope, changes_own};
pub use past::HISTORY_MAX;
pub use refusal::Refusal;
pub use snapshot::changes_order;
pub use timeline::{PRELOAD_WINDOW_MS, READY_BARRIER_MS, START_LEAD_MS, TRACK_CHANGE_LEAD_MS};
pub use voting::changes_skip_votes;

/// Entries one member may have waiting. Two queues that a merge makes one may together be longer; then nothing is added
/// until it is shorter again.
pub const ENTRIES_PER_MEMBER_MAX: usize = 1_000;
/// Entries that may wait in a room in all.
pub const ENTRIES_PER_ROOM_MAX: usize = 25_000;
/// Suggestions that may wait for approval; beyond it nobody suggests anything.
pub const SUGGESTIONS_MAX: usize = 100;
/// People that may wait in the lobby; beyond it nobody is let into it.
pub const LOBBY_MAX: usize = 100;
/// People who were turned away and are remembered; the oldest are forgotten first.
pub const DENIED_MAX: usize = 1_000;
/// Identities that may be banned; beyond it one is unbanned first.
pub const BANNED_MAX: usize = 1_000;
/// Votes that one entry may have; beyond it nobody else votes for it.
pub const VOTERS_MAX: usize = 5_000;
/// Members that one entry may be credited to besides its owner.
pub const CREDITS_MAX: usize = 16;
/// Tracks that a fallback playlist may have.
pub const FALLBACK_MAX: usize = 100;
/// Devices that may be named as those that play, or are left out.
pub const OUTPUT_DEVICES_MAX: usize = 64;
/// Members that a room may have.
pub const MEMBERS_MAX: usize = 5_000;
/// Bytes of the address of a member's picture.
pub const PICTURE_BYTES_MAX: usize = 512;
/// How many places of the order a snapshot or delta shows.
pub const UPCOMING_SHOWN_MAX: usize = 100;

/// Everything that is true of a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomState {
    code: RoomCode,
    name: String,
    settings: Settings,
    /// Everyone who ever belonged to the room and has anything to be remembered by.
    members: BTreeMap<UserId, MemberState>,
    /// Counts joins, so that ties go to whoever joined first.
    joins: u64,
    playback: Playback,
    #[serde(default, skip_serializing_if = "is_default")]
    output: Output,
    /// What the timeline is about.
    current: Option<Current>,
    /// When the next entry starts, while nothing is on between two entries; `None`: as soon as devices can.
    next_start_at_ms: Option<i64>,
    /// The next entry, once nobody may go ahead of it.
    locked: Option<EntryId>,
    /// The start tag of the entry that is or was last on.
    virtual_time: VirtualTime,
    /// Counts starts, so that ties go to whoever was served longest ago.
    starts: u64,
    /// Who voted what for entries that wait.
    #[serde(default, skip_serializing_if = "is_default")]
    votes: BTreeMap<EntryId, BTreeMap<UserId, i8>>,
    /// Everything that waits, whose it is, as the host orders it; empty under any other policy.
    #[serde(default, skip_serializing_if = "is_default")]
    lineup: VecDeque<(UserId, EntryId)>,
    /// Counts the places given out in the waitlist.
    #[serde(default, rename = "lines", skip_serializing_if = "is_default")]
    waitlist_places: u64,
    /// Entries that wait for approval, the oldest first.
    #[serde(default, skip_serializing_if = "is_default")]
    suggestions: VecDeque<Entry>,
    #[serde(default, skip_serializing_if = "is_default")]
    fallback: Fallback,
    #[serde(default, skip_serializing_if = "is_default")]
    door: door::Door,
    #[serde(default, rename = "desk", skip_serializing_if = "is_default")]
    audit_log: audit_log::AuditLog,
    #[serde(default, skip_serializing_if = "is_default")]
    past: past::Past,
    /// From whom the room was claimed.
    #[serde(default, skip_serializing_if = "is_default")]
    owner: Option<UserId>,
    closed: bool,
    /// Events applied so far: the offset of the last one.
    offset: u64,
}

/// The entry on the timeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Current {
    entry: Entry,
    start_tag: VirtualTime,
    /// Those who share the charge with its owner, and from where they are charged.
    #[serde(default, skip_serializing_if = "is_default")]
    shared_with: Vec<(UserId, VirtualTime)>,
    /// In how many parts the charge goes; 0 is 1, too.
    #[serde(default, skip_serializing_if = "is_default")]
    shares: u64,
    #[serde(default, skip_serializing_if = "is_default")]
    started_at_ms: i64,
    /// Nobody knew before that it would come on, and as far as is known it has not sounded yet: its start may wait until
    /// devices have loaded it.
    #[serde(default, skip_serializing_if = "is_default")]
    awaits_devices: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    skip_votes: BTreeSet<UserId>,
}

/// What plays while nobody has anything waiting.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Fallback {
    tracks: Vec<Track>,
    /// Which of them is next.
    next: usize,
}

/// A member, with their queue and their ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct MemberState {
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    picture: Option<String>,
    role: Role,
    kind: UserKind,
    standing: Standing,
    joined: u64,
    queue: VecDeque<Entry>,
    ledger: Ledger,
    #[serde(default, skip_serializing_if = "is_default")]
    muted: bool,
    /// Their queue waits until it is resumed.
    #[serde(default, skip_serializing_if = "is_default")]
    paused: bool,
    /// What they may or may not do, whatever the table says.
    #[serde(default, skip_serializing_if = "is_default")]
    exceptions: BTreeMap<Action, bool>,
    /// Of somebody gone: that they were a listener, so that leaving is no way to a better role.
    #[serde(default, skip_serializing_if = "is_default")]
    was_listener: bool,
    /// Their place in the waitlist, counted over the life of the room; 0: none.
    #[serde(default, rename = "line", skip_serializing_if = "is_default")]
    waitlist_place: u64,
    /// Starts since they took that place.
    #[serde(default, rename = "line_starts", skip_serializing_if = "is_default")]
    waitlist_starts: u32,
}

/// How somebody belongs to the room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Standing {
    /// Here, or gone for less than the grace period.
    Here,
    /// Gone for longer: the queue waits.
    Away,
    /// Left or sent out: only the ledger is kept and what the host decided about them, neither name nor picture.
    Gone,
    /// Sent out for good: their queue is kept for when they are unbanned, and their name for those who may do that.
    Banned,
}

impl MemberState {
    /// As somebody who just came in.
    fn of(member: &Member, joined: u64) -> Self {
        Self {
            name: member.name.clone(),
            picture: member.picture.clone(),
            role: member.role,
            kind: member.kind,
            standing: if member.away { Standing::Away } else { Standing::Here },
            joined,
            queue: VecDeque::new(),
            ledger: Ledger::default(),
            muted: member.muted,
            paused: member.paused,
            exceptions: member.exceptions.clone(),
            was_listener: false,
            waitlist_place: 0,
            waitlist_starts: 0,
        }
    }

    fn is_visible(&self) -> bool {
        matches!(self.standing, Standing::Here | Standing::Away)
    }
}

/// Whether a field says what its absence says.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl RoomState {
    /// A room to replay events into; the first must be `room_created`.
    pub fn new(code: RoomCode) -> Self {
        Self {
            code,
            name: String::new(),
            settings: Settings::default(),
            members: BTreeMap::new(),
            joins: 0,
            playback: Playback { state: PlaybackState::Idle, entry: None, anchor_position_ms: 0, anchor_at_ms: 0 },
            output: Output::default(),
            current: None,
            next_start_at_ms: None,
            locked: None,
            virtual_time: VirtualTime::default(),
            starts: 0,
            votes: BTreeMap::new(),
            lineup: VecDeque::new(),
            waitlist_places: 0,
            suggestions: VecDeque::new(),
            fallback: Fallback::default(),
            door: door::Door::default(),
            audit_log: audit_log::AuditLog::default(),
            past: past::Past::default(),
            owner: None,
            closed: false,
            offset: 0,
        }
    }

    /// Decides, takes in what was decided and all that follows from it. The events are one unit: they are made durable
    /// and shown together or not at all. Empty when nothing changes.
    pub fn handle(&mut self, ctx: &Ctx<'_>, input: &Input) -> Result<Vec<Event>, Refusal> {
        let mut events = self.decide(ctx, input)?;
        for event in &events {
            self.apply(event);
        }
        while let Some(event) = self.settle(ctx) {
            self.apply(&event);
            events.push(event);
        }
        Ok(events)
    }

    /// The room's code.
    pub fn code(&self) -> RoomCode {
        self.code
    }

    /// The room's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Events applied so far.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// True once the room is over.
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// The timeline.
    pub fn playback(&self) -> &Playback {
        &self.playback
    }

    /// Which devices play.
    pub fn output(&self) -> &Output {
        &self.output
    }

    /// The entry on the timeline.
    pub fn now_playing(&self) -> Option<&Entry> {
        self.current.as_ref().map(|current| &current.entry)
    }

    /// The role of a member who has not left.
    pub fn role_of(&self, user: UserId) -> Option<Role> {
        self.visible(user).map(|member| member.role)
    }

    /// Whether a member's queue waits for them to return.
    pub fn is_away(&self, user: UserId) -> bool {
        self.visible(user).is_some_and(|member| member.standing == Standing::Away)
    }

    /// The host.
    pub fn host(&self) -> Option<UserId> {
        self.members.iter().find(|(_, member)| member.role == Role::Host).map(|(id, _)| *id)
    }

    /// Everybody who belongs to the room, here or away.
    pub fn members(&self) -> impl Iterator<Item = UserId> + '_ {
        self.members.iter().filter(|(_, member)| member.is_visible()).map(|(id, _)| *id)
    }

    /// Members who have neither left nor been marked away.
    pub fn members_here(&self) -> impl Iterator<Item = UserId> + '_ {
        self.members.iter().filter(|(_, member)| member.standing == Standing::Here).map(|(id, _)| *id)
    }

    /// Those who wait to be let in.
    pub fn lobby(&self) -> impl Iterator<Item = UserId> + '_ {
        self.door.waiting.iter().map(|person| person.id)
    }

    /// What the host has set.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Whether somebody is banned.
    pub fn is_banned(&self, user: UserId) -> bool {
        self.members.get(&user).is_some_and(|member| member.standing == Standing::Banned)
    }

    /// What a member has waiting, in their own order, whether or not it takes part in the room's.
    pub fn queue_of(&self, user: UserId) -> impl Iterator<Item = &Entry> + '_ {
        self.members.get(&user).into_iter().flat_map(|member| &member.queue)
    }

    /// A member's account in the room's ledger.
    pub fn ledger_of(&self, user: UserId) -> Option<&Ledger> {
        self.members.get(&user).map(|member| &member.ledger)
    }

    fn is_locked(&self) -> bool {
        self.settings.admission == Admission::Locked
    }

    fn visible(&self, user: UserId) -> Option<&MemberState> {
        self.members.get(&user).filter(|member| member.is_visible())
    }

    /// Whose queue an entry is in, and where.
    fn find(&self, entry: EntryId) -> Option<(UserId, usize)> {
        self.members.iter().find_map(|(id, member)| {
            member.queue.iter().position(|waiting| waiting.id == entry).map(|place| (*id, place))
        })
    }
}
