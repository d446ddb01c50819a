//! The stored link to a Spotify account: encrypts its tokens, refreshes them, and describes the link to its user.

use std::time::Duration;

use anyhow::{Context as _, anyhow};
use futures_util::future::BoxFuture;
use oauth2::basic::{BasicErrorResponseType, BasicRequestTokenError, BasicTokenResponse};
use oauth2::{HttpRequest, HttpResponse, RefreshToken, RequestTokenError, TokenResponse};
use secrecy::{ExposeSecret, SecretString};
use tutti_protocol::UserId;
use tutti_protocol::http::{Premium, PremiumVerdict, SpotifyLink, SpotifyLinkState, SpotifyStatus, SpotifyToken};

use super::api::read;
use super::login::oauth_client;
use super::{Operation, SCOPES, Spotify, SpotifyError};
use crate::clock::ms;
use crate::keys::EncryptionContext;
use crate::store::{Sealed, StoredSpotifyLink};

/// Lifetime of an authorization at Spotify, regardless of use: six months, which have at least 181 days.
pub const AUTHORIZATION_LIFETIME: Duration = Duration::from_hours(181 * 24);
/// How long before the end of that lifetime `expires_soon` is set.
const AUTHORIZATION_WARNING: Duration = Duration::from_hours(14 * 24);
/// An access token that expires sooner than this is refreshed before use.
const ACCESS_MARGIN: Duration = Duration::from_mins(1);
/// Lifetime of an access token if the response has no `expires_in`.
const ACCESS_LIFETIME_DEFAULT: Duration = Duration::from_hours(1);
/// Longest response of the accounts service, in bytes.
const ANSWER_BYTES_MAX: usize = 64 * 1024;
/// Longest token, in bytes; encrypted, it still fits its column.
const TOKEN_BYTES_MAX: usize = 1900;

/// Tokens that Spotify issues for a code or a refresh token.
#[derive(Debug)]
pub(super) struct Grant {
    pub(super) access_token: SecretString,
    /// Often absent: the previous one stays valid.
    refresh_token: Option<SecretString>,
    expires_in: Duration,
    scope: String,
}

/// Why a request to the accounts service failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum SendError {
    /// Spotify rate-limits this server.
    #[error(transparent)]
    Paused(SpotifyError),
    /// Anything else.
    #[error("{0:#}")]
    Failed(anyhow::Error),
}

impl Spotify {
    /// The status of a user's link.
    pub async fn status(&self, user: UserId) -> Result<SpotifyStatus, SpotifyError> {
        Ok(SpotifyStatus { link: self.0.store.spotify_link(user).await?.map(|link| self.describe_link(&link)) })
    }

    /// An access token for the player in the user's browser. Rejects users known to have no Premium; a user with an
    /// unknown status may try, because playing is what reveals it.
    pub async fn player_token(&self, user: UserId) -> Result<SpotifyToken, SpotifyError> {
        let link = self.0.store.spotify_link(user).await?.ok_or(SpotifyError::NotLinked)?;
        if link.premium.verdict == PremiumVerdict::NotPremium {
            return Err(SpotifyError::NotPremium);
        }
        let (token, expires_at_ms) = self.access_token(user, None).await?;
        let left_ms = (expires_at_ms - self.0.clock.now_ms()).max(0).unsigned_abs();
        Ok(SpotifyToken { access_token: token.expose_secret().into(), expires_in: left_ms / 1000 })
    }

    /// A valid access token of the user, and when it expires. `refused` is a token that Spotify rejected: it is
    /// replaced even if it has not expired. Concurrent callers share one refresh.
    pub(super) async fn access_token(
        &self,
        user: UserId,
        refused: Option<&SecretString>,
    ) -> Result<(SecretString, i64), SpotifyError> {
        let lock = self.0.operations.get((user, Operation::RefreshToken));
        let _guard = lock.lock().await;
        let link = self.0.store.spotify_link(user).await?.ok_or(SpotifyError::NotLinked)?;
        let refresh_token = link.refresh_token.as_ref().ok_or(SpotifyError::NeedsLogin)?;
        let now_ms = self.0.clock.now_ms();
        if let Some(sealed) = &link.access_token
            && link.access_expires_at_ms - now_ms > ms(ACCESS_MARGIN)
        {
            let token = self.decrypt(user, "access_token", sealed)?;
            if refused.is_none_or(|refused| refused.expose_secret() != token.expose_secret()) {
                return Ok((token, link.access_expires_at_ms));
            }
        }
        let refresh_token = self.decrypt(user, "refresh_token", refresh_token)?;
        match self.refresh(&refresh_token).await {
            Ok(grant) => {
                let expires_at_ms = now_ms + ms(grant.expires_in);
                self.update_link(user, |now| {
                    if is_same_authorization(now, &link) {
                        self.apply_grant(now, &grant);
                    }
                })
                .await?;
                Ok((grant.access_token, expires_at_ms))
            }
            Err(SpotifyError::NeedsLogin) => {
                tracing::info!(%user, "Spotify authorization ended; the user must log in again");
                self.update_link(user, |now| {
                    if is_same_authorization(now, &link) {
                        (now.refresh_token, now.access_token) = (None, None);
                    }
                })
                .await?;
                Err(SpotifyError::NeedsLogin)
            }
            Err(error) => Err(error),
        }
    }

    /// Stores new tokens in a link, encrypted with the current key.
    pub(super) fn apply_grant(&self, link: &mut StoredSpotifyLink, grant: &Grant) {
        let encrypt = |column, token| Some(Sealed(self.0.keys.encrypt(&encryption_context(link.user, column), token)));
        let (access_token, refresh_token) = (
            encrypt("access_token", &grant.access_token),
            grant.refresh_token.as_ref().and_then(|token| encrypt("refresh_token", token)),
        );
        link.access_token = access_token;
        link.refresh_token = refresh_token.or_else(|| link.refresh_token.take());
        link.access_expires_at_ms = self.0.clock.now_ms() + ms(grant.expires_in);
        link.scope.clone_from(&grant.scope);
        // A refresh token is valid for months, longer than its key may be: re-encrypts it if an older key was used.
        if let Some(sealed) = &link.refresh_token
            && let Ok(decrypted) = self.0.keys.decrypt(&encryption_context(link.user, "refresh_token"), &sealed.0)
            && decrypted.outdated_key
        {
            link.refresh_token =
                Some(Sealed(self.0.keys.encrypt(&encryption_context(link.user, "refresh_token"), &decrypted.secret)));
        }
    }

    /// Updates a link, retrying on concurrent updates. Returns the updated link, or `NotLinked` if it was removed.
    pub(super) async fn update_link(
        &self,
        user: UserId,
        update: impl Fn(&mut StoredSpotifyLink),
    ) -> Result<StoredSpotifyLink, SpotifyError> {
        loop {
            let mut link = self.0.store.spotify_link(user).await?.ok_or(SpotifyError::NotLinked)?;
            update(&mut link);
            if self.0.store.update_spotify_link(&link).await? {
                return Ok(link);
            }
        }
    }

    pub(super) fn describe_link(&self, link: &StoredSpotifyLink) -> SpotifyLink {
        let expires_at_ms = link.authorized_at_ms + ms(AUTHORIZATION_LIFETIME);
        SpotifyLink {
            display_name: link.display_name.clone(),
            state: match link.refresh_token {
                Some(_) => SpotifyLinkState::Linked,
                None => SpotifyLinkState::NeedsLogin,
            },
            authorized_at_ms: link.authorized_at_ms,
            expires_at_ms,
            expires_soon: self.0.clock.now_ms() >= expires_at_ms - ms(AUTHORIZATION_WARNING),
            premium: Premium {
                verdict: link.premium.verdict,
                evidence: link.premium.evidence,
                at_ms: link.premium.at_ms,
            },
        }
    }

    /// The HTTP transport of the OAuth library.
    pub(super) fn oauth_transport(
        &self,
    ) -> impl Fn(HttpRequest) -> BoxFuture<'static, Result<HttpResponse, SendError>> + use<> {
        let spotify = self.clone();
        move |request| {
            let spotify = spotify.clone();
            Box::pin(async move { spotify.send(request).await })
        }
    }

    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, SendError> {
        self.0.api.check_pause().map_err(SendError::Paused)?;
        let failed = |error: reqwest::Error| SendError::Failed(error.without_url().into());
        let request = reqwest::Request::try_from(request).map_err(failed)?;
        let response = self.0.http.execute(request).await.map_err(failed)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = read(response, ANSWER_BYTES_MAX).await.map_err(SendError::Failed)?;
        if status == reqwest::StatusCode::TOO_MANY_REQUESTS {
            return Err(SendError::Paused(self.0.api.pause(&headers, &body)));
        }
        if status.is_server_error() {
            return Err(SendError::Failed(anyhow!("Spotify responded with {status}")));
        }
        let mut response = HttpResponse::new(body);
        (*response.status_mut(), *response.headers_mut()) = (status, headers);
        Ok(response)
    }

    async fn refresh(&self, refresh_token: &SecretString) -> Result<Grant, SpotifyError> {
        let client = oauth_client(&self.0.settings);
        let token = RefreshToken::new(refresh_token.expose_secret().to_owned());
        let response = client.exchange_refresh_token(&token).request_async(&self.oauth_transport()).await;
        grant(response)
    }

    /// Decrypts a stored token. If its key is gone, only a new login helps.
    fn decrypt(&self, user: UserId, column: &'static str, sealed: &Sealed) -> Result<SecretString, SpotifyError> {
        let decrypted =
            self.0.keys.decrypt(&encryption_context(user, column), &sealed.0).context("cannot decrypt a stored token");
        decrypted.map(|decrypted| decrypted.secret).map_err(|error| {
            tracing::error!(%user, column, error = format!("{error:#}"), "Spotify link unusable");
            SpotifyError::NeedsLogin
        })
    }
}

/// Reads a response of the token endpoint.
pub(super) fn grant(
    response: Result<BasicTokenResponse, BasicRequestTokenError<SendError>>,
) -> Result<Grant, SpotifyError> {
    let unavailable = |cause: anyhow::Error| SpotifyError::Unavailable(cause);
    let response = response.map_err(|error| match error {
        RequestTokenError::ServerResponse(rejection) if *rejection.error() == BasicErrorResponseType::InvalidGrant => {
            SpotifyError::NeedsLogin
        }
        RequestTokenError::ServerResponse(rejection) => unavailable(anyhow!("request rejected: {}", rejection.error())),
        RequestTokenError::Request(SendError::Paused(error)) => error,
        RequestTokenError::Request(SendError::Failed(cause)) => unavailable(cause),
        // The cause may quote the response, which contains tokens.
        RequestTokenError::Parse(..) => unavailable(anyhow!("malformed response")),
        RequestTokenError::Other(_) => unavailable(anyhow!("unexpected response")),
    })?;
    let refresh_token = response.refresh_token().map(RefreshToken::secret).filter(|token| !token.is_empty());
    let longest = refresh_token.map_or(0, String::len).max(response.access_token().secret().len());
    if longest > TOKEN_BYTES_MAX {
        return Err(unavailable(anyhow!("token too long: {longest} bytes")));
    }
    let scopes = response.scopes().map(|scopes| scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>());
    Ok(Grant {
        access_token: response.access_token().secret().clone().into(),
        refresh_token: refresh_token.cloned().map(Into::into),
        expires_in: response.expires_in().unwrap_or(ACCESS_LIFETIME_DEFAULT),
        scope: scopes.unwrap_or_else(|| SCOPES.to_vec()).join(" ").chars().take(512).collect(),
    })
}

/// Whether both are the same authorization. The user may log in again during a refresh, even with another account; the
/// refreshed tokens must not overwrite the new ones.
fn is_same_authorization(now: &StoredSpotifyLink, before: &StoredSpotifyLink) -> bool {
    now.authorized_at_ms == before.authorized_at_ms && now.account_id == before.account_id
}

fn encryption_context(user: UserId, column: &'static str) -> EncryptionContext {
    EncryptionContext { table: "spotify_links", column, row: user.0 }
}
