//! Authentication: guests, accounts, sessions, and the tokens that prove them.
//!
//! - A **user** is a durable identity. A guest has a display name and one browser; an account has a username and a
//!   password, or a linked Spotify account, as well. A guest who registers keeps their id.
//! - A **session** is one login in one browser. It ends by logout, idle timeout, maximum age, or reuse of a refresh
//!   token (`sessions.rs`, `token_rotation.rs`).
//! - A **device code** is shown by one device of a user and logs in their next one (`device_code.rs`).
//! - A **password link** lets its holder choose a new password for one account, once (`password_link.rs`).
//! - A **screen** is no user: its code is approved in a room, and its token proves which screen it is (`screen.rs`).
//! - An **access token** proves user and session for ten minutes without a database query (`access_token.rs`).
//! - A **refresh token** keeps the session alive and is rotated at every use (`refresh_token.rs`).
//!
//! Guarantees: no password, token, code or key is logged or shown by `Debug`; the access tokens of a revoked session are
//! rejected at once on this node; an unknown username and a wrong password give the same error after the same time.
//!
//! Not in here: keys ([`crate::keys`]); cookies, origins and rate limits ([`crate::http`]); what a user may do in a
//! room.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;
use tutti_protocol::{Reason, ReasonValues, RoomId, SessionId, UserId, UserKind};

pub use access_token::{AccessClaims, AccessError};
pub use device_code::{DeviceCodeError, ValidDeviceCode};
pub use name::{Username, bad_display_name_values, parse_display_name};
pub use password_link::password_link;
pub use screen::{ClaimedScreen, SCREEN_HELLO_LIFETIME, is_screen_token};
pub use sessions::is_refresh_token_of;

use crate::clock::{Clock, ms};
use crate::config::IdentityConfig;
use crate::keys::{EncryptionContext, Keys, RETIRED_KEY_RETENTION};
use crate::room::state::Newcomer;
use crate::store::user_loader::UserLoader;
use crate::store::{PasswordHash, Sealed, SharedStore, StoreError, StoreResult, StoredPicture, StoredUser};
use password::{Password, PasswordHasher};
use revocation::Revocations;

mod access_token;
mod device_code;
mod linked_account;
mod login;
mod name;
mod password;
mod password_link;
pub mod picture;
mod refresh_token;
mod revocation;
mod screen;
mod sessions;
mod token_rotation;
mod turns;

/// How long an access token is valid: what a stolen one is worth, and how often a client refreshes.
pub const ACCESS_TOKEN_LIFETIME: Duration = Duration::from_mins(10);
/// How long the previous refresh token still yields the current one: two tabs at once, a lost response.
pub const REFRESH_GRACE: Duration = Duration::from_secs(10);
/// Idle timeout of a session.
pub const SESSION_IDLE_LIFETIME: Duration = Duration::from_hours(30 * 24);
/// Maximum age of a session.
pub const SESSION_ABSOLUTE_LIFETIME: Duration = Duration::from_hours(180 * 24);
/// How long a code for a user's next device, or of a screen, is valid.
pub const DEVICE_CODE_LIFETIME: Duration = Duration::from_mins(5);
/// How long a link to choose a new password is valid.
pub const PASSWORD_LINK_LIFETIME: Duration = Duration::from_hours(24);
/// Characters in a display name, at most.
pub const DISPLAY_NAME_CHARS_MAX: usize = 40;
/// Characters in a username, at least.
pub const USERNAME_CHARS_MIN: usize = 3;
/// Characters in a username, at most.
pub const USERNAME_CHARS_MAX: usize = 32;
/// Bytes in a password, at least (NIST SP 800-63B).
pub const PASSWORD_BYTES_MIN: usize = 8;
/// Bytes in a password, at most: bcrypt ignores the rest.
pub const PASSWORD_BYTES_MAX: usize = 72;
/// Characters kept of a user agent.
const USER_AGENT_CHARS_MAX: usize = 256;
/// Longer access tokens are rejected unparsed; a valid one has about 400 bytes.
const ACCESS_TOKEN_BYTES_MAX: usize = 2048;
/// Password hashes that wait; more are rejected as [`IdentityError::Busy`]. At a quarter of a second each, half a minute's
/// work for one processor.
const PASSWORDS_WAITING_MAX: usize = 128;
/// The same for one address: the guests of one household who enter a passcode at the same moment.
const PASSWORDS_WAITING_PER_ADDRESS_MAX: usize = 16;
/// Revocations buffered for a subscriber; one that lags behind checks each of its sessions instead.
const REVOCATION_CHANNEL_CAPACITY: usize = 1024;
/// How often a server reads which sessions others have revoked.
const REVOCATIONS_READ_EVERY: Duration = Duration::from_secs(5);
/// By how much these reads overlap.
const REVOCATIONS_OVERLAP: Duration = Duration::from_mins(1);

const _: () = {
    assert!(REFRESH_GRACE.as_secs() < ACCESS_TOKEN_LIFETIME.as_secs());
    assert!(ACCESS_TOKEN_LIFETIME.as_secs() < SESSION_IDLE_LIFETIME.as_secs());
    assert!(
        ACCESS_TOKEN_LIFETIME.as_secs() < RETIRED_KEY_RETENTION.as_secs(),
        "a retired key is kept until its last token expires"
    );
    assert!(SESSION_IDLE_LIFETIME.as_secs() < SESSION_ABSOLUTE_LIFETIME.as_secs());
};

/// Why a login or a change of an account fails.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// A name or password is malformed; the text is shown to the user.
    #[error("{2}")]
    Invalid(Reason, ReasonValues, &'static str),
    /// Username or password is wrong; the error does not say which.
    #[error("wrong username or password")]
    WrongCredentials,
    /// There is no valid session.
    #[error("not logged in")]
    Unauthenticated,
    /// Another user has this username.
    #[error("the username is taken")]
    UsernameTaken,
    /// The caller is logged in to an account.
    #[error("already logged in to an account")]
    AlreadyLoggedIn,
    /// The Spotify account is linked to another user.
    #[error("the account is linked to another user")]
    LinkedElsewhere,
    /// The user is banned from the server.
    #[error("banned from the server")]
    Banned,
    /// The server takes no new account by this way.
    #[error("no new account by this way")]
    RegistrationRefused,
    /// A link to choose a new password was used or replaced, or has expired.
    #[error("the link is void")]
    LinkVoid,
    /// A device cannot log in with this code.
    #[error(transparent)]
    DeviceCode(#[from] DeviceCodeError),
    /// Too many password hashes wait, in total or of the caller's address.
    #[error("too many passwords are being hashed")]
    Busy,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A bug or a broken environment.
    #[error(transparent)]
    Internal(#[from] anyhow::Error),
}

/// A user, without credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Durable identity.
    pub id: UserId,
    /// Guest or account.
    pub kind: UserKind,
    /// Shown to other members.
    pub display_name: String,
    /// As typed at registration; `None` without a password.
    pub username: Option<String>,
    /// Path of the picture on this server.
    pub picture: Option<String>,
    /// Whether a Spotify account is linked.
    pub spotify: bool,
    /// Whether the user is an operator.
    pub operator: bool,
    /// Whether the user is banned from the server.
    pub banned: bool,
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
            operator: stored.operator_since_ms.is_some(),
            banned: stored.banned_at_ms.is_some(),
        }
    }
}

impl From<User> for Newcomer {
    fn from(user: User) -> Self {
        Self { id: user.id, name: user.display_name, kind: user.kind, picture: user.picture }
    }
}

/// The credentials and the user agent of a request.
#[derive(Clone, Debug, Default)]
pub struct Caller {
    /// The refresh token in the cookie, unchecked.
    pub refresh_token: Option<SecretString>,
    /// The claims of the access token, if it was valid.
    pub access: Option<AccessClaims>,
    /// The `User-Agent` header.
    pub user_agent: String,
    /// The client's address; `None` in tests.
    pub address: Option<IpAddr>,
}

impl Caller {
    /// The address whose turn it is to hash a password.
    fn address(&self) -> IpAddr {
        self.address.unwrap_or(Ipv4Addr::UNSPECIFIED.into())
    }
}

/// The result of a login or a refresh.
#[derive(Debug)]
pub struct Login {
    /// The user.
    pub user: User,
    /// The session.
    pub session: SessionId,
    /// Valid for [`ACCESS_TOKEN_LIFETIME`].
    pub access_token: SecretString,
    /// For the cookie.
    pub refresh_token: SecretString,
    /// When the refresh token expires, in Unix milliseconds.
    pub refresh_expires_at_ms: i64,
    /// The guest that the caller was before. The HTTP layer merges the guest's rooms into this user's.
    pub merged_guest: Option<UserId>,
}

/// The authentication service. Cheap to clone.
#[derive(Clone)]
pub struct Identity(Arc<Inner>);

struct Inner {
    store: SharedStore,
    users: UserLoader,
    keys: Keys,
    clock: Clock,
    passwords: PasswordHasher,
    revocations: Revocations,
    verified_tokens: access_token::VerifiedTokenCache,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("keys", &self.0.keys).finish_non_exhaustive()
    }
}

impl Identity {
    /// Loads the recently revoked sessions, whose access tokens may not have expired yet.
    pub async fn open(store: SharedStore, keys: Keys, clock: Clock, config: &IdentityConfig) -> StoreResult<Self> {
        let revocations = Revocations::new();
        let revoked = store.sessions_revoked_since(clock.now_ms() - revocation::access_token_lifetime_ms()).await?;
        for (session, at_ms) in revoked {
            revocations.insert(session, at_ms);
        }
        let passwords = PasswordHasher::new(config.bcrypt_cost);
        let users = UserLoader::new(store.clone());
        let verified_tokens = access_token::VerifiedTokenCache::new();
        Ok(Self(Arc::new(Inner { store, users, keys, clock, passwords, revocations, verified_tokens })))
    }

    /// Verifies an access token without a database query. A caller that keeps the result, such as a socket, must also
    /// [subscribe to revocations](Self::subscribe_revocations).
    pub fn authenticate(&self, access_token: &str) -> Result<AccessClaims, AccessError> {
        let access = access_token::verify(&self.0.keys, &self.0.verified_tokens, access_token, self.clock().now_ms())?;
        if self.is_revoked(access.session) { Err(AccessError::Revoked) } else { Ok(access) }
    }

    /// Whether a session was revoked within [`ACCESS_TOKEN_LIFETIME`].
    pub fn is_revoked(&self, session: SessionId) -> bool {
        self.revocations().contains(session)
    }

    /// Learns which sessions other servers revoke, until `stop`, within a few seconds.
    pub async fn follow_revocations(self, stop: CancellationToken) {
        let mut read_until_ms = self.clock().now_ms();
        loop {
            tokio::select! {
                () = tokio::time::sleep(REVOCATIONS_READ_EVERY) => {}
                () = stop.cancelled() => return,
            }
            let now_ms = self.clock().now_ms();
            // Clocks of servers differ, and what was revoked is not stored in the same moment.
            match self.store().sessions_revoked_since(read_until_ms - ms(REVOCATIONS_OVERLAP)).await {
                Ok(revoked) => {
                    read_until_ms = now_ms;
                    for (session, at_ms) in revoked.into_iter().filter(|(session, _)| !self.is_revoked(*session)) {
                        self.revocations().revoke(session, at_ms);
                    }
                }
                Err(error) => tracing::debug!(%error, "revoked sessions cannot be read"),
            }
        }
    }

    /// A stream of revoked sessions, for closing their sockets. A subscriber that lags checks its sessions with
    /// [`is_revoked`](Self::is_revoked).
    pub fn subscribe_revocations(&self) -> broadcast::Receiver<SessionId> {
        self.revocations().subscribe()
    }

    /// Looks up a user by id.
    pub async fn user(&self, id: UserId) -> StoreResult<Option<User>> {
        Ok(self.0.users.user(id).await?.as_ref().map(User::from))
    }

    /// Changes a user's display name.
    pub async fn rename(&self, id: UserId, display_name: &str) -> Result<User, IdentityError> {
        let display_name = name::parse_display_name(display_name)?;
        self.store().rename_user(id, &display_name).await?;
        self.user(id).await?.ok_or(IdentityError::Unauthenticated)
    }

    /// Changes the caller's password and revokes their other sessions.
    pub async fn change_password(
        &self,
        access: AccessClaims,
        address: IpAddr,
        current: &SecretString,
        new: &SecretString,
    ) -> Result<(), IdentityError> {
        let user = self.store().user(access.user).await?.ok_or(IdentityError::Unauthenticated)?;
        let username = user.login.as_ref().map_or("", |login| &login.username);
        let new = Password::chosen(new, &[username, &user.display_name])?;
        let hash = user.login.map(|login| login.password_hash);
        if !self.0.passwords.verify(Password::parse(current).ok(), hash.clone(), address).await? {
            return Err(IdentityError::WrongCredentials);
        }
        let (from, to) = (hash.ok_or(IdentityError::WrongCredentials)?, self.0.passwords.hash(new, address).await?);
        if !self.store().change_password(access.user, &from, &to).await? {
            return Err(IdentityError::WrongCredentials);
        }
        self.revoke_other_sessions(access).await?;
        Ok(())
    }

    /// Stores a user's picture.
    pub async fn set_picture(&self, user: UserId, picture: &StoredPicture) -> Result<User, IdentityError> {
        self.store().put_picture(user, picture).await?;
        self.user(user).await?.ok_or(IdentityError::Unauthenticated)
    }

    /// Deletes a user's rows, and what the database's log still holds of them. Revoke the user's sessions first: see
    /// [`crate::erasure`].
    pub async fn erase(&self, user: UserId) -> Result<(), IdentityError> {
        self.store().delete_user(user).await?;
        Ok(self.store().scrub().await?)
    }

    /// Encrypts a room's passcode for storage.
    pub fn seal_passcode(&self, room: RoomId, passcode: &str) -> Sealed {
        Sealed(self.keys().encrypt(&passcode_context(room), &passcode.into()))
    }

    /// Decrypts a passcode from [`seal_passcode`](Self::seal_passcode); `None` when its key is gone.
    pub fn open_passcode(&self, room: RoomId, sealed: &Sealed) -> Option<SecretString> {
        match self.keys().decrypt(&passcode_context(room), &sealed.0) {
            Ok(decrypted) => Some(decrypted.secret),
            Err(error) => {
                tracing::warn!(%room, %error, "a passcode cannot be decrypted");
                None
            }
        }
    }

    /// Hashes a room's passcode for storage.
    pub async fn hash_passcode(&self, passcode: &str, address: IpAddr) -> Result<String, IdentityError> {
        Ok(self.0.passwords.hash(Password::from_passcode(passcode), address).await?.0)
    }

    /// Verifies a passcode against a hash from [`hash_passcode`](Self::hash_passcode).
    pub async fn verify_passcode(&self, passcode: &str, hash: &str, address: IpAddr) -> Result<bool, IdentityError> {
        let hash = PasswordHash(hash.to_owned());
        self.0.passwords.verify(Some(Password::from_passcode(passcode)), Some(hash), address).await
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

fn passcode_context(room: RoomId) -> EncryptionContext {
    EncryptionContext { table: "rooms", column: "passcode_sealed", row: room.0 }
}
