//! What is recognised as music, whatever it is called.

use std::io::Cursor;

use proptest::prelude::*;
use tutti::providers::Provider as _;
use tutti::providers::library::formats;

use super::{Shelf, fixture, untagged_mp3};

const FIXTURES: [&str; 19] = [
    "tone.mp3",
    "tone.m4a",
    "tone.flac",
    "tone.ogg",
    "tone.opus",
    "tone.wav",
    "fragmented.m4a",
    "flac-in-ogg.oga",
    "opus.webm",
    "vorbis.mka",
    "tone.aac",
    "tone.aiff",
    "tone-rf64.wav",
    "tone.wma",
    "tone.wv",
    "tone.ac3",
    "alac.m4a",
    "tone.mp2",
    "tone.tta",
];

/// The length of a file with these contents in a library, and the type under which it is served.
async fn listed(name: &str, contents: &[u8]) -> Option<(u64, &'static str)> {
    let shelf = Shelf::with(&[]).await;
    shelf.put(name, contents);
    shelf.rescan().await;
    let track = shelf.track(name).await?;
    let media = shelf.library.open(&track.id).await.expect("the index answers").expect("it is served");
    Some((track.duration_ms, media.content_type))
}

#[tokio::test]
async fn many_formats_are_listed_with_their_length() {
    for (name, duration_ms, content_type) in [
        ("fragmented.m4a", 500, "audio/mp4"),
        ("flac-in-ogg.oga", 500, "audio/ogg"),
        ("opus.webm", 500, "audio/webm"),
        ("vorbis.mka", 500, "audio/x-matroska"),
        ("tone.aac", 500, "audio/aac"),
        ("tone.aiff", 500, "audio/aiff"),
        ("tone-rf64.wav", 500, "audio/wav"),
        ("tone.wma", 500, "audio/x-ms-wma"),
        ("tone.wv", 500, "audio/x-wavpack"),
        ("tone.ac3", 500, "audio/ac3"),
        ("alac.m4a", 500, "audio/mp4"),
        ("tone.mp2", 500, "audio/mpeg"),
        ("tone.tta", 500, "application/octet-stream"),
    ] {
        let (found_ms, found_type) = listed(name, &fixture(name)).await.unwrap_or_else(|| panic!("{name} is a track"));
        assert_eq!(found_type, content_type, "{name}");
        // Encoders add up to two frames; the exact length is measured by decoding.
        assert!(found_ms.abs_diff(duration_ms) <= 70, "{name}: {found_ms} ms");
    }
}

#[tokio::test]
async fn contents_count_and_not_the_extension() {
    for (name, contents, content_type) in [
        ("a.wav", "tone.mp3", "audio/mpeg"),
        ("a.mp3", "tone.flac", "audio/flac"),
        ("a.ogg", "opus.webm", "audio/webm"),
        ("a.m4b", "tone.m4a", "audio/mp4"),
        ("a.mp4", "tone.m4a", "audio/mp4"),
        ("a.opus", "flac-in-ogg.oga", "audio/ogg"),
        ("a.oga", "tone.ogg", "audio/ogg"),
        ("without extension", "tone.flac", "audio/flac"),
        ("a.xyz", "tone.mp3", "audio/mpeg"),
    ] {
        let (_, found) = listed(name, &fixture(contents)).await.unwrap_or_else(|| panic!("{name} is a track"));
        assert_eq!(found, content_type, "{name}");
    }
}

#[tokio::test]
async fn films_and_other_files_are_left_out_without_a_word() {
    let shelf = Shelf::with(&[("film.mp4", "film.mp4"), ("book.m4b", "film.mp4"), ("track.mp3", "tone.mp3")]).await;
    shelf.put("cover.txt", b"no music");
    shelf.put("strange", &[7; 5_000]);
    shelf.put("readme.xyz", b"Words.");
    let report = shelf.rescan().await;
    // The pictures in an audio book are its chapters'.
    assert_eq!((report.tracks, report.unreadable), (2, 0));
    assert!(shelf.track("film.mp4").await.is_none());
}

#[tokio::test]
async fn junk_in_front_of_an_mp3_is_skipped() {
    let sound = untagged_mp3();
    let tag = b"ID3\x03\0\0\0\0\0\x10".as_slice();
    for (case, junk) in [
        ("zeros", vec![0; 3_000]),
        ("text", b"junk ".repeat(2_000)),
        ("two tags", [tag, &[0; 16], tag, &[0; 16]].concat()),
        ("a tag and zeros", [tag, &[0; 16], &[0; 5_000]].concat()),
        ("a web page", b"<html>\xff\xfb</html>".to_vec()),
    ] {
        let (duration_ms, content_type) =
            listed("a.mp3", &[junk, sound.clone()].concat()).await.unwrap_or_else(|| panic!("{case}"));
        assert_eq!((duration_ms, content_type), (750, "audio/mpeg"), "{case}");
    }
}

#[tokio::test]
async fn lengths_that_a_pipe_could_not_know_come_from_the_size() {
    let wav = fixture("tone.wav");
    let data = wav.windows(4).position(|window| window == b"data").expect("it has data") + 4;
    for size in [0_u32, u32::MAX] {
        let mut piped = wav.clone();
        piped[4..8].copy_from_slice(&size.to_le_bytes());
        piped[data..data + 4].copy_from_slice(&size.to_le_bytes());
        assert_eq!(listed("a.wav", &piped).await, Some((500, "audio/wav")));
    }
    let mut flac = fixture("tone.flac");
    // The lower 36 bits of these bytes are the number of samples.
    flac[21] &= 0xf0;
    flac[22..26].fill(0);
    let (duration_ms, _) = listed("a.flac", &flac).await.expect("it is a track");
    assert!(duration_ms > 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_bytes_panic_the_scan(bytes in proptest::collection::vec(any::<u8>(), 0..2_000), signature in 0..FIXTURES.len()) {
        let _ = formats::recognise(&mut Cursor::new(&bytes));
        let signed = [&fixture(FIXTURES[signature])[..48], &bytes].concat();
        let _ = formats::recognise(&mut Cursor::new(&signed));
    }

    #[test]
    fn no_damage_panics_the_scan(
        of in 0..FIXTURES.len(),
        damage in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..30),
        length in any::<proptest::sample::Index>(),
    ) {
        let mut bytes = fixture(FIXTURES[of]);
        for (at, byte) in damage {
            let at = at.index(bytes.len().min(600));
            bytes[at] = byte;
        }
        let _ = formats::recognise(&mut Cursor::new(&bytes));
        bytes.truncate(length.index(bytes.len()));
        let _ = formats::recognise(&mut Cursor::new(&bytes));
    }
}
