//! `tutti keys`: the keys in the data directory, for those who run the server. Prints no secret, but for `export`.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args, Subcommand};
use secrecy::ExposeSecret;
use tutti::clock::Clock;
use tutti::keys::{Folder, KeyId, Listed, Pruned, Purpose, State};

const RELOAD: &str = "A running server takes notice on SIGHUP, or when it starts again.\n";
const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

#[derive(Args)]
pub(crate) struct KeysArguments {
    #[command(subcommand)]
    command: KeysCommand,

    /// Folder in which the server keeps things; its keys are in `keys` there.
    #[arg(long, global = true, env = "TUTTI_DATA_DIR", default_value = "data")]
    data_dir: PathBuf,
}

#[derive(Subcommand)]
enum KeysCommand {
    /// Shows which keys there are, how old they are, and which are in use.
    List,
    /// Publishes new keys that are not in use yet, so that every node of a cluster knows them before one uses them. Where
    /// there are no keys, makes the first.
    Add,
    /// Puts the newest keys in use; makes them first, unless some are waiting.
    Rotate,
    /// Removes access keys that stopped signing more than an hour ago. What they signed has run out.
    Prune {
        /// Removes this sealing key too. Whatever is still sealed with it can never be opened again.
        #[arg(long, value_name = "ID", value_parser = parse_id)]
        sealing: Option<KeyId>,
    },
    /// Prints every key in one line, for TUTTI_KEYS. Whoever has it can be anybody.
    Export,
}

/// Does what was asked.
pub(crate) fn run(arguments: &KeysArguments) -> anyhow::Result<()> {
    let folder = Folder::in_data_dir(&arguments.data_dir);
    let now_ms = Clock::system().now_ms();
    if std::env::var_os("TUTTI_KEYS").is_some() {
        writeln!(io::stderr(), "TUTTI_KEYS is set: a server that is started with it reads no key from a folder.")?;
    }
    let text = match &arguments.command {
        KeysCommand::List => table(&folder.list()?, now_ms),
        KeysCommand::Add => match folder.add(now_ms)? {
            none if none.is_empty() => "New keys are waiting already; `tutti keys rotate` puts them in use.\n".into(),
            added => sentences(&added, ["is there", "is there"]) + RELOAD,
        },
        KeysCommand::Rotate => sentences(&folder.rotate(now_ms)?, ["signs", "writes"]) + RELOAD,
        KeysCommand::Prune { sealing } => {
            let pruned = folder.prune(now_ms)?;
            let mut text = told(&pruned);
            if let Some(id) = *sealing {
                writeln!(io::stderr(), "Warning: whatever is still sealed with {id} can never be opened again.")?;
                folder.remove_sealing(id)?;
                text += &sentences(&[(Purpose::Seal, id)], ["", "is gone"]);
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
    Ok(io::stdout().write_all(text.as_bytes())?)
}

fn parse_id(text: &str) -> Result<KeyId, &'static str> {
    KeyId::parse(text).ok_or("a key's id is sixteen hexadecimal digits")
}

fn name(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Access => "access",
        Purpose::Seal => "seal",
    }
}

/// One sentence a key, with one verb for access keys and one for sealing keys.
fn sentences(keys: &[(Purpose, KeyId)], [of_access, of_seal]: [&str; 2]) -> String {
    keys.iter().fold(String::new(), |mut text, (purpose, id)| {
        let verb = match purpose {
            Purpose::Access => of_access,
            Purpose::Seal => of_seal,
        };
        let _ = writeln!(text, "{} key {id} {verb}.", name(*purpose));
        text
    })
}

fn told(pruned: &Pruned) -> String {
    let removed: Vec<_> = pruned.removed.iter().map(|id| (Purpose::Access, *id)).collect();
    let kept: Vec<_> = pruned.kept.iter().map(|id| (Purpose::Access, *id)).collect();
    match (removed.is_empty(), kept.is_empty()) {
        (true, true) => "No access key has stopped signing.\n".into(),
        _ => sentences(&removed, ["is gone", ""]) + &sentences(&kept, ["stopped signing within the last hour", ""]),
    }
}

fn table(keys: &[Listed], now_ms: i64) -> String {
    let mut text = format!("{:<8}{:<18}{:<14}{}\n", "KIND", "ID", "AGE", "STATE");
    for key in keys {
        let state = match (key.purpose, key.state) {
            (Purpose::Access, State::Active { since_ms }) => format!("signs{}", since(since_ms, now_ms)),
            (Purpose::Access, State::Waiting) => "verifies, waits".into(),
            (Purpose::Access, State::Stopped) => "verifies".into(),
            (Purpose::Seal, State::Active { since_ms }) => format!("writes{}", since(since_ms, now_ms)),
            (Purpose::Seal, State::Waiting) => "opens, waits".into(),
            (Purpose::Seal, State::Stopped) => "opens".into(),
        };
        let age = in_words(now_ms.saturating_sub(key.id.made_at_ms()));
        let _ = writeln!(text, "{:<8}{:<18}{age:<14}{state}", name(key.purpose), key.id.to_string());
    }
    text
}

fn since(since_ms: Option<i64>, now_ms: i64) -> String {
    since_ms.map_or_else(String::new, |since_ms| format!(" for {}", in_words(now_ms.saturating_sub(since_ms))))
}

/// In the greatest unit of which there are two at least.
fn in_words(duration_ms: i64) -> String {
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
    fn a_list_says_what_is_in_use_and_for_how_long() {
        let now_ms = 0x0002_0000_0000;
        let id = |ago_ms: i64| KeyId::parse(&format!("{:012x}0007", now_ms - ago_ms)).unwrap();
        let key = |purpose, ago_ms, state| Listed { purpose, id: id(ago_ms), state };
        let keys = [
            key(Purpose::Access, 30 * DAY_MS, State::Stopped),
            key(Purpose::Access, 47 * HOUR_MS, State::Active { since_ms: Some(now_ms - 90_000) }),
            key(Purpose::Access, 0, State::Waiting),
            key(Purpose::Seal, -1, State::Active { since_ms: None }),
        ];
        expect![[r"
            KIND    ID                AGE           STATE
            access  0001658138000007  30 days       verifies
            access  0001f5ea36800007  47 hours      signs for 90 seconds
            access  0002000000000007  0 seconds     verifies, waits
            seal    0002000000010007  unknown       writes
        "]]
        .assert_eq(&table(&keys, now_ms));
    }
}
