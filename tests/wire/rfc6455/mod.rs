//! RFC 6455 for a server, grouped as in conformance suites for WebSockets. Tests read and write raw bytes, without a
//! WebSocket library.
//!
//! The contract closes with 4506 for every protocol violation, where the RFC suggests 1002, 1007 or 1009, so that one
//! range of codes tells clients whether to reconnect.

mod closing;
mod control;
mod fragmentation;
mod framing;
mod limits;
mod utf8;

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tutti_test_client::TestUser;
use tutti_test_client::frame::{BINARY, CLOSE, CONTINUATION, FIN, PING, PONG, RawFrame, TEXT, client_frame};

use crate::support::TestServer;

const HANDSHAKE: &[u8] = b"GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
/// The accept value for the key in [`HANDSHAKE`] (section 1.3).
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
const PATIENCE: Duration = Duration::from_secs(20);
const MASK: [u8; 4] = [0x37, 0xFA, 0x21, 0x3D];

/// The close code for a protocol violation.
const VIOLATION: Option<u16> = Some(4506);

/// A room with one user, who can connect any number of times.
struct Scene {
    server: TestServer,
    person: TestUser,
    code: String,
}

impl Scene {
    async fn set() -> Self {
        let server = TestServer::start().await;
        let person = server.guest("Ana").await;
        let code = person.room("Kitchen", None).await.code.to_string();
        Self { server, person, code }
    }

    /// A connection that has joined the room.
    async fn enter(&self) -> Peer {
        let mut peer = Peer::connect(&self.server).await;
        peer.send(&masked(FIN | TEXT, self.person.hello(&self.code).to_string().as_bytes())).await;
        peer.json(|frame| frame["type"] == "welcome").await;
        peer
    }

    /// A connection that sends this is closed at once as a violation.
    async fn violates(&self, bytes: &[u8]) {
        let mut peer = self.enter().await;
        peer.send(bytes).await;
        assert_eq!(peer.close_code().await, VIOLATION, "{:.60}", format!("{bytes:02X?}"));
    }

    /// A connection that sends this gets the answer to one probe with `t0` 7.
    async fn probes(&self, bytes: &[u8]) {
        let mut peer = self.enter().await;
        peer.send(bytes).await;
        peer.is_answered(7.0).await;
    }
}

/// The client end of a connection.
struct Peer {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Peer {
    /// Connects and completes the handshake.
    async fn connect(server: &TestServer) -> Self {
        let mut stream = TcpStream::connect(server.address).await.expect("connects");
        stream.set_nodelay(true).expect("an option");
        stream.write_all(HANDSHAKE).await.expect("takes it");
        let mut peer = Self { stream, read: vec![] };
        let end = loop {
            if let Some(end) = peer.read.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break end + 4;
            }
            assert!(peer.more().await, "an answer");
        };
        let answer: Vec<u8> = peer.read.drain(..end).collect();
        let answer = String::from_utf8(answer).expect("text").to_lowercase();
        assert!(answer.starts_with("http/1.1 101"), "{answer}");
        assert!(answer.contains(&format!("sec-websocket-accept: {}", ACCEPT.to_lowercase())), "{answer}");
        peer
    }

    async fn send(&mut self, bytes: &[u8]) {
        // The connection may be closed already.
        let _ = self.stream.write_all(bytes).await;
    }

    async fn send_byte_by_byte(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.send(&[*byte]).await;
            // Lets the server read it before the next one.
            tokio::task::yield_now().await;
        }
    }

    /// False at the end.
    async fn more(&mut self) -> bool {
        let reading = self.stream.read_buf(&mut self.read);
        let read = tokio::time::timeout(PATIENCE, reading).await.expect("the server sends something or closes");
        read.is_ok_and(|count| count > 0)
    }

    /// The next frame's opcode and payload; `None` at the end. Masked, fragmented and compressed frames fail the test.
    async fn frame(&mut self) -> Option<(u8, Vec<u8>)> {
        loop {
            if let Some(frame) = RawFrame::parse(&self.read).expect("a server's frame") {
                let (opcode, payload, length) = (frame.opcode, frame.payload.to_vec(), frame.length);
                self.read.drain(..length);
                return Some((opcode, payload));
            }
            if !self.more().await {
                return None;
            }
        }
    }

    async fn json(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let (opcode, payload) = self.frame().await.expect("a frame");
            if opcode == TEXT {
                let value: Value = serde_json::from_slice(&payload).expect("JSON");
                if wanted(&value) {
                    return value;
                }
            }
            assert_ne!(opcode, CLOSE, "closed: {payload:?}");
        }
    }

    /// Waits for the answer to the probe with this `t0`.
    async fn is_answered(&mut self, t0: f64) {
        self.json(|frame| frame["type"] == "sync" && frame["t0"] == json!(t0)).await;
    }

    /// Checks that the connection still works.
    async fn is_alive(&mut self) {
        self.send(&probe(4_711.0)).await;
        self.is_answered(4_711.0).await;
    }

    async fn pong(&mut self) -> Vec<u8> {
        loop {
            let (opcode, payload) = self.frame().await.expect("a frame");
            if opcode == PONG {
                return payload;
            }
        }
    }

    /// The payload of the close frame, which must be the last; `None` when the connection ends without one.
    async fn close(&mut self) -> Option<Vec<u8>> {
        let mut close = None;
        while let Some(frame) = self.frame().await {
            assert_eq!(close, None, "nothing comes after a close: {frame:?}");
            if let (CLOSE, payload) = frame {
                close = Some(payload);
            }
        }
        close
    }

    async fn close_code(&mut self) -> Option<u16> {
        let payload = self.close().await?;
        Some(u16::from_be_bytes([*payload.first()?, *payload.get(1)?]))
    }
}

/// A client's frame, with the shortest form of its length.
fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    client_frame(first, MASK, payload)
}

fn probe_text(t0: f64) -> String {
    json!({ "type": "sync", "t0": t0 }).to_string()
}

/// A probe in one frame.
fn probe(t0: f64) -> Vec<u8> {
    masked(FIN | TEXT, probe_text(t0).as_bytes())
}

/// A probe with `t0` 7 of exactly this length, padded by an unknown field.
fn padded_probe(bytes: usize) -> String {
    let empty = json!({ "type": "sync", "t0": 7.0, "pad": "" }).to_string();
    let pad = "x".repeat(bytes.checked_sub(empty.len()).expect("long enough"));
    json!({ "type": "sync", "t0": 7.0, "pad": pad }).to_string()
}
