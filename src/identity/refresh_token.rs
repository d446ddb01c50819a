//! Refresh tokens: 256 opaque bits, handed to the browser, kept only as a hash.
//!
//! A token is `<owner>.<secret>` in base64url: the owner's id is no secret, and says on which shard the row is. The
//! first secret of a family is random. Every later one is an HMAC of the token before it, so that the same token used
//! twice at once yields the same successor, although the successor is stored nowhere.

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
/// Separates this use of the secret from any other.
const DERIVATION: &[u8] = b"refresh";

/// A token that has the right form; whether it is one of ours the store knows.
#[derive(Clone, Debug)]
pub(super) struct RefreshToken {
    /// Whose it claims to be.
    pub(super) user: UserId,
    text: SecretString,
}

impl RefreshToken {
    /// The first of a family.
    pub(super) fn random(user: UserId) -> Self {
        Self::new(user, generate_secret().expose_secret())
    }

    /// Reads what a browser sent.
    pub(super) fn parse(text: &SecretString) -> Option<Self> {
        let raw = text.expose_secret();
        if raw.len() != TEXT_LEN {
            return None;
        }
        let (owner, secret) = raw.split_once('.')?;
        let owner = BASE64_URL_SAFE_NO_PAD.decode(owner).ok()?;
        if BASE64_URL_SAFE_NO_PAD.decode(secret).ok()?.len() != 32 {
            return None;
        }
        Some(Self { user: UserId(Uuid::from_slice(&owner).ok()?), text: text.clone() })
    }

    /// The one token that this one is exchanged for.
    pub(super) fn successor(&self, keys: &Keys) -> Self {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(keys.ring().refresh_secret()).expect("HMAC takes keys of any length");
        mac.update(DERIVATION);
        mac.update(self.text.expose_secret().as_bytes());
        Self::new(self.user, &mac.finalize().into_bytes().into())
    }

    /// What it is stored as. Without salt: 256 random bits cannot be guessed.
    pub(super) fn hash(&self) -> TokenHash {
        TokenHash(Sha256::digest(self.text.expose_secret()).into())
    }

    /// What the browser keeps.
    pub(super) fn into_text(self) -> SecretString {
        self.text
    }

    fn new(user: UserId, secret: &[u8; 32]) -> Self {
        let owner = BASE64_URL_SAFE_NO_PAD.encode(user.0.as_bytes());
        let text = format!("{owner}.{}", BASE64_URL_SAFE_NO_PAD.encode(secret));
        Self { user, text: text.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn somebody() -> UserId {
        UserId(Uuid::from_u128(7))
    }

    #[test]
    fn a_token_reads_back() {
        let token = RefreshToken::random(somebody());
        let read = RefreshToken::parse(&token.clone().into_text()).unwrap();
        assert_eq!(read.user, somebody());
        assert_eq!(read.hash(), token.hash());
    }

    #[test]
    fn what_is_none_is_refused() {
        let token = RefreshToken::random(somebody()).into_text();
        let token = token.expose_secret();
        for raw in ["", ".", &token[1..], &format!("{token}A"), &token.replace('.', "-"), &"é".repeat(33)] {
            assert!(RefreshToken::parse(&raw.into()).is_none(), "{raw}");
        }
    }

    #[test]
    fn the_successor_is_always_the_same_and_never_the_parent() {
        let keys = Keys::ephemeral();
        let token = RefreshToken::random(somebody());
        let successor = token.successor(&keys);
        assert_eq!(successor.hash(), token.successor(&keys).hash());
        assert_ne!(successor.hash(), token.hash());
        assert_ne!(successor.hash(), token.successor(&Keys::ephemeral()).hash());
    }

    #[test]
    fn debug_shows_no_secret() {
        let token = RefreshToken::random(somebody());
        let shown = format!("{token:?}");
        assert!(!shown.contains(token.into_text().expose_secret()), "{shown}");
    }
}
