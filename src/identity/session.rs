//! Sessions: opening one, and exchanging its refresh token.
//!
//! A family of refresh tokens is a chain. Its newest token may be exchanged. The one before it, within
//! [`REFRESH_GRACE`](super::REFRESH_GRACE) of its first use, yields the same newest token again: two tabs asked at once,
//! or the answer was lost. Any older one is in two hands, and nobody knows whose: the session is ended.

use secrecy::SecretString;
use tutti_protocol::{SessionId, UserId};

use super::refresh_token::RefreshToken;
use super::{
    Caller, Identity, IdentityError, Login, REFRESH_GRACE, SESSION_ABSOLUTE_LIFETIME, SESSION_IDLE_LIFETIME,
    USER_AGENT_CHARS_MAX, User, access_token, in_ms,
};
use crate::ids::uuid_v7;
use crate::store::{Rotation, StoredRefreshToken, StoredSession, StoredUser};

/// What a refresh token that may still be used is.
pub(super) enum Standing {
    /// The newest of its family.
    Newest(StoredSession),
    /// The one before, within the grace.
    Parent(StoredSession),
}

impl Standing {
    pub(super) fn into_session(self) -> StoredSession {
        match self {
            Self::Newest(session) | Self::Parent(session) => session,
        }
    }
}

impl Identity {
    /// The rows of a new session, and the token to hand out.
    pub(super) fn new_session(
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
            idle_expires_at_ms: now_ms + in_ms(SESSION_IDLE_LIFETIME),
            absolute_expires_at_ms: now_ms + in_ms(SESSION_ABSOLUTE_LIFETIME),
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

    /// Exchanges a refresh token.
    pub(super) async fn rotate(&self, raw: &SecretString) -> Result<Login, IdentityError> {
        let token = RefreshToken::parse(raw).ok_or(IdentityError::Unauthenticated)?;
        loop {
            let standing = self.standing(&token).await?.ok_or(IdentityError::Unauthenticated)?;
            let successor = token.successor(self.keys());
            let mut session = match standing {
                Standing::Parent(session) => return self.resume(session, successor).await,
                Standing::Newest(session) => session,
            };
            let now_ms = self.clock().now_ms();
            let idle_expires_at_ms = session.absolute_expires_at_ms.min(now_ms + in_ms(SESSION_IDLE_LIFETIME));
            let rotation = Rotation {
                user: token.user,
                session: session.id,
                used: token.hash(),
                successor: successor.hash(),
                at_ms: now_ms,
                idle_expires_at_ms,
            };
            if self.store().use_refresh_token(&rotation).await? {
                session.idle_expires_at_ms = idle_expires_at_ms;
                return self.resume(session, successor).await;
            }
            // Somebody else was faster, so it is no longer the newest, or no longer valid: this ends in the next round.
        }
    }

    /// What a refresh token is at the moment; `None` when it is worth nothing. Ends the session when it was used before.
    pub(super) async fn standing(&self, token: &RefreshToken) -> Result<Option<Standing>, IdentityError> {
        let now_ms = self.clock().now_ms();
        let Some(stored) = self.store().refresh_token(token.user, token.hash()).await? else { return Ok(None) };
        let Some(session) = self.store().session(stored.user, stored.session).await? else { return Ok(None) };
        if session.revoked_at_ms.is_some() || now_ms >= session.idle_expires_at_ms {
            return Ok(None);
        }
        let Some(used_at_ms) = stored.used_at_ms else { return Ok(Some(Standing::Newest(session))) };
        let successor = token.successor(self.keys()).hash();
        if stored.successor != Some(successor) {
            // Derived with another secret: nothing to hand out, and no sign of theft.
            return Ok(None);
        }
        let successor_unused =
            self.store().refresh_token(stored.user, successor).await?.is_some_and(|next| next.used_at_ms.is_none());
        if successor_unused && now_ms - used_at_ms <= in_ms(REFRESH_GRACE) {
            return Ok(Some(Standing::Parent(session)));
        }
        tracing::warn!(user = %session.user, session = %session.id, "a refresh token was used again; its session is ended");
        self.end_session(session.user, session.id).await?;
        Ok(None)
    }

    /// Ends a session and closes its sockets.
    pub(super) async fn end_session(&self, user: UserId, session: SessionId) -> Result<(), IdentityError> {
        let now_ms = self.clock().now_ms();
        // Before the store hears of it: a caller that goes away in between must not leave sockets open.
        self.revocations().announce(session, now_ms);
        self.store().revoke_session(user, session, now_ms).await?;
        Ok(())
    }

    /// Ends a session whose person goes on in another one in the same browser: its refresh tokens are void, while its
    /// sockets live until their access token runs out or is renewed in band.
    pub(super) async fn replace_session(&self, user: UserId, session: SessionId) -> Result<(), IdentityError> {
        self.store().revoke_session(user, session, self.clock().now_ms()).await?;
        Ok(())
    }

    /// What a person holds when they are in.
    pub(super) fn issue(
        &self,
        user: &StoredUser,
        session: &StoredSession,
        refresh_token: RefreshToken,
    ) -> Result<Login, IdentityError> {
        let access_token =
            access_token::sign(self.keys(), user.id, session.id, self.clock().now_ms()).map_err(anyhow::Error::from)?;
        Ok(Login {
            user: User::from(user),
            session: session.id,
            access_token,
            refresh_token: refresh_token.into_text(),
            refresh_expires_at_ms: session.idle_expires_at_ms,
            was_guest: None,
        })
    }

    async fn resume(&self, session: StoredSession, token: RefreshToken) -> Result<Login, IdentityError> {
        let user = self.store().user(session.user).await?.ok_or(IdentityError::Unauthenticated)?;
        self.issue(&user, &session, token)
    }
}
