//! The generic cell rate algorithm. Times are durations since any fixed epoch; here, the Unix epoch.

use std::time::Duration;

/// One permit each `interval` in the long run, and a burst of several at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    interval: Duration,
    /// How far the schedule may run ahead: the burst but its first permit.
    tolerance: Duration,
}

impl Rate {
    /// `permits` a minute, and as many at once; 0 counts as 1.
    pub fn per_minute(permits: u32) -> Self {
        Self::new(permits, Duration::from_mins(1), 1)
    }

    /// `permits` a day, and as many at once; 0 counts as 1.
    pub fn per_day(permits: u32) -> Self {
        Self::new(permits, Duration::from_hours(24), 1)
    }

    /// `permits` a second, and `burst_seconds` times as many at once; 0 counts as 1.
    pub fn per_second(permits: u32, burst_seconds: u32) -> Self {
        Self::new(permits, Duration::from_secs(1), burst_seconds)
    }

    fn new(permits: u32, period: Duration, burst_periods: u32) -> Self {
        let permits = permits.max(1);
        // Rounded up: the rate is never exceeded.
        let interval = Duration::from_nanos_u128(period.as_nanos().div_ceil(u128::from(permits)));
        let burst = permits.saturating_mul(burst_periods.max(1));
        Self { interval, tolerance: interval * (burst - 1) }
    }
}

/// The rate is exceeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("rate limit exceeded, retry after {retry_after:?}")]
pub struct RateLimited {
    /// When the next permit is available.
    pub retry_after: Duration,
}

/// The state of one rate limit. New ones have their full burst.
#[derive(Clone, Copy, Debug, Default)]
pub struct Gcra {
    /// The theoretical arrival time: when the permits taken so far would be used up at the exact rate.
    scheduled: Duration,
}

impl Gcra {
    /// Takes a permit.
    pub fn take(&mut self, rate: Rate, now: Duration) -> Result<(), RateLimited> {
        self.reserve(rate, now, Duration::ZERO).map(drop)
    }

    /// Takes a permit and returns how long the caller must wait before using it. Takes none if that exceeds `wait_max`.
    pub fn reserve(&mut self, rate: Rate, now: Duration, wait_max: Duration) -> Result<Duration, RateLimited> {
        let wait = self.wait(rate, now);
        if wait > wait_max {
            return Err(RateLimited { retry_after: wait });
        }
        self.scheduled = self.scheduled.max(now) + rate.interval;
        Ok(wait)
    }

    /// Whether a permit is available. Takes none.
    pub fn peek(&self, rate: Rate, now: Duration) -> Result<(), RateLimited> {
        match self.wait(rate, now) {
            Duration::ZERO => Ok(()),
            retry_after => Err(RateLimited { retry_after }),
        }
    }

    /// Returns a permit for the next caller. Reservations already made keep their times.
    pub fn give_back(&mut self, rate: Rate) {
        self.scheduled = self.scheduled.saturating_sub(rate.interval);
    }

    /// Whether the full burst is available, as in a new state.
    pub fn is_full(&self, now: Duration) -> bool {
        self.scheduled <= now
    }

    fn wait(&self, rate: Rate, now: Duration) -> Duration {
        self.scheduled.saturating_sub(now + rate.tolerance)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn a_burst_passes_and_then_the_rate() {
        let (mut gcra, rate) = (Gcra::default(), Rate::per_second(10, 5));
        let mut taken_at = |now| (0..100).filter(|_| gcra.take(rate, now).is_ok()).count();
        assert_eq!(taken_at(ms(0)), 50);
        assert_eq!(taken_at(ms(1_000)), 10);
        assert_eq!(taken_at(ms(3_600_000)), 50);
    }

    #[test]
    fn the_state_of_a_limit_is_sixteen_bytes() {
        assert_eq!(size_of::<Gcra>(), 16);
    }

    proptest! {
        /// Tries arrive after arbitrary pauses and wait for at most `wait_max`. Over any span of time no more are used
        /// than a burst and the rate over that span; and a refused try was told the exact time from which it would
        /// pass.
        #[test]
        fn no_span_has_more_than_a_burst_and_its_rate(
            permits in 1_u32..100,
            burst_seconds in 1_u32..6,
            wait_max in (0_u64..2_000).prop_map(ms),
            pauses in prop::collection::vec(prop_oneof![Just(0_u64), 0..50_u64, 0..20_000_u64], 1..100),
        ) {
            let (mut gcra, rate) = (Gcra::default(), Rate::per_second(permits, burst_seconds));
            let (mut now, mut used_at) = (ms(1_700_000_000_000), Vec::new());
            for pause in pauses {
                now += ms(pause);
                let before = gcra;
                match gcra.reserve(rate, now, wait_max) {
                    Ok(wait) => used_at.push(now + wait),
                    Err(RateLimited { retry_after }) => {
                        prop_assert!(retry_after > wait_max);
                        prop_assert_eq!(gcra.scheduled, before.scheduled, "a refused try takes nothing");
                        prop_assert!(before.peek(rate, now + retry_after).is_ok());
                        let just_before = (now + retry_after).saturating_sub(Duration::from_nanos(1));
                        prop_assert!(before.peek(rate, just_before).is_err());
                    }
                }
            }
            let burst = u128::from(permits * burst_seconds);
            for (first, from) in used_at.iter().enumerate() {
                for (last, until) in used_at.iter().enumerate().skip(first) {
                    let span = until.saturating_sub(*from);
                    let allowed = burst + span.as_nanos() * u128::from(permits) / 1_000_000_000;
                    prop_assert!((last - first + 1) as u128 <= allowed, "{} in {span:?}", last - first + 1);
                }
            }
        }

        /// Whatever happened before, after a burst's time the full burst is available again, and no more than that.
        #[test]
        fn the_full_burst_returns(permits in 1_u32..100, taken in 0_u32..200, given_back in 0_u32..200) {
            let (mut gcra, rate) = (Gcra::default(), Rate::per_minute(permits));
            let now = ms(1_700_000_000_000);
            for _ in 0..taken {
                let _ = gcra.take(rate, now);
            }
            for _ in 0..given_back {
                gcra.give_back(rate);
            }
            let later = now + rate.interval * permits;
            prop_assert!(gcra.is_full(later));
            prop_assert_eq!((0..200).filter(|_| gcra.take(rate, later).is_ok()).count(), permits as usize);
        }
    }
}
