//! The whole path of a command through a room, to count instructions: inbox, decision, journal (in memory), the delta
//! to twenty members over real sockets, the reply.
//!
//! `make callgrind` runs it twice under callgrind, with few and with many commands, and compares the difference with
//! the recorded one. Instructions are not time, but the count is the same on a busy machine, so regressions show. It
//! uses one thread and a paused clock.
#![allow(missing_docs, reason = "a benchmark has no readers of its docs")]

use std::io::{ErrorKind, Read as _};
use std::net::{IpAddr, Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tutti::clock::Clock;
use tutti::room::state::Newcomer;
use tutti::room::{Join, Registry, RoomHandle};
use tutti::store::journal::Journal;
use tutti::store::memory::MemoryStore;
use tutti::telemetry::metrics::Metrics;
use tutti::transport::{Link, Outbox};
use tutti_protocol::{
    Command, CommandId, ConnectionId, Device, DeviceId, DeviceKind, ProviderId, SessionId, SettingsChange, Track,
    TrackRef, UserId, UserKind,
};
use uuid::Uuid;

const MEMBERS: u128 = 20;
const NOW_MS: f64 = 1_700_000_000_000.0;
/// Step of the clock while waiting for a reply.
const TICK: Duration = Duration::from_millis(1);
/// Part of every reply, which is the last frame that a command causes.
const REPLY: &[u8] = br#""type":"reply""#;

fn main() {
    let commands = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(10);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    runtime.expect("a runtime").block_on(run(commands));
}

/// A member's connection: the server's side and the client's socket.
struct Member {
    link: Arc<Link>,
    peer: TcpStream,
}

async fn run(commands: u128) {
    let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
    let store = Arc::new(MemoryStore::default());
    let clock = Clock::starting_at(NOW_MS);
    let journal = Journal::start(store.clone(), clock, Metrics::off(), &tasks);
    let rooms = Registry::new(store, journal, clock, Metrics::off(), None, tasks, stop);
    let room = rooms.create("Hall", |_| None, newcomer(0), SettingsChange::default()).await.expect("a room");
    let room = rooms.open(room.code).await.expect("the room exists");
    let mut members = Vec::new();
    for number in 0..MEMBERS {
        members.push(enter(&room, number, clock.now_ms()).await);
    }
    let track = track();
    let reference = TrackRef { provider: track.provider, id: track.id.clone() };
    ask(&room, &mut members, 0, Command::Enqueue { track: reference, before: None }, vec![track]).await;
    for number in 1..=commands {
        let position_ms = u64::try_from(number % 60_000).unwrap_or(0);
        ask(&room, &mut members, number, Command::Seek { position_ms }, vec![]).await;
    }
}

async fn enter(room: &RoomHandle, number: u128, now_ms: i64) -> Member {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let stream = tokio::net::TcpStream::connect(address).await.expect("connected");
    stream.set_nodelay(true).expect("an option");
    let (peer, _) = listener.accept().expect("accepted");
    peer.set_nonblocking(true).expect("an option");
    let who = (newcomer(number).id, SessionId(Uuid::from_u128(number)), IpAddr::V4(Ipv4Addr::LOCALHOST));
    let device = Device {
        id: DeviceId(Uuid::from_u128(number)),
        name: "Device".into(),
        kind: DeviceKind::Remote,
        providers: vec![],
    };
    let outbox = Arc::new(Outbox::new(stream.into_split().1));
    let id = ConnectionId(Uuid::from_u128(number));
    let link = Arc::new(Link::new(id, who, device, outbox, now_ms, now_ms + 600_000));
    room.join(Join { link: link.clone(), newcomer: newcomer(number), resume: None }).await.expect("admitted");
    Member { link, peer }
}

/// Sends a command of the host and reads the frames of all members, until the reply arrives.
async fn ask(room: &RoomHandle, members: &mut [Member], number: u128, command: Command, tracks: Vec<Track>) {
    let host = &members[0].link;
    room.command(host.id, newcomer(0).id, CommandId(Uuid::from_u128(number)), command, tracks).await;
    let mut received = Vec::new();
    while !received.windows(REPLY.len()).any(|bytes| bytes == REPLY) {
        // Batched frames are sent when the clock advances.
        tokio::time::advance(TICK).await;
        read(&mut members[0].peer, &mut received);
    }
    for member in &mut members[1..] {
        received.clear();
        read(&mut member.peer, &mut received);
    }
}

/// Appends the available bytes.
fn read(peer: &mut TcpStream, received: &mut Vec<u8>) {
    match peer.read_to_end(received) {
        Err(error) if error.kind() == ErrorKind::WouldBlock => {}
        ended => panic!("the connection ended: {ended:?}"),
    }
}

fn newcomer(number: u128) -> Newcomer {
    let id = UserId(Uuid::from_u128(number + 1));
    Newcomer { id, name: format!("Member {number}"), kind: UserKind::Guest, picture: None }
}

fn track() -> Track {
    Track {
        provider: ProviderId::LIBRARY,
        id: "a".repeat(32),
        title: "A title of ordinary length".into(),
        artists: vec!["An artist".into()],
        album: Some("An album".into()),
        duration_ms: 180_000,
        art_url: None,
        explicit: false,
        gain_db: None,
        unplayable: false,
    }
}
