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

fn said(output: &Output) -> String {
    let said = [&output.stdout[..], &output.stderr[..]].concat();
    let said = String::from_utf8(said).expect("text");
    assert!(!said.contains("p%40ss") && !said.contains("p@ss"), "{said}");
    said
}

#[tokio::test]
async fn a_server_on_an_empty_database_names_the_command_that_fixes_it() {
    let url = MariaDb::shared().database().await;
    let serve = ["serve", "--listen=127.0.0.1:0"];
    let refused = tutti(&serve, Some(&url)).await;
    assert!(!refused.status.success());
    assert!(said(&refused).contains("run `tutti migrate`"), "{refused:?}");

    let printed = tutti(&["migrate", "--print"], Some(&url)).await;
    assert!(printed.status.success() && said(&printed).contains("CREATE TABLE room_journal"), "{printed:?}");
    let migrated = tutti(&["migrate"], Some(&url)).await;
    assert!(migrated.status.success(), "{migrated:?}");
    assert!(said(&migrated).starts_with("0001 users\n"), "{migrated:?}");
    assert!(said(&migrated).ends_with("0014 room members present\nThe schema is up to date.\n"), "{migrated:?}");
    assert_eq!(said(&tutti(&["migrate"], Some(&url)).await), "The schema is up to date.\n");
    assert_eq!(said(&tutti(&["migrate", "--print"], Some(&url)).await), "-- The schema is up to date.\n");
}

#[tokio::test]
async fn an_error_about_the_url_does_not_repeat_it() {
    for (url, told) in [
        ("mysql://ana:hunter2@db.example/tutti?ssl-mode=DISABLED", "over TLS"),
        ("mysql://ana:hunter2@db.example", "names no database"),
        ("mysql://ana:hunter2@127.0.0.1:1/tutti", "Connection refused"),
        ("postgres://ana:hunter2@db.example/tutti", "sqlite: or mysql:"),
    ] {
        let refused = tutti(&["serve", "--listen=127.0.0.1:0"], Some(&url.to_owned().into())).await;
        assert!(!refused.status.success() && said(&refused).contains(told), "{refused:?}");
        assert!(!said(&refused).contains("hunter2") && !said(&refused).contains("db.example"), "{refused:?}");
    }
    let needless = tutti(&["migrate"], None).await;
    assert!(needless.status.success() && said(&needless).contains("SQLite"), "{needless:?}");
}
