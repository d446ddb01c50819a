//! Group commit: how long an append waits for others.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio_util::task::TaskTracker;
use tutti::clock::Clock;
use tutti::limits::{JOURNAL_FEW, JOURNAL_PACE_EACH, JOURNAL_PACE_MAX};
use tutti::store::journal::Journal;
use tutti::store::memory::MemoryStore;
use tutti::store::{Fence, JournalBatch};
use tutti::telemetry::metrics::Metrics;
use tutti_protocol::RoomId;
use uuid::Uuid;

fn batch(room: u128) -> JournalBatch {
    JournalBatch {
        room: RoomId(Uuid::from_u128(room)),
        epoch: 1,
        offset: 1,
        at_ms: 1_000,
        command: None,
        events: "[]".into(),
        index: vec![],
        fence: Fence::default(),
        erasure: None,
    }
}

#[tokio::test(start_paused = true)]
async fn the_next_transaction_is_delayed_after_many_appends_but_not_after_few() {
    let clock = Clock::starting_at(1_700_000_000_000.0);
    let journal = Journal::start(Arc::new(MemoryStore::default()), clock, Metrics::off(), &TaskTracker::new());
    let mut rooms = 1..;
    // How long a single append takes after `count` appends that were committed together.
    let mut after = async |count: usize| {
        let together = rooms.by_ref().take(count).map(|room| journal.append(batch(room)));
        let appended = join_all(join_all(together).await).await;
        assert!(appended.into_iter().all(|appended| appended.expect("answered").is_ok()));
        let started_ms = clock.now_ms();
        let alone = journal.append(batch(rooms.next().expect("no end"))).await;
        alone.await.expect("answered").expect("appended");
        // Lets the delay pass before the next measurement.
        let took = Duration::from_millis(u64::try_from(clock.now_ms() - started_ms).expect("no jump back"));
        tokio::time::sleep(JOURNAL_PACE_MAX).await;
        took
    };
    assert_eq!(after(1).await, Duration::ZERO);
    assert_eq!(after(JOURNAL_FEW - 1).await, Duration::ZERO);
    assert_eq!(after(20).await, JOURNAL_PACE_EACH * 20);
    assert_eq!(after(500).await, JOURNAL_PACE_MAX);
}
