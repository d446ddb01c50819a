//! `tutti nodes`: the servers that use a MySQL database.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::Context as _;
use clap::Args;
use secrecy::{ExposeSecret as _, SecretString};
use tutti::clock::{Clock, ms};
use tutti::limits::{LEASE_RENEW_EVERY, LEASE_RENEW_TIMEOUT};
use tutti::store::mysql::MySqlStore;
use tutti::store::{LifeId, NodeStore as _, Store as _, StoredNode};

use super::keys::human_duration;
use super::print;

#[derive(Args)]
pub(crate) struct NodesArguments {
    /// The database, as for `tutti serve`.
    #[arg(long, env = "TUTTI_DATABASE_URL", hide_env_values = true)]
    database_url: Option<SecretString>,
}

/// Runs the command. It watches the beats of the servers for two seconds.
pub(crate) fn run(arguments: &NodesArguments) -> anyhow::Result<()> {
    let Some(url) = arguments.database_url.as_ref().filter(|url| url.expose_secret().starts_with("mysql:")) else {
        return print("Only servers on MySQL (TUTTI_DATABASE_URL=mysql://…) share a database.\n");
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let text = runtime.block_on(async {
        let store = MySqlStore::open(url).await?;
        let before = store.nodes().await?;
        tokio::time::sleep(LEASE_RENEW_EVERY + LEASE_RENEW_TIMEOUT).await;
        let (now, rooms) = (store.nodes().await?, store.owned_rooms().await?);
        store.close().await;
        anyhow::Ok(table(&before, &now, &rooms, Clock::system().now_ms()))
    });
    print(&text.context("database")?)
}

fn table(before: &[StoredNode], now: &[StoredNode], rooms: &BTreeMap<LifeId, u64>, now_ms: i64) -> String {
    if now.is_empty() {
        return "No server uses the database.\n".into();
    }
    let mut text = format!("{:<24}{:<10}{:<14}{:>8}  {}\n", "NAME", "STATE", "STARTED", "ROOMS", "SHARES");
    for node in now {
        let is_new = !before.iter().any(|known| known.life == node.life);
        let beats = before.iter().any(|known| known.life == node.life && known.beat < node.beat);
        let state = if beats || is_new { "serves" } else { "silent" };
        let age = human_duration(ms(node.life.age(now_ms)));
        let (rooms, shares) = (rooms.get(&node.life).unwrap_or(&0), if node.alone { "no" } else { "yes" });
        let _ = writeln!(text, "{:<24}{state:<10}{age:<14}{rooms:>8}  {shares}", node.name);
    }
    text
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use tutti::ids;

    use super::*;

    #[test]
    fn the_list_shows_who_beats_and_who_owns_rooms() {
        let start_ms = 1_700_000_000_000;
        let life = |minutes: i64| LifeId(ids::uuid_v7(start_ms + minutes * 60_000));
        let node = |life, name: &str, beat| StoredNode { life, name: name.into(), beat, alone: false };
        let (attic, cellar, roof) = (life(0), life(50), life(59));
        let before = [node(attic, "attic", 5), node(cellar, "cellar", 9)];
        let now = [node(attic, "attic", 7), node(cellar, "cellar", 9), node(roof, "roof", 0)];
        let rooms = BTreeMap::from([(attic, 12), (cellar, 3)]);
        expect![[r"
            NAME                    STATE     STARTED          ROOMS  SHARES
            attic                   serves    60 minutes          12  yes
            cellar                  silent    10 minutes           3  yes
            roof                    serves    60 seconds           0  yes
        "]]
        .assert_eq(&table(&before, &now, &rooms, start_ms + 60 * 60_000));
        assert_eq!(table(&[], &[], &BTreeMap::new(), 0), "No server uses the database.\n");
    }
}
