//! Users who were given audio a short time ago. Their devices may ask for a little more after the track or the member has
//! left the room: a request and the news of it cross.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use dashmap::DashMap;
use tutti_protocol::UserId;

use crate::clock::{Clock, ms};

/// How long a user counts as a listener.
const LISTENER_FOR: Duration = Duration::from_mins(1);
/// Entries between two removals of old ones.
const ENTRIES_PER_SWEEP: u32 = 1024;

/// Remembers users for a minute.
#[derive(Debug)]
pub struct RecentListeners {
    until_ms: DashMap<UserId, i64>,
    entries: AtomicU32,
    clock: Clock,
}

impl RecentListeners {
    /// Knows no user yet.
    pub fn new(clock: Clock) -> Self {
        Self { until_ms: DashMap::new(), entries: AtomicU32::new(0), clock }
    }

    /// Remembers a user, again.
    pub fn insert(&self, user: UserId) {
        let now_ms = self.clock.now_ms();
        if self.entries.fetch_add(1, Ordering::Relaxed) % ENTRIES_PER_SWEEP == ENTRIES_PER_SWEEP - 1 {
            self.until_ms.retain(|_, until_ms| *until_ms > now_ms);
        }
        self.until_ms.insert(user, now_ms + ms(LISTENER_FOR));
    }

    /// Whether the user was given audio within the last minute.
    pub fn contains(&self, user: UserId) -> bool {
        self.until_ms.get(&user).is_some_and(|until_ms| *until_ms > self.clock.now_ms())
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_listener_is_remembered_for_a_minute() {
        let listeners = RecentListeners::new(Clock::starting_at(1e12));
        let [ana, ben] = [1, 2].map(|id| UserId(Uuid::from_u128(id)));
        listeners.insert(ana);
        tokio::time::advance(Duration::from_secs(59)).await;
        assert_eq!([ana, ben].map(|user| listeners.contains(user)), [true, false]);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(!listeners.contains(ana));
        for _ in 0..ENTRIES_PER_SWEEP {
            listeners.insert(ben);
        }
        assert_eq!(listeners.until_ms.len(), 1, "old entries are removed");
    }
}
