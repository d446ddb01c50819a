//! Sections 5.5.1 and 7: closing a connection.

use super::{CLOSE, FIN, PING, Peer, Scene, TEXT, masked, probe};

async fn closes_with(scene: &Scene, payload: &[u8]) -> Option<Vec<u8>> {
    let mut peer = scene.enter().await;
    peer.send(&masked(FIN | CLOSE, payload)).await;
    peer.close().await
}

fn with_reason(code: u16, reason: &str) -> Vec<u8> {
    [&code.to_be_bytes()[..], reason.as_bytes()].concat()
}

#[tokio::test]
async fn a_close_is_answered_and_then_the_connection_ends() {
    let scene = Scene::set().await;
    assert_eq!(closes_with(&scene, b"").await, Some(vec![]));
    for code in [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999] {
        let answer = closes_with(&scene, &with_reason(code, "")).await.expect("an answer");
        assert_eq!(answer[..2], code.to_be_bytes(), "{code}");
    }
    for reason in ["bye", "für immer", &"x".repeat(123)] {
        let answer = closes_with(&scene, &with_reason(1000, reason)).await.expect("an answer");
        assert_eq!(answer[..2], 1000u16.to_be_bytes(), "{reason}");
    }
}

#[tokio::test]
async fn reserved_close_codes_are_violations() {
    let scene = Scene::set().await;
    for code in [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535] {
        let answer = closes_with(&scene, &with_reason(code, "")).await.expect("an answer");
        assert_eq!(answer[..2], 1002u16.to_be_bytes(), "{code}");
    }
}

#[tokio::test]
async fn truncated_codes_and_invalid_reasons_are_violations() {
    let scene = Scene::set().await;
    scene.violates(&masked(FIN | CLOSE, b"\x03")).await;
    scene.violates(&masked(FIN | CLOSE, b"\x03\xE8\xC3\x28")).await;
    scene.violates(&masked(FIN | CLOSE, b"\x03\xE8\xED\xA0\x80")).await;
}

#[tokio::test]
async fn nothing_is_answered_after_a_close() {
    let scene = Scene::set().await;
    let mut peer = scene.enter().await;
    let close = masked(FIN | CLOSE, &1000u16.to_be_bytes());
    peer.send(&[close.clone(), masked(FIN | PING, b"late"), probe(7.0), close].concat()).await;
    // `close` checks that nothing follows.
    assert_eq!(peer.close_code().await, Some(1000));
}

#[tokio::test]
async fn a_close_within_a_message_ends_it() {
    let scene = Scene::set().await;
    let mut peer = scene.enter().await;
    peer.send(&[masked(TEXT, b"{\"type\":"), masked(FIN | CLOSE, &1001u16.to_be_bytes())].concat()).await;
    assert_eq!(peer.close_code().await, Some(1001));
}

#[tokio::test]
async fn the_server_does_not_wait_for_the_answer_to_its_close() {
    let scene = Scene::set().await;
    let mut silent = scene.enter().await;
    silent.send(&masked(FIN | TEXT, b"no frame of the contract")).await;
    // It does not answer the close; the server ends the connection.
    assert_eq!(silent.close_code().await, Some(4506));
    let mut gone: Peer = scene.enter().await;
    gone.send(&masked(FIN | TEXT, b"no frame of the contract")).await;
    drop(gone);
    scene.enter().await.is_alive().await;
}
