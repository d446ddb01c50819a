//! What preparing a file costs: `cargo run --release -p tutti-audio --example prepare FILE [FOLDER]`.
#![allow(missing_docs, reason = "a program for developers")]
#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    reason = "it prints measured times"
)]

use std::path::{Path, PathBuf};
use std::time::Instant;

use tutti_audio::measure::analyse;
use tutti_audio::segment::Segments;
use tutti_audio::timeline::Timeline;
use tutti_protocol::segments::Quality;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let file: &Path = arguments.first().ok_or("usage: prepare FILE [FOLDER]")?;
    let started = Instant::now();
    let analysis = analyse(file, || true)?.ok_or("stopped")?;
    println!(
        "{}: {:.1} ms, {analysis:?}, gain {:?}",
        file.display(),
        analysis.samples as f64 / 48.0,
        analysis.gain_db()
    );
    println!("analysis: {:.3} s", started.elapsed().as_secs_f64());
    for quality in Quality::ALL {
        let started = Instant::now();
        let mut segments = Segments::new(Timeline::open(file)?, *quality, 0);
        let (mut count, mut bytes, mut first) = (0, 0, None);
        while let Some(segment) = segments.next_segment()? {
            first.get_or_insert_with(|| started.elapsed());
            if let Some(folder) = arguments.get(1) {
                std::fs::write(folder.join(format!("{count}.{}", quality.as_str())), &segment.bytes)?;
            }
            (count, bytes) = (count + 1, bytes + segment.bytes.len());
        }
        let took = started.elapsed().as_secs_f64();
        println!("{}: {count} segments, {bytes} bytes, {took:.3} s, the first after {first:?}", quality.as_str());
    }
    Ok(())
}
