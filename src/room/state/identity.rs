//! Merging a guest into an account, and erasing a user.

use tutti_protocol::{EntryId, Member, UserId};

use crate::{MemberState, RoomState};

impl RoomState {
    pub(crate) fn merge_members(&mut self, from: UserId, to: &Member) {
        let Some(guest) = self.members.remove(&from) else { return };
        let known = self.members.remove(&to.id);
        // An account that is new here takes the guest's place among the members.
        let joined = known.as_ref().filter(|known| known.is_visible()).map_or(guest.joined, |known| known.joined);
        let mut member = MemberState::of(to, joined);
        member.waitlist_place = known.as_ref().map_or(0, |known| known.waitlist_place);
        if member.waitlist_place == 0 || (guest.waitlist_place > 0 && guest.waitlist_place < member.waitlist_place) {
            member.waitlist_place = guest.waitlist_place;
        }
        let (queue, known_ledger) = known.map(|known| (known.queue, known.ledger)).unwrap_or_default();
        member.queue = queue;
        for mut entry in guest.queue {
            entry.member = to.id;
            // A locked entry stays first.
            if self.locked == Some(entry.id) {
                member.queue.push_front(entry);
            } else {
                member.queue.push_back(entry);
            }
        }
        let owner = self.current.as_ref().map(|current| current.entry.member);
        let (mut ledger, other) =
            if owner == Some(from) { (guest.ledger, known_ledger) } else { (known_ledger, guest.ledger) };
        ledger.absorb(&other, owner == Some(from) || owner == Some(to.id));
        member.ledger = ledger;
        self.members.insert(to.id, member);
        self.rename(from, to.id);
    }

    /// Replaces `from` by `to` everywhere.
    fn rename(&mut self, from: UserId, to: UserId) {
        if let Some(current) = &mut self.current {
            // The charges at the start stay: the end of the entry does not correct them.
            current.shared_with.retain(|(id, _)| *id != from && *id != to);
            if current.entry.member == from {
                current.entry.member = to;
            }
            rename_in(&mut current.entry.credits, from, to, current.entry.member);
            if current.skip_votes.remove(&from) {
                current.skip_votes.insert(to);
            }
        }
        for kept in self.lineup.iter_mut().filter(|(owner, _)| *owner == from) {
            kept.0 = to;
        }
        for promoted in self.promoted.iter_mut().filter(|promoted| promoted.by == from) {
            promoted.by = to;
        }
        for entry in &mut self.suggestions {
            if entry.member == from {
                entry.member = to;
            }
        }
        for member in self.members.values_mut() {
            for entry in &mut member.queue {
                rename_in(&mut entry.credits, from, to, entry.member);
            }
        }
        self.rename_votes(from, to);
        if let Some(weight) = self.settings.weights.remove(&from) {
            self.settings.weights.entry(to).or_insert(weight);
        }
        if self.owner == Some(from) {
            self.owner = Some(to);
        }
        self.past.rename(from, Some(to));
        self.audit_log.rename(from, to);
        self.lobby.forget(to);
    }

    /// Where both voted, the account's vote counts; votes for their own entries are dropped.
    fn rename_votes(&mut self, from: UserId, to: UserId) {
        let voted: Vec<EntryId> = self.votes_of(from).chain(self.votes_of(to)).collect();
        for entry in voted {
            let Some((owner, place)) = self.find(entry) else { continue };
            let Some(cast) = self.votes.get_mut(&entry) else { continue };
            if let Some(value) = cast.remove(&from) {
                cast.entry(to).or_insert(value);
            }
            if owner == to {
                cast.remove(&to);
            }
            self.recount(entry, owner, place);
        }
    }

    /// Removes everything that names a user, except for the current entry.
    pub(crate) fn forget_member(&mut self, id: UserId) {
        self.part(id);
        self.members.remove(&id);
        let voted: Vec<EntryId> = self.votes_of(id).collect();
        for entry in voted {
            let Some((owner, place)) = self.find(entry) else { continue };
            if let Some(cast) = self.votes.get_mut(&entry) {
                cast.remove(&id);
            }
            self.recount(entry, owner, place);
        }
        for member in self.members.values_mut() {
            member.queue.iter_mut().for_each(|entry| entry.credits.retain(|credited| *credited != id));
        }
        if let Some(current) = &mut self.current {
            current.shared_with.retain(|(credited, _)| *credited != id);
            current.entry.credits.retain(|credited| *credited != id);
            current.skip_votes.remove(&id);
        }
        self.promoted.retain(|promoted| promoted.by != id);
        self.settings.weights.remove(&id);
        self.lobby.forget(id);
        self.audit_log.forget(id);
        self.past.rename(id, None);
    }

    fn votes_of(&self, id: UserId) -> impl Iterator<Item = EntryId> + '_ {
        self.votes.iter().filter(move |(_, cast)| cast.contains_key(&id)).map(|(entry, _)| *entry)
    }

    fn recount(&mut self, entry: EntryId, owner: UserId, place: usize) {
        let votes = self.votes.get(&entry).map_or(0, |cast| cast.values().map(|value| i32::from(*value)).sum());
        if votes == 0 && self.votes.get(&entry).is_some_and(std::collections::BTreeMap::is_empty) {
            self.votes.remove(&entry);
        }
        self.update(owner, |member, _| member.queue[place].votes = votes);
    }
}

/// Replaces `from` by `to`, without duplicates and never on an entry of their own.
fn rename_in(credits: &mut Vec<UserId>, from: UserId, to: UserId, owner: UserId) {
    let is_named = credits.contains(&to);
    credits.retain(|id| *id != from || !is_named);
    for id in credits.iter_mut().filter(|id| **id == from) {
        *id = to;
    }
    credits.retain(|id| *id != owner);
}
