//! A store in memory, for tests: the same contract, with faults on request.

use super::Store;

/// A store that forgets everything when it is dropped.
#[derive(Debug, Default)]
pub struct MemoryStore {}

impl Store for MemoryStore {}
