//! Codes of screens in memory.

use std::collections::HashMap;

use async_trait::async_trait;
use tutti_protocol::RoomCode;

use super::MemoryStore;
use crate::store::{ScreenStore, StoreError, StoreResult, StoredScreenCode, TokenHash};

/// The table.
pub(super) type Table = HashMap<TokenHash, StoredScreenCode>;

#[async_trait]
impl ScreenStore for MemoryStore {
    async fn insert_screen_code(&self, code: &StoredScreenCode) -> StoreResult<()> {
        self.fault()?;
        let mut table = self.screen_codes.lock();
        if table.contains_key(&code.hash) {
            return Err(StoreError::Conflict("screen code"));
        }
        table.insert(code.hash, code.clone());
        Ok(())
    }

    async fn screen_code(&self, hash: TokenHash) -> StoreResult<Option<StoredScreenCode>> {
        self.fault()?;
        Ok(self.screen_codes.lock().get(&hash).cloned())
    }

    async fn claim_screen_code(&self, hash: TokenHash, room: RoomCode) -> StoreResult<bool> {
        self.fault()?;
        let mut table = self.screen_codes.lock();
        let free = |code: &&mut StoredScreenCode| code.room.is_none_or(|claimed| claimed == room);
        let Some(code) = table.get_mut(&hash).filter(free) else { return Ok(false) };
        code.room = Some(room);
        Ok(true)
    }

    async fn release_screen_code(&self, hash: TokenHash, room: RoomCode) -> StoreResult<()> {
        self.fault()?;
        if let Some(code) = self.screen_codes.lock().get_mut(&hash)
            && code.approved_at_ms.is_none()
        {
            code.room = code.room.filter(|claimed| *claimed != room);
        }
        Ok(())
    }

    async fn approve_screen_code(&self, hash: TokenHash, room: RoomCode, at_ms: i64) -> StoreResult<()> {
        self.fault()?;
        if let Some(code) = self.screen_codes.lock().get_mut(&hash)
            && code.room == Some(room)
        {
            code.approved_at_ms = Some(at_ms);
        }
        Ok(())
    }

    async fn delete_screen_codes(&self, before_ms: i64, rows_max: u32) -> StoreResult<u64> {
        self.fault()?;
        let mut table = self.screen_codes.lock();
        let expired = table.values().filter(|code| code.expires_at_ms < before_ms);
        let expired: Vec<_> = expired.map(|code| code.hash).take(rows_max as usize).collect();
        for hash in &expired {
            table.remove(hash);
        }
        Ok(expired.len() as u64)
    }
}
