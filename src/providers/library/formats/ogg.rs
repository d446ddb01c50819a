//! Ogg: Vorbis, Opus, FLAC and Speex.

use std::io;

use super::flac::StreamInfo;
use super::{Format, Sound, Source, le16, le32, le64, samples_ms, sound};
use crate::providers::library::tags::fields::Fields;
use crate::providers::library::tags::vorbis;

/// Most of the headers that is read: with comments, but not with all of a large picture in them.
const HEADERS_BYTES_MAX: u64 = 1024 * 1024;
/// Longest page.
const PAGE_BYTES_MAX: usize = 27 + 255 + 255 * 255;
/// Most pages that are visited in a file of several streams.
const PAGES_MAX: usize = 500_000;
/// A first timestamp past this is the start of a recording of something longer.
const LATE_START_MS: u64 = 10_000;

struct Page {
    serial: u32,
    granule: u64,
    first: bool,
    continued: bool,
    header_bytes: u64,
    segments: Vec<u8>,
}

impl Page {
    fn parse(bytes: &[u8]) -> Option<Self> {
        if !bytes.starts_with(b"OggS\0") {
            return None;
        }
        let count = usize::from(*bytes.get(26)?);
        Some(Self {
            serial: le32(bytes, 14)?,
            granule: le64(bytes, 6)?,
            first: bytes[5] & 2 != 0,
            continued: bytes[5] & 1 != 0,
            header_bytes: 27 + count as u64,
            segments: bytes.get(27..27 + count)?.to_vec(),
        })
    }

    /// No packet ends on a page without one.
    fn has_granule(&self) -> bool {
        self.granule != u64::MAX
    }

    fn body_bytes(&self) -> u64 {
        self.segments.iter().map(|segment| u64::from(*segment)).sum()
    }

    fn bytes(&self) -> u64 {
        self.header_bytes + self.body_bytes()
    }
}

/// The kind of sound in a logical stream.
struct Codec {
    rate: u64,
    /// Samples that are decoded and not heard.
    skip: u64,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Vorbis,
    Opus,
    Flac,
    Speex,
}

impl Codec {
    fn of(packet: &[u8]) -> Option<Self> {
        if packet.starts_with(b"\x01vorbis") {
            let rate = u64::from(le32(packet, 12)?);
            return (rate > 0).then_some(Self { rate, skip: 0, kind: Kind::Vorbis });
        }
        if packet.starts_with(b"OpusHead") {
            return Some(Self { rate: 48_000, skip: u64::from(le16(packet, 10)?), kind: Kind::Opus });
        }
        if packet.starts_with(b"\x7fFLAC") {
            let info = StreamInfo::parse(packet.get(17..)?)?;
            return Some(Self { rate: info.rate, skip: 0, kind: Kind::Flac });
        }
        if packet.starts_with(b"Speex   ") {
            let rate = u64::from(le32(packet, 36)?);
            return (rate > 0).then_some(Self { rate, skip: 0, kind: Kind::Speex });
        }
        None
    }

    fn comments(&self, packet: &[u8]) -> Option<Fields> {
        let comments = match self.kind {
            Kind::Vorbis => packet.strip_prefix(b"\x03vorbis")?,
            Kind::Opus => packet.strip_prefix(b"OpusTags")?,
            Kind::Flac if packet.first()? & 0x7f == 4 => packet.get(4..)?,
            Kind::Flac => return None,
            Kind::Speex => packet,
        };
        Some(vorbis::parse(comments))
    }
}

pub(super) fn read(source: &mut Source<'_>, at: u64) -> io::Result<Option<Sound>> {
    let mut streams: Vec<(u32, Codec)> = Vec::new();
    let mut video = false;
    let mut packet = Vec::new();
    let mut packets = 0;
    let mut fields = Fields::default();
    let mut first_granule = None;
    let mut next = at;
    while next < at + HEADERS_BYTES_MAX && first_granule.is_none() {
        let Some(page) = page_at(source, next)? else { break };
        let body_at = next + page.header_bytes;
        next += page.bytes();
        if page.first {
            let start = source.read(body_at, 64)?;
            match Codec::of(&start) {
                Some(codec) => streams.push((page.serial, codec)),
                None => video |= start.starts_with(b"\x80theora"),
            }
            continue;
        }
        let Some((_, codec)) = streams.first().filter(|(serial, _)| *serial == page.serial) else { continue };
        if page.has_granule() && page.granule > 0 {
            first_granule = Some(page.granule);
        } else if packets < 8 {
            let body = source.read(body_at, usize::try_from(page.body_bytes()).unwrap_or_default())?;
            if !page.continued {
                packet.clear();
            }
            let mut body = body.as_slice();
            for &segment in &page.segments {
                let (part, rest) = body.split_at(usize::from(segment).min(body.len()));
                body = rest;
                packet.extend_from_slice(part);
                if segment < 255 {
                    if let Some(comments) = codec.comments(&packet) {
                        fields.supplement(comments);
                    }
                    packet.clear();
                    packets += 1;
                }
            }
        }
    }
    // Comments longer than what is read, because of a picture in them.
    if let (Some((_, codec)), true) = (streams.first(), fields.is_empty()) {
        fields = codec.comments(&packet).unwrap_or_default();
    }
    let Some((_, codec)) = streams.first() else { return Ok(None) };
    // Without a page of sound there are only headers.
    let Some(last) = last_page(source)?.filter(|last| last.granule > 0) else { return Ok(None) };
    let duration_ms = if streams.iter().any(|(known, _)| *known == last.serial) {
        let start = first_granule.filter(|granule| samples_ms(*granule, codec.rate) > LATE_START_MS).unwrap_or(0);
        samples_ms(last.granule.saturating_sub(start).saturating_sub(codec.skip), codec.rate)
    } else {
        chained_ms(source, at)?
    };
    Ok(Some(Sound { video, fields, ..sound(Format::Ogg, duration_ms) }))
}

fn page_at(source: &mut Source<'_>, at: u64) -> io::Result<Option<Page>> {
    let bytes = source.read(at, 27 + 255)?;
    Ok(Page::parse(&bytes))
}

/// The last page with a timestamp, among the last two that can be whole.
fn last_page(source: &mut Source<'_>) -> io::Result<Option<Page>> {
    let from = source.bytes.saturating_sub(2 * PAGE_BYTES_MAX as u64);
    let tail = source.read(from, 2 * PAGE_BYTES_MAX)?;
    let pages = (0..tail.len().saturating_sub(26)).rev().filter_map(|at| Page::parse(&tail[at..]));
    Ok(pages.into_iter().find(Page::has_granule))
}

/// The sum of the streams that follow one another in the file.
fn chained_ms(source: &mut Source<'_>, at: u64) -> io::Result<u64> {
    let (mut next, mut sum, mut current) = (at, 0_u64, None::<(Codec, u64)>);
    let length = |(codec, last): (Codec, u64)| samples_ms(last.saturating_sub(codec.skip), codec.rate);
    for _ in 0..PAGES_MAX {
        let Some(page) = page_at(source, next)? else { break };
        if page.first {
            let start = source.read(next + page.header_bytes, 64)?;
            if let Some(codec) = Codec::of(&start) {
                sum = sum.saturating_add(current.replace((codec, 0)).map_or(0, length));
            }
        } else if let Some((_, last)) = current.as_mut().filter(|_| page.has_granule()) {
            *last = page.granule;
        }
        next += page.bytes();
    }
    Ok(sum.saturating_add(current.map_or(0, length)))
}
