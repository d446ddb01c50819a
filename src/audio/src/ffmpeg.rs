//! Files that only `ffmpeg` decodes, through a bounded child process.

use std::ffi::OsString;
use std::io::Read;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use rustix::process::{Pid, Resource, Rlimit, prlimit};
use tutti_protocol::segments::RATE_HZ;

use crate::source::{Block, Source};
use crate::{AudioError, CHANNELS};

/// Address space of the child, in bytes.
const MEMORY_MAX: u64 = 2 << 30;
/// CPU time of the child, in seconds.
const CPU_SECONDS_MAX: u64 = 600;
/// Frames read at once.
const READ_FRAMES: usize = 4096;
/// Longest audio that is read, in seconds: a small file can decode to any length.
const AUDIO_SECONDS_MAX: u64 = 24 * 3600;

/// A running `ffmpeg`, which writes stereo at the timeline's rate. Killed when dropped.
#[derive(Debug)]
pub struct FfmpegSource {
    child: Child,
    output: ChildStdout,
    frames_left: u64,
    /// What was decoded already.
    first: Option<Block>,
}

impl FfmpegSource {
    /// `None` when there is no `ffmpeg`, or it decodes nothing of this file.
    pub fn open(path: &Path) -> Result<Option<Self>, AudioError> {
        // The prefix makes it a local file, whatever the name looks like.
        let mut input = OsString::from("file:");
        input.push(path);
        let mut command = Command::new("ffmpeg");
        command.args(["-nostdin", "-v", "quiet", "-threads", "1", "-protocol_whitelist", "file,pipe"]);
        command.arg("-timelimit").arg(CPU_SECONDS_MAX.to_string());
        command.arg("-i").arg(input).args(["-map", "0:a:0", "-vn", "-sn", "-dn", "-f", "f32le", "-ac", "2"]);
        command.arg("-ar").arg(RATE_HZ.to_string()).arg("pipe:1");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = match command.spawn() {
            Ok(child) => child,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(AudioError::Io(error)),
        };
        // Fails only when the child has ended already.
        for (resource, most) in [(Resource::As, MEMORY_MAX), (Resource::Cpu, CPU_SECONDS_MAX)] {
            let _ =
                prlimit(Some(Pid::from_child(&child)), resource, Rlimit { current: Some(most), maximum: Some(most) });
        }
        let output = child.stdout.take().ok_or_else(|| AudioError::Io(std::io::ErrorKind::BrokenPipe.into()))?;
        let mut source = Self { child, output, frames_left: AUDIO_SECONDS_MAX * u64::from(RATE_HZ), first: None };
        source.first = source.next_block()?;
        Ok(source.first.is_some().then_some(source))
    }
}

impl Source for FfmpegSource {
    fn next_block(&mut self) -> Result<Option<Block>, AudioError> {
        if let Some(first) = self.first.take() {
            return Ok(Some(first));
        }
        let mut bytes = vec![0; READ_FRAMES * CHANNELS * size_of::<f32>()];
        let mut filled = 0;
        while filled < bytes.len() {
            match self.output.read(&mut bytes[filled..])? {
                0 => break,
                read => filled += read,
            }
        }
        let (samples, _) = bytes[..filled].as_chunks::<4>();
        let whole = samples.len() - samples.len() % CHANNELS;
        let frames = (whole / CHANNELS) as u64;
        if frames == 0 || self.frames_left < frames {
            return Ok(None);
        }
        self.frames_left -= frames;
        let samples = samples[..whole].iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        Ok(Some(Block { rate: RATE_HZ, samples }))
    }

    fn seek(&mut self, _: u64) -> Result<bool, AudioError> {
        // Its seeking is not exact to the sample for every format.
        Ok(false)
    }
}

impl Drop for FfmpegSource {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
