//! Entry points for untrusted bytes: each function accepts any input and panics only on a bug.
//!
//! The same functions serve the fuzzer (`make fuzz`) and the bounded run in `make test`.

use std::collections::BTreeSet;
use std::io::{self, Cursor, Read, Write};
use std::sync::LazyLock;

use tokio_tungstenite::tungstenite::protocol::{Role, WebSocket};
use tokio_tungstenite::tungstenite::{Error, Message};
use tutti::config::ListenConfig;
use tutti::http::origin::Origins;
use tutti::text;
use tutti_protocol::client::DecodeError;
use tutti_protocol::{
    ClientFrame, CommandId, EntryId, Event, PlaybackState, ProviderId, RoomCode, Track, UserId, UserKind,
};
use tutti_room_state::{Audience, Ctx, Input, Newcomer, RoomState};
use uuid::Uuid;

const HOST: UserId = UserId(Uuid::from_u128(1));
const GUEST: UserId = UserId(Uuid::from_u128(2));
const NOW_MS: i64 = 1_795_412_807_000;

/// Bytes received on a WebSocket.
pub fn websocket(bytes: &[u8]) {
    let stream = Stream { incoming: Cursor::new(bytes), written_bytes: 0 };
    let mut socket = WebSocket::from_raw_socket(stream, Role::Server, Some(tutti::connection::codec_config()));
    // Every message takes at least two bytes, so this ends.
    for _ in 0..=bytes.len() {
        match socket.read() {
            Ok(Message::Text(text)) => client_frame(text.as_bytes()),
            // The codec chooses the reason when it closes for invalid input.
            Ok(Message::Close(_)) => {}
            Ok(message) => assert!(message.len() <= bytes.len(), "no message is longer than the input"),
            Err(Error::WriteBufferFull(_)) => panic!("answers are bounded by the input"),
            Err(_) => break,
        }
    }
    // At most a pong for each ping, and one close.
    let written_bytes = socket.get_ref().written_bytes;
    assert!(written_bytes <= bytes.len() + 128, "{written_bytes} for {}", bytes.len());
}

/// A text message from a client.
pub fn client_frame(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match ClientFrame::decode(text) {
        Ok(frame) => {
            let encoded = serde_json::to_string(&frame).expect("a decoded value encodes");
            let again = ClientFrame::decode(&encoded).expect("an encoded value decodes");
            assert_eq!(again, frame);
            if let ClientFrame::Command { command, .. } = frame {
                handle_in_room(&Input::Command { by: HOST, command: command.clone(), tracks: vec![track()] });
                handle_in_room(&Input::Command { by: GUEST, command, tracks: vec![] });
            }
        }
        Err(DecodeError::BadCommand { id, error }) => {
            // Both are sent to the client.
            let _: (CommandId, String) = (id, error.to_string());
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// The events of a batch, as stored in the journal.
pub fn journal(bytes: &[u8]) {
    let Ok(events) = serde_json::from_slice::<Vec<Event>>(bytes) else { return };
    let encoded = serde_json::to_string(&events).expect("a decoded value encodes");
    assert_eq!(serde_json::from_str::<Vec<Event>>(&encoded).expect("an encoded value decodes"), events);
    let mut room = ROOM.clone();
    for event in &events {
        room.apply(event);
    }
    assert_eq!(room.offset(), ROOM.offset() + events.len() as u64);
    assert_round_trips(&room);
}

/// What a request brings, on three lines: its `Host`, its `Origin`, and text that others will see.
pub fn request(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let mut lines = text.splitn(3, '\n');
    let mut line = || lines.next().unwrap_or_default();
    let (host, origin, shown) = (line(), line(), line());
    if ORIGINS.knows_host(Some(host)) {
        assert!(
            !host.trim_end_matches('.').ends_with(".example") || host.eq_ignore_ascii_case("tutti.example"),
            "{host}"
        );
    }
    let _: bool = ORIGINS.allows(Some(origin), Some(host));
    if let Some(clean) = text::clean(shown, 40) {
        assert!((1..=40).contains(&clean.chars().count()));
        assert_eq!(text::clean_name(&clean, 40), Some(clean), "clean text stays as it is");
    }
}

/// A server with a public name.
static ORIGINS: LazyLock<Origins> = LazyLock::new(|| {
    Origins::new(&ListenConfig {
        mdns_name: String::new(),
        listen: ([127, 0, 0, 1], 8080).into(),
        public_url: Some("https://tutti.example".parse().expect("a URL")),
        allowed_origins: vec![],
        trusted_proxies: vec![],
        tls_cert: None,
        tls_key: None,
    })
});

fn handle_in_room(input: &Input) {
    let mut room = ROOM.clone();
    let present = BTreeSet::from([HOST, GUEST]);
    if let Ok(events) = room.handle(&ctx(&present, 100), input) {
        assert_eq!(room.offset(), ROOM.offset() + events.len() as u64);
        assert_round_trips(&room);
    }
}

/// A checkpoint restores the same room, and a snapshot decodes.
fn assert_round_trips(room: &RoomState) {
    let checkpoint = serde_json::to_string(room).expect("a checkpoint");
    assert!(serde_json::from_str::<RoomState>(&checkpoint).expect("a checkpoint can be read") == *room);
    let snapshot = serde_json::to_string(&room.snapshot()).expect("a snapshot");
    serde_json::from_str::<tutti_protocol::Room>(&snapshot).expect("a snapshot can be read");
}

/// No device listens.
static NO_AUDIENCE: LazyLock<Audience> = LazyLock::new(Audience::default);

/// A room with two members: one entry plays, and both have entries queued.
static ROOM: LazyLock<RoomState> = LazyLock::new(|| {
    let mut room = RoomState::new(RoomCode::parse("7KM2QX").expect("a code"));
    let present = BTreeSet::from([HOST, GUEST]);
    let host = newcomer(HOST, "Ada");
    let mut inputs = vec![
        Input::Create { name: "Fuzz".into(), host: host.clone(), settings: Box::default() },
        Input::Enter(host),
        Input::Enter(newcomer(GUEST, "Ben")),
    ];
    let enqueue = ClientFrame::decode(
        r#"{"type":"command","id":"00000000-0000-4000-8000-000000000000","command":{"name":"enqueue","track":{"provider":"library","id":"t"}}}"#,
    );
    let Ok(ClientFrame::Command { command, .. }) = enqueue else { unreachable!() };
    for by in [HOST, GUEST, HOST, GUEST] {
        inputs.push(Input::Command { by, command: command.clone(), tracks: vec![track()] });
    }
    for (count, input) in inputs.iter().enumerate() {
        room.handle(&ctx(&present, count as u128), input).expect("a valid input");
    }
    assert_eq!(room.playback().state, PlaybackState::Playing);
    room
});

fn ctx(present: &BTreeSet<UserId>, entry: u128) -> Ctx<'_> {
    Ctx {
        now_ms: NOW_MS,
        new_entry: EntryId(Uuid::from_u128(entry)),
        present,
        host_gone_since_ms: None,
        audience: &NO_AUDIENCE,
        unheard_since_ms: None,
    }
}

fn newcomer(id: UserId, name: &str) -> Newcomer {
    Newcomer { id, name: name.into(), kind: UserKind::Guest, picture: None }
}

fn track() -> Track {
    serde_json::from_value(serde_json::json!({
        "provider": ProviderId::LIBRARY, "id": "t", "title": "Title", "artists": ["Artist"], "album": null,
        "duration_ms": 180_000, "art_url": null,
    }))
    .expect("a track")
}

/// A stream that reads the input and counts written bytes.
struct Stream<'a> {
    incoming: Cursor<&'a [u8]>,
    written_bytes: usize,
}

impl Read for Stream<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.incoming.read(buffer)
    }
}

impl Write for Stream<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.written_bytes += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
