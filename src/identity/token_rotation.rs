//! Refresh token rotation with reuse detection.
//!
//! The refresh tokens of a session form a chain. The current token is exchanged for its successor. The previous token,
//! within [`REFRESH_GRACE`] of its first use, yields the same successor again: two tabs refreshed at once, or a
//! response was lost. Reuse of any older token means that two parties hold it, so the session is revoked.

use secrecy::SecretString;

use super::refresh_token::RefreshToken;
use super::{Identity, IdentityError, Login, REFRESH_GRACE, SESSION_IDLE_LIFETIME, User, access_token};
use crate::clock::ms;
use crate::store::{Rotation, StoredSession, StoredUser};

/// The place of a valid refresh token in its chain.
pub(super) enum RefreshTokenState {
    /// The newest token.
    Current(StoredSession),
    /// The token before the newest, within the grace period.
    Previous(StoredSession),
}

impl RefreshTokenState {
    pub(super) fn into_session(self) -> StoredSession {
        match self {
            Self::Current(session) | Self::Previous(session) => session,
        }
    }
}

impl Identity {
    /// Exchanges a refresh token for its successor and a fresh access token.
    pub async fn refresh(&self, refresh_token: &SecretString) -> Result<Login, IdentityError> {
        let token = RefreshToken::parse(refresh_token).ok_or(IdentityError::Unauthenticated)?;
        loop {
            let state = self.refresh_token_state(&token).await?.ok_or(IdentityError::Unauthenticated)?;
            let successor = token.successor(self.keys());
            let mut session = match state {
                RefreshTokenState::Previous(session) => return self.resume(session, successor).await,
                RefreshTokenState::Current(session) => session,
            };
            let now_ms = self.clock().now_ms();
            let idle_expires_at_ms = session.absolute_expires_at_ms.min(now_ms + ms(SESSION_IDLE_LIFETIME));
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
            // A concurrent request used the token or revoked the session, so the next round returns.
        }
    }

    /// Looks up a refresh token; `None` when it is not valid. Revokes the session when the token was reused.
    pub(super) async fn refresh_token_state(
        &self,
        token: &RefreshToken,
    ) -> Result<Option<RefreshTokenState>, IdentityError> {
        let now_ms = self.clock().now_ms();
        let Some(stored) = self.store().refresh_token(token.user, token.hash()).await? else { return Ok(None) };
        let Some(session) = self.store().session(stored.user, stored.session).await? else { return Ok(None) };
        if session.revoked_at_ms.is_some() || now_ms >= session.idle_expires_at_ms {
            return Ok(None);
        }
        let Some(used_at_ms) = stored.used_at_ms else { return Ok(Some(RefreshTokenState::Current(session))) };
        let successor = token.successor(self.keys()).hash();
        if stored.successor != Some(successor) {
            // The refresh secret has changed since: the successor cannot be derived again, but nothing was stolen.
            return Ok(None);
        }
        let successor_unused =
            self.store().refresh_token(stored.user, successor).await?.is_some_and(|next| next.used_at_ms.is_none());
        if successor_unused && now_ms - used_at_ms <= ms(REFRESH_GRACE) {
            return Ok(Some(RefreshTokenState::Previous(session)));
        }
        tracing::warn!(user = %session.user, session = %session.id, "refresh token reused; session revoked");
        self.revoke_and_close(session.user, session.id).await?;
        Ok(None)
    }

    /// Issues an access token and packs it with `refresh_token` into a [`Login`]. Every login and refresh ends here, so a
    /// user who is banned gets neither.
    pub(super) fn issue_tokens(
        &self,
        user: &StoredUser,
        session: &StoredSession,
        refresh_token: RefreshToken,
    ) -> Result<Login, IdentityError> {
        if user.banned_at_ms.is_some() {
            return Err(IdentityError::Banned);
        }
        let access_token = access_token::issue(self.keys(), user.id, session.id, self.clock().now_ms())
            .map_err(anyhow::Error::from)?;
        Ok(Login {
            user: User::from(user),
            session: session.id,
            access_token,
            refresh_token: refresh_token.into_text(),
            refresh_expires_at_ms: session.idle_expires_at_ms,
            merged_guest: None,
        })
    }

    async fn resume(&self, session: StoredSession, token: RefreshToken) -> Result<Login, IdentityError> {
        let user = self.store().user(session.user).await?.ok_or(IdentityError::Unauthenticated)?;
        self.issue_tokens(&user, &session, token)
    }
}
