//! Who may do what: the table of actions, as the host changed it, and exceptions from it. The table itself, with the
//! roles of a new room, is [`Action`].

use tutti_protocol::{Action, Role, UserId};

use crate::{MemberState, Refusal, RoomState, Standing};

impl RoomState {
    /// The lowest role that may do it in this room.
    pub fn lowest_role(&self, action: Action) -> Role {
        let changed = if action.is_fixed() { None } else { self.settings.permissions.get(&action).copied() };
        changed.unwrap_or(action.lowest_role())
    }

    /// Whether a member may do it.
    pub fn allows(&self, user: UserId, action: Action) -> bool {
        self.visible(user).is_some_and(|member| self.may_do(member, action))
    }

    pub(crate) fn may_do(&self, member: &MemberState, action: Action) -> bool {
        let excepted = if action.is_fixed() { None } else { member.exceptions.get(&action).copied() };
        excepted.unwrap_or(member.role >= self.lowest_role(action))
    }

    /// Refuses when a member may not do it.
    pub(crate) fn require(&self, user: UserId, action: Action) -> Result<(), Refusal> {
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

    /// Refuses when somebody stands as high as `by` or is out of reach: nobody acts on the host, and on co-hosts only the
    /// host does.
    pub(crate) fn require_above(&self, by: UserId, target: &MemberState) -> Result<(), Refusal> {
        match target.role {
            Role::Host => Err(Refusal::HostStays),
            Role::Cohost if self.role_of(by) != Some(Role::Host) => Err(Refusal::OnlyTheHost),
            _ => Ok(()),
        }
    }

    /// Whether a member's queue may be played. Where suggestions are asked for, that of those who may make them.
    pub(crate) fn may_play(&self, member: &MemberState) -> bool {
        member.standing == Standing::Here
            && !member.paused
            && (self.may_do(member, Action::Queue)
                || (self.settings.suggestions && self.may_do(member, Action::Suggest)))
    }
}
