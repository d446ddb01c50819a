//! Counts panics. They end one task, and the log has them; the count is what an operator is alerted by.

use std::panic;
use std::sync::atomic::{AtomicU64, Ordering};

static COUNT: AtomicU64 = AtomicU64::new(0);

/// Counts panics from here on, besides what happens at one anyway. Call it once per process.
pub(super) fn start_counting() {
    let report = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        COUNT.fetch_add(1, Ordering::Relaxed);
        report(info);
    }));
}

/// Panics of this process so far. Those of parsers, which are caught, are among them.
pub(super) fn count() -> u64 {
    COUNT.load(Ordering::Relaxed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_that_is_caught_is_counted() {
        start_counting();
        let before = count();
        panic::catch_unwind(|| panic!("for this test")).unwrap_err();
        assert!(count() > before);
    }
}
