//! Rooms with a steady rate of publishes: server CPU per delivery, latency to the last member, and whether every member
//! gets every publish once and in order.
//!
//! The generator is two threads: one reads all sockets, one publishes on time. How busy they were and how late they
//! published is part of the result, because a generator at its limit measures itself.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::ensure;
use clap::Args;
use parking_lot::Mutex;
use tokio::task::JoinSet;

use crate::clock;
use crate::dialect::{Dialect, Message, offset_of};
use crate::figures::{Figures, Latencies, Run};
use crate::process::Process;
use crate::server::ServerUnderTest;
use crate::websocket::{Connection, Sender};

/// How long deliveries may take after the last publish; later ones count as missing.
const REST_TIMEOUT: Duration = Duration::from_secs(10);
/// Interval between checks for outstanding deliveries.
const REST_LOOK: Duration = Duration::from_millis(10);
/// A publish later than this after it was due is late.
const LATE: Duration = Duration::from_millis(5);
/// With a larger share of late publishes, or a busier reading thread, the generator is at its limit.
const LATE_SHARE_MAX: f64 = 0.01;
const OWN_CPU_MAX: f64 = 0.9;
/// Interval between attempts to publish to a server that does not read.
const TRY_AGAIN: Duration = Duration::from_micros(200);

/// Options of `fanout`.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Fanout {
    /// Rooms.
    #[arg(long, default_value_t = 50)]
    pub(crate) rooms: usize,

    /// Members of each room.
    #[arg(long, default_value_t = 20)]
    pub(crate) members: usize,

    /// Publishes per second in each room.
    #[arg(long, default_value_t = 20.0)]
    pub(crate) rate: f64,

    /// Seconds that are measured.
    #[arg(long, default_value_t = 5.0)]
    pub(crate) seconds: f64,

    /// Seconds of warm-up.
    #[arg(long, default_value_t = 1.5)]
    pub(crate) warm_up: f64,
}

/// The publishes of one room.
struct Publishes {
    members: u32,
    /// By number: when it was due, and how many members have not received it.
    published: Vec<(u64, u32)>,
}

/// Counts over all members.
#[derive(Default)]
struct Counts {
    deliveries: AtomicU64,
    awaited: AtomicU64,
    repeated: AtomicU64,
    skipped: AtomicU64,
    snapshots: AtomicU64,
    refused: AtomicU64,
    torn_offsets: AtomicU64,
    measuring: AtomicBool,
    each: Mutex<Latencies>,
    last: Mutex<Latencies>,
}

impl Fanout {
    /// The name of this shape in tables.
    pub(crate) fn shape(&self) -> String {
        format!("{} × {} × {}/s", self.rooms, self.members, self.rate)
    }

    /// Runs the scenario on a server that was just started.
    pub(crate) async fn run(&self, server: &ServerUnderTest) -> anyhow::Result<Run> {
        let counts = Arc::new(Counts::default());
        let readers = RefCell::new(JoinSet::new());
        let members = u32::try_from(self.members)?;
        let publishes = || Arc::new(Mutex::new(Publishes { members, published: vec![] }));
        let publishes_by_room: Vec<_> = (0..self.rooms).map(|_| publishes()).collect();
        let publishers = RefCell::new(vec![None; self.rooms]);
        let joined = |room: usize, connection: Connection| {
            publishers.borrow_mut()[room].get_or_insert_with(|| (connection.sender(), publishes_by_room[room].clone()));
            let publishes = publishes_by_room[room].clone();
            let listener = Listener { dialect: server.dialect(), counts: counts.clone(), publishes };
            readers.borrow_mut().spawn(listener.listen(connection));
        };
        server.fill(self.rooms, self.members, joined).await?;
        let (mut readers, publishers) = (readers.into_inner(), publishers.into_inner().into_iter().flatten().collect());

        let stop = Arc::new(AtomicBool::new(false));
        let publisher = Publisher {
            publishers,
            dialect: server.dialect(),
            period_ns: clock::ns(Duration::from_secs_f64(1.0 / self.rate / self.rooms as f64)).max(1),
            counts: counts.clone(),
            stop: stop.clone(),
        };
        let publisher = std::thread::spawn(move || publisher.publish());
        let measured = self.measure(server, &counts).await;
        stop.store(true, Ordering::Relaxed);
        let stats = tokio::task::spawn_blocking(move || publisher.join()).await?;
        let stats = stats.map_err(|_| anyhow::anyhow!("the publishing thread panicked"))??;
        let mut figures = measured?;

        let began_ns = clock::now_ns();
        while counts.awaited.load(Ordering::Relaxed) > 0 && clock::seconds_since(began_ns) < REST_TIMEOUT.as_secs_f64()
        {
            clock::pass(REST_LOOK).await;
        }
        let mut doubts = vec![];
        while let Some(ended) = readers.try_join_next() {
            if let Err(error) = ended? {
                doubts.push(format!("a member was lost: {error:#}"));
            }
        }
        readers.shutdown().await;
        Self::conclude(&mut figures, &mut doubts, &counts, &stats);
        Ok(Run::new(self.shape(), server.target(), figures, doubts))
    }

    async fn measure(&self, server: &ServerUnderTest, counts: &Counts) -> anyhow::Result<Figures> {
        clock::pass(Duration::from_secs_f64(self.warm_up)).await;
        let (process, own) = (server.processes(), Process::own());
        let before =
            (clock::now_ns(), process.cpu_seconds()?, own.cpu_seconds()?, counts.deliveries.load(Ordering::Relaxed));
        counts.measuring.store(true, Ordering::Relaxed);
        clock::pass(Duration::from_secs_f64(self.seconds)).await;
        counts.measuring.store(false, Ordering::Relaxed);
        let seconds = clock::seconds_since(before.0);
        let deliveries = (counts.deliveries.load(Ordering::Relaxed) - before.3) as f64;
        let cpu_seconds = process.cpu_seconds()? - before.1;
        ensure!(deliveries > 0.0, "nothing was delivered");

        let mut figures = Figures::default();
        figures.set("cpu_per_delivery_us", cpu_seconds / deliveries * 1e6);
        figures.set("server_cpu_cores", cpu_seconds / seconds);
        figures.set("generator_cpu_cores", (own.cpu_seconds()? - before.2) / seconds);
        figures.set("deliveries_per_s", deliveries / seconds);
        figures.set("publishes_per_s", deliveries / seconds / self.members as f64);
        figures.set("offered_publishes_per_s", self.rate * self.rooms as f64);
        figures.set("resident_kib", process.resident_kib()?);
        Ok(figures)
    }

    fn conclude(figures: &mut Figures, doubts: &mut Vec<String>, counts: &Counts, stats: &PublishStats) {
        figures.set_latencies("delivery", &counts.each.lock());
        figures.set_latencies("last_delivery", &counts.last.lock());
        figures.set("late_share", stats.late as f64 / (stats.published.max(1)) as f64);
        for (name, count) in [
            ("missing", &counts.awaited),
            ("repeated", &counts.repeated),
            ("out_of_order", &counts.skipped),
            ("snapshots_instead", &counts.snapshots),
            ("refused", &counts.refused),
            ("offsets_torn", &counts.torn_offsets),
        ] {
            let count = count.load(Ordering::Relaxed);
            figures.set(name, count as f64);
            if count > 0 {
                doubts.push(format!("{name}: {count}"));
            }
        }
        let busy = figures.get("generator_cpu_cores").unwrap_or(f64::NAN);
        let late = figures.get("late_share").unwrap_or(f64::NAN);
        if busy > OWN_CPU_MAX || late > LATE_SHARE_MAX {
            doubts.push(format!(
                "the generator was at its limit: {busy:.2} cores, {:.1} % published more than {} ms late",
                late * 100.0,
                LATE.as_millis()
            ));
        }
    }
}

/// Reads the messages of one member.
struct Listener {
    dialect: Dialect,
    counts: Arc<Counts>,
    publishes: Arc<Mutex<Publishes>>,
}

impl Listener {
    async fn listen(self, mut connection: Connection) -> anyhow::Result<()> {
        let sender = connection.sender();
        let (mut last, mut last_offset) = (None, None);
        connection
            .each(|text| {
                match self.dialect.classify(text, last) {
                    Message::Delivery(number) => {
                        self.delivered(number, &mut last);
                        self.follow_offset(text, &mut last_offset);
                    }
                    Message::Ping => {
                        sender.try_send("3")?;
                    }
                    Message::Snapshot => {
                        last_offset = None;
                        count(&self.counts.snapshots);
                    }
                    Message::Refused => count(&self.counts.refused),
                    Message::Other => {}
                }
                Ok(true)
            })
            .await
    }

    fn delivered(&self, number: u64, last: &mut Option<u64>) {
        let expected = last.map_or(number, |last| last + 1);
        if number < expected {
            return count(&self.counts.repeated);
        }
        if number > expected {
            count(&self.counts.skipped);
        }
        *last = Some(number);
        let now_ns = clock::now_ns();
        let measuring = self.counts.measuring.load(Ordering::Relaxed);
        count(&self.counts.deliveries);
        self.counts.awaited.fetch_sub(1, Ordering::Relaxed);
        let (due_ns, left) = {
            let mut publishes = self.publishes.lock();
            let Some((due_ns, left)) = usize::try_from(number).ok().and_then(|at| publishes.published.get_mut(at))
            else {
                return count(&self.counts.repeated);
            };
            *left = left.saturating_sub(1);
            (*due_ns, *left)
        };
        if measuring {
            let latency_ns = now_ns.saturating_sub(due_ns);
            self.counts.each.lock().record(latency_ns);
            if left == 0 {
                self.counts.last.lock().record(latency_ns);
            }
        }
    }

    /// In this scenario each Tutti delta holds one event, so offsets increase by one.
    fn follow_offset(&self, text: &[u8], last: &mut Option<u64>) {
        if let Dialect::Tutti = self.dialect
            && let Some(offset) = offset_of(text)
        {
            if last.is_some_and(|last| last + 1 != offset) {
                count(&self.counts.torn_offsets);
            }
            *last = Some(offset);
        }
    }
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// Publishes in each room in turn, evenly spread over time. It has its own thread, because timers of an event loop have
/// a resolution of a millisecond.
struct Publisher {
    publishers: Vec<(Sender, Arc<Mutex<Publishes>>)>,
    dialect: Dialect,
    period_ns: u64,
    counts: Arc<Counts>,
    stop: Arc<AtomicBool>,
}

struct PublishStats {
    published: u64,
    late: u64,
}

impl Publisher {
    fn publish(self) -> anyhow::Result<PublishStats> {
        let start_ns = clock::now_ns();
        let mut stats = PublishStats { published: 0, late: 0 };
        while !self.stop.load(Ordering::Relaxed) {
            let due_ns = start_ns + stats.published * self.period_ns;
            if let Some(early_ns) = due_ns.checked_sub(clock::now_ns()) {
                std::thread::sleep(Duration::from_nanos(early_ns));
            }
            let (sender, publishes) = &self.publishers[usize::try_from(stats.published)? % self.publishers.len()];
            let number = {
                let mut publishes = publishes.lock();
                let (number, members) = (publishes.published.len(), publishes.members);
                publishes.published.push((due_ns, members));
                self.counts.awaited.fetch_add(u64::from(members), Ordering::Relaxed);
                number as u64
            };
            let text = self.dialect.publish(number);
            while !sender.try_send(&text)? {
                if self.stop.load(Ordering::Relaxed) {
                    return Ok(stats);
                }
                std::thread::sleep(TRY_AGAIN);
            }
            stats.published += 1;
            stats.late += u64::from(clock::now_ns() > due_ns + clock::ns(LATE));
        }
        Ok(stats)
    }
}
