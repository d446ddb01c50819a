//! The tracks of MP4 and QuickTime files (ISO/IEC 14496-12): what they are, how long, and which part of them is presented.
//!
//! Boxes are read one by one. A size is never believed about how much to read, and no input panics.

use std::io::{self, Read, Seek};
use std::ops::Range;

use crate::reader::{Reader, be32, be64};

/// Most boxes at one level.
const BOXES_MAX: usize = 20_000;
/// Most edits of a track.
const EDITS_MAX: usize = 64;

/// A box: kind, and where its content is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Atom {
    /// Such as `moov`.
    pub kind: [u8; 4],
    /// In bytes of the file. A box that claims to be longer than the file ends behind it.
    pub content: Range<u64>,
}

/// What a `moov` box says.
#[derive(Debug, Default)]
pub struct Movie {
    /// Ticks per second of its times; 0: unknown.
    pub timescale: u64,
    /// The tracks.
    pub tracks: Vec<Track>,
    /// The box `mvex`, which says that there are fragments.
    pub fragments: Option<Atom>,
}

/// A track of a movie.
#[derive(Debug, Default)]
pub struct Track {
    /// The handler type: `soun` for sound, `vide` for pictures.
    pub kind: [u8; 4],
    /// Ticks per second of its times; 0: unknown.
    pub timescale: u64,
    /// Its length in its own ticks; 0: unknown.
    pub duration: u64,
    /// Its edit list.
    pub edits: Vec<ListedEdit>,
}

/// A part of an edit list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListedEdit {
    /// Its length in ticks of the movie.
    pub duration: u64,
    /// Where it begins, in ticks of the track; `None`: nothing is presented.
    pub start: Option<u64>,
}

/// The boxes in a range. One that claims to be longer than the range is the last.
pub fn atoms<F: Read + Seek>(reader: &mut Reader<F>, range: Range<u64>) -> io::Result<Vec<Atom>> {
    let mut found = Vec::new();
    let mut at = range.start;
    while found.len() < BOXES_MAX
        && let Some(atom) = atom(reader, at..range.end)?
    {
        at = atom.content.end;
        found.push(atom);
    }
    Ok(found)
}

/// The first box of a kind in the file. Nothing behind it is read.
pub fn find<F: Read + Seek>(reader: &mut Reader<F>, kind: [u8; 4]) -> io::Result<Option<Atom>> {
    let mut at = 0;
    for _ in 0..BOXES_MAX {
        match atom(reader, at..reader.bytes)? {
            Some(atom) if atom.kind != kind => at = atom.content.end,
            found => return Ok(found),
        }
    }
    Ok(None)
}

/// The box at the start of a range.
fn atom<F: Read + Seek>(reader: &mut Reader<F>, range: Range<u64>) -> io::Result<Option<Atom>> {
    let Range { start, end } = range;
    if start >= reader.bytes || start.saturating_add(8) > end {
        return Ok(None);
    }
    let header = reader.read(start, 16)?;
    let (Some(size), Some(&kind)) = (be32(&header, 0), header.get(4..).and_then(|rest| rest.first_chunk())) else {
        return Ok(None);
    };
    let (header_bytes, size) = match size {
        0 => (8, end - start),
        1 => (16, be64(&header, 8).unwrap_or(0)),
        size => (8, u64::from(size)),
    };
    Ok((size >= header_bytes).then(|| Atom { kind, content: start + header_bytes..start.saturating_add(size) }))
}

/// Reads a `moov` box.
pub fn movie<F: Read + Seek>(reader: &mut Reader<F>, moov: &Atom) -> io::Result<Movie> {
    let mut movie = Movie::default();
    for atom in atoms(reader, moov.content.clone())? {
        match &atom.kind {
            b"mvhd" => movie.timescale = header(reader, &atom)?.0,
            b"trak" => movie.tracks.push(track(reader, &atom)?),
            b"mvex" => movie.fragments = Some(atom),
            _ => {}
        }
    }
    Ok(movie)
}

fn track<F: Read + Seek>(reader: &mut Reader<F>, trak: &Atom) -> io::Result<Track> {
    let mut track = Track::default();
    for atom in atoms(reader, trak.content.clone())? {
        match &atom.kind {
            b"mdia" => {
                for atom in atoms(reader, atom.content)? {
                    match &atom.kind {
                        b"mdhd" => (track.timescale, track.duration) = header(reader, &atom)?,
                        b"hdlr" => {
                            let kind = reader.read(atom.content.start + 8, 4)?;
                            track.kind = kind.try_into().unwrap_or_default();
                        }
                        _ => {}
                    }
                }
            }
            b"edts" => {
                for atom in atoms(reader, atom.content)?.iter().filter(|atom| atom.kind == *b"elst") {
                    track.edits = edits(&reader.read(atom.content.start, 8 + 20 * EDITS_MAX)?);
                }
            }
            _ => {}
        }
    }
    Ok(track)
}

/// Timescale and duration in the header of a movie or of media.
fn header<F: Read + Seek>(reader: &mut Reader<F>, atom: &Atom) -> io::Result<(u64, u64)> {
    let content = reader.read(atom.content.start, 32)?;
    let (timescale, duration) = match content.first() {
        Some(1) => (be32(&content, 20), be64(&content, 24)),
        _ => (be32(&content, 12), be32(&content, 16).map(u64::from)),
    };
    // All bits set: not known.
    let duration = duration.filter(|duration| *duration < u64::from(u32::MAX)).unwrap_or(0);
    Ok((timescale.unwrap_or(0).into(), duration))
}

fn edits(list: &[u8]) -> Vec<ListedEdit> {
    let wide = list.first() == Some(&1);
    let count = usize::try_from(be32(list, 4).unwrap_or(0)).unwrap_or(0).min(EDITS_MAX);
    let entry_bytes = if wide { 20 } else { 12 };
    (0..count)
        .map_while(|entry| {
            let at = 8 + entry * entry_bytes;
            let (duration, start) = if wide {
                (be64(list, at)?, be64(list, at + 8)?.cast_signed())
            } else {
                (be32(list, at)?.into(), be32(list, at + 4)?.cast_signed().into())
            };
            Some(ListedEdit { duration, start: u64::try_from(start).ok() })
        })
        .collect()
}
