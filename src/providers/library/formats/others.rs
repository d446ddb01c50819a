//! Formats that are recognised by a signature, and whose headers say little about the duration.

use super::{Format, Sound, Source, asf, be32, duration_at_rate, le32, le64, samples_ms, sound};

const WAVE64: [u8; 16] = *b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00";

/// Bits a second of compressed music without loss, roughly.
const LOSSLESS_BITS: u64 = 800_000;
/// Bits a second of compressed music, roughly.
const LOSSY_BITS: u64 = 128_000;

pub(super) fn read(source: &Source<'_>, at: u64, head: &[u8]) -> Option<Sound> {
    let guess = |bits| duration_at_rate(source, at, bits);
    if head.starts_with(&asf::HEADER) {
        return Some(asf::read(source, at, head));
    }
    let (format, duration_ms) = if head.starts_with(&WAVE64) {
        (Format::LargeWav, guess(1_411_200))
    } else {
        match *head.first_chunk()? {
            [b'M', b'A', b'C', b' '] => (Format::Ape, guess(LOSSLESS_BITS)),
            [b'w', b'v', b'p', b'k'] => (Format::WavPack, wavpack_ms(head).unwrap_or_else(|| guess(LOSSLESS_BITS))),
            [b'M', b'P', b'C', b'K'] | [b'M', b'P', b'+', _] => (Format::Musepack, guess(LOSSY_BITS)),
            [b'D', b'S', b'D', b' '] => (Format::Dsd, samples_ms(le64(head, 64)?, u64::from(le32(head, 56)?))),
            [b'F', b'R', b'M', b'8'] => (Format::Dsd, guess(5_644_800)),
            [b'T', b'T', b'A', b'1'] => (Format::Other, samples_ms(le32(head, 14)?.into(), le32(head, 10)?.into())),
            [b't', b'B', b'a', b'K'] | [b'O', b'F', b'R', b' '] => (Format::Other, guess(LOSSLESS_BITS)),
            [b'c', b'a', b'f', b'f'] => (Format::Other, guess(1_411_200)),
            [b'.', b's', b'n', b'd'] => (Format::Other, au_ms(source, head)?),
            [b'#', b'!', b'A', b'M'] => (Format::Other, guess(12_200)),
            [b'.', b'R', b'M', b'F'] => (Format::Other, guess(LOSSY_BITS)),
            _ => return None,
        }
    };
    // A header alone is no music.
    (source.bytes.saturating_sub(at) > 64).then(|| sound(format, duration_ms))
}

/// The number of samples in the first block's header.
fn wavpack_ms(head: &[u8]) -> Option<u64> {
    const RATES: [u64; 15] = [
        6_000, 8_000, 9_600, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 64_000, 88_200, 96_000,
        192_000,
    ];
    let (samples, flags) = (le32(head, 12)?, le32(head, 24)?);
    let rate = RATES.get((flags >> 23 & 15) as usize)?;
    (samples != u32::MAX).then(|| samples_ms(samples.into(), *rate))
}

/// Sun audio: 16-bit or 8-bit samples behind a header of a stated length.
fn au_ms(source: &Source<'_>, head: &[u8]) -> Option<u64> {
    let (start, encoding, rate, channels) = (be32(head, 4)?, be32(head, 12)?, be32(head, 16)?, be32(head, 20)?);
    let bits = match encoding {
        1 | 2 | 27 => 8,
        4 => 24,
        5 | 6 => 32,
        7 => 64,
        _ => 16,
    };
    let bits_per_second = u64::from(rate).saturating_mul(u64::from(channels)).saturating_mul(bits);
    (bits_per_second > 0).then(|| duration_at_rate(source, start.into(), bits_per_second))
}
