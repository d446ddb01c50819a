//! Connections that come and go: whether the server gives back what it took for them.
//!
//! A server that was warmed up by one wave of connections is looked at, then two more waves come, stay for a moment and go.

use std::cell::RefCell;
use std::time::Duration;

use clap::Args;
use tokio::task::JoinSet;

use crate::clock;
use crate::figures::{Figures, Run};
use crate::server::{ServerUnderTest, read_and_discard};

/// How many, and how often.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Churn {
    /// Connections of one wave.
    #[arg(long, default_value_t = 2_000)]
    pub(crate) connections: usize,

    /// Members of each room.
    #[arg(long, default_value_t = 20)]
    pub(crate) members: usize,

    /// Waves that are compared with the one before them.
    #[arg(long, default_value_t = 2)]
    pub(crate) waves: usize,

    /// Seconds after a wave has gone before the memory is looked at. Rooms leave memory after a minute.
    #[arg(long, default_value_t = 65.0)]
    pub(crate) rest_seconds: f64,
}

impl Churn {
    /// The name of this shape.
    pub(crate) fn shape(&self) -> String {
        format!("{} come and go, {} times", self.connections, self.waves)
    }

    /// Runs it against a server that was just started.
    pub(crate) async fn run(&self, server: &ServerUnderTest) -> anyhow::Result<Run> {
        let mut figures = Figures::default();
        let fresh_kib = server.process().resident_kib()?;
        self.wave(server).await?;
        let before_kib = server.process().resident_kib()?;
        let mut peak_kib = before_kib;
        for _ in 0..self.waves {
            peak_kib = peak_kib.max(self.wave(server).await?);
        }
        let after_kib = server.process().resident_kib()?;
        figures.set("resident_fresh_kib", fresh_kib);
        figures.set("resident_before_kib", before_kib);
        figures.set("resident_peak_kib", peak_kib);
        figures.set("resident_after_kib", after_kib);
        figures.set("after_to_before", after_kib / before_kib);
        Ok(Run::new(self.shape(), server.target(), figures, vec![]))
    }

    /// Everybody comes and goes; the memory while all are there.
    async fn wave(&self, server: &ServerUnderTest) -> anyhow::Result<f64> {
        let dialect = server.dialect();
        let seats = RefCell::new(JoinSet::new());
        let come = |_, seat| drop(seats.borrow_mut().spawn(read_and_discard(dialect, seat)));
        server.fill(self.connections.div_ceil(self.members), self.members, come).await?;
        let peak_kib = server.process().resident_kib()?;
        seats.into_inner().shutdown().await;
        clock::pass(Duration::from_secs_f64(self.rest_seconds)).await;
        Ok(peak_kib)
    }
}
