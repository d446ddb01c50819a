//! MySQL as PlanetScale runs it (MySQL 8 behind Vitess), and self-hosted MySQL or MariaDB.
//!
//! Guarantees: every call ends in bounded time. Acknowledged writes are committed. A failed call leaves no change,
//! except when the connection breaks during the commit: the change is then applied completely or not at all, and the
//! caller cannot tell which. Vitess accepts every statement (`tests/store/vitess.rs` checks its rules).
//!
//! Not in here: schema changes. `tutti migrate` makes them ([`schema`]); the server only checks the schema.

use async_trait::async_trait;
use secrecy::SecretString;
use sqlx::mysql::{MySqlConnectOptions, MySqlPoolOptions};
use sqlx::{ConnectOptions as _, Connection as _, MySqlPool};

use super::{Store, StoreResult};
use crate::limits::{
    DATABASE_CLOSE_TIMEOUT, DATABASE_CONNECTION_IDLE_MAX, DATABASE_CONNECTION_LIFETIME_MAX,
    DATABASE_CONNECTION_TIMEOUT, DATABASE_CONNECTIONS_MAX,
};

mod identity;
mod journal;
mod nodes;
mod operators;
mod options;
mod rooms;
pub mod schema;
mod screens;
mod spotify;
mod transaction;

/// A store in a MySQL database.
#[derive(Clone, Debug)]
pub struct MySqlStore {
    pool: MySqlPool,
}

impl MySqlStore {
    /// Opens by URL (`mysql://…`). Fails with [`StoreError::Schema`](super::StoreError::Schema) when the database's
    /// schema differs from the one this program needs; never changes it.
    pub async fn open(url: &SecretString) -> StoreResult<Self> {
        let store = Self::connect(url).await?;
        store.check_schema().await?;
        Ok(store)
    }

    /// For one task, whose calls then never wait for other callers. Connects with the first call, and checks no schema.
    pub fn for_one_task(url: &SecretString) -> StoreResult<Self> {
        // The second one while the first, broken, is being closed.
        Ok(Self { pool: pool(2, options::parse(url)?) })
    }

    pub(super) fn pool(&self) -> &MySqlPool {
        &self.pool
    }

    async fn connect(url: &SecretString) -> StoreResult<Self> {
        let options = options::parse(url)?;
        // One connection outside of the pool first: when the server refuses, the pool only reports a timeout.
        transaction::with_timeout(DATABASE_CONNECTION_TIMEOUT, options.connect()).await?.close().await?;
        Ok(Self { pool: pool(DATABASE_CONNECTIONS_MAX, options) })
    }
}

/// The server's `wait_timeout` cannot be set through Vitess, so the pool closes connections before a server or proxy does.
/// The ping before use finds connections that broke nevertheless.
fn pool(connections_max: u32, options: MySqlConnectOptions) -> MySqlPool {
    MySqlPoolOptions::new()
        .max_connections(connections_max)
        .acquire_timeout(DATABASE_CONNECTION_TIMEOUT)
        .idle_timeout(DATABASE_CONNECTION_IDLE_MAX)
        .max_lifetime(DATABASE_CONNECTION_LIFETIME_MAX)
        .test_before_acquire(true)
        .connect_lazy_with(options)
}

#[async_trait]
impl Store for MySqlStore {
    async fn ping(&self) -> StoreResult<()> {
        self.execute(sqlx::query("SELECT 1")).await?;
        Ok(())
    }

    async fn close(&self) {
        if tokio::time::timeout(DATABASE_CLOSE_TIMEOUT, self.pool.close()).await.is_err() {
            tracing::warn!("connections to the database did not close in time");
        }
    }
}
