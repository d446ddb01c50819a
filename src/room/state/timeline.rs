//! Positions and deadlines of playback. Only the server advances to the next entry, by the track's duration.

use tutti_protocol::{Entry, Playback, PlaybackState};

use crate::RoomState;

/// How far ahead a start or a resumption is announced, so that devices start together.
pub const START_LEAD_MS: i64 = 200;
/// How long at most a start waits for listening devices when the entry could not be loaded ahead of time.
pub const READY_BARRIER_MS: i64 = 3_000;
/// Minimum gain for announcing a start again: each time devices reschedule it.
pub(crate) const ADVANCE_MS_MIN: i64 = 100;
/// How long before the end of an entry the next start is announced: time to schedule it without a gap.
pub const TRACK_CHANGE_LEAD_MS: i64 = 1_000;
/// How long before the end of an entry the next one is locked: time to fetch and decode it.
pub const PRELOAD_WINDOW_MS: i64 = 10_000;

const _: () = assert!(START_LEAD_MS + ADVANCE_MS_MIN < READY_BARRIER_MS);
const _: () = assert!(START_LEAD_MS < TRACK_CHANGE_LEAD_MS && TRACK_CHANGE_LEAD_MS < PRELOAD_WINDOW_MS);

/// The timeline of a room in which nothing is on.
pub(crate) fn idle(at_ms: i64) -> Playback {
    Playback {
        state: PlaybackState::Idle,
        entry: None,
        anchor_position_ms: 0,
        anchor_at_ms: at_ms,
        waiting_for_listener: false,
    }
}

/// Position at an instant, clamped to the track; 0 before it starts.
pub(crate) fn position_ms(playback: &Playback, entry: &Entry, at_ms: i64) -> u64 {
    let run_ms = match playback.state {
        PlaybackState::Playing => u64::try_from(at_ms.saturating_sub(playback.anchor_at_ms)).unwrap_or(0),
        PlaybackState::Paused | PlaybackState::Idle => 0,
    };
    playback.anchor_position_ms.saturating_add(run_ms).min(entry.track.duration_ms)
}

/// The instant at which the entry ends, while it plays.
pub(crate) fn end_at_ms(playback: &Playback, entry: &Entry) -> Option<i64> {
    let remaining_ms = entry.track.duration_ms.saturating_sub(playback.anchor_position_ms);
    (playback.state == PlaybackState::Playing)
        .then(|| playback.anchor_at_ms.saturating_add(i64::try_from(remaining_ms).unwrap_or(i64::MAX)))
}

/// What is due on the timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// Lock the next entry.
    LockNext,
    /// End the entry.
    End,
}

impl RoomState {
    /// The position in the current entry.
    pub fn position_ms(&self, at_ms: i64) -> Option<u64> {
        self.current.as_ref().map(|current| position_ms(&self.playback, &current.entry, at_ms))
    }

    /// When the current entry ends; `None` while the timeline stands still.
    pub fn ends_at_ms(&self) -> Option<i64> {
        end_at_ms(&self.playback, &self.current.as_ref()?.entry)
    }

    /// When [`crate::Input::Tick`] is next due; `None` while the timeline stands still.
    pub fn next_deadline_ms(&self) -> Option<i64> {
        self.deadline().map(|(at_ms, _)| at_ms)
    }

    /// Whether the current entry has not begun and waits for devices, so that [`crate::Input::Audience`] can start it.
    pub fn awaits_devices(&self, now_ms: i64) -> bool {
        self.current.as_ref().is_some_and(|current| current.awaits_devices)
            && self.playback.state == PlaybackState::Playing
            && self.playback.anchor_at_ms > now_ms
    }

    /// What is due at `now_ms`.
    pub(crate) fn due(&self, now_ms: i64) -> Option<Due> {
        self.deadline().filter(|(at_ms, _)| *at_ms <= now_ms).map(|(_, due)| due)
    }

    fn deadline(&self) -> Option<(i64, Due)> {
        let current = self.current.as_ref()?;
        let end_at_ms = end_at_ms(&self.playback, &current.entry)?;
        let is_anything_waiting = self.anything_waiting();
        if !is_anything_waiting && !self.has_fallback() {
            return Some((end_at_ms, Due::End));
        }
        // An entry does not end before it begins, however short it is.
        let change_at_ms = (end_at_ms - TRACK_CHANGE_LEAD_MS).max(self.playback.anchor_at_ms);
        let lock_at_ms = end_at_ms - PRELOAD_WINDOW_MS;
        if is_anything_waiting && self.locked.is_none() && lock_at_ms < change_at_ms {
            Some((lock_at_ms, Due::LockNext))
        } else {
            Some((change_at_ms, Due::End))
        }
    }
}
