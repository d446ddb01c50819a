//! Statements and transactions with time limits.
//!
//! After a statement timed out its connection is closed, since the outcome may still arrive on it. The connection of a
//! transaction that is dropped before its end is closed, too, and the server rolls the transaction back.

use std::future::Future;
use std::time::Duration;

use sqlx::mysql::{MySqlDatabaseError, MySqlRow};
use sqlx::pool::PoolConnection;
use sqlx::{Executor as _, MySql};

use super::MySqlStore;
use crate::limits::{DATABASE_STATEMENT_TIMEOUT, DATABASE_TRANSACTION_TIMEOUT, DATABASE_TRIES_MAX};
use crate::store::sql::portable::{MySqlQuery, Transaction};
use crate::store::{StoreError, StoreResult};

/// Two transactions waited for each other's row locks; this one was rolled back.
const DEADLOCK: u16 = 1213;
/// Waiting for a row lock timed out.
const LOCK_WAIT_TIMEOUT: u16 = 1205;

impl MySqlStore {
    /// The number of rows that were inserted, changed or removed.
    pub(super) async fn execute(&self, query: MySqlQuery) -> sqlx::Result<u64> {
        let mut connection = self.acquire().await?;
        let done = with_timeout(DATABASE_STATEMENT_TIMEOUT, query.execute(&mut *connection.inner)).await;
        Ok(connection.after(done)?.rows_affected())
    }

    pub(super) async fn fetch_optional(&self, query: MySqlQuery) -> sqlx::Result<Option<MySqlRow>> {
        let mut connection = self.acquire().await?;
        let done = with_timeout(DATABASE_STATEMENT_TIMEOUT, query.fetch_optional(&mut *connection.inner)).await;
        connection.after(done)
    }

    pub(super) async fn fetch_all(&self, query: MySqlQuery) -> sqlx::Result<Vec<MySqlRow>> {
        let mut connection = self.acquire().await?;
        let done = with_timeout(DATABASE_STATEMENT_TIMEOUT, query.fetch_all(&mut *connection.inner)).await;
        connection.after(done)
    }

    /// Begins a transaction. Only for use inside [`with_retries`], which limits its time.
    pub(super) async fn begin(&self) -> sqlx::Result<MySqlTransaction> {
        let mut connection = self.acquire().await?;
        connection.inner.execute("BEGIN").await?;
        Ok(MySqlTransaction { connection })
    }

    async fn acquire(&self) -> sqlx::Result<PooledConnection> {
        Ok(PooledConnection { inner: self.pool.acquire().await?, finished: false })
    }
}

/// Statements that take effect together at [`commit`](Transaction::commit), or not at all.
pub(super) struct MySqlTransaction {
    connection: PooledConnection,
}

impl Transaction for MySqlTransaction {
    type Query = MySqlQuery;
    type Row = MySqlRow;

    async fn execute(&mut self, query: MySqlQuery) -> sqlx::Result<u64> {
        Ok(query.execute(&mut *self.connection.inner).await?.rows_affected())
    }

    async fn fetch_optional(&mut self, query: MySqlQuery) -> sqlx::Result<Option<MySqlRow>> {
        query.fetch_optional(&mut *self.connection.inner).await
    }

    async fn fetch_all(&mut self, query: MySqlQuery) -> sqlx::Result<Vec<MySqlRow>> {
        query.fetch_all(&mut *self.connection.inner).await
    }

    async fn commit(self) -> sqlx::Result<()> {
        self.end("COMMIT").await
    }

    async fn roll_back(self) -> sqlx::Result<()> {
        self.end("ROLLBACK").await
    }
}

impl MySqlTransaction {
    async fn end(mut self, statement: &'static str) -> sqlx::Result<()> {
        self.connection.inner.execute(statement).await?;
        self.connection.finished = true;
        Ok(())
    }
}

/// A connection that returns to the pool only when no statement or transaction is pending on it; else it is closed.
struct PooledConnection {
    inner: PoolConnection<MySql>,
    finished: bool,
}

impl PooledConnection {
    /// After a single statement. A statement that the server rejected is complete, too.
    fn after<T>(mut self, done: sqlx::Result<T>) -> sqlx::Result<T> {
        self.finished = matches!(done, Ok(_) | Err(sqlx::Error::Database(_)));
        done
    }
}

impl Drop for PooledConnection {
    fn drop(&mut self) {
        if !self.finished {
            self.inner.close_on_drop();
        }
    }
}

/// Runs a transaction; retries it when it lost its row locks to another one, since it is then rolled back.
pub(super) async fn with_retries<T, F>(mut attempt: impl FnMut() -> F + Send) -> StoreResult<T>
where
    F: Future<Output = StoreResult<T>> + Send,
{
    let mut tries = 1;
    loop {
        match with_timeout(DATABASE_TRANSACTION_TIMEOUT, attempt()).await {
            Err(error) if tries < DATABASE_TRIES_MAX && lost_locks(&error) => {
                tracing::debug!(%error, tries, "a transaction lost its row locks and is retried");
                tries += 1;
            }
            done => return done,
        }
    }
}

pub(super) async fn with_timeout<T, E: From<sqlx::Error>>(
    timeout: Duration,
    call: impl Future<Output = Result<T, E>> + Send,
) -> Result<T, E> {
    tokio::time::timeout(timeout, call).await.unwrap_or_else(|_| {
        let error = std::io::Error::new(std::io::ErrorKind::TimedOut, "the database did not respond in time");
        Err(sqlx::Error::Io(error).into())
    })
}

fn lost_locks(error: &StoreError) -> bool {
    let StoreError::Database(sqlx::Error::Database(cause)) = error else { return false };
    let number = cause.try_downcast_ref::<MySqlDatabaseError>().map(MySqlDatabaseError::number);
    matches!(number, Some(DEADLOCK | LOCK_WAIT_TIMEOUT))
}
