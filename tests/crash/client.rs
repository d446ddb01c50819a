//! An honest client: keeps every command until it is answered, comes back with what it knows, sends again what was not
//! answered, now and then also what was.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::watch;
use tokio_tungstenite::tungstenite::Utf8Bytes;
use tokio_util::sync::CancellationToken;
use tutti::clock::Clock;
use tutti_protocol::{
    ClientFrame, CloseCode, Command, CommandId, Device, DeviceId, DeviceKind, EntryId, ProviderId, RoomCode,
    ServerFrame, TrackRef, UserId,
};
use tutti_test_client::{Change, ClientState, Closed, CommandOutcome, PendingCommand, Socket, TestUser};

use crate::chance::Chance;
use crate::told::{Frames, Story, Told};
use crate::wishes::{self, Known};

/// Commands on their way at a time.
const WINDOW: usize = 2;
/// Commands that were answered and may be sent again.
const ANSWERED_MAX: usize = 8;
/// After this time a client asks again for what was refused with `retry`.
const RETRY_AFTER: Duration = Duration::from_millis(500);
/// How long a client that is sent away waits at first, at most; twice as long each further time.
const BACKOFF_MS: u64 = 500;
const BACKOFF_MS_MAX: u64 = 15_000;
/// As if an overloaded server had sent it away so often already.
const OVERLOAD_ATTEMPTS: u32 = 4;
/// Nothing healthy takes as long; a client that waits longer has failed.
pub const PATIENCE: Duration = Duration::from_mins(3);

/// What the clients of a room share.
pub struct Table {
    pub code: RoomCode,
    pub people: Vec<UserId>,
    pub host: UserId,
    pub tracks: Vec<TrackRef>,
    pub frames: Frames,
}

/// What all clients of a life together have seen so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    pub welcomes: u64,
    /// Of any kind.
    pub answers: u64,
    pub accepted: u64,
    /// Refused for now.
    pub later: u64,
    /// Clients that have all their answers.
    pub content: u64,
    /// Clients that were told that the server goes, and went.
    pub closed: u64,
    /// How often clients were told to come back later.
    pub sent_away: u64,
    /// How often one of them was, at most.
    pub sent_away_most: u64,
}

/// One life of the server, as its clients see it.
pub struct Life {
    /// Where WebSockets go; a proxy, perhaps.
    pub sockets: SocketAddr,
    pub clock: Clock,
    counts: watch::Sender<Counts>,
    /// How connections ended of those who were in.
    ends: Mutex<Vec<String>>,
    /// Nobody asks for anything new; whoever has all answers is content.
    pub calm: CancellationToken,
    /// Up to where each room is to be followed before a client that is content ends.
    targets: OnceLock<BTreeMap<RoomCode, u64>>,
    has_targets: CancellationToken,
    /// The server is gone: nobody comes back.
    pub over: CancellationToken,
}

impl Life {
    pub fn new(sockets: SocketAddr) -> Arc<Self> {
        Arc::new(Self {
            sockets,
            clock: Clock::system(),
            counts: watch::Sender::default(),
            ends: Mutex::default(),
            calm: CancellationToken::new(),
            targets: OnceLock::new(),
            has_targets: CancellationToken::new(),
            over: CancellationToken::new(),
        })
    }

    pub fn counts(&self) -> Counts {
        *self.counts.borrow()
    }

    pub fn ends(&self) -> Vec<String> {
        self.ends.lock().clone()
    }

    /// Waits until clients have seen what is wanted.
    pub async fn until(&self, wanted: impl Fn(&Counts) -> bool) {
        let mut counts = self.counts.subscribe();
        let seen = tokio::time::timeout(PATIENCE, counts.wait_for(|counts| wanted(counts))).await;
        assert!(seen.is_ok(), "clients have seen {:?} only", self.counts());
    }

    /// Lets clients end that know their rooms so far.
    pub fn follow_up_to(&self, targets: BTreeMap<RoomCode, u64>) {
        self.targets.set(targets).expect("once");
        self.has_targets.cancel();
    }

    fn count(&self, count: impl FnOnce(&mut Counts)) {
        self.counts.send_modify(count);
    }
}

pub struct Client {
    pub user: TestUser,
    pub table: Arc<Table>,
    chance: Chance,
    device: Device,
    state: ClientState,
    answered: Vec<(CommandId, Command)>,
    is_content: bool,
}

/// Why a connection ended.
enum End {
    /// It broke, or was closed.
    Closed(Option<u16>),
    /// Everything is answered, and nothing else is to come.
    Content,
}

impl Client {
    pub fn new(user: TestUser, table: Arc<Table>, mut chance: Chance) -> Self {
        let id = DeviceId(chance.uuid());
        let device =
            Device { id, name: "Crash".into(), kind: DeviceKind::Remote, providers: vec![ProviderId::LIBRARY] };
        let mut state = ClientState::default();
        if table.host == user.id {
            state.push(CommandId(chance.uuid()), wishes::first_settings(), 0.0);
        }
        Self { user, table, chance, device, state, answered: vec![], is_content: false }
    }

    /// Stays connected and commands until the server is gone; in a calm life, until everything is answered.
    pub async fn live(mut self, life: Arc<Life>) -> (Self, Story) {
        let mut story = self.story();
        self.is_content = false;
        let (mut attempt, mut sent_away) = (0, 0);
        while !life.over.is_cancelled() {
            let welcomes = story.welcomes;
            let End::Closed(code) = self.connection(&life, &mut story).await else { break };
            story.told.push(Told::Closed { code, at_ms: life.clock.now_ms() });
            attempt = if story.welcomes > welcomes { 0 } else { attempt + 1 };
            match code.map(|code| CloseCode::ALL.iter().find(|known| known.code() == code).expect("a known code")) {
                Some(CloseCode::GoingAway) => {
                    life.count(|counts| counts.closed += 1);
                    break;
                }
                Some(CloseCode::TokenExpired) => {
                    // Fails with the server; then again, next time.
                    let _ = self.user.refresh().await;
                }
                Some(CloseCode::TryLater) => {
                    sent_away += 1;
                    life.count(|counts| {
                        counts.sent_away += 1;
                        counts.sent_away_most = counts.sent_away_most.max(sent_away);
                    });
                    self.back_off(attempt.max(OVERLOAD_ATTEMPTS), &life).await;
                }
                _ => tokio::task::yield_now().await,
            }
        }
        (self, story)
    }

    /// Anywhere below a ceiling that doubles ("full jitter"), unless the life is over before.
    async fn back_off(&mut self, attempt: u32, life: &Life) {
        let ceiling_ms = BACKOFF_MS_MAX.min(BACKOFF_MS << attempt.min(10));
        let wait = Duration::from_millis(self.chance.below(ceiling_ms));
        let _ = tokio::time::timeout(wait, life.over.cancelled()).await;
    }

    /// The same person, who knows nothing and wants nothing.
    pub fn looker(&self) -> Self {
        let (user, table) = (self.user.clone(), self.table.clone());
        Self { state: ClientState::default(), ..Self::new(user, table, Chance::new(0)) }
    }

    /// Comes as somebody who knows nothing, and is shown the room. Who is sent away, as it happens in the midst of an append
    /// that fails, comes again.
    pub async fn look(self, life: &Life) -> Story {
        let mut story = self.story();
        let shown = async {
            loop {
                let mut socket = self.knock(life).await.expect("a connection");
                while let Ok(text) = socket.next().await {
                    let frame = self.table.frames.read(text);
                    if let ServerFrame::Snapshot { .. } = frame.content {
                        return frame;
                    }
                }
            }
        };
        story.told.push(Told::Frame(tokio::time::timeout(PATIENCE, shown).await.expect("the room is shown")));
        story
    }

    fn story(&self) -> Story {
        Story { room: self.table.code, by: self.user.id, known: self.state.position(), welcomes: 0, told: vec![] }
    }

    async fn connection(&mut self, life: &Life, story: &mut Story) -> End {
        let Some(mut socket) = self.knock(life).await else { return End::Closed(None) };
        self.state.resend_pending();
        let mut is_in = false;
        loop {
            if is_in {
                self.ask(&mut socket, life).await;
                if life.calm.is_cancelled() && self.state.pending().is_empty() && self.is_content_with(life) {
                    return End::Content;
                }
            }
            let has_deferred = self.state.has_deferred();
            let patience = if has_deferred { RETRY_AFTER } else { PATIENCE };
            let message = tokio::select! {
                message = tokio::time::timeout(patience, socket.next()) => message,
                () = life.calm.cancelled(), if !life.calm.is_cancelled() => continue,
                () = life.has_targets.cancelled(), if self.is_content && !life.has_targets.is_cancelled() => continue,
            };
            if has_deferred && message.is_err() {
                self.state.resend_pending();
                continue;
            }
            match message.expect("the server says something") {
                Ok(text) => is_in |= self.hear(text, life, story),
                Err(Closed { code, cause }) => {
                    if is_in {
                        life.ends.lock().push(cause);
                    }
                    return End::Closed(code);
                }
            }
        }
    }

    /// True when it knows the room as far as it is to.
    fn is_content_with(&mut self, life: &Life) -> bool {
        if !std::mem::replace(&mut self.is_content, true) {
            life.count(|counts| counts.content += 1);
        }
        let target = life.targets.get().map(|targets| targets[&self.table.code]);
        target.is_some_and(|target| self.state.position().is_some_and(|known| known.offset >= target))
    }

    /// Opens a connection and sends `hello`.
    pub async fn knock(&self, life: &Life) -> Option<Socket> {
        let mut socket = Socket::connect(life.sockets, &[]).await.ok()?;
        let hello = self.state.hello(&self.user.token, self.table.code.as_str(), self.device.clone());
        socket.send(&hello).await.ok()?;
        Some(socket)
    }

    /// Fills the window: first with what waits, then with what comes to mind. What cannot be sent is kept.
    async fn ask(&mut self, socket: &mut Socket, life: &Life) {
        for _ in self.state.in_flight()..WINDOW {
            let next = match self.state.next_unsent() {
                None if !life.calm.is_cancelled() => {
                    let (id, command) = self.think();
                    self.state.push(id, command, 0.0);
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

    /// A new command, or one that was answered before and is asked again.
    fn think(&mut self) -> (CommandId, Command) {
        if !self.answered.is_empty() && self.chance.per_cent(8) {
            self.chance.pick(&self.answered).clone()
        } else {
            (CommandId(self.chance.uuid()), self.any_command())
        }
    }

    fn any_command(&mut self) -> Command {
        let me = self.user.id;
        let order = self.state.upcoming();
        let waiting: Vec<EntryId> = order.iter().map(|(entry, _)| *entry).collect();
        let own: Vec<EntryId> = order.iter().filter(|(_, member)| *member == me).map(|(entry, _)| *entry).collect();
        let Table { tracks, people, host, .. } = &*self.table;
        let known = Known { tracks, people, waiting: &waiting, own: &own, is_host: *host == me };
        known.any_command(&mut self.chance)
    }

    /// True when it lets the client in.
    fn hear(&mut self, text: Utf8Bytes, life: &Life, story: &mut Story) -> bool {
        let frame = self.table.frames.read(text);
        match self.state.receive(&frame.content).expect("the contract is kept") {
            Change::Welcomed { resumed } => {
                story.welcomes += 1;
                story.told.push(Told::Welcome { resumed });
                life.count(|counts| counts.welcomes += 1);
                return true;
            }
            Change::Moved => story.told.push(Told::Frame(frame)),
            Change::Replied { outcome, pending, .. } => {
                if let Some(PendingCommand { id, command, .. }) = pending {
                    self.take_answer(id, command, outcome, life, story);
                }
            }
            Change::Nothing => {
                if matches!(&frame.content, ServerFrame::Notice { code, .. } if code == "draining") {
                    story.told.push(Told::Leaving { at_ms: life.clock.now_ms() });
                }
            }
        }
        false
    }

    fn take_answer(
        &mut self,
        id: CommandId,
        command: Command,
        outcome: CommandOutcome,
        life: &Life,
        story: &mut Story,
    ) {
        let is_accepted = matches!(outcome, CommandOutcome::Accepted { .. });
        life.count(|counts| {
            counts.answers += 1;
            counts.accepted += u64::from(is_accepted);
            counts.later += u64::from(outcome == CommandOutcome::Retry);
        });
        // Of these always something is stored. What nothing came of is remembered until the next crash only.
        let lasts = matches!(
            command,
            Command::Enqueue { .. } | Command::Dequeue { .. } | Command::Skip { .. } | Command::Undo { .. }
        );
        if lasts && is_accepted {
            self.answered.retain(|(known, _)| *known != id);
            if self.answered.len() == ANSWERED_MAX {
                self.answered.remove(0);
            }
            self.answered.push((id, command.clone()));
        }
        story.told.push(Told::Answer { id, command, outcome });
    }
}
