//! The program on a database that it shares with other starts of it, as an operator sees it.

use std::path::Path;
use std::process::Output;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use tempfile::TempDir;
use tokio::process::Command;

use serde_json::json;
use tutti::clock::Clock;
use tutti::limits::LEASE_LOST;
use tutti::store::mysql::schema;
use tutti_protocol::{Command as RoomCommand, PlaybackState, ServerFrame};

use crate::support::mariadb::MariaDb;
use crate::support::{Process, guest};

const PROGRAM: &str = env!("CARGO_BIN_EXE_tutti");

async fn tutti(arguments: &[&str], url: Option<&SecretString>) -> Output {
    let dir = TempDir::new().expect("a directory");
    let mut command = Command::new(PROGRAM);
    command.args(arguments).current_dir(dir.path()).env_remove("TUTTI_DATABASE_URL").env_remove("TUTTI_KEYS");
    if let Some(url) = url {
        command.env("TUTTI_DATABASE_URL", url.expose_secret());
    }
    command.kill_on_drop(true).output().await.expect("the program runs")
}

/// Standard output and error, which never contain the password.
fn printed(output: &Output) -> String {
    let text = String::from_utf8([&output.stdout[..], &output.stderr[..]].concat()).expect("text");
    assert!(!text.contains("p%40ss") && !text.contains("p@ss"), "{text}");
    text
}

#[tokio::test]
async fn a_server_on_an_empty_database_names_the_command_that_fixes_it() {
    let url = MariaDb::shared().database().await;
    let serve = ["serve", "--listen=127.0.0.1:0"];
    let refused = tutti(&serve, Some(&url)).await;
    assert!(!refused.status.success());
    assert!(printed(&refused).contains("run `tutti migrate`"), "{refused:?}");

    let statements = tutti(&["migrate", "--print"], Some(&url)).await;
    assert!(
        statements.status.success() && printed(&statements).contains("CREATE TABLE room_journal"),
        "{statements:?}"
    );
    let migrated = tutti(&["migrate"], Some(&url)).await;
    assert!(migrated.status.success(), "{migrated:?}");
    assert!(printed(&migrated).starts_with("0001 users\n"), "{migrated:?}");
    assert!(printed(&migrated).ends_with("0027 shared nodes\nThe schema is up to date.\n"), "{migrated:?}");
    assert_eq!(printed(&tutti(&["migrate"], Some(&url)).await), "The schema is up to date.\n");
    assert_eq!(printed(&tutti(&["migrate", "--print"], Some(&url)).await), "-- The schema is up to date.\n");
    let operators = tutti(&["operator", "list"], Some(&url)).await;
    assert!(printed(&operators).starts_with("There is no operator"), "{operators:?}");
    let unknown = tutti(&["operator", "add", "ana"], Some(&url)).await;
    assert!(!unknown.status.success() && printed(&unknown).contains("no account has this user name"), "{unknown:?}");
}

#[tokio::test]
async fn an_error_about_the_url_does_not_repeat_it() {
    for (url, message) in [
        ("mysql://ana:hunter2@db.example/tutti?ssl-mode=DISABLED", "over TLS"),
        ("mysql://ana:hunter2@db.example", "names no database"),
        ("mysql://ana:hunter2@127.0.0.1:1/tutti", "Connection refused"),
        ("postgres://ana:hunter2@db.example/tutti", "sqlite: or mysql:"),
    ] {
        let refused = tutti(&["serve", "--listen=127.0.0.1:0"], Some(&url.to_owned().into())).await;
        assert!(!refused.status.success() && printed(&refused).contains(message), "{refused:?}");
        assert!(!printed(&refused).contains("hunter2") && !printed(&refused).contains("db.example"), "{refused:?}");
    }
    let on_sqlite = tutti(&["migrate"], None).await;
    assert!(on_sqlite.status.success() && printed(&on_sqlite).contains("SQLite"), "{on_sqlite:?}");
}

fn serve(data_dir: &Path, url: &SecretString, name: &str) -> Process {
    let url = format!("--database-url={}", url.expose_secret());
    Process::start(data_dir, &[&url, &format!("--node-id={name}")])
}

async fn serves_after(server: &mut Process) -> Duration {
    let clock = Clock::system();
    let began_ms = clock.now_ms();
    server.address().await;
    Duration::from_millis(u64::try_from(clock.now_ms() - began_ms).expect("no jump back"))
}

/// `cargo test --test it one_server_at_a_time -- --nocapture` prints how long the starts took.
#[tokio::test]
async fn one_server_at_a_time_uses_a_database() {
    let url = MariaDb::shared().database().await;
    schema::migrate(&url).await.expect("migrates");
    let [attic, cellar] = [(); 2].map(|()| TempDir::new().expect("a directory"));
    let mut first = serve(attic.path(), &url, "attic");
    first.address().await;

    let refused = serve(cellar.path(), &url, "cellar").failure().await;
    assert!(refused.contains("\"attic\" is running on it: stop that one first"), "{refused}");
    let refused = serve(attic.path(), &url, "attic").failure().await;
    assert!(refused.contains("on the same data directory"), "{refused}");

    first.kill().await;
    let mut again = serve(attic.path(), &url, "attic");
    let killed = serves_after(&mut again).await;
    again.kill().await;
    let mut other = serve(cellar.path(), &url, "cellar");
    let replaced = serves_after(&mut other).await;
    other.stop().await;
    let mut again = serve(attic.path(), &url, "attic");
    let stopped = serves_after(&mut again).await;
    println!("after kill -9: {killed:?}; elsewhere: {replaced:?}; after a stop, elsewhere: {stopped:?}");
    assert!(killed < LEASE_LOST && stopped < LEASE_LOST, "{killed:?}, {stopped:?}");
    assert!(replaced >= LEASE_LOST, "{replaced:?}");
    again.stop().await;
}

#[tokio::test]
async fn a_server_that_was_suspended_and_replaced_writes_nothing_and_ends() {
    let url = MariaDb::shared().database().await;
    schema::migrate(&url).await.expect("migrates");
    let [attic, cellar] = [(); 2].map(|()| TempDir::new().expect("a directory"));
    let mut first = serve(attic.path(), &url, "attic");
    let mut ana = guest(first.address().await, "Ana").await;
    let code = ana.room("Kitchen", None).await.code.to_string();
    let track = ana.tracks().await[0].clone();
    let mut before = ana.enter(&code).await;
    before.add(&track).await;
    first.signal("STOP").await;
    // Received by the machine, and read by the server when it goes on.
    let rename = json!({ "name": "rename_room", "room_name": "Too late" });
    before.send(&json!({ "type": "command", "id": uuid::Uuid::new_v4(), "command": rename })).await;

    // The same keys, so that Ana stays logged in.
    let copied = Command::new("cp").arg("-a").arg(attic.path().join("keys")).arg(cellar.path()).status().await;
    assert!(copied.expect("it runs").success());
    let mut second = serve(cellar.path(), &url, "cellar");
    ana.address = second.address().await;
    let mut after = ana.enter(&code).await;
    assert!(matches!(after.ask(RoomCommand::Pause).await, ServerFrame::Reply { ok: true, .. }));
    first.signal("CONT").await;
    let said = first.failure().await;
    assert!(said.contains("another server has replaced this one"), "{said}");
    let sought = after.ask(RoomCommand::Seek { position_ms: 5_000 }).await;
    assert!(matches!(sought, ServerFrame::Reply { ok: true, .. }), "{sought:?}");
    second.stop().await;

    let mut again = serve(attic.path(), &url, "attic");
    ana.address = again.address().await;
    let room = ana.enter(&code).await.room_where(|room| room.playback.anchor_position_ms == 5_000).await;
    assert_eq!((room.name.as_str(), room.playback.state), ("Kitchen", PlaybackState::Paused));
    again.stop().await;
}
