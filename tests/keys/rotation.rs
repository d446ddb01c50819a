//! Key rotation without logging out users or closing sockets.

use reqwest::Method;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tutti::clock::Clock;
use tutti::keys::{KeyFolder, KeyId, Purpose};
use tutti_protocol::{Command, ServerFrame};
use tutti_test_client::TestUser;

use crate::support::TestServer;

const TWO_HOURS_MS: i64 = 2 * 60 * 60 * 1000;

fn kid(token: &str) -> KeyId {
    let header = jsonwebtoken::decode_header(token).expect("a token");
    header.kid.as_deref().and_then(KeyId::parse).expect("a key's id")
}

#[tokio::test]
async fn a_rotation_logs_out_no_user_and_closes_no_socket() {
    let server = TestServer::start().await;
    let folder = KeyFolder::in_data_dir(&server.data_dir());
    let now_ms = Clock::system().now_ms();
    let mut ana = server.guest("Ana").await;
    let code = ana.room("Kitchen", None).await.code.to_string();
    let mut socket = ana.enter(&code).await;
    let (old_token, old) = (ana.token.clone(), kid(&ana.token));

    let active = folder.rotate(now_ms).unwrap();
    assert_eq!(kid(&server.guest("Before").await.token), old, "the server has not reloaded yet");
    server.reload_keys().await;

    assert_eq!(ana.status(Method::GET, "me").await, 200, "the old token is still valid");
    ana.enter(&code).await;
    let ben = server.guest("Ben").await;
    assert!(active.contains(&(Purpose::Access, kid(&ben.token))), "the new key signs");
    ana.refresh().await.expect("refreshed");
    assert_eq!(kid(&ana.token), kid(&ben.token));
    assert_eq!(ana.status(Method::GET, "me").await, 200);

    assert_eq!(folder.prune(now_ms).unwrap().kept, [old], "too early");
    assert_eq!(folder.prune(now_ms + TWO_HOURS_MS).unwrap().removed, [old]);
    server.reload_keys().await;
    assert_eq!(ana.status(Method::GET, "me").await, 200);
    let outdated = TestUser { token: old_token, ..ana };
    assert_eq!(outdated.status(Method::GET, "me").await, 401, "a removed key no longer verifies");
    assert!(matches!(socket.ask(Command::Pause).await, ServerFrame::Reply { .. }), "the socket stayed open");
}

#[tokio::test]
async fn a_failed_reload_keeps_the_current_keys() {
    let server = TestServer::start().await;
    let ana = server.guest("Ana").await;
    KeyFolder::in_data_dir(&server.data_dir()).rotate(Clock::system().now_ms()).unwrap();
    std::fs::write(server.data_dir().join("keys/seal-writing"), "nonsense").unwrap();
    server.reload_keys().await;
    assert_eq!(ana.status(Method::GET, "me").await, 200);
    assert_eq!(kid(&server.guest("Ben").await.token), kid(&ana.token));
}

/// An exported key ring from another folder.
fn exported() -> String {
    let dir = TempDir::new().unwrap();
    let folder = KeyFolder::in_data_dir(dir.path());
    folder.add(Clock::system().now_ms()).unwrap();
    secrecy::ExposeSecret::expose_secret(&folder.export().unwrap()).to_owned()
}

#[tokio::test]
async fn keys_from_the_environment_survive_a_restart_and_write_no_file() {
    let line = exported();
    let mut server = TestServer::start_with(&[&format!("--keys={line}")]).await;
    let mut ana = server.guest("Ana").await;
    assert!(line.contains(&format!("access-signing={}", kid(&ana.token))));
    server.reload_keys().await;
    server.restart().await;
    assert_eq!(ana.status(Method::GET, "me").await, 200);
    ana.refresh().await.expect("refreshed");
    assert!(!server.data_dir().join("keys").exists());
}

#[tokio::test]
async fn a_malformed_export_prevents_the_start_and_is_not_quoted() {
    let line = exported();
    let dir = TempDir::new().unwrap();
    for wrong in ["", "v1", &line[..line.len() - 3], &line.replacen("access-", "axes-", 1)] {
        let data_dir = format!("--data-dir={}", dir.path().display());
        let config = TestServer::config(&[&data_dir, &format!("--keys={wrong}"), "--listen=127.0.0.1:0"]);
        let shown = format!("{config:?}");
        let error = tutti::app::start(config, CancellationToken::new()).await.expect_err("the start fails");
        let error = format!("{error:#} {error:?} {shown}");
        assert!(error.contains("TUTTI_KEYS"), "{error}");
        for part in line.split([',', '=']).filter(|part| part.len() > 30) {
            assert!(!error.contains(&part[1..20]), "{error}");
        }
    }
}
