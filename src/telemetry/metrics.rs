//! The metrics: their names, help texts and instruments.
//!
//! All names are in this file. Labels have a few fixed values and never identify a room or a user. [`Metrics`] holds
//! the registered instruments, which are atomic numbers: counting takes no lookup and no lock, and a delta is counted
//! once with its number of recipients. [`Metrics::off`] counts nothing.
//!
//! Not in here: the HTTP endpoint, which is in [`crate::http`].

use std::sync::Arc;

use metrics::{Counter, Gauge, Histogram, NoopRecorder, Unit};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tutti_protocol::{DevicePlayback, Measured};

/// Admitted WebSocket connections.
pub const CONNECTIONS: &str = "tutti_connections";
/// Rooms in memory.
pub const ROOMS: &str = "tutti_rooms";
/// Files of the library by `state`.
pub const LIBRARY_FILES: &str = "tutti_library_files";
/// Commands by `outcome`.
pub const COMMANDS: &str = "tutti_commands_total";
/// Deltas that rooms sent.
pub const DELTAS: &str = "tutti_deltas_total";
/// Deltas times their recipients.
pub const DELTA_DELIVERIES: &str = "tutti_delta_deliveries_total";
/// Admitted connections by `catch_up`.
pub const JOINS: &str = "tutti_joins_total";
/// Snapshots to slow readers.
pub const RESYNCS: &str = "tutti_resyncs_total";
/// Batches of events by `outcome`.
pub const JOURNAL_BATCHES: &str = "tutti_journal_batches_total";
/// Duration of group commits.
pub const JOURNAL_COMMIT: &str = "tutti_journal_commit_milliseconds";
/// Segments that were decoded and encoded.
pub const SEGMENTS_PREPARED: &str = "tutti_segments_prepared_total";
/// Segments that devices got.
pub const SEGMENTS_SERVED: &str = "tutti_segments_served_total";
/// Messages between servers by `fate`.
pub const BUS_MESSAGES: &str = "tutti_bus_messages_total";
/// Connections to NATS that were made.
pub const BUS_CONNECTIONS: &str = "tutti_bus_connections_total";
/// Absolute sync error reported by playing devices, by how it was `measured`.
pub const DEVICE_ERROR: &str = "tutti_device_error_milliseconds";

/// All metrics with their help texts.
pub const NAMES: &[(&str, &str)] = &[
    (CONNECTIONS, "Admitted WebSocket connections"),
    (ROOMS, "Rooms in memory"),
    (
        LIBRARY_FILES,
        "Files of the library by state: track; of these odd_tags (tags refused by the parser), missing (kept although not there), unplayable (no decoder); unreadable (no tracks)",
    ),
    (COMMANDS, "Commands by outcome: accepted, refused, repeated (got its first reply again), unavailable"),
    (DELTAS, "Deltas that rooms sent, counted once for all recipients"),
    (DELTA_DELIVERIES, "Deltas times the connections that received them"),
    (
        JOINS,
        "Admitted connections by catch_up: first, nothing (was missed), delta, snapshot (the missed events are no longer kept)",
    ),
    (RESYNCS, "Snapshots sent to connections that read too slowly"),
    (JOURNAL_BATCHES, "Batches of events by outcome: durable, failed"),
    (JOURNAL_COMMIT, "Duration of a group commit"),
    (SEGMENTS_PREPARED, "Segments of tracks that were decoded and encoded, on request or ahead of one"),
    (SEGMENTS_SERVED, "Segments that devices got, most of them from the cache"),
    (BUS_MESSAGES, "Messages between servers by fate: sent, dropped (disconnected, or too much was waiting), received"),
    (BUS_CONNECTIONS, "Connections to NATS that were made, the first one included"),
    (DEVICE_ERROR, "Sync error that playing devices report, by measured: estimated, heard"),
];

const COMMIT_BUCKETS_MS: &[f64] = &[0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1_000.0, 5_000.0];
/// Includes the bounds of the quality levels that the client shows (5, 30, 150).
const ERROR_BUCKETS_MS: &[f64] = &[1.0, 3.0, 5.0, 10.0, 30.0, 100.0, 150.0, 300.0, 1_000.0];

/// The outcome of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommandOutcome {
    /// Done, or without effect.
    Accepted,
    /// Rejected by the rules.
    Refused,
    /// A known command id: got its first reply again.
    Repeated,
    /// The store failed.
    Unavailable,
}

/// How a joining connection gets the room's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CatchUpKind {
    /// First join: a snapshot.
    First,
    /// Resumed without missed events.
    Nothing,
    /// Resumed with the missed events.
    Delta,
    /// The missed events are no longer kept: a snapshot.
    Snapshot,
}

/// What happens to a message between servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BusFate {
    /// It waits to be carried.
    Sent,
    /// It was not taken.
    Dropped,
    /// It arrived here.
    Received,
}

/// The instruments of all metrics. Cheap to clone.
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
    segments_prepared: Counter,
    segments_served: Counter,
    bus_messages: [Counter; 3],
    bus_connections: Counter,
    error_estimated: Histogram,
    error_heard: Histogram,
}

/// Renders the metrics.
#[derive(Clone, Debug)]
pub struct MetricsRenderer {
    handle: PrometheusHandle,
    connections: Gauge,
    rooms: Gauge,
    library_files: [Gauge; 5],
}

/// Numbers of files in the library.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LibraryFiles {
    /// Tracks.
    pub tracks: u64,
    /// Files that are no tracks because they cannot be read.
    pub unreadable: u64,
    /// Tracks whose tags the parser refused.
    pub odd_tags: u64,
    /// Tracks that are kept although their files are not there.
    pub missing: u64,
    /// Tracks that no decoder plays.
    pub unplayable: u64,
}

impl Metrics {
    /// Counts nothing.
    pub fn off() -> Self {
        Self { inner: Arc::new(metrics::with_local_recorder(&NoopRecorder, Instruments::register)) }
    }

    /// Counts; the second value renders the metrics.
    pub fn on() -> (Self, MetricsRenderer) {
        let buckets = [(JOURNAL_COMMIT, COMMIT_BUCKETS_MS), (DEVICE_ERROR, ERROR_BUCKETS_MS)];
        let builder = buckets.into_iter().fold(PrometheusBuilder::new(), |builder, (name, bounds)| {
            builder.set_buckets_for_metric(Matcher::Full(name.into()), bounds).expect("there are bounds")
        });
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        metrics::with_local_recorder(&recorder, || {
            describe();
            let metrics = Self { inner: Arc::new(Instruments::register()) };
            let files = |state: &'static str| metrics::gauge!(LIBRARY_FILES, "state" => state);
            let renderer = MetricsRenderer {
                handle,
                connections: metrics::gauge!(CONNECTIONS),
                rooms: metrics::gauge!(ROOMS),
                library_files: ["track", "unreadable", "odd_tags", "missing", "unplayable"].map(files),
            };
            (metrics, renderer)
        })
    }

    /// Counts a reply to a command.
    pub fn command(&self, outcome: CommandOutcome) {
        self.inner.commands[outcome as usize].increment(1);
    }

    /// Counts a delta and its recipients.
    pub fn delta(&self, recipients: usize) {
        self.inner.deltas.increment(1);
        self.inner.delta_deliveries.increment(recipients as u64);
    }

    /// Counts an admitted connection.
    pub fn join(&self, catch_up: CatchUpKind) {
        self.inner.joins[catch_up as usize].increment(1);
    }

    /// Counts a snapshot to a slow reader.
    pub fn resync(&self) {
        self.inner.resyncs.increment(1);
    }

    /// Records the duration of a group commit, failed ones included.
    pub fn commit(&self, took_ms: f64) {
        self.inner.commit.record(took_ms);
    }

    /// Counts a batch that is durable, or has failed.
    pub fn batch(&self, durable: bool) {
        let counter = if durable { &self.inner.batches_durable } else { &self.inner.batches_failed };
        counter.increment(1);
    }

    /// Counts a segment that was decoded and encoded.
    pub fn segment_prepared(&self) {
        self.inner.segments_prepared.increment(1);
    }

    /// Counts a segment that a device got.
    pub fn segment_served(&self) {
        self.inner.segments_served.increment(1);
    }

    /// Counts a message between servers.
    pub fn bus_message(&self, fate: BusFate) {
        self.inner.bus_messages[fate as usize].increment(1);
    }

    /// Counts a connection to NATS.
    pub fn bus_connection(&self) {
        self.inner.bus_connections.increment(1);
    }

    /// Records the error that a device reports, if it has measured one.
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
    /// Arrays are in the order of the enums.
    fn register() -> Self {
        let command = |outcome: &'static str| metrics::counter!(COMMANDS, "outcome" => outcome);
        let join = |catch_up: &'static str| metrics::counter!(JOINS, "catch_up" => catch_up);
        let batches = |outcome: &'static str| metrics::counter!(JOURNAL_BATCHES, "outcome" => outcome);
        let bus = |fate: &'static str| metrics::counter!(BUS_MESSAGES, "fate" => fate);
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
            segments_prepared: metrics::counter!(SEGMENTS_PREPARED),
            segments_served: metrics::counter!(SEGMENTS_SERVED),
            bus_messages: ["sent", "dropped", "received"].map(bus),
            bus_connections: metrics::counter!(BUS_CONNECTIONS),
            error_estimated: error("estimated"),
            error_heard: error("heard"),
        }
    }
}

impl MetricsRenderer {
    /// Renders all metrics in Prometheus' text format, with the current number of connections and rooms.
    pub fn render(&self, connections: usize, rooms: usize, library: LibraryFiles) -> String {
        self.connections.set(count(connections as u64));
        self.rooms.set(count(rooms as u64));
        let LibraryFiles { tracks, unreadable, odd_tags, missing, unplayable } = library;
        for (gauge, files) in self.library_files.iter().zip([tracks, unreadable, odd_tags, missing, unplayable]) {
            gauge.set(count(files));
        }
        self.handle.render()
    }

    /// Moves recorded values into histogram buckets. Call it periodically: until then every value is kept in memory.
    pub fn run_upkeep(&self) {
        self.handle.run_upkeep();
    }
}

fn describe() {
    for (name, help) in NAMES {
        match *name {
            CONNECTIONS | ROOMS | LIBRARY_FILES => metrics::describe_gauge!(*name, *help),
            JOURNAL_COMMIT | DEVICE_ERROR => metrics::describe_histogram!(*name, Unit::Milliseconds, *help),
            _ => metrics::describe_counter!(*name, *help),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "there are fewer than 2^53")]
fn count(of: u64) -> f64 {
    of as f64
}
