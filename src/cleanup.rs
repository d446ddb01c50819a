//! Removes what nobody needs any more, in small batches between which others get their turn: sessions that are over, refresh
//! tokens long used, logins that nobody came back from, guests who have not been here for a long time. Asks Spotify about
//! those of whom it was last asked a day ago.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::erasure::erase;
use crate::identity::{Identity, in_ms};
use crate::providers::spotify::Spotify;
use crate::room::Registry;
use crate::store::{SharedStore, StoreResult};

/// Between two rounds.
pub const CLEANUP_EVERY: Duration = Duration::from_mins(10);
/// Rows removed at once.
const BATCH_ROWS: u32 = 200;
/// Between two batches.
const BATCH_PAUSE: Duration = Duration::from_millis(100);
/// Batches of one kind in one round; the rest waits for the next.
const BATCHES_MAX: u32 = 500;
/// An ended session is remembered for so long, so that a restarted server still refuses its access tokens.
const ENDED_SESSION_KEPT: Duration = Duration::from_hours(24);
/// A used refresh token is remembered for so long, so that whoever uses it again is found out. Older ones are worth nothing
/// either; they only raise no alarm.
const USED_TOKEN_KEPT: Duration = Duration::from_hours(7 * 24);
/// A guest who has not been here for so long is forgotten: three times as long as their session lasts.
pub const UNUSED_GUEST_KEPT: Duration = Duration::from_hours(90 * 24);
/// Guests forgotten at once: each may belong to many rooms.
const BATCH_GUESTS: u32 = 20;
/// Subscriptions asked about in one round.
const CHECKS_MAX: u32 = 20;

const _: () = assert!(ENDED_SESSION_KEPT.as_secs() > crate::identity::ACCESS_TOKEN_LIFETIME.as_secs());
const _: () = assert!(UNUSED_GUEST_KEPT.as_secs() > crate::identity::SESSION_IDLE_LIFETIME.as_secs());

/// What it removes from, and what it asks.
#[derive(Clone, Debug)]
pub struct Cleanup {
    /// Where the rows are.
    pub store: SharedStore,
    /// Who is erased here.
    pub identity: Identity,
    /// Where they have left something.
    pub rooms: Registry,
    /// Who is asked, where it is set up.
    pub spotify: Option<Spotify>,
    /// Now.
    pub clock: Clock,
}

impl Cleanup {
    /// Cleans up now and then until `stop`.
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
                tracing::error!(%error, "the cleanup failed; it is tried again later");
            }
        }
    }

    /// One round: everything that is due.
    pub async fn round(&self) -> StoreResult<()> {
        let now_ms = self.clock.now_ms();
        let before = |kept: Duration| now_ms - in_ms(kept);
        let store = &self.store;
        let ended = in_batches(|| store.delete_ended_sessions(before(ENDED_SESSION_KEPT), BATCH_ROWS)).await?;
        let used = in_batches(|| store.delete_used_refresh_tokens(before(USED_TOKEN_KEPT), BATCH_ROWS)).await?;
        let logins = in_batches(|| store.delete_login_transactions(now_ms, BATCH_ROWS)).await?;
        let guests = self.forget_guests(before(UNUSED_GUEST_KEPT)).await?;
        if ended + used + logins + guests > 0 {
            tracing::info!(sessions = ended, refresh_tokens = used, logins, guests, "cleaned up");
        }
        if let Some(spotify) = &self.spotify
            && let Err(error) = spotify.check_stale(CHECKS_MAX).await
        {
            tracing::info!(%error, "subscriptions could not be checked");
        }
        Ok(())
    }

    /// Forgets guests as if they had asked for it. One who cannot be forgotten now stays for the next round.
    async fn forget_guests(&self, before_ms: i64) -> StoreResult<u64> {
        let mut forgotten = 0;
        loop {
            let guests = self.store.unused_guests(before_ms, BATCH_GUESTS).await?;
            let mut done = 0;
            for guest in &guests {
                match erase(&self.identity, &self.rooms, *guest).await {
                    Ok(()) => done += 1,
                    Err(error) => tracing::warn!(%guest, %error, "a guest could not be forgotten"),
                }
            }
            forgotten += done;
            if guests.len() < BATCH_GUESTS as usize || done == 0 {
                return Ok(forgotten);
            }
            tokio::time::sleep(BATCH_PAUSE).await;
        }
    }
}

/// Repeats a removal while it removes whole batches; how many rows in all.
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
