//! An honest client: keeps every command until it is answered, comes back with what it knows, sends again what was not
//! answered, now and then also what was.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use parking_lot::Mutex;
use serde_json::json;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};
use tokio_util::sync::CancellationToken;
use tutti::clock::Clock;
use tutti_protocol::{
    ClientFrame, CloseCode, Command, CommandId, DeviceId, EntryId, Position, RoomCode, ServerFrame, TrackRef, UserId,
};

use crate::auditor::Answered;
use crate::chance::Chance;
use crate::person::Person;
use crate::told::{Frame, Frames, Story, Told};
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

pub type Socket = WebSocketStream<TcpStream>;

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
    pub http: reqwest::Client,
    pub address: SocketAddr,
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
    pub fn new(http: &reqwest::Client, address: SocketAddr, sockets: SocketAddr) -> Arc<Self> {
        Arc::new(Self {
            http: http.clone(),
            address,
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

struct Pending {
    id: CommandId,
    command: Command,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// To be sent.
    Waits,
    /// Sent on this connection, and not answered yet.
    Sent,
    /// Refused for now.
    Later,
}

pub struct Client {
    pub person: Person,
    pub table: Arc<Table>,
    chance: Chance,
    device: DeviceId,
    pub known: Option<Position>,
    pending: Vec<Pending>,
    answered: Vec<(CommandId, Command)>,
    /// The latest frame that shows the order of play.
    order: Option<Arc<Frame>>,
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
    pub fn new(person: Person, table: Arc<Table>, mut chance: Chance) -> Self {
        let device = DeviceId(chance.uuid());
        let first = (table.host == person.id).then(|| {
            let id = CommandId(chance.uuid());
            Pending { id, command: wishes::first_settings(), state: State::Waits }
        });
        let pending = first.into_iter().collect();
        Self { person, table, chance, device, known: None, pending, answered: vec![], order: None, is_content: false }
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
                    let _ = self.person.refresh(&life.http, life.address).await;
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
        let (person, table) = (self.person.clone(), self.table.clone());
        Self { pending: vec![], ..Self::new(person, table, Chance::new(0)) }
    }

    /// Comes as somebody who knows nothing, and is shown the room. Who is sent away, as it happens in the midst of an append
    /// that fails, comes again.
    pub async fn look(self, life: &Life) -> Story {
        let mut story = self.story();
        let shown = async {
            loop {
                let mut socket = self.knock(life, None).await.expect("a connection");
                while let Some(Ok(message)) = socket.next().await {
                    let Message::Text(text) = message else { continue };
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
        Story { room: self.table.code, by: self.person.id, known: self.known, welcomes: 0, told: vec![] }
    }

    async fn connection(&mut self, life: &Life, story: &mut Story) -> End {
        let Some(mut socket) = self.knock(life, self.known).await else { return End::Closed(None) };
        self.ask_again();
        let mut is_in = false;
        loop {
            if is_in {
                self.ask(&mut socket, life).await;
                if life.calm.is_cancelled() && self.pending.is_empty() && self.is_content_with(life) {
                    return End::Content;
                }
            }
            let is_refused = self.pending.iter().any(|pending| pending.state == State::Later);
            let patience = if is_refused { RETRY_AFTER } else { PATIENCE };
            let message = tokio::select! {
                message = tokio::time::timeout(patience, socket.next()) => message,
                () = life.calm.cancelled(), if !life.calm.is_cancelled() => continue,
                () = life.has_targets.cancelled(), if self.is_content && !life.has_targets.is_cancelled() => continue,
            };
            if is_refused && message.is_err() {
                self.ask_again();
                continue;
            }
            let message = message.expect("the server says something");
            if is_in && !matches!(message, Some(Ok(Message::Text(_) | Message::Ping(_) | Message::Pong(_)))) {
                life.ends.lock().push(format!("{message:?}"));
            }
            match message {
                Some(Ok(Message::Text(text))) => is_in |= self.hear(text, life, story),
                Some(Ok(Message::Close(close))) => return End::Closed(close.map(|close| close.code.into())),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return End::Closed(None),
            }
        }
    }

    /// True when it knows the room as far as it is to.
    fn is_content_with(&mut self, life: &Life) -> bool {
        if !std::mem::replace(&mut self.is_content, true) {
            life.count(|counts| counts.content += 1);
        }
        let target = life.targets.get().map(|targets| targets[&self.table.code]);
        target.is_some_and(|target| self.known.is_some_and(|known| known.offset >= target))
    }

    fn ask_again(&mut self) {
        self.pending.iter_mut().for_each(|pending| pending.state = State::Waits);
    }

    /// Opens a connection and says `hello`.
    pub async fn knock(&self, life: &Life, known: Option<Position>) -> Option<Socket> {
        let stream = TcpStream::connect(life.sockets).await.ok()?;
        let url = format!("ws://{}/ws", life.sockets);
        let (mut socket, _) = tokio_tungstenite::client_async(url, stream).await.ok()?;
        let hello = json!({
            "type": "hello",
            "token": self.person.token,
            "room": self.table.code,
            "device": { "id": self.device, "name": "Crash", "kind": "remote", "providers": ["library"] },
            "resume": known,
        });
        socket.send(Message::text(hello.to_string())).await.ok()?;
        Some(socket)
    }

    /// Fills the window: first with what waits, then with what comes to mind. What cannot be sent is kept.
    async fn ask(&mut self, socket: &mut Socket, life: &Life) {
        let busy = self.pending.iter().filter(|pending| pending.state != State::Waits).count();
        for _ in busy..WINDOW {
            let waiting = self.pending.iter().position(|pending| pending.state == State::Waits);
            let place = match waiting {
                Some(place) => place,
                None if life.calm.is_cancelled() => return,
                None => self.think(),
            };
            let pending = &mut self.pending[place];
            pending.state = State::Sent;
            let frame = ClientFrame::Command { id: pending.id, command: pending.command.clone() };
            let text = serde_json::to_string(&frame).expect("JSON");
            if socket.send(Message::text(text)).await.is_err() {
                return;
            }
        }
    }

    /// The place of a new command, or of one that was answered before and is asked again.
    fn think(&mut self) -> usize {
        let (id, command) = if !self.answered.is_empty() && self.chance.per_cent(8) {
            self.chance.pick(&self.answered).clone()
        } else {
            (CommandId(self.chance.uuid()), self.any_command())
        };
        self.pending.push(Pending { id, command, state: State::Waits });
        self.pending.len() - 1
    }

    fn any_command(&mut self) -> Command {
        let order = match self.order.as_ref().map(|frame| &frame.content) {
            Some(ServerFrame::Delta { upcoming: Some(upcoming), .. }) => upcoming,
            Some(ServerFrame::Snapshot { room, .. }) => &room.upcoming,
            _ => &vec![],
        };
        let waiting: Vec<EntryId> = order.iter().map(|entry| entry.id).collect();
        let me = self.person.id;
        let own: Vec<EntryId> = order.iter().filter(|entry| entry.member == me).map(|entry| entry.id).collect();
        let Table { tracks, people, host, .. } = &*self.table;
        let known = Known { tracks, people, waiting: &waiting, own: &own, is_host: *host == me };
        known.any_command(&mut self.chance)
    }

    /// True when it lets the client in.
    fn hear(&mut self, text: Utf8Bytes, life: &Life, story: &mut Story) -> bool {
        let frame = self.table.frames.read(text);
        match &frame.content {
            ServerFrame::Welcome { resumed, .. } => {
                if !resumed {
                    self.known = None;
                }
                story.welcomes += 1;
                story.told.push(Told::Welcome { resumed: *resumed });
                life.count(|counts| counts.welcomes += 1);
                return true;
            }
            ServerFrame::Snapshot { position, .. } | ServerFrame::Delta { position, .. } => {
                self.known = Some(*position);
                if !matches!(&frame.content, ServerFrame::Delta { upcoming: None, .. }) {
                    self.order = Some(frame.clone());
                }
                story.told.push(Told::Frame(frame));
            }
            ServerFrame::Notice { code, .. } if code == "draining" => {
                story.told.push(Told::Leaving { at_ms: life.clock.now_ms() });
            }
            ServerFrame::Reply { id, .. } => {
                let answered = Answered::of(&frame.content).expect("a whole reply");
                self.take_answer(*id, answered, life, story);
            }
            _ => {}
        }
        false
    }

    fn take_answer(&mut self, id: CommandId, answered: Answered, life: &Life, story: &mut Story) {
        let Some(place) = self.pending.iter().position(|pending| pending.id == id) else { return };
        life.count(|counts| {
            counts.answers += 1;
            counts.accepted += u64::from(matches!(answered, Answered::Accepted { .. }));
            counts.later += u64::from(answered == Answered::Later);
        });
        let command = self.pending[place].command.clone();
        if answered == Answered::Later {
            self.pending[place].state = State::Later;
        } else {
            self.pending.remove(place);
        }
        // Of these always something is stored. What nothing came of is remembered until the next crash only.
        let lasts = matches!(
            command,
            Command::Enqueue { .. } | Command::Dequeue { .. } | Command::Skip { .. } | Command::Undo { .. }
        );
        if lasts && matches!(answered, Answered::Accepted { .. }) {
            self.answered.retain(|(known, _)| *known != id);
            if self.answered.len() == ANSWERED_MAX {
                self.answered.remove(0);
            }
            self.answered.push((id, command.clone()));
        }
        story.told.push(Told::Answer { id, command, answered });
    }
}
