//! What the usual commands cost, decided and applied apart, in a room with 500 queued tracks.
//!
//! `cargo bench -p tutti-room-state --bench commands`. What a queued track costs in all is in `order`.
#![allow(missing_docs, reason = "a benchmark has no readers of its docs")]

use std::collections::BTreeSet;
use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use tutti_protocol::{Command, EntryId, SettingsChange};
use tutti_room_state::{Audience, Ctx, Input, RoomState};
use uuid::Uuid;

use self::hall::{MEMBERS, NOW_MS, enqueue, handle, room, user};

mod hall;

const QUEUED: u128 = 500;

fn by(member: u128, command: Command) -> Input {
    Input::Command { by: user(member), command, tracks: vec![] }
}

/// What people do most, by name.
fn inputs(room: &RoomState) -> Vec<(&'static str, Input)> {
    let mut votable = room.queue_of(user(2)).map(|entry| entry.id);
    let entry = votable.next().expect("everybody has something waiting");
    let own = room.queue_of(user(3)).last().map(|entry| entry.id).expect("everybody has something waiting");
    vec![
        ("seek", by(0, Command::Seek { position_ms: 1_000 })),
        ("vote", by(7, Command::Vote { entry, value: 1 })),
        ("move", by(3, Command::Move { entry: own, before: None })),
        ("skip", by(0, Command::Skip { entry: None, unplayable: None })),
        ("enqueue", enqueue(10_000 - 10_000 % MEMBERS + 5)),
    ]
}

fn commands(criterion: &mut Criterion) {
    let room = room(QUEUED, SettingsChange::default());
    let present = BTreeSet::new();
    let new_entry = EntryId(Uuid::from_u128(1 << 100));
    let ctx = Ctx {
        now_ms: NOW_MS,
        new_entry,
        present: &present,
        host_gone_since_ms: None,
        audience: &Audience::default(),
        unheard_since_ms: None,
    };
    for (name, input) in inputs(&room) {
        criterion.benchmark_group("decide").bench_function(name, |bencher| {
            bencher.iter(|| black_box(room.decide(&ctx, &input)).expect("nothing is refused here").len());
        });
        let events = room.decide(&ctx, &input).expect("nothing is refused here");
        criterion.benchmark_group("apply").bench_function(name, |bencher| {
            // The clone is dropped outside of what is measured, too.
            let apply = |mut room: RoomState| {
                for event in &events {
                    room.apply(event);
                }
                room
            };
            bencher.iter_batched(|| room.clone(), apply, BatchSize::LargeInput);
        });
        criterion.benchmark_group("handle").bench_function(name, |bencher| {
            let take = |mut room: RoomState| {
                handle(&mut room, 1 << 30, &input);
                room
            };
            bencher.iter_batched(|| room.clone(), take, BatchSize::LargeInput);
        });
    }
}

criterion_group!(benches, commands);
criterion_main!(benches);
