//! Time from the start of the program until it serves, on an existing database.

use std::path::Path;

use anyhow::Context as _;
use clap::Args;

use crate::figures::{Figures, Run};
use crate::target::Target;
use crate::tutti::Tutti;

/// No options.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Start {}

impl Start {
    /// Starts the program, stops it, and starts it again.
    pub(crate) async fn run(self, program: &Path) -> anyhow::Result<Run> {
        let first = Tutti::start(program).await?;
        let mut figures = Figures::default();
        figures.set("first_start_ms", first.start_seconds * 1e3);
        let folder = first.stop().await?.context("the data of a server that was not started here")?;
        let second = Tutti::start_in(program, folder).await?;
        figures.set("start_ms", second.start_seconds * 1e3);
        figures.set("resident_kib", second.process().resident_kib()?);
        Ok(Run::new("start on a warm database".into(), Target::Tutti, figures, vec![]))
    }
}
