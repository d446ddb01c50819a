//! How the audio of a track is cut and served: `GET {provider}/tracks/{id}/segments/{quality}/{n}`.
//!
//! A track is a sequence of stereo samples at [`RATE_HZ`]. Segment `n` holds those from `n` times [`SEGMENT_SAMPLES`] on.

use serde::{Deserialize, Serialize};

/// Samples per second of every track.
pub const RATE_HZ: u32 = 48_000;
/// Samples in a segment; fewer in a track's last one.
pub const SEGMENT_SAMPLES: u32 = 240_000;
/// Samples before a small segment's own ones, from the segment before or silence: decoders need them to converge.
pub const SMALL_LEAD_SAMPLES: u32 = 3_840;
/// Samples after a small segment's own ones.
pub const SMALL_TAIL_SAMPLES: u32 = 960;
/// Response header: samples of the track in the segment.
pub const SAMPLES_HEADER: &str = "tutti-segment-samples";

/// How segments are encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Quality {
    /// FLAC, 16 bit: decodes to exactly the segment's samples.
    Lossless,
    /// Ogg Opus at about 128 kbit/s: decodes to [`SMALL_LEAD_SAMPLES`] more before, [`SMALL_TAIL_SAMPLES`] more after.
    Small,
}

impl Quality {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Lossless, Self::Small];

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lossless => "lossless",
            Self::Small => "small",
        }
    }

    /// The quality of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|quality| quality.as_str() == name)
    }

    /// The media type of its segments.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Lossless => "audio/flac",
            Self::Small => "audio/ogg; codecs=opus",
        }
    }
}
