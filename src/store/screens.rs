//! One-time codes by which screens are paired with rooms, as stored. Which screens a room has is in its journal.

use async_trait::async_trait;
use tutti_protocol::{RoomCode, ScreenId};

use super::{StoreResult, TokenHash};

/// A row of `screen_codes`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredScreenCode {
    /// Its hash, unique.
    pub hash: TokenHash,
    /// The screen that shows it.
    pub screen: ScreenId,
    /// What the screen calls itself.
    pub name: String,
    /// When it expires.
    pub expires_at_ms: i64,
    /// The room in which a member typed it.
    pub room: Option<RoomCode>,
    /// When that room had the screen.
    pub approved_at_ms: Option<i64>,
}

/// Stores the codes of screens.
#[async_trait]
pub trait ScreenStore: Send + Sync {
    /// Adds a code. [`Conflict`](super::StoreError::Conflict) when another screen has the same.
    async fn insert_screen_code(&self, code: &StoredScreenCode) -> StoreResult<()>;

    /// A code, approved or not, expired or not.
    async fn screen_code(&self, hash: TokenHash) -> StoreResult<Option<StoredScreenCode>>;

    /// Binds a code to a room; false when there is none or it is bound to another one. One of several concurrent rooms
    /// gets it.
    async fn claim_screen_code(&self, hash: TokenHash, room: RoomCode) -> StoreResult<bool>;

    /// Frees a code that a room claimed and did not approve.
    async fn release_screen_code(&self, hash: TokenHash, room: RoomCode) -> StoreResult<()>;

    /// Marks a code approved by the room that claimed it: the room has the screen.
    async fn approve_screen_code(&self, hash: TokenHash, room: RoomCode, at_ms: i64) -> StoreResult<()>;

    /// Removes codes that expired before `before_ms`, at most `rows_max`; returns how many.
    async fn delete_screen_codes(&self, before_ms: i64, rows_max: u32) -> StoreResult<u64>;
}
