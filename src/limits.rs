//! Every bound and timeout that is not a setting, and how they relate.
//!
//! Each comment says what happens at the bound. Settings are in [`crate::config`]; the bounds of a room's state are in
//! `tutti_room_state`.

use std::time::Duration;

/// Pause after a failed accept, usually for want of file descriptors.
pub const ACCEPT_RETRY: Duration = Duration::from_millis(100);
/// TCP connections of one subscriber, as a multiple of their WebSockets: a browser opens up to six, most of them briefly.
/// Further ones are refused with 429.
pub const CONNECTIONS_PER_SOCKET: u32 = 3;
/// How long a peer may leave sent bytes unacknowledged, or accept none of those that wait (`TCP_USER_TIMEOUT`); then the
/// connection is dropped.
pub const UNACKNOWLEDGED_TIMEOUT: Duration = Duration::from_secs(40);
/// Connections waiting to be accepted; the system may allow fewer (`net.core.somaxconn`).
pub const LISTEN_BACKLOG: u32 = 4_096;
/// Time within which `hello` must arrive; then the connection is closed with 4500.
pub const HELLO_TIMEOUT: Duration = Duration::from_secs(10);
/// Characters of a device's name; a longer one is closed with 4500.
pub const DEVICE_NAME_CHARS_MAX: usize = 80;
/// Size of `hello`; a larger one is closed with 4500.
pub const HELLO_BYTES_MAX: usize = 4 * 1024;
/// How long a passcode attempt may wait after many wrong ones; beyond it the connection is closed with 4006.
pub const PASSCODE_WAIT_MAX: Duration = Duration::from_secs(5);
/// Size of a message; a larger one is closed with 4506.
pub const MESSAGE_BYTES_MAX: usize = 64 * 1024;
/// Read buffer before `hello`, which usually fits.
pub const HELLO_BUFFER_BYTES: usize = 1024;
/// Read buffer afterwards, resident in every connection; larger messages grow it.
pub const READ_BUFFER_BYTES: usize = 256;

/// Unsent deltas of one connection, in bytes; beyond it they are dropped, and a snapshot follows once the client reads
/// again.
pub const OUTBOX_BYTES_MAX: usize = 256 * 1024;
/// Unsent replies and other frames of one connection that are neither deltas nor snapshots; a further one closes the
/// connection with 4005.
pub const OUTBOX_REPLY_BYTES_MAX: usize = 256 * 1024;
/// While more of them wait, no further frames are read from the connection.
pub const OUTBOX_REPLY_BYTES_READING_MAX: usize = 64 * 1024;
/// All unsent bytes of one connection; beyond it the connection is closed with 4005.
pub const OUTBOX_BYTES_HARD_MAX: usize = 8 * 1024 * 1024;
/// Time for a closing connection to receive its last frames and to answer the close frame; then it is dropped.
pub const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// Interval of heartbeats and pings to every connection.
pub const HEARTBEAT: Duration = Duration::from_secs(15);
/// Silence after which a connection is closed with 4004: two and a half heartbeats.
pub const SILENCE_MAX: Duration = Duration::from_millis(37_500);
/// Frames per second on one connection that are no commands: clock probes, statuses, refreshes, pings and pongs; beyond it the connection is closed with 4506.
pub const SIGNALS_PER_SECOND: u32 = 20;
/// Chat messages and reactions of one user per second; beyond it they are refused with `rate_limited`.
pub const CHAT_PER_SECOND: u32 = 2;
/// The burst of those, in seconds of their rate.
pub const CHAT_BURST_SECONDS: u32 = 5;
/// Refused commands of one connection per second; beyond it the connection is closed with 4506. A client that knows its
/// room is hardly ever refused.
pub const REFUSALS_PER_SECOND: u32 = 2;
/// The burst of those, in seconds of their rate: a hundred.
pub const REFUSALS_BURST_SECONDS: u32 = 50;
/// The burst of commands of one user and of signals on one connection, in seconds of their rate.
pub const CONNECTION_BURST_SECONDS: u32 = 5;

/// Entries that a device may report as ready; further ones are ignored.
pub const READY_ENTRIES_MAX: usize = 4;
/// Providers that a device may say it can play; more are passed over.
pub const PROVIDERS_PER_DEVICE_MAX: usize = 16;

/// How long the tracks that a command names may take to be looked up; then it is refused with `unavailable`.
pub const TRACK_LOOKUP_TIMEOUT: Duration = Duration::from_secs(10);
/// Tracks of one command that are looked up at the same time; the rest follow.
pub const TRACK_LOOKUPS_AT_ONCE_MAX: usize = 8;
/// Tracks of one room that are measured at the same time; further ones wait. A track that a device reports as unplayable is
/// measured beside them.
pub const MEASUREMENTS_AT_ONCE_MAX: usize = 4;
/// Of these, tracks that are neither about to start nor on.
pub const BACKGROUND_MEASUREMENTS_MAX: usize = 2;
/// How long measuring a track may take; then it is given up until the entry is locked or starts.
pub const MEASUREMENT_TIMEOUT: Duration = Duration::from_mins(2);
/// How long measuring a track that was reported as unplayable may take; then the command is decided without it.
pub const REPORT_TIMEOUT: Duration = Duration::from_secs(10);
/// Reports of one room that wait for a measurement; further ones are decided without it.
pub const REPORTS_WAITING_MAX: usize = 64;
/// Commands of one connection that wait behind a lookup; beyond it they are refused with `rate_limited`.
pub const COMMANDS_WAITING_MAX: usize = 64;

/// Messages queued for one room; beyond it senders wait.
pub const ROOM_INBOX_MAX: usize = 1_024;
/// Appends queued for the journal; beyond it rooms wait.
pub const JOURNAL_QUEUE_MAX: usize = 4_096;
/// Appends in one transaction; further ones go into the next.
pub const JOURNAL_BATCH_MAX: usize = 1_024;
/// After a transaction of fewer appends the next one starts at once.
pub const JOURNAL_FEW: usize = 8;
/// Otherwise it starts this much later for each append in the previous one. Above two appends a millisecond that makes
/// commits rarer, which saves most of the cost of a row.
pub const JOURNAL_PACE_EACH: Duration = Duration::from_micros(500);
/// Upper bound of that delay.
pub const JOURNAL_PACE_MAX: Duration = Duration::from_millis(20);
/// Appends between two checkpoints of a room.
pub const CHECKPOINT_EVERY: u32 = 256;
/// Users looked up in one statement; further lookups wait for the next.
pub const USERS_PER_LOOKUP_MAX: usize = 64;
/// How long a room keeps events for members who resume; journal rows are kept as long.
pub const RESUME_WINDOW: Duration = Duration::from_mins(15);
/// Events a room keeps for members who resume; a client that needs older ones gets a snapshot.
pub const HISTORY_EVENTS_MAX: usize = 2_000;
/// The same in bytes.
pub const HISTORY_BYTES_MAX: usize = 1024 * 1024;
/// Replies a room remembers, so that a repeated command has no second effect; older ones are forgotten.
pub const REPLIES_MAX: usize = 4_096;
/// How long a person in the lobby may be silent; then their place is free for others. Pages ask every few seconds.
pub const LOBBY_GRACE: Duration = Duration::from_mins(1);
/// How long all of a member's devices may be disconnected before their queue is held back.
pub const AWAY_GRACE: Duration = Duration::from_mins(15);
/// After a room's broadcast, further broadcasts are batched for this long: about one frame of a screen.
pub const BROADCAST_WINDOW: Duration = Duration::from_millis(20);
/// A batch of at least this many frames makes the next window [`BUSY_BROADCAST_WINDOW`].
pub const BUSY_BATCH_FRAMES: u32 = 3;
/// The window of a busy room. It leaves devices most of the time by which a start is announced ahead.
pub const BUSY_BROADCAST_WINDOW: Duration = Duration::from_millis(40);
/// A larger batch is sent immediately: a frame that is partly sent can no longer be dropped for a slow reader.
pub const BROADCAST_BATCH_BYTES_MAX: usize = 32 * 1024;
/// How long presence changes are collected before they are sent.
pub const PRESENCE_DELAY: Duration = Duration::from_millis(300);
/// An empty room in which nothing plays is unloaded after this long.
pub const ROOM_IDLE: Duration = Duration::from_mins(1);
/// After a failed append: how long the room rejects commands that would have to be stored, and the interval between
/// attempts to reload it.
pub const RELOAD_DELAY: Duration = Duration::from_secs(1);

/// Connections to a MySQL database; beyond it calls wait.
pub const DATABASE_CONNECTIONS_MAX: u32 = 16;
/// How long a call waits for a connection, including opening one; then it fails.
pub const DATABASE_CONNECTION_TIMEOUT: Duration = Duration::from_secs(5);
/// An idle connection is closed after this long, before a proxy drops it.
pub const DATABASE_CONNECTION_IDLE_MAX: Duration = Duration::from_mins(4);
/// A connection is replaced after this long. PlanetScale closes connections after a day.
pub const DATABASE_CONNECTION_LIFETIME_MAX: Duration = Duration::from_hours(1);
/// Prepared statements per connection; beyond it the least recently used one is closed.
pub const DATABASE_PREPARED_MAX: usize = 128;
/// How long a statement may take; then it fails, and its connection is closed.
pub const DATABASE_STATEMENT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a transaction may take; then it fails, and its connection is closed. PlanetScale ends transactions after 20
/// seconds.
pub const DATABASE_TRANSACTION_TIMEOUT: Duration = Duration::from_secs(15);
/// Attempts of a transaction that loses its row locks to others; then it fails.
pub const DATABASE_TRIES_MAX: u32 = 5;
/// Bytes of events in one statement; the rest goes into the next. A single batch may be larger.
pub const DATABASE_STATEMENT_BYTES_MAX: usize = 1024 * 1024;
/// How long closing all connections may take; the rest are dropped.
pub const DATABASE_CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// How often a server on MySQL says that it lives.
pub const LEASE_RENEW_EVERY: Duration = Duration::from_secs(1);
/// How long that may take; then it is tried again on another connection.
pub const LEASE_RENEW_TIMEOUT: Duration = Duration::from_secs(1);
/// A server that has not said so for this long may be replaced by one that starts.
pub const LEASE_LOST: Duration = Duration::from_secs(5);
/// How often a starting server looks whether another one lives.
pub const LEASE_WATCH_EVERY: Duration = Duration::from_millis(250);
/// How often servers that share a database look whether the others live.
pub const LEASE_LOOK_EVERY: Duration = Duration::from_millis(500);
/// How long leaving the database to the next server may take, at the end; that one then has to wait.
pub const LEASE_LEAVE_TIMEOUT: Duration = Duration::from_millis(500);

/// Size of a message between servers; a larger one is not sent. NATS takes a mebibyte unless it is configured otherwise.
pub const BUS_MESSAGE_BYTES_MAX: usize = 900_000;
/// Messages that wait to be sent to other servers; further ones are dropped.
pub const BUS_SENDING_MAX: usize = 16_384;
/// The same in bytes.
pub const BUS_SENDING_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Characters of the prefix of NATS subjects; a longer one is not accepted.
pub const BUS_PREFIX_CHARS_MAX: usize = 32;
/// Messages that NATS's client holds besides, until its connection takes them.
pub const BUS_CLIENT_MAX: usize = 16;
/// Messages to a server that wait to be read; further ones are dropped, and the reader is told.
pub const BUS_INBOX_MAX: usize = 16_384;
/// The same in bytes.
pub const BUS_INBOX_BYTES_MAX: usize = 32 * 1024 * 1024;
/// How long NATS may be silent before it is asked whether it is there. After three times as long without an answer, the
/// connection is given up.
pub const BUS_PING_EVERY: Duration = Duration::from_secs(2);
/// How long connecting to one server of NATS may take; then the next one is tried.
pub const BUS_CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// How long a message to oneself over NATS may take; then the connection is given up.
pub const BUS_CONFIRM_TIMEOUT: Duration = Duration::from_secs(5);
/// Pause after a failed connection to NATS.
pub const BUS_RETRY: Duration = Duration::from_millis(250);

/// How often a server compares its clock with the timekeeper's.
pub const CLOCK_PROBE_EVERY: Duration = Duration::from_secs(2);
/// Probes each time; the fastest ones count.
pub const CLOCK_PROBES: u32 = 8;
/// How long a server waits at its start until its clock is the cluster's; then it starts and is not ready.
pub const CLOCK_SET_TIMEOUT: Duration = Duration::from_secs(5);

/// Messages about one room that wait for its task, and commands of one room that wait for their answers.
pub const REMOTE_QUEUE_MAX: usize = 4_096;
/// Bytes for connections in one message between servers; more are sent in several messages. NATS takes messages of 1 MiB.
pub const REMOTE_MESSAGE_BYTES_MAX: usize = 512 * 1024;
/// Bytes for connections that are put together from several messages.
pub const REMOTE_BYTES_MAX: usize = 64 * 1024 * 1024;
/// How often servers that share a room say that nothing is new.
pub const REMOTE_BEAT: Duration = Duration::from_secs(1);
/// A server that has not been heard for this long may not own the room any more.
pub const REMOTE_SILENCE_MAX: Duration = Duration::from_secs(3);
/// How long what clients want waits for the room's owner.
pub const REMOTE_ANSWER_MAX: Duration = Duration::from_secs(8);
/// A server that has not heard the owner of a room for this long reads what the owner has stored, as often as this.
pub const REMOTE_READ_EVERY: Duration = Duration::from_secs(1);
/// How often a server looks for a room's owner until it finds it.
pub const REMOTE_RETRY: Duration = Duration::from_millis(250);

/// Connections to the metrics listener; beyond it they are refused.
pub const METRICS_CONNECTIONS_MAX: u32 = 16;
/// How often recorded samples are sorted into the buckets of their histograms, even when no scraper reads them.
pub const METRICS_TIDY_EVERY: Duration = Duration::from_secs(5);

/// Time within which a client must have sent its first byte and finished the TLS handshake; then the connection is closed.
pub const TLS_HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// How often the files of the certificate are looked at.
pub const TLS_FILES_CHECK_EVERY: Duration = Duration::from_secs(10);
/// Time within which a request's headers must arrive (slowloris); then the connection is closed.
pub const HTTP_HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// A request's head, and what of a response is buffered for one connection; a longer head is answered with 431.
pub const HTTP_BUFFER_BYTES_MAX: usize = 64 * 1024;
/// While a response waits for its reader: the reader must accept this much ...
pub const WRITE_PROGRESS_BYTES: usize = 16 * 1024;
/// ... within this time; else the connection is dropped.
pub const WRITE_PROGRESS_TIMEOUT: Duration = Duration::from_secs(30);
/// Time within which the next part of a request's body must arrive; then the request is answered with 408.
pub const HTTP_BODY_PART_TIMEOUT: Duration = Duration::from_secs(5);
/// Time within which the whole body must arrive; then the same.
pub const HTTP_BODY_TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes of covers that all responses together hold until clients have read them; beyond it, covers are refused.
pub const COVER_BYTES_UNSENT_MAX: usize = 64 * 1024 * 1024;
/// The same for the responses to one subscriber.
pub const COVER_BYTES_UNSENT_PER_NETWORK_MAX: u32 = 16 * 1024 * 1024;
/// After SIGTERM: connections are closed over at most this long, so that clients do not all reconnect at once.
pub const DRAIN_SPREAD_MAX: Duration = Duration::from_millis(1_500);
/// Interval between the steps of that.
pub const DRAIN_STEP: Duration = Duration::from_millis(50);
/// Connections closed in one step; more if the steps would not fit otherwise.
pub const DRAIN_CLOSES_PER_STEP: usize = 32;
/// Then: how long connections may take to end; the rest are dropped.
pub const DRAIN_CONNECTIONS_TIMEOUT: Duration = Duration::from_millis(2_500);
/// Then: how long rooms may take to make their events durable.
pub const DRAIN_ROOMS_TIMEOUT: Duration = Duration::from_secs(3);
/// Then: how long all other tasks may take.
pub const DRAIN_BACKGROUND_TIMEOUT: Duration = Duration::from_secs(2);

const _: () = assert!(
    PASSCODE_WAIT_MAX.as_secs() < HELLO_TIMEOUT.as_secs(),
    "a passcode attempt must end before the client gives up"
);
const _: () = assert!(HTTP_BODY_PART_TIMEOUT.as_secs() < HTTP_BODY_TIMEOUT.as_secs());
const _: () = assert!(HELLO_BYTES_MAX < MESSAGE_BYTES_MAX);
const _: () = assert!(OUTBOX_REPLY_BYTES_READING_MAX < OUTBOX_REPLY_BYTES_MAX);
const _: () = assert!(MESSAGE_BYTES_MAX < OUTBOX_BYTES_MAX && OUTBOX_BYTES_MAX < OUTBOX_BYTES_HARD_MAX);
const _: () = assert!(BROADCAST_BATCH_BYTES_MAX < OUTBOX_BYTES_MAX);
const _: () = assert!(BROADCAST_WINDOW.as_millis() < BUSY_BROADCAST_WINDOW.as_millis());
const _: () = assert!(BACKGROUND_MEASUREMENTS_MAX < MEASUREMENTS_AT_ONCE_MAX);
const _: () = assert!(2 * HEARTBEAT.as_millis() < SILENCE_MAX.as_millis());
const _: () = assert!(AWAY_GRACE.as_millis() >= RESUME_WINDOW.as_millis());
const _: () = assert!(JOURNAL_BATCH_MAX <= JOURNAL_QUEUE_MAX);
const _: () = assert!(DATABASE_STATEMENT_TIMEOUT.as_secs() <= DATABASE_TRANSACTION_TIMEOUT.as_secs());
const _: () =
    assert!(DATABASE_TRANSACTION_TIMEOUT.as_secs() < 20, "PlanetScale would end it first, with an unclear error");
const _: () = assert!(DATABASE_CONNECTION_IDLE_MAX.as_secs() < DATABASE_CONNECTION_LIFETIME_MAX.as_secs());
const _: () = assert!(
    2 * (LEASE_RENEW_EVERY.as_millis() + LEASE_RENEW_TIMEOUT.as_millis()) < LEASE_LOST.as_millis(),
    "one failed renewal must not end a server"
);
const _: () = assert!(BUS_MESSAGE_BYTES_MAX < BUS_INBOX_BYTES_MAX);
const _: () = assert!(REMOTE_MESSAGE_BYTES_MAX < BUS_MESSAGE_BYTES_MAX);
const _: () = assert!(CLOSE_TIMEOUT.as_millis() < DRAIN_CONNECTIONS_TIMEOUT.as_millis());
const _: () = assert!(
    DRAIN_SPREAD_MAX.as_millis()
        + DRAIN_CONNECTIONS_TIMEOUT.as_millis()
        + DRAIN_ROOMS_TIMEOUT.as_millis()
        + DRAIN_BACKGROUND_TIMEOUT.as_millis()
        < 10_000,
    "service managers kill a process that has not ended after ten seconds"
);
