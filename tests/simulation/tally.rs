//! Counts over all seeds.

/// Counts that show what the seeds covered.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    pub accepted: u64,
    pub refused: u64,
    pub retryable: u64,
    pub repeated: u64,
    pub snapshots: u64,
    pub deltas: u64,
    pub resumed: u64,
    pub slow_readers: u64,
    pub crashes: u64,
    pub restarts: u64,
    /// Scheduled starts that were advanced because the listening devices were ready.
    pub advanced_starts: u64,
    /// Tracks whose length or gain was corrected.
    pub measured: u64,
    /// Entries that were removed or ended because they cannot be played.
    pub faulty: u64,
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.accepted += other.accepted;
        self.refused += other.refused;
        self.retryable += other.retryable;
        self.repeated += other.repeated;
        self.snapshots += other.snapshots;
        self.deltas += other.deltas;
        self.resumed += other.resumed;
        self.slow_readers += other.slow_readers;
        self.crashes += other.crashes;
        self.restarts += other.restarts;
        self.advanced_starts += other.advanced_starts;
        self.measured += other.measured;
        self.faulty += other.faulty;
    }
}
