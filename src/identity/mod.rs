//! Who is here: guests, accounts, their sessions, and the tokens that prove them.
//!
//! - A **user** is a durable identity. A guest has a display name and this browser; an account has a username and a
//!   password as well. A guest that registers stays the same user.
//! - A **session** is one login in one browser. It ends by logout, by disuse, by age, or when a refresh token of it is
//!   used twice (`session.rs`).
//! - An **access token** proves user and session for ten minutes without a look into the database
//!   (`access_token.rs`).
//! - A **refresh token** keeps the session alive; it is exchanged at every use (`refresh_token.rs`).
//!
//! Guarantees: no password, token or key is ever logged or shown by `Debug`; a session that was ended is refused at once
//! on this node, also by its access tokens; a wrong username and a wrong password cannot be told apart, by text or time.
//!
//! Not in here: keys ([`crate::keys`]); cookies, origins and limits, which are HTTP's ([`crate::http`]); what a user may do in a room.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use tokio::sync::broadcast;
use tutti_protocol::{SessionId, UserId, UserKind};

pub use access_token::{Access, AccessError};
pub use name::{Username, display_name};

use crate::clock::Clock;
use crate::config::IdentityConfig;
use crate::keys::{Keys, STOPPED_KEY_KEPT};
use crate::room::state::Newcomer;
use crate::store::user_loader::UserLoader;
use crate::store::{PasswordHash, SharedStore, StoreError, StoreResult, StoredPicture, StoredUser};
use password::{Password, Passwords};
use revocation::Revocations;

mod access_token;
mod entry;
mod linked;
mod name;
mod password;
pub mod picture;
mod refresh_token;
mod revocation;
mod session;
mod sessions;

/// How long an access token is valid: what a stolen one is worth, and how often a client refreshes.
pub const ACCESS_TOKEN_LIFETIME: Duration = Duration::from_mins(10);
/// How long the refresh token before the newest still yields the newest: two tabs at once, a lost answer.
pub const REFRESH_GRACE: Duration = Duration::from_secs(10);
/// How long a session lasts without use.
pub const SESSION_IDLE_LIFETIME: Duration = Duration::from_hours(30 * 24);
/// How long a session lasts whatever its use.
pub const SESSION_ABSOLUTE_LIFETIME: Duration = Duration::from_hours(180 * 24);
/// Characters in a display name, at most.
pub const DISPLAY_NAME_CHARS_MAX: usize = 40;
/// Characters in a username, at least.
pub const USERNAME_CHARS_MIN: usize = 3;
/// Characters in a username, at most.
pub const USERNAME_CHARS_MAX: usize = 32;
/// Bytes in a password, at least (NIST SP 800-63B).
pub const PASSWORD_BYTES_MIN: usize = 8;
/// Bytes in a password, at most: what bcrypt reads.
pub const PASSWORD_BYTES_MAX: usize = 72;
/// Characters kept of a user agent.
const USER_AGENT_CHARS_MAX: usize = 256;
/// Longer access tokens are not looked at; ours have some 400 bytes.
const ACCESS_TOKEN_BYTES_MAX: usize = 2048;
/// Passwords being hashed or waiting for it; more are told to come back. At a quarter of a second each, half a minute's
/// work for one processor.
const PASSWORD_CHECKS_WAITING_MAX: usize = 128;
/// Ended sessions that a listener may be behind before it has to ask for each of its own.
const REVOCATIONS_UNREAD_MAX: usize = 1024;

const _: () = {
    assert!(REFRESH_GRACE.as_secs() < ACCESS_TOKEN_LIFETIME.as_secs());
    assert!(ACCESS_TOKEN_LIFETIME.as_secs() < SESSION_IDLE_LIFETIME.as_secs());
    assert!(ACCESS_TOKEN_LIFETIME.as_secs() < STOPPED_KEY_KEPT.as_secs(), "whatever a key signed, it verifies");
    assert!(SESSION_IDLE_LIFETIME.as_secs() < SESSION_ABSOLUTE_LIFETIME.as_secs());
};

/// Why somebody is not let in, or not changed.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// A name or password has the wrong form; the text is for people.
    #[error("{0}")]
    Invalid(&'static str),
    /// Username or password is wrong; which one is not said.
    #[error("wrong username or password")]
    WrongCredentials,
    /// There is no session, or it has ended.
    #[error("not logged in")]
    Unauthenticated,
    /// Somebody else has this username.
    #[error("the username is taken")]
    UsernameTaken,
    /// Only for those who are not logged in to an account.
    #[error("logged in to an account already")]
    AlreadyLoggedIn,
    /// The account elsewhere is linked to somebody else.
    #[error("the linked account belongs to somebody else")]
    LinkedElsewhere,
    /// Too many passwords are being checked.
    #[error("too many passwords are being checked")]
    Busy,
    /// The store did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It cannot happen, and did.
    #[error(transparent)]
    Internal(#[from] anyhow::Error),
}

/// Somebody, without what they prove themselves with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Durable identity.
    pub id: UserId,
    /// Guest or account.
    pub kind: UserKind,
    /// Shown to others.
    pub display_name: String,
    /// How they log in, as they typed it when they registered.
    pub username: Option<String>,
    /// Where their picture is on this server.
    pub picture: Option<String>,
    /// Whether Spotify is linked.
    pub spotify: bool,
}

impl From<&StoredUser> for User {
    fn from(stored: &StoredUser) -> Self {
        Self {
            id: stored.id,
            kind: stored.kind,
            display_name: stored.display_name.clone(),
            username: stored.login.as_ref().map(|login| login.username_shown.clone()),
            picture: stored.picture.map(|hash| picture::path(stored.id, &hash)),
            spotify: stored.spotify,
        }
    }
}

impl From<User> for Newcomer {
    fn from(user: User) -> Self {
        Self { id: user.id, name: user.display_name, kind: user.kind, picture: user.picture }
    }
}

/// Who asks to be let in, as far as their request shows.
#[derive(Clone, Debug, Default)]
pub struct Caller {
    /// The refresh token that their browser holds.
    pub refresh_token: Option<SecretString>,
    /// The access token that they sent, if it was valid.
    pub access: Option<Access>,
    /// What their browser calls itself.
    pub user_agent: String,
}

/// What somebody holds who is in.
#[derive(Debug)]
pub struct Login {
    /// Who they are.
    pub user: User,
    /// By which login.
    pub session: SessionId,
    /// Valid for [`ACCESS_TOKEN_LIFETIME`].
    pub access_token: SecretString,
    /// For the cookie.
    pub refresh_token: SecretString,
    /// When the refresh token runs out, in Unix milliseconds.
    pub refresh_expires_at_ms: i64,
    /// The guest that this person was in this browser until now: what they have in rooms is this person's from now on.
    pub was_guest: Option<UserId>,
}

/// The one who knows who is here. Cheap to clone.
#[derive(Clone)]
pub struct Identity(Arc<Inner>);

struct Inner {
    store: SharedStore,
    users: UserLoader,
    keys: Keys,
    clock: Clock,
    passwords: Passwords,
    revocations: Revocations,
    seen: access_token::Seen,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("keys", &self.0.keys).finish_non_exhaustive()
    }
}

impl Identity {
    /// Starts, remembering which sessions were ended shortly before the last stop.
    pub async fn open(store: SharedStore, keys: Keys, clock: Clock, config: &IdentityConfig) -> StoreResult<Self> {
        let revocations = Revocations::new();
        let ended = store.sessions_revoked_since(clock.now_ms() - revocation::lifetime_ms()).await?;
        for (session, at_ms) in ended {
            revocations.remember(session, at_ms);
        }
        let passwords = Passwords::new(config.bcrypt_cost);
        let users = UserLoader::new(store.clone());
        let seen = access_token::Seen::new();
        Ok(Self(Arc::new(Inner { store, users, keys, clock, passwords, revocations, seen })))
    }

    /// Who an access token speaks for. Looks into no database. Who keeps the answer, as a socket does, listens to
    /// [revocations](Self::subscribe_revocations) too.
    pub fn authenticate(&self, access_token: &str) -> Result<Access, AccessError> {
        let access = access_token::verify(&self.0.keys, &self.0.seen, access_token, self.clock().now_ms())?;
        if self.is_revoked(access.session) { Err(AccessError::Revoked) } else { Ok(access) }
    }

    /// Whether a session was ended within the life of its access tokens.
    pub fn is_revoked(&self, session: SessionId) -> bool {
        self.revocations().contains(session)
    }

    /// Sessions as they are ended, so that their sockets can be closed. Who lags asks [`is_revoked`](Self::is_revoked) for each
    /// of theirs.
    pub fn subscribe_revocations(&self) -> broadcast::Receiver<SessionId> {
        self.revocations().subscribe()
    }

    /// Somebody by their id.
    pub async fn user(&self, id: UserId) -> StoreResult<Option<User>> {
        Ok(self.0.users.user(id).await?.as_ref().map(User::from))
    }

    /// Changes what somebody is called.
    pub async fn rename(&self, id: UserId, display_name: &str) -> Result<User, IdentityError> {
        let display_name = name::display_name(display_name)?;
        self.store().rename_user(id, &display_name).await?;
        self.user(id).await?.ok_or(IdentityError::Unauthenticated)
    }

    /// Changes somebody's password and ends their other sessions.
    pub async fn change_password(
        &self,
        access: Access,
        current: &SecretString,
        new: &SecretString,
    ) -> Result<(), IdentityError> {
        let new = Password::parse(new)?;
        let user = self.store().user(access.user).await?.ok_or(IdentityError::Unauthenticated)?;
        let hash = user.login.map(|login| login.password_hash);
        if !self.0.passwords.verify(Password::parse(current).ok(), hash.clone()).await? {
            return Err(IdentityError::WrongCredentials);
        }
        let (from, to) = (hash.ok_or(IdentityError::WrongCredentials)?, self.0.passwords.hash(new).await?);
        if !self.store().change_password(access.user, &from, &to).await? {
            return Err(IdentityError::WrongCredentials);
        }
        self.end_other_sessions(access).await?;
        Ok(())
    }

    /// Keeps somebody's picture.
    pub async fn set_picture(&self, user: UserId, picture: &StoredPicture) -> Result<User, IdentityError> {
        self.store().put_picture(user, picture).await?;
        self.user(user).await?.ok_or(IdentityError::Unauthenticated)
    }

    /// Erases somebody whose sessions were ended: see [`crate::erasure`].
    pub async fn erase(&self, user: UserId) -> Result<(), IdentityError> {
        self.store().delete_user(user).await?;
        Ok(())
    }

    /// A room's passcode as it is kept.
    pub async fn hash_passcode(&self, passcode: &str) -> Result<String, IdentityError> {
        Ok(self.0.passwords.hash(Password::from_passcode(passcode)).await?.0)
    }

    /// Whether it is the passcode that was hashed.
    pub async fn verify_passcode(&self, passcode: &str, hash: &str) -> Result<bool, IdentityError> {
        let hash = PasswordHash(hash.to_owned());
        self.0.passwords.verify(Some(Password::from_passcode(passcode)), Some(hash)).await
    }

    fn store(&self) -> &SharedStore {
        &self.0.store
    }

    fn keys(&self) -> &Keys {
        &self.0.keys
    }

    fn clock(&self) -> &Clock {
        &self.0.clock
    }

    fn revocations(&self) -> &Revocations {
        &self.0.revocations
    }
}

/// A duration in the unit of timestamps.
pub(crate) fn in_ms(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
