//! What a quiet member costs: the growth of the server's resident memory over a warmed-up server, by connection, and the
//! CPU that it uses for all of them while nothing happens but heartbeats.
//!
//! The first members warm it up (thread stacks, allocator arenas, caches) and are not counted. At Tutti every connection
//! is authenticated as a guest of its own and has joined a room.

use std::cell::RefCell;
use std::time::Duration;

use clap::Args;
use tokio::task::JoinSet;

use crate::clock;
use crate::figures::{Figures, Run};
use crate::server::{ServerUnderTest, read_and_discard};

/// Until what the last ones caused has passed (presence is told 300 ms later).
const SETTLE: Duration = Duration::from_secs(1);

/// How many, and how long.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Idle {
    /// Connections that are counted.
    #[arg(long, default_value_t = 5_000)]
    pub(crate) connections: usize,

    /// Connections that warm the server up first.
    #[arg(long, default_value_t = 500)]
    pub(crate) warm_up: usize,

    /// Members of each room.
    #[arg(long, default_value_t = 20)]
    pub(crate) members: usize,

    /// Seconds of quiet that are measured.
    #[arg(long, default_value_t = 15.0)]
    pub(crate) seconds: f64,

    /// Fails when a connection costs more than so many KiB.
    #[arg(long)]
    pub(crate) kib_max: Option<f64>,
}

impl Idle {
    /// The name of this shape.
    pub(crate) fn shape(&self) -> String {
        format!("{} idle", self.connections)
    }

    /// Runs it against a server that was just started.
    pub(crate) async fn run(&self, server: &ServerUnderTest) -> anyhow::Result<Run> {
        let process = server.process();
        let kept = Kept::default();
        self.join(server, self.warm_up, &kept).await?;
        clock::pass(SETTLE).await;
        let before_kib = process.resident_kib()?;
        self.join(server, self.connections, &kept).await?;
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
        let mut kept = kept.into_inner();
        while let Some(ended) = kept.try_join_next() {
            if let Err(error) = ended? {
                doubts.push(format!("a member was lost: {error:#}"));
            }
        }
        Ok(Run::new(self.shape(), server.target(), figures, doubts))
    }

    async fn join(&self, server: &ServerUnderTest, connections: usize, kept: &Kept) -> anyhow::Result<()> {
        let rooms = connections.div_ceil(self.members);
        let dialect = server.dialect();
        server.fill(rooms, self.members, |_, seat| drop(kept.borrow_mut().spawn(read_and_discard(dialect, seat)))).await
    }
}

type Kept = RefCell<JoinSet<anyhow::Result<()>>>;
