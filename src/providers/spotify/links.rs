//! The link that lasts: its tokens at rest and in use, and what is shown of it.

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
use super::{Flight, SCOPES, Spotify, SpotifyError};
use crate::clock::ms;
use crate::keys::EncryptionContext;
use crate::store::{Sealed, StoredSpotifyLink};

/// How long Spotify remembers an agreement, whatever is done in between: six months, of which the shortest have this many days.
pub const AUTHORIZATION_LIFETIME: Duration = Duration::from_hours(181 * 24);
/// How long before that people are told.
const AUTHORIZATION_WARNING: Duration = Duration::from_hours(14 * 24);
/// An access token with less than this left is exchanged before it is handed out.
const ACCESS_MARGIN: Duration = Duration::from_mins(1);
/// What an access token lasts where the answer does not say.
const ACCESS_LIFETIME_DEFAULT: Duration = Duration::from_hours(1);
/// Bytes in an answer of the accounts service, at most.
const ANSWER_BYTES_MAX: usize = 64 * 1024;
/// Bytes in a token, at most; so many fit its column when sealed.
const TOKEN_BYTES_MAX: usize = 1900;

/// What Spotify gives for a code or a refresh token.
#[derive(Debug)]
pub(super) struct Grant {
    pub(super) access_token: SecretString,
    /// Often absent: then the one before goes on.
    refresh_token: Option<SecretString>,
    expires_in: Duration,
    scope: String,
}

/// Why a request to the accounts service has no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum SendError {
    /// It wants to be left alone.
    #[error(transparent)]
    Paused(SpotifyError),
    /// Anything else.
    #[error("{0:#}")]
    Failed(anyhow::Error),
}

impl Spotify {
    /// What is shown to somebody of their link.
    pub async fn status(&self, user: UserId) -> Result<SpotifyStatus, SpotifyError> {
        Ok(SpotifyStatus { link: self.0.store.spotify_link(user).await?.map(|link| self.shown(&link)) })
    }

    /// A token for the player in somebody's own browser. This is the gate of playing: closed to those who are known to have no
    /// Premium, open to those of whom it is not known, since trying is what shows.
    pub async fn player_token(&self, user: UserId) -> Result<SpotifyToken, SpotifyError> {
        let link = self.0.store.spotify_link(user).await?.ok_or(SpotifyError::NotLinked)?;
        if link.premium.verdict == PremiumVerdict::NotPremium {
            return Err(SpotifyError::NotPremium);
        }
        let (token, expires_at_ms) = self.access_token(user, None).await?;
        let left_ms = (expires_at_ms - self.0.clock.now_ms()).max(0).unsigned_abs();
        Ok(SpotifyToken { access_token: token.expose_secret().into(), expires_in: left_ms / 1000 })
    }

    /// A valid access token of somebody, and when it runs out. `refused` is one that Spotify did not take: it is replaced
    /// even if it should still be valid. However many ask at once, one refresh is made.
    pub(super) async fn access_token(
        &self,
        user: UserId,
        refused: Option<&SecretString>,
    ) -> Result<(SecretString, i64), SpotifyError> {
        let flight = self.0.flights.of((user, Flight::Refresh));
        let _alone = flight.lock().await;
        let link = self.0.store.spotify_link(user).await?.ok_or(SpotifyError::NotLinked)?;
        let refresh_token = link.refresh_token.as_ref().ok_or(SpotifyError::NeedsLogin)?;
        let now_ms = self.0.clock.now_ms();
        if let Some(sealed) = &link.access_token
            && link.access_expires_at_ms - now_ms > ms(ACCESS_MARGIN)
        {
            let token = self.open(user, "access_token", sealed)?;
            if refused.is_none_or(|refused| refused.expose_secret() != token.expose_secret()) {
                return Ok((token, link.access_expires_at_ms));
            }
        }
        let refresh_token = self.open(user, "refresh_token", refresh_token)?;
        match self.refresh(&refresh_token).await {
            Ok(grant) => {
                let expires_at_ms = now_ms + ms(grant.expires_in);
                self.change(user, |now| {
                    if is_same_agreement(now, &link) {
                        self.take_grant(now, &grant);
                    }
                })
                .await?;
                Ok((grant.access_token, expires_at_ms))
            }
            Err(SpotifyError::NeedsLogin) => {
                tracing::info!(%user, "Spotify no longer takes an agreement; they must log in there again");
                self.change(user, |now| {
                    if is_same_agreement(now, &link) {
                        (now.refresh_token, now.access_token) = (None, None);
                    }
                })
                .await?;
                Err(SpotifyError::NeedsLogin)
            }
            Err(error) => Err(error),
        }
    }

    /// Puts what Spotify gave into a link, sealed by the key that writes now.
    pub(super) fn take_grant(&self, link: &mut StoredSpotifyLink, grant: &Grant) {
        let encrypt = |column, token| Some(Sealed(self.0.keys.encrypt(&encryption_context(link.user, column), token)));
        let (access_token, refresh_token) = (
            encrypt("access_token", &grant.access_token),
            grant.refresh_token.as_ref().and_then(|token| encrypt("refresh_token", token)),
        );
        link.access_token = access_token;
        link.refresh_token = refresh_token.or_else(|| link.refresh_token.take());
        link.access_expires_at_ms = self.0.clock.now_ms() + ms(grant.expires_in);
        link.scope.clone_from(&grant.scope);
        // The old refresh token goes on for months, while its key may be retired: sealed anew when it was by an older key.
        if let Some(sealed) = &link.refresh_token
            && let Ok(decrypted) = self.0.keys.decrypt(&encryption_context(link.user, "refresh_token"), &sealed.0)
            && decrypted.outdated_key
        {
            link.refresh_token =
                Some(Sealed(self.0.keys.encrypt(&encryption_context(link.user, "refresh_token"), &decrypted.secret)));
        }
    }

    /// Changes a link, whoever else changes it. The changed link, or `NotLinked` when it is gone.
    pub(super) async fn change(
        &self,
        user: UserId,
        change: impl Fn(&mut StoredSpotifyLink),
    ) -> Result<StoredSpotifyLink, SpotifyError> {
        loop {
            let mut link = self.0.store.spotify_link(user).await?.ok_or(SpotifyError::NotLinked)?;
            change(&mut link);
            if self.0.store.update_spotify_link(&link).await? {
                return Ok(link);
            }
        }
    }

    pub(super) fn shown(&self, link: &StoredSpotifyLink) -> SpotifyLink {
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

    /// Sends requests of the OAuth library.
    pub(super) fn sender(&self) -> impl Fn(HttpRequest) -> BoxFuture<'static, Result<HttpResponse, SendError>> + use<> {
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
            return Err(SendError::Failed(anyhow!("Spotify answered {status}")));
        }
        let mut answer = HttpResponse::new(body);
        (*answer.status_mut(), *answer.headers_mut()) = (status, headers);
        Ok(answer)
    }

    async fn refresh(&self, refresh_token: &SecretString) -> Result<Grant, SpotifyError> {
        let client = oauth_client(&self.0.settings);
        let token = RefreshToken::new(refresh_token.expose_secret().to_owned());
        let answer = client.exchange_refresh_token(&token).request_async(&self.sender()).await;
        grant(answer)
    }

    /// What does not open was sealed by a key that is gone, or for somebody else: only a new login helps.
    fn open(&self, user: UserId, column: &'static str, sealed: &Sealed) -> Result<SecretString, SpotifyError> {
        let decrypted = self
            .0
            .keys
            .decrypt(&encryption_context(user, column), &sealed.0)
            .context("a stored token cannot be decrypted");
        decrypted.map(|decrypted| decrypted.secret).map_err(|error| {
            tracing::error!(%user, column, error = format!("{error:#}"), "a Spotify login cannot be used");
            SpotifyError::NeedsLogin
        })
    }
}

/// What an answer of the accounts service gives.
pub(super) fn grant(
    answer: Result<BasicTokenResponse, BasicRequestTokenError<SendError>>,
) -> Result<Grant, SpotifyError> {
    let unavailable = |cause: anyhow::Error| SpotifyError::Unavailable(cause);
    let answer = answer.map_err(|error| match error {
        RequestTokenError::ServerResponse(refusal) if *refusal.error() == BasicErrorResponseType::InvalidGrant => {
            SpotifyError::NeedsLogin
        }
        RequestTokenError::ServerResponse(refusal) => unavailable(anyhow!("refused: {}", refusal.error())),
        RequestTokenError::Request(SendError::Paused(error)) => error,
        RequestTokenError::Request(SendError::Failed(cause)) => unavailable(cause),
        // The cause may quote the answer, and with it a token.
        RequestTokenError::Parse(..) => unavailable(anyhow!("an answer that is not understood")),
        RequestTokenError::Other(_) => unavailable(anyhow!("an answer that is not expected")),
    })?;
    let refresh_token = answer.refresh_token().map(RefreshToken::secret).filter(|token| !token.is_empty());
    let longest = refresh_token.map_or(0, String::len).max(answer.access_token().secret().len());
    if longest > TOKEN_BYTES_MAX {
        return Err(unavailable(anyhow!("a token of {longest} bytes")));
    }
    let scopes = answer.scopes().map(|scopes| scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>());
    Ok(Grant {
        access_token: answer.access_token().secret().clone().into(),
        refresh_token: refresh_token.cloned().map(Into::into),
        expires_in: answer.expires_in().unwrap_or(ACCESS_LIFETIME_DEFAULT),
        scope: scopes.unwrap_or_else(|| SCOPES.to_vec()).join(" ").chars().take(512).collect(),
    })
}

/// While Spotify was asked they may have logged in there again, perhaps by another account: what was asked for the old
/// agreement must not be written over the new one.
fn is_same_agreement(now: &StoredSpotifyLink, asked: &StoredSpotifyLink) -> bool {
    now.authorized_at_ms == asked.authorized_at_ms && now.account_id == asked.account_id
}

fn encryption_context(user: UserId, column: &'static str) -> EncryptionContext {
    EncryptionContext { table: "spotify_links", column, user }
}
