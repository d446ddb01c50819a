//! Asking Spotify about a subscription: when somebody wants to know, when they join a room, and once a day.

use std::time::Duration;

use tutti_protocol::UserId;
use tutti_protocol::http::{PremiumEvidence, SpotifyStatus};

use anyhow::anyhow;
use secrecy::SecretString;

use super::api::{Failure, Profile};
use super::premium::{DOUBTS_TO_DENY, weigh};
use super::{ASK_AGAIN_AFTER, Flight, Spotify, SpotifyError};
use crate::clock::ms;

/// An answer younger than this is not asked for again.
const CHECK_FRESH: Duration = Duration::from_secs(3);
/// At a join, an answer younger than this will do.
const CHECK_AT_JOIN: Duration = Duration::from_mins(10);
/// An answer older than this is asked for again by itself.
pub(super) const CHECK_EVERY: Duration = Duration::from_hours(24);

impl Spotify {
    /// Asks Spotify about somebody's subscription. Those who ask at once share the answer. Takes some seconds when it speaks
    /// against what is known, since one such answer is not believed.
    pub async fn check(&self, user: UserId) -> Result<SpotifyStatus, SpotifyError> {
        let flight = self.0.flights.of((user, Flight::Check));
        let _alone = flight.lock().await;
        let link = self.0.store.spotify_link(user).await?.ok_or(SpotifyError::NotLinked)?;
        if link.refresh_token.is_some() && self.0.clock.now_ms() - link.checked_at_ms < ms(CHECK_FRESH) {
            return Ok(SpotifyStatus { link: Some(self.shown(&link)) });
        }
        let mut asked = 0;
        loop {
            let speaks_for = self.profile_of(user).await?.premium();
            asked += 1;
            let now_ms = self.0.clock.now_ms();
            let link = self
                .change(user, move |link| {
                    link.checked_at_ms = now_ms;
                    if let Some(speaks_for) = speaks_for {
                        link.premium = weigh(link.premium, PremiumEvidence::Profile, speaks_for, now_ms);
                    }
                })
                .await?;
            if link.premium.doubts == 0 || speaks_for.is_none() || asked == DOUBTS_TO_DENY {
                return Ok(SpotifyStatus { link: Some(self.shown(&link)) });
            }
            tokio::time::sleep(ASK_AGAIN_AFTER).await;
        }
    }

    /// Takes in what was seen elsewhere: that a player started or was refused, that a command was obeyed or was not.
    pub async fn witness(
        &self,
        user: UserId,
        evidence: PremiumEvidence,
        speaks_for: bool,
    ) -> Result<SpotifyStatus, SpotifyError> {
        let now_ms = self.0.clock.now_ms();
        let link =
            self.change(user, move |link| link.premium = weigh(link.premium, evidence, speaks_for, now_ms)).await?;
        Ok(SpotifyStatus { link: Some(self.shown(&link)) })
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

    /// Asks about those of whom it was last done a day ago, at most `links_max` of them; how many there were.
    pub async fn check_stale(&self, links_max: u32) -> Result<usize, SpotifyError> {
        let before_ms = self.0.clock.now_ms() - ms(CHECK_EVERY);
        let stale = self.0.store.stale_spotify_links(before_ms, links_max).await?;
        for user in &stale {
            self.check_quietly(*user).await;
        }
        Ok(stale.len())
    }

    /// A check that nobody waits for. One that fails counts as done, so that it is not made again at once.
    async fn check_quietly(&self, user: UserId) {
        if let Err(error) = self.check(user).await {
            tracing::info!(%user, %error, "a subscription could not be checked");
            let now_ms = self.0.clock.now_ms();
            let noted = self.change(user, move |link| link.checked_at_ms = now_ms).await;
            if let Err(SpotifyError::Store(error)) = noted {
                tracing::error!(%error, "a check could not be noted");
            }
        }
    }

    /// Somebody's profile.
    async fn profile_of(&self, user: UserId) -> Result<Profile, SpotifyError> {
        self.ask(user, |token| async move { self.0.api.me(&token).await }).await
    }

    /// Asks something as somebody. A 401 comes falsely and in bursts: it is answered with a new token, and then with
    /// patience.
    pub(super) async fn ask<T, F>(&self, user: UserId, request: impl Fn(SecretString) -> F) -> Result<T, SpotifyError>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        let mut refused = None;
        for _ in 0..DOUBTS_TO_DENY {
            let (token, _) = self.access_token(user, refused.as_ref()).await?;
            match request(token.clone()).await {
                Ok(answer) => return Ok(answer),
                Err(Failure::Unauthorized) if refused.is_none() => refused = Some(token),
                Err(Failure::Unauthorized) => tokio::time::sleep(ASK_AGAIN_AFTER).await,
                Err(failure) => return Err(failure.into()),
            }
        }
        Err(SpotifyError::Unavailable(anyhow!("Spotify takes no token that it gives")))
    }

    /// The profile that a token just given speaks for.
    pub(super) async fn profile(&self, token: &SecretString) -> Result<Profile, SpotifyError> {
        for _ in 1..DOUBTS_TO_DENY {
            match self.0.api.me(token).await {
                Ok(profile) => return Ok(profile),
                Err(Failure::Unauthorized) => tokio::time::sleep(ASK_AGAIN_AFTER).await,
                Err(failure) => return Err(failure.into()),
            }
        }
        Err(SpotifyError::Unavailable(anyhow!("Spotify takes no token that it gives")))
    }
}
