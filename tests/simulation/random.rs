//! Random choices from one seed.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use uuid::Uuid;

pub struct Random(StdRng);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(StdRng::seed_from_u64(seed))
    }

    /// From 0 up to but not including `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0.next_u64() % end
    }

    pub fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).expect("a length")
    }

    pub fn per_cent(&mut self, percentage: u64) -> bool {
        self.below(100) < percentage
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.index(from.len())]
    }

    pub fn uuid(&mut self) -> Uuid {
        let (high, low) = (self.0.next_u64(), self.0.next_u64());
        Uuid::from_u64_pair(high, low)
    }
}
