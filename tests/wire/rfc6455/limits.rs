//! Section 10.4: messages over the maximum length are refused as early as possible.

use super::{CONTINUATION, FIN, MASK, Scene, TEXT, masked, padded_probe};

const MESSAGE_BYTES_MAX: usize = 64 * 1024;

#[tokio::test]
async fn a_frame_may_have_the_maximum_message_length() {
    let scene = Scene::set().await;
    scene.probes(&masked(FIN | TEXT, padded_probe(MESSAGE_BYTES_MAX).as_bytes())).await;
    scene.violates(&masked(FIN | TEXT, padded_probe(MESSAGE_BYTES_MAX + 1).as_bytes())).await;
}

#[tokio::test]
async fn fragments_count_towards_the_maximum_length() {
    let scene = Scene::set().await;
    let in_pieces = |text: &str, bytes: usize| -> Vec<u8> {
        let pieces: Vec<&[u8]> = text.as_bytes().chunks(bytes).collect();
        let last = pieces.len() - 1;
        pieces
            .into_iter()
            .enumerate()
            .flat_map(|(index, piece)| {
                let first = if index == 0 { TEXT } else { CONTINUATION } | if index == last { FIN } else { 0 };
                masked(first, piece)
            })
            .collect()
    };
    scene.probes(&in_pieces(&padded_probe(MESSAGE_BYTES_MAX), 1_000)).await;
    scene.violates(&in_pieces(&padded_probe(MESSAGE_BYTES_MAX + 1), 1_000)).await;
    // Before the message is complete.
    let half = "x".repeat(40_000);
    scene.violates(&[masked(TEXT, half.as_bytes()), masked(CONTINUATION, half.as_bytes())].concat()).await;
}

#[tokio::test]
async fn an_excessive_length_is_refused_before_the_payload() {
    let scene = Scene::set().await;
    for length in [65_537, 1 << 20, 1 << 32, (1 << 63) - 1, 1 << 63, u64::MAX] {
        let head = [&[FIN | TEXT, 0x80 | 0x7F][..], &length.to_be_bytes(), &MASK].concat();
        scene.violates(&head).await;
    }
}
