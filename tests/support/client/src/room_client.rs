//! A user's connection in a room: it follows the whole room and waits for what a test wants to see. Waiting too long, a
//! gap between deltas and an unexpected end of the connection are panics.

use std::time::Duration;

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{Error, Message};
use tutti_protocol::http::RoomSummary;
use tutti_protocol::{
    ClientFrame, Command, CommandId, Device, DeviceId, DeviceKind, EntryId, Event, Position, ProviderId, Role, Room,
    ServerFrame, TrackRef,
};
use uuid::Uuid;

use crate::socket::PATH;
use crate::{ClientState, Socket, TestUser};

/// A healthy server answers sooner.
const PATIENCE: Duration = Duration::from_secs(20);
/// Tracks of the demo library that tests use.
const TRACKS_MIN: usize = 5;

/// A connection that follows a room.
pub struct RoomClient {
    socket: Socket,
    client: ClientState,
    room: Option<Room>,
}

/// What a connection received next.
enum Next {
    Frame(Box<ServerFrame>),
    Closed(Option<u16>),
}

impl TestUser {
    /// Requests a JSON document, which must exist.
    pub async fn get<T: serde::de::DeserializeOwned>(&self, path: &str) -> T {
        let response = self.request(reqwest::Method::GET, path).send().await.expect("the server answers");
        assert_eq!(response.status(), 200, "{path}");
        response.json().await.expect("the document")
    }

    /// The status of a request without a body.
    pub async fn status(&self, method: reqwest::Method, path: &str) -> u16 {
        self.request(method, path).send().await.expect("the server answers").status().as_u16()
    }

    /// Opens a room.
    pub async fn room(&self, name: &str, passcode: Option<&str>) -> RoomSummary {
        self.open_room(name, passcode).await.expect("a room")
    }

    /// Tracks of the demo library, once it is scanned.
    pub async fn tracks(&self) -> Vec<TrackRef> {
        let scanned = async {
            loop {
                let tracks = self.library().await.expect("the library answers");
                if tracks.len() >= TRACKS_MIN {
                    return tracks;
                }
            }
        };
        let tracks = tokio::time::timeout(PATIENCE, scanned).await.expect("the library is scanned");
        tracks.into_iter().map(|track| TrackRef { provider: track.provider, id: track.id }).collect()
    }

    /// A `hello` from a new device, for tests to change.
    pub fn hello(&self, room: &str) -> Value {
        let id = DeviceId(Uuid::new_v4());
        let device = Device { id, name: "Test".into(), kind: DeviceKind::Remote, providers: vec![ProviderId::LIBRARY] };
        serde_json::to_value(ClientState::default().hello(&self.token, room, device)).expect("JSON")
    }

    /// Enters a room and reads `welcome`.
    pub async fn enter(&self, room: &str) -> RoomClient {
        let mut entered = self.send_hello(&self.hello(room)).await;
        entered.welcome().await;
        entered
    }

    /// Enters a room as pages do, which name it in the path too, and reads `welcome`.
    pub async fn enter_by(&self, path: &str, room: &str) -> RoomClient {
        let socket = Socket::connect(self.address, path, &[]).await.expect("a WebSocket");
        let mut entered = RoomClient { socket, client: ClientState::default(), room: None };
        entered.send(&self.hello(room)).await;
        entered.welcome().await;
        entered
    }

    /// Sends a `hello` that resumes from a position.
    pub async fn resume(&self, room: &str, from: Position) -> RoomClient {
        let mut hello = self.hello(room);
        hello["resume"] = json!(from);
        self.send_hello(&hello).await
    }

    /// Sends a `hello` and reads nothing.
    pub async fn send_hello(&self, hello: &Value) -> RoomClient {
        RoomClient::say_hello(self.address, hello).await
    }
}

impl RoomClient {
    /// Opens a WebSocket and sends nothing.
    pub async fn connect(address: std::net::SocketAddr) -> Self {
        Self::try_connect(address, &[]).await.expect("a WebSocket")
    }

    /// Opens a WebSocket with additional headers in the handshake.
    pub async fn try_connect(address: std::net::SocketAddr, headers: &[(&'static str, &str)]) -> Result<Self, Error> {
        let socket = Socket::connect(address, PATH, headers).await?;
        Ok(Self { socket, client: ClientState::default(), room: None })
    }

    /// Opens a WebSocket, sends a `hello` of any party and reads nothing.
    pub async fn say_hello(address: std::net::SocketAddr, hello: &Value) -> Self {
        let mut socket = Self::connect(address).await;
        socket.client = ClientState::at(serde_json::from_value(hello["resume"].clone()).ok());
        socket.send(hello).await;
        socket
    }

    /// The position up to which it knows the room.
    pub fn position(&self) -> Option<Position> {
        self.client.position()
    }

    /// Sends any JSON.
    pub async fn send(&mut self, frame: &Value) {
        self.send_message(Message::text(frame.to_string())).await;
    }

    /// Sends any message. The connection may be closed already.
    pub async fn send_message(&mut self, message: Message) {
        let _ = self.socket.send_message(message).await;
    }

    async fn next(&mut self) -> Next {
        match tokio::time::timeout(PATIENCE, self.socket.next()).await.expect("the server sends something") {
            Ok(text) => {
                let frame: ServerFrame = serde_json::from_str(&text).expect("a frame of the contract");
                self.client.receive(&frame).expect("the contract is kept");
                self.follow(&frame);
                Next::Frame(Box::new(frame))
            }
            Err(closed) => Next::Closed(closed.code),
        }
    }

    /// The next frame that is wanted; others are skipped.
    pub async fn until(&mut self, wanted: impl Fn(&ServerFrame) -> bool) -> ServerFrame {
        loop {
            match self.next().await {
                Next::Frame(frame) if wanted(&frame) => return *frame,
                Next::Frame(_) => {}
                Next::Closed(code) => panic!("closed with {code:?}"),
            }
        }
    }

    /// Reads to the end of the connection.
    pub async fn close_code(&mut self) -> Option<u16> {
        loop {
            if let Next::Closed(code) = self.next().await {
                return code;
            }
        }
    }

    /// Whether a clock probe is answered before the connection is closed.
    pub async fn sync_or_close(&mut self) -> bool {
        loop {
            match self.next().await {
                Next::Frame(frame) if matches!(*frame, ServerFrame::Sync { .. }) => return true,
                Next::Frame(_) => {}
                Next::Closed(_) => return false,
            }
        }
    }

    /// Waits for `welcome`.
    pub async fn welcome(&mut self) -> ServerFrame {
        self.until(|frame| matches!(frame, ServerFrame::Welcome { .. })).await
    }

    /// Waits until the room is as wanted.
    pub async fn room_where(&mut self, wanted: impl Fn(&Room) -> bool) -> Room {
        while !self.room.as_ref().is_some_and(&wanted) {
            if let Next::Closed(code) = self.next().await {
                panic!("closed with {code:?}");
            }
        }
        self.room.clone().expect("known")
    }

    /// Sends a command and waits for its reply.
    pub async fn ask(&mut self, command: Command) -> ServerFrame {
        self.ask_as(CommandId(Uuid::new_v4()), command).await
    }

    /// Sends a command under a given id and waits for its reply.
    pub async fn ask_as(&mut self, id: CommandId, command: Command) -> ServerFrame {
        let _ = self.socket.send(&ClientFrame::Command { id, command }).await;
        self.until(|frame| matches!(frame, ServerFrame::Reply { id: to, .. } if *to == id)).await
    }

    /// Queues a track.
    pub async fn add(&mut self, track: &TrackRef) -> EntryId {
        match self.ask(Command::Enqueue { track: track.clone(), before: None }).await {
            ServerFrame::Reply { ok: true, entry: Some(entry), .. } => entry,
            other => panic!("not queued: {other:?}"),
        }
    }

    fn follow(&mut self, frame: &ServerFrame) {
        match frame {
            ServerFrame::Snapshot { room, .. } => self.room = Some(*room.clone()),
            ServerFrame::Delta { events, upcoming, upcoming_total, waitlist, .. } => {
                if let Some(room) = &mut self.room {
                    room.upcoming = upcoming.clone().unwrap_or_else(|| room.upcoming.clone());
                    room.upcoming_total = upcoming_total.unwrap_or(room.upcoming_total);
                    room.waitlist = waitlist.clone().unwrap_or_else(|| room.waitlist.clone());
                    for event in events {
                        apply_event(room, event);
                    }
                }
            }
            _ => {}
        }
    }
}

/// The events that tests look at.
fn apply_event(room: &mut Room, event: &Event) {
    match event {
        Event::MemberJoined { member } => room.members.push(member.clone()),
        Event::MemberLeft { member } | Event::MemberKicked { member, .. } | Event::MemberBanned { member, .. } => {
            room.members.retain(|known| known.id != *member);
        }
        Event::EntryStarted { entry, playback } => {
            room.now_playing = Some(entry.clone());
            room.playback = *playback;
        }
        Event::EntryEnded { .. } => room.now_playing = None,
        Event::RoomRenamed { room_name, .. } => room.name.clone_from(room_name),
        Event::ScreenAdded { screen, .. } => room.screens.push(screen.clone()),
        Event::ScreenRemoved { screen, .. } => room.screens.retain(|known| known.id != *screen),
        Event::PlaybackChanged { playback, .. } => room.playback = *playback,
        Event::HostTransferred { from, to } => {
            for known in &mut room.members {
                if known.id == *from {
                    known.role = Role::Cohost;
                } else if known.id == *to {
                    known.role = Role::Host;
                }
            }
        }
        _ => {}
    }
}
