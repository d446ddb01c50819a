//! What preparing tracks costs beside `ffmpeg`, and what devices wait for.
//!
//! The report is Markdown, for a terminal and for `docs/performance-notes.md`. The files are made by `ffmpeg` and deleted at
//! the end. CPU time of `ffmpeg` is that of a child process, CPU time of preparing that of this program, which does what the
//! server does.

mod cost;
mod delivery;
mod inputs;
mod scan;

use std::path::Path;

use clap::Args;

use crate::figures::Latencies;
use crate::process::{load_average, machine};
use crate::report::number;
use cost::Cost;
use delivery::{Delivery, Listening};
use scan::Scan;

/// Options of `preparation`.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Preparation {
    /// Rounds of the comparison with ffmpeg; the figures are medians.
    #[arg(long, default_value_t = 5)]
    rounds: usize,

    /// Seconds of music in each file.
    #[arg(long, default_value_t = 240, value_parser = clap::value_parser!(u32).range(60..=3600))]
    music_seconds: u32,

    /// Devices that listen in one room.
    #[arg(long, default_value_t = 200)]
    devices: usize,

    /// Seconds that they listen, in each quality.
    #[arg(long, default_value_t = 30)]
    listen_seconds: u32,
}

impl Preparation {
    /// Measures and prints the report.
    pub(crate) async fn run(self, program: &Path) -> anyhow::Result<()> {
        let load = load_average();
        let folder = tempfile::tempdir()?;
        let scan = scan::measure(program, folder.path()).await?;
        drop(folder);
        let folder = tempfile::tempdir()?;
        let (inputs, long) = inputs::make(folder.path(), self.music_seconds).await?;
        let delivery =
            delivery::measure(program, folder.path(), &inputs, &long, self.devices, self.listen_seconds).await?;
        let rounds = self.rounds;
        let costs = tokio::task::spawn_blocking(move || cost::measure(&inputs, rounds)).await??;
        print(&format!("{}; load average before {}.\n", machine(), number(load)));
        print(&scan_table(&scan));
        print(&cost_table(&costs));
        print(&delivery_tables(&delivery, self.devices));
        Ok(())
    }
}

#[expect(clippy::print_stdout, reason = "the report is what the program is for")]
fn print(text: &str) {
    println!("{text}");
}

fn scan_table(scan: &Scan) -> String {
    let Scan { seconds, cpu_seconds, resident_mib } = scan;
    let head = format!("first scan of {} files", scan::FILES);
    table(
        &[&head, "measured"],
        [
            vec!["from the start of the server".to_owned(), format!("{} s", number(*seconds))],
            vec!["CPU time of the server".to_owned(), format!("{} s", number(*cpu_seconds))],
            vec!["its resident memory".to_owned(), format!("{} MiB", number(*resident_mib))],
        ],
    )
}

fn cost_table(costs: &[Cost]) -> String {
    let rows = costs.iter().map(|cost| {
        let [ffmpeg, ours @ ..] = cost.cpu_seconds_per_minute;
        let ratio = |seconds: f64| format!("{} ({:.2} ×)", number(seconds), seconds / ffmpeg);
        let [analysis, lossless, small] = ours;
        vec![
            cost.name.to_owned(),
            number(ffmpeg),
            ratio(analysis),
            ratio(lossless),
            ratio(small),
            format!("{:.2} ×", (analysis + lossless) / ffmpeg),
        ]
    });
    let head =
        ["CPU seconds per minute of audio", "ffmpeg to FLAC", "analysis", "lossless", "small", "analysis and lossless"];
    table(&head, rows)
}

fn delivery_tables(delivery: &Delivery, devices: usize) -> String {
    let ms = |value: f64| format!("{} ms", number(value));
    let median = |latencies: &Latencies| ms(latencies.quantile_ms(0.5));
    let worst = |latencies: &Latencies| ms(latencies.quantile_ms(1.0));
    let first = delivery
        .first_ms
        .iter()
        .map(|(name, [lossless, small])| vec![format!("first of {name}, not measured yet"), ms(*lossless), ms(*small)]);
    let [lossless, small] = &delivery.middle;
    let middle =
        |value: &dyn Fn(&Latencies) -> String, what: &str| vec![what.to_owned(), value(lossless), value(small)];
    let rows = first.chain([
        middle(&median, "in the middle of two hours, median of five places"),
        middle(&worst, "in the middle of two hours, slowest"),
    ]);
    let latencies = table(&["time to a whole segment that is not cached", "lossless", "small"], rows);
    let single = table(
        &["what", "measured"],
        [
            vec![
                "middle of two hours while the file is being measured, lossless".to_owned(),
                ms(delivery.unmeasured_middle_ms),
            ],
            vec![
                "a cached segment: median (slowest)".to_owned(),
                format!("{} ({})", median(&delivery.cached), worst(&delivery.cached)),
            ],
            vec!["a small segment in memory: requests per second".to_owned(), number(delivery.cached_per_second)],
            vec![
                "a small segment in memory: CPU time of the server".to_owned(),
                format!("{} µs", number(delivery.cached_cpu_us)),
            ],
        ],
    );
    let [lossless, small] = &delivery.rooms;
    let row = |what: &str, value: &dyn Fn(&Listening) -> String| vec![what.to_owned(), value(lossless), value(small)];
    let quantiles =
        |latencies: &Latencies| format!("{} · {}", ms(latencies.quantile_ms(0.5)), ms(latencies.quantile_ms(0.99)));
    let room = table(
        &[&format!("{devices} devices of one room"), "lossless", "small"],
        [
            row("segments asked for · prepared", &|room| format!("{} · {}", room.asked, room.prepared)),
            row("first segment, p50 · p99", &|room| quantiles(&room.first)),
            row("later segments, p50 · p99", &|room| quantiles(&room.later)),
            row("CPU time of the server", &|room| {
                format!("{} s in {} s", number(room.cpu_seconds), number(room.seconds))
            }),
            row("growth of its memory", &|room| format!("{} MiB", number(room.grown_mib))),
            row("sent to a device per minute of music", &|room| format!("{} MiB", number(room.mib_per_minute))),
        ],
    );
    [latencies, single, room].join("\n")
}

/// A table in Markdown.
fn table(head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let head: Vec<String> = head.iter().map(|&cell| cell.to_owned()).collect();
    let mut text = line(&head) + &format!("|{}\n", "---|".repeat(head.len()));
    text.extend(rows.into_iter().map(|row| line(&row)));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_are_compared_with_ffmpeg() {
        let cost = Cost { name: "WAV", cpu_seconds_per_minute: [0.2, 0.1, 0.2, 0.4] };
        assert_eq!(
            cost_table(&[cost]).lines().last(),
            Some("| WAV | 0.20 | 0.10 (0.50 ×) | 0.20 (1.00 ×) | 0.40 (2.00 ×) | 1.50 × |")
        );
    }
}
