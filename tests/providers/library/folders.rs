//! Folders, links, disks that are missing, files that move, and how changes are noticed.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tutti::clock::Clock;
use tutti::providers::Provider as _;
use tutti::providers::library::id::track_id;
use tutti::providers::library::{Library, LibraryError, ScanReport, Source, request_path};

use super::{Shelf, asker, covers, fixture, put, search, temp, titles};

const DAY_MS: f64 = 24.0 * 60.0 * 60.0 * 1000.0;

async fn open(folders: &[&Path], data: &TempDir, clock: Clock) -> Library {
    let source = Source::Folders(folders.iter().map(|&folder| folder.to_owned()).collect());
    Library::open(&data.path().join("library.db"), source, clock, covers()).await.expect("the library opens")
}

/// Scans as after a change.
async fn scan(library: &Library) -> ScanReport {
    library.scan(false, &CancellationToken::new()).await.expect("the folders can be read").last
}

async fn all_titles(library: &Library) -> Vec<String> {
    titles(&search(library, "", None).await.expect("any query is answered"))
}

#[tokio::test]
async fn further_folders_leave_the_ids_of_the_first_alone() {
    let (first, second, other) = (temp(), temp(), temp());
    let same_name = other.path().join(second.path().file_name().expect("it has a name"));
    put(first.path(), "a.mp3", &fixture("tone.mp3"));
    put(second.path(), "a.mp3", &fixture("tone.flac"));
    put(&same_name, "a.mp3", &fixture("tone.opus"));
    let data = temp();
    let library = open(&[first.path()], &data, Clock::system()).await;
    scan(&library).await;
    let before = library.track(&asker(), &track_id("a.mp3")).await.expect("the index answers");
    library.close().await;

    let library = open(&[first.path(), second.path(), &same_name, first.path()], &data, Clock::system()).await;
    assert_eq!(scan(&library).await, ScanReport { tracks: 3, read: 2, ..ScanReport::default() });
    assert_eq!(library.track(&asker(), &track_id("a.mp3")).await.expect("the index answers"), before);
    for track in search(&library, "", None).await.expect("any query is answered").items {
        assert!(library.open(&track.id).await.expect("the index answers").is_some(), "{}", track.title);
    }
    library.close().await;

    // Tracks of a folder that is no longer one of the library's are forgotten at once.
    let library = open(&[first.path()], &data, Clock::system()).await;
    assert_eq!(scan(&library).await, ScanReport { tracks: 1, gone: 2, ..ScanReport::default() });
}

#[tokio::test]
async fn one_of_several_folders_may_be_missing() {
    let (folder, data) = (temp(), temp());
    put(folder.path(), "a.mp3", &fixture("tone.mp3"));
    let missing = data.path().join("unplugged");
    let library = open(&[folder.path(), &missing], &data, Clock::system()).await;
    assert_eq!(scan(&library).await.tracks, 1);

    put(&missing, "b.flac", &fixture("tone.flac"));
    assert_eq!(scan(&library).await.tracks, 2);
    fs::remove_dir_all(&missing).expect("it can be removed");
    // Not even a user who asks for it means that a whole folder is to be forgotten.
    assert_eq!(library.rescan().await.expect("there is a folder").last.tracks, 2);

    let nowhere = Source::Folders(vec![data.path().join("a"), data.path().join("b")]);
    let opened = Library::open(&temp().path().join("library.db"), nowhere, Clock::system(), covers()).await;
    assert!(matches!(opened, Err(LibraryError::Files(_))), "{opened:?}");
}

#[tokio::test]
async fn links_are_followed_and_nothing_is_listed_twice() {
    let outside = temp();
    put(outside.path(), "far/song.flac", &fixture("tone.flac"));
    put(outside.path(), "single.mp3", &fixture("tone.mp3"));
    let shelf = Shelf::with(&[("album/in.m4a", "tone.m4a"), (".store/hidden.opus", "tone.opus")]).await;
    let link = |to: &Path, at: &str| symlink(to, shelf.path(at)).expect("it can be linked");
    link(&outside.path().join("far"), "folder");
    link(&outside.path().join("single.mp3"), "single.mp3");
    link(&shelf.path("album/in.m4a"), "again.m4a");
    link(&shelf.path("album"), "favourites");
    link(&shelf.path(".store/hidden.opus"), "linked.opus");
    link(shelf.folder.path(), "loop");
    link(&outside.path().join("far"), "folder again");
    link(&outside.path().join("nowhere"), "broken.mp3");
    symlink(shelf.folder.path(), outside.path().join("far/back")).expect("it can be linked");
    let report = shelf.rescan().await;
    assert_eq!((report.tracks, report.unreadable), (4, 0));
    assert!(shelf.track("album/in.m4a").await.is_some());
    assert!(shelf.track("single.mp3").await.is_some());
    assert!(shelf.track("linked.opus").await.is_some());
    let id = shelf.track("single.mp3").await.expect("it is a track").id;
    assert!(shelf.library.open(&id).await.expect("the index answers").is_some());
}

#[tokio::test]
async fn names_that_are_not_utf8_are_tracks() {
    let shelf = Shelf::with(&[]).await;
    let folder = shelf.folder.path().join(OsStr::from_bytes(b"Bj\xf6rk"));
    fs::create_dir(&folder).expect("it can be made");
    fs::write(folder.join(OsStr::from_bytes(b"J\xf3ga.wav")), fixture("tone.wav")).expect("it can be written");
    fs::write(folder.join("tab\there.wav"), fixture("tone.wav")).expect("it can be written");
    assert_eq!(shelf.rescan().await.tracks, 2);
    let found = shelf.search("jóga", None).await.items;
    assert_eq!((found[0].title.as_str(), &found[0].artists), ("Jóga", &vec!["Björk".to_owned()]));
    assert!(shelf.library.open(&found[0].id).await.expect("the index answers").is_some());
    assert_eq!(shelf.rescan().await.read, 0);
}

#[tokio::test]
async fn what_nas_systems_and_desktops_create_is_left_out() {
    let rubbish = ["@eaDir/a.mp3", "#recycle/a.mp3", "$RECYCLE.BIN/a.mp3", ".Trash-1000/a.mp3", "lost+found/a.mp3"];
    let mut files: Vec<(&str, &str)> = rubbish.iter().map(|path| (*path, "tone.mp3")).collect();
    files.extend([("ok/a.mp3", "tone.mp3"), ("ok/._a.mp3", "tone.mp3"), ("ringtones/a.mp3", "tone.mp3")]);
    let shelf = Shelf::with(&files).await;
    assert_eq!(shelf.rescan().await.tracks, 2);
    shelf.put("ringtones/.nomedia", b"");
    assert_eq!(shelf.rescan().await, ScanReport { tracks: 1, gone: 1, ..ScanReport::default() });
}

#[tokio::test]
async fn an_empty_folder_is_a_missing_disk_for_a_day() {
    let (folder, data, elsewhere) = (temp(), temp(), temp());
    for name in ["a/1.mp3", "a/2.flac", "b/3.opus"] {
        put(folder.path(), name, &fixture(&format!("tone.{}", &name[4..])));
    }
    let start = 1_700_000_000_000.0;
    let library = open(&[folder.path()], &data, Clock::starting_at(start)).await;
    scan(&library).await;
    let before = all_titles(&library).await;

    for name in ["a", "b"] {
        fs::rename(folder.path().join(name), elsewhere.path().join(name)).expect("it can be moved");
    }
    let kept = ScanReport { tracks: 3, missing: 3, ..ScanReport::default() };
    assert_eq!(scan(&library).await, kept);
    assert_eq!(all_titles(&library).await, before);
    library.close().await;

    // It stays so after a restart, and is as before once the disk is back.
    let library = open(&[folder.path()], &data, Clock::starting_at(start + DAY_MS / 2.0)).await;
    assert_eq!(scan(&library).await, kept);
    for name in ["a", "b"] {
        fs::rename(elsewhere.path().join(name), folder.path().join(name)).expect("it can be moved");
    }
    assert_eq!(scan(&library).await, ScanReport { tracks: 3, ..ScanReport::default() });

    // A disk that is away for a day after that is gone.
    fs::remove_dir_all(folder.path().join("a")).expect("it can be removed");
    fs::remove_dir_all(folder.path().join("b")).expect("it can be removed");
    assert_eq!(scan(&library).await, kept);
    library.close().await;
    let library = open(&[folder.path()], &data, Clock::starting_at(start + DAY_MS * 1.4)).await;
    assert_eq!(scan(&library).await, kept);
    library.close().await;
    let library = open(&[folder.path()], &data, Clock::starting_at(start + DAY_MS * 1.6)).await;
    assert_eq!(scan(&library).await, ScanReport { gone: 3, ..ScanReport::default() });
}

#[tokio::test]
async fn a_request_forgets_what_is_missing() {
    let shelf = Shelf::with(&[("a/1.mp3", "tone.mp3"), ("a/2.flac", "tone.flac"), ("b/3.opus", "tone.opus")]).await;
    fs::remove_dir_all(shelf.path("a")).expect("it can be removed");
    assert_eq!(scan(&shelf.library).await, ScanReport { tracks: 3, missing: 2, ..ScanReport::default() });
    assert_eq!(shelf.rescan().await, ScanReport { tracks: 1, gone: 2, ..ScanReport::default() });
}

#[tokio::test]
async fn a_mount_point_inside_a_folder_is_missing_when_it_is_empty() {
    let shelf = Shelf::with(&[
        ("a.mp3", "tone.mp3"),
        ("b.flac", "tone.flac"),
        ("c.m4a", "tone.m4a"),
        ("nas/d.opus", "tone.opus"),
    ])
    .await;
    fs::remove_file(shelf.path("nas/d.opus")).expect("it can be removed");
    assert_eq!(scan(&shelf.library).await, ScanReport { tracks: 4, missing: 1, ..ScanReport::default() });
    // Without the folder it was deleted.
    fs::remove_dir(shelf.path("nas")).expect("it can be removed");
    assert_eq!(scan(&shelf.library).await, ScanReport { tracks: 3, gone: 1, ..ScanReport::default() });
}

#[tokio::test]
async fn a_few_deleted_files_are_forgotten_at_once() {
    let shelf = Shelf::with(&[("a.mp3", "tone.mp3"), ("b.flac", "tone.flac"), ("c.opus", "tone.opus")]).await;
    fs::remove_file(shelf.path("a.mp3")).expect("it can be removed");
    assert_eq!(scan(&shelf.library).await, ScanReport { tracks: 2, gone: 1, ..ScanReport::default() });
}

#[tokio::test]
async fn a_moved_file_keeps_its_id_as_an_alias() {
    let shelf = Shelf::with(&[("new/a.mp3", "tone.mp3"), ("new/b.flac", "tone.flac")]).await;
    let (old, library) = (track_id("new/a.mp3"), &shelf.library);
    let moved = async |from: &str, to: &str| {
        fs::create_dir_all(shelf.path(to).parent().expect("it is in a folder")).expect("it can be made");
        fs::rename(shelf.path(from), shelf.path(to)).expect("it can be moved");
        assert_eq!(scan(library).await, ScanReport { tracks: 2, read: 1, ..ScanReport::default() }, "{from} → {to}");
        library.track(&asker(), &old).await.expect("the index answers").expect("the old id is known")
    };
    let track = moved("new/a.mp3", "Reinhard Mey/a.mp3").await;
    assert_eq!(track.id, track_id("Reinhard Mey/a.mp3"));
    assert!(library.open(&old).await.expect("the index answers").is_some());
    // Twice, and back again.
    assert_eq!(moved("Reinhard Mey/a.mp3", "M/a.mp3").await.id, track_id("M/a.mp3"));
    assert_eq!(moved("M/a.mp3", "new/a.mp3").await.id, old);
    let between = library.track(&asker(), &track_id("Reinhard Mey/a.mp3")).await.expect("the index answers");
    assert_eq!(between.map(|track| track.id), Some(old.clone()));

    // A new file at a path that another has left is a track of its own.
    assert_eq!(moved("new/a.mp3", "M/a.mp3").await.id, track_id("M/a.mp3"));
    shelf.put("new/a.mp3", &fixture("tone.opus"));
    shelf.rescan().await;
    let there = library.track(&asker(), &old).await.expect("the index answers").expect("it is a track");
    assert_eq!((there.title.as_str(), &there.id), ("Under Pressure", &old));
}

#[tokio::test]
async fn changes_and_requests_are_noticed() {
    let (folder, data) = (temp(), temp());
    put(folder.path(), "deep/a.mp3", &fixture("tone.mp3"));
    let library = open(&[folder.path()], &data, Clock::system()).await;
    let (tracker, stop) = (TaskTracker::new(), CancellationToken::new());
    library.start(&tracker, stop.clone(), Duration::from_hours(1));
    library.scans_done(1).await;

    put(folder.path(), "deep/b.flac", &fixture("tone.flac"));
    while library.scan_state().last.tracks < 2 {
        library.scans_done(library.scan_state().scans + 1).await;
    }
    // In a folder that was not there at the start.
    put(folder.path(), "new/deeper/c.opus", &fixture("tone.opus"));
    while library.scan_state().last.tracks < 3 {
        library.scans_done(library.scan_state().scans + 1).await;
    }

    let scans = library.scan_state().scans;
    fs::write(request_path(data.path()), b"").expect("it can be written");
    library.scans_done(scans + 1).await;
    assert!(!request_path(data.path()).exists());

    stop.cancel();
    tracker.close();
    tracker.wait().await;
}
