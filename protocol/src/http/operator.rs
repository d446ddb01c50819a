//! Bodies of `operator/*`, and of what operators hand out: links to choose a password, and invitations.

use serde::{Deserialize, Serialize};

use crate::id::{RoomCode, UserId};
use crate::room::UserKind;
use crate::secret::Secret;

choices! {
    /// Who may create an account.
    Registration {
        /// Everyone.
        Open = "open",
        /// Those with an invitation.
        Invited = "invited",
        /// No one.
        Closed = "closed",
    }
}
choices! {
    /// Who may open rooms.
    RoomOpeners {
        /// Everyone, guests too.
        Everyone = "everyone",
        /// Accounts.
        Accounts = "accounts",
        /// Operators.
        Operators = "operators",
    }
}
choices! {
    /// An act in the operators' log.
    Act {
        /// The command line made a user an operator.
        OperatorAdded = "operator_added",
        /// The command line took the role away.
        OperatorRemoved = "operator_removed",
        /// A user became the first operator, by the link that the server showed at its start.
        OperatorClaimed = "operator_claimed",
        /// A link to choose a new password was made for a user.
        PasswordLinkMade = "password_link_made",
        /// The user chose one.
        PasswordReset = "password_reset",
        /// A user was erased.
        PersonDeleted = "person_deleted",
        /// A user was banned from the server.
        PersonBanned = "person_banned",
        /// The ban was lifted.
        PersonUnbanned = "person_unbanned",
        /// A room was closed.
        RoomClosed = "room_closed",
        /// A room was handed over to the user.
        RoomHandedOver = "room_handed_over",
        /// A scan of the library was started.
        LibraryRescanned = "library_rescanned",
        /// The switch `registration` was set.
        RegistrationSet = "registration_set",
        /// The switch `guests` was set.
        GuestsSet = "guests_set",
        /// The switch `rooms` was set.
        RoomsSet = "rooms_set",
        /// An invitation was made.
        InvitationMade = "invitation_made",
        /// An account was created by one; the user is its own actor.
        InvitationUsed = "invitation_used",
        /// All open invitations were withdrawn.
        InvitationsWithdrawn = "invitations_withdrawn",
    }
}

/// Who may enter the server, and who may open rooms there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
#[serde(default)]
pub struct Switches {
    /// Who may create an account.
    pub registration: Registration,
    /// Whether newcomers may enter as guests. Guests who are there stay.
    pub guests: bool,
    /// Who may open rooms.
    pub rooms: RoomOpeners,
}

impl Default for Switches {
    fn default() -> Self {
        Self { registration: Registration::Open, guests: true, rooms: RoomOpeners::Everyone }
    }
}

body!(
    /// `PATCH operator/switches`: absent fields stay unchanged.
    SwitchesChange {
        /// Who may create an account.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        registration: Option<Registration>,
        /// Whether newcomers may enter as guests.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        guests: Option<bool>,
        /// Who may open rooms.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rooms: Option<RoomOpeners>,
    }
);
body!(
    /// `GET operator/switches`, and the response of everything that changes it.
    SwitchesStatus {
        /// As they are.
        switches: Switches,
        /// Invitations that can still be used.
        invitations_open: u64,
    }
);
body!(
    /// A secret for a link that works once: `POST operator/people/{id}/password-link`, `POST operator/invitations`. Pages
    /// put it into the fragment of an address, which browsers send to no server.
    OneTimeLink {
        /// The secret.
        token: Secret,
        /// When it expires.
        expires_at_ms: i64,
    }
);
body!(
    /// `POST operator/claim`: makes the caller the first operator.
    ClaimRequest {
        /// From the link that the server showed at its start.
        token: Secret,
    }
);
body!(
    /// `POST auth/password`: chooses a new password by a link, logs in with it and ends all other sessions.
    NewPasswordRequest {
        /// From the link.
        token: Secret,
        /// 8 to 72 bytes.
        password: Secret,
    }
);
body!(
    /// A user, as shown to operators.
    Person {
        /// Durable identity.
        id: UserId,
        /// Guest or account.
        kind: UserKind,
        /// Shown to others.
        display_name: String,
        /// The login name of an account that has a password.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        username: Option<String>,
        /// Path of a small picture of them, on this server.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        picture: Option<String>,
        /// Whether Spotify is linked.
        #[serde(default)]
        spotify: bool,
        /// Whether they are an operator.
        #[serde(default)]
        operator: bool,
        /// Since when they are banned from the server.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        banned_at_ms: Option<i64>,
        /// When they first came.
        created_at_ms: i64,
        /// When one of their sessions was last used, to within ten minutes.
        last_seen_at_ms: i64,
    }
);
body!(
    /// `GET operator/people`.
    PersonList {
        /// Newest first.
        people: Vec<Person>,
        /// The cursor of the next page; `None` on the last.
        next_cursor: Option<String>,
    }
);
body!(
    /// A user by name.
    NamedPerson {
        /// Durable identity.
        id: UserId,
        /// Display name; empty for an erased user.
        name: String,
    }
);
body!(
    /// A room, as shown to operators.
    OperatedRoom {
        /// Its code.
        code: RoomCode,
        /// Its name.
        name: String,
        /// Its host.
        host: NamedPerson,
        /// Whether newcomers need a passcode.
        has_passcode: bool,
        /// Its members, connected or not.
        members: u64,
        /// Its connections; none if the server that answers does not serve the room.
        connections: u64,
        /// When it was created.
        created_at_ms: i64,
        /// When something last happened in it.
        last_used_at_ms: i64,
    }
);
body!(
    /// `GET operator/rooms`.
    OperatedRoomList {
        /// Open rooms, newest first.
        rooms: Vec<OperatedRoom>,
        /// The cursor of the next page; `None` on the last.
        next_cursor: Option<String>,
    }
);
body!(
    /// `GET operator/rooms/{code}`: whom a room can be handed over to.
    OperatedRoomMembers {
        /// The host.
        host: NamedPerson,
        /// The other members, by name.
        members: Vec<NamedPerson>,
    }
);
body!(
    /// `PUT operator/rooms/{code}/host`.
    HandOverRequest {
        /// The member who becomes the host.
        member: UserId,
    }
);
body!(
    /// `GET operator/report`: what the server has, and what it needs.
    ServerReport {
        /// Version of the server.
        version: String,
        /// The kind of database: `sqlite`, `mysql`.
        database: String,
        /// Size of the database; `None` when it does not say.
        database_bytes: Option<u64>,
        /// Segments of tracks that are kept on disk.
        cache_bytes: u64,
        /// What they may take.
        cache_bytes_max: u64,
        /// Free space of the data directory's disk; `None` when it is not known.
        free_bytes: Option<u64>,
        /// Accounts.
        accounts: u64,
        /// Guests.
        guests: u64,
        /// Of all users, those who are banned.
        banned: u64,
        /// Open rooms.
        rooms: u64,
        /// Connections of devices and screens to this server.
        connections: u64,
        /// The server's own music.
        library: LibraryReport,
    }
);
body!(
    /// The server's own music, as of the last scan.
    LibraryReport {
        /// Tracks.
        tracks: u64,
        /// Music files that cannot be read.
        unreadable: u64,
        /// Of these, the first by path.
        unreadable_files: Vec<String>,
        /// Tracks that no decoder plays.
        unplayable: u64,
        /// Tracks that are kept although their files are not there.
        missing: u64,
        /// When it was scanned; `None` before the first scan since the start.
        scanned_at_ms: Option<i64>,
    }
);
body!(
    /// An act in the operators' log.
    ActRecord {
        /// When.
        at_ms: i64,
        /// What; a name that only a newer server knows is passed over.
        act: String,
        /// Who did it; `None`: the command line.
        by: Option<NamedPerson>,
        /// Whom it was done to.
        person: Option<NamedPerson>,
        /// The room it was done to.
        room: Option<RoomCode>,
        /// The new value of a switch.
        value: Option<String>,
    }
);
body!(
    /// `GET operator/log`.
    ActList {
        /// Newest first.
        acts: Vec<ActRecord>,
        /// The cursor of the next page; `None` on the last.
        next_cursor: Option<String>,
    }
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_same_in_the_database_and_on_the_wire() {
        for act in Act::ALL {
            assert_eq!(serde_json::to_value(act).expect("JSON"), act.as_str());
            assert_eq!(Act::parse(act.as_str()), Some(*act));
            assert!(act.as_str().len() <= 32, "{act:?} fits its column");
        }
        assert_eq!(Registration::parse("opened"), None);
        assert_eq!(serde_json::from_str::<Switches>("{}").expect("defaults"), Switches::default());
    }
}
