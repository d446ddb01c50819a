//! Sections 5.2 and 5.3: lengths, masks, reserved bits and opcodes, however the bytes arrive.

use super::{
    BINARY, CLOSE, CONTINUATION, FIN, PING, Peer, Scene, TEXT, client_frame, masked, padded_probe, probe, probe_text,
};

#[tokio::test]
async fn every_length_encoding_is_read() {
    let scene = Scene::set().await;
    for length in [60, 124, 125, 126, 127, 128, 255, 256, 4_096, 65_534, 65_535, 65_536] {
        scene.probes(&masked(FIN | TEXT, padded_probe(length).as_bytes())).await;
    }
}

#[tokio::test]
async fn every_mask_is_undone() {
    let scene = Scene::set().await;
    for mask in [[0; 4], [0xFF; 4], [1, 2, 3, 4], [0, 0, 0, 0x80], *b"\"{}:"] {
        scene.probes(&client_frame(FIN | TEXT, mask, probe_text(7.0).as_bytes())).await;
    }
}

#[tokio::test]
async fn frames_may_arrive_in_any_pieces() {
    let scene = Scene::set().await;
    let mut peer = scene.enter().await;
    peer.send_byte_by_byte(&masked(FIN | TEXT, padded_probe(300).as_bytes())).await;
    peer.is_answered(7.0).await;
    // Several in one write are answered in order.
    peer.send(&[probe(1.0), probe(2.0), masked(FIN | PING, b"x"), probe(3.0)].concat()).await;
    for t0 in [1.0, 2.0] {
        peer.is_answered(t0).await;
    }
    assert_eq!(peer.pong().await, b"x");
    peer.is_alive().await;
}

#[tokio::test]
async fn frames_that_arrive_with_the_hello_are_read() {
    let scene = Scene::set().await;
    let hello = scene.person.hello(&scene.code).to_string();
    let whole = masked(FIN | TEXT, hello.as_bytes());
    let (head, rest) = hello.as_bytes().split_at(100);
    let in_two = [masked(TEXT, head), masked(FIN | CONTINUATION, rest)].concat();
    for hello in [whole.clone(), in_two, [masked(FIN | PING, b""), whole].concat()] {
        let bytes = [hello.clone(), probe(1.0), masked(FIN | TEXT, padded_probe(2_000).as_bytes())].concat();
        // Split after the hello, within what follows, and not at all.
        for cut in [hello.len(), hello.len() + 1, hello.len() + 9, bytes.len()] {
            let mut peer = Peer::connect(&scene.server).await;
            peer.send(&bytes[..cut]).await;
            peer.json(|frame| frame["type"] == "welcome").await;
            peer.send(&bytes[cut..]).await;
            peer.is_answered(1.0).await;
            peer.is_answered(7.0).await;
        }
    }
}

#[tokio::test]
async fn unmasked_frames_are_violations() {
    let scene = Scene::set().await;
    let text = probe_text(7.0);
    let length = u8::try_from(text.len()).expect("short");
    scene.violates(&[&[FIN | TEXT, length], text.as_bytes()].concat()).await;
    scene.violates(&[FIN | PING, 0]).await;
    scene.violates(&[FIN | CLOSE, 2, 0x03, 0xE8]).await;
}

#[tokio::test]
async fn reserved_bits_are_violations_in_every_frame() {
    let scene = Scene::set().await;
    for bits in [0x40, 0x20, 0x10, 0x60, 0x50, 0x30, 0x70] {
        for opcode in [TEXT, BINARY, CLOSE, PING] {
            scene.violates(&masked(FIN | bits | opcode, b"")).await;
        }
        scene.violates(&[masked(FIN | bits | TEXT, probe_text(7.0).as_bytes()), probe(1.0)].concat()).await;
    }
}

#[tokio::test]
async fn reserved_opcodes_are_violations() {
    let scene = Scene::set().await;
    for opcode in [0x3, 0x4, 0x5, 0x6, 0x7, 0xB, 0xC, 0xD, 0xE, 0xF] {
        scene.violates(&masked(FIN | opcode, b"")).await;
        scene.violates(&masked(FIN | opcode, b"payload")).await;
        // After a valid frame, and within a fragmented message.
        scene.violates(&[probe(1.0), masked(FIN | opcode, b"")].concat()).await;
        scene.violates(&[masked(TEXT, b"{"), masked(FIN | opcode, b"")].concat()).await;
    }
}

#[tokio::test]
async fn binary_and_empty_messages_are_violations() {
    let scene = Scene::set().await;
    scene.violates(&masked(FIN | BINARY, b"")).await;
    scene.violates(&masked(FIN | BINARY, probe_text(7.0).as_bytes())).await;
    scene.violates(&masked(FIN | TEXT, b"")).await;
}
