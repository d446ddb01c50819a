//! The program's clock: nanoseconds since the first reading.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

static START: OnceLock<Instant> = OnceLock::new();

/// Nanoseconds since the first call.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
pub(crate) fn now_ns() -> u64 {
    let start = START.get_or_init(Instant::now);
    u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

/// Seconds since an earlier reading.
pub(crate) fn seconds_since(earlier_ns: u64) -> f64 {
    seconds(now_ns().saturating_sub(earlier_ns))
}

/// Nanoseconds as seconds.
pub(crate) fn seconds(ns: u64) -> f64 {
    Duration::from_nanos(ns).as_secs_f64()
}

/// A duration in nanoseconds.
pub(crate) fn ns(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// A reading in milliseconds.
pub(crate) fn ms(ns: u64) -> f64 {
    ns as f64 / 1e6
}

/// Nanoseconds since an earlier reading in milliseconds.
pub(crate) fn ns_since(earlier_ms: f64) -> u64 {
    ns(Duration::from_secs_f64((ms(now_ns()) - earlier_ms).max(0.0) / 1e3))
}

/// Waits while a measurement goes on. Not for events that can be awaited.
pub(crate) async fn pass(time: Duration) {
    tokio::time::sleep(time).await;
}
