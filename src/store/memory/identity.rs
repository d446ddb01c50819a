//! People, sessions and refresh tokens in memory.

use std::collections::HashMap;

use async_trait::async_trait;
use tutti_protocol::{SessionId, UserId, UserKind};

use super::MemoryStore;
use crate::store::{
    IdentityStore, Rotation, StoreError, StoreResult, StoredLogin, StoredRefreshToken, StoredSession, StoredUser,
    TokenHash,
};

/// The tables.
#[derive(Debug, Default)]
pub(super) struct Tables {
    users: HashMap<UserId, StoredUser>,
    sessions: HashMap<(UserId, SessionId), StoredSession>,
    refresh_tokens: HashMap<(UserId, TokenHash), StoredRefreshToken>,
}

impl Tables {
    fn by_username(&self, username: &str) -> Option<&StoredUser> {
        self.users.values().find(|user| user.login.as_ref().is_some_and(|login| login.username == username))
    }

    fn refuse_taken(&self, login: Option<&StoredLogin>) -> StoreResult<()> {
        match login.and_then(|login| self.by_username(&login.username)) {
            Some(_) => Err(StoreError::Conflict("username")),
            None => Ok(()),
        }
    }

    fn add_session(&mut self, session: &StoredSession, token: &StoredRefreshToken) {
        self.sessions.insert((session.user, session.id), session.clone());
        self.refresh_tokens.insert((token.user, token.hash), token.clone());
    }
}

#[async_trait]
impl IdentityStore for MemoryStore {
    async fn insert_user(
        &self,
        user: &StoredUser,
        session: &StoredSession,
        token: &StoredRefreshToken,
    ) -> StoreResult<()> {
        self.fault()?;
        let mut tables = self.identity.lock();
        tables.refuse_taken(user.login.as_ref())?;
        tables.users.insert(user.id, user.clone());
        tables.add_session(session, token);
        Ok(())
    }

    async fn user(&self, id: UserId) -> StoreResult<Option<StoredUser>> {
        self.fault()?;
        Ok(self.identity.lock().users.get(&id).cloned())
    }

    async fn user_by_username(&self, username: &str) -> StoreResult<Option<StoredUser>> {
        self.fault()?;
        Ok(self.identity.lock().by_username(username).cloned())
    }

    async fn upgrade_guest(&self, id: UserId, display_name: &str, login: &StoredLogin) -> StoreResult<bool> {
        self.fault()?;
        let mut tables = self.identity.lock();
        if !tables.users.get(&id).is_some_and(|user| user.kind == UserKind::Guest) {
            return Ok(false);
        }
        tables.refuse_taken(Some(login))?;
        let user = tables.users.get_mut(&id).expect("just seen");
        user.kind = UserKind::User;
        display_name.clone_into(&mut user.display_name);
        user.login = Some(login.clone());
        Ok(true)
    }

    async fn rename_user(&self, id: UserId, display_name: &str) -> StoreResult<bool> {
        self.fault()?;
        let mut tables = self.identity.lock();
        let Some(user) = tables.users.get_mut(&id) else { return Ok(false) };
        display_name.clone_into(&mut user.display_name);
        Ok(true)
    }

    async fn insert_session(&self, session: &StoredSession, token: &StoredRefreshToken) -> StoreResult<()> {
        self.fault()?;
        self.identity.lock().add_session(session, token);
        Ok(())
    }

    async fn session(&self, user: UserId, id: SessionId) -> StoreResult<Option<StoredSession>> {
        self.fault()?;
        Ok(self.identity.lock().sessions.get(&(user, id)).cloned())
    }

    async fn revoke_session(&self, user: UserId, id: SessionId, at_ms: i64) -> StoreResult<bool> {
        self.fault()?;
        let mut tables = self.identity.lock();
        let Some(session) = tables.sessions.get_mut(&(user, id)) else { return Ok(false) };
        if session.revoked_at_ms.is_some() {
            return Ok(false);
        }
        session.revoked_at_ms = Some(at_ms);
        Ok(true)
    }

    async fn sessions_revoked_since(&self, since_ms: i64) -> StoreResult<Vec<(SessionId, i64)>> {
        self.fault()?;
        let tables = self.identity.lock();
        let revoked = tables.sessions.values().filter_map(|session| Some((session.id, session.revoked_at_ms?)));
        Ok(revoked.filter(|(_, at_ms)| *at_ms >= since_ms).collect())
    }

    async fn refresh_token(&self, user: UserId, hash: TokenHash) -> StoreResult<Option<StoredRefreshToken>> {
        self.fault()?;
        Ok(self.identity.lock().refresh_tokens.get(&(user, hash)).cloned())
    }

    async fn use_refresh_token(&self, rotation: &Rotation) -> StoreResult<bool> {
        self.fault()?;
        let Rotation { user, session, used, successor, at_ms, idle_expires_at_ms } = *rotation;
        let mut tables = self.identity.lock();
        let tables = &mut *tables;
        let Some(token) = tables.refresh_tokens.get_mut(&(user, used)) else { return Ok(false) };
        let Some(family) = tables.sessions.get_mut(&(user, session)) else { return Ok(false) };
        if token.session != session || token.used_at_ms.is_some() || family.revoked_at_ms.is_some() {
            return Ok(false);
        }
        token.used_at_ms = Some(at_ms);
        token.successor = Some(successor);
        family.last_used_at_ms = at_ms;
        family.idle_expires_at_ms = idle_expires_at_ms;
        let next = StoredRefreshToken {
            hash: successor,
            session,
            user,
            parent: Some(used),
            issued_at_ms: at_ms,
            used_at_ms: None,
            successor: None,
        };
        tables.refresh_tokens.insert((user, successor), next);
        if let Some(user) = tables.users.get_mut(&user) {
            user.last_seen_at_ms = at_ms;
        }
        Ok(true)
    }
}
