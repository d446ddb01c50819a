//! A store in memory, for tests: the same contract, with faults on request.

use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

use super::{Store, StoreError, StoreResult};

mod rooms;

/// A store that forgets everything when it is dropped.
#[derive(Debug, Default)]
pub struct MemoryStore {
    rooms: Mutex<rooms::Tables>,
    failing: AtomicBool,
}

impl MemoryStore {
    /// From now on every call fails with [`StoreError::Injected`], or none does.
    pub fn set_failing(&self, failing: bool) {
        self.failing.store(failing, Ordering::SeqCst);
    }

    fn fault(&self) -> StoreResult<()> {
        if self.failing.load(Ordering::SeqCst) { Err(StoreError::Injected) } else { Ok(()) }
    }
}

impl Store for MemoryStore {}
