//! A store in memory, for tests: the same contract, with faults on request.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use async_trait::async_trait;
use parking_lot::Mutex;
use tokio::sync::{RwLock, RwLockWriteGuard};

use super::{Store, StoreError, StoreResult};

mod identity;
mod rooms;
mod spotify;

/// A store that forgets everything when it is dropped.
#[derive(Debug, Default)]
pub struct MemoryStore {
    identity: Mutex<identity::Tables>,
    rooms: Mutex<rooms::Tables>,
    failing: AtomicBool,
    /// Appends that are still to fail.
    failing_appends: AtomicU32,
    /// Appends pass as readers; a test that holds it as writer keeps them waiting.
    gate: RwLock<()>,
}

impl MemoryStore {
    /// From now on every call fails with [`StoreError::Injected`], or none does.
    pub fn set_failing(&self, failing: bool) {
        self.failing.store(failing, Ordering::SeqCst);
    }

    /// The next so many appends fail with [`StoreError::Injected`].
    pub fn fail_appends(&self, appends: u32) {
        self.failing_appends.store(appends, Ordering::SeqCst);
    }

    fn append_fault(&self) -> StoreResult<()> {
        let one_less = |left: u32| left.checked_sub(1);
        match self.failing_appends.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less) {
            Ok(_) => Err(StoreError::Injected),
            Err(_) => self.fault(),
        }
    }

    /// Appends wait until the guard is dropped.
    pub async fn hold_appends(&self) -> RwLockWriteGuard<'_, ()> {
        self.gate.write().await
    }

    fn fault(&self) -> StoreResult<()> {
        if self.failing.load(Ordering::SeqCst) { Err(StoreError::Injected) } else { Ok(()) }
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn ping(&self) -> StoreResult<()> {
        self.fault()
    }

    async fn close(&self) {}
}
