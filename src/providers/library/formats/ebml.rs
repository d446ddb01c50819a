//! Matroska and WebM.

use std::io;
use std::ops::Range;

use super::{Format, Sound, Source, be32, be64, duration_at_rate, sound};
use crate::providers::library::tags::fields::{Field, Fields};
use crate::providers::library::tags::text::Raw;

const SEGMENT: u32 = 0x1853_8067;
const INFO: u32 = 0x1549_a966;
const TIMESTAMP_SCALE: u32 = 0x2a_d7b1;
const DURATION: u32 = 0x4489;
const TITLE: u32 = 0x7ba9;
const TRACKS: u32 = 0x1654_ae6b;
const TRACK_ENTRY: u32 = 0xae;
const TRACK_TYPE: u32 = 0x83;
const TAGS: u32 = 0x1254_c367;
const TAG: u32 = 0x7373;
const TARGETS: u32 = 0x63c0;
const TARGET_TYPE_VALUE: u32 = 0x68ca;
const SIMPLE_TAG: u32 = 0x67c8;
const TAG_NAME: u32 = 0x45a3;
const TAG_STRING: u32 = 0x4487;
const CLUSTER: u32 = 0x1f43_b675;
const TIMESTAMP: u32 = 0xe7;

/// Target of tags that are about the album.
const ALBUM_TARGET: u64 = 50;
/// Most elements at one level: a file of two hours has some 1,500 clusters.
const ELEMENTS_MAX: usize = 20_000;
/// Longest text that is read.
const TEXT_BYTES_MAX: usize = 4_096;

struct Element {
    id: u32,
    content: Range<u64>,
}

#[derive(Default)]
struct Found {
    sound: bool,
    video: bool,
    scale_ns: u64,
    /// In units of the scale.
    duration: f64,
    last_timestamp: u64,
    fields: Fields,
    title: Option<Raw>,
}

pub(super) fn read(source: &mut Source<'_>, at: u64) -> io::Result<Option<Sound>> {
    let head = source.read(at, 64)?;
    let web = head.windows(4).any(|window| window == b"webm");
    let mut found = Found { scale_ns: 1_000_000, ..Found::default() };
    for element in elements(source, at..source.bytes)? {
        if element.id == SEGMENT {
            segment(source, element.content, &mut found)?;
        }
    }
    if !found.sound {
        return Ok(None);
    }
    if let Some(title) = found.title {
        let mut titled = Fields::default();
        titled.push(Field::Title, title);
        found.fields.supplement(titled);
    }
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an estimate"
    )]
    let duration_ms = match (found.duration * found.scale_ns as f64 / 1_000_000.0) as u64 {
        0 => found.last_timestamp.saturating_mul(found.scale_ns) / 1_000_000,
        duration_ms => duration_ms,
    };
    let duration_ms = if duration_ms == 0 { duration_at_rate(source, at, 128_000) } else { duration_ms };
    let format = if web { Format::WebM } else { Format::Matroska };
    Ok(Some(Sound { video: found.video, fields: found.fields, ..sound(format, duration_ms) }))
}

fn segment(source: &mut Source<'_>, range: Range<u64>, found: &mut Found) -> io::Result<()> {
    for element in elements(source, range)? {
        match element.id {
            INFO => {
                for element in elements(source, element.content)? {
                    match element.id {
                        TIMESTAMP_SCALE => found.scale_ns = unsigned(source, &element)?,
                        DURATION => found.duration = float(source, &element)?,
                        TITLE => found.title = Some(text(source, &element)?),
                        _ => {}
                    }
                }
            }
            TRACKS => {
                for entry in elements(source, element.content)?.into_iter().filter(|entry| entry.id == TRACK_ENTRY) {
                    for element in elements(source, entry.content)?.iter().filter(|inner| inner.id == TRACK_TYPE) {
                        let kind = unsigned(source, element)?;
                        found.video |= kind == 1;
                        found.sound |= kind == 2;
                    }
                }
            }
            TAGS => {
                for tag in elements(source, element.content)?.into_iter().filter(|tag| tag.id == TAG) {
                    read_tag(source, tag, &mut found.fields)?;
                }
            }
            CLUSTER if found.duration <= 0.0 => {
                let first =
                    elements(source, element.content.start..(element.content.start + 32).min(element.content.end))?;
                if let Some(element) = first.first().filter(|first| first.id == TIMESTAMP) {
                    found.last_timestamp = unsigned(source, element)?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn read_tag(source: &mut Source<'_>, tag: Element, fields: &mut Fields) -> io::Result<()> {
    let mut target = 0;
    for element in elements(source, tag.content)? {
        match element.id {
            TARGETS => {
                for element in elements(source, element.content)?.iter().filter(|inner| inner.id == TARGET_TYPE_VALUE) {
                    target = unsigned(source, element)?;
                }
            }
            SIMPLE_TAG => {
                let (mut name, mut value) = (None, None);
                for element in elements(source, element.content)? {
                    match element.id {
                        TAG_NAME => name = Some(content(source, &element)?),
                        TAG_STRING => value = Some(text(source, &element)?),
                        _ => {}
                    }
                }
                let name = name.as_deref().and_then(|name| std::str::from_utf8(name).ok());
                let field = match (name.and_then(|name| Field::of_name(name.trim_end_matches('\0'))), target) {
                    (Some(Field::Title), ALBUM_TARGET) => Some(Field::Album),
                    (Some(Field::Artist), ALBUM_TARGET) => Some(Field::AlbumArtist),
                    (Some(Field::Number), ALBUM_TARGET) => Some(Field::Disc),
                    (field, _) => field,
                };
                if let (Some(field), Some(value)) = (field, value) {
                    fields.push(field, value);
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// The elements in a range. One of unknown length is taken to be as long as the range, and its children to follow it.
fn elements(source: &mut Source<'_>, range: Range<u64>) -> io::Result<Vec<Element>> {
    let mut found = Vec::new();
    let mut at = range.start;
    while at < range.end && found.len() < ELEMENTS_MAX {
        let header = source.read(at, 12)?;
        let Some((id, id_bytes)) = variable(&header, 4, true) else { break };
        let Some((length, length_bytes)) = variable(&header[id_bytes..], 8, false) else { break };
        let Ok(id) = u32::try_from(id) else { break };
        let start = at + (id_bytes + length_bytes) as u64;
        let unknown = length == (1 << (7 * length_bytes)) - 1;
        let end = if unknown { range.end.max(start) } else { start.saturating_add(length).min(range.end).max(start) };
        found.push(Element { id, content: start..end });
        // Live streams have clusters of unknown length, which end where another begins.
        at = if unknown && id == CLUSTER { start } else { end };
    }
    Ok(found)
}

/// A number of variable length, with or without the bit that marks its length, and that length.
fn variable(bytes: &[u8], most: usize, marked: bool) -> Option<(u64, usize)> {
    let first = *bytes.first()?;
    let length = first.leading_zeros() as usize + 1;
    if length > most {
        return None;
    }
    let number = bytes.get(..length)?.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
    Some((if marked { number } else { number & !(1 << (7 * length)) }, length))
}

fn content(source: &mut Source<'_>, element: &Element) -> io::Result<Vec<u8>> {
    let length = usize::try_from(element.content.end - element.content.start).unwrap_or(usize::MAX);
    source.read(element.content.start, length.min(TEXT_BYTES_MAX))
}

fn text(source: &mut Source<'_>, element: &Element) -> io::Result<Raw> {
    let content = content(source, element)?;
    Ok(Raw::utf8(content.split(|byte| *byte == 0).next().unwrap_or_default()))
}

fn unsigned(source: &mut Source<'_>, element: &Element) -> io::Result<u64> {
    Ok(content(source, element)?.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

fn float(source: &mut Source<'_>, element: &Element) -> io::Result<f64> {
    let content = content(source, element)?;
    Ok(match content.len() {
        4 => be32(&content, 0).map_or(0.0, |bits| f32::from_bits(bits).into()),
        _ => be64(&content, 0).map_or(0.0, f64::from_bits),
    })
}
