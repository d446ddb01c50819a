//! Every bound and timeout that is not a setting, and how they relate.
//!
//! What happens at a bound is said beside it. Settings are in [`crate::config`]; the bounds of a room's state are in
//! `tutti_room_state`.

use std::time::Duration;

/// Connections that wait to be accepted; the system may have fewer (`net.core.somaxconn`).
pub const LISTEN_BACKLOG: u32 = 4_096;
/// A `hello` must have come by then; closed with 4500.
pub const HELLO_TIMEOUT: Duration = Duration::from_secs(10);
/// A larger `hello` is closed with 4500.
pub const HELLO_BYTES_MAX: usize = 4 * 1024;
/// How long a passcode may wait to be tried when many were wrong; beyond it closed with 4006.
pub const PASSCODE_WAIT_MAX: Duration = Duration::from_secs(5);
/// A larger message is closed with 4506.
pub const MESSAGE_BYTES_MAX: usize = 64 * 1024;
/// Read at once before `hello` has come, which mostly fits.
pub const HELLO_BUFFER_BYTES: usize = 1024;
/// Read at once afterwards, and resident in every connection; larger messages grow it.
pub const READ_BUFFER_BYTES: usize = 256;

/// Unsent deltas of one connection, in bytes; beyond it they are dropped and a snapshot follows when the member reads again.
pub const OUTBOX_BYTES_MAX: usize = 256 * 1024;
/// Unsent bytes of one connection that are not deltas (replies, snapshots); beyond it closed with 4005.
pub const OUTBOX_BYTES_HARD_MAX: usize = 8 * 1024 * 1024;
/// How long a closed connection may take to take its last frames and answer the close.
pub const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// How often every member gets a heartbeat and a ping.
pub const HEARTBEAT: Duration = Duration::from_secs(15);
/// Silence after which a connection is closed with 4004: two heartbeats and a half.
pub const SILENCE_MAX: Duration = Duration::from_millis(37_500);
/// Clock probes, statuses and refreshes a second on one connection; beyond it closed with 4506.
pub const SIGNALS_PER_SECOND: u32 = 20;
/// The burst of commands and of signals on one connection, in seconds of their rate.
pub const CONNECTION_BURST_SECONDS: u32 = 5;

/// Entries that a device may say it has ready; more are passed over.
pub const READY_ENTRIES_MAX: usize = 4;

/// Messages waiting for one room; beyond it its connections wait.
pub const ROOM_INBOX_MAX: usize = 1_024;
/// Appends waiting for the journal; beyond it rooms wait.
pub const JOURNAL_QUEUE_MAX: usize = 4_096;
/// Appends in one transaction.
pub const JOURNAL_BATCH_MAX: usize = 1_024;
/// Fewer appends in one transaction are few: the next one begins at once.
pub const JOURNAL_FEW: usize = 8;
/// Otherwise it begins so much later than this one for each append in it. Commits get rarer where more than two come in a
/// millisecond, which spares most of what a row costs.
pub const JOURNAL_PACE_EACH: Duration = Duration::from_micros(500);
/// But no later than this.
pub const JOURNAL_PACE_MAX: Duration = Duration::from_millis(20);
/// Appends after which a room is checkpointed.
pub const CHECKPOINT_EVERY: u32 = 256;
/// People looked up in one statement; beyond it they wait for the next.
pub const USERS_PER_LOOKUP_MAX: usize = 64;
/// How long a room keeps what happened for those who come back; journal rows are kept as long.
pub const RESUME_WINDOW: Duration = Duration::from_mins(15);
/// Events a room keeps for those who come back; the rest get a snapshot.
pub const HISTORY_EVENTS_MAX: usize = 2_000;
/// Bytes of events a room keeps for those who come back.
pub const HISTORY_BYTES_MAX: usize = 1024 * 1024;
/// Replies a room remembers, so that a repeated command has no second effect.
pub const REPLIES_MAX: usize = 4_096;
/// How long all of a member's devices may be gone before their queue waits for them.
pub const AWAY_GRACE: Duration = Duration::from_mins(15);
/// After a room's broadcast, further broadcasts are batched for this long: about one frame of a screen.
pub const BROADCAST_WINDOW: Duration = Duration::from_millis(20);
/// A batch of at least this many frames makes the next window [`BUSY_BROADCAST_WINDOW`].
pub const BUSY_BATCH_FRAMES: u32 = 3;
/// The window of a busy room. It leaves devices most of the time by which a start is announced ahead.
pub const BUSY_BROADCAST_WINDOW: Duration = Duration::from_millis(40);
/// A larger batch is sent immediately: a frame that is partly sent can no longer be dropped for a slow reader.
pub const BROADCAST_BATCH_BYTES_MAX: usize = 32 * 1024;
/// Presence changes are gathered this long.
pub const PRESENCE_DELAY: Duration = Duration::from_millis(300);
/// A room that nobody is in and where nothing plays leaves memory after this long.
pub const ROOM_IDLE: Duration = Duration::from_mins(1);
/// After an append failed: for how long its room tries nothing that would have to be stored, and between two tries to
/// reload it.
pub const RELOAD_DELAY: Duration = Duration::from_secs(1);

/// Connections to a MySQL database; beyond it calls wait for one.
pub const DATABASE_CONNECTIONS_MAX: u32 = 16;
/// How long a call waits for a connection, a new one included; then it fails.
pub const DATABASE_CONNECTION_TIMEOUT: Duration = Duration::from_secs(5);
/// A connection that nobody used for so long is closed, before a proxy in between forgets it.
pub const DATABASE_CONNECTION_IDLE_MAX: Duration = Duration::from_mins(4);
/// A connection is replaced after this long. PlanetScale ends those that are a day old.
pub const DATABASE_CONNECTION_LIFETIME_MAX: Duration = Duration::from_hours(1);
/// Statements that each connection keeps prepared; beyond it the one used longest ago goes.
pub const DATABASE_PREPARED_MAX: usize = 128;
/// How long a statement may take; then it fails, and its connection is closed.
pub const DATABASE_STATEMENT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long statements that belong together may take; then they fail, and their connection is closed. PlanetScale ends
/// transactions after 20 seconds.
pub const DATABASE_TRANSACTION_TIMEOUT: Duration = Duration::from_secs(15);
/// How often such statements are tried when others take their locks; then they fail.
pub const DATABASE_TRIES_MAX: u32 = 5;
/// Bytes of events in one statement; the rest is in the next. A single batch may be larger.
pub const DATABASE_STATEMENT_BYTES_MAX: usize = 1024 * 1024;
/// How long closing all connections may take; those left are cut off.
pub const DATABASE_CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// Connections to where metrics are read; beyond it they are refused.
pub const METRICS_CONNECTIONS_MAX: u32 = 16;
/// How often what histograms gathered is sorted into their buckets, whether or not anybody reads them.
pub const METRICS_TIDY_EVERY: Duration = Duration::from_secs(5);

/// A request's head must have come by then (slowloris).
pub const HTTP_HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// After SIGTERM: over how long the closing of connections is spread at most, so that they do not all return at one moment.
pub const DRAIN_SPREAD_MAX: Duration = Duration::from_millis(1_500);
/// Between two steps of that.
pub const DRAIN_STEP: Duration = Duration::from_millis(50);
/// Connections closed in one step, and more only where there would be too many steps.
pub const DRAIN_CLOSES_PER_STEP: usize = 32;
/// Then: how long connections may take to end.
pub const DRAIN_CONNECTIONS_TIMEOUT: Duration = Duration::from_millis(2_500);
/// Then: how long rooms may take to be durable.
pub const DRAIN_ROOMS_TIMEOUT: Duration = Duration::from_secs(3);
/// Then: how long everything else may take.
pub const DRAIN_BACKGROUND_TIMEOUT: Duration = Duration::from_secs(2);

const _: () = assert!(PASSCODE_WAIT_MAX.as_secs() < HELLO_TIMEOUT.as_secs(), "clients wait for a welcome as long");
const _: () = assert!(HELLO_BYTES_MAX < MESSAGE_BYTES_MAX);
const _: () = assert!(MESSAGE_BYTES_MAX < OUTBOX_BYTES_MAX && OUTBOX_BYTES_MAX < OUTBOX_BYTES_HARD_MAX);
const _: () = assert!(BROADCAST_BATCH_BYTES_MAX < OUTBOX_BYTES_MAX);
const _: () = assert!(BROADCAST_WINDOW.as_millis() < BUSY_BROADCAST_WINDOW.as_millis());
const _: () = assert!(2 * HEARTBEAT.as_millis() < SILENCE_MAX.as_millis());
const _: () = assert!(AWAY_GRACE.as_millis() >= RESUME_WINDOW.as_millis());
const _: () = assert!(JOURNAL_BATCH_MAX <= JOURNAL_QUEUE_MAX);
const _: () = assert!(DATABASE_STATEMENT_TIMEOUT.as_secs() <= DATABASE_TRANSACTION_TIMEOUT.as_secs());
const _: () =
    assert!(DATABASE_TRANSACTION_TIMEOUT.as_secs() < 20, "PlanetScale would end it, and nobody would know why");
const _: () = assert!(DATABASE_CONNECTION_IDLE_MAX.as_secs() < DATABASE_CONNECTION_LIFETIME_MAX.as_secs());
const _: () = assert!(CLOSE_TIMEOUT.as_millis() < DRAIN_CONNECTIONS_TIMEOUT.as_millis());
const _: () = assert!(
    DRAIN_SPREAD_MAX.as_millis()
        + DRAIN_CONNECTIONS_TIMEOUT.as_millis()
        + DRAIN_ROOMS_TIMEOUT.as_millis()
        + DRAIN_BACKGROUND_TIMEOUT.as_millis()
        < 10_000,
    "a service manager kills what has not ended after ten seconds"
);
