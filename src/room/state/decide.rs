//! Input to events, or a refusal. Reads nothing but its arguments.

use tutti_protocol::{Command, EndReason, Entry, EntryId, Event, Member, Playback, PlaybackState, Role, Track, UserId};

use crate::permissions::{Action, require};
use crate::timeline::{Due, end_at_ms, position_ms};
use crate::{
    Ctx, Current, ENTRIES_PER_MEMBER_MAX, ENTRIES_PER_ROOM_MAX, Input, MEMBERS_MAX, MemberState, Newcomer, Refusal,
    RoomState, START_LEAD_MS, Standing,
};

type Decision = Result<Vec<Event>, Refusal>;

impl RoomState {
    /// What `input` would change, or why it may not.
    pub fn decide(&self, ctx: &Ctx, input: &Input) -> Decision {
        if self.closed {
            return Err(Refusal::Closed);
        }
        match input {
            Input::Create { name, host } => {
                Ok(vec![Event::RoomCreated { room_name: name.clone(), host: host.to_member(Role::Host, false) }])
            }
            Input::Enter(newcomer) => self.enter(newcomer),
            Input::Merge { from, to } => Ok(self.merge_guest(*from, to)),
            Input::Forget(member) => Ok(self.forget(*member)),
            Input::GraceOver(member) => Ok(match self.members.get(member) {
                Some(state) if state.standing == Standing::Here => vec![Event::MemberAway { member: *member }],
                _ => vec![],
            }),
            Input::Tick => Ok(self.tick(ctx)),
            Input::Command { by, command, track } => self.command(ctx, *by, command, track.as_ref()),
        }
    }

    /// What must happen next for the room to be at rest; `None` when it is.
    pub fn settle(&self, ctx: &Ctx) -> Option<Event> {
        if self.closed || self.current.is_some() {
            return None;
        }
        let Some(head) = self.head() else {
            let idle =
                Playback { state: PlaybackState::Idle, entry: None, anchor_position_ms: 0, anchor_at_ms: ctx.now_ms };
            return (self.playback.state != PlaybackState::Idle)
                .then_some(Event::PlaybackChanged { playback: idle, by: None });
        };
        let (state, anchor_at_ms) = match self.playback.state {
            PlaybackState::Paused => (PlaybackState::Paused, ctx.now_ms),
            PlaybackState::Playing | PlaybackState::Idle => {
                (PlaybackState::Playing, self.next_start_at_ms.unwrap_or(ctx.now_ms + START_LEAD_MS))
            }
        };
        let playback = Playback { state, entry: Some(head.id), anchor_position_ms: 0, anchor_at_ms };
        Some(Event::EntryStarted { entry: head.clone(), playback })
    }

    fn enter(&self, newcomer: &Newcomer) -> Decision {
        let Some(known) = self.visible(newcomer.id) else {
            if self.members.values().filter(|member| member.is_visible()).count() >= MEMBERS_MAX {
                return Err(Refusal::RoomFull);
            }
            return Ok(vec![Event::MemberJoined { member: newcomer.to_member(Role::Player, false) }]);
        };
        let mut events = vec![];
        if known.standing == Standing::Away {
            events.push(Event::MemberReturned { member: newcomer.id });
        }
        let Member { id, name, kind, picture, .. } = newcomer.to_member(known.role, false);
        if (&name, kind, &picture) != (&known.name, known.kind, &known.picture) {
            events.push(Event::MemberChanged { member: id, member_name: name, kind, picture });
        }
        Ok(events)
    }

    fn merge_guest(&self, from: UserId, to: &Newcomer) -> Vec<Event> {
        let Some(guest) = self.visible(from).filter(|_| from != to.id) else { return vec![] };
        let known = self.visible(to.id);
        let role = known.map_or(guest.role, |known| known.role.max(guest.role));
        let away = guest.standing == Standing::Away && known.is_none_or(|known| known.standing == Standing::Away);
        vec![Event::MemberMerged { from, to: to.to_member(role, away) }]
    }

    fn forget(&self, member: UserId) -> Vec<Event> {
        let forgotten = Event::MemberForgotten { member };
        if self.role_of(member) != Some(Role::Host) {
            return vec![forgotten];
        }
        match self.heir() {
            Some(heir) => vec![Event::HostTransferred { from: member, to: heir }, forgotten],
            None => vec![forgotten, Event::RoomClosed { by: member }],
        }
    }

    /// Who takes the room over when the host is no more: of the co-hosts, else of the players who are here, whoever
    /// joined first.
    fn heir(&self) -> Option<UserId> {
        let first = |may: fn(&MemberState) -> bool| {
            self.members.iter().filter(|(_, member)| may(member)).min_by_key(|(_, member)| member.joined)
        };
        first(|member| member.is_visible() && member.role == Role::Cohost)
            .or_else(|| first(|member| member.standing == Standing::Here && member.role == Role::Player))
            .map(|(id, _)| *id)
    }

    fn tick(&self, ctx: &Ctx) -> Vec<Event> {
        match (self.due(ctx.now_ms), &self.current) {
            (Some(Due::End), Some(current)) => vec![Event::EntryEnded {
                entry: current.entry.id,
                reason: EndReason::Finished,
                played_ms: current.entry.track.duration_ms,
                by: None,
            }],
            (Some(Due::LockNext), _) => {
                self.head().map(|head| Event::NextLocked { entry: head.id }).into_iter().collect()
            }
            _ => vec![],
        }
    }

    fn command(&self, ctx: &Ctx, by: UserId, command: &Command, track: Option<&Track>) -> Decision {
        let role = self.role_of(by).ok_or(Refusal::NotAMember)?;
        match command {
            Command::Enqueue { before, .. } => {
                require(role, Action::Queue)?;
                self.enqueue(ctx, by, track, *before)
            }
            Command::Dequeue { entry } => {
                let (owner, _) = self.find(*entry).ok_or(Refusal::NoSuchEntry)?;
                require(role, if owner == by { Action::Queue } else { Action::CurateQueue })?;
                Ok(vec![Event::EntryRemoved { entry: *entry, by }])
            }
            Command::Move { entry, before } => {
                let (owner, place) = self.find(*entry).ok_or(Refusal::NoSuchEntry)?;
                require(role, if owner == by { Action::Queue } else { Action::CurateQueue })?;
                self.move_within(owner, *entry, place, *before)
            }
            Command::Play => {
                require(role, Action::ControlPlayback)?;
                self.play(ctx, by)
            }
            Command::Pause => {
                require(role, Action::ControlPlayback)?;
                self.pause(ctx, by)
            }
            Command::Seek { position_ms } => {
                require(role, Action::ControlPlayback)?;
                self.seek(ctx, by, *position_ms)
            }
            Command::Skip { entry } => {
                let current = self.on()?;
                if entry.is_some_and(|meant| meant != current.entry.id) {
                    return Err(Refusal::OverAlready);
                }
                require(role, if current.entry.member == by { Action::Queue } else { Action::Skip })?;
                Ok(vec![Event::EntryEnded {
                    entry: current.entry.id,
                    reason: EndReason::Skipped,
                    played_ms: position_ms(&self.playback, &current.entry, ctx.now_ms),
                    by: Some(by),
                }])
            }
            Command::SetRole { member, role: given } => {
                require(role, Action::SetRole)?;
                self.set_role(by, *member, *given)
            }
            Command::Kick { member } => {
                require(role, Action::Kick)?;
                let target = self.role_of(*member).ok_or(Refusal::NoSuchMember)?;
                if target == Role::Host {
                    return Err(Refusal::HostStays);
                }
                Ok(vec![Event::MemberKicked { member: *member, by }])
            }
            Command::TransferHost { member } => {
                require(role, Action::TransferHost)?;
                self.role_of(*member).ok_or(Refusal::NoSuchMember)?;
                if *member == by {
                    return Err(Refusal::NotOneself);
                }
                Ok(vec![Event::HostTransferred { from: by, to: *member }])
            }
            Command::CloseRoom => {
                require(role, Action::CloseRoom)?;
                Ok(vec![Event::RoomClosed { by }])
            }
            Command::Rename { display_name } => {
                let unchanged = self.members.get(&by).is_some_and(|member| member.name == *display_name);
                let renamed = Event::MemberRenamed { member: by, member_name: display_name.clone() };
                Ok(if unchanged { vec![] } else { vec![renamed] })
            }
            Command::Leave if role == Role::Host => Err(Refusal::HostStays),
            Command::Leave => Ok(vec![Event::MemberLeft { member: by }]),
        }
    }

    fn enqueue(&self, ctx: &Ctx, by: UserId, track: Option<&Track>, before: Option<EntryId>) -> Decision {
        let track = track.ok_or(Refusal::NoSuchTrack)?;
        let queue = &self.members[&by].queue;
        if queue.len() >= ENTRIES_PER_MEMBER_MAX {
            return Err(Refusal::QueueFull);
        }
        if self.members.values().map(|member| member.queue.len()).sum::<usize>() >= ENTRIES_PER_ROOM_MAX {
            return Err(Refusal::RoomQueueFull);
        }
        self.check_before(by, before)?;
        let entry = Entry {
            id: ctx.new_entry,
            member: by,
            track: track.clone(),
            added_at_ms: ctx.now_ms,
            votes: 0,
            place: None,
        };
        Ok(vec![Event::EntryAdded { entry, before }])
    }

    fn move_within(&self, owner: UserId, entry: EntryId, place: usize, before: Option<EntryId>) -> Decision {
        if self.locked == Some(entry) {
            return Err(Refusal::AboutToStart);
        }
        self.check_before(owner, before)?;
        let follower = self.members[&owner].queue.get(place + 1).map(|next| next.id);
        let stays = before == Some(entry) || before == follower;
        Ok(if stays { vec![] } else { vec![Event::EntryMoved { entry, before }] })
    }

    /// Whether something may be put ahead of `before` in `owner`'s queue.
    fn check_before(&self, owner: UserId, before: Option<EntryId>) -> Result<(), Refusal> {
        let Some(before) = before else { return Ok(()) };
        let (its_owner, _) = self.find(before).ok_or(Refusal::NoSuchEntry)?;
        if its_owner != owner {
            return Err(Refusal::NotTheSameQueue);
        }
        if self.locked == Some(before) { Err(Refusal::AboutToStart) } else { Ok(()) }
    }

    fn on(&self) -> Result<&Current, Refusal> {
        self.current.as_ref().ok_or(Refusal::NothingOn)
    }

    fn play(&self, ctx: &Ctx, by: UserId) -> Decision {
        self.on()?;
        if self.playback.state == PlaybackState::Playing {
            return Ok(vec![]);
        }
        let playback =
            Playback { state: PlaybackState::Playing, anchor_at_ms: ctx.now_ms + START_LEAD_MS, ..self.playback };
        Ok(vec![Event::PlaybackChanged { playback, by: Some(by) }])
    }

    fn pause(&self, ctx: &Ctx, by: UserId) -> Decision {
        let current = self.on()?;
        if self.playback.state == PlaybackState::Paused {
            return Ok(vec![]);
        }
        let playback = Playback {
            state: PlaybackState::Paused,
            anchor_position_ms: position_ms(&self.playback, &current.entry, ctx.now_ms),
            anchor_at_ms: ctx.now_ms,
            ..self.playback
        };
        Ok(vec![Event::PlaybackChanged { playback, by: Some(by) }])
    }

    fn seek(&self, ctx: &Ctx, by: UserId, anchor_position_ms: u64) -> Decision {
        let current = self.on()?;
        if anchor_position_ms >= current.entry.track.duration_ms {
            return Err(Refusal::BeyondTheEnd);
        }
        let lead_ms = if end_at_ms(&self.playback, &current.entry).is_some() { START_LEAD_MS } else { 0 };
        let playback = Playback { anchor_position_ms, anchor_at_ms: ctx.now_ms + lead_ms, ..self.playback };
        Ok(vec![Event::PlaybackChanged { playback, by: Some(by) }])
    }

    fn set_role(&self, by: UserId, member: UserId, role: Role) -> Decision {
        let now = self.role_of(member).ok_or(Refusal::NoSuchMember)?;
        if now == Role::Host {
            return Err(Refusal::HostStays);
        }
        if role == Role::Host {
            return Err(Refusal::HandOverInstead);
        }
        Ok(if now == role { vec![] } else { vec![Event::RoleChanged { member, role, by }] })
    }
}
