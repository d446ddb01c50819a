//! A room that another server owns, as its task here: relays the connections that this server holds.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;
use tutti_protocol::{CloseCode, ConnectionId, DeviceId, DeviceStatus, Position, RoomCode, RoomId};

use super::message::{
    Answer, Entering, EnteringParty, FramesOverride, Head, Question, Request, Said, ViewChange, What, answered, own_in,
};
use super::{Heard, Remotes};
use crate::clock::ms;
use crate::cluster::bus::BusState;
use crate::limits::{
    HEARTBEAT, REMOTE_ANSWER_MAX, REMOTE_BEAT, REMOTE_BYTES_MAX, REMOTE_QUEUE_MAX, REMOTE_READ_EVERY, REMOTE_RETRY,
    REMOTE_SILENCE_MAX, ROOM_IDLE, SILENCE_MAX,
};
use crate::room::handle::{Join, Message, PasscodeHash, RoomError};
use crate::room::load::{Loaded, load};
use crate::room::registry::RoomContext;
use crate::room::replies::Outcome;
use crate::room::state::Newcomer;
use crate::room::view::View;
use crate::room::wire::{self, DeltaFacts};
use crate::store::{Fence, LifeId, StoreError, StoredNode};
use crate::transport::{Link, Party, frame};

/// Relays a room's connections.
pub(in crate::room) struct Edge {
    pub(in crate::room) room: Shared,
    remotes: Remotes,
    owner: LifeId,
    locals: BTreeMap<ConnectionId, Local>,
    followers: Vec<Option<DeviceId>>,
    /// Commands and questions, in their order.
    unanswered: VecDeque<Unanswered>,
    questions: u64,
    stream: Stream,
    said: mpsc::Receiver<Heard<Said>>,
    beat_at_ms: i64,
    heartbeat_at_ms: i64,
    leave_at_ms: i64,
    /// When it next looks who owns the room; `None` while an owner answers.
    look_at_ms: Option<i64>,
    /// When it next reads what the owner has stored, unless the owner is heard before.
    read_at_ms: i64,
}

/// What the task of a room keeps, whatever its role.
#[derive(Clone)]
pub(in crate::room) struct Shared {
    pub(in crate::room) id: RoomId,
    pub(in crate::room) code: RoomCode,
    pub(in crate::room) context: RoomContext,
    pub(in crate::room) passcode: PasscodeHash,
    pub(in crate::room) views: watch::Sender<View>,
}

/// What a task takes along when it changes its role.
#[derive(Default)]
pub(in crate::room) struct Takeover {
    pub(in crate::room) connections: Vec<Held>,
    pub(in crate::room) followers: Vec<Option<DeviceId>>,
    /// What was not answered.
    pub(in crate::room) messages: Vec<Message>,
}

/// A connection that has joined.
pub(in crate::room) struct Held {
    pub(in crate::room) link: Arc<Link>,
    /// To join another owner; `None` for a screen.
    pub(in crate::room) newcomer: Option<Newcomer>,
    /// Up to where its client knows the room.
    pub(in crate::room) known: Option<Position>,
    /// It missed deltas, and needs a snapshot.
    pub(in crate::room) is_stale: bool,
    pub(in crate::room) status: Option<DeviceStatus>,
}

/// Why a task no longer relays.
pub(in crate::room) enum Ended {
    /// The room leaves memory here, or the server stops.
    Over,
    /// This server owns the room now.
    Owner(Box<Taken>),
}

/// A room that this server has claimed and loaded.
pub(in crate::room) struct Taken {
    pub(in crate::room) room: Shared,
    pub(in crate::room) fence: Fence,
    pub(in crate::room) loaded: Loaded,
    pub(in crate::room) takeover: Takeover,
}

struct Local {
    held: Held,
    /// Set until an owner has joined it.
    joining: Option<Joining>,
    /// In this stream the owner has joined it: broadcasts are meant for it.
    is_attached: bool,
    /// From where the owner was asked to continue.
    asked: Option<Position>,
}

struct Joining {
    joined: oneshot::Sender<Result<(), RoomError>>,
    since_ms: i64,
}

struct Unanswered {
    /// Of a question.
    number: u64,
    message: Message,
    since_ms: i64,
}

/// The numbered messages to and from the owner.
#[derive(Default)]
struct Stream {
    id: u64,
    sent: u64,
    received: u64,
    heard_at_ms: i64,
    /// What arrived of bytes that take several messages.
    parts: BytesMut,
}

impl Edge {
    pub(in crate::room) fn new(room: Shared, remotes: Remotes, owner: &StoredNode, takeover: Takeover) -> Self {
        let now_ms = room.context.clock.now_ms();
        let (heard, said) = mpsc::channel(REMOTE_QUEUE_MAX);
        remotes.inner.edges.insert(room.code, heard);
        tracing::debug!(room = %room.code, owner = owner.name, "room is relayed to another server");
        let local =
            |held: Held| (held.link.id, Local { asked: held.resume(), held, joining: None, is_attached: false });
        let mut edge = Self {
            remotes,
            owner: owner.life,
            locals: takeover.connections.into_iter().map(local).collect(),
            followers: takeover.followers,
            unanswered: VecDeque::new(),
            questions: 0,
            stream: Stream { id: u64::try_from(now_ms).unwrap_or(0), ..Stream::default() },
            said,
            beat_at_ms: now_ms,
            heartbeat_at_ms: now_ms + ms(HEARTBEAT),
            leave_at_ms: now_ms + ms(ROOM_IDLE),
            look_at_ms: None,
            read_at_ms: now_ms + ms(REMOTE_SILENCE_MAX),
            room,
        };
        edge.begin_stream();
        takeover.messages.into_iter().for_each(|message| edge.receive(message));
        edge
    }

    pub(in crate::room) async fn run(
        mut self: Box<Self>,
        inbox: &mut mpsc::Receiver<Box<Message>>,
        stop: &CancellationToken,
    ) -> Ended {
        let (mut living, mut bus) = (self.remotes.living(), self.remotes.state());
        loop {
            let wake_at = self.room.context.clock.instant_at(self.next_wake_ms());
            tokio::select! {
                biased;
                Some(heard) = self.said.recv() => self.hear(heard).await,
                Ok(()) = living.changed() => {
                    if !living.borrow_and_update().contains_key(&self.owner) {
                        self.lose_owner(self.jitter_ms());
                    }
                }
                Ok(()) = bus.changed() => {
                    if *bus.borrow_and_update() == BusState::Connected {
                        self.begin_stream();
                    }
                }
                () = tokio::time::sleep_until(wake_at) => {
                    if self.wake() {
                        break;
                    }
                    // Before connections join again, so that an owner continues from there.
                    if self.read_at_ms <= self.now_ms() {
                        self.read_at_ms = self.now_ms() + ms(REMOTE_READ_EVERY);
                        self.read_on().await;
                    }
                    let is_due = self.look_at_ms.is_some_and(|at_ms| at_ms <= self.now_ms());
                    // A room that nothing here needs belongs to the next server that needs it.
                    if is_due && self.is_unused() && self.room.context.remove_room(self.room.code) {
                        break;
                    }
                    if is_due && let Some((fence, loaded)) = self.look_for_owner().await
                    {
                        return self.take_over(fence, loaded);
                    }
                }
                message = inbox.recv() => match message {
                    Some(message) => self.receive(*message),
                    None => break,
                },
                () = stop.cancelled() => break,
            }
        }
        self.send(Request::Close);
        self.forget_stream();
        Ended::Over
    }

    fn now_ms(&self) -> i64 {
        self.room.context.clock.now_ms()
    }

    fn is_unused(&self) -> bool {
        self.locals.is_empty() && self.followers.is_empty() && self.unanswered.is_empty()
    }

    fn next_wake_ms(&self) -> i64 {
        let silent = self.stream.heard_at_ms + ms(REMOTE_SILENCE_MAX);
        let oldest = self.unanswered.front().map(|unanswered| unanswered.since_ms);
        let joining = self.locals.values().filter_map(|local| Some(local.joining.as_ref()?.since_ms)).min();
        let expires = [oldest, joining].into_iter().flatten().map(|since_ms| since_ms + ms(REMOTE_ANSWER_MAX));
        let leave = self.locals.is_empty().then_some(self.leave_at_ms);
        let owner = self.look_at_ms.unwrap_or(silent);
        [self.beat_at_ms, self.heartbeat_at_ms, self.read_at_ms, owner]
            .into_iter()
            .chain(expires)
            .chain(leave)
            .min()
            .unwrap_or(i64::MAX)
    }

    /// Does what is due; true when the room leaves memory.
    fn wake(&mut self) -> bool {
        let now_ms = self.now_ms();
        if self.look_at_ms.is_none() && self.stream.heard_at_ms + ms(REMOTE_SILENCE_MAX) <= now_ms {
            self.lose_owner(0);
        }
        if self.beat_at_ms <= now_ms {
            self.beat_at_ms = now_ms + ms(REMOTE_BEAT);
            self.send(Request::Beat);
        }
        if self.heartbeat_at_ms <= now_ms {
            self.heartbeat_at_ms = now_ms + ms(HEARTBEAT);
            self.heartbeat(now_ms);
        }
        self.give_up(now_ms - ms(REMOTE_ANSWER_MAX));
        if self.locals.is_empty() && self.leave_at_ms <= now_ms {
            self.leave_at_ms = now_ms + ms(ROOM_IDLE);
            return self.room.context.remove_room(self.room.code);
        }
        false
    }

    fn heartbeat(&self, now_ms: i64) {
        for Local { held: Held { link, known, .. }, joining, .. } in self.locals.values() {
            if joining.is_some() {
            } else if now_ms - link.last_heard_ms() > ms(SILENCE_MAX) {
                link.outbox.close(CloseCode::HeartbeatMissed);
            } else if link.expires_at_ms() <= now_ms {
                link.outbox.close(CloseCode::TokenExpired);
            } else {
                let offset = known.map_or(0, |known| known.offset);
                link.outbox.push_droppable(&wire::heartbeat(offset, self.room.context.clock.now_ms_f64()));
            }
        }
    }

    /// Answers what has waited since before `since_ms`.
    fn give_up(&mut self, since_ms: i64) {
        while self.unanswered.front().is_some_and(|unanswered| unanswered.since_ms <= since_ms) {
            // With a question goes the sender of its answer.
            if let Some(Unanswered { message: Message::Command { origin, .. }, .. }) = self.unanswered.pop_front()
                && let Some(local) = self.locals.get(&origin.connection)
            {
                local.held.link.outbox.push(&frame::json(&Outcome::unavailable().to_frame(origin.id)));
            }
        }
        let late = |local: &mut Local| local.joining.as_ref().is_some_and(|joining| joining.since_ms <= since_ms);
        for (connection, local) in self.locals.extract_if(.., |_, local| late(local)).collect::<Vec<_>>() {
            self.send(Request::Leave { connection });
            if let Some(Joining { joined, .. }) = local.joining {
                let _ = joined.send(Err(RoomError::Unavailable));
            }
        }
    }

    // To the owner

    fn receive(&mut self, message: Message) {
        let now_ms = self.now_ms();
        match message {
            Message::Join { join: Join { link, newcomer, resume }, joined } => {
                self.join(link, Some(newcomer), resume, joined);
            }
            Message::JoinScreen { link, resume, joined } => self.join(link, None, resume, joined),
            Message::Status { connection, status } => {
                if let Some(local) = self.locals.get_mut(&connection) {
                    local.held.status = Some(status.clone());
                    self.send(Request::Status { connection, status });
                }
            }
            Message::Follow { device } => {
                self.followers.push(device);
                self.send(Request::Follow { device });
            }
            Message::Unfollow { device } => {
                if let Some(index) = self.followers.iter().position(|known| *known == device) {
                    self.followers.swap_remove(index);
                    self.send(Request::Unfollow { device });
                }
            }
            Message::Resync { connection } => {
                if let Some(local) = self.locals.get_mut(&connection) {
                    local.held.is_stale = true;
                    self.send(Request::Resync { connection });
                }
            }
            Message::Disconnect { connection } => {
                if self.locals.remove(&connection).is_some() {
                    self.forget_commands_of(connection);
                    self.send(Request::Leave { connection });
                }
                if self.locals.is_empty() {
                    self.leave_at_ms = now_ms + ms(ROOM_IDLE);
                }
            }
            Message::NotifyHost { code, message, values } => {
                self.send(Request::NotifyHost { code: code.into_owned(), message, values });
            }
            Message::Serve { serves } => drop(serves.send(false)),
            // A command of another server's connection: this one does not own the room any longer.
            Message::Command { origin, .. } if !self.locals.contains_key(&origin.connection) => {}
            message => {
                self.questions += 1;
                let unanswered = Unanswered { number: self.questions, message, since_ms: now_ms };
                self.send(unanswered.request());
                self.unanswered.push_back(unanswered);
                if self.unanswered.len() > REMOTE_QUEUE_MAX {
                    let oldest = self.unanswered.front().map_or(now_ms, |unanswered| unanswered.since_ms);
                    self.give_up(oldest);
                }
            }
        }
    }

    /// Its client repeats them where it comes back, and may be refused there: they must not take effect later.
    fn forget_commands_of(&mut self, connection: ConnectionId) {
        let is_its =
            |message: &Message| matches!(message, Message::Command { origin, .. } if origin.connection == connection);
        self.unanswered.retain(|unanswered| !is_its(&unanswered.message));
    }

    fn join(
        &mut self,
        link: Arc<Link>,
        newcomer: Option<Newcomer>,
        known: Option<Position>,
        joined: oneshot::Sender<Result<(), RoomError>>,
    ) {
        // Of another server, which will look for the owner.
        if link.outbox.relay().is_some() {
            let _ = joined.send(Err(RoomError::Unavailable));
            return;
        }
        let joining = Some(Joining { joined, since_ms: self.now_ms() });
        let held = Held { link, newcomer, known, is_stale: false, status: None };
        let local = Local { asked: held.resume(), held, joining, is_attached: false };
        self.send(Request::Enter(Box::new(local.held.entering())));
        self.locals.insert(local.held.link.id, local);
    }

    fn send(&mut self, request: Request) {
        // Until then there is nowhere to send it; what matters is sent in the next stream.
        if self.look_at_ms.is_some() {
            return;
        }
        self.stream.sent += 1;
        let (from, room, stream, number) = (self.remotes.me(), self.room.code, self.stream.id, self.stream.sent);
        let head = Head { from, room, stream, number, what: What::Request(request) };
        self.remotes.send(self.owner, &head, &[]);
    }

    /// Begins a stream: every connection joins with what its client knows, and everything that is not answered is repeated.
    fn begin_stream(&mut self) {
        let now_ms = self.now_ms();
        self.look_at_ms = None;
        self.stream = Stream { id: self.stream.id + 1, heard_at_ms: now_ms, ..Stream::default() };
        for local in self.locals.values_mut() {
            (local.is_attached, local.asked) = (false, local.held.resume());
        }
        let entering: Vec<_> = self.locals.values().map(|local| Box::new(local.held.entering())).collect();
        let statuses: Vec<_> = self
            .locals
            .iter()
            .filter_map(|(connection, local)| Some((*connection, local.held.status.clone()?)))
            .collect();
        self.send(Request::Open);
        for entering in entering {
            self.send(Request::Enter(entering));
        }
        for (connection, status) in statuses {
            self.send(Request::Status { connection, status });
        }
        for device in self.followers.clone() {
            self.send(Request::Follow { device });
        }
        let repeated: Vec<_> = self.unanswered.iter().map(Unanswered::request).collect();
        for request in repeated {
            self.send(request);
        }
    }

    // From the owner

    async fn hear(&mut self, heard: Heard<Said>) {
        let Heard { from, stream, number, what, bytes } = heard;
        if from != self.owner || stream != self.stream.id || self.look_at_ms.is_some() {
            return;
        }
        match what {
            Said::NotOwner => return self.lose_owner(self.jitter_ms()),
            Said::Lost => return self.begin_stream(),
            _ if number <= self.stream.received => return,
            _ if number > self.stream.received + 1 => return self.begin_stream(),
            _ => {}
        }
        (self.stream.received, self.stream.heard_at_ms) = (number, self.now_ms());
        self.read_at_ms = self.stream.heard_at_ms + ms(REMOTE_SILENCE_MAX);
        if matches!(what, Said::Part) {
            self.stream.parts.extend_from_slice(&bytes);
            if self.stream.parts.len() > REMOTE_BYTES_MAX {
                self.begin_stream();
            }
            return;
        }
        let bytes = if self.stream.parts.is_empty() {
            bytes
        } else {
            let mut all = std::mem::take(&mut self.stream.parts);
            all.extend_from_slice(&bytes);
            all.freeze()
        };
        if self.obey(what, bytes).await.is_none() {
            tracing::warn!(room = %self.room.code, "the owner of a room said something that makes no sense");
            self.begin_stream();
        }
    }

    /// Does what the owner said; `None` when its bytes do not fit to it.
    async fn obey(&mut self, said: Said, bytes: Bytes) -> Option<()> {
        match said {
            Said::NotOwner | Said::Lost | Said::Part | Said::Beat => {}
            Said::View(change) => self.change_view(*change),
            Said::PasscodeChanged => self.read_passcode().await,
            Said::Frames { position, frames, overrides } => self.broadcast(position, frames, overrides, &bytes)?,
            Said::Push { connection } => {
                if let Some(held) = self.attached(connection) {
                    held.link.outbox.push(&bytes);
                    self.forget_answered(connection, &bytes);
                }
            }
            Said::Droppable { connection } => {
                if let Some(held) = self.attached(connection) {
                    held.link.outbox.push_droppable(&bytes);
                }
            }
            Said::Snapshot { connection } => {
                if let Some(held) = self.attached(connection) {
                    held.is_stale = false;
                    held.link.outbox.push_snapshot(&bytes);
                }
            }
            Said::Welcome { connection, welcome, position } => self.welcome(connection, welcome, position, &bytes)?,
            Said::Rejected { connection, error } => match self.locals.remove(&connection) {
                Some(Local { joining: Some(Joining { joined, .. }), .. }) => drop(joined.send(Err(error))),
                // It comes back and learns why.
                Some(Local { held, joining: None, .. }) => {
                    held.link.outbox.close(CloseCode::TryLater);
                    self.forget_commands_of(connection);
                }
                None => {}
            },
            Said::CloseConnection { connection, code } => {
                let code = CloseCode::ALL.iter().find(|known| known.code() == code);
                if let Some(local) = self.locals.get(&connection) {
                    local.held.link.outbox.close(code.copied().unwrap_or(CloseCode::TryLater));
                }
            }
            Said::Answer { number, answer } => {
                if let Some(index) = self.unanswered.iter().position(|unanswered| unanswered.number == number) {
                    self.unanswered.remove(index)?.answer(answer);
                }
            }
        }
        Some(())
    }

    /// Does not repeat what is answered in these frames, which a connection has got.
    fn forget_answered(&mut self, connection: ConnectionId, frames: &[u8]) {
        let answered = answered(frames);
        let is_answered = |message: &Message| match message {
            Message::Command { origin, .. } => origin.connection == connection && answered.contains(&origin.id),
            _ => false,
        };
        self.unanswered.retain(|unanswered| !is_answered(&unanswered.message));
    }

    fn attached(&mut self, connection: ConnectionId) -> Option<&mut Held> {
        self.locals.get_mut(&connection).filter(|local| local.is_attached).map(|local| &mut local.held)
    }

    fn broadcast(
        &mut self,
        position: Position,
        frames: usize,
        overrides: Vec<FramesOverride>,
        bytes: &Bytes,
    ) -> Option<()> {
        let shared = bytes.get(..frames).map(|_| bytes.slice(..frames))?;
        let mut others = BTreeMap::new();
        let mut from = frames;
        for FramesOverride { connection, from: skipped, replies } in overrides {
            let (replies, own) =
                (bytes.get(from..from + replies)?, shared.get(skipped..).map(|_| shared.slice(skipped..))?);
            from += replies.len();
            others.insert(connection, (own, replies));
        }
        for (connection, Local { held, .. }) in self.locals.iter_mut().filter(|(_, local)| local.is_attached) {
            match others.get(connection) {
                Some((own, replies)) => held.link.outbox.push_with(own, replies),
                None => held.link.outbox.push_droppable(&shared),
            }
            held.known = Some(position);
        }
        for (connection, (_, replies)) in others {
            if self.attached(connection).is_some() {
                self.forget_answered(connection, replies);
            }
        }
        Some(())
    }

    fn welcome(&mut self, connection: ConnectionId, welcome: usize, position: Position, bytes: &Bytes) -> Option<()> {
        bytes.get(..welcome)?;
        let is_late =
            |local: &Local| local.joining.is_none() && !local.is_attached && local.asked != local.held.resume();
        if self.locals.get(&connection).is_some_and(is_late) {
            // Meanwhile its client was shown what the database has, and this would repeat some of it.
            self.begin_stream();
            return Some(());
        }
        if let Some(Local { held, joining, is_attached, .. }) = self.locals.get_mut(&connection) {
            if let Some(Joining { joined, .. }) = joining.take() {
                held.link.outbox.push_snapshot(bytes);
                let _ = joined.send(Ok(()));
            } else {
                // Its client was welcomed before.
                held.link.outbox.push_snapshot(&bytes.slice(welcome..));
                if let Some(own) = own_in(bytes) {
                    held.link.outbox.push(&own);
                }
            }
            (held.known, held.is_stale, *is_attached) = (Some(position), false, true);
        }
        Some(())
    }

    fn change_view(&mut self, change: ViewChange) {
        let ViewChange { host, came, went, now_playing, playback, output, providers, closed } = change;
        self.room.views.send_modify(|view| {
            // The first view of a stream names all members.
            let mut members = if self.stream.received == 1 { BTreeSet::new() } else { (*view.members).clone() };
            members.retain(|member| !went.contains(member));
            members.extend(came);
            let (members, providers) = (Arc::new(members), Arc::new(providers.into_iter().collect()));
            *view = View { host, members, now_playing, playback, output, providers, closed };
        });
    }

    async fn read_passcode(&self) {
        match self.room.context.store.room_by_code(self.room.code).await {
            Ok(room) => self.room.passcode.set(room.and_then(|room| room.passcode).as_ref()),
            Err(error) => tracing::error!(room = %self.room.code, %error, "the passcode cannot be read"),
        }
    }

    // Without an owner

    /// Looks who owns the room after `wait_ms`. Until then, what clients want waits.
    fn lose_owner(&mut self, wait_ms: i64) {
        self.look_at_ms.get_or_insert(self.room.context.clock.now_ms() + wait_ms);
    }

    /// Servers do not all claim the room in the same moment.
    fn jitter_ms(&self) -> i64 {
        let [first, second, ..] = (self.remotes.me().0.as_u128() ^ self.room.id.0.as_u128()).to_le_bytes();
        i64::from(u16::from_le_bytes([first, second])) % 200
    }

    /// Claims the room if it is free, and loads it. Otherwise begins a stream to its owner.
    async fn look_for_owner(&mut self) -> Option<(Fence, Loaded)> {
        let journal = &self.room.context.journal;
        match journal.claim(self.room.id).await {
            Ok(fence) => match load(&self.room.context.store, self.room.id, self.room.code).await {
                Ok(loaded) => {
                    journal.reset_fence(self.room.id).await;
                    self.read_passcode().await;
                    return Some((fence, loaded));
                }
                Err(error) => tracing::error!(room = %self.room.code, %error, "room cannot be taken over"),
            },
            Err(StoreError::Owned(node)) => {
                self.owner = node.life;
                self.begin_stream();
                return None;
            }
            Err(error) => tracing::debug!(room = %self.room.code, %error, "the owner of a room cannot be found"),
        }
        self.look_at_ms = Some(self.now_ms() + ms(REMOTE_RETRY));
        None
    }

    /// Shows what the owner has stored, while it cannot be heard.
    async fn read_on(&mut self) {
        let known = |local: &Local| local.held.known.filter(|_| local.joining.is_none()).map(|known| known.offset);
        let Some(oldest) = self.locals.values().filter_map(known).min() else { return };
        let (store, code) = (&self.room.context.store, self.room.code);
        let has_more = store.last_offset(self.room.id).await.is_ok_and(|last| last.is_some_and(|last| last > oldest));
        if !has_more {
            return;
        }
        let Ok(loaded) = load(store, self.room.id, code).await else { return };
        for Local { held, .. } in self.locals.values_mut().filter(|local| local.joining.is_none()) {
            held.show(&loaded);
        }
        self.room.views.send_replace(View::of(&loaded.state));
    }

    fn take_over(&mut self, fence: Fence, loaded: Loaded) -> Ended {
        self.forget_stream();
        tracing::info!(room = %self.room.code, connections = self.locals.len(), "room taken over from another server");
        let mut takeover = Takeover { followers: std::mem::take(&mut self.followers), ..Takeover::default() };
        for Local { held, joining, .. } in std::mem::take(&mut self.locals).into_values() {
            match joining {
                None => takeover.connections.push(held),
                Some(Joining { joined, .. }) => {
                    let Held { link, newcomer, known: resume, .. } = held;
                    takeover.messages.push(match newcomer {
                        Some(newcomer) => Message::Join { join: Join { link, newcomer, resume }, joined },
                        None => Message::JoinScreen { link, resume, joined },
                    });
                }
            }
        }
        takeover.messages.extend(self.unanswered.drain(..).map(|unanswered| unanswered.message));
        Ended::Owner(Box::new(Taken { room: self.room.clone(), fence, loaded, takeover }))
    }

    fn forget_stream(&self) {
        self.remotes.inner.edges.remove(&self.room.code);
    }
}

/// However the task ends, its connections close: their clients come back.
impl Drop for Edge {
    fn drop(&mut self) {
        self.locals.values().for_each(|local| local.held.link.outbox.close(CloseCode::Internal));
    }
}

impl Held {
    /// Sends what its client does not know yet of a room that was read.
    fn show(&mut self, loaded: &Loaded) {
        let (link, position) = (&self.link, loaded.position());
        let known = self.known.filter(|known| known.epoch == position.epoch && !self.is_stale);
        if known.is_some_and(|known| known.offset >= position.offset) {
            return;
        }
        match known.and_then(|known| loaded.history.since(known.offset)) {
            Some(events) => link.outbox.push_droppable(&wire::delta(position, &events, DeltaFacts::of(&loaded.state))),
            None => link.outbox.push_snapshot(&wire::snapshot(position.epoch, &loaded.state)),
        }
        if let Some(user) = link.user() {
            link.outbox.push(&wire::own(&loaded.state, user));
        }
        (self.known, self.is_stale) = (Some(position), false);
    }

    /// From where an owner continues; `None` for a snapshot.
    fn resume(&self) -> Option<Position> {
        self.known.filter(|_| !self.is_stale)
    }

    fn entering(&self) -> Entering {
        let link = &self.link;
        let party = match (link.party, &self.newcomer) {
            (Party::User { session, .. }, Some(newcomer)) => {
                EnteringParty::User { newcomer: newcomer.clone(), session }
            }
            (Party::User { .. }, None) => unreachable!("a user joins with a name"),
            (Party::Screen(screen), _) => EnteringParty::Screen(screen),
        };
        Entering {
            connection: link.id,
            party,
            address: link.address,
            device: link.device.clone(),
            expires_at_ms: link.expires_at_ms(),
            resume: self.resume(),
        }
    }
}

impl Unanswered {
    fn request(&self) -> Request {
        let question = match &self.message {
            Message::Command { origin, command, tracks } => {
                return Request::Command {
                    connection: origin.connection,
                    by: origin.by,
                    id: origin.id,
                    command: command.clone(),
                    tracks: tracks.clone(),
                };
            }
            Message::RoleOf { user, .. } => Question::RoleOf { user: *user },
            Message::Require { user, action, .. } => Question::Require { user: *user, action: *action },
            Message::SetPasscode { by, passcode, .. } => {
                Question::SetPasscode { by: *by, passcode: passcode.clone().map(Into::into) }
            }
            Message::AddScreen { by, screen, name, .. } => {
                Question::AddScreen { by: *by, screen: *screen, name: name.clone() }
            }
            Message::HasTrack { track, .. } => Question::HasTrack { track: track.clone() },
            Message::Close { by, .. } => Question::CloseRoom { by: *by },
            Message::HandOver { to, .. } => Question::HandOver { to: *to },
            Message::Connections { .. } => Question::Connections,
            Message::IsUnused { .. } => Question::IsUnused,
            Message::Merge { from, to, .. } => Question::Merge { from: *from, to: to.clone() },
            Message::Forget { member, .. } => Question::Forget { member: *member },
            Message::Join { .. }
            | Message::JoinScreen { .. }
            | Message::Status { .. }
            | Message::Follow { .. }
            | Message::Unfollow { .. }
            | Message::Resync { .. }
            | Message::Disconnect { .. }
            | Message::NotifyHost { .. }
            | Message::Serve { .. } => unreachable!("nothing answers it"),
        };
        Request::Ask { number: self.number, question }
    }

    /// An answer of another kind counts as none.
    fn answer(self, answer: Answer) {
        match (self.message, answer) {
            (Message::RoleOf { role: answered, .. }, Answer::Role(role)) => drop(answered.send(role)),
            (Message::Connections { count: answered }, Answer::Count(count)) => drop(answered.send(count)),
            (Message::HasTrack { has: answered, .. } | Message::IsUnused { unused: answered }, Answer::Yes(yes)) => {
                let _ = answered.send(yes);
            }
            (
                Message::Require { allowed: answered, .. }
                | Message::SetPasscode { set: answered, .. }
                | Message::AddScreen { added: answered, .. }
                | Message::Close { closed: answered, .. }
                | Message::HandOver { done: answered, .. }
                | Message::Merge { merged: answered, .. }
                | Message::Forget { forgotten: answered, .. },
                Answer::Done(done),
            ) => drop(answered.send(done)),
            _ => {}
        }
    }
}
