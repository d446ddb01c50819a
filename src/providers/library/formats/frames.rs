//! Streams of frames without a container: MPEG audio, AAC in ADTS, AC-3 and DTS.

use std::io;

use super::{Format, HEAD_BYTES, Sound, Source, be16, be32, duration_at_rate, samples_ms, sound};

/// How far behind tags and junk the first frame may be.
const JUNK_BYTES_MAX: usize = 256 * 1024;
/// Frames in a row that tell a stream from chance.
const FRAMES_MIN: usize = 4;
/// Places in the file whose frames are averaged, where no header has the number of frames.
const SAMPLES: u64 = 8;
/// Bytes that are looked at in each of these places.
const SAMPLE_BYTES: usize = 16 * 1024;

/// One frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Frame {
    /// What stays the same in a stream.
    stream: Stream,
    bytes: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stream {
    format: Format,
    layer: u8,
    rate: u32,
    samples: u32,
}

pub(super) fn read(source: &mut Source<'_>, at: u64) -> io::Result<Option<Sound>> {
    let mut head = source.read(at, HEAD_BYTES)?;
    let mut found = first_frame(&head, at + head.len() as u64 == source.bytes);
    if found.is_none() && head.len() == HEAD_BYTES {
        head = source.read(at, JUNK_BYTES_MAX)?;
        found = first_frame(&head, at + head.len() as u64 == source.bytes);
    }
    let Some((first, frame)) = found else { return Ok(None) };
    let at = at + first as u64;
    let head = &head[first..];
    let duration_ms = match mpeg_samples(head, frame, source.bytes - at) {
        Some(samples) => samples_ms(samples, frame.stream.rate.into()),
        None => average(source, at, frame.stream)?,
    };
    Ok(Some(sound(frame.stream.format, duration_ms)))
}

/// The first frame that is followed by others of its stream, or by the end of the file.
fn first_frame(bytes: &[u8], whole: bool) -> Option<(usize, Frame)> {
    (0..bytes.len()).find_map(|start| {
        let frame = Frame::parse(&bytes[start..])?;
        let mut at = start;
        for count in 0..FRAMES_MIN {
            if whole && count > 1 && at == bytes.len() {
                break;
            }
            let next = Frame::parse(bytes.get(at..)?).filter(|next| next.stream == frame.stream)?;
            at += next.bytes;
        }
        Some((start, frame))
    })
}

impl Frame {
    fn parse(bytes: &[u8]) -> Option<Self> {
        match *bytes.first_chunk::<2>()? {
            [0xff, second] if second & 0xf6 == 0xf0 => adts(bytes),
            [0xff, second] if second & 0xe0 == 0xe0 => mpeg(bytes),
            [0x0b, 0x77] => ac3(bytes),
            [0x7f, 0xfe] => dts(bytes),
            _ => None,
        }
    }
}

fn mpeg(bytes: &[u8]) -> Option<Frame> {
    const BITRATES: [[u32; 15]; 5] = [
        [0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
        [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
        [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
        [0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
        [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
    ];
    let header = be32(bytes, 0)?;
    let (version, layer) = (header >> 19 & 3, 4 - (header >> 17 & 3));
    let rate = [44_100, 48_000, 32_000].get((header >> 10 & 3) as usize)?;
    let bitrate_index = (header >> 12 & 15) as usize;
    if version == 1 || layer == 4 || !(1..15).contains(&bitrate_index) {
        return None;
    }
    let first_version = version == 3;
    let rate = rate >> (if first_version { 0 } else { 3 - version.max(1) });
    let table = match (first_version, layer) {
        (true, layer) => layer as usize - 1,
        (false, 1) => 3,
        (false, _) => 4,
    };
    let bitrate = BITRATES[table][bitrate_index] * 1_000;
    let padding = header >> 9 & 1;
    let (samples, bytes) = match layer {
        1 => (384, (12 * bitrate / rate + padding) * 4),
        3 if !first_version => (576, 72 * bitrate / rate + padding),
        _ => (1_152, 144 * bitrate / rate + padding),
    };
    let layer = u8::try_from(layer).ok()?;
    Some(Frame { stream: Stream { format: Format::Mpeg, layer, rate, samples }, bytes: bytes as usize })
}

fn adts(bytes: &[u8]) -> Option<Frame> {
    const RATES: [u32; 13] =
        [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350];
    let header = bytes.get(..7)?;
    let rate = *RATES.get(usize::from(header[2] >> 2 & 15))?;
    let bytes = usize::from(header[3] & 3) << 11 | usize::from(header[4]) << 3 | usize::from(header[5] >> 5);
    let samples = 1_024 * (u32::from(header[6] & 3) + 1);
    (bytes > 7).then_some(Frame { stream: Stream { format: Format::Aac, layer: 0, rate, samples }, bytes })
}

fn ac3(bytes: &[u8]) -> Option<Frame> {
    const KBITS: [u32; 19] = [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640];
    const RATES: [u32; 3] = [48_000, 44_100, 32_000];
    let (code, id) = (*bytes.get(4)?, *bytes.get(5)? >> 3);
    let stream = |layer, rate, samples| Stream { format: Format::Ac3, layer, rate, samples };
    if id > 10 {
        // E-AC-3 has the length in words.
        let length = usize::from(be16(bytes, 2)? & 0x7ff) + 1;
        let rate = *RATES.get(usize::from(code >> 6))?;
        let blocks = [1, 2, 3, 6][usize::from(code >> 4 & 3)];
        return (id <= 16).then_some(Frame { stream: stream(2, rate, 256 * blocks), bytes: length * 2 });
    }
    let rate = *RATES.get(usize::from(code >> 6))?;
    let kbits = *KBITS.get(usize::from(code & 0x3f) / 2)?;
    let words = match rate {
        48_000 => kbits * 2,
        44_100 => kbits * 96_000 / 44_100 + u32::from(code & 1),
        _ => kbits * 3,
    };
    Some(Frame { stream: stream(1, rate, 1_536), bytes: words as usize * 2 })
}

fn dts(bytes: &[u8]) -> Option<Frame> {
    const RATES: [u32; 16] =
        [0, 8_000, 16_000, 32_000, 0, 0, 11_025, 22_050, 44_100, 0, 0, 12_000, 24_000, 48_000, 96_000, 192_000];
    let packed = u64::from_be_bytes(*bytes.get(4..)?.first_chunk()?);
    if be32(bytes, 0)? != 0x7ffe_8001 {
        return None;
    }
    let blocks = u32::try_from(packed >> 50 & 0x7f).ok()? + 1;
    let length = usize::try_from(packed >> 36 & 0x3fff).ok()? + 1;
    let rate = RATES[usize::try_from(packed >> 26 & 15).ok()?];
    (rate > 0 && length >= 96).then_some(Frame {
        stream: Stream { format: Format::Dts, layer: 0, rate, samples: blocks * 32 },
        bytes: length,
    })
}

/// Samples of an MPEG stream that begins with a frame that has their number (Xing, LAME, VBRI), without what encoders
/// add. `None` if there is no such frame.
fn mpeg_samples(head: &[u8], frame: Frame, left: u64) -> Option<u64> {
    if frame.stream.format != Format::Mpeg {
        return None;
    }
    let each = u64::from(frame.stream.samples);
    if head.get(36..40)? == b"VBRI" {
        return Some(u64::from(be32(head, 50)?) * each);
    }
    let (first_version, mono) = (head.get(1)? & 8 != 0, head.get(3)? >> 6 == 3);
    let at = 4 + match (first_version, mono) {
        (true, false) => 32,
        (true, true) | (false, false) => 17,
        (false, true) => 9,
    };
    if !matches!(head.get(at..at + 4)?, b"Xing" | b"Info") {
        return None;
    }
    let flags = be32(head, at + 4)?;
    let mut next = at + 8;
    if flags & 1 == 0 {
        return None;
    }
    let frames = u64::from(be32(head, next)?);
    next += 4;
    let mut bytes = None;
    if flags & 2 != 0 {
        bytes = be32(head, next).map(u64::from).filter(|bytes| *bytes > 0);
        next += 4;
    }
    next += if flags & 4 != 0 { 100 } else { 0 } + if flags & 8 != 0 { 4 } else { 0 };
    // The file may have been cut off since.
    if let Some(bytes) = bytes.filter(|bytes| *bytes > left + left / 50) {
        let samples = u128::from(frames * each) * u128::from(left) / u128::from(bytes);
        return u64::try_from(samples).ok();
    }
    let padding = head.get(next + 21..next + 24).filter(|_| head.get(next).is_some_and(u8::is_ascii_alphabetic));
    let added = padding.map_or(0, |bytes| {
        let packed = u64::from(bytes[0]) << 16 | u64::from(bytes[1]) << 8 | u64::from(bytes[2]);
        (packed >> 12) + (packed & 0xfff)
    });
    Some((frames * each).saturating_sub(added))
}

/// The duration by the average length of frames in several places.
fn average(source: &mut Source<'_>, at: u64, stream: Stream) -> io::Result<u64> {
    let left = source.bytes.saturating_sub(at);
    let (mut frames, mut bytes) = (0, 0);
    for place in 0..SAMPLES {
        let part = source.read(at + left / SAMPLES * place, SAMPLE_BYTES)?;
        let Some((mut next, _)) = first_frame(&part, false).filter(|(_, frame)| frame.stream == stream) else {
            continue;
        };
        while let Some(frame) = part.get(next..).and_then(Frame::parse).filter(|frame| frame.stream == stream) {
            next += frame.bytes;
            bytes += frame.bytes as u64;
            frames += 1;
        }
    }
    // A file of so few frames that none is followed by enough of them.
    if frames == 0 {
        return Ok(duration_at_rate(source, at, 128_000));
    }
    Ok(samples_ms(left * frames / bytes.max(1) * u64::from(stream.samples), stream.rate.into()))
}
