//! Applies events about queues.

use std::collections::{BTreeMap, VecDeque};

use tutti_protocol::{Entry, EntryId, Member, Policy, UserId};

use crate::audit_log::Removed;
use crate::{MemberState, RoomState};

impl RoomState {
    /// Adds an entry to its owner's queue, before `before` or at the end, and to the end of the host's order.
    pub(crate) fn add(&mut self, entry: Entry, before: Option<EntryId>) {
        let (owner, id) = (entry.member, entry.id);
        let Some(member) = self.members.get_mut(&owner) else { return };
        insert(member, entry, before);
        if self.settings.policy == Policy::Host {
            self.lineup.push_back((owner, id));
        }
    }

    /// Removes an entry. When its owner removed it, a credited member inherits it.
    pub(crate) fn remove(&mut self, entry: EntryId, by: UserId, note: Option<u64>) {
        let Some((owner, place)) = self.find(entry) else { return };
        let Some(entry) = self.members.get_mut(&owner).and_then(|member| member.queue.remove(place)) else { return };
        if owner == by {
            self.hand_on(entry);
        } else {
            let votes = self.lose(entry.id);
            self.keep_for_undo(note, Removed { entries: vec![(entry, place)], votes, ..Removed::default() });
        }
    }

    pub(crate) fn move_to(&mut self, entry: EntryId, before: Option<EntryId>) {
        if self.settings.policy == Policy::Host {
            let Some(place) = self.lineup.iter().position(|(_, id)| *id == entry) else { return };
            let Some(moved) = self.lineup.remove(place) else { return };
            let to = before.and_then(|before| self.lineup.iter().position(|(_, id)| *id == before));
            self.lineup.insert(to.unwrap_or(self.lineup.len()), moved);
            return;
        }
        self.demote(entry);
        let Some((owner, place)) = self.find(entry) else { return };
        if let Some(member) = self.members.get_mut(&owner)
            && let Some(moved) = member.queue.remove(place)
        {
            insert(member, moved, before);
        }
    }

    pub(crate) fn count_vote(&mut self, entry: EntryId, member: UserId, value: i8, votes: i32) {
        if let Some(entry) = self.entry_mut(entry) {
            entry.votes = votes;
        }
        let cast = self.votes.entry(entry).or_default();
        if value == 0 {
            cast.remove(&member);
        } else {
            cast.insert(member, value);
        }
        if cast.is_empty() {
            self.votes.remove(&entry);
        }
    }

    pub(crate) fn credit(&mut self, entry: EntryId, member: UserId) {
        if let Some(entry) = self.entry_mut(entry) {
            entry.credits.push(member);
        }
    }

    pub(crate) fn clear_out(&mut self, owner: Option<UserId>, note: Option<u64>) {
        let mut removed = Removed::default();
        let owners: Vec<UserId> = match owner {
            Some(owner) => vec![owner],
            None => self.members.iter().filter(|(_, member)| member.is_visible()).map(|(id, _)| *id).collect(),
        };
        for owner in owners {
            let queue = self.members.get_mut(&owner).map(|member| std::mem::take(&mut member.queue));
            for (place, entry) in queue.into_iter().flatten().enumerate() {
                removed.votes.append(&mut self.lose(entry.id));
                removed.entries.push((entry, place));
            }
        }
        self.keep_for_undo(note, removed);
    }

    /// Restores what was removed, to its old places as far as they exist. Skips entries that are back already or whose owner
    /// is gone.
    /// `first`: the new id of a skipped entry, and the member who puts it first.
    pub(crate) fn put_back(&mut self, removed: Removed, member: Option<&Member>, first: Option<(EntryId, UserId)>) {
        if let (Some((id, was)), Some(member)) = (removed.member, member) {
            self.take_back(id, was, member);
        }
        for (entry, place) in removed.entries {
            self.put_back_entry(entry, place);
        }
        if let (Some(skipped), Some((id, by))) = (removed.skipped, first) {
            self.put_back_entry(Entry { id, ..skipped }, 0);
            self.put_first(id, by);
        }
        for (entry, votes) in removed.votes {
            if self.find(entry).is_some() {
                self.votes.insert(entry, votes);
            }
        }
    }

    fn put_back_entry(&mut self, entry: Entry, place: usize) {
        let (owner, id) = (entry.member, entry.id);
        if self.visible(owner).is_none() || self.find(id).is_some() {
            return;
        }
        let is_led_by_locked = self.locked_head().is_some_and(|(leader, _)| leader == owner);
        let Some(member) = self.members.get_mut(&owner) else { return };
        let place = place.max(usize::from(is_led_by_locked)).min(member.queue.len());
        member.queue.insert(place, entry);
        if self.settings.policy == Policy::Host {
            self.lineup.push_back((owner, id));
        }
    }

    fn take_back(&mut self, id: UserId, was: MemberState, member: &Member) {
        let now = self.members.remove(&id);
        let mut state = MemberState::of(member, was.joined);
        let (ledger, queue) = now.map_or((was.ledger, VecDeque::new()), |now| (now.ledger, now.queue));
        state.ledger = ledger;
        state.waitlist_place = was.waitlist_place;
        state.queue = queue;
        self.members.insert(id, state);
        for (place, entry) in was.queue.into_iter().enumerate() {
            self.put_back_entry(entry, place);
        }
    }

    /// Gives an entry that left its owner's queue to the first credited member who is in the room; otherwise drops it.
    pub(crate) fn hand_on(&mut self, mut entry: Entry) {
        while !entry.credits.is_empty() {
            let heir = entry.credits.remove(0);
            if self.visible(heir).is_none() {
                continue;
            }
            entry.member = heir;
            if let Some(kept) = self.lineup.iter_mut().find(|(_, id)| *id == entry.id) {
                kept.0 = heir;
            }
            // Members do not vote for their own entries.
            if let Some(value) = self.votes.get_mut(&entry.id).and_then(|cast| cast.remove(&heir)) {
                entry.votes -= i32::from(value);
            }
            self.update(heir, |member, _| member.queue.push_back(entry));
            return;
        }
        self.lose(entry.id);
    }

    /// Drops what is kept about an entry outside of all queues: its place in the host's order or ahead of the policy's, and
    /// its votes.
    pub(crate) fn lose(&mut self, entry: EntryId) -> BTreeMap<EntryId, BTreeMap<UserId, i8>> {
        if let Some(place) = self.lineup.iter().position(|(_, id)| *id == entry) {
            self.lineup.remove(place);
        }
        self.demote(entry);
        self.votes.remove(&entry).map(|cast| (entry, cast)).into_iter().collect()
    }

    /// Queued entries in the current order of play, then those outside of it, oldest first.
    pub(crate) fn lineup_of_now(&self) -> VecDeque<(UserId, EntryId)> {
        let mut lineup: VecDeque<_> =
            self.order(usize::MAX).iter().map(|placed| (placed.entry.member, placed.entry.id)).collect();
        let playing: Vec<UserId> = self.taking_part().into_iter().map(|(id, _)| id).collect();
        let waiting = self.members.iter().filter(|(id, _)| !playing.contains(id));
        let mut rest: Vec<&Entry> = waiting.flat_map(|(_, member)| &member.queue).collect();
        rest.sort_by_key(|entry| entry.added_at_ms);
        lineup.extend(rest.into_iter().map(|entry| (entry.member, entry.id)));
        lineup
    }

    pub(crate) fn entry_mut(&mut self, entry: EntryId) -> Option<&mut Entry> {
        let (owner, place) = self.find(entry)?;
        self.members.get_mut(&owner)?.queue.get_mut(place)
    }
}

/// Inserts an entry before `before`, or at the end.
fn insert(member: &mut MemberState, entry: Entry, before: Option<EntryId>) {
    let place = before
        .and_then(|before| member.queue.iter().position(|waiting| waiting.id == before))
        .unwrap_or(member.queue.len());
    member.queue.insert(place, entry);
}
