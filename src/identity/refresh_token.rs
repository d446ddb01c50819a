//! Refresh tokens: 256 opaque bits in the browser's cookie, stored only as a hash.
//!
//! A token is `<user id>.<secret>` in base64url; the user id locates the database shard and is not secret. The first
//! secret of a session is random. Each successor is an HMAC of the token before it, so concurrent uses of one token
//! yield the same successor without storing it.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use tutti_protocol::UserId;
use uuid::Uuid;

use crate::keys::{Keys, generate_secret};
use crate::store::TokenHash;

/// 16 bytes, a dot, 32 bytes.
const TEXT_LEN: usize = 22 + 1 + 43;
/// Domain separation from other uses of the secret.
const DERIVATION: &[u8] = b"refresh";

/// A well-formed token. Whether it is valid, only the store knows.
#[derive(Clone, Debug)]
pub(super) struct RefreshToken {
    /// The user it claims to belong to.
    pub(super) user: UserId,
    text: SecretString,
}

impl RefreshToken {
    /// The first token of a session.
    pub(super) fn random(user: UserId) -> Self {
        Self::new(user, generate_secret().expose_secret())
    }

    /// Parses a cookie's value.
    pub(super) fn parse(text: &SecretString) -> Option<Self> {
        let raw = text.expose_secret();
        if raw.len() != TEXT_LEN {
            return None;
        }
        let (user, secret) = raw.split_once('.')?;
        let user = BASE64_URL_SAFE_NO_PAD.decode(user).ok()?;
        if BASE64_URL_SAFE_NO_PAD.decode(secret).ok()?.len() != 32 {
            return None;
        }
        Some(Self { user: UserId(Uuid::from_slice(&user).ok()?), text: text.clone() })
    }

    /// The token that this one is exchanged for.
    pub(super) fn successor(&self, keys: &Keys) -> Self {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(keys.ring().refresh_secret()).expect("HMAC takes keys of any length");
        mac.update(DERIVATION);
        mac.update(self.text.expose_secret().as_bytes());
        Self::new(self.user, &mac.finalize().into_bytes().into())
    }

    /// The stored form. Unsalted: 256 random bits cannot be guessed.
    pub(super) fn hash(&self) -> TokenHash {
        TokenHash(Sha256::digest(self.text.expose_secret()).into())
    }

    /// The cookie's value.
    pub(super) fn into_text(self) -> SecretString {
        self.text
    }

    fn new(user: UserId, secret: &[u8; 32]) -> Self {
        let user_text = BASE64_URL_SAFE_NO_PAD.encode(user.0.as_bytes());
        let text = format!("{user_text}.{}", BASE64_URL_SAFE_NO_PAD.encode(secret));
        Self { user, text: text.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user() -> UserId {
        UserId(Uuid::from_u128(7))
    }

    #[test]
    fn a_token_round_trips() {
        let token = RefreshToken::random(user());
        let read = RefreshToken::parse(&token.clone().into_text()).unwrap();
        assert_eq!(read.user, user());
        assert_eq!(read.hash(), token.hash());
    }

    #[test]
    fn malformed_tokens_are_rejected() {
        let token = RefreshToken::random(user()).into_text();
        let token = token.expose_secret();
        for raw in ["", ".", &token[1..], &format!("{token}A"), &token.replace('.', "-"), &"é".repeat(33)] {
            assert!(RefreshToken::parse(&raw.into()).is_none(), "{raw}");
        }
    }

    #[test]
    fn the_successor_is_deterministic_and_differs_from_its_parent() {
        let keys = Keys::ephemeral();
        let token = RefreshToken::random(user());
        let successor = token.successor(&keys);
        assert_eq!(successor.hash(), token.successor(&keys).hash());
        assert_ne!(successor.hash(), token.hash());
        assert_ne!(successor.hash(), token.successor(&Keys::ephemeral()).hash());
    }

    #[test]
    fn debug_shows_no_secret() {
        let token = RefreshToken::random(user());
        let shown = format!("{token:?}");
        assert!(!shown.contains(token.into_text().expose_secret()), "{shown}");
    }
}
