//! Playback waits while no device listens, in rooms with `wait_for_listener`, so that no track is used up unheard.
//!
//! Without a listener, an entry does not start. One that plays goes on for [`LISTENER_GRACE_MS`], then it waits at the position
//! where it was last heard. Within [`LISTENER_RETURN_MS`] the next one follows it without a gap. So devices that reload or
//! reconnect, also after a restart of the server, are not interrupted. What waits starts by itself when a device listens.

use tutti_protocol::{Event, Playback, PlaybackState};

use crate::timeline::{end_at_ms, position_ms};
use crate::{Ctx, RoomState};

/// How long an entry goes on after the last device stopped listening.
pub const LISTENER_GRACE_MS: i64 = 60_000;
/// How long after that another entry follows it: as long as a device takes to reconnect. Until then it may be heard, because
/// devices play on without a connection.
pub const LISTENER_RETURN_MS: i64 = 20_000;

const _: () = assert!(LISTENER_RETURN_MS < LISTENER_GRACE_MS);

impl RoomState {
    /// When [`crate::Input::Audience`] is next due because devices listen or do not; `None`: as long as nothing changes, never.
    pub fn listeners_due_ms(&self, unheard_since_ms: Option<i64>) -> Option<i64> {
        let current = self.current.as_ref()?;
        match unheard_since_ms.filter(|_| self.settings.wait_for_listener) {
            None => self.playback.waiting_for_listener.then_some(i64::MIN),
            Some(since_ms) => {
                // An entry that ended before has been heard: its end is due.
                let is_unheard = end_at_ms(&self.playback, &current.entry)? > since_ms;
                is_unheard.then_some(since_ms + LISTENER_GRACE_MS)
            }
        }
    }

    /// Whether an entry that is to play has to wait.
    pub(crate) fn must_wait(&self, ctx: &Ctx<'_>) -> bool {
        let may_be_heard = |since_ms| self.is_playing() && ctx.now_ms < since_ms + LISTENER_RETURN_MS;
        self.settings.wait_for_listener && ctx.unheard_since_ms.is_some_and(|since_ms| !may_be_heard(since_ms))
    }

    /// Starts the entry that waits, or lets the one that plays wait, once that is due.
    pub(crate) fn follow_listeners(&self, ctx: &Ctx<'_>) -> Option<Event> {
        let current = self.current.as_ref()?;
        self.listeners_due_ms(ctx.unheard_since_ms).filter(|due_ms| *due_ms <= ctx.now_ms)?;
        let playback = match ctx.unheard_since_ms.filter(|_| self.is_playing()) {
            Some(since_ms) => Playback {
                state: PlaybackState::Paused,
                anchor_position_ms: position_ms(&self.playback, &current.entry, since_ms),
                anchor_at_ms: ctx.now_ms,
                waiting_for_listener: true,
                ..self.playback
            },
            None => Playback {
                state: PlaybackState::Playing,
                anchor_at_ms: ctx.now_ms + ctx.audience.lead_ms(&current.entry),
                waiting_for_listener: false,
                ..self.playback
            },
        };
        Some(Event::PlaybackChanged { playback, by: None })
    }

    fn is_playing(&self) -> bool {
        self.playback.state == PlaybackState::Playing
    }
}
