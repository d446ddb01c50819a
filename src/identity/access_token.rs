//! Access tokens: short-lived JWTs that say who is asking and by which session.
//!
//! One algorithm (EdDSA), one `typ`, one issuer, one audience; every claim is required, no leeway is given. Time is
//! taken from the caller, never from the system: the library's own checks of time are off.

use jsonwebtoken::{Algorithm, Header, Validation};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use tutti_protocol::{SessionId, UserId};
use uuid::Uuid;

use super::{ACCESS_TOKEN_BYTES_MAX, ACCESS_TOKEN_LIFETIME};
use crate::keys::Keys;

/// RFC 9068, so that no other JWT of this server can be taken for one of these.
const TYP: &str = "at+jwt";
const ISSUER: &str = "tutti";
const AUDIENCE: &str = "tutti-api";

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
pub(super) fn verify(keys: &Keys, token: &str, now_ms: i64) -> Result<Access, AccessError> {
    let claims = genuine(keys, token).ok_or(AccessError::Invalid)?;
    let in_ms = |seconds: i64| seconds.checked_mul(1000).ok_or(AccessError::Invalid);
    let (issued_at_ms, expires_at_ms) = (in_ms(claims.iat)?, in_ms(claims.exp)?);
    if now_ms < issued_at_ms {
        return Err(AccessError::Invalid);
    }
    if now_ms >= expires_at_ms {
        return Err(AccessError::Expired);
    }
    Ok(Access { user: claims.sub, session: claims.sid, expires_at_ms })
}

/// The claims of a token that we signed for this purpose, at whatever time.
fn genuine(keys: &Keys, token: &str) -> Option<Claims> {
    if token.len() > ACCESS_TOKEN_BYTES_MAX {
        return None;
    }
    let header = jsonwebtoken::decode_header(token).ok()?;
    if header.typ.as_deref() != Some(TYP) || header.crit.is_some() {
        return None;
    }
    let ring = keys.ring();
    let key = ring.verifying(header.kid.as_deref()?)?;
    Some(jsonwebtoken::decode::<Claims>(token, key, &validation()).ok()?.claims)
}

fn validation() -> Validation {
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[AUDIENCE]);
    validation.leeway = 0;
    validation.validate_exp = false;
    validation
}
