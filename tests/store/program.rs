//! `tutti migrate`, as an operator uses it.

use std::process::Output;

use secrecy::{ExposeSecret as _, SecretString};
use tempfile::TempDir;
use tokio::process::Command;

use crate::support::mariadb::MariaDb;

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
    assert!(printed(&migrated).ends_with("0022 journal fences\nThe schema is up to date.\n"), "{migrated:?}");
    assert_eq!(printed(&tutti(&["migrate"], Some(&url)).await), "The schema is up to date.\n");
    assert_eq!(printed(&tutti(&["migrate", "--print"], Some(&url)).await), "-- The schema is up to date.\n");
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
