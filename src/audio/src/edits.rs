//! The edit list of an mp4 file: which part of the decoded audio is presented (ISO/IEC 14496-12, 8.6.6).
//!
//! Encoders of AAC put priming samples before the music and padding after it, and an edit that leaves both out. Browsers apply
//! it; symphonia 0.6 does not.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

/// Larger movie headers are not read.
const HEADER_BYTES_MAX: u64 = 64 << 20;

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
    /// The same time in frames, rounded.
    pub fn frames(self, rate: u32) -> u64 {
        let per_second = u128::from(self.per_second);
        let frames = (u128::from(self.count) * u128::from(rate) + per_second / 2) / per_second;
        u64::try_from(frames).unwrap_or(u64::MAX)
    }
}

/// The edit of the first audio track; `None` without one, and for a file that is no mp4.
pub fn read(path: &Path) -> Option<Edit> {
    let mut file = File::open(path).ok()?;
    let total = file.metadata().ok()?.len();
    let mut at = 0;
    let movie = loop {
        let (kind, header, size) = top_level_box(&mut file, at, total)?;
        if at == 0 && &kind != b"ftyp" {
            return None;
        }
        if &kind == b"moov" {
            let length = (size - header).min(HEADER_BYTES_MAX);
            let mut bytes = vec![0; usize::try_from(length).ok()?];
            file.seek(SeekFrom::Start(at + header)).ok()?;
            file.read_exact(&mut bytes).ok()?;
            break bytes;
        }
        at += size;
    };
    let movie_scale = timescale(find(&movie, *b"mvhd")?)?;
    let track = boxes(&movie)
        .filter(|(kind, _)| *kind == b"trak")
        .map(|(_, body)| body)
        .find(|track| handler(track).is_some_and(|kind| kind == b"soun"))?;
    let media_scale = timescale(find(find(track, *b"mdia")?, *b"mdhd")?)?;
    let (start, length) = presented(find(find(track, *b"edts")?, *b"elst")?)?;
    let length = (length > 0).then_some(Ticks { count: length, per_second: movie_scale });
    Some(Edit { start: Ticks { count: start, per_second: media_scale }, length })
}

/// Kind, bytes of the header, and whole size of the box at `at`.
fn top_level_box(file: &mut File, at: u64, total: u64) -> Option<([u8; 4], u64, u64)> {
    let mut header = [0; 16];
    file.seek(SeekFrom::Start(at)).ok()?;
    file.read_exact(&mut header[..8]).ok()?;
    let kind = [header[4], header[5], header[6], header[7]];
    let (header_bytes, size) = match u64::from(big_endian_u32(&header, 0)?) {
        0 => (8, total.checked_sub(at)?),
        1 => {
            file.read_exact(&mut header[8..]).ok()?;
            (16, big_endian_u64(&header, 8)?)
        }
        size => (8, size),
    };
    (size >= header_bytes && at.checked_add(size)? <= total).then_some((kind, header_bytes, size))
}

/// The boxes in the body of another.
fn boxes(mut body: &[u8]) -> impl Iterator<Item = (&[u8; 4], &[u8])> {
    std::iter::from_fn(move || {
        let size = usize::try_from(big_endian_u32(body, 0)?).ok()?;
        let kind = body.get(4..8)?.try_into().ok()?;
        let inner = body.get(8..if size == 0 { body.len() } else { size })?;
        body = &body[8 + inner.len()..];
        Some((kind, inner))
    })
}

fn find(body: &[u8], wanted: [u8; 4]) -> Option<&[u8]> {
    boxes(body).find(|(kind, _)| **kind == wanted).map(|(_, inner)| inner)
}

/// What kind of track it is.
fn handler(track: &[u8]) -> Option<&[u8]> {
    find(find(track, *b"mdia")?, *b"hdlr")?.get(8..12)
}

/// Units per second of an `mvhd` or `mdhd` box.
fn timescale(header: &[u8]) -> Option<u32> {
    let at = if *header.first()? == 1 { 20 } else { 12 };
    let scale = big_endian_u32(header, at)?;
    (scale > 0).then_some(scale)
}

/// Start of the first edit with media, and the length of all that follow one another; 0: to the end.
fn presented(list: &[u8]) -> Option<(u64, u64)> {
    let long = *list.first()? == 1;
    let count = usize::try_from(big_endian_u32(list, 4)?).ok()?;
    let mut edits = (0..count).map_while(|nth| {
        if long {
            let at = 8 + nth * 20;
            Some((big_endian_u64(list, at)?, big_endian_u64(list, at + 8)?.cast_signed()))
        } else {
            let at = 8 + nth * 12;
            let start = big_endian_u32(list, at + 4)?.cast_signed();
            Some((u64::from(big_endian_u32(list, at)?), i64::from(start)))
        }
    });
    // Edits without media only delay the start; a room starts its tracks at once.
    let (length, start) = edits.find(|(_, start)| *start >= 0)?;
    // A second edit of other media is rare and not applied.
    let single = edits.next().is_none();
    Some((start.cast_unsigned(), if single { length } else { 0 }))
}

fn big_endian_u32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn big_endian_u64(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_be_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}
