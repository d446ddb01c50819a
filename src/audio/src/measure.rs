//! The analysis of a track: exact length, loudness, and whether seeking in its file is exact.

use std::path::Path;

use ebur128::{EbuR128, Mode};
use tutti_protocol::segments::RATE_HZ;

use crate::source::{self, Block};
use crate::timeline::timeline_samples;
use crate::{AudioError, CHANNELS};

/// Loudness that tracks are played at, in LUFS: what most streaming services use.
const TARGET_LUFS: f64 = -14.0;
/// Highest true peak after the gain, in dBTP (EBU R 128 s2).
const PEAK_MAX_DBTP: f64 = -1.0;
const STEREO: u32 = 2;
/// Frames that a probe compares.
const PROBE_FRAMES: usize = 4800;
/// Neighbouring positions that a probe is compared with.
const PROBE_LAGS: usize = 64;
/// A probe matches when the difference has less than this part of its energy. Decoders of AAC fill bands with random noise, so
/// two passes differ.
const PROBE_ENERGY: f32 = 0.05;
/// Interval between the places where seeking is compared with decoding everything, in seconds.
const PROBE_SECONDS: u64 = 60;

/// What a track's file holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Analysis {
    /// Samples of the timeline.
    pub samples: u64,
    /// Integrated loudness; `None` for silence and for less than 400 ms.
    pub loudness_lufs: Option<f64>,
    /// Highest true peak; `None` for silence.
    pub peak_dbtp: Option<f64>,
    /// Whether a timeline opened in the middle has the same samples as one read from the start.
    pub seekable: bool,
}

impl Analysis {
    /// The track's length, in milliseconds.
    pub fn duration_ms(&self) -> u64 {
        (self.samples * 1000 + u64::from(RATE_HZ) / 2) / u64::from(RATE_HZ)
    }

    /// The gain to −14 LUFS, in dB, limited so that the true peak stays at −1 dBTP or below; `None` without a loudness.
    pub fn gain_db(&self) -> Option<f64> {
        let wanted = TARGET_LUFS - self.loudness_lufs?;
        Some(wanted.min(PEAK_MAX_DBTP - self.peak_dbtp?))
    }
}

/// Decoded audio to compare with what seeking finds.
struct Probe {
    /// Its first frame, from the start of the file.
    at: u64,
    samples: Vec<f32>,
}

/// Decodes the whole file, at its own sample rate: loudness and true peak do not depend on it. `keep_going` is asked for
/// every decoded block; `None` when it says no.
pub fn analyse(path: &Path, keep_going: impl Fn() -> bool) -> Result<Option<Analysis>, AudioError> {
    let mut source = source::open(path)?;
    let failed = |error: ebur128::Error| AudioError::Unplayable(error.to_string());
    let mut meter = EbuR128::new(STEREO, RATE_HZ, Mode::I | Mode::TRUE_PEAK).map_err(failed)?;
    // Of the part with one rate that is being decoded.
    let (mut rate, mut frames) = (0, 0);
    let (mut parts, mut samples) = (0, 0);
    // The latest probe that the track fills, so that seeking is tried far from the start.
    let (mut probe, mut next_probe): (Option<Probe>, Option<Probe>) = (None, None);
    loop {
        if !keep_going() {
            return Ok(None);
        }
        let Some(block) = source.next_block()? else { break };
        if block.rate != rate {
            samples += timeline_samples(frames, rate);
            (rate, frames, parts) = (block.rate, 0, parts + 1);
            meter.change_parameters(STEREO, rate).map_err(failed)?;
        }
        meter.add_frames_f32(&block.samples).map_err(failed)?;
        let end = frames + (block.samples.len() / CHANNELS) as u64;
        let probe_every = PROBE_SECONDS * u64::from(rate);
        if next_probe.is_none() && frames / probe_every < end / probe_every {
            next_probe = Some(Probe { at: frames, samples: Vec::with_capacity(PROBE_FRAMES * CHANNELS) });
        }
        if let Some(filled) = &mut next_probe {
            let missing = PROBE_FRAMES * CHANNELS - filled.samples.len();
            filled.samples.extend(block.samples.iter().take(missing));
            if filled.samples.len() == PROBE_FRAMES * CHANNELS {
                probe = next_probe.take();
            }
        }
        frames = end;
    }
    samples += timeline_samples(frames, rate);
    if samples == 0 {
        return Err(AudioError::Unplayable("no audio in it".into()));
    }
    let loudness = meter.loudness_global().map_err(failed)?;
    let peak = meter.true_peak(0).map_err(failed)?.max(meter.true_peak(1).map_err(failed)?);
    Ok(Some(Analysis {
        samples,
        loudness_lufs: loudness.is_finite().then_some(loudness),
        peak_dbtp: (peak > 0.0).then(|| 20.0 * peak.log10()),
        // Seeking counts frames of one rate.
        seekable: parts == 1 && probe.is_some_and(|probe| seeks_exactly(path, &probe)),
    }))
}

/// Whether a decoder that seeks finds the probe in its place, rather than at any neighbouring position.
fn seeks_exactly(path: &Path, probe: &Probe) -> bool {
    let expected = &probe.samples;
    let mut found = Vec::new();
    let wanted = expected.len() + 2 * PROBE_LAGS * CHANNELS;
    let mut decode = || {
        let mut source = source::open(path)?;
        // A source knows where it is once it has decoded something.
        source.next_block()?;
        if !source.seek(probe.at.saturating_sub(PROBE_LAGS as u64))? {
            return Ok(false);
        }
        while found.len() < wanted
            && let Some(Block { samples, .. }) = source.next_block()?
        {
            found.extend(samples);
        }
        Ok::<_, AudioError>(true)
    };
    if !decode().unwrap_or(false) {
        return false;
    }
    found.resize(wanted, 0.0);
    let difference = |lag: usize| -> f32 {
        let moved = &found[lag * CHANNELS..][..expected.len()];
        moved.iter().zip(expected).map(|(found, expected)| (found - expected).powi(2)).sum()
    };
    let here = difference(PROBE_LAGS);
    let energy: f32 = expected.iter().map(|sample| sample.powi(2)).sum();
    let others = (0..=2 * PROBE_LAGS).filter(|lag| *lag != PROBE_LAGS);
    energy > 0.0 && here < energy * PROBE_ENERGY && others.map(difference).all(|there| here < there)
}
