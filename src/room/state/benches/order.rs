//! What a queued track costs: the command is decided and applied, and the first hundred places of the order are made.
//!
//! `cargo bench -p tutti-room-state`. The bound is 100 µs with 200 members and 5,000 queued tracks; the other sizes show how
//! it grows, the other groups what policies and limits add.
#![allow(missing_docs, reason = "a benchmark has no readers of its docs")]
#![expect(clippy::disallowed_methods, reason = "what is measured here is time")]

use std::collections::{BTreeMap, BTreeSet};
use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use tutti_protocol::{
    Command, Duplicates, EntryId, Policy, Provider, RoomCode, SettingsChange, Track, TrackRef, UserId, UserKind,
};
use tutti_room_state::{Audience, Ctx, Input, Newcomer, RoomState, UPCOMING_SHOWN_MAX};
use uuid::Uuid;

const MEMBERS: u128 = 200;
const NOW_MS: i64 = 1_700_000_000_000;

fn user(number: u128) -> UserId {
    UserId(Uuid::from_u128(number + 1))
}

fn newcomer(number: u128) -> Newcomer {
    Newcomer { id: user(number), name: format!("Member {number}"), kind: UserKind::Guest, picture: None }
}

/// As long as tracks of a library are: texts on the heap, and each track a length of its own.
fn track(number: u128) -> Track {
    Track {
        provider: Provider::Library,
        id: format!("{number:032x}"),
        title: format!("A title of ordinary length, number {number}"),
        artists: vec![format!("Artist {}", number % 300)],
        album: Some(format!("Album {}", number % 500)),
        duration_ms: 120_000 + u64::try_from(number * 7_919 % 240_000).unwrap_or(0),
        art_url: Some(format!("/api/v1/library/tracks/{number:032x}/art")),
        explicit: false,
    }
}

fn enqueue(number: u128) -> Input {
    let track = track(number);
    let reference = TrackRef { provider: track.provider, id: track.id.clone() };
    let command = Command::Enqueue { track: reference, before: None };
    Input::Command { by: user(number % MEMBERS), command, tracks: vec![track] }
}

fn handle(room: &mut RoomState, number: u128, input: &Input) {
    let present = BTreeSet::new();
    let new_entry = EntryId(Uuid::from_u128(1 << 64 | number));
    let ctx =
        Ctx { now_ms: NOW_MS, new_entry, present: &present, host_gone_since_ms: None, audience: &Audience::default() };
    black_box(room.handle(&ctx, input)).expect("nothing is refused here");
}

/// A room with so many tracks waiting beside the one that is on.
fn room(queued: u128, settings: SettingsChange) -> RoomState {
    let mut room = RoomState::new(RoomCode::from_bits(1));
    handle(&mut room, 0, &Input::Create { name: "Hall".into(), host: newcomer(0) });
    for number in 1..MEMBERS {
        handle(&mut room, 0, &Input::Enter(newcomer(number)));
    }
    for number in 0..=queued {
        handle(&mut room, number, &enqueue(number));
    }
    let command = Command::SetSettings { settings: Box::new(settings) };
    handle(&mut room, 0, &Input::Command { by: user(0), command, tracks: vec![] });
    assert_eq!(room.order_len() as u128, queued);
    room
}

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
