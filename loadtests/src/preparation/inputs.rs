//! The files that are prepared: the same music in every common format, and a long file.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use tokio::process::Command;

/// A name for tables, the file's name, and the encoder.
const FORMATS: [(&str, &str, &[&str]); 7] = [
    ("WAV", "wav.wav", &["-c:a", "pcm_s16le"]),
    ("FLAC", "flac.flac", &["-c:a", "flac"]),
    ("ALAC", "alac.m4a", &["-c:a", "alac"]),
    ("mp3, 192 kbit/s", "mp3.mp3", &["-c:a", "libmp3lame", "-b:a", "192k"]),
    ("AAC, 192 kbit/s", "aac.m4a", &["-c:a", "aac", "-b:a", "192k"]),
    ("Ogg Vorbis, quality 6", "vorbis.ogg", &["-c:a", "libvorbis", "-q:a", "6"]),
    ("Opus, 160 kbit/s", "opus.opus", &["-c:a", "libopus", "-b:a", "160k"]),
];
/// The format of the long file.
const LONG_OF: &str = "mp3.mp3";
const LONG: &str = "long.mp3";
/// Length of the long file, in seconds.
pub(crate) const LONG_SECONDS: u32 = 2 * 3600;
/// A bass line, a melody and a hi-hat, different on both sides, over soft noise, which FLAC compresses to about what it
/// makes of rock music.
const MUSIC: [&str; 2] = [
    "0.3*sin(2*PI*t*82.4*pow(2,mod(floor(t)*5,12)/12))*exp(-2*mod(t,1))\
     +0.18*sin(2*PI*t*440*pow(2,mod(floor(t*4)*7,12)/12))*exp(-5*mod(t,0.25))\
     +0.25*(random(0)-0.5)*exp(-25*mod(t,0.25))+0.03*(random(1)-0.5)",
    "0.3*sin(2*PI*t*82.4*pow(2,mod(floor(t)*5,12)/12))*exp(-2*mod(t,1))\
     +0.12*sin(2*PI*t*554.4*pow(2,mod(floor(t*4)*5,12)/12))*exp(-4*mod(t,0.25))\
     +0.2*(random(2)-0.5)*exp(-25*mod(t,0.25))+0.03*(random(3)-0.5)",
];

/// A file.
#[derive(Clone, Debug)]
pub(crate) struct Input {
    /// For tables.
    pub(crate) name: &'static str,
    /// Its title in the library: the name without extension.
    pub(crate) title: String,
    pub(crate) path: PathBuf,
}

impl Input {
    fn new(folder: &Path, name: &'static str, file: &str) -> Self {
        let title = file.split('.').next().unwrap_or_default().to_owned();
        Self { name, title, path: folder.join(file) }
    }
}

/// Makes `seconds` of music in every format, and the long file.
pub(crate) async fn make(folder: &Path, seconds: u32) -> anyhow::Result<(Vec<Input>, Input)> {
    let inputs = make_formats(folder, seconds).await?;
    let long = Input::new(folder, "mp3 of two hours", LONG);
    let repeats = (LONG_SECONDS / seconds.max(1)).saturating_sub(1).to_string();
    ffmpeg(&["-stream_loop", &repeats, "-i", &text(&folder.join(LONG_OF))], &["-c", "copy"], &long.path).await?;
    Ok((inputs, long))
}

/// Makes `seconds` of music at 44.1 kHz in every format.
pub(crate) async fn make_formats(folder: &Path, seconds: u32) -> anyhow::Result<Vec<Input>> {
    let source = format!("aevalsrc='{}':s=44100:d={seconds}", MUSIC.join("|"));
    let (_, wave, pcm) = FORMATS[0];
    ffmpeg(&["-f", "lavfi", "-i", &source], pcm, &folder.join(wave)).await?;
    let mut inputs = Vec::new();
    for (name, file, encoder) in FORMATS {
        let input = Input::new(folder, name, file);
        if file != wave {
            ffmpeg(&["-i", &text(&folder.join(wave))], encoder, &input.path).await?;
        }
        inputs.push(input);
    }
    Ok(inputs)
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

async fn ffmpeg(input: &[&str], encoder: &[&str], output: &Path) -> anyhow::Result<()> {
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-v", "error", "-y"]).args(input).args(encoder).arg(output);
    let made = command.kill_on_drop(true).output().await.context("ffmpeg is missing")?;
    ensure!(made.status.success(), "{}: {}", output.display(), String::from_utf8_lossy(&made.stderr));
    Ok(())
}
