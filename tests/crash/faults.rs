//! The server is suspended, its database fails, its disk is full, its network is bad.

use std::time::Duration;

use crate::database::Database;
use crate::disk::{self, Disk};
use crate::harness::{Harness, RunningClients, Size};
use crate::proxy::Proxy;

const SIZE: Size = Size { rooms: 4, members: 25 };
/// Accepted commands that show that service works.
const MANY: u64 = 150;

/// Opens rooms and waits until all clients are admitted and commands are accepted.
async fn start_load(harness: &mut Harness) -> RunningClients {
    harness.open_rooms().await;
    let running = harness.start_clients();
    let clients = harness.clients_count() as u64;
    running.run.until(|counts| counts.welcomes >= clients && counts.accepted >= MANY).await;
    running
}

async fn service_continues(running: &RunningClients) {
    let accepted = running.run.counts().accepted;
    running.run.until(|counts| counts.accepted >= accepted + MANY).await;
}

/// Members followed the room without interruption: no new epoch, no snapshot, hardly a lost connection. A kicked client
/// that is sending may see a broken connection before it reads the close code, so a few are allowed.
fn assert_uninterrupted(harness: &Harness) {
    let tally = harness.tally();
    assert_eq!((tally.snapshots, harness.extra_epochs), (0, 0), "{tally:?}");
    assert!(tally.broken * 20 < harness.clients_count() as u64, "{tally:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_suspended_for_five_seconds_continues_with_all_clients() {
    let mut harness = Harness::new(Database::Sqlite, SIZE, 2).await;
    let running = start_load(&mut harness).await;
    harness.program().signal("-STOP");
    let before = running.run.counts();
    let window = 2 * harness.clients_count() as u64;
    let more = running.run.until(|counts| counts.answers > before.answers + window);
    assert!(tokio::time::timeout(Duration::from_secs(5), more).await.is_err(), "a suspended server answers");
    harness.program().signal("-CONT");
    service_continues(&running).await;
    harness.settle(running).await;
    assert_uninterrupted(&harness);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_are_refused_while_the_database_is_down_and_then_service_returns() {
    let mut harness = Harness::new(Database::mariadb().await, SIZE, 3).await;
    let running = start_load(&mut harness).await;
    let Database::MariaDb { server, .. } = &harness.database else { panic!("another database") };
    for _ in 0..2 {
        let before = running.run.counts();
        server.kill();
        running.run.until(|counts| counts.retryable >= before.retryable + 50).await;
        assert_eq!(harness.status("readyz").await, 503);
        assert_eq!(harness.status("healthz").await, 200);
        tokio::task::block_in_place(|| server.start_again());
        service_continues(&running).await;
        assert_eq!(harness.status("readyz").await, 200);
    }
    harness.settle(running).await;
    assert_uninterrupted(&harness);
}

/// Commands are refused with `retry`, new connections get snapshots, and service returns by itself.
async fn on_a_full_disk(disk: Disk, times: usize, seed: u64) {
    let (dir, start) = disk.start();
    let mut harness = Harness::started(Database::Sqlite, dir, start, SIZE, seed).await;
    harness.read_copies_of(disk);
    let running = start_load(&mut harness).await;
    for _ in 0..times {
        let before = running.run.counts();
        let full = disk::fill(disk, harness.program(), harness.data_dir());
        running.run.until(|counts| counts.retryable >= before.retryable + 50).await;
        harness.observe(&running.run).await;
        assert_eq!(harness.status("healthz").await, 200);
        drop(full);
        service_continues(&running).await;
    }
    harness.settle(running).await;
    assert_uninterrupted(&harness);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_are_refused_on_a_full_disk_and_then_service_returns() {
    on_a_full_disk(Disk::Small, 1, 4).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_are_refused_when_files_cannot_be_written_and_then_service_returns() {
    on_a_full_disk(Disk::Limited, 2, 5).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_on_connections_that_break_stall_and_half_close() {
    let mut harness = Harness::new(Database::Sqlite, SIZE, 6).await;
    harness.open_rooms().await;
    let proxy = Proxy::in_front_of(harness.program().address, 6).await;
    let running = harness.start_clients_through(vec![proxy.address]);
    let clients = harness.clients_count() as u64;
    running.run.until(|counts| counts.welcomes >= 2 * clients && counts.accepted >= 2 * clients).await;
    proxy.heal();
    service_continues(&running).await;
    harness.settle(running).await;
    proxy.close().await;
    let tally = harness.tally();
    println!("bad network: {tally:?}");
    assert!(tally.broken > clients && tally.resumed >= clients, "{tally:?}");
    assert_eq!(harness.extra_epochs, 0);
}
