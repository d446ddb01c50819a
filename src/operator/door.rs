//! The switches: who may enter as a guest, create an account, and open rooms; and invitations.
//!
//! Requests at the door read the switches from the store, so that a change takes effect at once, on every server of a
//! database. Those who only look get what was read last.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use tutti_protocol::http::{Act, RegisterRequest, Registration, RoomOpeners, Switches, SwitchesChange};
use tutti_protocol::{Reason, UserId, UserKind};

use super::{OperatorResult, Operators, ROWS_PER_PAGE, hash, random_token, refused};
use crate::clock::ms;
use crate::identity::{Caller, Login, User};
use crate::store::{StoreResult, TokenHash};

/// How long an invitation can be used.
pub const INVITATION_LIFETIME: Duration = Duration::from_hours(7 * 24);

impl Operators {
    /// The switches as they are.
    pub async fn switches(&self) -> StoreResult<Switches> {
        let switches = self.store().switches().await?;
        *self.0.switches.write() = switches;
        Ok(switches)
    }

    /// The switches as last read; needs no store.
    pub fn known_switches(&self) -> Switches {
        *self.0.switches.read()
    }

    /// Sets the switches that a change names. Others stay as they are, also if another operator sets them meanwhile.
    pub async fn set_switches(&self, by: UserId, change: &SwitchesChange) -> StoreResult<()> {
        let known = self.switches().await?;
        let change = SwitchesChange {
            registration: change.registration.filter(|wanted| *wanted != known.registration),
            guests: change.guests.filter(|wanted| *wanted != known.guests),
            rooms: change.rooms.filter(|wanted| *wanted != known.rooms),
        };
        let acts = [
            (Act::RegistrationSet, change.registration.map(Registration::as_str)),
            (Act::GuestsSet, change.guests.map(|on| if on { "on" } else { "off" })),
            (Act::RoomsSet, change.rooms.map(RoomOpeners::as_str)),
        ];
        for (act, value) in acts {
            if value.is_some() {
                self.record(by, act, None, None, value).await?;
            }
        }
        self.store().set_switches(&change).await
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

    /// Registers an account, with an invitation where one is needed. It is given back if there is no account in the end, so
    /// this must run to its end once it was begun.
    pub async fn register(&self, caller: &Caller, request: RegisterRequest) -> OperatorResult<Login> {
        let RegisterRequest { username, password, display_name, invitation } = request;
        let invitation = match self.0.identity.current_user(caller).await? {
            // An account that gets a password beside Spotify is no new one.
            Some(user) if self.0.identity.user(user).await?.is_some_and(|user| user.kind == UserKind::User) => None,
            _ => self.admit_registration(invitation.as_deref()).await?,
        };
        let registered = self.0.identity.register(caller, &username, &password.0.into(), &display_name).await;
        match (&registered, invitation) {
            (Ok(login), Some(_)) => self.record_own(login.user.id, Act::InvitationUsed).await,
            (Err(_), Some(invitation)) => self.store().release_invitation(invitation).await?,
            (_, None) => {}
        }
        Ok(registered?)
    }

    /// Refuses a new account, or uses its invitation where one is needed.
    async fn admit_registration(&self, invitation: Option<&str>) -> OperatorResult<Option<TokenHash>> {
        match (self.switches().await?.registration, invitation) {
            // An invitation is not used up where none is needed.
            (Registration::Open, _) => Ok(None),
            (Registration::Closed, _) => refused(Reason::RegistrationClosed, "This server takes no new accounts."),
            (Registration::Invited, None) => {
                refused(Reason::InvitationNeeded, "This server takes new accounts by invitation.")
            }
            (Registration::Invited, Some(token)) => {
                let hash = hash(token);
                if self.store().use_invitation(hash, self.now_ms()).await? {
                    return Ok(Some(hash));
                }
                refused(Reason::InvitationVoid, "This invitation was used or withdrawn, or has expired.")
            }
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
