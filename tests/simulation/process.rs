//! One run of the server: everything that ends with its process.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tutti::clock::Clock;
use tutti::room::Registry;
use tutti::store::journal::Journal;
use tutti::store::memory::MemoryStore;
use tutti::telemetry::metrics::Metrics;
use tutti::transport::{Link, Outbox};
use tutti_protocol::{ConnectionId, Device, DeviceId, DeviceKind, SessionId, UserId};

use crate::measurer::RandomMeasurer;
use crate::random::Random;

/// More scheduler rounds than any chain of messages between tasks takes.
const ROUNDS: usize = 40;
/// Time advances in steps, so that timers fire close to when they are due.
const TICK: Duration = Duration::from_millis(500);

pub struct Process {
    // Dropped first: every task is cancelled, as in a crash.
    runtime: Runtime,
    pub rooms: Registry,
    clock: Clock,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Process {
    pub fn start(store: &Arc<MemoryStore>, now_ms: f64, measurer: RandomMeasurer) -> Self {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let (rooms, clock) = runtime.block_on(async {
            let clock = Clock::starting_at(now_ms);
            let journal = Journal::start(store.clone(), clock, Metrics::off(), &tasks);
            let (metrics, measurer) = (Metrics::off(), Some(Arc::new(measurer) as Arc<_>));
            let rooms = Registry::new(store.clone(), journal, clock, metrics, measurer, tasks.clone(), stop.clone());
            (rooms, clock)
        });
        Self { runtime, rooms, clock, tasks, stop }
    }

    pub fn now_ms(&self) -> f64 {
        self.runtime.block_on(async { self.clock.now_ms_f64() })
    }

    /// Runs a future together with the server's tasks.
    pub fn run<T>(&self, task: impl Future<Output = T>) -> T {
        self.runtime.block_on(task)
    }

    /// Starts a task.
    pub fn spawn<T: Send + 'static>(
        &self,
        task: impl Future<Output = T> + Send + 'static,
    ) -> tokio::task::JoinHandle<T> {
        self.runtime.spawn(task)
    }

    /// Runs all tasks until they are idle.
    pub fn settle(&self) {
        self.run_rounds(ROUNDS);
    }

    /// Runs all tasks for some scheduler rounds; a small number interrupts them halfway.
    pub fn run_rounds(&self, rounds: usize) {
        self.run(async {
            for _ in 0..rounds {
                tokio::task::yield_now().await;
            }
        });
    }

    pub fn pass(&self, mut duration: Duration) {
        while !duration.is_zero() {
            let step = duration.min(TICK.max(duration / 40));
            self.run(tokio::time::advance(step));
            self.settle();
            duration -= step;
        }
    }

    /// Shuts down in order.
    pub fn stop(self) {
        let Self { runtime, rooms, tasks, stop, .. } = self;
        stop.cancel();
        drop(rooms);
        tasks.close();
        runtime.block_on(tasks.wait());
    }

    /// A new connection of a user, whose outbox collects frames.
    pub fn link(&self, random: &mut Random, user: UserId) -> Arc<Link> {
        let device = Device {
            id: DeviceId(random.uuid()),
            name: "A device".into(),
            kind: DeviceKind::Remote,
            providers: vec![],
        };
        let who = (user, SessionId(random.uuid()), IpAddr::V4(Ipv4Addr::LOCALHOST));
        let now_ms = self.run(async { self.clock.now_ms() });
        let expires_at_ms = now_ms + 1_000_000_000;
        Arc::new(Link::new(
            ConnectionId(random.uuid()),
            who,
            device,
            Arc::new(Outbox::gathering()),
            now_ms,
            expires_at_ms,
        ))
    }

    /// Marks a connection as alive, as its pongs would.
    pub fn mark_alive(&self, link: &Link) {
        link.heard(self.run(async { self.clock.now_ms() }));
    }
}
