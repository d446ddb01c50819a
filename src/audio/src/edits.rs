//! The edit list of an mp4 file: which part of the decoded audio is presented (ISO/IEC 14496-12, 8.6.6).
//!
//! Encoders of AAC put priming samples before the music and padding after it, and an edit that leaves both out. Browsers apply
//! it; symphonia 0.6 does not.

use std::fs::File;
use std::path::Path;

use crate::mp4::{self, Movie};
use crate::reader::Reader;

/// The presented part of the decoded audio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edit {
    /// From the first decoded audio to it.
    pub start: Ticks,
    /// Its length; `None`: to the end.
    pub length: Option<Ticks>,
}

/// A time in units of a box's own scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticks {
    count: u64,
    per_second: u32,
}

impl Ticks {
    /// `None` for a scale that no time has.
    fn new(count: u64, per_second: u64) -> Option<Self> {
        let per_second = u32::try_from(per_second).ok().filter(|scale| *scale > 0)?;
        Some(Self { count, per_second })
    }

    /// The same time in frames, rounded.
    pub fn frames(self, rate: u32) -> u64 {
        let per_second = u128::from(self.per_second);
        let frames = (u128::from(self.count) * u128::from(rate) + per_second / 2) / per_second;
        u64::try_from(frames).unwrap_or(u64::MAX)
    }
}

/// The edit of the first audio track; `None` without one, and for a file that is no mp4.
pub fn read(path: &Path) -> Option<Edit> {
    let mut reader = Reader::new(File::open(path).ok()?).ok()?;
    if reader.read(4, 4).ok()? != b"ftyp" {
        return None;
    }
    let moov = mp4::find(&mut reader, *b"moov").ok()??;
    let Movie { timescale, tracks, .. } = mp4::movie(&mut reader, &moov).ok()?;
    let track = tracks.into_iter().find(|track| track.kind == *b"soun")?;
    let mut edits = track.edits.into_iter();
    // Edits without media only delay the start; a room starts its tracks at once.
    let (start, duration) = edits.find_map(|edit| Some((edit.start?, edit.duration)))?;
    // A second edit of other media is rare and not applied. Without a length, the first goes to the end.
    let length = if edits.next().is_none() && duration > 0 { Some(Ticks::new(duration, timescale)?) } else { None };
    Some(Edit { start: Ticks::new(start, track.timescale)?, length })
}
