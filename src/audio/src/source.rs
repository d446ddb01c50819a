//! Decoded stereo audio of a file at its own sample rate.

use std::path::Path;

use crate::AudioError;
use crate::ffmpeg::FfmpegSource;
use crate::symphonia_source::SymphoniaSource;

/// Interleaved stereo samples at one rate.
#[derive(Debug, Default)]
pub struct Block {
    /// Frames per second. It changes between the links of a chained stream.
    pub rate: u32,
    /// Left and right in turn, nominally within −1 and 1.
    pub samples: Vec<f32>,
}

/// A decoder of one file.
pub trait Source: Send {
    /// The next decoded audio; `None` at the end.
    fn next_block(&mut self) -> Result<Option<Block>, AudioError>;

    /// Continues at this frame, counted from the first audible one. `false` when the decoder cannot go there exactly; then it
    /// must not be used any more.
    fn seek(&mut self, frame: u64) -> Result<bool, AudioError>;
}

/// Opens a file with the decoders that are built in, or with `ffmpeg` if they fail and the machine has it.
pub fn open(path: &Path) -> Result<Box<dyn Source>, AudioError> {
    std::fs::metadata(path)?;
    let why = match SymphoniaSource::open(path) {
        Ok(source) => return Ok(Box::new(source)),
        Err(AudioError::Unplayable(why)) => why,
        Err(other) => return Err(other),
    };
    match FfmpegSource::open(path)? {
        Some(source) => Ok(Box::new(source)),
        None => Err(AudioError::Unplayable(why)),
    }
}
