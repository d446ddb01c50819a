//! Votes: for and against what waits, and to skip what is on. One identity, one vote, however many devices; votes that
//! were cast stay when their voter goes.

use std::collections::BTreeSet;

use tutti_protocol::{Action, EndReason, EntryId, Event, UserId};

use crate::decide::Decision;
use crate::{Ctx, Refusal, RoomState, Standing, VOTERS_MAX};

impl RoomState {
    pub(crate) fn vote(&self, by: UserId, entry: EntryId, value: i8) -> Decision {
        self.require(by, Action::Vote)?;
        if !(-1..=1).contains(&value) {
            return Err(Refusal::NoSuchVote);
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

    /// Counts those who are present and may vote, and those who voted and left: neither idle devices nor people who went
    /// home keep a room from skipping, and nobody's vote is lost.
    pub(crate) fn vote_skip(&self, ctx: &Ctx<'_>, by: UserId, meant: Option<EntryId>) -> Decision {
        self.require(by, Action::VoteSkip)?;
        let share = self.settings.vote_skip_share;
        if share == 0 {
            return Err(Refusal::NoSkippingByVote);
        }
        let current = self.on_as_meant(meant)?;
        let mut voters: BTreeSet<UserId> = current.skip_votes.clone();
        let is_new = voters.insert(by);
        let present = ctx.present.iter().filter(|id| {
            let voter = self.members.get(id).filter(|member| member.standing == Standing::Here);
            voter.is_some_and(|member| self.may(member, Action::VoteSkip))
        });
        let votes = u32::try_from(voters.len()).unwrap_or(u32::MAX);
        let electorate: BTreeSet<&UserId> = present.chain(&voters).collect();
        let electorate = u32::try_from(electorate.len()).unwrap_or(u32::MAX);
        let needed = electorate.saturating_mul(share).div_ceil(100).max(1);
        let entry = current.entry.id;
        let voted = is_new.then_some(Event::SkipVoted { entry, member: by, votes, needed });
        let skipped = (votes >= needed).then(|| self.ended(ctx, current, EndReason::VotedOut, None));
        Ok(voted.into_iter().chain(skipped).collect())
    }
}
