//! Section 8.1: text must be UTF-8, wherever it is split.

use super::{FIN, Scene, TEXT, masked};

/// A probe with these bytes in an unknown field.
fn probe_with(bytes: &[u8]) -> Vec<u8> {
    [br#"{"type":"sync","t0":7.0,"x":""#, bytes, br#""}"#].concat()
}

fn cut(payload: &[u8], at: usize) -> Vec<u8> {
    let (head, tail) = payload.split_at(at);
    [masked(TEXT, head), masked(FIN, tail)].concat()
}

#[tokio::test]
async fn every_character_is_accepted_wherever_it_is_split() {
    let scene = Scene::set().await;
    // The first and the last character of each length, those around the surrogates, and non-characters, which are
    // valid.
    let text = " ~\u{80}\u{7FF}\u{800}\u{D7FF}\u{E000}\u{FFFD}\u{FFFE}\u{FFFF}\u{10000}\u{1FFFE}\u{10FFFF}κόσμε";
    let payload = probe_with(text.as_bytes());
    let mut peer = scene.enter().await;
    for at in 0..=payload.len() {
        peer.send(&cut(&payload, at)).await;
        peer.is_answered(7.0).await;
    }
}

#[tokio::test]
async fn invalid_utf8_is_a_violation_whole_and_split() {
    let scene = Scene::set().await;
    let invalid: [&[u8]; 20] = [
        b"\x80",                     // a continuation of nothing
        b"\xBF\xBF",                 //
        b"\xC3",                     // cut short
        b"\xE2\x82",                 //
        b"\xF0\x9D\x84",             //
        b"\xC3\x28",                 // followed by something else
        b"\xE2\x28\xA1",             //
        b"\xF0\x28\x8C\xBC",         //
        b"\xC0\x80",                 // longer than need be
        b"\xC1\xBF",                 //
        b"\xE0\x80\x80",             //
        b"\xE0\x9F\xBF",             //
        b"\xF0\x80\x80\x80",         //
        b"\xF0\x8F\xBF\xBF",         //
        b"\xED\xA0\x80",             // surrogates
        b"\xED\xBF\xBF",             //
        b"\xF4\x90\x80\x80",         // beyond U+10FFFF
        b"\xF5\x80\x80\x80",         //
        b"\xF8\x88\x80\x80\x80",     // five and six bytes, as they once were
        b"\xFC\x84\x80\x80\x80\x80", //
    ];
    for bytes in invalid {
        let payload = probe_with(bytes);
        scene.violates(&masked(FIN | TEXT, &payload)).await;
        let start = payload.len() - bytes.len() - 2;
        for at in start..=start + bytes.len() {
            scene.violates(&cut(&payload, at)).await;
        }
    }
    scene.violates(&masked(FIN | TEXT, b"\xFE")).await;
    scene.violates(&masked(FIN | TEXT, b"\xFF")).await;
}
