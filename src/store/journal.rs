//! Group commit: the appends of all rooms, one transaction after the other.
//!
//! While one transaction is being synced to the disk the next one gathers, so a lone append waits for nobody and a
//! thousand rooms share one sync. Where many come, each transaction waits for a while after the one before it began: a
//! sync and a page cost the same for one row and for ten. An append is answered only after its transaction is durable.
//! When a transaction fails its batches are tried one by one, so that one room's conflict is not another room's failure;
//! when the database cannot be asked, all of them fail with it, so that nobody waits for a thousand timeouts. After a
//! batch that is lost nothing of the same room is kept until it begins anew.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use tokio_util::task::TaskTracker;
use tutti_protocol::RoomId;

use super::{JournalBatch, SharedStore, StoreError};
use crate::clock::{Clock, whole_ms};
use crate::limits::{JOURNAL_BATCH_MAX, JOURNAL_FEW, JOURNAL_PACE_EACH, JOURNAL_PACE_MAX, JOURNAL_QUEUE_MAX};
use crate::telemetry::metrics::Metrics;

/// The result of an append; the error is shared with the log.
pub type Appended = Result<(), Arc<StoreError>>;

/// Where rooms hand their events over. Cheap to clone; the journal ends when the last clone is gone.
#[derive(Clone, Debug)]
pub struct Journal {
    queue: mpsc::Sender<Message>,
}

#[derive(Debug)]
enum Message {
    Append(Box<JournalBatch>, oneshot::Sender<Appended>),
    BeginAnew(RoomId),
}

impl Journal {
    /// Starts the one writer.
    pub fn start(store: SharedStore, clock: Clock, metrics: Metrics, tasks: &TaskTracker) -> Self {
        let (queue, messages) = mpsc::channel(JOURNAL_QUEUE_MAX);
        tasks.spawn(write(store, clock, metrics, messages));
        Self { queue }
    }

    /// Hands a batch over; waits only while the queue is full. The receiver resolves once the batch is durable or is
    /// known not to be; it is dropped without an answer only when the process ends.
    pub async fn append(&self, batch: JournalBatch) -> oneshot::Receiver<Appended> {
        let (done, appended) = oneshot::channel();
        let _ = self.queue.send(Message::Append(Box::new(batch), done)).await;
        appended
    }

    /// What this room appends from now on rests on what is stored.
    pub async fn begin_anew(&self, room: RoomId) {
        let _ = self.queue.send(Message::BeginAnew(room)).await;
    }
}

async fn write(store: SharedStore, clock: Clock, metrics: Metrics, mut queue: mpsc::Receiver<Message>) {
    let mut gathered = Vec::new();
    let mut broken = Broken::default();
    while queue.recv_many(&mut gathered, JOURNAL_BATCH_MAX).await > 0 {
        let (mut batches, mut waiting) = (Vec::new(), Vec::new());
        for message in gathered.drain(..) {
            match message {
                Message::BeginAnew(room) => broken.mend(room),
                Message::Append(batch, done) => {
                    if let Some(error) = broken.of(&batch) {
                        answer(&metrics, done, Err(error));
                    } else {
                        batches.push(*batch);
                        waiting.push(done);
                    }
                }
            }
        }
        if batches.is_empty() {
            continue;
        }
        let began_ms = clock.now_ms_f64();
        let count = batches.len();
        let committed = store.append(&batches).await;
        metrics.commit(clock.now_ms_f64() - began_ms);
        match committed {
            Ok(()) => waiting.into_iter().for_each(|done| answer(&metrics, done, Ok(()))),
            Err(error) => {
                let mut given_up = (batches.len() == 1 || error.is_unavailable()).then(|| Arc::new(error));
                for (batch, done) in batches.into_iter().zip(waiting) {
                    let appended = match (broken.of(&batch), &given_up) {
                        (Some(error), _) => Err(error),
                        (None, Some(error)) => Err(broken.by(&batch, error.clone())),
                        (None, None) => store.append(std::slice::from_ref(&batch)).await.map_err(|error| {
                            let error = Arc::new(error);
                            given_up = error.is_unavailable().then(|| error.clone());
                            broken.by(&batch, error)
                        }),
                    };
                    answer(&metrics, done, appended);
                }
            }
        }
        if count >= JOURNAL_FEW {
            let pace = JOURNAL_PACE_EACH * u32::try_from(count).unwrap_or(u32::MAX);
            tokio::time::sleep_until(clock.instant_at(whole_ms(began_ms)) + pace.min(JOURNAL_PACE_MAX)).await;
        }
    }
}

/// Rooms of which a batch is lost. What was decided after it rests on it, and kept alone would leave a hole in the journal; so
/// nothing more is taken. The room loads itself anew, says so, and goes on from there.
#[derive(Default)]
struct Broken(HashMap<RoomId, Arc<StoreError>>);

impl Broken {
    fn of(&self, batch: &JournalBatch) -> Option<Arc<StoreError>> {
        self.0.get(&batch.room).cloned()
    }

    fn by(&mut self, batch: &JournalBatch, error: Arc<StoreError>) -> Arc<StoreError> {
        tracing::error!(room = %batch.room, offset = batch.offset, %error, "append failed");
        self.0.insert(batch.room, error.clone());
        error
    }

    fn mend(&mut self, room: RoomId) {
        self.0.remove(&room);
    }
}

/// A room that is gone does not wait for its answer.
fn answer(metrics: &Metrics, done: oneshot::Sender<Appended>, appended: Appended) {
    metrics.batch(appended.is_ok());
    let _ = done.send(appended);
}
