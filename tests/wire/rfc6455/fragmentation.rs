//! Section 5.4: fragmented messages, with control frames between fragments.

use super::{BINARY, CONTINUATION, FIN, PING, PONG, Scene, TEXT, masked, probe, probe_text};

/// A message as fragments that end at `cuts`.
fn fragments(opcode: u8, payload: &[u8], cuts: &[usize]) -> Vec<Vec<u8>> {
    let bounds: Vec<usize> = [&[0], cuts, &[payload.len()]].concat();
    let last = bounds.len() - 2;
    bounds
        .windows(2)
        .enumerate()
        .map(|(index, bounds)| {
            let first = if index == 0 { opcode } else { CONTINUATION } | if index == last { FIN } else { 0 };
            masked(first, &payload[bounds[0]..bounds[1]])
        })
        .collect()
}

#[tokio::test]
async fn a_message_may_be_fragmented_anywhere() {
    let scene = Scene::set().await;
    let text = probe_text(7.0);
    let bytes = text.as_bytes();
    let everywhere: Vec<usize> = (1..bytes.len()).collect();
    for cuts in [&[5][..], &[0], &[0, 0, 9, 9], &[bytes.len()], &[bytes.len(), bytes.len()], &everywhere] {
        scene.probes(&fragments(TEXT, bytes, cuts).concat()).await;
    }
}

#[tokio::test]
async fn fragments_may_arrive_byte_by_byte() {
    let scene = Scene::set().await;
    let mut peer = scene.enter().await;
    let text = probe_text(7.0);
    for fragment in fragments(TEXT, text.as_bytes(), &[1, 7, 12]) {
        peer.send_byte_by_byte(&fragment).await;
    }
    peer.is_answered(7.0).await;
}

#[tokio::test]
async fn control_frames_between_fragments_are_answered_at_once() {
    let scene = Scene::set().await;
    let mut peer = scene.enter().await;
    let text = probe_text(7.0);
    let fragments = fragments(TEXT, text.as_bytes(), &[3, 9, 10]);
    let (last, first) = fragments.split_last().expect("four");
    for (number, fragment) in (0u8..).zip(first) {
        peer.send(&[fragment.clone(), masked(FIN | PONG, b"unasked"), masked(FIN | PING, &[number])].concat()).await;
        assert_eq!(peer.pong().await, [number]);
    }
    peer.send(last).await;
    peer.is_answered(7.0).await;
}

#[tokio::test]
async fn a_continuation_without_a_start_is_a_violation() {
    let scene = Scene::set().await;
    let text = probe_text(7.0);
    scene.violates(&masked(FIN, text.as_bytes())).await;
    scene.violates(&masked(CONTINUATION, text.as_bytes())).await;
    scene.violates(&masked(FIN, b"")).await;
    // After an unfragmented message and after a fragmented one.
    scene.violates(&[probe(1.0), masked(FIN, b"more")].concat()).await;
    let whole = fragments(TEXT, text.as_bytes(), &[4]).concat();
    scene.violates(&[whole, masked(FIN, b"more")].concat()).await;
}

#[tokio::test]
async fn a_new_message_within_a_fragmented_one_is_a_violation() {
    let scene = Scene::set().await;
    for first in [FIN | TEXT, TEXT, FIN | BINARY, BINARY] {
        scene.violates(&[masked(TEXT, b"{\"type\":"), masked(first, b"\"sync\"}")].concat()).await;
    }
}

#[tokio::test]
async fn fragmented_binary_messages_are_violations() {
    let scene = Scene::set().await;
    scene.violates(&fragments(BINARY, probe_text(7.0).as_bytes(), &[4]).concat()).await;
}
