//! Logging in: authorization code with PKCE (RFC 7636), the way there and back.
//!
//! What is known of a login under way is a row in the store, found by the hash of its `state`: of use once, for
//! [`LOGIN_LIFETIME`], and only in the browser that began it, which a cookie tells. The verifier never leaves the server. So a
//! `code` that somebody else obtained, in another browser or without PKCE, is worth nothing here.

use std::time::Duration;

use anyhow::anyhow;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use oauth2::basic::BasicClient;
use oauth2::{
    AuthType, AuthUrl, AuthorizationCode, ClientId, CsrfToken, EndpointNotSet, EndpointSet, PkceCodeChallenge,
    PkceCodeVerifier, RedirectUrl, Scope, TokenUrl,
};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use tutti_protocol::UserId;
use tutti_protocol::http::{PremiumEvidence, SpotifyOutcome};
use uuid::Uuid;

use super::api::Profile;
use super::links::{Grant, grant};
use super::premium::{UNKNOWN, weigh};
use super::{SCOPES, Settings, Spotify, SpotifyError};
use crate::clock::ms;
use crate::identity::DISPLAY_NAME_CHARS_MAX;
use crate::keys::EncryptionContext;
use crate::store::{LoginTransaction, Sealed, StoredPicture, StoredPremium, StoredSpotifyLink, TokenHash};

/// How long somebody may take at Spotify's page.
pub const LOGIN_LIFETIME: Duration = Duration::from_mins(10);
/// Bytes in the path that a login leads back to, at most.
const RETURN_TO_BYTES_MAX: usize = 512;
/// Bytes of randomness in `state`.
const STATE_BYTES: u32 = 32;
/// For those who have no name at Spotify either.
const NAMELESS: &str = "Listener";
/// Characters kept of a name at Spotify.
const LINK_NAME_CHARS_MAX: usize = 128;

/// The authorization server with both of its endpoints.
pub(super) type OAuthClient = BasicClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet>;

/// A login that has begun.
#[derive(Debug)]
pub struct Beginning {
    /// Where to send the browser.
    pub url: String,
    /// What its cookie must hold when it comes back.
    pub browser: SecretString,
}

/// What Spotify sent somebody back with.
#[derive(Clone, Debug, Default)]
pub struct Callback {
    /// As it was given to them.
    pub state: Option<SecretString>,
    /// Exchanged for tokens.
    pub code: Option<SecretString>,
    /// Why there is no code.
    pub error: Option<String>,
    /// Who sends them (RFC 9207).
    pub iss: Option<String>,
}

/// A login that ended, well or not.
#[derive(Debug)]
pub struct Finished {
    /// Who it was for on their device; `None`: whichever slot is free. Known when the login is.
    pub slot: Option<u8>,
    /// Path and query of the page that it leads back to.
    pub return_to: String,
    /// Who it is, or how else it ended.
    pub result: Result<Somebody, SpotifyOutcome>,
}

/// Somebody who proved to Spotify who they are.
#[derive(Debug)]
pub struct Somebody {
    profile: Profile,
    grant: Grant,
    premium: StoredPremium,
}

impl Somebody {
    /// What their account is known by, best first; at least one.
    pub fn account_ids(&self) -> Vec<String> {
        self.profile.account_ids()
    }

    /// A name for them, fit to be a display name.
    pub fn display_name(&self) -> String {
        let name = self.profile.name(DISPLAY_NAME_CHARS_MAX);
        if name.is_empty() { NAMELESS.to_owned() } else { name }
    }
}

impl Spotify {
    /// Begins a login. `browser` is what its cookie holds already, from another tab; `return_to` must be a path of ours and is
    /// `/` otherwise.
    pub async fn begin(
        &self,
        browser: Option<SecretString>,
        slot: Option<u8>,
        return_to: &str,
    ) -> Result<Beginning, SpotifyError> {
        let inner = &self.0;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let (url, state) = oauth_client(&inner.settings)
            .authorize_url(|| CsrfToken::new_random_len(STATE_BYTES))
            .add_scopes(SCOPES.map(|scope| Scope::new(scope.to_owned())))
            .set_pkce_challenge(challenge)
            .url();
        let browser = browser.filter(is_browser_mark).unwrap_or_else(browser_mark);
        let state = hash(state.secret());
        let verifier = SecretString::from(verifier.into_secret());
        let transaction = LoginTransaction {
            state,
            browser: hash(browser.expose_secret()),
            verifier: Sealed(inner.keys.encrypt(&verifier_context(state), &verifier)),
            slot,
            return_to: own_path(return_to).unwrap_or_else(|| "/".to_owned()),
            expires_at_ms: inner.clock.now_ms() + ms(LOGIN_LIFETIME),
        };
        inner.store.insert_login_transaction(&transaction).await?;
        Ok(Beginning { url: url.into(), browser })
    }

    /// Ends a login: of any number of calls for one `state` the first one only.
    pub async fn finish(&self, callback: Callback, browser: Option<&SecretString>) -> Result<Finished, SpotifyError> {
        let inner = &self.0;
        let unknown = || Finished { slot: None, return_to: "/".to_owned(), result: Err(SpotifyOutcome::Expired) };
        let Some(state) = callback.state.as_ref().map(|state| hash(state.expose_secret())) else {
            return Ok(unknown());
        };
        let Some(transaction) = inner.store.take_login_transaction(state).await? else { return Ok(unknown()) };
        if browser.is_none_or(|browser| hash(browser.expose_secret()) != transaction.browser) {
            tracing::warn!("a login by Spotify came back to another browser than the one that it began in");
            return Ok(unknown());
        }
        let result = if inner.clock.now_ms() >= transaction.expires_at_ms {
            Err(SpotifyOutcome::Expired)
        } else {
            self.conclude(callback, &transaction).await
        };
        Ok(Finished { slot: transaction.slot, return_to: transaction.return_to, result })
    }

    /// The link of `user` to the account of `somebody`.
    pub fn link_of(&self, somebody: &Somebody, user: UserId) -> StoredSpotifyLink {
        let now_ms = self.0.clock.now_ms();
        let mut link = StoredSpotifyLink {
            user,
            account_id: somebody.account_ids().into_iter().next().unwrap_or_default(),
            display_name: somebody.profile.name(LINK_NAME_CHARS_MAX),
            scope: String::new(),
            refresh_token: None,
            access_token: None,
            access_expires_at_ms: 0,
            authorized_at_ms: now_ms,
            premium: somebody.premium,
            checked_at_ms: now_ms,
            version: 0,
        };
        self.take_grant(&mut link, &somebody.grant);
        link
    }

    /// The picture that belongs to a profile. It is a decoration: without it, all goes on.
    pub async fn picture(&self, somebody: &Somebody) -> Option<StoredPicture> {
        self.0.api.picture(&somebody.profile).await.unwrap_or_else(|error| {
            tracing::info!(error = format!("{error:#}"), "a picture could not be fetched");
            None
        })
    }

    async fn conclude(&self, callback: Callback, transaction: &LoginTransaction) -> Result<Somebody, SpotifyOutcome> {
        let failed = |error: anyhow::Error| {
            tracing::warn!(error = format!("{error:#}"), "a login by Spotify failed");
            SpotifyOutcome::Failed
        };
        // Mixed up with another authorization server (RFC 9207); Spotify itself does not say who it is.
        let accounts = self.0.settings.accounts_url.origin().ascii_serialization();
        if callback.iss.is_some_and(|iss| iss.trim_end_matches('/') != accounts) {
            return Err(failed(anyhow!("sent back by somebody else")));
        }
        match callback.error.as_deref() {
            Some("access_denied") => return Err(SpotifyOutcome::Denied),
            Some(_) => return Err(failed(anyhow!("refused by Spotify"))),
            None => {}
        }
        let code = callback.code.ok_or_else(|| failed(anyhow!("neither a code nor an error")))?;
        let verifier = self.0.keys.decrypt(&verifier_context(transaction.state), &transaction.verifier.0);
        let verifier = verifier.map_err(|error| failed(error.into()))?.secret;
        let exchange = self.exchange(&code, &verifier);
        let grant =
            exchange.await.map_err(|error| failed(anyhow::Error::from(error).context("exchange of the code")))?;
        let profile = self.profile(&grant.access_token).await;
        let profile = profile.map_err(|error| match error {
            SpotifyError::NotListed => SpotifyOutcome::NotListed,
            error => failed(anyhow::Error::from(error).context("profile")),
        })?;
        let premium = self.premium_before(&profile).await.map_err(|error| failed(error.into()))?;
        let premium = match profile.premium() {
            Some(speaks_for) => weigh(premium, PremiumEvidence::Profile, speaks_for, self.0.clock.now_ms()),
            None => premium,
        };
        if profile.account_ids().is_empty() {
            return Err(failed(anyhow!("a profile without an id")));
        }
        Ok(Somebody { profile, grant, premium })
    }

    async fn exchange(&self, code: &SecretString, verifier: &SecretString) -> Result<Grant, SpotifyError> {
        let client = oauth_client(&self.0.settings);
        let request = client
            .exchange_code(AuthorizationCode::new(code.expose_secret().to_owned()))
            .set_pkce_verifier(PkceCodeVerifier::new(verifier.expose_secret().to_owned()));
        let answer = request.request_async(&self.sender()).await;
        grant(answer)
    }

    /// What is known already of the subscription of this account: logging in again does not make anybody forget it.
    async fn premium_before(&self, profile: &Profile) -> Result<StoredPremium, SpotifyError> {
        for account_id in profile.account_ids() {
            let Some(owner) = self.0.store.spotify_owner(&account_id).await? else { continue };
            return Ok(self.0.store.spotify_link(owner).await?.map_or(UNKNOWN, |link| link.premium));
        }
        Ok(UNKNOWN)
    }
}

pub(super) fn oauth_client(settings: &Settings) -> OAuthClient {
    let endpoint = |path| settings.accounts_url.join(path).expect("a path fits any base");
    BasicClient::new(ClientId::new(settings.client_id.clone()))
        .set_auth_uri(AuthUrl::from_url(endpoint("authorize")))
        .set_token_uri(TokenUrl::from_url(endpoint("api/token")))
        .set_redirect_uri(RedirectUrl::from_url(settings.redirect_url.clone()))
        // No secret: the client id goes with the form.
        .set_auth_type(AuthType::RequestBody)
}

/// A path of ours with its query, so that nobody is sent elsewhere after a login; `None` for anything else.
fn own_path(raw: &str) -> Option<String> {
    const NOWHERE: &str = "http://own.invalid";
    if !raw.starts_with('/') || raw.len() > RETURN_TO_BYTES_MAX || raw.contains(['\\', '\t', '\n', '\r']) {
        return None;
    }
    let url = Url::parse(NOWHERE).ok()?.join(raw).ok()?;
    // Resolved, it may begin with two slashes, which a browser takes for another host.
    let path = url.path();
    let own = url.origin().ascii_serialization() == NOWHERE && !path.starts_with("//") && !path.starts_with("/api/");
    own.then(|| url.as_str()[NOWHERE.len()..].to_owned())
}

fn hash(secret: &str) -> TokenHash {
    TokenHash(Sha256::digest(secret).into())
}

fn browser_mark() -> SecretString {
    let mut bytes = [0; 32];
    rand::fill(&mut bytes);
    BASE64_URL_SAFE_NO_PAD.encode(bytes).into()
}

fn is_browser_mark(text: &SecretString) -> bool {
    BASE64_URL_SAFE_NO_PAD.decode(text.expose_secret()).is_ok_and(|bytes| bytes.len() == 32)
}

/// A login under way belongs to nobody yet, so its verifier is bound to its state.
fn verifier_context(state: TokenHash) -> EncryptionContext {
    let half = state.0[..16].try_into().expect("half of a hash");
    EncryptionContext { table: "login_transactions", column: "verifier", user: UserId(Uuid::from_bytes(half)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7636, Appendix B.
    #[test]
    fn the_challenge_is_the_one_of_the_specification() {
        let verifier = PkceCodeVerifier::new("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".to_owned());
        let challenge = PkceCodeChallenge::from_code_verifier_sha256(&verifier);
        assert_eq!(challenge.as_str(), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        assert_eq!(challenge.method().as_str(), "S256");
    }

    #[test]
    fn a_login_leads_back_to_a_path_of_ours() {
        for path in ["/", "/r/K0LT1X", "/r/K0LT1X?tab=queue", "/me", "/r/%2f%2fevil.example"] {
            assert_eq!(own_path(path).as_deref(), Some(path));
        }
        assert_eq!(own_path("/r/../me#part").as_deref(), Some("/me#part"));
    }

    #[test]
    fn and_to_nowhere_else() {
        let evil = [
            "https://evil.example",
            "//evil.example",
            "/\\evil.example",
            "/\t/evil.example",
            "\\\\evil.example",
            "javascript:alert(1)",
            "evil.example",
            "",
            "/..//evil.example",
            "/api/v1/auth/logout",
            "///evil.example",
            " //evil.example",
        ];
        for path in evil {
            assert_eq!(own_path(path), None, "{path}");
        }
        assert_eq!(own_path(&format!("/{}", "a".repeat(RETURN_TO_BYTES_MAX))), None);
    }
}
