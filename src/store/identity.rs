//! People, their sessions and their refresh tokens, as they are kept.
//!
//! Every change that could race is one conditional statement (compare and set): the answer says whether it took effect,
//! and of any number of callers exactly one hears yes. Not in here: what a token looks like, when it runs out, what a
//! reuse means; those are decided in [`crate::identity`].

use std::fmt;

use async_trait::async_trait;
use tutti_protocol::{SessionId, UserId, UserKind};

use super::StoreResult;

/// SHA-256 of a refresh token. All that is kept of it.
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
    /// How they log in; `None` for guests.
    pub login: Option<StoredLogin>,
    /// When they first came.
    pub created_at_ms: i64,
    /// When one of their sessions was last used.
    pub last_seen_at_ms: i64,
    /// SHA-256 of their picture. Not written with the person: see [`SpotifyStore`](super::SpotifyStore).
    pub picture: Option<[u8; 32]>,
    /// Whether Spotify is linked. Not written with the person: see [`SpotifyStore`](super::SpotifyStore).
    pub spotify: bool,
}

/// What a person with a password logs in with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredLogin {
    /// Normalised; unique among all people.
    pub username: String,
    /// As they typed it when they registered.
    pub username_shown: String,
    /// Of their password.
    pub password_hash: PasswordHash,
}

/// A row of `sessions`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredSession {
    /// UUIDv7.
    pub id: SessionId,
    /// Whose it is.
    pub user: UserId,
    /// When they logged in.
    pub created_at_ms: i64,
    /// When a refresh token of it was last used.
    pub last_used_at_ms: i64,
    /// What their browser calls itself; at most 256 characters.
    pub user_agent: String,
    /// When it ends unless it is used before.
    pub idle_expires_at_ms: i64,
    /// When it ends in any case.
    pub absolute_expires_at_ms: i64,
    /// When it was ended.
    pub revoked_at_ms: Option<i64>,
}

/// A row of `refresh_tokens`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRefreshToken {
    /// What it is found by, within its owner.
    pub hash: TokenHash,
    /// The family it belongs to.
    pub session: SessionId,
    /// Whose it is.
    pub user: UserId,
    /// The token that it replaced; `None` for the first of its family.
    pub parent: Option<TokenHash>,
    /// When it was handed out.
    pub issued_at_ms: i64,
    /// When it was first used.
    pub used_at_ms: Option<i64>,
    /// The token that it was exchanged for.
    pub successor: Option<TokenHash>,
}

/// One exchange of a refresh token for its successor.
#[derive(Clone, Copy, Debug)]
pub struct Rotation {
    /// Whose token it is.
    pub user: UserId,
    /// The family it belongs to.
    pub session: SessionId,
    /// The token that is used up.
    pub used: TokenHash,
    /// The token that takes its place.
    pub successor: TokenHash,
    /// Now.
    pub at_ms: i64,
    /// When the session ends from now on unless it is used again.
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

/// Keeps people, sessions and refresh tokens.
#[async_trait]
pub trait IdentityStore: Send + Sync {
    /// Adds somebody together with their first session and its first token.
    /// [`Conflict`](super::StoreError::Conflict) when the username is taken.
    async fn insert_user(
        &self,
        user: &StoredUser,
        session: &StoredSession,
        token: &StoredRefreshToken,
    ) -> StoreResult<()>;

    /// People by their ids, at most [`USERS_PER_LOOKUP_MAX`](crate::limits::USERS_PER_LOOKUP_MAX), in any order; who is not there is
    /// left out.
    async fn users(&self, ids: &[UserId]) -> StoreResult<Vec<StoredUser>>;

    /// Somebody by their id.
    async fn user(&self, id: UserId) -> StoreResult<Option<StoredUser>> {
        Ok(self.users(&[id]).await?.pop())
    }

    /// Somebody by their normalised username.
    async fn user_by_username(&self, username: &str) -> StoreResult<Option<StoredUser>>;

    /// Gives a password to somebody who has none, such as a guest, who becomes an account and keeps their id; false when
    /// there is no such person, or no longer. [`Conflict`](super::StoreError::Conflict) when the username is taken.
    async fn add_login(&self, id: UserId, display_name: &str, login: &StoredLogin) -> StoreResult<bool>;

    /// Changes a password, if it is still the one that is replaced.
    async fn change_password(&self, id: UserId, from: &PasswordHash, to: &PasswordHash) -> StoreResult<bool>;

    /// Changes what somebody is called; false when there is no such person.
    async fn rename_user(&self, id: UserId, display_name: &str) -> StoreResult<bool>;

    /// Erases somebody, their sessions, tokens, link and picture. False when there is no such person. Their places in rooms
    /// are the rooms' business.
    async fn delete_user(&self, id: UserId) -> StoreResult<bool>;

    /// Guests who were last seen before `before_ms`, at most `rows_max`.
    async fn unused_guests(&self, before_ms: i64, rows_max: u32) -> StoreResult<Vec<UserId>>;

    /// Adds a session and its first token.
    async fn insert_session(&self, session: &StoredSession, token: &StoredRefreshToken) -> StoreResult<()>;

    /// A session, ended or not.
    async fn session(&self, user: UserId, id: SessionId) -> StoreResult<Option<StoredSession>>;

    /// Somebody's sessions that were not ended, expired ones included, last used first.
    async fn sessions_of(&self, user: UserId) -> StoreResult<Vec<StoredSession>>;

    /// Ends somebody's sessions, all but one; those that were not ended before.
    async fn revoke_sessions(&self, user: UserId, except: Option<SessionId>, at_ms: i64)
    -> StoreResult<Vec<SessionId>>;

    /// Removes sessions, with their tokens, that expired or were ended before `before_ms`, at most `rows_max`; how many.
    async fn delete_ended_sessions(&self, before_ms: i64, rows_max: u32) -> StoreResult<u64>;

    /// Removes refresh tokens that were used before `before_ms`, at most `rows_max`; how many.
    async fn delete_used_refresh_tokens(&self, before_ms: i64, rows_max: u32) -> StoreResult<u64>;

    /// Ends a session; false when there is none that is not ended yet.
    async fn revoke_session(&self, user: UserId, id: SessionId, at_ms: i64) -> StoreResult<bool>;

    /// The sessions ended at `since_ms` or later, and when.
    async fn sessions_revoked_since(&self, since_ms: i64) -> StoreResult<Vec<(SessionId, i64)>>;

    /// A refresh token, used or not.
    async fn refresh_token(&self, user: UserId, hash: TokenHash) -> StoreResult<Option<StoredRefreshToken>>;

    /// Marks a token used, adds its successor and prolongs the session, all or nothing. False, and nothing is changed,
    /// when the token was used before or the session was ended.
    async fn use_refresh_token(&self, rotation: &Rotation) -> StoreResult<bool>;
}
