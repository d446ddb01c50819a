//! The sessions of a user: creating, listing and revoking them.
//!
//! A revocation is announced before it is stored: if the request is cancelled in between, no socket stays open.

use secrecy::SecretString;
use tutti_protocol::{SessionId, UserId};

use super::refresh_token::RefreshToken;
use super::{
    AccessClaims, Caller, Identity, IdentityError, Login, REFRESH_GRACE, SESSION_ABSOLUTE_LIFETIME,
    SESSION_IDLE_LIFETIME, USER_AGENT_CHARS_MAX, User,
};
use crate::clock::ms;
use crate::ids::uuid_v7;
use crate::store::{StoredRefreshToken, StoredSession, StoredUser};

impl Identity {
    /// The active sessions of `user`, last used first.
    pub async fn sessions(&self, user: UserId) -> Result<Vec<StoredSession>, IdentityError> {
        let now_ms = self.clock().now_ms();
        let mut sessions = self.store().sessions_of(user).await?;
        sessions.retain(|session| now_ms < session.idle_expires_at_ms);
        Ok(sessions)
    }

    /// Revokes one session of `user` and closes its sockets; false when `user` has no such session.
    pub async fn revoke_session(&self, user: UserId, session: SessionId) -> Result<bool, IdentityError> {
        let known = self.store().session(user, session).await?;
        if known.is_none_or(|session| session.revoked_at_ms.is_some()) {
            return Ok(false);
        }
        self.revoke_and_close(user, session).await?;
        Ok(true)
    }

    /// Revokes all sessions of the user but the one that makes the request.
    pub async fn revoke_other_sessions(&self, access: AccessClaims) -> Result<(), IdentityError> {
        self.revoke_sessions(access.user, Some(access.session)).await
    }

    /// Revokes all sessions of `user`.
    pub async fn revoke_all_sessions(&self, user: UserId) -> Result<(), IdentityError> {
        self.revoke_sessions(user, None).await
    }

    /// The user of the caller's refresh token. Read-only: the token is neither rotated nor checked for reuse. For
    /// listing the accounts of a browser.
    pub async fn peek(&self, caller: &Caller) -> Result<Option<User>, IdentityError> {
        let Some(token) = caller.refresh_token.as_ref().and_then(RefreshToken::parse) else { return Ok(None) };
        let now_ms = self.clock().now_ms();
        let Some(stored) = self.store().refresh_token(token.user, token.hash()).await? else { return Ok(None) };
        let usable = stored.used_at_ms.is_none_or(|used_at_ms| now_ms - used_at_ms <= ms(REFRESH_GRACE));
        let session = self.store().session(stored.user, stored.session).await?;
        let active =
            session.is_some_and(|session| session.revoked_at_ms.is_none() && now_ms < session.idle_expires_at_ms);
        if usable && active { Ok(self.user(stored.user).await?) } else { Ok(None) }
    }

    /// Whether one of these refresh tokens is of a user who is banned. The tokens are not verified, because those of ended
    /// sessions are forgotten; a forged one only keeps its own sender out.
    pub async fn names_banned(&self, tokens: impl Iterator<Item = &SecretString>) -> Result<bool, IdentityError> {
        for token in tokens.filter_map(RefreshToken::parse) {
            if self.user(token.user).await?.is_some_and(|user| user.banned) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Creates a session and issues its first tokens.
    pub(super) async fn create_session(&self, user: &StoredUser, caller: &Caller) -> Result<Login, IdentityError> {
        let (session, stored, token) = self.build_session(user.id, caller);
        self.store().insert_session(&session, &stored).await?;
        self.issue_tokens(user, &session, token)
    }

    /// Replaces the caller's session by a new one of the same user. The old refresh token is void: it may be known to
    /// an attacker who planted it (session fixation).
    pub(super) async fn replace_session(
        &self,
        user: &StoredUser,
        before: &StoredSession,
        caller: &Caller,
    ) -> Result<Login, IdentityError> {
        let login = self.create_session(user, caller).await?;
        self.revoke_keeping_sockets(user.id, before.id).await?;
        Ok(login)
    }

    /// Rejects the access tokens of a replaced session from now on; its sockets stay open.
    pub(super) fn reject_tokens_of(&self, replaced: &StoredSession) {
        self.revocations().insert(replaced.id, self.clock().now_ms());
    }

    /// The rows of a new session, and its first refresh token.
    pub(super) fn build_session(
        &self,
        user: UserId,
        caller: &Caller,
    ) -> (StoredSession, StoredRefreshToken, RefreshToken) {
        let now_ms = self.clock().now_ms();
        let session = StoredSession {
            id: SessionId(uuid_v7(now_ms)),
            user,
            created_at_ms: now_ms,
            last_used_at_ms: now_ms,
            user_agent: caller.user_agent.chars().filter(|c| !c.is_control()).take(USER_AGENT_CHARS_MAX).collect(),
            idle_expires_at_ms: now_ms + ms(SESSION_IDLE_LIFETIME),
            absolute_expires_at_ms: now_ms + ms(SESSION_ABSOLUTE_LIFETIME),
            revoked_at_ms: None,
        };
        let token = RefreshToken::random(user);
        let stored = StoredRefreshToken {
            hash: token.hash(),
            session: session.id,
            user,
            parent: None,
            issued_at_ms: now_ms,
            used_at_ms: None,
            successor: None,
        };
        (session, stored, token)
    }

    /// Revokes a session and closes its sockets.
    pub(super) async fn revoke_and_close(&self, user: UserId, session: SessionId) -> Result<(), IdentityError> {
        let now_ms = self.clock().now_ms();
        self.revocations().revoke(session, now_ms);
        self.store().revoke_session(user, session, now_ms).await?;
        Ok(())
    }

    /// Revokes the refresh tokens of a session that the same user continues in another one. Its sockets stay open until
    /// their access token expires or is renewed in band.
    pub(super) async fn revoke_keeping_sockets(&self, user: UserId, session: SessionId) -> Result<(), IdentityError> {
        self.store().revoke_session(user, session, self.clock().now_ms()).await?;
        Ok(())
    }

    async fn revoke_sessions(&self, user: UserId, except: Option<SessionId>) -> Result<(), IdentityError> {
        let now_ms = self.clock().now_ms();
        let announce = |session| {
            if Some(session) != except {
                self.revocations().revoke(session, now_ms);
            }
        };
        // Announced again with what the store revoked: a session may have been created in between.
        self.store().sessions_of(user).await?.into_iter().for_each(|session| announce(session.id));
        self.store().revoke_sessions(user, except, now_ms).await?.into_iter().for_each(announce);
        Ok(())
    }
}

/// Whether `token` has the form of a refresh token of `user`. Does not check that it is valid.
pub fn is_refresh_token_of(token: &SecretString, user: UserId) -> bool {
    RefreshToken::parse(token).is_some_and(|token| token.user == user)
}
