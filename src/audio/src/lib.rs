//! Tracks as exact sequences of 48 kHz stereo samples.
//!
//! | module | what |
//! |---|---|
//! | [`source`] | decodes a file, with encoder delay and padding removed |
//! | [`timeline`] | resamples a source to the track's timeline, from any sample |
//! | [`measure`] | counts samples, measures loudness and true peak |
//! | [`mp4`] | finds the tracks of mp4 files and which part of them is presented |
//! | [`segment`] | encodes pieces of the timeline as FLAC and Ogg Opus |
//!
//! Every function blocks and is meant for a thread of its own. Guarantees: the same file gives the same samples, whether it is
//! read from its start or from the middle; a file that cannot be decoded gives an error, never a panic. Not in here: caching
//! and scheduling, which the server does.

pub mod edits;
pub mod ffmpeg;
pub mod measure;
pub mod mp4;
pub mod reader;
pub mod segment;
pub mod source;
pub mod symphonia_source;
pub mod timeline;

/// Channels of the timeline.
pub const CHANNELS: usize = 2;

/// Why a file cannot be read as a track.
#[derive(Debug, thiserror::Error)]
pub enum AudioError {
    /// The file is not there any more.
    #[error("the file is gone")]
    Gone,
    /// Neither a built-in decoder nor `ffmpeg` can decode it.
    #[error("no decoder: {0}")]
    Unplayable(String),
    /// Reading failed; the same call may succeed later.
    #[error("reading failed: {0}")]
    Io(std::io::Error),
}

impl From<std::io::Error> for AudioError {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => Self::Gone,
            _ => Self::Io(error),
        }
    }
}
