//! Three servers share a database over NATS. Under load they are killed, suspended, replaced, and cut off from NATS: nothing
//! that was acknowledged is lost or applied twice, and clients resume wherever they are.

use std::path::Path;

use tempfile::TempDir;

use crate::client::ServerRun;
use crate::database::Database;
use crate::from_environment;
use crate::harness::{Harness, RunningClients, Size};
use crate::nats::NatsServer;
use crate::program::{Program, StartCommand};
use crate::verifier::Tally;

const SIZE: Size = Size { rooms: 6, members: 15 };
const SERVERS: usize = 3;

/// Servers with a directory each, and the same keys.
struct Cluster {
    harness: Harness,
    nats: NatsServer,
    starts: Vec<StartCommand>,
    _dirs: Vec<TempDir>,
}

impl Cluster {
    async fn start(seed: u64) -> Self {
        let (database, nats) = (Database::mariadb().await, NatsServer::start(&[]));
        let dirs: Vec<_> = (0..SERVERS).map(|_| tempfile::tempdir().expect("a temporary directory")).collect();
        let starts: Vec<_> = (0..)
            .zip(&dirs)
            .map(|(number, dir)| database.start(dir.path()).sharing(&nats.url(), &name(number)))
            .collect();
        let first = tempfile::tempdir().expect("a temporary directory");
        let mut harness = Harness::started(database, first, starts[0].clone(), SIZE, seed).await;
        for (start, dir) in starts.iter().zip(&dirs).skip(1) {
            copy_keys(dirs[0].path(), dir.path());
            harness.others.push(Some(Program::start(start, 0).await));
        }
        Self { harness, nats, starts, _dirs: dirs }
    }

    fn program(&mut self, server: usize) -> &mut Option<Program> {
        match server {
            0 => &mut self.harness.program,
            other => &mut self.harness.others[other - 1],
        }
    }

    /// The server that owns most rooms.
    async fn owner(&self) -> usize {
        let owned = self.harness.database.owned_rooms().await;
        let (name_of_most, _) = owned.into_iter().max_by_key(|(_, rooms)| *rooms).expect("rooms have owners");
        (0..SERVERS).find(|number| name(*number) == name_of_most).expect("one of the servers")
    }

    /// Starts a server again that has ended.
    async fn restart(&mut self, server: usize, port: u16) {
        let program = Program::start(&self.starts[server], port).await;
        *self.program(server) = Some(program);
    }

    /// Kills a server, waits until commands are accepted in every room, and starts it again. Returns how long that took.
    async fn kill(&mut self, server: usize, run: &ServerRun) -> i64 {
        let program = self.program(server).take().expect("it runs");
        let port = program.address.port();
        program.kill().await;
        let killed_at_ms = run.clock.now_ms();
        let rooms = self.harness.codes();
        let accepted_at_ms = run.accepts_in_all(&rooms, killed_at_ms).await;
        self.restart(server, port).await;
        accepted_at_ms - killed_at_ms
    }

    async fn running(&mut self) -> RunningClients {
        let clients = self.harness.clients_count() as u64;
        let running = self.harness.start_clients();
        running.run.until(|counts| counts.welcomes >= clients && counts.accepted >= 100).await;
        running
    }

    /// All clients are answered, and agree with the database.
    async fn settle(&mut self, running: RunningClients) -> Tally {
        self.harness.settle(running).await;
        assert_eq!(self.harness.extra_epochs, 0, "the journal is complete, so every epoch continues");
        self.harness.tally()
    }
}

/// The name of a server.
fn name(number: usize) -> String {
    format!("node-{number}")
}

fn copy_keys(from: &Path, to: &Path) {
    let copied = std::process::Command::new("cp").arg("-a").arg(from.join("keys")).arg(to).status();
    assert!(copied.expect("it runs").success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killing_owners_of_rooms_loses_nothing() {
    let (rounds, seed) = (from_environment("ROUNDS", 3), from_environment("SEED", 1));
    let mut cluster = Cluster::start(seed).await;
    let (mut tally, mut took_ms) = (Tally::default(), vec![]);
    for _ in 0..rounds {
        // A room remembers so many replies only, and clients go on in the others while one waits for its next owner.
        cluster.harness.open_rooms().await;
        let running = cluster.running().await;
        let server = cluster.owner().await;
        took_ms.push(cluster.kill(server, &running.run).await);
        tally += cluster.settle(running).await;
    }
    took_ms.sort_unstable();
    let at = |share: usize| took_ms[(took_ms.len() * share / 100).min(took_ms.len() - 1)];
    println!("{rounds} kills of one of {SERVERS} servers, {} clients: {tally:?}", cluster.harness.clients_count());
    println!("commands in every room again after {} ms (median), {} ms (p99)", at(50), at(99));
    println!("0 acknowledged commands lost, 0 applied twice, {} snapshots", tally.snapshots);
    assert!(at(99) <= 10_000, "{took_ms:?}");
    assert_eq!(tally.snapshots, 0, "everybody resumes");
}

/// The server is replaced while it is suspended. When it goes on it stores nothing in rooms of others, and ends.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_suspended_server_is_replaced_and_ends() {
    let mut cluster = Cluster::start(2).await;
    cluster.harness.open_rooms().await;
    let running = cluster.running().await;
    let run = running.run.clone();
    let rooms = cluster.harness.codes();
    let owner = cluster.owner().await;
    cluster.program(owner).as_ref().expect("it runs").signal("-STOP");
    let stopped_at_ms = run.clock.now_ms();
    run.accepts_in_all(&rooms, stopped_at_ms).await;
    let program = cluster.program(owner).take().expect("it runs");
    program.signal("-CONT");
    let port = program.address.port();
    assert!(!program.wait().await.success(), "it says that it was replaced");
    cluster.restart(owner, port).await;
    let tally = cluster.settle(running).await;
    assert_eq!(tally.snapshots, 0, "{tally:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_nats_nothing_is_lost_and_afterwards_all_goes_on() {
    let mut cluster = Cluster::start(3).await;
    cluster.harness.open_rooms().await;
    let running = cluster.running().await;
    let run = running.run.clone();
    cluster.nats.kill();
    let before = run.counts();
    // Owners go on; others refuse what they cannot ask.
    run.until(|counts| counts.accepted >= before.accepted + 50 && counts.retryable > before.retryable).await;
    cluster.nats.start_again();
    let (back_at_ms, rooms) = (run.clock.now_ms(), cluster.harness.codes());
    run.accepts_in_all(&rooms, back_at_ms).await;
    let tally = cluster.settle(running).await;
    assert_eq!(tally.snapshots, 0, "{tally:?}");
}

/// One server after the other is stopped and started again, as in an update.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_are_replaced_one_by_one_under_load() {
    let mut cluster = Cluster::start(4).await;
    cluster.harness.open_rooms().await;
    let running = cluster.running().await;
    let run = running.run.clone();
    for server in 0..SERVERS {
        let program = cluster.program(server).take().expect("it runs");
        let port = program.address.port();
        program.signal("-TERM");
        assert!(program.wait().await.success());
        cluster.restart(server, port).await;
        let accepted = run.counts().accepted;
        run.until(|counts| counts.accepted >= accepted + 50).await;
    }
    let tally = cluster.settle(running).await;
    assert_eq!(tally.snapshots, 0, "{tally:?}");
}
