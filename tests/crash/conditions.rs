//! A server that stands still for a while, whose database goes, whose disk is full.

use std::time::Duration;

use crate::database::Database;
use crate::disk::{self, Disk};
use crate::party::{Bustle, Party, Size};
use crate::proxy::Proxy;

const SIZE: Size = Size { rooms: 4, members: 25 };
/// Answers that show that things go well.
const MANY: u64 = 150;

/// Everybody is in and commands.
async fn under_load(party: &mut Party) -> Bustle {
    party.open_rooms().await;
    let bustle = party.bustle();
    let clients = party.clients_count() as u64;
    bustle.life.until(|counts| counts.welcomes >= clients && counts.accepted >= MANY).await;
    bustle
}

async fn goes_on(bustle: &Bustle) {
    let accepted = bustle.life.counts().accepted;
    bustle.life.until(|counts| counts.accepted >= accepted + MANY).await;
}

/// Whatever happened, members followed the room without a break: same history, no snapshot, no new connection. But for single
/// ones: who is sent out while they say something may find the line broken before they read why.
fn assert_nobody_noticed(party: &Party) {
    let tally = party.tally();
    assert_eq!((tally.shown_anew, party.further_epochs), (0, 0), "{tally:?}");
    assert!(tally.broken * 20 < party.clients_count() as u64, "{tally:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stands_still_for_five_seconds_goes_on_with_everybody() {
    let mut party = Party::new(Database::Sqlite, SIZE, 2).await;
    let bustle = under_load(&mut party).await;
    party.program().signal("-STOP");
    let before = bustle.life.counts();
    let window = 2 * party.clients_count() as u64;
    let more = bustle.life.until(|counts| counts.answers > before.answers + window);
    assert!(tokio::time::timeout(Duration::from_secs(5), more).await.is_err(), "answers of a server that stands still");
    party.program().signal("-CONT");
    goes_on(&bustle).await;
    party.calm_down(bustle).await;
    assert_nobody_noticed(&party);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_database_is_gone_commands_are_refused_and_then_service_returns() {
    let mut party = Party::new(Database::mariadb().await, SIZE, 3).await;
    let bustle = under_load(&mut party).await;
    let Database::MariaDb { server, .. } = &party.database else { panic!("another database") };
    for _ in 0..2 {
        let before = bustle.life.counts();
        server.kill();
        bustle.life.until(|counts| counts.later >= before.later + 50).await;
        assert_eq!(party.status("readyz").await, 503);
        assert_eq!(party.status("healthz").await, 200);
        tokio::task::block_in_place(|| server.start_again());
        goes_on(&bustle).await;
        assert_eq!(party.status("readyz").await, 200);
    }
    party.calm_down(bustle).await;
    assert_nobody_noticed(&party);
}

/// Commands are refused for now, whoever comes back is shown the room, and nobody does anything to make it go on.
async fn on_a_full_disk(disk: Disk, times: usize, seed: u64) {
    let (dir, start) = disk.start();
    let mut party = Party::started(Database::Sqlite, dir, start, SIZE, seed).await;
    party.looks_through(disk);
    let bustle = under_load(&mut party).await;
    for _ in 0..times {
        let before = bustle.life.counts();
        let full = disk::fill(disk, party.program(), party.data_dir());
        bustle.life.until(|counts| counts.later >= before.later + 50).await;
        party.look(&bustle.life).await;
        assert_eq!(party.status("healthz").await, 200);
        drop(full);
        goes_on(&bustle).await;
    }
    party.calm_down(bustle).await;
    assert_nobody_noticed(&party);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_full_disk_commands_are_refused_and_then_service_returns() {
    on_a_full_disk(Disk::Small, 1, 4).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_files_cannot_be_written_commands_are_refused_and_then_service_returns() {
    on_a_full_disk(Disk::Limited, 2, 5).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_lines_that_break_stand_still_and_are_halved_nothing_is_lost() {
    let mut party = Party::new(Database::Sqlite, SIZE, 6).await;
    party.open_rooms().await;
    let proxy = Proxy::in_front_of(party.program().address, 6).await;
    let bustle = party.bustle_through(proxy.address);
    let clients = party.clients_count() as u64;
    bustle.life.until(|counts| counts.welcomes >= 2 * clients && counts.accepted >= 2 * clients).await;
    proxy.heal();
    goes_on(&bustle).await;
    party.calm_down(bustle).await;
    proxy.close().await;
    let tally = party.tally();
    println!("bad lines: {tally:?}");
    assert!(tally.broken > clients && tally.resumed >= clients, "{tally:?}");
    assert_eq!(party.further_epochs, 0);
}
