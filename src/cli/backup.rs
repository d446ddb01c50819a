//! `tutti backup` and `tutti restore`: copies of the SQLite database. For MySQL use the database's own backups.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use tutti::clock::Clock;
use tutti::config::StorageConfig;
use tutti::private_files::private_folder;
use tutti::store::sqlite::backup::{self, BackupError, Contents};
use tutti::store::sqlite::database_path;

use super::print;

#[derive(Args)]
pub(crate) struct BackupArguments {
    /// File to write, such as `tutti-2026-11-23.db`; must not exist.
    file: PathBuf,

    #[command(flatten)]
    storage: StorageConfig,
}

#[derive(Args)]
pub(crate) struct RestoreArguments {
    /// File that `tutti backup` wrote.
    file: PathBuf,

    /// Replaces an existing database, which is renamed and kept.
    #[arg(long)]
    replace: bool,

    #[command(flatten)]
    storage: StorageConfig,
}

/// Copies the database.
pub(crate) fn back_up(arguments: &BackupArguments) -> anyhow::Result<()> {
    let database = database(&arguments.storage)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let contents = runtime.block_on(backup::back_up(&database, &arguments.file))?;
    print(&format!("{}: {}\n", arguments.file.display(), summary(contents)))
}

/// Restores a copy.
pub(crate) fn restore(arguments: &RestoreArguments) -> anyhow::Result<()> {
    let RestoreArguments { file, replace, storage } = arguments;
    let database = database(storage)?;
    private_folder(&storage.data_dir).with_context(|| format!("data directory {}", storage.data_dir.display()))?;
    // Like a room reloaded after a failure: a new epoch, so that no client resumes from events after the copy.
    let epoch = Clock::system().now_ms();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (contents, kept) = match runtime.block_on(backup::restore(file, &database, *replace, epoch)) {
        Err(error @ BackupError::Exists(_)) => {
            return Err(error).context("use --replace to rename and keep the existing database");
        }
        Err(error @ BackupError::InUse(_)) => return Err(error).context("stop the server first"),
        done => done?,
    };
    let kept = kept.map_or_else(String::new, |kept| format!("The previous database is now {}.\n", kept.display()));
    print(&format!("{}: {}\n{kept}", database.display(), summary(contents)))
}

fn database(storage: &StorageConfig) -> anyhow::Result<PathBuf> {
    database_path(storage)?
        .context("only SQLite is supported; use the backups of the MySQL database (see docs/planetscale.md)")
}

fn summary(Contents { rooms, users, bytes }: Contents) -> String {
    format!("{rooms} rooms, {users} users, {bytes} bytes")
}
