//! Periodically removes expired data: ended sessions, used refresh tokens, abandoned logins and guests not seen for a
//! long time. Removes small batches with pauses, so that other writes are not held up. Also refreshes stale checks of
//! Spotify subscriptions.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::clock::{Clock, ms};
use crate::erasure::erase;
use crate::identity::Identity;
use crate::providers::spotify::Spotify;
use crate::room::Registry;
use crate::store::{SharedStore, StoreResult};

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
}

impl Cleanup {
    /// Runs rounds until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        let mut rounds = tokio::time::interval(CLEANUP_EVERY);
        rounds.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = rounds.tick() => {}
                () = stop.cancelled() => return,
            }
            let round = stop.run_until_cancelled(self.round()).await;
            if let Some(Err(error)) = round {
                tracing::error!(%error, "cleanup failed; the next round retries");
            }
        }
    }

    /// Removes everything that is due.
    pub async fn round(&self) -> StoreResult<()> {
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
        if let Some(spotify) = &self.spotify
            && let Err(error) = spotify.check_stale(CHECKS_MAX).await
        {
            tracing::info!(%error, "Spotify subscriptions could not be checked");
        }
        Ok(())
    }

    /// Erases unused guests as on their own request; returns how many. The next round retries those that fail.
    async fn erase_guests(&self, before_ms: i64) -> StoreResult<u64> {
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
