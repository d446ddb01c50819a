//! Copies of the database: taken while a server runs, put back while none does.
//!
//! A copy is whole or it is not there: it is written beside its place, checked, synced to the disk and then renamed. It
//! holds everything that was acknowledged before it was begun. Keys are not in it: see `docs/operations.md`.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode};
use sqlx::{ConnectOptions as _, Connection as _};

use super::{BUSY_TIMEOUT, MIGRATIONS};

/// What is in a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contents {
    /// Rooms, closed ones included.
    pub rooms: i64,
    /// People.
    pub users: i64,
    /// Size of the file.
    pub bytes: u64,
}

/// Why a copy was not conflict, or not put back.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is nothing to copy.
    #[error("there is no database at {0}")]
    Missing(PathBuf),
    /// It would have to be overwritten.
    #[error("{0} is there already")]
    Exists(PathBuf),
    /// A server runs on it.
    #[error("a server is using {0}")]
    InUse(PathBuf),
    /// It is no copy of a database of this program.
    #[error("{path} cannot be used: {reason}")]
    Unusable {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The file system refused.
    #[error("{path}: {error}")]
    Files {
        /// Where.
        path: PathBuf,
        /// What it said.
        error: io::Error,
    },
    /// The database refused.
    #[error("the database failed: {0}")]
    Database(#[from] sqlx::Error),
}

/// Copies the database `from` into the new file `to`. A server may run on it, and goes on meanwhile.
pub async fn back_up(from: &Path, to: &Path) -> Result<Contents, BackupError> {
    if !from.exists() {
        return Err(BackupError::Missing(from.into()));
    }
    if to.exists() {
        return Err(BackupError::Exists(to.into()));
    }
    let partial = Partial::new(to)?;
    let mut database = existing(from).read_only(true).connect().await?;
    // One read transaction: the state of one moment, however much is written meanwhile.
    sqlx::query("VACUUM INTO ?").bind(utf8(&partial.0)?).execute(&mut database).await?;
    database.close().await?;
    let contents = check(&partial.0).await?;
    partial.become_whole(to)?;
    Ok(contents)
}

/// Puts a copy in the place of the database `to`, where no server may run. What was there is kept under another name when
/// it may be replaced: the second value.
///
/// A copy is older than what clients know, and what comes after it is another history: every room gets `epoch`, which must
/// be greater than all before it, so that nobody resumes into it.
pub async fn restore(
    copy: &Path,
    to: &Path,
    replace: bool,
    epoch: i64,
) -> Result<(Contents, Option<PathBuf>), BackupError> {
    let contents = check(copy).await?;
    let _lock = Lock::take(to)?;
    if to.exists() && !replace {
        return Err(BackupError::Exists(to.into()));
    }
    let partial = Partial::new(to)?;
    fs::copy(copy, &partial.0).map_err(at(&partial.0))?;
    begin_epoch(&partial.0, epoch).await?;
    let kept = if to.exists() { Some(set_aside(to, epoch).await?) } else { None };
    partial.become_whole(to)?;
    Ok((contents, kept))
}

/// Held by whoever may write to a database: one server, or one restoring. The system lets go of it when they end, however
/// they end.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "it is held, not read")] File);

impl Lock {
    /// Takes it, or says that somebody else has it.
    pub fn take(database: &Path) -> Result<Self, BackupError> {
        let path = with_suffix(database, ".lock");
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(at(&path))?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(fs::TryLockError::WouldBlock) => Err(BackupError::InUse(database.into())),
            Err(fs::TryLockError::Error(error)) => Err(BackupError::Files { path, error }),
        }
    }
}

/// A file that is being written, beside its place; removed unless it gets there.
struct Partial(PathBuf);

impl Partial {
    /// Makes it, for its owner's eyes only.
    fn new(place: &Path) -> Result<Self, BackupError> {
        let path = with_suffix(place, ".partial");
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(BackupError::Files { path, error }),
            _ => {}
        }
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).map_err(at(&path))?;
        Ok(Self(path))
    }

    /// Survives from here on whatever happens to the machine.
    fn become_whole(self, place: &Path) -> Result<(), BackupError> {
        File::open(&self.0).and_then(|file| file.sync_all()).map_err(at(&self.0))?;
        fs::rename(&self.0, place).map_err(at(place))?;
        let folder = place.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(at(folder))
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        // After the rename there is nothing to remove.
        let _ = fs::remove_file(&self.0);
    }
}

/// Opens a copy and sees whether it is whole and of this program.
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

async fn begin_epoch(path: &Path, epoch: i64) -> Result<(), BackupError> {
    let mut database = existing(path).connect().await?;
    let mut transaction = database.begin().await?;
    sqlx::query("UPDATE room_journal SET epoch = ?").bind(epoch).execute(&mut *transaction).await?;
    sqlx::query("UPDATE room_checkpoints SET epoch = ?").bind(epoch).execute(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(database.close().await?)
}

/// Renames a database, with what SQLite keeps beside it.
async fn set_aside(database: &Path, mark: i64) -> Result<PathBuf, BackupError> {
    // Brings what is in the log into the file. A database that is broken cannot, and goes with its log as it is.
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
