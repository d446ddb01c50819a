//! What the scanner makes of a folder.

use std::fs::{self, File};
use std::time::{Duration, UNIX_EPOCH};

use lofty::config::WriteOptions;
use lofty::file::TaggedFileExt;
use lofty::tag::{ItemKey, TagExt};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tutti::clock::Clock;
use tutti::providers::Provider as _;
use tutti::providers::library::{Library, LibraryError, ScanReport, Source};

use super::{Shelf, covers, fixture, open, served_cover, temp, untagged_mp3};

#[tokio::test]
async fn six_formats_are_read() {
    let files = ["tone.mp3", "tone.m4a", "tone.flac", "tone.ogg", "tone.opus", "tone.wav"];
    let at: Vec<String> = files.iter().map(|name| format!("Shelf/{}", name.to_uppercase())).collect();
    let pairs: Vec<(&str, &str)> = at.iter().map(String::as_str).zip(files).collect();
    let shelf = Shelf::with(&pairs).await;
    assert_eq!(
        shelf.library.scan_state().last,
        ScanReport { tracks: 6, unreadable: 0, read: 6, gone: 0, ..ScanReport::default() }
    );

    let mut lines = Vec::new();
    for path in &at {
        let track = shelf.track(path).await.expect("it is a track");
        let album = track.album.as_deref().unwrap_or("-");
        lines.push(format!(
            "{path}: {} | {} | {album} | {} ms",
            track.title,
            track.artists.join(" + "),
            track.duration_ms
        ));
    }
    expect_test::expect![[r"
        Shelf/TONE.MP3: Über den Wolken | Reinhard Mey | Wie vor Jahr und Tag | 750 ms
        Shelf/TONE.M4A: Hey Jude | The Beatles | Hey Jude | 750 ms
        Shelf/TONE.FLAC: Jóga | Björk | Homogenic | 500 ms
        Shelf/TONE.OGG: Sæglópur | Sigur Rós | Takk… | 750 ms
        Shelf/TONE.OPUS: Under Pressure | Queen + David Bowie | Hot Space | 750 ms
        Shelf/TONE.WAV: TONE | Shelf | - | 500 ms"]]
    .assert_eq(&lines.join("\n"));
}

#[tokio::test]
async fn what_has_no_tags_is_named_after_its_place() {
    let shelf = Shelf::with(&[("Nina Simone/Live/01 Feeling Good.wav", "tone.wav"), ("loose.wav", "tone.wav")]).await;
    let track = shelf.track("Nina Simone/Live/01 Feeling Good.wav").await.expect("it is a track");
    assert_eq!(
        (track.title.as_str(), track.artists, track.album),
        ("Feeling Good", vec!["Nina Simone".to_owned()], Some("Live".to_owned()))
    );
    let track = shelf.track("loose.wav").await.expect("it is a track");
    assert_eq!((track.title.as_str(), track.artists), ("loose", vec!["Unknown artist".to_owned()]));
}

#[tokio::test]
async fn what_its_tags_call_explicit_is_so() {
    let shelf = Shelf::with(&[("a.mp3", "tone.mp3"), ("b.mp3", "tone.mp3"), ("c.m4a", "tone.m4a")]).await;
    for (path, advisory) in [("a.mp3", "1"), ("b.mp3", "2"), ("c.m4a", "4")] {
        let mut file = lofty::read_from_path(shelf.path(path)).expect("it reads");
        let tag = file.primary_tag_mut().expect("it has tags");
        assert!(tag.insert_text(ItemKey::ParentalAdvisory, advisory.into()), "{path}");
        tag.save_to_path(shelf.path(path), WriteOptions::default()).expect("it can be written");
    }
    shelf.rescan().await;
    let explicit = async |path| shelf.track(path).await.expect("it is a track").explicit;
    assert_eq!([explicit("a.mp3").await, explicit("b.mp3").await, explicit("c.m4a").await], [true, false, true]);
}

#[tokio::test]
async fn changes_are_picked_up() {
    let shelf = Shelf::with(&[("a/first.m4a", "tone.m4a"), ("a/joga.flac", "tone.flac")]).await;
    assert_eq!(
        shelf.rescan().await,
        ScanReport { tracks: 2, unreadable: 0, read: 0, gone: 0, ..ScanReport::default() }
    );

    shelf.put("b/pressure.opus", &fixture("tone.opus"));
    assert_eq!(
        shelf.rescan().await,
        ScanReport { tracks: 3, unreadable: 0, read: 1, gone: 0, ..ScanReport::default() }
    );
    assert_eq!(shelf.titles("bowie").await, ["Under Pressure"]);

    // New contents under an old name are a new title under an old id, in the answers and in the search.
    shelf.put("a/first.m4a", &fixture("tone.mp3"));
    assert_eq!(
        shelf.rescan().await,
        ScanReport { tracks: 3, unreadable: 0, read: 1, gone: 0, ..ScanReport::default() }
    );
    assert_eq!(shelf.track("a/first.m4a").await.expect("it is a track").title, "Über den Wolken");
    assert_eq!(shelf.titles("jude").await, Vec::<String>::new());
    assert_eq!(shelf.titles("wolken").await, ["Über den Wolken"]);

    // A file that was written to is read again even if it is as long as before.
    let touched = File::options().write(true).open(shelf.path("a/joga.flac")).expect("it is there");
    touched.set_modified(UNIX_EPOCH + Duration::from_secs(1_000_000_000)).expect("it can be set");
    assert_eq!(shelf.rescan().await.read, 1);

    fs::remove_dir_all(shelf.path("a")).expect("it can be removed");
    assert_eq!(
        shelf.rescan().await,
        ScanReport { tracks: 1, unreadable: 0, read: 0, gone: 2, ..ScanReport::default() }
    );
    assert_eq!(shelf.track("a/joga.flac").await, None);
    assert_eq!(shelf.titles("").await, ["Under Pressure"]);
}

#[tokio::test]
async fn broken_files_harm_nobody() {
    let shelf = Shelf::with(&[("good.flac", "tone.flac")]).await;
    shelf.put("empty.mp3", b"");
    shelf.put("text.ogg", b"I am not music, but I am long enough to be looked at twice.");
    shelf.put("page.m4a", b"<!doctype html><title>404</title>");
    shelf.put("noise.mp3", &noise(20_000));
    shelf.put("noise.flac", &noise(20_000));
    shelf.put("half.flac", &fixture("tone.flac")[..60]);
    shelf.put("half.m4a", &fixture("tone.m4a")[..200]);
    shelf.put("half.opus", &fixture("tone.opus")[..80]);
    shelf.put("tags-only.mp3", &fixture("tone.mp3")[..60]);
    shelf.put("boastful.wav", &boastful_wav());
    shelf.put("boastful.flac", &[b"fLaC\x04\xff\xff\xff".as_slice(), &[0xff; 64]].concat());
    shelf.put("boastful.mp3", &[b"ID3\x04\0\0\x7f\x7f\x7f\x7f".as_slice(), b"APIC\x7f\x7f\x7f\x7f\0\0"].concat());
    shelf.put("boastful.m4a", &[b"\0\0\0\x14ftypM4A \0\0\0\0M4A ".as_slice(), b"\xff\xff\xff\xffmoov\0\0"].concat());
    shelf.put("boastful.ogg", &[b"OggS\0\x02".as_slice(), &[0xff; 400]].concat());

    let report = shelf.rescan().await;
    assert_eq!(shelf.titles("").await, ["Jóga"]);
    assert_eq!(report, ScanReport { tracks: 1, unreadable: 14, read: 0, gone: 0, ..ScanReport::default() });
    // They are remembered, not read again and again.
    assert_eq!(shelf.rescan().await, report);

    // And looked at again once they change, either way.
    shelf.put("empty.mp3", &fixture("tone.mp3"));
    shelf.put("good.flac", b"fLaC");
    let report = shelf.rescan().await;
    assert_eq!(shelf.titles("").await, ["Über den Wolken"]);
    assert_eq!((report.tracks, report.unreadable, report.read), (1, 14, 1));
}

#[tokio::test]
async fn every_truncation_is_survived() {
    let shelf = Shelf::with(&[("good.flac", "tone.flac")]).await;
    for name in ["tone.mp3", "tone.m4a", "tone.flac", "tone.ogg", "tone.opus", "tone.wav"] {
        let whole = fixture(name);
        for part in 0..16 {
            shelf.put(&format!("{part}-{name}"), &whole[..whole.len() * part / 16]);
        }
    }
    let report = shelf.rescan().await;
    assert_eq!(report.tracks + report.unreadable, 1 + 6 * 16);
    assert!(shelf.track("good.flac").await.is_some());
}

#[tokio::test]
async fn hidden_files_and_folders_are_left_out() {
    let shelf =
        Shelf::with(&[("in.m4a", "tone.m4a"), (".hidden.flac", "tone.flac"), (".git/x.flac", "tone.flac")]).await;
    shelf.put("cover.txt", b"no music");
    fs::create_dir_all(shelf.path("folder.mp3")).expect("it can be made");
    assert_eq!(shelf.rescan().await, ScanReport { tracks: 1, ..ScanReport::default() });
    let id = shelf.track("in.m4a").await.expect("it is a track").id;
    assert!(shelf.library.open(&id).await.expect("the index answers").is_some());
}

#[tokio::test]
async fn covers_come_from_the_file_or_from_beside_it() {
    let shelf = Shelf::with(&[
        ("a/inside.flac", "tone.flac"),
        ("a/beside.mp3", "tone.mp3"),
        ("a/Folder.JPG", "cover.jpg"),
        ("b/none.mp3", "tone.mp3"),
    ])
    .await;
    let art = async |path: &str| {
        let track = shelf.track(path).await.expect("it is a track");
        let art = served_cover(&shelf.library, &track.id, None).await;
        assert_eq!(track.art_url.is_some(), art.is_some());
        art.map(|art| art.content_type)
    };
    assert_eq!(art("a/inside.flac").await, Some("image/png"));
    assert_eq!(art("a/beside.mp3").await, Some("image/jpeg"));
    assert_eq!(art("b/none.mp3").await, None);

    // A cover that is added shows without the music being read again.
    shelf.put("b/cover.png", &fixture("cover.jpg"));
    assert_eq!(shelf.rescan().await.read, 0);
    assert_eq!(art("b/none.mp3").await, Some("image/jpeg"));

    // What only calls itself a picture is none.
    shelf.put("b/cover.png", b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>");
    let id = shelf.track("b/none.mp3").await.expect("it is a track").id;
    assert!(served_cover(&shelf.library, &id, None).await.is_none());
}

#[tokio::test]
async fn an_index_is_used_again_or_made_again() {
    let shelf = Shelf::with(&[("a.flac", "tone.flac"), ("b.mp3", "tone.mp3")]).await;
    let before = shelf.search("", None).await;

    // After a restart everything is there before the first look, and nothing has to be read again.
    shelf.library.close().await;
    let library = open(&shelf.folder, &shelf.data).await;
    let shelf = Shelf { library, ..shelf };
    assert_eq!(shelf.search("", None).await, before);
    assert_eq!(shelf.rescan().await.read, 0);

    // Rubbish is replaced, and ids are what they were.
    shelf.library.close().await;
    fs::write(shelf.data.path().join("library.db"), noise(8192)).expect("it can be written");
    let library = open(&shelf.folder, &shelf.data).await;
    let shelf = Shelf { library, ..shelf };
    assert_eq!(shelf.rescan().await.read, 2);
    assert_eq!(shelf.search("", None).await, before);

    // Another folder's index is not mixed with this one's.
    shelf.library.close().await;
    let other = temp();
    let library = open(&other, &shelf.data).await;
    let shelf = Shelf { library, ..shelf };
    assert_eq!(shelf.titles("").await, Vec::<String>::new());
}

#[tokio::test]
async fn a_missing_folder_is_an_error_and_never_empties_the_index() {
    let data = temp();
    let nowhere = Source::Folder(data.path().join("nowhere"));
    let opened = Library::open(&data.path().join("library.db"), nowhere, Clock::system(), covers()).await;
    assert!(matches!(opened, Err(LibraryError::Files(_))), "{opened:?}");

    let shelf = Shelf::with(&[("a.flac", "tone.flac")]).await;
    let elsewhere = temp();
    fs::rename(shelf.folder.path(), elsewhere.path().join("moved")).expect("it can be moved");
    assert!(shelf.library.rescan().await.is_err());
    assert!(shelf.track("a.flac").await.is_some());
}

#[tokio::test]
async fn it_looks_by_itself_until_it_is_told_to_stop() {
    let (folder, data) = (temp(), temp());
    super::put(folder.path(), "a.flac", &fixture("tone.flac"));
    let library = open(&folder, &data).await;
    let (tracker, stop) = (TaskTracker::new(), CancellationToken::new());
    library.start(&tracker, stop.clone(), Duration::from_millis(1));
    library.scans_done(1).await;
    assert_eq!(library.scan_state().last.tracks, 1);

    stop.cancel();
    tracker.close();
    tracker.wait().await;
}

#[tokio::test]
async fn tags_and_paths_are_bounded() {
    let shelf = Shelf::with(&[]).await;
    let deep = format!("{}/a.flac", vec!["f".repeat(100); 11].join("/"));
    shelf.put(&deep, &fixture("tone.flac"));
    assert_eq!(
        shelf.rescan().await,
        ScanReport { tracks: 0, unreadable: 1, read: 0, gone: 0, ..ScanReport::default() }
    );

    let name = format!("{}.wav", "n".repeat(250));
    shelf.put(&name, &fixture("tone.wav"));
    // A title of 20,000 characters, in an ID3 tag ahead of the music.
    let title = [b"TIT2\0\0\x4e\x21\0\0".as_slice(), b"\0", &"t".repeat(20_000).into_bytes()].concat();
    let size = u32::try_from(title.len()).expect("it is short");
    let size =
        [(size >> 21) & 0x7f, (size >> 14) & 0x7f, (size >> 7) & 0x7f, size & 0x7f].map(|byte| byte.to_be_bytes()[3]);
    shelf.put("long.mp3", &[b"ID3\x03\0\0".as_slice(), &size, &title, &untagged_mp3()].concat());
    assert_eq!(shelf.rescan().await.tracks, 2);
    assert_eq!(shelf.track("long.mp3").await.expect("it is a track").title, "t".repeat(300));
    assert_eq!(shelf.track(&name).await.expect("it is a track").title, "n".repeat(250));
}

/// Bytes without a pattern, always the same.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    std::iter::repeat_with(next).take(length).collect()
}

/// A header for 4 GiB of sound, and none.
fn boastful_wav() -> Vec<u8> {
    let mut wav =
        b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x40\x1f\0\0\x01\0\x08\0data\xff\xff\xff\xff"
            .to_vec();
    wav.extend([0x80; 100]);
    wav
}
