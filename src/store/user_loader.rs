//! Batches lookups of users: one statement for many callers.
//!
//! After a restart all clients return at once, and each return looks up a user. While one statement runs, further
//! callers queue; then one of them looks up all of them, as the [journal](super::journal) does with appends. A lone
//! lookup does not wait. Every lookup reads a state not older than the call.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::oneshot::{self, error::TryRecvError};
use tutti_protocol::UserId;

use super::{SharedStore, StoreError, StoreResult, StoredUser};
use crate::limits::USERS_PER_LOOKUP_MAX;

type Found = Result<Option<StoredUser>, Arc<StoreError>>;

/// Looks users up.
#[derive(Debug)]
pub struct UserLoader {
    store: SharedStore,
    waiting: Mutex<Vec<(UserId, oneshot::Sender<Found>)>>,
    turn: tokio::sync::Mutex<()>,
}

impl UserLoader {
    /// Reads from `store`.
    pub fn new(store: SharedStore) -> Self {
        Self { store, waiting: Mutex::default(), turn: tokio::sync::Mutex::default() }
    }

    /// A user by id.
    pub async fn user(&self, id: UserId) -> StoreResult<Option<StoredUser>> {
        loop {
            let (tell, mut told) = oneshot::channel();
            self.waiting.lock().push((id, tell));
            let found = tokio::select! {
                biased;
                found = &mut told => found.map_err(drop),
                _turn = self.turn.lock() => loop {
                    // More callers than one statement takes may be ahead in the queue.
                    match told.try_recv() {
                        Err(TryRecvError::Empty) => self.ask().await,
                        found => break found.map_err(drop),
                    }
                },
            };
            // The caller that ran the statement may have been cancelled; queue again.
            if let Ok(found) = found {
                return found.map_err(StoreError::Shared);
            }
        }
    }

    /// Looks up the first callers in the queue, as many as one statement takes.
    async fn ask(&self) {
        let now: Vec<_> = {
            let mut waiting = self.waiting.lock();
            let count = waiting.len().min(USERS_PER_LOOKUP_MAX);
            waiting.drain(..count).collect()
        };
        let ids: Vec<_> = now.iter().map(|(id, _)| *id).collect();
        let found = self.store.users(&ids).await.map_err(Arc::new);
        for (id, tell) in now {
            let one = found.as_ref().map(|found| found.iter().find(|user| user.id == id).cloned());
            // A cancelled caller no longer receives.
            let _ = tell.send(one.map_err(Arc::clone));
        }
    }
}
