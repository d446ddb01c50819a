//! MySQL as PlanetScale runs it (MySQL 8 behind Vitess), and MySQL or MariaDB at home.
//!
//! Guarantees: every call ends in bounded time; what was acknowledged is committed; of a call that failed nothing is left,
//! unless the connection was lost while it committed: then it is there whole or not at all, and nobody was told either.
//! Every statement is one that Vitess takes (`tests/store/vitess.rs` holds them to its rules).
//!
//! Not in here: changing the schema of a database while it serves. That is `tutti migrate` ([`schema`]); the server only
//! looks whether it fits.

use async_trait::async_trait;
use secrecy::SecretString;
use sqlx::mysql::MySqlPoolOptions;
use sqlx::{ConnectOptions as _, Connection as _, MySqlPool};

use super::{Store, StoreResult};
use crate::limits::{
    DATABASE_CLOSE_TIMEOUT, DATABASE_CONNECTION_IDLE_MAX, DATABASE_CONNECTION_LIFETIME_MAX,
    DATABASE_CONNECTION_TIMEOUT, DATABASE_CONNECTIONS_MAX,
};

mod identity;
mod journal;
mod options;
mod rooms;
pub mod schema;
mod spotify;
mod transaction;

/// A store in a MySQL database.
#[derive(Clone, Debug)]
pub struct MySqlStore {
    pool: MySqlPool,
}

impl MySqlStore {
    /// Opens by URL (`mysql://…`). Fails with [`StoreError::Schema`](super::StoreError::Schema) when the database's schema
    /// is another than this program's; changes nothing there.
    pub async fn open(url: &SecretString) -> StoreResult<Self> {
        let store = Self::connect(url).await?;
        store.check_schema().await?;
        Ok(store)
    }

    async fn connect(url: &SecretString) -> StoreResult<Self> {
        let options = options::parse(url)?;
        // By itself first: the pool would wait for a server that refuses, and then say only that it waited.
        transaction::with_timeout(DATABASE_CONNECTION_TIMEOUT, options.connect()).await?.close().await?;
        // The server's own `wait_timeout` cannot be set through Vitess; connections are given up here before anybody else
        // gives them up. Whatever died nevertheless is noticed by the ping before a connection is used.
        let pool = MySqlPoolOptions::new()
            .max_connections(DATABASE_CONNECTIONS_MAX)
            .acquire_timeout(DATABASE_CONNECTION_TIMEOUT)
            .idle_timeout(DATABASE_CONNECTION_IDLE_MAX)
            .max_lifetime(DATABASE_CONNECTION_LIFETIME_MAX)
            .test_before_acquire(true)
            .connect_lazy_with(options);
        Ok(Self { pool })
    }
}

#[async_trait]
impl Store for MySqlStore {
    async fn ping(&self) -> StoreResult<()> {
        self.execute(sqlx::query("SELECT 1")).await?;
        Ok(())
    }

    async fn close(&self) {
        if tokio::time::timeout(DATABASE_CLOSE_TIMEOUT, self.pool.close()).await.is_err() {
            tracing::warn!("the database did not take leave in time");
        }
    }
}
