//! Links with which an account's owner chooses a new password instead of a forgotten one. Operators make them.
//!
//! A token is `<user id><expiry><HMAC>` in base64url. The HMAC covers the hash of the present password, so a token works
//! once: using it, or changing the password in any other way, makes it and all others void. It also covers the role: a link
//! that an operator made for an account does not change the password of the operator that the account became. Nothing of it
//! is stored.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use tutti_protocol::UserId;
use uuid::Uuid;

use super::password::Password;
use super::{Caller, Identity, IdentityError, Login, PASSWORD_LINK_LIFETIME};
use crate::clock::ms;
use crate::keys::Keys;
use crate::store::{StoredLogin, StoredUser};

/// Domain separation from other uses of the secret.
const DOMAIN: &[u8] = b"password link";
/// The bytes of a token: user id, expiry, HMAC.
const BYTES: usize = 16 + 8 + 32;

/// A token with which a user chooses a new password, and when it expires; `None` for a user without a password.
pub fn password_link(keys: &Keys, user: &StoredUser, now_ms: i64) -> Option<(SecretString, i64)> {
    let login = user.login.as_ref()?;
    let expires_at_ms = now_ms + ms(PASSWORD_LINK_LIFETIME);
    let mut bytes = signed(user.id, expires_at_ms).to_vec();
    bytes.extend(mac(keys, &bytes, user, login).finalize().into_bytes());
    Some((BASE64_URL_SAFE_NO_PAD.encode(bytes).into(), expires_at_ms))
}

impl Identity {
    /// A token with which a user chooses a new password, and when it expires; `None` for a user without a password.
    pub fn make_password_link(&self, user: &StoredUser) -> Option<(SecretString, i64)> {
        password_link(self.keys(), user, self.clock().now_ms())
    }

    /// Chooses a new password by a link, ends all sessions of its user and begins one for the caller, whose previous session
    /// is treated as by a login.
    pub async fn choose_password(
        &self,
        caller: &Caller,
        token: &SecretString,
        password: &SecretString,
    ) -> Result<Login, IdentityError> {
        let (user, login) = self.user_of_link(token).await?;
        if user.banned_at_ms.is_some() {
            return Err(IdentityError::Banned);
        }
        let password = Password::chosen(password, &[&login.username, &user.display_name])?;
        let hash = self.0.passwords.hash(password, caller.address()).await?;
        let before = self.current_session(caller).await?;
        // One of several concurrent uses changes the hash that the link was made for.
        if !self.store().change_password(user.id, &login.password_hash, &hash).await? {
            return Err(IdentityError::LinkVoid);
        }
        self.revoke_all_sessions(user.id).await?;
        // The session that has just ended is none to continue.
        let before = before.filter(|(before, _)| before.id != user.id);
        self.log_in_as(&user, before, caller).await
    }

    /// The user of a valid token.
    async fn user_of_link(&self, token: &SecretString) -> Result<(StoredUser, StoredLogin), IdentityError> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(token.expose_secret()).map_err(|_| IdentityError::LinkVoid)?;
        let bytes: [u8; BYTES] = bytes.try_into().map_err(|_| IdentityError::LinkVoid)?;
        let (signed, given) = bytes.split_at(BYTES - 32);
        let (id, expiry) = signed.split_at(16);
        let id = UserId(Uuid::from_slice(id).map_err(|_| IdentityError::LinkVoid)?);
        let expires_at_ms = i64::from_be_bytes(expiry.try_into().map_err(|_| IdentityError::LinkVoid)?);
        let user = self.store().user(id).await?.ok_or(IdentityError::LinkVoid)?;
        let login = user.login.clone().ok_or(IdentityError::LinkVoid)?;
        let matches = mac(self.keys(), signed, &user, &login).verify_slice(given).is_ok();
        if matches && self.clock().now_ms() < expires_at_ms { Ok((user, login)) } else { Err(IdentityError::LinkVoid) }
    }
}

fn signed(user: UserId, expires_at_ms: i64) -> [u8; BYTES - 32] {
    let mut bytes = [0; BYTES - 32];
    bytes[..16].copy_from_slice(user.0.as_bytes());
    bytes[16..].copy_from_slice(&expires_at_ms.to_be_bytes());
    bytes
}

fn mac(keys: &Keys, signed: &[u8], user: &StoredUser, login: &StoredLogin) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(keys.ring().refresh_secret()).expect("HMAC takes keys of any length");
    mac.update(DOMAIN);
    mac.update(signed);
    mac.update(&user.operator_since_ms.unwrap_or(i64::MIN).to_be_bytes());
    mac.update(login.password_hash.0.as_bytes());
    mac
}
