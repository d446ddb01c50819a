//! Invalid input gets its documented error or close code and does not affect other members.

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tutti_protocol::{Command, EntryId, ErrorCode, ServerFrame};
use tutti_test_client::frame::{CLOSE, FIN, TEXT, client_frame};
use tutti_test_client::{RoomClient, TestUser};
use uuid::Uuid;

use crate::support::{TestServer, unknown_track};

const HANDSHAKE: &[u8] = b"GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// A room with a bystander that must not be affected.
struct Scene {
    server: TestServer,
    code: String,
    bystander: RoomClient,
    mallory: TestUser,
}

impl Scene {
    async fn set() -> Self {
        let server = TestServer::start().await;
        let (ana, mallory) = (server.guest("Ana").await, server.guest("Mallory").await);
        let code = ana.room("Kitchen", None).await.code.to_string();
        let bystander = ana.enter(&code).await;
        Self { server, code, bystander, mallory }
    }

    /// A fresh connection that sends `message` is closed with `code`.
    async fn closes(&self, message: Message, code: u16) {
        let mut socket = self.mallory.enter(&self.code).await;
        let shown = format!("{message:.80?}");
        socket.send_message(message).await;
        assert_eq!(socket.close_code().await, Some(code), "{shown}");
    }

    async fn bystander_is_unaffected(mut self) {
        let reply = self.bystander.ask(Command::Pause).await;
        let ServerFrame::Reply { error: Some(error), .. } = reply else { panic!("{reply:?}") };
        assert_eq!(error.code, ErrorCode::Conflict, "no track is playing");
        self.server.stop().await;
    }
}

#[tokio::test]
async fn frames_outside_the_contract_are_closed_with_4506() {
    let scene = Scene::set().await;
    for text in [
        "",
        "{\"type\":",
        "[]",
        r#"{"type":"dance"}"#,
        r#"{"type":"sync"}"#,
        r#"{"type":"status","playback":{"entry":null,"position_ms":0,"at_ms":0,"error_ms":1e400,"state":"playing"}}"#,
        r#"{"type":"command","id":"7","command":{"name":"play"}}"#,
        &scene.mallory.hello(&scene.code).to_string(),
        &"x".repeat(70_000),
        &"[".repeat(60_000),
    ] {
        scene.closes(Message::text(text), 4506).await;
    }
    scene.closes(Message::binary(vec![1, 2, 3]), 4506).await;
    scene.bystander_is_unaffected().await;
}

#[tokio::test]
async fn invalid_websocket_frames_end_only_their_connection() {
    let scene = Scene::set().await;
    // Unmasked, reserved bits, an unknown opcode, a fragmented ping, an excessive length, invalid UTF-8, and plain
    // HTTP.
    for bytes in [
        &b"\x81\x02hi"[..],
        b"\xF1\x80\x00\x00\x00\x00",
        b"\x83\x80\x00\x00\x00\x00",
        b"\x09\x80\x00\x00\x00\x00",
        b"\x81\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x00\x00\x00\x00",
        b"\x81\x82\x00\x00\x00\x00\xC3\x28",
        b"GET / HTTP/1.1\r\n\r\n",
    ] {
        let mut stream = TcpStream::connect(scene.server.address).await.expect("connects");
        // In one write: bytes read together with the request must not get lost.
        stream.write_all(&[HANDSHAKE, bytes].concat()).await.expect("takes it");
        let mut answer = Vec::new();
        let ended = tokio::time::timeout(std::time::Duration::from_secs(15), stream.read_to_end(&mut answer)).await;
        assert!(ended.is_ok(), "{bytes:?} is not refused");
        let text = String::from_utf8_lossy(&answer);
        assert!(text.starts_with("HTTP/1.1 101"), "{text}");
        let close = answer.iter().rposition(|byte| *byte == 0x88).expect("a close frame");
        assert_eq!(u16::from_be_bytes([answer[close + 2], answer[close + 3]]), 4500, "{bytes:?}");
    }
    // Truncated: the client disconnects within a frame.
    let mut stream = TcpStream::connect(scene.server.address).await.expect("connects");
    stream.write_all(&[HANDSHAKE, b"\x81\xFE\x10"].concat()).await.expect("takes it");
    drop(stream);
    scene.bystander_is_unaffected().await;
}

#[tokio::test]
async fn frames_after_a_close_are_ignored() {
    let mut scene = Scene::set().await;
    let mut stream = TcpStream::connect(scene.server.address).await.expect("connects");
    let masked = |opcode: u8, payload: &[u8]| client_frame(FIN | opcode, [0; 4], payload);
    let hello = scene.mallory.hello(&scene.code).to_string();
    let late =
        json!({ "type": "command", "id": Uuid::new_v4(), "command": { "name": "rename", "display_name": "Late" } });
    let (hello, late) = (masked(TEXT, hello.as_bytes()), masked(TEXT, late.to_string().as_bytes()));
    let bytes = [HANDSHAKE, &hello, &masked(CLOSE, b""), &late].concat();
    stream.write_all(&bytes).await.expect("takes it");
    let mut answer = Vec::new();
    let ended = tokio::time::timeout(std::time::Duration::from_secs(15), stream.read_to_end(&mut answer)).await;
    assert!(ended.is_ok(), "the server closes the connection");
    let room = scene.bystander.room_where(|room| room.members.len() == 2).await;
    assert!(room.members.iter().all(|member| member.name != "Late"));
    scene.bystander_is_unaffected().await;
}

#[tokio::test]
async fn invalid_commands_are_refused_and_the_connection_stays_open() {
    let scene = Scene::set().await;
    let mut socket = scene.mallory.enter(&scene.code).await;
    for (command, expected) in [
        (json!({ "name": "levitate" }), ErrorCode::Invalid),
        (json!({ "name": "seek" }), ErrorCode::Invalid),
        (json!({ "name": "seek", "position_ms": -1 }), ErrorCode::Invalid),
        (json!({ "name": "enqueue", "track": { "provider": "cassette", "id": "x" } }), ErrorCode::NotFound),
        (json!({ "name": "enqueue", "track": { "provider": "Cassette!", "id": "x" } }), ErrorCode::Invalid),
        (json!({ "name": "enqueue", "track": unknown_track() }), ErrorCode::NotFound),
        (
            json!({ "name": "enqueue", "track": { "provider": "library", "id": "../../etc/passwd" } }),
            ErrorCode::NotFound,
        ),
        (json!({ "name": "enqueue", "track": { "provider": "library", "id": "" } }), ErrorCode::NotFound),
        (json!({ "name": "enqueue", "track": { "provider": "spotify", "id": "x" } }), ErrorCode::NotFound),
        (json!({ "name": "dequeue", "entry": EntryId(Uuid::nil()) }), ErrorCode::NotFound),
        (json!({ "name": "rename", "display_name": " \u{202e} " }), ErrorCode::Invalid),
        (json!({ "name": "rename", "display_name": "x".repeat(41) }), ErrorCode::Invalid),
        (json!({ "name": "rename_room", "room_name": "x".repeat(61) }), ErrorCode::Invalid),
        (json!({ "name": "rename_room", "room_name": "Mine" }), ErrorCode::Forbidden),
        (json!({ "name": "kick", "member": Uuid::nil() }), ErrorCode::Forbidden),
        (json!({ "name": "close_room" }), ErrorCode::Forbidden),
        (json!(7), ErrorCode::Invalid),
    ] {
        let id = Uuid::new_v4();
        socket.send(&json!({ "type": "command", "id": id, "command": command })).await;
        let reply = socket.until(|frame| matches!(frame, ServerFrame::Reply { id: to, .. } if to.0 == id)).await;
        let ServerFrame::Reply { ok: false, error: Some(error), .. } = reply else { panic!("{command}: {reply:?}") };
        assert_eq!(error.code, expected, "{command}");
        assert!(!error.message.is_empty());
    }
    scene.bystander_is_unaffected().await;
}

#[tokio::test]
async fn too_many_commands_are_refused_and_too_many_probes_close_the_connection() {
    let scene = Scene::set().await;
    let mut socket = scene.mallory.enter(&scene.code).await;
    for _ in 0..200 {
        socket.send(&json!({ "type": "command", "id": Uuid::new_v4(), "command": { "name": "pause" } })).await;
    }
    let limited = |frame: &ServerFrame| matches!(frame, ServerFrame::Reply { error: Some(error), .. } if error.code == ErrorCode::RateLimited && error.retry);
    socket.until(limited).await;

    let mut socket = scene.mallory.enter(&scene.code).await;
    for _ in 0..500 {
        socket.send(&json!({ "type": "sync", "t0": 1 })).await;
    }
    assert_eq!(socket.close_code().await, Some(4506));
    scene.bystander_is_unaffected().await;
}

#[tokio::test]
async fn an_endless_request_head_times_out() {
    let scene = Scene::set().await;
    let mut stream = TcpStream::connect(scene.server.address).await.expect("connects");
    stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ").await.expect("takes it");
    let mut answer = Vec::new();
    let patience = tutti::limits::HTTP_HEADER_TIMEOUT * 2;
    let ended = tokio::time::timeout(patience, stream.read_to_end(&mut answer)).await;
    assert!(ended.is_ok(), "the server hangs up");
    scene.bystander_is_unaffected().await;
}
