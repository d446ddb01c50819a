//! The metrics: their names, help texts and instruments.
//!
//! All names are in this file, but for those of the process. They follow Prometheus' conventions: base units, `_total` for
//! counters. Labels have a few fixed values and never identify a room or a user. [`Metrics`] holds the registered
//! instruments, which are atomic numbers: counting takes no lookup and no lock, and a delta is counted once with its number
//! of recipients. [`Metrics::off`] counts nothing.
//!
//! Not in here: the HTTP endpoint, which is in [`crate::http`].

use std::sync::Arc;

use metrics::{Counter, Gauge, Histogram, NoopRecorder};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tutti_protocol::{CloseCode, DevicePlayback, Measured, Reason};

use super::{panics, process};

/// What a metric is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Values in buckets with these upper bounds.
    Histogram(&'static [f64]),
}

use Kind::{Counter as COUNTER, Gauge as GAUGE, Histogram as HISTOGRAM};

const BUILD_INFO: &str = "tutti_build_info";
const CONNECTIONS: &str = "tutti_connections";
const CLOSES: &str = "tutti_connections_closed_total";
const ROOMS: &str = "tutti_rooms";
const JOINS: &str = "tutti_joins_total";
const COMMANDS: &str = "tutti_commands_total";
const REFUSALS: &str = "tutti_command_refusals_total";
const DELTAS: &str = "tutti_deltas_total";
const DELTA_DELIVERIES: &str = "tutti_delta_deliveries_total";
const RESYNCS: &str = "tutti_resyncs_total";
const HTTP_REQUESTS: &str = "tutti_http_requests_total";
const HTTP_DURATION: &str = "tutti_http_request_duration_seconds";
const JOURNAL_BATCHES: &str = "tutti_journal_batches_total";
const JOURNAL_COMMIT: &str = "tutti_journal_commit_seconds";
const JOURNAL_QUEUE: &str = "tutti_journal_queue_length";
const DATABASE: &str = "tutti_database_bytes";
const LIBRARY_FILES: &str = "tutti_library_files";
const SCANS: &str = "tutti_library_scans_total";
const SCAN_DURATION: &str = "tutti_library_last_scan_duration_seconds";
const SCAN_ENDED: &str = "tutti_library_last_scan_timestamp_seconds";
const SEGMENTS_PREPARED: &str = "tutti_segments_prepared_total";
const SEGMENTS_SERVED: &str = "tutti_segments_served_total";
const SEGMENT_FAILURES: &str = "tutti_segment_failures_total";
const DECODERS: &str = "tutti_segment_decoders_busy";
const SPOTIFY_REQUESTS: &str = "tutti_spotify_requests_total";
const SPOTIFY_DURATION: &str = "tutti_spotify_request_duration_seconds";
const BUS_MESSAGES: &str = "tutti_bus_messages_total";
const BUS_CONNECTIONS: &str = "tutti_bus_connections_total";
const DEVICE_ERROR: &str = "tutti_device_error_seconds";
const PANICS: &str = "tutti_panics_total";

/// All metrics but those of the process, with their help texts.
pub const NAMES: &[(&str, Kind, &str)] = &[
    (BUILD_INFO, GAUGE, "1, with the version of this server"),
    (CONNECTIONS, GAUGE, "Admitted WebSocket connections"),
    (
        CLOSES,
        COUNTER,
        "WebSocket connections that ended, by the code with which the server closed them; client if the client did or was lost",
    ),
    (ROOMS, GAUGE, "Rooms in memory"),
    (
        JOINS,
        COUNTER,
        "Admitted connections by catch_up: first, nothing (was missed), delta, snapshot (the missed events are no longer kept)",
    ),
    (
        COMMANDS,
        COUNTER,
        "Answered commands by outcome: accepted, refused, repeated (got its first reply again), unavailable (not stored)",
    ),
    (REFUSALS, COUNTER, "Refused commands by reason"),
    (DELTAS, COUNTER, "Deltas that rooms sent, counted once for all recipients"),
    (DELTA_DELIVERIES, COUNTER, "Deltas times the connections that received them"),
    (RESYNCS, COUNTER, "Snapshots sent to connections that read too slowly"),
    (HTTP_REQUESTS, COUNTER, "HTTP requests by class of their route and status"),
    (HTTP_DURATION, HISTOGRAM(HTTP_BUCKETS), "Time from a request's head to its response's, by class of the route"),
    (JOURNAL_BATCHES, COUNTER, "Batches of events by outcome: durable, failed"),
    (JOURNAL_COMMIT, HISTOGRAM(COMMIT_BUCKETS), "Duration of a group commit"),
    (JOURNAL_QUEUE, GAUGE, "Batches of events that wait for a group commit"),
    (DATABASE, GAUGE, "Size of the SQLite database and its write-ahead log; 0 on MySQL"),
    (
        LIBRARY_FILES,
        GAUGE,
        "Files of the library by state: track; of these odd_tags (tags refused by the parser), missing (kept although not there), unplayable (no decoder); unreadable (no tracks)",
    ),
    (SCANS, COUNTER, "Scans of the library by outcome: finished, failed"),
    (SCAN_DURATION, GAUGE, "Duration of the last finished scan of the library"),
    (SCAN_ENDED, GAUGE, "When the last scan of the library finished, in seconds since 1970; 0 before the first"),
    (SEGMENTS_PREPARED, COUNTER, "Segments of tracks that were decoded and encoded, on request or ahead of one"),
    (SEGMENTS_SERVED, COUNTER, "Segments that devices got, most of them from the cache"),
    (SEGMENT_FAILURES, COUNTER, "Requested segments that could not be made, by cause: gone, unplayable, not_ready"),
    (DECODERS, GAUGE, "Files that are decoded at the moment; as many as there are processor cores at most"),
    (
        SPOTIFY_REQUESTS,
        COUNTER,
        "Requests to Spotify's Web API by outcome: ok, token_rejected, rate_limited, refused, failed (no or no proper answer)",
    ),
    (SPOTIFY_DURATION, HISTOGRAM(SPOTIFY_BUCKETS), "Duration of requests to Spotify's Web API"),
    (
        BUS_MESSAGES,
        COUNTER,
        "Messages between servers by fate: sent, dropped (disconnected, or too much was waiting), received",
    ),
    (BUS_CONNECTIONS, COUNTER, "Connections to NATS that were made, the first one included"),
    (DEVICE_ERROR, HISTOGRAM(ERROR_BUCKETS), "Sync error that playing devices report, by measured: estimated, heard"),
    (PANICS, COUNTER, "Panics, which are bugs; they end a task and not the server"),
];

/// In seconds, like all bounds.
const COMMIT_BUCKETS: &[f64] = &[0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0];
const HTTP_BUCKETS: &[f64] = &[0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
const SPOTIFY_BUCKETS: &[f64] = &[0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// Includes the bounds of the quality levels that the client shows (5, 30, 150 ms).
const ERROR_BUCKETS: &[f64] = &[0.001, 0.003, 0.005, 0.01, 0.03, 0.1, 0.15, 0.3, 1.0];

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

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RouteClass {
    /// The API, but for what follows.
    Api,
    /// Logins and refreshed tokens.
    Auth,
    /// Segments and files of music.
    Audio,
    /// Covers.
    Cover,
    /// The web client.
    Page,
    /// Handshakes of WebSockets.
    Socket,
    /// Supervisors.
    Health,
}

/// Why a segment could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SegmentFailure {
    /// Its file is not there any more.
    Gone,
    /// No decoder decodes its file.
    Unplayable,
    /// Not in time, or its file could not be read.
    NotReady,
}

/// The outcome of a request to Spotify's Web API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpotifyRequestOutcome {
    /// Done.
    Ok,
    /// 401.
    TokenRejected,
    /// 429.
    RateLimited,
    /// Another client error.
    Refused,
    /// A server error, or no answer.
    Failed,
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

/// The instruments of all metrics. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Metrics {
    inner: Arc<Instruments>,
}

#[derive(Debug)]
struct Instruments {
    commands: [Counter; 4],
    /// In the order of the table of reasons.
    refusals: Vec<Counter>,
    deltas: Counter,
    delta_deliveries: Counter,
    joins: [Counter; 4],
    /// In the order of the table of codes, then those that the server did not close.
    closes: Vec<Counter>,
    resyncs: Counter,
    http: [HttpInstruments; 7],
    batches_durable: Counter,
    batches_failed: Counter,
    commit: Histogram,
    segments_prepared: Counter,
    segments_served: Counter,
    segment_failures: [Counter; 3],
    bus_messages: [Counter; 3],
    bus_connections: Counter,
    spotify_requests: [Counter; 5],
    spotify_duration: Histogram,
    error_estimated: Histogram,
    error_heard: Histogram,
}

/// Of one class of routes.
#[derive(Debug)]
struct HttpInstruments {
    /// By the first digit of the status.
    requests: [Counter; 5],
    duration: Histogram,
}

/// Renders the metrics.
#[derive(Clone, Debug)]
pub struct MetricsRenderer {
    handle: PrometheusHandle,
    connections: Gauge,
    rooms: Gauge,
    journal_queue: Gauge,
    database: Gauge,
    decoders: Gauge,
    library_files: [Gauge; 5],
    scans: [Counter; 2],
    scan_duration: Gauge,
    scan_ended: Gauge,
    panics: Counter,
}

/// What is read when the metrics are rendered.
#[derive(Clone, Copy, Debug, Default)]
pub struct Observed {
    /// When the server started, in Unix milliseconds.
    pub started_at_ms: i64,
    /// Admitted connections.
    pub connections: usize,
    /// Rooms in memory.
    pub rooms: usize,
    /// Batches that wait for a group commit.
    pub journal_queue: usize,
    /// The size of the SQLite database.
    pub database_bytes: u64,
    /// Files that are decoded.
    pub decoders_busy: usize,
    /// The library.
    pub library: LibraryFiles,
    /// Scans of the library.
    pub scans: Scans,
}

/// Scans of the library.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scans {
    /// Scans that finished.
    pub finished: u64,
    /// Scans that failed.
    pub failed: u64,
    /// How long the last one took.
    pub last_took_ms: i64,
    /// When it ended, in Unix milliseconds; 0 before the first.
    pub last_ended_at_ms: i64,
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
        let builder = NAMES.iter().fold(PrometheusBuilder::new(), |builder, (name, kind, _)| match kind {
            Kind::Histogram(bounds) => {
                builder.set_buckets_for_metric(Matcher::Full((*name).into()), bounds).expect("there are bounds")
            }
            Kind::Counter | Kind::Gauge => builder,
        });
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        metrics::with_local_recorder(&recorder, || {
            describe();
            metrics::gauge!(BUILD_INFO, "version" => env!("CARGO_PKG_VERSION")).set(1.0);
            (Self { inner: Arc::new(Instruments::register()) }, MetricsRenderer::register(handle))
        })
    }

    /// Counts a reply to a command.
    pub fn command(&self, outcome: CommandOutcome) {
        self.inner.commands[outcome as usize].increment(1);
    }

    /// Counts a reply that refuses a command.
    pub fn refusal(&self, reason: Reason) {
        self.command(CommandOutcome::Refused);
        self.inner.refusals[reason as usize].increment(1);
    }

    /// Counts a connection that ended, with the code if the server closed it.
    pub fn close(&self, code: Option<CloseCode>) {
        let known = code.and_then(|code| CloseCode::ALL.iter().position(|known| *known == code));
        self.inner.closes[known.unwrap_or(CloseCode::ALL.len())].increment(1);
    }

    /// Counts an HTTP request, and how long its response took.
    pub fn http(&self, class: RouteClass, status: u16, took_ms: f64) {
        let HttpInstruments { requests, duration } = &self.inner.http[class as usize];
        requests[usize::from(status / 100).clamp(1, 5) - 1].increment(1);
        duration.record(took_ms / 1e3);
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
        self.inner.commit.record(took_ms / 1e3);
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

    /// Counts a segment that could not be made.
    pub fn segment_failed(&self, cause: SegmentFailure) {
        self.inner.segment_failures[cause as usize].increment(1);
    }

    /// Counts a message between servers.
    pub fn bus_message(&self, fate: BusFate) {
        self.inner.bus_messages[fate as usize].increment(1);
    }

    /// Counts a connection to NATS.
    pub fn bus_connection(&self) {
        self.inner.bus_connections.increment(1);
    }

    /// Counts a request to Spotify's Web API.
    pub fn spotify_request(&self, outcome: SpotifyRequestOutcome, took_ms: f64) {
        self.inner.spotify_requests[outcome as usize].increment(1);
        self.inner.spotify_duration.record(took_ms / 1e3);
    }

    /// Records the error that a device reports, if it has measured one.
    pub fn device(&self, playback: &DevicePlayback) {
        let error = match playback.measured {
            Some(Measured::Estimated) => &self.inner.error_estimated,
            Some(Measured::Heard) => &self.inner.error_heard,
            None => return,
        };
        error.record(playback.error_ms.abs() / 1e3);
    }
}

impl Instruments {
    /// Arrays are in the order of the enums.
    fn register() -> Self {
        let command = |outcome: &'static str| metrics::counter!(COMMANDS, "outcome" => outcome);
        let refusal = |reason: &Reason| metrics::counter!(REFUSALS, "reason" => reason.as_str());
        let join = |catch_up: &'static str| metrics::counter!(JOINS, "catch_up" => catch_up);
        let close = |code: String| metrics::counter!(CLOSES, "code" => code);
        let codes = CloseCode::ALL.iter().map(|code| code.code().to_string());
        let batches = |outcome: &'static str| metrics::counter!(JOURNAL_BATCHES, "outcome" => outcome);
        let failure = |cause: &'static str| metrics::counter!(SEGMENT_FAILURES, "cause" => cause);
        let bus = |fate: &'static str| metrics::counter!(BUS_MESSAGES, "fate" => fate);
        let spotify = |outcome: &'static str| metrics::counter!(SPOTIFY_REQUESTS, "outcome" => outcome);
        let error = |measured: &'static str| metrics::histogram!(DEVICE_ERROR, "measured" => measured);
        Self {
            commands: ["accepted", "refused", "repeated", "unavailable"].map(command),
            refusals: Reason::ALL.iter().map(refusal).collect(),
            deltas: metrics::counter!(DELTAS),
            delta_deliveries: metrics::counter!(DELTA_DELIVERIES),
            joins: ["first", "nothing", "delta", "snapshot"].map(join),
            closes: codes.chain(["client".to_owned()]).map(close).collect(),
            resyncs: metrics::counter!(RESYNCS),
            http: ["api", "auth", "audio", "cover", "page", "socket", "health"].map(HttpInstruments::register),
            batches_durable: batches("durable"),
            batches_failed: batches("failed"),
            commit: metrics::histogram!(JOURNAL_COMMIT),
            segments_prepared: metrics::counter!(SEGMENTS_PREPARED),
            segments_served: metrics::counter!(SEGMENTS_SERVED),
            segment_failures: ["gone", "unplayable", "not_ready"].map(failure),
            bus_messages: ["sent", "dropped", "received"].map(bus),
            bus_connections: metrics::counter!(BUS_CONNECTIONS),
            spotify_requests: ["ok", "token_rejected", "rate_limited", "refused", "failed"].map(spotify),
            spotify_duration: metrics::histogram!(SPOTIFY_DURATION),
            error_estimated: error("estimated"),
            error_heard: error("heard"),
        }
    }
}

impl HttpInstruments {
    fn register(class: &'static str) -> Self {
        let request = |status: &'static str| metrics::counter!(HTTP_REQUESTS, "class" => class, "status" => status);
        Self {
            requests: ["1xx", "2xx", "3xx", "4xx", "5xx"].map(request),
            duration: metrics::histogram!(HTTP_DURATION, "class" => class),
        }
    }
}

impl MetricsRenderer {
    fn register(handle: PrometheusHandle) -> Self {
        let files = |state: &'static str| metrics::gauge!(LIBRARY_FILES, "state" => state);
        let scans = |outcome: &'static str| metrics::counter!(SCANS, "outcome" => outcome);
        Self {
            handle,
            connections: metrics::gauge!(CONNECTIONS),
            rooms: metrics::gauge!(ROOMS),
            journal_queue: metrics::gauge!(JOURNAL_QUEUE),
            database: metrics::gauge!(DATABASE),
            decoders: metrics::gauge!(DECODERS),
            library_files: ["track", "unreadable", "odd_tags", "missing", "unplayable"].map(files),
            scans: ["finished", "failed"].map(scans),
            scan_duration: metrics::gauge!(SCAN_DURATION),
            scan_ended: metrics::gauge!(SCAN_ENDED),
            panics: metrics::counter!(PANICS),
        }
    }

    /// Renders all metrics in Prometheus' text format, with what is observed at the moment.
    pub fn render(&self, observed: &Observed) -> String {
        let Observed { started_at_ms, connections, rooms, journal_queue, database_bytes, decoders_busy, .. } =
            *observed;
        self.connections.set(count(connections as u64));
        self.rooms.set(count(rooms as u64));
        self.journal_queue.set(count(journal_queue as u64));
        self.database.set(count(database_bytes));
        self.decoders.set(count(decoders_busy as u64));
        let LibraryFiles { tracks, unreadable, odd_tags, missing, unplayable } = observed.library;
        for (gauge, files) in self.library_files.iter().zip([tracks, unreadable, odd_tags, missing, unplayable]) {
            gauge.set(count(files));
        }
        let Scans { finished, failed, last_took_ms, last_ended_at_ms } = observed.scans;
        for (counter, scans) in self.scans.iter().zip([finished, failed]) {
            counter.absolute(scans);
        }
        self.scan_duration.set(seconds(last_took_ms));
        self.scan_ended.set(seconds(last_ended_at_ms));
        self.panics.absolute(panics::count());
        self.handle.render() + &process::render(started_at_ms)
    }

    /// Moves recorded values into histogram buckets. Call it periodically: until then every value is kept in memory.
    pub fn run_upkeep(&self) {
        self.handle.run_upkeep();
    }
}

fn describe() {
    for (name, kind, help) in NAMES {
        match kind {
            Kind::Counter => metrics::describe_counter!(*name, *help),
            Kind::Gauge => metrics::describe_gauge!(*name, *help),
            Kind::Histogram(_) => metrics::describe_histogram!(*name, *help),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "there are fewer than 2^53")]
fn count(of: u64) -> f64 {
    of as f64
}

#[expect(clippy::cast_precision_loss, reason = "there are fewer than 2^53")]
fn seconds(ms: i64) -> f64 {
    ms as f64 / 1e3
}
