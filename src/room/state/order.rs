//! The order of play under every policy, each place with its reason.
//!
//! One merge: queues, or single entries under `votes`, are lanes with a key. The smallest key plays next, and its queue
//! re-enters with the key of its next entry. The policy sets the key: start tag (`fair`, `rotation`, which differ in the
//! charge), time of queueing (`fifo`), votes and then time of queueing (`votes`). `host` keeps the order explicitly
//! (`lineup`). Entries that were put first play ahead of all lanes. The merge stops after the requested number of places.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};

use tutti_protocol::{Entry, EntryId, Place, PlaceReason, Policy, UserId};

use crate::{MemberState, RoomState, VirtualTime};

/// Members named in `behind`.
const BEHIND_SHOWN_MAX: usize = 4;

/// An entry and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed<'a> {
    /// The entry.
    pub entry: &'a Entry,
    /// Its place.
    pub place: Place,
}

/// The order of lanes: the policy's rank, then tie-breakers.
type Key = (u64, u64, u64);

/// A queue, or one entry of it, in the merge. Ordered by what plays first.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Lane {
    key: Key,
    member: UserId,
    /// Index of the member's next entry.
    next: usize,
    /// End of this lane in their queue.
    end: usize,
}

/// One step of the merge.
struct Step<'a> {
    entry: &'a Entry,
    /// Its owner, copied because it is read for every pair of places.
    member: UserId,
    /// The policy's part of the key.
    rank: u64,
    turn: usize,
    /// It plays ahead of the policy's order.
    is_promoted: bool,
}

/// A merge under way.
struct Merge<'a> {
    room: &'a RoomState,
    promoted: Vec<&'a Entry>,
    starts: u64,
    steps: Vec<Step<'a>>,
}

impl Merge<'_> {
    /// The next entry of a lane plays. Returns the lane of what follows.
    fn serve(&mut self, lane: &Lane) -> Option<Lane> {
        let queue = &self.room.members[&lane.member].queue;
        let (entry, turn) = (&queue[lane.next], lane.next + 1);
        self.steps.push(Step { entry, member: lane.member, rank: lane.key.0, turn, is_promoted: false });
        let next = next_of(queue, lane.next + 1, lane.end, &self.promoted)?;
        self.starts += 1;
        let key = if self.room.settings.policy == Policy::Fifo {
            (queued_at(&queue[next]), lane.key.1, 0)
        } else {
            self.charged(lane, entry)
        };
        Some(Lane { key, next, ..*lane })
    }

    /// The promoted entries play. Their owners' further entries come later for it.
    fn serve_promoted(&mut self, lanes: &mut [Lane]) {
        for entry in self.promoted.clone() {
            self.steps.push(Step { entry, member: entry.member, rank: 0, turn: 0, is_promoted: true });
            self.starts += 1;
            if matches!(self.room.settings.policy, Policy::Fair | Policy::Rotation)
                && let Some(lane) = lanes.iter_mut().find(|lane| lane.member == entry.member)
            {
                lane.key = self.charged(lane, entry);
            }
        }
    }

    /// The key of a lane after one of its owner's entries.
    fn charged(&self, lane: &Lane, entry: &Entry) -> Key {
        let shares = entry.credits.len() as u64 + 1;
        let charge_ms = self.room.charge_ms(lane.member, entry.track.duration_ms, shares);
        (VirtualTime(lane.key.0).after(charge_ms).0, self.starts, lane.key.2)
    }
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

    /// The next entry.
    pub(crate) fn head(&self) -> Option<&Entry> {
        self.merge(1).first().map(|step| step.entry)
    }

    /// The length of the whole order.
    pub fn order_len(&self) -> usize {
        self.taking_part().iter().map(|(_, member)| member.queue.len()).sum()
    }

    pub(crate) fn anything_waiting(&self) -> bool {
        self.members.values().any(|member| !member.queue.is_empty() && self.may_play(member))
    }

    /// The locked entry, while its owner takes part. It was moved to the head of its queue when it was locked, and nothing
    /// is inserted before it.
    pub(crate) fn locked_head(&self) -> Option<(UserId, EntryId)> {
        let locked = self.locked?;
        let leads = |member: &MemberState| member.queue.front().is_some_and(|first| first.id == locked);
        self.taking_part().into_iter().find(|(_, member)| leads(member)).map(|(id, _)| (id, locked))
    }

    fn merge(&self, places_max: usize) -> Vec<Step<'_>> {
        let mut steps = match self.settings.policy {
            Policy::Host => self.walk(places_max),
            _ => self.merge_lanes(places_max),
        };
        let counts_turns = matches!(self.settings.policy, Policy::Fair | Policy::Rotation | Policy::Fifo);
        if !counts_turns || !self.promoted.is_empty() {
            let mut turns: BTreeMap<UserId, usize> = BTreeMap::new();
            for step in &mut steps {
                let turn = turns.entry(step.member).or_default();
                *turn += 1;
                step.turn = *turn;
            }
        }
        steps
    }

    fn merge_lanes(&self, places_max: usize) -> Vec<Step<'_>> {
        let playing = self.taking_part();
        let promoted = self.promoted_of(&playing);
        let mut lanes = self.lanes(&playing, &promoted);
        let mut merge = Merge { room: self, promoted, starts: self.starts, steps: Vec::new() };
        if let Some((owner, _)) = self.locked_head()
            && let Some(place) = lanes.iter().position(|lane| lane.member == owner && lane.next == 0)
        {
            let rest = merge.serve(&lanes.swap_remove(place));
            lanes.extend(rest);
        }
        merge.serve_promoted(&mut lanes);
        // Lanes beyond the requested number of places cannot contribute.
        if lanes.len() > places_max {
            lanes.select_nth_unstable(places_max);
            lanes.truncate(places_max);
        }
        let mut lanes: BinaryHeap<Reverse<Lane>> = lanes.into_iter().map(Reverse).collect();
        while merge.steps.len() < places_max {
            let Some(Reverse(lane)) = lanes.pop() else { break };
            lanes.extend(merge.serve(&lane).map(Reverse));
        }
        merge.steps.truncate(places_max);
        merge.steps
    }

    /// The lanes of these members, without promoted entries.
    fn lanes(&self, playing: &[(UserId, &MemberState)], promoted: &[&Entry]) -> Vec<Lane> {
        let mut lanes = Vec::new();
        for (id, member) in playing {
            let (member_id, end) = (*id, member.queue.len());
            if self.settings.policy == Policy::Votes {
                let waiting = member.queue.iter().enumerate().filter(|(_, entry)| !is_in(promoted, entry));
                lanes.extend(waiting.map(|(next, entry)| {
                    let key = (votes_rank(entry), queued_at(entry), member.joined);
                    Lane { key, member: member_id, next, end: next + 1 }
                }));
                continue;
            }
            let Some(next) = next_of(&member.queue, 0, end, promoted) else { continue };
            let key = match self.settings.policy {
                Policy::Fifo => (queued_at(&member.queue[next]), member.joined, 0),
                _ => (member.ledger.start_tag().0, member.ledger.last_start, member.joined),
            };
            lanes.push(Lane { key, member: member_id, next, end });
        }
        lanes
    }

    /// The host's order.
    fn walk(&self, places_max: usize) -> Vec<Step<'_>> {
        let playing: BTreeMap<UserId, &MemberState> = self.taking_part().into_iter().collect();
        let locked = self.locked_head();
        let kept = self.lineup.iter().filter(|kept| Some(**kept) != locked);
        locked
            .iter()
            .chain(kept)
            .filter_map(|(owner, id)| playing.get(owner)?.queue.iter().find(|entry| entry.id == *id))
            .take(places_max)
            .map(|entry| Step { entry, member: entry.member, rank: 0, turn: 0, is_promoted: false })
            .collect()
    }

    fn place(&self, steps: &[Step<'_>], index: usize) -> Place {
        let step = &steps[index];
        let owner = step.member;
        // Since the owner's previous turn: earlier entries explain that turn, not this one.
        let mut behind = Vec::new();
        let mut ranked_lower = false;
        let since = steps[..index].iter().rev().take_while(|ahead| ahead.member != owner);
        for ahead in since.filter(|ahead| !ahead.is_promoted) {
            ranked_lower |= ahead.rank < step.rank;
            if behind.len() < BEHIND_SHOWN_MAX && !behind.contains(&ahead.member) {
                behind.push(ahead.member);
            }
            if ranked_lower && behind.len() == BEHIND_SHOWN_MAX {
                break;
            }
        }
        Place {
            position: u32::try_from(index + 1).unwrap_or(u32::MAX),
            reason: self.reason(index, step, ranked_lower),
            turn: u32::try_from(step.turn).unwrap_or(u32::MAX),
            behind,
            airtime_ms: self.members[&owner].ledger.airtime_ms,
            promoted_by: self.promoted_by(step.entry.id),
        }
    }

    /// The reason for a step's place; `ranked_lower`: an entry ahead of it has a lower rank.
    fn reason(&self, index: usize, step: &Step<'_>, ranked_lower: bool) -> PlaceReason {
        let policy = self.settings.policy;
        if index == 0 {
            return if self.locked == Some(step.entry.id) { PlaceReason::Locked } else { PlaceReason::Next };
        }
        match policy {
            _ if step.is_promoted => PlaceReason::Next,
            Policy::Host => PlaceReason::HostsOrder,
            Policy::Votes if ranked_lower => PlaceReason::Voted,
            Policy::Votes => PlaceReason::AddedEarlier,
            _ if step.turn > 1 => PlaceReason::OwnQueue,
            Policy::Fifo => PlaceReason::AddedEarlier,
            Policy::Fair if ranked_lower => PlaceReason::LessAirtime,
            Policy::Rotation if ranked_lower => PlaceReason::FewerTurns,
            Policy::Fair | Policy::Rotation => PlaceReason::WaitedLonger,
        }
    }
}

/// The index of the next entry of a queue that is not promoted.
fn next_of(queue: &VecDeque<Entry>, from: usize, end: usize, promoted: &[&Entry]) -> Option<usize> {
    (from..end).find(|index| !is_in(promoted, &queue[*index]))
}

fn is_in(promoted: &[&Entry], entry: &Entry) -> bool {
    promoted.iter().any(|promoted| promoted.id == entry.id)
}

fn queued_at(entry: &Entry) -> u64 {
    u64::try_from(entry.added_at_ms).unwrap_or(0)
}

/// More votes rank lower.
fn votes_rank(entry: &Entry) -> u64 {
    u64::try_from(i64::from(i32::MAX) - i64::from(entry.votes)).unwrap_or(0)
}
