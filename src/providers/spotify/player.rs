//! Commands to a player: somebody's own devices, through the Web API.
//!
//! Guarantees: whatever a success looks like, it is one, and so is what was so already. A refusal for want of Premium,
//! which comes falsely and in bursts, is held against somebody only as [`super::premium`] says. What starts a track says
//! device, track and place in one command, because Spotify does not keep the order of several.

use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::json;
use tutti_protocol::UserId;
use tutti_protocol::http::{PremiumEvidence, PremiumVerdict, SpotifyDevice};

use super::api::Failure;
use super::premium::DOUBTS_TO_DENY;
use super::{ASK_AGAIN_AFTER, Spotify, SpotifyError};

/// Devices that are shown; nobody has so many.
const DEVICES_MAX: usize = 50;
/// Characters in a device's id or name that are taken over.
const DEVICE_CHARS_MAX: usize = 200;

/// What an account plays at the moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PlayerState {
    pub(super) device: String,
    pub(super) is_playing: bool,
    /// The track's id, and the one that was asked for where that is another.
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
    /// Where somebody's account can play.
    pub async fn devices(&self, user: UserId) -> Result<Vec<SpotifyDevice>, SpotifyError> {
        let found: Option<ApiDevices> =
            self.ask(user, |token| async move { self.0.api.get("v1/me/player/devices", &[], &token).await }).await?;
        let devices = found.map(|found| found.devices).unwrap_or_default();
        Ok(devices.into_iter().filter_map(shown).take(DEVICES_MAX).collect())
    }

    /// Starts a track on one of somebody's devices, from there. One that is not active is made so first.
    pub async fn play(&self, user: UserId, device: &str, track: &str, position_ms: u64) -> Result<(), SpotifyError> {
        if !super::tracks::is_id(track) || device.is_empty() || device.len() > DEVICE_CHARS_MAX {
            return Err(SpotifyError::BadQuestion);
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

    /// Pauses one of somebody's devices.
    pub(super) async fn pause(&self, user: UserId, device: &str) -> Result<(), SpotifyError> {
        self.command(user, "v1/me/player/pause", &[("device_id", device)], None).await
    }

    /// What somebody's account plays; `None`: nowhere anything.
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
            let refused = self
                .ask(user, |token| async move {
                    match self.0.api.put(path, query, body, &token).await {
                        Err(Failure::Refused(status, reason)) => Ok(Some((status, reason))),
                        done => done.map(|()| None),
                    }
                })
                .await?;
            let Some((status, reason)) = refused else { return self.obeyed(user).await };
            match reason.as_str() {
                "ALREADY_PAUSED" | "NOT_PAUSED" | "NO_SPECIFIC_TRACK" => return self.obeyed(user).await,
                "PREMIUM_REQUIRED" => {
                    let status = self.witness(user, PremiumEvidence::Command, false).await?;
                    if status.link.is_some_and(|link| link.premium.verdict == PremiumVerdict::NotPremium) {
                        return Err(SpotifyError::NotPremium);
                    }
                    tokio::time::sleep(ASK_AGAIN_AFTER).await;
                }
                _ if status == StatusCode::NOT_FOUND => return Err(SpotifyError::DeviceNotFound),
                "DEVICE_NOT_CONTROLLABLE" => return Err(SpotifyError::DeviceNotFound),
                _ if status == StatusCode::BAD_REQUEST => return Err(SpotifyError::BadQuestion),
                _ => return Err(Failure::Refused(status, reason).into()),
            }
        }
        Err(SpotifyError::NotPremium)
    }

    /// A command that was obeyed says that there is Premium, where that was not known.
    async fn obeyed(&self, user: UserId) -> Result<(), SpotifyError> {
        let link = self.0.store.spotify_link(user).await?;
        let known =
            |premium: crate::store::StoredPremium| premium.verdict == PremiumVerdict::Premium && premium.doubts == 0;
        if link.is_some_and(|link| !known(link.premium)) {
            self.witness(user, PremiumEvidence::Command, true).await?;
        }
        Ok(())
    }
}

fn shown(device: ApiDevice) -> Option<SpotifyDevice> {
    let short = |text: String| text.chars().filter(|c| !c.is_control()).take(DEVICE_CHARS_MAX).collect::<String>();
    Some(SpotifyDevice {
        id: device.id.filter(|id| !id.is_empty() && id.len() <= DEVICE_CHARS_MAX)?,
        name: short(device.name),
        kind: short(device.kind),
        active: device.is_active,
        restricted: device.is_restricted,
    })
}
