//! Events into the state. Infallible: an event that was decided for this state always fits.

use tutti_protocol::{EndReason, Entry, EntryId, Event, Member, Playback, PlaybackState, Role, UserId};

use crate::timeline::end_at_ms;
use crate::{Current, Ledger, MemberState, RoomState, Standing, VirtualTime};

impl RoomState {
    /// Takes an accepted event in.
    pub fn apply(&mut self, event: &Event) {
        self.offset += 1;
        match event {
            Event::RoomCreated { room_name, host } => {
                self.name.clone_from(room_name);
                self.join(host);
            }
            Event::MemberJoined { member } => self.join(member),
            Event::MemberLeft { member } | Event::MemberKicked { member, .. } => self.part(*member),
            Event::MemberAway { member } => self.update(*member, |state| state.standing = Standing::Away),
            Event::MemberReturned { member } => self.update(*member, |state| state.standing = Standing::Here),
            Event::MemberRenamed { member, member_name } => {
                self.update(*member, |state| state.name.clone_from(member_name));
            }
            Event::MemberChanged { member, member_name, kind, picture } => self.update(*member, |state| {
                state.name.clone_from(member_name);
                state.kind = *kind;
                state.picture.clone_from(picture);
            }),
            Event::MemberMerged { from, to } => self.merge_members(*from, to),
            Event::MemberForgotten { member } => {
                self.members.remove(member);
            }
            Event::RoleChanged { member, role, .. } => self.update(*member, |state| state.role = *role),
            Event::HostTransferred { from, to } => {
                self.update(*from, |state| state.role = Role::Cohost);
                self.update(*to, |state| state.role = Role::Host);
            }
            Event::EntryAdded { entry, before } => {
                self.update(entry.member, |state| insert(state, entry.clone(), *before));
            }
            Event::EntryRemoved { entry, .. } => {
                self.take(*entry);
            }
            Event::EntryMoved { entry, before } => {
                if let Some(moved) = self.take(*entry) {
                    // Not `update`: moving the only entry is no return to the order.
                    if let Some(state) = self.members.get_mut(&moved.member) {
                        insert(state, moved, *before);
                    }
                }
            }
            Event::NextLocked { entry } => self.locked = Some(*entry),
            Event::EntryStarted { entry, playback } => self.start(entry, playback),
            Event::EntryEnded { reason, played_ms, .. } => self.end(*reason, *played_ms),
            Event::PlaybackChanged { playback, .. } => {
                self.playback = *playback;
                self.locked = None;
                self.next_start_at_ms = None;
            }
            Event::RoomClosed { .. } => self.close(),
        }
        if self.locked.is_some() && self.locked_head().is_none() {
            self.locked = None;
        }
    }

    /// Changes a member; when their queue begins to take part in the order, it does so at the present virtual time.
    fn update(&mut self, id: UserId, change: impl FnOnce(&mut MemberState)) {
        let Some(member) = self.members.get_mut(&id) else { return };
        let took_part = member.takes_part();
        change(member);
        if !took_part && member.takes_part() {
            member.ledger.floor = member.ledger.floor.max(self.virtual_time);
        }
    }

    fn join(&mut self, member: &Member) {
        self.joins += 1;
        let ledger = self.members.remove(&member.id).map(|gone| gone.ledger).unwrap_or_default();
        let state = MemberState {
            name: member.name.clone(),
            picture: member.picture.clone(),
            role: member.role,
            kind: member.kind,
            standing: Standing::Here,
            joined: self.joins,
            queue: std::collections::VecDeque::new(),
            ledger,
        };
        self.members.insert(member.id, state);
    }

    fn part(&mut self, id: UserId) {
        let is_on = self.current.as_ref().is_some_and(|current| current.entry.member == id);
        let Some(member) = self.members.get_mut(&id) else { return };
        if member.ledger == Ledger::default() && !is_on {
            self.members.remove(&id);
        } else {
            member.standing = Standing::Gone;
            member.name.clear();
            member.picture = None;
            member.role = Role::Listener;
            member.queue.clear();
        }
    }

    fn merge_members(&mut self, from: UserId, to: &Member) {
        let Some(guest) = self.members.remove(&from) else { return };
        let known = self.members.remove(&to.id);
        let took_part = guest.takes_part() || known.as_ref().is_some_and(MemberState::takes_part);
        // Who is new here as the account takes over the guest's place among the members too.
        let joined = known.as_ref().filter(|known| known.is_visible()).map_or(guest.joined, |known| known.joined);
        let (mut queue, known_ledger) = known.map(|known| (known.queue, known.ledger)).unwrap_or_default();
        for mut entry in guest.queue {
            entry.member = to.id;
            // Nobody goes ahead of what is settled, not even the account's own.
            if self.locked == Some(entry.id) {
                queue.push_front(entry);
            } else {
                queue.push_back(entry);
            }
        }
        let owner = self.current.as_ref().map(|current| current.entry.member);
        let (mut ledger, other) =
            if owner == Some(from) { (guest.ledger, known_ledger) } else { (known_ledger, guest.ledger) };
        ledger.absorb(&other, owner == Some(from) || owner == Some(to.id));
        if let Some(current) = self.current.as_mut().filter(|current| current.entry.member == from) {
            current.entry.member = to.id;
        }
        let mut member = MemberState {
            name: to.name.clone(),
            picture: to.picture.clone(),
            role: to.role,
            kind: to.kind,
            standing: if to.away { Standing::Away } else { Standing::Here },
            joined,
            queue,
            ledger,
        };
        if !took_part && member.takes_part() {
            member.ledger.floor = member.ledger.floor.max(self.virtual_time);
        }
        self.members.insert(to.id, member);
    }

    fn take(&mut self, entry: EntryId) -> Option<Entry> {
        let (owner, place) = self.find(entry)?;
        self.members.get_mut(&owner)?.queue.remove(place)
    }

    fn start(&mut self, entry: &Entry, playback: &Playback) {
        self.take(entry.id);
        self.starts += 1;
        let mut start_tag = VirtualTime::default();
        if let Some(member) = self.members.get_mut(&entry.member) {
            start_tag = member.ledger.start_tag();
            member.ledger.finish = start_tag.after(entry.track.duration_ms);
            member.ledger.last_start = self.starts;
        }
        // A locked entry can start after one with a smaller tag came in: virtual time never runs back.
        self.virtual_time = self.virtual_time.max(start_tag);
        self.current = Some(Current { entry: entry.clone(), start_tag });
        self.playback = *playback;
        self.locked = None;
        self.next_start_at_ms = None;
    }

    fn end(&mut self, reason: EndReason, played_ms: u64) {
        let Some(current) = self.current.take() else { return };
        if let Some(member) = self.members.get_mut(&current.entry.member) {
            member.ledger.finish = current.start_tag.after(played_ms);
            member.ledger.airtime_ms += played_ms;
        }
        self.next_start_at_ms = match reason {
            EndReason::Finished => end_at_ms(&self.playback, &current.entry),
            EndReason::Skipped => None,
        };
        self.playback.entry = None;
    }

    fn close(&mut self) {
        self.closed = true;
        self.current = None;
        self.next_start_at_ms = None;
        self.playback = Playback { state: PlaybackState::Idle, entry: None, ..self.playback };
        for member in self.members.values_mut() {
            member.queue.clear();
        }
    }
}

/// Puts an entry ahead of `before`, or at the end.
fn insert(state: &mut MemberState, entry: Entry, before: Option<EntryId>) {
    let place = before
        .and_then(|before| state.queue.iter().position(|waiting| waiting.id == before))
        .unwrap_or(state.queue.len());
    state.queue.insert(place, entry);
}
