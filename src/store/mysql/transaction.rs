//! Statements and units of transaction, each in bounded time.
//!
//! A statement that takes too long takes its connection along, since nobody knows what comes out of it later. So does a
//! transaction that is dropped before its end: the server rolls back what is left of it.

use std::future::Future;
use std::time::Duration;

use sqlx::mysql::{MySqlDatabaseError, MySqlRow};
use sqlx::pool::PoolConnection;
use sqlx::{Executor as _, MySql};

use super::MySqlStore;
use crate::limits::{DATABASE_STATEMENT_TIMEOUT, DATABASE_TRIES_MAX, DATABASE_WORK_TIMEOUT};
use crate::store::sql::portable::{MySqlQuery, Transaction};
use crate::store::{StoreError, StoreResult};

/// Two units of transaction wanted each other's row locks; this one was rolled back.
const DEADLOCK: u16 = 1213;
/// A row lock did not come in time.
const LOCK_WAIT_TIMEOUT: u16 = 1205;

impl MySqlStore {
    /// The number of rows that were inserted, changed or removed.
    pub(super) async fn execute(&self, query: MySqlQuery) -> sqlx::Result<u64> {
        let mut lease = self.lease().await?;
        let done = with_timeout(DATABASE_STATEMENT_TIMEOUT, query.execute(&mut *lease.connection)).await;
        Ok(lease.after(done)?.rows_affected())
    }

    pub(super) async fn fetch_optional(&self, query: MySqlQuery) -> sqlx::Result<Option<MySqlRow>> {
        let mut lease = self.lease().await?;
        let done = with_timeout(DATABASE_STATEMENT_TIMEOUT, query.fetch_optional(&mut *lease.connection)).await;
        lease.after(done)
    }

    pub(super) async fn fetch_all(&self, query: MySqlQuery) -> sqlx::Result<Vec<MySqlRow>> {
        let mut lease = self.lease().await?;
        let done = with_timeout(DATABASE_STATEMENT_TIMEOUT, query.fetch_all(&mut *lease.connection)).await;
        lease.after(done)
    }

    /// Begins a transaction. Only inside of [`with_retries`], which bounds its time.
    pub(super) async fn begin(&self) -> sqlx::Result<MySqlTransaction> {
        let mut lease = self.lease().await?;
        lease.connection.execute("BEGIN").await?;
        Ok(MySqlTransaction { lease })
    }

    async fn lease(&self) -> sqlx::Result<Lease> {
        Ok(Lease { connection: self.pool.acquire().await?, finished: false })
    }
}

/// Several statements that take effect together, at [`commit`](Transaction::commit), or not at all.
pub(super) struct MySqlTransaction {
    lease: Lease,
}

impl Transaction for MySqlTransaction {
    type Query = MySqlQuery;
    type Row = MySqlRow;

    async fn execute(&mut self, query: MySqlQuery) -> sqlx::Result<u64> {
        Ok(query.execute(&mut *self.lease.connection).await?.rows_affected())
    }

    async fn fetch_optional(&mut self, query: MySqlQuery) -> sqlx::Result<Option<MySqlRow>> {
        query.fetch_optional(&mut *self.lease.connection).await
    }

    async fn fetch_all(&mut self, query: MySqlQuery) -> sqlx::Result<Vec<MySqlRow>> {
        query.fetch_all(&mut *self.lease.connection).await
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
        self.lease.connection.execute(statement).await?;
        self.lease.finished = true;
        Ok(())
    }
}

/// A connection that goes back to the pool only when it is known to be at rest.
struct Lease {
    connection: PoolConnection<MySql>,
    finished: bool,
}

impl Lease {
    /// After one statement by itself. One that the server refused has been answered, too.
    fn after<T>(mut self, done: sqlx::Result<T>) -> sqlx::Result<T> {
        self.finished = matches!(done, Ok(_) | Err(sqlx::Error::Database(_)));
        done
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if !self.finished {
            self.connection.close_on_drop();
        }
    }
}

/// Tries a transaction, again when it lost its locks to another one: then nothing of it is there.
pub(super) async fn with_retries<T, F>(mut attempt: impl FnMut() -> F + Send) -> StoreResult<T>
where
    F: Future<Output = StoreResult<T>> + Send,
{
    let mut tries = 1;
    loop {
        match with_timeout(DATABASE_WORK_TIMEOUT, attempt()).await {
            Err(error) if tries < DATABASE_TRIES_MAX && lost_locks(&error) => {
                tracing::debug!(%error, tries, "a transaction lost its locks to another one and is tried again");
                tries += 1;
            }
            done => return done,
        }
    }
}

pub(super) async fn with_timeout<T, E: From<sqlx::Error>>(
    at_most: Duration,
    transaction: impl Future<Output = Result<T, E>> + Send,
) -> Result<T, E> {
    tokio::time::timeout(at_most, transaction).await.unwrap_or_else(|_| {
        let error = std::io::Error::new(std::io::ErrorKind::TimedOut, "it did not answer in time");
        Err(sqlx::Error::Io(error).into())
    })
}

fn lost_locks(error: &StoreError) -> bool {
    let StoreError::Database(sqlx::Error::Database(cause)) = error else { return false };
    let number = cause.try_downcast_ref::<MySqlDatabaseError>().map(MySqlDatabaseError::number);
    matches!(number, Some(DEADLOCK | LOCK_WAIT_TIMEOUT))
}
