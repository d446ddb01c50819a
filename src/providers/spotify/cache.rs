//! A cache of Spotify's responses, bounded in entries and age.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::time::Duration;

use parking_lot::Mutex;

use crate::clock::{Clock, ms};

/// Keeps at most `entries_max` values, each for `lifetime`; evicts the oldest first.
pub(super) struct Cache<K, V> {
    entries: Mutex<Entries<K, V>>,
    clock: Clock,
    lifetime: Duration,
    entries_max: usize,
}

struct Entries<K, V> {
    by_key: HashMap<K, (i64, V)>,
    /// Insertion times and keys, oldest first. A key that was inserted twice occurs twice.
    order: VecDeque<(i64, K)>,
}

impl<K: Hash + Eq + Clone, V: Clone> Cache<K, V> {
    pub(super) fn new(clock: Clock, lifetime: Duration, entries_max: usize) -> Self {
        let entries = Mutex::new(Entries { by_key: HashMap::new(), order: VecDeque::new() });
        Self { entries, clock, lifetime, entries_max }
    }

    pub(super) fn get(&self, key: &K) -> Option<V> {
        let now_ms = self.clock.now_ms();
        let entries = self.entries.lock();
        entries.by_key.get(key).filter(|(at_ms, _)| now_ms - at_ms < ms(self.lifetime)).map(|(_, value)| value.clone())
    }

    pub(super) fn insert(&self, key: K, value: V) {
        let now_ms = self.clock.now_ms();
        let mut entries = self.entries.lock();
        entries.by_key.insert(key.clone(), (now_ms, value));
        entries.order.push_back((now_ms, key));
        while entries.order.len() > self.entries_max
            || entries.order.front().is_some_and(|(at_ms, _)| now_ms - at_ms >= ms(self.lifetime))
        {
            let Some((at_ms, oldest)) = entries.order.pop_front() else { break };
            if entries.by_key.get(&oldest).is_some_and(|(inserted_at_ms, _)| *inserted_at_ms == at_ms) {
                entries.by_key.remove(&oldest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn old_and_excess_entries_are_evicted() {
        let cache = Cache::new(Clock::starting_at(1e12), Duration::from_mins(1), 2);
        cache.insert("a", 1);
        tokio::time::advance(Duration::from_secs(30)).await;
        cache.insert("b", 2);
        assert_eq!((cache.get(&"a"), cache.get(&"b")), (Some(1), Some(2)));
        tokio::time::advance(Duration::from_secs(31)).await;
        assert_eq!((cache.get(&"a"), cache.get(&"b")), (None, Some(2)));
        for key in ["c", "d"] {
            cache.insert(key, 3);
        }
        assert_eq!((cache.get(&"b"), cache.get(&"c"), cache.get(&"d")), (None, Some(3), Some(3)));
        assert_eq!(cache.entries.lock().by_key.len(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn inserting_again_renews_the_lifetime() {
        let cache = Cache::new(Clock::starting_at(1e12), Duration::from_mins(1), 8);
        cache.insert("a", 1);
        tokio::time::advance(Duration::from_secs(40)).await;
        cache.insert("a", 2);
        tokio::time::advance(Duration::from_secs(40)).await;
        cache.insert("b", 3);
        assert_eq!(cache.get(&"a"), Some(2));
    }
}
