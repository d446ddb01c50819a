//! Entering the room: joins, the lobby, the lock; merging a guest into an account.

use tutti_protocol::{Action, Admission, Event, Member, Role, SettingsChange, UserId, UserKind};

use crate::decide::Decision;
use crate::{LOBBY_MAX, MEMBERS_MAX, MemberState, Membership, Newcomer, Refusal, RoomState};

impl RoomState {
    /// Members can always enter. For a person in the lobby, an empty decision means that they keep waiting.
    pub(crate) fn enter(&self, newcomer: &Newcomer) -> Decision {
        if self.is_banned(newcomer.id) {
            return Err(Refusal::Banned);
        }
        match self.visible(newcomer.id) {
            Some(_) => Ok(self.come_again(newcomer)),
            None => self.come_new(newcomer),
        }
    }

    fn come_again(&self, newcomer: &Newcomer) -> Vec<Event> {
        let known = &self.members[&newcomer.id];
        let mut events = vec![];
        if known.membership == Membership::Away {
            events.push(Event::MemberReturned { member: newcomer.id });
        }
        let Member { id, name, kind, picture, .. } = newcomer.to_member(known.role, false);
        if (&name, kind, &picture) != (&known.name, known.kind, &known.picture) {
            let look_alike = self.is_look_alike(id, &name);
            events.push(Event::MemberChanged { member: id, member_name: name, kind, picture, look_alike });
        }
        events
    }

    fn come_new(&self, newcomer: &Newcomer) -> Decision {
        let is_denied = self.lobby.denied.contains(&newcomer.id);
        match self.settings.admission {
            _ if is_denied => return Err(Refusal::NotAdmitted),
            Admission::Locked => return Err(Refusal::RoomLocked),
            Admission::Accounts if newcomer.kind == UserKind::Guest => return Err(Refusal::AccountNeeded),
            Admission::Open | Admission::Accounts | Admission::Lobby => {}
        }
        let member = self.as_newcomer(newcomer.to_member(Role::Player, false));
        if self.settings.admission != Admission::Lobby {
            return Ok([self.make_room()?, vec![Event::MemberJoined { member }]].concat());
        }
        match self.lobby.waits(newcomer.id) {
            Some(known) if *known == member => Ok(vec![]),
            None if self.lobby.waiting.len() >= LOBBY_MAX => Err(Refusal::LobbyFull),
            _ => Ok(vec![Event::LobbyEntered { person: member }]),
        }
    }

    /// A joining member, with the decisions that were made about them during an earlier stay.
    fn as_newcomer(&self, member: Member) -> Member {
        let member = Member { look_alike: self.is_look_alike(member.id, &member.name), ..member };
        let Some(known) = self.members.get(&member.id) else { return member };
        let role = if known.was_listener { Role::Listener } else { member.role };
        let exceptions = known.exceptions.clone();
        Member { role, muted: known.muted, paused: known.paused, exceptions, ..member }
    }

    /// Makes room for one more member. In a full room the guest gives way who joined first among those who are away and have
    /// nothing queued.
    fn make_room(&self) -> Decision {
        if self.members.values().filter(|member| member.is_visible()).count() < MEMBERS_MAX {
            return Ok(vec![]);
        }
        let gives_way = |member: &&MemberState| {
            member.membership == Membership::Away
                && member.kind == UserKind::Guest
                && member.role <= Role::Player
                && member.queue.is_empty()
        };
        let first = self.members.iter().filter(|(_, member)| gives_way(member)).min_by_key(|(_, member)| member.joined);
        let (member, _) = first.ok_or(Refusal::RoomFull)?;
        Ok(vec![Event::MemberLeft { member: *member }])
    }

    pub(crate) fn admit(&self, by: UserId, person: UserId) -> Decision {
        self.require(by, Action::Admit)?;
        let left = Event::LobbyLeft { person, admitted: true, by: Some(by) };
        match self.lobby.waits(person) {
            Some(waiting) => {
                let joined = Event::MemberJoined { member: self.as_newcomer(waiting.clone()) };
                Ok([vec![left], self.make_room()?, vec![joined]].concat())
            }
            None if self.lobby.denied.contains(&person) => Ok(vec![left]),
            None => Err(Refusal::NotInLobby),
        }
    }

    pub(crate) fn deny(&self, by: UserId, person: UserId) -> Decision {
        self.require(by, Action::Admit)?;
        self.lobby.waits(person).ok_or(Refusal::NotInLobby)?;
        Ok(vec![Event::LobbyLeft { person, admitted: false, by: Some(by) }])
    }

    /// Locking changes the admission; unlocking restores it.
    pub(crate) fn lock(&self, by: UserId, locked: bool) -> Decision {
        self.require(by, Action::Lock)?;
        if self.is_locked() == locked {
            return Ok(vec![]);
        }
        let admission = if locked { Admission::Locked } else { self.lobby.before_lock };
        let settings = Box::new(SettingsChange { admission: Some(admission), ..SettingsChange::default() });
        Ok(vec![Event::SettingsChanged { settings, fallback: None, by }])
    }

    pub(crate) fn merge_guest(&self, from: UserId, to: &Newcomer) -> Vec<Event> {
        if from == to.id {
            return vec![];
        }
        // A ban follows the person through a login, except for the room's own host.
        if self.is_banned(from) || self.is_banned(to.id) {
            let is_host = self.role_of(to.id) == Some(Role::Host) || self.role_of(from) == Some(Role::Host);
            let other = if self.is_banned(from) { to.id } else { from };
            let by = self.host().unwrap_or(UserId::NIL);
            let done = is_host || self.is_banned(other);
            return if done { vec![] } else { vec![Event::MemberBanned { member: other, by }] };
        }
        let Some(guest) = self.visible(from) else { return vec![] };
        let known = self.visible(to.id);
        let role = known.map_or(guest.role, |known| known.role.max(guest.role));
        let away =
            guest.membership == Membership::Away && known.is_none_or(|known| known.membership == Membership::Away);
        let mut member = self.as_newcomer(to.to_member(role, away));
        member.role = role;
        member.muted |= guest.muted;
        member.paused = guest.paused || known.is_some_and(|known| known.paused);
        for (action, allowed) in &guest.exceptions {
            member.exceptions.entry(*action).or_insert(*allowed);
        }
        vec![Event::MemberMerged { from, to: member }]
    }

    pub(crate) fn forget(&self, member: UserId) -> Vec<Event> {
        let forgotten = Event::MemberForgotten { member };
        if self.role_of(member) != Some(Role::Host) {
            return vec![forgotten];
        }
        match self.heir() {
            Some(heir) => vec![Event::HostTransferred { from: member, to: heir }, forgotten],
            None => vec![forgotten, Event::RoomClosed { by: member }],
        }
    }
}
