//! Units of transaction in SQLite: several statements that take effect together.
//!
//! These are not the driver's transactions. On a full disk SQLite may end one by itself, or leave one open whose commit
//! failed, and the driver, which counts along, is then one off: it takes what follows for savepoints within a transaction
//! that nobody ever commits, and says that it is done. Here a connection whose transaction did not end well is closed, and
//! SQLite rolls back whatever there is.

use std::ops::{Deref, DerefMut};

use sqlx::pool::PoolConnection;
use sqlx::{Executor as _, Sqlite, SqliteConnection, SqlitePool};

/// Statements that take effect at [`commit`](Transaction::commit), or not at all.
pub(crate) struct Transaction {
    connection: PoolConnection<Sqlite>,
    finished: bool,
}

impl Transaction {
    /// Waits for a connection that writes. What it reads nobody changes until it is committed.
    pub(crate) async fn begin(pool: &SqlitePool) -> sqlx::Result<Self> {
        Self::begin_as(pool, "BEGIN IMMEDIATE").await
    }

    /// Sees one state of everything.
    pub(crate) async fn begin_reading(pool: &SqlitePool) -> sqlx::Result<Self> {
        Self::begin_as(pool, "BEGIN DEFERRED").await
    }

    async fn begin_as(pool: &SqlitePool, statement: &'static str) -> sqlx::Result<Self> {
        let mut transaction = Self { connection: pool.acquire().await?, finished: false };
        transaction.connection.execute(statement).await?;
        Ok(transaction)
    }

    pub(crate) async fn commit(self) -> sqlx::Result<()> {
        self.end("COMMIT").await
    }

    pub(crate) async fn roll_back(self) -> sqlx::Result<()> {
        self.end("ROLLBACK").await
    }

    async fn end(mut self, statement: &'static str) -> sqlx::Result<()> {
        self.connection.execute(statement).await?;
        self.finished = true;
        Ok(())
    }
}

impl Deref for Transaction {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        &self.connection
    }
}

impl DerefMut for Transaction {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.connection
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        if !self.finished {
            self.connection.close_on_drop();
        }
    }
}
