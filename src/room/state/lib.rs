//! A listening room as a pure state machine.
//!
//! `decide` turns an input into events, or refuses it; `apply` applies an event; `settle` returns the next event that the
//! room produces by itself, until none is left (an idle room with something to play starts it). No async, no clock, no
//! I/O, no logging, no randomness: time and new ids are arguments ([`Ctx`]). Applying the same events gives the same room,
//! live, after a restart, or on another node.
//!
//! | module | what |
//! |---|---|
//! | [`input`] | the inputs of a room |
//! | `decide` | turns an input into events or a [`Refusal`]; by area: `queue`, `quota`, `suggestions`, `playback`, `output`, `screens`, `voting`, `hosting`, `claiming`, `admission`, `settings`, `chat` |
//! | [`audience`] | counts of listening devices |
//! | `apply` | applies events to the state; by area: `entries`, `membership`, `identity`, `service` |
//! | `permissions` | permissions of members |
//! | `ledger` | virtual time and airtime: start-time fair queueing |
//! | `order` | the order of play under every policy, with places and reasons |
//! | `promotion` | entries that are put first, ahead of the policy's order |
//! | `waitlist` | who plays under `players_max`, and who waits for a place |
//! | `measured` | corrects the tracks of entries, and removes those that cannot be played |
//! | `fallback` | the playlist that plays while no entry is queued |
//! | `timeline` | positions and deadlines of playback |
//! | `listeners` | playback waits while no device listens |
//! | `blocklist` | tracks and artists that cannot be queued |
//! | `audit_log` | notes on what was done, and undo |
//! | `look_alike` | names that look like those of the host and the co-hosts |
//! | `lobby` | people who wait to be admitted, and those who were denied |
//! | `past` | past entries |
//! | `snapshot`, `own`, `answer` | what every member sees, what one member sees, and answers to queries |
//!
//! Guarantees, each with a property test: no sequence of inputs panics; replaying the events gives an equal state; a room
//! is idle exactly when no entry plays or can play; there is exactly one host; an entry is in one place.

pub mod audience;
pub mod input;
pub mod refusal;

mod admission;
mod answer;
mod apply;
mod audit_log;
mod blocklist;
mod chat;
mod claiming;
mod decide;
mod entries;
mod fallback;
mod hosting;
mod identity;
mod ledger;
mod listeners;
mod lobby;
mod look_alike;
mod measured;
mod membership;
mod order;
mod output;
mod own;
mod past;
mod permissions;
mod playback;
mod promotion;
mod queue;
mod quota;
mod screens;
mod service;
mod settings;
mod snapshot;
mod suggestions;
mod timeline;
mod voting;
mod waitlist;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};
use tutti_protocol::{
    Action, Admission, Entry, EntryId, Event, Member, Output, PairedScreen, Playback, ProviderId, Role, RoomCode,
    Settings, Track, UserId, UserKind,
};

pub use audience::Audience;
pub use audit_log::{AUDIT_MAX, UNDO_MS};
pub use blocklist::BLOCKED_CHARS_MAX;
pub use chat::SAID_CHARS_MAX;
pub use input::{Ctx, Input, Newcomer, TrackFinding};
pub use ledger::{Ledger, TURN_MS, VirtualTime};
pub use listeners::{LISTENER_GRACE_MS, LISTENER_RETURN_MS};
pub use order::Placed;
pub use own::{OwnScope, changes_own};
pub use past::HISTORY_MAX;
pub use promotion::PROMOTED_MAX;
pub use refusal::Refusal;
pub use snapshot::changes_order;
pub use timeline::{PRELOAD_WINDOW_MS, READY_BARRIER_MS, START_LEAD_MS, TRACK_CHANGE_LEAD_MS};
pub use voting::changes_skip_votes;

/// Entries that one member may have queued. Merging two queues may exceed it; then nothing can be added until the queue is
/// shorter.
pub const ENTRIES_PER_MEMBER_MAX: usize = 1_000;
/// Tracks of one command; further ones are left out.
pub const ENQUEUE_ALL_MAX: usize = 100;
/// Entries that may be queued in a room. Members share what is left of them ([`share_of`]), so that no member fills the
/// room. The host, and members without an entry, may exceed it.
pub const ENTRIES_PER_ROOM_MAX: usize = 25_000;
/// Suggestions that may wait for approval. Members share what is left of them ([`share_of`]).
pub const SUGGESTIONS_MAX: usize = 100;
/// Suggestions in total, with those of members who had none; further ones are refused.
pub const SUGGESTIONS_HARD_MAX: usize = 500;
/// People in the lobby; further ones are refused.
pub const LOBBY_MAX: usize = 100;
/// Denied people that are remembered; the oldest are dropped.
pub const DENIED_MAX: usize = 1_000;
/// Banned identities; further bans are refused.
pub const BANNED_MAX: usize = 1_000;
/// Votes for one entry; further ones are refused.
pub const VOTERS_MAX: usize = 5_000;
/// Members credited for one entry besides its owner.
pub const CREDITS_MAX: usize = 16;
/// Tracks of a fallback playlist.
pub const FALLBACK_MAX: usize = 100;
/// Devices that an output may list.
pub const OUTPUT_DEVICES_MAX: usize = 64;
/// Screens of a room.
pub const SCREENS_MAX: usize = 16;
/// Members of a room. When it is reached, guests who are away and have nothing queued give way.
pub const MEMBERS_MAX: usize = 5_000;
/// Bytes of the URL of a member's picture.
pub const PICTURE_BYTES_MAX: usize = 512;
/// Places of the order of play in a snapshot or delta.
pub const UPCOMING_SHOWN_MAX: usize = 100;

/// The state of a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomState {
    code: RoomCode,
    name: String,
    settings: Settings,
    /// Members, and former members of whom something is kept.
    members: BTreeMap<UserId, MemberState>,
    /// Counts joins: ties go to the member who joined first.
    joins: u64,
    playback: Playback,
    #[serde(default, skip_serializing_if = "is_default")]
    output: Output,
    /// The current entry.
    current: Option<Current>,
    /// When the next entry starts, between two entries; `None`: as soon as devices can.
    next_start_at_ms: Option<i64>,
    /// The next entry, once it is locked.
    locked: Option<EntryId>,
    /// The start tag of the current or last entry.
    virtual_time: VirtualTime,
    /// Counts starts: ties go to the member who was served longest ago.
    starts: u64,
    /// Votes for queued entries.
    #[serde(default, skip_serializing_if = "is_default")]
    votes: BTreeMap<EntryId, BTreeMap<UserId, i8>>,
    /// All queued entries with their owners, in the host's order; empty under other policies.
    #[serde(default, skip_serializing_if = "is_default")]
    lineup: VecDeque<(UserId, EntryId)>,
    /// Entries that were put first, in the order in which they play; empty under the policy `host`.
    #[serde(default, skip_serializing_if = "is_default")]
    promoted: VecDeque<promotion::Promoted>,
    /// Counts places assigned in the waitlist.
    #[serde(default, rename = "lines", skip_serializing_if = "is_default")]
    waitlist_places: u64,
    /// Entries that wait for approval, oldest first.
    #[serde(default, skip_serializing_if = "is_default")]
    suggestions: VecDeque<Entry>,
    #[serde(default, skip_serializing_if = "is_default")]
    fallback: fallback::Fallback,
    #[serde(default, skip_serializing_if = "is_default")]
    blocked_artists: blocklist::BlockedArtists,
    #[serde(default, rename = "door", skip_serializing_if = "is_default")]
    lobby: lobby::Lobby,
    #[serde(default, rename = "desk", skip_serializing_if = "is_default")]
    audit_log: audit_log::AuditLog,
    #[serde(default, skip_serializing_if = "is_default")]
    past: past::Past,
    /// The former host, from whom the room was claimed.
    #[serde(default, skip_serializing_if = "is_default")]
    owner: Option<UserId>,
    /// Paired screens, oldest first.
    #[serde(default, skip_serializing_if = "is_default")]
    screens: Vec<PairedScreen>,
    closed: bool,
    /// Events applied so far: the offset of the last one.
    offset: u64,
}

/// The current entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Current {
    entry: Entry,
    start_tag: VirtualTime,
    /// Credited members, who share the charge with its owner, and the start tags that they are charged from.
    #[serde(default, skip_serializing_if = "is_default")]
    shared_with: Vec<(UserId, VirtualTime)>,
    /// Parts of the charge; 0 means 1.
    #[serde(default, skip_serializing_if = "is_default")]
    shares: u64,
    #[serde(default, skip_serializing_if = "is_default")]
    started_at_ms: i64,
    /// Its start was not announced ahead of time and has not happened yet, so it may wait until devices have loaded it.
    #[serde(default, skip_serializing_if = "is_default")]
    awaits_devices: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    skip_votes: BTreeSet<UserId>,
}

/// A member, with their queue and their ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "they are independent facts")]
struct MemberState {
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    picture: Option<String>,
    role: Role,
    kind: UserKind,
    #[serde(rename = "standing")]
    membership: Membership,
    joined: u64,
    queue: VecDeque<Entry>,
    ledger: Ledger,
    #[serde(default, skip_serializing_if = "is_default")]
    muted: bool,
    /// The queue is out of the order until it is resumed.
    #[serde(default, skip_serializing_if = "is_default")]
    paused: bool,
    /// Exceptions from the table of permissions.
    #[serde(default, skip_serializing_if = "is_default")]
    exceptions: BTreeMap<Action, bool>,
    /// The name looked like that of the host or a co-host when it was chosen.
    #[serde(default, skip_serializing_if = "is_default")]
    look_alike: bool,
    /// For a former member: they were a listener, so rejoining does not raise their role.
    #[serde(default, skip_serializing_if = "is_default")]
    was_listener: bool,
    /// Their place in the waitlist, counted over the life of the room; 0: none.
    #[serde(default, rename = "line", skip_serializing_if = "is_default")]
    waitlist_place: u64,
    /// Starts since they took that place.
    #[serde(default, rename = "line_starts", skip_serializing_if = "is_default")]
    waitlist_starts: u32,
}

/// Membership of a user in the room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Membership {
    /// Connected, or disconnected for less than the grace period.
    Here,
    /// Disconnected for longer: the queue is out of the order.
    Away,
    /// Left or kicked: the ledger and the host's decisions are kept, neither name nor picture.
    Gone,
    /// Banned: the queue is kept for after an unban, and the name for those who may unban.
    Banned,
}

impl MemberState {
    /// A new member.
    fn of(member: &Member, joined: u64) -> Self {
        Self {
            name: member.name.clone(),
            picture: member.picture.clone(),
            role: member.role,
            kind: member.kind,
            membership: if member.away { Membership::Away } else { Membership::Here },
            joined,
            queue: VecDeque::new(),
            ledger: Ledger::default(),
            muted: member.muted,
            paused: member.paused,
            exceptions: member.exceptions.clone(),
            look_alike: member.look_alike,
            was_listener: false,
            waitlist_place: 0,
            waitlist_starts: 0,
        }
    }

    fn is_visible(&self) -> bool {
        matches!(self.membership, Membership::Here | Membership::Away)
    }
}

/// Whether a field can be omitted.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// How many of `places_max` places a member may have while others have `others`: half of the remaining ones, and at least
/// one. The first member gets half of all, the next a quarter; a newcomer always gets one.
pub fn share_of(places_max: usize, others: usize) -> usize {
    (places_max.saturating_sub(others) / 2).max(1)
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
            playback: timeline::idle(0),
            output: Output::default(),
            current: None,
            next_start_at_ms: None,
            locked: None,
            virtual_time: VirtualTime::default(),
            starts: 0,
            votes: BTreeMap::new(),
            lineup: VecDeque::new(),
            promoted: VecDeque::new(),
            waitlist_places: 0,
            suggestions: VecDeque::new(),
            fallback: fallback::Fallback::default(),
            blocked_artists: blocklist::BlockedArtists::default(),
            lobby: lobby::Lobby::default(),
            audit_log: audit_log::AuditLog::default(),
            past: past::Past::default(),
            owner: None,
            screens: vec![],
            closed: false,
            offset: 0,
        }
    }

    /// Decides, applies and settles. The events are one unit: stored and shown together or not at all. Empty when nothing
    /// changes.
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

    /// Whether nothing happened since the room was created, except that its host came and went.
    pub fn is_unused(&self) -> bool {
        // Rooms are created with or without this setting.
        let mut settings = Settings { wait_for_listener: false, ..self.settings.clone() };
        // The tables of older rooms lack newer actions.
        for (action, role) in tutti_protocol::action::default_permissions() {
            settings.permissions.entry(action).or_insert(role);
        }
        let is_untouched = is_default(&settings)
            && is_default(&self.output)
            && is_default(&self.fallback)
            && is_default(&self.audit_log);
        let has_entries = self.members.values().any(|member| !member.queue.is_empty()) || !self.suggestions.is_empty();
        is_untouched && !has_entries && self.joins <= 1 && self.starts == 0 && is_default(&self.lobby) && !self.closed
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

    /// Whether the room is closed.
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// The timeline.
    pub fn playback(&self) -> &Playback {
        &self.playback
    }

    /// The choice of devices that play.
    pub fn output(&self) -> &Output {
        &self.output
    }

    /// The current entry.
    pub fn now_playing(&self) -> Option<&Entry> {
        self.current.as_ref().map(|current| &current.entry)
    }

    /// The role of a current member.
    pub fn role_of(&self, user: UserId) -> Option<Role> {
        self.visible(user).map(|member| member.role)
    }

    /// A member as they would enter again.
    pub fn newcomer(&self, user: UserId) -> Option<Newcomer> {
        let member = self.visible(user)?;
        Some(Newcomer { id: user, name: member.name.clone(), kind: member.kind, picture: member.picture.clone() })
    }

    /// Whether a member is away.
    pub fn is_away(&self, user: UserId) -> bool {
        self.visible(user).is_some_and(|member| member.membership == Membership::Away)
    }

    /// The host.
    pub fn host(&self) -> Option<UserId> {
        self.members.iter().find(|(_, member)| member.role == Role::Host).map(|(id, _)| *id)
    }

    /// Members, here or away.
    pub fn members(&self) -> impl Iterator<Item = UserId> + '_ {
        self.members.iter().filter(|(_, member)| member.is_visible()).map(|(id, _)| *id)
    }

    /// Members who have neither left nor been marked away.
    pub fn members_here(&self) -> impl Iterator<Item = UserId> + '_ {
        self.members.iter().filter(|(_, member)| member.membership == Membership::Here).map(|(id, _)| *id)
    }

    /// People in the lobby.
    pub fn lobby(&self) -> impl Iterator<Item = UserId> + '_ {
        self.lobby.waiting.iter().map(|person| person.id)
    }

    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Whether a user is banned.
    pub fn is_banned(&self, user: UserId) -> bool {
        self.members.get(&user).is_some_and(|member| member.membership == Membership::Banned)
    }

    /// All queued entries with their tracks, whether or not they take part in the order of play.
    pub fn queued(&self) -> impl Iterator<Item = &Entry> + '_ {
        self.members.values().flat_map(|member| &member.queue)
    }

    /// A queued entry, or the current one.
    pub fn entry(&self, id: EntryId) -> Option<&Entry> {
        self.now_playing().filter(|on| on.id == id).or_else(|| {
            let (owner, place) = self.find(id)?;
            self.members.get(&owner)?.queue.get(place)
        })
    }

    /// Whether the track is on, was on last, waits, is suggested, or is in the fallback playlist.
    pub fn has_track(&self, provider: ProviderId, id: &str) -> bool {
        let is_meant = |track: &Track| track.provider == provider && track.id == id;
        let entries = self.now_playing().into_iter().chain(self.queued()).chain(&self.suggestions);
        entries.map(|entry| &entry.track).any(is_meant)
            || self.past.latest().take(1).any(|played| is_meant(&played.track))
            || self.fallback.tracks.iter().any(is_meant)
    }

    /// A member's queue, whether or not it takes part in the order of play.
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

    /// The owner of a queued entry, and its index in their queue.
    fn find(&self, entry: EntryId) -> Option<(UserId, usize)> {
        self.members.iter().find_map(|(id, member)| {
            member.queue.iter().position(|waiting| waiting.id == entry).map(|place| (*id, place))
        })
    }
}
