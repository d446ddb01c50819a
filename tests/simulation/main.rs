//! A simulation of a server, or of three that share a store, and of their members, in virtual time: with lost connections,
//! slow readers, failing stores, crashes, and servers that are suspended or cut off from each other.
//!
//! Rooms, journal and outboxes are the real code, over the store in memory. One seed determines everything that
//! happens, so a failing seed is reproducible. `make simulate SEEDS=10000 FIRST=200` runs other seeds.
#![allow(missing_docs, unreachable_pub, reason = "a test binary has no readers of its docs")]

#[expect(dead_code, reason = "the crash tests use more of it")]
mod auditor;
mod commands;
mod counts;
mod measurer;
mod member;
mod process;
mod random;
mod tally;
mod world;

use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use random::Random;
use tally::Tally;
use tutti::store::memory::PlantedBug;
use world::World;

fn from_environment(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

/// Runs one seed.
fn run(seed: u64, servers: usize, bug: Option<PlantedBug>) -> Result<World, String> {
    let mut world = World::new(Random::new(seed), servers, bug);
    world.run().map_err(|violation| format!("seed {seed}: {violation}"))?;
    Ok(world)
}

#[test]
fn acknowledged_commands_take_effect_once_and_all_clients_converge() {
    run_all(1, 200);
}

#[test]
fn acknowledged_commands_take_effect_once_on_three_servers() {
    run_all(3, 24);
}

#[expect(clippy::print_stdout, reason = "it shows what the seeds covered")]
fn run_all(servers: usize, seeds: u64) {
    let (first, seeds) = (from_environment("FIRST", 0), from_environment("SEEDS", seeds));
    let next = AtomicU64::new(first);
    let outcome = Mutex::new((Tally::default(), vec![]));
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= first + seeds {
                break;
            }
            let outcome_of_seed = run(seed, servers, None);
            let mut outcome = outcome.lock();
            match outcome_of_seed {
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
fn a_seed_is_reproducible() {
    for seed in 0..5 {
        let trace = || run(seed, 1, None).map(|world| world.trace());
        assert_eq!(trace(), trace());
    }
}

/// The auditor detects the bug within a few seeds.
fn is_detected(bug: PlantedBug) {
    let detected = (0..60).find_map(|seed| run(seed, 1, Some(bug)).err());
    assert!(detected.is_some(), "{bug:?} is not detected");
}

#[test]
fn an_acknowledgement_before_the_sync_is_detected() {
    is_detected(PlantedBug::AcknowledgesEarly);
}

#[test]
fn events_stored_without_their_command_are_detected() {
    is_detected(PlantedBug::DropsCommandIds);
}

#[test]
fn a_journal_that_lost_its_last_batch_is_detected() {
    is_detected(PlantedBug::LosesLastBatch);
}
