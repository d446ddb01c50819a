//! Looking people up, many in one statement.
//!
//! When a server comes back everybody returns at once, and each has to be looked up. While one statement is under way those
//! who ask gather, and one of them asks for all of them, as appends gather in the [journal](super::journal). A lone one
//! waits for nobody. What is found is as of after it was asked for.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::oneshot::{self, error::TryRecvError};
use tutti_protocol::UserId;

use super::{SharedStore, StoreError, StoreResult, StoredUser};
use crate::limits::USERS_PER_LOOKUP_MAX;

type Found = Result<Option<StoredUser>, Arc<StoreError>>;

/// Looks people up.
#[derive(Debug)]
pub struct UserLoader {
    store: SharedStore,
    waiting: Mutex<Vec<(UserId, oneshot::Sender<Found>)>>,
    turn: tokio::sync::Mutex<()>,
}

impl UserLoader {
    /// Over a store.
    pub fn new(store: SharedStore) -> Self {
        Self { store, waiting: Mutex::default(), turn: tokio::sync::Mutex::default() }
    }

    /// Somebody by their id.
    pub async fn user(&self, id: UserId) -> StoreResult<Option<StoredUser>> {
        loop {
            let (tell, mut told) = oneshot::channel();
            self.waiting.lock().push((id, tell));
            let found = tokio::select! {
                biased;
                found = &mut told => found.map_err(drop),
                _turn = self.turn.lock() => loop {
                    // We may be too far behind to be among the first who are asked for.
                    match told.try_recv() {
                        Err(TryRecvError::Empty) => self.ask().await,
                        found => break found.map_err(drop),
                    }
                },
            };
            // Whoever asked for us may have gone away in the midst of it.
            if let Ok(found) = found {
                return found.map_err(StoreError::Shared);
            }
        }
    }

    /// Asks for those who wait, as many as one statement takes: the first who came, then those after them.
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
            // Nobody waits any more where a connection was given up.
            let _ = tell.send(one.map_err(Arc::clone));
        }
    }
}
