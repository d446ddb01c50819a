//! Bodies about playing Spotify. Those about the link are in [`super::identity`].

use serde::{Deserialize, Serialize};

use crate::id::{DeviceId, RoomCode};

body!(
    /// `GET me/spotify/devices`: the devices of the user's account.
    SpotifyDevices {
        /// In Spotify's order.
        devices: Vec<SpotifyDevice>,
    }
);
body!(
    /// A device of a Spotify account.
    SpotifyDevice {
        /// Its id at Spotify.
        id: String,
        /// Its name.
        name: String,
        /// Such as `Smartphone`.
        kind: String,
        /// Whether it is the active device.
        active: bool,
        /// Whether it accepts no commands.
        restricted: bool,
    }
);
body!(
    /// `POST me/spotify/play`: starts a track on one of the user's devices, for the player in the browser.
    SpotifyPlayRequest {
        /// The device's id at Spotify.
        device_id: String,
        /// The track's id at Spotify.
        track: String,
        /// The start position.
        position_ms: u64,
    }
);
body!(
    /// `PUT rooms/{code}/spotify-output`: makes a Spotify device of the user play the room's Spotify tracks.
    ChooseSpotifyOutput {
        /// The device's id at Spotify.
        device_id: String,
        /// The device of the room that it stands for, as in `hello`: the room's `output` applies to it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        device: Option<DeviceId>,
    }
);
body!(
    /// `GET` and `PUT rooms/{code}/spotify-output`.
    SpotifyOutputStatus {
        /// Absent when none is chosen.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        output: Option<SpotifyOutput>,
    }
);
body!(
    /// A device of a Spotify account that follows a room.
    SpotifyOutput {
        /// The room.
        room: RoomCode,
        /// The device's id at Spotify.
        device_id: String,
        /// Its name.
        name: String,
        /// Its state.
        state: SpotifyOutputState,
        /// When Spotify accepts requests again, while `state` is `busy`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_at_ms: Option<i64>,
        /// Its last measured offset from the room's timeline; positive is late.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error_ms: Option<i64>,
    }
);

/// The state of a device that follows a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum SpotifyOutputState {
    /// The room plays nothing from Spotify.
    Silent,
    /// It plays the room's track.
    Playing,
    /// Paused by hand, until the room starts another track.
    Paused,
    /// Spotify does not play this track to this account.
    Unplayable,
    /// Rate limited by Spotify.
    Busy,
    /// Spotify cannot be reached; retrying.
    Unreachable,
    /// The device is off or accepts no commands; retried with the next track.
    Gone,
    /// The account plays something else by hand; it stopped following.
    Taken,
    /// The account has no Premium; it stopped following.
    NotPremium,
    /// Spotify requires a new login; it stopped following.
    NeedsLogin,
    /// The room is closed, was left, or was idle for long; it stopped following.
    Over,
}
