//! The task that makes one device of a user's Spotify account follow a room.
//!
//! It controls the device through the Web API and needs no open page: a locked phone keeps playing. Synchronization is
//! coarse: the task starts a track at the room's position plus the measured start latency of the device, checks the
//! position after the start and then once a minute, and restarts the track if it is off by more than a second.
//!
//! Guarantees: the task ends when it is stopped, when the user leaves the room, when the room closes, and when the user
//! plays something else with the account. It then pauses the device, except in the last case. While Spotify rate-limits
//! this server, it waits.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tutti_protocol::http::SpotifyOutputState;
use tutti_protocol::{DeviceId, ProviderId, UserId};

use super::plan::{CHECK_EVERY_MS, DEAD_BAND_MS, END_GUARD_MS, FIRST_CHECK_MS, Part, Started, Step, next_step};
use super::player::PlayerState;
use super::{Spotify, SpotifyError};
use crate::clock::ms;
use crate::room::{RoomHandle, View};

/// A room that plays nothing from Spotify for this long is no longer followed, because following keeps it in memory.
const IDLE_MAX: Duration = Duration::from_hours(1);
/// Retry interval while Spotify cannot be reached.
const RETRY_MS: i64 = 5_000;
/// Retry interval while the device cannot be found.
const DEVICE_RETRY_MS: i64 = 30_000;
/// Start latency assumed before the first measurement, and its upper bound.
const LATENCY_DEFAULT_MS: i64 = 600;
const LATENCY_MS_MAX: i64 = 4_000;
/// Start latencies kept for the median.
const LATENCIES_MAX: usize = 5;
/// A larger deviation means that the user plays another track.
const SUBSTITUTE_ERROR_MS_MAX: i64 = 15_000;

/// The task's state, for status requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Progress {
    pub(super) state: SpotifyOutputState,
    pub(super) retry_at_ms: Option<i64>,
    pub(super) error_ms: Option<i64>,
}

impl Progress {
    pub(super) const SILENT: Self = Self { state: SpotifyOutputState::Silent, retry_at_ms: None, error_ms: None };
}

/// One device that follows one room.
pub(super) struct Follower {
    pub(super) spotify: Spotify,
    pub(super) user: UserId,
    /// Spotify's id of the device.
    pub(super) spotify_device: String,
    /// The room device that it plays for.
    pub(super) device: Option<DeviceId>,
    /// Keeps the room in memory.
    pub(super) room: RoomHandle,
    pub(super) progress: watch::Sender<Progress>,
    pub(super) started: Option<Started>,
    pub(super) latencies_ms: VecDeque<i64>,
    /// No request is sent before this time.
    pub(super) backoff_until_ms: i64,
    /// When the position was last corrected.
    pub(super) corrected_at_ms: i64,
}

impl Follower {
    /// Follows the room until the task ends.
    pub(super) async fn run(mut self, stop: CancellationToken) {
        // Counted as a listening device as long as it follows, also while Spotify does not answer.
        self.room.follow(self.device).await;
        let mut view = self.room.view();
        let mut idle_since_ms = self.now_ms();
        let last = loop {
            let seen = view.borrow_and_update().clone();
            if seen.closed || !seen.members.contains(&self.user) {
                break Some(SpotifyOutputState::Over);
            }
            if seen.providers.contains(&ProviderId::SPOTIFY) {
                idle_since_ms = self.now_ms();
            }
            let idle_until_ms = idle_since_ms + ms(IDLE_MAX);
            if self.now_ms() >= idle_until_ms {
                break Some(SpotifyOutputState::Over);
            }
            let wait_until_ms = match self.step(&seen).await {
                Ok(until_ms) => until_ms,
                Err(error) => match self.handle_error(&error) {
                    Ok(until_ms) => Some(until_ms),
                    Err(last) => break Some(last),
                },
            };
            let wake_ms = wait_until_ms.map_or(idle_until_ms, |until_ms| until_ms.min(idle_until_ms));
            tokio::select! {
                () = stop.cancelled() => break None,
                () = self.spotify.0.stop.cancelled() => return,
                changed = view.changed() => if changed.is_err() { break Some(SpotifyOutputState::Over) },
                () = tokio::time::sleep_until(self.spotify.0.clock.instant_at(wake_ms)) => {}
            }
        };
        self.room.unfollow(self.device).await;
        if let Some(state) = last {
            tracing::info!(user = %self.user, ?state, "Spotify device no longer follows its room");
            self.progress.send_replace(Progress { state, ..Progress::SILENT });
        }
        // A device that the user took over keeps playing.
        if self.started.is_some() && last != Some(SpotifyOutputState::Taken) {
            let _ = self.spotify.pause(self.user, &self.spotify_device).await;
        }
    }

    /// Performs all due steps. Returns when the next one is due; `None` if only a change of the room causes one.
    async fn step(&mut self, view: &View) -> Result<Option<i64>, SpotifyError> {
        loop {
            let now_ms = self.now_ms();
            if now_ms < self.backoff_until_ms {
                return Ok(Some(self.backoff_until_ms));
            }
            let wanted = Part::wanted(view, self.device);
            match next_step(wanted.as_ref(), self.started.as_ref(), &view.playback, self.latency_ms(), now_ms) {
                Step::Wait(until_ms) => return Ok(until_ms),
                Step::Pause => self.pause().await?,
                Step::Check => self.check().await?,
                Step::Start => {
                    if let Some(part) = wanted {
                        self.start(part).await?;
                    }
                }
            }
        }
    }

    async fn start(&mut self, part: Part) -> Result<(), SpotifyError> {
        let now_ms = self.now_ms();
        let position_ms = part.position_ms(now_ms + self.latency_ms()).max(0);
        let over = position_ms >= part.duration_ms - END_GUARD_MS;
        if !over {
            let from_ms = position_ms.unsigned_abs();
            self.spotify.play(self.user, &self.spotify_device, &part.track, from_ms).await?;
            self.report(SpotifyOutputState::Playing, None);
        }
        self.started = Some(Started {
            part,
            next_check_ms: now_ms + FIRST_CHECK_MS,
            was_checked: false,
            // A guessed latency may be too long: the track would end early, and Spotify would choose the next one.
            early_ms: if self.latencies_ms.is_empty() { LATENCY_DEFAULT_MS } else { 0 },
            is_ignored: over,
        });
        Ok(())
    }

    async fn pause(&mut self) -> Result<(), SpotifyError> {
        self.spotify.pause(self.user, &self.spotify_device).await?;
        self.started = None;
        self.report(SpotifyOutputState::Silent, None);
        Ok(())
    }

    /// Compares the device's position with the room's and restarts the track if they differ too much.
    async fn check(&mut self) -> Result<(), SpotifyError> {
        let sent_ms = self.now_ms();
        let playing = self.spotify.playing(self.user).await?;
        let received_ms = self.now_ms();
        let Some(started) = &mut self.started else { return Ok(()) };
        let is_first = !started.was_checked;
        started.was_checked = true;
        started.next_check_ms = received_ms + CHECK_EVERY_MS;
        let expected_ms = started.part.position_ms(i64::midpoint(sent_ms, received_ms));
        // Near the end of a track, the reported state is unreliable.
        if expected_ms > started.part.duration_ms - 2 * END_GUARD_MS {
            return Ok(());
        }
        match compare(playing.as_ref(), &self.spotify_device, &started.part.track, expected_ms) {
            Observed::Ours { error_ms } => {
                started.early_ms = (-error_ms).clamp(0, DEAD_BAND_MS);
                if is_first {
                    let latency_ms = self.latency_ms();
                    self.record_latency(latency_ms + error_ms);
                }
                self.report(SpotifyOutputState::Playing, Some(error_ms));
                // Limits restarts on devices that they do not help.
                if error_ms.abs() > DEAD_BAND_MS && received_ms - self.corrected_at_ms >= CHECK_EVERY_MS {
                    self.corrected_at_ms = received_ms;
                    self.started = None;
                }
            }
            Observed::Paused => {
                started.is_ignored = true;
                self.report(SpotifyOutputState::Paused, None);
            }
            Observed::Nothing => {
                started.is_ignored = true;
                self.report(SpotifyOutputState::Unplayable, None);
            }
            Observed::Lost => return Err(SpotifyError::DeviceNotFound),
            Observed::Other => {
                self.report(SpotifyOutputState::Taken, None);
                return Err(SpotifyError::AccountInUse);
            }
        }
        Ok(())
    }

    /// Handles a failed step: returns when to retry, or the final state.
    fn handle_error(&mut self, error: &SpotifyError) -> Result<i64, SpotifyOutputState> {
        let (state, wait_ms) = match error {
            SpotifyError::NotLinked => return Err(SpotifyOutputState::Over),
            SpotifyError::NeedsLogin => return Err(SpotifyOutputState::NeedsLogin),
            SpotifyError::NotPremium | SpotifyError::NotListed => return Err(SpotifyOutputState::NotPremium),
            SpotifyError::AccountInUse => return Err(SpotifyOutputState::Taken),
            SpotifyError::TooMany { retry_after, .. } => (SpotifyOutputState::Busy, ms(*retry_after)),
            SpotifyError::DeviceNotFound => (SpotifyOutputState::Gone, DEVICE_RETRY_MS),
            SpotifyError::InvalidRequest | SpotifyError::Unplayable => {
                (SpotifyOutputState::Unplayable, DEVICE_RETRY_MS)
            }
            SpotifyError::Unavailable(_) | SpotifyError::Store(_) => (SpotifyOutputState::Unreachable, RETRY_MS),
        };
        tracing::info!(user = %self.user, %error, ?state, "Spotify device cannot follow its room for now");
        if matches!(error, SpotifyError::DeviceNotFound) {
            self.started = None;
        }
        self.backoff_until_ms = self.now_ms().saturating_add(wait_ms);
        self.progress.send_replace(Progress {
            state,
            retry_at_ms: (state == SpotifyOutputState::Busy).then_some(self.backoff_until_ms),
            error_ms: None,
        });
        Ok(self.backoff_until_ms)
    }

    /// Start latency of this device: the median of the last measurements.
    fn latency_ms(&self) -> i64 {
        let mut latencies: Vec<_> = self.latencies_ms.iter().copied().collect();
        latencies.sort_unstable();
        latencies.get(latencies.len() / 2).copied().unwrap_or(LATENCY_DEFAULT_MS)
    }

    fn record_latency(&mut self, latency_ms: i64) {
        if self.latencies_ms.len() == LATENCIES_MAX {
            self.latencies_ms.pop_front();
        }
        self.latencies_ms.push_back(latency_ms.clamp(0, LATENCY_MS_MAX));
    }

    fn report(&self, state: SpotifyOutputState, error_ms: Option<i64>) {
        self.progress.send_replace(Progress { state, retry_at_ms: None, error_ms });
    }

    fn now_ms(&self) -> i64 {
        self.spotify.0.clock.now_ms()
    }
}

/// What an account plays, compared with the started track.
#[derive(Debug, PartialEq, Eq)]
enum Observed {
    /// The started track; a positive error is late.
    Ours { error_ms: i64 },
    /// The started track, paused.
    Paused,
    /// No track: Spotify skips unplayable tracks without an error.
    Nothing,
    /// No device plays.
    Lost,
    /// Another track or device: the user took the account over.
    Other,
}

/// Spotify may substitute another recording without reporting it, so another track near the expected position counts as
/// the started one.
fn compare(playing: Option<&PlayerState>, device: &str, track: &str, expected_ms: i64) -> Observed {
    let Some(playing) = playing else { return Observed::Lost };
    if playing.device != device {
        return Observed::Other;
    }
    let Some((id, linked_from)) = &playing.track else { return Observed::Nothing };
    let error_ms = expected_ms - playing.position_ms;
    let is_requested = id == track || linked_from.as_deref() == Some(track);
    if !playing.is_playing {
        return if is_requested || error_ms.abs() < SUBSTITUTE_ERROR_MS_MAX {
            Observed::Paused
        } else {
            Observed::Nothing
        };
    }
    if is_requested || error_ms.abs() < SUBSTITUTE_ERROR_MS_MAX { Observed::Ours { error_ms } } else { Observed::Other }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn playing(track: &str, position_ms: i64) -> PlayerState {
        PlayerState { device: "kitchen".into(), is_playing: true, track: Some((track.into(), None)), position_ms }
    }

    fn observe(playing: &PlayerState) -> Observed {
        compare(Some(playing), "kitchen", "ours", 60_000)
    }

    #[test]
    fn player_states_are_distinguished() {
        assert_eq!(observe(&playing("ours", 59_400)), Observed::Ours { error_ms: 600 });
        assert_eq!(observe(&PlayerState { is_playing: false, ..playing("ours", 40_000) }), Observed::Paused);
        assert_eq!(observe(&PlayerState { track: None, ..playing("", 0) }), Observed::Nothing);
        assert_eq!(observe(&PlayerState { device: "phone".into(), ..playing("ours", 60_000) }), Observed::Other);
        assert_eq!(observe(&playing("theirs", 3_000)), Observed::Other);
        assert_eq!(compare(None, "kitchen", "ours", 60_000), Observed::Lost);
    }

    #[test]
    fn a_substituted_recording_is_ours() {
        let substituted = PlayerState { track: Some(("replaced".into(), Some("ours".into()))), ..playing("", 20_000) };
        assert_eq!(observe(&substituted), Observed::Ours { error_ms: 40_000 });
        assert_eq!(observe(&playing("replaced", 59_000)), Observed::Ours { error_ms: 1_000 });
    }
}
