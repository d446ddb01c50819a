//! A server and its members, simulated: virtual time, lost connections, slow readers, failing stores, crashes.
//!
//! Rooms, journal, outboxes and the store's contract are the real code. One seed decides everything that happens, so a
//! seed that fails happens again exactly. `make simulate SEEDS=10000` plays more of them; `FIRST` is the first.
#![allow(missing_docs, unreachable_pub, reason = "a test binary has no readers of its docs")]

#[expect(dead_code, reason = "the crash tests ask more of it")]
mod auditor;
mod chance;
mod member;
mod process;
mod world;

use std::sync::atomic::{AtomicU64, Ordering};

use chance::Chance;
use parking_lot::Mutex;
use tutti::store::memory::PlantedBug;
use world::{Tally, World};

fn from_environment(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(usual)
}

/// What a seed leads to.
fn play(seed: u64, bug: Option<PlantedBug>) -> Result<World, String> {
    let mut world = World::new(Chance::new(seed), bug);
    world.live().map_err(|violation| format!("seed {seed}: {violation}"))?;
    Ok(world)
}

#[test]
fn nothing_acknowledged_is_lost_or_done_twice_and_everybody_converges() {
    let (first, seeds) = (from_environment("FIRST", 0), from_environment("SEEDS", 200));
    let next = AtomicU64::new(first);
    let outcome = Mutex::new((Tally::default(), vec![]));
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= first + seeds {
                break;
            }
            let played = play(seed, None);
            let mut outcome = outcome.lock();
            match played {
                Ok(world) => outcome.0 += world.tally,
                Err(violation) => outcome.1.push(violation),
            }
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
    let (tally, violations) = outcome.into_inner();
    println!("{seeds} seeds from {first}, {} violations, {tally:?}", violations.len());
    assert!(violations.is_empty(), "{} of {seeds} seeds: {violations:?}", violations.len());
}

#[test]
fn a_seed_is_the_same_every_time() {
    for seed in 0..5 {
        let trace = || play(seed, None).map(|world| world.trace());
        assert_eq!(trace(), trace());
    }
}

/// The auditor is worth something: each bug is caught within a few seeds.
fn is_caught(bug: PlantedBug) {
    let caught = (0..60).find_map(|seed| play(seed, Some(bug)).err());
    assert!(caught.is_some(), "{bug:?} goes unnoticed");
}

#[test]
fn an_acknowledgement_before_the_sync_is_caught() {
    is_caught(PlantedBug::AcknowledgesEarly);
}

#[test]
fn commands_that_are_not_kept_with_their_events_are_caught() {
    is_caught(PlantedBug::DropsCommandIds);
}

#[test]
fn a_history_that_is_not_whole_is_caught() {
    is_caught(PlantedBug::LosesLastBatch);
}
