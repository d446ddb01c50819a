//! A person with a browser's cookies, and a WebSocket of theirs.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};
use tutti_protocol::http::{AuthResponse, RoomSummary, SearchResponse};
use tutti_protocol::{
    ClientFrame, Command, CommandId, EntryId, Event, Position, Provider, Role, Room, ServerFrame, TrackRef, UserId,
};
use uuid::Uuid;

/// No answer of a healthy server takes this long; a test that waits longer has failed.
const PATIENCE: Duration = Duration::from_secs(20);

/// Somebody who is logged in.
pub struct Person {
    pub http: reqwest::Client,
    pub address: SocketAddr,
    pub token: String,
    pub id: UserId,
}

impl Person {
    pub async fn guest(address: SocketAddr, name: &str) -> Self {
        let http = reqwest::Client::builder().cookie_store(true).build().expect("a client");
        let request = http.post(format!("http://{address}/api/v1/auth/guest")).json(&json!({ "display_name": name }));
        let answer = request.send().await.expect("the server answers");
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap_or_default());
        let AuthResponse { access_token, user, .. } = answer.json().await.expect("an auth response");
        Self { http, address, token: access_token.0, id: user.id }
    }

    pub fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("http://{}/api/v1/{path}", self.address)).bearer_auth(&self.token)
    }

    pub async fn get<T: serde::de::DeserializeOwned>(&self, path: &str) -> T {
        let answer = self.request(reqwest::Method::GET, path).send().await.expect("the server answers");
        assert_eq!(answer.status(), 200, "{path}");
        answer.json().await.expect("what was asked for")
    }

    /// The status of a request without a body.
    pub async fn status(&self, method: reqwest::Method, path: &str) -> u16 {
        self.request(method, path).send().await.expect("the server answers").status().as_u16()
    }

    pub async fn room(&self, name: &str, passcode: Option<&str>) -> RoomSummary {
        let request = self.request(reqwest::Method::POST, "rooms").json(&json!({ "name": name, "passcode": passcode }));
        let answer = request.send().await.expect("the server answers");
        assert_eq!(answer.status(), 201);
        answer.json().await.expect("a room")
    }

    /// Tracks of the demo library, once it is looked through.
    pub async fn tracks(&self) -> Vec<TrackRef> {
        let whole = async {
            loop {
                let found: SearchResponse = self.get("search?provider=library&q=").await;
                if found.tracks.len() >= 5 {
                    return found.tracks;
                }
            }
        };
        let tracks = tokio::time::timeout(PATIENCE, whole).await.expect("the library is looked through");
        tracks.into_iter().map(|track| TrackRef { provider: track.provider, id: track.id }).collect()
    }

    /// What `hello` says, for tests to change.
    pub fn hello(&self, room: &str) -> Value {
        json!({
            "type": "hello",
            "token": self.token,
            "room": room,
            "device": { "id": Uuid::new_v4(), "name": "Test", "kind": "remote", "providers": ["library"] },
        })
    }

    /// Enters a room; `welcome` was read.
    pub async fn enter(&self, room: &str) -> Socket {
        let mut socket = self.knock(&self.hello(room)).await;
        socket.welcome().await;
        socket
    }

    pub async fn resume(&self, room: &str, from: Position) -> Socket {
        let mut hello = self.hello(room);
        hello["resume"] = json!(from);
        self.knock(&hello).await
    }

    /// Sends a `hello` and reads nothing.
    pub async fn knock(&self, hello: &Value) -> Socket {
        let mut socket = Socket::open(self.address).await;
        socket.send(hello).await;
        socket
    }
}

/// A WebSocket, as its client sees it.
pub struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// What it knows of the room.
    pub room: Option<Room>,
    pub position: Option<Position>,
}

/// Something that came over a WebSocket.
enum Got {
    Frame(ServerFrame),
    Closed(Option<u16>),
}

impl Socket {
    pub async fn open(address: SocketAddr) -> Self {
        Self::try_open(address, &[]).await.expect("a WebSocket")
    }

    pub async fn try_open(address: SocketAddr, headers: &[(&'static str, &str)]) -> Result<Self, Error> {
        let mut request = format!("ws://{address}/ws").into_client_request().expect("a request");
        request.headers_mut().insert("sec-websocket-protocol", "tutti.v1".parse().expect("a header"));
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().expect("a header"));
        }
        let (stream, answer) = tokio_tungstenite::connect_async(request).await?;
        assert_eq!(answer.headers()["sec-websocket-protocol"], "tutti.v1");
        Ok(Self { stream, room: None, position: None })
    }

    pub async fn send(&mut self, frame: &Value) {
        self.send_message(Message::text(frame.to_string())).await;
    }

    /// Sends whatever; a connection that is closed already takes nothing.
    pub async fn send_message(&mut self, message: Message) {
        let _ = self.stream.send(message).await;
    }

    async fn next(&mut self) -> Got {
        loop {
            match tokio::time::timeout(PATIENCE, self.stream.next()).await.expect("the server says something") {
                Some(Ok(Message::Text(text))) => {
                    let frame: ServerFrame = serde_json::from_str(&text).expect("a frame of the contract");
                    self.follow(&frame);
                    return Got::Frame(frame);
                }
                Some(Ok(Message::Close(close))) => return Got::Closed(close.map(|close| close.code.into())),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Got::Closed(None),
            }
        }
    }

    /// The next frame that is wanted; panics when the connection ends before.
    pub async fn until(&mut self, wanted: impl Fn(&ServerFrame) -> bool) -> ServerFrame {
        loop {
            match self.next().await {
                Got::Frame(frame) if wanted(&frame) => return frame,
                Got::Frame(_) => {}
                Got::Closed(code) => panic!("closed with {code:?}"),
            }
        }
    }

    /// Reads to the end.
    pub async fn close_code(&mut self) -> Option<u16> {
        loop {
            if let Got::Closed(code) = self.next().await {
                return code;
            }
        }
    }

    /// Whether a clock probe is answered, and not the connection closed.
    pub async fn sync_or_close(&mut self) -> bool {
        loop {
            match self.next().await {
                Got::Frame(ServerFrame::Sync { .. }) => return true,
                Got::Frame(_) => {}
                Got::Closed(_) => return false,
            }
        }
    }

    pub async fn welcome(&mut self) -> ServerFrame {
        self.until(|frame| matches!(frame, ServerFrame::Welcome { .. })).await
    }

    /// Waits until the room is as wanted.
    pub async fn room_where(&mut self, wanted: impl Fn(&Room) -> bool) -> Room {
        while !self.room.as_ref().is_some_and(&wanted) {
            if let Got::Closed(code) = self.next().await {
                panic!("closed with {code:?}");
            }
        }
        self.room.clone().expect("known")
    }

    pub async fn ask(&mut self, command: Command) -> ServerFrame {
        self.ask_as(CommandId(Uuid::new_v4()), command).await
    }

    pub async fn ask_as(&mut self, id: CommandId, command: Command) -> ServerFrame {
        let frame = serde_json::to_value(ClientFrame::Command { id, command }).expect("JSON");
        self.send(&frame).await;
        self.until(|frame| matches!(frame, ServerFrame::Reply { id: to, .. } if *to == id)).await
    }

    pub async fn add(&mut self, track: &TrackRef) -> EntryId {
        match self.ask(Command::Enqueue { track: track.clone(), before: None }).await {
            ServerFrame::Reply { ok: true, entry: Some(entry), .. } => entry,
            other => panic!("not queued: {other:?}"),
        }
    }

    /// Follows the room as a client does, and checks that nothing is missing.
    fn follow(&mut self, frame: &ServerFrame) {
        match frame {
            ServerFrame::Snapshot { position, room } => {
                self.position = Some(*position);
                self.room = Some(*room.clone());
            }
            ServerFrame::Delta { position, events, upcoming, upcoming_total } => {
                if let Some(known) = self.position {
                    assert_eq!(known.epoch, position.epoch);
                    assert_eq!(known.offset + events.len() as u64, position.offset, "deltas are contiguous");
                }
                self.position = Some(*position);
                if let Some(room) = &mut self.room {
                    room.upcoming = upcoming.clone().unwrap_or_else(|| room.upcoming.clone());
                    room.upcoming_total = upcoming_total.unwrap_or(room.upcoming_total);
                    for event in events {
                        take_in(room, event);
                    }
                }
            }
            _ => {}
        }
    }
}

/// The events that tests look at.
fn take_in(room: &mut Room, event: &Event) {
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

/// A reference to a track that nobody has.
pub fn unknown_track() -> TrackRef {
    TrackRef { provider: Provider::Library, id: "ffffffffffffffffffffffffffffffff".into() }
}
