//! Screens: devices of no user, which show one room.
//!
//! A screen asks for a code and shows it; a member of a room approves it within [`DEVICE_CODE_LIFETIME`]. Each code is of a
//! screen of its own, and is bound to one room before that room gets the screen, so a screen never reads two rooms. The
//! room lists its screens: removing one there ends it.
//!
//! A screen's token is its id with an HMAC of it under the refresh secret: it is verified without the store, which holds
//! nothing that it could be made from. It has no expiry.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::SecretString;
use sha2::Sha256;
use tutti_protocol::http::{ScreenCodeState, ScreenStatus};
use tutti_protocol::{PairingCode, RoomCode, ScreenId, Secret};
use uuid::Uuid;

use super::device_code::keyed_hash;
use super::{DEVICE_CODE_LIFETIME, DeviceCodeError, Identity, IdentityError};
use crate::clock::ms;
use crate::ids;
use crate::keys::Keys;
use crate::store::{StoredScreenCode, TokenHash};

/// How long a connection of a screen lasts until the screen sends its token again.
pub const SCREEN_HELLO_LIFETIME: Duration = Duration::from_hours(24);

/// Domain separation from other uses of the secret.
const CODE_DOMAIN: &[u8] = b"screen code";
const TOKEN_DOMAIN: &[u8] = b"screen token";
/// Tells a screen's token from an access token, which begins with a JSON object in base64.
const TOKEN_PREFIX: &str = "screen.";

/// A screen whose code is bound to a room, which now has to take it.
#[derive(Debug)]
pub struct ClaimedScreen {
    /// The screen.
    pub id: ScreenId,
    /// What it calls itself.
    pub name: String,
    hash: TokenHash,
    room: RoomCode,
}

impl Identity {
    /// Makes a screen that is paired with no room yet: its id, its token and its code.
    pub async fn make_screen(&self, name: &str) -> Result<(ScreenId, SecretString, PairingCode), IdentityError> {
        let now_ms = self.clock().now_ms();
        let (screen, code) = (ScreenId(ids::uuid_v7(now_ms)), ids::pairing_code());
        let stored = StoredScreenCode {
            hash: hash(self.keys(), code),
            screen,
            name: name.to_owned(),
            expires_at_ms: now_ms + ms(DEVICE_CODE_LIFETIME),
            room: None,
            approved_at_ms: None,
        };
        self.store().insert_screen_code(&stored).await?;
        Ok((screen, token_of(self.keys(), screen), code))
    }

    /// The screen that a token belongs to. Whether a room has it, only the room knows.
    pub fn authenticate_screen(&self, token: &str) -> Option<ScreenId> {
        let (id, mac) = token.strip_prefix(TOKEN_PREFIX)?.split_once('.')?;
        let id = ScreenId(Uuid::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(id).ok()?).ok()?);
        let mac = BASE64_URL_SAFE_NO_PAD.decode(mac).ok()?;
        token_mac(self.keys(), id).verify_slice(&mac).ok().map(|()| id)
    }

    /// The status of a screen's code; `None` when the code is not this screen's.
    pub async fn screen_status(&self, screen: ScreenId, code: &Secret) -> Result<Option<ScreenStatus>, IdentityError> {
        let Some(code) = PairingCode::parse(code) else { return Ok(None) };
        let stored = self.store().screen_code(hash(self.keys(), code)).await?;
        Ok(stored.filter(|stored| stored.screen == screen).map(|stored| {
            let approved = stored.room.filter(|_| stored.approved_at_ms.is_some());
            let state = match approved {
                Some(_) => ScreenCodeState::Approved,
                None if stored.expires_at_ms <= self.clock().now_ms() => ScreenCodeState::Expired,
                None => ScreenCodeState::Waiting,
            };
            ScreenStatus { state, room: approved }
        }))
    }

    /// Binds a code as typed to a room. Repeated for the same room until the screen is approved, after a failure.
    pub async fn claim_screen(&self, typed: &Secret, room: RoomCode) -> Result<ClaimedScreen, IdentityError> {
        let code = PairingCode::parse(typed).ok_or(DeviceCodeError::Unknown)?;
        let hash = hash(self.keys(), code);
        let stored = self.store().screen_code(hash).await?.ok_or(DeviceCodeError::Unknown)?;
        if stored.approved_at_ms.is_some() {
            return Err(DeviceCodeError::Used.into());
        }
        if stored.expires_at_ms <= self.clock().now_ms() {
            return Err(DeviceCodeError::Expired.into());
        }
        if !self.store().claim_screen_code(hash, room).await? {
            return Err(DeviceCodeError::Used.into());
        }
        Ok(ClaimedScreen { id: stored.screen, name: stored.name, hash, room })
    }

    /// The room has the screen: the next status request of the screen says so.
    pub async fn approve_screen(&self, screen: &ClaimedScreen) -> Result<(), IdentityError> {
        Ok(self.store().approve_screen_code(screen.hash, screen.room, self.clock().now_ms()).await?)
    }

    /// The room refused the screen: its code can be typed elsewhere.
    pub async fn release_screen(&self, screen: &ClaimedScreen) -> Result<(), IdentityError> {
        Ok(self.store().release_screen_code(screen.hash, screen.room).await?)
    }
}

/// Whether a token claims to be a screen's.
pub fn is_screen_token(token: &str) -> bool {
    token.starts_with(TOKEN_PREFIX)
}

fn hash(keys: &Keys, code: PairingCode) -> TokenHash {
    TokenHash(keyed_hash(keys, CODE_DOMAIN, code.as_bytes()))
}

fn token_of(keys: &Keys, screen: ScreenId) -> SecretString {
    let mac = token_mac(keys, screen).finalize().into_bytes();
    let text = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
    format!("{TOKEN_PREFIX}{}.{}", text(screen.0.as_bytes()), text(&mac)).into()
}

fn token_mac(keys: &Keys, screen: ScreenId) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(keys.ring().refresh_secret()).expect("HMAC takes keys of any length");
    mac.update(TOKEN_DOMAIN);
    mac.update(screen.0.as_bytes());
    mac
}
