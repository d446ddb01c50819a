//! The `tutti` program: its signals and exit code, its files, and the clock.

use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::time::Duration;

use serde_json::json;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Connection as _};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::process::Command;
use tutti_test_client::TestUser;

use crate::support::{Process, guest};

/// Everything ends sooner.
const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::test]
async fn sigterm_during_the_start_ends_the_program_successfully() {
    // A database that accepts a connection and never answers keeps the program in its start.
    let database = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let dir = TempDir::new().unwrap();
    let url = format!("--database-url=mysql://tutti@{}/tutti", database.local_addr().unwrap());
    let starting = Process::start(dir.path(), &[&url]);
    let _connection = database.accept().await.unwrap();
    starting.stop().await;
}

/// The answer of a command that has to end by itself.
async fn run(arguments: &[&str], data_dir: &Path) -> (bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tutti"));
    command.args(arguments).arg("--data-dir").arg(data_dir);
    command.env_remove("TUTTI_BINARY").env_remove("TUTTI_KEYS").env_remove("TUTTI_DATABASE_URL");
    let output = tokio::time::timeout(PATIENCE, command.output()).await.expect("it ends").expect("it runs");
    (output.status.success(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
}

async fn database(data_dir: &Path) -> SqliteConnection {
    SqliteConnectOptions::new().filename(data_dir.join("tutti.db")).connect().await.expect("the database")
}

/// A data directory in which a guest has been.
async fn with_a_guest() -> (TempDir, TestUser) {
    let dir = TempDir::new().unwrap();
    let mut server = Process::start(dir.path(), &[]);
    let ana = guest(server.address().await, "Ana").await;
    server.stop().await;
    (dir, ana)
}

#[tokio::test]
async fn a_clock_that_jumped_erases_nobody() {
    let (dir, ana) = with_a_guest().await;
    let mut rows = database(dir.path()).await;
    for sql in ["UPDATE users SET last_seen_at_ms = 0", "UPDATE sessions SET idle_expires_at_ms = 0"] {
        sqlx::query(sql).execute(&mut rows).await.unwrap();
    }
    rows.close().await.unwrap();
    // The last run was a year ago, or the clock is a year ahead now.
    let mark = std::fs::read_to_string(dir.path().join("clock")).expect("the time of the last run");
    let (at_ms, trusted_from_ms) = mark.trim().split_once(' ').expect("two numbers");
    let before_ms = at_ms.parse::<i64>().unwrap() - 365 * 24 * 3_600_000;
    std::fs::write(dir.path().join("clock"), format!("{before_ms} {trusted_from_ms}\n")).unwrap();

    let mut server = Process::start(dir.path(), &[]);
    server.log_line("cleanup removes nothing for now").await;
    server.stop().await;
    let mut rows = database(dir.path()).await;
    let left: (i64, i64) = sqlx::query_as("SELECT (SELECT COUNT(*) FROM users), (SELECT COUNT(*) FROM sessions)")
        .fetch_one(&mut rows)
        .await
        .unwrap();
    assert_eq!(left, (1, 1), "{} is still there", ana.id);
}

#[tokio::test]
async fn a_data_folder_is_closed_to_other_users() {
    let dir = TempDir::new().unwrap();
    let folder = dir.path().join("data");
    std::fs::create_dir(&folder).unwrap();
    std::fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
    let mut server = Process::start(&folder, &[]);
    guest(server.address().await, "Ana").await;
    server.stop().await;
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path) & 0o077, 0, "{}", path.display());
    }
}

#[tokio::test]
async fn an_empty_database_is_an_error() {
    let dir = TempDir::new().unwrap();
    std::fs::write(dir.path().join("tutti.db"), "").unwrap();
    let (succeeded, said) = run(&["serve", "--listen=127.0.0.1:0"], dir.path()).await;
    assert!(!succeeded && said.contains("tutti.db is empty") && said.contains("restore a backup"), "{said}");
    assert_eq!(std::fs::metadata(dir.path().join("tutti.db")).unwrap().len(), 0, "it is left as it was");
}

#[tokio::test]
async fn a_newer_database_says_what_it_needs() {
    let (dir, _) = with_a_guest().await;
    let mut rows = database(dir.path()).await;
    let later = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
        VALUES (9000, 'later', TRUE, x'00', 0)";
    sqlx::query(later).execute(&mut rows).await.unwrap();
    rows.close().await.unwrap();
    let (succeeded, said) = run(&["serve", "--listen=127.0.0.1:0"], dir.path()).await;
    assert!(!succeeded && said.contains("newer than this program (it has migration 9000)"), "{said}");
}

/// The service runs as a user of its own, and its operator restores as root.
#[tokio::test]
async fn a_backup_restored_by_root_opens_for_the_user_of_the_service() {
    let (old, ana) = with_a_guest().await;
    let copy = old.path().join("copy.db");
    let (succeeded, said) = run(&["backup", copy.to_str().unwrap()], old.path()).await;
    assert!(succeeded, "{said}");

    let dir = TempDir::new().unwrap();
    std::fs::set_permissions(dir.path(), Permissions::from_mode(0o755)).unwrap();
    let folder = dir.path().join("data");
    std::fs::create_dir(&folder).unwrap();
    // Without root there is one user only, whose files these stay.
    let is_root = dir.path().metadata().unwrap().uid() == 0;
    let service = if is_root { 65_534 } else { dir.path().metadata().unwrap().uid() };
    std::os::unix::fs::chown(&folder, Some(service), None).unwrap();

    let (succeeded, said) = run(&["restore", copy.to_str().unwrap()], &folder).await;
    assert!(succeeded, "{said}");
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(path.metadata().unwrap().uid(), service, "{}", path.display());
    }
    let program = dir.path().join("tutti");
    std::fs::copy(env!("CARGO_BIN_EXE_tutti"), &program).unwrap();
    let mut server = Process::start_as(&program, service, &folder);
    let address = server.address().await;
    let http = reqwest::Client::new();
    let known = http.get(format!("http://{address}/api/v1/me")).bearer_auth(&ana.token).send().await.unwrap();
    // Keys are not part of a backup, so the token of before is unknown; the server runs on the restored database.
    assert_eq!(known.status(), 401);
    guest(address, "Ben").await;
    server.stop().await;
}

#[tokio::test]
async fn operators_are_named_on_the_command_line_beside_a_running_server() {
    let dir = TempDir::new().unwrap();
    let (done, said) = run(&["operator", "list"], dir.path()).await;
    assert!(!done && said.contains("start the server once"), "{said}");

    let mut server = Process::start(dir.path(), &[]);
    let address = server.address().await;
    // Its log is no terminal, so the link that makes the first operator is not in it.
    server.log_line("there is no operator; `tutti operator add <user name>` makes an account one").await;
    let http = crate::support::browser();
    let post = async |path: &str, body: serde_json::Value| {
        let origin = format!("http://{address}");
        let request = http.post(format!("{origin}/api/v1/auth/{path}")).header("origin", &origin);
        request.json(&body).send().await.expect("an answer")
    };
    let account = json!({ "username": "Ana", "password": "correct horse", "display_name": "Ana" });
    let auth: serde_json::Value = post("register", account).await.json().await.expect("a login");
    let token = auth["access_token"].as_str().expect("a token").to_owned();
    let report = async || {
        let request = http.get(format!("http://{address}/api/v1/operator/report")).bearer_auth(&token);
        request.send().await.expect("an answer").status().as_u16()
    };
    assert_eq!(report().await, 403);
    let (done, said) = run(&["operator", "add", "ben"], dir.path()).await;
    assert!(!done && said.contains("no account has this user name"), "{said}");
    for said_first in ["ana is an operator now.", "ana is an operator already."] {
        let (done, said) = run(&["operator", "add", "ana"], dir.path()).await;
        assert!(done && said.starts_with(said_first), "{said}");
    }
    assert_eq!(run(&["operator", "list"], dir.path()).await, (true, "Ana\n".to_owned()));
    assert_eq!(report().await, 200, "without a restart");

    let (done, link) =
        run(&["operator", "reset-password", "ana", "--public-url=https://tutti.example/"], dir.path()).await;
    let secret = link.trim().strip_prefix("https://tutti.example/password#").expect("a link");
    assert!(done);
    let chosen = post("password", json!({ "token": secret, "password": "tuba quiche 91" })).await;
    assert_eq!(chosen.status().as_u16(), 200);
    assert_eq!(post("login", json!({ "username": "ana", "password": "tuba quiche 91" })).await.status().as_u16(), 200);

    assert!(run(&["operator", "remove", "ana"], dir.path()).await.0);
    assert_eq!(report().await, 401, "the old session ended with the password");
    let (_, log) = run(&["operator", "log"], dir.path()).await;
    let acts: Vec<_> = log.lines().filter_map(|line| line.split_whitespace().nth(1)).collect();
    assert_eq!(acts, ["operator_added", "password_link_made", "password_reset", "operator_removed"], "{log}");
    assert!(log.lines().next().unwrap().contains("by the command line  on \"Ana\""), "{log}");
    server.stop().await;
}
