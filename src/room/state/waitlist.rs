//! The waitlist: who plays under `players_max`, and who waits for a place.
//!
//! Members with queued entries have a place, in the order in which they queued their first; the first `players_max` play. A
//! place is kept while its owner is away and lost with the last entry. After `step_down_after` starts, or by `step_down`,
//! a member moves to the end.

use tutti_protocol::UserId;

use crate::{MemberState, RoomState};

impl RoomState {
    /// Members whose queues are in the order, by id.
    pub(crate) fn taking_part(&self) -> Vec<(UserId, &MemberState)> {
        let mut playing: Vec<_> = self
            .members
            .iter()
            .filter(|(_, member)| !member.queue.is_empty() && self.may_play(member))
            .map(|(id, member)| (*id, member))
            .collect();
        let players_max = usize::try_from(self.settings.players_max).unwrap_or(usize::MAX);
        if players_max > 0 && playing.len() > players_max {
            playing.sort_by_key(|(_, member)| member.waitlist_place);
            playing.truncate(players_max);
            playing.sort_by_key(|(id, _)| *id);
        }
        playing
    }

    /// Members who play, then those who wait; empty without `players_max`.
    pub fn waitlist(&self) -> Vec<UserId> {
        if self.settings.players_max == 0 {
            return vec![];
        }
        let wants = |member: &&MemberState| !member.queue.is_empty() && self.may_play(member);
        let mut line: Vec<_> = self.members.iter().filter(|(_, member)| wants(member)).collect();
        line.sort_by_key(|(_, member)| member.waitlist_place);
        line.into_iter().map(|(id, _)| *id).collect()
    }

    /// Assigns places to members with a first entry, and frees those of members without entries.
    pub(crate) fn update_waitlist(&mut self) {
        if self.settings.players_max == 0 {
            return;
        }
        let mut new = vec![];
        for (id, member) in &mut self.members {
            if member.queue.is_empty() {
                (member.waitlist_place, member.waitlist_starts) = (0, 0);
            } else if member.waitlist_place == 0 {
                new.push((member.joined, *id));
            }
        }
        new.sort_unstable();
        for (_, id) in new {
            self.send_to_end_of_waitlist(id);
        }
    }

    /// Counts a start towards `step_down_after`.
    pub(crate) fn count_start(&mut self, id: UserId) {
        if self.settings.players_max == 0 {
            return;
        }
        let step_down_after = self.settings.step_down_after;
        let Some(member) = self.members.get_mut(&id) else { return };
        member.waitlist_starts = member.waitlist_starts.saturating_add(1);
        if step_down_after > 0 && member.waitlist_starts >= step_down_after {
            self.send_to_end_of_waitlist(id);
        }
    }

    pub(crate) fn send_to_end_of_waitlist(&mut self, id: UserId) {
        self.waitlist_places += 1;
        if let Some(member) = self.members.get_mut(&id) {
            (member.waitlist_place, member.waitlist_starts) = (self.waitlist_places, 0);
        }
    }
}
