//! Native FLAC: metadata blocks, then frames.

use std::io;

use super::{Format, Sound, Source, be16, be32, be64, duration_at_rate, samples_ms, sound};
use crate::providers::library::tags::fields::Fields;
use crate::providers::library::tags::vorbis;

/// Most metadata blocks.
const BLOCKS_MAX: usize = 1_000;
/// Largest comment block that is read.
const COMMENT_BYTES_MAX: usize = 1024 * 1024;

/// Rate, bits a second without compression, and samples, as the stream information has them.
pub(super) struct StreamInfo {
    pub(super) rate: u64,
    pub(super) bits_per_second: u64,
    pub(super) samples: u64,
}

impl StreamInfo {
    /// Parses the block's content.
    pub(super) fn parse(block: &[u8]) -> Option<Self> {
        let packed = be64(block, 10)?;
        let rate = packed >> 44;
        let channels = (packed >> 41 & 7) + 1;
        let bits = (packed >> 36 & 31) + 1;
        (rate > 0).then_some(Self { rate, bits_per_second: rate * channels * bits, samples: packed & 0xf_ffff_ffff })
    }
}

pub(super) fn read(source: &mut Source<'_>, at: u64) -> io::Result<Option<Sound>> {
    let mut at = at + 4;
    let mut info = None;
    let mut fields = Fields::default();
    for _ in 0..BLOCKS_MAX {
        let header = source.read(at, 4)?;
        let Some(header) = be32(&header, 0) else { return Ok(None) };
        let (last, kind, length) = (header >> 31 == 1, header >> 24 & 0x7f, u64::from(header & 0xff_ffff));
        at += 4;
        match kind {
            0 => info = StreamInfo::parse(&source.read(at, 34)?),
            4 => {
                let length = usize::try_from(length).unwrap_or(usize::MAX).min(COMMENT_BYTES_MAX);
                fields.supplement(vorbis::parse(&source.read(at, length)?));
            }
            _ => {}
        }
        at += length;
        if last {
            break;
        }
    }
    let frame = source.read(at, 2)?;
    let Some(info) = info.filter(|_| be16(&frame, 0).is_some_and(|sync| sync & 0xfffe == 0xfff8)) else {
        return Ok(None);
    };
    let claimed = samples_ms(info.samples, info.rate);
    // Sound compresses to about six tenths, and no further than to a fiftieth unless it is silence.
    let likely = duration_at_rate(source, at, info.bits_per_second * 6 / 10);
    let plausible = info.samples > 0 && claimed / 100 <= likely;
    Ok(Some(Sound { fields, ..sound(Format::Flac, if plausible { claimed } else { likely }) }))
}
