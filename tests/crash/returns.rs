//! Everybody leaves and returns at once: the server is stopped under load, and a thousand clients come back to one that was
//! killed.

use tutti::clock::Clock;
use tutti::limits::DRAIN_CLOSES_PER_STEP;

use crate::database::Database;
use crate::party::{Party, Size};
use crate::told::{Story, Told};

/// Whether a client was in when the server went, and not just on its way in, as after a kick; on a busy machine that takes long.
fn was_in(story: &Story) -> bool {
    let mut backwards = story.told.iter().rev();
    let ended = matches!(backwards.next(), Some(Told::Closed { .. }));
    let last_life = backwards.take_while(|told| !matches!(told, Told::Closed { .. }));
    ended && last_life.into_iter().any(|told| matches!(told, Told::Welcome { .. }))
}

/// When each client was told that the server goes, and when it was closed.
fn leaves(stories: &[Story]) -> Vec<(i64, i64)> {
    let leave = |story: &Story| {
        let Some(Told::Closed { code: Some(4001), at_ms: closed_ms }) = story.told.last() else { return None };
        story.told.iter().find_map(|told| match told {
            Told::Leaving { at_ms } => Some((*at_ms, *closed_ms)),
            _ => None,
        })
    };
    stories.iter().filter_map(leave).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_under_load_loses_nothing_and_everybody_resumes() {
    let mut party = Party::new(Database::Sqlite, Size { rooms: 12, members: 25 }, 7).await;
    let clients = party.clients_count() as u64;
    party.open_rooms().await;
    let bustle = party.bustle();
    bustle.life.until(|counts| counts.welcomes >= clients && counts.accepted >= 200).await;

    let clock = Clock::system();
    let began_ms = clock.now_ms();
    party.program().signal("-TERM");
    // Whoever asks whether to send people here is told so while the others are still being told to leave.
    let ready = async {
        loop {
            let status = party.status("readyz").await;
            if status != 200 {
                break status;
            }
        }
    };
    assert_eq!(tokio::time::timeout(crate::client::PATIENCE, ready).await.expect("soon"), 503);
    assert!(bustle.life.counts().closed < clients, "ready until the last had left");
    let program = party.take_program();
    let status = program.ended().await;
    let took_ms = clock.now_ms() - began_ms;
    assert!(status.success(), "{status}");
    assert!(took_ms < 10_000, "it took {took_ms} ms");

    bustle.life.over.cancel();
    let stories = party.gather(bustle).await;
    let leaves = leaves(&stories);
    let inside = stories.iter().filter(|story| was_in(story)).count();
    assert!(leaves.len() * 20 >= inside * 19, "only {} of {inside} were told first", leaves.len());
    assert!(inside * 2 > stories.len(), "only {inside} were in");
    let first_ms = leaves.iter().map(|(_, closed_ms)| *closed_ms).min().expect("clients");
    let last_ms = leaves.iter().map(|(_, closed_ms)| *closed_ms).max().expect("clients");
    let told_ms = leaves.iter().map(|(told_ms, _)| *told_ms).min().expect("clients");
    println!("stopped in {took_ms} ms; told after {} ms, closed over {} ms", told_ms - began_ms, last_ms - first_ms);
    assert!(leaves.iter().all(|(told_ms, closed_ms)| told_ms <= closed_ms));
    let steps = i64::try_from(leaves.len() / DRAIN_CLOSES_PER_STEP).expect("few");
    // Seen from here, where a close may be heard late.
    assert!(last_ms - first_ms >= steps * 50 / 2, "closed all at once: over {} ms", last_ms - first_ms);

    party.start_again().await;
    party.judge(stories).await;
    let before = party.tally();
    let bustle = party.bustle();
    bustle.life.until(|counts| counts.welcomes >= clients).await;
    party.calm_down(bustle).await;
    let tally = party.tally();
    assert!(tally.resumed - before.resumed >= clients, "{tally:?}");
    assert_eq!((tally.shown_anew, party.further_epochs), (0, 0), "{tally:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_clients_that_return_at_once_are_all_let_in() {
    let mut party = Party::new(Database::Sqlite, Size { rooms: 40, members: 26 }, 8).await;
    let clients = party.clients_count() as u64;
    party.open_rooms().await;
    let clock = Clock::system();
    // Somewhat more than nothing happens: what the hosts begin with.
    let mut bustle = party.quiet_bustle();
    bustle.life.until(|counts| counts.content == clients).await;
    for admissions in [4_096, 24] {
        let stories = party.kill(bustle).await;
        party.start.arguments.retain(|argument| !argument.starts_with("--limit-admissions"));
        party.start.arguments.push(format!("--limit-admissions={admissions}"));
        party.start_again().await;
        party.judge(stories).await;
        let before = party.tally();
        let began_ms = clock.now_ms();
        bustle = party.quiet_bustle();
        bustle.life.until(|counts| counts.content == clients).await;
        let took_ms = clock.now_ms() - began_ms;
        let counts = bustle.life.counts();
        println!(
            "{clients} clients with {admissions} on their way in at a time: all back after {took_ms} ms, {} sent away, \
             one of them {} times",
            counts.sent_away, counts.sent_away_most
        );
        assert_eq!(counts.welcomes, clients, "{:#?}", (bustle.life.ends(), party.program().said("")));
        assert_eq!(counts.sent_away > 0, admissions < 100, "{counts:?}");
        assert_eq!((before.shown_anew, party.further_epochs), (0, 0));
    }
    party.calm_down(bustle).await;
    let tally = party.tally();
    assert_eq!((tally.resumed, tally.shown_anew), (2 * clients, 0), "{tally:?}");
}
