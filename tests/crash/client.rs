//! A well-behaved client: it keeps every command until it is answered, resumes from its position after a lost
//! connection, and resends unanswered commands, now and then also answered ones.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::watch;
use tokio_tungstenite::tungstenite::Utf8Bytes;
use tokio_util::sync::CancellationToken;
use tutti::clock::Clock;
use tutti::limits::REPLIES_MAX;
use tutti_protocol::{
    ClientFrame, CloseCode, Command, CommandId, Device, DeviceId, DeviceKind, EntryId, ProviderId, RoomCode,
    ServerFrame, TrackRef, UserId,
};
use tutti_test_client::socket::PATH;
use tutti_test_client::{Change, ClientState, Closed, CommandOutcome, PendingCommand, Socket, TestUser};

use crate::client_log::{ClientLog, Observation, SharedFrames};
use crate::commands::{self, CommandContext};
use crate::random::Random;

/// Commands in flight at a time.
const WINDOW: usize = 2;
/// Answered commands that are kept to be repeated.
const ANSWERED_MAX: usize = 8;
/// A client repeats an answered command only until its room has given so many further answers. A room remembers the
/// replies to twice as many commands.
const REPEATED_WITHIN: usize = REPLIES_MAX / 2;
/// After this time a client resends commands that were refused with `retry`.
const RETRY_AFTER: Duration = Duration::from_millis(500);
/// Longest wait after the first rejected connection; it doubles with each further one.
const BACKOFF_MS: u64 = 500;
const BACKOFF_MS_MAX: u64 = 15_000;
/// A rejection by an overloaded server counts as this many.
const OVERLOAD_ATTEMPTS: u32 = 4;
/// A healthy server answers sooner; a client that waits longer fails the test.
pub const PATIENCE: Duration = Duration::from_mins(3);

/// The state that the clients of a room share.
pub struct SharedRoom {
    pub code: RoomCode,
    pub members: Vec<UserId>,
    pub host: UserId,
    pub tracks: Vec<TrackRef>,
    pub frames: SharedFrames,
    /// Answers to its clients.
    pub answers: AtomicUsize,
}

/// Totals over all clients of a run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    pub welcomes: u64,
    /// Replies of any kind.
    pub answers: u64,
    pub accepted: u64,
    /// Refusals with `retry`.
    pub retryable: u64,
    /// Clients without pending commands.
    pub settled: u64,
    /// Clients that the draining server closed.
    pub drained: u64,
    /// Connections closed with "try later".
    pub rejected: u64,
    /// The most that one client had of them.
    pub rejected_max: u64,
}

/// A run of the server, as its clients see it.
pub struct ServerRun {
    /// The addresses that clients connect to, in turns: the servers or a proxy.
    sockets: Vec<SocketAddr>,
    connects: AtomicUsize,
    /// When each room accepted the newest of its accepted commands, and when that was sent first.
    accepted: Mutex<BTreeMap<RoomCode, Accepted>>,
    pub clock: Clock,
    counts: watch::Sender<Counts>,
    /// Why admitted connections ended.
    disconnects: Mutex<Vec<String>>,
    /// Clients send no new commands; those without pending commands are settled.
    pub quiesce: CancellationToken,
    /// The offset that settled clients must reach in each room before they stop.
    targets: OnceLock<BTreeMap<RoomCode, u64>>,
    has_targets: CancellationToken,
    /// The server is gone: clients do not reconnect.
    pub over: CancellationToken,
}

impl ServerRun {
    pub fn new(sockets: Vec<SocketAddr>) -> Arc<Self> {
        Arc::new(Self {
            sockets,
            connects: AtomicUsize::new(0),
            accepted: Mutex::default(),
            clock: Clock::system(),
            counts: watch::Sender::default(),
            disconnects: Mutex::default(),
            quiesce: CancellationToken::new(),
            targets: OnceLock::new(),
            has_targets: CancellationToken::new(),
            over: CancellationToken::new(),
        })
    }

    pub fn counts(&self) -> Counts {
        *self.counts.borrow()
    }

    /// The address for the next connection.
    fn socket(&self) -> SocketAddr {
        self.sockets[self.connects.fetch_add(1, Ordering::Relaxed) % self.sockets.len()]
    }

    /// When the last of these rooms accepted a first command that was sent after `since_ms`: answers to earlier ones may
    /// still arrive from a server that is gone.
    pub async fn accepts_in_all(&self, rooms: &[RoomCode], since_ms: i64) -> i64 {
        let mut counts = self.counts.subscribe();
        let all = async {
            let mut first = BTreeMap::new();
            loop {
                for (room, Accepted { sent_at_ms, at_ms }) in &*self.accepted.lock() {
                    if *sent_at_ms > since_ms {
                        first.entry(*room).or_insert(*at_ms);
                    }
                }
                if rooms.iter().all(|room| first.contains_key(room)) {
                    return first.into_values().max().unwrap_or(since_ms);
                }
                counts.changed().await.expect("they are counted");
            }
        };
        tokio::time::timeout(PATIENCE, all).await.expect("every room accepts commands again")
    }

    pub fn disconnects(&self) -> Vec<String> {
        self.disconnects.lock().clone()
    }

    /// Waits until the totals are as wanted.
    pub async fn until(&self, wanted: impl Fn(&Counts) -> bool) {
        let mut counts = self.counts.subscribe();
        let seen = tokio::time::timeout(PATIENCE, counts.wait_for(|counts| wanted(counts))).await;
        assert!(seen.is_ok(), "the totals are still {:?}", self.counts());
    }

    /// Stops settled clients once they have reached these offsets.
    pub fn stop_at(&self, targets: BTreeMap<RoomCode, u64>) {
        self.targets.set(targets).expect("once");
        self.has_targets.cancel();
    }

    fn count(&self, count: impl FnOnce(&mut Counts)) {
        self.counts.send_modify(count);
    }
}

#[derive(Clone, Copy)]
struct Accepted {
    sent_at_ms: i64,
    at_ms: i64,
}

pub struct Client {
    pub user: TestUser,
    pub room: Arc<SharedRoom>,
    random: Random,
    device: Device,
    state: ClientState,
    /// Each with the room's number of answers at its first one.
    answered: Vec<(usize, CommandId, Command)>,
    is_settled: bool,
}

/// How a connection ended.
enum End {
    /// It broke or was closed.
    Closed(Option<u16>),
    /// The client stopped: it is settled and up to date.
    Settled,
}

impl Client {
    pub fn new(user: TestUser, room: Arc<SharedRoom>, mut random: Random) -> Self {
        let id = DeviceId(random.uuid());
        let device =
            Device { id, name: "Crash".into(), kind: DeviceKind::Remote, providers: vec![ProviderId::LIBRARY] };
        let mut state = ClientState::default();
        if room.host == user.id {
            state.push(CommandId(random.uuid()), commands::initial_settings(), 0.0);
        }
        Self { user, room, random, device, state, answered: vec![], is_settled: false }
    }

    /// Sends commands and reconnects until the server is gone; after `quiesce`, until all commands are answered.
    pub async fn run(mut self, run: Arc<ServerRun>) -> (Self, ClientLog) {
        let mut log = self.new_log();
        self.is_settled = false;
        let (mut attempt, mut rejected) = (0, 0);
        while !run.over.is_cancelled() {
            let welcomes = log.welcomes;
            let End::Closed(code) = self.connection(&run, &mut log).await else { break };
            log.observations.push(Observation::Closed { code, at_ms: run.clock.now_ms() });
            attempt = if log.welcomes > welcomes { 0 } else { attempt + 1 };
            match code.map(|code| CloseCode::ALL.iter().find(|known| known.code() == code).expect("a known code")) {
                Some(CloseCode::GoingAway) => {
                    run.count(|counts| counts.drained += 1);
                    if run.sockets.len() == 1 {
                        break;
                    }
                }
                Some(CloseCode::TokenExpired) => {
                    // Fails while the server is down; the next attempt repeats it.
                    let _ = self.user.refresh().await;
                }
                Some(CloseCode::TryLater) => {
                    rejected += 1;
                    run.count(|counts| {
                        counts.rejected += 1;
                        counts.rejected_max = counts.rejected_max.max(rejected);
                    });
                    self.back_off(attempt.max(OVERLOAD_ATTEMPTS), &run).await;
                }
                _ => tokio::task::yield_now().await,
            }
        }
        (self, log)
    }

    /// Waits for a random part of a ceiling that doubles ("full jitter"), or until the run is over.
    async fn back_off(&mut self, attempt: u32, run: &ServerRun) {
        let ceiling_ms = BACKOFF_MS_MAX.min(BACKOFF_MS << attempt.min(10));
        let wait = Duration::from_millis(self.random.below(ceiling_ms));
        let _ = tokio::time::timeout(wait, run.over.cancelled()).await;
    }

    /// A client of the same user that knows nothing of the room and sends no commands.
    pub fn observer(&self) -> Self {
        let (user, room) = (self.user.clone(), self.room.clone());
        Self { state: ClientState::default(), ..Self::new(user, room, Random::new(0)) }
    }

    /// Connects and reads a snapshot. Reconnects when it is closed before, as happens while an append fails.
    pub async fn observe(self, run: &ServerRun) -> ClientLog {
        let mut log = self.new_log();
        let snapshot = async {
            loop {
                let mut socket = self.connect(run).await.expect("a connection");
                while let Ok(text) = socket.next().await {
                    let frame = self.room.frames.read(text);
                    if let ServerFrame::Snapshot { .. } = frame.content {
                        return frame;
                    }
                }
            }
        };
        log.observations.push(Observation::Frame(tokio::time::timeout(PATIENCE, snapshot).await.expect("a snapshot")));
        log
    }

    fn new_log(&self) -> ClientLog {
        ClientLog {
            room: self.room.code,
            by: self.user.id,
            known: self.state.position(),
            welcomes: 0,
            observations: vec![],
        }
    }

    async fn connection(&mut self, run: &ServerRun, log: &mut ClientLog) -> End {
        let Some(mut socket) = self.connect(run).await else { return End::Closed(None) };
        self.state.resend_pending();
        let mut admitted = false;
        loop {
            if admitted {
                self.send_commands(&mut socket, run).await;
                if run.quiesce.is_cancelled() && self.state.pending().is_empty() && self.reached_target(run) {
                    return End::Settled;
                }
            }
            let has_deferred = self.state.has_deferred();
            let patience = if has_deferred { RETRY_AFTER } else { PATIENCE };
            let message = tokio::select! {
                message = tokio::time::timeout(patience, socket.next()) => message,
                () = run.quiesce.cancelled(), if !run.quiesce.is_cancelled() => continue,
                () = run.has_targets.cancelled(), if self.is_settled && !run.has_targets.is_cancelled() => continue,
            };
            if has_deferred && message.is_err() {
                self.state.resend_pending();
                continue;
            }
            match message.expect("the server sends something") {
                Ok(text) => admitted |= self.receive(text, run, log),
                Err(Closed { code, cause }) => {
                    if admitted {
                        run.disconnects.lock().push(cause);
                    }
                    return End::Closed(code);
                }
            }
        }
    }

    /// Whether the client is up to date; from here on it counts as settled.
    fn reached_target(&mut self, run: &ServerRun) -> bool {
        if !std::mem::replace(&mut self.is_settled, true) {
            run.count(|counts| counts.settled += 1);
        }
        let target = run.targets.get().map(|targets| targets[&self.room.code]);
        target.is_some_and(|target| self.state.position().is_some_and(|known| known.offset >= target))
    }

    /// Opens a connection and sends `hello`.
    pub async fn connect(&self, run: &ServerRun) -> Option<Socket> {
        let mut socket = Socket::connect(run.socket(), PATH, &[]).await.ok()?;
        let hello = self.state.hello(&self.user.token, self.room.code.as_str(), self.device.clone());
        socket.send(&hello).await.ok()?;
        Some(socket)
    }

    /// Fills the window with pending commands, then with new ones. A command that cannot be sent stays pending.
    async fn send_commands(&mut self, socket: &mut Socket, run: &ServerRun) {
        for _ in self.state.in_flight()..WINDOW {
            let next = match self.state.next_unsent() {
                None if !run.quiesce.is_cancelled() => {
                    let (id, command) = self.next_command();
                    self.state.push(id, command, run.clock.now_ms_f64());
                    self.state.next_unsent()
                }
                next => next,
            };
            let Some((id, command)) = next else { return };
            if socket.send(&ClientFrame::Command { id, command }).await.is_err() {
                return;
            }
        }
    }

    /// A new command, or a repetition of an answered one.
    fn next_command(&mut self) -> (CommandId, Command) {
        let answers = self.room.answers.load(Ordering::Relaxed);
        self.answered.retain(|(at, ..)| answers - at < REPEATED_WITHIN);
        if !self.answered.is_empty() && self.random.per_cent(8) {
            let (_, id, command) = self.random.pick(&self.answered).clone();
            (id, command)
        } else {
            (CommandId(self.random.uuid()), self.random_command())
        }
    }

    fn random_command(&mut self) -> Command {
        let me = self.user.id;
        let order = self.state.upcoming();
        let queued: Vec<EntryId> = order.iter().map(|(entry, _)| *entry).collect();
        let own: Vec<EntryId> = order.iter().filter(|(_, member)| *member == me).map(|(entry, _)| *entry).collect();
        let SharedRoom { tracks, members, host, .. } = &*self.room;
        let context = CommandContext { tracks, members, queued: &queued, own: &own, is_host: *host == me };
        context.random_command(&mut self.random)
    }

    /// Returns true for `welcome`.
    fn receive(&mut self, text: Utf8Bytes, run: &ServerRun, log: &mut ClientLog) -> bool {
        let frame = self.room.frames.read(text);
        match self.state.receive(&frame.content).expect("a frame of the contract") {
            Change::Welcomed { resumed } => {
                log.welcomes += 1;
                log.observations.push(Observation::Welcome { resumed });
                run.count(|counts| counts.welcomes += 1);
                return true;
            }
            Change::Moved => log.observations.push(Observation::Frame(frame)),
            Change::Replied { outcome, pending, .. } => {
                if let Some(pending) = pending {
                    self.replied(pending, outcome, run, log);
                }
            }
            Change::Nothing => {
                if matches!(&frame.content, ServerFrame::Notice { code, .. } if code == "draining") {
                    log.observations.push(Observation::Draining { at_ms: run.clock.now_ms() });
                }
            }
        }
        false
    }

    fn replied(&mut self, pending: PendingCommand, outcome: CommandOutcome, run: &ServerRun, log: &mut ClientLog) {
        let PendingCommand { id, command, asked_at_ms, .. } = pending;
        let answers = self.room.answers.fetch_add(1, Ordering::Relaxed);
        let is_accepted = matches!(outcome, CommandOutcome::Accepted { .. });
        if is_accepted {
            #[expect(clippy::cast_possible_truncation, reason = "milliseconds")]
            let accepted = Accepted { sent_at_ms: asked_at_ms as i64, at_ms: run.clock.now_ms() };
            let mut newest = run.accepted.lock();
            let newest = newest.entry(self.room.code).or_insert(accepted);
            if newest.sent_at_ms < accepted.sent_at_ms {
                *newest = accepted;
            }
        }
        run.count(|counts| {
            counts.answers += 1;
            counts.accepted += u64::from(is_accepted);
            counts.retryable += u64::from(outcome == CommandOutcome::Retry);
        });
        // These always store an event. Commands without one are remembered in memory only, and a crash forgets them.
        let is_stored = matches!(
            command,
            Command::Enqueue { .. } | Command::Dequeue { .. } | Command::Skip { .. } | Command::Undo { .. }
        );
        if is_stored && is_accepted && self.answered.iter().all(|(_, known, _)| *known != id) {
            if self.answered.len() == ANSWERED_MAX {
                self.answered.remove(0);
            }
            self.answered.push((answers, id, command.clone()));
        }
        log.observations.push(Observation::Reply { id, command, outcome });
    }
}
