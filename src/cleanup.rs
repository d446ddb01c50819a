//! Periodically removes expired data: ended sessions, used refresh tokens, abandoned logins and guests not seen for a
//! long time, once the clock is trusted. Removes small batches with pauses, so that other writes are not held up. Also
//! refreshes stale checks of Spotify subscriptions.

use std::mem::discriminant;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::clock::{Clock, ms};
use crate::clock_trust::{ClockTrust, Distrust};
use crate::erasure::erase;
use crate::identity::Identity;
use crate::providers::spotify::Spotify;
use crate::room::Registry;
use crate::store::{SharedStore, StoreError, StoreResult};

/// Interval between two rounds.
pub const CLEANUP_EVERY: Duration = Duration::from_mins(10);
/// Rows removed in one call.
const BATCH_ROWS: u32 = 200;
/// Pause between two batches.
const BATCH_PAUSE: Duration = Duration::from_millis(100);
/// Batches of one kind in one round; the next round removes the rest.
const BATCHES_MAX: u32 = 500;
/// How long an ended session is kept, so that a restarted server still rejects its access tokens.
const ENDED_SESSION_KEPT: Duration = Duration::from_hours(24);
/// How long a used refresh token is kept, so that its reuse is detected as theft. Later reuse is rejected without that
/// alarm.
const USED_TOKEN_KEPT: Duration = Duration::from_hours(7 * 24);
/// A guest not seen for this long is erased: three times the lifetime of an idle session.
pub const UNUSED_GUEST_KEPT: Duration = Duration::from_hours(90 * 24);
/// Guests erased in one batch: each may be a member of many rooms.
const BATCH_GUESTS: u32 = 20;
/// More unused guests than this, and more than half of all, are not erased at once ...
const MASS_MIN: usize = 20;
/// ... before the clock has been trusted for this long: it is more likely that the clock is wrong.
const MASS_TRUST: Duration = Duration::from_hours(7 * 24);
/// Guests that are counted for that.
const GUESTS_COUNTED_MAX: u32 = 20_000;
/// Subscriptions checked in one round.
const CHECKS_MAX: u32 = 20;

const _: () = assert!(ENDED_SESSION_KEPT.as_secs() > crate::identity::ACCESS_TOKEN_LIFETIME.as_secs());
const _: () = assert!(UNUSED_GUEST_KEPT.as_secs() > crate::identity::SESSION_IDLE_LIFETIME.as_secs());

/// Removes expired data until it is stopped.
#[derive(Clone, Debug)]
pub struct Cleanup {
    /// Holds the expired rows.
    pub store: SharedStore,
    /// Erases guests.
    pub identity: Identity,
    /// Erases guests from rooms.
    pub rooms: Registry,
    /// Checks subscriptions; `None` when Spotify is not configured.
    pub spotify: Option<Spotify>,
    /// The server's clock.
    pub clock: Clock,
    /// Whether it is trusted.
    pub trust: Arc<ClockTrust>,
}

impl Cleanup {
    /// Runs rounds until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        let mut rounds = tokio::time::interval(CLEANUP_EVERY);
        rounds.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut distrust = None;
        loop {
            tokio::select! {
                _ = rounds.tick() => {}
                () = stop.cancelled() => return,
            }
            self.trust.record();
            let found = self.trust.check().err();
            if found.as_ref().map(discriminant) != distrust.as_ref().map(discriminant)
                && let Some(reason) = found.filter(|reason| *reason != Distrust::JustStarted)
            {
                tracing::warn!(%reason, "cleanup removes nothing for now: it cannot tell what is old");
            }
            distrust = found;
            let round = async {
                if found.is_none() {
                    self.remove_expired().await?;
                }
                self.check_subscriptions().await;
                Ok::<_, StoreError>(())
            };
            if let Some(Err(error)) = stop.run_until_cancelled(round).await {
                tracing::error!(%error, "cleanup failed; the next round retries");
            }
        }
    }

    /// Removes everything that is due.
    pub async fn remove_expired(&self) -> StoreResult<()> {
        let now_ms = self.clock.now_ms();
        let before = |kept: Duration| now_ms - ms(kept);
        let store = &self.store;
        let ended = in_batches(|| store.delete_ended_sessions(before(ENDED_SESSION_KEPT), BATCH_ROWS)).await?;
        let used = in_batches(|| store.delete_used_refresh_tokens(before(USED_TOKEN_KEPT), BATCH_ROWS)).await?;
        let logins = in_batches(|| store.delete_login_transactions(now_ms, BATCH_ROWS)).await?;
        let guests = self.erase_guests(before(UNUSED_GUEST_KEPT)).await?;
        if ended + used + logins + guests > 0 {
            tracing::info!(sessions = ended, refresh_tokens = used, logins, guests, "cleanup finished");
        }
        Ok(())
    }

    async fn check_subscriptions(&self) {
        if let Some(spotify) = &self.spotify
            && let Err(error) = spotify.check_stale(CHECKS_MAX).await
        {
            tracing::info!(%error, "Spotify subscriptions could not be checked");
        }
    }

    /// Whether most guests look unused, which rather means that the clock is wrong.
    async fn is_mass_erasure(&self, before_ms: i64) -> StoreResult<bool> {
        if self.trust.trusted_for() >= MASS_TRUST {
            return Ok(false);
        }
        let unused = self.store.unused_guests(before_ms, GUESTS_COUNTED_MAX / 2 + 1).await?.len();
        if unused < MASS_MIN {
            return Ok(false);
        }
        let guests = self.store.unused_guests(i64::MAX, GUESTS_COUNTED_MAX).await?.len();
        Ok(unused > guests / 2)
    }

    /// Erases unused guests as on their own request; returns how many. The next round retries those that fail.
    async fn erase_guests(&self, before_ms: i64) -> StoreResult<u64> {
        if self.is_mass_erasure(before_ms).await? {
            tracing::error!("most guests look unused: is the clock right? They are erased when it has been for a week");
            return Ok(0);
        }
        let mut erased = 0;
        loop {
            let guests = self.store.unused_guests(before_ms, BATCH_GUESTS).await?;
            let mut done = 0;
            for guest in &guests {
                match erase(&self.identity, &self.rooms, *guest).await {
                    Ok(()) => done += 1,
                    Err(error) => tracing::warn!(%guest, %error, "a guest could not be erased"),
                }
            }
            erased += done;
            if guests.len() < BATCH_GUESTS as usize || done == 0 {
                return Ok(erased);
            }
            tokio::time::sleep(BATCH_PAUSE).await;
        }
    }
}

/// Repeats a removal while it removes full batches; returns the number of rows.
async fn in_batches<F: Future<Output = StoreResult<u64>>>(remove: impl Fn() -> F) -> StoreResult<u64> {
    let mut removed = 0;
    for _ in 0..BATCHES_MAX {
        let batch = remove().await?;
        removed += batch;
        if batch < u64::from(BATCH_ROWS) {
            break;
        }
        tokio::time::sleep(BATCH_PAUSE).await;
    }
    Ok(removed)
}
