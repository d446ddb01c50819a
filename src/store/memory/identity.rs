//! Users, sessions and refresh tokens in memory.

use std::collections::{BTreeSet, HashMap};

use async_trait::async_trait;
use tutti_protocol::{SessionId, UserId, UserKind};

use super::MemoryStore;
use crate::store::{
    IdentityStore, LoginTransaction, PasswordHash, Rotation, StoreError, StoreResult, StoredDeviceCode, StoredLogin,
    StoredPicture, StoredRefreshToken, StoredSession, StoredSpotifyLink, StoredUser, TokenHash,
};

/// The tables.
#[derive(Debug, Default)]
pub(super) struct Tables {
    pub(super) users: HashMap<UserId, StoredUser>,
    sessions: HashMap<(UserId, SessionId), StoredSession>,
    refresh_tokens: HashMap<(UserId, TokenHash), StoredRefreshToken>,
    device_codes: HashMap<(UserId, SessionId), StoredDeviceCode>,
    pub(super) links: HashMap<UserId, StoredSpotifyLink>,
    pub(super) transactions: HashMap<TokenHash, LoginTransaction>,
    pub(super) pictures: HashMap<UserId, StoredPicture>,
}

impl Tables {
    fn by_username(&self, username: &str) -> Option<&StoredUser> {
        self.users.values().find(|user| user.login.as_ref().is_some_and(|login| login.username == username))
    }

    /// The user as a row reads back, with the joined columns.
    pub(super) fn read(&self, user: &StoredUser) -> StoredUser {
        let picture = self.pictures.get(&user.id).map(|picture| picture.hash);
        StoredUser { picture, spotify: self.links.contains_key(&user.id), ..user.clone() }
    }

    fn check_username(&self, login: Option<&StoredLogin>) -> StoreResult<()> {
        match login.and_then(|login| self.by_username(&login.username)) {
            Some(_) => Err(StoreError::Conflict("username")),
            None => Ok(()),
        }
    }

    pub(super) fn add_session(&mut self, session: &StoredSession, token: &StoredRefreshToken) {
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
        tables.check_username(user.login.as_ref())?;
        tables.users.insert(user.id, user.clone());
        tables.add_session(session, token);
        Ok(())
    }

    async fn users(&self, ids: &[UserId]) -> StoreResult<Vec<StoredUser>> {
        self.fault()?;
        let tables = self.identity.lock();
        let ids: BTreeSet<_> = ids.iter().collect();
        Ok(ids.into_iter().filter_map(|id| tables.users.get(id)).map(|user| tables.read(user)).collect())
    }

    async fn user_by_username(&self, username: &str) -> StoreResult<Option<StoredUser>> {
        self.fault()?;
        let tables = self.identity.lock();
        Ok(tables.by_username(username).map(|user| tables.read(user)))
    }

    async fn add_login(&self, id: UserId, display_name: &str, login: &StoredLogin) -> StoreResult<bool> {
        self.fault()?;
        let mut tables = self.identity.lock();
        if tables.users.get(&id).is_none_or(|user| user.login.is_some()) {
            return Ok(false);
        }
        tables.check_username(Some(login))?;
        let user = tables.users.get_mut(&id).expect("just seen");
        user.kind = UserKind::User;
        display_name.clone_into(&mut user.display_name);
        user.login = Some(login.clone());
        Ok(true)
    }

    async fn change_password(&self, id: UserId, from: &PasswordHash, to: &PasswordHash) -> StoreResult<bool> {
        self.fault()?;
        let mut tables = self.identity.lock();
        let login = tables.users.get_mut(&id).and_then(|user| user.login.as_mut());
        let Some(login) = login.filter(|login| login.password_hash == *from) else { return Ok(false) };
        login.password_hash = to.clone();
        Ok(true)
    }

    async fn rename_user(&self, id: UserId, display_name: &str) -> StoreResult<bool> {
        self.fault()?;
        let mut tables = self.identity.lock();
        let Some(user) = tables.users.get_mut(&id) else { return Ok(false) };
        display_name.clone_into(&mut user.display_name);
        Ok(true)
    }

    async fn delete_user(&self, id: UserId) -> StoreResult<bool> {
        self.fault()?;
        let mut tables = self.identity.lock();
        tables.sessions.retain(|(user, _), _| *user != id);
        tables.refresh_tokens.retain(|(user, _), _| *user != id);
        tables.device_codes.retain(|(user, _), _| *user != id);
        tables.links.remove(&id);
        tables.pictures.remove(&id);
        Ok(tables.users.remove(&id).is_some())
    }

    async fn unused_guests(&self, before_ms: i64, rows_max: u32) -> StoreResult<Vec<UserId>> {
        self.fault()?;
        let tables = self.identity.lock();
        let unused = |user: &&StoredUser| {
            user.kind == UserKind::Guest && user.last_seen_at_ms < before_ms && user.banned_at_ms.is_none()
        };
        let mut guests: Vec<_> =
            tables.users.values().filter(unused).map(|user| (user.last_seen_at_ms, user.id)).collect();
        guests.sort_unstable();
        Ok(guests.into_iter().take(rows_max as usize).map(|(_, id)| id).collect())
    }

    async fn guests_seen_before(
        &self,
        before_ms: i64,
        after: Option<(i64, UserId)>,
        rows_max: u32,
    ) -> StoreResult<Vec<(i64, UserId)>> {
        self.fault()?;
        let tables = self.identity.lock();
        let is_guest = |user: &&StoredUser| user.kind == UserKind::Guest && user.banned_at_ms.is_none();
        let guests = tables.users.values().filter(is_guest);
        let mut seen: Vec<_> = guests.map(|user| (user.last_seen_at_ms, user.id)).collect();
        seen.retain(|guest| guest.0 < before_ms && after.is_none_or(|after| *guest > after));
        seen.sort_unstable();
        seen.truncate(rows_max as usize);
        Ok(seen)
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

    async fn sessions_of(&self, user: UserId) -> StoreResult<Vec<StoredSession>> {
        self.fault()?;
        let tables = self.identity.lock();
        let alive = |session: &&StoredSession| session.user == user && session.revoked_at_ms.is_none();
        let mut sessions: Vec<_> = tables.sessions.values().filter(alive).cloned().collect();
        sessions.sort_unstable_by_key(|session| std::cmp::Reverse((session.last_used_at_ms, session.id)));
        Ok(sessions)
    }

    async fn revoke_sessions(
        &self,
        user: UserId,
        except: Option<SessionId>,
        at_ms: i64,
    ) -> StoreResult<Vec<SessionId>> {
        self.fault()?;
        let mut tables = self.identity.lock();
        tables.device_codes.retain(|(of, _), code| *of != user || code.used_for.is_some());
        let mut ended = Vec::new();
        for session in tables.sessions.values_mut() {
            if session.user == user && Some(session.id) != except && session.revoked_at_ms.is_none() {
                session.revoked_at_ms = Some(at_ms);
                ended.push(session.id);
            }
        }
        Ok(ended)
    }

    async fn delete_ended_sessions(&self, before_ms: i64, rows_max: u32) -> StoreResult<u64> {
        self.fault()?;
        let mut tables = self.identity.lock();
        let over = |session: &&StoredSession| {
            session.idle_expires_at_ms < before_ms || session.revoked_at_ms.is_some_and(|at_ms| at_ms < before_ms)
        };
        let ended: Vec<_> =
            tables.sessions.values().filter(over).map(|session| session.id).take(rows_max as usize).collect();
        tables.sessions.retain(|(_, session), _| !ended.contains(session));
        tables.refresh_tokens.retain(|_, token| !ended.contains(&token.session));
        Ok(ended.len() as u64)
    }

    async fn delete_used_refresh_tokens(&self, before_ms: i64, rows_max: u32) -> StoreResult<u64> {
        self.fault()?;
        let mut tables = self.identity.lock();
        let used = |token: &&StoredRefreshToken| token.used_at_ms.is_some_and(|at_ms| at_ms < before_ms);
        let used: Vec<_> = tables.refresh_tokens.values().filter(used).map(|token| (token.user, token.hash)).collect();
        let used = &used[..used.len().min(rows_max as usize)];
        tables.refresh_tokens.retain(|key, _| !used.contains(key));
        Ok(used.len() as u64)
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
        tables.refresh_tokens.insert((user, successor), rotation.successor_token());
        if let Some(user) = tables.users.get_mut(&user) {
            user.last_seen_at_ms = at_ms;
        }
        Ok(true)
    }

    async fn put_device_code(&self, code: &StoredDeviceCode) -> StoreResult<()> {
        self.fault()?;
        let mut tables = self.identity.lock();
        let key = (code.user, code.session);
        if tables.device_codes.iter().any(|(known, other)| *known != key && other.hash == code.hash) {
            return Err(StoreError::Conflict("device code"));
        }
        tables.device_codes.insert(key, code.clone());
        Ok(())
    }

    async fn device_code(&self, hash: TokenHash) -> StoreResult<Option<StoredDeviceCode>> {
        self.fault()?;
        Ok(self.identity.lock().device_codes.values().find(|code| code.hash == hash).cloned())
    }

    async fn device_code_of(&self, user: UserId, session: SessionId) -> StoreResult<Option<StoredDeviceCode>> {
        self.fault()?;
        Ok(self.identity.lock().device_codes.get(&(user, session)).cloned())
    }

    async fn cancel_device_code(&self, user: UserId, session: SessionId) -> StoreResult<()> {
        self.fault()?;
        self.identity.lock().device_codes.retain(|key, code| *key != (user, session) || code.used_for.is_some());
        Ok(())
    }

    async fn use_device_code(
        &self,
        code: &StoredDeviceCode,
        session: &StoredSession,
        token: &StoredRefreshToken,
    ) -> StoreResult<bool> {
        self.fault()?;
        let mut tables = self.identity.lock();
        let tables = &mut *tables;
        let key = (code.user, code.session);
        let asked_by = tables.sessions.get(&key).filter(|session| session.revoked_at_ms.is_none());
        let unused = |known: &&mut StoredDeviceCode| known.hash == code.hash && known.used_for.is_none();
        let Some(known) = tables.device_codes.get_mut(&key).filter(unused).filter(|_| asked_by.is_some()) else {
            return Ok(false);
        };
        known.used_for = Some(session.id);
        tables.add_session(session, token);
        Ok(true)
    }

    async fn delete_device_codes(&self, before_ms: i64, rows_max: u32) -> StoreResult<u64> {
        self.fault()?;
        let mut tables = self.identity.lock();
        let expired = tables.device_codes.iter().filter(|(_, code)| code.expires_at_ms < before_ms);
        let expired: Vec<_> = expired.map(|(key, _)| *key).take(rows_max as usize).collect();
        for key in &expired {
            tables.device_codes.remove(key);
        }
        Ok(expired.len() as u64)
    }
}
