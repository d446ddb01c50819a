//! Rooms over a store in memory, with connections that collect the frames sent to them.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tutti::clock::Clock;
use tutti::providers::scripted::Scripted;
use tutti::providers::{Catalogue, Provider};
use tutti::room::remote::Remotes;
use tutti::room::state::Newcomer;
use tutti::room::{Join, Registry, RoomError, RoomHandle};
use tutti::store::RoomClaims;
use tutti::store::journal::Journal;
use tutti::store::memory::MemoryStore;
use tutti::telemetry::metrics::{Metrics, MetricsRenderer, Observed};
use tutti::transport::{Link, Outbox};
use tutti_protocol::{
    Command, CommandId, ConnectionId, Device, DeviceId, DeviceKind, DevicePlayback, DeviceStatus, EntryId,
    PlaybackState, Position, ProviderId, RoomCode, ServerFrame, SessionId, SettingsChange, Track, TrackRef, UserId,
    UserKind,
};
use tutti_test_client::{Received, received};
use uuid::Uuid;

/// The rooms of a server without sockets.
pub struct RoomServer {
    pub store: Arc<MemoryStore>,
    pub clock: Clock,
    pub rooms: Registry,
    tasks: TaskTracker,
    stop: CancellationToken,
    counted: MetricsRenderer,
}

impl RoomServer {
    pub fn open() -> Self {
        Self::over(Arc::default(), Clock::starting_at(1_700_000_000_000.0))
    }

    fn over(store: Arc<MemoryStore>, clock: Clock) -> Self {
        Self::with(store, clock, None)
    }

    /// One of several servers on the same store.
    pub fn sharing(store: Arc<MemoryStore>, clock: Clock, claims: RoomClaims, remotes: Remotes) -> Self {
        Self::with(store, clock, Some((claims, remotes)))
    }

    fn with(store: Arc<MemoryStore>, clock: Clock, sharing: Option<(RoomClaims, Remotes)>) -> Self {
        let (claims, remotes) = sharing.unzip();
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let (metrics, counted) = Metrics::on();
        let journal = Journal::start(store.clone(), clock, metrics.clone(), &tasks).claiming(claims);
        let scripted: Arc<dyn Provider> = Arc::new(Scripted::default());
        let measurer = Arc::new(Catalogue::new([scripted]));
        let mut rooms =
            Registry::new(store.clone(), journal, clock, metrics, Some(measurer), tasks.clone(), stop.clone());
        if let Some(remotes) = remotes {
            rooms = rooms.sharing(remotes);
        }
        Self { store, clock, rooms, tasks, stop, counted }
    }

    /// The commands that were answered with an outcome.
    pub fn commands(&self, outcome: &str) -> u64 {
        let rendered = self.counted.render(&Observed::default());
        let name = format!("tutti_commands_total{{outcome=\"{outcome}\"}} ");
        rendered.lines().find_map(|line| line.strip_prefix(&name)).expect(outcome).parse().expect("a number")
    }

    /// A new server on the same store, after an orderly stop.
    pub async fn restart(self) -> Self {
        let (store, clock) = (self.store.clone(), self.clock);
        self.end().await;
        Self::over(store, clock)
    }

    /// Stops in order.
    pub async fn end(self) {
        self.stop.cancel();
        drop(self.rooms);
        self.tasks.close();
        self.tasks.wait().await;
    }

    pub fn tasks(&self) -> &TaskTracker {
        &self.tasks
    }

    /// A new server on the same store, after a crash.
    pub fn crash(self) -> Self {
        Self::over(self.store.clone(), self.clock)
    }

    pub async fn room(&self, host: &str) -> RoomCode {
        self.room_with(host, SettingsChange::default()).await
    }

    pub async fn room_with(&self, host: &str, settings: SettingsChange) -> RoomCode {
        self.rooms.create("Party", |_| None, newcomer(host), settings).await.expect("created").code
    }

    /// Joins with a new device.
    pub async fn enter(&self, code: RoomCode, name: &str) -> MemberConnection {
        self.resume(code, name, None).await.expect("admitted")
    }

    pub async fn resume(
        &self,
        code: RoomCode,
        name: &str,
        resume: Option<Position>,
    ) -> Result<MemberConnection, RoomError> {
        self.enter_as(code, newcomer(name), resume).await
    }

    pub async fn enter_as(
        &self,
        code: RoomCode,
        user: Newcomer,
        resume: Option<Position>,
    ) -> Result<MemberConnection, RoomError> {
        self.enter_from(Ipv4Addr::LOCALHOST, code, user, resume).await
    }

    pub async fn enter_from(
        &self,
        address: Ipv4Addr,
        code: RoomCode,
        user: Newcomer,
        resume: Option<Position>,
    ) -> Result<MemberConnection, RoomError> {
        let room = self.rooms.open(code).await.expect("there is such a room");
        let now_ms = self.clock.now_ms();
        let device = Device {
            id: DeviceId(Uuid::new_v4()),
            name: format!("{}'s device", user.name),
            kind: DeviceKind::Remote,
            providers: vec![],
        };
        let who = (user.id, SessionId(Uuid::new_v4()), IpAddr::V4(address));
        let link = Link::new(
            ConnectionId(Uuid::new_v4()),
            who,
            device,
            Arc::new(Outbox::gathering()),
            now_ms,
            now_ms + 600_000,
        );
        let link = Arc::new(link);
        room.join(Join { link: link.clone(), newcomer: user, resume }).await?;
        Ok(MemberConnection { link, room, read: vec![] })
    }
}

/// A connection, as its client sees it.
pub struct MemberConnection {
    pub link: Arc<Link>,
    pub room: RoomHandle,
    read: Vec<Received>,
}

impl MemberConnection {
    /// Reports that the device plays and has these entries ready; `None`: it does not play.
    pub fn plays(&self, ready: Option<&[EntryId]>) {
        let playback = ready.map(|ready| DevicePlayback {
            entry: None,
            position_ms: 0.0,
            at_ms: 0.0,
            error_ms: 0.0,
            deviation_ms: None,
            measured: None,
            state: PlaybackState::Idle,
            ready: ready.to_vec(),
        });
        self.room.status(self.link.id, DeviceStatus { playback, idle: false });
    }

    /// Sends a command; its reply comes with [`MemberConnection::reply`].
    pub async fn send(&self, command: Command) -> CommandId {
        let id = CommandId(Uuid::new_v4());
        self.send_as(id, command).await;
        id
    }

    pub async fn send_as(&self, id: CommandId, command: Command) {
        let tracks = match &command {
            Command::Enqueue { track, .. } => {
                vec![Track { provider: track.provider, ..track_named(&track.id) }]
            }
            _ => vec![],
        };
        self.room.command(self.link.id, self.link.user().expect("a user"), id, command, tracks).await;
    }

    /// Sends a command and waits for its reply.
    pub async fn ask(&mut self, command: Command) -> ServerFrame {
        let id = self.send(command).await;
        self.reply(id).await
    }

    pub async fn add(&mut self, title: &str) -> EntryId {
        match self.ask(enqueue(title)).await {
            ServerFrame::Reply { ok: true, entry: Some(entry), .. } => entry,
            other => panic!("not queued: {other:?}"),
        }
    }

    /// As [`Self::add`], a track of the scripted provider.
    pub async fn add_scripted(&mut self, id: &str) -> EntryId {
        let track = TrackRef { provider: tutti::providers::scripted::ID, id: id.to_owned() };
        match self.ask(Command::Enqueue { track, before: None }).await {
            ServerFrame::Reply { ok: true, entry: Some(entry), .. } => entry,
            other => panic!("not queued: {other:?}"),
        }
    }

    /// Waits for an event; earlier ones are discarded.
    pub async fn event(&mut self, wanted: impl Fn(&tutti_protocol::Event) -> bool) -> tutti_protocol::Event {
        loop {
            let (_, events) = self.delta().await;
            if let Some(event) = events.into_iter().find(&wanted) {
                return event;
            }
        }
    }

    /// As [`Self::add`], retried while the command is refused with `retry`.
    pub async fn add_when_possible(&mut self, title: &str) -> EntryId {
        loop {
            match self.ask(enqueue(title)).await {
                ServerFrame::Reply { ok: true, entry: Some(entry), .. } => return entry,
                ServerFrame::Reply { error: Some(error), .. } if error.retry => {
                    tokio::time::advance(Duration::from_millis(100)).await;
                }
                other => panic!("not queued: {other:?}"),
            }
        }
    }

    pub async fn reply(&mut self, to: CommandId) -> ServerFrame {
        self.frame(|frame| matches!(frame, ServerFrame::Reply { id, .. } if *id == to)).await
    }

    pub async fn frame(&mut self, wanted: impl Fn(&ServerFrame) -> bool) -> ServerFrame {
        match self.until(|received| matches!(received, Received::Frame(frame) if wanted(frame))).await {
            Received::Frame(frame) => frame,
            other => unreachable!("{other:?}"),
        }
    }

    /// Waits for the close and returns its code.
    pub async fn closed(&mut self) -> u16 {
        match self.until(|received| matches!(received, Received::Close(_))).await {
            Received::Close(Some(code)) => code,
            other => unreachable!("{other:?}"),
        }
    }

    /// Waits for a frame; earlier ones are discarded.
    pub async fn until(&mut self, wanted: impl Fn(&Received) -> bool) -> Received {
        loop {
            self.receive();
            if let Some(place) = self.read.iter().position(&wanted) {
                return self.read.drain(..=place).next_back().expect("found above");
            }
            self.link.outbox.woken().await;
        }
    }

    /// Takes the frames received so far.
    pub fn take_received(&mut self) -> Vec<Received> {
        self.receive();
        std::mem::take(&mut self.read)
    }

    pub async fn snapshot(&mut self) -> (Position, tutti_protocol::Room) {
        match self.frame(|frame| matches!(frame, ServerFrame::Snapshot { .. })).await {
            ServerFrame::Snapshot { position, room } => (position, *room),
            other => unreachable!("{other:?}"),
        }
    }

    pub async fn delta(&mut self) -> (Position, Vec<tutti_protocol::Event>) {
        match self.frame(|frame| matches!(frame, ServerFrame::Delta { .. })).await {
            ServerFrame::Delta { position, events, .. } => (position, events),
            other => unreachable!("{other:?}"),
        }
    }

    pub async fn leave(self) {
        self.room.disconnect(self.link.id).await;
    }

    /// Takes the frames received so far, grouped by write.
    pub fn writes(&mut self) -> Vec<Vec<Received>> {
        self.link.outbox.take().iter().map(|bytes| received(bytes)).collect()
    }

    fn receive(&mut self) {
        self.read.extend(self.link.outbox.take().iter().flat_map(|bytes| received(bytes)));
    }
}

pub fn newcomer(name: &str) -> Newcomer {
    Newcomer { id: user(name), name: name.to_owned(), kind: UserKind::Guest, picture: None }
}

pub fn user(name: &str) -> UserId {
    let mut bytes = [0; 16];
    bytes[..name.len()].copy_from_slice(name.as_bytes());
    UserId(Uuid::from_bytes(bytes))
}

pub fn enqueue(title: &str) -> Command {
    Command::Enqueue { track: TrackRef { provider: ProviderId::LIBRARY, id: title.to_owned() }, before: None }
}

pub fn track_named(title: &str) -> Track {
    Track {
        provider: ProviderId::LIBRARY,
        id: title.to_owned(),
        title: title.to_owned(),
        artists: vec!["Someone".into()],
        album: None,
        duration_ms: 180_000,
        art_url: None,
        explicit: false,
        gain_db: None,
        unplayable: false,
    }
}
