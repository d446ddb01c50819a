//! A server, a few hundred clients in several rooms, and the verifiers of what the clients observe.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use futures_util::StreamExt as _;
use futures_util::stream;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tutti::store::{StoreResult, StoredJournal};
use tutti_protocol::{RoomCode, RoomId, ServerFrame, TrackRef};
use tutti_test_client::TestUser;

use crate::client::{Client, ServerRun, SharedRoom};
use crate::client_log::{ClientLog, Observation, SharedFrames};
use crate::database::Database;
use crate::disk::Disk;
use crate::program::{Program, StartCommand};
use crate::random::Random;
use crate::verifier::{RoomVerifier, RoomVerifiers, Tally, verify};

/// Login requests in flight.
const AT_ONCE: usize = 16;

/// Members of each room that read a fresh snapshot at the end.
const OBSERVERS: usize = 3;

/// The number of clients.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    pub rooms: usize,
    pub members: usize,
}

pub struct Harness {
    pub database: Database,
    pub start: StartCommand,
    pub random: Random,
    pub http: reqwest::Client,
    pub program: Option<Program>,
    /// Further servers that share the database.
    pub others: Vec<Option<Program>>,
    dir: TempDir,
    size: Size,
    users: Vec<TestUser>,
    tracks: Vec<TrackRef>,
    clients: Vec<Client>,
    /// Some of each room; they know nothing of it.
    observers: Vec<Client>,
    rooms: Vec<RoomId>,
    /// How often all clients were put into new rooms.
    moves: usize,
    verifiers: RoomVerifiers,
    port: u16,
    disk: Option<Disk>,
    /// Epochs beyond the first, over all rooms.
    pub extra_epochs: usize,
}

/// Clients that run.
pub struct RunningClients {
    pub run: Arc<ServerRun>,
    clients: Vec<JoinHandle<(Client, ClientLog)>>,
}

impl Harness {
    /// Starts a server and logs users in; they have no room yet.
    pub async fn new(database: Database, size: Size, seed: u64) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let start = database.start(dir.path());
        Self::started(database, dir, start, size, seed).await
    }

    pub async fn started(database: Database, dir: TempDir, start: StartCommand, size: Size, seed: u64) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let program = Program::start(&start, 0).await;
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        let address = program.address;
        let users = stream::iter(0..size.rooms * size.members)
            .map(|number| {
                let http = &http;
                async move { TestUser::guest(http, address, &format!("Guest {number}")).await.expect("a guest") }
            })
            .buffered(AT_ONCE);
        let users: Vec<_> = users.collect().await;
        let mut tracks = users[0].tracks().await;
        // Some that measuring corrects or removes.
        let measured = ["measured", "undecodable", "gone", "vanishes"];
        tracks.extend(measured.map(|id| TrackRef { provider: tutti::providers::scripted::ID, id: id.to_owned() }));
        Self {
            database,
            start,
            random: Random::new(seed),
            http,
            program: Some(program),
            others: vec![],
            dir,
            size,
            users,
            tracks,
            clients: vec![],
            observers: vec![],
            rooms: vec![],
            moves: 0,
            verifiers: RoomVerifiers::new(),
            port: address.port(),
            disk: None,
            extra_epochs: 0,
        }
    }

    pub fn program(&self) -> &Program {
        self.program.as_ref().expect("it runs")
    }

    /// The rooms in which clients are.
    pub fn codes(&self) -> Vec<RoomCode> {
        self.verifiers.keys().copied().collect()
    }

    pub fn data_dir(&self) -> &Path {
        self.dir.path()
    }

    pub fn clients_count(&self) -> usize {
        self.users.len()
    }

    /// Puts all clients into new rooms. The old ones have been verified; returns their counts.
    pub async fn open_rooms(&mut self) -> Tally {
        let tally = self.tally();
        if !self.clients.is_empty() {
            let refreshed = stream::iter(self.clients.drain(..)).map(|client| {
                let mut user = client.user;
                async move {
                    user.refresh().await.expect("the session is valid");
                    user
                }
            });
            self.users = refreshed.buffered(AT_ONCE).collect().await;
        }
        self.verifiers.clear();
        // Members take turns as hosts: the number of open rooms of one host is limited.
        let host = self.moves % self.size.members;
        self.moves += 1;
        for users in self.users.chunks(self.size.members) {
            let code = users[host].room("Crash", None).await.code;
            let room = self.room(code).await;
            self.verifiers.insert(code, RoomVerifier::new(room, code));
            let room = Arc::new(SharedRoom {
                code,
                members: users.iter().map(|user| user.id).collect(),
                host: users[host].id,
                tracks: self.tracks.clone(),
                frames: SharedFrames::default(),
                answers: AtomicUsize::new(0),
            });
            let seeds: Vec<_> = users.iter().map(|_| self.random.below(u64::MAX)).collect();
            let clients = users.iter().zip(seeds);
            self.clients.extend(clients.map(|(user, seed)| Client::new(user.clone(), room.clone(), Random::new(seed))));
        }
        self.rooms = self.verifiers.values().map(RoomVerifier::room).collect();
        tally
    }

    /// The counts of the current rooms.
    pub fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        self.verifiers.values().for_each(|verifier| tally += verifier.tally);
        tally
    }

    /// Starts all clients.
    pub fn start_clients(&mut self) -> RunningClients {
        self.start_clients_through(self.addresses())
    }

    /// Starts all clients; they send pending commands only.
    pub fn start_clients_without_commands(&mut self) -> RunningClients {
        let running = self.start_clients();
        running.run.quiesce.cancel();
        running
    }

    fn addresses(&self) -> Vec<SocketAddr> {
        self.program.iter().chain(self.others.iter().flatten()).map(|program| program.address).collect()
    }

    /// Starts all clients, their WebSockets through these addresses.
    #[expect(clippy::disallowed_methods, reason = "they are waited for one by one")]
    pub fn start_clients_through(&mut self, sockets: Vec<SocketAddr>) -> RunningClients {
        // New each time: rooms and tokens change.
        let observers: BTreeMap<_, Vec<_>> = self.clients.iter().fold(BTreeMap::new(), |mut observers, client| {
            observers.entry(client.room.code).or_insert_with(Vec::new).push(client.observer());
            observers
        });
        self.observers = observers.into_values().flat_map(|observers| observers.into_iter().take(OBSERVERS)).collect();
        let run = ServerRun::new(sockets);
        let clients = self.clients.drain(..).map(|client| tokio::spawn(client.run(run.clone()))).collect();
        RunningClients { run, clients }
    }

    /// Kills the server. Clients read everything that it sent.
    pub async fn kill(&mut self, running: RunningClients) -> Vec<ClientLog> {
        self.program.take().expect("it runs").kill().await;
        running.run.over.cancel();
        self.join(running).await
    }

    /// Stops new commands and waits until every command is answered and every client, old or new, is at the stored
    /// offset.
    pub async fn settle(&mut self, running: RunningClients) {
        let run = running.run.clone();
        run.quiesce.cancel();
        let clients = self.users.len() as u64;
        run.until(|counts| counts.settled == clients).await;
        let observers = self.observers.drain(..).map(|client| client.observe(&run));
        let observed = futures_util::future::join_all(observers).await;
        let mut targets = BTreeMap::new();
        for log in &observed {
            let Some(Observation::Frame(frame)) = log.observations.last() else { panic!("no snapshot") };
            let ServerFrame::Snapshot { position, .. } = &frame.content else { panic!("no snapshot") };
            let target = targets.entry(log.room).or_insert(0);
            *target = position.offset.max(*target);
        }
        run.stop_at(targets);
        let mut logs = self.join(running).await;
        logs.extend(observed);
        self.verify(logs).await;
    }

    /// Waits until all clients have stopped.
    pub async fn join(&mut self, running: RunningClients) -> Vec<ClientLog> {
        let mut logs = vec![];
        for client in running.clients {
            let (client, log) = client.await.expect("no panic");
            self.clients.push(client);
            logs.push(log);
        }
        logs
    }

    /// Starts the server again with the same data and port; returns how many milliseconds that took.
    pub async fn restart(&mut self) -> f64 {
        let program = Program::start(&self.start, self.port).await;
        let started_in_ms = program.started_in_ms;
        self.program = Some(program);
        started_in_ms
    }

    pub fn take_program(&mut self) -> Program {
        self.program.take().expect("it runs")
    }

    /// Checks what clients observed against what is stored.
    pub async fn verify(&mut self, logs: Vec<ClientLog>) {
        let stored = self.journals().await.expect("readable");
        let mut verifiers = std::mem::take(&mut self.verifiers);
        let verifying = tokio::task::spawn_blocking(move || {
            let verdict = verify(&mut verifiers, &stored, &logs);
            (verifiers, verdict)
        });
        let (verifiers, verdict) = verifying.await.expect("no panic");
        self.verifiers = verifiers;
        if let Err(violation) = verdict {
            panic!("{violation}");
        }
        self.extra_epochs = self.verifiers.values().map(|verifier| verifier.epochs.len().saturating_sub(1)).sum();
    }

    /// Reads the database from copies of the files on this disk.
    pub fn read_copies_of(&mut self, disk: Disk) {
        self.disk = Some(disk);
    }

    /// One observer of each room reads a snapshot.
    pub async fn observe(&self, run: &ServerRun) {
        for observer in self.observers.iter().step_by(OBSERVERS) {
            let log = observer.observer().observe(run).await;
            assert!(!log.observations.is_empty());
        }
    }

    /// The status of a GET request.
    pub async fn status(&self, path: &str) -> u16 {
        let url = format!("http://{}/{path}", self.program().address);
        self.http.get(url).send().await.expect("an answer").status().as_u16()
    }

    async fn journals(&self) -> StoreResult<Vec<StoredJournal>> {
        match self.disk {
            Some(disk) => {
                let copy = disk.copy(self.program(), self.dir.path());
                self.database.journals(copy.path(), &self.rooms).await
            }
            None => self.database.journals(self.dir.path(), &self.rooms).await,
        }
    }

    async fn room(&self, code: RoomCode) -> RoomId {
        match self.disk {
            Some(disk) => {
                let copy = disk.copy(self.program(), self.dir.path());
                self.database.room(copy.path(), code).await
            }
            None => self.database.room(self.dir.path(), code).await,
        }
    }
}
