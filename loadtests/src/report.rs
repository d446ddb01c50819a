//! What is told while it runs, and the file that keeps it all.

use std::fs;
use std::path::Path;

use anyhow::Context as _;

use crate::figures::{Figures, Run};
use crate::suite::Results;
use crate::target::Target;

/// Tells what came of a run.
#[expect(clippy::print_stdout, reason = "the report is what the program is for")]
pub(crate) fn say(run: &Run) {
    println!("{} · {}", run.shape, run.target.name());
    for (name, value) in &run.figures.0 {
        println!("    {name:<28} {}", number(*value));
    }
    for doubt in &run.doubts {
        println!("    DOUBT {doubt}");
    }
}

/// Tells that a server is left out.
#[expect(clippy::print_stdout, reason = "the report is what the program is for")]
pub(crate) fn say_skipped(target: Target, error: &anyhow::Error) {
    println!("{} is left out: {error:#}", target.name());
}

/// Tells that a run failed.
#[expect(clippy::print_stdout, reason = "the report is what the program is for")]
pub(crate) fn say_failed(failure: &str) {
    println!("FAILED {failure}");
}

/// Keeps all results so far.
pub(crate) fn write(folder: &Path, results: &Results) -> anyhow::Result<()> {
    fs::create_dir_all(folder)?;
    let json = serde_json::to_string_pretty(results)?;
    fs::write(folder.join("results.json"), json).with_context(|| format!("cannot write to {}", folder.display()))
}

/// Reads what was kept.
pub(crate) fn read(folder: &Path) -> anyhow::Result<Results> {
    let path = folder.join("results.json");
    let json = fs::read(&path).with_context(|| format!("{} is made by `make bench`", path.display()))?;
    Ok(serde_json::from_slice(&json)?)
}

/// A figure to three digits, or whole.
pub(crate) fn number(value: f64) -> String {
    match value.abs() {
        size if !size.is_finite() => "–".into(),
        0.0 => "0".into(),
        size if size >= 1e4 => thousands(value),
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 0.1 => format!("{value:.2}"),
        _ => format!("{value:.4}"),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "rounded to be read")]
fn thousands(value: f64) -> String {
    let digits = (value.round() as i64).to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// One figure of all runs of a scenario against a server, by round.
pub(crate) fn values<'a>(
    results: &'a Results,
    scenario: &'a str,
    target: Target,
    figure: &'a str,
) -> impl Iterator<Item = (usize, f64)> + 'a {
    let runs = results.runs.iter().filter(move |run| run.scenario == scenario && run.target == target);
    runs.filter_map(move |run| Some((run.round, Figures::get(&run.figures, figure)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_written_to_be_read() {
        for (value, text) in [
            (0.0, "0"),
            (0.0123, "0.0123"),
            (0.5, "0.50"),
            (12.34, "12.3"),
            (123.4, "123"),
            (12_345.6, "12,346"),
            (1_234_567.0, "1,234,567"),
            (f64::NAN, "–"),
        ] {
            assert_eq!(number(value), text);
        }
    }
}
