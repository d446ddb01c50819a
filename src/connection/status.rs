//! Bounds what a device reports about itself, so that no report harms the room or other devices.

use tutti_protocol::{Device, DevicePlayback, DeviceStatus};

use crate::limits::{PROVIDERS_PER_DEVICE_MAX, READY_ENTRIES_MAX};

/// Positions and errors are at most this long.
const SPAN_MS_MAX: f64 = 7.0 * 24.0 * 3_600_000.0;
/// 2^53: up to here an `f64` holds every millisecond.
const INSTANT_MS_MAX: f64 = 9_007_199_254_740_992.0;

/// Clamps every number and removes duplicate entries and those past [`READY_ENTRIES_MAX`].
pub(super) fn clamp(mut status: DeviceStatus) -> DeviceStatus {
    if let Some(playback) = &mut status.playback {
        let DevicePlayback { position_ms, at_ms, error_ms, deviation_ms, ready, .. } = playback;
        *position_ms = position_ms.clamp(-SPAN_MS_MAX, SPAN_MS_MAX);
        *at_ms = at_ms.clamp(0.0, INSTANT_MS_MAX);
        *error_ms = error_ms.clamp(-SPAN_MS_MAX, SPAN_MS_MAX);
        *deviation_ms = deviation_ms.map(|deviation_ms| deviation_ms.clamp(0.0, SPAN_MS_MAX));
        *ready = distinct(ready, READY_ENTRIES_MAX);
    }
    status
}

/// Removes duplicate providers and those past [`PROVIDERS_PER_DEVICE_MAX`].
pub(super) fn clamp_device(mut device: Device) -> Device {
    device.providers = distinct(&device.providers, PROVIDERS_PER_DEVICE_MAX);
    device
}

/// The first `items_max` distinct items.
fn distinct<T: Copy + PartialEq>(named: &[T], items_max: usize) -> Vec<T> {
    let mut distinct = Vec::with_capacity(named.len().min(items_max));
    for item in named {
        if distinct.len() < items_max && !distinct.contains(item) {
            distinct.push(*item);
        }
    }
    distinct
}

#[cfg(test)]
mod tests {
    use tutti_protocol::{DeviceId, DeviceKind, EntryId, Measured, PlaybackState, ProviderId};
    use uuid::Uuid;

    use super::*;

    fn entries(numbers: &[u128]) -> Vec<EntryId> {
        numbers.iter().map(|number| EntryId(Uuid::from_u128(*number))).collect()
    }

    fn status(number: f64, ready: &[u128]) -> DeviceStatus {
        let playback = DevicePlayback {
            entry: None,
            position_ms: number,
            at_ms: number,
            error_ms: number,
            deviation_ms: Some(number),
            measured: Some(Measured::Heard),
            state: PlaybackState::Playing,
            ready: entries(ready),
        };
        DeviceStatus { playback: Some(playback), idle: false }
    }

    #[test]
    fn numbers_are_clamped() {
        for (said, span_ms, at_ms, deviation_ms) in [
            (f64::MAX, SPAN_MS_MAX, INSTANT_MS_MAX, SPAN_MS_MAX),
            (f64::MIN, -SPAN_MS_MAX, 0.0, 0.0),
            (1.5, 1.5, 1.5, 1.5),
            (-1.5, -1.5, 0.0, 0.0),
        ] {
            let held = clamp(status(said, &[])).playback.expect("it plays");
            assert_eq!((held.position_ms, held.error_ms), (span_ms, span_ms), "{said}");
            assert_eq!((held.at_ms, held.deviation_ms), (at_ms, Some(deviation_ms)), "{said}");
        }
    }

    #[test]
    fn ready_entries_are_distinct_and_few() {
        let ready = |named: &[u128]| clamp(status(0.0, named)).playback.expect("it plays").ready;
        assert_eq!(ready(&[1, 1, 2, 1, 2]), entries(&[1, 2]));
        assert_eq!(ready(&[1, 2, 3, 4, 5, 6]), entries(&[1, 2, 3, 4]));
        assert_eq!(clamp(DeviceStatus { playback: None, idle: true }).playback, None);
    }

    #[test]
    fn providers_are_distinct_and_few() {
        let named = |providers: Vec<ProviderId>| {
            let id = DeviceId(Uuid::nil());
            clamp_device(Device { id, name: "Phone".into(), kind: DeviceKind::Remote, providers }).providers
        };
        let (library, spotify) = (ProviderId::LIBRARY, ProviderId::SPOTIFY);
        assert_eq!(named(vec![library, library, spotify, library]), [library, spotify]);
        let many = (0..100).map(|number| ProviderId::parse(&format!("p{number}")).unwrap()).collect();
        assert_eq!(named(many).len(), PROVIDERS_PER_DEVICE_MAX);
    }
}
