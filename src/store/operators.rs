//! What operators of the server do, as stored: their role, bans, the log of their acts, the server's switches, and
//! invitations. Not in here: who may do what; [`crate::operator`] decides that.

use async_trait::async_trait;
use tutti_protocol::http::{Act, Switches, SwitchesChange};
use tutti_protocol::{RoomCode, RoomId, UserId};
use uuid::Uuid;

use super::{StoreResult, StoredRoom, StoredUser, TokenHash};

/// A row of `operator_log`. The name of an act that only a newer version knows reads back as `None`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAct {
    /// UUIDv7.
    pub id: Uuid,
    /// When.
    pub at_ms: i64,
    /// What.
    pub act: Option<Act>,
    /// The user who did it; `None`: the command line.
    pub actor: Option<UserId>,
    /// The user whom it was done to.
    pub subject: Option<UserId>,
    /// The room that it was done to.
    pub room: Option<RoomCode>,
    /// The new value of a switch.
    pub value: Option<String>,
}

/// How many users there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UserCounts {
    /// Accounts.
    pub accounts: u64,
    /// Guests.
    pub guests: u64,
    /// Of all, those who are banned.
    pub banned: u64,
}

/// How a room is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RoomUse {
    /// Its members.
    pub members: u64,
    /// When it last stored something; `None` when nothing is left of that.
    pub last_used_at_ms: Option<i64>,
}

/// Stores what operators do.
#[async_trait]
pub trait OperatorStore: Send + Sync {
    /// Gives a user the role of operator, or takes it away; false when there is no such user.
    async fn set_operator(&self, user: UserId, since_ms: Option<i64>) -> StoreResult<bool>;

    /// Bans a user or lifts the ban; false when there is no such user.
    async fn set_banned(&self, user: UserId, at_ms: Option<i64>) -> StoreResult<bool>;

    /// The operators, those of the longest standing first.
    async fn operators(&self) -> StoreResult<Vec<StoredUser>>;

    /// Users with lower ids than `before`, newest first, at most `rows_max`.
    async fn users_before(&self, before: Option<UserId>, rows_max: u32) -> StoreResult<Vec<StoredUser>>;

    /// How many users there are.
    async fn user_counts(&self) -> StoreResult<UserCounts>;

    /// Open rooms with lower ids than `before`, newest first, at most `rooms_max`.
    async fn open_rooms_before(&self, before: Option<RoomId>, rooms_max: u32) -> StoreResult<Vec<StoredRoom>>;

    /// How many rooms are open.
    async fn open_rooms(&self) -> StoreResult<u64>;

    /// How a room is used.
    async fn room_use(&self, room: RoomId) -> StoreResult<RoomUse>;

    /// The kind of database, and its size in bytes if it says.
    async fn database_size(&self) -> StoreResult<(&'static str, Option<u64>)>;

    /// Adds an act to the log.
    async fn insert_act(&self, act: &StoredAct) -> StoreResult<()>;

    /// Acts with lower ids than `before`, newest first, at most `rows_max`.
    async fn acts_before(&self, before: Option<Uuid>, rows_max: u32) -> StoreResult<Vec<StoredAct>>;

    /// Removes acts from before `before_ms`, at most `rows_max`; returns how many.
    async fn delete_acts(&self, before_ms: i64, rows_max: u32) -> StoreResult<u64>;

    /// The server's switches; the default of each that was never set.
    async fn switches(&self) -> StoreResult<Switches>;

    /// Sets the switches that a change names.
    async fn set_switches(&self, change: &SwitchesChange) -> StoreResult<()>;

    /// Adds an invitation.
    async fn insert_invitation(&self, hash: TokenHash, expires_at_ms: i64) -> StoreResult<()>;

    /// Uses an invitation. False, without any change, when there is none, it was used before or has expired at `at_ms`.
    async fn use_invitation(&self, hash: TokenHash, at_ms: i64) -> StoreResult<bool>;

    /// Gives an invitation back that was used for a registration that failed.
    async fn release_invitation(&self, hash: TokenHash) -> StoreResult<()>;

    /// Invitations that can be used at `at_ms`.
    async fn open_invitations(&self, at_ms: i64) -> StoreResult<u64>;

    /// Removes invitations that expire before `before_ms`, used or not, at most `rows_max`; returns how many.
    async fn delete_invitations(&self, before_ms: i64, rows_max: u32) -> StoreResult<u64>;
}
