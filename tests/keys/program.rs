//! The program itself, as those use it who run a server.

use std::path::Path;
use std::process::Output;

use secrecy::SecretString;
use tempfile::TempDir;
use tokio::process::Command;
use tutti::keys::Keys;

use crate::support::{Person, Process};

const PROGRAM: &str = env!("CARGO_BIN_EXE_tutti");

/// `tutti keys …` on a data directory.
async fn keys(data_dir: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(PROGRAM);
    command.arg("keys").args(arguments).arg("--data-dir").arg(data_dir).env_remove("TUTTI_KEYS");
    command.output().await.expect("the program runs")
}

/// What it printed; it did what it was asked.
async fn printed(data_dir: &Path, arguments: &[&str]) -> String {
    let output = keys(data_dir, arguments).await;
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// `tutti list` as rows of words.
async fn list(data_dir: &Path) -> Vec<Vec<String>> {
    let text = printed(data_dir, &["list"]).await;
    text.lines().skip(1).map(|line| line.split_whitespace().map(Into::into).collect()).collect()
}

#[tokio::test]
async fn a_running_server_takes_new_keys_on_sighup() {
    let dir = TempDir::new().unwrap();
    let mut server = Process::start(dir.path(), &[]);
    let address = server.address().await;
    let ana = Person::guest(address, "Ana").await;
    let signs = |person: &Person| jsonwebtoken::decode_header(&person.token).unwrap().kid.unwrap();

    let rotated = printed(dir.path(), &["rotate"]).await;
    server.signal("HUP").await;
    server.says("the keys were read anew").await;
    assert_eq!(ana.status(reqwest::Method::GET, "me").await, 200);
    let ben = Person::guest(address, "Ben").await;
    assert_ne!(signs(&ben), signs(&ana));
    assert!(rotated.contains(&format!("access key {} signs.", signs(&ben))), "{rotated}");

    server.stop().await;
}

#[tokio::test]
async fn keys_are_made_shown_exchanged_and_pruned() {
    let dir = TempDir::new().unwrap();
    let nothing = keys(dir.path(), &["list"]).await;
    assert!(!nothing.status.success() && String::from_utf8_lossy(&nothing.stderr).contains("no keys are here yet"));

    printed(dir.path(), &["add"]).await;
    let first = list(dir.path()).await;
    assert_eq!(
        first.iter().map(|row| (&*row[0], &*row[4])).collect::<Vec<_>>(),
        [("access", "signs"), ("seal", "writes")]
    );

    printed(dir.path(), &["add"]).await;
    assert!(printed(dir.path(), &["add"]).await.contains("waiting already"));
    let states = |rows: &[Vec<String>]| rows.iter().map(|row| row[4..].join(" ")).collect::<Vec<_>>().join("; ");
    let waiting = states(&list(dir.path()).await);
    assert!(waiting.contains("verifies, waits") && waiting.contains("opens, waits"), "{waiting}");

    let rotated = printed(dir.path(), &["rotate"]).await;
    let rows = list(dir.path()).await;
    assert_eq!((rows.len(), &*rows[0][4], &*rows[2][4]), (4, "verifies", "opens"));
    assert!(rotated.contains(&rows[1][1]) && rotated.contains(&rows[3][1]), "{rotated}");
    assert!(printed(dir.path(), &["prune"]).await.contains("within the last hour"));
    assert_eq!(list(dir.path()).await.len(), 4);
}

#[tokio::test]
async fn a_sealing_key_is_pruned_by_name_and_with_a_warning() {
    let dir = TempDir::new().unwrap();
    printed(dir.path(), &["add"]).await;
    let writing = list(dir.path()).await[1][1].clone();
    let refused = keys(dir.path(), &["prune", "--sealing", &writing]).await;
    assert!(!refused.status.success());
    assert_eq!(list(dir.path()).await.len(), 2);

    printed(dir.path(), &["rotate"]).await;
    let output = keys(dir.path(), &["prune", "--sealing", &writing]).await;
    assert!(output.status.success(), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).starts_with("Warning:"), "{output:?}");
    assert!(!list(dir.path()).await.iter().any(|row| row[1] == writing));

    let nonsense = keys(dir.path(), &["prune", "--sealing", "../../etc/passwd"]).await;
    assert!(!nonsense.status.success());
}

#[tokio::test]
async fn only_an_export_shows_what_is_secret() {
    let dir = TempDir::new().unwrap();
    let mut shown = vec![printed(dir.path(), &["add"]).await];
    for arguments in [["list"], ["rotate"], ["prune"], ["list"], ["add"]] {
        shown.push(printed(dir.path(), &arguments).await);
    }
    let export = printed(dir.path(), &["export"]).await;
    assert_eq!(export.lines().count(), 1);
    Keys::from_line(&SecretString::from(export.as_str())).expect("a server takes it");
    let secrets: Vec<_> = export.trim().split([',', '=']).filter(|part| part.len() == 43).collect();
    assert_eq!(secrets.len(), 7, "three keys of each purpose and the refresh secret");
    for secret in secrets {
        assert!(!shown.iter().any(|text| text.contains(secret)));
    }
}
