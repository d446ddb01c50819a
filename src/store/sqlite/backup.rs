//! Backs the database up while a server runs, and restores it while none runs.
//!
//! A backup is complete or absent: it is written beside its destination, checked, synced to disk and then renamed. It
//! holds every write that was acknowledged before it began. It holds no keys: see `docs/operations.md`.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, SqlitePool};

use super::{BUSY_TIMEOUT, MIGRATIONS};
use crate::private_files::give_to_owner_of_folder;

/// The contents of a backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contents {
    /// Rooms, closed ones included.
    pub rooms: i64,
    /// Guests and accounts.
    pub users: i64,
    /// Size of the file, in bytes.
    pub bytes: u64,
}

/// Why a backup or a restore failed.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is no database to back up.
    #[error("there is no database at {0}")]
    Missing(PathBuf),
    /// The destination exists and would be overwritten.
    #[error("{0} already exists")]
    Exists(PathBuf),
    /// A server is running on the database.
    #[error("a server is using {0}")]
    InUse(PathBuf),
    /// The file is not a backup of a database of this program.
    #[error("{path} cannot be used: {reason}")]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The file system failed.
    #[error("{path}: {error}")]
    Files {
        /// The file or folder.
        path: PathBuf,
        /// The error.
        error: io::Error,
    },
    /// SQLite failed.
    #[error("the database failed: {0}")]
    Database(#[from] sqlx::Error),
}

/// Copies the database `from` into the new file `to`. A server may be running on it and is not blocked.
pub async fn back_up(from: &Path, to: &Path) -> Result<Contents, BackupError> {
    if !from.exists() {
        return Err(BackupError::Missing(from.into()));
    }
    if to.exists() {
        return Err(BackupError::Exists(to.into()));
    }
    let partial = PartialFile::new(to)?;
    let mut database = existing(from).read_only(true).connect().await?;
    // One read transaction: a consistent state, however much is written meanwhile.
    sqlx::query("VACUUM INTO ?").bind(utf8(&partial.0)?).execute(&mut database).await?;
    database.close().await?;
    let contents = check(&partial.0).await?;
    partial.persist(to)?;
    Ok(contents)
}

/// Replaces the database `to` by a backup; no server may be running on it. With `replace` an existing database is kept
/// under another name, which is the second value.
///
/// A backup is older than the state clients know, so what follows is a different history: every room gets `epoch`,
/// which must be greater than all earlier ones, so that no client resumes into it.
pub async fn restore(
    copy: &Path,
    to: &Path,
    replace: bool,
    epoch: i64,
) -> Result<(Contents, Option<PathBuf>), BackupError> {
    let contents = check(copy).await?;
    let _lock = DatabaseLock::take(to)?;
    if to.exists() && !replace {
        return Err(BackupError::Exists(to.into()));
    }
    let partial = PartialFile::new(to)?;
    fs::copy(copy, &partial.0).map_err(at(&partial.0))?;
    set_epoch(&partial.0, epoch).await?;
    give_to_owner_of_folder(&partial.0).map_err(at(&partial.0))?;
    let kept = if to.exists() { Some(set_aside(to, epoch).await?) } else { None };
    partial.persist(to)?;
    Ok((contents, kept))
}

/// A database that is filled before it appears at its path, complete.
#[derive(Debug)]
pub struct NewDatabase {
    partial: PartialFile,
    path: PathBuf,
    pool: SqlitePool,
    _lock: DatabaseLock,
}

impl NewDatabase {
    /// Creates it with the current schema; nothing may be at its path.
    pub async fn create(path: &Path) -> Result<Self, BackupError> {
        let lock = DatabaseLock::take(path)?;
        if path.exists() {
            return Err(BackupError::Exists(path.into()));
        }
        let partial = PartialFile::new(path)?;
        // Nothing of it counts until it is renamed, which syncs it.
        let options = existing(&partial.0).journal_mode(SqliteJournalMode::Off).synchronous(SqliteSynchronous::Off);
        let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await?;
        MIGRATIONS.run(&pool).await.map_err(sqlx::Error::from)?;
        Ok(Self { partial, path: path.into(), pool, _lock: lock })
    }

    /// To fill it.
    pub fn pool(&self) -> &SqlitePool {
        &self.pool
    }

    /// Moves it to its path; once this returns, it survives a crash of the machine.
    pub async fn persist(self) -> Result<(), BackupError> {
        self.pool.close().await;
        give_to_owner_of_folder(&self.partial.0).map_err(at(&self.partial.0))?;
        self.partial.persist(&self.path)
    }
}

/// The exclusive right to write to a database, held by one server or one restore. The system releases it when the
/// process ends.
#[derive(Debug)]
pub struct DatabaseLock(#[expect(dead_code, reason = "it is held, not read")] File);

impl DatabaseLock {
    /// Takes the lock; fails with [`BackupError::InUse`] when another process holds it.
    pub fn take(database: &Path) -> Result<Self, BackupError> {
        let path = with_suffix(database, ".lock");
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(at(&path))?;
        give_to_owner_of_folder(&path).map_err(at(&path))?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(fs::TryLockError::WouldBlock) => Err(BackupError::InUse(database.into())),
            Err(fs::TryLockError::Error(error)) => Err(BackupError::Files { path, error }),
        }
    }
}

/// A file being written beside its destination; removed unless it is persisted.
#[derive(Debug)]
struct PartialFile(PathBuf);

impl PartialFile {
    /// Creates it, readable by its owner only.
    fn new(destination: &Path) -> Result<Self, BackupError> {
        let path = with_suffix(destination, ".partial");
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(BackupError::Files { path, error }),
            _ => {}
        }
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).map_err(at(&path))?;
        Ok(Self(path))
    }

    /// Moves it to its destination; once this returns, it survives a crash of the machine.
    fn persist(self, destination: &Path) -> Result<(), BackupError> {
        File::open(&self.0).and_then(|file| file.sync_all()).map_err(at(&self.0))?;
        fs::rename(&self.0, destination).map_err(at(destination))?;
        let folder = destination.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(at(folder))
    }
}

impl Drop for PartialFile {
    fn drop(&mut self) {
        // After the rename there is no file to remove.
        let _ = fs::remove_file(&self.0);
    }
}

/// Opens a backup and checks its integrity and its migrations.
async fn check(path: &Path) -> Result<Contents, BackupError> {
    let unusable = |reason: String| BackupError::Unusable { path: path.into(), reason };
    let bytes = fs::metadata(path).map_err(at(path))?.len();
    let options = existing(path).read_only(true);
    let mut database = options.connect().await.map_err(|error| unusable(error.to_string()))?;
    let found: Vec<String> = sqlx::query_scalar("PRAGMA integrity_check")
        .fetch_all(&mut database)
        .await
        .map_err(|error| unusable(error.to_string()))?;
    if found != ["ok"] {
        return Err(unusable(found.join("; ")));
    }
    let versions: Vec<i64> = sqlx::query_scalar("SELECT version FROM _sqlx_migrations ORDER BY version")
        .fetch_all(&mut database)
        .await
        .map_err(|_| unusable("it is no database of Tutti".into()))?;
    if let Some(newer) = versions.iter().find(|version| !MIGRATIONS.iter().any(|known| known.version == **version)) {
        return Err(unusable(format!("it is from a newer program (it has migration {newer})")));
    }
    let rooms = sqlx::query_scalar("SELECT COUNT(*) FROM rooms").fetch_one(&mut database).await?;
    let users = sqlx::query_scalar("SELECT COUNT(*) FROM users").fetch_one(&mut database).await?;
    database.close().await?;
    Ok(Contents { rooms, users, bytes })
}

async fn set_epoch(path: &Path, epoch: i64) -> Result<(), BackupError> {
    let mut database = existing(path).connect().await?;
    let mut transaction = database.begin().await?;
    sqlx::query("UPDATE room_journal SET epoch = ?").bind(epoch).execute(&mut *transaction).await?;
    sqlx::query("UPDATE room_checkpoints SET epoch = ?").bind(epoch).execute(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(database.close().await?)
}

/// Renames a database with the files that SQLite keeps beside it.
async fn set_aside(database: &Path, mark: i64) -> Result<PathBuf, BackupError> {
    // Copies the write-ahead log into the file. A corrupt database cannot do that; its log is renamed with it.
    if let Ok(mut open) = existing(database).journal_mode(SqliteJournalMode::Delete).connect().await {
        let _ = SqliteConnection::ping(&mut open).await;
        let _ = open.close().await;
    }
    let aside = with_suffix(database, &format!(".replaced-{mark}"));
    for suffix in ["-wal", "-shm", ""] {
        let (from, to) = (with_suffix(database, suffix), with_suffix(&aside, suffix));
        if from.exists() {
            fs::rename(&from, &to).map_err(at(&from))?;
        }
    }
    Ok(aside)
}

fn existing(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new().filename(path).create_if_missing(false).busy_timeout(BUSY_TIMEOUT)
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn utf8(path: &Path) -> Result<&str, BackupError> {
    path.to_str().ok_or_else(|| BackupError::Unusable { path: path.into(), reason: "its name is not UTF-8".into() })
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> BackupError {
    let path = path.to_owned();
    move |error| BackupError::Files { path, error }
}
