//! Authorization codes, grants and tokens.
//!
//! Guarantees: a code works once and for ten minutes, reuse of a code revokes its grant (RFC 9700, 4.5), PKCE (RFC
//! 7636) cannot be removed or added in between, and a grant expires six months after consent, however often it is
//! refreshed. A failed exchange does not use up a code. Not in here: HTTP.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use sha2::{Digest as _, Sha256};

use crate::clock::whole_ms;
use crate::ids::{PersonId, secret};

/// Lifetime of a code.
pub const CODE_LIFETIME: Duration = Duration::from_mins(10);

/// Lifetime of a grant from consent on. Spotify documents six months, no more precisely.
pub const GRANT_LIFETIME: Duration = Duration::from_hours(182 * 24);

/// Pending consent pages, at most; beyond, the oldest is dropped.
const PENDING_MAX: usize = 1000;

/// An authorization request, before consent.
#[derive(Clone, Debug)]
pub(crate) struct AuthorizationRequest {
    pub(crate) redirect_uri: String,
    pub(crate) state: Option<String>,
    pub(crate) scopes: Vec<String>,
    pub(crate) challenge: Challenge,
}

/// What a client has to prove when it exchanges the code (RFC 7636, 4.2).
#[derive(Clone, Debug)]
pub(crate) enum Challenge {
    /// Nothing: the code flow without PKCE.
    Absent,
    /// Knowledge of this verifier.
    Plain(String),
    /// Knowledge of the verifier with this SHA-256.
    S256(String),
}

/// Why no token is issued. The text is the error description; the code is always `invalid_grant`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum GrantError {
    #[error("Invalid authorization code")]
    CodeUnknown,
    #[error("Authorization code expired")]
    CodeExpired,
    #[error("Invalid redirect URI")]
    RedirectUriDiffers,
    #[error("code_verifier required")]
    VerifierMissing,
    #[error("code_verifier was incorrect")]
    VerifierWrong,
    #[error("code_verifier without a code_challenge")]
    VerifierUnexpected,
    #[error("Invalid refresh token")]
    RefreshTokenUnknown,
    /// Also for an expired grant.
    #[error("Refresh token revoked")]
    Revoked,
}

/// Why an access token is rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AccessTokenError {
    #[error("Invalid access token")]
    Unknown,
    #[error("The access token expired")]
    Expired,
}

/// A user's consent to an app.
#[derive(Clone, Debug)]
pub(crate) struct Grant {
    pub(crate) person: PersonId,
    pub(crate) scopes: Vec<String>,
    authorized_at_ms: i64,
    revoked: bool,
}

/// The index of a grant in [`Grants`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct GrantNumber(usize);

struct Code {
    request: AuthorizationRequest,
    person: PersonId,
    issued_at_ms: i64,
    /// The grant, once the code was exchanged.
    grant: Option<GrantNumber>,
}

struct AccessToken {
    grant: GrantNumber,
    expires_at_ms: i64,
}

/// All codes, grants and tokens.
#[derive(Default)]
pub(crate) struct Grants {
    pending: VecDeque<(String, AuthorizationRequest)>,
    codes: HashMap<String, Code>,
    given: Vec<Grant>,
    access_tokens: HashMap<String, AccessToken>,
    refresh_tokens: HashMap<String, GrantNumber>,
}

impl Grants {
    /// Stores a request until its consent page is answered; returns the page's ticket.
    pub(crate) fn add_pending(&mut self, request: AuthorizationRequest) -> String {
        if self.pending.len() == PENDING_MAX {
            self.pending.pop_front();
        }
        let ticket = secret("");
        self.pending.push_back((ticket.clone(), request));
        ticket
    }

    /// Removes and returns the request of an answered consent page.
    pub(crate) fn take_pending(&mut self, ticket: &str) -> Option<AuthorizationRequest> {
        let place = self.pending.iter().position(|(known, _)| known == ticket)?;
        self.pending.remove(place).map(|(_, request)| request)
    }

    /// Issues a code for the consent of `person`.
    pub(crate) fn code(&mut self, request: AuthorizationRequest, person: PersonId, now_ms: i64) -> String {
        let code = secret("AQ");
        self.codes.insert(code.clone(), Code { request, person, issued_at_ms: now_ms, grant: None });
        code
    }

    /// The person of a code.
    pub(crate) fn person_of_code(&self, code: &str) -> Option<&PersonId> {
        self.codes.get(code).map(|code| &code.person)
    }

    /// The person of a refresh token, valid or not.
    pub(crate) fn person_of_refresh_token(&self, token: &str) -> Option<&PersonId> {
        self.refresh_tokens.get(token).map(|grant| &self.given[grant.0].person)
    }

    /// Exchanges a code for a grant.
    pub(crate) fn exchange(
        &mut self,
        code: &str,
        redirect_uri: &str,
        verifier: Option<&str>,
        now_ms: i64,
    ) -> Result<GrantNumber, GrantError> {
        let Some(code) = self.codes.get_mut(code) else { return Err(GrantError::CodeUnknown) };
        if let Some(grant) = code.grant {
            self.given[grant.0].revoked = true;
            return Err(GrantError::CodeUnknown);
        }
        if now_ms - code.issued_at_ms >= whole_ms(CODE_LIFETIME) {
            return Err(GrantError::CodeExpired);
        }
        if code.request.redirect_uri != redirect_uri {
            return Err(GrantError::RedirectUriDiffers);
        }
        code.request.challenge.check(verifier)?;
        let grant = GrantNumber(self.given.len());
        code.grant = Some(grant);
        self.given.push(Grant {
            person: code.person.clone(),
            scopes: code.request.scopes.clone(),
            // From consent on, not from the exchange.
            authorized_at_ms: code.issued_at_ms,
            revoked: false,
        });
        Ok(grant)
    }

    /// The grant of a refresh token, if both are valid.
    pub(crate) fn refresh(&self, token: &str, now_ms: i64) -> Result<GrantNumber, GrantError> {
        let number = *self.refresh_tokens.get(token).ok_or(GrantError::RefreshTokenUnknown)?;
        let grant = &self.given[number.0];
        if grant.revoked || now_ms - grant.authorized_at_ms >= whole_ms(GRANT_LIFETIME) {
            return Err(GrantError::Revoked);
        }
        Ok(number)
    }

    pub(crate) fn get(&self, grant: GrantNumber) -> &Grant {
        &self.given[grant.0]
    }

    pub(crate) fn new_access_token(&mut self, grant: GrantNumber, lifetime_seconds: u32, now_ms: i64) -> String {
        let token = secret("BQ");
        let expires_at_ms = now_ms + i64::from(lifetime_seconds) * 1000;
        self.access_tokens.insert(token.clone(), AccessToken { grant, expires_at_ms });
        token
    }

    pub(crate) fn new_refresh_token(&mut self, grant: GrantNumber) -> String {
        let token = secret("AQ");
        self.refresh_tokens.insert(token.clone(), grant);
        token
    }

    /// Makes a rotated refresh token unknown.
    pub(crate) fn forget_refresh_token(&mut self, token: &str) {
        self.refresh_tokens.remove(token);
    }

    /// The grant of an access token, if both are valid.
    pub(crate) fn access(&self, token: &str, now_ms: i64) -> Result<&Grant, AccessTokenError> {
        let token = self.access_tokens.get(token).ok_or(AccessTokenError::Unknown)?;
        let grant = self.get(token.grant);
        if grant.revoked {
            return Err(AccessTokenError::Unknown);
        }
        if now_ms >= token.expires_at_ms {
            return Err(AccessTokenError::Expired);
        }
        Ok(grant)
    }

    /// Revokes all grants of `person`.
    pub(crate) fn revoke(&mut self, person: &str) {
        for grant in self.of_mut(person) {
            grant.revoked = true;
        }
    }

    /// Makes all grants of `person` older.
    pub(crate) fn age(&mut self, person: &str, by: Duration) {
        for grant in self.of_mut(person) {
            grant.authorized_at_ms = grant.authorized_at_ms.saturating_sub(whole_ms(by));
        }
    }

    fn of_mut(&mut self, person: &str) -> impl Iterator<Item = &mut Grant> {
        self.given.iter_mut().filter(move |grant| grant.person.as_str() == person)
    }
}

impl Challenge {
    fn check(&self, verifier: Option<&str>) -> Result<(), GrantError> {
        let (challenge, found) = match (self, verifier) {
            (Self::Absent, None) => return Ok(()),
            // The PKCE downgrade attack of RFC 9700, 4.8.2: the challenge was removed from the request.
            (Self::Absent, Some(_)) => return Err(GrantError::VerifierUnexpected),
            (_, None) => return Err(GrantError::VerifierMissing),
            (Self::Plain(challenge), Some(verifier)) => (challenge, verifier.to_owned()),
            (Self::S256(challenge), Some(verifier)) => {
                (challenge, BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)))
            }
        };
        if *challenge == found { Ok(()) } else { Err(GrantError::VerifierWrong) }
    }
}
