//! Bodies about playing Spotify. Those about the link are in [`super::identity`].

use serde::{Deserialize, Serialize};

use crate::id::{DeviceId, RoomCode};

body!(
    /// `GET me/spotify/devices`: where somebody's account can play.
    SpotifyDevices {
        /// In Spotify's order.
        devices: Vec<SpotifyDevice>,
    }
);
body!(
    /// A device of a Spotify account.
    SpotifyDevice {
        /// Spotify's id of it.
        id: String,
        /// What its owner calls it.
        name: String,
        /// Such as `Smartphone`.
        kind: String,
        /// Whether it is the one that the account plays on.
        active: bool,
        /// Whether it takes no commands.
        restricted: bool,
    }
);
body!(
    /// `POST me/spotify/play`: starts a track on one of their devices; for the player in the browser.
    SpotifyPlayRequest {
        /// Spotify's id of the device.
        device_id: String,
        /// Spotify's id of the track.
        track: String,
        /// From where.
        position_ms: u64,
    }
);
body!(
    /// `PUT rooms/{code}/spotify-output`: what the room plays from Spotify is heard on this device of theirs.
    ChooseSpotifyOutput {
        /// Spotify's id of the device.
        device_id: String,
        /// The device of the room that it sounds for, as in `hello`: what the room's `output` says of that holds for it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        device: Option<DeviceId>,
    }
);
body!(
    /// `GET` and `PUT rooms/{code}/spotify-output`.
    SpotifyOutputStatus {
        /// Absent: none is chosen.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        output: Option<SpotifyOutput>,
    }
);
body!(
    /// A device of somebody's Spotify account that follows a room.
    SpotifyOutput {
        /// Which room.
        room: RoomCode,
        /// Spotify's id of the device.
        device_id: String,
        /// What its owner calls it.
        name: String,
        /// How it goes.
        state: SpotifyOutputState,
        /// When Spotify can be asked again, while `state` is `busy`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_at_ms: Option<i64>,
        /// How far it was from the room's timeline when that was last looked at; positive is late.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error_ms: Option<i64>,
    }
);

/// How it goes with a device that follows a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum SpotifyOutputState {
    /// The room plays nothing from Spotify at the moment.
    Silent,
    /// It plays what the room plays.
    Playing,
    /// Somebody paused it by hand: it stays so until the room starts something else.
    Paused,
    /// Spotify does not play this track to this account.
    Unplayable,
    /// Spotify takes no requests for a while.
    Busy,
    /// Spotify cannot be reached; tried again.
    Unreachable,
    /// The device is off or takes no commands; tried again with the next track.
    Gone,
    /// The account plays something else by hand. It follows no more.
    Taken,
    /// The account has no Premium. It follows no more.
    NotPremium,
    /// Spotify wants a new login. It follows no more.
    NeedsLogin,
    /// The room is over, left, or was quiet for long. It follows no more.
    Over,
}
