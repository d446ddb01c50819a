//! CPU time of preparing a file, beside that of `ffmpeg` on the same file.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};
use tutti_audio::measure::analyse;
use tutti_audio::segment::Segments;
use tutti_audio::timeline::Timeline;
use tutti_protocol::segments::{Quality, RATE_HZ};

use super::inputs::Input;
use crate::figures::Spread;
use crate::process::Process;

/// What is done with a file, in the order of [`Cost::cpu_seconds_per_minute`].
const TASKS: [Task; 4] =
    [Task::Ffmpeg, Task::Analysis, Task::Segments(Quality::Lossless), Task::Segments(Quality::Small)];

#[derive(Clone, Copy, Debug)]
enum Task {
    /// `ffmpeg -i FILE -ar 48000 -c:a flac`.
    Ffmpeg,
    /// Decodes the file and measures it.
    Analysis,
    /// Decodes the file and makes all of its segments.
    Segments(Quality),
}

/// What a file costs.
#[derive(Clone, Debug)]
pub(crate) struct Cost {
    /// Of the file's format.
    pub(crate) name: &'static str,
    /// CPU seconds per minute of audio, as medians: of `ffmpeg`, the analysis, lossless and small segments.
    pub(crate) cpu_seconds_per_minute: [f64; 4],
}

/// Measures every file in `rounds`. Blocks.
pub(crate) fn measure(inputs: &[Input], rounds: usize) -> anyhow::Result<Vec<Cost>> {
    inputs.iter().map(|input| measure_file(input, rounds)).collect()
}

fn measure_file(input: &Input, rounds: usize) -> anyhow::Result<Cost> {
    let minutes = analyse(&input.path, || true)?.context("stopped")?.samples as f64 / f64::from(RATE_HZ) / 60.0;
    let mut cpu_seconds: [Vec<f64>; 4] = Default::default();
    // In turn, so that other load on the machine meets all of them.
    for _ in 0..rounds {
        for (task, measured) in TASKS.into_iter().zip(&mut cpu_seconds) {
            let before = Process::own_cpu_seconds_with_ended_children()?;
            task.run(&input.path)?;
            measured.push(Process::own_cpu_seconds_with_ended_children()? - before);
        }
    }
    let medians = cpu_seconds.map(|values| Spread::of(values).map_or(f64::NAN, |spread| spread.median / minutes));
    Ok(Cost { name: input.name, cpu_seconds_per_minute: medians })
}

impl Task {
    fn run(self, file: &Path) -> anyhow::Result<()> {
        match self {
            Self::Ffmpeg => {
                let mut command = Command::new("ffmpeg");
                command.args(["-nostdin", "-v", "error", "-y", "-i"]).arg(file);
                command.args(["-ar", "48000", "-c:a", "flac", "-f", "flac", "/dev/null"]).stdin(Stdio::null());
                ensure!(command.status()?.success(), "ffmpeg failed");
            }
            Self::Analysis => {
                analyse(file, || true)?;
            }
            Self::Segments(quality) => {
                let mut segments = Segments::new(Timeline::open(file)?, quality, 0);
                while segments.next_segment()?.is_some() {}
            }
        }
        Ok(())
    }
}
