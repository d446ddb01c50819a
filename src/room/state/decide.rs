//! Dispatches an input to the file of its area, which checks the permission and decides the events, or refuses. Reads
//! nothing but its arguments.

use tutti_protocol::{Command, Event, Role, SettingsChange, Track, UserId};

use crate::{Ctx, Input, Membership, Newcomer, Refusal, RoomState};

pub(crate) type Decision = Result<Vec<Event>, Refusal>;

impl RoomState {
    /// The events that `input` leads to, or a refusal.
    pub fn decide(&self, ctx: &Ctx<'_>, input: &Input) -> Decision {
        if self.closed {
            return Err(Refusal::RoomClosed);
        }
        match input {
            Input::Create { name, host, settings } => Ok(self.create(name, host, settings)),
            Input::Enter(newcomer) => self.enter(newcomer),
            Input::Merge { from, to } => Ok(self.merge_guest(*from, to)),
            Input::Forget(member) => Ok(self.forget(*member)),
            Input::GraceOver(member) => Ok(self.grace_over(*member)),
            Input::TrackMeasured { entry, finding } => Ok(self.measured(ctx, *entry, finding)),
            Input::SetPasscode { by, has_passcode } => self.set_passcode(ctx, *by, *has_passcode),
            Input::HandOver(to) => self.hand_over_to(*to),
            Input::AddScreen { by, screen, name } => self.add_screen(ctx, *by, *screen, name),
            Input::Audience => {
                Ok(self.follow_listeners(ctx).or_else(|| self.advance_scheduled_start(ctx)).into_iter().collect())
            }
            Input::Tick => Ok(self.tick(ctx)),
            Input::Command { by, command, tracks } => {
                let mut events = self.command(ctx, *by, command, tracks)?;
                if !events.is_empty()
                    && let Some(note) = self.note_about(ctx, *by, command, &events)
                {
                    // Behind the events that it is about, ahead of the settled ones.
                    events.push(Event::Noted { note });
                }
                Ok(events)
            }
        }
    }

    fn command(&self, ctx: &Ctx<'_>, by: UserId, command: &Command, tracks: &[Track]) -> Decision {
        let role = self.role_of(by).ok_or(Refusal::NotAMember)?;
        match command {
            Command::Enqueue { before, .. } => self.enqueue(ctx, by, tracks.first(), *before),
            Command::EnqueueAll { .. } => self.enqueue_all(ctx, by, tracks),
            Command::Dequeue { entry } => self.dequeue(by, *entry),
            Command::Move { entry, before } => self.move_entry(by, *entry, *before),
            Command::PlayNext { entry } => self.play_next(by, *entry),
            Command::Clear { member } => self.clear(by, *member),
            Command::PauseQueue => self.pause_queue(by, by, true),
            Command::ResumeQueue { member } => self.pause_queue(by, member.unwrap_or(by), false),
            Command::StepDown => self.step_down(by),
            Command::Vote { entry, value } => self.vote(by, *entry, *value),
            Command::Approve { entry } => self.approve(by, *entry),
            Command::Reject { entry } => self.reject(by, *entry),
            Command::Play => self.play(ctx, by),
            Command::Pause => self.pause(ctx, by),
            Command::Seek { position_ms } => self.seek(ctx, by, *position_ms),
            Command::SetOutput { mode, devices } => self.set_output(by, *mode, devices),
            Command::SetVolume { device, percent } => self.set_volume(by, *device, *percent),
            Command::Skip { entry, unplayable } => self.skip(ctx, by, *entry, unplayable.unwrap_or(false)),
            Command::VoteSkip { entry } => self.vote_skip(ctx, by, *entry),
            Command::SetRole { member, role } => self.set_role(by, *member, *role),
            Command::SetPermission { member, action, allowed } => self.set_permission(by, *member, *action, *allowed),
            Command::Kick { member } => self.kick(by, *member),
            Command::Ban { member } => self.ban(by, *member),
            Command::Unban { member } => self.unban(by, *member),
            Command::Mute { member, muted } => self.mute(by, *member, *muted),
            Command::Admit { member } => self.admit(by, *member),
            Command::Deny { member } => self.deny(by, *member),
            Command::Lock => self.lock(by, true),
            Command::Unlock => self.lock(by, false),
            Command::RenameRoom { room_name } => self.rename_room(by, room_name),
            Command::RemoveScreen { screen } => self.remove_screen(by, *screen),
            Command::SetPolicy { policy } => self.set_policy(by, *policy),
            Command::SetSettings { settings } => self.set_settings(by, settings, tracks),
            Command::Block { track, artist } => self.block(by, track.as_ref(), artist.as_deref()),
            Command::Unblock { track, artist } => self.unblock(by, track.as_ref(), artist.as_deref()),
            Command::PreviewPolicy { .. } | Command::ShowHistory | Command::ShowAudit => {
                self.may_ask(by, command).map(|()| vec![])
            }
            Command::Undo { note } => self.undo(ctx, by, *note),
            Command::ClaimHost => self.claim_host(ctx, by),
            Command::TransferHost { member } => self.transfer_host(by, *member),
            Command::CloseRoom => self.close_room(by),
            Command::Rename { display_name } => Ok(self.rename_member(by, display_name)),
            Command::Say { text } => self.say(by, text),
            Command::React { emoji } => self.react(by, emoji),
            Command::Leave if role == Role::Host => Err(Refusal::HostStays),
            Command::Leave => Ok(vec![Event::MemberLeft { member: by }]),
        }
    }

    fn create(&self, name: &str, host: &Newcomer, settings: &SettingsChange) -> Vec<Event> {
        let created = Event::RoomCreated { room_name: name.to_owned(), host: host.to_member(Role::Host, false) };
        let settings = Box::new(self.settings.difference(settings.clone()));
        let set = (!settings.is_empty()).then_some(Event::SettingsChanged { settings, fallback: None, by: host.id });
        std::iter::once(created).chain(set).collect()
    }

    fn grace_over(&self, member: UserId) -> Vec<Event> {
        if self.lobby.waits(member).is_some() {
            return vec![Event::LobbyLeft { person: member, admitted: false, by: None }];
        }
        match self.members.get(&member) {
            Some(state) if state.membership == Membership::Here => vec![Event::MemberAway { member }],
            _ => vec![],
        }
    }
}
