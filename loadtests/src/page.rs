//! The page about the results: a template filled with figures, tables and plots.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use clap::Args;

use crate::figures::Spread;
use crate::plot::{Bar, bars};
use crate::report::number;
use crate::results::{GROWTH, Results};
use crate::target::Target;

const TEMPLATE: &str = include_str!("../performance.md.in");

/// Writes the page.
#[derive(Args)]
pub(crate) struct Page {
    /// Folders with a `results.json` each. Scenarios of a later one replace those of earlier ones.
    #[arg(long, default_value = "target/bench", value_delimiter = ',')]
    results: Vec<PathBuf>,

    /// The page to write; plots go to `images` beside it.
    #[arg(long, default_value = "docs/performance.md")]
    page: PathBuf,
}

/// A target and its bound.
struct Goal {
    what: &'static str,
    bound: f64,
    at_least: bool,
    figure: Figure,
}

/// The figure that a bound applies to.
enum Figure {
    /// A figure of Tutti.
    Own(&'static str, &'static str),
    /// Tutti divided by Bun, within a round.
    Ratio(&'static str, &'static str),
    /// Tutti minus Bun, within a round.
    Difference(&'static str, &'static str),
}

const GOALS: &[Goal] = &[
    Goal {
        what: "CPU for a delivery, many rooms ÷ Bun",
        bound: 1.0,
        at_least: false,
        figure: Figure::Ratio("many-rooms", "cpu_per_delivery_us"),
    },
    Goal {
        what: "CPU for a delivery, one big room ÷ Bun",
        bound: 1.0,
        at_least: false,
        figure: Figure::Ratio("big-room", "cpu_per_delivery_us"),
    },
    Goal {
        what: "KiB for an idle member",
        bound: 5.0,
        at_least: false,
        figure: Figure::Own("idle", "kib_per_connection"),
    },
    Goal {
        what: "KiB for an idle member ÷ Bun",
        bound: 0.9,
        at_least: false,
        figure: Figure::Ratio("idle", "kib_per_connection"),
    },
    Goal {
        what: "p99 from send to last delivery, 20,000 deliveries/s ÷ Bun",
        bound: 1.2,
        at_least: false,
        figure: Figure::Ratio("latency", "last_delivery_p99_ms"),
    },
    Goal {
        what: "the median of that, ms more than Bun (the group commit)",
        bound: 5.0,
        at_least: false,
        figure: Figure::Difference("latency", "last_delivery_p50_ms"),
    },
    Goal {
        what: "all back after a loss ÷ Bun's bare handshakes",
        bound: 2.0,
        at_least: false,
        figure: Figure::Ratio("storm", "all_back_seconds"),
    },
    Goal {
        what: "refused twice after a loss",
        bound: 0.0,
        at_least: false,
        figure: Figure::Own("storm", "refused_twice"),
    },
    Goal {
        what: "cores for idle members with heartbeats",
        bound: 0.02,
        at_least: false,
        figure: Figure::Own("idle", "server_cpu_cores"),
    },
    Goal {
        what: "acknowledged commands ÷ bare insertions",
        bound: 0.5,
        at_least: true,
        figure: Figure::Own("commands", "of_bare_inserts"),
    },
    Goal {
        what: "memory after connections came and went ÷ before",
        bound: 1.2,
        at_least: false,
        figure: Figure::Own("churn", "after_to_before"),
    },
    Goal {
        what: "µs for one more track where 5,000 wait",
        bound: 100.0,
        at_least: false,
        figure: Figure::Own("queue", "enqueue_5000_us"),
    },
    Goal {
        what: "ms until it serves, warm database",
        bound: 300.0,
        at_least: false,
        figure: Figure::Own("start", "start_ms"),
    },
];

/// Tables that compare servers: scenario, and columns by figure and heading.
const SIDE_BY_SIDE: &[(&str, &[(&str, &str)])] = &[
    ("many-rooms", FANOUT_COLUMNS),
    ("big-room", FANOUT_COLUMNS),
    ("latency", FANOUT_COLUMNS),
    (
        "idle",
        &[
            ("kib_per_connection", "KiB each"),
            ("resident_kib", "KiB in all"),
            ("server_cpu_cores", "cores while quiet"),
        ],
    ),
    (
        "storm",
        &[
            ("all_back_seconds", "s until all are back"),
            ("back_p50_ms", "ms, median"),
            ("cpu_per_return_us", "µs CPU each"),
            ("refused", "refused"),
        ],
    ),
];

const FANOUT_COLUMNS: &[(&str, &str)] = &[
    ("cpu_per_delivery_us", "µs CPU each"),
    ("publishes_per_s", "publishes/s"),
    ("deliveries_per_s", "deliveries/s"),
    ("last_delivery_p50_ms", "ms to the last, median"),
    ("last_delivery_p99_ms", "p99"),
    ("missing", "missing"),
    ("generator_cpu_cores", "generator, cores"),
];

const PLOTS: &[(&str, &str, &str, &str)] = &[
    ("many-rooms", "cpu_per_delivery_us", "Server CPU for each delivery, many rooms", "µs"),
    ("big-room", "cpu_per_delivery_us", "Server CPU for each delivery, one big room", "µs"),
    ("latency", "last_delivery_p99_ms", "From a publish to its last delivery, p99 at 20,000 deliveries/s", "ms"),
    ("idle", "kib_per_connection", "Resident memory for each idle connection", "KiB"),
];

/// Scenarios that only Tutti runs.
const OWN: &[&str] = &["commands", "party", "churn", "queue", "start"];

impl Page {
    /// Writes page and plots.
    pub(crate) fn write(&self) -> anyhow::Result<()> {
        let (first, later) = self.results.split_first().context("no results are given")?;
        let mut results = Results::read(first)?;
        for folder in later {
            results.renew(Results::read(folder)?);
        }
        let images = self.page.parent().context("a page has a folder")?.join("images");
        fs::create_dir_all(&images)?;
        for (scenario, figure, title, unit) in PLOTS {
            if let Some(svg) = plot(&results, scenario, figure, title, unit) {
                fs::write(images.join(plot_name(scenario)), svg)?;
            }
        }
        let page = fill(&results, &images)?;
        fs::write(&self.page, page).with_context(|| format!("cannot write {}", self.page.display()))
    }
}

fn fill(results: &Results, images: &Path) -> anyhow::Result<String> {
    let mut page = TEMPLATE.to_owned();
    let mut put = |name: &str, text: &str| page = page.replace(&format!("{{{{{name}}}}}"), text.trim_end());
    put("about", &about(results));
    put("targets", &goals(results));
    for (scenario, columns) in SIDE_BY_SIDE {
        let mut text = side_by_side(results, scenario, columns);
        if images.join(plot_name(scenario)).exists() {
            let _ = write!(text, "\n![{scenario}](images/{})", plot_name(scenario));
        }
        put(scenario, &text);
    }
    for scenario in OWN {
        put(scenario, &own(results, scenario));
    }
    put(GROWTH, &growth(results));
    put("million", &million(results));
    ensure!(!page.contains("{{"), "the template has a placeholder that is never filled");
    Ok(page)
}

fn plot_name(scenario: &str) -> String {
    format!("performance-{scenario}.svg")
}

fn about(results: &Results) -> String {
    let mut text = format!(
        "Measured by `{}` at commit {} on {}; {} round{} in {:.0} minutes; the load average was {} before it began.\n",
        results.command,
        results.commit,
        results.machine,
        results.rounds(),
        if results.rounds() == 1 { "" } else { "s, of which medians and the spread are shown," },
        (results.seconds / 60.0).ceil(),
        number(results.load_average),
    );
    let versions = results.versions.iter().map(|(target, version)| format!("{}: {version}", target.name()));
    let _ = write!(text, "\nServers: {}.\n", versions.collect::<Vec<_>>().join("; "));
    if !results.renewed.is_empty() {
        let _ = write!(text, "\nMeasured again later: {}.\n", results.renewed.join("; "));
    }
    for (target, reason) in &results.skipped {
        let _ = write!(text, "\n**{} is missing**: {reason}.\n", target.name());
    }
    for failure in &results.failed {
        let _ = write!(text, "\n**A run failed**: {failure}.\n");
    }
    let mut doubts: Vec<_> = results
        .runs
        .iter()
        .flat_map(|run| run.doubts.iter().map(|doubt| format!("{}, {}: {doubt}", run.shape, run.target.name())))
        .collect();
    doubts.dedup();
    if !doubts.is_empty() {
        let _ = write!(text, "\nDoubtful runs:\n\n- {}\n", doubts.join("\n- "));
    }
    text
}

fn goals(results: &Results) -> String {
    let mut text = "| figure | target | reached | spread | |\n|---|---|---|---|---|\n".to_owned();
    for goal in GOALS {
        let sign = if goal.at_least { "≥" } else { "≤" };
        let (reached, spread, verdict) = match goal.figure.spread(results) {
            Some(Spread { median, low, high }) => {
                let kept = if goal.at_least { median >= goal.bound } else { median <= goal.bound };
                (
                    number(median),
                    format!("{} – {}", number(low), number(high)),
                    if kept { "kept" } else { "**missed**" },
                )
            }
            None => ("–".to_owned(), "–".to_owned(), "not measured"),
        };
        let _ = writeln!(text, "| {} | {sign} {} | {reached} | {spread} | {verdict} |", goal.what, number(goal.bound));
    }
    text
}

impl Figure {
    fn spread(&self, results: &Results) -> Option<Spread> {
        let pairs = |scenario, figure| {
            results.values(scenario, Target::Tutti, figure).filter_map(move |(round, ours)| {
                let theirs = results.values(scenario, Target::Bun, figure).find(|(other, _)| *other == round)?;
                Some((ours, theirs.1))
            })
        };
        match self {
            Self::Own(scenario, figure) => {
                Spread::of(results.values(scenario, Target::Tutti, figure).map(|(_, value)| value))
            }
            Self::Ratio(scenario, figure) => Spread::of(pairs(scenario, figure).map(|(ours, theirs)| ours / theirs)),
            Self::Difference(scenario, figure) => {
                Spread::of(pairs(scenario, figure).map(|(ours, theirs)| ours - theirs))
            }
        }
    }
}

fn servers(results: &Results, scenario: &str) -> Vec<Target> {
    let mut servers: Vec<_> =
        results.runs.iter().filter(|run| run.scenario == scenario).map(|run| run.target).collect();
    servers.sort_unstable();
    servers.dedup();
    servers
}

fn side_by_side(results: &Results, scenario: &str, columns: &[(&str, &str)]) -> String {
    let Some(run) = results.runs.iter().find(|run| run.scenario == scenario) else {
        return "Not measured in this run.".into();
    };
    let mut text = format!("{}\n\n| server |{}", run.shape, headings(columns));
    for target in servers(results, scenario) {
        let name = target.name();
        let _ = write!(text, "| {} |", if target == Target::Tutti { format!("**{name}**") } else { name.to_owned() });
        for (figure, _) in columns {
            let _ = write!(text, " {} |", cell(results, scenario, target, figure));
        }
        text.push('\n');
    }
    text
}

/// One row for each shape.
fn growth(results: &Results) -> String {
    let runs = || results.runs.iter().filter(|run| run.scenario == GROWTH);
    let mut shapes: Vec<&str> = vec![];
    for run in runs() {
        if !shapes.contains(&run.shape.as_str()) {
            shapes.push(&run.shape);
        }
    }
    if shapes.is_empty() {
        return "Not measured in this run.".into();
    }
    let mut text = format!("| rooms × members × rate |{}", headings(FANOUT_COLUMNS));
    for shape in shapes {
        let _ = write!(text, "| {shape} |");
        for (figure, _) in FANOUT_COLUMNS {
            let values = runs().filter(|run| run.shape == shape).filter_map(|run| run.figures.get(figure));
            let _ = write!(text, " {} |", spread(values));
        }
        text.push('\n');
    }
    text
}

/// The needs of a million members, extrapolated linearly from the measured ones.
fn million(results: &Results) -> String {
    const MEMBERS: f64 = 1e6;
    let median = |scenario: &str, figure: &str| {
        Spread::of(results.values(scenario, Target::Tutti, figure).map(|(_, value)| value)).map(|spread| spread.median)
    };
    let each = |scenario: &str, figure: &str| Some(median(scenario, figure)? / median(scenario, "members")?);
    let commands_per_s = each("party", "commands_per_s").map(|each| each * MEMBERS);
    let databases = commands_per_s.zip(median("commands", "acknowledged_per_s")).map(|(all, one)| (all / one).ceil());
    let rows = [
        ("GiB of resident memory", median("idle", "kib_per_connection").map(|kib| kib * MEMBERS / 1024.0 / 1024.0)),
        ("cores while idle", each("idle", "server_cpu_cores").map(|cores| cores * MEMBERS)),
        ("cores at the party", each("party", "server_cpu_cores").map(|cores| cores * MEMBERS)),
        ("commands a second at the party", commands_per_s),
        ("databases for that many, as fast as the one here", databases),
        ("seconds of a core until all are back", median("storm", "cpu_per_return_us").map(|us| us * MEMBERS / 1e6)),
    ];
    let mut text = "| a million members | |\n|---|---|\n".to_owned();
    for (what, value) in rows {
        let _ = writeln!(text, "| {what} | {} |", value.map_or("–".to_owned(), number));
    }
    text
}

fn headings(columns: &[(&str, &str)]) -> String {
    let names: Vec<_> = columns.iter().map(|(_, heading)| format!(" {heading} |")).collect();
    format!("{}\n|---|{}\n", names.concat(), "---|".repeat(columns.len()))
}

fn own(results: &Results, scenario: &str) -> String {
    let Some(run) = results.runs.iter().find(|run| run.scenario == scenario) else {
        return "Not measured in this run.".into();
    };
    let mut text = format!("{}\n\n| figure | |\n|---|---|\n", run.shape);
    for figure in run.figures.0.keys() {
        let _ = writeln!(text, "| `{figure}` | {} |", cell(results, scenario, Target::Tutti, figure));
    }
    text
}

fn cell(results: &Results, scenario: &str, target: Target, figure: &str) -> String {
    spread(results.values(scenario, target, figure).map(|(_, value)| value))
}

fn spread(values: impl IntoIterator<Item = f64>) -> String {
    Spread::of(values).map_or("–".into(), |Spread { median, low, high }| {
        if number(low) == number(high) {
            number(median)
        } else {
            format!("{} ({} – {})", number(median), number(low), number(high))
        }
    })
}

fn plot(results: &Results, scenario: &str, figure: &str, title: &str, unit: &str) -> Option<String> {
    let mut rows: Vec<_> = servers(results, scenario)
        .into_iter()
        .filter_map(|target| {
            let spread = Spread::of(results.values(scenario, target, figure).map(|(_, value)| value))?;
            Some(Bar { label: target.name().to_owned(), spread, ours: target == Target::Tutti })
        })
        .collect();
    rows.sort_by(|one, other| one.spread.median.total_cmp(&other.spread.median));
    (!rows.is_empty()).then(|| bars(title, unit, &rows))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::figures::{Figures, Run};

    fn run(round: usize, target: Target, us: f64) -> Run {
        let figures = Figures(BTreeMap::from([("cpu_per_delivery_us".to_owned(), us)]));
        let doubts = vec![];
        Run { scenario: "many-rooms".into(), shape: "3 × 4 × 5/s".into(), target, round, figures, doubts }
    }

    fn results(runs: Vec<Run>) -> Results {
        Results {
            machine: "a machine".into(),
            load_average: 0.1,
            command: "make bench".into(),
            commit: "abc".into(),
            seconds: 61.0,
            versions: BTreeMap::new(),
            skipped: BTreeMap::from([(Target::Nchan, "no nginx".to_owned())]),
            failed: vec![],
            runs,
            renewed: vec![],
        }
    }

    #[test]
    fn a_later_bench_replaces_its_scenarios_and_is_named() {
        let mut both = results(vec![run(0, Target::Tutti, 6.0), run(1, Target::Tutti, 7.0)]);
        both.runs.push(Run { scenario: "idle".into(), ..run(0, Target::Bun, 2.0) });
        both.failed = vec!["many-rooms, Tutti: nothing was delivered".into(), "idle, Tutti: it took too long".into()];
        both.renew(Results { commit: "def".into(), ..results(vec![run(0, Target::Tutti, 9.0)]) });
        assert_eq!(both.runs.iter().map(|run| run.scenario.as_str()).collect::<Vec<_>>(), ["idle", "many-rooms"]);
        assert_eq!(both.failed, ["idle, Tutti: it took too long"]);
        assert!(about(&both).contains("Measured again later: many-rooms by `make bench` at commit def."));
    }

    #[test]
    fn ratios_are_made_within_a_round() {
        let results = results(vec![
            run(0, Target::Tutti, 6.0),
            run(0, Target::Bun, 4.0),
            run(1, Target::Bun, 20.0),
            run(1, Target::Tutti, 10.0),
            run(2, Target::Tutti, 99.0),
        ]);
        let goals = goals(&results);
        let line = goals.lines().find(|line| line.contains("many rooms")).expect("the goal");
        assert_eq!(line, "| CPU for a delivery, many rooms ÷ Bun | ≤ 1.00 | 1.00 | 0.50 – 1.50 | kept |");
        assert!(goals.contains("not measured"));
    }

    #[test]
    fn a_million_members_are_extrapolated_linearly() {
        let run = |scenario: &str, figures: &[(&str, f64)]| Run {
            scenario: scenario.into(),
            figures: Figures(figures.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect()),
            ..run(0, Target::Tutti, 6.0)
        };
        let million = million(&results(vec![
            run("idle", &[("kib_per_connection", 5.0), ("members", 2_000.0), ("server_cpu_cores", 0.01)]),
            run("party", &[("members", 1_000.0), ("server_cpu_cores", 0.25), ("commands_per_s", 205.0)]),
            run("commands", &[("acknowledged_per_s", 15_000.0)]),
        ]));
        for line in [
            "| GiB of resident memory | 4.77 |",
            "| cores while idle | 5.00 |",
            "| cores at the party | 250 |",
            "| commands a second at the party | 205,000 |",
            "| databases for that many, as fast as the one here | 14.0 |",
            "| seconds of a core until all are back | – |",
        ] {
            assert!(million.contains(line), "{line} is not in\n{million}");
        }
    }

    #[test]
    fn the_page_names_missing_servers_and_fills_every_placeholder() {
        let page = fill(&results(vec![run(0, Target::Tutti, 6.0)]), Path::new("nowhere")).expect("a page");
        assert!(page.contains("**nginx nchan is missing**: no nginx."));
        assert!(page.contains("| **Tutti, everything on** | 6.00 |"));
        assert!(page.contains("Not measured in this run."));
    }
}
