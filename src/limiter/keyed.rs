//! One rate limit per key, in bounded memory.

use std::hash::Hash;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use dashmap::DashMap;

use super::{Gcra, Rate, RateLimited};
use crate::clock::Clock;

/// Permits between two sweeps. A sweep removes the keys whose full burst is available again, so the limiter holds the
/// keys of one burst's time and at most this many more.
const PERMITS_PER_SWEEP: u32 = 1024;

/// Gives every key the same rate.
#[derive(Debug)]
pub struct Limiter<K: Hash + Eq + Clone> {
    limits: DashMap<K, Gcra>,
    rate: Rate,
    clock: Clock,
    permits: AtomicU32,
}

impl<K: Hash + Eq + Clone> Limiter<K> {
    /// See [`Rate::per_minute`].
    pub fn per_minute(permits: u32, clock: Clock) -> Self {
        Self::new(Rate::per_minute(permits), clock)
    }

    /// Gives every key `rate`.
    pub fn new(rate: Rate, clock: Clock) -> Self {
        Self { limits: DashMap::new(), rate, clock, permits: AtomicU32::new(0) }
    }

    /// Takes a permit for `key`.
    pub fn check(&self, key: &K) -> Result<(), RateLimited> {
        self.reserve(key, Duration::ZERO).map(drop)
    }

    /// Takes a permit for `key` and returns how long the caller must wait before using it. Takes none if that exceeds
    /// `wait_max`.
    pub fn reserve(&self, key: &K, wait_max: Duration) -> Result<Duration, RateLimited> {
        let now = self.now();
        if self.permits.fetch_add(1, Ordering::Relaxed) % PERMITS_PER_SWEEP == PERMITS_PER_SWEEP - 1 {
            self.limits.retain(|_, limit| !limit.is_full(now));
        }
        self.limits.entry(key.clone()).or_default().reserve(self.rate, now, wait_max)
    }

    /// Whether a permit is available, for limits that count failures only. Takes none: concurrent callers may all pass.
    pub fn peek(&self, key: &K) -> Result<(), RateLimited> {
        self.limits.get(key).map_or(Ok(()), |limit| limit.peek(self.rate, self.now()))
    }

    /// Returns a permit to `key`. Reservations already made keep their times.
    pub fn give_back(&self, key: &K) {
        if let Some(mut limit) = self.limits.get_mut(key) {
            limit.give_back(self.rate);
        }
    }

    fn now(&self) -> Duration {
        Duration::from_secs_f64(self.clock.now_ms_f64() / 1e3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NO_WAIT: Duration = Duration::ZERO;
    const WAIT: Duration = Duration::from_secs(5);

    fn limiter(permits: u32) -> Limiter<&'static str> {
        Limiter::per_minute(permits, Clock::starting_at(1e12))
    }

    fn at_once(limiter: &Limiter<&'static str>, key: &'static str) -> usize {
        (0..1000).take_while(|_| limiter.reserve(&key, NO_WAIT).is_ok()).count()
    }

    fn in_seconds(wait: Result<Duration, RateLimited>) -> Option<f64> {
        wait.ok().map(|wait| (wait.as_secs_f64() * 100.0).round() / 100.0)
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_passes_and_then_an_even_flow() {
        let limiter = limiter(3);
        for _ in 0..3 {
            assert_eq!(limiter.check(&"ana"), Ok(()));
        }
        let RateLimited { retry_after } = limiter.check(&"ana").unwrap_err();
        assert!(retry_after > Duration::from_secs(19) && retry_after <= Duration::from_secs(20), "{retry_after:?}");
        assert_eq!(limiter.check(&"ben"), Ok(()), "keys are independent");
        tokio::time::advance(retry_after).await;
        assert_eq!(limiter.check(&"ana"), Ok(()));
        assert!(limiter.check(&"ana").is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn peeking_takes_nothing() {
        let limiter = limiter(1);
        for _ in 0..3 {
            assert_eq!(limiter.peek(&"ana"), Ok(()));
        }
        assert!(limiter.limits.is_empty(), "and remembers no key");
        assert_eq!(limiter.check(&"ana"), Ok(()));
        assert!(limiter.peek(&"ana").unwrap_err().retry_after > Duration::from_secs(59));
        assert!(limiter.check(&"ana").is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn reservations_past_the_burst_wait_their_turn() {
        let limiter = limiter(30);
        assert_eq!(at_once(&limiter, "kitchen"), 30);
        let waits = [0; 4].map(|_| in_seconds(limiter.reserve(&"kitchen", WAIT)));
        assert_eq!(waits, [Some(2.0), Some(4.0), None, None], "longer waits are refused");
        assert_eq!(at_once(&limiter, "garden"), 30, "keys are independent");

        tokio::time::advance(Duration::from_secs(2)).await;
        assert_eq!(in_seconds(limiter.reserve(&"kitchen", WAIT)), Some(4.0), "refused reservations took nothing");
        tokio::time::advance(Duration::from_mins(2)).await;
        assert_eq!(at_once(&limiter, "kitchen"), 30);
    }

    #[tokio::test(start_paused = true)]
    async fn a_permit_given_back_was_never_taken() {
        let limiter = limiter(3);
        for _ in 0..100 {
            assert_eq!(limiter.reserve(&"kitchen", NO_WAIT), Ok(NO_WAIT));
            limiter.give_back(&"kitchen");
        }
        assert_eq!(at_once(&limiter, "kitchen"), 3);
        limiter.give_back(&"kitchen");
        assert_eq!(at_once(&limiter, "kitchen"), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn giving_back_never_exceeds_the_burst() {
        let limiter = limiter(3);
        assert_eq!(limiter.reserve(&"kitchen", NO_WAIT), Ok(NO_WAIT));
        tokio::time::advance(Duration::from_hours(1)).await;
        limiter.give_back(&"kitchen");
        assert_eq!(at_once(&limiter, "kitchen"), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn keys_at_rest_are_removed() {
        let limiter = Limiter::per_minute(60, Clock::starting_at(1e12));
        for key in 0..PERMITS_PER_SWEEP * 4 {
            limiter.check(&key).unwrap();
            tokio::time::advance(Duration::from_millis(10)).await;
        }
        assert!(limiter.limits.len() <= PERMITS_PER_SWEEP as usize + 100, "{}", limiter.limits.len());
    }
}
