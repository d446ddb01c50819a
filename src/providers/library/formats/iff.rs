//! Chunks: WAV with its larger variants, and AIFF.

use std::io;

use super::{Format, Sound, Source, be16, be32, be64, le16, le32, le64, samples_ms, sound};
use crate::providers::library::tags::fields::{Field, Fields};
use crate::providers::library::tags::id3;
use crate::providers::library::tags::text::Raw;

/// Most chunks that are visited.
const CHUNKS_MAX: usize = 1_000;
/// Largest chunk of text that is read.
const TEXT_BYTES_MAX: usize = 1024 * 1024;

pub(super) fn read_wave(source: &mut Source<'_>, at: u64) -> io::Result<Option<Sound>> {
    let kind = source.read(at, 4)?;
    let big_endian = kind == b"RIFX";
    let format = if kind.starts_with(b"RIF") { Format::Wav } else { Format::LargeWav };
    let number = if big_endian { be32 } else { le32 };
    let mut next = at + 12;
    let (mut bytes_per_second, mut data_bytes, mut long_data_bytes) = (0, None, None);
    let mut fields = Fields::default();
    for _ in 0..CHUNKS_MAX {
        let header = source.read(next, 8)?;
        let (Some(id), Some(claimed)) = (header.get(..4), number(&header, 4)) else { break };
        next += 8;
        let left = source.bytes.saturating_sub(next);
        let mut length = u64::from(claimed);
        match id {
            b"ds64" => long_data_bytes = le64(&source.read(next, 16)?, 8),
            b"fmt " => {
                let format = source.read(next, 16)?;
                let (Some(rate), Some(stated)) = (number(&format, 4), number(&format, 8)) else { return Ok(None) };
                let short = if big_endian { be16 } else { le16 };
                let (channels, bits) = (short(&format, 2).unwrap_or(1), short(&format, 14).unwrap_or(0));
                bytes_per_second = match u64::from(stated) {
                    0 => u64::from(rate) * u64::from(channels) * u64::from(bits.div_ceil(8)),
                    stated => stated,
                };
            }
            b"data" => {
                // Programs that write to a pipe cannot know the size.
                length = match (claimed, long_data_bytes) {
                    (u32::MAX, Some(long)) if long > 0 => long,
                    (0 | u32::MAX, _) => left,
                    (claimed, _) => u64::from(claimed),
                };
                length = length.min(left);
                data_bytes = Some(length);
            }
            b"LIST" => {
                let length = usize::try_from(length).unwrap_or(usize::MAX).min(TEXT_BYTES_MAX);
                fields.supplement(info(&source.read(next, length)?, number));
            }
            b"id3 " | b"ID3 " => fields.supplement(id3::read_v2(&mut source.file, next)?),
            _ => {}
        }
        next += length.saturating_add(length & 1);
        if length > left {
            break;
        }
    }
    let Some(data_bytes) = data_bytes.filter(|bytes| *bytes > 0 && bytes_per_second > 0) else { return Ok(None) };
    Ok(Some(Sound { fields, ..sound(format, samples_ms(data_bytes, bytes_per_second)) }))
}

/// The `INFO` list, in the encoding of the system that wrote it.
fn info(list: &[u8], number: fn(&[u8], usize) -> Option<u32>) -> Fields {
    let mut fields = Fields::default();
    let Some(mut rest) = list.strip_prefix(b"INFO") else { return fields };
    while let (Some(id), Some(length)) = (rest.get(..4), number(rest, 4)) {
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let Some(value) = rest.get(8..).map(|rest| &rest[..length.min(rest.len())]) else { break };
        let field = match id {
            b"INAM" => Some(Field::Title),
            b"IART" => Some(Field::Artist),
            b"IPRD" => Some(Field::Album),
            b"IGNR" => Some(Field::Genre),
            b"ICRD" => Some(Field::Date),
            b"IPRT" | b"ITRK" => Some(Field::Number),
            b"IMUS" => Some(Field::Composer),
            _ => None,
        };
        let text = value.split(|byte| *byte == 0).next().unwrap_or_default();
        if let Some(field) = field {
            fields.push(field, if text.is_ascii() { Raw::utf8(text) } else { Raw::Bytes(text.to_vec()) });
        }
        rest = rest.get(8 + length.saturating_add(length & 1)..).unwrap_or_default();
    }
    fields
}

pub(super) fn read_aiff(source: &mut Source<'_>, at: u64) -> io::Result<Option<Sound>> {
    let mut next = at + 12;
    let mut common = None;
    let mut sound_bytes = 0;
    let mut fields = Fields::default();
    for _ in 0..CHUNKS_MAX {
        let header = source.read(next, 8)?;
        let (Some(id), Some(length)) = (header.get(..4), be32(&header, 4)) else { break };
        next += 8;
        let text_bytes = usize::try_from(length).unwrap_or(usize::MAX).min(TEXT_BYTES_MAX);
        let field = match id {
            b"COMM" => {
                common = common_chunk(&source.read(next, 18)?);
                None
            }
            b"SSND" => {
                sound_bytes = u64::from(length).min(source.bytes.saturating_sub(next));
                None
            }
            b"ID3 " | b"id3 " => {
                fields.supplement(id3::read_v2(&mut source.file, next)?);
                None
            }
            b"NAME" => Some(Field::Title),
            b"AUTH" => Some(Field::Artist),
            _ => None,
        };
        if let Some(field) = field {
            let text = source.read(next, text_bytes)?;
            fields.push(field, if text.is_ascii() { Raw::utf8(&text) } else { Raw::Bytes(text) });
        }
        next += u64::from(length) + u64::from(length & 1);
    }
    let Some((frames, rate, frame_bytes)) = common.filter(|_| sound_bytes > 0) else { return Ok(None) };
    let samples = if frames == 0 { sound_bytes / frame_bytes.max(1) } else { frames };
    Ok(Some(Sound { fields, ..sound(Format::Aiff, samples_ms(samples, rate)) }))
}

/// Frames, rate, and bytes of a frame.
fn common_chunk(chunk: &[u8]) -> Option<(u64, u64, u64)> {
    let (channels, frames, bits) = (be16(chunk, 0)?, be32(chunk, 2)?, be16(chunk, 6)?);
    // An 80-bit float; rates are whole numbers.
    let (exponent, mantissa) = (be16(chunk, 8)? & 0x7fff, be64(chunk, 10)?);
    let rate = mantissa.checked_shr(u32::from(16_446_u16.checked_sub(exponent)?))?;
    (rate > 0).then_some((u64::from(frames), rate, u64::from(channels) * u64::from(bits.div_ceil(8))))
}
