//! MP4 and QuickTime, whole or in fragments. Tags are left to another parser.

use std::io;
use std::ops::Range;

use super::{Format, Sound, Source, be32, be64, samples_ms, sound};

/// Most boxes at one level.
const BOXES_MAX: usize = 20_000;

/// A box: kind, and where its content is.
struct Atom {
    kind: [u8; 4],
    content: Range<u64>,
}

#[derive(Default)]
struct Track {
    sound: bool,
    video: bool,
    timescale: u64,
    duration: u64,
    /// In the timescale of the movie, without what an edit list leaves out.
    edited: u64,
}

pub(super) fn read(source: &mut Source<'_>, at: u64) -> io::Result<Option<Sound>> {
    let top = atoms(source, at..source.bytes)?;
    let Some(movie) = top.iter().find(|atom| atom.kind == *b"moov") else { return Ok(None) };
    let has_media = top.iter().any(|atom| matches!(&atom.kind, b"mdat" | b"moof") && !atom.content.is_empty());
    if !has_media || movie.content.end > source.bytes {
        return Ok(None);
    }
    let (mut movie_timescale, mut fragments_duration, mut sample_duration) = (0, 0, 0);
    let mut tracks = Vec::new();
    for atom in atoms(source, movie.content.clone())? {
        match &atom.kind {
            b"mvhd" => movie_timescale = header(source, &atom)?.0,
            b"trak" => tracks.push(track(source, &atom)?),
            b"mvex" => {
                for atom in atoms(source, atom.content)? {
                    let content = source.read(atom.content.start, 24)?;
                    match &atom.kind {
                        b"mehd" if content.first() == Some(&1) => fragments_duration = be64(&content, 4).unwrap_or(0),
                        b"mehd" => fragments_duration = be32(&content, 4).unwrap_or(0).into(),
                        b"trex" => sample_duration = be32(&content, 12).unwrap_or(0),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    let video = tracks.iter().any(|track| track.video);
    let Some(track) = tracks.into_iter().find(|track| track.sound) else { return Ok(None) };
    let mut duration_ms = match (track.edited, track.duration) {
        (edited, _) if edited > 0 => samples_ms(edited, movie_timescale),
        (_, duration) if duration > 0 => samples_ms(duration, track.timescale),
        _ => samples_ms(fragments_duration, movie_timescale),
    };
    if duration_ms == 0 {
        let mut samples = 0;
        for atom in top.into_iter().filter(|atom| atom.kind == *b"moof") {
            samples += fragment(source, atom, sample_duration)?;
        }
        duration_ms = samples_ms(samples, track.timescale);
    }
    if duration_ms == 0 {
        duration_ms = source.duration_ms(at, 128_000);
    }
    Ok(Some(Sound { video, ..sound(Format::Mp4, duration_ms) }))
}

/// The boxes in a range. One that claims to be longer than the range is the last.
fn atoms(source: &mut Source<'_>, range: Range<u64>) -> io::Result<Vec<Atom>> {
    let mut found = Vec::new();
    let mut at = range.start;
    while at < source.bytes && at + 8 <= range.end && found.len() < BOXES_MAX {
        let header = source.read(at, 16)?;
        let (Some(size), Some(&kind)) = (be32(&header, 0), header.get(4..).and_then(|rest| rest.first_chunk())) else {
            break;
        };
        let (header_bytes, size) = match size {
            0 => (8, range.end - at),
            1 => (16, be64(&header, 8).unwrap_or(0)),
            size => (8, u64::from(size)),
        };
        if size < header_bytes {
            break;
        }
        let end = at.saturating_add(size);
        found.push(Atom { kind, content: at + header_bytes..end });
        at = end;
    }
    Ok(found)
}

/// Timescale and duration in a movie's or media's header.
fn header(source: &mut Source<'_>, atom: &Atom) -> io::Result<(u64, u64)> {
    let content = source.read(atom.content.start, 32)?;
    let (timescale, duration) = match content.first() {
        Some(1) => (be32(&content, 20), be64(&content, 24)),
        _ => (be32(&content, 12), be32(&content, 16).map(u64::from)),
    };
    // All bits set: not known.
    let duration = duration.filter(|duration| *duration < u64::from(u32::MAX)).unwrap_or(0);
    Ok((timescale.unwrap_or(0).into(), duration))
}

fn track(source: &mut Source<'_>, atom: &Atom) -> io::Result<Track> {
    let mut track = Track::default();
    for atom in atoms(source, atom.content.clone())? {
        match &atom.kind {
            b"mdia" => {
                for atom in atoms(source, atom.content)? {
                    match &atom.kind {
                        b"mdhd" => (track.timescale, track.duration) = header(source, &atom)?,
                        b"hdlr" => {
                            let kind = source.read(atom.content.start + 8, 4)?;
                            track.sound = kind == b"soun";
                            track.video = kind == b"vide";
                        }
                        _ => {}
                    }
                }
            }
            b"edts" => {
                for atom in atoms(source, atom.content)?.iter().filter(|atom| atom.kind == *b"elst") {
                    track.edited = edited(&source.read(atom.content.start, 8 + 20 * 64)?);
                }
            }
            _ => {}
        }
    }
    Ok(track)
}

/// The sum of an edit list's parts that are not empty.
fn edited(list: &[u8]) -> u64 {
    let wide = list.first() == Some(&1);
    let count = usize::try_from(be32(list, 4).unwrap_or(0)).unwrap_or(0).min(64);
    let entry_bytes = if wide { 20 } else { 12 };
    (0..count)
        .filter_map(|entry| {
            let at = 8 + entry * entry_bytes;
            let (duration, from) = if wide {
                (be64(list, at)?, be64(list, at + 8)? == u64::MAX)
            } else {
                (be32(list, at)?.into(), be32(list, at + 4)? == u32::MAX)
            };
            (!from).then_some(duration)
        })
        .fold(0, u64::saturating_add)
}

/// The length of a fragment's samples, in the timescale of the media.
fn fragment(source: &mut Source<'_>, atom: Atom, default: u32) -> io::Result<u64> {
    let mut sum: u64 = 0;
    for atom in atoms(source, atom.content)?.into_iter().filter(|atom| atom.kind == *b"traf") {
        let mut duration = default;
        for atom in atoms(source, atom.content)? {
            let length = usize::try_from(atom.content.end - atom.content.start).unwrap_or(usize::MAX).min(1024 * 1024);
            match &atom.kind {
                b"tfhd" => {
                    let content = source.read(atom.content.start, 32)?;
                    let flags = be32(&content, 0).unwrap_or(0);
                    let at = 8 + if flags & 1 != 0 { 8 } else { 0 } + if flags & 2 != 0 { 4 } else { 0 };
                    if flags & 8 != 0 {
                        duration = be32(&content, at).unwrap_or(duration);
                    }
                }
                b"trun" => sum = sum.saturating_add(run(&source.read(atom.content.start, length)?, duration)),
                _ => {}
            }
        }
    }
    Ok(sum)
}

fn run(content: &[u8], default: u32) -> u64 {
    let (flags, count) = (be32(content, 0).unwrap_or(0), be32(content, 4).unwrap_or(0));
    if flags & 0x100 == 0 {
        return u64::from(count) * u64::from(default);
    }
    let has = |flag: u32| if flags & flag != 0 { 4_usize } else { 0 };
    let first = 8 + has(1) + has(4);
    let each = has(0x100) + has(0x200) + has(0x400) + has(0x800);
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    (0..count).map_while(|sample| be32(content, first.checked_add(sample.checked_mul(each)?)?)).map(u64::from).sum()
}
