//! The sessions of one person: which there are, and how they are ended.

use secrecy::SecretString;
use tutti_protocol::{SessionId, UserId};

use super::refresh_token::RefreshToken;
use super::{Access, Caller, Identity, IdentityError, REFRESH_GRACE, User, in_ms};
use crate::store::StoredSession;

impl Identity {
    /// Somebody's sessions that still last, last used first.
    pub async fn sessions(&self, user: UserId) -> Result<Vec<StoredSession>, IdentityError> {
        let now_ms = self.clock().now_ms();
        let mut sessions = self.store().sessions_of(user).await?;
        sessions.retain(|session| now_ms < session.idle_expires_at_ms);
        Ok(sessions)
    }

    /// Ends one of somebody's sessions and closes its sockets; false when they have no such session.
    pub async fn end(&self, user: UserId, session: SessionId) -> Result<bool, IdentityError> {
        let known = self.store().session(user, session).await?;
        if known.is_none_or(|session| session.revoked_at_ms.is_some()) {
            return Ok(false);
        }
        self.end_session(user, session).await?;
        Ok(true)
    }

    /// Ends all of somebody's sessions but the one that asks.
    pub async fn end_other_sessions(&self, access: Access) -> Result<(), IdentityError> {
        self.end_sessions(access.user, Some(access.session)).await
    }

    /// Ends all of somebody's sessions.
    pub async fn end_all_sessions(&self, user: UserId) -> Result<(), IdentityError> {
        self.end_sessions(user, None).await
    }

    /// Who is in by a refresh token, which is not used up and not suspected: for showing who is on this device.
    pub async fn peek(&self, caller: &Caller) -> Result<Option<User>, IdentityError> {
        let Some(token) = caller.refresh_token.as_ref().and_then(RefreshToken::parse) else { return Ok(None) };
        let now_ms = self.clock().now_ms();
        let Some(stored) = self.store().refresh_token(token.user, token.hash()).await? else { return Ok(None) };
        let fresh = stored.used_at_ms.is_none_or(|used_at_ms| now_ms - used_at_ms <= in_ms(REFRESH_GRACE));
        let session = self.store().session(stored.user, stored.session).await?;
        let lasts =
            session.is_some_and(|session| session.revoked_at_ms.is_none() && now_ms < session.idle_expires_at_ms);
        if fresh && lasts { Ok(self.user(stored.user).await?) } else { Ok(None) }
    }

    /// Whether a refresh token says that it is this person's.
    pub fn names(&self, token: &SecretString, user: UserId) -> bool {
        RefreshToken::parse(token).is_some_and(|token| token.user == user)
    }

    async fn end_sessions(&self, user: UserId, except: Option<SessionId>) -> Result<(), IdentityError> {
        let now_ms = self.clock().now_ms();
        let announce = |session| {
            if Some(session) != except {
                self.revocations().announce(session, now_ms);
            }
        };
        // Before the store hears of it, as for one session; and once more for those that began in between.
        self.store().sessions_of(user).await?.into_iter().for_each(|session| announce(session.id));
        self.store().revoke_sessions(user, except, now_ms).await?.into_iter().for_each(announce);
        Ok(())
    }
}
