//! Bounds how often a log line is written, because a client can cause some of them as often as it likes.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

use crate::clock::Clock;
use crate::limiter::{Gcra, Rate};

/// Lines a second.
const LINES_PER_SECOND: u32 = 2;
/// Lines at once, in seconds of that rate.
const BURST_SECONDS: u32 = 10;

/// Lets some log lines pass and counts the others.
#[derive(Debug)]
pub struct Throttle {
    gcra: Mutex<Gcra>,
    suppressed: AtomicU64,
    clock: Clock,
}

impl Throttle {
    /// Two lines a second, and twenty at once.
    pub fn new(clock: Clock) -> Self {
        Self { gcra: Mutex::default(), suppressed: AtomicU64::new(0), clock }
    }

    /// Writes a line with `log`, which gets the number of lines that were left out before it, or leaves it out.
    pub fn log(&self, log: impl FnOnce(u64)) {
        let now = Duration::from_secs_f64(self.clock.now_ms_f64() / 1e3);
        if self.gcra.lock().take(Rate::per_second(LINES_PER_SECOND, BURST_SECONDS), now).is_ok() {
            log(self.suppressed.swap(0, Ordering::Relaxed));
        } else {
            self.suppressed.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn lines_beyond_the_rate_are_counted() {
        let throttle = Throttle::new(Clock::starting_at(1e12));
        let mut lines = Vec::new();
        for _ in 0..1_000 {
            throttle.log(|suppressed| lines.push(suppressed));
        }
        assert_eq!(lines, [0; 20]);
        tokio::time::advance(Duration::from_millis(500)).await;
        throttle.log(|suppressed| lines.push(suppressed));
        assert_eq!(lines.last(), Some(&980));
    }
}
