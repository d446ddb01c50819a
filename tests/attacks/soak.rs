//! All attacks at once beside a party of two hundred: ten seconds in `make test`, half an hour by `make soak`.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::AsyncReadExt as _;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, timeout};
use tutti_protocol::{Answer, Command, EntryId, ServerFrame, TrackRef};
use tutti_test_client::frame::{PING, TEXT};
use tutti_test_client::{RoomClient, TestUser};
use uuid::Uuid;

use super::{HANDSHAKE, Party, RawSocket, Stopwatch, attackers_http, connect};
use crate::support::guest;

/// Members who only listen, and those who also send commands.
const LISTENERS: usize = 180;
const ACTIVE: usize = 16;
/// Commands of all active members together, per second.
const COMMANDS_PER_SECOND: u64 = 20;
/// Tracks that they queue; then they chat.
const ENTRIES: usize = 40;
/// The slowest hundredth of them is answered within this. `make soak` runs the release build; a debug build is several times
/// slower, and the attackers take as much of the processors as they get.
const P99_MAX: Duration = Duration::from_millis(if cfg!(debug_assertions) { 1_500 } else { 250 });
/// How much memory may stay after the attackers have gone.
const KEPT_KIB_MAX: u64 = 64 * 1024;
/// How long an attacker holds connections without reading.
const HELD: Duration = Duration::from_secs(5);
const LOG_LINES_PER_SECOND_MAX: u64 = 10;

/// Access tokens are valid for ten minutes, and clients get the next one before.
const RENEWAL: Duration = Duration::from_mins(5);

/// A member who also sends commands.
struct Active {
    user: TestUser,
    room: RoomClient,
}

impl Active {
    async fn renew(&mut self) {
        self.user.refresh().await.expect("a new token");
        self.room.send(&renewal(&self.user)).await;
    }
}

fn seconds() -> u64 {
    std::env::var("SOAK_SECONDS").ok().and_then(|seconds| seconds.parse().ok()).unwrap_or(10)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_party_goes_on_under_all_attacks_at_once() {
    // The attackers guess, join and log in as fast as the defaults allow; the party comes within a minute.
    let party = Party::start(&[
        "--limit-guests=300",
        "--limit-connections-per-address=220",
        "--audio-access=users",
        "--bcrypt-cost=12",
    ])
    .await;
    let Party { mut server, address, code, mut host, members, .. } = party;
    drop(members);
    let mut active = Vec::new();
    for number in 0..ACTIVE {
        let user = guest(address, &format!("Active {number}")).await;
        active.push(Active { room: user.enter(&code).await, user });
    }
    let mut listeners = JoinSet::new();
    for number in 0..LISTENERS {
        let user = guest(address, &format!("Listener {number}")).await;
        listeners.spawn(listen(user, code.clone()));
    }
    let tracks = host.tracks().await;
    let before_kib = server.memory_kib();

    let started = Stopwatch::start();
    let ends_after = |time: Duration| started.0.instant_at(i64::try_from(time.as_millis()).expect("not for ever"));
    let duration = Duration::from_secs(seconds());
    let mut attackers = JoinSet::new();
    attackers.spawn({
        let (code, track) = (code.clone(), tracks[0].id.clone());
        let rounds = 1..=duration.as_secs().div_ceil(RENEWAL.as_secs());
        let ends: Vec<_> =
            rounds.map(|round| ends_after(duration.min(Duration::from_secs(round * RENEWAL.as_secs())))).collect();
        async move {
            let mut eves = join_all((0..10).map(|number| async move {
                TestUser::guest(&attackers_http(), address, &format!("Eve {number}")).await.expect("a guest")
            }))
            .await;
            for end in ends {
                attack_until(end, &eves, &code, &track).await;
                join_all(eves.iter_mut().map(TestUser::refresh)).await;
            }
        }
    });

    let (times, queued) = send_commands(&mut active, &tracks, ends_after(duration)).await;
    attackers.join_next().await.expect("attackers").expect("attacks that end by themselves");
    let lasted = started.elapsed();

    assert!(listeners.try_join_next().is_none(), "no listener lost their connection");
    let p99 = times[times.len() * 99 / 100];
    let median = times[times.len() / 2];
    println!("{} commands in {lasted:.0?}: median {median:.1?}, p99 {p99:.1?}", times.len());
    assert!(p99 <= P99_MAX, "p99 {p99:?}");
    host.refresh().await.expect("a new token");
    let lost = lost(&host, &code, &queued).await;
    assert!(lost.is_empty(), "{} of {} acknowledged entries are lost", lost.len(), queued.len());
    drop(active);
    listeners.shutdown().await;
    let kept_kib = server.memory_kib().saturating_sub(before_kib);
    println!("memory: {before_kib} KiB before, {kept_kib} KiB more after");
    assert!(kept_kib <= KEPT_KIB_MAX, "{kept_kib} KiB stay");
    let lines = server.log_lines_until_stopped().await.len() as u64;
    println!("{lines} log lines");
    assert!(lines <= 50 + LOG_LINES_PER_SECOND_MAX * lasted.as_secs(), "{lines} log lines");
}

/// The acknowledged entries that the room does not know.
async fn lost(host: &TestUser, code: &str, acknowledged: &[EntryId]) -> Vec<EntryId> {
    let mut hosts = host.enter(code).await;
    let room = hosts.room_where(|_| true).await;
    let reply = hosts.ask(Command::ShowHistory).await;
    let ServerFrame::Reply { answer: Some(Answer::History(played)), .. } = reply else { panic!("{reply:?}") };
    let waiting = room.upcoming.iter().chain(&room.now_playing).map(|entry| entry.id);
    let known: BTreeSet<EntryId> = waiting.chain(played.iter().map(|played| played.entry)).collect();
    acknowledged.iter().copied().filter(|entry| !known.contains(entry)).collect()
}

/// All attacks at once.
async fn attack_until(until: Instant, eves: &[TestUser], code: &str, track: &str) {
    let address = eves[0].address;
    let mut attacks = JoinSet::new();
    attacks.spawn(attack(until, {
        let (eve, code) = (eves[0].clone(), code.to_owned());
        move || unknown_commands(eve.clone(), code.clone())
    }));
    attacks.spawn(attack(until, {
        let (eve, code) = (eves[1].clone(), code.to_owned());
        move || pings(eve.clone(), code.clone())
    }));
    attacks.spawn(attack(until, {
        let (eve, code) = (eves[2].clone(), code.to_owned());
        move || chat(eve.clone(), code.clone())
    }));
    attacks.spawn(attack(until, {
        let (eve, track) = (eves[3].clone(), track.to_owned());
        move || unread_audio(eve.clone(), track.clone())
    }));
    attacks.spawn(attack(until, move || unfinished_requests(address)));
    attacks.spawn(attack(until, {
        let eve = eves[4].clone();
        move || guesses(eve.clone())
    }));
    attacks.spawn(attack(until, {
        let eves = eves.to_vec();
        move || passcodes(eves.clone())
    }));
    attacks.spawn(attack(until, move || guests(address)));
    while let Some(attack) = attacks.join_next().await {
        attack.expect("an attack that ends by itself");
    }
}

/// Repeats an attack until the end. One that is refused goes on at once, as an attacker would.
async fn attack<F: Future<Output = ()>>(until: Instant, once: impl Fn() -> F) {
    let _: Result<(), _> = tokio::time::timeout_at(until, async {
        loop {
            once().await;
            tokio::task::yield_now().await;
        }
    })
    .await;
}

/// Reads everything and shows that it is there; returns when the connection ends.
async fn listen(mut user: TestUser, code: String) {
    let mut socket = RawSocket(tokio::net::TcpStream::connect(user.address).await.expect("connects"), Vec::new());
    tokio::io::AsyncWriteExt::write_all(&mut socket.0, HANDSHAKE.as_bytes()).await.expect("takes it");
    socket.send(TEXT, user.hello(&code).to_string().as_bytes()).await;
    let probe = json!({ "type": "sync", "t0": 1.0 }).to_string();
    let mut probes = tokio::time::interval(Duration::from_secs(10));
    let mut renewals = tokio::time::interval(RENEWAL);
    renewals.tick().await;
    let mut buffer = vec![0; 16 * 1024];
    loop {
        tokio::select! {
            read = socket.0.read(&mut buffer) => if !matches!(read, Ok(1..)) { return },
            _ = probes.tick() => if !socket.send(TEXT, probe.as_bytes()).await { return },
            _ = renewals.tick() => {
                user.refresh().await.expect("a new token");
                if !socket.send(TEXT, renewal(&user).to_string().as_bytes()).await { return }
            }
        }
    }
}

/// Tells the server a user's new access token.
fn renewal(user: &TestUser) -> Value {
    json!({ "type": "refresh", "token": user.token })
}

/// The times until commands were answered, sorted; and the entries that were acknowledged.
async fn send_commands(active: &mut [Active], tracks: &[TrackRef], until: Instant) -> (Vec<Duration>, Vec<EntryId>) {
    let mut pace = tokio::time::interval(Duration::from_millis(1_000 / COMMANDS_PER_SECOND));
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut times, mut queued) = (Vec::new(), Vec::new());
    let mut renewed = Stopwatch::start();
    for turn in 0.. {
        if renewed.elapsed() >= RENEWAL {
            renewed = Stopwatch::start();
            join_all(active.iter_mut().map(Active::renew)).await;
        }
        if tokio::time::timeout_at(until, pace.tick()).await.is_err() {
            break;
        }
        let member = turn % active.len();
        let command = if queued.len() < ENTRIES {
            Command::Enqueue { track: tracks[turn % tracks.len()].clone(), before: None }
        } else {
            Command::Say { text: format!("number {turn}") }
        };
        let asked = Stopwatch::start();
        let reply = active[member].room.ask(command).await;
        times.push(asked.elapsed());
        let ServerFrame::Reply { ok, entry, error, .. } = reply else { panic!("{reply:?}") };
        // A track may be queued already.
        assert!(ok || error.as_ref().is_some_and(|error| !error.retry), "{error:?}");
        queued.extend(entry);
    }
    times.sort();
    (times, queued)
}

async fn unknown_commands(eve: TestUser, code: String) {
    let mut socket = RawSocket::open(eve.address, &eve.hello(&code)).await;
    let frame =
        json!({ "type": "command", "id": Uuid::new_v4(), "command": { "name": "x".repeat(10_000) } }).to_string();
    while socket.send(TEXT, frame.as_bytes()).await {}
}

async fn pings(eve: TestUser, code: String) {
    let mut socket = RawSocket::open(eve.address, &eve.hello(&code)).await;
    while socket.send(PING, &[7; 100]).await {}
}

async fn chat(eve: TestUser, code: String) {
    let hello = eve.hello(&code);
    let mut sockets = join_all((0..10).map(|_| RawSocket::open(eve.address, &hello))).await;
    for number in 0..100 {
        for socket in &mut sockets {
            let say = json!({ "name": "say", "text": format!("buy {number}") });
            let frame = json!({ "type": "command", "id": Uuid::new_v4(), "command": say }).to_string();
            if !socket.send(TEXT, frame.as_bytes()).await {
                return;
            }
        }
    }
}

async fn unread_audio(eve: TestUser, track: String) {
    let request = format!(
        "GET /api/v1/library/tracks/{track}/audio HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {}\r\n\r\n",
        eve.token
    );
    let streams = join_all((0..50).map(|_| connect(eve.address, request.as_bytes()))).await;
    // They are held for a while: the server has to notice that nothing is read.
    tokio::time::sleep(HELD).await;
    drop(streams);
}

async fn unfinished_requests(address: SocketAddr) {
    let body = b"POST /api/v1/auth/guest HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{";
    let mut streams =
        join_all((0..100).map(|number| connect(address, if number % 2 == 0 { body } else { b"GET /" }))).await;
    for stream in &mut streams {
        let _ = timeout(Duration::from_secs(15), stream.read_to_end(&mut Vec::new())).await;
    }
}

async fn guesses(eve: TestUser) {
    let room = format!("{:06}", rand_number() % 1_000_000);
    RawSocket::open(eve.address, &eve.hello(&room)).await.close_code().await;
    let _ = eve.request(Method::GET, &format!("rooms/{room}")).send().await;
}

async fn passcodes(eves: Vec<TestUser>) {
    join_all(
        eves.iter()
            .map(|eve| eve.request(Method::POST, "rooms").json(&json!({ "name": "x", "passcode": "sesame" })).send()),
    )
    .await;
}

async fn guests(address: SocketAddr) {
    let _ = TestUser::guest(&attackers_http(), address, "Eve").await;
}

fn rand_number() -> u128 {
    Uuid::new_v4().as_u128()
}
