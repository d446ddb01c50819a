//! Votes for and against queued entries, and votes to skip the current one. One vote per identity; votes outlast their
//! voter's departure.

use std::collections::BTreeSet;

use tutti_protocol::{Action, EndReason, EntryId, Event, UserId};

use crate::decide::Decision;
use crate::{Ctx, Current, Membership, Refusal, RoomState, VOTERS_MAX};

impl RoomState {
    pub(crate) fn vote(&self, by: UserId, entry: EntryId, value: i8) -> Decision {
        self.require(by, Action::Vote)?;
        if !(-1..=1).contains(&value) {
            return Err(Refusal::BadVote);
        }
        let (owner, place) = self.find_visible(entry)?;
        if owner == by {
            return Err(Refusal::OwnTrack);
        }
        let cast = self.votes.get(&entry);
        let before = cast.and_then(|cast| cast.get(&by)).copied().unwrap_or(0);
        if before == value {
            return Ok(vec![]);
        }
        if before == 0 && cast.is_some_and(|cast| cast.len() >= VOTERS_MAX) {
            return Err(Refusal::TooManyVotes);
        }
        let votes = self.members[&owner].queue[place].votes - i32::from(before) + i32::from(value);
        Ok(vec![Event::EntryVoted { entry, member: by, value, votes }])
    }

    /// The electorate is the members who are present and may vote, and everyone who has voted: neither idle devices nor
    /// absent members prevent a skip, and no vote is lost.
    pub(crate) fn vote_skip(&self, ctx: &Ctx<'_>, by: UserId, meant: Option<EntryId>) -> Decision {
        let current = self.check_vote_skip(by, meant)?;
        let mut voters = current.skip_votes.clone();
        let is_new = voters.insert(by);
        let votes = u32::try_from(voters.len()).unwrap_or(u32::MAX);
        let needed = self.votes_of_share(ctx.present, &voters);
        let entry = current.entry.id;
        let voted = is_new.then_some(Event::SkipVoted { entry, member: by, votes, needed });
        let skipped = (votes >= needed).then(|| self.ended(ctx, current, EndReason::VotedOut, None));
        Ok(voted.into_iter().chain(skipped).collect())
    }

    pub(crate) fn check_vote_skip(&self, by: UserId, meant: Option<EntryId>) -> Result<&Current, Refusal> {
        self.require(by, Action::VoteSkip)?;
        if self.settings.vote_skip_share == 0 {
            return Err(Refusal::SkipVotesOff);
        }
        self.on_as_meant(meant)
    }

    /// How many votes skip the current entry, while these members have a device that is not idle; 0: votes skip nothing. It is
    /// evaluated when a member votes, so it is at least one more than the votes so far.
    pub fn skip_votes_needed(&self, present: &BTreeSet<UserId>) -> u32 {
        if self.settings.vote_skip_share == 0 {
            return 0;
        }
        let none = BTreeSet::new();
        let voters = self.current.as_ref().map_or(&none, |current| &current.skip_votes);
        let votes = u32::try_from(voters.len()).unwrap_or(u32::MAX);
        self.votes_of_share(present, voters).max(votes.saturating_add(1))
    }

    /// The required share of the electorate, and at least the host's minimum.
    fn votes_of_share(&self, present: &BTreeSet<UserId>, voters: &BTreeSet<UserId>) -> u32 {
        let may_vote = |id: &&UserId| {
            let member = self.members.get(id).filter(|member| member.membership == Membership::Here);
            member.is_some_and(|member| self.may_do(member, Action::VoteSkip))
        };
        let others = present.iter().filter(may_vote).filter(|id| !voters.contains(id)).count();
        let electorate = u32::try_from(voters.len() + others).unwrap_or(u32::MAX);
        electorate.saturating_mul(self.settings.vote_skip_share).div_ceil(100).max(self.settings.vote_skip_min).max(1)
    }
}

/// Whether `event` can change [`RoomState::skip_votes_needed`].
pub fn changes_skip_votes(event: &Event) -> bool {
    matches!(
        event,
        Event::MemberJoined { .. }
            | Event::MemberLeft { .. }
            | Event::MemberKicked { .. }
            | Event::MemberBanned { .. }
            | Event::MemberAway { .. }
            | Event::MemberReturned { .. }
            | Event::MemberMerged { .. }
            | Event::MemberForgotten { .. }
            | Event::RoleChanged { .. }
            | Event::HostTransferred { .. }
            | Event::HostClaimed { .. }
            | Event::PermissionChanged { .. }
            | Event::SettingsChanged { .. }
            | Event::SkipVoted { .. }
            | Event::EntryStarted { .. }
            | Event::EntryEnded { .. }
            | Event::Undone { .. }
    )
}
