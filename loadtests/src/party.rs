//! A realistic party: members queue, vote, react, seek and skip; devices probe the clock and report their playback;
//! phones lose their connection and reconnect.
//!
//! Every frame is decoded, every delta must continue the one before, and at every heartbeat a member must be at the
//! room's offset.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use futures_util::{StreamExt as _, TryStreamExt as _};
use parking_lot::Mutex;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tutti_protocol::{
    ClientFrame, Command, CommandId, DevicePlayback, DeviceStatus, ErrorCode, Event, PlaybackState, ServerFrame,
    TrackRef,
};
use tutti_test_client::{Change, ClientState, encode};
use uuid::Uuid;

use crate::clock;
use crate::figures::{Figures, Latencies, Run};
use crate::process::Process;
use crate::server::ServerUnderTest;
use crate::tutti::{Guest, Joined, enter};

/// Interval between bursts of clock probes, and probes in a burst.
const PROBES_EVERY: Duration = Duration::from_secs(10);
const PROBES: usize = 8;
/// Interval between status reports.
const STATUS_EVERY: Duration = Duration::from_secs(5);
/// Longest time between losing a connection and reconnecting.
const AWAY_MAX_MS: u64 = 3_000;
/// Rooms that fill at a time.
const ROOMS_AT_ONCE: usize = 8;
/// Time for all members to converge at the end: more than a heartbeat interval.
const CONVERGE_TIMEOUT: Duration = Duration::from_secs(20);

/// Options of `party`.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Party {
    /// Rooms.
    #[arg(long, default_value_t = 50)]
    pub(crate) rooms: usize,

    /// Members of each room.
    #[arg(long, default_value_t = 20)]
    pub(crate) members: usize,

    /// Commands per minute of each member.
    #[arg(long, default_value_t = 12.0)]
    pub(crate) commands_per_minute: f64,

    /// Lost connections per minute of each member.
    #[arg(long, default_value_t = 0.5)]
    pub(crate) drops_per_minute: f64,

    /// Seconds that are measured.
    #[arg(long, default_value_t = 20.0)]
    pub(crate) seconds: f64,

    /// The seed of all random choices.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
}

/// Counts over all members.
#[derive(Default)]
struct Counts {
    replies: Latencies,
    probes: Latencies,
    commands: u64,
    /// The count and the first message by code.
    refused: HashMap<ErrorCode, (u64, String)>,
    deltas: u64,
    resumes: u64,
    snapshots: u64,
}

/// One member during the run.
struct PartyMember {
    guest: Guest,
    room: String,
    tracks: Arc<Vec<TrackRef>>,
    random: StdRng,
    state: ClientState,
    heartbeats: u64,
    counts: Arc<Mutex<Counts>>,
}

impl Party {
    /// The name of this shape in tables.
    pub(crate) fn shape(&self) -> String {
        format!("a party of {} × {}", self.rooms, self.members)
    }

    /// Runs the scenario on a server that was just started.
    pub(crate) async fn run(&self, server: &ServerUnderTest) -> anyhow::Result<Run> {
        let counts = Arc::new(Mutex::new(Counts::default()));
        let (end, over) = watch::channel(false);
        let members = RefCell::new(JoinSet::new());
        let start = |member, joined| drop(members.borrow_mut().spawn(self.take_part(member, joined, over.clone())));
        self.fill_rooms(server, &counts, &start).await?;
        let mut members = members.into_inner();
        *counts.lock() = Counts::default();
        let (process, own) = (server.processes(), Process::own());
        let before = (clock::now_ns(), process.cpu_seconds()?, own.cpu_seconds()?);
        clock::pass(Duration::from_secs_f64(self.seconds)).await;
        let seconds = clock::seconds_since(before.0);
        let cores = (process.cpu_seconds()? - before.1) / seconds;
        let own_cores = (own.cpu_seconds()? - before.2) / seconds;
        let resident_kib = process.resident_kib()?;
        end.send(true)?;

        let mut doubts = vec![];
        while let Some(ended) = members.join_next().await {
            if let Err(error) = ended? {
                doubts.push(format!("a member was lost: {error:#}"));
            }
        }

        let counts = counts.lock();
        let mut figures = Figures::default();
        figures.set("members", (self.rooms * self.members) as f64);
        figures.set("server_cpu_cores", cores);
        figures.set("generator_cpu_cores", own_cores);
        figures.set("resident_kib", resident_kib);
        figures.set("commands_per_s", counts.commands as f64 / seconds);
        figures.set("deltas_per_s", counts.deltas as f64 / seconds);
        figures.set("resumes", counts.resumes as f64);
        figures.set("snapshots_instead", counts.snapshots as f64);
        figures.set("refused", counts.refused.values().map(|(count, _)| count).sum::<u64>() as f64);
        figures.set_latencies("reply", &counts.replies);
        figures.set_latencies("probe", &counts.probes);
        for code in [ErrorCode::Internal, ErrorCode::Unavailable, ErrorCode::Invalid] {
            if let Some((count, why)) = counts.refused.get(&code) {
                doubts.push(format!("refused as {}: {count}, such as: {why}", code.as_str()));
            }
        }
        Ok(Run::new(self.shape(), server.target(), figures, doubts))
    }

    async fn fill_rooms(
        &self,
        server: &ServerUnderTest,
        counts: &Arc<Mutex<Counts>>,
        start: &impl Fn(PartyMember, Joined),
    ) -> anyhow::Result<()> {
        let http = &reqwest::Client::new();
        let rooms = futures_util::stream::iter(0..self.rooms).map(|room| async move {
            let host = Guest::log_in(http, server.address(), &format!("Host {room}")).await?;
            let tracks = Arc::new(host.tracks().await?);
            let code = host.open_room().await?;
            for number in 0..self.members {
                let guest = match number {
                    0 => host.clone(),
                    _ => Guest::log_in(http, server.address(), &format!("Guest {number}")).await?,
                };
                let joined = enter(&guest, &code, None).await?;
                let member = PartyMember {
                    guest,
                    room: code.clone(),
                    tracks: tracks.clone(),
                    random: StdRng::seed_from_u64(self.seed ^ ((room * self.members + number) as u64) << 16),
                    state: ClientState::at(Some(joined.position)),
                    heartbeats: 0,
                    counts: counts.clone(),
                };
                start(member, joined);
            }
            anyhow::Ok(())
        });
        rooms.buffer_unordered(ROOMS_AT_ONCE).try_collect().await.context("the rooms cannot be filled")
    }

    /// Acts as a member until the run ends.
    fn take_part(
        &self,
        mut member: PartyMember,
        mut joined: Joined,
        mut over: watch::Receiver<bool>,
    ) -> impl Future<Output = anyhow::Result<()>> + Send + 'static {
        let party = *self;
        async move {
            let mut act_ns = member.soon(party.commands_per_minute);
            let mut drop_ns = member.soon(party.drops_per_minute);
            let mut probe_ns = member.first(PROBES_EVERY);
            let mut status_ns = member.first(STATUS_EVERY);
            loop {
                let next_ns = act_ns.min(drop_ns).min(probe_ns).min(status_ns);
                let until = Duration::from_nanos(next_ns.saturating_sub(clock::now_ns()));
                tokio::select! {
                    biased;
                    _ = over.changed() => break,
                    text = joined.connection.next() => member.receive(&text?)?,
                    () = clock::pass(until) => {}
                }
                let now_ns = clock::now_ns();
                let sender = joined.connection.sender();
                if act_ns <= now_ns {
                    // Latency counts from when the command was due.
                    let command = member.choose();
                    member.state.push(CommandId(Uuid::new_v4()), command, clock::ms(act_ns));
                    while let Some((id, command)) = member.state.next_unsent() {
                        sender.send(&encode(&ClientFrame::Command { id, command })).await?;
                    }
                    act_ns += member.pause(party.commands_per_minute);
                }
                if probe_ns <= now_ns {
                    for _ in 0..PROBES {
                        sender.send(&encode(&ClientFrame::Sync { t0: clock::ms(clock::now_ns()) })).await?;
                    }
                    probe_ns += clock::ns(PROBES_EVERY);
                }
                if status_ns <= now_ns {
                    sender.send(&encode(&member.status())).await?;
                    status_ns += clock::ns(STATUS_EVERY);
                }
                if drop_ns <= now_ns {
                    joined = member.drop_and_reconnect(joined).await?;
                    drop_ns = member.soon(party.drops_per_minute);
                    // Actions that were due while disconnected are skipped.
                    act_ns = member.soon(party.commands_per_minute);
                    probe_ns = probe_ns.max(clock::now_ns());
                    status_ns = status_ns.max(clock::now_ns());
                }
            }
            member.converge(joined).await
        }
    }
}

impl PartyMember {
    /// A random time from now, for events of this rate.
    fn soon(&mut self, per_minute: f64) -> u64 {
        clock::now_ns() + self.pause(per_minute)
    }

    /// The time between two independent events (exponentially distributed).
    fn pause(&mut self, per_minute: f64) -> u64 {
        if per_minute <= 0.0 {
            return u64::MAX / 4;
        }
        let share: f64 = self.random.random_range(1e-9..1.0);
        clock::ns(Duration::from_secs_f64(-share.ln() * 60.0 / per_minute))
    }

    /// A random time in the first period, so that members are not synchronized.
    fn first(&mut self, period: Duration) -> u64 {
        clock::now_ns() + self.random.random_range(0..clock::ns(period))
    }

    fn choose(&mut self) -> Command {
        let me = self.guest.user.id;
        let mut pick = |own: bool| {
            let of = || self.state.upcoming().iter().filter(|(_, member)| (*member == me) == own);
            let count = of().count();
            (count > 0).then(|| of().nth(self.random.random_range(0..count)).map(|(entry, _)| *entry)).flatten()
        };
        let (other, own) = (pick(false), pick(true));
        match (self.random.random_range(0..100), other, own) {
            (0..25, ..) | (_, None, _) | (_, _, None) => {
                let track = self.tracks[self.random.random_range(0..self.tracks.len())].clone();
                Command::Enqueue { track, before: None }
            }
            (25..60, Some(entry), _) => Command::Vote { entry, value: self.random.random_range(-1..=1) },
            (60..75, ..) => Command::React { emoji: "🎉".into() },
            (75..85, ..) => Command::Say { text: "This one is from the summer we all remember.".into() },
            (85..90, _, Some(entry)) => Command::Dequeue { entry },
            (90..94, ..) => Command::VoteSkip { entry: None },
            (94..97, ..) => Command::Seek { position_ms: self.random.random_range(0..30_000) },
            _ => Command::ShowHistory,
        }
    }

    fn status(&mut self) -> ClientFrame {
        let playback = DevicePlayback {
            entry: None,
            position_ms: self.random.random_range(0.0..60_000.0),
            at_ms: 1.0,
            error_ms: self.random.random_range(-5.0..5.0),
            deviation_ms: None,
            measured: None,
            state: PlaybackState::Playing,
            ready: vec![],
        };
        ClientFrame::Status(DeviceStatus { playback: Some(playback), idle: false })
    }

    fn receive(&mut self, text: &str) -> anyhow::Result<()> {
        let frame: ServerFrame = serde_json::from_str(text).with_context(|| format!("an invalid frame: {text}"))?;
        let change = self.state.receive(&frame).map_err(anyhow::Error::msg)?;
        match (change, frame) {
            (_, ServerFrame::Delta { events, .. }) => {
                ensure!(!events.iter().any(|event| matches!(event, Event::RoomClosed { .. })), "the room was closed");
                self.counts.lock().deltas += 1;
            }
            (_, ServerFrame::Snapshot { .. }) => self.counts.lock().snapshots += 1,
            (Change::Replied { pending, .. }, ServerFrame::Reply { error, .. }) => {
                let asked_at_ms = pending.context("a reply to no command, or a second one")?.asked_at_ms;
                self.state.give_up_deferred();
                let mut counts = self.counts.lock();
                counts.replies.record(clock::ns_since(asked_at_ms));
                counts.commands += 1;
                if let Some(error) = error {
                    counts.refused.entry(error.code).or_insert((0, error.message)).0 += 1;
                }
            }
            (_, ServerFrame::Sync { t0, .. }) => self.counts.lock().probes.record(clock::ns_since(t0)),
            (_, ServerFrame::Heartbeat { offset, .. }) => {
                // A connection keeps the order: a client that got every delta is at the room's offset.
                let known = self.state.position().map(|position| position.offset);
                ensure!(known == Some(offset), "a heartbeat has offset {offset}, the client {known:?}");
                self.heartbeats += 1;
            }
            (
                _,
                ServerFrame::Presence { .. }
                | ServerFrame::Own(_)
                | ServerFrame::Said { .. }
                | ServerFrame::Reacted { .. },
            ) => {}
            (_, other) => bail!("unexpected: {other:?}"),
        }
        Ok(())
    }

    /// Loses the connection and reconnects after a while. Outstanding replies are lost.
    async fn drop_and_reconnect(&mut self, joined: Joined) -> anyhow::Result<Joined> {
        joined.connection.reset()?;
        clock::pass(Duration::from_millis(self.random.random_range(0..AWAY_MAX_MS))).await;
        let joined = enter(&self.guest, &self.room, self.state.position()).await.context("reconnect")?;
        self.state.restart_at(joined.position);
        let mut counts = self.counts.lock();
        if joined.resumed {
            counts.resumes += 1;
        } else {
            counts.snapshots += 1;
        }
        drop(counts);
        Ok(joined)
    }

    /// Waits until every command is answered and a heartbeat confirms the offset.
    async fn converge(mut self, mut joined: Joined) -> anyhow::Result<()> {
        let settled = tokio::time::timeout(CONVERGE_TIMEOUT, async {
            while !self.state.pending().is_empty() {
                self.receive(&joined.connection.next().await?)?;
            }
            let heard = self.heartbeats;
            while self.heartbeats == heard {
                self.receive(&joined.connection.next().await?)?;
            }
            anyhow::Ok(())
        });
        settled.await.context("replies or heartbeats are missing")?
    }
}
