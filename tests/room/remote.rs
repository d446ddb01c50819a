//! Rooms that several servers share: their members notice nothing of it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tutti::clock::Clock;
use tutti::cluster::bus::Bus;
use tutti::cluster::memory::{Faults, MemoryNetwork};
use tutti::cluster::{Living, post, watch_others};
use tutti::room::remote::Remotes;
use tutti::store::memory::MemoryStore;
use tutti::store::{LifeId, NodeStore, RoomClaims, StoredPasscode};
use tutti_protocol::{Action, CloseCode, Command, EntryCommand, Event, Position, Role, RoomCode, ServerFrame};
use tutti_test_client::Received;
use uuid::Uuid;

use super::room_server::{MemberConnection, RoomServer, enqueue, user};

/// Servers that share one store and one network.
struct Cluster {
    store: Arc<MemoryStore>,
    network: MemoryNetwork,
    servers: Vec<Node>,
}

struct Node {
    life: LifeId,
    server: RoomServer,
    /// Cancelled when it raises no further beats.
    dead: CancellationToken,
    stop: CancellationToken,
}

impl Cluster {
    async fn of(servers: u128) -> Self {
        Self::over(MemoryNetwork::reliable(), servers).await
    }

    async fn over(network: MemoryNetwork, servers: u128) -> Self {
        let mut cluster = Self { store: Arc::default(), network, servers: vec![] };
        for number in 1..=servers {
            cluster.start(LifeId(Uuid::from_u128(number))).await;
        }
        cluster.settle().await;
        cluster
    }

    async fn start(&mut self, life: LifeId) {
        let store = self.store.clone();
        store.enter(life, "node", false).await.expect("entered");
        let (dead, stop) = (CancellationToken::new(), CancellationToken::new());
        let living = watch::Sender::new(Living::default());
        let bus: Arc<dyn Bus> = Arc::new(self.network.join(life));
        let remotes = Remotes::new(life, bus.clone(), living.subscribe());
        let clock =
            self.servers.first().map_or_else(|| Clock::starting_at(1_700_000_000_000.0), |node| node.server.clock);
        let claims = RoomClaims::new(store.clone(), life);
        let server = RoomServer::sharing(store.clone(), clock, claims, remotes.clone());
        let (beats, ended, stopped) = (store.clone(), dead.clone(), stop.clone());
        server.tasks().spawn(async move {
            while !ended.is_cancelled() && !stopped.is_cancelled() {
                let _ = beats.renew(life).await;
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        });
        let (post, sorting) = post::sort(bus, life, living.subscribe(), clock, Box::leak(Box::default()), stop.clone());
        server.tasks().spawn(sorting);
        server.tasks().spawn(watch_others(store, life, living, dead.clone(), clock, stop.clone()));
        server.tasks().spawn(remotes.run(post.rooms, server.rooms.clone(), server.tasks().clone(), stop.clone()));
        self.servers.push(Node { life, server, dead, stop });
    }

    /// Lets servers see each other.
    async fn settle(&self) {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }

    fn server(&self, index: usize) -> &RoomServer {
        &self.servers[index].server
    }

    /// A room that the first server owns.
    async fn room(&self) -> RoomCode {
        let code = self.server(0).room("ana").await;
        self.server(0).rooms.open(code).await.expect("opened");
        code
    }

    /// A server is suspended, or its machine is gone: it is not heard, and raises no beats.
    fn cut_off(&self, index: usize) {
        self.servers[index].dead.cancel();
        self.network.disconnect(self.servers[index].life);
    }
}

/// The events of a member's deltas up to the reply to a command.
async fn events_until_reply(member: &mut MemberConnection, command: Command) -> Vec<Event> {
    let id = member.send(command).await;
    let mut events = vec![];
    loop {
        match member.frame(|_| true).await {
            ServerFrame::Delta { events: new, .. } => events.extend(new),
            ServerFrame::Reply { id: to, ok, .. } if to == id => {
                assert!(ok);
                return events;
            }
            _ => {}
        }
    }
}

fn added(events: &[Event]) -> usize {
    events.iter().filter(|event| matches!(event, Event::EntryAdded { .. })).count()
}

#[tokio::test(start_paused = true)]
async fn members_of_two_servers_share_a_room() {
    let cluster = Cluster::of(2).await;
    let code = cluster.room().await;
    let mut ana = cluster.server(0).enter(code, "ana").await;
    let mut ben = cluster.server(1).enter(code, "ben").await;
    let (_, room) = ben.snapshot().await;
    assert_eq!(room.members.len(), 2);
    let full = ben.frame(|frame| matches!(frame, ServerFrame::Presence { full: true, .. })).await;
    assert!(
        matches!(full, ServerFrame::Presence { members, .. } if members.iter().any(|present| present.member == user("ana")))
    );
    let bens = |frame: &ServerFrame| match frame {
        ServerFrame::Presence { members, .. } => members.iter().any(|present| present.member == user("ben")),
        _ => false,
    };
    ana.frame(bens).await;

    assert_eq!(added(&events_until_reply(&mut ben, enqueue("b1")).await), 1, "the delta comes before the reply");
    ana.event(|event| matches!(event, Event::EntryAdded { .. })).await;
    ana.add("a1").await;
    ben.event(|event| matches!(event, Event::EntryAdded { .. })).await;
    ben.ask(Command::Say { text: "Hello".into() }).await;
    ana.frame(|frame| matches!(frame, ServerFrame::Said { member, .. } if *member == user("ben"))).await;

    ana.ask(Command::Kick { member: user("ben") }).await;
    assert_eq!(ben.closed().await, CloseCode::Kicked.code());
}

#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_own_a_room_answers_for_it() {
    let cluster = Cluster::of(2).await;
    let code = cluster.room().await;
    let owner = cluster.server(0).rooms.open(code).await.expect("opened");
    let edge = cluster.server(1).rooms.open(code).await.expect("opened");
    assert_eq!(edge.role_of(user("ana")).await, Some(Role::Host));
    assert_eq!(edge.role_of(user("ben")).await, None);
    edge.require(user("ana"), Action::CloseRoom).await.expect("hosts may");
    assert!(edge.require(user("ben"), Action::CloseRoom).await.is_err());
    assert!(edge.view().borrow().members.contains(&user("ana")));

    assert_eq!(edge.passcode_hash(), None);
    let passcode = StoredPasscode { hash: "hash".into(), sealed: None };
    owner.set_passcode(user("ana"), Some(passcode)).await.expect("set");
    cluster.settle().await;
    assert_eq!(edge.passcode_hash().as_deref(), Some("hash"), "it is read, not sent");
    edge.set_passcode(user("ana"), None).await.expect("removed");
    assert_eq!(owner.passcode_hash(), None);
    assert!(edge.set_passcode(user("ben"), None).await.is_err());
    edge.close(user("ana")).await.expect("closed");
    assert!(owner.view().borrow().closed);
}

#[tokio::test(start_paused = true)]
async fn a_client_resumes_at_another_server() {
    let cluster = Cluster::of(3).await;
    let code = cluster.room().await;
    let mut ana = cluster.server(0).enter(code, "ana").await;
    let mut ben = cluster.server(1).enter(code, "ben").await;
    let (known, _) = ben.snapshot().await;
    ben.leave().await;
    ana.add("a1").await;
    let mut ben = cluster.server(2).resume(code, "ben", Some(known)).await.expect("admitted");
    ben.frame(|frame| matches!(frame, ServerFrame::Welcome { resumed: true, .. })).await;
    let (_, events) = ben.delta().await;
    assert_eq!(added(&events), 1, "what was missed");
    ben.add("b1").await;
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_larger_than_a_message_arrives_whole() {
    let cluster = Cluster::of(2).await;
    let code = cluster.room().await;
    let mut ana = cluster.server(0).enter(code, "ana").await;
    let long = "x".repeat(7_000);
    for number in 0..100 {
        ana.add(&format!("{long}{number}")).await;
    }
    let mut ben = cluster.server(1).enter(code, "ben").await;
    let (_, room) = ben.snapshot().await;
    let titles: usize = room.upcoming.iter().map(|entry| entry.track.title.len()).sum();
    assert!(titles > 600_000, "{titles} bytes");
    assert_eq!(added(&events_until_reply(&mut ben, enqueue("b1")).await), 1);
}

/// The owner is suspended: its members hear nothing more from it, others go on at the server that takes over.
#[tokio::test(start_paused = true)]
async fn members_of_other_servers_outlive_the_owner_without_a_snapshot() {
    let cluster = Cluster::of(3).await;
    let code = cluster.room().await;
    let _ana = cluster.server(0).enter(code, "ana").await;
    let mut ben = cluster.server(1).enter(code, "ben").await;
    let mut cleo = cluster.server(2).enter(code, "cleo").await;
    ben.add("b1").await;
    cleo.event(|event| matches!(event, Event::EntryAdded { .. })).await;
    ben.take_received();
    cleo.take_received();

    cluster.cut_off(0);
    let began = cluster.server(1).clock.now_ms();
    let events = events_until_reply(&mut ben, enqueue("b2")).await;
    let took_ms = cluster.server(1).clock.now_ms() - began;
    assert!(took_ms < 8_000, "{took_ms} ms");
    assert_eq!(added(&events), 1);
    cleo.event(|event| matches!(event, Event::EntryAdded { .. })).await;
    cleo.add("c1").await;
    ben.event(|event| matches!(event, Event::EntryAdded { .. })).await;
    let is_snapshot = |received: &Received| matches!(received, Received::Frame(ServerFrame::Snapshot { .. }));
    assert!(!ben.take_received().iter().chain(&cleo.take_received()).any(is_snapshot));
}

/// What only one member is sent is in the `welcome` of a stream that begins later, which the client does not see.
#[tokio::test(start_paused = true)]
async fn what_members_may_do_is_told_again_after_a_gap() {
    let cluster = Cluster::of(2).await;
    let code = cluster.room().await;
    let mut ana = cluster.server(0).enter(code, "ana").await;
    let mut ben = cluster.server(1).enter(code, "ben").await;
    ana.add("a1").await;
    ben.add("b1").await;
    let may_skip = |frame: &ServerFrame| match frame {
        ServerFrame::Own(own) => own.may.as_ref().is_some_and(|may| may.contains(&EntryCommand::Skip)),
        _ => false,
    };
    assert!(!ben.take_received().iter().any(|got| matches!(got, Received::Frame(frame) if may_skip(frame))));
    let life = cluster.servers[1].life;
    cluster.network.disconnect(life);
    ana.ask(Command::Skip { entry: None, unplayable: None }).await;
    cluster.network.connect(life);
    ben.event(|event| matches!(event, Event::EntryStarted { entry, .. } if entry.track.title == "b1")).await;
    ben.frame(may_skip).await;
}

#[tokio::test(start_paused = true)]
async fn an_owner_that_was_replaced_stores_nothing_more() {
    let cluster = Cluster::of(2).await;
    let code = cluster.room().await;
    let mut ana = cluster.server(0).enter(code, "ana").await;
    let mut ben = cluster.server(1).enter(code, "ben").await;
    cluster.cut_off(0);
    ben.add("b1").await;
    match ana.ask(enqueue("a1")).await {
        ServerFrame::Reply { ok: false, error: Some(error), .. } => assert!(error.retry),
        other => panic!("{other:?}"),
    }
    let batches =
        tutti::store::RoomStore::load_journal(&*cluster.store, ben.room.id()).await.expect("readable").batches;
    let is_stored = |track: &str| batches.iter().any(|batch| batch.events.contains(&format!("\"{track}\"")));
    assert!(is_stored("b1") && !is_stored("a1"), "{batches:?}");
}

/// A server leaves in order: another one goes on at once, and nobody is refused.
/// In the memory of the former owner they have left, in the journal they have not.
#[tokio::test(start_paused = true)]
async fn a_member_whose_departure_was_not_stored_reconnects() {
    let cluster = Cluster::of(2).await;
    let code = cluster.room().await;
    let mut ana = cluster.server(0).enter(code, "ana").await;
    let mut cleo = cluster.server(0).enter(code, "cleo").await;
    let (former, next) = (cluster.servers[0].life, cluster.servers[1].life);
    cluster.store.leave(former).await.expect("left");
    cluster.store.claim(ana.room.id(), next).await.expect("claimed");
    cluster.store.enter(former, "node", false).await.expect("entered");
    match cleo.ask(Command::Leave).await {
        ServerFrame::Reply { ok: false, error: Some(error), .. } => assert!(error.retry),
        reply => panic!("{reply:?}"),
    }
    assert_eq!(cleo.closed().await, CloseCode::TryLater.code());
    ana.add_when_possible("a1").await;
}

#[tokio::test(start_paused = true)]
async fn a_room_moves_when_its_owner_stops() {
    let mut cluster = Cluster::of(2).await;
    let code = cluster.room().await;
    let mut ben = cluster.server(1).enter(code, "ben").await;
    ben.add("b1").await;
    let Node { life, server, dead, stop } = cluster.servers.remove(0);
    stop.cancel();
    server.end().await;
    let began = cluster.server(0).clock.now_ms();
    assert_eq!(added(&events_until_reply(&mut ben, enqueue("b2")).await), 1);
    let took_ms = cluster.server(0).clock.now_ms() - began;
    assert!(took_ms < 1_000, "{took_ms} ms");
    cluster.store.leave(life).await.expect("left");
    dead.cancel();
}

/// Without the bus, members of other servers still see what happens, and cannot act; then all goes on.
#[tokio::test(start_paused = true)]
async fn members_follow_from_the_database_while_the_bus_is_away() {
    let cluster = Cluster::of(2).await;
    let code = cluster.room().await;
    let mut ana = cluster.server(0).enter(code, "ana").await;
    let mut ben = cluster.server(1).enter(code, "ben").await;
    ben.add("b1").await;
    for node in &cluster.servers {
        cluster.network.disconnect(node.life);
    }
    tokio::time::sleep(Duration::from_secs(4)).await;
    ben.take_received();
    ana.add("a1").await;
    let asked_ms = cluster.server(1).clock.now_ms();
    ben.event(|event| matches!(event, Event::EntryAdded { entry, .. } if entry.track.title == "a1")).await;
    assert!(cluster.server(1).clock.now_ms() - asked_ms <= 1_500);
    match ben.ask(enqueue("b2")).await {
        ServerFrame::Reply { ok: false, error: Some(error), .. } => assert!(error.retry),
        other => panic!("{other:?}"),
    }
    for node in &cluster.servers {
        cluster.network.connect(node.life);
    }
    assert_eq!(added(&events_until_reply(&mut ben, enqueue("b3")).await), 1);
    ana.event(|event| matches!(event, Event::EntryAdded { entry, .. } if entry.track.title == "b3")).await;
}

/// The owner is slow to answer, and its members go on meanwhile: what others were shown from the database is not repeated.
#[tokio::test(start_paused = true)]
async fn a_slow_owner_does_not_repeat_what_was_shown_from_the_database() {
    let cluster = Cluster::of(2).await;
    let code = cluster.room().await;
    let mut ana = cluster.server(0).enter(code, "ana").await;
    let mut ben = cluster.server(1).enter(code, "ben").await;
    let (mut known, _) = ben.snapshot().await;
    let (first, second) = (cluster.servers[0].life, cluster.servers[1].life);
    cluster.network.part(first, second);
    tokio::time::sleep(Duration::from_millis(1_900)).await;
    cluster.network.reunite(first, second);
    let delay = Duration::from_millis(1_200);
    cluster.network.set_faults(Faults { delay: delay..=delay, ..Faults::NONE });
    cluster.server(0).tasks().spawn(cluster.network.clone().run(cluster.server(0).clock));
    // By now the other server has begun a stream, whose answer is on its way.
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    ana.add("a1").await;
    let (mut ids, mut added_count) = (vec![ben.send(enqueue("b1")).await, ben.send(enqueue("b2")).await], 0);
    while added_count < 3 || !ids.is_empty() {
        match ben.frame(|_| true).await {
            ServerFrame::Delta { position, events, .. } => {
                assert_eq!(position, Position { offset: known.offset + events.len() as u64, ..known });
                (known, added_count) = (position, added_count + added(&events));
            }
            ServerFrame::Snapshot { .. } => panic!("a snapshot"),
            ServerFrame::Reply { id, ok, .. } => {
                assert!(ok);
                ids.retain(|waiting| *waiting != id);
            }
            _ => {}
        }
    }
}

/// Two servers want to be the first: one of them is, and the other relays to it.
#[tokio::test(start_paused = true)]
async fn a_room_that_nobody_owns_gets_one_owner() {
    let cluster = Cluster::of(3).await;
    let code = cluster.server(0).room("ana").await;
    let (mut ana, mut ben, mut cleo) = tokio::join!(
        cluster.server(0).enter(code, "ana"),
        cluster.server(1).enter(code, "ben"),
        cluster.server(2).enter(code, "cleo"),
    );
    for member in [&mut ana, &mut ben, &mut cleo] {
        member.add("x").await;
    }
    for member in [&mut ana, &mut ben] {
        member.event(|event| matches!(event, Event::EntryAdded { entry, .. } if entry.track.title == "x")).await;
    }
}

#[tokio::test(start_paused = true)]
async fn lost_repeated_and_overtaking_messages_are_not_noticed() {
    for seed in 0..20 {
        let network = MemoryNetwork::new(seed, Faults { lost: 4, repeated: 4, overtaking: 4, ..Faults::NONE });
        let cluster = Cluster::over(network, 2).await;
        let code = cluster.room().await;
        let mut ana = cluster.server(0).enter(code, "ana").await;
        let mut ben = cluster.server(1).enter(code, "ben").await;
        let (mut known, _) = ben.snapshot().await;
        let (mut count, mut unanswered) = (0, vec![]);
        for number in 0..TRACKS {
            let member = if number % 2 == 0 { &ana } else { &ben };
            let id = member.send(enqueue(&format!("t{number}"))).await;
            if number % 2 == 0 {
                ana.reply(id).await;
            } else {
                unanswered.push(id);
            }
        }
        // Ben sees every event once and in order, and each of his commands is answered behind its event.
        while count < TRACKS || !unanswered.is_empty() {
            match ben.frame(|_| true).await {
                ServerFrame::Delta { position, events, .. } => {
                    let expected = Position { offset: known.offset + events.len() as u64, ..known };
                    assert_eq!(position, expected, "seed {seed}");
                    (known, count) = (position, count + added(&events));
                }
                ServerFrame::Snapshot { .. } => panic!("seed {seed}: a snapshot"),
                ServerFrame::Reply { id, ok, offset, .. } => {
                    assert!(ok && offset <= Some(known.offset), "seed {seed}: {offset:?} of {known:?}");
                    unanswered.retain(|waiting| *waiting != id);
                }
                _ => {}
            }
        }
    }
}

/// Commands in the test above.
const TRACKS: usize = 30;
