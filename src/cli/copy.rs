//! `tutti copy`: from SQLite to MySQL, and back.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use clap::Args;
use secrecy::{ExposeSecret as _, SecretString};
use tutti::clock::Clock;
use tutti::cluster::Membership;
use tutti::config::StorageConfig;
use tutti::private_files::private_folder;
use tutti::store::Store as _;
use tutti::store::copy::{Copied, Side, copy};
use tutti::store::mysql::MySqlStore;
use tutti::store::sqlite::backup::{DatabaseLock, NewDatabase};
use tutti::store::sqlite::{SqliteStore, database_path};

use super::print;

/// What a server that starts meanwhile says is running.
const NAME: &str = "tutti copy";

#[derive(Args)]
pub(crate) struct CopyArguments {
    /// Database to fill, as `TUTTI_DATABASE_URL`: an empty MySQL database that `tutti migrate` prepared, or a SQLite file
    /// that does not exist. If it contains a password, set the variable, not the flag.
    #[arg(long, env = "TUTTI_COPY_TO", hide_env_values = true)]
    to: SecretString,

    #[command(flatten)]
    storage: StorageConfig,
}

/// Copies the configured database.
pub(crate) fn run(arguments: &CopyArguments) -> anyhow::Result<()> {
    let CopyArguments { to, storage } = arguments;
    let target = StorageConfig { database_url: Some(to.clone()), ..storage.clone() };
    private_folder(&storage.data_dir).with_context(|| format!("data directory {}", storage.data_dir.display()))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let copied = runtime.block_on(async {
        match (database_path(storage)?, database_path(&target)?) {
            (Some(path), None) => to_mysql(&path, to, &storage.data_dir).await,
            (None, Some(path)) => {
                let url = storage.database_url.as_ref().context("no database")?;
                to_sqlite(url, &path, &storage.data_dir).await
            }
            (Some(_), Some(_)) => bail!("both databases are SQLite: use `tutti backup` and `tutti restore`"),
            (None, None) => bail!("both databases are MySQL: use the tools of MySQL"),
        }
    })?;
    print(&summary(&copied))
}

async fn to_mysql(path: &Path, url: &SecretString, data_dir: &Path) -> anyhow::Result<Vec<Copied>> {
    if !path.exists() {
        bail!("there is no database at {}", path.display());
    }
    let _lock = DatabaseLock::take(path).context("stop the server first")?;
    let from = SqliteStore::open(path).await?;
    let (to, membership) = join(url, data_dir).await?;
    let copied = while_member(&membership, &(&from).into(), &(&*to).into()).await;
    membership.leave().await;
    to.close().await;
    from.close().await;
    copied.context("empty the MySQL database before the next attempt, and start no server on it")
}

async fn to_sqlite(url: &SecretString, path: &Path, data_dir: &Path) -> anyhow::Result<Vec<Copied>> {
    let to = NewDatabase::create(path).await?;
    let (from, membership) = join(url, data_dir).await?;
    let copied = while_member(&membership, &(&*from).into(), &Side::Sqlite(to.pool().clone())).await;
    membership.leave().await;
    from.close().await;
    let copied = copied?;
    to.persist().await?;
    Ok(copied)
}

/// Keeps servers from starting on a MySQL database; fails when one is running.
async fn join(url: &SecretString, data_dir: &Path) -> anyhow::Result<(Arc<MySqlStore>, Membership)> {
    if !url.expose_secret().starts_with("mysql:") {
        bail!("databases must start with sqlite: or mysql:");
    }
    let store = Arc::new(MySqlStore::open(url).await?);
    let membership = Membership::join(store.clone(), url, NAME, true, data_dir, Clock::system()).await?;
    Ok((store, membership))
}

async fn while_member(membership: &Membership, from: &Side, to: &Side) -> anyhow::Result<Vec<Copied>> {
    tokio::select! {
        copied = copy(from, to) => Ok(copied?),
        () = membership.buried().cancelled_owned() => bail!("a server took this copy for dead and has started"),
    }
}

fn summary(copied: &[Copied]) -> String {
    let mut text = format!("{:<20}{:>12}  SHA-256, of both sides\n", "TABLE", "ROWS");
    for Copied { table, rows, digest } in copied {
        let digest = digest[..8].iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        });
        let _ = writeln!(text, "{table:<20}{rows:>12}  {digest}…");
    }
    text
}
