//! `tutti backup` and `tutti restore`, as an operator uses them.

use std::path::{Path, PathBuf};
use std::process::Output;

use tempfile::TempDir;
use tokio::process::Command;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tutti_protocol::{EntryId, ServerFrame, TrackRef};
use tutti_test_client::{RoomClient, TestUser};

use crate::support::{Process, guest};

const PROGRAM: &str = env!("CARGO_BIN_EXE_tutti");
const GENEROUS: &[&str] = &["--limit-commands-per-second=1000"];

async fn tutti(command: &str, file: &Path, data_dir: &Path, more: &[&str]) -> Output {
    let mut program = Command::new(PROGRAM);
    program.arg(command).arg(file).arg("--data-dir").arg(data_dir).args(more);
    program.env_remove("TUTTI_DATABASE_URL").kill_on_drop(true).output().await.expect("the program runs")
}

#[track_caller]
fn stdout_of_success(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).expect("text")
}

#[track_caller]
fn assert_fails(output: &Output, message: &str) {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && stderr.contains(message), "{output:?}");
}

/// All files in a folder with their contents, by name.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file() && !path.ends_with("tutti.db.lock"))
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(&path).unwrap()))
        .collect();
    found.sort();
    found
}

/// Adds entries until `stop`; reports those that were acknowledged.
fn keep_adding(
    tasks: &TaskTracker,
    mut socket: RoomClient,
    track: TrackRef,
    stop: CancellationToken,
) -> watch::Receiver<Vec<EntryId>> {
    let (report, reported) = watch::channel(Vec::new());
    tasks.spawn(async move {
        while !stop.is_cancelled() {
            let entry = socket.add(&track).await;
            report.send_modify(|acknowledged| acknowledged.push(entry));
        }
    });
    reported
}

#[tokio::test]
async fn a_backup_under_load_contains_every_write_acknowledged_before_it() {
    let (dir, elsewhere) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let mut server = Process::start(dir.path(), GENEROUS);
    let address = server.address().await;
    let ada = guest(address, "Ada").await;
    let room = ada.room("Load", None).await.code.to_string();
    let tracks = ada.tracks().await;
    let mut watching = ada.enter(&room).await;
    watching.room_where(|_| true).await;

    let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
    let mut adding = Vec::new();
    for track in &tracks[..4] {
        let person = guest(address, "Guest").await;
        adding.push(keep_adding(&tasks, person.enter(&room).await, track.clone(), stop.clone()));
    }
    for acknowledged in &mut adding {
        acknowledged.wait_for(|entries| entries.len() >= 5).await.unwrap();
    }
    let before: Vec<Vec<EntryId>> = adding.iter().map(|acknowledged| acknowledged.borrow().clone()).collect();

    let copy = elsewhere.path().join("copy.db");
    let output = stdout_of_success(&tutti("backup", &copy, dir.path(), &[]).await);
    assert!(output.contains("1 rooms, 5 users"), "{output}");

    // The backup blocks no writer: all of them continue.
    for (acknowledged, before) in adding.iter_mut().zip(&before) {
        acknowledged.wait_for(|entries| entries.len() > before.len()).await.unwrap();
    }
    stop.cancel();
    tasks.close();
    tasks.wait().await;
    let position = watching.position().expect("a position after joining");
    server.stop().await;

    let restored_dir = elsewhere.path().join("data");
    stdout_of_success(&tutti("restore", &copy, &restored_dir, &[]).await);
    copy_keys(dir.path(), &restored_dir);
    let mut restored = Process::start(&restored_dir, GENEROUS);
    let ada = TestUser { address: restored.address().await, ..ada };
    // The history after the backup is a different one, so no client resumes into it.
    let mut socket = ada.resume(&room, position).await;
    let ServerFrame::Welcome { resumed, .. } = socket.welcome().await else { unreachable!() };
    assert!(!resumed);
    let found = socket.room_where(|_| true).await;
    let found: Vec<EntryId> = found.upcoming.iter().chain(&found.now_playing).map(|entry| entry.id).collect();
    for entry in before.iter().flatten() {
        assert!(found.contains(entry), "{entry:?} was acknowledged before the copy");
    }
    // The library is scanned again, since a backup does not contain its index.
    socket.add(&ada.tracks().await[0]).await;
    restored.stop().await;
}

fn copy_keys(from: &Path, to: &Path) {
    std::fs::create_dir(to.join("keys")).unwrap();
    for file in std::fs::read_dir(from.join("keys")).unwrap() {
        let file = file.unwrap().path();
        std::fs::copy(&file, to.join("keys").join(file.file_name().unwrap())).unwrap();
    }
}

/// A data directory that a server has used, and a backup of its database.
async fn used_data_dir() -> (TempDir, PathBuf) {
    let dir = TempDir::new().unwrap();
    let mut server = Process::start(dir.path(), &[]);
    guest(server.address().await, "Ada").await.room("Once", None).await;
    let copy = dir.path().join("copy.db");
    stdout_of_success(&tutti("backup", &copy, dir.path(), &[]).await);
    server.stop().await;
    (dir, copy)
}

#[tokio::test]
async fn a_restore_overwrites_only_with_replace_and_keeps_the_old_database() {
    let (dir, copy) = used_data_dir().await;
    assert_fails(&tutti("backup", &copy, dir.path(), &[]).await, "already exists");
    let before = files(dir.path());
    assert_fails(
        &tutti("restore", &copy, dir.path(), &[]).await,
        "use --replace to rename and keep the existing database",
    );
    assert!(files(dir.path()) == before);

    let output = stdout_of_success(&tutti("restore", &copy, dir.path(), &["--replace"]).await);
    let kept = output
        .lines()
        .find_map(|line| line.strip_prefix("The previous database is now "))
        .expect("the renamed database");
    let kept = Path::new(kept.strip_suffix(".").unwrap());
    let again = dir.path().join("again.db");
    let moved = TempDir::new().unwrap();
    std::fs::copy(kept, moved.path().join("tutti.db")).unwrap();
    assert!(stdout_of_success(&tutti("backup", &again, moved.path(), &[]).await).contains("1 rooms, 1 users"));
    let mut server = Process::start(dir.path(), &[]);
    server.address().await;
    server.stop().await;
}

#[tokio::test]
async fn a_running_server_blocks_a_restore_and_a_second_server() {
    let (dir, copy) = used_data_dir().await;
    let mut server = Process::start(dir.path(), &[]);
    let address = server.address().await;
    assert_fails(&tutti("restore", &copy, dir.path(), &["--replace"]).await, "stop the server first");
    let mut second = Process::start(dir.path(), &[]);
    second.log_line("a server is using").await;
    guest(address, "Ben").await.room("Still here", None).await;
    server.stop().await;
}

#[tokio::test]
async fn a_file_that_is_not_a_backup_is_rejected_without_any_change() {
    let (dir, copy) = used_data_dir().await;
    let elsewhere = TempDir::new().unwrap();
    let whole = std::fs::read(&copy).unwrap();
    let mut flipped = whole.clone();
    // The headers of all pages but the first, which identifies the file as SQLite's.
    flipped.chunks_mut(4096).skip(1).for_each(|page| page[..8].fill(0xff));
    for (bytes, message) in [
        (
            &b"not a database at all, but long enough to have a header in it, and is no SQLite file"[..],
            "cannot be used",
        ),
        (&b""[..], "no database of Tutti"),
        (&whole[..whole.len() / 2], "cannot be used"),
        (&flipped[..], "cannot be used"),
    ] {
        let file = elsewhere.path().join("strange.db");
        std::fs::write(&file, bytes).unwrap();
        let before = files(dir.path());
        assert_fails(&tutti("restore", &file, dir.path(), &["--replace"]).await, message);
        assert!(files(dir.path()) == before);
    }
    assert_fails(
        &tutti("restore", Path::new("/nowhere/copy.db"), dir.path(), &["--replace"]).await,
        "/nowhere/copy.db",
    );
    assert_fails(&tutti("backup", &elsewhere.path().join("c.db"), elsewhere.path(), &[]).await, "there is no database");
    let mysql = ["--database-url=mysql://127.0.0.1/tutti"];
    assert_fails(&tutti("backup", &elsewhere.path().join("c.db"), dir.path(), &mysql).await, "docs/planetscale.md");
}
