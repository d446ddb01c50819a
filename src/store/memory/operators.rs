//! What operators do, in memory.

use std::collections::{BTreeMap, HashMap};

use async_trait::async_trait;
use tutti_protocol::http::{Switches, SwitchesChange};
use tutti_protocol::{RoomId, UserId, UserKind};
use uuid::Uuid;

use super::MemoryStore;
use crate::store::{
    OperatorStore, RoomUse, StoreError, StoreResult, StoredAct, StoredRoom, StoredUser, TokenHash, UserCounts,
};

/// The tables, besides `users`.
#[derive(Debug, Default)]
pub(super) struct Tables {
    acts: BTreeMap<Uuid, StoredAct>,
    switches: Switches,
    /// When each expires, and whether it was used.
    invitations: HashMap<TokenHash, (i64, bool)>,
}

#[async_trait]
impl OperatorStore for MemoryStore {
    async fn set_operator(&self, user: UserId, since_ms: Option<i64>) -> StoreResult<bool> {
        self.change_user(user, |user| user.operator_since_ms = since_ms)
    }

    async fn set_banned(&self, user: UserId, at_ms: Option<i64>) -> StoreResult<bool> {
        self.change_user(user, |user| user.banned_at_ms = at_ms)
    }

    async fn operators(&self) -> StoreResult<Vec<StoredUser>> {
        self.fault()?;
        let tables = self.identity.lock();
        let operators = tables.users.values().filter(|user| user.operator_since_ms.is_some());
        let mut operators: Vec<_> = operators.map(|user| tables.read(user)).collect();
        operators.sort_by_key(|user| (user.operator_since_ms, user.id));
        Ok(operators)
    }

    async fn users_before(&self, before: Option<UserId>, rows_max: u32) -> StoreResult<Vec<StoredUser>> {
        self.fault()?;
        let tables = self.identity.lock();
        let mut users: Vec<_> = tables.users.values().filter(|user| before.is_none_or(|id| user.id < id)).collect();
        users.sort_by_key(|user| std::cmp::Reverse(user.id));
        Ok(users.into_iter().take(rows_max as usize).map(|user| tables.read(user)).collect())
    }

    async fn user_counts(&self) -> StoreResult<UserCounts> {
        self.fault()?;
        let tables = self.identity.lock();
        let count = |wanted: fn(&StoredUser) -> bool| tables.users.values().filter(|user| wanted(user)).count() as u64;
        Ok(UserCounts {
            accounts: count(|user| user.kind == UserKind::User),
            guests: count(|user| user.kind == UserKind::Guest),
            banned: count(|user| user.banned_at_ms.is_some()),
        })
    }

    async fn open_rooms_before(&self, before: Option<RoomId>, rooms_max: u32) -> StoreResult<Vec<StoredRoom>> {
        self.fault()?;
        Ok(self.rooms.lock().open_before(before, rooms_max as usize))
    }

    async fn open_rooms(&self) -> StoreResult<u64> {
        self.fault()?;
        Ok(self.rooms.lock().open_before(None, usize::MAX).len() as u64)
    }

    async fn room_use(&self, room: RoomId) -> StoreResult<RoomUse> {
        self.fault()?;
        Ok(self.rooms.lock().use_of(room))
    }

    async fn database_size(&self) -> StoreResult<(&'static str, Option<u64>)> {
        self.fault()?;
        Ok(("memory", None))
    }

    async fn insert_act(&self, act: &StoredAct) -> StoreResult<()> {
        self.fault()?;
        self.operators.lock().acts.insert(act.id, act.clone());
        Ok(())
    }

    async fn acts_before(&self, before: Option<Uuid>, rows_max: u32) -> StoreResult<Vec<StoredAct>> {
        self.fault()?;
        let tables = self.operators.lock();
        let acts = tables.acts.range(..before.unwrap_or(Uuid::max())).rev();
        Ok(acts.take(rows_max as usize).map(|(_, act)| act.clone()).collect())
    }

    async fn delete_acts(&self, before_ms: i64, rows_max: u32) -> StoreResult<u64> {
        self.fault()?;
        let mut tables = self.operators.lock();
        let mut old: Vec<_> = tables.acts.values().filter(|act| act.at_ms < before_ms).collect();
        old.sort_by_key(|act| act.at_ms);
        let old: Vec<_> = old.into_iter().take(rows_max as usize).map(|act| act.id).collect();
        for id in &old {
            tables.acts.remove(id);
        }
        Ok(old.len() as u64)
    }

    async fn switches(&self) -> StoreResult<Switches> {
        self.fault()?;
        Ok(self.operators.lock().switches)
    }

    async fn set_switches(&self, change: &SwitchesChange) -> StoreResult<()> {
        self.fault()?;
        let mut tables = self.operators.lock();
        let Switches { registration, guests, rooms } = tables.switches;
        tables.switches = Switches {
            registration: change.registration.unwrap_or(registration),
            guests: change.guests.unwrap_or(guests),
            rooms: change.rooms.unwrap_or(rooms),
        };
        Ok(())
    }

    async fn insert_invitation(&self, hash: TokenHash, expires_at_ms: i64) -> StoreResult<()> {
        self.fault()?;
        self.operators.lock().invitations.insert(hash, (expires_at_ms, false));
        Ok(())
    }

    async fn use_invitation(&self, hash: TokenHash, at_ms: i64) -> StoreResult<bool> {
        self.fault()?;
        let mut tables = self.operators.lock();
        let open = |invitation: &&mut (i64, bool)| invitation.0 > at_ms && !invitation.1;
        let Some(invitation) = tables.invitations.get_mut(&hash).filter(open) else { return Ok(false) };
        invitation.1 = true;
        Ok(true)
    }

    async fn release_invitation(&self, hash: TokenHash) -> StoreResult<()> {
        self.fault()?;
        if let Some(invitation) = self.operators.lock().invitations.get_mut(&hash) {
            invitation.1 = false;
        }
        Ok(())
    }

    async fn open_invitations(&self, at_ms: i64) -> StoreResult<u64> {
        self.fault()?;
        let tables = self.operators.lock();
        Ok(tables.invitations.values().filter(|(expires_at_ms, used)| *expires_at_ms > at_ms && !used).count() as u64)
    }

    async fn delete_invitations(&self, before_ms: i64, rows_max: u32) -> StoreResult<u64> {
        self.fault()?;
        let mut tables = self.operators.lock();
        let old = tables.invitations.iter().filter(|(_, (expires_at_ms, _))| *expires_at_ms < before_ms);
        let old: Vec<_> = old.map(|(hash, _)| *hash).take(rows_max as usize).collect();
        for hash in &old {
            tables.invitations.remove(hash);
        }
        Ok(old.len() as u64)
    }
}

impl MemoryStore {
    fn change_user(&self, user: UserId, change: impl FnOnce(&mut StoredUser)) -> Result<bool, StoreError> {
        self.fault()?;
        let mut tables = self.identity.lock();
        let Some(user) = tables.users.get_mut(&user) else { return Ok(false) };
        change(user);
        Ok(true)
    }
}
