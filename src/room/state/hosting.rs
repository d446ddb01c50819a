//! Commands that act on members.

use tutti_protocol::{Action, Event, Role, UserId};

use crate::decide::Decision;
use crate::{BANNED_MAX, MemberState, Membership, Refusal, RoomState};

impl RoomState {
    pub(crate) fn set_role(&self, by: UserId, member: UserId, role: Role) -> Decision {
        self.require(by, Action::SetRole)?;
        let target = self.visible(member).ok_or(Refusal::NoSuchMember)?;
        self.require_above(by, target)?;
        match role {
            Role::Host => return Err(Refusal::HandOverInstead),
            Role::Cohost if self.role_of(by) != Some(Role::Host) => return Err(Refusal::OnlyTheHost),
            _ => {}
        }
        Ok(if target.role == role { vec![] } else { vec![Event::RoleChanged { member, role, by }] })
    }

    /// Makes an exception from the table for one member, except for fixed actions.
    pub(crate) fn set_permission(&self, by: UserId, member: UserId, action: Action, allowed: Option<bool>) -> Decision {
        self.require(by, Action::SetPermissions)?;
        let target = self.visible(member).ok_or(Refusal::NoSuchMember)?;
        self.require_above(by, target)?;
        if action.is_fixed() {
            return Err(Refusal::FixedAction);
        }
        let unchanged = target.exceptions.get(&action).copied() == allowed;
        Ok(if unchanged { vec![] } else { vec![Event::PermissionChanged { member, action, allowed, by }] })
    }

    pub(crate) fn kick(&self, by: UserId, member: UserId) -> Decision {
        self.require(by, Action::Kick)?;
        self.require_above(by, self.visible(member).ok_or(Refusal::NoSuchMember)?)?;
        Ok(vec![Event::MemberKicked { member, by, note: Some(self.next_note()) }])
    }

    /// Members, known former members and people in the lobby can be banned.
    pub(crate) fn ban(&self, by: UserId, member: UserId) -> Decision {
        self.require(by, Action::Ban)?;
        match self.members.get(&member) {
            Some(known) if known.membership == Membership::Banned => return Ok(vec![]),
            Some(known) => self.require_above(by, known)?,
            None if self.lobby.waits(member).is_some() || self.lobby.denied.contains(&member) => {}
            None => return Err(Refusal::NoSuchMember),
        }
        if self.members.values().filter(|known| known.membership == Membership::Banned).count() >= BANNED_MAX {
            return Err(Refusal::TooManyBanned);
        }
        Ok(vec![Event::MemberBanned { member, by }])
    }

    pub(crate) fn unban(&self, by: UserId, member: UserId) -> Decision {
        self.require(by, Action::Ban)?;
        if !self.is_banned(member) {
            return Err(Refusal::NotBanned);
        }
        Ok(vec![Event::BanLifted { member, by }])
    }

    pub(crate) fn mute(&self, by: UserId, member: UserId, muted: bool) -> Decision {
        self.require(by, Action::Mute)?;
        let target = self.visible(member).ok_or(Refusal::NoSuchMember)?;
        self.require_above(by, target)?;
        Ok(if target.muted == muted { vec![] } else { vec![Event::MemberMuted { member, muted, by }] })
    }

    pub(crate) fn transfer_host(&self, by: UserId, member: UserId) -> Decision {
        self.require(by, Action::TransferHost)?;
        self.role_of(member).ok_or(Refusal::NoSuchMember)?;
        if member == by {
            return Err(Refusal::NotOneself);
        }
        Ok(vec![Event::HostTransferred { from: by, to: member }])
    }

    /// As if the host had handed the room over, without a note that says so.
    pub(crate) fn hand_over_to(&self, to: UserId) -> Decision {
        self.role_of(to).ok_or(Refusal::NoSuchMember)?;
        let from = self.host().filter(|host| *host != to);
        Ok(from.map(|from| Event::HostTransferred { from, to }).into_iter().collect())
    }

    pub(crate) fn close_room(&self, by: UserId) -> Decision {
        self.require(by, Action::CloseRoom)?;
        Ok(vec![Event::RoomClosed { by }])
    }

    pub(crate) fn rename_member(&self, by: UserId, display_name: &str) -> Vec<Event> {
        if self.members.get(&by).is_some_and(|member| member.name == display_name) {
            return vec![];
        }
        let (member_name, look_alike) = (display_name.to_owned(), self.is_look_alike(by, display_name));
        vec![Event::MemberRenamed { member: by, member_name, look_alike }]
    }

    /// The successor of an erased host: the co-host who joined first, else the player who is here and joined first.
    pub(crate) fn heir(&self) -> Option<UserId> {
        let first = |may: fn(&MemberState) -> bool| {
            self.members.iter().filter(|(_, member)| may(member)).min_by_key(|(_, member)| member.joined)
        };
        first(|member| member.is_visible() && member.role == Role::Cohost)
            .or_else(|| first(|member| member.membership == Membership::Here && member.role == Role::Player))
            .map(|(id, _)| *id)
    }
}
