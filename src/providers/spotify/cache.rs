//! What Spotify answered a while ago, so that it is not asked again: bounded in number and in time.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::time::Duration;

use parking_lot::Mutex;

use crate::clock::{Clock, ms};

/// Values that are kept for `lifetime`, at most `entries_max` of them: beyond it the one that was kept first goes.
pub(super) struct Cache<K, V> {
    kept: Mutex<Kept<K, V>>,
    clock: Clock,
    lifetime: Duration,
    entries_max: usize,
}

struct Kept<K, V> {
    by_key: HashMap<K, (i64, V)>,
    /// Oldest first, with when they were kept; a key that was kept again stands here twice.
    order: VecDeque<(i64, K)>,
}

impl<K: Hash + Eq + Clone, V: Clone> Cache<K, V> {
    pub(super) fn new(clock: Clock, lifetime: Duration, entries_max: usize) -> Self {
        let kept = Mutex::new(Kept { by_key: HashMap::new(), order: VecDeque::new() });
        Self { kept, clock, lifetime, entries_max }
    }

    pub(super) fn get(&self, key: &K) -> Option<V> {
        let now_ms = self.clock.now_ms();
        let kept = self.kept.lock();
        kept.by_key.get(key).filter(|(at_ms, _)| now_ms - at_ms < ms(self.lifetime)).map(|(_, value)| value.clone())
    }

    pub(super) fn keep(&self, key: K, value: V) {
        let now_ms = self.clock.now_ms();
        let mut kept = self.kept.lock();
        kept.by_key.insert(key.clone(), (now_ms, value));
        kept.order.push_back((now_ms, key));
        while kept.order.len() > self.entries_max
            || kept.order.front().is_some_and(|(at_ms, _)| now_ms - at_ms >= ms(self.lifetime))
        {
            let Some((at_ms, oldest)) = kept.order.pop_front() else { break };
            if kept.by_key.get(&oldest).is_some_and(|(kept_at_ms, _)| *kept_at_ms == at_ms) {
                kept.by_key.remove(&oldest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_is_old_or_too_much_is_forgotten() {
        let cache = Cache::new(Clock::starting_at(1e12), Duration::from_mins(1), 2);
        cache.keep("a", 1);
        tokio::time::advance(Duration::from_secs(30)).await;
        cache.keep("b", 2);
        assert_eq!((cache.get(&"a"), cache.get(&"b")), (Some(1), Some(2)));
        tokio::time::advance(Duration::from_secs(31)).await;
        assert_eq!((cache.get(&"a"), cache.get(&"b")), (None, Some(2)));
        for key in ["c", "d"] {
            cache.keep(key, 3);
        }
        assert_eq!((cache.get(&"b"), cache.get(&"c"), cache.get(&"d")), (None, Some(3), Some(3)));
        assert_eq!(cache.kept.lock().by_key.len(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_kept_again_is_new() {
        let cache = Cache::new(Clock::starting_at(1e12), Duration::from_mins(1), 8);
        cache.keep("a", 1);
        tokio::time::advance(Duration::from_secs(40)).await;
        cache.keep("a", 2);
        tokio::time::advance(Duration::from_secs(40)).await;
        cache.keep("b", 3);
        assert_eq!(cache.get(&"a"), Some(2));
    }
}
