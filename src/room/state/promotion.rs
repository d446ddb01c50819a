//! Entries that are put first, ahead of the policy's order.
//!
//! Their owners are charged as for any entry, so their next turn comes later. Virtual time passes as if the policy's order had
//! been served: a promotion neither lets newcomers catch up nor sets them back. Under the policy `host` the entry is moved
//! to the front of the host's order instead, and there are no promotions.

use serde::{Deserialize, Serialize};
use tutti_protocol::{Action, Entry, EntryId, Event, Policy, UserId};

use crate::decide::Decision;
use crate::{MemberState, RoomState, VirtualTime};

/// Entries that are put first at a time. Of further ones the earliest falls back to its place in the policy's order.
pub const PROMOTED_MAX: usize = 20;

/// An entry that was put first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Promoted {
    pub(crate) entry: EntryId,
    pub(crate) by: UserId,
}

impl RoomState {
    pub(crate) fn play_next(&self, by: UserId, entry: EntryId) -> Decision {
        self.require(by, Action::CurateQueue)?;
        self.find_visible(entry)?;
        let not_locked = |id: &EntryId| self.locked != Some(*id);
        if !not_locked(&entry) {
            return Ok(vec![]);
        }
        if self.settings.policy == Policy::Host {
            let first = self.lineup.iter().map(|(_, id)| *id).find(not_locked);
            return Ok(if first == Some(entry) { vec![] } else { vec![Event::EntryMoved { entry, before: first }] });
        }
        let first = self.promoted.iter().map(|promoted| promoted.entry).find(not_locked);
        Ok(if first == Some(entry) { vec![] } else { vec![Event::EntryPromoted { entry, by }] })
    }

    /// Puts an entry first under every policy.
    pub(crate) fn put_first(&mut self, entry: EntryId, by: UserId) {
        if self.find(entry).is_none() {
            return;
        }
        if self.settings.policy == Policy::Host {
            let first = self.lineup.iter().map(|(_, id)| *id).find(|id| self.locked != Some(*id));
            self.move_to(entry, first.filter(|first| *first != entry));
        } else {
            self.promote(entry, by);
        }
    }

    /// Applies a promotion.
    pub(crate) fn promote(&mut self, entry: EntryId, by: UserId) {
        self.demote(entry);
        self.promoted.push_front(Promoted { entry, by });
        self.promoted.truncate(PROMOTED_MAX);
    }

    /// Drops a promotion.
    pub(crate) fn demote(&mut self, entry: EntryId) {
        self.promoted.retain(|promoted| promoted.entry != entry);
    }

    /// The member who put an entry first.
    pub(crate) fn promoted_by(&self, entry: EntryId) -> Option<UserId> {
        self.promoted.iter().find(|promoted| promoted.entry == entry).map(|promoted| promoted.by)
    }

    /// The promoted entries of these members, without a locked one, which plays before them.
    pub(crate) fn promoted_of<'a>(&self, playing: &[(UserId, &'a MemberState)]) -> Vec<&'a Entry> {
        let ids = self.promoted.iter().map(|promoted| promoted.entry).filter(|id| self.locked != Some(*id));
        ids.filter_map(|id| playing.iter().find_map(|(_, member)| member.queue.iter().find(|entry| entry.id == id)))
            .collect()
    }

    /// The start tag that the policy's order would have served next instead of a promoted entry with this tag.
    pub(crate) fn start_tag_without_promotion(&self, start_tag: VirtualTime) -> VirtualTime {
        let tags = self.taking_part().into_iter().map(|(_, member)| member.ledger.start_tag());
        tags.fold(start_tag, VirtualTime::min)
    }
}
