//! Guests that are erased: those not seen for a long time, and those that were never in a room.

use std::time::Duration;

use tutti_protocol::UserId;

use super::{BATCH_PAUSE, BATCH_ROWS, BATCHES_MAX, Cleanup};
use crate::clock::ms;
use crate::erasure::erase;
use crate::store::StoreResult;

/// A guest not seen for this long is erased: three times the lifetime of an idle session.
pub const UNUSED_GUEST_KEPT: Duration = Duration::from_hours(90 * 24);
/// A guest that is in no room and was never in one that still exists is erased when it was not seen for this long. It only
/// has a name to lose, and programs can create such guests without end.
pub const STRAY_GUEST_KEPT: Duration = Duration::from_hours(24);
/// Guests erased in one batch: each may be a member of many rooms.
const BATCH_GUESTS: u32 = 20;
/// More unused guests than this, and more than half of all, are not erased at once ...
const MASS_MIN: usize = 20;
/// ... before the clock has been trusted for this long: it is more likely that the clock is wrong.
const MASS_TRUST: Duration = Duration::from_hours(7 * 24);
/// Guests that are counted for that.
const GUESTS_COUNTED_MAX: u32 = 20_000;
/// Guests that one round looks at to find strays: more than limits let several networks create between two rounds.
const GUESTS_SEEN_MAX: u32 = 5_000;

const _: () = assert!(UNUSED_GUEST_KEPT.as_secs() > crate::identity::SESSION_IDLE_LIFETIME.as_secs());
const _: () = assert!(GUESTS_SEEN_MAX <= BATCHES_MAX * BATCH_ROWS);

impl Cleanup {
    /// Erases guests not seen for a long time; returns how many.
    pub(super) async fn erase_unused_guests(&self, now_ms: i64) -> StoreResult<u64> {
        let before_ms = now_ms - ms(UNUSED_GUEST_KEPT);
        if self.is_mass_erasure(before_ms).await? {
            tracing::error!("most guests look unused: is the clock right? They are erased when it has been for a week");
            return Ok(0);
        }
        let mut erased = 0;
        loop {
            let guests = self.store.unused_guests(before_ms, BATCH_GUESTS).await?;
            let done = self.erase_all(&guests).await;
            erased += done;
            if guests.len() < BATCH_GUESTS as usize || done == 0 {
                return Ok(erased);
            }
            tokio::time::sleep(BATCH_PAUSE).await;
        }
    }

    /// Erases guests that are in no room; returns how many.
    pub(super) async fn erase_stray_guests(&mut self, now_ms: i64) -> StoreResult<u64> {
        let before_ms = now_ms - ms(STRAY_GUEST_KEPT);
        let mut erased = 0;
        for _ in 0..GUESTS_SEEN_MAX / BATCH_ROWS {
            let seen = self.store.guests_seen_before(before_ms, self.progress.guests, BATCH_ROWS).await?;
            let mut strays: Vec<_> = seen.iter().map(|(_, guest)| *guest).collect();
            let known = self.store.known_to_rooms(&strays).await?;
            strays.retain(|guest| !known.contains(guest));
            erased += self.erase_all(&strays).await;
            let is_last_page = seen.len() < BATCH_ROWS as usize;
            self.progress.guests = seen.last().filter(|_| !is_last_page).copied();
            if is_last_page {
                break;
            }
            tokio::time::sleep(BATCH_PAUSE).await;
        }
        Ok(erased)
    }

    /// Erases guests as on their own request; returns how many. A later round retries those that fail.
    async fn erase_all(&self, guests: &[UserId]) -> u64 {
        let mut erased = 0;
        for guest in guests {
            match erase(&self.identity, &self.rooms, *guest).await {
                Ok(()) => erased += 1,
                Err(error) => tracing::warn!(%guest, %error, "a guest could not be erased"),
            }
        }
        erased
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
}
