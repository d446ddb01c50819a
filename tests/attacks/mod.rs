//! Attacks on the real program with its default limits, beside a party that must not notice. The attacker has an address
//! of their own: all of 127.0.0.0/8 is this machine.

mod connections;
mod erasure;
mod hosts;
mod identities;
mod soak;
mod sockets;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use tutti::clock::Clock;
use tutti_protocol::{Command, ServerFrame};
use tutti_test_client::frame::{FIN, RawFrame, TEXT, client_frame};
use tutti_test_client::{RoomClient, TestUser};

use crate::support::Process;

/// Where the attacker connects from.
const ATTACKER: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));
/// A healthy server does everything sooner.
const PATIENCE: Duration = Duration::from_secs(30);
/// Growth of the server's memory that an attack may cause.
const GROWTH_KIB_MAX: u64 = 32 * 1024;
/// How much slower the party's commands may become.
const SLOWDOWN_MAX: u32 = 3;
/// Differences below this are not noticed, and are what the machine does of itself.
const UNNOTICED: Duration = Duration::from_millis(30);
/// Members of the party; each sends some of the commands, so that none exceeds a limit.
const MEMBERS: usize = 4;
/// Commands in one measurement.
const COMMANDS: usize = 60;

const HANDSHAKE: &str = "GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// Measures a time.
#[derive(Clone, Copy)]
struct Stopwatch(Clock);

impl Stopwatch {
    fn start() -> Self {
        Self(Clock::starting_at(0.0))
    }

    fn elapsed(self) -> Duration {
        Duration::from_secs_f64(self.0.now_ms_f64() / 1e3)
    }
}

/// A server with a party on it.
struct Party {
    server: Process,
    address: SocketAddr,
    code: String,
    host: TestUser,
    members: Vec<RoomClient>,
    memory_kib: u64,
    undisturbed: Duration,
    dir: TempDir,
}

impl Party {
    async fn start(arguments: &[&str]) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let server = Process::start(dir.path(), arguments);
        Self::on(server, dir).await
    }

    async fn on(mut server: Process, dir: TempDir) -> Self {
        let address = server.address().await;
        let host = crate::support::guest(address, "Ana").await;
        let code = host.room("Kitchen", None).await.code.to_string();
        let mut members = vec![host.enter(&code).await];
        for name in ["Ben", "Cleo", "Dora"] {
            members.push(crate::support::guest(address, name).await.enter(&code).await);
        }
        assert_eq!(members.len(), MEMBERS);
        let mut party = Self { server, address, code, host, members, memory_kib: 0, undisturbed: Duration::ZERO, dir };
        party.undisturbed = party.p95().await;
        party.memory_kib = party.server.memory_kib();
        party
    }

    /// The 95th percentile of the time until a command of a member is answered.
    async fn p95(&mut self) -> Duration {
        let mut times = Vec::with_capacity(COMMANDS);
        for turn in 0..COMMANDS {
            let asked = Stopwatch::start();
            // Refused, since nothing plays; it goes through the room all the same.
            let reply = self.members[turn % MEMBERS].ask(Command::Pause).await;
            assert!(matches!(reply, ServerFrame::Reply { error: Some(error), .. } if !error.retry), "no limit is met");
            times.push(asked.elapsed());
        }
        times.sort();
        times[COMMANDS * 95 / 100]
    }

    /// Measures the party's commands now, and what the attack costs the server.
    async fn is_undisturbed(&mut self) {
        let disturbed = self.p95().await;
        let slowest = self.undisturbed.max(UNNOTICED) * SLOWDOWN_MAX;
        assert!(disturbed <= slowest, "p95 {:?} without, {disturbed:?} with the attack", self.undisturbed);
        let grown_kib = self.server.memory_kib().saturating_sub(self.memory_kib);
        assert!(grown_kib <= GROWTH_KIB_MAX, "memory grew by {grown_kib} KiB");
    }

    /// A guest of the attacker.
    async fn attacker(&self, name: &str) -> TestUser {
        TestUser::guest(&attackers_http(), self.address, name).await.expect("a guest")
    }
}

/// An HTTP client at the attacker's address, without cookies.
fn attackers_http() -> reqwest::Client {
    reqwest::Client::builder().local_address(ATTACKER).build().expect("a client")
}

/// A connection of the attacker that has sent `bytes`.
async fn connect(address: SocketAddr, bytes: &[u8]) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind((ATTACKER, 0).into()).expect("the attacker's address");
    let mut stream = socket.connect(address).await.expect("connects");
    // A refused connection may be closed already.
    let _ = stream.write_all(bytes).await;
    stream
}

/// A WebSocket of the attacker, of which nothing is read but what a test reads.
struct RawSocket(TcpStream, Vec<u8>);

impl RawSocket {
    async fn open(address: SocketAddr, hello: &Value) -> Self {
        let mut socket = Self(connect(address, HANDSHAKE.as_bytes()).await, Vec::new());
        socket.send(TEXT, hello.to_string().as_bytes()).await;
        socket
    }

    /// Sends a frame; false when the server reads no more, or has closed the connection.
    async fn send(&mut self, opcode: u8, payload: &[u8]) -> bool {
        let frame = client_frame(FIN | opcode, [0; 4], payload);
        matches!(timeout(Duration::from_secs(1), self.0.write_all(&frame)).await, Ok(Ok(())))
    }

    /// Reads to the end; returns what the server sent.
    async fn read_to_end(&mut self) -> &[u8] {
        let _ = timeout(PATIENCE, self.0.read_to_end(&mut self.1)).await.expect("the server closes the connection");
        &self.1
    }

    /// The code with which the server closes the connection.
    async fn close_code(&mut self) -> Option<u16> {
        let bytes = self.read_to_end().await;
        let start = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
        let mut rest = &bytes[start..];
        while let Ok(Some(frame)) = RawFrame::parse(rest) {
            if frame.opcode == tutti_test_client::frame::CLOSE {
                return frame.close_code();
            }
            rest = &rest[frame.length..];
        }
        None
    }
}
