//! The cost of encoding a frame and sending it to many real sockets.
//!
//! `cargo bench --bench fanout`. The kernel takes most of the time; `make callgrind` counts our instructions.
#![allow(missing_docs, reason = "a benchmark has no readers of its docs")]
#![expect(clippy::disallowed_methods, reason = "a benchmark measures time")]

use std::hint::black_box;
use std::io::Read as _;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use bytes::Bytes;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tutti::transport::{Drained, Outbox, frame};
use tutti_protocol::{EntryId, Event, Playback, PlaybackState, Position, ServerFrame, UserId};
use uuid::Uuid;

/// A delta about a seek: about 300 bytes.
fn delta() -> ServerFrame {
    let playback = Playback {
        state: PlaybackState::Playing,
        entry: Some(EntryId(Uuid::from_u128(1 << 100))),
        anchor_position_ms: 61_500,
        anchor_at_ms: 1_700_000_000_000,
        waiting_for_listener: false,
    };
    ServerFrame::Delta {
        position: Position { epoch: 1_700_000_000_000, offset: 4_711 },
        events: vec![Event::PlaybackChanged { playback, by: Some(UserId(Uuid::from_u128(1 << 101))) }],
        upcoming: None,
        upcoming_total: None,
        waitlist: None,
        skip_votes_needed: None,
    }
}

fn encode(criterion: &mut Criterion) {
    let delta = delta();
    criterion.bench_function("encode/delta", |bencher| bencher.iter(|| frame::json(black_box(&delta))));
}

/// Members behind loopback sockets, each read by a thread.
fn members(runtime: &Runtime, count: usize) -> Vec<Outbox> {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let mut outboxes = Vec::with_capacity(count);
    for _ in 0..count {
        let stream = runtime.block_on(TcpStream::connect(address)).expect("connected");
        stream.set_nodelay(true).expect("an option");
        outboxes.push(Outbox::new(stream.into_split().1));
        let (mut peer, _) = listener.accept().expect("accepted");
        // Ends with the socket.
        std::thread::spawn(move || {
            let mut buffer = vec![0; 64 * 1024];
            while peer.read(&mut buffer).is_ok_and(|count| count > 0) {}
        });
    }
    outboxes
}

/// Writes the bytes that the sockets have not accepted.
fn empty(runtime: &Runtime, outboxes: &[Outbox]) {
    for outbox in outboxes {
        while outbox.drain() == Drained::Blocked {
            runtime.block_on(outbox.writable());
        }
    }
}

fn fan_out(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let _inside = runtime.enter();
    let frame: Bytes = frame::json(&delta());
    let mut group = criterion.benchmark_group("fan-out");
    for count in [1, 20, 200] {
        let outboxes = members(&runtime, count);
        group.throughput(Throughput::Elements(count as u64));
        group.bench_function(BenchmarkId::from_parameter(count), |bencher| {
            bencher.iter_custom(|iterations| {
                let mut elapsed = Duration::ZERO;
                for _ in 0..iterations {
                    let start = Instant::now();
                    for outbox in &outboxes {
                        outbox.push_droppable(&frame);
                    }
                    elapsed += start.elapsed();
                    empty(&runtime, &outboxes);
                }
                elapsed
            });
        });
    }
}

criterion_group!(benches, encode, fan_out);
criterion_main!(benches);
