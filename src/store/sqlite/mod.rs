//! The embedded default: one SQLite file with a write-ahead log; every commit is synced to disk before it is
//! acknowledged.

use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use secrecy::ExposeSecret as _;
use sqlx::SqlitePool;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow, SqliteSynchronous};

use super::mysql::schema::SchemaError;
use super::{Store, StoreError, StoreResult};
use crate::config::StorageConfig;
use crate::store::sql::portable::SqliteQuery;
use transaction::SqliteTransaction;
use wal_checkpoints::WalCheckpointer;

pub mod backup;
mod identity;
mod journal;
mod operators;
mod rooms;
mod screens;
mod spotify;
pub(crate) mod transaction;
mod wal_checkpoints;

/// Connections that read, beside the one that writes.
const READ_CONNECTIONS: u32 = 4;
/// How long a statement waits for another process's lock, such as a backup's; then it fails.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

/// The path of the configured database; `None` when the configuration names another kind of database.
pub fn database_path(config: &StorageConfig) -> StoreResult<Option<PathBuf>> {
    let Some(url) = &config.database_url else { return Ok(Some(config.data_dir.join("tutti.db"))) };
    if !url.expose_secret().starts_with("sqlite:") {
        return Ok(None);
    }
    let options: SqliteConnectOptions = url.expose_secret().parse()?;
    Ok(Some(options.get_filename().into()))
}

/// A store in one SQLite file.
#[derive(Clone, Debug)]
pub struct SqliteStore {
    /// One connection: SQLite allows one writer, and callers queue here instead of failing with `SQLITE_BUSY`.
    write: SqlitePool,
    read: SqlitePool,
    wal_checkpointer: WalCheckpointer,
}

impl SqliteStore {
    /// Opens the file, creates it if it is missing, and migrates its schema.
    pub async fn open(path: &Path) -> StoreResult<Self> {
        Self::connect(SqliteConnectOptions::new().filename(path)).await
    }

    /// Opens by URL (`sqlite://…`).
    pub async fn open_url(url: &str) -> StoreResult<Self> {
        Self::connect(url.parse()?).await
    }

    async fn connect(options: SqliteConnectOptions) -> StoreResult<Self> {
        refuse_empty(options.get_filename())?;
        let options = options
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(false)
            // Overwrites deleted content.
            .pragma("secure_delete", "ON")
            .pragma("wal_autocheckpoint", wal_checkpoints::WAL_PAGES_MAX)
            .busy_timeout(BUSY_TIMEOUT);
        let write = pool(1).connect_with(options.clone()).await?;
        MIGRATIONS.run(&write).await.map_err(migration_error)?;
        let wal_checkpointer = WalCheckpointer::new(pool(1).connect_lazy_with(options.clone()));
        let read = pool(READ_CONNECTIONS).connect_with(options.read_only(true)).await?;
        Ok(Self { write, read, wal_checkpointer })
    }

    /// The connection that writes.
    pub(super) fn pool(&self) -> &SqlitePool {
        &self.write
    }

    async fn begin(&self) -> sqlx::Result<SqliteTransaction> {
        SqliteTransaction::begin(&self.write).await
    }

    /// The number of rows that were inserted, changed or removed.
    async fn execute(&self, query: SqliteQuery) -> sqlx::Result<u64> {
        Ok(query.execute(&self.write).await?.rows_affected())
    }

    async fn fetch_optional(&self, query: SqliteQuery) -> sqlx::Result<Option<SqliteRow>> {
        query.fetch_optional(&self.read).await
    }

    async fn fetch_all(&self, query: SqliteQuery) -> sqlx::Result<Vec<SqliteRow>> {
        query.fetch_all(&self.read).await
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn ping(&self) -> StoreResult<()> {
        sqlx::query("SELECT 1").execute(&self.write).await?;
        Ok(())
    }

    async fn scrub(&self) -> StoreResult<()> {
        Ok(self.wal_checkpointer.truncate().await?)
    }

    async fn close(&self) {
        self.wal_checkpointer.close().await;
        self.read.close().await;
        self.write.close().await;
    }
}

/// SQLite takes an empty file for a new database. It is what is left of one after a disk was full or a copy failed.
fn refuse_empty(path: &Path) -> StoreResult<()> {
    match std::fs::metadata(path) {
        Ok(found) if found.is_file() && found.len() == 0 => Err(StoreError::Empty(path.into())),
        _ => Ok(()),
    }
}

fn migration_error(error: MigrateError) -> StoreError {
    match error {
        MigrateError::VersionMissing(version) => SchemaError::Newer { version }.into(),
        other => sqlx::Error::from(other).into(),
    }
}

/// Connections to a file do not break as those to a server do, and testing one costs a round trip to SQLite's thread.
fn pool(connections_max: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new().max_connections(connections_max).test_before_acquire(false)
}
