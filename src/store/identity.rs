//! Users, their sessions and their refresh tokens, as stored.
//!
//! Every change that could race is one conditional statement (compare and set): the result says whether it took effect,
//! and it succeeds for exactly one of any number of concurrent callers. Not in here: the format of tokens, their
//! lifetimes and the response to reuse; [`crate::identity`] decides those.

use std::fmt;

use async_trait::async_trait;
use tutti_protocol::{SessionId, UserId, UserKind};

use super::StoreResult;

/// The hash of a token or code, which itself is not stored.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash(pub [u8; 32]);

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(…)")
    }
}

/// A bcrypt hash in its usual text form.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(pub String);

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

/// A row of `users`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredUser {
    /// UUIDv7.
    pub id: UserId,
    /// Guest or account.
    pub kind: UserKind,
    /// Shown to others.
    pub display_name: String,
    /// Username and password; `None` for guests.
    pub login: Option<StoredLogin>,
    /// When the user was created.
    pub created_at_ms: i64,
    /// When one of the user's sessions was last used.
    pub last_seen_at_ms: i64,
    /// SHA-256 of the user's picture. Read only; [`SpotifyStore`](super::SpotifyStore) writes it.
    pub picture: Option<[u8; 32]>,
    /// Whether a Spotify account is linked. Read only; [`SpotifyStore`](super::SpotifyStore) writes it.
    pub spotify: bool,
    /// Since when the user is an operator. Read only; [`OperatorStore`](super::OperatorStore) writes it.
    pub operator_since_ms: Option<i64>,
    /// Since when the user is banned from the server. Read only; [`OperatorStore`](super::OperatorStore) writes it.
    pub banned_at_ms: Option<i64>,
}

/// Credentials for a login by password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredLogin {
    /// Normalised; unique among all users.
    pub username: String,
    /// As typed at registration.
    pub username_shown: String,
    /// Hash of the password.
    pub password_hash: PasswordHash,
}

/// A row of `sessions`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredSession {
    /// UUIDv7.
    pub id: SessionId,
    /// Its user.
    pub user: UserId,
    /// When the user logged in.
    pub created_at_ms: i64,
    /// When one of its refresh tokens was last used.
    pub last_used_at_ms: i64,
    /// The browser's `User-Agent`; at most 256 characters.
    pub user_agent: String,
    /// When it expires if it is not used.
    pub idle_expires_at_ms: i64,
    /// When it expires even if it is used.
    pub absolute_expires_at_ms: i64,
    /// When it was revoked.
    pub revoked_at_ms: Option<i64>,
}

/// A row of `refresh_tokens`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRefreshToken {
    /// Its key, unique per user.
    pub hash: TokenHash,
    /// The session it belongs to.
    pub session: SessionId,
    /// Its user.
    pub user: UserId,
    /// The token it replaced; `None` for the first of its session.
    pub parent: Option<TokenHash>,
    /// When it was issued.
    pub issued_at_ms: i64,
    /// When it was first used.
    pub used_at_ms: Option<i64>,
    /// The token it was exchanged for.
    pub successor: Option<TokenHash>,
}

/// A row of `device_codes`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredDeviceCode {
    /// The user whose next device logs in with it.
    pub user: UserId,
    /// The session that asked for it; it has one code at a time.
    pub session: SessionId,
    /// Its hash, unique among all users.
    pub hash: TokenHash,
    /// When it expires.
    pub expires_at_ms: i64,
    /// The session that it was used for.
    pub used_for: Option<SessionId>,
}

/// One exchange of a refresh token for its successor.
#[derive(Clone, Copy, Debug)]
pub struct Rotation {
    /// The token's user.
    pub user: UserId,
    /// The token's session.
    pub session: SessionId,
    /// The token being exchanged.
    pub used: TokenHash,
    /// The token that replaces it.
    pub successor: TokenHash,
    /// Now.
    pub at_ms: i64,
    /// When the session now expires if it is not used again.
    pub idle_expires_at_ms: i64,
}

impl Rotation {
    /// The row of the successor.
    pub(super) fn successor_token(&self) -> StoredRefreshToken {
        StoredRefreshToken {
            hash: self.successor,
            session: self.session,
            user: self.user,
            parent: Some(self.used),
            issued_at_ms: self.at_ms,
            used_at_ms: None,
            successor: None,
        }
    }
}

/// Stores users, sessions and refresh tokens.
#[async_trait]
pub trait IdentityStore: Send + Sync {
    /// Adds a user with a first session and its first token. [`Conflict`](super::StoreError::Conflict) when the
    /// username is taken.
    async fn insert_user(
        &self,
        user: &StoredUser,
        session: &StoredSession,
        token: &StoredRefreshToken,
    ) -> StoreResult<()>;

    /// Users by id, at most [`USERS_PER_LOOKUP_MAX`](crate::limits::USERS_PER_LOOKUP_MAX), in any order; unknown ids
    /// are left out.
    async fn users(&self, ids: &[UserId]) -> StoreResult<Vec<StoredUser>>;

    /// A user by id.
    async fn user(&self, id: UserId) -> StoreResult<Option<StoredUser>> {
        Ok(self.users(&[id]).await?.pop())
    }

    /// A user by normalised username.
    async fn user_by_username(&self, username: &str) -> StoreResult<Option<StoredUser>>;

    /// Adds credentials to a user without any. A guest becomes an account and keeps the id. False when there is no such
    /// user or it has credentials. [`Conflict`](super::StoreError::Conflict) when the username is taken.
    async fn add_login(&self, id: UserId, display_name: &str, login: &StoredLogin) -> StoreResult<bool>;

    /// Changes a password if the stored hash is still `from`.
    async fn change_password(&self, id: UserId, from: &PasswordHash, to: &PasswordHash) -> StoreResult<bool>;

    /// Changes a display name; false when there is no such user.
    async fn rename_user(&self, id: UserId, display_name: &str) -> StoreResult<bool>;

    /// Erases a user with all sessions, tokens, codes, the Spotify link and the picture. False when there is no such user.
    /// Rooms erase their own records of a member.
    async fn delete_user(&self, id: UserId) -> StoreResult<bool>;

    /// Guests last seen before `before_ms`, least recent first, at most `rows_max`; without those who are banned, whose
    /// bans would be forgotten with them.
    async fn unused_guests(&self, before_ms: i64, rows_max: u32) -> StoreResult<Vec<UserId>>;

    /// Guests last seen before `before_ms`, in the order of when and of their ids, after the one named by `after`; without
    /// those who are banned.
    async fn guests_seen_before(
        &self,
        before_ms: i64,
        after: Option<(i64, UserId)>,
        rows_max: u32,
    ) -> StoreResult<Vec<(i64, UserId)>>;

    /// Adds a session with its first token.
    async fn insert_session(&self, session: &StoredSession, token: &StoredRefreshToken) -> StoreResult<()>;

    /// A session, revoked or not.
    async fn session(&self, user: UserId, id: SessionId) -> StoreResult<Option<StoredSession>>;

    /// A user's sessions that are not revoked, including expired ones, last used first.
    async fn sessions_of(&self, user: UserId) -> StoreResult<Vec<StoredSession>>;

    /// Revokes a user's sessions except one, and removes the user's unused codes; returns the sessions that were not
    /// revoked before.
    async fn revoke_sessions(&self, user: UserId, except: Option<SessionId>, at_ms: i64)
    -> StoreResult<Vec<SessionId>>;

    /// Removes sessions that expired or were revoked before `before_ms`, with their tokens, at most `rows_max`; returns
    /// how many.
    async fn delete_ended_sessions(&self, before_ms: i64, rows_max: u32) -> StoreResult<u64>;

    /// Removes refresh tokens used before `before_ms`, at most `rows_max`; returns how many.
    async fn delete_used_refresh_tokens(&self, before_ms: i64, rows_max: u32) -> StoreResult<u64>;

    /// Revokes a session; false when there is none or it was revoked before.
    async fn revoke_session(&self, user: UserId, id: SessionId, at_ms: i64) -> StoreResult<bool>;

    /// The sessions revoked at `since_ms` or later, and when.
    async fn sessions_revoked_since(&self, since_ms: i64) -> StoreResult<Vec<(SessionId, i64)>>;

    /// A refresh token, used or not.
    async fn refresh_token(&self, user: UserId, hash: TokenHash) -> StoreResult<Option<StoredRefreshToken>>;

    /// Marks a token used, adds its successor and prolongs the session, all or nothing. False, without any change, when
    /// the token was used before or the session was revoked.
    async fn use_refresh_token(&self, rotation: &Rotation) -> StoreResult<bool>;

    /// Adds a code, in place of the session's earlier one. [`Conflict`](super::StoreError::Conflict) when another session
    /// has the same code.
    async fn put_device_code(&self, code: &StoredDeviceCode) -> StoreResult<()>;

    /// A code, used or not, expired or not.
    async fn device_code(&self, hash: TokenHash) -> StoreResult<Option<StoredDeviceCode>>;

    /// The code that a session asked for last.
    async fn device_code_of(&self, user: UserId, session: SessionId) -> StoreResult<Option<StoredDeviceCode>>;

    /// Removes a session's code, unless it was used.
    async fn cancel_device_code(&self, user: UserId, session: SessionId) -> StoreResult<()>;

    /// Uses a code for a new session of the same user, all or nothing. False, without any change, when the code was used,
    /// replaced or erased before, or the session that asked for it was revoked.
    async fn use_device_code(
        &self,
        code: &StoredDeviceCode,
        session: &StoredSession,
        token: &StoredRefreshToken,
    ) -> StoreResult<bool>;

    /// Removes codes that expired before `before_ms`, at most `rows_max`; returns how many.
    async fn delete_device_codes(&self, before_ms: i64, rows_max: u32) -> StoreResult<u64>;
}
