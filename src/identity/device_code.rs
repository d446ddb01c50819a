//! Codes with which a user's next device logs in: a guest has no password, and an account's is long to type.
//!
//! A session asks for a code and shows it; another device uses it once, within [`DEVICE_CODE_LIFETIME`], and gets a session
//! of its own for the same user. The store holds an HMAC of the code: forty bits are found by trying when only a plain hash
//! of them is known. Codes are compared by that HMAC, so the time of a lookup says nothing about a code.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tutti_protocol::http::{DeviceCodeState, DeviceCodeStatus};
use tutti_protocol::{PairingCode, Secret, UserId};

use super::{AccessClaims, Caller, DEVICE_CODE_LIFETIME, Identity, IdentityError, Login};
use crate::clock::ms;
use crate::ids;
use crate::keys::Keys;
use crate::store::{StoredDeviceCode, TokenHash};

/// Domain separation from other uses of the secret.
const DOMAIN: &[u8] = b"device code";

/// Why a code is of no use: that of a user's next device, or of a screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeviceCodeError {
    /// It is no code, or was taken back.
    #[error("no device shows this code")]
    Unknown,
    /// Another device has used it.
    #[error("the code was used")]
    Used,
    /// It was not used in time, or for a device: the session that asked for it has ended.
    #[error("the code has expired")]
    Expired,
}

/// A code that was valid a moment ago.
#[derive(Debug)]
pub struct ValidDeviceCode(StoredDeviceCode);

impl ValidDeviceCode {
    /// The user who logs in with it.
    pub fn user(&self) -> UserId {
        self.0.user
    }
}

impl Identity {
    /// Makes a code for the caller's next device, in place of their session's earlier one.
    pub async fn make_device_code(&self, access: AccessClaims) -> Result<PairingCode, IdentityError> {
        let code = ids::pairing_code();
        let stored = StoredDeviceCode {
            user: access.user,
            session: access.session,
            hash: hash(self.keys(), code),
            expires_at_ms: self.clock().now_ms() + ms(DEVICE_CODE_LIFETIME),
            used_for: None,
        };
        self.store().put_device_code(&stored).await?;
        Ok(code)
    }

    /// The status of the code that the caller's session requested last; `None` when it requested none or withdrew it.
    pub async fn device_code_status(&self, access: AccessClaims) -> Result<Option<DeviceCodeStatus>, IdentityError> {
        let Some(code) = self.store().device_code_of(access.user, access.session).await? else { return Ok(None) };
        if let Some(session) = code.used_for {
            let session = self.store().session(access.user, session).await?;
            let user_agent = session.map(|session| session.user_agent);
            return Ok(Some(DeviceCodeStatus { state: DeviceCodeState::Used, user_agent }));
        }
        let expired = code.expires_at_ms <= self.clock().now_ms();
        let state = if expired { DeviceCodeState::Expired } else { DeviceCodeState::Waiting };
        Ok(Some(DeviceCodeStatus { state, user_agent: None }))
    }

    /// Takes the code of the caller's session back.
    pub async fn cancel_device_code(&self, access: AccessClaims) -> Result<(), IdentityError> {
        Ok(self.store().cancel_device_code(access.user, access.session).await?)
    }

    /// Checks a code as typed. Does not use it.
    pub async fn check_device_code(&self, typed: &Secret) -> Result<ValidDeviceCode, IdentityError> {
        let code = PairingCode::parse(typed).ok_or(DeviceCodeError::Unknown)?;
        let stored = self.store().device_code(hash(self.keys(), code)).await?.ok_or(DeviceCodeError::Unknown)?;
        if stored.used_for.is_some() {
            return Err(DeviceCodeError::Used.into());
        }
        if stored.expires_at_ms <= self.clock().now_ms() {
            return Err(DeviceCodeError::Expired.into());
        }
        Ok(ValidDeviceCode(stored))
    }

    /// Uses a code: the caller gets a session of its user. Replaces a session that the caller has of the same user, and must
    /// not have one of another.
    pub async fn log_in_with_device_code(
        &self,
        caller: &Caller,
        code: ValidDeviceCode,
    ) -> Result<Login, IdentityError> {
        let before = self.current_session(caller).await?;
        if before.as_ref().is_some_and(|(user, _)| user.id != code.user()) {
            return Err(IdentityError::AlreadyLoggedIn);
        }
        let user = self.store().user(code.user()).await?.ok_or(DeviceCodeError::Expired)?;
        if user.banned_at_ms.is_some() {
            return Err(IdentityError::Banned);
        }
        let (session, stored, token) = self.build_session(user.id, caller);
        if !self.store().use_device_code(&code.0, &session, &stored).await? {
            let known = self.store().device_code(code.0.hash).await?;
            let used = known.is_some_and(|known| known.used_for.is_some());
            return Err(if used { DeviceCodeError::Used } else { DeviceCodeError::Expired }.into());
        }
        if let Some((_, before)) = before {
            self.revoke_keeping_sockets(user.id, before.id).await?;
        }
        self.issue_tokens(&user, &session, token)
    }
}

fn hash(keys: &Keys, code: PairingCode) -> TokenHash {
    TokenHash(keyed_hash(keys, DOMAIN, code.as_bytes()))
}

/// An HMAC under the refresh secret. `domain` separates its uses.
pub(super) fn keyed_hash(keys: &Keys, domain: &[u8], value: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(keys.ring().refresh_secret()).expect("HMAC takes keys of any length");
    mac.update(domain);
    mac.update(value);
    mac.finalize().into_bytes().into()
}
