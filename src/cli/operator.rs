//! `tutti operator`: who is an operator, what operators did, and links to choose a password. Works on the database, beside
//! a running server.

use std::fmt::Write as _;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use cookie::time::OffsetDateTime;
use secrecy::{ExposeSecret as _, SecretString};
use tutti::clock::Clock;
use tutti::config::{PublicUrl, StorageConfig};
use tutti::keys::{KeyFolder, Keys};
use tutti::operator::{self, LoggedAct, roles};
use tutti::store::mysql::MySqlStore;
use tutti::store::sqlite::{self, SqliteStore};
use tutti::store::{SharedStore, Store, StoredUser};
use tutti_protocol::UserId;

use super::print;

#[derive(Args)]
pub(crate) struct OperatorArguments {
    #[command(subcommand)]
    command: OperatorCommand,
}

#[derive(Subcommand)]
enum OperatorCommand {
    /// Makes an account an operator.
    Add(Account),
    /// Takes the role from an account.
    Remove(Account),
    /// Lists the operators.
    List(List),
    /// Shows what operators did, latest last.
    Log(Log),
    /// Prints a link with which the owner of an account chooses a new password. It works once, within a day.
    ResetPassword(Reset),
}

#[derive(Args)]
struct Account {
    /// The account's user name.
    name: String,

    #[command(flatten)]
    storage: StorageConfig,
}

#[derive(Args)]
struct List {
    #[command(flatten)]
    storage: StorageConfig,
}

#[derive(Args)]
struct Log {
    /// Acts to show, at most.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..))]
    last: u16,

    #[command(flatten)]
    storage: StorageConfig,
}

#[derive(Args)]
struct Reset {
    #[command(flatten)]
    account: Account,

    /// Base of the link, as for `tutti serve`.
    #[arg(long, env = "TUTTI_PUBLIC_URL")]
    public_url: Option<PublicUrl>,

    /// The server's keys, if it gets them from the environment.
    #[arg(long, env = "TUTTI_KEYS", hide_env_values = true)]
    keys: Option<SecretString>,
}

impl OperatorCommand {
    fn storage(&self) -> &StorageConfig {
        match self {
            Self::Add(account) | Self::Remove(account) => &account.storage,
            Self::List(list) => &list.storage,
            Self::Log(log) => &log.storage,
            Self::ResetPassword(reset) => &reset.account.storage,
        }
    }
}

/// Runs the command.
pub(crate) fn run(arguments: &OperatorArguments) -> anyhow::Result<()> {
    let command = &arguments.command;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let text = runtime.block_on(async {
        let store = open(command.storage()).await?;
        let done = act(command, &*store).await;
        store.close().await;
        done
    })?;
    print(&text)
}

async fn act(command: &OperatorCommand, store: &dyn Store) -> anyhow::Result<String> {
    let now_ms = Clock::system().now_ms();
    Ok(match command {
        OperatorCommand::Add(Account { name, .. }) => {
            if roles::add(store, name, now_ms).await? {
                format!("{name} is an operator now. They see it when they reload the page.\n")
            } else {
                format!("{name} is an operator already.\n")
            }
        }
        OperatorCommand::Remove(Account { name, .. }) => {
            if roles::remove(store, name, now_ms).await? {
                format!("{name} is no longer an operator.\n")
            } else {
                format!("{name} is not an operator.\n")
            }
        }
        OperatorCommand::List(_) => match store.operators().await? {
            none if none.is_empty() => "There is no operator; `tutti operator add <user name>` adds one.\n".into(),
            operators => operators.iter().fold(String::new(), |text, user| text + user_name(user) + "\n"),
        },
        OperatorCommand::Log(Log { last, .. }) => {
            let acts = operator::acts(store, None, usize::from(*last)).await?;
            acts.iter().rev().map(line).collect()
        }
        OperatorCommand::ResetPassword(Reset { account, public_url, keys }) => {
            let keys = open_keys(&account.storage, keys.as_ref(), now_ms)?;
            let token = roles::reset_password(store, &keys, &account.name, now_ms).await?;
            let path = format!("/password#{}\n", token.expose_secret());
            match public_url {
                Some(url) => format!("{url}{path}"),
                None => path + "Put the address of the server in front of it.\n",
            }
        }
    })
}

/// Opens the database of a server that has run before. In a new one there would be no account.
async fn open(storage: &StorageConfig) -> anyhow::Result<SharedStore> {
    if let Some(path) = sqlite::database_path(storage)? {
        if !path.exists() {
            bail!("{} does not exist: start the server once, and create an account on the page", path.display());
        }
        return Ok(Arc::new(SqliteStore::open(&path).await.context("database")?));
    }
    match &storage.database_url {
        Some(url) if url.expose_secret().starts_with("mysql:") => {
            Ok(Arc::new(MySqlStore::open(url).await.context("database")?))
        }
        _ => bail!("TUTTI_DATABASE_URL must start with sqlite: or mysql:"),
    }
}

/// The server's keys. Others would make a link that it refuses, so none are created.
fn open_keys(storage: &StorageConfig, line: Option<&SecretString>, now_ms: i64) -> anyhow::Result<Keys> {
    if let Some(line) = line {
        return Keys::from_export(line).context("TUTTI_KEYS");
    }
    let folder = KeyFolder::in_data_dir(&storage.data_dir);
    if folder.list().context("keys")?.is_empty() {
        bail!("the server's keys are not in {}: set TUTTI_KEYS as for the server", storage.data_dir.display());
    }
    Keys::from_folder(folder, now_ms).context("keys")
}

fn user_name(user: &StoredUser) -> &str {
    user.login.as_ref().map_or(&user.display_name, |login| &login.username_shown)
}

fn line(logged: &LoggedAct) -> String {
    let LoggedAct { act, actor_name, subject_name } = logged;
    let mut text = format!("{}  {:<22}", utc(act.at_ms), act.act.map_or("unknown", |act| act.as_str()));
    let named = |user: Option<UserId>, name: &str| match user {
        Some(_) if name.is_empty() => "a deleted person".to_owned(),
        Some(user) => format!("{name:?} ({user})"),
        None => "the command line".to_owned(),
    };
    let _ = write!(text, "  by {}", named(act.actor, actor_name));
    if act.subject.is_some() && act.subject != act.actor {
        let _ = write!(text, "  on {}", named(act.subject, subject_name));
    }
    if let Some(room) = &act.room {
        let _ = write!(text, "  room {room}");
    }
    if let Some(value) = &act.value {
        let _ = write!(text, "  to {value}");
    }
    text + "\n"
}

/// A time in UTC, to the second (RFC 3339).
fn utc(at_ms: i64) -> String {
    let Ok(at) = OffsetDateTime::from_unix_timestamp(at_ms.div_euclid(1000)) else { return at_ms.to_string() };
    let (year, month, day) = (at.year(), u8::from(at.month()), at.day());
    let (hour, minute, second) = at.to_hms();
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}
