//! Rooms and their journals.

use async_trait::async_trait;
use tutti_protocol::{CommandId, Event, Role, RoomCode, RoomId, UserId};

use super::StoreResult;

/// A room as it is found by its code; what happens in it is in its journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRoom {
    /// Its id.
    pub id: RoomId,
    /// Its code, unique among all rooms ever.
    pub code: RoomCode,
    /// Its name.
    pub name: String,
    /// Its host now.
    pub host: UserId,
    /// bcrypt of its passcode.
    pub passcode_hash: Option<String>,
    /// When it was opened.
    pub created_at_ms: i64,
    /// When it was closed.
    pub closed_at_ms: Option<i64>,
}

/// The events of one input: durable together, shown together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalBatch {
    /// Whose.
    pub room: RoomId,
    /// Which history.
    pub epoch: u64,
    /// Offset of the last event; unique in a room, so that a second writer cannot write.
    pub offset: u64,
    /// When it was decided.
    pub at_ms: i64,
    /// The command that it answers, and whose: repeated, it has no second effect.
    pub command: Option<(UserId, CommandId)>,
    /// The events, as JSON array.
    pub events: String,
    /// What follows for the tables by which rooms are found.
    pub index: Vec<IndexChange>,
    /// Set when somebody is forgotten with it: then nothing that happened before stays stored.
    pub forgets: Option<Forgets>,
}

/// What is stored in place of a room's past, so that nobody can read there about somebody who is forgotten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forgets {
    /// Who.
    pub member: UserId,
    /// The state with the batch's events in it, as JSON: the room's checkpoint from now on.
    pub state: String,
}

impl JournalBatch {
    /// The checkpoint that replaces what was before.
    pub(super) fn checkpoint(&self) -> Option<Checkpoint> {
        self.forgets.as_ref().map(|forgets| Checkpoint {
            room: self.room,
            epoch: self.epoch,
            offset: self.offset,
            at_ms: self.at_ms,
            state: forgets.state.clone(),
        })
    }
}

/// A change to the tables by which rooms are found; stored with the events that cause it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IndexChange {
    /// Somebody belongs to the room.
    Joined(UserId),
    /// Somebody does not any more, and is remembered.
    Left(UserId),
    /// Somebody does not any more, and nothing of them is left.
    Forgotten(UserId),
    /// The room has this host.
    HostChanged(UserId),
    /// The room is over.
    Closed,
}

impl IndexChange {
    /// What follows from an event.
    pub fn of(event: &Event) -> Vec<Self> {
        match event {
            Event::RoomCreated { host, .. } => vec![Self::Joined(host.id)],
            Event::MemberJoined { member } | Event::Undone { member: Some(member), .. } => {
                vec![Self::Joined(member.id)]
            }
            Event::MemberLeft { member } | Event::MemberKicked { member, .. } | Event::MemberBanned { member, .. } => {
                vec![Self::Left(*member)]
            }
            // No member, but known: whoever is forgotten is forgotten in the lobby, too.
            Event::LobbyEntered { person } => vec![Self::Joined(person.id), Self::Left(person.id)],
            Event::MemberForgotten { member } => vec![Self::Forgotten(*member)],
            Event::MemberMerged { from, to } => {
                let host = (to.role == Role::Host).then_some(Self::HostChanged(to.id));
                [Self::Forgotten(*from), Self::Joined(to.id)].into_iter().chain(host).collect()
            }
            Event::HostTransferred { to, .. } | Event::HostClaimed { to, .. } => vec![Self::HostChanged(*to)],
            Event::RoomClosed { .. } => vec![Self::Closed],
            _ => vec![],
        }
    }
}

/// A room's whole state at an offset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Whose.
    pub room: RoomId,
    /// Which history.
    pub epoch: u64,
    /// The last event that is in it.
    pub offset: u64,
    /// When it was made.
    pub at_ms: i64,
    /// The state, as JSON.
    pub state: String,
}

/// What is kept of a room's past.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredJournal {
    /// The newest checkpoint.
    pub checkpoint: Option<Checkpoint>,
    /// All batches still kept, oldest first: those after the checkpoint are to be replayed, those before it tell
    /// members who come back what they missed. Their `index` is empty. Those from before somebody was forgotten have no
    /// events any more, only their commands.
    pub batches: Vec<JournalBatch>,
}

/// Where rooms last.
#[async_trait]
pub trait RoomStore: Send + Sync {
    /// Adds a room with its first events. `Conflict("room code")` when the code is taken.
    async fn create_room(&self, room: &StoredRoom, first: &JournalBatch) -> StoreResult<()>;

    /// The room that has or had this code.
    async fn room_by_code(&self, code: RoomCode) -> StoreResult<Option<StoredRoom>>;

    /// Open rooms that a user belongs to, the newest first.
    async fn rooms_of(&self, user: UserId, rooms_max: u32) -> StoreResult<Vec<StoredRoom>>;

    /// Rooms that somebody is or was in, closed ones included, and has not been forgotten in.
    async fn rooms_known_to(&self, user: UserId, rooms_max: u32) -> StoreResult<Vec<StoredRoom>>;

    /// Removes all that is kept of a closed room but its code and that it is closed; nothing when it is open.
    async fn purge_closed_room(&self, room: RoomId) -> StoreResult<()>;

    /// Appends the batches of any rooms, all or none. `Conflict("journal offset")` when one of them is there already.
    ///
    /// With a batch that forgets somebody its checkpoint replaces the room's, and of all earlier batches only the
    /// commands of the others stay, `[]` in place of their events: a command that is repeated still has one effect.
    async fn append(&self, batches: &[JournalBatch]) -> StoreResult<()>;

    /// What is kept of a room's past.
    async fn load_journal(&self, room: RoomId) -> StoreResult<StoredJournal>;

    /// Replaces a room's checkpoint by a newer one, and removes batches that are both in it and older than
    /// `keep_from_ms`. An older checkpoint changes nothing.
    async fn save_checkpoint(&self, checkpoint: &Checkpoint, keep_from_ms: i64) -> StoreResult<()>;
}
