//! `tutti keys`: manages the keys in the data directory. Only `export` prints secrets.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args, Subcommand};
use secrecy::ExposeSecret;
use tutti::clock::Clock;
use tutti::keys::{KeyFolder, KeyId, KeyState, ListedKey, Pruned, Purpose};

use super::print;

const RELOAD: &str = "A running server reloads its keys on SIGHUP.\n";
const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

#[derive(Args)]
pub(crate) struct KeysArguments {
    #[command(subcommand)]
    command: KeysCommand,

    /// Data directory of the server; its keys are in the subfolder `keys`.
    #[arg(long, global = true, env = "TUTTI_DATA_DIR", default_value = "data")]
    data_dir: PathBuf,
}

#[derive(Subcommand)]
enum KeysCommand {
    /// Lists the keys, their age and their state.
    List,
    /// Adds pending keys, so that every node of a cluster has them before one uses them. In an empty folder, creates
    /// the first keys.
    Add,
    /// Activates the pending keys, or new ones if there are none.
    Rotate,
    /// Removes access keys that were retired more than an hour ago. Their tokens have expired.
    Prune {
        /// Also removes this encryption (seal) key. Data that is still encrypted with it is lost.
        #[arg(long, value_name = "ID", value_parser = parse_id)]
        sealing: Option<KeyId>,
    },
    /// Prints all keys in one line, for TUTTI_KEYS. Keep it secret: with it, tokens for any user can be forged.
    Export,
}

/// Runs the command.
pub(crate) fn run(arguments: &KeysArguments) -> anyhow::Result<()> {
    let folder = KeyFolder::in_data_dir(&arguments.data_dir);
    let now_ms = Clock::system().now_ms();
    if std::env::var_os("TUTTI_KEYS").is_some() {
        writeln!(io::stderr(), "TUTTI_KEYS is set: a server started with it ignores this folder.")?;
    }
    let text = match &arguments.command {
        KeysCommand::List => table(&folder.list()?, now_ms),
        KeysCommand::Add => match folder.add(now_ms)? {
            none if none.is_empty() => "There are pending keys already; `tutti keys rotate` activates them.\n".into(),
            added => sentences(&added, "added") + RELOAD,
        },
        KeysCommand::Rotate => sentences(&folder.rotate(now_ms)?, "active") + RELOAD,
        KeysCommand::Prune { sealing } => {
            let pruned = folder.prune(now_ms)?;
            let mut text = pruned_text(&pruned);
            if let Some(id) = *sealing {
                writeln!(io::stderr(), "Warning: data that is still encrypted with {id} is lost.")?;
                folder.remove_encryption_key(id)?;
                text += &sentences(&[(Purpose::Encryption, id)], "removed");
            }
            if !pruned.removed.is_empty() || sealing.is_some() {
                text += RELOAD;
            }
            text
        }
        KeysCommand::Export => {
            let line = folder.export()?;
            return Ok(writeln!(io::stdout(), "{}", line.expose_secret())?);
        }
    };
    print(&text)
}

fn parse_id(text: &str) -> Result<KeyId, &'static str> {
    KeyId::parse(text).ok_or("a key id is sixteen hexadecimal digits")
}

/// As in the names of key files.
fn name(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Access => "access",
        Purpose::Encryption => "seal",
    }
}

/// One line a key.
fn sentences(keys: &[(Purpose, KeyId)], state: &str) -> String {
    keys.iter().fold(String::new(), |mut text, (purpose, id)| {
        let _ = writeln!(text, "{} key {id}: {state}", name(*purpose));
        text
    })
}

fn pruned_text(pruned: &Pruned) -> String {
    let removed: Vec<_> = pruned.removed.iter().map(|id| (Purpose::Access, *id)).collect();
    let kept: Vec<_> = pruned.kept.iter().map(|id| (Purpose::Access, *id)).collect();
    match (removed.is_empty(), kept.is_empty()) {
        (true, true) => "There are no retired access keys.\n".into(),
        _ => sentences(&removed, "removed") + &sentences(&kept, "kept, retired within the last hour"),
    }
}

fn table(keys: &[ListedKey], now_ms: i64) -> String {
    let mut text = format!("{:<8}{:<18}{:<14}{}\n", "KIND", "ID", "AGE", "STATE");
    for key in keys {
        let state = match key.state {
            KeyState::Active { since_ms } => format!("active{}", since(since_ms, now_ms)),
            KeyState::Pending => "pending".into(),
            KeyState::Retired => "retired".into(),
        };
        let age = human_duration(now_ms.saturating_sub(key.id.created_at_ms()));
        let _ = writeln!(text, "{:<8}{:<18}{age:<14}{state}", name(key.purpose), key.id.to_string());
    }
    text
}

fn since(since_ms: Option<i64>, now_ms: i64) -> String {
    since_ms.map_or_else(String::new, |since_ms| format!(" for {}", human_duration(now_ms.saturating_sub(since_ms))))
}

/// In the greatest unit that gives at least two.
pub(super) fn human_duration(duration_ms: i64) -> String {
    match duration_ms {
        ..0 => "unknown".into(),
        _ if duration_ms >= 2 * DAY_MS => format!("{} days", duration_ms / DAY_MS),
        _ if duration_ms >= 2 * HOUR_MS => format!("{} hours", duration_ms / HOUR_MS),
        _ if duration_ms >= 2 * MINUTE_MS => format!("{} minutes", duration_ms / MINUTE_MS),
        _ => format!("{} seconds", duration_ms / 1000),
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn the_list_shows_each_keys_age_and_state() {
        let now_ms = 0x0002_0000_0000;
        let id = |ago_ms: i64| KeyId::parse(&format!("{:012x}0007", now_ms - ago_ms)).unwrap();
        let key = |purpose, ago_ms, state| ListedKey { purpose, id: id(ago_ms), state };
        let keys = [
            key(Purpose::Access, 30 * DAY_MS, KeyState::Retired),
            key(Purpose::Access, 47 * HOUR_MS, KeyState::Active { since_ms: Some(now_ms - 90_000) }),
            key(Purpose::Access, 0, KeyState::Pending),
            key(Purpose::Encryption, -1, KeyState::Active { since_ms: None }),
        ];
        expect![[r"
            KIND    ID                AGE           STATE
            access  0001658138000007  30 days       retired
            access  0001f5ea36800007  47 hours      active for 90 seconds
            access  0002000000000007  0 seconds     pending
            seal    0002000000010007  unknown       active
        "]]
        .assert_eq(&table(&keys, now_ms));
    }
}
