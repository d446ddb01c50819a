//! Commands to a user's own devices, through the Web API.
//!
//! Guarantees: any 2xx response is a success, and so is a command that changes nothing. `PREMIUM_REQUIRED`, which
//! Spotify also sends wrongly and in bursts, counts as [`super::premium`] says. A start sends device, track and
//! position in one command, because Spotify may reorder several.

use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::json;
use tutti_protocol::UserId;
use tutti_protocol::http::{PremiumEvidence, PremiumVerdict, SpotifyDevice};

use super::api::Failure;
use super::premium::DOUBTS_TO_DENY;
use super::{RETRY_DELAY, Spotify, SpotifyError};

/// Most devices returned.
const DEVICES_MAX: usize = 50;
/// Longest device id or name, in characters.
const DEVICE_CHARS_MAX: usize = 200;

/// What an account plays now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PlayerState {
    pub(super) device: String,
    pub(super) is_playing: bool,
    /// The track's id, and the id of the requested track if Spotify substituted another recording.
    pub(super) track: Option<(String, Option<String>)>,
    pub(super) position_ms: i64,
}

#[derive(Deserialize)]
struct ApiDevices {
    devices: Vec<ApiDevice>,
}

#[derive(Deserialize)]
struct ApiDevice {
    id: Option<String>,
    #[serde(default)]
    name: String,
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    is_active: bool,
    #[serde(default)]
    is_restricted: bool,
}

#[derive(Deserialize)]
struct ApiState {
    device: ApiDevice,
    #[serde(default)]
    is_playing: bool,
    progress_ms: Option<i64>,
    item: Option<Item>,
}

#[derive(Deserialize)]
struct Item {
    id: Option<String>,
    linked_from: Option<LinkedFrom>,
}

#[derive(Deserialize)]
struct LinkedFrom {
    id: Option<String>,
}

impl Spotify {
    /// The devices of the user's account.
    pub async fn devices(&self, user: UserId) -> Result<Vec<SpotifyDevice>, SpotifyError> {
        let found: Option<ApiDevices> =
            self.ask(user, |token| async move { self.0.api.get("v1/me/player/devices", &[], &token).await }).await?;
        let devices = found.map(|found| found.devices).unwrap_or_default();
        Ok(devices.into_iter().filter_map(describe_device).take(DEVICES_MAX).collect())
    }

    /// Starts a track on one of the user's devices at `position_ms`; activates the device first if necessary.
    pub async fn play(&self, user: UserId, device: &str, track: &str, position_ms: u64) -> Result<(), SpotifyError> {
        if !super::tracks::is_id(track) || device.is_empty() || device.len() > DEVICE_CHARS_MAX {
            return Err(SpotifyError::InvalidRequest);
        }
        let body = json!({ "uris": [format!("spotify:track:{track}")], "position_ms": position_ms });
        let query = [("device_id", device)];
        let played = self.command(user, "v1/me/player/play", &query, Some(&body)).await;
        if !matches!(played, Err(SpotifyError::DeviceNotFound)) {
            return played;
        }
        let transfer = json!({ "device_ids": [device], "play": false });
        self.command(user, "v1/me/player", &[], Some(&transfer)).await?;
        self.command(user, "v1/me/player/play", &query, Some(&body)).await
    }

    /// Pauses one of the user's devices.
    pub(super) async fn pause(&self, user: UserId, device: &str) -> Result<(), SpotifyError> {
        self.command(user, "v1/me/player/pause", &[("device_id", device)], None).await
    }

    /// What the user's account plays; `None` if no device is active.
    pub(super) async fn playing(&self, user: UserId) -> Result<Option<PlayerState>, SpotifyError> {
        let state: Option<ApiState> =
            self.ask(user, |token| async move { self.0.api.get("v1/me/player", &[], &token).await }).await?;
        Ok(state.map(|state| PlayerState {
            device: state.device.id.unwrap_or_default(),
            is_playing: state.is_playing,
            track: state.item.and_then(|item| Some((item.id?, item.linked_from.and_then(|from| from.id)))),
            position_ms: state.progress_ms.unwrap_or(0),
        }))
    }

    async fn command(
        &self,
        user: UserId,
        path: &str,
        query: &[(&str, &str)],
        body: Option<&serde_json::Value>,
    ) -> Result<(), SpotifyError> {
        for _ in 0..DOUBTS_TO_DENY {
            let rejected = self
                .ask(user, |token| async move {
                    match self.0.api.put(path, query, body, &token).await {
                        Err(Failure::Rejected(status, reason)) => Ok(Some((status, reason))),
                        done => done.map(|()| None),
                    }
                })
                .await?;
            let Some((status, reason)) = rejected else { return self.record_success(user).await };
            match reason.as_str() {
                "ALREADY_PAUSED" | "NOT_PAUSED" | "NO_SPECIFIC_TRACK" => return self.record_success(user).await,
                "PREMIUM_REQUIRED" => {
                    let status = self.record_premium_evidence(user, PremiumEvidence::Command, false).await?;
                    if status.link.is_some_and(|link| link.premium.verdict == PremiumVerdict::NotPremium) {
                        return Err(SpotifyError::NotPremium);
                    }
                    tokio::time::sleep(RETRY_DELAY).await;
                }
                _ if status == StatusCode::NOT_FOUND => return Err(SpotifyError::DeviceNotFound),
                "DEVICE_NOT_CONTROLLABLE" => return Err(SpotifyError::DeviceNotFound),
                _ if status == StatusCode::BAD_REQUEST => return Err(SpotifyError::InvalidRequest),
                _ => return Err(Failure::Rejected(status, reason).into()),
            }
        }
        Err(SpotifyError::NotPremium)
    }

    /// A successful command proves Premium, if that is not settled yet.
    async fn record_success(&self, user: UserId) -> Result<(), SpotifyError> {
        let link = self.0.store.spotify_link(user).await?;
        let known =
            |premium: crate::store::StoredPremium| premium.verdict == PremiumVerdict::Premium && premium.doubts == 0;
        if link.is_some_and(|link| !known(link.premium)) {
            self.record_premium_evidence(user, PremiumEvidence::Command, true).await?;
        }
        Ok(())
    }
}

fn describe_device(device: ApiDevice) -> Option<SpotifyDevice> {
    let short = |text: String| text.chars().filter(|c| !c.is_control()).take(DEVICE_CHARS_MAX).collect::<String>();
    Some(SpotifyDevice {
        id: device.id.filter(|id| !id.is_empty() && id.len() <= DEVICE_CHARS_MAX)?,
        name: short(device.name),
        kind: short(device.kind),
        active: device.is_active,
        restricted: device.is_restricted,
    })
}
