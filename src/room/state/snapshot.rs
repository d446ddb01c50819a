//! The state as every member sees it.

use tutti_protocol::{Entry, Event, Member, Room, UserId};

use crate::{MemberState, Membership, RoomState, UPCOMING_SHOWN_MAX};

impl MemberState {
    pub(crate) fn to_wire(&self, id: UserId) -> Member {
        Member {
            id,
            name: self.name.clone(),
            role: self.role,
            kind: self.kind,
            away: self.membership == Membership::Away,
            picture: self.picture.clone(),
            muted: self.muted,
            paused: self.paused,
            exceptions: self.exceptions.clone(),
            look_alike: self.look_alike,
        }
    }
}

impl RoomState {
    /// The visible state.
    pub fn snapshot(&self) -> Room {
        let mut members: Vec<_> = self.members.iter().filter(|(_, member)| member.is_visible()).collect();
        members.sort_by_key(|(_, member)| member.joined);
        let (upcoming, upcoming_total) = self.upcoming();
        let banned = self.members.iter().filter(|(_, member)| member.membership == Membership::Banned);
        Room {
            code: self.code,
            name: self.name.clone(),
            locked: self.is_locked(),
            settings: self.settings.clone(),
            members: members.into_iter().map(|(id, member)| member.to_wire(*id)).collect(),
            playback: self.playback,
            output: self.output.clone(),
            now_playing: self.now_playing().cloned(),
            upcoming,
            upcoming_total,
            suggestions: self.suggestions.iter().cloned().collect(),
            lobby: self.lobby.waiting.clone(),
            banned: banned.map(|(id, member)| member.to_wire(*id)).collect(),
            fallback: self.fallback.tracks.clone(),
            skip_votes: self.current.iter().flat_map(|current| &current.skip_votes).copied().collect(),
            waitlist: self.waitlist(),
            owner: self.owner,
            screens: self.screens.clone(),
        }
    }

    /// The shown part of the order, and the length of the whole order.
    pub fn upcoming(&self) -> (Vec<Entry>, u32) {
        let shown = self
            .order(UPCOMING_SHOWN_MAX)
            .into_iter()
            .map(|placed| Entry { place: Some(placed.place), ..placed.entry.clone() })
            .collect();
        (shown, u32::try_from(self.order_len()).unwrap_or(u32::MAX))
    }
}

/// Whether `event` can change the order of play.
pub fn changes_order(event: &Event) -> bool {
    match event {
        Event::MemberLeft { .. }
        | Event::MemberKicked { .. }
        | Event::MemberAway { .. }
        | Event::MemberReturned { .. }
        | Event::MemberMerged { .. }
        | Event::MemberForgotten { .. }
        | Event::RoleChanged { .. }
        | Event::HostTransferred { .. }
        | Event::EntryAdded { .. }
        | Event::EntryRemoved { .. }
        | Event::EntryMoved { .. }
        | Event::EntryPromoted { .. }
        | Event::TrackMeasured { .. }
        | Event::NextLocked { .. }
        | Event::EntryStarted { .. }
        | Event::EntryEnded { .. }
        | Event::PlaybackChanged { .. }
        | Event::SettingsChanged { .. }
        | Event::PermissionChanged { .. }
        | Event::EntryVoted { .. }
        | Event::EntryCredited { .. }
        | Event::QueueCleared { .. }
        | Event::QueuePaused { .. }
        | Event::SteppedDown { .. }
        | Event::SuggestionApproved { .. }
        | Event::MemberBanned { .. }
        | Event::HostClaimed { .. }
        | Event::Undone { .. } => true,
        Event::RoomCreated { .. }
        | Event::MemberJoined { .. }
        | Event::MemberRenamed { .. }
        | Event::MemberChanged { .. }
        | Event::SkipVoted { .. }
        | Event::EntrySuggested { .. }
        | Event::SuggestionRejected { .. }
        | Event::MemberMuted { .. }
        | Event::BanLifted { .. }
        | Event::LobbyEntered { .. }
        | Event::LobbyLeft { .. }
        | Event::Noted { .. }
        | Event::OutputChanged { .. }
        | Event::RoomRenamed { .. }
        | Event::PasscodeChanged { .. }
        | Event::ScreenAdded { .. }
        | Event::ScreenRemoved { .. }
        | Event::RoomClosed { .. } => false,
    }
}
