//! Memory of a server after connections were opened and closed: whether it is released.
//!
//! One wave of connections warms the server up; its memory is compared with that after two more waves.

use std::cell::RefCell;
use std::time::Duration;

use clap::Args;
use tokio::task::JoinSet;

use crate::clock;
use crate::figures::{Figures, Run};
use crate::server::{ServerUnderTest, read_and_discard};

/// Options of `churn`.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Churn {
    /// Connections in each wave.
    #[arg(long, default_value_t = 2_000)]
    pub(crate) connections: usize,

    /// Members of each room.
    #[arg(long, default_value_t = 20)]
    pub(crate) members: usize,

    /// Waves after the first.
    #[arg(long, default_value_t = 2)]
    pub(crate) waves: usize,

    /// Seconds between the end of a wave and the measurement. Empty rooms are unloaded after a minute.
    #[arg(long, default_value_t = 65.0)]
    pub(crate) rest_seconds: f64,
}

impl Churn {
    /// The name of this shape in tables.
    pub(crate) fn shape(&self) -> String {
        format!("{} come and go, {} times", self.connections, self.waves)
    }

    /// Runs the scenario on a server that was just started.
    pub(crate) async fn run(&self, server: &ServerUnderTest) -> anyhow::Result<Run> {
        let mut figures = Figures::default();
        let fresh_kib = server.processes().resident_kib()?;
        self.wave(server).await?;
        let before_kib = server.processes().resident_kib()?;
        let mut peak_kib = before_kib;
        for _ in 0..self.waves {
            peak_kib = peak_kib.max(self.wave(server).await?);
        }
        let after_kib = server.processes().resident_kib()?;
        figures.set("resident_fresh_kib", fresh_kib);
        figures.set("resident_before_kib", before_kib);
        figures.set("resident_peak_kib", peak_kib);
        figures.set("resident_after_kib", after_kib);
        figures.set("after_to_before", after_kib / before_kib);
        Ok(Run::new(self.shape(), server.target(), figures, vec![]))
    }

    /// Opens and closes all connections; returns the resident memory while they are open.
    async fn wave(&self, server: &ServerUnderTest) -> anyhow::Result<f64> {
        let dialect = server.dialect();
        let readers = RefCell::new(JoinSet::new());
        let joined = |_, connection| drop(readers.borrow_mut().spawn(read_and_discard(dialect, connection)));
        server.fill(self.connections.div_ceil(self.members), self.members, joined).await?;
        let peak_kib = server.processes().resident_kib()?;
        readers.into_inner().shutdown().await;
        clock::pass(Duration::from_secs_f64(self.rest_seconds)).await;
        Ok(peak_kib)
    }
}
