//! The server is killed at random moments and restarted on the same data: no acknowledged command is lost or applied
//! twice.

use tutti::clock::Clock;

use crate::database::Database;
use crate::from_environment;
use crate::harness::{Harness, Size};
use crate::verifier::Tally;

/// Kills before the clients move to new rooms.
const ROUNDS_PER_ROOM: u64 = 10;
const SIZE: Size = Size { rooms: 8, members: 25 };

/// The number of welcomes and answers before the kill: mostly while clients send commands, sometimes while they
/// reconnect.
fn kill_after(harness: &mut Harness) -> u64 {
    let clients = harness.clients_count() as u64;
    if harness.random.per_cent(20) {
        1 + harness.random.below(clients)
    } else {
        clients + 1 + harness.random.below(250)
    }
}

fn percentile(sorted: &[f64], share: usize) -> f64 {
    sorted[(sorted.len() * share / 100).min(sorted.len() - 1)]
}

#[expect(clippy::print_stdout, reason = "it prints figures for docs/reliability.md")]
async fn kill_repeatedly(database: Database) {
    let (rounds, seed) = (from_environment("ROUNDS", 20), from_environment("SEED", 1));
    let name = database.name();
    println!("{name}: SEED={seed} ROUNDS={rounds}");
    let clock = Clock::system();
    let began_ms = clock.now_ms();
    let mut harness = Harness::new(database, SIZE, seed).await;
    let (mut tally, mut answers, mut starts_ms) = (Tally::default(), 0, vec![]);
    for round in 0..rounds {
        if round % ROUNDS_PER_ROOM == 0 {
            tally += harness.open_rooms().await;
        }
        let running = harness.start_clients();
        let goal = kill_after(&mut harness);
        running.run.until(|counts| counts.welcomes + counts.answers >= goal).await;
        let run = running.run.clone();
        let logs = harness.kill(running).await;
        starts_ms.push(harness.restart().await);
        harness.verify(logs).await;
        answers += run.counts().answers;
        if (round + 1) % ROUNDS_PER_ROOM == 0 || round + 1 == rounds {
            let running = harness.start_clients();
            harness.settle(running).await;
        }
        assert_eq!(harness.extra_epochs, 0, "the journal is complete, so every epoch continues");
    }
    tally += harness.tally();
    starts_ms.sort_by(f64::total_cmp);
    let (median_ms, p95_ms) = (percentile(&starts_ms, 50), percentile(&starts_ms, 95));
    println!(
        "{name}: {rounds} kills of {} clients in {} s",
        harness.clients_count(),
        (clock.now_ms() - began_ms) / 1_000
    );
    println!("{name}: {answers} answers under load, {tally:?}");
    println!("{name}: served again after {median_ms:.0} ms (median), {p95_ms:.0} ms (p95)");
    println!("{name}: 0 acknowledged commands lost, 0 applied twice");
    assert_eq!(tally.snapshots, 0, "every reconnect resumes");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killing_the_server_on_sqlite_loses_no_acknowledged_command() {
    kill_repeatedly(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killing_the_server_on_mariadb_loses_no_acknowledged_command() {
    kill_repeatedly(Database::mariadb().await).await;
}
