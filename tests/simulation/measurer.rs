//! Measures tracks at any time and in any order; findings about one track differ.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use tutti::room::measurements::TrackMeasurer;
use tutti::room::state::TrackFinding;
use tutti_protocol::{Gain, TrackFault, TrackRef};

use crate::random::Random;

#[derive(Debug)]
pub struct RandomMeasurer {
    seed: u64,
    measured: AtomicU64,
}

impl RandomMeasurer {
    pub fn new(seed: u64) -> Self {
        Self { seed, measured: AtomicU64::new(0) }
    }
}

#[async_trait]
impl TrackMeasurer for RandomMeasurer {
    async fn measure(&self, _: &TrackRef) -> Option<TrackFinding> {
        let mut random = Random::new(self.seed.wrapping_add(self.measured.fetch_add(1, Ordering::Relaxed)));
        tokio::time::sleep(Duration::from_millis(random.below(20_000) * random.below(2))).await;
        match random.below(12) {
            0 => Some(TrackFinding::Faulty(TrackFault::Unplayable)),
            1 => Some(TrackFinding::Faulty(TrackFault::Gone)),
            2 => None,
            3 => std::future::pending().await,
            _ => {
                let gain_db = random.per_cent(50).then_some(Gain::of_db(-3.0));
                Some(TrackFinding::Plays { duration_ms: 30_000 + 10_000 * random.below(10), gain_db, art_url: None })
            }
        }
    }
}
