//! The task that makes one device of somebody's Spotify account follow a room.
//!
//! It commands the device through the Web API, so it needs no page: a phone plays on in a pocket. What it can do is coarse:
//! it starts at the right place, aimed ahead by what starts take on this device, looks once whether that was so and then
//! seldom, and starts anew what is off by more than a second.
//!
//! Guarantees: it ends when it is told to, when its person leaves the room, when the room is over, and when the account is
//! used for something else by hand; it pauses what it started, then. While Spotify wants to be left alone it waits for as
//! long as that takes.

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

/// A room that plays nothing from Spotify for so long is followed no more: following keeps it in memory.
const QUIET_MAX: Duration = Duration::from_hours(1);
/// Between two tries while Spotify cannot be reached.
const RETRY_MS: i64 = 5_000;
/// Between two tries while the device cannot be found.
const GONE_RETRY_MS: i64 = 30_000;
/// What a start takes before anything is known, and at most.
const BIAS_GUESS_MS: i64 = 600;
const BIAS_MS_MAX: i64 = 4_000;
/// Starts that are learned from.
const BIASES_MAX: usize = 5;
/// What is off by more than this was led there by somebody.
const FOREIGN_MS: i64 = 15_000;

/// How it goes, for whoever asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Progress {
    pub(super) state: SpotifyOutputState,
    pub(super) retry_at_ms: Option<i64>,
    pub(super) error_ms: Option<i64>,
}

impl Progress {
    pub(super) const SILENT: Self = Self { state: SpotifyOutputState::Silent, retry_at_ms: None, error_ms: None };
}

/// A device that follows a room.
pub(super) struct Follower {
    pub(super) spotify: Spotify,
    pub(super) user: UserId,
    /// Spotify's id of it.
    pub(super) spotify_device: String,
    /// The room's device that it stands for.
    pub(super) device: Option<DeviceId>,
    /// While it lives the room stays in memory.
    pub(super) room: RoomHandle,
    pub(super) progress: watch::Sender<Progress>,
    pub(super) started: Option<Started>,
    pub(super) biases_ms: VecDeque<i64>,
    /// Nothing is asked before.
    pub(super) held_until_ms: i64,
    /// When it was last started anew for being off.
    pub(super) corrected_at_ms: i64,
}

impl Follower {
    /// Follows until one of the reasons to end.
    pub(super) async fn run(mut self, stop: CancellationToken) {
        let mut view = self.room.view();
        let mut quiet_since_ms = self.now_ms();
        let last = loop {
            let seen = view.borrow_and_update().clone();
            if seen.closed || !seen.members.contains(&self.user) {
                break Some(SpotifyOutputState::Over);
            }
            if seen.providers.contains(&ProviderId::SPOTIFY) {
                quiet_since_ms = self.now_ms();
            }
            let quiet_until_ms = quiet_since_ms + ms(QUIET_MAX);
            if self.now_ms() >= quiet_until_ms {
                break Some(SpotifyOutputState::Over);
            }
            let wait_until_ms = match self.step(&seen).await {
                Ok(until_ms) => until_ms,
                Err(error) => match self.after(&error) {
                    Ok(until_ms) => Some(until_ms),
                    Err(last) => break Some(last),
                },
            };
            let wake_ms = wait_until_ms.map_or(quiet_until_ms, |until_ms| until_ms.min(quiet_until_ms));
            tokio::select! {
                () = stop.cancelled() => break None,
                () = self.spotify.0.stop.cancelled() => return,
                changed = view.changed() => if changed.is_err() { break Some(SpotifyOutputState::Over) },
                () = tokio::time::sleep_until(self.spotify.0.clock.instant_at(wake_ms)) => {}
            }
        };
        if let Some(state) = last {
            tracing::info!(user = %self.user, ?state, "a Spotify device follows its room no more");
            self.progress.send_replace(Progress { state, ..Progress::SILENT });
        }
        // What somebody took over by hand is theirs.
        if self.started.is_some() && last != Some(SpotifyOutputState::Taken) {
            let _ = self.spotify.pause(self.user, &self.spotify_device).await;
        }
    }

    /// Does what is due; until when nothing is.
    async fn step(&mut self, view: &View) -> Result<Option<i64>, SpotifyError> {
        loop {
            let now_ms = self.now_ms();
            if now_ms < self.held_until_ms {
                return Ok(Some(self.held_until_ms));
            }
            let wanted = Part::wanted(view, self.device);
            match next_step(wanted.as_ref(), self.started.as_ref(), &view.playback, self.bias_ms(), now_ms) {
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
        let position_ms = part.position_ms(now_ms + self.bias_ms()).max(0);
        let over = position_ms >= part.duration_ms - END_GUARD_MS;
        if !over {
            let from_ms = position_ms.unsigned_abs();
            self.spotify.play(self.user, &self.spotify_device, &part.track, from_ms).await?;
            self.tell(SpotifyOutputState::Playing, None);
        }
        self.started = Some(Started {
            part,
            next_check_ms: now_ms + FIRST_CHECK_MS,
            was_checked: false,
            // It was aimed ahead by a guess, and may have taken no time at all: it would be over before its time, and Spotify
            // would choose the next.
            early_ms: if self.biases_ms.is_empty() { BIAS_GUESS_MS } else { 0 },
            left_alone: over,
        });
        Ok(())
    }

    async fn pause(&mut self) -> Result<(), SpotifyError> {
        self.spotify.pause(self.user, &self.spotify_device).await?;
        self.started = None;
        self.tell(SpotifyOutputState::Silent, None);
        Ok(())
    }

    /// Looks how far it is, and starts it anew where that is too far.
    async fn check(&mut self) -> Result<(), SpotifyError> {
        let asked_ms = self.now_ms();
        let playing = self.spotify.playing(self.user).await?;
        let answered_ms = self.now_ms();
        let Some(started) = &mut self.started else { return Ok(()) };
        let is_first = !started.was_checked;
        started.was_checked = true;
        started.next_check_ms = answered_ms + CHECK_EVERY_MS;
        let expected_ms = started.part.position_ms(i64::midpoint(asked_ms, answered_ms));
        // At the very end everything may be so or otherwise.
        if expected_ms > started.part.duration_ms - 2 * END_GUARD_MS {
            return Ok(());
        }
        match judge(playing.as_ref(), &self.spotify_device, &started.part.track, expected_ms) {
            Seen::Ours { error_ms } => {
                started.early_ms = (-error_ms).clamp(0, DEAD_BAND_MS);
                if is_first {
                    let bias_ms = self.bias_ms();
                    self.learn(bias_ms + error_ms);
                }
                self.tell(SpotifyOutputState::Playing, Some(error_ms));
                // A device that is not helped by that is not helped by more of it.
                if error_ms.abs() > DEAD_BAND_MS && answered_ms - self.corrected_at_ms >= CHECK_EVERY_MS {
                    self.corrected_at_ms = answered_ms;
                    self.started = None;
                }
            }
            Seen::Paused => {
                started.left_alone = true;
                self.tell(SpotifyOutputState::Paused, None);
            }
            Seen::Nothing => {
                started.left_alone = true;
                self.tell(SpotifyOutputState::Unplayable, None);
            }
            Seen::Lost => return Err(SpotifyError::DeviceNotFound),
            Seen::Other => {
                self.tell(SpotifyOutputState::Taken, None);
                return Err(SpotifyError::Taken);
            }
        }
        Ok(())
    }

    /// Until when to wait after that, or as what it ends.
    fn after(&mut self, error: &SpotifyError) -> Result<i64, SpotifyOutputState> {
        let (state, wait_ms) = match error {
            SpotifyError::NotLinked => return Err(SpotifyOutputState::Over),
            SpotifyError::NeedsLogin => return Err(SpotifyOutputState::NeedsLogin),
            SpotifyError::NotPremium | SpotifyError::NotListed => return Err(SpotifyOutputState::NotPremium),
            SpotifyError::Taken => return Err(SpotifyOutputState::Taken),
            SpotifyError::TooMany { retry_after, .. } => (SpotifyOutputState::Busy, ms(*retry_after)),
            SpotifyError::DeviceNotFound => (SpotifyOutputState::Gone, GONE_RETRY_MS),
            SpotifyError::BadQuestion | SpotifyError::Unplayable => (SpotifyOutputState::Unplayable, GONE_RETRY_MS),
            SpotifyError::Unavailable(_) | SpotifyError::Store(_) => (SpotifyOutputState::Unreachable, RETRY_MS),
        };
        tracing::info!(user = %self.user, %error, ?state, "a Spotify device cannot follow its room at the moment");
        if matches!(error, SpotifyError::DeviceNotFound) {
            self.started = None;
        }
        self.held_until_ms = self.now_ms().saturating_add(wait_ms);
        self.progress.send_replace(Progress {
            state,
            retry_at_ms: (state == SpotifyOutputState::Busy).then_some(self.held_until_ms),
            error_ms: None,
        });
        Ok(self.held_until_ms)
    }

    /// What starts take on this device: the median of the last ones.
    fn bias_ms(&self) -> i64 {
        let mut biases: Vec<_> = self.biases_ms.iter().copied().collect();
        biases.sort_unstable();
        biases.get(biases.len() / 2).copied().unwrap_or(BIAS_GUESS_MS)
    }

    fn learn(&mut self, bias_ms: i64) {
        if self.biases_ms.len() == BIASES_MAX {
            self.biases_ms.pop_front();
        }
        self.biases_ms.push_back(bias_ms.clamp(0, BIAS_MS_MAX));
    }

    fn tell(&self, state: SpotifyOutputState, error_ms: Option<i64>) {
        self.progress.send_replace(Progress { state, retry_at_ms: None, error_ms });
    }

    fn now_ms(&self) -> i64 {
        self.spotify.0.clock.now_ms()
    }
}

/// What an account plays, held against what it was told.
#[derive(Debug, PartialEq, Eq)]
enum Seen {
    /// What it was told; positive is late.
    Ours { error_ms: i64 },
    /// That, but it stands.
    Paused,
    /// No track at all: what does not play is passed over, and nobody is told.
    Nothing,
    /// No device plays.
    Lost,
    /// Something else, or elsewhere: somebody used the account by hand.
    Other,
}

/// Spotify may play another recording than it was told, and does not always say so: what is in its place is taken for it.
fn judge(playing: Option<&PlayerState>, device: &str, track: &str, expected_ms: i64) -> Seen {
    let Some(playing) = playing else { return Seen::Lost };
    if playing.device != device {
        return Seen::Other;
    }
    let Some((id, linked_from)) = &playing.track else { return Seen::Nothing };
    let error_ms = expected_ms - playing.position_ms;
    let said = id == track || linked_from.as_deref() == Some(track);
    if !playing.is_playing {
        return if said || error_ms.abs() < FOREIGN_MS { Seen::Paused } else { Seen::Nothing };
    }
    if said || error_ms.abs() < FOREIGN_MS { Seen::Ours { error_ms } } else { Seen::Other }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn playing(track: &str, position_ms: i64) -> PlayerState {
        PlayerState { device: "kitchen".into(), is_playing: true, track: Some((track.into(), None)), position_ms }
    }

    fn seen(playing: &PlayerState) -> Seen {
        judge(Some(playing), "kitchen", "ours", 60_000)
    }

    #[test]
    fn what_is_seen_is_told_apart() {
        assert_eq!(seen(&playing("ours", 59_400)), Seen::Ours { error_ms: 600 });
        assert_eq!(seen(&PlayerState { is_playing: false, ..playing("ours", 40_000) }), Seen::Paused);
        assert_eq!(seen(&PlayerState { track: None, ..playing("", 0) }), Seen::Nothing);
        assert_eq!(seen(&PlayerState { device: "phone".into(), ..playing("ours", 60_000) }), Seen::Other);
        assert_eq!(seen(&playing("theirs", 3_000)), Seen::Other);
        assert_eq!(judge(None, "kitchen", "ours", 60_000), Seen::Lost);
    }

    #[test]
    fn another_recording_of_it_is_ours() {
        let said = PlayerState { track: Some(("replaced".into(), Some("ours".into()))), ..playing("", 20_000) };
        assert_eq!(seen(&said), Seen::Ours { error_ms: 40_000 });
        assert_eq!(seen(&playing("replaced", 59_000)), Seen::Ours { error_ms: 1_000 });
    }
}
