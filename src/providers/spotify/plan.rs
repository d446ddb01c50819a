//! What a device that follows a room is to be told, and when to look again. Pure.
//!
//! The room's timeline is the only truth: a start is aimed ahead by what starts take on this device, a track that comes to
//! its natural end plays to it, and is stopped just before where nothing of Spotify's follows, so that Spotify chooses
//! nothing itself.

use tutti_protocol::{DeviceId, Entry, EntryId, OutputMode, Playback, PlaybackState, ProviderId};

use crate::room::View;

/// So long before its end a track is stopped, if nothing of Spotify's follows.
pub(super) const END_GUARD_MS: i64 = 300;
/// A start that is still so far away gets silence before it.
const HUSH_MS: i64 = 1_000;
/// A change this close to the natural end is that end: the next track is announced about a second before.
const END_TOLERANCE_MS: i64 = 100;
const ANNOUNCED_AHEAD_MS: i64 = 1_500;
/// Until then a player tells nothing that can be relied on.
pub(super) const FIRST_CHECK_MS: i64 = 8_000;
/// Afterwards it is looked at seldom: whoever listens costs requests.
pub(super) const CHECK_EVERY_MS: i64 = 60_000;
/// What is off by less stays so: putting it right is heard as a gap.
pub(super) const DEAD_BAND_MS: i64 = 1_000;

/// A part of the room's timeline that Spotify plays.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Part {
    pub(super) entry: EntryId,
    pub(super) track: String,
    pub(super) duration_ms: i64,
    pub(super) playback: Playback,
}

/// A start that was asked for.
#[derive(Clone, Debug)]
pub(super) struct Started {
    pub(super) part: Part,
    pub(super) next_check_ms: i64,
    pub(super) was_checked: bool,
    /// How much ahead of the room it was when it was looked at last; it is at its end so much earlier.
    pub(super) early_ms: i64,
    /// Somebody paused it, or it does not play: nothing is to be done about it.
    pub(super) left_alone: bool,
}

/// What is to be done now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing before that instant, unless the room changes; `None`: only when it does.
    Wait(Option<i64>),
    Start,
    Pause,
    Check,
}

impl Part {
    /// What a device is to play; `None`: nothing.
    pub(super) fn wanted(view: &View, device: Option<DeviceId>) -> Option<Self> {
        let entry = view.now_playing.as_ref().filter(|entry| entry.track.provider == ProviderId::SPOTIFY)?;
        let is_playing = view.playback.state == PlaybackState::Playing && view.playback.entry == Some(entry.id);
        (is_playing && is_chosen(view, device)).then(|| Self::of(entry, view.playback))
    }

    fn of(entry: &Entry, playback: Playback) -> Self {
        let duration_ms = i64::try_from(entry.track.duration_ms).unwrap_or(i64::MAX);
        Self { entry: entry.id, track: entry.track.id.clone(), duration_ms, playback }
    }

    /// Where in the track it is at that instant; negative before the start.
    pub(super) fn position_ms(&self, now_ms: i64) -> i64 {
        let anchor_ms = i64::try_from(self.playback.anchor_position_ms).unwrap_or(i64::MAX);
        anchor_ms.saturating_add(now_ms - self.playback.anchor_at_ms)
    }

    fn end_ms(&self) -> i64 {
        self.playback.anchor_at_ms.saturating_add(self.duration_ms - self.position_ms(self.playback.anchor_at_ms))
    }

    /// Whether it plays on to its natural end, when the room has moved on to `next`.
    fn ends_naturally(&self, next: &Playback, now_ms: i64) -> bool {
        let end_ms = self.end_ms();
        let near = end_ms > now_ms && end_ms <= now_ms + ANNOUNCED_AHEAD_MS;
        let seamless = next.state == PlaybackState::Idle || next.anchor_at_ms >= end_ms - END_TOLERANCE_MS;
        near && next.entry != Some(self.entry) && seamless
    }
}

/// Whether the room's output lets a device play. One that stands for none of the room's devices plays with everyone.
fn is_chosen(view: &View, device: Option<DeviceId>) -> bool {
    let listed = device.is_some_and(|device| view.output.devices.contains(&device));
    match view.output.mode {
        OutputMode::Everyone => !listed,
        OutputMode::Speakers => listed,
    }
}

/// What is to be done now.
pub(super) fn next_step(
    wanted: Option<&Part>,
    started: Option<&Started>,
    room: &Playback,
    bias_ms: i64,
    now_ms: i64,
) -> Step {
    match (wanted, started) {
        (Some(wanted), Some(started)) if *wanted == started.part => {
            if started.left_alone {
                Step::Wait(None)
            } else if now_ms >= started.next_check_ms {
                Step::Check
            } else {
                Step::Wait(Some(started.next_check_ms))
            }
        }
        (Some(wanted), started) => {
            let due_ms = wanted.playback.anchor_at_ms - bias_ms;
            let sounds_on = started.is_some_and(|started| !started.part.ends_naturally(room, now_ms));
            if now_ms >= due_ms {
                Step::Start
            } else if sounds_on && due_ms - now_ms > HUSH_MS {
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
        let playback =
            Playback { state: PlaybackState::Playing, entry: Some(entry), anchor_position_ms: 0, anchor_at_ms };
        Part { entry, track: "5DoorbellInterlude0000".into(), duration_ms: 30_000, playback }
    }

    fn started(part: &Part) -> Started {
        let next_check_ms = part.playback.anchor_at_ms + FIRST_CHECK_MS;
        Started { part: part.clone(), next_check_ms, was_checked: false, early_ms: 0, left_alone: false }
    }

    const IDLE: Playback =
        Playback { state: PlaybackState::Idle, entry: None, anchor_position_ms: 0, anchor_at_ms: 30_000 };

    #[test]
    fn a_start_is_aimed_ahead() {
        let a = part(1, 1_000);
        assert_eq!(next_step(Some(&a), None, &a.playback, 400, 100), Step::Wait(Some(600)));
        assert_eq!(next_step(Some(&a), None, &a.playback, 400, 600), Step::Start);
        assert_eq!(a.position_ms(11_000), 10_000);
    }

    #[test]
    fn what_plays_is_looked_at_seldom() {
        let a = part(1, 0);
        assert_eq!(next_step(Some(&a), Some(&started(&a)), &a.playback, 400, 500), Step::Wait(Some(8_000)));
        assert_eq!(next_step(Some(&a), Some(&started(&a)), &a.playback, 400, 8_000), Step::Check);
        let alone = Started { left_alone: true, ..started(&a) };
        assert_eq!(next_step(Some(&a), Some(&alone), &a.playback, 400, 90_000), Step::Wait(None));
    }

    #[test]
    fn one_track_after_the_other_needs_no_pause() {
        let (a, b) = (part(1, 0), part(2, 30_000));
        assert_eq!(next_step(Some(&b), Some(&started(&a)), &b.playback, 400, 29_000), Step::Wait(Some(29_600)));
        assert_eq!(next_step(Some(&b), Some(&started(&a)), &b.playback, 400, 29_600), Step::Start);
    }

    #[test]
    fn the_last_track_is_stopped_before_spotify_goes_on() {
        let a = part(1, 0);
        assert_eq!(next_step(None, Some(&started(&a)), &IDLE, 400, 29_000), Step::Wait(Some(29_700)));
        assert_eq!(next_step(None, Some(&started(&a)), &IDLE, 400, 29_700), Step::Pause);
        let early = Started { early_ms: 600, ..started(&a) };
        assert_eq!(next_step(None, Some(&early), &IDLE, 400, 29_000), Step::Wait(Some(29_100)));
    }

    #[test]
    fn a_pause_and_a_skip_are_at_once() {
        let (a, b) = (part(1, 0), part(2, 13_000));
        let paused = Playback { state: PlaybackState::Paused, ..a.playback };
        assert_eq!(next_step(None, Some(&started(&a)), &paused, 400, 10_000), Step::Pause);
        assert_eq!(next_step(Some(&b), Some(&started(&a)), &b.playback, 400, 10_000), Step::Pause, "before a barrier");
        assert_eq!(next_step(Some(&b), None, &b.playback, 400, 10_000), Step::Wait(Some(12_600)));
    }
}
