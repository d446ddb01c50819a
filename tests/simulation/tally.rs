//! Counts over all seeds.

use crate::counts::counts;

counts! {
    /// Counts that show what the seeds covered.
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
        /// Servers that were suspended, and of those the ones that others took for dead.
        pub suspended: u64,
        pub buried: u64,
        /// Servers that lost the bus, or each other.
        pub cut_off: u64,
        /// Scheduled starts that were advanced because the listening devices were ready.
        pub advanced_starts: u64,
        /// Tracks that waited for a listening device.
        pub waited: u64,
        /// Tracks whose length or gain was corrected.
        pub measured: u64,
        /// Entries that were removed or ended because they cannot be played.
        pub faulty: u64,
    }
}
