//! Decides the next command for a device that follows a room, and when to check it. Pure.
//!
//! The room's timeline is authoritative. A start is sent early by the device's start latency. A track plays to its
//! natural end if another Spotify track follows; otherwise it is stopped just before, so that Spotify does not choose
//! the next one.

use tutti_protocol::{DeviceId, Entry, EntryId, Playback, PlaybackState, ProviderId};

use crate::room::View;

/// How long before its end a track is stopped, if no Spotify track follows.
pub(super) const END_GUARD_MS: i64 = 300;
/// If the next start is further away than this, the current track is paused.
const GAP_MS_MAX: i64 = 1_000;
/// A track change this close to the natural end counts as the end. Rooms announce the next track about a second before.
const END_TOLERANCE_MS: i64 = 100;
const ANNOUNCED_AHEAD_MS: i64 = 1_500;
/// Delay after a start until the player's state is reliable.
pub(super) const FIRST_CHECK_MS: i64 = 8_000;
/// Interval of later checks; each is a request for every listener.
pub(super) const CHECK_EVERY_MS: i64 = 60_000;
/// Smaller deviations are not corrected, because a correction is an audible gap.
pub(super) const DEAD_BAND_MS: i64 = 1_000;

/// A part of the room's timeline that Spotify plays.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Part {
    pub(super) entry: EntryId,
    pub(super) track: String,
    pub(super) duration_ms: i64,
    pub(super) playback: Playback,
}

/// A track that was started.
#[derive(Clone, Debug)]
pub(super) struct Started {
    pub(super) part: Part,
    pub(super) next_check_ms: i64,
    pub(super) was_checked: bool,
    /// Lead over the room at the last check; the track ends earlier by it.
    pub(super) early_ms: i64,
    /// The user paused it, or it is unplayable: it gets no more commands.
    pub(super) is_ignored: bool,
}

/// The next action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Wait until this time, or for a change of the room; `None`: only for a change.
    Wait(Option<i64>),
    Start,
    Pause,
    Check,
}

impl Part {
    /// The part that a device should play now, if any.
    pub(super) fn wanted(view: &View, device: Option<DeviceId>) -> Option<Self> {
        let entry = view.now_playing.as_ref().filter(|entry| entry.track.provider == ProviderId::SPOTIFY)?;
        let is_playing = view.playback.state == PlaybackState::Playing && view.playback.entry == Some(entry.id);
        (is_playing && view.output.lets_follow(device)).then(|| Self::of(entry, view.playback))
    }

    fn of(entry: &Entry, playback: Playback) -> Self {
        let duration_ms = i64::try_from(entry.track.duration_ms).unwrap_or(i64::MAX);
        Self { entry: entry.id, track: entry.track.id.clone(), duration_ms, playback }
    }

    /// Position in the track at a time; negative before the start.
    pub(super) fn position_ms(&self, now_ms: i64) -> i64 {
        let anchor_ms = i64::try_from(self.playback.anchor_position_ms).unwrap_or(i64::MAX);
        anchor_ms.saturating_add(now_ms - self.playback.anchor_at_ms)
    }

    fn end_ms(&self) -> i64 {
        self.playback.anchor_at_ms.saturating_add(self.duration_ms - self.position_ms(self.playback.anchor_at_ms))
    }

    /// Whether the track may play to its natural end although the room has moved on to `next`.
    fn ends_naturally(&self, next: &Playback, now_ms: i64) -> bool {
        let end_ms = self.end_ms();
        let near = end_ms > now_ms && end_ms <= now_ms + ANNOUNCED_AHEAD_MS;
        let seamless = next.state == PlaybackState::Idle || next.anchor_at_ms >= end_ms - END_TOLERANCE_MS;
        near && next.entry != Some(self.entry) && seamless
    }
}

/// The next action for a device.
pub(super) fn next_step(
    wanted: Option<&Part>,
    started: Option<&Started>,
    room: &Playback,
    latency_ms: i64,
    now_ms: i64,
) -> Step {
    match (wanted, started) {
        (Some(wanted), Some(started)) if *wanted == started.part => {
            if started.is_ignored {
                Step::Wait(None)
            } else if now_ms >= started.next_check_ms {
                Step::Check
            } else {
                Step::Wait(Some(started.next_check_ms))
            }
        }
        (Some(wanted), started) => {
            let due_ms = wanted.playback.anchor_at_ms - latency_ms;
            let still_plays = started.is_some_and(|started| !started.part.ends_naturally(room, now_ms));
            if now_ms >= due_ms {
                Step::Start
            } else if still_plays && due_ms - now_ms > GAP_MS_MAX {
                Step::Pause
            } else {
                Step::Wait(Some(due_ms))
            }
        }
        (None, Some(started)) if started.part.ends_naturally(room, now_ms) => {
            let due_ms = started.part.end_ms() - started.early_ms - END_GUARD_MS;
            if now_ms >= due_ms { Step::Pause } else { Step::Wait(Some(due_ms)) }
        }
        (None, Some(_)) => Step::Pause,
        (None, None) => Step::Wait(None),
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn part(entry: u128, anchor_at_ms: i64) -> Part {
        let entry = EntryId(Uuid::from_u128(entry));
        let playback = Playback { state: PlaybackState::Playing, entry: Some(entry), anchor_at_ms, ..IDLE };
        Part { entry, track: "5DoorbellInterlude0000".into(), duration_ms: 30_000, playback }
    }

    fn started(part: &Part) -> Started {
        let next_check_ms = part.playback.anchor_at_ms + FIRST_CHECK_MS;
        Started { part: part.clone(), next_check_ms, was_checked: false, early_ms: 0, is_ignored: false }
    }

    const IDLE: Playback = Playback {
        state: PlaybackState::Idle,
        entry: None,
        anchor_position_ms: 0,
        anchor_at_ms: 30_000,
        waiting_for_listener: false,
    };

    #[test]
    fn a_start_is_sent_early_by_the_latency() {
        let a = part(1, 1_000);
        assert_eq!(next_step(Some(&a), None, &a.playback, 400, 100), Step::Wait(Some(600)));
        assert_eq!(next_step(Some(&a), None, &a.playback, 400, 600), Step::Start);
        assert_eq!(a.position_ms(11_000), 10_000);
    }

    #[test]
    fn a_playing_track_is_checked_periodically() {
        let a = part(1, 0);
        assert_eq!(next_step(Some(&a), Some(&started(&a)), &a.playback, 400, 500), Step::Wait(Some(8_000)));
        assert_eq!(next_step(Some(&a), Some(&started(&a)), &a.playback, 400, 8_000), Step::Check);
        let ignored = Started { is_ignored: true, ..started(&a) };
        assert_eq!(next_step(Some(&a), Some(&ignored), &a.playback, 400, 90_000), Step::Wait(None));
    }

    #[test]
    fn consecutive_tracks_need_no_pause() {
        let (a, b) = (part(1, 0), part(2, 30_000));
        assert_eq!(next_step(Some(&b), Some(&started(&a)), &b.playback, 400, 29_000), Step::Wait(Some(29_600)));
        assert_eq!(next_step(Some(&b), Some(&started(&a)), &b.playback, 400, 29_600), Step::Start);
    }

    #[test]
    fn the_last_track_is_stopped_before_its_end() {
        let a = part(1, 0);
        assert_eq!(next_step(None, Some(&started(&a)), &IDLE, 400, 29_000), Step::Wait(Some(29_700)));
        assert_eq!(next_step(None, Some(&started(&a)), &IDLE, 400, 29_700), Step::Pause);
        let early = Started { early_ms: 600, ..started(&a) };
        assert_eq!(next_step(None, Some(&early), &IDLE, 400, 29_000), Step::Wait(Some(29_100)));
    }

    #[test]
    fn pauses_and_skips_take_effect_at_once() {
        let (a, b) = (part(1, 0), part(2, 13_000));
        let paused = Playback { state: PlaybackState::Paused, ..a.playback };
        assert_eq!(next_step(None, Some(&started(&a)), &paused, 400, 10_000), Step::Pause);
        assert_eq!(next_step(Some(&b), Some(&started(&a)), &b.playback, 400, 10_000), Step::Pause, "before a barrier");
        assert_eq!(next_step(Some(&b), None, &b.playback, 400, 10_000), Step::Wait(Some(12_600)));
    }
}
