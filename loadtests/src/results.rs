//! The results of a bench, and the file that keeps them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use crate::figures::Run;
use crate::target::Target;

/// The scenario that runs several shapes, one after the other.
pub(crate) const GROWTH: &str = "growth";

/// All runs of a bench, and where they were made.
#[derive(Deserialize, Serialize)]
pub(crate) struct Results {
    /// One line about the machine.
    pub(crate) machine: String,
    /// The load average of the minute before the bench.
    pub(crate) load_average: f64,
    /// The command that ran the bench.
    pub(crate) command: String,
    /// The measured commit, from `git describe`.
    pub(crate) commit: String,
    /// Duration of the bench.
    pub(crate) seconds: f64,
    /// Versions of the servers.
    pub(crate) versions: BTreeMap<Target, String>,
    /// Servers that could not be measured, and why.
    pub(crate) skipped: BTreeMap<Target, String>,
    /// Runs that failed, and why.
    pub(crate) failed: Vec<String>,
    /// Runs that succeeded.
    pub(crate) runs: Vec<Run>,
    /// Scenarios whose runs come from a later bench, with its commit.
    #[serde(default)]
    pub(crate) renewed: Vec<String>,
}

impl Results {
    /// Reads what a bench wrote to `folder`.
    pub(crate) fn read(folder: &Path) -> anyhow::Result<Self> {
        let path = folder.join("results.json");
        let json = fs::read(&path).with_context(|| format!("{} is made by `make bench`", path.display()))?;
        Ok(serde_json::from_slice(&json)?)
    }

    /// Writes the results so far to `folder`.
    pub(crate) fn write(&self, folder: &Path) -> anyhow::Result<()> {
        fs::create_dir_all(folder)?;
        let json = serde_json::to_string_pretty(self)?;
        fs::write(folder.join("results.json"), json).with_context(|| format!("cannot write to {}", folder.display()))
    }

    /// Replaces the runs of each scenario that a later bench ran.
    pub(crate) fn renew(&mut self, later: Self) {
        let names: BTreeSet<_> = later.runs.iter().map(|run| run.scenario.clone()).collect();
        self.runs.retain(|run| !names.contains(&run.scenario));
        self.failed.retain(|failure| failure.split_once(',').is_none_or(|(name, _)| !names.contains(name)));
        for name in names {
            self.renewed.push(format!("{name} by `{}` at commit {}", later.command, later.commit));
        }
        self.seconds += later.seconds;
        self.runs.extend(later.runs);
        self.failed.extend(later.failed);
    }

    /// The number of rounds; fewer than asked for when the bench was stopped early.
    pub(crate) fn rounds(&self) -> usize {
        self.runs.iter().map(|run| run.round + 1).max().unwrap_or(0)
    }

    /// A figure of all runs of a scenario against a server, with their rounds.
    pub(crate) fn values(&self, scenario: &str, target: Target, figure: &str) -> impl Iterator<Item = (usize, f64)> {
        let runs = self.runs.iter().filter(move |run| run.scenario == scenario && run.target == target);
        runs.filter_map(move |run| Some((run.round, run.figures.get(figure)?)))
    }
}
