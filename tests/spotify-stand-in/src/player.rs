//! The player of one account: its devices, tracks and position.
//!
//! Positions are computed from the given time; [`Player::settle`] first advances over tracks that have ended. Not in
//! here: HTTP, scopes, Premium.

use serde::{Deserialize, Serialize};

use crate::catalogue::{self, Track};
use crate::ids::DeviceId;

/// A Connect device, as in `GET /v1/me/player/devices`, which adds `is_active`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Device {
    /// Unique within the account.
    pub id: DeviceId,
    /// Its name.
    pub name: String,
    /// `Computer`, `Smartphone`, `Speaker`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Volume, 0 to 100.
    pub volume_percent: u8,
    /// Whether its volume can be set.
    pub supports_volume: bool,
    /// Whether it rejects all commands.
    pub is_restricted: bool,
    /// Whether its session is private.
    pub is_private_session: bool,
}

impl Device {
    /// A computer at half volume that accepts every command. Panics if `id` is not valid.
    pub fn new(id: &str) -> Self {
        Self::with_id(DeviceId::try_from(id.to_owned()).expect("a device's id"))
    }

    pub(crate) fn with_id(id: DeviceId) -> Self {
        Self {
            name: id.to_string(),
            kind: "Computer".to_owned(),
            volume_percent: 50,
            supports_volume: true,
            is_restricted: false,
            is_private_session: false,
            id,
        }
    }
}

/// Why a command is rejected. Reasons and messages are Spotify's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PlayerError {
    NoActiveDevice,
    DeviceNotFound,
    DeviceRestricted,
    AlreadyPaused,
    NotPaused,
    NothingLoaded,
    NoVolume,
}

/// A position at a time.
#[derive(Clone, Copy, Debug, Default)]
struct Anchor {
    position_ms: u64,
    at_ms: i64,
}

/// Devices, a list of tracks, and a position in it.
#[derive(Debug, Default)]
pub(crate) struct Player {
    devices: Vec<Device>,
    active: Option<DeviceId>,
    tracks: Vec<&'static Track>,
    current: usize,
    is_playing: bool,
    anchor: Anchor,
    /// The last change by a command or a track's end, in Unix milliseconds.
    pub(crate) changed_at_ms: i64,
    /// Whether Spotify continues after the last track.
    pub(crate) autoplays: bool,
}

impl Player {
    pub(crate) fn devices(&self) -> &[Device] {
        &self.devices
    }

    pub(crate) fn device(&self, id: &str) -> Option<&Device> {
        self.devices.iter().find(|device| device.id.as_str() == id)
    }

    pub(crate) fn active(&self) -> Option<&Device> {
        self.active.as_ref().and_then(|id| self.device(id.as_str()))
    }

    pub(crate) fn is_playing(&self) -> bool {
        self.is_playing
    }

    /// The current track, playing or paused.
    pub(crate) fn track(&self) -> Option<&'static Track> {
        self.tracks.get(self.current).copied()
    }

    pub(crate) fn position_ms(&self, now_ms: i64) -> u64 {
        let elapsed_ms = if self.is_playing { u64::try_from(now_ms - self.anchor.at_ms).unwrap_or(0) } else { 0 };
        self.anchor.position_ms + elapsed_ms
    }

    /// Advances over tracks that have ended. After the last one the player is paused at its start, or autoplays
    /// another.
    pub(crate) fn settle(&mut self, now_ms: i64) {
        while let Some(track) = self.track() {
            let position_ms = self.position_ms(now_ms);
            if position_ms < track.duration_ms {
                return;
            }
            let over_ms = i64::try_from(position_ms - track.duration_ms).unwrap_or(0);
            let ended_at_ms = if self.is_playing { now_ms - over_ms } else { now_ms };
            if self.autoplays && self.is_playing && self.current + 1 == self.tracks.len() {
                self.tracks.extend(catalogue::track(catalogue::AUTOPLAYED));
            }
            let is_last = self.current + 1 == self.tracks.len();
            self.is_playing &= !is_last;
            self.current += usize::from(!is_last);
            self.anchor = Anchor { position_ms: 0, at_ms: ended_at_ms };
            self.changed_at_ms = ended_at_ms;
        }
    }

    /// Adds a device, or replaces the one with the same id.
    pub(crate) fn put_device(&mut self, device: Device) {
        match self.devices.iter_mut().find(|known| known.id == device.id) {
            Some(known) => *known = device,
            None => self.devices.push(device),
        }
    }

    /// Removes a device. If it was active, playback is paused.
    pub(crate) fn remove_device(&mut self, id: &str, now_ms: i64) -> bool {
        let Some(place) = self.devices.iter().position(|device| device.id.as_str() == id) else { return false };
        let removed = self.devices.remove(place);
        if self.active == Some(removed.id) {
            self.active = None;
            self.is_playing_from(false, now_ms);
        }
        true
    }

    /// Activates a device, as the user does by hand.
    pub(crate) fn activate(&mut self, id: &str, now_ms: i64) -> Result<(), PlayerError> {
        self.active = Some(self.target(Some(id))?);
        self.changed_at_ms = now_ms;
        Ok(())
    }

    /// `PUT /v1/me/player`.
    pub(crate) fn transfer(&mut self, device: &str, play: bool, now_ms: i64) -> Result<(), PlayerError> {
        self.activate(device, now_ms)?;
        if play && self.track().is_some() {
            self.is_playing_from(true, now_ms);
        }
        Ok(())
    }

    /// `PUT /v1/me/player/play` with `uris`. An empty list plays nothing and is no error.
    pub(crate) fn play(
        &mut self,
        device: Option<&str>,
        tracks: Vec<&'static Track>,
        position_ms: u64,
        now_ms: i64,
    ) -> Result<(), PlayerError> {
        self.active = Some(self.target(device)?);
        self.is_playing = !tracks.is_empty();
        self.tracks = tracks;
        self.current = 0;
        self.go_to(position_ms, now_ms);
        Ok(())
    }

    /// `PUT /v1/me/player/play` without `uris`.
    pub(crate) fn resume(
        &mut self,
        device: Option<&str>,
        position_ms: Option<u64>,
        now_ms: i64,
    ) -> Result<(), PlayerError> {
        let target = self.target(device)?;
        let moves = self.active.as_ref() != Some(&target);
        if self.track().is_none() {
            return Err(PlayerError::NothingLoaded);
        }
        if self.is_playing && !moves && position_ms.is_none() {
            return Err(PlayerError::NotPaused);
        }
        self.active = Some(target);
        self.is_playing_from(true, now_ms);
        if let Some(position_ms) = position_ms {
            self.go_to(position_ms, now_ms);
        }
        Ok(())
    }

    /// `PUT /v1/me/player/pause`.
    pub(crate) fn pause(&mut self, device: Option<&str>, now_ms: i64) -> Result<(), PlayerError> {
        self.target(device)?;
        if !self.is_playing {
            return Err(PlayerError::AlreadyPaused);
        }
        self.is_playing_from(false, now_ms);
        Ok(())
    }

    /// `PUT /v1/me/player/seek`. Past the end, the next track begins.
    pub(crate) fn seek(&mut self, device: Option<&str>, position_ms: u64, now_ms: i64) -> Result<(), PlayerError> {
        self.target(device)?;
        if self.track().is_none() {
            return Err(PlayerError::NothingLoaded);
        }
        self.go_to(position_ms, now_ms);
        Ok(())
    }

    /// `PUT /v1/me/player/volume`.
    pub(crate) fn set_volume(&mut self, device: Option<&str>, volume_percent: u8) -> Result<(), PlayerError> {
        let target = self.target(device)?;
        let device = self.devices.iter_mut().find(|device| device.id == target).ok_or(PlayerError::DeviceNotFound)?;
        if !device.supports_volume {
            return Err(PlayerError::NoVolume);
        }
        device.volume_percent = volume_percent;
        Ok(())
    }

    /// The device of a command: the named one, else the active one.
    fn target(&self, device: Option<&str>) -> Result<DeviceId, PlayerError> {
        let device = match device {
            Some(id) => self.device(id).ok_or(PlayerError::DeviceNotFound)?,
            None => self.active().ok_or(PlayerError::NoActiveDevice)?,
        };
        if device.is_restricted { Err(PlayerError::DeviceRestricted) } else { Ok(device.id.clone()) }
    }

    /// Plays or pauses at the current position.
    fn is_playing_from(&mut self, is_playing: bool, now_ms: i64) {
        let position_ms = self.position_ms(now_ms);
        self.is_playing = is_playing;
        self.anchor = Anchor { position_ms, at_ms: now_ms };
        self.changed_at_ms = now_ms;
    }

    /// A position past the end starts the next track at its beginning.
    fn go_to(&mut self, position_ms: u64, now_ms: i64) {
        let duration_ms = self.track().map_or(0, |track| track.duration_ms);
        self.anchor = Anchor { position_ms: position_ms.min(duration_ms), at_ms: now_ms };
        self.changed_at_ms = now_ms;
        self.settle(now_ms);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tracks(ids: &[&str]) -> Vec<&'static Track> {
        ids.iter().map(|id| catalogue::track(id).unwrap()).collect()
    }

    fn with_device() -> Player {
        let mut player = Player::default();
        player.put_device(Device::new("kitchen"));
        player
    }

    #[test]
    fn a_player_advances_through_its_list_and_stops() {
        let mut player = with_device();
        let list = tracks(&[catalogue::SHORT, catalogue::EXPLICIT]);
        player.play(Some("kitchen"), list, 10_000, 1_000).unwrap();
        player.settle(20_999);
        assert_eq!((player.track().unwrap().id, player.position_ms(20_999)), (catalogue::SHORT, 29_999));
        player.settle(23_000);
        assert_eq!((player.track().unwrap().id, player.position_ms(23_000)), (catalogue::EXPLICIT, 2_000));
        assert_eq!(player.changed_at_ms, 21_000);
        player.settle(21_000 + 201_500 + 7);
        assert!(!player.is_playing());
        assert_eq!(player.position_ms(900_000), 0);
    }

    #[test]
    fn a_seek_past_the_end_starts_the_next_track() {
        let mut player = with_device();
        player.play(Some("kitchen"), tracks(&[catalogue::SHORT, catalogue::EXPLICIT]), 0, 0).unwrap();
        player.seek(None, 45_000, 5_000).unwrap();
        assert_eq!((player.track().unwrap().id, player.position_ms(5_000)), (catalogue::EXPLICIT, 0));
    }

    #[test]
    fn removing_the_active_device_pauses_the_player() {
        let mut player = with_device();
        player.play(Some("kitchen"), tracks(&[catalogue::EXPLICIT]), 0, 0).unwrap();
        assert!(player.remove_device("kitchen", 4_000));
        assert!(!player.remove_device("kitchen", 4_000));
        assert_eq!((player.is_playing(), player.position_ms(9_000)), (false, 4_000));
        assert_eq!(player.resume(None, None, 9_000), Err(PlayerError::NoActiveDevice));
        assert_eq!(player.resume(Some("kitchen"), None, 9_000), Err(PlayerError::DeviceNotFound));
    }
}
