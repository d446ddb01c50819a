//! Changes to one user in all rooms: merging a guest into an account, and forgetting a user.

use std::collections::HashSet;

use tutti_protocol::{RoomId, UserId};

use super::state::Newcomer;
use super::{OpenError, Registry, RoomError};
use crate::store::{StoreError, StoredRoom};

/// Rooms loaded from the store per query.
const ROOMS_BATCH: u32 = 50;

/// Why some rooms are left unchanged. Calling again continues with them.
#[derive(Debug, thiserror::Error)]
pub enum PeopleError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A room refused or failed.
    #[error("a room failed: {0}")]
    Room(#[from] RoomError),
}

impl Registry {
    /// Merges a guest into the account of the same person, in every open room.
    pub async fn merge(&self, guest: UserId, account: impl Into<Newcomer>) -> Result<(), PeopleError> {
        let account = account.into();
        let mut done = HashSet::new();
        loop {
            let rooms = self.rooms_of(guest, ROOMS_BATCH).await?;
            if rooms.is_empty() {
                return self.merge_where_banned(guest, &account, &done).await;
            }
            for room in rooms {
                ensure_progress(&mut done, &room)?;
                match self.open(room.code).await {
                    Ok(handle) => handle.merge(guest, account.clone()).await?,
                    Err(error) => ignore_closed(error)?,
                }
            }
        }
    }

    /// Carries the guest's bans over to the account, in rooms that the guest has left.
    async fn merge_where_banned(
        &self,
        guest: UserId,
        account: &Newcomer,
        done: &HashSet<RoomId>,
    ) -> Result<(), PeopleError> {
        let rooms = self.store().rooms_known_to(guest, ROOMS_BATCH).await?;
        for room in rooms.into_iter().filter(|room| room.closed_at_ms.is_none() && !done.contains(&room.id)) {
            match self.open(room.code).await {
                Ok(handle) => handle.merge(guest, account.clone()).await?,
                Err(error) => ignore_closed(error)?,
            }
        }
        Ok(())
    }

    /// Forgets a user in every room they were ever in: afterwards no room and no stored row of one holds their name or
    /// picture. The caller must prevent the user from joining again.
    pub async fn forget(&self, user: UserId) -> Result<(), PeopleError> {
        let mut done = HashSet::new();
        loop {
            let rooms = self.store().rooms_known_to(user, ROOMS_BATCH).await?;
            if rooms.is_empty() {
                return Ok(());
            }
            for room in rooms {
                ensure_progress(&mut done, &room)?;
                if room.closed_at_ms.is_some() {
                    self.store().purge_closed_room(room.id).await?;
                    continue;
                }
                match self.open(room.code).await {
                    Ok(handle) => handle.forget(user).await?,
                    Err(error) => ignore_closed(error)?,
                }
                // Forgetting its last member may have closed the room.
                self.store().purge_closed_room(room.id).await?;
            }
        }
    }
}

/// A room that closed in the meantime needs nothing more.
fn ignore_closed(error: OpenError) -> Result<(), PeopleError> {
    match error {
        OpenError::Closed | OpenError::NotFound => Ok(()),
        OpenError::Store(error) => Err(error.into()),
    }
}

/// Fails when a room comes up twice: it did not do what it confirmed, and the loop would not end.
fn ensure_progress(done: &mut HashSet<RoomId>, room: &StoredRoom) -> Result<(), PeopleError> {
    if done.insert(room.id) { Ok(()) } else { Err(RoomError::Unavailable.into()) }
}
