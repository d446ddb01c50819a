//! Applies events about playback, and charges for them.

use tutti_protocol::{EndReason, Entry, EntryId, Playback, PlaybackState, Played, UserId};

use crate::audit_log::Removed;
use crate::timeline::end_at_ms;
use crate::{Current, RoomState};

impl Current {
    /// Whether its end changes this account.
    pub(crate) fn is_charged_to(&self, id: UserId) -> bool {
        self.entry.member == id || self.shared_with.iter().any(|(credited, _)| *credited == id)
    }
}

impl RoomState {
    /// Locks the next entry: it leads its owner's queue, under every policy.
    pub(crate) fn lock_next(&mut self, entry: EntryId) {
        self.locked = Some(entry);
        let Some((owner, place)) = self.find(entry) else { return };
        if let Some(member) = self.members.get_mut(&owner)
            && let Some(entry) = member.queue.remove(place)
        {
            member.queue.push_front(entry);
        }
    }

    pub(crate) fn start(&mut self, entry: &Entry, playback: &Playback) {
        let mut current = Current {
            entry: entry.clone(),
            start_tag: self.virtual_time,
            shared_with: vec![],
            shares: 1,
            started_at_ms: playback.anchor_at_ms,
            // A track change is announced ahead of time.
            awaits_devices: self.next_start_at_ms.is_none() || playback.waiting_for_listener,
            skip_votes: std::collections::BTreeSet::new(),
        };
        if entry.fallback {
            self.fallback.advance();
        } else {
            self.serve(&mut current);
            self.fallback.include_all();
        }
        self.current = Some(current);
        self.playback = *playback;
        self.locked = None;
        self.next_start_at_ms = None;
    }

    /// Applies a new timeline of the same entry, or the idle one.
    pub(crate) fn move_timeline(&mut self, playback: &Playback) {
        let was = std::mem::replace(&mut self.playback, *playback);
        let ran = was.state == PlaybackState::Playing;
        let is_advanced = ran && playback.state == PlaybackState::Playing && playback.anchor_at_ms < was.anchor_at_ms;
        if let Some(current) = &mut self.current {
            // A later anchor means that the entry had begun.
            current.awaits_devices &= !(ran && playback.anchor_at_ms > was.anchor_at_ms);
            if current.awaits_devices {
                current.started_at_ms = playback.anchor_at_ms;
            }
            // Devices that come to listen have to load it.
            current.awaits_devices |= playback.waiting_for_listener;
        }
        if !is_advanced {
            self.locked = None;
        }
        self.next_start_at_ms = None;
    }

    /// Charges its owner and the credited members for the whole track; its end corrects the charge.
    fn serve(&mut self, current: &mut Current) {
        let Entry { id, member: owner, .. } = current.entry;
        let is_promoted = self.promoted_by(id).is_some();
        self.update(owner, |member, _| {
            if let Some(place) = member.queue.iter().position(|waiting| waiting.id == id) {
                member.queue.remove(place);
            }
        });
        self.lose(id);
        self.starts += 1;
        if let Some(member) = self.members.get_mut(&owner) {
            current.start_tag = member.ledger.start_tag();
            member.ledger.last_start = self.starts;
        }
        let served = if is_promoted { self.start_tag_without_promotion(current.start_tag) } else { current.start_tag };
        // A locked entry can start although a smaller tag has been queued: virtual time never decreases.
        self.virtual_time = self.virtual_time.max(served);
        for credited in &current.entry.credits {
            if let Some(member) = self.members.get(credited) {
                current.shared_with.push((*credited, member.ledger.start_tag().max(self.virtual_time)));
            }
        }
        current.shares = current.shared_with.len() as u64 + 1;
        self.charge(current, Some(current.entry.track.duration_ms));
        self.count_start(owner);
    }

    /// Sets the finish tags of everyone charged; `None`: without a charge.
    fn charge(&mut self, current: &Current, played_ms: Option<u64>) {
        let owner = (current.entry.member, current.start_tag);
        for (id, from) in current.shared_with.iter().copied().chain([owner]) {
            let charge_ms = played_ms.map_or(0, |played_ms| self.charge_ms(id, played_ms, current.shares));
            self.update(id, |member, _| member.ledger.finish = from.after(charge_ms));
        }
    }

    /// Charges for the current entry again after a change of settings, as its end will, so that the order shown is right.
    pub(crate) fn charge_what_is_on(&mut self) {
        let Some(current) = self.current.take_if(|current| !current.entry.fallback) else { return };
        self.charge(&current, Some(current.entry.track.duration_ms));
        self.current = Some(current);
    }

    /// `note`: the note by which a skip can be undone.
    pub(crate) fn end(&mut self, reason: EndReason, played_ms: u64, by: Option<UserId>, note: Option<u64>) {
        let Some(current) = self.current.take() else { return };
        if note.is_some() {
            let skipped = Some(Entry { votes: 0, ..current.entry.clone() });
            self.keep_for_undo(note, Removed { skipped, ..Removed::default() });
        }
        let owner = current.entry.member;
        if !current.entry.fallback {
            let is_charged = !matches!(reason, EndReason::Unplayable | EndReason::Gone);
            self.charge(&current, is_charged.then_some(played_ms));
            for id in current.shared_with.iter().map(|(id, _)| *id).chain([owner]) {
                self.update(id, |member, _| member.ledger.airtime_ms += played_ms / current.shares.max(1));
            }
        } else if by.is_none() && matches!(reason, EndReason::Unplayable | EndReason::Gone) {
            self.fallback.leave_out(&current.entry.track);
        }
        self.next_start_at_ms = match reason {
            EndReason::Finished => end_at_ms(&self.playback, &current.entry),
            EndReason::Skipped | EndReason::VotedOut | EndReason::Unplayable | EndReason::Gone => None,
        };
        self.playback.entry = None;
        self.past.push(Played {
            entry: current.entry.id,
            // The owner may have been erased meanwhile.
            member: Some(owner).filter(|owner| self.members.contains_key(owner)),
            track: current.entry.track,
            started_at_ms: current.started_at_ms,
            played_ms,
            reason,
            by,
        });
    }

    pub(crate) fn close(&mut self) {
        self.closed = true;
        self.current = None;
        self.next_start_at_ms = None;
        self.playback =
            Playback { state: PlaybackState::Idle, entry: None, waiting_for_listener: false, ..self.playback };
        self.lineup.clear();
        self.promoted.clear();
        self.votes.clear();
        self.suggestions.clear();
        self.screens.clear();
        for member in self.members.values_mut() {
            member.queue.clear();
        }
    }
}
