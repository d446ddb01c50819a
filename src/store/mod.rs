//! What lasts: one trait a concern, implemented by the embedded SQLite, by MySQL and by memory (tests), held to one
//! contract suite (`tests/store/`). Wire, stored and live types differ; rows are converted here and nowhere else.
//!
//! Not in here: the music library's index, which is a rebuildable cache of a folder and lives beside it.

use std::sync::Arc;

use async_trait::async_trait;

pub mod journal;

pub mod memory;
pub mod mysql;
pub(crate) mod sql;
pub mod sqlite;
pub mod user_loader;

mod identity;

mod rooms;
mod spotify;

pub use identity::{
    IdentityStore, PasswordHash, Rotation, StoredLogin, StoredRefreshToken, StoredSession, StoredUser, TokenHash,
};
pub use rooms::{Checkpoint, Forgets, IndexChange, JournalBatch, RoomStore, StoredJournal, StoredRoom};
pub use spotify::{LoginTransaction, Sealed, SpotifyStore, StoredPicture, StoredPremium, StoredSpotifyLink};

/// Why the store did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A row with this key is there already; which constraint is in the text.
    #[error("conflict: {0}")]
    Conflict(&'static str),
    /// It holds something that this version does not understand.
    #[error("unreadable row in {table}: {reason}")]
    Unreadable {
        /// Where.
        table: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The database failed or does not answer; the same call may succeed later.
    #[error("the database failed: {0}")]
    Database(#[from] sqlx::Error),
    /// The database's schema is not this program's.
    #[error("the database does not fit: {0}")]
    Schema(#[from] mysql::schema::SchemaError),
    /// It failed for several who asked together.
    #[error(transparent)]
    Shared(Arc<StoreError>),
    /// A fault that a test asked for.
    #[error("injected fault")]
    Injected,
}

impl StoreError {
    /// Whether the database could not be asked at all: asking again at once would only take as long again.
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

/// What every store returns.
pub type StoreResult<T> = Result<T, StoreError>;

/// All that Tutti keeps.
#[async_trait]
pub trait Store: IdentityStore + SpotifyStore + RoomStore + std::fmt::Debug + Send + Sync + 'static {
    /// Whether the database answers.
    async fn ping(&self) -> StoreResult<()>;

    /// Lets go of the database; what was acknowledged is in it.
    async fn close(&self);
}

/// A store that is shared by everything that needs it.
pub type SharedStore = Arc<dyn Store>;
