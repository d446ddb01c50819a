//! How often something may happen, per key: the generic cell rate algorithm of the `governor` crate on the server's own
//! clock.

use std::hash::Hash;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use governor::clock::Clock as GovernorClock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::StateStore;
use governor::state::keyed::{DashMapStateStore, ShrinkableKeyedStateStore};
use governor::{Quota, RateLimiter};

use crate::clock::Clock;

/// After this many checks the keys that are back at their full allowance are forgotten: memory stays within what one
/// window brought, and so many more.
const CHECKS_PER_SWEEP: u32 = 1024;

/// Allows each key so much at once, and the same again over time.
#[derive(Debug)]
pub struct Limiter<K: Hash + Eq + Clone> {
    counting: Cells<K, Counting<K>>,
    looking: Cells<K, Looking<K>>,
    clock: ServerClock,
    checks: AtomicU32,
}

type Cells<K, S> = RateLimiter<K, S, ServerClock, NoOpMiddleware<Duration>>;

impl<K: Hash + Eq + Clone> Limiter<K> {
    /// So many a minute, evenly, with a burst of the same size; 0 counts as 1.
    pub fn per_minute(allowed: u32, clock: Clock) -> Self {
        let quota = Quota::per_minute(NonZeroU32::new(allowed).unwrap_or(NonZeroU32::MIN));
        let clock = ServerClock { clock, origin_ms: clock.now_ms_f64() };
        let cells = Arc::new(DashMapStateStore::default());
        Self {
            counting: RateLimiter::new(quota, Counting(cells.clone()), clock),
            looking: RateLimiter::new(quota, Looking(cells), clock),
            clock,
            checks: AtomicU32::new(0),
        }
    }

    /// Counts one more for `key`, or says after what time it may be.
    pub fn check(&self, key: &K) -> Result<(), Duration> {
        if self.checks.fetch_add(1, Ordering::Relaxed) % CHECKS_PER_SWEEP == CHECKS_PER_SWEEP - 1 {
            self.counting.retain_recent();
        }
        self.counting.check_key(key).map_err(|not_until| not_until.wait_time_from(self.clock.now()))
    }

    /// Whether one more would be allowed, or after what time, without counting it. For what is only counted when it
    /// fails; calls at the same time can all pass.
    pub fn peek(&self, key: &K) -> Result<(), Duration> {
        self.looking.check_key(key).map_err(|not_until| not_until.wait_time_from(self.clock.now()))
    }

    /// Keys that are remembered.
    pub fn keys(&self) -> usize {
        self.counting.len()
    }
}

/// The state of all keys, changed by what is asked.
#[derive(Debug)]
struct Counting<K: Hash + Eq>(Arc<DashMapStateStore<K>>);

impl<K: Hash + Eq + Clone> StateStore for Counting<K> {
    type Key = K;

    fn measure_and_replace<T, F, E>(&self, key: &K, measure: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        self.0.measure_and_replace(key, measure)
    }
}

impl<K: Hash + Eq + Clone> ShrinkableKeyedStateStore<K> for Counting<K> {
    fn retain_recent(&self, drop_below: Nanos) {
        self.0.retain_recent(drop_below);
    }

    fn shrink_to_fit(&self) {
        DashMapStateStore::shrink_to_fit(&self.0);
    }

    fn len(&self) -> usize {
        DashMapStateStore::len(&self.0)
    }

    fn is_empty(&self) -> bool {
        DashMapStateStore::is_empty(&self.0)
    }
}

/// The same state, left as it is.
#[derive(Debug)]
struct Looking<K: Hash + Eq>(Arc<DashMapStateStore<K>>);

impl<K: Hash + Eq + Clone> StateStore for Looking<K> {
    type Key = K;

    fn measure_and_replace<T, F, E>(&self, key: &K, measure: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        // A measurement that fails replaces nothing, so each one is made to fail, with its result for a reason.
        let outcome: Result<(), Result<T, E>> =
            self.0.measure_and_replace(key, |state| Err(measure(state).map(|(measured, _)| measured)));
        match outcome {
            Err(measured) => measured,
            Ok(()) => unreachable!("every measurement fails"),
        }
    }
}

/// The server's clock as `governor` reads it.
#[derive(Clone, Copy, Debug)]
struct ServerClock {
    clock: Clock,
    origin_ms: f64,
}

impl GovernorClock for ServerClock {
    type Instant = Duration;

    fn now(&self) -> Duration {
        Duration::from_secs_f64((self.clock.now_ms_f64() - self.origin_ms).max(0.0) / 1e3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_burst_then_an_even_flow() {
        let limiter = Limiter::per_minute(3, Clock::starting_at(1e12));
        for _ in 0..3 {
            assert_eq!(limiter.check(&"ana"), Ok(()));
        }
        let wait = limiter.check(&"ana").unwrap_err();
        assert!(wait > Duration::from_secs(19) && wait <= Duration::from_secs(20), "{wait:?}");
        assert_eq!(limiter.check(&"ben"), Ok(()), "another key is another matter");
        tokio::time::advance(wait).await;
        assert_eq!(limiter.check(&"ana"), Ok(()));
        assert!(limiter.check(&"ana").is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn looking_counts_nothing() {
        let limiter = Limiter::per_minute(1, Clock::starting_at(1e12));
        for _ in 0..3 {
            assert_eq!(limiter.peek(&"ana"), Ok(()));
        }
        assert_eq!(limiter.check(&"ana"), Ok(()));
        assert!(limiter.peek(&"ana").unwrap_err() > Duration::from_secs(59));
        assert!(limiter.check(&"ana").is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn keys_that_came_to_rest_are_forgotten() {
        let limiter = Limiter::per_minute(60, Clock::starting_at(1e12));
        for key in 0..CHECKS_PER_SWEEP * 4 {
            limiter.check(&key).unwrap();
            tokio::time::advance(Duration::from_millis(10)).await;
        }
        assert!(limiter.keys() <= CHECKS_PER_SWEEP as usize + 100, "{}", limiter.keys());
    }
}
