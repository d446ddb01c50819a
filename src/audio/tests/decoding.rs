//! Files as encoders, old tools and broken downloads leave them. Lengths are what Chromium's `decodeAudioData` gives, but for
//! chained Opus: RFC 7845 removes the pre-skip of every link, and Chromium only that of the first.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use tempfile::TempDir;
use tutti_audio::AudioError;
use tutti_audio::measure::{Analysis, analyse};
use tutti_audio::segment::{Segment, Segments};
use tutti_audio::timeline::Timeline;
use tutti_protocol::segments::{Quality, SEGMENT_SAMPLES, SMALL_LEAD_SAMPLES, SMALL_TAIL_SAMPLES};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

fn analysed(path: &Path) -> Analysis {
    analyse(path, || true).unwrap().expect("nothing stops it")
}

/// Interleaved samples of the whole track.
fn decoded(path: &Path) -> Vec<f32> {
    read_all(Timeline::open(path).unwrap())
}

fn read_all(mut timeline: Timeline) -> Vec<f32> {
    let mut samples = Vec::new();
    while timeline.read(4096, &mut samples).unwrap() > 0 {}
    samples
}

fn segments(path: &Path, quality: Quality, first: u32) -> Vec<Segment> {
    let timeline = Timeline::open_skipping(path, Segments::start_of(first)).unwrap();
    let mut segments = Segments::new(timeline, quality, first);
    std::iter::from_fn(|| segments.next_segment().unwrap()).collect()
}

/// A 16-bit stereo WAV file.
fn wav(folder: &TempDir, rate: u32, samples: &[i16]) -> PathBuf {
    let bytes = u32::try_from(samples.len() * 2).unwrap();
    let mut file = Vec::new();
    file.extend(b"RIFF");
    file.extend((36 + bytes).to_le_bytes());
    file.extend(b"WAVEfmt ");
    file.extend(16_u32.to_le_bytes());
    file.extend([1, 0, 2, 0]);
    file.extend(rate.to_le_bytes());
    file.extend((rate * 4).to_le_bytes());
    file.extend([4, 0, 16, 0]);
    file.extend(b"data");
    file.extend(bytes.to_le_bytes());
    file.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
    let path = folder.path().join("track.wav");
    fs::write(&path, file).unwrap();
    path
}

/// Noise, which compresses to nothing and hides no shift.
fn noise(frames: usize) -> Vec<i16> {
    let mut state = 0x2545_f491_u32;
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        i16::try_from(state >> 17).unwrap() - 16_384
    };
    std::iter::repeat_with(next).take(frames * 2).collect()
}

/// What a lossless segment decodes to.
fn integers(segment: &Segment) -> Vec<i16> {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("segment.flac");
    fs::write(&path, &segment.bytes).unwrap();
    #[expect(clippy::cast_possible_truncation, reason = "16-bit samples")]
    let integer = |sample: f32| (sample * 32_768.0).round() as i16;
    decoded(&path).into_iter().map(integer).collect()
}

#[test]
fn durations_are_those_that_browsers_play() {
    for (name, expected_ms) in [
        ("vbr_no_xing.mp3", 6034.3),
        ("abr_no_xing.mp3", 6048.0),
        ("truncated_half.mp3", 2954.0),
        ("lame_gapless.mp3", 6000.0),
        ("aac_edit_list.m4a", 6000.0),
        ("fragmented.m4a", 6023.2),
        ("late_start.ogg", 6000.0),
        ("flac_in_ogg.ogg", 6000.0),
        ("surround.ogg", 6000.0),
        ("chained.opus", 12_000.0),
        ("seek.mp3", 10_000.0),
        ("seek.m4a", 10_000.0),
    ] {
        #[expect(clippy::cast_precision_loss, reason = "a few seconds")]
        let found_ms = analysed(&fixture(name)).samples as f64 / 48.0;
        assert!((found_ms - expected_ms).abs() < 0.1, "{name}: {found_ms} ms");
    }
}

#[test]
fn codecs_that_browsers_lack_are_decoded() {
    for (name, expected_ms) in [("alac.m4a", 6000), ("mp2.mp3", 6008)] {
        assert_eq!(analysed(&fixture(name)).duration_ms(), expected_ms, "{name}");
    }
}

#[test]
fn ffmpeg_decodes_what_no_built_in_decoder_does() {
    let analysis = analysed(&fixture("ac3.m4a"));
    // Its decoder keeps the codec's delay.
    assert!(analysis.duration_ms().abs_diff(6_000) < 50, "{analysis:?}");
    assert!(analysis.loudness_lufs.is_some() && !analysis.seekable);
}

#[test]
fn broken_packets_do_not_end_a_track() {
    let folder = TempDir::new().unwrap();
    for name in ["seek.m4a", "seek.mp3", "seek.flac"] {
        let mut bytes = fs::read(fixture(name)).unwrap();
        let (from, to) = (bytes.len() / 3, bytes.len() / 2);
        bytes[from..to].iter_mut().skip(8).step_by(200).for_each(|byte| *byte ^= 0x5a);
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        let found_ms = analysed(&path).duration_ms();
        // Blocks of FLAC carry checksums, and those that are broken are left out.
        let lost_ms = if name == "seek.flac" { 2_000 } else { 100 };
        assert!(found_ms.abs_diff(10_000) <= lost_ms, "{name}: {found_ms} ms");
    }
}

#[test]
fn appended_files_play_to_their_end() {
    assert!(analysed(&fixture("appended.mp3")).duration_ms() > 12_000);
}

#[test]
fn what_holds_no_audio_is_unplayable_and_what_is_missing_is_gone() {
    for name in ["zeros.mp3", "make.sh"] {
        assert!(matches!(analyse(&fixture(name), || true), Err(AudioError::Unplayable(_))), "{name}");
    }
    assert!(matches!(analyse(&fixture("no such file"), || true), Err(AudioError::Gone)));
}

#[test]
fn an_analysis_stops_when_it_is_told_to() {
    assert_eq!(analyse(&fixture("seek.flac"), || false).unwrap(), None);
}

#[test]
fn the_gain_reaches_the_target_unless_the_peak_forbids_it() {
    let analysis =
        |loudness, peak| Analysis { samples: 1, loudness_lufs: Some(loudness), peak_dbtp: Some(peak), seekable: false };
    assert_eq!(analysis(-8.0, 0.5).gain_db(), Some(-6.0));
    assert_eq!(analysis(-20.0, -12.0).gain_db(), Some(6.0));
    assert_eq!(analysis(-20.0, -3.0).gain_db(), Some(2.0));
    assert_eq!(Analysis { loudness_lufs: None, ..analysis(0.0, 0.0) }.gain_db(), None);
}

#[test]
fn loudness_is_measured_as_ebu_r_128_defines_it() {
    // EBU Tech 3341, case 1: a stereo sine of 1 kHz at −23 dBFS reads −23 LUFS ± 0.1.
    let folder = TempDir::new().unwrap();
    #[expect(clippy::cast_possible_truncation, reason = "16-bit samples")]
    let sample = |at: u32| {
        let wave = (std::f64::consts::TAU * 1000.0 * f64::from(at) / 48_000.0).sin();
        (wave * 10_f64.powf(-23.0 / 20.0) * 32_768.0).round() as i16
    };
    let samples: Vec<i16> = (0..20 * 48_000).flat_map(|at| [sample(at); 2]).collect();
    let analysis = analysed(&wav(&folder, 48_000, &samples));
    let (loudness, peak) = (analysis.loudness_lufs.unwrap(), analysis.peak_dbtp.unwrap());
    assert!((loudness + 23.0).abs() < 0.1 && (peak + 23.0).abs() < 0.1, "{loudness} LUFS, {peak} dBTP");
}

#[test]
fn silence_has_no_loudness_and_plays() {
    let folder = TempDir::new().unwrap();
    let analysis = analysed(&wav(&folder, 48_000, &vec![0; 96_000]));
    assert_eq!((analysis.samples, analysis.loudness_lufs, analysis.gain_db()), (48_000, None, None));
}

#[test]
fn a_track_entered_in_its_middle_has_the_same_samples() {
    for name in ["seek.mp3", "seek.m4a", "seek.ogg", "seek.opus", "seek.flac"] {
        let path = fixture(name);
        let whole = decoded(&path);
        for sample in [48_000, 240_000, 300_001, 479_000] {
            let found = read_all(Timeline::open_at(&path, sample as u64).unwrap());
            assert_eq!(found.len(), whole.len() - sample * 2, "{name} from {sample}");
            let difference: f32 = found.iter().zip(&whole[sample * 2..]).map(|(a, b)| (a - b).powi(2)).sum();
            let energy: f32 = found.iter().map(|sample| sample.powi(2)).sum();
            // AAC fills bands with noise, which differs between two passes.
            assert!(difference < energy * 0.01, "{name} from {sample}: {difference} of {energy}");
        }
    }
}

#[test]
fn two_halves_of_a_recording_join_within_a_sample() {
    const HALF: u32 = 72_000;
    const NEAR: u32 = 4_800;
    for name in ["mp3", "m4a", "ogg", "opus", "flac"] {
        let halves = [0, 1].map(|half| decoded(&fixture(&format!("half{half}.{name}"))));
        for half in &halves {
            assert_eq!(half.len(), HALF as usize * 2, "{name}");
        }
        let joined: Vec<f32> = halves.concat().into_iter().step_by(2).collect();
        for near in [HALF - NEAR..HALF, HALF..HALF + NEAR] {
            // By tenths of a sample: the resampler shifts by a part of one.
            let error = |shift: f64| -> f64 {
                let squared = |(at, heard): (u32, &f32)| (f64::from(*heard) - recorded(f64::from(at) + shift)).powi(2);
                near.clone().zip(&joined[near.start as usize..]).map(squared).sum()
            };
            let shifts = (-30..=30).map(|tenths| f64::from(tenths) / 10.0);
            let best = shifts.min_by(|a, b| error(*a).total_cmp(&error(*b))).unwrap();
            assert!(best.abs() <= 1.0, "{name} is shifted by {best} at {near:?}");
        }
    }
}

/// The recording that was cut in halves, as `make.sh` describes it.
fn recorded(sample: f64) -> f64 {
    let at = sample / 48_000.0;
    let wave = |cycles: f64| (std::f64::consts::TAU * cycles).sin();
    wave(at * (220.0 + 40.0 * at)) * 0.4 + wave(at * 1330.0) * 0.1 * wave(3.0 * at)
}

#[test]
fn a_long_file_is_found_to_be_seekable() {
    let folder = TempDir::new().unwrap();
    assert!(analysed(&wav(&folder, 44_100, &noise(44_100 * 70))).seekable);
}

#[test]
fn lossless_segments_hold_exactly_the_samples_of_the_file() {
    let folder = TempDir::new().unwrap();
    let original = noise(2 * SEGMENT_SAMPLES as usize + 12_345);
    let path = wav(&folder, 48_000, &original);
    let made = segments(&path, Quality::Lossless, 0);
    assert_eq!(
        made.iter().map(|segment| segment.samples).collect::<Vec<_>>(),
        [SEGMENT_SAMPLES, SEGMENT_SAMPLES, 12_345]
    );
    assert!(made.iter().flat_map(integers).eq(original), "all samples are the same");
    // The same segments from the middle on.
    assert_eq!(segments(&path, Quality::Lossless, 1), made[1..]);
}

#[test]
fn small_segments_have_exact_margins() {
    let folder = TempDir::new().unwrap();
    let path = wav(&folder, 48_000, &noise(SEGMENT_SAMPLES as usize + 1000));
    let margins = (SMALL_LEAD_SAMPLES + SMALL_TAIL_SAMPLES) as usize;
    for (segment, samples) in segments(&path, Quality::Small, 0).iter().zip([SEGMENT_SAMPLES, 1000]) {
        assert_eq!(segment.samples, samples);
        let file = folder.path().join("segment.opus");
        fs::write(&file, &segment.bytes).unwrap();
        assert_eq!(decoded(&file).len(), (samples as usize + margins) * 2);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_track_of_any_length_comes_back_whole(frames in prop_oneof![1..40_usize, 3_980..4_040_usize, 239_980..240_040_usize]) {
        let folder = TempDir::new().unwrap();
        let original = noise(frames);
        let path = wav(&folder, 48_000, &original);
        let made = segments(&path, Quality::Lossless, 0);
        prop_assert_eq!(made.iter().map(|segment| segment.samples as usize).sum::<usize>(), frames);
        let found: Vec<i16> =
            made.iter().flat_map(|segment| integers(segment).into_iter().take(segment.samples as usize * 2)).collect();
        prop_assert_eq!(found, original);
    }

    #[test]
    fn resampling_keeps_the_length(rate in prop_oneof![Just(8_000), Just(11_025), Just(22_050), Just(32_000), Just(37_800), Just(44_056), Just(88_200), Just(96_000), Just(192_000)], frames in 1..30_000_usize) {
        let folder = TempDir::new().unwrap();
        let path = wav(&folder, rate, &noise(frames));
        let expected = (frames as u64 * 48_000 + u64::from(rate) / 2) / u64::from(rate);
        prop_assert_eq!(decoded(&path).len() as u64, expected * 2);
    }

    #[test]
    fn broken_files_never_panic(name in prop_oneof![Just("seek.mp3"), Just("seek.m4a"), Just("seek.ogg"), Just("chained.opus"), Just("flac_in_ogg.ogg")], cut in 0.0..1.0_f64, flips in prop::collection::vec((0.0..1.0_f64, any::<u8>()), 0..20)) {
        let folder = TempDir::new().unwrap();
        let mut bytes = fs::read(fixture(name)).unwrap();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a place in a small file")]
        let place = |part: f64, length: usize| (part * length as f64) as usize;
        bytes.truncate(place(cut, bytes.len()));
        for (part, value) in flips {
            let at = place(part, bytes.len());
            if let Some(byte) = bytes.get_mut(at) {
                *byte = value;
            }
        }
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        if let Ok(Some(analysis)) = analyse(&path, || true) {
            prop_assert!(analysis.samples > 0);
        }
    }
}
