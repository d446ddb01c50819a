//! Periodically removes expired data, once the clock is trusted: ended sessions, used refresh tokens, abandoned logins,
//! expired codes and invitations, old acts of operators, guests not seen for a long time, guests and rooms that were never
//! used, what is left of closed rooms, and old journal rows of rooms that are not in memory. Removes small batches with
//! pauses, so that other writes are not held up. Also refreshes stale checks of Spotify subscriptions.

mod guests;
mod rooms;

use std::mem::discriminant;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tutti_protocol::{RoomId, UserId};

use crate::clock::{Clock, ms};
use crate::clock_trust::{ClockTrust, Distrust};
use crate::identity::Identity;
use crate::providers::spotify::Spotify;
use crate::room::Registry;
use crate::store::{SharedStore, StoreError, StoreResult};

pub use guests::{STRAY_GUEST_KEPT, UNUSED_GUEST_KEPT};
pub use rooms::{CLOSED_ROOM_KEPT, UNUSED_ROOM_KEPT};

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
/// How long an expired code is kept, so that a device that uses it late is told why it cannot.
const EXPIRED_CODE_KEPT: Duration = Duration::from_hours(1);
/// How long an expired invitation is kept, used or not.
const EXPIRED_INVITATION_KEPT: Duration = Duration::from_hours(24);
/// How long the acts of operators are kept.
pub const ACTS_KEPT: Duration = Duration::from_hours(365 * 24);
/// Subscriptions checked in one round.
const CHECKS_MAX: u32 = 20;

const _: () = assert!(ENDED_SESSION_KEPT.as_secs() > crate::identity::ACCESS_TOKEN_LIFETIME.as_secs());

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
    /// Where the next round continues.
    pub progress: Progress,
}

/// How far the passes over all guests and all rooms have come. A round looks at a bounded part; a pass takes several.
#[derive(Clone, Copy, Debug, Default)]
pub struct Progress {
    guests: Option<(i64, UserId)>,
    rooms: Option<RoomId>,
}

impl Cleanup {
    /// Runs rounds until `stop`.
    pub async fn run(mut self, stop: CancellationToken) {
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
    pub async fn remove_expired(&mut self) -> StoreResult<()> {
        let now_ms = self.clock.now_ms();
        let before = |kept: Duration| now_ms - ms(kept);
        let store = self.store.clone();
        let ended = in_batches(|| store.delete_ended_sessions(before(ENDED_SESSION_KEPT), BATCH_ROWS)).await?;
        let used = in_batches(|| store.delete_used_refresh_tokens(before(USED_TOKEN_KEPT), BATCH_ROWS)).await?;
        let logins = in_batches(|| store.delete_login_transactions(now_ms, BATCH_ROWS)).await?;
        let codes = in_batches(|| store.delete_device_codes(before(EXPIRED_CODE_KEPT), BATCH_ROWS)).await?
            + in_batches(|| store.delete_screen_codes(before(EXPIRED_CODE_KEPT), BATCH_ROWS)).await?;
        let invitations = in_batches(|| store.delete_invitations(before(EXPIRED_INVITATION_KEPT), BATCH_ROWS)).await?;
        let acts = in_batches(|| store.delete_acts(before(ACTS_KEPT), BATCH_ROWS)).await?;
        let rooms = self.sweep_rooms(now_ms).await?;
        let guests = self.erase_unused_guests(now_ms).await? + self.erase_stray_guests(now_ms).await?;
        if ended + used + logins + codes + invitations + acts + guests + rooms > 0 {
            tracing::info!(
                sessions = ended,
                refresh_tokens = used,
                logins,
                codes,
                invitations,
                acts,
                guests,
                rooms,
                "cleanup finished"
            );
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
