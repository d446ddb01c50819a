//! The cost of idle members: growth of the server's resident memory per connection, and its CPU time while it only
//! sends heartbeats.
//!
//! The first members warm the server up (thread stacks, allocator arenas, caches) and are not counted. On Tutti every
//! connection belongs to its own guest and has joined a room.

use std::cell::RefCell;
use std::time::Duration;

use clap::Args;
use tokio::task::JoinSet;

use crate::clock;
use crate::figures::{Figures, Run};
use crate::server::{ServerUnderTest, read_and_discard};

/// Time for the server to finish the work of the last joins (presence is sent 300 ms later).
const SETTLE: Duration = Duration::from_secs(1);

/// Options of `idle`.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Idle {
    /// Connections that are measured.
    #[arg(long, default_value_t = 5_000)]
    pub(crate) connections: usize,

    /// Connections for warm-up.
    #[arg(long, default_value_t = 500)]
    pub(crate) warm_up: usize,

    /// Members of each room.
    #[arg(long, default_value_t = 20)]
    pub(crate) members: usize,

    /// Seconds that are measured.
    #[arg(long, default_value_t = 15.0)]
    pub(crate) seconds: f64,

    /// Fails when a connection takes more KiB than this.
    #[arg(long)]
    pub(crate) kib_max: Option<f64>,
}

impl Idle {
    /// The name of this shape in tables.
    pub(crate) fn shape(&self) -> String {
        format!("{} idle", self.connections)
    }

    /// Runs the scenario on a server that was just started.
    pub(crate) async fn run(&self, server: &ServerUnderTest) -> anyhow::Result<Run> {
        let process = server.processes();
        let readers = Readers::default();
        self.join(server, self.warm_up, &readers).await?;
        clock::pass(SETTLE).await;
        let before_kib = process.resident_kib()?;
        self.join(server, self.connections, &readers).await?;
        clock::pass(SETTLE).await;

        let (began_ns, cpu_seconds) = (clock::now_ns(), process.cpu_seconds()?);
        clock::pass(Duration::from_secs_f64(self.seconds)).await;
        let cpu_share = (process.cpu_seconds()? - cpu_seconds) / clock::seconds_since(began_ns);
        let after_kib = process.resident_kib()?;

        let mut figures = Figures::default();
        figures.set("members", (self.warm_up + self.connections) as f64);
        figures.set("resident_before_kib", before_kib);
        figures.set("resident_kib", after_kib);
        figures.set("kib_per_connection", (after_kib - before_kib) / self.connections as f64);
        figures.set("server_cpu_cores", cpu_share);
        let mut doubts = vec![];
        let mut readers = readers.into_inner();
        while let Some(ended) = readers.try_join_next() {
            if let Err(error) = ended? {
                doubts.push(format!("a member was lost: {error:#}"));
            }
        }
        Ok(Run::new(self.shape(), server.target(), figures, doubts))
    }

    async fn join(&self, server: &ServerUnderTest, connections: usize, readers: &Readers) -> anyhow::Result<()> {
        let rooms = connections.div_ceil(self.members);
        let dialect = server.dialect();
        server
            .fill(rooms, self.members, |_, connection| {
                drop(readers.borrow_mut().spawn(read_and_discard(dialect, connection)));
            })
            .await
    }
}

type Readers = RefCell<JoinSet<anyhow::Result<()>>>;
