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
//! Not in here: cookies, origins and limits, which are HTTP's ([`crate::http`]); what a user may do in a room.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use tokio::sync::broadcast;
use tutti_protocol::{UserId, UserKind};

pub use access_token::{Access, AccessError};
pub use keys::{Keys, KeysError};
pub use name::{Username, display_name};

pub use crate::store::SessionId;

use crate::clock::Clock;
use crate::config::IdentityConfig;
use crate::ids::uuid_v7;
use crate::store::{PasswordHash, SharedStore, StoreError, StoreResult, StoredLogin, StoredSession, StoredUser};
use password::{Password, Passwords};
use refresh_token::RefreshToken;
use revocation::Revocations;

mod access_token;
mod keys;
mod name;
mod password;
mod refresh_token;
mod revocation;
mod session;

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
}

impl From<&StoredUser> for User {
    fn from(stored: &StoredUser) -> Self {
        Self {
            id: stored.id,
            kind: stored.kind,
            display_name: stored.display_name.clone(),
            username: stored.login.as_ref().map(|login| login.username_shown.clone()),
        }
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
}

/// The one who knows who is here. Cheap to clone.
#[derive(Clone)]
pub struct Identity(Arc<Inner>);

struct Inner {
    store: SharedStore,
    keys: Keys,
    clock: Clock,
    passwords: Passwords,
    revocations: Revocations,
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
        Ok(Self(Arc::new(Inner { store, keys, clock, passwords, revocations })))
    }

    /// Lets somebody in by a display name. A browser that holds a guest's session already is still that guest, under
    /// the new name.
    pub async fn guest(&self, caller: &Caller, display_name: &str) -> Result<Login, IdentityError> {
        let display_name = name::display_name(display_name)?;
        match self.current(caller).await? {
            Some((user, _)) if user.kind == UserKind::User => Err(IdentityError::AlreadyLoggedIn),
            Some((user, session)) => {
                self.store().rename_user(user.id, &display_name).await?;
                self.reopen(StoredUser { display_name, ..user }, &session, caller).await
            }
            None => {
                let user = self.new_user(UserKind::Guest, display_name, None);
                self.insert(&user, caller).await
            }
        }
    }

    /// Makes an account. A guest becomes the account and keeps their id.
    pub async fn register(
        &self,
        caller: &Caller,
        username: &str,
        password: &SecretString,
        display_name: &str,
    ) -> Result<Login, IdentityError> {
        let username = Username::parse(username)?;
        let password = Password::parse(password)?;
        let display_name = name::display_name(display_name)?;
        let current = self.current(caller).await?;
        if current.as_ref().is_some_and(|(user, _)| user.kind == UserKind::User) {
            return Err(IdentityError::AlreadyLoggedIn);
        }
        let login = StoredLogin {
            username: username.normalized().to_owned(),
            username_shown: username.shown().to_owned(),
            password_hash: self.0.passwords.hash(password).await?,
        };
        let Some((guest, session)) = current else {
            let user = self.new_user(UserKind::User, display_name, Some(login));
            return self.insert(&user, caller).await;
        };
        if !self.store().upgrade_guest(guest.id, &display_name, &login).await.map_err(username_taken)? {
            return Err(IdentityError::AlreadyLoggedIn);
        }
        let user = StoredUser { kind: UserKind::User, display_name, login: Some(login), ..guest };
        self.reopen(user, &session, caller).await
    }

    /// Lets somebody in by username and password. Whoever was in by this browser before is out.
    pub async fn login(
        &self,
        caller: &Caller,
        username: &str,
        password: &SecretString,
    ) -> Result<Login, IdentityError> {
        let user = match Username::parse(username) {
            Ok(username) => self.store().user_by_username(username.normalized()).await?,
            Err(_) => None,
        };
        let hash = user.as_ref().and_then(|user| user.login.as_ref()).map(|login| login.password_hash.clone());
        let right = self.0.passwords.verify(Password::parse(password).ok(), hash).await?;
        let Some(user) = user.filter(|_| right) else { return Err(IdentityError::WrongCredentials) };
        match self.current(caller).await? {
            Some((before, session)) if before.id == user.id => self.reopen(user, &session, caller).await,
            Some((before, session)) => {
                let login = self.add_session(&user, caller).await?;
                self.end_session(before.id, session.id).await?;
                Ok(login)
            }
            None => self.add_session(&user, caller).await,
        }
    }

    /// Exchanges a refresh token for the next one and a fresh access token.
    pub async fn refresh(&self, refresh_token: &SecretString) -> Result<Login, IdentityError> {
        self.rotate(refresh_token).await
    }

    /// Ends the caller's session, if there is one, and closes its sockets.
    pub async fn logout(&self, caller: &Caller) -> Result<(), IdentityError> {
        let token = caller.refresh_token.as_ref().and_then(RefreshToken::parse);
        let stored = match token {
            Some(token) => self.store().refresh_token(token.user, token.hash()).await?,
            None => None,
        };
        let by_cookie = stored.map(|token| (token.user, token.session));
        let by_access = caller.access.map(|access| (access.user, access.session));
        for (user, session) in by_cookie.into_iter().chain(by_access.filter(|other| Some(*other) != by_cookie)) {
            self.end_session(user, session).await?;
        }
        Ok(())
    }

    /// Who an access token speaks for. Looks into no database. Who keeps the answer, as a socket does, listens to
    /// [revocations](Self::subscribe_revocations) too.
    pub fn authenticate(&self, access_token: &str) -> Result<Access, AccessError> {
        let access = access_token::verify(&self.0.keys, access_token, self.clock().now_ms())?;
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
        Ok(self.store().user(id).await?.as_ref().map(User::from))
    }

    /// Changes what somebody is called.
    pub async fn rename(&self, id: UserId, display_name: &str) -> Result<User, IdentityError> {
        let display_name = name::display_name(display_name)?;
        self.store().rename_user(id, &display_name).await?;
        self.user(id).await?.ok_or(IdentityError::Unauthenticated)
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

    /// Who is in by this browser, and by which session: by the cookie, or else by the access token.
    async fn current(&self, caller: &Caller) -> Result<Option<(StoredUser, StoredSession)>, IdentityError> {
        let by_cookie = match caller.refresh_token.as_ref().and_then(RefreshToken::parse) {
            Some(token) => self.standing(&token).await?.map(session::Standing::into_session),
            None => None,
        };
        let session = match (by_cookie, caller.access) {
            (Some(session), _) => Some(session),
            (None, Some(access)) => {
                let session = self.store().session(access.user, access.session).await?;
                session.filter(|session| session.revoked_at_ms.is_none())
            }
            (None, None) => None,
        };
        let Some(session) = session else { return Ok(None) };
        Ok(self.store().user(session.user).await?.map(|user| (user, session)))
    }

    fn new_user(&self, kind: UserKind, display_name: String, login: Option<StoredLogin>) -> StoredUser {
        let now_ms = self.clock().now_ms();
        StoredUser {
            id: UserId(uuid_v7(now_ms)),
            kind,
            display_name,
            login,
            created_at_ms: now_ms,
            last_seen_at_ms: now_ms,
        }
    }

    async fn insert(&self, user: &StoredUser, caller: &Caller) -> Result<Login, IdentityError> {
        let (session, stored, token) = self.new_session(user.id, caller);
        self.store().insert_user(user, &session, &stored).await.map_err(username_taken)?;
        self.issue(user, &session, token)
    }

    async fn add_session(&self, user: &StoredUser, caller: &Caller) -> Result<Login, IdentityError> {
        let (session, stored, token) = self.new_session(user.id, caller);
        self.store().insert_session(&session, &stored).await?;
        self.issue(user, &session, token)
    }

    /// A new session in place of the one before: whoever knew the old refresh token, such as the one who planted it, is
    /// not taken along.
    async fn reopen(&self, user: StoredUser, before: &StoredSession, caller: &Caller) -> Result<Login, IdentityError> {
        let login = self.add_session(&user, caller).await?;
        self.replace_session(user.id, before.id).await?;
        Ok(login)
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

fn in_ms(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

fn username_taken(error: StoreError) -> IdentityError {
    match error {
        StoreError::Conflict(_) => IdentityError::UsernameTaken,
        other => other.into(),
    }
}
