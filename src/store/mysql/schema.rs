//! The schema: `tutti migrate` brings a database up to date, the server only checks it.
//!
//! The table `_sqlx_migrations` records the applied migrations. No lock is held while they run, since Vitess ends long
//! transactions; the operator must not run two `tutti migrate` at once. Each migration is one statement, so it is
//! applied completely or not at all.

use std::fmt::Write as _;

use secrecy::SecretString;
use sqlx::Row as _;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::mysql::MySqlDatabaseError;

use super::MySqlStore;
use crate::store::{Store as _, StoreResult};

/// The statement that sqlx executes before the first migration.
const MIGRATIONS_TABLE: &str = "CREATE TABLE IF NOT EXISTS _sqlx_migrations (
    version BIGINT PRIMARY KEY,
    description TEXT NOT NULL,
    installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    success BOOLEAN NOT NULL,
    checksum BLOB NOT NULL,
    execution_time BIGINT NOT NULL
);
";
const NO_SUCH_TABLE: u16 = 1146;

/// How a database's schema differs from what this program needs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SchemaError {
    /// The database lacks migrations.
    #[error("its schema lacks {missing} of this program's {all} migrations: run `tutti migrate`, then start again")]
    Behind {
        /// The number of missing migrations.
        missing: usize,
        /// The number of migrations in this program.
        all: usize,
    },
    /// The database has a migration that this program does not know.
    #[error("its schema is newer than this program (it has migration {version}): run a newer program")]
    Newer {
        /// The migration's number.
        version: i64,
    },
    /// A migration began and did not finish.
    #[error(
        "migration {version} began there and did not finish: check whether its one statement took effect; if it did, set \
         `success` of this version in `_sqlx_migrations` to TRUE, else delete the row; then run `tutti migrate`"
    )]
    Unfinished {
        /// The migration's number.
        version: i64,
    },
    /// A migration differs from the one that ran on the database.
    #[error("migration {version} differs from the one that ran there: this program was not built from a release")]
    Changed {
        /// The migration's number.
        version: i64,
    },
}

/// A migration, as shown to an operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its number.
    pub version: i64,
    /// Its description.
    pub description: String,
}

/// Applies the migrations that a database lacks, and returns them.
pub async fn migrate(url: &SecretString) -> StoreResult<Vec<Step>> {
    let store = MySqlStore::connect(url).await?;
    let pending = store.pending().await?;
    if !pending.is_empty() {
        migrations().run(&store.pool).await.map_err(|error| match error {
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => error,
            other => sqlx::Error::from(other),
        })?;
    }
    store.close().await;
    Ok(pending)
}

/// The statements of the migrations that a database lacks, with those that record them as applied. Empty when there are
/// none.
pub async fn print(url: &SecretString) -> StoreResult<String> {
    let store = MySqlStore::connect(url).await?;
    let pending = store.pending().await?;
    store.close().await;
    let mut text = String::new();
    if !pending.is_empty() {
        text += MIGRATIONS_TABLE;
    }
    for migration in migrations().iter().filter(|known| pending.iter().any(|step| step.version == known.version)) {
        let _ = write!(
            text,
            "\n{}\nINSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
             VALUES ({}, '{}', TRUE, X'",
            migration.sql.as_str().trim_end(),
            migration.version,
            migration.description,
        );
        for byte in &*migration.checksum {
            let _ = write!(text, "{byte:02X}");
        }
        text += "', 0);\n";
    }
    Ok(text)
}

fn migrations() -> Migrator {
    let mut migrations = sqlx::migrate!("migrations/mysql");
    migrations.set_locking(false);
    migrations
}

impl MySqlStore {
    pub(super) async fn check_schema(&self) -> StoreResult<()> {
        match self.pending().await?.len() {
            0 => Ok(()),
            missing => Err(SchemaError::Behind { missing, all: migrations().iter().count() }.into()),
        }
    }

    /// The migrations that the database lacks, oldest first.
    async fn pending(&self) -> StoreResult<Vec<Step>> {
        let query = sqlx::query("SELECT version, success, checksum FROM _sqlx_migrations ORDER BY version");
        let rows = match self.fetch_all(query).await {
            Err(error) if is_missing_table(&error) => vec![],
            rows => rows?,
        };
        let mut pending: Vec<_> = migrations().migrations.into_owned();
        for row in rows {
            let version: i64 = row.try_get("version")?;
            if !row.try_get::<bool, _>("success")? {
                return Err(SchemaError::Unfinished { version }.into());
            }
            let Some(at) = pending.iter().position(|known| known.version == version) else {
                return Err(SchemaError::Newer { version }.into());
            };
            if *pending.remove(at).checksum != *row.try_get::<&[u8], _>("checksum")? {
                return Err(SchemaError::Changed { version }.into());
            }
        }
        let step = |migration: sqlx::migrate::Migration| Step {
            version: migration.version,
            description: migration.description.into_owned(),
        };
        Ok(pending.into_iter().map(step).collect())
    }
}

fn is_missing_table(error: &sqlx::Error) -> bool {
    let cause = error.as_database_error().and_then(|cause| cause.try_downcast_ref::<MySqlDatabaseError>());
    cause.is_some_and(|cause| cause.number() == NO_SUCH_TABLE)
}
