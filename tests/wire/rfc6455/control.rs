//! Section 5.5: pings are answered; control frames are short and not fragmented.

use super::{CLOSE, FIN, PING, PONG, Scene, masked};

#[tokio::test]
async fn a_pong_repeats_the_pings_payload() {
    let scene = Scene::set().await;
    let mut peer = scene.enter().await;
    let every_byte: Vec<u8> = (0..125).map(|byte: u8| byte.wrapping_mul(211)).collect();
    for payload in [&b""[..], b"x", b"Hello, world!", &[0x00, 0xFF, 0xFE, 0xFD, 0xFC], &every_byte] {
        peer.send(&masked(FIN | PING, payload)).await;
        assert_eq!(peer.pong().await, payload);
    }
    peer.send_byte_by_byte(&masked(FIN | PING, &every_byte)).await;
    assert_eq!(peer.pong().await, every_byte);
    peer.is_alive().await;
}

#[tokio::test]
async fn the_last_of_many_pings_is_answered_and_pongs_are_in_order() {
    let scene = Scene::set().await;
    let mut peer = scene.enter().await;
    let pings: Vec<u8> = (0..10u8).flat_map(|number| masked(FIN | PING, &[number])).collect();
    peer.send(&pings).await;
    // "MAY elect to send a Pong frame for only the most recently processed Ping frame."
    let mut last = None;
    while last != Some(9) {
        let number = peer.pong().await[0];
        assert!(last.is_none_or(|last| last < number));
        last = Some(number);
    }
    peer.is_alive().await;
}

#[tokio::test]
async fn unsolicited_pongs_are_ignored() {
    let scene = Scene::set().await;
    let mut peer = scene.enter().await;
    peer.send(&[masked(FIN | PONG, b""), masked(FIN | PONG, b"unasked")].concat()).await;
    peer.is_alive().await;
    peer.send(&[masked(FIN | PONG, b"unasked"), masked(FIN | PING, b"asked")].concat()).await;
    assert_eq!(peer.pong().await, b"asked");
}

#[tokio::test]
async fn control_frames_over_125_bytes_are_violations() {
    let scene = Scene::set().await;
    for opcode in [PING, PONG, CLOSE] {
        scene.violates(&masked(FIN | opcode, &[0x03; 126])).await;
    }
}

#[tokio::test]
async fn fragmented_control_frames_are_violations() {
    let scene = Scene::set().await;
    for opcode in [PING, PONG, CLOSE] {
        scene.violates(&masked(opcode, b"")).await;
        scene.violates(&[masked(opcode, b"half"), masked(FIN, b"half")].concat()).await;
    }
}
