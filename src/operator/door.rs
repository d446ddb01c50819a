//! The switches: who may enter as a guest, create an account, and open rooms; and invitations.
//!
//! Requests at the door read the switches from the store, so that a change takes effect at once, on every server of a
//! database. Those who only look get what was read or set last.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use tutti_protocol::http::{Act, Registration, RoomOpeners, Switches, SwitchesChange};
use tutti_protocol::{Reason, UserId, UserKind};

use super::{OperatorResult, Operators, ROWS_PER_PAGE, hash, random_token, refused};
use crate::clock::ms;
use crate::identity::User;
use crate::store::{StoreResult, TokenHash};

/// How long an invitation can be used.
pub const INVITATION_LIFETIME: Duration = Duration::from_hours(7 * 24);

/// A registration that may happen. Ends with [`Operators::registered`] or [`Operators::not_registered`].
#[derive(Debug)]
#[must_use = "an invitation that was not used is given back"]
pub struct AdmittedRegistration {
    invitation: Option<TokenHash>,
}

impl Operators {
    /// The switches as they are.
    pub async fn switches(&self) -> StoreResult<Switches> {
        let switches = self.store().switches().await?;
        *self.0.switches.write() = switches;
        Ok(switches)
    }

    /// The switches as last read or set; needs no store.
    pub fn known_switches(&self) -> Switches {
        *self.0.switches.read()
    }

    /// Sets switches.
    pub async fn set_switches(&self, by: UserId, change: &SwitchesChange) -> StoreResult<Switches> {
        let mut switches = self.switches().await?;
        if let Some(registration) = change.registration.filter(|wanted| *wanted != switches.registration) {
            self.record(by, Act::RegistrationSet, None, None, Some(registration.as_str())).await?;
            switches.registration = registration;
        }
        if let Some(guests) = change.guests.filter(|wanted| *wanted != switches.guests) {
            self.record(by, Act::GuestsSet, None, None, Some(if guests { "on" } else { "off" })).await?;
            switches.guests = guests;
        }
        if let Some(rooms) = change.rooms.filter(|wanted| *wanted != switches.rooms) {
            self.record(by, Act::RoomsSet, None, None, Some(rooms.as_str())).await?;
            switches.rooms = rooms;
        }
        self.store().set_switches(switches).await?;
        *self.0.switches.write() = switches;
        Ok(switches)
    }

    /// Refuses a new guest where guests are off. A guest who is there stays one.
    pub async fn admit_guest(&self) -> OperatorResult<()> {
        if self.switches().await?.guests {
            return Ok(());
        }
        refused(Reason::GuestsOff, "This server admits no guests. Log in with an account.")
    }

    /// Whether everyone may create an account.
    pub async fn registers_everyone(&self) -> StoreResult<bool> {
        Ok(self.switches().await?.registration == Registration::Open)
    }

    /// Refuses a registration, or uses its invitation where one is needed.
    pub async fn admit_registration(&self, invitation: Option<&str>) -> OperatorResult<AdmittedRegistration> {
        match (self.switches().await?.registration, invitation) {
            // An invitation is not used up where none is needed.
            (Registration::Open, _) => Ok(AdmittedRegistration { invitation: None }),
            (Registration::Closed, _) => refused(Reason::RegistrationClosed, "This server takes no new accounts."),
            (Registration::Invited, None) => {
                refused(Reason::InvitationNeeded, "This server takes new accounts by invitation.")
            }
            (Registration::Invited, Some(token)) => {
                let hash = hash(token);
                if self.store().use_invitation(hash, self.now_ms()).await? {
                    return Ok(AdmittedRegistration { invitation: Some(hash) });
                }
                refused(Reason::InvitationVoid, "This invitation was used or withdrawn, or has expired.")
            }
        }
    }

    /// An account was created.
    pub async fn registered(&self, admitted: AdmittedRegistration, user: UserId) -> StoreResult<()> {
        match admitted.invitation {
            Some(_) => self.record(user, Act::InvitationUsed, Some(user), None, None).await,
            None => Ok(()),
        }
    }

    /// No account was created: the invitation can be used again.
    pub async fn not_registered(&self, admitted: AdmittedRegistration) -> StoreResult<()> {
        match admitted.invitation {
            Some(hash) => self.store().release_invitation(hash).await,
            None => Ok(()),
        }
    }

    /// Refuses a user who may not open rooms.
    pub async fn admit_room_of(&self, user: &User) -> OperatorResult<()> {
        let openers = self.switches().await?.rooms;
        if user.operator || (openers == RoomOpeners::Accounts && user.kind == UserKind::User) {
            return Ok(());
        }
        match openers {
            RoomOpeners::Everyone => Ok(()),
            RoomOpeners::Accounts => {
                refused(Reason::RoomsForAccounts, "On this server, rooms are opened by people with an account.")
            }
            RoomOpeners::Operators => {
                refused(Reason::RoomsForOperators, "On this server, rooms are opened by its operators.")
            }
        }
    }

    /// Makes an invitation: its token, and when it expires.
    pub async fn invite(&self, by: UserId) -> StoreResult<(SecretString, i64)> {
        let (token, expires_at_ms) = (random_token(), self.now_ms() + ms(INVITATION_LIFETIME));
        self.record(by, Act::InvitationMade, None, None, None).await?;
        self.store().insert_invitation(hash(token.expose_secret()), expires_at_ms).await?;
        Ok((token, expires_at_ms))
    }

    /// Invitations that can be used.
    pub async fn open_invitations(&self) -> StoreResult<u64> {
        self.store().open_invitations(self.now_ms()).await
    }

    /// Withdraws all invitations.
    pub async fn withdraw_invitations(&self, by: UserId) -> StoreResult<()> {
        self.record(by, Act::InvitationsWithdrawn, None, None, None).await?;
        while self.store().delete_invitations(i64::MAX, ROWS_PER_PAGE).await? >= u64::from(ROWS_PER_PAGE) {}
        Ok(())
    }
}
