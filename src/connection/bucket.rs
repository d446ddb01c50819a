//! A token bucket: so many at once, so many a second. Sixteen bytes, because every connection has two of them.

/// Allows `per_second` on average and five times as many at once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bucket {
    per_second: u32,
    tokens: f32,
    filled_at_ms: i64,
}

const BURST_SECONDS: u32 = 5;

impl Bucket {
    pub(super) fn full(per_second: u32, now_ms: i64) -> Self {
        Self { per_second, tokens: burst(per_second), filled_at_ms: now_ms }
    }

    /// Whether there is one left.
    #[expect(clippy::cast_precision_loss, reason = "an approximate rate is all a limit needs")]
    pub(super) fn take(&mut self, now_ms: i64) -> bool {
        let passed_ms = (now_ms - self.filled_at_ms).max(0) as f32;
        self.filled_at_ms = now_ms;
        self.tokens = (self.tokens + passed_ms * self.per_second as f32 / 1_000.0).min(burst(self.per_second));
        let left = self.tokens >= 1.0;
        if left {
            self.tokens -= 1.0;
        }
        left
    }
}

#[expect(clippy::cast_precision_loss, reason = "an approximate rate is all a limit needs")]
fn burst(per_second: u32) -> f32 {
    per_second.saturating_mul(BURST_SECONDS) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_then_the_rate() {
        let mut bucket = Bucket::full(10, 0);
        assert_eq!((0..100).filter(|_| bucket.take(0)).count(), 50);
        assert_eq!((0..100).filter(|_| bucket.take(1_000)).count(), 10);
        assert_eq!((0..100).filter(|_| bucket.take(3_600_000)).count(), 50);
    }
}
