//! The results of runs as named figures, stored unaggregated so that any table can be made of them later.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use crate::target::Target;

/// Latencies from a microsecond to a minute, with three significant digits.
const LOWEST_NS: u64 = 1_000;
const HIGHEST_NS: u64 = 60_000_000_000;

/// Figures of one run, by name; the unit is the last part of the name.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(transparent)]
pub(crate) struct Figures(pub(crate) BTreeMap<String, f64>);

/// One run of one scenario against one server.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Run {
    /// The stable name of the scenario.
    pub(crate) scenario: String,
    /// Its size, for tables.
    pub(crate) shape: String,
    /// The server.
    pub(crate) target: Target,
    /// Runs of the same round follow each other directly and can be compared.
    pub(crate) round: usize,
    /// The measurements.
    pub(crate) figures: Figures,
    /// Reasons to doubt the run: lost deliveries, a generator at its limit.
    pub(crate) doubts: Vec<String>,
}

impl Run {
    /// A run without scenario and round, which the suite sets.
    pub(crate) fn new(shape: String, target: Target, figures: Figures, mut doubts: Vec<String>) -> Self {
        doubts.dedup();
        Self { scenario: String::new(), shape, target, round: 0, figures, doubts }
    }
}

impl Figures {
    /// Adds a figure.
    pub(crate) fn set(&mut self, name: impl Into<String>, value: f64) {
        self.0.insert(name.into(), value);
    }

    /// A figure by name.
    pub(crate) fn get(&self, name: &str) -> Option<f64> {
        self.0.get(name).copied()
    }

    /// Adds quantiles of a distribution in milliseconds.
    pub(crate) fn set_latencies(&mut self, name: &str, latencies: &Latencies) {
        for (quantile, label) in [(0.5, "p50"), (0.99, "p99"), (0.999, "p999"), (1.0, "max")] {
            self.set(format!("{name}_{label}_ms"), latencies.quantile_ms(quantile));
        }
    }
}

/// Latencies, each counted from when its cause was *due*, not from when it was sent: otherwise a stalled server would
/// get fewer requests and look better (coordinated omission).
#[derive(Clone, Debug)]
pub(crate) struct Latencies(Histogram<u64>);

impl Default for Latencies {
    fn default() -> Self {
        Self(Histogram::new_with_bounds(LOWEST_NS, HIGHEST_NS, 3).expect("the bounds are in order"))
    }
}

impl Latencies {
    /// Adds a latency.
    pub(crate) fn record(&mut self, latency_ns: u64) {
        self.0.saturating_record(latency_ns);
    }

    /// A quantile in milliseconds.
    #[expect(clippy::cast_precision_loss, reason = "a minute in nanoseconds is exact")]
    pub(crate) fn quantile_ms(&self, quantile: f64) -> f64 {
        if self.0.is_empty() { f64::NAN } else { self.0.value_at_quantile(quantile) as f64 / 1e6 }
    }
}

/// Median and range of a figure over several runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
}

impl Spread {
    /// The spread of the finite values; `None` without any.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.into_iter().filter(|value| value.is_finite()).collect();
        values.sort_by(f64::total_cmp);
        let (low, high) = (*values.first()?, *values.last()?);
        let middle = values.len() / 2;
        let median = if values.len().is_multiple_of(2) {
            f64::midpoint(values[middle - 1], values[middle])
        } else {
            values[middle]
        };
        Some(Self { median, low, high })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_count_is_the_midpoint() {
        let spread = |values: &[f64]| Spread::of(values.iter().copied());
        assert_eq!(spread(&[]), None);
        assert_eq!(spread(&[f64::NAN]), None);
        assert_eq!(spread(&[3.0]), Some(Spread { median: 3.0, low: 3.0, high: 3.0 }));
        assert_eq!(spread(&[4.0, 1.0, 2.0, 9.0]), Some(Spread { median: 3.0, low: 1.0, high: 9.0 }));
        assert_eq!(spread(&[5.0, 1.0, 2.0]), Some(Spread { median: 2.0, low: 1.0, high: 5.0 }));
    }

    #[test]
    fn quantiles_are_in_milliseconds() {
        let mut latencies = Latencies::default();
        (1..=1_000).for_each(|ms| latencies.record(ms * 1_000_000));
        assert!((latencies.quantile_ms(0.5) - 500.0).abs() < 1.0);
        assert!((latencies.quantile_ms(0.99) - 990.0).abs() < 1.0);
        assert!(Latencies::default().quantile_ms(0.5).is_nan());
    }
}
