//! Commands about queues.

use tutti_protocol::{Action, Entry, EntryId, Event, Policy, Role, Track, UserId};
use uuid::Uuid;

use crate::decide::Decision;
use crate::quota::Duplicate;
use crate::{Ctx, ENQUEUE_ALL_MAX, ENTRIES_PER_MEMBER_MAX, ENTRIES_PER_ROOM_MAX, Refusal, RoomState, share_of};

impl RoomState {
    /// Queues a track, credits a queued one, or suggests it.
    pub(crate) fn enqueue(
        &self,
        ctx: &Ctx<'_>,
        by: UserId,
        track: Option<&Track>,
        before: Option<EntryId>,
    ) -> Decision {
        let suggests = self.settings.suggestions && !self.allows(by, Action::Approve);
        self.require(by, if suggests { Action::Suggest } else { Action::Queue })?;
        let track = track.ok_or(Refusal::NoSuchTrack)?;
        self.check_room_for_one(by)?;
        self.check_quota(ctx, by, track)?;
        match self.duplicate_of(by, track)? {
            Duplicate::None => {}
            Duplicate::Credit(entry) => return Ok(vec![Event::EntryCredited { entry, member: by }]),
        }
        let entry = Entry {
            id: ctx.new_entry,
            member: by,
            credits: vec![],
            fallback: false,
            track: track.clone(),
            added_at_ms: ctx.now_ms,
            votes: 0,
            place: None,
        };
        if suggests {
            return self.suggest(entry);
        }
        self.check_before(by, before)?;
        Ok(vec![Event::EntryAdded { entry, before }])
    }

    /// Queues tracks one after another. Those that are refused are left out; refuses with the reason of the first when none is
    /// left.
    pub(crate) fn enqueue_all(&self, ctx: &Ctx<'_>, by: UserId, tracks: &[Track]) -> Decision {
        let first = tracks.first();
        let mut events = self.enqueue(ctx, by, first, None);
        // Each track counts towards the limits of the next.
        let mut room = self.clone();
        events.iter().flatten().for_each(|event| room.apply(event));
        for (number, track) in (1..).zip(tracks.iter().take(ENQUEUE_ALL_MAX).skip(1)) {
            let ctx = Ctx { new_entry: nth_entry(ctx.new_entry, number), ..*ctx };
            let Ok(more) = room.enqueue(&ctx, by, Some(track), None) else { continue };
            for event in &more {
                room.apply(event);
            }
            events = Ok([events.unwrap_or_default(), more].concat());
        }
        events
    }

    /// Refuses when the member's queue is full, or holds the member's share of the room's. The host is never refused for the
    /// entries of others.
    pub(crate) fn check_room_for_one(&self, owner: UserId) -> Result<(), Refusal> {
        let own = self.members[&owner].queue.len();
        if own >= ENTRIES_PER_MEMBER_MAX {
            return Err(Refusal::QueueFull);
        }
        let others = self.members.values().map(|member| member.queue.len()).sum::<usize>() - own;
        if own >= share_of(ENTRIES_PER_ROOM_MAX, others) && self.members[&owner].role != Role::Host {
            return Err(Refusal::RoomQueueFull);
        }
        Ok(())
    }

    pub(crate) fn dequeue(&self, by: UserId, entry: EntryId) -> Decision {
        let (owner, place) = self.find_visible(entry)?;
        if owner == by {
            self.require(by, Action::Queue)?;
            return Ok(vec![Event::EntryRemoved { entry, by, note: None, removed: None, fault: None }]);
        }
        self.require(by, Action::CurateQueue)?;
        let removed = Some(Box::new(self.members[&owner].queue[place].clone()));
        Ok(vec![Event::EntryRemoved { entry, by, note: Some(self.next_note()), removed, fault: None }])
    }

    pub(crate) fn move_entry(&self, by: UserId, entry: EntryId, before: Option<EntryId>) -> Decision {
        let (owner, place) = self.find_visible(entry)?;
        if self.settings.policy == Policy::Host {
            self.require(by, Action::CurateQueue)?;
            return self.move_in_lineup(entry, before);
        }
        self.require(by, if owner == by { Action::Queue } else { Action::CurateQueue })?;
        if self.locked == Some(entry) {
            return Err(Refusal::AboutToStart);
        }
        self.check_before(owner, before)?;
        let follower = self.members[&owner].queue.get(place + 1).map(|next| next.id);
        // An entry that was put first plays elsewhere than its place in the queue: any move takes it back.
        let stays = (before == Some(entry) || before == follower) && self.promoted_by(entry).is_none();
        Ok(if stays { vec![] } else { vec![Event::EntryMoved { entry, before }] })
    }

    fn move_in_lineup(&self, entry: EntryId, before: Option<EntryId>) -> Decision {
        if let Some(before) = before {
            self.find_visible(before)?;
        }
        if self.locked.is_some() && (self.locked == Some(entry) || self.locked == before) {
            return Err(Refusal::AboutToStart);
        }
        let place = self.lineup.iter().position(|(_, id)| *id == entry);
        let follower = place.and_then(|place| self.lineup.get(place + 1)).map(|(_, id)| *id);
        let stays = before == Some(entry) || before == follower;
        Ok(if stays { vec![] } else { vec![Event::EntryMoved { entry, before }] })
    }

    pub(crate) fn clear(&self, by: UserId, member: Option<UserId>) -> Decision {
        let is_own = member == Some(by);
        self.require(by, if is_own { Action::Queue } else { Action::CurateQueue })?;
        let waits = match member {
            Some(member) => !self.visible(member).ok_or(Refusal::NoSuchMember)?.queue.is_empty(),
            None => self.members.values().any(|member| member.is_visible() && !member.queue.is_empty()),
        };
        Ok(if waits { vec![Event::QueueCleared { member, by, note: Some(self.next_note()) }] } else { vec![] })
    }

    pub(crate) fn pause_queue(&self, by: UserId, member: UserId, paused: bool) -> Decision {
        if by != member {
            self.require(by, Action::CurateQueue)?;
        }
        let state = self.visible(member).ok_or(Refusal::NoSuchMember)?;
        Ok(if state.paused == paused { vec![] } else { vec![Event::QueuePaused { member, paused, by }] })
    }

    pub(crate) fn step_down(&self, by: UserId) -> Decision {
        let in_line =
            self.settings.players_max > 0 && self.members.get(&by).is_some_and(|member| member.waitlist_place > 0);
        if in_line { Ok(vec![Event::SteppedDown { member: by }]) } else { Err(Refusal::NotInWaitlist) }
    }

    /// Refuses when nothing may be inserted before `before` in `owner`'s queue.
    fn check_before(&self, owner: UserId, before: Option<EntryId>) -> Result<(), Refusal> {
        let Some(before) = before else { return Ok(()) };
        let (its_owner, _) = self.find_visible(before)?;
        if its_owner != owner {
            return Err(Refusal::NotTheSameQueue);
        }
        if self.locked == Some(before) { Err(Refusal::AboutToStart) } else { Ok(()) }
    }

    /// The owner of a queued entry and its index; entries of banned members are hidden.
    pub(crate) fn find_visible(&self, entry: EntryId) -> Result<(UserId, usize), Refusal> {
        self.find(entry).filter(|(owner, _)| self.visible(*owner).is_some()).ok_or(Refusal::NoSuchEntry)
    }
}

/// The id of a further entry of one input. Differs from the first in bits that are random in a UUIDv7, so that ids stay unique
/// and keep their time.
fn nth_entry(first: EntryId, number: u128) -> EntryId {
    EntryId(Uuid::from_u128(first.0.as_u128() ^ number << 40))
}
