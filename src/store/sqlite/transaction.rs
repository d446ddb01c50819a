//! Transactions of SQLite.
//!
//! These are not the driver's. On a full disk SQLite may roll a transaction back by itself, or leave one open whose
//! commit failed. The driver counts transactions and is then off by one: it takes later transactions for savepoints
//! inside one that is never committed, and reports success. Here a connection whose transaction did not end well is
//! closed, and SQLite rolls back whatever is left.

use std::ops::{Deref, DerefMut};

use sqlx::pool::PoolConnection;
use sqlx::sqlite::SqliteRow;
use sqlx::{Executor as _, Sqlite, SqliteConnection, SqlitePool};

use crate::store::sql::portable::{SqliteQuery, Transaction};

/// Statements that take effect at [`commit`](Transaction::commit), or not at all.
pub(crate) struct SqliteTransaction {
    connection: PoolConnection<Sqlite>,
    finished: bool,
}

impl SqliteTransaction {
    /// Waits for the connection that writes, so nothing changes between a read in this transaction and its commit.
    pub(crate) async fn begin(pool: &SqlitePool) -> sqlx::Result<Self> {
        Self::begin_as(pool, "BEGIN IMMEDIATE").await
    }

    /// Reads one consistent state.
    pub(crate) async fn begin_reading(pool: &SqlitePool) -> sqlx::Result<Self> {
        Self::begin_as(pool, "BEGIN DEFERRED").await
    }

    async fn begin_as(pool: &SqlitePool, statement: &'static str) -> sqlx::Result<Self> {
        let mut transaction = Self { connection: pool.acquire().await?, finished: false };
        transaction.connection.execute(statement).await?;
        Ok(transaction)
    }

    async fn end(mut self, statement: &'static str) -> sqlx::Result<()> {
        self.connection.execute(statement).await?;
        self.finished = true;
        Ok(())
    }
}

impl Transaction for SqliteTransaction {
    type Query = SqliteQuery;
    type Row = SqliteRow;

    async fn execute(&mut self, query: SqliteQuery) -> sqlx::Result<u64> {
        Ok(query.execute(&mut *self.connection).await?.rows_affected())
    }

    async fn fetch_optional(&mut self, query: SqliteQuery) -> sqlx::Result<Option<SqliteRow>> {
        query.fetch_optional(&mut *self.connection).await
    }

    async fn fetch_all(&mut self, query: SqliteQuery) -> sqlx::Result<Vec<SqliteRow>> {
        query.fetch_all(&mut *self.connection).await
    }

    async fn commit(self) -> sqlx::Result<()> {
        self.end("COMMIT").await
    }

    async fn roll_back(self) -> sqlx::Result<()> {
        self.end("ROLLBACK").await
    }
}

impl Deref for SqliteTransaction {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        &self.connection
    }
}

impl DerefMut for SqliteTransaction {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.connection
    }
}

impl Drop for SqliteTransaction {
    fn drop(&mut self) {
        if !self.finished {
            self.connection.close_on_drop();
        }
    }
}
