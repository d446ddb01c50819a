//! Login with Spotify: the authorization code flow with PKCE (RFC 7636).
//!
//! A pending login is a row in the store, keyed by the hash of its `state`. It can be used once, within
//! [`LOGIN_LIFETIME`], and only in the browser that started it, which a cookie identifies. The verifier never leaves
//! the server, so a `code` obtained in another browser or without PKCE is useless.

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
use super::premium::{UNKNOWN, apply_evidence};
use super::{SCOPES, Settings, Spotify, SpotifyError};
use crate::clock::ms;
use crate::identity::DISPLAY_NAME_CHARS_MAX;
use crate::keys::EncryptionContext;
use crate::store::{LoginTransaction, Sealed, StoredPicture, StoredPremium, StoredSpotifyLink, TokenHash};

/// How long a user may take on Spotify's page.
pub const LOGIN_LIFETIME: Duration = Duration::from_mins(10);
/// Longest path that a login returns to, in bytes.
const RETURN_TO_BYTES_MAX: usize = 512;
/// Bytes of randomness in `state`.
const STATE_BYTES: u32 = 32;
/// Display name of a user whose Spotify profile has none.
const DEFAULT_DISPLAY_NAME: &str = "Listener";
/// Longest stored Spotify name, in characters.
const LINK_NAME_CHARS_MAX: usize = 128;

/// An OAuth client with the authorization and token endpoints set.
pub(super) type OAuthClient = BasicClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet>;

/// A started login.
#[derive(Debug)]
pub struct StartedLogin {
    /// Where to send the browser.
    pub url: String,
    /// Value of the cookie that the callback must present.
    pub browser: SecretString,
}

/// Query parameters of Spotify's redirect to the callback.
#[derive(Clone, Debug, Default)]
pub struct Callback {
    /// The `state` of the authorization request.
    pub state: Option<SecretString>,
    /// Exchanged for tokens.
    pub code: Option<SecretString>,
    /// Why there is no code, as an OAuth error code.
    pub error: Option<String>,
    /// Issuer of the response (RFC 9207).
    pub iss: Option<String>,
}

/// A completed or failed login.
#[derive(Debug)]
pub struct FinishedLogin {
    /// Account slot on the device; `None` for any free slot, and for an unknown login.
    pub slot: Option<u8>,
    /// Path and query of the page to return to.
    pub return_to: String,
    /// The authenticated account, or the reason for the failure.
    pub result: Result<AuthenticatedAccount, SpotifyOutcome>,
}

/// A Spotify account whose owner completed the login.
#[derive(Debug)]
pub struct AuthenticatedAccount {
    profile: Profile,
    grant: Grant,
    premium: StoredPremium,
}

impl AuthenticatedAccount {
    /// Stable ids of the account, preferred first; at least one.
    pub fn account_ids(&self) -> Vec<String> {
        self.profile.account_ids()
    }

    /// A name that is a valid display name.
    pub fn display_name(&self) -> String {
        let name = self.profile.name(DISPLAY_NAME_CHARS_MAX);
        if name.is_empty() { DEFAULT_DISPLAY_NAME.to_owned() } else { name }
    }
}

impl Spotify {
    /// Starts a login. `browser` is the value of an existing login cookie, set by another tab. A `return_to` that is
    /// not a page of this server is replaced by its first page.
    pub async fn begin(
        &self,
        browser: Option<SecretString>,
        slot: Option<u8>,
        return_to: &str,
    ) -> Result<StartedLogin, SpotifyError> {
        let inner = &self.0;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let (url, state) = oauth_client(&inner.settings)
            .authorize_url(|| CsrfToken::new_random_len(STATE_BYTES))
            .add_scopes(SCOPES.map(|scope| Scope::new(scope.to_owned())))
            .set_pkce_challenge(challenge)
            .url();
        let browser = browser.filter(is_browser_secret).unwrap_or_else(new_browser_secret);
        let state = hash(state.secret());
        let verifier = SecretString::from(verifier.into_secret());
        let transaction = LoginTransaction {
            state,
            browser: hash(browser.expose_secret()),
            verifier: Sealed(inner.keys.encrypt(&verifier_context(state), &verifier)),
            slot,
            return_to: local_path(return_to, self.home()).unwrap_or_else(|| self.home().to_owned()),
            expires_at_ms: inner.clock.now_ms() + ms(LOGIN_LIFETIME),
        };
        inner.store.insert_login_transaction(&transaction).await?;
        Ok(StartedLogin { url: url.into(), browser })
    }

    /// Completes a login. Each `state` is accepted once.
    pub async fn finish(
        &self,
        callback: Callback,
        browser: Option<&SecretString>,
    ) -> Result<FinishedLogin, SpotifyError> {
        let inner = &self.0;
        let home = self.home().to_owned();
        let unknown = || FinishedLogin { slot: None, return_to: home, result: Err(SpotifyOutcome::Expired) };
        let Some(state) = callback.state.as_ref().map(|state| hash(state.expose_secret())) else {
            return Ok(unknown());
        };
        let Some(transaction) = inner.store.take_login_transaction(state).await? else { return Ok(unknown()) };
        if browser.is_none_or(|browser| hash(browser.expose_secret()) != transaction.browser) {
            tracing::warn!("Spotify login rejected: the callback came from another browser");
            return Ok(unknown());
        }
        let result = if inner.clock.now_ms() >= transaction.expires_at_ms {
            Err(SpotifyOutcome::Expired)
        } else {
            self.authenticate(callback, &transaction).await
        };
        Ok(FinishedLogin { slot: transaction.slot, return_to: transaction.return_to, result })
    }

    /// A new link of `user` to `account`.
    pub fn new_link(&self, account: &AuthenticatedAccount, user: UserId) -> StoredSpotifyLink {
        let now_ms = self.0.clock.now_ms();
        let mut link = StoredSpotifyLink {
            user,
            account_id: account.account_ids().into_iter().next().unwrap_or_default(),
            display_name: account.profile.name(LINK_NAME_CHARS_MAX),
            scope: String::new(),
            refresh_token: None,
            access_token: None,
            access_expires_at_ms: 0,
            authorized_at_ms: now_ms,
            premium: account.premium,
            checked_at_ms: now_ms,
            version: 0,
        };
        self.apply_grant(&mut link, &account.grant);
        link
    }

    /// The profile picture; `None` if there is none or it cannot be fetched.
    pub async fn picture(&self, account: &AuthenticatedAccount) -> Option<StoredPicture> {
        self.0.api.picture(&account.profile).await.unwrap_or_else(|error| {
            tracing::info!(error = format!("{error:#}"), "profile picture not fetched");
            None
        })
    }

    async fn authenticate(
        &self,
        callback: Callback,
        transaction: &LoginTransaction,
    ) -> Result<AuthenticatedAccount, SpotifyOutcome> {
        let failed = |error: anyhow::Error| {
            tracing::warn!(error = format!("{error:#}"), "Spotify login failed");
            SpotifyOutcome::Failed
        };
        // Prevents mix-up attacks (RFC 9207). Spotify itself sends no `iss`.
        let accounts = self.0.settings.accounts_url.origin().ascii_serialization();
        if callback.iss.is_some_and(|iss| iss.trim_end_matches('/') != accounts) {
            return Err(failed(anyhow!("response from another issuer")));
        }
        match callback.error.as_deref() {
            Some("access_denied") => return Err(SpotifyOutcome::Denied),
            Some(_) => return Err(failed(anyhow!("Spotify returned an error"))),
            None => {}
        }
        let code = callback.code.ok_or_else(|| failed(anyhow!("response has neither a code nor an error")))?;
        let verifier = self.0.keys.decrypt(&verifier_context(transaction.state), &transaction.verifier.0);
        let verifier = verifier.map_err(|error| failed(error.into()))?.secret;
        let exchange = self.exchange(&code, &verifier);
        let grant = exchange.await.map_err(|error| failed(anyhow::Error::from(error).context("code exchange")))?;
        let profile = self.profile(&grant.access_token).await;
        let profile = profile.map_err(|error| match error {
            SpotifyError::NotListed => SpotifyOutcome::NotListed,
            error => failed(anyhow::Error::from(error).context("profile")),
        })?;
        let premium = self.stored_premium(&profile).await.map_err(|error| failed(error.into()))?;
        let premium = match profile.premium() {
            Some(has_premium) => apply_evidence(premium, PremiumEvidence::Profile, has_premium, self.0.clock.now_ms()),
            None => premium,
        };
        if profile.account_ids().is_empty() {
            return Err(failed(anyhow!("profile has no id")));
        }
        Ok(AuthenticatedAccount { profile, grant, premium })
    }

    async fn exchange(&self, code: &SecretString, verifier: &SecretString) -> Result<Grant, SpotifyError> {
        let client = oauth_client(&self.0.settings);
        let request = client
            .exchange_code(AuthorizationCode::new(code.expose_secret().to_owned()))
            .set_pkce_verifier(PkceCodeVerifier::new(verifier.expose_secret().to_owned()));
        let response = request.request_async(&self.oauth_transport()).await;
        grant(response)
    }

    /// The subscription status stored for this account, which a new login keeps.
    async fn stored_premium(&self, profile: &Profile) -> Result<StoredPremium, SpotifyError> {
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
        // A public client has no secret; the client id is sent in the form.
        .set_auth_type(AuthType::RequestBody)
}

/// Path and query of a page below `home`; `None` for anything else, which prevents open redirects.
fn local_path(raw: &str, home: &str) -> Option<String> {
    const PLACEHOLDER_ORIGIN: &str = "http://local.invalid";
    if !raw.starts_with('/') || raw.len() > RETURN_TO_BYTES_MAX || raw.contains(['\\', '\t', '\n', '\r']) {
        return None;
    }
    let url = Url::parse(PLACEHOLDER_ORIGIN).ok()?.join(raw).ok()?;
    // The resolved path may start with two slashes, which browsers treat as another host.
    let below = url.path().strip_prefix(home)?;
    let own = url.origin().ascii_serialization() == PLACEHOLDER_ORIGIN
        && !below.starts_with('/')
        && !below.starts_with("api/");
    own.then(|| url.as_str()[PLACEHOLDER_ORIGIN.len()..].to_owned())
}

fn hash(secret: &str) -> TokenHash {
    TokenHash(Sha256::digest(secret).into())
}

fn new_browser_secret() -> SecretString {
    let mut bytes = [0; 32];
    rand::fill(&mut bytes);
    BASE64_URL_SAFE_NO_PAD.encode(bytes).into()
}

fn is_browser_secret(text: &SecretString) -> bool {
    BASE64_URL_SAFE_NO_PAD.decode(text.expose_secret()).is_ok_and(|bytes| bytes.len() == 32)
}

/// A pending login has no user yet, so the verifier is bound to its state instead.
fn verifier_context(state: TokenHash) -> EncryptionContext {
    let half = state.0[..16].try_into().expect("half of a hash");
    EncryptionContext { table: "login_transactions", column: "verifier", row: Uuid::from_bytes(half) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7636, Appendix B.
    #[test]
    fn pkce_challenge_matches_rfc_7636() {
        let verifier = PkceCodeVerifier::new("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".to_owned());
        let challenge = PkceCodeChallenge::from_code_verifier_sha256(&verifier);
        assert_eq!(challenge.as_str(), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        assert_eq!(challenge.method().as_str(), "S256");
    }

    #[test]
    fn return_path_may_be_a_page_of_this_server() {
        for path in ["/", "/r/K0LT1X", "/r/K0LT1X?tab=queue", "/me", "/r/%2f%2fevil.example"] {
            assert_eq!(local_path(path, "/").as_deref(), Some(path));
        }
        assert_eq!(local_path("/r/../me#part", "/").as_deref(), Some("/me#part"));
        assert_eq!(local_path("/tutti/me", "/tutti/").as_deref(), Some("/tutti/me"));
    }

    #[test]
    fn other_return_paths_are_rejected() {
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
            assert_eq!(local_path(path, "/"), None, "{path}");
            assert_eq!(local_path(path, "/tutti/"), None, "{path}");
        }
        assert_eq!(local_path(&format!("/{}", "a".repeat(RETURN_TO_BYTES_MAX)), "/"), None);
        for path in ["/", "/me", "/tutti", "/tutti/../me", "/tutti//evil.example", "/tutti/api/v1/auth/logout"] {
            assert_eq!(local_path(path, "/tutti/"), None, "{path} is another server's");
        }
    }
}
