//! What members were told last beside events, so that it is told again only when it changed: the waitlist, how many votes
//! skip the entry that is on, and each connected member's [`Own`](tutti_protocol::Own).
//!
//! It follows what was decided, durable or not: the frames wait behind the events that cause them. After a reload from
//! the store, [`Told::forget`] makes everything due again.

use std::collections::{BTreeSet, HashMap};

use tutti_protocol::{Event, UserId};

use super::state::{OwnScope, RoomState, UPCOMING_SHOWN_MAX, changes_order, changes_own, changes_skip_votes};
use super::wire::DeltaFacts;

/// What was told last.
#[derive(Debug, Default)]
pub(super) struct Told {
    waitlist: Vec<UserId>,
    /// `None`: not known.
    skip_votes_needed: Option<u32>,
    /// Digests of what each connected member was told; 0: not known.
    own: HashMap<UserId, u64>,
    /// Whether the order was longer than what is shown.
    is_order_cut: bool,
}

/// What a batch of events changed beside them.
#[derive(Debug)]
pub(super) struct Changes {
    pub(super) facts: DeltaFacts,
    /// Members whose [`Own`](tutti_protocol::Own) is another one.
    pub(super) own: Vec<UserId>,
}

impl Told {
    /// What `events`, already applied to `state`, changed; it counts as told from here on.
    pub(super) fn changes(&mut self, state: &RoomState, events: &[Event], present: &BTreeSet<UserId>) -> Changes {
        let upcoming = events.iter().any(changes_order).then(|| state.upcoming());
        let own = self.own_after(state, events, upcoming.as_ref().map(|(_, total)| *total));
        let waitlist = upcoming.as_ref().and_then(|_| self.waitlist(state));
        let skip_votes_needed = self.skip_votes_after(state, events, present);
        Changes { facts: DeltaFacts { upcoming, waitlist, skip_votes_needed }, own }
    }

    /// The waitlist, when it is not as it was told.
    fn waitlist(&mut self, state: &RoomState) -> Option<Vec<UserId>> {
        if state.settings().players_max == 0 && self.waitlist.is_empty() {
            return None;
        }
        let waitlist = state.waitlist();
        (self.waitlist != waitlist).then(|| {
            self.waitlist.clone_from(&waitlist);
            waitlist
        })
    }

    /// How many votes skip the entry that is on, when `events` changed it.
    fn skip_votes_after(&mut self, state: &RoomState, events: &[Event], present: &BTreeSet<UserId>) -> Option<u32> {
        if events.iter().any(changes_skip_votes) { self.skip_votes(state, present) } else { None }
    }

    /// How many votes skip the entry that is on, when it is not as it was told.
    pub(super) fn skip_votes(&mut self, state: &RoomState, present: &BTreeSet<UserId>) -> Option<u32> {
        let needed = state.skip_votes_needed(present);
        (self.skip_votes_needed.replace(needed) != Some(needed)).then_some(needed)
    }

    /// A member is told their own.
    pub(super) fn tell(&mut self, user: UserId, state: &RoomState) {
        self.own.extend(state.own_digests(&[user]));
    }

    /// A member has a connection: they are told what is their own from here on.
    pub(super) fn attach(&mut self, user: UserId) {
        self.own.entry(user).or_insert(0);
    }

    /// A member has no connection any more.
    pub(super) fn leave(&mut self, user: UserId) {
        self.own.remove(&user);
    }

    /// Nothing that was told is known to be right.
    pub(super) fn forget(&mut self) {
        self.skip_votes_needed = None;
        self.own.values_mut().for_each(|digest| *digest = 0);
    }

    /// The members whose own is not as they were told, after `events` that left an order of this length.
    fn own_after(&mut self, state: &RoomState, events: &[Event], upcoming_total: Option<u32>) -> Vec<UserId> {
        let was_cut = self.is_order_cut;
        self.is_order_cut = upcoming_total
            .map_or(was_cut, |total| usize::try_from(total).is_ok_and(|total| total > UPCOMING_SHOWN_MAX));
        if was_cut != self.is_order_cut {
            return self.changed_own(state);
        }
        let mut concerned = vec![];
        for event in events {
            match changes_own(event) {
                OwnScope::None => {}
                OwnScope::Member(user) if self.own.contains_key(&user) => concerned.push(user),
                OwnScope::Member(_) => {}
                OwnScope::All => return self.changed_own(state),
            }
        }
        self.changed_among(state, &concerned)
    }

    /// The connected members whose own is not as they were told.
    pub(super) fn changed_own(&mut self, state: &RoomState) -> Vec<UserId> {
        let users: Vec<UserId> = self.own.keys().copied().collect();
        self.changed_among(state, &users)
    }

    fn changed_among(&mut self, state: &RoomState, users: &[UserId]) -> Vec<UserId> {
        if users.is_empty() {
            return vec![];
        }
        let is_new = |(user, digest): &(UserId, u64)| self.own.insert(*user, *digest) != Some(*digest);
        state.own_digests(users).filter(is_new).map(|(user, _)| user).collect()
    }
}
