//! The analysis of a track: exact length, loudness, and whether seeking in its file is exact.

use std::path::Path;

use ebur128::{EbuR128, Mode};
use tutti_protocol::segments::RATE_HZ;

use crate::timeline::Timeline;
use crate::{AudioError, CHANNELS};

/// Loudness that tracks are played at, in LUFS: what most streaming services use.
const TARGET_LUFS: f64 = -14.0;
/// Highest true peak after the gain, in dBTP (EBU R 128 s2).
const PEAK_MAX_DBTP: f64 = -1.0;
const STEREO: u32 = 2;
/// Samples measured at once.
const STEP: usize = 4800;
/// Neighbouring positions that a probe is compared with.
const PROBE_LAGS: usize = 64;
/// A probe matches when the difference has less than this part of its energy. Decoders of AAC fill bands with random noise, so
/// two passes differ.
const PROBE_ENERGY: f32 = 0.05;
/// Where seeking is compared with decoding everything, as multiples of this from the start.
const PROBE_EVERY: u64 = 60 * RATE_HZ as u64;

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

/// Decodes the whole file. `keep_going` is asked every 100 ms of audio; `None` when it says no.
pub fn analyse(path: &Path, keep_going: impl Fn() -> bool) -> Result<Option<Analysis>, AudioError> {
    let mut timeline = Timeline::open(path)?;
    let failed = |error: ebur128::Error| AudioError::Unplayable(error.to_string());
    let mut meter = EbuR128::new(STEREO, RATE_HZ, Mode::I | Mode::TRUE_PEAK).map_err(failed)?;
    let mut samples = 0;
    let mut step = Vec::with_capacity(STEP * CHANNELS);
    // The latest probe that the track reaches, so that seeking is tried far from the start.
    let mut probe: Option<(u64, Vec<f32>)> = None;
    loop {
        if !keep_going() {
            return Ok(None);
        }
        step.clear();
        let read = timeline.read(STEP, &mut step)?;
        if read == 0 {
            break;
        }
        meter.add_frames_f32(&step).map_err(failed)?;
        if samples % PROBE_EVERY == 0 && samples > 0 && read == STEP {
            probe = Some((samples, step.clone()));
        }
        samples += read as u64;
    }
    if samples == 0 {
        return Err(AudioError::Unplayable("no audio in it".into()));
    }
    let loudness = meter.loudness_global().map_err(failed)?;
    let peak = meter.true_peak(0).map_err(failed)?.max(meter.true_peak(1).map_err(failed)?);
    let seekable = match probe {
        Some((at, expected)) => seeks_exactly(path, at, &expected),
        None => false,
    };
    Ok(Some(Analysis {
        samples,
        loudness_lufs: loudness.is_finite().then_some(loudness),
        peak_dbtp: (peak > 0.0).then(|| 20.0 * peak.log10()),
        seekable,
    }))
}

/// Whether the samples at `at` are found there, rather than at any neighbouring position.
fn seeks_exactly(path: &Path, at: u64, expected: &[f32]) -> bool {
    let margin = PROBE_LAGS * CHANNELS;
    let mut found = Vec::with_capacity(expected.len() + 2 * margin);
    let frames = expected.len() / CHANNELS + 2 * PROBE_LAGS;
    let opened = Timeline::open_at(path, at - PROBE_LAGS as u64);
    if opened.and_then(|mut timeline| timeline.read(frames, &mut found)).is_err() {
        return false;
    }
    found.resize(expected.len() + 2 * margin, 0.0);
    let difference = |lag: usize| -> f32 {
        let moved = &found[lag * CHANNELS..][..expected.len()];
        moved.iter().zip(expected).map(|(found, expected)| (found - expected).powi(2)).sum()
    };
    let here = difference(PROBE_LAGS);
    let energy: f32 = expected.iter().map(|sample| sample.powi(2)).sum();
    let others = (0..=2 * PROBE_LAGS).filter(|lag| *lag != PROBE_LAGS);
    energy > 0.0 && here < energy * PROBE_ENERGY && others.map(difference).all(|there| here < there)
}
