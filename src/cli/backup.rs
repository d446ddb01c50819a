//! `tutti backup` and `tutti restore`: copies of the SQLite database. Databases of their own have backups of their own.

use std::io::{self, Write as _};
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use tutti::clock::Clock;
use tutti::config::StorageConfig;
use tutti::store::sqlite::backup::{self, BackupError, Contents};
use tutti::store::sqlite::database_path;

#[derive(Args)]
pub(crate) struct BackupArguments {
    /// File to write, such as `tutti-2026-11-23.db`; must not be there yet.
    file: PathBuf,

    #[command(flatten)]
    storage: StorageConfig,
}

#[derive(Args)]
pub(crate) struct RestoreArguments {
    /// File that `tutti backup` wrote.
    file: PathBuf,

    /// Puts it in the place of a database that is there, which is kept under another name.
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
    say(&format!("{}: {}\n", arguments.file.display(), told(contents)))
}

/// Puts a copy back.
pub(crate) fn restore(arguments: &RestoreArguments) -> anyhow::Result<()> {
    let RestoreArguments { file, replace, storage } = arguments;
    let database = database(storage)?;
    std::fs::create_dir_all(&storage.data_dir)
        .with_context(|| format!("data directory {}", storage.data_dir.display()))?;
    // As a room does that is reloaded after a failure: what is later was never used.
    let epoch = Clock::system().now_ms();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (contents, kept) = match runtime.block_on(backup::restore(file, &database, *replace, epoch)) {
        Err(error @ BackupError::Exists(_)) => {
            return Err(error).context("with --replace it is kept under another name");
        }
        Err(error @ BackupError::InUse(_)) => return Err(error).context("stop it first"),
        done => done?,
    };
    let kept = kept.map_or_else(String::new, |kept| format!("What was there is {} now.\n", kept.display()));
    say(&format!("{}: {}\n{kept}", database.display(), told(contents)))
}

fn database(storage: &StorageConfig) -> anyhow::Result<PathBuf> {
    database_path(storage)?.context(
        "this is for SQLite; a MySQL database has backups of its own (docs/planetscale.md says what to know about them)",
    )
}

fn told(Contents { rooms, users, bytes }: Contents) -> String {
    format!("{rooms} rooms, {users} people, {bytes} bytes")
}

fn say(text: &str) -> anyhow::Result<()> {
    Ok(io::stdout().write_all(text.as_bytes())?)
}
