//! What becomes of somebody in all rooms at once: when a guest turns out to be an account, when somebody is forgotten.

use std::collections::HashSet;

use tutti_protocol::UserId;

use super::state::Newcomer;
use super::{JoinError, OpenError, Registry};
use crate::store::{StoreError, StoredRoom};

/// Rooms looked up at once.
const ROOMS_BATCH: u32 = 50;

/// Why not all rooms have done it; asking again goes on with the rest.
#[derive(Debug, thiserror::Error)]
pub enum PeopleError {
    /// The store does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A room did not do it.
    #[error("a room did not do it: {0}")]
    Room(#[from] JoinError),
}

impl Registry {
    /// Makes what is a guest's in any open room an account's, once it is known that they are the same person.
    pub async fn merge(&self, guest: UserId, account: impl Into<Newcomer>) -> Result<(), PeopleError> {
        let account = account.into();
        let mut done = HashSet::new();
        loop {
            let rooms = self.rooms_of(guest, ROOMS_BATCH).await?;
            if rooms.is_empty() {
                return self.merge_where_banned(guest, &account, &done).await;
            }
            for room in rooms {
                progress(&mut done, &room)?;
                match self.open(room.code).await {
                    Ok(handle) => handle.merge(guest, account.clone()).await?,
                    Err(error) => gone(error)?,
                }
            }
        }
    }

    /// Where the guest was once and is no member any more, they may be banned: then the account is from now on.
    async fn merge_where_banned(
        &self,
        guest: UserId,
        account: &Newcomer,
        done: &HashSet<tutti_protocol::RoomId>,
    ) -> Result<(), PeopleError> {
        let rooms = self.store().rooms_known_to(guest, ROOMS_BATCH).await?;
        for room in rooms.into_iter().filter(|room| room.closed_at_ms.is_none() && !done.contains(&room.id)) {
            match self.open(room.code).await {
                Ok(handle) => handle.merge(guest, account.clone()).await?,
                Err(error) => gone(error)?,
            }
        }
        Ok(())
    }

    /// Forgets somebody in every room that they were ever in: afterwards no room and no stored row of one holds their name
    /// or picture. Whoever calls this keeps them from coming in again.
    pub async fn forget(&self, user: UserId) -> Result<(), PeopleError> {
        let mut done = HashSet::new();
        loop {
            let rooms = self.store().rooms_known_to(user, ROOMS_BATCH).await?;
            if rooms.is_empty() {
                return Ok(());
            }
            for room in rooms {
                progress(&mut done, &room)?;
                if room.closed_at_ms.is_some() {
                    self.store().purge_closed_room(room.id).await?;
                    continue;
                }
                match self.open(room.code).await {
                    Ok(handle) => handle.forget(user).await?,
                    Err(error) => gone(error)?,
                }
                // With its last member gone it may be over, and nobody comes back to it.
                self.store().purge_closed_room(room.id).await?;
            }
        }
    }
}

/// A room that was closed in the meantime is nobody's any more.
fn gone(error: OpenError) -> Result<(), PeopleError> {
    match error {
        OpenError::Closed | OpenError::NotFound => Ok(()),
        OpenError::Store(error) => Err(error.into()),
    }
}

/// A room that comes up twice did not do what it said: better to stop than to go round for ever.
fn progress(done: &mut HashSet<tutti_protocol::RoomId>, room: &StoredRoom) -> Result<(), PeopleError> {
    if done.insert(room.id) { Ok(()) } else { Err(JoinError::Unavailable.into()) }
}
