//! One run of the server: everything that ends with its process.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tutti::clock::Clock;
use tutti::cluster::bus::Bus;
use tutti::cluster::memory::MemoryNetwork;
use tutti::cluster::{Living, post, watch_others};
use tutti::limits::LEASE_RENEW_EVERY;
use tutti::room::Registry;
use tutti::room::remote::Remotes;
use tutti::store::journal::Journal;
use tutti::store::memory::MemoryStore;
use tutti::store::{LifeId, NodeStore as _, RoomClaims};
use tutti::telemetry::metrics::Metrics;
use tutti::transport::{Link, Outbox};
use tutti_protocol::{ConnectionId, Device, DeviceId, DeviceKind, SessionId, UserId};

use crate::measurer::RandomMeasurer;
use crate::random::Random;

/// More scheduler rounds than any chain of messages between tasks takes.
pub const ROUNDS: usize = 40;
/// Time advances in steps, so that timers fire close to when they are due.
pub const TICK: Duration = Duration::from_millis(500);

pub struct Process {
    // Dropped first: every task is cancelled, as in a crash.
    runtime: Runtime,
    pub rooms: Registry,
    clock: Clock,
    tasks: TaskTracker,
    stop: CancellationToken,
    /// Cancelled when other servers took this one for dead: it has to end.
    pub buried: CancellationToken,
}

/// How a server shares the store with others.
#[derive(Clone, Copy)]
pub struct Sharing<'a> {
    pub life: LifeId,
    pub network: &'a MemoryNetwork,
}

impl Process {
    pub fn start(
        store: &Arc<MemoryStore>,
        now_ms: f64,
        measurer: RandomMeasurer,
        sharing: Option<Sharing<'_>>,
    ) -> Self {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
        let (tasks, stop, buried) = (TaskTracker::new(), CancellationToken::new(), CancellationToken::new());
        let (rooms, clock) = runtime.block_on(async {
            let clock = Clock::starting_at(now_ms);
            let claims = sharing.as_ref().map(|sharing| RoomClaims::new(store.clone(), sharing.life));
            let journal = Journal::start(store.clone(), clock, Metrics::off(), &tasks).claiming(claims);
            let (metrics, measurer) = (Metrics::off(), Some(Arc::new(measurer) as Arc<_>));
            let rooms = Registry::new(store.clone(), journal, clock, metrics, measurer, tasks.clone(), stop.clone());
            let Some(Sharing { life, network }) = sharing else { return (rooms, clock) };
            let living = watch::Sender::new(Living::default());
            let bus: Arc<dyn Bus> = Arc::new(network.join(life));
            let remotes = Remotes::new(life, bus.clone(), living.subscribe());
            let rooms = rooms.sharing(remotes.clone());
            let steering = Box::leak(Box::default());
            let (post, sorting) = post::sort(bus, life, living.subscribe(), clock, steering, stop.clone());
            tasks.spawn(sorting);
            tasks.spawn(remotes.run(post.rooms, rooms.clone(), tasks.clone(), stop.clone()));
            let watching = watch_others(store.clone(), life, living, buried.clone(), clock, stop.clone());
            tasks.spawn(live(store.clone(), life, stop.clone(), watching));
            (rooms, clock)
        });
        Self { runtime, rooms, clock, tasks, stop, buried }
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

    /// Runs all tasks for some scheduler rounds; a small number interrupts them halfway.
    pub fn run_rounds(&self, rounds: usize) {
        self.run(async {
            for _ in 0..rounds {
                tokio::task::yield_now().await;
            }
        });
    }

    /// Moves the clock; what is due runs with the next rounds.
    pub fn advance(&self, duration: Duration) {
        self.run(tokio::time::advance(duration));
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

/// Enters, raises the beat and watches the others until `stop`, then leaves.
async fn live(store: Arc<MemoryStore>, life: LifeId, stop: CancellationToken, watching: impl Future<Output = ()>) {
    while store.enter(life, "", false).await.is_err() && !stop.is_cancelled() {
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    let beating = async {
        loop {
            tokio::time::sleep(LEASE_RENEW_EVERY).await;
            let _ = store.renew(life).await;
        }
    };
    tokio::select! {
        () = watching => {}
        () = beating => {}
    }
    stop.cancelled().await;
    let _ = store.leave(life).await;
}
