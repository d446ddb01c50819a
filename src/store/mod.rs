//! Durable state: one trait per concern, implemented by embedded SQLite, by MySQL and in memory (for tests). All three
//! pass one contract suite (`tests/store/`). Wire, stored and live types differ; rows are converted here and nowhere
//! else.
//!
//! Not in here: the music library's index, a rebuildable cache that lives beside the library.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;

pub mod copy;
pub mod journal;

pub mod memory;
pub mod mysql;
pub(crate) mod sql;
pub mod sqlite;
pub mod user_loader;

mod identity;
mod nodes;
mod operators;
mod rooms;
mod screens;
mod spotify;

pub use identity::{
    IdentityStore, PasswordHash, Rotation, StoredDeviceCode, StoredLogin, StoredRefreshToken, StoredSession,
    StoredUser, TokenHash,
};
pub use nodes::{Fence, LifeId, NodeStore, RoomClaims, StoredNode};
pub use operators::{OperatorStore, RoomUse, StoredAct, UserCounts};
pub use rooms::{
    Checkpoint, IndexChange, JournalBatch, MemberErasure, RoomStore, StoredJournal, StoredPasscode, StoredRoom,
};
pub use screens::{ScreenStore, StoredScreenCode};
pub use spotify::{LoginTransaction, Sealed, SpotifyStore, StoredPicture, StoredPremium, StoredSpotifyLink};

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A row with the same unique value exists; the text names the value.
    #[error("conflict: {0}")]
    Conflict(&'static str),
    /// A row holds a value that this version cannot decode.
    #[error("unreadable row in {table}: {reason}")]
    Unreadable {
        /// The table.
        table: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// The database failed or does not respond; the same call may succeed later.
    #[error("the database failed: {0}")]
    Database(#[from] sqlx::Error),
    /// The database is an empty file.
    #[error("{} is empty: restore a backup, or remove the file to begin with a new database", .0.display())]
    Empty(PathBuf),
    /// The database's schema differs from the one this program needs.
    #[error("the database cannot be used: {0}")]
    Schema(#[from] mysql::schema::SchemaError),
    /// Another life of a server has claimed the room, so that this one may no longer write its journal.
    #[error("another server has taken over the room")]
    Fenced,
    /// The room belongs to another server, which runs.
    #[error("the room belongs to another server, {:?}", .0.name)]
    Owned(Box<StoredNode>),
    /// The room's owner does not answer.
    #[error("the server that owns the room does not answer")]
    Unreachable,
    /// The database stores a number where a statement should fail.
    #[error(
        "its `sql_mode` is not strict, so it would accept what a server writes that another one has replaced: add \
         `STRICT_TRANS_TABLES`"
    )]
    Lenient,
    /// A call on behalf of several callers failed.
    #[error(transparent)]
    Shared(Arc<StoreError>),
    /// A fault injected by a test.
    #[error("injected fault")]
    Injected,
}

impl StoreError {
    /// Whether the database could not be reached, so that an immediate retry would only time out again.
    pub fn is_unavailable(&self) -> bool {
        match self {
            Self::Database(error) => matches!(
                error,
                sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed
            ),
            Self::Shared(error) => error.is_unavailable(),
            _ => false,
        }
    }
}

/// The result of a store call.
pub type StoreResult<T> = Result<T, StoreError>;

/// Everything that Tutti stores.
#[async_trait]
pub trait Store:
    IdentityStore + SpotifyStore + RoomStore + ScreenStore + OperatorStore + std::fmt::Debug + Send + Sync + 'static
{
    /// Checks that the database responds.
    async fn ping(&self) -> StoreResult<()>;

    /// Removes what was deleted from the files that the database keeps of earlier states, as far as this program can.
    async fn scrub(&self) -> StoreResult<()> {
        Ok(())
    }

    /// Closes the database; every acknowledged write is in it.
    async fn close(&self);
}

/// A store shared by all its users.
pub type SharedStore = Arc<dyn Store>;
