//! What a queued track costs: the command is decided and applied, and the first hundred places of the order are made.
//!
//! `cargo bench -p tutti-room-state`. The bound is 100 µs with 200 members and 5,000 queued tracks; the other sizes show how
//! it grows, the other groups what policies and limits add.
#![allow(missing_docs, reason = "a benchmark has no readers of its docs")]
#![expect(clippy::disallowed_methods, reason = "what is measured here is time")]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use tutti_protocol::{Command, Duplicates, Policy, SettingsChange, UserId};
use tutti_room_state::{Input, RoomState, UPCOMING_SHOWN_MAX};

use self::hall::{MEMBERS, enqueue, handle, room, user};

mod hall;

/// How many tracks are queued one after the other before the room is put back to where it was.
const RUN: u128 = 16;
/// The number of the first of them: a track that nobody has queued, by an artist that is not on.
const FIRST: u128 = 30_001;

/// Tracks are queued one after the other, as in a room where they come in, each by another member.
fn measure(criterion: &mut Criterion, name: &str, parameter: &str, room: &RoomState) {
    let inputs: Vec<Input> = (FIRST..FIRST + RUN).map(enqueue).collect();
    criterion.benchmark_group(name).bench_function(BenchmarkId::from_parameter(parameter), |bencher| {
        bencher.iter_custom(|iterations| {
            let mut elapsed = Duration::ZERO;
            let mut left = usize::try_from(iterations).expect("a count");
            while left > 0 {
                let mut room = room.clone();
                let run = left.min(inputs.len());
                let start = Instant::now();
                for (number, input) in (FIRST..).zip(&inputs[..run]) {
                    handle(&mut room, number, input);
                    black_box(room.order(UPCOMING_SHOWN_MAX).len());
                }
                elapsed += start.elapsed();
                left -= run;
            }
            elapsed
        });
    });
}

fn growth(criterion: &mut Criterion) {
    for queued in [50, 500, 5_000, 20_000] {
        let room = room(queued, SettingsChange::default());
        measure(criterion, "enqueue", &format!("{queued} queued"), &room);
    }
}

fn policies(criterion: &mut Criterion) {
    for policy in Policy::ALL {
        let room = room(5_000, SettingsChange { policy: Some(*policy), ..SettingsChange::default() });
        measure(criterion, "policy", &format!("{policy:?}, 5000 queued"), &room);
    }
}

fn limits(criterion: &mut Criterion) {
    let weights: BTreeMap<UserId, u32> = (0..MEMBERS).map(|number| (user(number), 150)).collect();
    let settings = SettingsChange {
        weights: Some(weights),
        entries_per_member_max: Some(500),
        minutes_per_member_max: Some(5_000),
        duplicates: Some(Duplicates::Refuse),
        track_cooldown_ms: Some(3_600_000),
        artist_cooldown_ms: Some(600_000),
        players_max: Some(100),
        ..SettingsChange::default()
    };
    let mut room = room(5_000, SettingsChange::default());
    // After the room is filled: with places for a hundred, half of the queues wait in line.
    let command = Command::SetSettings { settings: Box::new(settings) };
    handle(&mut room, 0, &Input::Command { by: user(0), command, tracks: vec![] });
    measure(criterion, "limits", "all of them, 5000 queued", &room);
}

criterion_group!(benches, growth, policies, limits);
criterion_main!(benches);
