//! Virtual time and airtime: start-time fair queueing, where a flow is a member and the resource is airtime.
//!
//! P. Goyal, H. M. Vin, H. Cheng, "Start-time Fair Queueing: A Scheduling Algorithm for Integrated Services Packet
//! Switching Networks", SIGCOMM 1996. The room's virtual time is the start tag of the entry that is on. A member's next
//! entry has the start tag `max(floor, finish)`: `floor` is the virtual time when their queue began to take part,
//! `finish` the finish tag of what they were served last. The smallest start tag plays next.

use serde::{Deserialize, Serialize};

/// The least that a start is charged, so that skipping at once does not give a turn for free.
pub const MINIMUM_CHARGE_MS: u64 = 30_000;
/// How far a finish tag may run ahead of virtual time: one very long track does not silence its owner for the evening.
pub const DEBT_MAX_MS: u64 = 10 * 60_000;

/// Milliseconds of airtime at weight one, since the room was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct VirtualTime(pub u64);

impl VirtualTime {
    /// The finish tag of something that started here and lasts `airtime_ms`.
    #[must_use]
    pub fn after(self, airtime_ms: u64) -> Self {
        Self(self.0.saturating_add(airtime_ms.clamp(MINIMUM_CHARGE_MS, DEBT_MAX_MS)))
    }
}

/// One member's account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    /// Virtual time when their queue last began to take part: being away earns nothing.
    pub floor: VirtualTime,
    /// The finish tag of what they were served last.
    pub finish: VirtualTime,
    /// Number of the start that was theirs last; 0: none yet.
    pub last_start: u64,
    /// What was really played for them.
    pub airtime_ms: u64,
}

impl Ledger {
    /// The start tag of their next entry.
    pub fn start_tag(&self) -> VirtualTime {
        self.floor.max(self.finish)
    }

    /// Takes in the account of somebody who turned out to be the same. Neither gains: airtime adds up, and of all else
    /// the later counts. When what is on is charged to this account (`on`), its end sets `finish` anew; so that this
    /// does not undo what the other was charged, the floor remembers it.
    pub(crate) fn absorb(&mut self, other: &Self, on: bool) {
        self.floor = self.floor.max(if on { other.start_tag() } else { other.floor });
        self.finish = self.finish.max(other.finish);
        self.last_start = self.last_start.max(other.last_start);
        self.airtime_ms = self.airtime_ms.saturating_add(other.airtime_ms);
    }
}
