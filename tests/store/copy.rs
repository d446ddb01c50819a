//! `tutti copy`: rooms go on in the other database.

use std::path::Path;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use sqlx::mysql::{MySqlConnectOptions, MySqlConnection};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Connection as _};
use tempfile::TempDir;
use tokio::process::Command;
use tutti::store::mysql::schema;
use tutti_protocol::ServerFrame;
use tutti_test_client::{RoomClient, TestUser};

use crate::support::mariadb::MariaDb;
use crate::support::{Process, guest};

/// In the journal of a room, beside the one that goes on.
const COMMANDS: u32 = 2_000;
const PATIENCE: Duration = Duration::from_mins(2);

async fn migrated() -> SecretString {
    let url = MariaDb::shared().database().await;
    schema::migrate(&url).await.expect("migrates");
    url
}

/// Copies between these, where `None` is the default in the data directory; what it printed.
async fn copy(data_dir: &Path, from: Option<&SecretString>, to: &SecretString) -> Result<String, String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tutti"));
    command.args(["copy", "--data-dir"]).arg(data_dir).env("TUTTI_COPY_TO", to.expose_secret());
    command.env_remove("TUTTI_BINARY").env_remove("TUTTI_KEYS").env_remove("TUTTI_DATABASE_URL");
    if let Some(from) = from {
        command.env("TUTTI_DATABASE_URL", from.expose_secret());
    }
    let output = tokio::time::timeout(PATIENCE, command.output()).await.expect("it ends").expect("it runs");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
}

fn serve(data_dir: &Path, url: &SecretString) -> Process {
    Process::start(data_dir, &[&format!("--database-url={}", url.expose_secret())])
}

async fn sqlite(path: &Path) -> SqliteConnection {
    SqliteConnectOptions::new().filename(path).connect().await.expect("the database")
}

/// A closed room with a long journal, whose texts and numbers are unusual.
async fn fill(path: &Path, commands: u32) {
    let mut database = sqlite(path).await;
    for sql in [
        "INSERT INTO rooms (id, code, name, host_id, created_at_ms, closed_at_ms, fence)
         VALUES (zeroblob(16), 'ZZZZZZ', 'Ünï 🎺 \\ ''x''', x'ff00000000000000000000000000000a', 1, 2, 9007199254740993)",
        "INSERT INTO login_transactions VALUES (zeroblob(32), randomblob(32), x'00ff', 255, '/', 3)",
    ] {
        sqlx::query(sql).execute(&mut database).await.expect("stored");
    }
    let journal = "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?)
         INSERT INTO room_journal (room_id, last_offset, epoch, at_ms, member_id, command_id, events)
         SELECT zeroblob(16), n, -n, n, CASE n % 2 WHEN 0 THEN randomblob(16) END, randomblob(16),
                '[\"' || hex(randomblob(n % 200)) || '\"]' FROM numbers";
    sqlx::query(journal).bind(commands).execute(&mut database).await.expect("stored");
    database.close().await.expect("closed");
}

/// A client that was away while its room was copied gets what it missed, and no snapshot.
async fn returns(ana: &TestUser, code: &str, from: &RoomClient) -> RoomClient {
    let mut client = ana.resume(code, from.position().expect("it knows one")).await;
    let frame = client.welcome().await;
    assert!(matches!(frame, ServerFrame::Welcome { resumed: true, .. }), "{frame:?}");
    client
}

/// `COMMANDS=100000 cargo test --test it store::copy -- --nocapture` copies more, and prints the tables.
#[tokio::test]
async fn rooms_go_on_after_a_copy_to_mysql_and_back() {
    let commands = std::env::var("COMMANDS").map_or(COMMANDS, |number| number.parse().expect("a number"));
    let (dir, mysql, other) = (TempDir::new().expect("a directory"), migrated().await, migrated().await);
    let mut server = Process::start(dir.path(), &[]);
    let mut ana = guest(server.address().await, "Ana").await;
    let code = ana.room("Kitchen", Some("secret word")).await.code.to_string();
    let track = ana.tracks().await[0].clone();
    let mut client = ana.enter(&code).await;
    client.add(&track).await;
    let refused = copy(dir.path(), None, &mysql).await.expect_err("a server runs");
    assert!(refused.contains("stop the server first"), "{refused}");
    server.stop().await;
    fill(&dir.path().join("tutti.db"), commands).await;

    let there = copy(dir.path(), None, &mysql).await.expect("copied");
    println!("{there}");
    assert!(there.lines().any(|line| line.starts_with("room_journal") && line.contains(' ')), "{there}");
    let refused = copy(dir.path(), None, &mysql).await.expect_err("it has rows");
    assert!(refused.contains("is not empty") && !refused.contains(mysql.expose_secret()), "{refused}");
    let mut server = serve(dir.path(), &mysql);
    ana.address = server.address().await;
    let mut client = returns(&ana, &code, &client).await;
    client.add(&track).await;
    let refused = copy(TempDir::new().expect("a directory").path(), Some(&mysql), &in_file(&dir, "no.db")).await;
    assert!(refused.expect_err("a server runs").contains("is running on it"));
    server.stop().await;

    let moved = in_file(&dir, "moved.db");
    let back = copy(dir.path(), Some(&mysql), &moved).await.expect("copied");
    println!("{back}");
    let refused = copy(dir.path(), Some(&mysql), &moved).await.expect_err("it is there");
    assert!(refused.contains("already exists"), "{refused}");
    assert_eq!(copy(dir.path(), Some(&moved), &other).await.expect("copied"), back, "the same digests");
    let mut server = serve(dir.path(), &moved);
    ana.address = server.address().await;
    returns(&ana, &code, &client).await.add(&track).await;
    ana.enter(&code).await.room_where(|room| room.upcoming.len() == 2).await;
    server.stop().await;
}

fn in_file(dir: &TempDir, name: &str) -> SecretString {
    format!("sqlite://{}", dir.path().join(name).display()).into()
}

#[tokio::test]
async fn only_databases_of_two_kinds_are_copied() {
    let dir = TempDir::new().expect("a directory");
    let refused = copy(dir.path(), None, &in_file(&dir, "other.db")).await.expect_err("both are SQLite");
    assert!(refused.contains("`tutti backup`"), "{refused}");
    let url = migrated().await;
    let refused = copy(dir.path(), Some(&url), &url).await.expect_err("both are MySQL");
    assert!(refused.contains("the tools of MySQL"), "{refused}");
    let refused = copy(dir.path(), None, &url).await.expect_err("there is none");
    assert!(refused.contains("there is no database at"), "{refused}");
    let refused = copy(dir.path(), Some(&MariaDb::shared().database().await), &in_file(&dir, "new.db")).await;
    assert!(refused.expect_err("it has no schema").contains("run `tutti migrate`"));
    assert!(!dir.path().join("new.db").exists() && !dir.path().join("new.db.partial").exists());
}

/// The copy goes by SQLite's tables and columns.
#[tokio::test]
async fn both_schemas_have_the_same_columns() {
    let dir = TempDir::new().expect("a directory");
    let path = dir.path().join("tutti.db");
    tutti::store::Store::close(&tutti::store::sqlite::SqliteStore::open(&path).await.expect("opens")).await;
    let sql = "SELECT t.name || '.' || c.name FROM sqlite_schema t, pragma_table_info(t.name) c
               WHERE t.type = 'table' AND t.name <> '_sqlx_migrations'";
    let mut ours: Vec<String> = sqlx::query_scalar(sql).fetch_all(&mut sqlite(&path).await).await.expect("columns");
    ours.sort_unstable();

    let options: MySqlConnectOptions = migrated().await.expose_secret().parse().expect("a URL");
    let mut database: MySqlConnection = options.connect().await.expect("connects");
    let sql = "SELECT CONCAT(CAST(table_name AS CHAR), '.', CAST(column_name AS CHAR)) FROM information_schema.columns
               WHERE table_schema = DATABASE() AND table_name <> '_sqlx_migrations'";
    let mut theirs: Vec<String> = sqlx::query_scalar(sql).fetch_all(&mut database).await.expect("columns");
    theirs.sort_unstable();
    assert_eq!(ours, theirs);
}
