//! Access tokens: short-lived JWTs that carry the user and the session.
//!
//! One algorithm (EdDSA), one `typ`, one issuer, one audience; every claim is required, without leeway. Expiry is
//! checked here against the caller's time; the library's time checks are off.
//!
//! Verifying a signature is about 30 % of the cost of a reconnect, and a reconnecting client sends the token that it
//! had. Verified tokens are therefore [cached](VerifiedTokenCache) until the keys change.

use std::ops::Range;
use std::sync::{Arc, LazyLock, Weak};

use jsonwebtoken::{Algorithm, Header, Validation};
use parking_lot::Mutex;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tutti_protocol::{SessionId, UserId};
use uuid::Uuid;

use super::{ACCESS_TOKEN_BYTES_MAX, ACCESS_TOKEN_LIFETIME};
use crate::keys::{KeyRing, Keys};

/// RFC 9068: no other JWT of this server is accepted as an access token.
const TYP: &str = "at+jwt";
const ISSUER: &str = "tutti";
const AUDIENCE: &str = "tutti-api";
/// Slots of the cache, at 88 bytes each.
const VERIFIED_TOKENS_MAX: usize = 16 * 1024;
/// Associativity of the cache. Of 9,000 tokens, one in 75 finds all eight slots taken; in a direct-mapped cache one in
/// four would.
const VERIFIED_TOKENS_WAYS: usize = 8;

/// The claims of a valid access token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccessClaims {
    /// The authenticated user.
    pub user: UserId,
    /// The session that the token was issued to.
    pub session: SessionId,
    /// When the token expires, in Unix milliseconds.
    pub expires_at_ms: i64,
}

/// Why an access token is rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    /// Genuine but expired: the client should refresh.
    #[error("the access token has expired")]
    Expired,
    /// Its session was revoked.
    #[error("the session was revoked")]
    Revoked,
    /// Malformed, or not signed by this server.
    #[error("not an access token of this server")]
    Invalid,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: UserId,
    sid: SessionId,
    iat: i64,
    exp: i64,
    jti: Uuid,
}

/// Issues a token that expires [`ACCESS_TOKEN_LIFETIME`] after `now_ms`, rounded down to a second.
pub(super) fn issue(
    keys: &Keys,
    user: UserId,
    session: SessionId,
    now_ms: i64,
) -> Result<SecretString, jsonwebtoken::errors::Error> {
    let ring = keys.ring();
    let (kid, key) = ring.signing_key();
    let header = Header { typ: Some(TYP.into()), kid: Some(kid.to_string()), ..Header::new(Algorithm::EdDSA) };
    let iat = now_ms.div_euclid(1000);
    let claims = Claims {
        iss: ISSUER.into(),
        aud: AUDIENCE.into(),
        sub: user,
        sid: session,
        iat,
        exp: iat + ACCESS_TOKEN_LIFETIME.as_secs().cast_signed(),
        jti: Uuid::new_v4(),
    };
    jsonwebtoken::encode(&header, &claims, key).map(Into::into)
}

/// Verifies the signature and the claims of `token` at `now_ms`.
pub(super) fn verify(
    keys: &Keys,
    cache: &VerifiedTokenCache,
    token: &str,
    now_ms: i64,
) -> Result<AccessClaims, AccessError> {
    if token.len() > ACCESS_TOKEN_BYTES_MAX {
        return Err(AccessError::Invalid);
    }
    let (ring, digest) = (keys.ring(), Sha256::digest(token).into());
    let verified = if let Some(verified) = cache.get(&ring, &digest) {
        verified
    } else {
        let verified = verify_signature(&ring, token).ok_or(AccessError::Invalid)?;
        cache.insert(&ring, digest, verified, now_ms);
        verified
    };
    let VerifiedClaims { access, issued_at_ms } = verified;
    if now_ms < issued_at_ms {
        return Err(AccessError::Invalid);
    }
    if now_ms >= access.expires_at_ms {
        return Err(AccessError::Expired);
    }
    Ok(access)
}

/// The claims of a token with a valid signature, whether it has expired or not.
#[derive(Clone, Copy)]
struct VerifiedClaims {
    access: AccessClaims,
    issued_at_ms: i64,
}

fn verify_signature(ring: &KeyRing, token: &str) -> Option<VerifiedClaims> {
    let header = jsonwebtoken::decode_header(token).ok()?;
    if header.typ.as_deref() != Some(TYP) || header.crit.is_some() {
        return None;
    }
    let key = ring.verifying_key(header.kid.as_deref()?)?;
    let claims = jsonwebtoken::decode::<Claims>(token, key, &VALIDATION).ok()?.claims;
    let in_ms = |seconds: i64| seconds.checked_mul(1000);
    let access = AccessClaims { user: claims.sub, session: claims.sid, expires_at_ms: in_ms(claims.exp)? };
    Some(VerifiedClaims { access, issued_at_ms: in_ms(claims.iat)? })
}

static VALIDATION: LazyLock<Validation> = LazyLock::new(|| {
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[AUDIENCE]);
    validation.leeway = 0;
    validation.validate_exp = false;
    validation
});

/// SHA-256 of a token; the token itself is not kept.
type TokenDigest = [u8; 32];

/// A set-associative cache of tokens with a valid signature, by digest. A token keeps its slot until it expires: with
/// LRU eviction, clients that reconnect in the order in which they joined would evict each other.
pub(super) struct VerifiedTokenCache(Mutex<CacheTable>);

struct CacheTable {
    /// The keys that verified the tokens. Reloading the keys empties the cache; the weak reference frees the old keys.
    ring: Weak<KeyRing>,
    slots: Box<[Option<(TokenDigest, VerifiedClaims)>]>,
}

impl VerifiedTokenCache {
    pub(super) fn new() -> Self {
        Self(Mutex::new(CacheTable { ring: Weak::new(), slots: vec![None; VERIFIED_TOKENS_MAX].into() }))
    }

    fn get(&self, ring: &Arc<KeyRing>, digest: &TokenDigest) -> Option<VerifiedClaims> {
        let table = self.0.lock();
        if !table.is_for(ring) {
            return None;
        }
        table.slots[slots(digest)].iter().flatten().find(|(known, _)| known == digest).map(|(_, verified)| *verified)
    }

    fn insert(&self, ring: &Arc<KeyRing>, digest: TokenDigest, verified: VerifiedClaims, now_ms: i64) {
        let mut table = self.0.lock();
        if !table.is_for(ring) {
            *table = CacheTable { ring: Arc::downgrade(ring), slots: vec![None; VERIFIED_TOKENS_MAX].into() };
        }
        let is_free = |slot: &&mut Option<(TokenDigest, VerifiedClaims)>| {
            slot.is_none_or(|(_, other)| other.access.expires_at_ms <= now_ms)
        };
        if let Some(slot) = table.slots[slots(&digest)].iter_mut().find(is_free) {
            *slot = Some((digest, verified));
        }
    }
}

impl CacheTable {
    fn is_for(&self, ring: &Arc<KeyRing>) -> bool {
        Weak::ptr_eq(&self.ring, &Arc::downgrade(ring))
    }
}

fn slots(digest: &TokenDigest) -> Range<usize> {
    let first = usize::from(u16::from_le_bytes([digest[0], digest[1]])) % (VERIFIED_TOKENS_MAX / VERIFIED_TOKENS_WAYS)
        * VERIFIED_TOKENS_WAYS;
    first..first + VERIFIED_TOKENS_WAYS
}

#[cfg(test)]
mod tests {
    use std::fs;

    use secrecy::ExposeSecret;

    use super::*;
    use crate::keys::KeyFolder;

    const NOW_MS: i64 = 1_767_268_800_000;

    #[test]
    fn a_verified_token_is_cached_until_the_keys_are_reloaded() {
        let dir = tempfile::tempdir().unwrap();
        let folder = KeyFolder::in_data_dir(dir.path());
        let keys = Keys::from_folder(folder.clone(), NOW_MS).unwrap();
        let (kid, cache) = (keys.active_ids().0, VerifiedTokenCache::new());
        let token = issue(&keys, UserId(Uuid::new_v4()), SessionId(Uuid::new_v4()), NOW_MS).unwrap();
        let check = || verify(&keys, &cache, token.expose_secret(), NOW_MS);
        let is_cached = || cache.get(&keys.ring(), &Sha256::digest(token.expose_secret()).into()).is_some();

        assert!(!is_cached());
        let access = check().unwrap();
        assert!(is_cached());
        assert_eq!(check(), Ok(access));

        folder.rotate(NOW_MS + 1).unwrap();
        keys.reload().unwrap();
        assert!(!is_cached(), "reloading the keys empties the cache");
        assert_eq!(check(), Ok(access), "a retired key still verifies");

        fs::remove_file(dir.path().join(format!("keys/access-{kid}.pem"))).unwrap();
        keys.reload().unwrap();
        assert_eq!(check(), Err(AccessError::Invalid));
    }

    #[test]
    fn the_cache_holds_nearly_all_of_nine_thousand_tokens() {
        let (keys, cache) = (Keys::ephemeral(), VerifiedTokenCache::new());
        let ring = keys.ring();
        let access = AccessClaims { user: UserId(Uuid::nil()), session: SessionId(Uuid::nil()), expires_at_ms: 10 };
        let digests: Vec<TokenDigest> =
            (0..9_000_u32).map(|number| Sha256::digest(number.to_le_bytes()).into()).collect();
        for digest in &digests {
            cache.insert(&ring, *digest, VerifiedClaims { access, issued_at_ms: 0 }, 0);
        }
        let cached = digests.iter().filter(|digest| cache.get(&ring, digest).is_some()).count();
        assert!(cached > 9_000 * 98 / 100, "{cached}");
    }

    #[test]
    fn a_slot_is_kept_until_its_token_expires() {
        let (keys, cache) = (Keys::ephemeral(), VerifiedTokenCache::new());
        let ring = keys.ring();
        let verified = |number: u8| VerifiedClaims {
            access: AccessClaims {
                user: UserId(Uuid::from_bytes([number; 16])),
                session: SessionId(Uuid::nil()),
                expires_at_ms: 10,
            },
            issued_at_ms: 0,
        };
        // Distinct digests with the same slots.
        let digest = |number: u8| [[7; 31].as_slice(), &[number]].concat().try_into().unwrap();
        let cached = |number| cache.get(&ring, &digest(number)).map(|verified| verified.access.user.0.as_bytes()[0]);
        let first: Vec<_> = (1..).take(VERIFIED_TOKENS_WAYS).collect();
        for number in &first {
            cache.insert(&ring, digest(*number), verified(*number), 0);
        }
        cache.insert(&ring, digest(100), verified(100), 9);
        assert!(first.iter().all(|number| cached(*number) == Some(*number)), "no token is taken for another");
        assert_eq!(cached(100), None, "a full set evicts nothing");
        cache.insert(&ring, digest(100), verified(100), 10);
        assert_eq!(cached(100), Some(100));
    }
}
