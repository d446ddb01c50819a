//! Segments of the library's tracks over HTTP.

use std::fs;

use http::StatusCode;
use http::header;
use tutti::providers::{Measurement, Place, Provider as _, ProviderError};
use tutti_protocol::http::Problem;
use tutti_protocol::segments::{SAMPLES_HEADER, SEGMENT_SAMPLES};
use tutti_protocol::{ErrorCode, Gain, Reason};

use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tutti_audio::segment::Segments;
use tutti_audio::timeline::Timeline;
use tutti_protocol::segments::Quality;
use tutti_test_client::TestUser;

use super::http::{Served, get, send, served};
use super::{Shelf, asker, open, put, track_id};
use crate::support::{Process, guest};

/// Seconds of a stereo WAV file with a tone.
fn wav(seconds: u32) -> Vec<u8> {
    let frames = seconds * 48_000;
    let mut file = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x02\0".to_vec();
    file.extend(48_000_u32.to_le_bytes());
    file.extend((48_000_u32 * 4).to_le_bytes());
    file.extend(b"\x04\0\x10\0data");
    file.extend((frames * 4).to_le_bytes());
    let tone = |frame: u32| if frame % 100 < 50 { 3_000_i16 } else { -3_000 };
    file.extend((0..frames).flat_map(|frame| [tone(frame); 2]).flat_map(i16::to_le_bytes));
    let size = u32::try_from(file.len() - 8).unwrap();
    file[4..8].copy_from_slice(&size.to_le_bytes());
    file
}

async fn shelf() -> (Served, String) {
    let shelf = Shelf::with(&[]).await;
    shelf.put("tone.wav", &wav(12));
    shelf.put("noise.mp3", b"this is no music at all");
    shelf.rescan().await;
    (served(shelf).await, track_id("tone.wav"))
}

fn reason(response: &http::Response<bytes::Bytes>) -> (StatusCode, ErrorCode, Option<Reason>) {
    let problem: Problem = serde_json::from_slice(response.body()).expect("it is a problem");
    (response.status(), problem.code, problem.reason)
}

#[tokio::test]
async fn a_track_is_served_in_segments_of_both_qualities() {
    let (shelf, id) = shelf().await;
    for (quality, content_type) in [("lossless", "audio/flac"), ("small", "audio/ogg; codecs=opus")] {
        for (number, samples) in [(1, SEGMENT_SAMPLES), (2, 2 * 48_000), (0, SEGMENT_SAMPLES)] {
            let response = get(&shelf, &format!("library/tracks/{id}/segments/{quality}/{number}")).await;
            assert_eq!(response.status(), StatusCode::OK);
            assert_eq!(response.headers()[header::CONTENT_TYPE], content_type);
            assert_eq!(response.headers()[SAMPLES_HEADER], samples.to_string());
            assert_eq!(response.headers()[header::CACHE_CONTROL], "private, max-age=3600, immutable");
            let tag = response.headers()[header::ETAG].to_str().unwrap().to_owned();
            let path = format!("library/tracks/{id}/segments/{quality}/{number}");
            let again = send(&shelf, "GET", &path, &[(header::IF_NONE_MATCH, &tag)]).await;
            assert_eq!((again.status(), again.body().len()), (StatusCode::NOT_MODIFIED, 0));
        }
        let past = get(&shelf, &format!("library/tracks/{id}/segments/{quality}/3")).await;
        assert_eq!(reason(&past), (StatusCode::NOT_FOUND, ErrorCode::NotFound, Some(Reason::SegmentPastEnd)));
    }
    for path in ["lossless/-1", "lossless/4294967296", "huge/0"] {
        let response = get(&shelf, &format!("library/tracks/{id}/segments/{path}")).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
    }
    let unknown = get(&shelf, "library/tracks/unknown/segments/lossless/0").await;
    assert_eq!(unknown.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn concurrent_requests_get_the_same_segment() {
    let (shelf, id) = shelf().await;
    let path = format!("library/tracks/{id}/segments/lossless/1");
    let responses = futures_util::future::join_all((0..40).map(|_| get(&shelf, &path))).await;
    for response in &responses {
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.body(), responses[0].body());
    }
}

#[tokio::test]
async fn a_deleted_file_is_gone_and_its_track_measures_as_gone() {
    let (shelf, id) = shelf().await;
    fs::remove_file(shelf.path("tone.wav")).unwrap();
    let response = get(&shelf, &format!("library/tracks/{id}/segments/small/0")).await;
    assert_eq!(reason(&response), (StatusCode::GONE, ErrorCode::NotFound, Some(Reason::TrackGone)));
    assert_eq!(shelf.library.measure(&id).await.unwrap(), Measurement::Gone);
}

#[tokio::test]
async fn a_file_without_sound_has_no_segments() {
    let (shelf, id) = shelf().await;
    shelf.put("tone.wav", b"this was music before the last scan");
    let response = get(&shelf, &format!("library/tracks/{id}/segments/lossless/0")).await;
    let expected = (StatusCode::UNPROCESSABLE_ENTITY, Some(Reason::TrackUnplayable));
    let (status, _, reason) = reason(&response);
    assert_eq!((status, reason), expected);
}

#[tokio::test]
async fn a_track_is_not_gone_before_the_first_scan_has_finished() {
    let (folder, data) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    put(folder.path(), "tone.wav", &wav(1));
    let library = open(&folder, &data).await;
    let id = track_id("tone.wav");
    let (measured, scanned) = tokio::join!(library.measure(&id), async {
        // Measuring waits for this scan.
        tokio::task::yield_now().await;
        library.rescan().await
    });
    scanned.unwrap();
    assert!(matches!(measured.unwrap(), Measurement::Playable { duration_ms: 1_000, .. }));
    assert_eq!(library.measure(&track_id("other.wav")).await.unwrap(), Measurement::Gone);
}

#[tokio::test]
async fn files_of_an_empty_mount_are_away_and_not_gone() {
    let shelf = Shelf::with(&[]).await;
    shelf.put("disk/tone.wav", &wav(1));
    shelf.put("disk/other.wav", &wav(2));
    shelf.rescan().await;
    let id = track_id("disk/tone.wav");
    let measured = async || shelf.library.measure(&id).await.unwrap();
    fs::remove_file(shelf.path("disk/tone.wav")).unwrap();
    assert_eq!(measured().await, Measurement::Gone, "its folder is still full");
    fs::remove_file(shelf.path("disk/other.wav")).unwrap();
    assert_eq!(measured().await, Measurement::Away, "before a scan has noticed");
    shelf.library.scan(false, &CancellationToken::new()).await.unwrap();
    assert_eq!(measured().await, Measurement::Away, "the scan keeps the track");
    shelf.put("disk/tone.wav", &wav(1));
    assert!(matches!(measured().await, Measurement::Playable { .. }), "it is back");
}

#[tokio::test]
async fn a_library_without_any_track_calls_none_gone() {
    let shelf = Shelf::with(&[]).await;
    assert_eq!(shelf.library.measure(&track_id("tone.wav")).await.unwrap(), Measurement::Away);
}

/// A WAV file whose codec does not exist.
fn wav_of_no_codec() -> Vec<u8> {
    let mut file = wav(3);
    file[20..22].copy_from_slice(&0x4711_u16.to_le_bytes());
    file
}

#[tokio::test]
async fn a_file_that_no_decoder_plays_cannot_be_queued_until_it_is_replaced_or_rescanned() {
    let shelf = Shelf::with(&[("fine.flac", "tone.flac")]).await;
    shelf.put("broken.wav", &wav_of_no_codec());
    shelf.rescan().await;
    let id = track_id("broken.wav");
    let queued = async || shelf.library.track(&asker(), &id).await;
    assert!(queued().await.unwrap().is_some(), "before it is measured");
    for decoder_may_be_new in [true, false] {
        assert_eq!(shelf.library.measure(&id).await.unwrap(), Measurement::Unplayable);
        assert!(matches!(queued().await, Err(ProviderError::Unplayable)));
        shelf.library.scan(decoder_may_be_new, &CancellationToken::new()).await.unwrap();
        assert_eq!(queued().await.is_ok(), decoder_may_be_new);
    }
    shelf.put("broken.wav", &wav(3));
    shelf.library.scan(false, &CancellationToken::new()).await.unwrap();
    assert!(queued().await.unwrap().is_some());
    assert!(matches!(shelf.library.measure(&id).await.unwrap(), Measurement::Playable { duration_ms: 3_000, .. }));
}

#[tokio::test]
async fn a_measured_track_is_found_and_queued_with_its_exact_length_and_gain() {
    let shelf = Shelf::with(&[]).await;
    shelf.put("tone.wav", &wav(12));
    shelf.put("broken.wav", &wav_of_no_codec());
    shelf.rescan().await;
    let listed = async |title: &str| {
        let found = shelf.search(title, None).await.items.remove(0);
        let browsed = shelf.library.browse(&asker(), &Place::RecentlyAdded, None).await.unwrap().unwrap().tracks;
        assert!(browsed.contains(&found));
        found
    };
    assert_eq!(listed("tone").await.gain_db, None, "before it is measured");
    assert!(!listed("broken").await.unplayable, "before it is measured");

    let measured = shelf.library.measure(&track_id("tone.wav")).await.unwrap();
    let Measurement::Playable { duration_ms, gain_db: Some(gain_db) } = measured else { panic!("{measured:?}") };
    let queued = shelf.track("tone.wav").await.unwrap();
    assert_eq!((queued.duration_ms, queued.gain_db), (duration_ms, Some(Gain::of_db(gain_db))));
    assert_eq!(listed("tone").await, queued);
    shelf.library.measure(&track_id("broken.wav")).await.unwrap();
    assert!(listed("broken").await.unplayable);

    shelf.put("tone.wav", &wav(7));
    shelf.put("broken.wav", &wav(7));
    shelf.library.scan(false, &CancellationToken::new()).await.unwrap();
    assert_eq!(listed("tone").await.gain_db, None, "other contents are not measured yet");
    assert!(!listed("broken").await.unplayable, "other contents are not measured yet");
}

#[tokio::test]
async fn a_changed_file_is_measured_again_and_gets_other_segments() {
    let (shelf, id) = shelf().await;
    let path = format!("library/tracks/{id}/segments/lossless/0");
    let duration = |measurement| match measurement {
        Measurement::Playable { duration_ms, .. } => duration_ms,
        other => panic!("{other:?}"),
    };
    assert_eq!(duration(shelf.library.measure(&id).await.unwrap()), 12_000);
    let before = get(&shelf, &path).await.headers()[header::ETAG].clone();
    shelf.put("tone.wav", &wav(7));
    assert_eq!(duration(shelf.library.measure(&id).await.unwrap()), 7_000);
    assert_ne!(get(&shelf, &path).await.headers()[header::ETAG], before);
    let track = shelf.track("tone.wav").await.unwrap();
    assert_eq!(track.duration_ms, 7_000);
}

/// A segment as a device fetches it; `None` while it is not ready.
async fn fetched(user: &TestUser, id: &str, number: usize) -> Option<bytes::Bytes> {
    let url = format!("http://{}/api/v1/library/tracks/{id}/segments/lossless/{number}", user.address);
    let response = reqwest::Client::new().get(url).bearer_auth(&user.token).send().await.ok()?;
    match response.status() {
        StatusCode::OK => response.bytes().await.ok(),
        _ => None,
    }
}

#[tokio::test]
async fn a_server_that_is_killed_while_it_prepares_serves_only_whole_segments_afterwards() {
    let (music, data) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    put(music.path(), "tone.wav", &wav(60));
    let timeline = Timeline::open(&music.path().join("tone.wav")).unwrap();
    let mut segments = Segments::new(timeline, Quality::Lossless, 0);
    let expected: Vec<_> = std::iter::from_fn(|| segments.next_segment().unwrap()).map(|made| made.bytes).collect();
    let folder = format!("--library-dir={}", music.path().display());
    let id = track_id("tone.wav");
    for killed_after in [0, 3, 7] {
        let mut server = Process::start(data.path(), &[&folder, "--audio-access=users"]);
        let ana = guest(server.address().await, "Ana").await;
        server.log_line("library scan finished").await;
        for (number, expected) in expected.iter().enumerate().take(killed_after + 1) {
            assert_eq!(fetched(&ana, &id, number).await.as_deref(), Some(&expected[..]));
        }
        // Six more are being made.
        server.kill().await;
    }
    let mut server = Process::start(data.path(), &[&folder, "--audio-access=users"]);
    let ana = guest(server.address().await, "Ana").await;
    for (number, expected) in expected.iter().enumerate() {
        assert_eq!(fetched(&ana, &id, number).await.as_deref(), Some(&expected[..]), "segment {number}");
    }
    server.stop().await;
    let left = fs::read_dir(data.path().join("cache/segments")).unwrap();
    assert!(left.flatten().all(|file| file.path().extension().is_none()), "no temporary file is left");
}
