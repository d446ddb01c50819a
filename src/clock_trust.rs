//! Whether the clock is trusted enough to remove what looks old. A machine without a battery for its clock, or one whose
//! clock was set by mistake, may start months off; what is removed then is lost for good.
//!
//! The server writes the time into a file now and then. A start that continues it is trusted after an hour of running; one
//! that jumped has to run for a week, with restarts, so that an operator notices and every user who is still there has
//! been seen. While the server runs, its clock must agree with the system's.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use crate::clock::{Clock, in_words, ms};

/// How long the server must have run.
const RUNNING_MIN: Duration = Duration::from_hours(1);
/// How far ahead of the last mark a start may be: a server that was off for a weekend.
const AHEAD_MAX: Duration = Duration::from_hours(7 * 24);
/// How far behind the last mark a start may be, and how far apart the two clocks: an adjustment by time synchronisation.
const APART_MAX: Duration = Duration::from_mins(5);
/// How long a clock that jumped is not trusted.
const PROBATION: Duration = Duration::from_hours(7 * 24);

/// Judges the clock of one server.
#[derive(Debug)]
pub struct ClockTrust {
    file: PathBuf,
    clock: Clock,
    started_ms: i64,
    /// From when on the clock is trusted.
    trusted_from_ms: i64,
}

/// What the file holds: two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mark {
    /// When it was written.
    at_ms: i64,
    trusted_from_ms: i64,
}

/// Why nothing is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Distrust {
    /// The server has not run for long enough.
    #[error("the server started less than an hour ago")]
    JustStarted,
    /// The clock jumped between two starts.
    #[error("the clock jumped before this start; it is trusted again in {}", in_words(*.0))]
    Jumped(Duration),
    /// The system's clock was set since the start, or the machine slept.
    #[error("the system's clock differs from the server's by {}; a restart follows it", in_words(*.0))]
    Apart(Duration),
}

impl ClockTrust {
    /// Reads the mark of an earlier run from `file`. Without one, and when it is unreadable, the clock counts as continued.
    pub fn open(file: PathBuf, clock: Clock) -> Self {
        let mark = fs::read_to_string(&file).ok().and_then(|text| Mark::parse(&text));
        let started_ms = clock.now_ms();
        Self { file, clock, started_ms, trusted_from_ms: trusted_from_ms(started_ms, mark) }
    }

    /// Whether things may be removed now.
    pub fn check(&self) -> Result<(), Distrust> {
        let now_ms = self.clock.now_ms();
        let apart_ms = self.clock.system_ms().abs_diff(now_ms);
        let wait = |until_ms: i64| Duration::from_millis(u64::try_from(until_ms - now_ms).unwrap_or(0));
        if now_ms < self.trusted_from_ms {
            Err(Distrust::Jumped(wait(self.trusted_from_ms)))
        } else if apart_ms > ms(APART_MAX).unsigned_abs() {
            Err(Distrust::Apart(Duration::from_millis(apart_ms)))
        } else if now_ms < self.started_ms + ms(RUNNING_MIN) {
            Err(Distrust::JustStarted)
        } else {
            Ok(())
        }
    }

    /// For how long the clock has been trusted, over restarts.
    pub fn trusted_for(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.clock.now_ms().saturating_sub(self.trusted_from_ms)).unwrap_or(0))
    }

    /// Writes the time into the file.
    pub fn record(&self) {
        let mark = Mark { at_ms: self.clock.now_ms(), trusted_from_ms: self.trusted_from_ms };
        let partial = self.file.with_extension("partial");
        let written = fs::write(&partial, mark.to_text()).and_then(|()| fs::rename(&partial, &self.file));
        if let Err(error) = written {
            tracing::warn!(file = %self.file.display(), %error, "the time could not be recorded");
        }
    }
}

impl Mark {
    fn parse(text: &str) -> Option<Self> {
        let (at_ms, trusted_from_ms) = text.trim_end().split_once(' ')?;
        Some(Self { at_ms: at_ms.parse().ok()?, trusted_from_ms: trusted_from_ms.parse().ok()? })
    }

    fn to_text(self) -> String {
        format!("{} {}\n", self.at_ms, self.trusted_from_ms)
    }
}

fn trusted_from_ms(now_ms: i64, mark: Option<Mark>) -> i64 {
    let Some(mark) = mark else { return now_ms };
    let ahead_ms = now_ms.saturating_sub(mark.at_ms);
    if (-ms(APART_MAX)..=ms(AHEAD_MAX)).contains(&ahead_ms) {
        // A probation cannot be longer than it was at its start.
        mark.trusted_from_ms.min(now_ms.saturating_add(ms(PROBATION)))
    } else {
        now_ms.saturating_add(ms(PROBATION))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 24 * 3_600_000;
    const NOW: i64 = 20_000 * DAY;

    #[test]
    fn a_clock_that_goes_on_is_trusted() {
        let mark = |at_ms| Some(Mark { at_ms, trusted_from_ms: NOW - 100 * DAY });
        assert_eq!(trusted_from_ms(NOW, None), NOW);
        for before in [0, DAY, 7 * DAY, -60_000] {
            assert_eq!(trusted_from_ms(NOW, mark(NOW - before)), NOW - 100 * DAY, "{before}");
        }
    }

    #[test]
    fn a_clock_that_jumped_is_on_probation_over_restarts() {
        let start = |now_ms, at_ms, from_ms| trusted_from_ms(now_ms, Some(Mark { at_ms, trusted_from_ms: from_ms }));
        for at_ms in [NOW - 8 * DAY, NOW + DAY, NOW - 365 * DAY, i64::MIN, i64::MAX] {
            assert_eq!(start(NOW, at_ms, NOW - 100 * DAY), NOW + 7 * DAY, "{at_ms}");
        }
        let from_ms = start(NOW, NOW - 365 * DAY, 0);
        assert_eq!(start(NOW + DAY, NOW + DAY - 1, from_ms), from_ms, "a restart does not end it");
        assert_eq!(start(NOW - 364 * DAY, NOW, from_ms), NOW - 357 * DAY, "nor does setting the clock right");
    }

    #[test]
    fn a_mark_survives_its_file() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("clock");
        let start = |now_ms: f64| ClockTrust::open(file.clone(), Clock::starting_at(now_ms));
        let first = start(1e12);
        first.record();
        assert_eq!(start(1e12 + 1e6).trusted_from_ms, first.trusted_from_ms);
        let ahead = start(2e12);
        assert_eq!(ahead.trusted_from_ms, 2_000_000_000_000 + 7 * DAY);
        fs::write(&file, format!("{} {}", 3_000_000_000_000_i64, i64::MIN)).unwrap();
        assert!(start(3e12).trusted_for() > PROBATION);
        for text in ["", "7", "seven eight", "1 2 3"] {
            fs::write(&file, text).unwrap();
            assert_eq!(start(3e12).trusted_from_ms, 3_000_000_000_000, "{text:?}");
        }
    }
}
