//! Virtual time and airtime: start-time fair queueing, where a flow is a member and the resource is airtime.
//!
//! P. Goyal, H. M. Vin, H. Cheng, "Start-time Fair Queueing: A Scheduling Algorithm for Integrated Services Packet
//! Switching Networks", SIGCOMM 1996. The room's virtual time is the start tag of the entry that is on. A member's next
//! entry has the start tag `max(floor, finish)`: `floor` is the virtual time when their queue began to take part,
//! `finish` the finish tag of what they were served last. The smallest start tag plays next.
//!
//! Accounts are kept under every policy, so that a switch keeps debts but not credit: when the policy changes, every floor
//! rises to virtual time.

use serde::{Deserialize, Serialize};
use tutti_protocol::{Policy, UserId};

use crate::RoomState;

/// The charge for a turn under the policy `rotation`: about a track, so that tags stay comparable after a switch.
pub const TURN_MS: u64 = 180_000;

/// Milliseconds of airtime at weight one, since the room was created.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct VirtualTime(pub u64);

impl VirtualTime {
    /// The finish tag after a charge.
    #[must_use]
    pub fn after(self, charge_ms: u64) -> Self {
        Self(self.0.saturating_add(charge_ms))
    }
}

/// One member's account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    /// Virtual time when their queue last began to take part, so that absence earns nothing.
    pub floor: VirtualTime,
    /// The finish tag of their last entry.
    pub finish: VirtualTime,
    /// Number of their last start; 0: none yet.
    pub last_start: u64,
    /// Airtime that was actually played.
    pub airtime_ms: u64,
}

impl Ledger {
    /// The start tag of their next entry.
    pub fn start_tag(&self) -> VirtualTime {
        self.floor.max(self.finish)
    }

    /// Merges another account of the same person so that neither gains: airtime adds up, tags take the later value. When the
    /// current entry is charged to this account (`on`), its end sets `finish` again, so the other's tag goes into the floor.
    pub(crate) fn absorb(&mut self, other: &Self, on: bool) {
        self.floor = self.floor.max(if on { other.start_tag() } else { other.floor });
        self.finish = self.finish.max(other.finish);
        self.last_start = self.last_start.max(other.last_start);
        self.airtime_ms = self.airtime_ms.saturating_add(other.airtime_ms);
    }
}

impl RoomState {
    /// The charge for an entry that was played for `played_ms` and shared by `shares` members.
    pub(crate) fn charge_ms(&self, member: UserId, played_ms: u64, shares: u64) -> u64 {
        let settings = &self.settings;
        let whole_ms = match settings.policy {
            Policy::Rotation => TURN_MS,
            Policy::Fair | Policy::Fifo | Policy::Votes | Policy::Host => played_ms.max(settings.minimum_charge_ms),
        };
        let weight = settings.weights.get(&member).copied().unwrap_or(100).max(1);
        let charge_ms = (whole_ms / shares.max(1)).saturating_mul(100) / u64::from(weight);
        if settings.debt_max_ms == 0 { charge_ms } else { charge_ms.min(settings.debt_max_ms) }
    }
}
