//! The only place that reads a clock.
//!
//! Server time is in Unix milliseconds: read once from the system at the start, then advanced by the monotonic
//! `tokio::time::Instant`. It never jumps, clients can measure their offset to it, and tests can pause it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// The server's clock. Cheap to copy; all copies of one clock agree.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    origin: Instant,
    origin_ms: f64,
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
        Self { origin: Instant::now(), origin_ms: now_ms }
    }

    /// Now, in Unix milliseconds with a fraction.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads a clock")]
    pub fn now_ms_f64(&self) -> f64 {
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

    /// The instant at which this clock shows `at_ms`, to sleep until. It may lie in the past.
    #[expect(clippy::cast_precision_loss, reason = "Unix milliseconds stay below 2^53 for 285,000 years")]
    pub fn instant_at(&self, at_ms: i64) -> Instant {
        let after_origin_ms = at_ms as f64 - self.origin_ms;
        self.origin + Duration::from_secs_f64(after_origin_ms.max(0.0) / 1e3)
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

    #[test]
    fn a_wait_is_rounded_up_to_a_unit_that_people_use() {
        let words: Vec<_> = [0, 1, 90, 300, 19_000].map(|seconds| in_words(Duration::from_secs(seconds))).into();
        assert_eq!(words, ["a second", "a second", "90 seconds", "5 minutes", "6 hours"]);
    }
}
