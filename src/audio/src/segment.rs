//! Segments of a timeline, encoded as independent files.
//!
//! Chromium, Firefox and WebKit decode a lossless segment to exactly its samples, and a small one to exactly its count of
//! samples; `docs/decisions/0043-segments.md` has the evidence.

use std::io;

use flac_bound::{FlacEncoder, WriteWrapper};
use ogg::{PacketWriteEndInfo, PacketWriter};
use opusic_c::{Application, Bitrate, Encoder, SampleRate};
use tutti_protocol::segments::{Quality, RATE_HZ, SEGMENT_SAMPLES, SMALL_LEAD_SAMPLES, SMALL_TAIL_SAMPLES};

use crate::timeline::Timeline;
use crate::{AudioError, CHANNELS};

const FLAC_CHANNELS: u32 = 2;
/// Samples in a FLAC block; a whole number of them is a segment.
const FLAC_BLOCK: usize = 4000;
/// The shortest block that FLAC allows.
const FLAC_BLOCK_MIN: usize = 16;
/// libFLAC's level, from 0 (fast) to 8.
const FLAC_LEVEL: u32 = 4;
/// Samples in an Opus packet: 20 ms.
const OPUS_FRAME: usize = 960;
/// Bits per second of the small quality.
const OPUS_BITRATE: u32 = 128_000;
/// libopus's effort, from 0 to 10.
const OPUS_COMPLEXITY: u8 = 5;
/// More than any packet at that rate.
const OPUS_PACKET_BYTES_MAX: usize = 4000;
/// Packets in an Ogg page.
const OPUS_PAGE_PACKETS: usize = 50;
/// Any number: each segment is a stream of its own.
const OGG_SERIAL: u32 = 1;

/// An encoded segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// The file.
    pub bytes: Vec<u8>,
    /// Samples of the track in it.
    pub samples: u32,
}

/// The segments of a track, in order.
pub struct Segments {
    timeline: Timeline,
    quality: Quality,
    /// From [`SMALL_LEAD_SAMPLES`] before the next segment on; lossless segments use the part from the segment's start.
    window: Vec<f32>,
    ended: bool,
}

impl Segments {
    /// The segments from number `first` on, of a timeline that begins at [`Segments::start_of`] it.
    pub fn new(timeline: Timeline, quality: Quality, first: u32) -> Self {
        let lead = if first == 0 { SMALL_LEAD_SAMPLES as usize } else { 0 };
        Self { timeline, quality, window: vec![0.0; lead * CHANNELS], ended: false }
    }

    /// The sample at which a timeline must begin for the segments from `first` on.
    pub fn start_of(first: u32) -> u64 {
        (u64::from(first) * u64::from(SEGMENT_SAMPLES)).saturating_sub(u64::from(SMALL_LEAD_SAMPLES))
    }

    /// The next segment; `None` past the end of the track.
    pub fn next_segment(&mut self) -> Result<Option<Segment>, AudioError> {
        let (lead, tail) = (SMALL_LEAD_SAMPLES as usize, SMALL_TAIL_SAMPLES as usize);
        let whole = lead + SEGMENT_SAMPLES as usize + tail;
        let missing = whole - self.window.len() / CHANNELS;
        if !self.ended {
            self.ended = self.timeline.read(missing, &mut self.window)? < missing;
        }
        let samples = (self.window.len() / CHANNELS).saturating_sub(lead).min(SEGMENT_SAMPLES as usize);
        if samples == 0 {
            return Ok(None);
        }
        let bytes = match self.quality {
            Quality::Lossless => flac(&self.window[lead * CHANNELS..][..samples * CHANNELS])?,
            Quality::Small => {
                let end = (lead + samples + tail) * CHANNELS;
                let mut padded = self.window[..end.min(self.window.len())].to_vec();
                padded.resize(end, 0.0);
                opus(&padded)?
            }
        };
        self.window.drain(..samples * CHANNELS);
        Ok(Some(Segment { bytes, samples: u32::try_from(samples).unwrap_or(SEGMENT_SAMPLES) }))
    }
}

fn failed(error: impl std::fmt::Debug) -> AudioError {
    AudioError::Io(io::Error::other(format!("{error:?}")))
}

/// 16-bit FLAC of interleaved samples.
fn flac(samples: &[f32]) -> Result<Vec<u8>, AudioError> {
    #[expect(clippy::cast_possible_truncation, reason = "it is clamped to 16 bits")]
    let integer = |sample: &f32| (sample * 32_768.0).round().clamp(-32_768.0, 32_767.0) as i32;
    let mut integers: Vec<i32> = samples.iter().map(integer).collect();
    // FLAC's shortest block is meant for the last one as well: a shorter track ends with silence.
    integers.resize(integers.len().max(FLAC_BLOCK_MIN * CHANNELS), 0);
    let frames = integers.len() / CHANNELS;
    let fits = |block: &usize| frames.is_multiple_of(*block) || frames % block >= FLAC_BLOCK_MIN;
    let block = (FLAC_BLOCK_MIN..=FLAC_BLOCK).rev().find(fits).unwrap_or(FLAC_BLOCK);
    let (frames, block) = (u32::try_from(frames).map_err(failed)?, u32::try_from(block).map_err(failed)?);
    let mut file = Vec::new();
    let mut writer = WriteWrapper(&mut file);
    let config = FlacEncoder::new().ok_or_else(|| failed("no memory for an encoder"))?;
    let config = config.channels(FLAC_CHANNELS).bits_per_sample(16).sample_rate(RATE_HZ);
    let config = config.compression_level(FLAC_LEVEL).blocksize(block).total_samples_estimate(frames.into());
    let mut encoder = config.init_write(&mut writer).map_err(failed)?;
    encoder.process_interleaved(&integers, frames).map_err(|()| failed(encoder.state()))?;
    encoder.finish().map_err(|encoder| failed(encoder.state()))?;
    Ok(file)
}

/// Ogg Opus of interleaved samples (RFC 7845). Decoders that honour the pre-skip return exactly these samples.
fn opus(samples: &[f32]) -> Result<Vec<u8>, AudioError> {
    let mut encoder =
        Encoder::new(opusic_c::Channels::Stereo, SampleRate::Hz48000, Application::Audio).map_err(failed)?;
    encoder.set_bitrate(Bitrate::Value(OPUS_BITRATE)).map_err(failed)?;
    encoder.set_complexity(OPUS_COMPLEXITY).map_err(failed)?;
    let look_ahead = encoder.get_look_ahead().map_err(failed)? as usize;
    let end = look_ahead + samples.len() / CHANNELS;
    let mut file = Vec::with_capacity(end / 2);
    let mut writer = PacketWriter::new(&mut file);
    let head = opus_head(u16::try_from(look_ahead).map_err(failed)?);
    writer.write_packet(head, OGG_SERIAL, PacketWriteEndInfo::EndPage, 0)?;
    writer.write_packet(opus_tags(), OGG_SERIAL, PacketWriteEndInfo::EndPage, 0)?;
    let packets = end.div_ceil(OPUS_FRAME);
    let mut frame = vec![0.0; OPUS_FRAME * CHANNELS];
    let mut packet = vec![0; OPUS_PACKET_BYTES_MAX];
    for nth in 1..=packets {
        let from = ((nth - 1) * frame.len()).min(samples.len());
        let taken = &samples[from..samples.len().min(from + frame.len())];
        frame[..taken.len()].copy_from_slice(taken);
        frame[taken.len()..].fill(0.0);
        let size = encoder.encode_float_to_slice(&frame, &mut packet).map_err(failed)?;
        let (info, position) = match nth {
            // Decoders discard what lies past the position of the last page.
            last if last == packets => (PacketWriteEndInfo::EndStream, end),
            nth if nth % OPUS_PAGE_PACKETS == 0 => (PacketWriteEndInfo::EndPage, nth * OPUS_FRAME),
            nth => (PacketWriteEndInfo::NormalPacket, nth * OPUS_FRAME),
        };
        writer.write_packet(packet[..size].to_vec(), OGG_SERIAL, info, position as u64)?;
    }
    drop(writer);
    Ok(file)
}

fn opus_head(pre_skip: u16) -> Vec<u8> {
    // Version 1, two channels.
    let mut head = b"OpusHead\x01\x02".to_vec();
    head.extend(pre_skip.to_le_bytes());
    head.extend(RATE_HZ.to_le_bytes());
    // No gain, mapping family 0.
    head.extend([0, 0, 0]);
    head
}

fn opus_tags() -> Vec<u8> {
    // The vendor with its length, and no comments.
    b"OpusTags\x05\0\0\0Tutti\0\0\0\0".to_vec()
}
