//! The cost of adding a track to a long queue: runs the Criterion benchmark of the room's state, without a server, and
//! reads its medians.

use std::path::Path;

use anyhow::{Context as _, ensure};
use clap::Args;
use serde_json::Value;
use tokio::process::Command;

use crate::figures::{Figures, Run};
use crate::target::Target;

/// Queue lengths, as named by the benchmark.
const QUEUED: [u32; 4] = [50, 500, 5_000, 20_000];
/// The folder of Criterion's results.
const RESULTS: &str = "target/criterion/enqueue";

/// No options.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Queue {}

impl Queue {
    /// Runs the benchmark.
    pub(crate) async fn run(self) -> anyhow::Result<Run> {
        let mut cargo = Command::new("cargo");
        cargo.args(["bench", "--quiet", "--locked", "--package", "tutti-room-state", "--bench", "order", "--"]);
        cargo.args(["--noplot", "--warm-up-time", "1", "--measurement-time", "3", "enqueue"]);
        let output = cargo.kill_on_drop(true).output().await?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let mut figures = Figures::default();
        for queued in QUEUED {
            let path = Path::new(RESULTS).join(format!("{queued} queued/new/estimates.json"));
            let json = tokio::fs::read(&path).await.with_context(|| format!("no {}", path.display()))?;
            let found: Value = serde_json::from_slice(&json)?;
            let median_ns = found["median"]["point_estimate"].as_f64().context("no median")?;
            figures.set(format!("enqueue_{queued}_us"), median_ns / 1e3);
        }
        Ok(Run::new("one more track, 200 members".into(), Target::Tutti, figures, vec![]))
    }
}
