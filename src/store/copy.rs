//! Copies a database into an empty one of the other kind, while no server uses either.
//!
//! SQLite's schema says which tables and columns there are; MySQL's has the same. Rows are read in the order of their
//! primary keys, page by page, so that memory is bounded and no statement is long. Afterwards the copy is read back, and
//! both sides must have the same digest.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};
use sqlx::{AssertSqlSafe, MySqlPool, SqlitePool};

use super::mysql::MySqlStore;
use super::sql::portable::{MySqlQuery, PortableQuery, PortableRow, SqliteQuery};
use super::sqlite::SqliteStore;

/// Bytes that are read and written at once, about. A single row may have more.
const PAGE_BYTES: usize = 1024 * 1024;
/// Rows that are read and written at once, at most: their values fit in one statement of both databases.
const PAGE_ROWS_MAX: usize = 500;
/// The first page of a table, before the size of its rows is known.
const PAGE_ROWS_FIRST: usize = 16;
/// Which servers run, and which of them has a room. Neither is true of a copy.
const OF_SERVERS: [(&str, Option<&str>); 2] = [("nodes", None), ("rooms", Some("owner_id"))];

/// Why a database was not copied. What was written stays.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// Copies go from SQLite to MySQL, or back.
    #[error("both databases are of the same kind")]
    SameKind,
    /// The database to fill has rows.
    #[error("the database to fill is not empty: its table {0} has rows")]
    NotEmpty(String),
    /// A value is not what its column holds.
    #[error("unreadable row in {table}: {column} is not UTF-8")]
    Unreadable {
        /// The table.
        table: String,
        /// The column.
        column: String,
    },
    /// What was written is not what was read.
    #[error("table {0} differs from what was copied into it: did a server run?")]
    Differs(String),
    /// A database failed.
    #[error("a database failed: {0}")]
    Database(#[from] sqlx::Error),
}

/// A table that was copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// Its name.
    pub table: String,
    /// Its rows.
    pub rows: u64,
    /// SHA-256 of all values in the order of the primary key, the same in both databases.
    pub digest: [u8; 32],
}

/// A side of a copy.
#[derive(Clone, Debug)]
pub enum Side {
    /// A SQLite file.
    Sqlite(SqlitePool),
    /// A MySQL database.
    MySql(MySqlPool),
}

impl From<&SqliteStore> for Side {
    fn from(store: &SqliteStore) -> Self {
        Self::Sqlite(store.pool().clone())
    }
}

impl From<&MySqlStore> for Side {
    fn from(store: &MySqlStore) -> Self {
        Self::MySql(store.pool().clone())
    }
}

/// Copies all tables, and reads them back.
pub async fn copy(from: &Side, to: &Side) -> Result<Vec<Copied>, CopyError> {
    let tables = match (from, to) {
        (Side::Sqlite(pool), Side::MySql(_)) | (Side::MySql(_), Side::Sqlite(pool)) => tables(pool).await?,
        _ => return Err(CopyError::SameKind),
    };
    for table in &tables {
        if !to.page(table, None, 1).await?.is_empty() {
            return Err(CopyError::NotEmpty(table.name.clone()));
        }
    }
    let mut all = vec![];
    for table in &tables {
        let copied = from.read(table, Some(to)).await?;
        if to.read(table, None).await? != copied {
            return Err(CopyError::Differs(table.name.clone()));
        }
        all.push(copied);
    }
    Ok(all)
}

#[derive(Debug)]
struct Table {
    name: String,
    columns: Vec<Column>,
    /// Indexes of the columns of the primary key, in its order.
    key: Vec<usize>,
}

#[derive(Debug)]
struct Column {
    name: String,
    kind: Kind,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Integer,
    Text,
    Bytes,
}

#[derive(Clone, Debug)]
enum Value {
    Null,
    Integer(i64),
    Text(String),
    Bytes(Vec<u8>),
}

impl Value {
    /// Tagged, and with its length, so that no two lists of values have the same bytes.
    fn add_to(&self, digest: &mut Sha256) {
        let integer;
        let (tag, bytes): (u8, &[u8]) = match self {
            Self::Null => (0, &[]),
            Self::Integer(number) => {
                integer = number.to_be_bytes();
                (1, &integer)
            }
            Self::Text(text) => (2, text.as_bytes()),
            Self::Bytes(bytes) => (3, bytes),
        };
        digest.update([tag]);
        digest.update((bytes.len() as u64).to_be_bytes());
        digest.update(bytes);
    }

    fn size(&self) -> usize {
        match self {
            Self::Null | Self::Integer(_) => size_of::<i64>(),
            Self::Text(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
        }
    }

    fn bind<Q: PortableQuery>(&self, query: Q) -> Q {
        match self {
            Self::Null => query.bind(None::<i64>),
            Self::Integer(number) => query.bind(*number),
            Self::Text(text) => query.bind(text.as_str()),
            Self::Bytes(bytes) => query.bind(bytes.as_slice()),
        }
    }
}

/// The tables of a SQLite database, without what is about its servers.
async fn tables(pool: &SqlitePool) -> Result<Vec<Table>, CopyError> {
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND substr(name, 1, 1) <> '_' ORDER BY name";
    let names: Vec<String> = sqlx::query_scalar(sql).fetch_all(pool).await?;
    let mut tables = vec![];
    for name in names.into_iter().filter(|name| !OF_SERVERS.contains(&(name, None))) {
        let sql = "SELECT name, type, pk FROM pragma_table_info(?) ORDER BY cid";
        let rows: Vec<(String, String, i64)> = sqlx::query_as(sql).bind(&name).fetch_all(pool).await?;
        let (mut columns, mut key) = (vec![], vec![]);
        for (column, kind, place) in rows {
            if OF_SERVERS.contains(&(&name, Some(&column))) {
                continue;
            }
            if place > 0 {
                key.push((place, columns.len()));
            }
            let kind = match kind.as_str() {
                "INTEGER" => Kind::Integer,
                "TEXT" => Kind::Text,
                _ => Kind::Bytes,
            };
            columns.push(Column { name: column, kind });
        }
        key.sort_unstable();
        tables.push(Table { name, columns, key: key.into_iter().map(|(_, column)| column).collect() });
    }
    Ok(tables)
}

#[derive(Clone, Copy)]
enum Dialect {
    Sqlite,
    MySql,
}

impl Dialect {
    /// An expression with the column's name, from which its kind can be read.
    fn column(self, Column { name, kind }: &Column) -> String {
        match (self, kind) {
            (Self::Sqlite, _) => format!("`{name}`"),
            // The driver keeps small and unsigned integers, and text and bytes, apart.
            (Self::MySql, Kind::Integer) => format!("CAST(`{name}` AS SIGNED) AS `{name}`"),
            (Self::MySql, Kind::Text | Kind::Bytes) => format!("CAST(`{name}` AS BINARY) AS `{name}`"),
        }
    }

    /// The condition that a key comes after another, in the form for which the database uses its index.
    fn follows<'a>(self, key: &[String], after: &'a [Value], sql: &mut String, values: &mut Vec<&'a Value>) {
        match self {
            Self::Sqlite => {
                let _ = write!(sql, "({}) > ({})", key.join(", "), vec!["?"; key.len()].join(", "));
                values.extend(after);
            }
            Self::MySql => {
                for last in 0..key.len() {
                    let alternative = key[..last].iter().map(|column| column.clone() + " = ?");
                    let alternative: Vec<_> = alternative.chain([key[last].clone() + " > ?"]).collect();
                    let _ = write!(sql, "{}({})", if last > 0 { " OR " } else { "" }, alternative.join(" AND "));
                    values.extend(&after[..=last]);
                }
            }
        }
    }
}

impl Table {
    /// Reads rows after a key, in the order of keys.
    fn select<Q: PortableQuery>(&self, dialect: Dialect, after: Option<&[Value]>, rows: usize) -> Q {
        let columns: Vec<_> = self.columns.iter().map(|column| dialect.column(column)).collect();
        let key: Vec<_> = self.key.iter().map(|column| format!("`{}`", self.columns[*column].name)).collect();
        let mut sql = format!("SELECT {} FROM `{}`", columns.join(", "), self.name);
        let mut values = vec![];
        if let Some(after) = after {
            sql += " WHERE ";
            dialect.follows(&key, after, &mut sql, &mut values);
        }
        let _ = write!(sql, " ORDER BY {} LIMIT {rows}", key.join(", "));
        values.into_iter().fold(Q::new(AssertSqlSafe(sql)), |query, value| value.bind(query))
    }

    fn insert<Q: PortableQuery>(&self, rows: &[Vec<Value>]) -> Q {
        let columns: Vec<_> = self.columns.iter().map(|column| format!("`{}`", column.name)).collect();
        let row = format!("({})", vec!["?"; columns.len()].join(", "));
        let sql =
            format!("INSERT INTO `{}` ({}) VALUES {}", self.name, columns.join(", "), vec![row; rows.len()].join(", "));
        rows.iter().flatten().fold(Q::new(AssertSqlSafe(sql)), |query, value| value.bind(query))
    }

    fn decode(&self, row: &impl PortableRow) -> Result<Vec<Value>, CopyError> {
        let value = |Column { name, kind }: &Column| {
            Ok(match kind {
                Kind::Integer => row.get::<Option<i64>>(name)?.map_or(Value::Null, Value::Integer),
                Kind::Bytes => row.get::<Option<Vec<u8>>>(name)?.map_or(Value::Null, Value::Bytes),
                Kind::Text => match row.get::<Option<Vec<u8>>>(name)?.map(String::from_utf8) {
                    None => Value::Null,
                    Some(Ok(text)) => Value::Text(text),
                    Some(Err(_)) => {
                        return Err(CopyError::Unreadable { table: self.name.clone(), column: name.clone() });
                    }
                },
            })
        };
        self.columns.iter().map(value).collect()
    }
}

impl Side {
    async fn page(&self, table: &Table, after: Option<&[Value]>, rows: usize) -> Result<Vec<Vec<Value>>, CopyError> {
        match self {
            Self::Sqlite(pool) => {
                let rows = table.select::<SqliteQuery>(Dialect::Sqlite, after, rows).fetch_all(pool).await?;
                rows.iter().map(|row| table.decode(row)).collect()
            }
            Self::MySql(pool) => {
                let rows = table.select::<MySqlQuery>(Dialect::MySql, after, rows).fetch_all(pool).await?;
                rows.iter().map(|row| table.decode(row)).collect()
            }
        }
    }

    /// Reads a table, and writes it to another side.
    async fn read(&self, table: &Table, to: Option<&Side>) -> Result<Copied, CopyError> {
        let (mut digest, mut rows, mut page_rows) = (Sha256::new(), 0, PAGE_ROWS_FIRST);
        let mut after: Option<Vec<Value>> = None;
        loop {
            let page = self.page(table, after.as_deref(), page_rows).await?;
            let Some(last) = page.last() else { break };
            after = Some(table.key.iter().map(|column| last[*column].clone()).collect());
            if let Some(to) = to {
                to.insert(table, &page).await?;
            }
            page.iter().flatten().for_each(|value| value.add_to(&mut digest));
            rows += page.len() as u64;
            let bytes: usize = page.iter().flatten().map(Value::size).sum();
            page_rows = (PAGE_BYTES * page.len() / bytes.max(1)).clamp(1, PAGE_ROWS_MAX);
        }
        Ok(Copied { table: table.name.clone(), rows, digest: digest.finalize().into() })
    }

    async fn insert(&self, table: &Table, rows: &[Vec<Value>]) -> Result<(), CopyError> {
        match self {
            Self::Sqlite(pool) => {
                table.insert::<SqliteQuery>(rows).execute(pool).await?;
            }
            Self::MySql(pool) => {
                table.insert::<MySqlQuery>(rows).execute(pool).await?;
            }
        }
        Ok(())
    }
}
