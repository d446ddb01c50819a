//! The `tutti keys` program, as an operator uses it.

use std::path::Path;
use std::process::Output;

use secrecy::SecretString;
use tempfile::TempDir;
use tokio::process::Command;
use tutti::keys::Keys;
use tutti_test_client::TestUser;

use crate::support::{Process, guest};

const PROGRAM: &str = env!("CARGO_BIN_EXE_tutti");

/// `tutti keys …` on a data directory.
async fn keys(data_dir: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(PROGRAM);
    command.arg("keys").args(arguments).arg("--data-dir").arg(data_dir).env_remove("TUTTI_KEYS");
    command.output().await.expect("the program runs")
}

/// The output of a command that must succeed.
async fn printed(data_dir: &Path, arguments: &[&str]) -> String {
    let output = keys(data_dir, arguments).await;
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The rows of `tutti keys list`, split into words.
async fn list(data_dir: &Path) -> Vec<Vec<String>> {
    let text = printed(data_dir, &["list"]).await;
    text.lines().skip(1).map(|line| line.split_whitespace().map(Into::into).collect()).collect()
}

#[tokio::test]
async fn a_running_server_reloads_its_keys_on_sighup() {
    let dir = TempDir::new().unwrap();
    let mut server = Process::start(dir.path(), &[]);
    let address = server.address().await;
    let ana = guest(address, "Ana").await;
    let kid = |user: &TestUser| jsonwebtoken::decode_header(&user.token).unwrap().kid.unwrap();

    let rotated = printed(dir.path(), &["rotate"]).await;
    server.signal("HUP").await;
    server.log_line("keys reloaded").await;
    assert_eq!(ana.status(reqwest::Method::GET, "me").await, 200);
    let ben = guest(address, "Ben").await;
    assert_ne!(kid(&ben), kid(&ana));
    assert!(rotated.contains(&format!("access key {}: active", kid(&ben))), "{rotated}");

    server.stop().await;
}

#[tokio::test]
async fn keys_are_added_listed_rotated_and_pruned() {
    let dir = TempDir::new().unwrap();
    let nothing = keys(dir.path(), &["list"]).await;
    assert!(!nothing.status.success() && String::from_utf8_lossy(&nothing.stderr).contains("no keys yet"));

    printed(dir.path(), &["add"]).await;
    let first = list(dir.path()).await;
    assert_eq!(
        first.iter().map(|row| (&*row[0], &*row[4])).collect::<Vec<_>>(),
        [("access", "active"), ("seal", "active")]
    );

    printed(dir.path(), &["add"]).await;
    assert!(printed(dir.path(), &["add"]).await.contains("pending keys already"));
    let listed: Vec<_> = list(dir.path()).await.into_iter().map(|row| format!("{} {}", row[0], row[4])).collect();
    assert!(listed.contains(&"access pending".into()) && listed.contains(&"seal pending".into()), "{listed:?}");

    let rotated = printed(dir.path(), &["rotate"]).await;
    let rows = list(dir.path()).await;
    assert_eq!((rows.len(), &*rows[0][4], &*rows[2][4]), (4, "retired", "retired"));
    assert!(rotated.contains(&rows[1][1]) && rotated.contains(&rows[3][1]), "{rotated}");
    assert!(printed(dir.path(), &["prune"]).await.contains("within the last hour"));
    assert_eq!(list(dir.path()).await.len(), 4);
}

#[tokio::test]
async fn an_encryption_key_is_pruned_by_id_and_with_a_warning() {
    let dir = TempDir::new().unwrap();
    printed(dir.path(), &["add"]).await;
    let active = list(dir.path()).await[1][1].clone();
    let refused = keys(dir.path(), &["prune", "--sealing", &active]).await;
    assert!(!refused.status.success());
    assert_eq!(list(dir.path()).await.len(), 2);

    printed(dir.path(), &["rotate"]).await;
    let output = keys(dir.path(), &["prune", "--sealing", &active]).await;
    assert!(output.status.success(), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).starts_with("Warning:"), "{output:?}");
    assert!(!list(dir.path()).await.iter().any(|row| row[1] == active));

    let nonsense = keys(dir.path(), &["prune", "--sealing", "../../etc/passwd"]).await;
    assert!(!nonsense.status.success());
}

#[tokio::test]
async fn only_export_prints_secrets() {
    let dir = TempDir::new().unwrap();
    let mut shown = vec![printed(dir.path(), &["add"]).await];
    for arguments in [["list"], ["rotate"], ["prune"], ["list"], ["add"]] {
        shown.push(printed(dir.path(), &arguments).await);
    }
    let export = printed(dir.path(), &["export"]).await;
    assert_eq!(export.lines().count(), 1);
    Keys::from_export(&SecretString::from(export.as_str())).expect("a server accepts it");
    let secrets: Vec<_> = export.trim().split([',', '=']).filter(|part| part.len() == 43).collect();
    assert_eq!(secrets.len(), 7, "three keys of each purpose and the refresh secret");
    for secret in secrets {
        assert!(!shown.iter().any(|text| text.contains(secret)));
    }
}
