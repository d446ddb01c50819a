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
//! | `decide` | input to events, or a [`Refusal`] |
//! | `apply` | events into the state |
//! | `ledger` | virtual time and airtime: start-time fair queueing |
//! | `order` | the merged order of play, with places and reasons |
//! | `timeline` | positions and deadlines of playback |
//! | [`permissions`] | which role may do what |
//! | `snapshot` | the state as everyone sees it |
//!
//! Guarantees, each held by a property test: no sequence of inputs panics; replaying the events gives an equal state; a
//! room is idle exactly when nobody who may play has anything waiting and nothing is on; there is exactly one host; an
//! entry is in one place.

pub mod input;
pub mod permissions;
pub mod refusal;

mod apply;
mod decide;
mod ledger;
mod order;
mod snapshot;
mod timeline;

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};
use tutti_protocol::{Entry, EntryId, Event, Playback, PlaybackState, Role, RoomCode, Settings, UserId, UserKind};

pub use input::{Ctx, Input, Newcomer};
pub use ledger::{DEBT_MAX_MS, Ledger, MINIMUM_CHARGE_MS, VirtualTime};
pub use order::Placed;
pub use refusal::Refusal;
pub use snapshot::changes_order;
pub use timeline::{PRELOAD_WINDOW_MS, START_LEAD_MS, TRACK_CHANGE_LEAD_MS};

/// Entries one member may have waiting. Two queues that a merge makes one may together be longer; then nothing is added
/// until it is shorter again.
pub const ENTRIES_PER_MEMBER_MAX: usize = 1_000;
/// Entries that may wait in a room in all.
pub const ENTRIES_PER_ROOM_MAX: usize = 10_000;
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
    closed: bool,
    /// Events applied so far: the offset of the last one.
    offset: u64,
}

/// The entry on the timeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Current {
    entry: Entry,
    start_tag: VirtualTime,
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
}

/// How somebody belongs to the room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Standing {
    /// Here, or gone for less than the grace period.
    Here,
    /// Gone for longer: the queue waits.
    Away,
    /// Left or sent out: only the ledger is kept, neither name nor picture.
    Gone,
}

impl MemberState {
    /// Whether their queue takes part in the order.
    fn may_play(&self) -> bool {
        self.standing == Standing::Here && self.role >= Role::Player
    }

    /// Whether anything of theirs is in the order.
    fn takes_part(&self) -> bool {
        self.may_play() && !self.queue.is_empty()
    }

    fn is_visible(&self) -> bool {
        self.standing != Standing::Gone
    }
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
            current: None,
            next_start_at_ms: None,
            locked: None,
            virtual_time: VirtualTime::default(),
            starts: 0,
            closed: false,
            offset: 0,
        }
    }

    /// Decides, takes in what was decided and all that follows from it. The events are one unit: they are made durable
    /// and shown together or not at all. Empty when nothing changes.
    pub fn handle(&mut self, ctx: &Ctx, input: &Input) -> Result<Vec<Event>, Refusal> {
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

    /// Members who have neither left nor been marked away.
    pub fn members_here(&self) -> impl Iterator<Item = UserId> + '_ {
        self.members.iter().filter(|(_, member)| member.standing == Standing::Here).map(|(id, _)| *id)
    }

    /// What a member has waiting, in their own order, whether or not it takes part in the room's.
    pub fn queue_of(&self, user: UserId) -> impl Iterator<Item = &Entry> + '_ {
        self.members.get(&user).into_iter().flat_map(|member| &member.queue)
    }

    /// A member's account in the room's ledger.
    pub fn ledger_of(&self, user: UserId) -> Option<&Ledger> {
        self.members.get(&user).map(|member| &member.ledger)
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
