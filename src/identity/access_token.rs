//! Access tokens: short-lived JWTs that say who is asking and by which session.
//!
//! One algorithm (EdDSA), one `typ`, one issuer, one audience; every claim is required, no leeway is given. Time is
//! taken from the caller, never from the system: the library's own checks of time are off.
//!
//! To check a signature costs some 30 % of a connection's whole way back in, and whoever comes back brings the token they
//! had: those that were found [genuine](Seen) are known again, for as long as the keys are the same.

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
use crate::keys::{Keys, Ring};

/// RFC 9068, so that no other JWT of this server can be taken for one of these.
const TYP: &str = "at+jwt";
const ISSUER: &str = "tutti";
const AUDIENCE: &str = "tutti-api";
/// Tokens that are known again, at 88 bytes each.
const SEEN_MAX: usize = 16 * 1024;
/// Places for the tokens of one hash. With 9,000 tokens, one in 75 finds none of eight free; where each has but one place, one
/// in four finds it taken.
const SEEN_WAYS: usize = 8;

/// What a valid access token says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// Who is asking.
    pub user: UserId,
    /// By which login.
    pub session: SessionId,
    /// When the token runs out, in Unix milliseconds.
    pub expires_at_ms: i64,
}

/// Why an access token is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    /// It was ours and has run out: refresh it.
    #[error("the access token has run out")]
    Expired,
    /// Its session was ended.
    #[error("the session was ended")]
    Revoked,
    /// It is none of ours.
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

/// Signs a token for `user`; it runs out [`ACCESS_TOKEN_LIFETIME`] after `now_ms`, rounded down to a second.
pub(super) fn sign(
    keys: &Keys,
    user: UserId,
    session: SessionId,
    now_ms: i64,
) -> Result<SecretString, jsonwebtoken::errors::Error> {
    let ring = keys.ring();
    let (kid, key) = ring.signing();
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

/// What `token` says if it is one of ours and valid at `now_ms`.
pub(super) fn verify(keys: &Keys, seen: &Seen, token: &str, now_ms: i64) -> Result<Access, AccessError> {
    if token.len() > ACCESS_TOKEN_BYTES_MAX {
        return Err(AccessError::Invalid);
    }
    let (ring, digest) = (keys.ring(), Sha256::digest(token).into());
    let genuine = if let Some(genuine) = seen.get(&ring, &digest) {
        genuine
    } else {
        let genuine = genuine(&ring, token).ok_or(AccessError::Invalid)?;
        seen.insert(&ring, digest, genuine, now_ms);
        genuine
    };
    let Genuine { access, issued_at_ms } = genuine;
    if now_ms < issued_at_ms {
        return Err(AccessError::Invalid);
    }
    if now_ms >= access.expires_at_ms {
        return Err(AccessError::Expired);
    }
    Ok(access)
}

/// What a token says that we signed for this purpose, at whatever time.
#[derive(Clone, Copy)]
struct Genuine {
    access: Access,
    issued_at_ms: i64,
}

fn genuine(ring: &Ring, token: &str) -> Option<Genuine> {
    let header = jsonwebtoken::decode_header(token).ok()?;
    if header.typ.as_deref() != Some(TYP) || header.crit.is_some() {
        return None;
    }
    let key = ring.verifying(header.kid.as_deref()?)?;
    let claims = jsonwebtoken::decode::<Claims>(token, key, &VALIDATION).ok()?.claims;
    let in_ms = |seconds: i64| seconds.checked_mul(1000);
    let access = Access { user: claims.sub, session: claims.sid, expires_at_ms: in_ms(claims.exp)? };
    Some(Genuine { access, issued_at_ms: in_ms(claims.iat)? })
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

/// The SHA-256 of a token: the token itself is not kept.
type TokenDigest = [u8; 32];

/// Tokens that were found genuine, by their digests. A fixed table in which each may be in one of [`SEEN_WAYS`] places and
/// keeps its place until it runs out: those who return in the order in which they came do not push each other out, as they
/// would where the oldest goes.
pub(super) struct Seen(Mutex<Table>);

struct Table {
    /// By which they were found genuine. When keys are read anew nothing is known any more, and the old ones are not kept.
    ring: Weak<Ring>,
    places: Box<[Option<(TokenDigest, Genuine)>]>,
}

impl Seen {
    /// Nothing seen yet.
    pub(super) fn new() -> Self {
        Self(Mutex::new(Table { ring: Weak::new(), places: vec![None; SEEN_MAX].into() }))
    }

    fn get(&self, ring: &Arc<Ring>, digest: &TokenDigest) -> Option<Genuine> {
        let table = self.0.lock();
        if !table.is_of(ring) {
            return None;
        }
        table.places[places(digest)].iter().flatten().find(|(known, _)| known == digest).map(|(_, genuine)| *genuine)
    }

    fn insert(&self, ring: &Arc<Ring>, digest: TokenDigest, genuine: Genuine, now_ms: i64) {
        let mut table = self.0.lock();
        if !table.is_of(ring) {
            *table = Table { ring: Arc::downgrade(ring), places: vec![None; SEEN_MAX].into() };
        }
        let is_free = |place: &&mut Option<(TokenDigest, Genuine)>| {
            place.is_none_or(|(_, other)| other.access.expires_at_ms <= now_ms)
        };
        if let Some(place) = table.places[places(&digest)].iter_mut().find(is_free) {
            *place = Some((digest, genuine));
        }
    }
}

impl Table {
    fn is_of(&self, ring: &Arc<Ring>) -> bool {
        Weak::ptr_eq(&self.ring, &Arc::downgrade(ring))
    }
}

fn places(digest: &TokenDigest) -> Range<usize> {
    let first = usize::from(u16::from_le_bytes([digest[0], digest[1]])) % (SEEN_MAX / SEEN_WAYS) * SEEN_WAYS;
    first..first + SEEN_WAYS
}

#[cfg(test)]
mod tests {
    use std::fs;

    use secrecy::ExposeSecret;

    use super::*;
    use crate::keys::Folder;

    const NOW_MS: i64 = 1_767_268_800_000;

    #[test]
    fn a_token_that_was_seen_is_known_again_for_as_long_as_its_key_is_there() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::in_data_dir(dir.path());
        let keys = Keys::from_folder(folder.clone(), NOW_MS).unwrap();
        let (kid, seen) = (keys.in_use().0, Seen::new());
        let token = sign(&keys, UserId(Uuid::new_v4()), SessionId(Uuid::new_v4()), NOW_MS).unwrap();
        let check = || verify(&keys, &seen, token.expose_secret(), NOW_MS);
        let is_known = || seen.get(&keys.ring(), &Sha256::digest(token.expose_secret()).into()).is_some();

        assert!(!is_known());
        let access = check().unwrap();
        assert!(is_known());
        assert_eq!(check(), Ok(access));

        folder.rotate(NOW_MS + 1).unwrap();
        keys.reload().unwrap();
        assert!(!is_known(), "it is checked anew with every ring");
        assert_eq!(check(), Ok(access), "by a key that only stopped signing");

        fs::remove_file(dir.path().join(format!("keys/access-{kid}.pem"))).unwrap();
        keys.reload().unwrap();
        assert_eq!(check(), Err(AccessError::Invalid));
    }

    #[test]
    fn of_nine_thousand_nearly_all_are_known_again() {
        let (keys, seen) = (Keys::ephemeral(), Seen::new());
        let ring = keys.ring();
        let access = Access { user: UserId(Uuid::nil()), session: SessionId(Uuid::nil()), expires_at_ms: 10 };
        let digests: Vec<TokenDigest> =
            (0..9_000_u32).map(|number| Sha256::digest(number.to_le_bytes()).into()).collect();
        for digest in &digests {
            seen.insert(&ring, *digest, Genuine { access, issued_at_ms: 0 }, 0);
        }
        let known = digests.iter().filter(|digest| seen.get(&ring, digest).is_some()).count();
        assert!(known > 9_000 * 98 / 100, "{known}");
    }

    #[test]
    fn a_place_is_kept_until_its_token_has_run_out() {
        let (keys, seen) = (Keys::ephemeral(), Seen::new());
        let ring = keys.ring();
        let genuine = |number: u8| Genuine {
            access: Access {
                user: UserId(Uuid::from_bytes([number; 16])),
                session: SessionId(Uuid::nil()),
                expires_at_ms: 10,
            },
            issued_at_ms: 0,
        };
        // They differ, and have the same places.
        let digest = |number: u8| [[7; 31].as_slice(), &[number]].concat().try_into().unwrap();
        let known = |number| seen.get(&ring, &digest(number)).map(|genuine| genuine.access.user.0.as_bytes()[0]);
        let first_come: Vec<_> = (1..).take(SEEN_WAYS).collect();
        for number in &first_come {
            seen.insert(&ring, digest(*number), genuine(*number), 0);
        }
        seen.insert(&ring, digest(100), genuine(100), 9);
        assert!(first_come.iter().all(|number| known(*number) == Some(*number)), "nobody is taken for somebody else");
        assert_eq!(known(100), None, "nor pushes anybody out");
        seen.insert(&ring, digest(100), genuine(100), 10);
        assert_eq!(known(100), Some(100));
    }
}
