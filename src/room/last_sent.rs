//! What was last sent beside events, so that it is sent again only when it changed: the waitlist, the number of votes that
//! skip the current entry, and each connected member's [`Own`](tutti_protocol::Own).
//!
//! It follows decided events, durable or not: the frames wait behind the events that cause them. After a reload from the
//! store, [`LastSent::forget`] makes everything due again.

use std::collections::{BTreeSet, HashMap};

use tutti_protocol::{Event, UserId};

use super::state::{OwnScope, RoomState, UPCOMING_SHOWN_MAX, changes_order, changes_own, changes_skip_votes};
use super::wire::DeltaFacts;

/// What was last sent.
#[derive(Debug, Default)]
pub(super) struct LastSent {
    waitlist: Vec<UserId>,
    /// `None`: unknown.
    skip_votes_needed: Option<u32>,
    /// Digests of what each connected member was last sent; 0: unknown.
    own: HashMap<UserId, u64>,
    /// Whether the order was longer than what is shown.
    is_order_cut: bool,
}

/// What a batch of events changed besides.
#[derive(Debug)]
pub(super) struct Changes {
    pub(super) facts: DeltaFacts,
    /// Members whose [`Own`](tutti_protocol::Own) changed.
    pub(super) own: Vec<UserId>,
}

impl LastSent {
    /// What `events`, already applied to `state`, changed. It counts as sent.
    pub(super) fn changes(&mut self, state: &RoomState, events: &[Event], present: &BTreeSet<UserId>) -> Changes {
        let upcoming = events.iter().any(changes_order).then(|| state.upcoming());
        let own = self.own_after(state, events, upcoming.as_ref().map(|(_, total)| *total));
        let waitlist = upcoming.as_ref().and_then(|_| self.waitlist(state));
        let skip_votes_needed = self.skip_votes_after(state, events, present);
        Changes { facts: DeltaFacts { upcoming, waitlist, skip_votes_needed }, own }
    }

    /// The waitlist, if it changed.
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

    /// The number of votes for a skip, if `events` changed it.
    fn skip_votes_after(&mut self, state: &RoomState, events: &[Event], present: &BTreeSet<UserId>) -> Option<u32> {
        if events.iter().any(changes_skip_votes) { self.skip_votes(state, present) } else { None }
    }

    /// The number of votes for a skip, if it changed.
    pub(super) fn skip_votes(&mut self, state: &RoomState, present: &BTreeSet<UserId>) -> Option<u32> {
        let needed = state.skip_votes_needed(present);
        (self.skip_votes_needed.replace(needed) != Some(needed)).then_some(needed)
    }

    /// The member is sent their `Own`.
    pub(super) fn record(&mut self, user: UserId, state: &RoomState) {
        self.own.extend(state.own_digests(&[user]));
    }

    /// The member has a connection: changes of their `Own` are sent from here on.
    pub(super) fn attach(&mut self, user: UserId) {
        self.own.entry(user).or_insert(0);
    }

    /// The member has no connection.
    pub(super) fn leave(&mut self, user: UserId) {
        self.own.remove(&user);
    }

    /// What was last sent is no longer known.
    pub(super) fn forget(&mut self) {
        self.skip_votes_needed = None;
        self.own.values_mut().for_each(|digest| *digest = 0);
    }

    /// The connected members whose `Own` was changed by `events`, which left an order of this length.
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
                OwnScope::Member(user) if self.own.contains_key(&user) => concerned.push(user),
                OwnScope::None | OwnScope::Member(_) => {}
                OwnScope::All => return self.changed_own(state),
            }
        }
        self.changed_among(state, &concerned)
    }

    /// The connected members whose `Own` changed.
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
