//! Codes, grants and tokens: what was agreed to, and what came of it.
//!
//! Guarantees: a code is good once and for ten minutes, a code used again takes everything with it that came of it
//! (RFC 9700, 4.5), PKCE (RFC 7636) cannot be left out or added in between, and a grant dies six months after it was
//! given, however often it is refreshed. A failed exchange does not use a code up. Not in it: HTTP.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use sha2::{Digest as _, Sha256};

use crate::clock::whole_ms;
use crate::ids::{PersonId, secret};

/// How long a code can be exchanged.
pub const CODE_LIFETIME: Duration = Duration::from_mins(10);

/// How long a grant lives, from the moment in which somebody agreed: six months, of which Spotify says no more.
pub const GRANT_LIFETIME: Duration = Duration::from_hours(182 * 24);

/// Consent pages open at the same time; then the oldest cannot be answered any more.
const PENDING_MAX: usize = 1000;

/// What a client asks a person to agree to.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) redirect_uri: String,
    pub(crate) state: Option<String>,
    pub(crate) scopes: Vec<String>,
    pub(crate) challenge: Challenge,
}

/// What a client has to prove when it brings the code (RFC 7636, 4.2).
#[derive(Clone, Debug)]
pub(crate) enum Challenge {
    /// Nothing: the code flow from before PKCE.
    Absent,
    /// That it knows this.
    Plain(String),
    /// That it knows what this is the SHA-256 of.
    S256(String),
}

/// Why there is no token. The text is what a client reads; which it is does not change the code, `invalid_grant`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoGrant {
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
    /// Also what is said of a grant that has become too old.
    #[error("Refresh token revoked")]
    Revoked,
}

/// Why an access token does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoAccess {
    #[error("Invalid access token")]
    Unknown,
    #[error("The access token expired")]
    Expired,
}

/// What somebody agreed to.
#[derive(Clone, Debug)]
pub(crate) struct Grant {
    pub(crate) person: PersonId,
    pub(crate) scopes: Vec<String>,
    authorized_at_ms: i64,
    revoked: bool,
}

/// Names a grant in [`Grants`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct GrantNumber(usize);

struct Code {
    request: Request,
    person: PersonId,
    issued_at_ms: i64,
    /// What came of it, once it was used.
    grant: Option<GrantNumber>,
}

struct AccessToken {
    grant: GrantNumber,
    expires_at_ms: i64,
}

/// Everything that was ever agreed to here.
#[derive(Default)]
pub(crate) struct Grants {
    pending: VecDeque<(String, Request)>,
    codes: HashMap<String, Code>,
    given: Vec<Grant>,
    access_tokens: HashMap<String, AccessToken>,
    refresh_tokens: HashMap<String, GrantNumber>,
}

impl Grants {
    /// Keeps a request until its page is answered; returns the ticket that the page carries.
    pub(crate) fn ask(&mut self, request: Request) -> String {
        if self.pending.len() == PENDING_MAX {
            self.pending.pop_front();
        }
        let ticket = secret("");
        self.pending.push_back((ticket.clone(), request));
        ticket
    }

    /// The request of a page that was answered; it is not pending any more.
    pub(crate) fn answered(&mut self, ticket: &str) -> Option<Request> {
        let place = self.pending.iter().position(|(known, _)| known == ticket)?;
        self.pending.remove(place).map(|(_, request)| request)
    }

    /// A code for what `person` agreed to.
    pub(crate) fn code(&mut self, request: Request, person: PersonId, now_ms: i64) -> String {
        let code = secret("AQ");
        self.codes.insert(code.clone(), Code { request, person, issued_at_ms: now_ms, grant: None });
        code
    }

    /// Whose code it is.
    pub(crate) fn person_of_code(&self, code: &str) -> Option<&PersonId> {
        self.codes.get(code).map(|code| &code.person)
    }

    /// Whose refresh token it is, alive or not.
    pub(crate) fn person_of_refresh_token(&self, token: &str) -> Option<&PersonId> {
        self.refresh_tokens.get(token).map(|grant| &self.given[grant.0].person)
    }

    /// What a code is good for.
    pub(crate) fn exchange(
        &mut self,
        code: &str,
        redirect_uri: &str,
        verifier: Option<&str>,
        now_ms: i64,
    ) -> Result<GrantNumber, NoGrant> {
        let Some(code) = self.codes.get_mut(code) else { return Err(NoGrant::CodeUnknown) };
        if let Some(grant) = code.grant {
            self.given[grant.0].revoked = true;
            return Err(NoGrant::CodeUnknown);
        }
        if now_ms - code.issued_at_ms >= whole_ms(CODE_LIFETIME) {
            return Err(NoGrant::CodeExpired);
        }
        if code.request.redirect_uri != redirect_uri {
            return Err(NoGrant::RedirectUriDiffers);
        }
        code.request.challenge.check(verifier)?;
        let grant = GrantNumber(self.given.len());
        code.grant = Some(grant);
        self.given.push(Grant {
            person: code.person.clone(),
            scopes: code.request.scopes.clone(),
            // Agreeing counts, not the exchange.
            authorized_at_ms: code.issued_at_ms,
            revoked: false,
        });
        Ok(grant)
    }

    /// What a refresh token is good for.
    pub(crate) fn refresh(&self, token: &str, now_ms: i64) -> Result<GrantNumber, NoGrant> {
        let number = *self.refresh_tokens.get(token).ok_or(NoGrant::RefreshTokenUnknown)?;
        let grant = &self.given[number.0];
        if grant.revoked || now_ms - grant.authorized_at_ms >= whole_ms(GRANT_LIFETIME) {
            return Err(NoGrant::Revoked);
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

    /// A refresh token that was replaced is as unknown as one that never was.
    pub(crate) fn forget_refresh_token(&mut self, token: &str) {
        self.refresh_tokens.remove(token);
    }

    /// Whose access token it is, and for what, if it is alive.
    pub(crate) fn access(&self, token: &str, now_ms: i64) -> Result<&Grant, NoAccess> {
        let token = self.access_tokens.get(token).ok_or(NoAccess::Unknown)?;
        let grant = self.get(token.grant);
        if grant.revoked {
            return Err(NoAccess::Unknown);
        }
        if now_ms >= token.expires_at_ms {
            return Err(NoAccess::Expired);
        }
        Ok(grant)
    }

    /// Takes everything back that `person` agreed to.
    pub(crate) fn revoke(&mut self, person: &str) {
        for grant in self.of_mut(person) {
            grant.revoked = true;
        }
    }

    /// Lets everything that `person` agreed to be older than it is.
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
    fn check(&self, verifier: Option<&str>) -> Result<(), NoGrant> {
        let (challenge, found) = match (self, verifier) {
            (Self::Absent, None) => return Ok(()),
            // The downgrade of RFC 9700, 4.8.2: somebody took the challenge out of the request on its way.
            (Self::Absent, Some(_)) => return Err(NoGrant::VerifierUnexpected),
            (_, None) => return Err(NoGrant::VerifierMissing),
            (Self::Plain(challenge), Some(verifier)) => (challenge, verifier.to_owned()),
            (Self::S256(challenge), Some(verifier)) => {
                (challenge, BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)))
            }
        };
        if *challenge == found { Ok(()) } else { Err(NoGrant::VerifierWrong) }
    }
}
