//! The events of one seed: members act, connections break, the store fails, the server crashes and restarts.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::OwnedRwLockWriteGuard;
use tutti::cluster::memory::{Faults, MemoryNetwork};
use tutti::room::{Join, RoomError};
use tutti::store::LifeId;
use tutti::store::memory::{MemoryStore, PlantedBug};
use tutti_protocol::{Command, CommandId, DeviceId, EntryId, RoomCode, ServerFrame, SettingsChange, UserId};
use tutti_test_client::{Change, CommandOutcome, PendingCommand, Received};
use uuid::Uuid;

use crate::auditor::Auditor;
use crate::commands::{self, tracks_of};
use crate::measurer::RandomMeasurer;
use crate::member::{Connection, Joining, LinkState, Member, status};
use crate::process::{Process, ROUNDS, Sharing, TICK};
use crate::random::Random;
use crate::tally::Tally;

const STEPS: usize = 220;
const ROOMS: usize = 2;
const MEMBERS: usize = 4;
const START_MS: f64 = 1_700_000_000_000.0;
/// A client gives up commands that are older: journal rows, which hold the ids of commands, are kept for fifteen
/// minutes.
const PENDING_MS_MAX: f64 = 10.0 * 60_000.0;
/// Rounds within which all clients converge.
const SETTLE_ROUNDS: usize = 60;
/// Longer than deltas wait for those that follow.
const BROADCAST_MS: u64 = 100;
/// Rounds of that length within which the last events reach all clients.
const BROADCAST_ROUNDS: usize = 5;

type Verdict = Result<(), String>;

/// A place for a process.
#[derive(Default)]
struct Server {
    life: u128,
    process: Option<Process>,
    /// Its process is stopped; time passes without it.
    is_suspended: bool,
}

impl Server {
    fn running(&self) -> Option<&Process> {
        self.process.as_ref().filter(|_| !self.is_suspended)
    }
}

pub struct World {
    pub tally: Tally,
    random: Random,
    store: Arc<MemoryStore>,
    servers: Vec<Server>,
    /// Of servers that share the store.
    network: Option<MemoryNetwork>,
    lives: u128,
    now_ms: f64,
    codes: Vec<RoomCode>,
    members: Vec<Member>,
    auditors: Vec<Auditor>,
    /// Lost connections that the server has not noticed.
    half_open: Vec<Connection>,
    /// While it is held, appends wait.
    append_gate: Option<OwnedRwLockWriteGuard<()>>,
    failing: bool,
    /// Length of titles: long ones fill the outboxes of slow readers.
    padding: usize,
}

impl World {
    pub fn new(mut random: Random, servers: usize, bug: Option<PlantedBug>) -> Self {
        let store = Arc::new(MemoryStore::default());
        if let Some(bug) = bug {
            store.plant(bug);
        }
        let padding = if random.per_cent(30) { 6_000 } else { 10 };
        let network = (servers > 1).then(|| MemoryNetwork::new(random.below(u64::MAX), Faults::NONE));
        let mut world = Self {
            tally: Tally::default(),
            random,
            store,
            servers: (0..servers).map(|_| Server::default()).collect(),
            network,
            lives: 0,
            now_ms: START_MS,
            codes: vec![],
            members: vec![],
            auditors: vec![],
            half_open: vec![],
            append_gate: None,
            failing: false,
            padding,
        };
        (0..servers).for_each(|server| world.start(server));
        (0..ROOMS).for_each(|room| world.create_room(room));
        world
    }

    fn create_room(&mut self, room: usize) {
        for number in 0..MEMBERS {
            self.members.push(Member::new(&format!("m{room}{number}"), self.random.uuid(), room));
        }
        let host = self.members[room * MEMBERS].newcomer.clone();
        // One of the rooms waits for a listener.
        let settings = SettingsChange { wait_for_listener: Some(room == 0), ..SettingsChange::default() };
        let process = self.any();
        let stored = process.run(process.rooms.create("Room", |_| None, host, settings)).expect("a room");
        self.codes.push(stored.code);
        self.auditors.push(Auditor::new(stored.id, stored.code));
    }

    pub fn run(&mut self) -> Verdict {
        for _ in 0..STEPS {
            self.step()?;
            self.observe()?;
        }
        self.settle()?;
        self.tally.advanced_starts = self.auditors.iter().map(Auditor::advanced_starts).sum();
        self.tally.waited = self.auditors.iter().map(Auditor::waited).sum();
        self.tally.measured = self.auditors.iter().map(Auditor::measured).sum();
        self.tally.faulty = self.auditors.iter().map(Auditor::faulty).sum();
        Ok(())
    }

    pub fn trace(&self) -> Vec<String> {
        self.auditors.iter().flat_map(Auditor::trace).collect()
    }

    /// A running process. What only sends to a room may run in any of them.
    fn any(&self) -> &Process {
        self.servers.iter().find_map(Server::running).expect("one always runs")
    }

    fn running(&self) -> Vec<usize> {
        (0..self.servers.len()).filter(|server| self.servers[*server].running().is_some()).collect()
    }

    fn now_ms(&self) -> f64 {
        self.any().now_ms()
    }

    /// Runs all processes for some scheduler rounds.
    fn run_rounds(&self, rounds: usize) {
        for process in self.servers.iter().filter_map(Server::running) {
            process.run_rounds(rounds);
        }
    }

    /// Runs all processes until they are idle: what one of them says makes others say something.
    fn settle_servers(&self) {
        for _ in 0..if self.network.is_some() { 6 } else { 1 } {
            self.run_rounds(ROUNDS);
        }
    }

    fn step(&mut self) -> Verdict {
        match self.random.below(100) {
            0..35 => self.send_new_command(),
            35..45 => self.report_status(),
            45..55 => self.pass(3_000)?,
            55..58 => self.pass(200_000)?,
            58 => self.pass(20 * 60_000)?,
            59..72 => self.connect_one(),
            72..78 => self.disconnect_one(),
            78..81 => self.stall_one(),
            81..85 => self.notice_lost_connections(1),
            85..88 => self.repeat_one(),
            88..90 => self.toggle_store_failure(),
            90..92 => self.toggle_append_gate(),
            92..94 => {
                let appends = 1 + u32::try_from(self.random.below(2)).expect("few");
                if self.random.per_cent(50) {
                    self.store.fail_appends(appends);
                } else {
                    self.store.fail_after_appends(appends);
                }
            }
            94..97 => self.crash(),
            97..99 => self.restart()?,
            _ => self.notice_lost_connections(usize::MAX),
        }
        if self.network.is_some() && self.random.per_cent(12) {
            self.disturb_servers();
        }
        // In some steps the room is still busy with the previous one.
        if self.random.per_cent(30) {
            let rounds = self.random.index(6);
            self.run_rounds(rounds);
        } else {
            self.settle_servers();
        }
        self.end_the_buried();
        Ok(())
    }

    // Members

    fn send_new_command(&mut self) {
        let member = self.random.index(self.members.len());
        let command = self.random_command(member);
        let id = CommandId(self.random.uuid());
        let now_ms = self.now_ms();
        self.members[member].client.push(id, command, now_ms);
        self.send_pending(member);
    }

    /// Sends the commands that were not sent on this connection.
    fn send_pending(&mut self, member: usize) {
        while self.members[member].connection().is_some()
            && let Some((id, command)) = self.members[member].client.next_unsent()
        {
            self.send(member, id, command);
        }
    }

    /// Sends nothing while disconnected; the client keeps the command.
    fn send(&mut self, member: usize, id: CommandId, command: Command) {
        let (by, padding) = (self.members[member].newcomer.id, self.padding);
        if let Some(connection) = self.members[member].connection() {
            let (room, link) = (connection.room.clone(), connection.link.id);
            let tracks = tracks_of(&command, padding);
            self.any().run(room.command(link, by, id, command, tracks));
        }
    }

    /// The devices of a room report whether they play and which entries are ready.
    fn report_status(&mut self) {
        let room = self.random.index(ROOMS);
        let state = self.auditors[room].state();
        let known = state.now_playing().map(|on| on.id).into_iter();
        let known: Vec<EntryId> = known.chain(state.order(3).iter().map(|placed| placed.entry.id)).collect();
        let loaded = self.random.index(known.len() + 1);
        for member in self.members.iter_mut().filter(|member| member.room == room) {
            let ready = known[..loaded].iter().copied().filter(|_| self.random.per_cent(90)).collect();
            let status = status(self.random.per_cent(85).then_some(ready));
            if let Some(connection) = member.connection() {
                connection.room.status(connection.link.id, status);
            }
        }
    }

    /// Resends an answered command, as a retrying proxy might.
    fn repeat_one(&mut self) {
        let member = self.random.index(self.members.len());
        let (auditor, by) = (&self.auditors[self.members[member].room], self.members[member].newcomer.id);
        let now_ms = self.now_ms();
        // A command without an event is remembered in memory only: repeated later, it may count as new. Other ids are
        // kept as long as the journal's rows.
        let stored = |command: &&PendingCommand| {
            auditor.is_stored(by, command.id) && now_ms - command.asked_at_ms < PENDING_MS_MAX
        };
        let answered = self.members[member].answered.iter().map(|(command, _)| command);
        let answered: Vec<_> = answered.filter(stored).cloned().collect();
        if !answered.is_empty() {
            let PendingCommand { id, command, .. } = self.random.pick(&answered).clone();
            self.send(member, id, command);
        }
    }

    fn random_command(&mut self, member: usize) -> Command {
        let room = self.members[member].room;
        let in_room = self.members.iter().filter(|member| member.room == room);
        let members: Vec<UserId> = in_room.map(|member| member.newcomer.id).collect();
        let devices: Vec<DeviceId> = self.members.iter_mut().filter_map(Member::device).collect();
        commands::random_command(&mut self.random, self.auditors[room].state(), &members, &devices)
    }

    // Connections

    fn connect_one(&mut self) {
        let member = self.random.index(self.members.len());
        self.connect(member);
    }

    fn connect(&mut self, index: usize) {
        if !matches!(self.members[index].link, LinkState::Disconnected) {
            return;
        }
        let running = self.running();
        let server = *self.random.pick(&running);
        let process = self.servers[server].process.as_ref().expect("it runs");
        let member = &mut self.members[index];
        let link = process.link(&mut self.random, member.newcomer.id);
        let (rooms, code) = (process.rooms.clone(), self.codes[member.room]);
        let join = Join { link: link.clone(), newcomer: member.newcomer.clone(), resume: member.client.position() };
        let task = process.spawn(async move {
            let room = rooms.open(code).await.ok()?;
            match room.join(join).await {
                Ok(()) => Some(room),
                Err(RoomError::Refused(_) | RoomError::Unavailable) => None,
            }
        });
        member.link = LinkState::Joining(Joining { server, link, task });
    }

    /// Frames in transit are lost in both directions.
    fn disconnect_one(&mut self) {
        let index = self.random.index(self.members.len());
        self.disconnect(index);
    }

    fn disconnect(&mut self, index: usize) {
        if let LinkState::Connected(connection) =
            std::mem::replace(&mut self.members[index].link, LinkState::Disconnected)
        {
            self.half_open.push(connection);
        }
    }

    fn stall_one(&mut self) {
        let index = self.random.index(self.members.len());
        if let Some(connection) = self.members[index].connection() {
            connection.stalled = !connection.stalled;
        }
    }

    fn notice_lost_connections(&mut self, count: usize) {
        let lost: Vec<_> = self.half_open.drain(..count.min(self.half_open.len())).collect();
        for connection in lost {
            self.any().run(connection.room.disconnect(connection.link.id));
        }
    }

    // The server

    fn pass(&mut self, ms_max: u64) -> Verdict {
        let mut left_ms = 1 + self.random.below(ms_max);
        while left_ms > 0 {
            // Reads the journal before rows are old enough to be removed.
            let chunk_ms = left_ms.min(60_000);
            left_ms -= chunk_ms;
            for member in &mut self.members {
                if let Some(connection) = member.connection()
                    && !connection.stalled
                    && let Some(process) = self.servers[connection.server].running()
                {
                    process.mark_alive(&connection.link);
                }
            }
            self.advance(Duration::from_millis(chunk_ms));
            self.read()?;
            self.end_the_buried();
        }
        Ok(())
    }

    /// Moves the clocks of all running processes together.
    fn advance(&self, mut duration: Duration) {
        while !duration.is_zero() {
            let step = duration.min(TICK.max(duration / 40));
            if let Some(network) = &self.network {
                network.pass(step);
            }
            self.servers.iter().filter_map(Server::running).for_each(|process| process.advance(step));
            self.settle_servers();
            duration -= step;
        }
    }

    fn toggle_store_failure(&mut self) {
        self.failing = !self.failing;
        self.store.set_failing(self.failing);
    }

    fn toggle_append_gate(&mut self) {
        self.append_gate = match self.append_gate.take() {
            Some(_) => None,
            None => self.store.try_hold_appends(),
        };
    }

    fn crash(&mut self) {
        self.tally.crashes += 1;
        let rounds = self.random.index(8);
        self.run_rounds(rounds);
        if let Some(server) = self.one_that_may_end() {
            self.end(server, drop);
            if self.network.is_none() {
                self.store.crash();
                self.start_later(server);
            }
        }
    }

    fn restart(&mut self) -> Verdict {
        self.tally.restarts += 1;
        // Reads delayed rows, which the next checkpoint may remove.
        self.append_gate = None;
        self.settle_servers();
        self.read()?;
        if let Some(server) = self.one_that_may_end() {
            self.end(server, Process::stop);
            self.start_later(server);
        }
        Ok(())
    }

    /// A running server, unless it is the last of several.
    fn one_that_may_end(&mut self) -> Option<usize> {
        let running = self.running();
        (self.network.is_none() || running.len() > 1).then(|| *self.random.pick(&running))
    }

    /// Ends a process and with it its connections.
    fn end(&mut self, server: usize, how: impl FnOnce(Process)) {
        self.now_ms = self.now_ms();
        for index in 0..self.members.len() {
            if self.members[index].server() == Some(server) {
                self.members[index].link = LinkState::Disconnected;
            }
        }
        self.half_open.retain(|connection| connection.server != server);
        self.servers[server].is_suspended = false;
        how(self.servers[server].process.take().expect("it runs"));
    }

    fn start_later(&mut self, server: usize) {
        let pause_ms = [10.0, 3_000.0, 90_000.0][self.random.index(3)];
        if self.network.is_none() {
            self.now_ms += pause_ms;
        }
        self.start(server);
    }

    fn start(&mut self, server: usize) {
        if !self.running().is_empty() {
            self.now_ms = self.now_ms();
        }
        self.lives += 1;
        let measurer = RandomMeasurer::new(self.random.below(u64::MAX));
        let sharing =
            self.network.as_ref().map(|network| Sharing { life: LifeId(Uuid::from_u128(self.lives)), network });
        let process = Some(Process::start(&self.store, self.now_ms, measurer, sharing));
        self.servers[server] = Server { life: self.lives, process, is_suspended: false };
    }

    // Several servers

    /// Starts, suspends, resumes, cuts off or reconnects one of several servers.
    fn disturb_servers(&mut self) {
        let server = self.random.index(self.servers.len());
        match self.random.below(6) {
            0 | 1 if self.servers[server].process.is_none() => self.start(server),
            0 if self.running().len() > 1 && !self.servers[server].is_suspended => {
                self.tally.suspended += 1;
                self.servers[server].is_suspended = true;
            }
            1 | 2 => self.resume(server),
            3 => {
                self.tally.cut_off += 1;
                self.network(|network, world| network.disconnect(world.life(server)));
            }
            4 => {
                self.tally.cut_off += 1;
                let other = (server + 1) % self.servers.len();
                self.network(|network, world| network.part(world.life(server), world.life(other)));
            }
            _ => self.reconnect_all(),
        }
    }

    fn network(&self, act: impl FnOnce(&MemoryNetwork, &Self)) {
        if let Some(network) = &self.network {
            act(network, self);
        }
    }

    fn life(&self, server: usize) -> LifeId {
        LifeId(Uuid::from_u128(self.servers[server].life))
    }

    fn reconnect_all(&self) {
        self.network(|network, world| {
            for server in 0..world.servers.len() {
                network.connect(world.life(server));
                (0..server).for_each(|other| network.reunite(world.life(server), world.life(other)));
            }
        });
    }

    /// Resumes a process. Its clock has gone on meanwhile.
    fn resume(&mut self, server: usize) {
        if self.servers[server].is_suspended {
            let now_ms = self.now_ms();
            self.servers[server].is_suspended = false;
            let process = self.servers[server].process.as_ref().expect("it was suspended");
            process.advance(Duration::from_secs_f64((now_ms - process.now_ms()).max(0.0) / 1e3));
        }
    }

    /// Processes that learn that others took them for dead end.
    fn end_the_buried(&mut self) {
        for server in self.running() {
            if self.servers[server].process.as_ref().is_some_and(|process| process.buried.is_cancelled()) {
                self.tally.buried += 1;
                self.end(server, drop);
                self.start(server);
            }
        }
    }

    // Observation

    fn read(&mut self) -> Verdict {
        self.auditors.iter_mut().try_for_each(|auditor| auditor.read(&self.store.stored_journal(auditor.room())))
    }

    fn observe(&mut self) -> Verdict {
        self.read()?;
        for index in 0..self.members.len() {
            self.finish_joining(index);
            self.receive_some(index)?;
        }
        Ok(())
    }

    fn finish_joining(&mut self, index: usize) {
        let LinkState::Joining(joining) = &self.members[index].link else { return };
        if !joining.task.is_finished() {
            return;
        }
        let LinkState::Joining(Joining { server, link, task }) =
            std::mem::replace(&mut self.members[index].link, LinkState::Disconnected)
        else {
            return;
        };
        let room = self.any().run(task).expect("no panic");
        if let Some(room) = room {
            self.members[index].link = LinkState::Connected(Connection::new(server, link, room));
            let now_ms = self.now_ms();
            let client = &mut self.members[index].client;
            client.give_up(now_ms - PENDING_MS_MAX);
            client.resend_pending();
            self.send_pending(index);
        }
    }

    fn receive_some(&mut self, index: usize) -> Verdict {
        let Some(connection) = self.members[index].connection() else { return Ok(()) };
        if !connection.stalled {
            connection.read();
            let needs_snapshot = connection.link.outbox.drain() == tutti::transport::Drained::NeedsSnapshot;
            let (room, link) = (connection.room.clone(), connection.link.clone());
            if needs_snapshot {
                self.tally.slow_readers += 1;
                self.any().run(room.resync(link.id));
            }
        }
        let Some(connection) = self.members[index].connection() else { return Ok(()) };
        let waiting = connection.in_transit.len();
        let arrives = if self.random.per_cent(60) { waiting } else { self.random.index(waiting + 1) };
        for _ in 0..arrives {
            let Some(received) =
                self.members[index].connection().and_then(|connection| connection.in_transit.pop_front())
            else {
                break;
            };
            match received {
                Received::Ping => {}
                Received::Close(_) => {
                    self.disconnect(index);
                    self.notice_lost_connections(usize::MAX);
                }
                Received::Frame(frame) => self.receive(index, &frame)?,
            }
        }
        Ok(())
    }

    fn receive(&mut self, index: usize, frame: &ServerFrame) -> Verdict {
        let member = &mut self.members[index];
        let auditor = &mut self.auditors[member.room];
        match member.client.receive(frame)? {
            Change::Welcomed { resumed } => self.tally.resumed += u64::from(resumed),
            Change::Moved => {
                if let ServerFrame::Snapshot { position, room } = frame {
                    self.tally.snapshots += 1;
                    auditor.snapshot(*position, room)?;
                } else {
                    self.tally.deltas += 1;
                    auditor.delta(frame)?;
                }
            }
            Change::Replied { id, outcome, pending } => {
                if let Some((_, before)) = member.answered.iter().find(|(command, _)| command.id == id) {
                    self.tally.repeated += 1;
                    if *before != outcome && outcome != CommandOutcome::Retry {
                        return Err(format!("first {before:?}, then {outcome:?}"));
                    }
                    return Ok(());
                }
                match outcome {
                    CommandOutcome::Accepted { .. } => self.tally.accepted += 1,
                    CommandOutcome::Refused => self.tally.refused += 1,
                    CommandOutcome::Retry => self.tally.retryable += 1,
                }
                auditor.reply(member.newcomer.id, id, &outcome)?;
                if outcome != CommandOutcome::Retry {
                    member.answered.extend(pending.map(|command| (command, outcome)));
                }
            }
            Change::Nothing => {}
        }
        Ok(())
    }

    /// Ends all faults: every member who may join connects and converges on the room.
    fn settle(&mut self) -> Verdict {
        self.store.set_failing(false);
        self.store.fail_appends(0);
        self.store.fail_after_appends(0);
        self.append_gate = None;
        for server in 0..self.servers.len() {
            self.resume(server);
            if self.servers[server].process.is_none() {
                self.start(server);
            }
        }
        self.reconnect_all();
        for index in 0..self.members.len() {
            self.disconnect(index);
        }
        self.notice_lost_connections(usize::MAX);
        for _ in 0..SETTLE_ROUNDS {
            for index in 0..self.members.len() {
                self.connect(index);
            }
            self.pass(1_000)?;
            self.observe()?;
            self.resend_pending();
        }
        // A track may have ended in the last moment: its events are broadcast a little later.
        for _ in 0..BROADCAST_ROUNDS {
            self.pass(BROADCAST_MS)?;
            for index in 0..self.members.len() {
                self.receive_all(index)?;
            }
            if self.members.iter().all(|member| !self.is_behind(member)) {
                break;
            }
        }
        for member in &self.members {
            if !self.is_in_its_room(member) {
                continue;
            }
            let LinkState::Connected(_) = &member.link else {
                return Err(format!("{} cannot join", member.newcomer.name));
            };
            if self.is_behind(member) {
                let (known, top) = (member.client.position(), self.auditors[member.room].top());
                return Err(format!("{} is at {known:?} of {top}", member.newcomer.name));
            }
            if let Some(pending) = member.client.pending().first() {
                return Err(format!("{} has no answer to {:?}", member.newcomer.name, pending.command));
            }
        }
        Ok(())
    }

    fn is_in_its_room(&self, member: &Member) -> bool {
        let state = self.auditors[member.room].state();
        state.role_of(member.newcomer.id).is_some() && !state.is_closed()
    }

    /// Whether its client does not know everything yet.
    fn is_behind(&self, member: &Member) -> bool {
        let known = member.client.position().map_or(0, |known| known.offset);
        self.is_in_its_room(member) && known != self.auditors[member.room].top()
    }

    /// Resends pending commands on every connection.
    fn resend_pending(&mut self) {
        for index in 0..self.members.len() {
            self.members[index].client.resend_pending();
            self.send_pending(index);
        }
    }

    fn receive_all(&mut self, index: usize) -> Verdict {
        for _ in 0..50 {
            self.settle_servers();
            self.read()?;
            self.receive_some(index)?;
        }
        Ok(())
    }
}
