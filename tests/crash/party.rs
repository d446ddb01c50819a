//! A few hundred people in several rooms, their server, and the judge of what they are told.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::stream;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tutti::store::{StoreResult, StoredJournal};
use tutti_protocol::{RoomCode, RoomId, ServerFrame, TrackRef};
use tutti_test_client::TestUser;

use crate::chance::Chance;
use crate::client::{Client, Life, Table};
use crate::database::Database;
use crate::disk::Disk;
use crate::judge::{Judge, Judges, Tally, judge};
use crate::program::{Program, Start};
use crate::told::{Frames, Story, Told};

/// Requests at a time, while people come in.
const AT_ONCE: usize = 16;

/// Members of a room who look at it anew when everybody is calm.
const NEWCOMERS: usize = 3;

/// How many come.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    pub rooms: usize,
    pub members: usize,
}

pub struct Party {
    pub database: Database,
    pub start: Start,
    pub chance: Chance,
    pub http: reqwest::Client,
    program: Option<Program>,
    dir: TempDir,
    size: Size,
    people: Vec<TestUser>,
    tracks: Vec<TrackRef>,
    clients: Vec<Client>,
    /// Some of each room, as if they knew nothing.
    newcomers: Vec<Client>,
    rooms: Vec<RoomId>,
    judges: Judges,
    port: u16,
    disk: Option<Disk>,
    /// Every history that a room was told to have, beyond its first.
    pub further_epochs: usize,
}

/// All clients at work.
pub struct Bustle {
    pub life: Arc<Life>,
    clients: Vec<JoinHandle<(Client, Story)>>,
}

impl Party {
    /// Starts a server and lets the people in; they have no room yet.
    pub async fn new(database: Database, size: Size, seed: u64) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let start = database.start(dir.path());
        Self::started(database, dir, start, size, seed).await
    }

    pub async fn started(database: Database, dir: TempDir, start: Start, size: Size, seed: u64) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let program = Program::start(&start, 0).await;
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        let address = program.address;
        let people = stream::iter(0..size.rooms * size.members)
            .map(|number| {
                let http = &http;
                async move { TestUser::guest(http, address, &format!("Guest {number}")).await.expect("a guest") }
            })
            .buffered(AT_ONCE);
        let people: Vec<_> = people.collect().await;
        let tracks = people[0].tracks().await;
        Self {
            database,
            start,
            chance: Chance::new(seed),
            http,
            program: Some(program),
            dir,
            size,
            people,
            tracks,
            clients: vec![],
            newcomers: vec![],
            rooms: vec![],
            judges: Judges::new(),
            port: address.port(),
            disk: None,
            further_epochs: 0,
        }
    }

    pub fn program(&self) -> &Program {
        self.program.as_ref().expect("it runs")
    }

    pub fn data_dir(&self) -> &Path {
        self.dir.path()
    }

    pub fn clients_count(&self) -> usize {
        self.people.len()
    }

    /// Everybody into new rooms. What was told in the old ones was judged.
    pub async fn open_rooms(&mut self) -> Tally {
        let tally = self.tally();
        if !self.clients.is_empty() {
            let refreshed = stream::iter(self.clients.drain(..)).map(|client| {
                let mut user = client.user;
                async move {
                    user.refresh().await.expect("still known");
                    user
                }
            });
            self.people = refreshed.buffered(AT_ONCE).collect().await;
        }
        self.judges.clear();
        for people in self.people.chunks(self.size.members) {
            let code = people[0].room("Crash", None).await.code;
            let room = self.room(code).await;
            self.judges.insert(code, Judge::new(room, code));
            let table = Arc::new(Table {
                code,
                people: people.iter().map(|person| person.id).collect(),
                host: people[0].id,
                tracks: self.tracks.clone(),
                frames: Frames::default(),
            });
            let seeds: Vec<_> = people.iter().map(|_| self.chance.below(u64::MAX)).collect();
            let clients = people.iter().zip(seeds);
            self.clients
                .extend(clients.map(|(person, seed)| Client::new(person.clone(), table.clone(), Chance::new(seed))));
        }
        self.rooms = self.judges.values().map(Judge::room).collect();
        tally
    }

    /// What happened in the rooms of now.
    pub fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        self.judges.values().for_each(|judge| tally += judge.tally);
        tally
    }

    /// Sets all clients to work.
    pub fn bustle(&mut self) -> Bustle {
        let address = self.program().address;
        self.bustle_through(address)
    }

    /// Lets all clients come and ask for nothing but what they waited for.
    pub fn quiet_bustle(&mut self) -> Bustle {
        let bustle = self.bustle();
        bustle.life.calm.cancel();
        bustle
    }

    /// Sets all clients to work, their WebSockets by way of somebody else.
    #[expect(clippy::disallowed_methods, reason = "they are waited for one by one")]
    pub fn bustle_through(&mut self, sockets: std::net::SocketAddr) -> Bustle {
        // Their tables change with the rooms, and their tokens with time.
        let tables: BTreeMap<_, Vec<_>> = self.clients.iter().fold(BTreeMap::new(), |mut tables, client| {
            tables.entry(client.table.code).or_insert_with(Vec::new).push(client.looker());
            tables
        });
        self.newcomers = tables.into_values().flat_map(|lookers| lookers.into_iter().take(NEWCOMERS)).collect();
        let life = Life::new(sockets);
        let clients = self.clients.drain(..).map(|client| tokio::spawn(client.live(life.clone()))).collect();
        Bustle { life, clients }
    }

    /// `kill -9`, and whatever was on its way to clients is read to the end.
    pub async fn kill(&mut self, bustle: Bustle) -> Vec<Story> {
        self.program.take().expect("it runs").kill().await;
        bustle.life.over.cancel();
        self.gather(bustle).await
    }

    /// Nobody asks for more, everybody gets their answers, and knows the room as it is stored, whether they followed it or
    /// come anew.
    pub async fn calm_down(&mut self, bustle: Bustle) {
        let life = bustle.life.clone();
        life.calm.cancel();
        let clients = self.people.len() as u64;
        life.until(|counts| counts.content == clients).await;
        let newcomers = self.newcomers.drain(..).map(|client| client.look(&life));
        let shown = futures_util::future::join_all(newcomers).await;
        let mut targets = BTreeMap::new();
        for story in &shown {
            let Some(Told::Frame(frame)) = story.told.last() else { panic!("not shown the room") };
            let ServerFrame::Snapshot { position, .. } = &frame.content else { panic!("not shown the room") };
            let target = targets.entry(story.room).or_insert(0);
            *target = position.offset.max(*target);
        }
        life.follow_up_to(targets);
        let mut stories = self.gather(bustle).await;
        stories.extend(shown);
        self.judge(stories).await;
    }

    /// Waits for all clients to end.
    pub async fn gather(&mut self, bustle: Bustle) -> Vec<Story> {
        let mut stories = vec![];
        for client in bustle.clients {
            let (client, story) = client.await.expect("no panic");
            self.clients.push(client);
            stories.push(story);
        }
        stories
    }

    /// Starts the server again, on the same data and the same port; how long that took.
    pub async fn start_again(&mut self) -> f64 {
        let program = Program::start(&self.start, self.port).await;
        let started_in_ms = program.started_in_ms;
        self.program = Some(program);
        started_in_ms
    }

    pub fn take_program(&mut self) -> Program {
        self.program.take().expect("it runs")
    }

    /// Holds what was told against what is stored.
    pub async fn judge(&mut self, stories: Vec<Story>) {
        let stored = self.journals().await.expect("readable");
        let mut judges = std::mem::take(&mut self.judges);
        let judging = tokio::task::spawn_blocking(move || {
            let verdict = judge(&mut judges, &stored, &stories);
            (judges, verdict)
        });
        let (judges, verdict) = judging.await.expect("no panic");
        self.judges = judges;
        if let Err(wrong) = verdict {
            panic!("{wrong}");
        }
        self.further_epochs = self.judges.values().map(|judge| judge.epochs.len().saturating_sub(1)).sum();
    }

    /// The server's files are looked at in a copy.
    pub fn looks_through(&mut self, disk: Disk) {
        self.disk = Some(disk);
    }

    /// Somebody of each room comes as if they knew nothing, and is shown it.
    pub async fn look(&self, life: &Life) {
        for looker in self.newcomers.iter().step_by(NEWCOMERS) {
            let story = looker.looker().look(life).await;
            assert!(!story.told.is_empty());
        }
    }

    /// What the server answers there.
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
