//! Applies events to the state. Infallible: an event that was decided for this state always fits.

use tutti_protocol::{Admission, Event, Policy, Role, SettingsChange, Track, UserId};

use crate::fallback::Fallback;
use crate::{MemberState, Membership, RoomState};

impl RoomState {
    /// Applies an event.
    pub fn apply(&mut self, event: &Event) {
        self.offset += 1;
        let mut took_part: Vec<UserId> = self.taking_part().into_iter().map(|(id, _)| id).collect();
        self.apply_event(event);
        self.update_waitlist();
        if let Event::MemberMerged { from, to } = event
            && took_part.contains(from)
        {
            took_part.push(to.id);
            took_part.sort_unstable();
        }
        self.raise_floors(&took_part);
        if self.locked.is_some() && self.locked_head().is_none() {
            self.locked = None;
        }
    }

    /// Queues that begin to take part do so at the current virtual time, so neither absence nor the waitlist earns airtime.
    /// `took_part` is sorted.
    fn raise_floors(&mut self, took_part: &[UserId]) {
        let new: Vec<UserId> = self
            .taking_part()
            .into_iter()
            .map(|(id, _)| id)
            .filter(|id| took_part.binary_search(id).is_err())
            .collect();
        for id in new {
            self.update(id, |member, now| member.ledger.floor = member.ledger.floor.max(now));
        }
    }

    fn apply_event(&mut self, event: &Event) {
        match event {
            Event::RoomCreated { room_name, host } => {
                self.name.clone_from(room_name);
                self.join(host);
            }
            Event::MemberJoined { member } => self.join(member),
            Event::MemberLeft { member } => self.part(*member),
            Event::MemberKicked { member, note, .. } => self.kick_out(*member, *note),
            Event::MemberBanned { member, .. } => self.ban_out(*member),
            Event::BanLifted { member, .. } => self.lift_ban(*member),
            Event::MemberAway { member } => self.update(*member, |state, _| state.membership = Membership::Away),
            Event::MemberReturned { member } => self.update(*member, |state, _| state.membership = Membership::Here),
            Event::MemberRenamed { member, member_name, look_alike } => self.update(*member, |state, _| {
                state.name.clone_from(member_name);
                state.look_alike = *look_alike;
            }),
            Event::MemberChanged { member, member_name, kind, picture, look_alike } => {
                self.update(*member, |state, _| {
                    state.name.clone_from(member_name);
                    state.look_alike = *look_alike;
                    state.kind = *kind;
                    state.picture.clone_from(picture);
                });
            }
            Event::MemberMerged { from, to } => self.merge_members(*from, to),
            Event::MemberForgotten { member } => self.forget_member(*member),
            Event::MemberMuted { member, muted, .. } => self.update(*member, |state, _| state.muted = *muted),
            Event::RoleChanged { member, role, .. } => self.update(*member, |state, _| state.role = *role),
            Event::PermissionChanged { member, action, allowed, .. } => self.update(*member, |state, _| {
                match allowed {
                    Some(allowed) => state.exceptions.insert(*action, *allowed),
                    None => state.exceptions.remove(action),
                };
            }),
            Event::HostTransferred { from, to } => {
                self.owner = self.owner.filter(|owner| owner != to && owner != from);
                self.hand_over(*from, *to);
            }
            Event::HostClaimed { from, to } => {
                self.owner = if self.owner == Some(*to) { None } else { self.owner.or(Some(*from)) };
                self.hand_over(*from, *to);
            }
            Event::LobbyEntered { person } => {
                self.lobby.forget(person.id);
                self.lobby.waiting.push(person.clone());
            }
            Event::LobbyLeft { person, admitted, by } => self.lobby.leave(*person, *admitted, *by),
            Event::EntryAdded { entry, before } => self.add(entry.clone(), *before),
            Event::EntryRemoved { entry, fault: Some(_), .. } => self.drop_faulty(*entry),
            Event::EntryRemoved { entry, by, note, .. } => self.remove(*entry, *by, *note),
            Event::TrackMeasured { entry, duration_ms, gain_db, art_url } => {
                self.correct(*entry, *duration_ms, *gain_db, art_url.as_deref());
            }
            Event::EntryMoved { entry, before } => self.move_to(*entry, *before),
            Event::EntryPromoted { entry, by } => self.promote(*entry, *by),
            Event::EntryVoted { entry, member, value, votes } => self.count_vote(*entry, *member, *value, *votes),
            Event::EntryCredited { entry, member } => self.credit(*entry, *member),
            Event::QueueCleared { member, note, .. } => self.clear_out(*member, *note),
            Event::QueuePaused { member, paused, .. } => self.update(*member, |state, _| state.paused = *paused),
            Event::SteppedDown { member } => self.send_to_end_of_waitlist(*member),
            Event::EntrySuggested { entry } => self.suggestions.push_back(entry.clone()),
            Event::SuggestionApproved { entry, .. } => {
                if let Some(place) = self.suggestions.iter().position(|suggested| suggested.id == *entry)
                    && let Some(entry) = self.suggestions.remove(place)
                {
                    self.add(entry, None);
                }
            }
            Event::SuggestionRejected { entry, .. } => self.suggestions.retain(|suggested| suggested.id != *entry),
            Event::NextLocked { entry } => self.lock_next(*entry),
            Event::EntryStarted { entry, playback } => self.start(entry, playback),
            Event::EntryEnded { reason, played_ms, by, note, .. } => self.end(*reason, *played_ms, *by, *note),
            Event::SkipVoted { member, .. } => {
                if let Some(current) = &mut self.current {
                    current.skip_votes.insert(*member);
                }
            }
            Event::PlaybackChanged { playback, .. } => self.move_timeline(playback),
            Event::OutputChanged { output, .. } => self.output.clone_from(output),
            Event::SettingsChanged { settings, fallback, .. } => self.change_settings(settings, fallback.as_deref()),
            Event::RoomRenamed { room_name, .. } => self.name.clone_from(room_name),
            // The passcode is stored beside the room.
            Event::PasscodeChanged { .. } => {}
            Event::ScreenAdded { screen, .. } => self.screens.push(screen.clone()),
            Event::ScreenRemoved { screen, .. } => self.screens.retain(|known| known.id != *screen),
            Event::Noted { note } => self.audit_log.record(note),
            Event::Undone { note, by, member, entry, .. } => {
                if let Some(removed) = self.audit_log.undo(*note, *by) {
                    self.put_back(removed, member.as_ref(), entry.map(|entry| (entry, *by)));
                }
            }
            Event::RoomClosed { .. } => self.close(),
        }
    }

    /// Changes a member; `change` also gets the current virtual time.
    pub(crate) fn update(&mut self, id: UserId, change: impl FnOnce(&mut MemberState, crate::VirtualTime)) {
        if let Some(member) = self.members.get_mut(&id) {
            change(member, self.virtual_time);
        }
    }

    fn hand_over(&mut self, from: UserId, to: UserId) {
        self.update(from, |state, _| state.role = Role::Cohost);
        self.update(to, |state, _| {
            state.role = Role::Host;
            // A host has every permission.
            state.exceptions.clear();
        });
    }

    fn change_settings(&mut self, change: &SettingsChange, fallback: Option<&[Track]>) {
        let was = self.settings.policy;
        // The host's order starts as the order that is shown.
        let lineup = (change.policy == Some(Policy::Host) && was != Policy::Host).then(|| self.lineup_of_now());
        if change.admission == Some(Admission::Locked) && !self.is_locked() {
            self.lobby.before_lock = self.settings.admission;
        }
        self.settings.take(change);
        if let Some(tracks) = fallback {
            self.fallback = Fallback::of(tracks);
        }
        if fallback.is_some() || change.blocked_tracks.is_some() || change.blocked_artists.is_some() {
            self.update_blocked();
        }
        self.charge_what_is_on();
        if self.settings.policy == was {
            return;
        }
        if self.settings.policy == Policy::Host {
            // They lead the host's order.
            self.promoted.clear();
        }
        self.lineup = lineup.unwrap_or_default();
        for member in self.members.values_mut() {
            member.ledger.floor = member.ledger.floor.max(self.virtual_time);
        }
    }
}
