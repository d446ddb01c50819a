//! Queries, rows and transactions that code can use without knowing the database.

use sqlx::mysql::{MySqlArguments, MySqlRow};
use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Decode, Encode, MySql, Row as _, SqlSafeStr, Sqlite, Type};

use super::encoding::decode_hash;
use crate::store::{StoreError, StoreResult};

/// A query of SQLite.
pub(crate) type SqliteQuery = Query<'static, Sqlite, SqliteArguments>;
/// A query of MySQL.
pub(crate) type MySqlQuery = Query<'static, MySql, MySqlArguments>;

/// A value that both databases take as an argument.
pub(crate) trait Argument<'a>: Encode<'a, Sqlite> + Type<Sqlite> + Encode<'a, MySql> + Type<MySql> {}

impl<'a, T: Encode<'a, Sqlite> + Type<Sqlite> + Encode<'a, MySql> + Type<MySql>> Argument<'a> for T {}

/// A value that both databases return in a column.
pub(crate) trait Column<'r>: Decode<'r, Sqlite> + Type<Sqlite> + Decode<'r, MySql> + Type<MySql> {}

impl<'r, T: Decode<'r, Sqlite> + Type<Sqlite> + Decode<'r, MySql> + Type<MySql>> Column<'r> for T {}

/// A statement with its arguments.
pub(crate) trait PortableQuery: Sized + Send {
    fn new(sql: impl SqlSafeStr) -> Self;
    fn bind<'a>(self, argument: impl Argument<'a>) -> Self;
}

impl PortableQuery for SqliteQuery {
    fn new(sql: impl SqlSafeStr) -> Self {
        sqlx::query(sql)
    }

    fn bind<'a>(self, argument: impl Argument<'a>) -> Self {
        self.bind(argument)
    }
}

impl PortableQuery for MySqlQuery {
    fn new(sql: impl SqlSafeStr) -> Self {
        sqlx::query(sql)
    }

    fn bind<'a>(self, argument: impl Argument<'a>) -> Self {
        self.bind(argument)
    }
}

/// A row of a result.
pub(crate) trait PortableRow: Send + Sync {
    fn get<'r, T: Column<'r>>(&'r self, column: &str) -> sqlx::Result<T>;

    /// Text of any column. MySQL's driver returns `VARBINARY`, which compares byte by byte, as bytes only.
    fn text(&self, table: &'static str, column: &str) -> StoreResult<String> {
        decode_text(table, column, self.get(column)?)
    }

    fn optional_text(&self, table: &'static str, column: &str) -> StoreResult<Option<String>> {
        self.get::<Option<_>>(column)?.map(|bytes| decode_text(table, column, bytes)).transpose()
    }

    fn hash(&self, table: &'static str, column: &str) -> StoreResult<[u8; 32]> {
        decode_hash(table, self.get(column)?)
    }

    fn optional_hash(&self, table: &'static str, column: &str) -> StoreResult<Option<[u8; 32]>> {
        self.get::<Option<_>>(column)?.map(|bytes| decode_hash(table, bytes)).transpose()
    }
}

impl PortableRow for SqliteRow {
    fn get<'r, T: Column<'r>>(&'r self, column: &str) -> sqlx::Result<T> {
        self.try_get(column)
    }
}

impl PortableRow for MySqlRow {
    fn get<'r, T: Column<'r>>(&'r self, column: &str) -> sqlx::Result<T> {
        self.try_get(column)
    }
}

/// Statements that take effect at [`commit`](Transaction::commit), or not at all.
pub(crate) trait Transaction: Sized + Send {
    type Query: PortableQuery;
    type Row: PortableRow;

    /// The number of rows that were inserted, changed or removed.
    fn execute(&mut self, query: Self::Query) -> impl Future<Output = sqlx::Result<u64>> + Send;
    fn fetch_optional(&mut self, query: Self::Query) -> impl Future<Output = sqlx::Result<Option<Self::Row>>> + Send;
    fn fetch_all(&mut self, query: Self::Query) -> impl Future<Output = sqlx::Result<Vec<Self::Row>>> + Send;
    fn commit(self) -> impl Future<Output = sqlx::Result<()>> + Send;
    fn roll_back(self) -> impl Future<Output = sqlx::Result<()>> + Send;
}

fn decode_text(table: &'static str, column: &str, bytes: Vec<u8>) -> StoreResult<String> {
    String::from_utf8(bytes).map_err(|_| StoreError::Unreadable { table, reason: format!("{column} is not UTF-8") })
}
