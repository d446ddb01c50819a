//! Rooms and their journals, as stored.

use async_trait::async_trait;
use tutti_protocol::{CommandId, Event, Role, RoomCode, RoomId, UserId};

use super::{Fence, Sealed, StoreResult};

/// A room's entry in the directory; its events are in its journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRoom {
    /// UUIDv7.
    pub id: RoomId,
    /// Unique among all rooms, closed ones included.
    pub code: RoomCode,
    /// Shown to members; empty once the room is purged.
    pub name: String,
    /// The present host.
    pub host: UserId,
    /// Its passcode, if newcomers need one.
    pub passcode: Option<StoredPasscode>,
    /// When it was created.
    pub created_at_ms: i64,
    /// When it was closed.
    pub closed_at_ms: Option<i64>,
}

/// A room's passcode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredPasscode {
    /// Its bcrypt hash, which admits newcomers.
    pub hash: String,
    /// The passcode itself, for those who may see it. Rooms of earlier versions have only the hash.
    pub sealed: Option<Sealed>,
}

/// The events of one input: committed together, broadcast together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalBatch {
    /// Its room.
    pub room: RoomId,
    /// The history it belongs to.
    pub epoch: u64,
    /// Offset of the last event. Unique in a room.
    pub offset: u64,
    /// From when its writer claimed the room. Not read back.
    pub fence: Fence,
    /// When it was decided.
    pub at_ms: i64,
    /// The command that caused it, and its sender. A repeated command is recognised by it.
    pub command: Option<(UserId, CommandId)>,
    /// The events, as a JSON array.
    pub events: String,
    /// Changes to the directory of rooms and members that follow from the events.
    pub index: Vec<IndexChange>,
    /// Set when it forgets a member: the room's earlier history is then removed.
    pub erasure: Option<MemberErasure>,
}

/// Replaces a room's history, so that no stored row holds personal data of a forgotten member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberErasure {
    /// The forgotten member.
    pub member: UserId,
    /// The state after the batch's events, as JSON: the room's new checkpoint.
    pub state: String,
}

impl JournalBatch {
    /// Whether nothing but its row is stored.
    pub(super) fn is_row_only(&self) -> bool {
        self.index.is_empty() && self.erasure.is_none()
    }

    /// The checkpoint that replaces the earlier history.
    pub(super) fn checkpoint(&self) -> Option<Checkpoint> {
        self.erasure.as_ref().map(|erasure| Checkpoint {
            room: self.room,
            epoch: self.epoch,
            offset: self.offset,
            at_ms: self.at_ms,
            state: erasure.state.clone(),
        })
    }
}

/// A change to the directory of rooms and members; stored with the events that cause it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IndexChange {
    /// A user became a member.
    Joined(UserId),
    /// A member left; the room still remembers them.
    Left(UserId),
    /// A member left, and the room remembers nothing of them.
    Forgotten(UserId),
    /// The room has a new host.
    HostChanged(UserId),
    /// The room has a new name.
    Renamed(String),
    /// The room has a new passcode, or none. No event says which: it comes beside the one that says that it changed.
    PasscodeChanged(Option<StoredPasscode>),
    /// The room was closed.
    Closed,
}

impl IndexChange {
    /// The changes that follow from an event.
    pub fn of(event: &Event) -> Vec<Self> {
        match event {
            Event::RoomCreated { host, .. } => vec![Self::Joined(host.id)],
            Event::MemberJoined { member } | Event::Undone { member: Some(member), .. } => {
                vec![Self::Joined(member.id)]
            }
            Event::MemberLeft { member } | Event::MemberKicked { member, .. } | Event::MemberBanned { member, .. } => {
                vec![Self::Left(*member)]
            }
            // Not a member, but the room knows them; forgetting a user reaches the lobby, too.
            Event::LobbyEntered { person } => vec![Self::Joined(person.id), Self::Left(person.id)],
            Event::MemberForgotten { member } => vec![Self::Forgotten(*member)],
            Event::MemberMerged { from, to } => {
                let host = (to.role == Role::Host).then_some(Self::HostChanged(to.id));
                [Self::Forgotten(*from), Self::Joined(to.id)].into_iter().chain(host).collect()
            }
            Event::HostTransferred { to, .. } | Event::HostClaimed { to, .. } => vec![Self::HostChanged(*to)],
            Event::RoomRenamed { room_name, .. } => vec![Self::Renamed(room_name.clone())],
            Event::RoomClosed { .. } => vec![Self::Closed],
            _ => vec![],
        }
    }
}

/// A room's whole state at an offset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Its room.
    pub room: RoomId,
    /// The history it belongs to.
    pub epoch: u64,
    /// The last event it includes.
    pub offset: u64,
    /// When it was made.
    pub at_ms: i64,
    /// The state, as JSON.
    pub state: String,
}

/// A room's stored history.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredJournal {
    /// The newest checkpoint.
    pub checkpoint: Option<Checkpoint>,
    /// All stored batches, oldest first. Those after the checkpoint are to be replayed; those before it serve members
    /// who resume. `index` and `fence` are empty in all. Batches from before a member was forgotten hold no events, only their
    /// commands.
    pub batches: Vec<JournalBatch>,
}

/// Stores rooms and their journals.
#[async_trait]
pub trait RoomStore: Send + Sync {
    /// Adds a room with its first batch. `Conflict("room code")` when the code is taken.
    async fn create_room(&self, room: &StoredRoom, first: &JournalBatch) -> StoreResult<()>;

    /// The open or closed room with this code.
    async fn room_by_code(&self, code: RoomCode) -> StoreResult<Option<StoredRoom>>;

    /// Open rooms that a user is a member of, newest first.
    async fn rooms_of(&self, user: UserId, rooms_max: u32) -> StoreResult<Vec<StoredRoom>>;

    /// Rooms that a user is or was in, closed ones included, unless the room has forgotten them; newest first.
    async fn rooms_known_to(&self, user: UserId, rooms_max: u32) -> StoreResult<Vec<StoredRoom>>;

    /// Those of these users, at most 200, that a room knows: current members, and former ones that are not forgotten.
    async fn known_to_rooms(&self, users: &[UserId]) -> StoreResult<Vec<UserId>>;

    /// Removes a closed room's name, passcode, members and history; its code stays taken. Does nothing when the room is open.
    async fn purge_closed_room(&self, room: RoomId) -> StoreResult<()>;

    /// Rooms with higher ids than `after`, in the order of ids, without those that were purged.
    async fn rooms_after(&self, after: Option<RoomId>, rooms_max: u32) -> StoreResult<Vec<StoredRoom>>;

    /// Removes batches that the room's checkpoint covers and that are older than `keep_from_ms`. Returns the room's last
    /// offset.
    async fn trim_journal(&self, room: RoomId, keep_from_ms: i64) -> StoreResult<u64>;

    /// The last offset of a room's stored batches; `None` when all were removed.
    async fn last_offset(&self, room: RoomId) -> StoreResult<Option<u64>>;

    /// Appends batches of any rooms, all or none. `Conflict("journal offset")` when one of the offsets exists, `Fenced` when
    /// one of the fences is not its room's (not on SQLite, where rooms are not claimed).
    ///
    /// A batch that forgets a member replaces the room's checkpoint by its own and removes the earlier events. Other
    /// members' command ids stay, with `[]` for their events, so that a repeated command still has one effect.
    async fn append(&self, batches: &[JournalBatch]) -> StoreResult<()>;

    /// A room's checkpoint and batches.
    async fn load_journal(&self, room: RoomId) -> StoreResult<StoredJournal>;

    /// Replaces a room's checkpoint unless the stored one is newer, and removes batches that it covers and that are
    /// older than `keep_from_ms`.
    async fn save_checkpoint(&self, checkpoint: &Checkpoint, keep_from_ms: i64) -> StoreResult<()>;
}
