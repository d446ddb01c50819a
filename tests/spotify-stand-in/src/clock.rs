//! The only place that reads a clock.
//!
//! Codes, tokens, grants and players take the time as an argument. A test advances the clock instead of waiting.
//! Latency uses the runtime's clock.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// Unix milliseconds that follow the runtime's clock, which tests can pause, plus what a test added.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    origin: Instant,
    origin_ms: i64,
}

impl Clock {
    /// Starts from the system's time.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads a clock")]
    pub(crate) fn system() -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { origin: Instant::now(), origin_ms: whole_ms(since_epoch) }
    }

    /// Now, in Unix milliseconds.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads a clock")]
    pub(crate) fn now_ms(&self) -> i64 {
        self.origin_ms.saturating_add(whole_ms(Instant::now().duration_since(self.origin)))
    }

    /// Advances the clock.
    pub(crate) fn advance(&mut self, by: Duration) {
        self.origin_ms = self.origin_ms.saturating_add(whole_ms(by));
    }
}

/// A duration in whole milliseconds, saturating.
pub(crate) fn whole_ms(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
