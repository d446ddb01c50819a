//! Group commit: appends of all rooms share transactions, one at a time.
//!
//! While one transaction is synced to disk, further appends queue for the next one. So a lone append does not wait, and
//! a thousand rooms share one sync. Under load the next transaction starts a short time after the previous one started,
//! because a sync and a page cost the same for one row as for ten. An append completes only after its transaction is
//! durable. When a transaction fails, its batches are retried one by one, so that one room's conflict does not fail
//! other rooms; when the database is unavailable, they all fail at once instead of each waiting for a timeout. A room
//! that lost a batch is fenced: its appends fail until it has reloaded.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use tokio_util::task::TaskTracker;
use tutti_protocol::RoomId;

use super::{Fence, JournalBatch, RoomClaims, SharedStore, StoreError, StoreResult};
use crate::clock::{Clock, whole_ms};
use crate::limits::{JOURNAL_BATCH_MAX, JOURNAL_FEW, JOURNAL_PACE_EACH, JOURNAL_PACE_MAX, JOURNAL_QUEUE_MAX};
use crate::telemetry::metrics::Metrics;

/// The result of an append; batches that fail together share the error.
pub type Appended = Result<(), Arc<StoreError>>;

/// Handle to the journal. Cheap to clone; the journal ends when the last clone is dropped.
#[derive(Clone, Debug)]
pub struct Journal {
    queue: mpsc::Sender<Message>,
    claims: Option<RoomClaims>,
}

#[derive(Debug)]
enum Message {
    Append(Box<JournalBatch>, oneshot::Sender<Appended>),
    ResetFence(RoomId),
}

impl Journal {
    /// Starts the writer task.
    pub fn start(store: SharedStore, clock: Clock, metrics: Metrics, tasks: &TaskTracker) -> Self {
        let (queue, messages) = mpsc::channel(JOURNAL_QUEUE_MAX);
        tasks.spawn(write(store, clock, metrics, messages));
        Self { queue, claims: None }
    }

    /// Writes only rooms that were claimed before: other servers can reach the database.
    #[must_use]
    pub fn claiming(self, claims: Option<RoomClaims>) -> Self {
        Self { claims, ..self }
    }

    /// Claims a room, before it is loaded. Batches that rest on what is loaded then have this fence.
    pub async fn claim(&self, room: RoomId) -> StoreResult<Fence> {
        match &self.claims {
            Some(claims) => claims.claim(room).await,
            None => Ok(Fence::default()),
        }
    }

    /// Gives back a claim, after the room's last append.
    pub async fn release(&self, room: RoomId, fence: Fence) -> StoreResult<()> {
        match &self.claims {
            Some(claims) => claims.release(room, fence).await,
            None => Ok(()),
        }
    }

    /// Queues a batch; waits only while the queue is full. The receiver resolves once the batch is durable or has
    /// failed; its sender is dropped without a result only when the process ends.
    pub async fn append(&self, batch: JournalBatch) -> oneshot::Receiver<Appended> {
        let (done, appended) = oneshot::channel();
        let _ = self.queue.send(Message::Append(Box::new(batch), done)).await;
        appended
    }

    /// Messages that wait for the writer.
    pub fn waiting(&self) -> usize {
        self.queue.max_capacity() - self.queue.capacity()
    }

    /// Accepts appends of this room again: it has reloaded, so they rest on what is stored.
    pub async fn reset_fence(&self, room: RoomId) {
        let _ = self.queue.send(Message::ResetFence(room)).await;
    }
}

async fn write(store: SharedStore, clock: Clock, metrics: Metrics, mut queue: mpsc::Receiver<Message>) {
    let mut messages = Vec::new();
    let mut fenced = FencedRooms::default();
    while queue.recv_many(&mut messages, JOURNAL_BATCH_MAX).await > 0 {
        let mut appends = Appends::default();
        for message in messages.drain(..) {
            match message {
                Message::ResetFence(room) => fenced.unfence(room),
                Message::Append(batch, done) => {
                    if let Some(error) = fenced.error(&batch) {
                        complete(&metrics, done, Err(error));
                    } else {
                        appends.push(*batch, done);
                    }
                }
            }
        }
        let count = appends.batches.len();
        let began_ms = (count >= JOURNAL_FEW).then(|| clock.now_ms_f64());
        for part in appends.parts().into_iter().filter(|part| !part.batches.is_empty()) {
            commit(&store, clock, &metrics, &mut fenced, part).await;
        }
        if let Some(began_ms) = began_ms {
            let pace = JOURNAL_PACE_EACH * u32::try_from(count).unwrap_or(u32::MAX);
            tokio::time::sleep_until(clock.instant_at(whole_ms(began_ms)) + pace.min(JOURNAL_PACE_MAX)).await;
        }
    }
}

/// Batches, and what waits for each of them.
#[derive(Default)]
struct Appends {
    batches: Vec<JournalBatch>,
    waiting: Vec<oneshot::Sender<Appended>>,
}

impl Appends {
    fn push(&mut self, batch: JournalBatch, done: oneshot::Sender<Appended>) {
        self.batches.push(batch);
        self.waiting.push(done);
    }

    /// What is committed together. In a claimed room a commit holds up the next claim, so rooms that store rows only, which
    /// needs no transaction, do not wait for those that change more. All batches of one room are in one part, in their
    /// order.
    fn parts(self) -> [Self; 2] {
        let changes_more = |batch: &&JournalBatch| batch.fence != Fence::default() && !batch.is_row_only();
        let rooms: HashSet<_> = self.batches.iter().filter(changes_more).map(|batch| batch.room).collect();
        if rooms.is_empty() {
            return [self, Self::default()];
        }
        let [mut rows, mut more] = [Self::default(), Self::default()];
        for (batch, done) in self.batches.into_iter().zip(self.waiting) {
            let part = if rooms.contains(&batch.room) { &mut more } else { &mut rows };
            part.push(batch, done);
        }
        [rows, more]
    }
}

async fn commit(store: &SharedStore, clock: Clock, metrics: &Metrics, fenced: &mut FencedRooms, part: Appends) {
    let Appends { batches, waiting } = part;
    let began_ms = clock.now_ms_f64();
    let committed = store.append(&batches).await;
    metrics.commit(clock.now_ms_f64() - began_ms);
    match committed {
        Ok(()) => waiting.into_iter().for_each(|done| complete(metrics, done, Ok(()))),
        Err(error) => {
            let mut shared_error = (batches.len() == 1 || error.is_unavailable()).then(|| Arc::new(error));
            for (batch, done) in batches.into_iter().zip(waiting) {
                let appended = match (fenced.error(&batch), &shared_error) {
                    (Some(error), _) => Err(error),
                    (None, Some(error)) => Err(fenced.fence(&batch, error.clone())),
                    (None, None) => store.append(std::slice::from_ref(&batch)).await.map_err(|error| {
                        let error = Arc::new(error);
                        shared_error = error.is_unavailable().then(|| error.clone());
                        fenced.fence(&batch, error)
                    }),
                };
                complete(metrics, done, appended);
            }
        }
    }
}

/// Rooms that lost a batch. Later batches of such a room rest on the lost one; storing them would leave a gap in the
/// journal, so they are rejected until the room has reloaded and resets its fence.
#[derive(Default)]
struct FencedRooms(HashMap<RoomId, Arc<StoreError>>);

impl FencedRooms {
    /// Why the batch's room is fenced; `None` when it is not.
    fn error(&self, batch: &JournalBatch) -> Option<Arc<StoreError>> {
        self.0.get(&batch.room).cloned()
    }

    fn fence(&mut self, batch: &JournalBatch, error: Arc<StoreError>) -> Arc<StoreError> {
        tracing::error!(room = %batch.room, offset = batch.offset, %error, "append failed");
        self.0.insert(batch.room, error.clone());
        error
    }

    fn unfence(&mut self, room: RoomId) {
        self.0.remove(&room);
    }
}

/// A room that has ended no longer receives.
fn complete(metrics: &Metrics, done: oneshot::Sender<Appended>, appended: Appended) {
    metrics.batch(appended.is_ok());
    let _ = done.send(appended);
}
