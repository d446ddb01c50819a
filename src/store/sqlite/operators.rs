//! What operators do, in SQLite.

use async_trait::async_trait;
use sqlx::Row as _;
use tutti_protocol::http::{Switches, SwitchesChange};
use tutti_protocol::{RoomId, UserId};
use uuid::Uuid;

use super::SqliteStore;
use crate::store::sql::identity::{decode_user, select_operators, select_users_before};
use crate::store::sql::operators as sql;
use crate::store::sql::rooms::{decode_room, select_open_rooms_before};
use crate::store::{OperatorStore, RoomUse, StoreResult, StoredAct, StoredRoom, StoredUser, TokenHash, UserCounts};

#[async_trait]
impl OperatorStore for SqliteStore {
    async fn set_operator(&self, user: UserId, since_ms: Option<i64>) -> StoreResult<bool> {
        Ok(self.execute(sql::set_operator(user, since_ms)).await? == 1)
    }

    async fn set_banned(&self, user: UserId, at_ms: Option<i64>) -> StoreResult<bool> {
        Ok(self.execute(sql::set_banned(user, at_ms)).await? == 1)
    }

    async fn operators(&self) -> StoreResult<Vec<StoredUser>> {
        self.fetch_all(select_operators()).await?.iter().map(decode_user).collect()
    }

    async fn users_before(&self, before: Option<UserId>, rows_max: u32) -> StoreResult<Vec<StoredUser>> {
        self.fetch_all(select_users_before(before, rows_max)).await?.iter().map(decode_user).collect()
    }

    async fn user_counts(&self) -> StoreResult<UserCounts> {
        sql::decode_counts(&self.fetch_all(sql::count_users()).await?)
    }

    async fn open_rooms_before(&self, before: Option<RoomId>, rooms_max: u32) -> StoreResult<Vec<StoredRoom>> {
        self.fetch_all(select_open_rooms_before(before, rooms_max)).await?.iter().map(decode_room).collect()
    }

    async fn open_rooms(&self) -> StoreResult<u64> {
        sql::decode_number("rooms", self.fetch_optional(sql::count_open_rooms()).await?.as_ref())
    }

    async fn room_use(&self, room: RoomId) -> StoreResult<RoomUse> {
        let members = self.fetch_optional(sql::count_members(room)).await?;
        let batch = self.fetch_optional(sql::select_last_batch(room)).await?;
        let checkpoint = self.fetch_optional(sql::select_last_checkpoint(room)).await?;
        sql::decode_use(members.as_ref(), &[batch, checkpoint])
    }

    async fn database_size(&self) -> StoreResult<(&'static str, Option<u64>)> {
        let size = sqlx::query("SELECT page_count * page_size AS bytes FROM pragma_page_count(), pragma_page_size()");
        let row = self.fetch_optional(size).await?;
        let bytes = row.map(|row| row.try_get::<i64, _>("bytes")).transpose()?;
        Ok(("sqlite", bytes.and_then(|bytes| u64::try_from(bytes).ok())))
    }

    async fn insert_act(&self, act: &StoredAct) -> StoreResult<()> {
        self.execute(sql::insert_act(act)).await?;
        Ok(())
    }

    async fn acts_before(&self, before: Option<Uuid>, rows_max: u32) -> StoreResult<Vec<StoredAct>> {
        self.fetch_all(sql::select_acts_before(before, rows_max)).await?.iter().map(sql::decode_act).collect()
    }

    async fn delete_acts(&self, before_ms: i64, rows_max: u32) -> StoreResult<u64> {
        let delete = sqlx::query(
            "DELETE FROM operator_log WHERE id IN (SELECT id FROM operator_log WHERE at_ms < ? ORDER BY at_ms LIMIT ?)",
        );
        Ok(self.execute(delete.bind(before_ms).bind(rows_max)).await?)
    }

    async fn switches(&self) -> StoreResult<Switches> {
        sql::decode_switches(&self.fetch_all(sql::select_switches()).await?)
    }

    async fn set_switches(&self, change: &SwitchesChange) -> StoreResult<()> {
        sql::set_switches(self.begin().await?, change).await
    }

    async fn insert_invitation(&self, hash: TokenHash, expires_at_ms: i64) -> StoreResult<()> {
        self.execute(sql::insert_invitation(hash, expires_at_ms)).await?;
        Ok(())
    }

    async fn use_invitation(&self, hash: TokenHash, at_ms: i64) -> StoreResult<bool> {
        Ok(self.execute(sql::use_invitation(hash, at_ms)).await? == 1)
    }

    async fn release_invitation(&self, hash: TokenHash) -> StoreResult<()> {
        self.execute(sql::release_invitation(hash)).await?;
        Ok(())
    }

    async fn open_invitations(&self, at_ms: i64) -> StoreResult<u64> {
        sql::decode_number("invitations", self.fetch_optional(sql::count_open_invitations(at_ms)).await?.as_ref())
    }

    async fn delete_invitations(&self, before_ms: i64, rows_max: u32) -> StoreResult<u64> {
        let delete = sqlx::query(
            "DELETE FROM invitations WHERE token_hash IN \
             (SELECT token_hash FROM invitations WHERE expires_at_ms < ? ORDER BY expires_at_ms LIMIT ?)",
        );
        Ok(self.execute(delete.bind(before_ms).bind(rows_max)).await?)
    }
}
