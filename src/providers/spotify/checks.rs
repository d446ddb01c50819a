//! Subscription checks: on request, when a user joins a room, and once a day.

use std::time::Duration;

use tutti_protocol::UserId;
use tutti_protocol::http::{PremiumEvidence, SpotifyStatus};

use anyhow::anyhow;
use secrecy::SecretString;

use super::api::{Failure, Profile};
use super::premium::{DOUBTS_TO_DENY, apply_evidence};
use super::{Operation, RETRY_DELAY, Spotify, SpotifyError};
use crate::clock::ms;

/// A check younger than this is not repeated.
const CHECK_FRESH: Duration = Duration::from_secs(3);
/// A join does not repeat a check younger than this.
const CHECK_AT_JOIN: Duration = Duration::from_mins(10);
/// A background task repeats checks older than this.
pub(super) const CHECK_EVERY: Duration = Duration::from_hours(24);

impl Spotify {
    /// Checks a user's subscription; concurrent callers share the result. Takes some seconds if the result contradicts
    /// the stored status, because a single denial may be wrong.
    pub async fn check(&self, user: UserId) -> Result<SpotifyStatus, SpotifyError> {
        let lock = self.0.operations.get((user, Operation::CheckSubscription));
        let _guard = lock.lock().await;
        let link = self.0.store.spotify_link(user).await?.ok_or(SpotifyError::NotLinked)?;
        if link.refresh_token.is_some() && self.0.clock.now_ms() - link.checked_at_ms < ms(CHECK_FRESH) {
            return Ok(SpotifyStatus { link: Some(self.describe_link(&link)) });
        }
        let mut attempts = 0;
        loop {
            let has_premium = self.profile_of(user).await?.premium();
            attempts += 1;
            let now_ms = self.0.clock.now_ms();
            let link = self
                .update_link(user, move |link| {
                    link.checked_at_ms = now_ms;
                    if let Some(has_premium) = has_premium {
                        link.premium = apply_evidence(link.premium, PremiumEvidence::Profile, has_premium, now_ms);
                    }
                })
                .await?;
            if link.premium.doubts == 0 || has_premium.is_none() || attempts == DOUBTS_TO_DENY {
                return Ok(SpotifyStatus { link: Some(self.describe_link(&link)) });
            }
            tokio::time::sleep(RETRY_DELAY).await;
        }
    }

    /// Records evidence from elsewhere: whether a player started, or a command succeeded.
    pub async fn record_premium_evidence(
        &self,
        user: UserId,
        evidence: PremiumEvidence,
        has_premium: bool,
    ) -> Result<SpotifyStatus, SpotifyError> {
        let now_ms = self.0.clock.now_ms();
        let link = self
            .update_link(user, move |link| link.premium = apply_evidence(link.premium, evidence, has_premium, now_ms))
            .await?;
        Ok(SpotifyStatus { link: Some(self.describe_link(&link)) })
    }

    /// Checks a user's subscription in the background, unless that was done a moment ago.
    pub(super) fn check_at_join(&self, user: UserId) {
        let spotify = self.clone();
        self.0.tasks.spawn(async move {
            let link = spotify.0.store.spotify_link(user).await;
            let due = |checked_at_ms| spotify.0.clock.now_ms() - checked_at_ms >= ms(CHECK_AT_JOIN);
            if let Ok(Some(link)) = link
                && link.refresh_token.is_some()
                && due(link.checked_at_ms)
            {
                spotify.check_quietly(user).await;
            }
        });
    }

    /// Repeats up to `links_max` checks older than `CHECK_EVERY`; returns their number.
    pub async fn check_stale(&self, links_max: u32) -> Result<usize, SpotifyError> {
        let before_ms = self.0.clock.now_ms() - ms(CHECK_EVERY);
        let stale = self.0.store.stale_spotify_links(before_ms, links_max).await?;
        for user in &stale {
            self.check_quietly(*user).await;
        }
        Ok(stale.len())
    }

    /// A background check. A failed one counts as done, so that it is not repeated at once.
    async fn check_quietly(&self, user: UserId) {
        if let Err(error) = self.check(user).await {
            tracing::info!(%user, %error, "subscription check failed");
            let now_ms = self.0.clock.now_ms();
            let stored = self.update_link(user, move |link| link.checked_at_ms = now_ms).await;
            if let Err(SpotifyError::Store(error)) = stored {
                tracing::error!(%error, "time of a subscription check not stored");
            }
        }
    }

    async fn profile_of(&self, user: UserId) -> Result<Profile, SpotifyError> {
        self.ask(user, |token| async move { self.0.api.me(&token).await }).await
    }

    /// Sends a request with the user's access token. Spotify sends bursts of wrong 401 responses: the first one
    /// refreshes the token, further ones delay the next attempt.
    pub(super) async fn ask<T, F>(&self, user: UserId, request: impl Fn(SecretString) -> F) -> Result<T, SpotifyError>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        let mut rejected = None;
        for _ in 0..DOUBTS_TO_DENY {
            let (token, _) = self.access_token(user, rejected.as_ref()).await?;
            match request(token.clone()).await {
                Ok(value) => return Ok(value),
                Err(Failure::Unauthorized) if rejected.is_none() => rejected = Some(token),
                Err(Failure::Unauthorized) => tokio::time::sleep(RETRY_DELAY).await,
                Err(failure) => return Err(failure.into()),
            }
        }
        Err(SpotifyError::Unavailable(anyhow!("Spotify rejects the tokens that it issued")))
    }

    /// The profile of a newly issued token.
    pub(super) async fn profile(&self, token: &SecretString) -> Result<Profile, SpotifyError> {
        for _ in 1..DOUBTS_TO_DENY {
            match self.0.api.me(token).await {
                Ok(profile) => return Ok(profile),
                Err(Failure::Unauthorized) => tokio::time::sleep(RETRY_DELAY).await,
                Err(failure) => return Err(failure.into()),
            }
        }
        Err(SpotifyError::Unavailable(anyhow!("Spotify rejects the tokens that it issued")))
    }
}
