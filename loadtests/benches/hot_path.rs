//! A command's whole way through a room, so often that its instructions can be counted: inbox, decision, journal (in
//! memory), the delta to twenty members over real sockets, the reply.
//!
//! `make callgrind` runs it twice under callgrind, with few and with many commands, and compares the difference with what
//! was recorded. The count says nothing of time, but it is the same on a busy machine, so that a regression shows. One
//! thread, a clock that only we move.
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
    Command, CommandId, ConnectionId, Device, DeviceId, DeviceKind, ProviderId, SessionId, Track, TrackRef, UserId,
    UserKind,
};
use uuid::Uuid;

const MEMBERS: u128 = 20;
const NOW_MS: f64 = 1_700_000_000_000.0;
/// By which time passes while a reply is awaited.
const TICK: Duration = Duration::from_millis(1);
/// What ends every delta and reply to the one who asks.
const REPLY: &[u8] = br#""type":"reply""#;

fn main() {
    let commands = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(10);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    runtime.expect("a runtime").block_on(run(commands));
}

/// A member: the room's side of their connection, and the other end of it.
struct Seat {
    link: Arc<Link>,
    peer: TcpStream,
}

async fn run(commands: u128) {
    let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
    let store = Arc::new(MemoryStore::default());
    let clock = Clock::starting_at(NOW_MS);
    let journal = Journal::start(store.clone(), clock, Metrics::off(), &tasks);
    let rooms = Registry::new(store, journal, clock, Metrics::off(), tasks, stop);
    let room = rooms.create("Hall", None, newcomer(0)).await.expect("a room");
    let room = rooms.open(room.code).await.expect("there is such a room");
    let mut seats = Vec::new();
    for number in 0..MEMBERS {
        seats.push(enter(&room, number, clock.now_ms()).await);
    }
    let track = track();
    let reference = TrackRef { provider: track.provider, id: track.id.clone() };
    ask(&room, &mut seats, 0, Command::Enqueue { track: reference, before: None }, vec![track]).await;
    for number in 1..=commands {
        let position_ms = u64::try_from(number % 60_000).unwrap_or(0);
        ask(&room, &mut seats, number, Command::Seek { position_ms }, vec![]).await;
    }
}

async fn enter(room: &RoomHandle, number: u128, now_ms: i64) -> Seat {
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
    room.join(Join { link: link.clone(), newcomer: newcomer(number), resume: None }).await.expect("let in");
    Seat { link, peer }
}

/// Sends a command of the host's and reads what everybody gets, until the reply has come.
async fn ask(room: &RoomHandle, seats: &mut [Seat], number: u128, command: Command, tracks: Vec<Track>) {
    let host = &seats[0].link;
    room.command(host.id, host.user, CommandId(Uuid::from_u128(number)), command, tracks).await;
    let mut heard = Vec::new();
    while !heard.windows(REPLY.len()).any(|bytes| bytes == REPLY) {
        // What the room gathers leaves when its time has passed.
        tokio::time::advance(TICK).await;
        read(&mut seats[0].peer, &mut heard);
    }
    for seat in &mut seats[1..] {
        heard.clear();
        read(&mut seat.peer, &mut heard);
    }
}

/// Adds what there is.
fn read(peer: &mut TcpStream, heard: &mut Vec<u8>) {
    match peer.read_to_end(heard) {
        Err(error) if error.kind() == ErrorKind::WouldBlock => {}
        ended => panic!("the room ends: {ended:?}"),
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
    }
}
