//! Spotify links, logins in progress, and pictures in memory.

use async_trait::async_trait;
use tutti_protocol::{UserId, UserKind};

use super::MemoryStore;
use super::identity::Tables;
use crate::store::{
    LoginTransaction, SpotifyStore, StoreError, StoreResult, StoredPicture, StoredRefreshToken, StoredSession,
    StoredSpotifyLink, StoredUser, TokenHash,
};

#[async_trait]
impl SpotifyStore for MemoryStore {
    async fn insert_login_transaction(&self, transaction: &LoginTransaction) -> StoreResult<()> {
        self.fault()?;
        self.identity.lock().transactions.insert(transaction.state, transaction.clone());
        Ok(())
    }

    async fn take_login_transaction(&self, state: TokenHash) -> StoreResult<Option<LoginTransaction>> {
        self.fault()?;
        Ok(self.identity.lock().transactions.remove(&state))
    }

    async fn delete_login_transactions(&self, before_ms: i64, rows_max: u32) -> StoreResult<u64> {
        self.fault()?;
        let mut tables = self.identity.lock();
        let over = tables.transactions.values().filter(|transaction| transaction.expires_at_ms < before_ms);
        let over: Vec<_> = over.map(|transaction| transaction.state).take(rows_max as usize).collect();
        tables.transactions.retain(|state, _| !over.contains(state));
        Ok(over.len() as u64)
    }

    async fn spotify_link(&self, user: UserId) -> StoreResult<Option<StoredSpotifyLink>> {
        self.fault()?;
        Ok(self.identity.lock().links.get(&user).cloned())
    }

    async fn spotify_owner(&self, account_id: &str) -> StoreResult<Option<UserId>> {
        self.fault()?;
        Ok(owner(&self.identity.lock(), account_id))
    }

    async fn insert_spotify_user(
        &self,
        user: &StoredUser,
        session: &StoredSession,
        token: &StoredRefreshToken,
        link: &StoredSpotifyLink,
    ) -> StoreResult<()> {
        self.fault()?;
        let mut tables = self.identity.lock();
        put_link(&mut tables, link)?;
        tables.users.insert(user.id, user.clone());
        tables.add_session(session, token);
        Ok(())
    }

    async fn link_spotify(&self, link: &StoredSpotifyLink) -> StoreResult<bool> {
        self.fault()?;
        let mut tables = self.identity.lock();
        if !tables.users.contains_key(&link.user) {
            return Ok(false);
        }
        put_link(&mut tables, link)?;
        if let Some(user) = tables.users.get_mut(&link.user) {
            user.kind = UserKind::User;
        }
        Ok(true)
    }

    async fn stale_spotify_links(&self, before_ms: i64, rows_max: u32) -> StoreResult<Vec<UserId>> {
        self.fault()?;
        let tables = self.identity.lock();
        let stale = |link: &&StoredSpotifyLink| link.checked_at_ms < before_ms && link.refresh_token.is_some();
        let mut stale: Vec<_> =
            tables.links.values().filter(stale).map(|link| (link.checked_at_ms, link.user)).collect();
        stale.sort_unstable();
        Ok(stale.into_iter().take(rows_max as usize).map(|(_, user)| user).collect())
    }

    async fn update_spotify_link(&self, link: &StoredSpotifyLink) -> StoreResult<bool> {
        self.fault()?;
        let mut tables = self.identity.lock();
        let stored = tables.links.get_mut(&link.user).filter(|stored| stored.version == link.version);
        let Some(stored) = stored else { return Ok(false) };
        let account_id = stored.account_id.clone();
        *stored = StoredSpotifyLink { account_id, version: link.version + 1, ..link.clone() };
        Ok(true)
    }

    async fn unlink_spotify(&self, user: UserId) -> StoreResult<bool> {
        self.fault()?;
        let mut tables = self.identity.lock();
        tables.pictures.remove(&user);
        if let Some(user) = tables.users.get_mut(&user).filter(|user| user.login.is_none()) {
            user.kind = UserKind::Guest;
        }
        Ok(tables.links.remove(&user).is_some())
    }

    async fn put_picture(&self, user: UserId, picture: &StoredPicture) -> StoreResult<()> {
        self.fault()?;
        self.identity.lock().pictures.insert(user, picture.clone());
        Ok(())
    }

    async fn picture(&self, user: UserId) -> StoreResult<Option<StoredPicture>> {
        self.fault()?;
        Ok(self.identity.lock().pictures.get(&user).cloned())
    }
}

fn owner(tables: &Tables, account_id: &str) -> Option<UserId> {
    tables.links.values().find(|link| link.account_id == account_id).map(|link| link.user)
}

fn put_link(tables: &mut Tables, link: &StoredSpotifyLink) -> StoreResult<()> {
    if owner(tables, &link.account_id).is_some_and(|owner| owner != link.user) {
        return Err(StoreError::Conflict("spotify account"));
    }
    let before = tables.links.get(&link.user).map_or(link.version, |before| link.version.max(before.version + 1));
    tables.links.insert(link.user, StoredSpotifyLink { version: before, ..link.clone() });
    Ok(())
}
