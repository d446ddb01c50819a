//! The merged order of play: every member's queue, merged by start tags, each place with its reason.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use tutti_protocol::{Entry, EntryId, Place, PlaceReason, UserId};

use crate::{MemberState, RoomState, VirtualTime};

/// Members named as going ahead of an entry.
const BEHIND_SHOWN_MAX: usize = 4;

/// An entry and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed<'a> {
    /// The entry.
    pub entry: &'a Entry,
    /// Where it stands and why.
    pub place: Place,
}

/// A member's queue on its way into the order. Ordered by who plays first.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Lane {
    start_tag: VirtualTime,
    /// Ties go to whoever was served longest ago, then to who joined first.
    last_start: u64,
    joined: u64,
    member: UserId,
    served: usize,
}

/// One step of the merge.
struct Step<'a> {
    entry: &'a Entry,
    start_tag: VirtualTime,
    turn: usize,
}

impl RoomState {
    /// The first `places_max` of the order.
    pub fn order(&self, places_max: usize) -> Vec<Placed<'_>> {
        let steps = self.merge(places_max);
        steps
            .iter()
            .enumerate()
            .map(|(index, step)| Placed { entry: step.entry, place: self.place(&steps, index) })
            .collect()
    }

    /// What plays next.
    pub(crate) fn head(&self) -> Option<&Entry> {
        self.merge(1).first().map(|step| step.entry)
    }

    /// How many entries are in the order in all.
    pub fn order_len(&self) -> usize {
        self.playing_members().map(|(_, member)| member.queue.len()).sum()
    }

    pub(crate) fn anything_waiting(&self) -> bool {
        self.playing_members().any(|(_, member)| !member.queue.is_empty())
    }

    /// The locked entry, while it still leads the queue of somebody who may play.
    pub(crate) fn locked_head(&self) -> Option<(UserId, EntryId)> {
        let locked = self.locked?;
        self.playing_members()
            .find(|(_, member)| member.queue.front().is_some_and(|first| first.id == locked))
            .map(|(id, _)| (id, locked))
    }

    fn playing_members(&self) -> impl Iterator<Item = (UserId, &MemberState)> {
        self.members.iter().filter(|(_, member)| member.may_play()).map(|(id, member)| (*id, member))
    }

    fn merge(&self, places_max: usize) -> Vec<Step<'_>> {
        let mut lanes: BinaryHeap<Reverse<Lane>> = self
            .playing_members()
            .filter(|(_, member)| !member.queue.is_empty())
            .map(|(id, member)| {
                Reverse(Lane {
                    start_tag: member.ledger.start_tag(),
                    last_start: member.ledger.last_start,
                    joined: member.joined,
                    member: id,
                    served: 0,
                })
            })
            .collect();
        let mut first = self.locked_head().map(|(owner, _)| owner);
        let mut starts = self.starts;
        let mut steps = Vec::with_capacity(places_max.min(self.order_len()));
        while steps.len() < places_max {
            let lane = match first.take() {
                Some(owner) => take_lane(&mut lanes, owner),
                None => lanes.pop().map(|Reverse(lane)| lane),
            };
            let Some(mut lane) = lane else { break };
            let queue = &self.members[&lane.member].queue;
            let entry = &queue[lane.served];
            lane.served += 1;
            steps.push(Step { entry, start_tag: lane.start_tag, turn: lane.served });
            if lane.served < queue.len() {
                starts += 1;
                lane.start_tag = lane.start_tag.after(entry.track.duration_ms);
                lane.last_start = starts;
                lanes.push(Reverse(lane));
            }
        }
        steps
    }

    fn place(&self, steps: &[Step<'_>], index: usize) -> Place {
        let step = &steps[index];
        let owner = step.entry.member;
        // Those since the owner's own previous turn: who went before that was its reason, not this one's.
        let mut behind = Vec::new();
        let mut less_airtime = false;
        for ahead in steps[..index].iter().rev().take_while(|ahead| ahead.entry.member != owner) {
            less_airtime |= ahead.start_tag < step.start_tag;
            if behind.len() < BEHIND_SHOWN_MAX && !behind.contains(&ahead.entry.member) {
                behind.push(ahead.entry.member);
            }
        }
        let locked = index == 0 && self.locked == Some(step.entry.id);
        let reason = match (locked, index, step.turn, less_airtime) {
            (true, ..) => PlaceReason::Locked,
            (_, 0, ..) => PlaceReason::Next,
            (_, _, 2.., _) => PlaceReason::OwnQueue,
            (_, _, _, true) => PlaceReason::LessAirtime,
            (_, _, _, false) => PlaceReason::WaitedLonger,
        };
        Place {
            position: u32::try_from(index + 1).unwrap_or(u32::MAX),
            reason,
            turn: u32::try_from(step.turn).unwrap_or(u32::MAX),
            behind,
            airtime_ms: self.members[&owner].ledger.airtime_ms,
        }
    }
}

/// Takes one owner's lane out of the heap: at most once a merge, for the locked entry.
fn take_lane(lanes: &mut BinaryHeap<Reverse<Lane>>, owner: UserId) -> Option<Lane> {
    let (mut taken, rest): (Vec<_>, Vec<_>) =
        std::mem::take(lanes).into_vec().into_iter().partition(|Reverse(lane)| lane.member == owner);
    *lanes = rest.into();
    taken.pop().map(|Reverse(lane)| lane)
}
