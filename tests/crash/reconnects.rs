//! All clients reconnect at once: after a stop under load, and a thousand of them after a kill.

use tutti::clock::Clock;
use tutti::limits::DRAIN_CLOSES_PER_STEP;

use crate::client_log::{ClientLog, Observation};
use crate::database::Database;
use crate::harness::{Harness, Size};

/// Whether a client was admitted when the server stopped. Rejoining, as after a kick, can take long on a busy machine.
fn was_admitted(log: &ClientLog) -> bool {
    let mut backwards = log.observations.iter().rev();
    let ended = matches!(backwards.next(), Some(Observation::Closed { .. }));
    let last_connection = backwards.take_while(|told| !matches!(told, Observation::Closed { .. }));
    ended && last_connection.into_iter().any(|told| matches!(told, Observation::Welcome { .. }))
}

/// When each client got the drain notice, and when it was closed.
fn drain_times(logs: &[ClientLog]) -> Vec<(i64, i64)> {
    let drain = |log: &ClientLog| {
        let Some(Observation::Closed { code: Some(4001), at_ms: closed_ms }) = log.observations.last() else {
            return None;
        };
        log.observations.iter().find_map(|told| match told {
            Observation::Draining { at_ms } => Some((*at_ms, *closed_ms)),
            _ => None,
        })
    };
    logs.iter().filter_map(drain).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopping_under_load_loses_nothing_and_all_clients_resume() {
    let mut harness = Harness::new(Database::Sqlite, Size { rooms: 12, members: 25 }, 7).await;
    let clients = harness.clients_count() as u64;
    harness.open_rooms().await;
    let running = harness.start_clients();
    running.run.until(|counts| counts.welcomes >= clients && counts.accepted >= 200).await;

    let clock = Clock::system();
    let began_ms = clock.now_ms();
    harness.program().signal("-TERM");
    // Readiness fails while clients are still being closed.
    let ready = async {
        loop {
            let status = harness.status("readyz").await;
            if status != 200 {
                break status;
            }
        }
    };
    assert_eq!(tokio::time::timeout(crate::client::PATIENCE, ready).await.expect("soon"), 503);
    assert!(running.run.counts().drained < clients, "ready until the last client had left");
    let program = harness.take_program();
    let status = program.wait().await;
    let took_ms = clock.now_ms() - began_ms;
    assert!(status.success(), "{status}");
    assert!(took_ms < 10_000, "it took {took_ms} ms");

    running.run.over.cancel();
    let logs = harness.join(running).await;
    let drains = drain_times(&logs);
    let inside = logs.iter().filter(|log| was_admitted(log)).count();
    assert!(drains.len() * 20 >= inside * 19, "only {} of {inside} got the notice before the close", drains.len());
    assert!(inside * 2 > logs.len(), "only {inside} were admitted");
    let first_ms = drains.iter().map(|(_, closed_ms)| *closed_ms).min().expect("clients");
    let last_ms = drains.iter().map(|(_, closed_ms)| *closed_ms).max().expect("clients");
    let told_ms = drains.iter().map(|(told_ms, _)| *told_ms).min().expect("clients");
    println!("stopped in {took_ms} ms; notice after {} ms, closed over {} ms", told_ms - began_ms, last_ms - first_ms);
    assert!(drains.iter().all(|(told_ms, closed_ms)| told_ms <= closed_ms));
    let steps = i64::try_from(drains.len() / DRAIN_CLOSES_PER_STEP).expect("few");
    // Half of it: a client may read its close late.
    assert!(last_ms - first_ms >= steps * 50 / 2, "closed all at once: over {} ms", last_ms - first_ms);

    harness.restart().await;
    harness.verify(logs).await;
    let before = harness.tally();
    let running = harness.start_clients();
    running.run.until(|counts| counts.welcomes >= clients).await;
    harness.settle(running).await;
    let tally = harness.tally();
    assert!(tally.resumed - before.resumed >= clients, "{tally:?}");
    assert_eq!((tally.snapshots, harness.extra_epochs), (0, 0), "{tally:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_clients_that_reconnect_at_once_are_all_admitted() {
    let mut harness = Harness::new(Database::Sqlite, Size { rooms: 40, members: 26 }, 8).await;
    let clients = harness.clients_count() as u64;
    harness.open_rooms().await;
    let clock = Clock::system();
    // Only the hosts send a command, for the initial settings.
    let mut running = harness.start_clients_without_commands();
    running.run.until(|counts| counts.settled == clients).await;
    for admissions in [4_096, 24] {
        let logs = harness.kill(running).await;
        harness.start.arguments.retain(|argument| !argument.starts_with("--limit-admissions"));
        harness.start.arguments.push(format!("--limit-admissions={admissions}"));
        harness.restart().await;
        harness.verify(logs).await;
        let before = harness.tally();
        let began_ms = clock.now_ms();
        running = harness.start_clients_without_commands();
        running.run.until(|counts| counts.settled == clients).await;
        let took_ms = clock.now_ms() - began_ms;
        let counts = running.run.counts();
        println!(
            "{clients} clients with {admissions} admissions at a time: all back after {took_ms} ms, {} rejections, \
             at most {} for one client",
            counts.rejected, counts.rejected_max
        );
        assert_eq!(counts.welcomes, clients, "{:#?}", (running.run.disconnects(), harness.program().log_lines("")));
        assert_eq!(counts.rejected > 0, admissions < 100, "{counts:?}");
        assert_eq!((before.snapshots, harness.extra_epochs), (0, 0));
    }
    harness.settle(running).await;
    let tally = harness.tally();
    assert_eq!((tally.resumed, tally.snapshots), (2 * clients, 0), "{tally:?}");
}
