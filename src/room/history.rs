//! Recent events of a room, so that reconnecting clients can resume. Bounded by count, bytes and age.

use std::collections::VecDeque;

use crate::clock::ms;
use crate::limits::{HISTORY_BYTES_MAX, HISTORY_EVENTS_MAX, RESUME_WINDOW};

/// Contiguous recent events, as JSON.
#[derive(Debug, Default)]
pub(super) struct History {
    batches: VecDeque<Batch>,
    events: usize,
    bytes: usize,
}

#[derive(Debug)]
struct Batch {
    first: u64,
    last: u64,
    at_ms: i64,
    /// A JSON array.
    events: Box<str>,
}

impl Batch {
    fn len(&self) -> usize {
        usize::try_from(self.last - self.first + 1).unwrap_or(usize::MAX)
    }
}

impl History {
    /// Adds the batch whose last event has offset `last`. Ignores a batch without events, as forgetting a member leaves
    /// behind.
    pub(super) fn push(&mut self, last: u64, events_count: u64, at_ms: i64, events: &str) {
        if events_count == 0 {
            return;
        }
        let first = last + 1 - events_count;
        if self.batches.back().is_some_and(|newest| newest.last + 1 != first) {
            *self = Self::default();
        }
        let batch = Batch { first, last, at_ms, events: events.into() };
        self.events += batch.len();
        self.bytes += batch.events.len();
        self.batches.push_back(batch);
        let keep_from_ms = at_ms - ms(RESUME_WINDOW);
        while self.events > HISTORY_EVENTS_MAX
            || self.bytes > HISTORY_BYTES_MAX
            || self.batches.front().is_some_and(|oldest| oldest.at_ms < keep_from_ms)
        {
            let Some(oldest) = self.batches.pop_front() else { return };
            self.events -= oldest.len();
            self.bytes -= oldest.events.len();
        }
    }

    /// All events after `offset` as one JSON array; `None` when some are no longer kept, or when `offset` lies inside a
    /// batch, a position that was never sent.
    pub(super) fn since(&self, offset: u64) -> Option<String> {
        let top = self.batches.back().map(|newest| newest.last)?;
        if offset == top {
            return Some("[]".into());
        }
        let start = self.batches.iter().position(|batch| batch.first == offset + 1)?;
        let missed: Vec<&str> =
            self.batches.iter().skip(start).map(|batch| &batch.events[1..batch.events.len() - 1]).collect();
        Some(format!("[{}]", missed.join(",")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(batches: &[(u64, u64, &str)]) -> History {
        let mut history = History::default();
        for (last, count, events) in batches {
            history.push(*last, *count, 0, events);
        }
        history
    }

    #[test]
    fn missed_events_are_one_array() {
        let history = history(&[(2, 2, "[1,2]"), (3, 1, "[3]"), (5, 2, "[4,5]")]);
        assert_eq!(history.since(2).as_deref(), Some("[3,4,5]"));
        assert_eq!(history.since(0).as_deref(), Some("[1,2,3,4,5]"));
        assert_eq!(history.since(5).as_deref(), Some("[]"));
    }

    #[test]
    fn offsets_that_are_not_kept_or_were_never_sent_do_not_resume() {
        let history = history(&[(12, 2, "[1,2]"), (13, 1, "[3]")]);
        for offset in [0, 9, 11, 14, u64::MAX - 1] {
            assert_eq!(history.since(offset), None, "{offset}");
        }
        assert_eq!(History::default().since(0), None);
    }

    #[test]
    fn batches_without_events_are_ignored() {
        let history = history(&[(2, 0, "[]"), (5, 0, "[]"), (7, 1, "[7]")]);
        assert_eq!(history.since(6).as_deref(), Some("[7]"));
        assert_eq!((history.since(5), history.since(2)), (None, None));
    }

    #[test]
    fn a_gap_clears_the_history() {
        let history = history(&[(2, 2, "[1,2]"), (4, 1, "[4]")]);
        assert_eq!(history.since(2), None);
        assert_eq!(history.since(3).as_deref(), Some("[4]"));
    }

    #[test]
    fn old_events_are_dropped_by_count_bytes_and_age() {
        let mut history = History::default();
        for offset in 1..=HISTORY_EVENTS_MAX as u64 + 10 {
            history.push(offset, 1, 0, "[0]");
        }
        assert_eq!(history.since(9), None);
        assert!(history.since(10).is_some());

        let mut history = History::default();
        let large = format!("[\"{}\"]", "x".repeat(HISTORY_BYTES_MAX / 2));
        for offset in 1..=3 {
            history.push(offset, 1, 0, &large);
        }
        assert_eq!(history.since(1), None);
        assert!(history.since(2).is_some());

        let mut history = History::default();
        history.push(1, 1, 0, "[0]");
        history.push(2, 1, ms(RESUME_WINDOW) + 1, "[0]");
        assert_eq!(history.since(0), None);
        assert!(history.since(1).is_some());
    }
}
