//! Windows Media Audio: its duration, and its tags, which are in UTF-16.

use super::{Format, Sound, Source, duration_at_rate, le16, le64, sound};
use crate::providers::library::tags::fields::{Field, Fields};
use crate::providers::library::tags::text::Raw;

/// The identifier of the header, with which a file begins.
pub(super) const HEADER: [u8; 16] =
    [0x30, 0x26, 0xb2, 0x75, 0x8e, 0x66, 0xcf, 0x11, 0xa6, 0xd9, 0, 0xaa, 0, 0x62, 0xce, 0x6c];
const FILE_PROPERTIES: [u8; 16] =
    [0xa1, 0xdc, 0xab, 0x8c, 0x47, 0xa9, 0xcf, 0x11, 0x8e, 0xe4, 0, 0xc0, 0x0c, 0x20, 0x53, 0x65];
const CONTENT_DESCRIPTION: [u8; 16] =
    [0x33, 0x26, 0xb2, 0x75, 0x8e, 0x66, 0xcf, 0x11, 0xa6, 0xd9, 0, 0xaa, 0, 0x62, 0xce, 0x6c];
const EXTENDED_CONTENT_DESCRIPTION: [u8; 16] =
    [0x40, 0xa4, 0xd0, 0xd2, 0x07, 0xe3, 0xd2, 0x11, 0x97, 0xf0, 0, 0xa0, 0xc9, 0x5e, 0xa8, 0x50];
/// Length of an object's identifier and size.
const OBJECT_BYTES: usize = 24;
/// Bits a second of compressed music, roughly.
const LIKELY_BITS: u64 = 128_000;

/// Reads the file that begins at `at` with `head`.
pub(super) fn read(source: &Source<'_>, at: u64, head: &[u8]) -> Sound {
    let mut fields = Fields::default();
    if let Some(content) = object(head, CONTENT_DESCRIPTION) {
        let _ = description(content, &mut fields);
    }
    if let Some(content) = object(head, EXTENDED_CONTENT_DESCRIPTION) {
        let _ = extended(content, &mut fields);
    }
    let duration_ms = object(head, FILE_PROPERTIES).and_then(duration_ms);
    let duration_ms = duration_ms.unwrap_or_else(|| duration_at_rate(source, at, LIKELY_BITS));
    Sound { fields, ..sound(Format::Asf, duration_ms) }
}

/// The content of the object with this identifier, and what follows it.
fn object(head: &[u8], identifier: [u8; 16]) -> Option<&[u8]> {
    let at = head.windows(16).position(|window| window == identifier)?;
    head.get(at + OBJECT_BYTES..)
}

/// The play duration, without the time to fill buffers.
fn duration_ms(content: &[u8]) -> Option<u64> {
    let (duration, preroll_ms) = (le64(content, 40)?, le64(content, 56)?);
    Some((duration / 10_000).saturating_sub(preroll_ms)).filter(|duration_ms| *duration_ms > 0)
}

fn description(content: &[u8], fields: &mut Fields) -> Option<()> {
    let (title, artist) = (usize::from(le16(content, 0)?), usize::from(le16(content, 2)?));
    let texts = content.get(10..)?;
    fields.push(Field::Title, utf16(texts.get(..title)?));
    fields.push(Field::Artist, utf16(texts.get(title..title + artist)?));
    Some(())
}

fn extended(content: &[u8], fields: &mut Fields) -> Option<()> {
    let count = le16(content, 0)?;
    let mut rest = content.get(2..)?;
    for _ in 0..count {
        let (name, after) = counted(rest)?;
        let kind = le16(after, 0)?;
        let (value, after) = counted(after.get(2..)?)?;
        rest = after;
        if let (0, Raw::Text(name)) = (kind, utf16(name)) {
            let field = match name.as_str() {
                "WM/AlbumTitle" => Field::Album,
                "WM/AlbumArtist" => Field::AlbumArtist,
                "WM/Composer" => Field::Composer,
                "WM/Genre" => Field::Genre,
                "WM/Year" => Field::Date,
                "WM/TrackNumber" => Field::Number,
                "WM/PartOfSet" => Field::Disc,
                _ => continue,
            };
            fields.push(field, utf16(value));
        }
    }
    Some(())
}

/// Bytes with their number in front.
fn counted(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    bytes.get(2..)?.split_at_checked(usize::from(le16(bytes, 0)?))
}

fn utf16(bytes: &[u8]) -> Raw {
    let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
    Raw::unicode(String::from_utf16_lossy(&units).trim_end_matches('\0'))
}
