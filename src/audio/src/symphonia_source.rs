//! The decoders that are built in: symphonia's, and libopus.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::LazyLock;

use symphonia::core::audio::{Channels, Position};
use symphonia::core::codecs::audio::{AudioDecoder, AudioDecoderOptions};
use symphonia::core::codecs::registry::CodecRegistry;
use symphonia::core::errors::Error;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, FormatReader, SeekMode, SeekTo, TrackType};
use symphonia::core::io::{MediaSourceStream, MediaSourceStreamOptions};
use symphonia::core::meta::MetadataOptions;
use symphonia::core::packet::Packet;
use symphonia::core::units::{Duration, TimeBase, Timestamp};

use crate::source::{Block, Source};
use crate::{AudioError, CHANNELS, edits};

static CODECS: LazyLock<CodecRegistry> = LazyLock::new(|| {
    let mut codecs = CodecRegistry::new();
    symphonia::default::register_enabled_codecs(&mut codecs);
    codecs.register_audio_decoder::<symphonia_adapter_libopus::OpusDecoder>();
    codecs
});

/// A file none of whose first packets can be decoded is not playable.
const BAD_PACKETS_MAX: usize = 50;
/// Decoded and discarded after a seek, in parts of a second: codecs need earlier packets to converge.
const PREROLL_PER_SECOND: u64 = 2;
/// The power of a channel that goes to both sides is shared by them.
const HALF_POWER: f32 = std::f32::consts::FRAC_1_SQRT_2;

/// A file that symphonia decodes.
pub struct SymphoniaSource {
    format: Box<dyn FormatReader>,
    decoder: Box<dyn AudioDecoder>,
    track: u32,
    time_base: Option<TimeBase>,
    lengths: Lengths,
    rate: u32,
    /// Read already, to be decoded next.
    pending: Option<Packet>,
    /// The presentation time of the first audible frame, in frames.
    origin: Option<i64>,
    edit: Option<edits::Edit>,
    /// Frames to discard before the next audible one.
    skip: u64,
    /// Audible frames from there to the end of the edit.
    left: Option<u64>,
    /// Decoded already.
    first: Option<Block>,
    interleaved: Vec<f32>,
}

impl SymphoniaSource {
    /// Opens a file and decodes its first packet.
    pub fn open(path: &Path) -> Result<Self, AudioError> {
        let file = File::open(path)?;
        guarded(|| Self::probe(file, path))
    }

    fn probe(file: File, path: &Path) -> Result<Self, AudioError> {
        let format = format_of(file)?;
        let (decoder, track, time_base) = decoder_of(&*format)?;
        // A delay that symphonia knows, it removes itself.
        let lengths = Lengths::of(&*format, track);
        let knows_delay = format.tracks().iter().any(|other| other.id == track && other.delay.is_some());
        let edit = if knows_delay { None } else { edits::read(path) };
        let mut source = Self {
            format,
            decoder,
            track,
            time_base,
            lengths,
            rate: 0,
            pending: None,
            origin: None,
            skip: 0,
            edit,
            left: None,
            first: None,
            interleaved: Vec::new(),
        };
        let mut bad = 0;
        while source.rate == 0 {
            let Some(packet) = source.packet()? else { return Err(AudioError::Unplayable("no audio in it".into())) };
            // Its length is known when a later packet is decoded.
            if source.decode(&packet)?.is_none() {
                bad += 1;
                if bad > BAD_PACKETS_MAX {
                    return Err(AudioError::Unplayable("its first packets are broken".into()));
                }
            }
        }
        // From the start again, with the rate known: packets that cannot be decoded become silence.
        source.format = format_of(File::open(path)?)?;
        source.decoder = decoder_of(&*source.format)?.0;
        (source.skip, source.left) = source.edit_frames();
        source.first = source.decode_next()?;
        Ok(source)
    }

    /// Frames from the first decoded to the first presented one, and the length of what is presented.
    fn edit_frames(&self) -> (u64, Option<u64>) {
        let Some(edit) = self.edit else { return (0, None) };
        (edit.start.frames(self.rate), edit.length.map(|length| length.frames(self.rate)))
    }

    /// The next packet of the track; `None` at the end. A truncated file ends where it is cut.
    fn packet(&mut self) -> Result<Option<Packet>, AudioError> {
        if let Some(packet) = self.pending.take() {
            return Ok(Some(packet));
        }
        loop {
            match self.format.next_packet() {
                Ok(Some(mut packet)) if packet.track_id == self.track => {
                    self.lengths.correct(&mut packet);
                    return Ok(Some(packet));
                }
                Ok(Some(_)) => {}
                // The next link of a chained stream.
                Err(Error::ResetRequired) => {
                    let Ok((decoder, track, time_base)) = decoder_of(&*self.format) else { return Ok(None) };
                    (self.decoder, self.track, self.time_base) = (decoder, track, time_base);
                }
                Err(Error::IoError(error)) if is_of_the_disk(&error) => return Err(error.into()),
                Ok(None) | Err(_) => return Ok(None),
            }
        }
    }

    /// The packet's audible audio; `None` when it cannot be decoded.
    fn decode(&mut self, packet: &Packet) -> Result<Option<Block>, AudioError> {
        let Ok(decoded) = self.decoder.decode(packet) else { return Ok(None) };
        self.rate = decoded.spec().rate();
        if self.rate == 0 {
            return Err(AudioError::Unplayable("no sample rate".into()));
        }
        let channels = decoded.spec().channels().clone();
        self.interleaved.resize(decoded.samples_interleaved(), 0.0);
        decoded.copy_to_slice_interleaved(&mut self.interleaved);
        let mut samples = stereo(&self.interleaved, &channels);
        if self.lengths == Lengths::OfPackets {
            samples.truncate(self.duration(packet) * CHANNELS);
        }
        Ok(Some(Block { rate: self.rate, samples }))
    }

    /// The next audio within the edit. What cannot be decoded becomes silence of the same length, so that the rest stays in its
    /// place.
    fn decode_next(&mut self) -> Result<Option<Block>, AudioError> {
        loop {
            if self.left == Some(0) {
                return Ok(None);
            }
            let Some(packet) = self.packet()? else { return Ok(None) };
            let mut block = match self.decode(&packet)? {
                Some(block) => block,
                None => Block { rate: self.rate, samples: vec![0.0; self.duration(&packet) * CHANNELS] },
            };
            let frames = block.samples.len() / CHANNELS;
            if self.origin.is_none() {
                // The delay is trimmed by the container's packets, or by the decoder without a word.
                let trimmed = self.frames(packet.trim_start.get().cast_signed());
                let missing = self.duration(&packet).saturating_sub(frames);
                let delay = trimmed.max(i64::try_from(missing).unwrap_or(0));
                self.origin = Some(self.frames(packet.pts.get()) + delay);
            }
            let skipped = usize::try_from(self.skip).unwrap_or(usize::MAX).min(frames);
            self.skip -= skipped as u64;
            block.samples.drain(..skipped * CHANNELS);
            if let Some(left) = &mut self.left {
                let kept = usize::try_from(*left).unwrap_or(usize::MAX).min(frames - skipped);
                *left -= kept as u64;
                block.samples.truncate(kept * CHANNELS);
            }
            if !block.samples.is_empty() {
                return Ok(Some(block));
            }
        }
    }

    /// The frames that a packet states.
    fn duration(&self, packet: &Packet) -> usize {
        usize::try_from(self.frames(packet.dur.get().cast_signed())).unwrap_or(0)
    }

    /// A timestamp or duration of the track, in frames.
    fn frames(&self, ticks: i64) -> i64 {
        let Some(base) = self.time_base else { return ticks };
        let (numer, denom) = (i128::from(base.numer.get()), i128::from(base.denom.get()));
        let scaled = i128::from(ticks) * numer * i128::from(self.rate);
        i64::try_from((scaled + denom / 2).div_euclid(denom)).unwrap_or(i64::MAX)
    }

    fn ticks(&self, frames: i64) -> i64 {
        let Some(base) = self.time_base else { return frames };
        let scaled = i128::from(frames) * i128::from(base.denom.get());
        let divisor = i128::from(base.numer.get()) * i128::from(self.rate);
        i64::try_from(scaled.div_euclid(divisor)).unwrap_or(i64::MAX)
    }

    fn seek_exactly(&mut self, frame: u64) -> Result<bool, AudioError> {
        let Some(origin) = self.origin else { return Ok(false) };
        let (edit_start, length) = self.edit_frames();
        let decoded_frame = frame + edit_start;
        let wanted = decoded_frame.saturating_sub(u64::from(self.rate) / PREROLL_PER_SECOND);
        let ts = Timestamp::new(self.ticks(origin.saturating_add_unsigned(wanted)));
        let Ok(_) = self.format.seek(SeekMode::Accurate, SeekTo::Timestamp { ts, track_id: self.track }) else {
            return Ok(false);
        };
        self.decoder.reset();
        (self.first, self.pending) = (None, None);
        // The first packet after a seek only gives the decoder its state; some codecs return nothing for it.
        let Some(packet) = self.packet()? else { return Ok(false) };
        self.decode(&packet)?;
        let Some(packet) = self.packet()? else { return Ok(false) };
        let Ok(at) = u64::try_from(self.frames(packet.pts.get()) - origin) else { return Ok(false) };
        self.pending = Some(packet);
        let Some(skip) = decoded_frame.checked_sub(at) else { return Ok(false) };
        self.skip = skip;
        self.left = length.map(|length| length.saturating_sub(frame));
        Ok(true)
    }
}

impl Source for SymphoniaSource {
    fn next_block(&mut self) -> Result<Option<Block>, AudioError> {
        if let Some(first) = self.first.take() {
            return Ok(Some(first));
        }
        guarded(|| self.decode_next())
    }

    fn seek(&mut self, frame: u64) -> Result<bool, AudioError> {
        guarded(|| self.seek_exactly(frame))
    }
}

/// How far a container's lengths can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lengths {
    /// Of mp4: the last packet states fewer frames than are decoded from it.
    OfPackets,
    /// Of mp3 without LAME's tag: symphonia estimates the length and trims what lies past the estimate.
    Estimated,
    /// Of mp3 with LAME's tag: padding ends at this timestamp. What follows was appended, and is played.
    PaddedUntil(i64),
    /// As symphonia applies them.
    Exact,
}

impl Lengths {
    fn of(format: &dyn FormatReader, id: u32) -> Self {
        let track = format.tracks().iter().find(|track| track.id == id);
        match (format.format_info().short_name, track) {
            ("isomp4", _) => Self::OfPackets,
            ("mp1" | "mp2" | "mp3", Some(track)) => match (track.delay, track.padding, track.num_frames) {
                (Some(_), Some(padding), Some(frames)) => {
                    Self::PaddedUntil(i64::try_from(frames).unwrap_or(i64::MAX).saturating_add(padding.into()))
                }
                _ => Self::Estimated,
            },
            _ => Self::Exact,
        }
    }

    fn correct(self, packet: &mut Packet) {
        let appended = match self {
            Self::Estimated => true,
            Self::PaddedUntil(end) => packet.pts.get() >= end,
            Self::OfPackets | Self::Exact => false,
        };
        if appended {
            packet.dur = packet.dur.saturating_add(packet.trim_end);
            packet.trim_end = Duration::ZERO;
        }
    }
}

type Decoder = (Box<dyn AudioDecoder>, u32, Option<TimeBase>);

fn format_of(file: File) -> Result<Box<dyn FormatReader>, AudioError> {
    let stream = MediaSourceStream::new(Box::new(file), MediaSourceStreamOptions::default());
    let options = (FormatOptions::default(), MetadataOptions::default());
    symphonia::default::get_probe().probe(&Hint::new(), stream, options.0, options.1).map_err(unplayable)
}

fn decoder_of(format: &dyn FormatReader) -> Result<Decoder, AudioError> {
    let none = || AudioError::Unplayable("no audio in it".into());
    let track = format.default_track(TrackType::Audio).ok_or_else(none)?;
    let parameters = track.codec_params.as_ref().and_then(|parameters| parameters.audio()).ok_or_else(none)?;
    let decoder = CODECS.make_audio_decoder(parameters, &AudioDecoderOptions::default()).map_err(unplayable)?;
    Ok((decoder, track.id, track.time_base))
}

/// Whether the operating system reported it. Parsers and decoders use I/O errors for broken data as well.
fn is_of_the_disk(error: &std::io::Error) -> bool {
    error.raw_os_error().is_some()
}

fn unplayable(error: Error) -> AudioError {
    match error {
        Error::IoError(error) if is_of_the_disk(&error) => error.into(),
        other => AudioError::Unplayable(other.to_string()),
    }
}

/// A decoder that panics on broken input makes the file unplayable and harms nothing else.
fn guarded<T>(run: impl FnOnce() -> Result<T, AudioError>) -> Result<T, AudioError> {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| Err(AudioError::Unplayable("its decoder failed".into())))
}

/// Mixes any channels to two. Weights are ITU-R BS.775's, scaled so that nothing clips; the LFE channel is left out.
fn stereo(samples: &[f32], channels: &Channels) -> Vec<f32> {
    let count = channels.count().max(1);
    match count {
        1 => samples.iter().flat_map(|sample| [*sample, *sample]).collect(),
        2 => samples.to_vec(),
        _ => {
            let weights = weights(channels, count);
            let mixed = samples.chunks_exact(count).flat_map(|frame| {
                let mix = |side: usize| frame.iter().zip(&weights).map(|(sample, weight)| sample * weight[side]).sum();
                [mix(0), mix(1)]
            });
            mixed.collect()
        }
    }
}

/// What each channel adds to the left and the right.
fn weights(channels: &Channels, count: usize) -> Vec<[f32; 2]> {
    let mut weights: Vec<[f32; 2]> = match channels {
        Channels::Positioned(positions) => positions.iter().map(weight).collect(),
        _ => vec![[1.0, 0.0], [0.0, 1.0]],
    };
    weights.resize(count, [0.0; 2]);
    let loudest = |side: usize| weights.iter().map(|weight| weight[side]).sum::<f32>();
    let scale = loudest(0).max(loudest(1)).max(1.0);
    weights.iter_mut().flatten().for_each(|weight| *weight /= scale);
    weights
}

fn weight(position: Position) -> [f32; 2] {
    let left = Position::FRONT_LEFT | Position::FRONT_LEFT_CENTER | Position::FRONT_LEFT_WIDE;
    let right = Position::FRONT_RIGHT | Position::FRONT_RIGHT_CENTER | Position::FRONT_RIGHT_WIDE;
    if left.contains(position) {
        [1.0, 0.0]
    } else if right.contains(position) {
        [0.0, 1.0]
    } else if (Position::SIDE_LEFT | Position::REAR_LEFT).contains(position) {
        [HALF_POWER, 0.0]
    } else if (Position::SIDE_RIGHT | Position::REAR_RIGHT).contains(position) {
        [0.0, HALF_POWER]
    } else if (Position::FRONT_CENTER | Position::REAR_CENTER).contains(position) {
        [HALF_POWER, HALF_POWER]
    } else {
        [0.0, 0.0]
    }
}
