//! What is counted, under which names, and how it is read.
//!
//! Every name is in this file. Nothing is counted by room or by person: a label has a few fixed values. Whoever counts holds a
//! [`Metrics`], whose instruments are atomic numbers, so nothing is looked up and nothing waits; a delta is counted once
//! with the number of those who get it, not once for each. Where nobody reads them ([`Metrics::off`]) they do nothing.

use std::sync::Arc;

use metrics::{Counter, Gauge, Histogram, NoopRecorder, Unit};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tutti_protocol::{DevicePlayback, Measured};

/// WebSockets that are let in.
pub const CONNECTIONS: &str = "tutti_connections";
/// Rooms in memory.
pub const ROOMS: &str = "tutti_rooms";
/// Commands, by `outcome`.
pub const COMMANDS: &str = "tutti_commands_total";
/// Deltas that rooms sent.
pub const DELTAS: &str = "tutti_deltas_total";
/// Deltas by how many got them.
pub const DELTA_DELIVERIES: &str = "tutti_delta_deliveries_total";
/// How those who came in got to know the room, by `catch_up`.
pub const JOINS: &str = "tutti_joins_total";
/// Snapshots to those who read too slowly.
pub const RESYNCS: &str = "tutti_resyncs_total";
/// Batches of events, by `outcome`.
pub const JOURNAL_BATCHES: &str = "tutti_journal_batches_total";
/// How long a group commit took.
pub const JOURNAL_COMMIT: &str = "tutti_journal_commit_milliseconds";
/// How far devices that play say they are from the timeline, whichever way, by how it was `measured`.
pub const DEVICE_ERROR: &str = "tutti_device_error_milliseconds";

/// All of them, with what they say.
pub const NAMES: &[(&str, &str)] = &[
    (CONNECTIONS, "WebSockets that are let in"),
    (ROOMS, "Rooms in memory"),
    (COMMANDS, "Commands by outcome: accepted, refused, repeated (answered as the first time), unavailable"),
    (DELTAS, "Deltas that rooms sent, each to everybody in the room"),
    (DELTA_DELIVERIES, "Deltas by how many connections got them"),
    (JOINS, "Connections let in by catch_up: first, nothing (missed), delta, snapshot (it was too long ago)"),
    (RESYNCS, "Snapshots to connections that read too slowly"),
    (JOURNAL_BATCHES, "Batches of events by outcome: durable, failed"),
    (JOURNAL_COMMIT, "Time of a group commit"),
    (DEVICE_ERROR, "Distance from the timeline as playing devices report it, by measured: estimated, heard"),
];

const COMMIT_BUCKETS_MS: &[f64] = &[0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1_000.0, 5_000.0];
/// The bounds of what people are told (5, 30, 150) are among them.
const ERROR_BUCKETS_MS: &[f64] = &[1.0, 3.0, 5.0, 10.0, 30.0, 100.0, 150.0, 300.0, 1_000.0];

/// What a command came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommandOutcome {
    /// Done, or there was nothing to do.
    Accepted,
    /// Not done.
    Refused,
    /// Answered as the first time.
    Repeated,
    /// Not done: the store does not answer.
    Unavailable,
}

/// How somebody who comes in gets to know the room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CatchUpKind {
    /// They know nothing of it and get a snapshot.
    First,
    /// They have missed nothing.
    Nothing,
    /// They get what they have missed.
    Delta,
    /// What they have missed is not kept: they get a snapshot.
    Snapshot,
}

/// The instruments. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Metrics {
    inner: Arc<Instruments>,
}

#[derive(Debug)]
struct Instruments {
    commands: [Counter; 4],
    deltas: Counter,
    delta_deliveries: Counter,
    joins: [Counter; 4],
    resyncs: Counter,
    batches_durable: Counter,
    batches_failed: Counter,
    commit: Histogram,
    error_estimated: Histogram,
    error_heard: Histogram,
}

/// What is counted, to be read.
#[derive(Clone, Debug)]
pub struct Reading {
    handle: PrometheusHandle,
    connections: Gauge,
    rooms: Gauge,
}

impl Metrics {
    /// Counts nothing.
    pub fn off() -> Self {
        Self { inner: Arc::new(metrics::with_local_recorder(&NoopRecorder, Instruments::register)) }
    }

    /// Counts, with the way to read it.
    pub fn on() -> (Self, Reading) {
        let buckets = [(JOURNAL_COMMIT, COMMIT_BUCKETS_MS), (DEVICE_ERROR, ERROR_BUCKETS_MS)];
        let builder = buckets.into_iter().fold(PrometheusBuilder::new(), |builder, (name, bounds)| {
            builder.set_buckets_for_metric(Matcher::Full(name.into()), bounds).expect("there are bounds")
        });
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        metrics::with_local_recorder(&recorder, || {
            describe();
            let metrics = Self { inner: Arc::new(Instruments::register()) };
            (metrics, Reading { handle, connections: metrics::gauge!(CONNECTIONS), rooms: metrics::gauge!(ROOMS) })
        })
    }

    /// A command was answered.
    pub fn command(&self, outcome: CommandOutcome) {
        self.inner.commands[outcome as usize].increment(1);
    }

    /// A delta went to everybody in a room.
    pub fn delta(&self, recipients: usize) {
        self.inner.deltas.increment(1);
        self.inner.delta_deliveries.increment(recipients as u64);
    }

    /// Somebody came in.
    pub fn join(&self, catch_up: CatchUpKind) {
        self.inner.joins[catch_up as usize].increment(1);
    }

    /// Somebody who read too slowly gets a snapshot.
    pub fn resync(&self) {
        self.inner.resyncs.increment(1);
    }

    /// A group commit was tried, and took so long.
    pub fn commit(&self, took_ms: f64) {
        self.inner.commit.record(took_ms);
    }

    /// A batch is durable, or known not to be.
    pub fn batch(&self, durable: bool) {
        let counter = if durable { &self.inner.batches_durable } else { &self.inner.batches_failed };
        counter.increment(1);
    }

    /// A device says how it plays. One that has not measured yet says nothing.
    pub fn device(&self, playback: &DevicePlayback) {
        let error = match playback.measured {
            Some(Measured::Estimated) => &self.inner.error_estimated,
            Some(Measured::Heard) => &self.inner.error_heard,
            None => return,
        };
        error.record(playback.error_ms.abs());
    }
}

impl Instruments {
    /// In the order of the enums.
    fn register() -> Self {
        let command = |outcome: &'static str| metrics::counter!(COMMANDS, "outcome" => outcome);
        let join = |catch_up: &'static str| metrics::counter!(JOINS, "catch_up" => catch_up);
        let batches = |outcome: &'static str| metrics::counter!(JOURNAL_BATCHES, "outcome" => outcome);
        let error = |measured: &'static str| metrics::histogram!(DEVICE_ERROR, "measured" => measured);
        Self {
            commands: ["accepted", "refused", "repeated", "unavailable"].map(command),
            deltas: metrics::counter!(DELTAS),
            delta_deliveries: metrics::counter!(DELTA_DELIVERIES),
            joins: ["first", "nothing", "delta", "snapshot"].map(join),
            resyncs: metrics::counter!(RESYNCS),
            batches_durable: batches("durable"),
            batches_failed: batches("failed"),
            commit: metrics::histogram!(JOURNAL_COMMIT),
            error_estimated: error("estimated"),
            error_heard: error("heard"),
        }
    }
}

impl Reading {
    /// Everything in Prometheus' text format. How many there are is counted when it is asked.
    pub fn text(&self, connections: usize, rooms: usize) -> String {
        self.connections.set(count(connections));
        self.rooms.set(count(rooms));
        self.handle.render()
    }

    /// Sorts what histograms gathered into their buckets. To be called now and then: until then every single value is
    /// kept.
    pub fn tidy(&self) {
        self.handle.run_upkeep();
    }
}

fn describe() {
    for (name, meaning) in NAMES {
        match *name {
            CONNECTIONS | ROOMS => metrics::describe_gauge!(*name, *meaning),
            JOURNAL_COMMIT | DEVICE_ERROR => metrics::describe_histogram!(*name, Unit::Milliseconds, *meaning),
            _ => metrics::describe_counter!(*name, *meaning),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "nobody counts 2^53 connections")]
fn count(of: usize) -> f64 {
    of as f64
}
