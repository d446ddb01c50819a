//! All scenarios against all servers, in rounds.
//!
//! In each round every scenario runs against one server after the other, and each round starts with a different server,
//! so that drift of the machine affects all alike. Ratios are computed within a round.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};

use crate::churn::Churn;
use crate::clock;
use crate::commands::Commands;
use crate::fanout::Fanout;
use crate::figures::Run;
use crate::idle::Idle;
use crate::nodes::Nodes;
use crate::party::Party;
use crate::process::{load_average, machine};
use crate::queue::Queue;
use crate::results::{GROWTH, Results};
use crate::server::{ServerUnderTest, Source};
use crate::start::Start;
use crate::storm::Storm;
use crate::target::Target;
use crate::{child, peer, report};

/// A run that takes longer fails.
const RUN_TIMEOUT: Duration = Duration::from_mins(5);
/// Rounds of the runs that no target depends on: peers other than Bun, and `growth`. In every round they would double
/// the duration.
const ROUNDS_OF_THE_REST: usize = 1;
/// Rooms, members and publishes per second of the shapes of `growth`: first the same number of deliveries divided
/// differently, then an increasing number.
const GROWTH_SHAPES: [(usize, usize, f64); 10] = [
    (1_000, 2, 5.0),
    (500, 20, 1.0),
    (100, 100, 1.0),
    (10, 1_000, 1.0),
    (2, 5_000, 1.0),
    (50, 20, 2.0),
    (50, 20, 10.0),
    (50, 20, 50.0),
    (50, 20, 100.0),
    (50, 20, 200.0),
];
/// All servers in the order of tables.
const ALL: [Target; 6] = [Target::Tutti, Target::Bun, Target::Nchan, Target::Ws, Target::SocketIo, Target::Tungstenite];

/// One scenario.
#[derive(Clone, Copy, Debug, Subcommand)]
pub(crate) enum Scenario {
    /// Measures memory and CPU for many idle members.
    Idle(Idle),
    /// Publishes at a steady rate in many rooms.
    Fanout(Fanout),
    /// Publishes in one large room: `fanout` with other defaults.
    BigRoom(BigRoom),
    /// Simulates members who queue, vote, seek, lose their connection and reconnect.
    Party(Party),
    /// Resets many connections, which reconnect at once.
    Storm(Storm),
    /// Opens and closes many connections.
    Churn(Churn),
    /// Measures acknowledged commands per second.
    Commands(Commands),
    /// Measures the time until the server serves.
    Start(Start),
    /// Measures adding a track to a long queue.
    Queue(Queue),
    /// Measures rooms that several servers share, divided by rooms of one server.
    Nodes(Nodes),
}

/// Options of `big-room`.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct BigRoom {
    /// Members of the room.
    #[arg(long, default_value_t = 2_000)]
    pub(crate) members: usize,

    /// Publishes per second.
    #[arg(long, default_value_t = 10.0)]
    pub(crate) rate: f64,

    /// Seconds that are measured.
    #[arg(long, default_value_t = 5.0)]
    pub(crate) seconds: f64,
}

/// Options of `bench`, which writes the results after each round.
#[derive(Args, Debug)]
pub(crate) struct Suite {
    /// Run five rounds with the sizes of the targets, instead of one round with smaller ones.
    #[arg(long)]
    full: bool,

    /// Number of rounds [default: 5 with --full, else 1].
    #[arg(long)]
    rounds: Option<usize>,

    /// Run only these scenarios.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,

    /// Run only these servers.
    #[arg(long, value_delimiter = ',')]
    targets: Vec<Target>,

    /// Folder for `results.json`; created if missing.
    #[arg(long, default_value = "target/bench")]
    output: PathBuf,
}

impl Scenario {
    /// Runs the scenario once.
    pub(crate) async fn run(&self, target: Target, source: &Source<'_>) -> anyhow::Result<Run> {
        let run = async {
            match (self, source) {
                (Self::Commands(commands), _) => return commands.run(source.tutti().await?).await,
                (Self::Start(start), Source::Program(program)) => return start.run(program).await,
                (Self::Queue(queue), _) => return queue.run().await,
                (Self::Nodes(nodes), Source::Program(program)) => return nodes.run(program).await,
                (Self::Start(_) | Self::Nodes(_), Source::Running(..)) => bail!("it needs servers that it can start"),
                _ => {}
            }
            let server = ServerUnderTest::start(target, source).await?;
            match self {
                Self::Idle(idle) => idle.run(&server).await,
                Self::Fanout(fanout) => fanout.run(&server).await,
                Self::BigRoom(room) => room.fanout().run(&server).await,
                Self::Party(party) => party.run(&server).await,
                Self::Storm(storm) => storm.run(&server).await,
                Self::Churn(churn) => churn.run(&server).await,
                Self::Commands(_) | Self::Start(_) | Self::Queue(_) | Self::Nodes(_) => unreachable!("handled above"),
            }
        };
        tokio::time::timeout(RUN_TIMEOUT, run).await.context("the run took too long")?
    }

    /// Fails when a run exceeds a bound given on the command line.
    pub(crate) fn check_bounds(&self, run: &Run) -> anyhow::Result<()> {
        let Self::Idle(Idle { kib_max: Some(max), .. }) = self else { return Ok(()) };
        let each_kib = run.figures.get("kib_per_connection").unwrap_or(f64::NAN);
        anyhow::ensure!(each_kib <= *max, "{each_kib:.2} KiB per connection is more than {max}");
        Ok(())
    }

    /// Whether the scenario applies to a server.
    fn is_for(&self, target: Target) -> bool {
        match self {
            Self::Fanout(_) | Self::BigRoom(_) | Self::Idle(_) => true,
            Self::Storm(_) => matches!(target, Target::Tutti | Target::Bun),
            Self::Party(_) | Self::Churn(_) | Self::Commands(_) | Self::Start(_) | Self::Queue(_) | Self::Nodes(_) => {
                target == Target::Tutti
            }
        }
    }
}

/// The command that runs the same bench again.
fn command_line(arguments: impl Iterator<Item = String>) -> String {
    match arguments.collect::<Vec<_>>().join(" ").as_str() {
        "bench" => "make bench".into(),
        "bench --full" => "make bench-full".into(),
        other => format!("target/release/tutti-loadtests {other}"),
    }
}

impl BigRoom {
    fn fanout(self) -> Fanout {
        Fanout { rooms: 1, members: self.members, rate: self.rate, seconds: self.seconds, warm_up: 1.5 }
    }
}

impl Suite {
    /// Runs all rounds.
    pub(crate) async fn run(&self, program: &Path) -> anyhow::Result<()> {
        let rounds = self.rounds.unwrap_or(if self.full { 5 } else { 1 });
        let began_ns = clock::now_ns();
        let mut results = Results {
            machine: machine(),
            load_average: load_average(),
            command: command_line(std::env::args().skip(1)),
            commit: child::output_of("git", &["describe", "--always", "--dirty"]).await,
            seconds: 0.0,
            versions: peer::versions().await,
            skipped: BTreeMap::new(),
            failed: vec![],
            runs: vec![],
            renewed: vec![],
        };
        let mut targets: Vec<_> =
            ALL.into_iter().filter(|target| self.targets.is_empty() || self.targets.contains(target)).collect();
        for round in 0..rounds {
            for (name, scenario) in self.scenarios() {
                let in_each_round = |target: &Target| name != GROWTH && matches!(target, Target::Tutti | Target::Bun);
                let is_for = |target: &Target| {
                    // Only Tutti runs `growth`.
                    scenario.is_for(*target)
                        && (name != GROWTH || *target == Target::Tutti)
                        && (round < ROUNDS_OF_THE_REST || in_each_round(target))
                };
                for target in targets.iter().copied().filter(is_for) {
                    if !results.skipped.contains_key(&target) {
                        Self::run_one(round, name, &scenario, target, program, &mut results).await;
                    }
                }
            }
            targets.rotate_left(1);
            results.seconds = clock::seconds_since(began_ns);
            results.write(&self.output)?;
        }
        anyhow::ensure!(results.failed.is_empty(), "runs failed: {}", results.failed.join("; "));
        Ok(())
    }

    async fn run_one(
        round: usize,
        name: &str,
        scenario: &Scenario,
        target: Target,
        program: &Path,
        results: &mut Results,
    ) {
        match scenario.run(target, &Source::Program(program)).await {
            Ok(mut run) => {
                name.clone_into(&mut run.scenario);
                run.round = round;
                report::print_run(&run);
                results.runs.push(run);
            }
            Err(error) if target != Target::Tutti && peer::cannot_start(&error) => {
                report::print_skipped(target, &error);
                results.skipped.insert(target, format!("{error:#}"));
            }
            Err(error) => {
                let failure = format!("{name}, {}: {error:#}", target.name());
                report::print_failed(&failure);
                results.failed.push(failure);
            }
        }
    }

    fn scenarios(&self) -> Vec<(&'static str, Scenario)> {
        let full = self.full;
        let either = |small: usize, large: usize| if full { large } else { small };
        let fanout =
            |rate| Fanout { rooms: 50, members: 20, rate, seconds: if full { 8.0 } else { 4.0 }, warm_up: 1.5 };
        let idle = Idle { connections: either(2_000, 8_000), warm_up: 500, members: 20, seconds: 16.0, kib_max: None };
        let mut scenarios = vec![
            ("start", Scenario::Start(Start {})),
            ("queue", Scenario::Queue(Queue {})),
            ("many-rooms", Scenario::Fanout(fanout(150.0))),
            (
                "big-room",
                Scenario::BigRoom(BigRoom { members: 2_000, rate: 10.0, seconds: if full { 8.0 } else { 4.0 } }),
            ),
            ("latency", Scenario::Fanout(fanout(20.0))),
            ("idle", Scenario::Idle(idle)),
            ("storm", Scenario::Storm(Storm { connections: either(2_000, 9_000), members: 20, times: 3 })),
            ("commands", Scenario::Commands(Commands { rooms: 200, under_way: 4, seconds: 5.0, warm_up: 1.5 })),
            (
                "party",
                Scenario::Party(Party {
                    rooms: 50,
                    members: 20,
                    commands_per_minute: 12.0,
                    drops_per_minute: 0.5,
                    seconds: 20.0,
                    seed: 1,
                }),
            ),
        ];
        if full {
            let churn = Churn { connections: 9_000, members: 20, waves: 2, rest_seconds: 65.0 };
            scenarios.push(("churn", Scenario::Churn(churn)));
            for (rooms, members, rate) in GROWTH_SHAPES {
                let shape = Fanout { rooms, members, rate, seconds: 5.0, warm_up: 1.5 };
                scenarios.push((GROWTH, Scenario::Fanout(shape)));
            }
        }
        scenarios.retain(|(name, _)| self.only.is_empty() || self.only.iter().any(|only| only == name));
        scenarios
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_shown_as_its_make_target() {
        let shown = |arguments: &str| command_line(arguments.split(' ').map(str::to_owned));
        assert_eq!(shown("bench --full"), "make bench-full");
        assert_eq!(shown("bench"), "make bench");
        assert_eq!(shown("bench --rounds 5"), "target/release/tutti-loadtests bench --rounds 5");
    }
}
