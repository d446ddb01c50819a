//! The only place that reads a clock.
//!
//! Server time is in Unix milliseconds: read once from the system at the start, then advanced by the monotonic
//! `tokio::time::Instant`. It never jumps, clients can measure their offset to it, and tests can pause it. Servers of a
//! cluster steer it towards one time ([`Steering`]).

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;
use tokio::time::Instant;

/// The server's clock. Cheap to copy; all copies of one clock agree.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    origin: Instant,
    origin_ms: f64,
    steering: Option<&'static Steering>,
}

impl Clock {
    /// Starts from the system's time.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads a clock")]
    pub fn system() -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self::starting_at(since_epoch.as_secs_f64() * 1e3)
    }

    /// Starts from a given time, for tests.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads a clock")]
    pub fn starting_at(now_ms: f64) -> Self {
        Self { origin: Instant::now(), origin_ms: now_ms, steering: None }
    }

    /// The same clock, adjusted from now on as the steering says.
    #[must_use]
    pub fn steered(self, steering: &'static Steering) -> Self {
        Self { steering: Some(steering), ..self }
    }

    /// Now, in Unix milliseconds with a fraction.
    pub fn now_ms_f64(&self) -> f64 {
        let own_ms = self.own_ms_f64();
        match self.steering {
            None => own_ms,
            Some(steering) => own_ms + steering.adjustment().at(own_ms),
        }
    }

    /// Now, before it is adjusted.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads a clock")]
    pub fn own_ms_f64(&self) -> f64 {
        self.origin_ms + Instant::now().duration_since(self.origin).as_secs_f64() * 1e3
    }

    /// Now, in whole Unix milliseconds.
    pub fn now_ms(&self) -> i64 {
        whole_ms(self.now_ms_f64())
    }

    /// The system's time now, in Unix milliseconds. It may have been set since this clock started.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads a clock")]
    pub fn system_ms(&self) -> i64 {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, ms)
    }

    /// The instant at which this clock shows `at_ms`, to sleep until. It may lie in the past. Of a steered clock, it is where
    /// the steering leads now.
    #[expect(clippy::cast_precision_loss, reason = "Unix milliseconds stay below 2^53 for 285,000 years")]
    pub fn instant_at(&self, at_ms: i64) -> Instant {
        let at_ms = at_ms as f64;
        let own_ms = self.steering.map_or(at_ms, |steering| steering.adjustment().own_ms_when_showing(at_ms));
        let after_origin_ms = own_ms - self.origin_ms;
        self.origin + Duration::from_secs_f64(after_origin_ms.max(0.0) / 1e3)
    }
}

/// How a clock is adjusted: `offset_ms` is added when it shows `from_ms` by itself. From then on that grows by `slew` in each
/// millisecond until `until_ms`, and by `drift` afterwards.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Adjustment {
    /// Where it begins.
    pub from_ms: f64,
    /// What is added there.
    pub offset_ms: f64,
    /// The rate at first, in ms per ms; above -1.
    pub slew: f64,
    /// Where the other rate begins; not before `from_ms`.
    pub until_ms: f64,
    /// The rate then; above -1.
    pub drift: f64,
}

impl Adjustment {
    /// One rate only.
    pub fn line(from_ms: f64, offset_ms: f64, drift: f64) -> Self {
        Self { from_ms, offset_ms, slew: drift, until_ms: from_ms, drift }
    }

    /// What is added to a clock that shows `own_ms` by itself.
    pub fn at(&self, own_ms: f64) -> f64 {
        let first_ms = own_ms.min(self.until_ms) - self.from_ms;
        self.offset_ms + self.slew * first_ms + self.drift * (own_ms - self.until_ms).max(0.0)
    }

    /// What the clock shows by itself when it shows `at_ms` adjusted.
    fn own_ms_when_showing(&self, at_ms: f64) -> f64 {
        let first_ms = (at_ms - self.from_ms - self.offset_ms) / (1.0 + self.slew);
        if self.from_ms + first_ms <= self.until_ms {
            return self.from_ms + first_ms;
        }
        self.until_ms + (at_ms - self.until_ms - self.at(self.until_ms)) / (1.0 + self.drift)
    }
}

/// The adjustment of a clock that is being used. Reading it takes no lock.
#[derive(Debug, Default)]
pub struct Steering {
    writing: Mutex<()>,
    /// Odd while the parts are written (a sequence lock).
    version: AtomicU64,
    parts: [AtomicU64; 5],
}

impl Steering {
    /// Replaces the adjustment.
    pub fn set(&self, adjustment: Adjustment) {
        let Adjustment { from_ms, offset_ms, slew, until_ms, drift } = adjustment;
        let _one_writer = self.writing.lock();
        self.version.fetch_add(1, Ordering::AcqRel);
        for (part, value) in self.parts.iter().zip([from_ms, offset_ms, slew, until_ms, drift]) {
            part.store(value.to_bits(), Ordering::Release);
        }
        self.version.fetch_add(1, Ordering::Release);
    }

    /// The adjustment. Waits while it is being replaced, for nanoseconds.
    pub fn adjustment(&self) -> Adjustment {
        loop {
            let before = self.version.load(Ordering::Acquire);
            let [from_ms, offset_ms, slew, until_ms, drift] =
                self.parts.each_ref().map(|part| f64::from_bits(part.load(Ordering::Acquire)));
            if before.is_multiple_of(2) && self.version.load(Ordering::Acquire) == before {
                return Adjustment { from_ms, offset_ms, slew, until_ms, drift };
            }
            std::hint::spin_loop();
        }
    }
}

/// A duration in whole milliseconds; saturates.
pub fn ms(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// A wait in words, rounded up: `90 seconds`, `5 minutes`, `6 hours`.
pub fn in_words(wait: Duration) -> String {
    match wait.as_secs() {
        0 | 1 => "a second".to_owned(),
        seconds @ 2..120 => format!("{seconds} seconds"),
        seconds @ 120..7200 => format!("{} minutes", seconds.div_ceil(60)),
        seconds => format!("{} hours", seconds.div_ceil(3600)),
    }
}

/// Unix milliseconds without their fraction.
#[expect(clippy::cast_possible_truncation, reason = "Unix milliseconds fit an i64 for 292 million years")]
pub fn whole_ms(at_ms: f64) -> i64 {
    at_ms as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shows 1,000 at 500 by itself, is slewed by a tenth until 600, and drifts by a hundredth then.
    const ADJUSTMENT: Adjustment =
        Adjustment { from_ms: 500.0, offset_ms: 500.0, slew: 0.1, until_ms: 600.0, drift: 0.01 };

    #[test]
    fn an_adjustment_leads_there_and_back() {
        for (own_ms, added_ms) in [(500.0, 500.0), (550.0, 505.0), (600.0, 510.0), (700.0, 511.0), (1_600.0, 520.0)] {
            assert!((ADJUSTMENT.at(own_ms) - added_ms).abs() < 1e-9, "at {own_ms}");
            let back_ms = ADJUSTMENT.own_ms_when_showing(own_ms + added_ms);
            assert!((back_ms - own_ms).abs() < 1e-9, "{back_ms} at {own_ms}");
        }
        assert!(Adjustment::default().at(1e12).abs() < 1e-9);
    }

    #[tokio::test(start_paused = true)]
    async fn a_steered_clock_is_adjusted_and_sleeps_accordingly() {
        let steering: &'static Steering = Box::leak(Box::default());
        let clock = Clock::starting_at(500.0);
        let steered = clock.steered(steering);
        assert_eq!((steered.now_ms(), steered.instant_at(700)), (500, clock.instant_at(700)));
        steering.set(ADJUSTMENT);
        assert_eq!((steered.now_ms(), clock.now_ms()), (1_000, 500));
        tokio::time::sleep_until(steered.instant_at(1_110)).await;
        assert_eq!((steered.now_ms(), clock.now_ms()), (1_110, 600));
    }

    #[test]
    fn an_adjustment_is_read_whole_while_it_is_replaced() {
        let steering = Steering::default();
        let of = |number: i32| {
            let value = f64::from(number);
            Adjustment { from_ms: value, offset_ms: value, slew: value, until_ms: value, drift: value }
        };
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for number in 0..50_000 {
                    steering.set(of(number));
                }
            });
            for _ in 0..50_000 {
                let Adjustment { from_ms, offset_ms, slew, until_ms, drift } = steering.adjustment();
                let parts = [offset_ms, slew, until_ms, drift].map(f64::to_bits);
                assert_eq!(parts, [from_ms.to_bits(); 4]);
            }
        });
    }

    #[test]
    fn a_wait_is_rounded_up_to_a_unit_that_people_use() {
        let words: Vec<_> = [0, 1, 90, 300, 19_000].map(|seconds| in_words(Duration::from_secs(seconds))).into();
        assert_eq!(words, ["a second", "a second", "90 seconds", "5 minutes", "6 hours"]);
    }
}
