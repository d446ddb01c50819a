//! Killed at any moment, started again on the same data: nothing that was acknowledged is lost, nothing is done twice.

use tutti::clock::Clock;

use crate::database::Database;
use crate::judge::Tally;
use crate::party::{Party, Size};

/// Kills without starting afresh; then everybody goes on in new rooms.
const ROUNDS_PER_ROOM: u64 = 10;
const SIZE: Size = Size { rooms: 8, members: 25 };

fn from_environment(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(usual)
}

/// After how many welcomes and answers the program is killed: mostly while everybody commands, now and then while they come
/// back.
fn kill_after(party: &mut Party) -> u64 {
    let clients = party.clients_count() as u64;
    if party.chance.per_cent(20) { 1 + party.chance.below(clients) } else { clients + 1 + party.chance.below(250) }
}

fn percentile(sorted: &[f64], share: usize) -> f64 {
    sorted[(sorted.len() * share / 100).min(sorted.len() - 1)]
}

#[expect(clippy::print_stdout, reason = "its figures are what it is run for")]
async fn rounds_on(database: Database) {
    let (rounds, seed) = (from_environment("ROUNDS", 20), from_environment("SEED", 1));
    let name = database.name();
    println!("{name}: SEED={seed} ROUNDS={rounds}");
    let clock = Clock::system();
    let began_ms = clock.now_ms();
    let mut party = Party::new(database, SIZE, seed).await;
    let (mut tally, mut answers, mut starts_ms) = (Tally::default(), 0, vec![]);
    for round in 0..rounds {
        if round % ROUNDS_PER_ROOM == 0 {
            tally += party.open_rooms().await;
        }
        let bustle = party.bustle();
        let goal = kill_after(&mut party);
        bustle.life.until(|counts| counts.welcomes + counts.answers >= goal).await;
        let life = bustle.life.clone();
        let stories = party.kill(bustle).await;
        starts_ms.push(party.start_again().await);
        party.judge(stories).await;
        answers += life.counts().answers;
        if (round + 1) % ROUNDS_PER_ROOM == 0 || round + 1 == rounds {
            let bustle = party.bustle();
            party.calm_down(bustle).await;
        }
        assert_eq!(party.further_epochs, 0, "the journal is whole, so every history goes on");
    }
    tally += party.tally();
    starts_ms.sort_by(f64::total_cmp);
    let (median_ms, p95_ms) = (percentile(&starts_ms, 50), percentile(&starts_ms, 95));
    println!(
        "{name}: {rounds} kills of {} clients in {} s",
        party.clients_count(),
        (clock.now_ms() - began_ms) / 1_000
    );
    println!("{name}: {answers} answers under load, {tally:?}");
    println!("{name}: it served again after {median_ms:.0} ms (median), {p95_ms:.0} ms (p95)");
    println!("{name}: 0 acknowledged commands lost, 0 done twice");
    assert_eq!(tally.shown_anew, 0, "whoever knew a room was told what they missed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_keeps_what_was_acknowledged_whenever_the_program_is_killed() {
    rounds_on(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mariadb_keeps_what_was_acknowledged_whenever_the_program_is_killed() {
    rounds_on(Database::mariadb().await).await;
}
