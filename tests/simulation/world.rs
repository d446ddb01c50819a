//! What happens in one seed: members act, lines break, the store fails, the server dies and comes back.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::OwnedRwLockWriteGuard;
use tutti::room::{Join, JoinError};
use tutti::store::memory::{MemoryStore, PlantedBug};
use tutti_protocol::{
    Admission, Command, CommandId, DeviceId, Duplicates, EntryId, OutputMode, Policy, ProviderId, Role, RoomCode,
    ServerFrame, SettingsChange, Track, TrackRef, UserId,
};
use tutti_test_client::{Change, CommandOutcome, PendingCommand, Received};

use crate::auditor::Auditor;
use crate::chance::Chance;
use crate::member::{Connection, Line, Member, status};
use crate::process::Process;

const STEPS: usize = 220;
const ROOMS: usize = 2;
const MEMBERS: usize = 4;
const START_MS: f64 = 1_700_000_000_000.0;
/// A client gives a command up when it went unanswered for so long: journal rows, and with them the ids of commands, are
/// kept for fifteen minutes.
const PENDING_MS_MAX: f64 = 10.0 * 60_000.0;
/// By then everything has calmed down.
const CALM_ROUNDS: usize = 60;

type Verdict = Result<(), String>;

/// How often what happened, to see that the seeds are about something.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    pub accepted: u64,
    pub refused: u64,
    pub later: u64,
    pub repeated: u64,
    pub snapshots: u64,
    pub deltas: u64,
    pub resumed: u64,
    pub slow_readers: u64,
    pub crashes: u64,
    pub restarts: u64,
    /// Starts that came sooner because the devices that listen were ready.
    pub drawn_nearer: u64,
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.accepted += other.accepted;
        self.refused += other.refused;
        self.later += other.later;
        self.repeated += other.repeated;
        self.snapshots += other.snapshots;
        self.deltas += other.deltas;
        self.resumed += other.resumed;
        self.slow_readers += other.slow_readers;
        self.crashes += other.crashes;
        self.restarts += other.restarts;
        self.drawn_nearer += other.drawn_nearer;
    }
}

pub struct World {
    pub tally: Tally,
    chance: Chance,
    store: Arc<MemoryStore>,
    process: Option<Process>,
    now_ms: f64,
    codes: Vec<RoomCode>,
    members: Vec<Member>,
    auditors: Vec<Auditor>,
    /// Connections that are dead, and whose server does not know it yet.
    undead: Vec<Connection>,
    /// While it is there nothing is stored.
    held: Option<OwnedRwLockWriteGuard<()>>,
    failing: bool,
    /// How long titles are: long ones give slow readers something to be slow about.
    padding: usize,
}

impl World {
    pub fn new(mut chance: Chance, bug: Option<PlantedBug>) -> Self {
        let store = Arc::new(MemoryStore::default());
        if let Some(bug) = bug {
            store.plant(bug);
        }
        let process = Process::start(&store, START_MS);
        let (mut codes, mut members, mut auditors) = (vec![], vec![], vec![]);
        for room in 0..ROOMS {
            for number in 0..MEMBERS {
                members.push(Member::new(&format!("m{room}{number}"), chance.uuid(), room));
            }
            let host = members[room * MEMBERS].newcomer.clone();
            let stored = process.run(process.rooms.create("Room", None, host)).expect("a room");
            codes.push(stored.code);
            auditors.push(Auditor::new(stored.id, stored.code));
        }
        let process = Some(process);
        let (undead, held, failing, now_ms) = (vec![], None, false, START_MS);
        let tally = Tally::default();
        let padding = if chance.per_cent(30) { 6_000 } else { 10 };
        Self { tally, chance, store, process, now_ms, codes, members, auditors, undead, held, failing, padding }
    }

    pub fn live(&mut self) -> Verdict {
        for _ in 0..STEPS {
            self.step()?;
            self.look()?;
        }
        self.calm_down()?;
        self.tally.drawn_nearer = self.auditors.iter().map(Auditor::drawn_nearer).sum();
        Ok(())
    }

    pub fn trace(&self) -> Vec<String> {
        self.auditors.iter().flat_map(Auditor::trace).collect()
    }

    fn process(&self) -> &Process {
        self.process.as_ref().expect("alive")
    }

    fn step(&mut self) -> Verdict {
        match self.chance.below(100) {
            0..35 => self.command(),
            35..45 => self.report(),
            45..55 => self.pass(3_000)?,
            55..58 => self.pass(200_000)?,
            58 => self.pass(20 * 60_000)?,
            59..72 => self.come(),
            72..78 => self.cut(),
            78..81 => self.stall(),
            81..85 => self.undead_are_noticed(1),
            85..88 => self.repeat(),
            88..90 => self.fail_or_recover(),
            90..92 => self.hold_or_let_go(),
            92..94 => {
                let appends = 1 + u32::try_from(self.chance.below(2)).expect("few");
                if self.chance.per_cent(50) {
                    self.store.fail_appends(appends);
                } else {
                    self.store.fail_after_appends(appends);
                }
            }
            94..97 => self.crash(),
            97..99 => self.restart()?,
            _ => self.undead_are_noticed(usize::MAX),
        }
        // Sometimes whatever comes next meets the room in the midst of this.
        let rounds = if self.chance.per_cent(30) { self.chance.index(6) } else { 40 };
        self.process().go_on_for(rounds);
        Ok(())
    }

    // What members do

    fn command(&mut self) {
        let member = self.chance.index(self.members.len());
        let command = self.any_command(member);
        let id = CommandId(self.chance.uuid());
        let now_ms = self.process().now_ms();
        self.members[member].client.push(id, command, now_ms);
        self.send_pending(member);
    }

    /// Sends what this connection has not carried yet.
    fn send_pending(&mut self, member: usize) {
        while self.members[member].up().is_some()
            && let Some((id, command)) = self.members[member].client.next_unsent()
        {
            self.send(member, id, command);
        }
    }

    /// Goes nowhere while the line is down; the client keeps it.
    fn send(&mut self, member: usize, id: CommandId, command: Command) {
        let by = self.members[member].newcomer.id;
        let (Some(process), padding) = (&self.process, self.padding) else { return };
        if let Some(connection) = self.members[member].up() {
            let tracks = tracks_of(&command, padding);
            process.run(connection.room.command(connection.link.id, by, id, command, tracks));
        }
    }

    /// The devices in a room say that they play, or not any more, and what they have ready.
    fn report(&mut self) {
        let room = self.chance.index(ROOMS);
        let state = self.auditors[room].state();
        let known = state.now_playing().map(|on| on.id).into_iter();
        let known: Vec<EntryId> = known.chain(state.order(3).iter().map(|placed| placed.entry.id)).collect();
        let loaded = self.chance.index(known.len() + 1);
        for member in self.members.iter_mut().filter(|member| member.room == room) {
            let ready = known[..loaded].iter().copied().filter(|_| self.chance.per_cent(90)).collect();
            let status = status(self.chance.per_cent(85).then_some(ready));
            if let Some(connection) = member.up() {
                connection.room.status(connection.link.id, status);
            }
        }
    }

    /// A client that sends again what was answered already, as a proxy in between might.
    fn repeat(&mut self) {
        let member = self.chance.index(self.members.len());
        let (auditor, by) = (&self.auditors[self.members[member].room], self.members[member].newcomer.id);
        let now_ms = self.process().now_ms();
        // What nothing came of is kept in memory only: repeated later, it may be a new command. And of the rest the ids are
        // kept no longer than the journal's rows.
        let stored = |command: &&PendingCommand| {
            auditor.is_stored(by, command.id) && now_ms - command.asked_at_ms < PENDING_MS_MAX
        };
        let answered = self.members[member].answered.iter().map(|(command, _)| command);
        let answered: Vec<_> = answered.filter(stored).cloned().collect();
        if !answered.is_empty() {
            let PendingCommand { id, command, .. } = self.chance.pick(&answered).clone();
            self.send(member, id, command);
        }
    }

    fn any_command(&mut self, member: usize) -> Command {
        let room = self.members[member].room;
        let state = self.auditors[room].state();
        let waiting: Vec<EntryId> = state.order(30).iter().map(|placed| placed.entry.id).collect();
        let people: Vec<UserId> =
            self.members.iter().filter(|member| member.room == room).map(|member| member.newcomer.id).collect();
        let suggested: Vec<EntryId> = state.snapshot().suggestions.iter().map(|entry| entry.id).collect();
        let devices: Vec<DeviceId> = self.members.iter_mut().filter_map(Member::device).collect();
        let chance = &mut self.chance;
        let mut entry = |from: &[EntryId]| if from.is_empty() { EntryId(chance.uuid()) } else { *chance.pick(from) };
        let (some, before, suggestion) = (entry(&waiting), entry(&waiting), entry(&suggested));
        let member = *chance.pick(&people);
        match chance.below(41) {
            0..14 => enqueue(chance.below(12)),
            14..16 => Command::Dequeue { entry: some },
            16..18 => Command::Move { entry: some, before: Some(before).filter(|_| chance.per_cent(70)) },
            18 => Command::Clear { member: Some(member).filter(|_| chance.per_cent(70)) },
            19 => Command::Vote { entry: some, value: 1 },
            20 => Command::VoteSkip { entry: None },
            21..24 => Command::Skip { entry: None, unplayable: None },
            24 => Command::Pause,
            25..27 => Command::Play,
            27 => Command::Seek { position_ms: chance.below(200_000) },
            28 => Command::SetRole { member, role: *chance.pick(&[Role::Listener, Role::Player, Role::Cohost]) },
            29 => Command::Kick { member },
            30 => Command::Ban { member },
            31 => Command::Unban { member },
            32 => Command::Undo { note: None },
            33 => Command::SetPolicy { policy: *chance.pick(Policy::ALL) },
            34 => settings(chance),
            35 => Command::Approve { entry: suggestion },
            36 => Command::Admit { member },
            37 => Command::PauseQueue,
            38 => Command::ResumeQueue { member: None },
            39 => Command::SetOutput {
                mode: *chance.pick(&[OutputMode::Everyone, OutputMode::Speakers]),
                devices: devices.iter().copied().filter(|_| chance.per_cent(40)).collect(),
            },
            _ => Command::Rename { display_name: format!("Name {}", chance.below(100)) },
        }
    }

    // What lines do

    fn come(&mut self) {
        let member = self.chance.index(self.members.len());
        self.knock(member);
    }

    fn knock(&mut self, index: usize) {
        if !matches!(self.members[index].line, Line::Down) {
            return;
        }
        let process = self.process.as_ref().expect("alive");
        let member = &mut self.members[index];
        let link = process.link(&mut self.chance, member.newcomer.id);
        let (rooms, code) = (process.rooms.clone(), self.codes[member.room]);
        let join = Join { link: link.clone(), newcomer: member.newcomer.clone(), resume: member.client.position() };
        let knocking = process.spawn(async move {
            let room = rooms.open(code).await.ok()?;
            match room.join(join).await {
                Ok(()) => Some(room),
                Err(JoinError::Refused(_) | JoinError::Unavailable) => None,
            }
        });
        member.line = Line::Knocking(link, knocking);
    }

    /// Whatever was on its way is lost, in both directions.
    fn cut(&mut self) {
        let index = self.chance.index(self.members.len());
        self.hang_up(index);
    }

    fn hang_up(&mut self, index: usize) {
        if let Line::Up(connection) = std::mem::replace(&mut self.members[index].line, Line::Down) {
            self.undead.push(connection);
        }
    }

    fn stall(&mut self) {
        let index = self.chance.index(self.members.len());
        if let Some(connection) = self.members[index].up() {
            connection.stalled = !connection.stalled;
        }
    }

    fn undead_are_noticed(&mut self, count: usize) {
        let process = self.process.as_ref().expect("alive");
        for connection in self.undead.drain(..count.min(self.undead.len())) {
            process.run(connection.room.disconnect(connection.link.id));
        }
    }

    // What happens to the server

    fn pass(&mut self, most_ms: u64) -> Verdict {
        let mut left_ms = 1 + self.chance.below(most_ms);
        while left_ms > 0 {
            // What is stored is read before any of it is old enough to be removed.
            let chunk_ms = left_ms.min(60_000);
            left_ms -= chunk_ms;
            let process = self.process.as_ref().expect("alive");
            for member in &mut self.members {
                if let Some(connection) = member.up()
                    && !connection.stalled
                {
                    process.hear(&connection.link);
                }
            }
            process.pass(Duration::from_millis(chunk_ms));
            self.read()?;
        }
        Ok(())
    }

    fn fail_or_recover(&mut self) {
        self.failing = !self.failing;
        self.store.set_failing(self.failing);
    }

    fn hold_or_let_go(&mut self) {
        self.held = match self.held.take() {
            Some(_) => None,
            None => self.store.try_hold_appends(),
        };
    }

    fn crash(&mut self) {
        self.tally.crashes += 1;
        let rounds = self.chance.index(8);
        self.process().go_on_for(rounds);
        self.end(drop);
        self.store.crash();
        self.begin();
    }

    fn restart(&mut self) -> Verdict {
        self.tally.restarts += 1;
        // What was held back so long that it is removed as soon as it is in a checkpoint is read before.
        self.held = None;
        self.process().settle();
        self.read()?;
        self.end(Process::stop);
        self.begin();
        Ok(())
    }

    /// With the process every connection is gone.
    fn end(&mut self, how: impl FnOnce(Process)) {
        self.now_ms = self.process().now_ms();
        for index in 0..self.members.len() {
            self.hang_up(index);
            self.members[index].line = Line::Down;
        }
        self.undead.clear();
        how(self.process.take().expect("alive"));
    }

    fn begin(&mut self) {
        self.now_ms += [10.0, 3_000.0, 90_000.0][self.chance.index(3)];
        self.process = Some(Process::start(&self.store, self.now_ms));
    }

    // What is seen

    fn read(&mut self) -> Verdict {
        self.auditors.iter_mut().try_for_each(|auditor| auditor.read(&self.store.stored_journal(auditor.room())))
    }

    fn look(&mut self) -> Verdict {
        self.read()?;
        for index in 0..self.members.len() {
            self.let_in(index);
            self.listen(index)?;
        }
        Ok(())
    }

    fn let_in(&mut self, index: usize) {
        let Line::Knocking(_, knocking) = &self.members[index].line else { return };
        if !knocking.is_finished() {
            return;
        }
        let Line::Knocking(link, knocking) = std::mem::replace(&mut self.members[index].line, Line::Down) else {
            return;
        };
        let room = self.process().run(knocking).expect("no panic");
        if let Some(room) = room {
            self.members[index].line = Line::Up(Connection::new(link, room));
            let now_ms = self.process().now_ms();
            let client = &mut self.members[index].client;
            client.give_up(now_ms - PENDING_MS_MAX);
            client.resend_pending();
            self.send_pending(index);
        }
    }

    fn listen(&mut self, index: usize) -> Verdict {
        let Some(connection) = self.members[index].up() else { return Ok(()) };
        if !connection.stalled {
            connection.read();
            let needs = connection.link.outbox.drain() == tutti::transport::Drained::NeedsSnapshot;
            let (room, link) = (connection.room.clone(), connection.link.clone());
            if needs {
                self.tally.slow_readers += 1;
                self.process().run(room.resync(link.id));
            }
        }
        let Some(connection) = self.members[index].up() else { return Ok(()) };
        let waiting = connection.coming.len();
        let arrives = if self.chance.per_cent(60) { waiting } else { self.chance.index(waiting + 1) };
        for _ in 0..arrives {
            let Some(got) = self.members[index].up().and_then(|connection| connection.coming.pop_front()) else {
                break;
            };
            match got {
                Received::Ping => {}
                Received::Close(_) => {
                    self.hang_up(index);
                    self.undead_are_noticed(usize::MAX);
                }
                Received::Frame(frame) => self.hear(index, &frame)?,
            }
        }
        Ok(())
    }

    fn hear(&mut self, index: usize, frame: &ServerFrame) -> Verdict {
        let member = &mut self.members[index];
        let auditor = &mut self.auditors[member.room];
        match member.client.receive(frame)? {
            Change::Welcomed { resumed } => self.tally.resumed += u64::from(resumed),
            Change::Moved => match frame {
                ServerFrame::Snapshot { position, room } => {
                    self.tally.snapshots += 1;
                    auditor.shown(*position, room)?;
                }
                _ => {
                    self.tally.deltas += 1;
                    auditor.told(frame)?;
                }
            },
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
                    CommandOutcome::Retry => self.tally.later += 1,
                }
                auditor.answered(member.newcomer.id, id, &outcome)?;
                if outcome != CommandOutcome::Retry {
                    member.answered.extend(pending.map(|command| (command, outcome)));
                }
            }
            Change::Nothing => {}
        }
        Ok(())
    }

    /// Everything works again: everybody who may come in does, and knows the room as it is.
    fn calm_down(&mut self) -> Verdict {
        self.store.set_failing(false);
        self.store.fail_appends(0);
        self.store.fail_after_appends(0);
        self.held = None;
        for index in 0..self.members.len() {
            self.hang_up(index);
        }
        self.undead_are_noticed(usize::MAX);
        for _ in 0..CALM_ROUNDS {
            for index in 0..self.members.len() {
                self.knock(index);
            }
            self.pass(1_000)?;
            self.look()?;
            self.ask_again();
        }
        for index in 0..self.members.len() {
            self.listen_to_all(index)?;
        }
        for member in &self.members {
            let auditor = &self.auditors[member.room];
            let state = auditor.state();
            if state.role_of(member.newcomer.id).is_none() || state.is_closed() {
                continue;
            }
            let Line::Up(_) = &member.line else { return Err(format!("{} does not come in", member.newcomer.name)) };
            let known = member.client.position().map_or(0, |known| known.offset);
            if known != auditor.top() {
                return Err(format!("{} knows offset {known} of {}", member.newcomer.name, auditor.top()));
            }
            if let Some(pending) = member.client.pending().first() {
                return Err(format!("{} waits for an answer to {:?}", member.newcomer.name, pending.command));
            }
        }
        Ok(())
    }

    /// What was refused for now, on connections that stand.
    fn ask_again(&mut self) {
        for index in 0..self.members.len() {
            self.members[index].client.resend_pending();
            self.send_pending(index);
        }
    }

    fn listen_to_all(&mut self, index: usize) -> Verdict {
        for _ in 0..50 {
            self.process().settle();
            self.read()?;
            self.listen(index)?;
        }
        Ok(())
    }
}

fn enqueue(title: u64) -> Command {
    Command::Enqueue { track: TrackRef { provider: ProviderId::LIBRARY, id: format!("t{title}") }, before: None }
}

fn settings(chance: &mut Chance) -> Command {
    let none = SettingsChange::default();
    let settings = match chance.below(6) {
        0 => SettingsChange { suggestions: Some(chance.per_cent(40)), ..none },
        1 => SettingsChange { players_max: Some(u32::try_from(chance.below(3)).expect("few")), ..none },
        2 => SettingsChange { duplicates: Some(Duplicates::Credit), ..none },
        3 => SettingsChange {
            admission: Some(*chance.pick(&[Admission::Open, Admission::Open, Admission::Lobby])),
            ..none
        },
        4 => SettingsChange { debt_max_ms: Some(0), ..none },
        _ => SettingsChange { vote_skip_share: Some(40), ..none },
    };
    Command::SetSettings { settings: Box::new(settings) }
}

fn tracks_of(command: &Command, padding: usize) -> Vec<Track> {
    let Command::Enqueue { track, .. } = command else { return vec![] };
    let padding = "x".repeat(padding);
    vec![Track {
        provider: ProviderId::LIBRARY,
        id: track.id.clone(),
        title: format!("{} {padding}", track.id),
        artists: vec![format!("Artist of {}", track.id)],
        album: None,
        duration_ms: 60_000 + 10_000 * (track.id.len() as u64),
        art_url: None,
        explicit: false,
    }]
}
