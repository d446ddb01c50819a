//! A limit that slows down instead of locking out: so many tries at once, and the rest one by one, each at its turn.
//!
//! The generic cell rate algorithm as a virtual schedule (ITU-T I.371), with two things that `governor` does not have: a
//! turn can be taken ahead of its time, and given back.

use std::hash::Hash;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use dashmap::DashMap;

use crate::clock::Clock;

/// After this many turns the keys that are back at their full allowance are forgotten.
const TURNS_PER_SWEEP: u32 = 1024;

/// Gives each key so many turns a minute, evenly, with a burst of the same size.
#[derive(Debug)]
pub struct Turnstile<K: Hash + Eq> {
    /// Until when each key's turns are given away, in Unix milliseconds, as if there were no burst.
    scheduled_ms: DashMap<K, f64>,
    interval_ms: f64,
    burst_ms: f64,
    clock: Clock,
    turns: AtomicU32,
}

impl<K: Hash + Eq> Turnstile<K> {
    /// So many a minute; 0 counts as 1.
    pub(super) fn per_minute(allowed: u32, clock: Clock) -> Self {
        let interval_ms = 60_000.0 / f64::from(allowed.max(1));
        let burst_ms = 60_000.0 - interval_ms;
        Self { scheduled_ms: DashMap::new(), interval_ms, burst_ms, clock, turns: AtomicU32::new(0) }
    }

    /// Takes the next turn and says in what time it comes; `None`, and nothing is taken, when that is later than in
    /// `wait_max`. Whoever takes a turn waits for it.
    pub(super) fn take(&self, key: K, wait_max: Duration) -> Option<Duration> {
        let now_ms = self.clock.now_ms_f64();
        if self.turns.fetch_add(1, Ordering::Relaxed) % TURNS_PER_SWEEP == TURNS_PER_SWEEP - 1 {
            self.scheduled_ms.retain(|_, scheduled_ms| *scheduled_ms > now_ms);
        }
        let mut scheduled_ms = self.scheduled_ms.entry(key).or_insert(now_ms);
        let turn_ms = scheduled_ms.max(now_ms);
        let wait = Duration::from_secs_f64((turn_ms - self.burst_ms - now_ms).max(0.0) / 1e3);
        (wait <= wait_max).then(|| {
            *scheduled_ms = turn_ms + self.interval_ms;
            wait
        })
    }

    /// Gives a turn back, for whoever comes next. Those who wait already keep their times.
    pub(super) fn give_back(&self, key: &K) {
        if let Some(mut scheduled_ms) = self.scheduled_ms.get_mut(key) {
            *scheduled_ms -= self.interval_ms;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NO_WAIT: Duration = Duration::ZERO;
    const WAIT: Duration = Duration::from_secs(5);

    fn at_once(turnstile: &Turnstile<&'static str>, key: &'static str) -> usize {
        (0..1000).take_while(|_| turnstile.take(key, NO_WAIT).is_some()).count()
    }

    fn in_seconds(wait: Option<Duration>) -> Option<f64> {
        wait.map(|wait| (wait.as_secs_f64() * 100.0).round() / 100.0)
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_passes_and_then_one_by_one() {
        let turnstile = Turnstile::per_minute(30, Clock::starting_at(1e12));
        assert_eq!(at_once(&turnstile, "kitchen"), 30);
        let waits = [0; 4].map(|_| in_seconds(turnstile.take("kitchen", WAIT)));
        assert_eq!(waits, [Some(2.0), Some(4.0), None, None], "and past the bound nobody waits");
        assert_eq!(at_once(&turnstile, "garden"), 30, "another room is another matter");

        tokio::time::advance(Duration::from_secs(2)).await;
        assert_eq!(in_seconds(turnstile.take("kitchen", WAIT)), Some(4.0), "the refused ones took nothing");
        tokio::time::advance(Duration::from_mins(2)).await;
        assert_eq!(at_once(&turnstile, "kitchen"), 30);
    }

    #[tokio::test(start_paused = true)]
    async fn who_gives_back_has_taken_nothing() {
        let turnstile = Turnstile::per_minute(3, Clock::starting_at(1e12));
        for _ in 0..100 {
            assert_eq!(turnstile.take("kitchen", NO_WAIT), Some(NO_WAIT));
            turnstile.give_back(&"kitchen");
        }
        assert_eq!(at_once(&turnstile, "kitchen"), 3);
        turnstile.give_back(&"kitchen");
        assert_eq!(at_once(&turnstile, "kitchen"), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn giving_back_saves_nothing_up() {
        let turnstile = Turnstile::per_minute(3, Clock::starting_at(1e12));
        assert_eq!(turnstile.take("kitchen", NO_WAIT), Some(NO_WAIT));
        tokio::time::advance(Duration::from_hours(1)).await;
        turnstile.give_back(&"kitchen");
        assert_eq!(at_once(&turnstile, "kitchen"), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn keys_that_came_to_rest_are_forgotten() {
        let turnstile = Turnstile::per_minute(60, Clock::starting_at(1e12));
        for key in 0..TURNS_PER_SWEEP * 4 {
            assert!(turnstile.take(key, NO_WAIT).is_some());
            tokio::time::advance(Duration::from_millis(10)).await;
        }
        assert!(turnstile.scheduled_ms.len() <= TURNS_PER_SWEEP as usize + 100, "{}", turnstile.scheduled_ms.len());
    }
}
