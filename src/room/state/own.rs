//! What only one member is sent: their queue, their votes, and which commands about the current entry they may use.
//!
//! Most of it follows from what everyone is sent: a vote is an event, and a queue that takes part in a short order is in
//! `upcoming`. The rest has a digest, so that it is sent again only when it changed.

use std::hash::{DefaultHasher, Hash, Hasher};

use tutti_protocol::{Event, Own, UserId};

use crate::{RoomState, UPCOMING_SHOWN_MAX};

/// Entries of a member's queue, and votes, in one [`Own`].
const OWN_SHOWN_MAX: usize = 200;

/// Whose [`Own`] an event can change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnScope {
    /// No member's.
    None,
    /// One member's.
    Member(UserId),
    /// Any member's.
    All,
}

impl RoomState {
    /// What only this member is sent.
    pub fn own(&self, user: UserId) -> Own {
        let cast = self.votes.iter().filter_map(|(entry, cast)| Some((*entry, *cast.get(&user)?)));
        Own {
            offset: self.offset,
            queue: self.queue_of(user).take(OWN_SHOWN_MAX).cloned().collect(),
            votes: cast.take(OWN_SHOWN_MAX).collect(),
            queue_more: u32::try_from(self.queue_of(user).skip(OWN_SHOWN_MAX).count()).unwrap_or(u32::MAX),
            queue_hidden: self.is_queue_hidden(user, &self.shown_whole()),
            may: Some(self.may(user)),
        }
    }

    /// A digest for each of these members, which changes whenever [`Self::own`] has to be sent again.
    pub fn own_digests<'a>(&'a self, users: &'a [UserId]) -> impl Iterator<Item = (UserId, u64)> + 'a {
        let shown = self.shown_whole();
        users.iter().map(move |user| (*user, self.own_digest(*user, &shown)))
    }

    fn own_digest(&self, user: UserId, shown: &[UserId]) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.may(user).hash(&mut hasher);
        let hidden = self.is_queue_hidden(user, shown);
        hidden.hash(&mut hasher);
        if hidden {
            let mut queue = self.queue_of(user);
            queue.by_ref().take(OWN_SHOWN_MAX).for_each(|entry| entry.id.hash(&mut hasher));
            queue.count().hash(&mut hasher);
        }
        hasher.finish()
    }

    fn is_queue_hidden(&self, user: UserId, shown: &[UserId]) -> bool {
        self.queue_of(user).next().is_some() && shown.binary_search(&user).is_err()
    }

    /// Members whose whole queue is in the shown part of the order, by id.
    fn shown_whole(&self) -> Vec<UserId> {
        let taking_part = self.taking_part();
        let total: usize = taking_part.iter().map(|(_, member)| member.queue.len()).sum();
        if total > UPCOMING_SHOWN_MAX { vec![] } else { taking_part.into_iter().map(|(id, _)| id).collect() }
    }
}

/// Whose [`Own`] `event` can change. The order crossing [`UPCOMING_SHOWN_MAX`] can change any member's as well.
pub fn changes_own(event: &Event) -> OwnScope {
    match event {
        Event::EntryAdded { entry, .. } => OwnScope::Member(entry.member),
        Event::MemberJoined { member } => OwnScope::Member(member.id),
        Event::MemberLeft { .. }
        | Event::MemberKicked { .. }
        | Event::MemberBanned { .. }
        | Event::MemberForgotten { .. }
        | Event::MemberMerged { .. }
        | Event::MemberAway { .. }
        | Event::MemberReturned { .. }
        | Event::RoleChanged { .. }
        | Event::HostTransferred { .. }
        | Event::HostClaimed { .. }
        | Event::PermissionChanged { .. }
        | Event::SettingsChanged { .. }
        | Event::EntryRemoved { .. }
        | Event::EntryMoved { .. }
        | Event::NextLocked { .. }
        | Event::EntryStarted { .. }
        | Event::EntryEnded { .. }
        | Event::QueueCleared { .. }
        | Event::QueuePaused { .. }
        | Event::SteppedDown { .. }
        | Event::SuggestionApproved { .. }
        | Event::Undone { .. }
        | Event::RoomClosed { .. } => OwnScope::All,
        Event::RoomCreated { .. }
        | Event::MemberRenamed { .. }
        | Event::MemberChanged { .. }
        | Event::MemberMuted { .. }
        | Event::BanLifted { .. }
        | Event::LobbyEntered { .. }
        | Event::LobbyLeft { .. }
        | Event::EntrySuggested { .. }
        | Event::SuggestionRejected { .. }
        | Event::EntryVoted { .. }
        | Event::EntryPromoted { .. }
        | Event::TrackMeasured { .. }
        | Event::EntryCredited { .. }
        | Event::SkipVoted { .. }
        | Event::PlaybackChanged { .. }
        | Event::OutputChanged { .. }
        | Event::RoomRenamed { .. }
        | Event::PasscodeChanged { .. }
        | Event::ScreenAdded { .. }
        | Event::ScreenRemoved { .. }
        | Event::Noted { .. } => OwnScope::None,
    }
}
