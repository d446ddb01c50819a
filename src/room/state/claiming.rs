//! Claiming a room whose host is gone.
//!
//! The room goes on playing. Once the host has had no connection for `host_claim_after_ms`, any co-host may claim the room.
//! The former host becomes a co-host and may claim it back at any time; that right ends when they use it, leave, or are
//! removed. A restart of the server resets the time.

use tutti_protocol::{Action, Event, Role, UserId};

use crate::decide::Decision;
use crate::{Ctx, Refusal, RoomState};

impl RoomState {
    pub(crate) fn claim_host(&self, ctx: &Ctx<'_>, by: UserId) -> Decision {
        let is_owner = self.owner == Some(by);
        if !is_owner {
            self.require(by, Action::ClaimHost)?;
        }
        if self.role_of(by) == Some(Role::Host) {
            return Err(Refusal::NotOneself);
        }
        let from = self.host().ok_or(Refusal::NoSuchMember)?;
        if !is_owner {
            self.check_host_is_gone(ctx)?;
        }
        Ok(vec![Event::HostClaimed { from, to: by }])
    }

    fn check_host_is_gone(&self, ctx: &Ctx<'_>) -> Result<(), Refusal> {
        let after_ms = self.settings.host_claim_after_ms;
        if after_ms == 0 {
            return Err(Refusal::ClaimingOff);
        }
        let gone_since_ms = ctx.host_gone_since_ms.ok_or(Refusal::HostIsHere)?;
        let gone_ms = u64::try_from(ctx.now_ms.saturating_sub(gone_since_ms)).unwrap_or(0);
        match after_ms.checked_sub(gone_ms) {
            Some(left_ms) if left_ms > 0 => Err(Refusal::ClaimTooEarly { left_ms }),
            _ => Ok(()),
        }
    }
}
