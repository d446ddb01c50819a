//! A party as it is: people who come, queue, vote, react, seek and skip; devices that ask for the time and say what they
//! play; phones that lose their connection and return.
//!
//! Every frame is read as the contract says, every delta must continue the one before, and at every heartbeat a member must
//! be exactly where the room is.

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
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tutti_protocol::{EntryId, ErrorCode, Event, Position, ServerFrame};
use uuid::Uuid;

use crate::clock;
use crate::figures::{Figures, Latencies, Run};
use crate::process::Process;
use crate::target::Stage;
use crate::tutti::{Guest, Guests, Member, command, enter};

/// How often a device probes the clock, and how many probes are one burst.
const PROBES_EVERY: Duration = Duration::from_secs(10);
const PROBES: usize = 8;
/// How often a device that plays says so.
const STATUS_EVERY: Duration = Duration::from_secs(5);
/// A lost connection stays away for up to so long.
const AWAY_MAX_MS: u64 = 3_000;
/// Rooms that fill at a time.
const ROOMS_AT_ONCE: usize = 8;
/// How long everybody may take at the end to know what the room knows: a heartbeat and a bit.
const CONVERGE_TIMEOUT: Duration = Duration::from_secs(20);

/// How many, and how lively.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Party {
    /// Rooms.
    #[arg(long, default_value_t = 50)]
    pub(crate) rooms: usize,

    /// Members of each room.
    #[arg(long, default_value_t = 20)]
    pub(crate) members: usize,

    /// Commands a minute by each member.
    #[arg(long, default_value_t = 12.0)]
    pub(crate) commands_per_minute: f64,

    /// Connections that each member loses in a minute.
    #[arg(long, default_value_t = 0.5)]
    pub(crate) drops_per_minute: f64,

    /// Seconds that are measured.
    #[arg(long, default_value_t = 20.0)]
    pub(crate) seconds: f64,

    /// The seed of everything that is left to chance.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
}

/// What all members count together.
#[derive(Default)]
struct Counts {
    replies: Latencies,
    probes: Latencies,
    commands: u64,
    /// How often, and why the first time.
    refused: HashMap<ErrorCode, (u64, String)>,
    deltas: u64,
    resumes: u64,
    snapshots: u64,
}

/// One member for as long as the party goes on.
struct Guestbook {
    guest: Guest,
    room: String,
    tracks: Arc<Vec<String>>,
    random: StdRng,
    position: Position,
    waiting: HashMap<Uuid, u64>,
    /// What waits, of others and of their own.
    others: Vec<EntryId>,
    own: Vec<EntryId>,
    heartbeats: u64,
    counts: Arc<Mutex<Counts>>,
}

impl Party {
    /// The name of this shape.
    pub(crate) fn shape(&self) -> String {
        format!("a party of {} × {}", self.rooms, self.members)
    }

    /// Runs it against a server that was just started.
    pub(crate) async fn run(&self, stage: &Stage) -> anyhow::Result<Run> {
        let counts = Arc::new(Mutex::new(Counts::default()));
        let (end, over) = watch::channel(false);
        let people = RefCell::new(JoinSet::new());
        let come = |book, member| drop(people.borrow_mut().spawn(self.celebrate(book, member, over.clone())));
        self.invite(stage, &counts, &come).await?;
        let mut people = people.into_inner();
        *counts.lock() = Counts::default();
        let (server, own) = (stage.process(), Process::own());
        let before = (clock::now_ns(), server.cpu_seconds()?, own.cpu_seconds()?);
        clock::pass(Duration::from_secs_f64(self.seconds)).await;
        let seconds = clock::seconds_since(before.0);
        let cores = (server.cpu_seconds()? - before.1) / seconds;
        let own_cores = (own.cpu_seconds()? - before.2) / seconds;
        let resident_kib = server.resident_kib()?;
        end.send(true)?;

        let mut doubts = vec![];
        while let Some(ended) = people.join_next().await {
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
        Ok(Run::new(self.shape(), stage.target(), figures, doubts))
    }

    async fn invite(
        &self,
        stage: &Stage,
        counts: &Arc<Mutex<Counts>>,
        come: &impl Fn(Guestbook, Member),
    ) -> anyhow::Result<()> {
        let guests = &Guests::default();
        let rooms = futures_util::stream::iter(0..self.rooms).map(|room| async move {
            let host = guests.come(stage.address(), &format!("Host {room}")).await?;
            let tracks = Arc::new(guests.tracks(&host).await?);
            let code = host.open_room(guests).await?;
            for number in 0..self.members {
                let guest = match number {
                    0 => host.clone(),
                    _ => guests.come(stage.address(), &format!("Guest {number}")).await?,
                };
                let member = enter(&guest, &code, None).await?;
                let book = Guestbook {
                    guest,
                    room: code.clone(),
                    tracks: tracks.clone(),
                    random: StdRng::seed_from_u64(self.seed ^ ((room * self.members + number) as u64) << 16),
                    position: member.position,
                    waiting: HashMap::new(),
                    others: vec![],
                    own: vec![],
                    heartbeats: 0,
                    counts: counts.clone(),
                };
                come(book, member);
            }
            anyhow::Ok(())
        });
        rooms.buffer_unordered(ROOMS_AT_ONCE).try_collect().await.context("nobody comes")
    }

    /// What a member does until the party is over.
    fn celebrate(
        &self,
        mut book: Guestbook,
        mut member: Member,
        mut over: watch::Receiver<bool>,
    ) -> impl Future<Output = anyhow::Result<()>> + Send + 'static {
        let party = *self;
        async move {
            let mut act_ns = book.soon(party.commands_per_minute);
            let mut drop_ns = book.soon(party.drops_per_minute);
            let mut probe_ns = book.first(PROBES_EVERY);
            let mut status_ns = book.first(STATUS_EVERY);
            loop {
                let next_ns = act_ns.min(drop_ns).min(probe_ns).min(status_ns);
                let until = Duration::from_nanos(next_ns.saturating_sub(clock::now_ns()));
                tokio::select! {
                    biased;
                    _ = over.changed() => break,
                    text = member.connection.next() => book.hear(&text?)?,
                    () = clock::pass(until) => {}
                }
                let now_ns = clock::now_ns();
                let sender = member.connection.sender();
                if act_ns <= now_ns {
                    let (id, text) = command(&book.choose());
                    // From when it was due.
                    book.waiting.insert(id, act_ns);
                    sender.send(&text).await?;
                    act_ns += book.pause(party.commands_per_minute);
                }
                if probe_ns <= now_ns {
                    for _ in 0..PROBES {
                        sender.send(&json!({ "type": "sync", "t0": clock::now_ns() as f64 / 1e6 }).to_string()).await?;
                    }
                    probe_ns += clock::ns(PROBES_EVERY);
                }
                if status_ns <= now_ns {
                    sender.send(&book.status().to_string()).await?;
                    status_ns += clock::ns(STATUS_EVERY);
                }
                if drop_ns <= now_ns {
                    member = book.drop_and_return(member).await?;
                    drop_ns = book.soon(party.drops_per_minute);
                    // What was due in the tunnel is no business of the server's.
                    act_ns = book.soon(party.commands_per_minute);
                    probe_ns = probe_ns.max(clock::now_ns());
                    status_ns = status_ns.max(clock::now_ns());
                }
            }
            book.converge(member).await
        }
    }
}

impl Guestbook {
    /// Some time after now, as often as that on average.
    fn soon(&mut self, per_minute: f64) -> u64 {
        clock::now_ns() + self.pause(per_minute)
    }

    /// The time between two events that have nothing to do with each other.
    fn pause(&mut self, per_minute: f64) -> u64 {
        if per_minute <= 0.0 {
            return u64::MAX / 4;
        }
        let share: f64 = self.random.random_range(1e-9..1.0);
        clock::ns(Duration::from_secs_f64(-share.ln() * 60.0 / per_minute))
    }

    /// Somewhere in the first period, so that not everybody speaks at once.
    fn first(&mut self, period: Duration) -> u64 {
        clock::now_ns() + self.random.random_range(0..clock::ns(period))
    }

    fn choose(&mut self) -> Value {
        let other = pick(&mut self.random, &self.others);
        let own = pick(&mut self.random, &self.own);
        match (self.random.random_range(0..100), other, own) {
            (0..25, ..) | (_, None, _) | (_, _, None) => {
                let track = &self.tracks[self.random.random_range(0..self.tracks.len())];
                json!({ "name": "enqueue", "track": { "provider": "library", "id": track } })
            }
            (25..60, Some(entry), _) => {
                json!({ "name": "vote", "entry": entry, "value": self.random.random_range(-1..=1) })
            }
            (60..75, ..) => json!({ "name": "react", "emoji": "🎉" }),
            (75..85, ..) => json!({ "name": "say", "text": "This one is from the summer we all remember." }),
            (85..90, _, Some(entry)) => json!({ "name": "dequeue", "entry": entry }),
            (90..94, ..) => json!({ "name": "vote_skip" }),
            (94..97, ..) => json!({ "name": "seek", "position_ms": self.random.random_range(0..30_000) }),
            _ => json!({ "name": "show_history" }),
        }
    }

    fn status(&mut self) -> Value {
        json!({ "type": "status", "playback": {
            "entry": null,
            "position_ms": self.random.random_range(0.0..60_000.0),
            "at_ms": 1.0,
            "error_ms": self.random.random_range(-5.0..5.0),
            "state": "playing",
        }})
    }

    fn hear(&mut self, text: &str) -> anyhow::Result<()> {
        let frame: ServerFrame = serde_json::from_str(text).with_context(|| format!("not of the contract: {text}"))?;
        match frame {
            ServerFrame::Delta { position, events, upcoming, .. } => {
                ensure!(position.epoch == self.position.epoch, "another epoch");
                ensure!(
                    position.offset == self.position.offset + events.len() as u64,
                    "a gap: {} events lead from {} to {}",
                    events.len(),
                    self.position.offset,
                    position.offset
                );
                self.position = position;
                if let Some(upcoming) = upcoming {
                    let (own, others) = upcoming.iter().partition::<Vec<_>, _>(|entry| entry.member == self.guest.id);
                    self.own = own.iter().map(|entry| entry.id).collect();
                    self.others = others.iter().map(|entry| entry.id).collect();
                }
                ensure!(!events.iter().any(|event| matches!(event, Event::RoomClosed { .. })), "the room was closed");
                self.counts.lock().deltas += 1;
            }
            ServerFrame::Snapshot { position, .. } => {
                self.position = position;
                self.counts.lock().snapshots += 1;
            }
            ServerFrame::Reply { id, error, .. } => {
                let due_ns = self.waiting.remove(&id.0).context("a reply to nothing, or a second one")?;
                let mut counts = self.counts.lock();
                counts.replies.record(clock::now_ns().saturating_sub(due_ns));
                counts.commands += 1;
                if let Some(error) = error {
                    counts.refused.entry(error.code).or_insert((0, error.message)).0 += 1;
                }
            }
            ServerFrame::Sync { t0, .. } => {
                let took_ms = clock::now_ns() as f64 / 1e6 - t0;
                self.counts.lock().probes.record(clock::ns(Duration::from_secs_f64(took_ms.max(0.0) / 1e3)));
            }
            ServerFrame::Heartbeat { offset, .. } => {
                // On one connection they come in order: whoever got every delta is where the room is.
                ensure!(offset == self.position.offset, "a heartbeat knows {offset}, we {}", self.position.offset);
                self.heartbeats += 1;
            }
            ServerFrame::Presence { .. } | ServerFrame::Said { .. } | ServerFrame::Reacted { .. } => {}
            other @ (ServerFrame::Welcome { .. } | ServerFrame::Notice { .. }) => bail!("not expected: {other:?}"),
        }
        Ok(())
    }

    /// The phone is in a tunnel for a while. Replies that were under way are lost with the connection.
    async fn drop_and_return(&mut self, member: Member) -> anyhow::Result<Member> {
        member.connection.lose()?;
        self.waiting.clear();
        clock::pass(Duration::from_millis(self.random.random_range(0..AWAY_MAX_MS))).await;
        let member = enter(&self.guest, &self.room, Some(self.position)).await.context("return")?;
        self.position = member.position;
        let mut counts = self.counts.lock();
        if member.resumed {
            counts.resumes += 1;
        } else {
            counts.snapshots += 1;
        }
        drop(counts);
        Ok(member)
    }

    /// Every command is answered, and then a heartbeat says that nothing is missing.
    async fn converge(mut self, mut member: Member) -> anyhow::Result<()> {
        let settled = tokio::time::timeout(CONVERGE_TIMEOUT, async {
            while !self.waiting.is_empty() {
                self.hear(&member.connection.next().await?)?;
            }
            let heard = self.heartbeats;
            while self.heartbeats == heard {
                self.hear(&member.connection.next().await?)?;
            }
            anyhow::Ok(())
        });
        settled.await.context("replies or heartbeats do not come")?
    }
}

fn pick(random: &mut StdRng, entries: &[EntryId]) -> Option<EntryId> {
    (!entries.is_empty()).then(|| entries[random.random_range(0..entries.len())])
}
