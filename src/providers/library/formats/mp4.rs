//! MP4 and QuickTime, whole or in fragments. Tags are left to another parser.

use std::io;

use tutti_audio::mp4::{Atom, Movie, atoms, movie};

use super::{Format, Sound, Source, be32, be64, duration_at_rate, samples_ms, sound};

pub(super) fn read(source: &mut Source<'_>, at: u64) -> io::Result<Option<Sound>> {
    let top = atoms(source, at..source.bytes)?;
    let Some(moov) = top.iter().find(|atom| atom.kind == *b"moov") else { return Ok(None) };
    let has_media = top.iter().any(|atom| matches!(&atom.kind, b"mdat" | b"moof") && !atom.content.is_empty());
    if !has_media || moov.content.end > source.bytes {
        return Ok(None);
    }
    let Movie { timescale, tracks, fragments } = movie(source, moov)?;
    let (mut fragments_duration, mut sample_duration) = (0, 0);
    for atom in fragments.map_or(Ok(vec![]), |mvex| atoms(source, mvex.content))? {
        let content = source.read(atom.content.start, 24)?;
        match &atom.kind {
            b"mehd" if content.first() == Some(&1) => fragments_duration = be64(&content, 4).unwrap_or(0),
            b"mehd" => fragments_duration = be32(&content, 4).unwrap_or(0).into(),
            b"trex" => sample_duration = be32(&content, 12).unwrap_or(0),
            _ => {}
        }
    }
    let video = tracks.iter().any(|track| track.kind == *b"vide");
    let Some(track) = tracks.into_iter().find(|track| track.kind == *b"soun") else { return Ok(None) };
    let presented = track.edits.iter().filter(|edit| edit.start.is_some());
    let edited = presented.map(|edit| edit.duration).fold(0, u64::saturating_add);
    let mut duration_ms = match (edited, track.duration) {
        (edited, _) if edited > 0 => samples_ms(edited, timescale),
        (_, duration) if duration > 0 => samples_ms(duration, track.timescale),
        _ => samples_ms(fragments_duration, timescale),
    };
    if duration_ms == 0 {
        let mut samples = 0;
        for atom in top.into_iter().filter(|atom| atom.kind == *b"moof") {
            samples += fragment(source, atom, sample_duration)?;
        }
        duration_ms = samples_ms(samples, track.timescale);
    }
    if duration_ms == 0 {
        duration_ms = duration_at_rate(source, at, 128_000);
    }
    Ok(Some(Sound { video, ..sound(Format::Mp4, duration_ms) }))
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
