//! A source resampled to the track's timeline: 48 kHz, stereo, counted from its first audible sample.

use std::path::Path;

use audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Fft, FixedSync, Resampler as _, WindowFunction};
use tutti_protocol::segments::RATE_HZ;

use crate::source::{self, Block, Source};
use crate::{AudioError, CHANNELS};

/// Source frames that the resampler transforms at once, about; rounded up so that whole samples come out.
const BLOCK_FRAMES: usize = 1024;
/// Blocks decoded before the wanted one after a seek: the resampler overlaps neighbours.
const WARM_UP_BLOCKS: u64 = 2;

/// The samples of a track, in order.
pub struct Timeline {
    source: Box<dyn Source>,
    /// `None` before the first block.
    stage: Option<Stage>,
    /// A block at another rate than the current stage.
    next: Option<Block>,
    ready: Vec<f32>,
    /// Samples left to discard before `ready`, in frames.
    skip: u64,
    ended: bool,
}

/// Samples of the timeline that a source's frames become, all of them at `rate`.
pub(crate) fn timeline_samples(frames: u64, rate: u32) -> u64 {
    (frames * u64::from(RATE_HZ) + u64::from(rate) / 2) / u64::from(rate.max(1))
}

/// What stands between the source and the timeline, for one rate.
enum Stage {
    /// The source has the timeline's rate.
    Direct,
    Resampling(Box<Resampling>),
}

impl Timeline {
    /// The timeline of a file, from its first sample.
    pub fn open(path: &Path) -> Result<Self, AudioError> {
        Ok(Self::new(source::open(path)?))
    }

    /// The timeline of a file from `sample` on, by seeking: for files whose analysis found that exact.
    pub fn open_at(path: &Path, sample: u64) -> Result<Self, AudioError> {
        let mut source = source::open(path)?;
        let Some(Block { rate, .. }) = source.next_block()? else { return Ok(Self::new(source)) };
        let (frame, stage, skip) = if rate == RATE_HZ {
            (sample, Stage::Direct, 0)
        } else {
            let mut resampling = Resampling::new(rate)?;
            let block = (sample / resampling.block_out as u64).saturating_sub(WARM_UP_BLOCKS);
            let skip = sample - block * resampling.block_out as u64;
            let frame = block * resampling.block_in as u64;
            resampling.consumed = frame;
            resampling.produced = block * resampling.block_out as u64;
            (frame, Stage::Resampling(Box::new(resampling)), skip)
        };
        if !source.seek(frame)? {
            return Self::open_skipping(path, sample);
        }
        Ok(Self { stage: Some(stage), skip, ..Self::new(source) })
    }

    /// The same by decoding everything before it.
    pub fn open_skipping(path: &Path, sample: u64) -> Result<Self, AudioError> {
        Ok(Self { skip: sample, ..Self::open(path)? })
    }

    fn new(source: Box<dyn Source>) -> Self {
        Self { source, stage: None, next: None, ready: Vec::new(), skip: 0, ended: false }
    }

    /// Appends the next samples to `out`, at most `frames`; fewer only at the end of the track. Returns their count.
    pub fn read(&mut self, frames: usize, out: &mut Vec<f32>) -> Result<usize, AudioError> {
        while self.ready.len() < frames * CHANNELS && !self.ended {
            self.fill()?;
        }
        let taken = self.ready.len().min(frames * CHANNELS);
        out.extend(self.ready.drain(..taken));
        Ok(taken / CHANNELS)
    }

    fn fill(&mut self) -> Result<(), AudioError> {
        let block = match self.next.take() {
            Some(block) => Some(block),
            None => self.source.next_block()?,
        };
        match (&mut self.stage, block) {
            (stage @ None, Some(block)) => {
                *stage = Some(Stage::new(block.rate)?);
                self.next = Some(block);
            }
            (Some(stage), Some(block)) if stage.rate() != block.rate => {
                stage.finish(&mut self.ready)?;
                self.stage = None;
                self.next = Some(block);
            }
            (Some(stage), Some(block)) => stage.push(block.samples, &mut self.ready)?,
            (stage, None) => {
                if let Some(stage) = stage {
                    stage.finish(&mut self.ready)?;
                }
                self.ended = true;
            }
        }
        let skipped = usize::try_from(self.skip).unwrap_or(usize::MAX).min(self.ready.len() / CHANNELS);
        self.ready.drain(..skipped * CHANNELS);
        self.skip -= skipped as u64;
        Ok(())
    }
}

impl Stage {
    fn new(rate: u32) -> Result<Self, AudioError> {
        Ok(if rate == RATE_HZ { Self::Direct } else { Self::Resampling(Box::new(Resampling::new(rate)?)) })
    }

    fn rate(&self) -> u32 {
        match self {
            Self::Direct => RATE_HZ,
            Self::Resampling(resampling) => resampling.rate,
        }
    }

    fn push(&mut self, samples: Vec<f32>, out: &mut Vec<f32>) -> Result<(), AudioError> {
        match self {
            Self::Direct => out.extend(samples),
            Self::Resampling(resampling) => {
                resampling.waiting.extend(samples);
                resampling.run(out)?;
            }
        }
        Ok(())
    }

    fn finish(&mut self, out: &mut Vec<f32>) -> Result<(), AudioError> {
        match self {
            Self::Direct => Ok(()),
            Self::Resampling(resampling) => resampling.finish(out),
        }
    }
}

/// Resampling in blocks that lie on a fixed grid from the track's start, so that it gives the same samples from anywhere.
struct Resampling {
    rate: u32,
    fft: Fft<f32>,
    block_in: usize,
    block_out: usize,
    waiting: Vec<f32>,
    /// Source frames taken from the start of the track.
    consumed: u64,
    /// Samples made from the start of the track.
    produced: u64,
    /// Samples of the filter's delay, left to discard.
    delay: usize,
}

impl Resampling {
    fn new(rate: u32) -> Result<Self, AudioError> {
        let (input, output) = (rate as usize, RATE_HZ as usize);
        let window = WindowFunction::BlackmanHarris2;
        let fft = Fft::new_custom(input, output, BLOCK_FRAMES, 1, CHANNELS, window, FixedSync::Both)
            .map_err(|error| AudioError::Unplayable(error.to_string()))?;
        let (block_in, block_out, delay) = (fft.input_frames_next(), fft.output_frames_next(), fft.output_delay());
        Ok(Self { rate, fft, block_in, block_out, waiting: Vec::new(), consumed: 0, produced: 0, delay })
    }

    fn run(&mut self, out: &mut Vec<f32>) -> Result<(), AudioError> {
        let size = self.block_in * CHANNELS;
        let mut from = 0;
        while self.waiting.len() - from >= size {
            self.block(from..from + size, out)?;
            self.consumed += self.block_in as u64;
            from += size;
        }
        self.waiting.drain(..from);
        Ok(())
    }

    /// Resamples one block of what waits.
    fn block(&mut self, range: std::ops::Range<usize>, out: &mut Vec<f32>) -> Result<(), AudioError> {
        let failed = |error: String| AudioError::Unplayable(error);
        let mut made = vec![0.0; self.block_out * CHANNELS];
        let input = InterleavedSlice::new(&self.waiting[range], CHANNELS, self.block_in)
            .map_err(|error| failed(error.to_string()))?;
        let mut output = InterleavedSlice::new_mut(&mut made, CHANNELS, self.block_out)
            .map_err(|error| failed(error.to_string()))?;
        self.fft.process_into_buffer(&input, &mut output, None).map_err(|error| failed(error.to_string()))?;
        let discarded = self.delay.min(self.block_out);
        self.delay -= discarded;
        out.extend_from_slice(&made[discarded * CHANNELS..]);
        self.produced += (self.block_out - discarded) as u64;
        Ok(())
    }

    /// Resamples the rest, and ends where the source does.
    fn finish(&mut self, out: &mut Vec<f32>) -> Result<(), AudioError> {
        let frames = self.consumed + (self.waiting.len() / CHANNELS) as u64;
        let total = timeline_samples(frames, self.rate);
        let begun = out.len();
        let missing = usize::try_from(total.saturating_sub(self.produced)).unwrap_or(usize::MAX);
        while (out.len() - begun) / CHANNELS < missing {
            self.waiting.resize(self.waiting.len().max(self.block_in * CHANNELS), 0.0);
            self.block(0..self.block_in * CHANNELS, out)?;
            self.waiting.clear();
        }
        out.truncate(begun + missing * CHANNELS);
        Ok(())
    }
}
