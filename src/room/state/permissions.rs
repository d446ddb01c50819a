//! Permissions: the room's table of actions and exceptions from it. The defaults are in [`Action`].

use tutti_protocol::{Action, Role, UserId};

use crate::{MemberState, Membership, Refusal, RoomState};

impl RoomState {
    /// The lowest role for an action in this room.
    pub fn lowest_role(&self, action: Action) -> Role {
        let changed = if action.is_fixed() { None } else { self.settings.permissions.get(&action).copied() };
        changed.unwrap_or(action.lowest_role())
    }

    /// Whether a member has the permission for an action.
    pub fn allows(&self, user: UserId, action: Action) -> bool {
        self.visible(user).is_some_and(|member| self.may_do(member, action))
    }

    pub(crate) fn may_do(&self, member: &MemberState, action: Action) -> bool {
        let excepted = if action.is_fixed() { None } else { member.exceptions.get(&action).copied() };
        excepted.unwrap_or(member.role >= self.lowest_role(action))
    }

    /// Refuses when a member lacks the permission.
    pub fn require(&self, user: UserId, action: Action) -> Result<(), Refusal> {
        let member = self.visible(user).ok_or(Refusal::NotAMember)?;
        if self.may_do(member, action) {
            return Ok(());
        }
        let needs = self.lowest_role(action);
        Err(if member.role >= needs {
            Refusal::PermissionWithheld { action }
        } else {
            Refusal::RoleTooLow { action, needs }
        })
    }

    /// Refuses when `by` does not outrank the target: no one acts on the host, and only the host acts on co-hosts.
    pub(crate) fn require_above(&self, by: UserId, target: &MemberState) -> Result<(), Refusal> {
        match target.role {
            Role::Host => Err(Refusal::HostStays),
            Role::Cohost if self.role_of(by) != Some(Role::Host) => Err(Refusal::OnlyTheHost),
            _ => Ok(()),
        }
    }

    /// Whether a member's queue may play. With `suggestions`, being allowed to suggest is enough.
    pub(crate) fn may_play(&self, member: &MemberState) -> bool {
        member.membership == Membership::Here
            && !member.paused
            && (self.may_do(member, Action::Queue)
                || (self.settings.suggestions && self.may_do(member, Action::Suggest)))
    }
}
