//! Rooms that several servers share. Each room has one owner, whose actor decides. Another server that holds connections to
//! the room relays them: it sends what its clients want to the owner, and what the owner says to its clients.
//!
//! | module | what |
//! |---|---|
//! | `edge` | the task of a room that another server owns |
//! | `serving` | the owner's task for one server that relays connections |
//! | `relay` | from the owner to another server's connections |
//! | `message` | what servers send each other |
//!
//! Nothing here is needed to lose nothing: what clients are told is durable before the owner says it, commands are repeated
//! until they are answered, and their ids make that one effect. A message that is lost begins a new stream, in which every
//! connection joins again with the position that its client knows. When the owner dies, a server that holds connections
//! claims the room, loads it, and continues with the connections that it has.

mod edge;
mod message;
mod relay;
mod serving;

use std::sync::Arc;

use bytes::Bytes;
use dashmap::DashMap;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tutti_protocol::RoomCode;

pub(super) use edge::{Edge, Ended, Held, Shared, Taken, Takeover};

use self::message::{Head, Request, Said, What};
use super::registry::Registry;
use crate::cluster::Living;
use crate::cluster::bus::{Bus, BusState, Subject};
use crate::limits::REMOTE_QUEUE_MAX;
use crate::store::LifeId;

/// The other servers that share the database. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Remotes {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    me: LifeId,
    bus: Arc<dyn Bus>,
    living: watch::Receiver<Living>,
    /// The rooms here that another server owns.
    edges: DashMap<RoomCode, mpsc::Sender<Heard<Said>>>,
    /// The streams of other servers that relay connections to rooms here.
    streams: DashMap<(LifeId, RoomCode), Served>,
}

#[derive(Debug)]
struct Served {
    requests: mpsc::Sender<Heard<Request>>,
    /// Cancelled when the room knows that the stream is over.
    ended: CancellationToken,
}

/// A message that arrived.
#[derive(Debug)]
struct Heard<T> {
    from: LifeId,
    stream: u64,
    number: u64,
    what: T,
    bytes: Bytes,
}

impl Remotes {
    /// Shares rooms with the servers in `living`, over a bus.
    pub fn new(me: LifeId, bus: Arc<dyn Bus>, living: watch::Receiver<Living>) -> Self {
        Self { inner: Arc::new(Inner { me, bus, living, edges: DashMap::new(), streams: DashMap::new() }) }
    }

    /// Hands the messages that arrived to their rooms, until `stop`.
    pub async fn run(
        self,
        mut messages: mpsc::Receiver<Bytes>,
        rooms: Registry,
        tasks: TaskTracker,
        stop: CancellationToken,
    ) {
        loop {
            let message = tokio::select! {
                message = messages.recv() => message,
                () = stop.cancelled() => return,
            };
            match message.map(|message| Head::decode(&message)) {
                Some(Some((head, bytes))) => self.dispatch(head, bytes, &rooms, &tasks),
                Some(None) => tracing::debug!("a message from another server was not understood"),
                None => return,
            }
        }
    }

    fn dispatch(&self, head: Head, bytes: Bytes, rooms: &Registry, tasks: &TaskTracker) {
        let Head { from, room, stream, number, what } = head;
        match what {
            What::Said(what) => {
                if let Some(edge) = self.inner.edges.get(&room) {
                    // What a full queue does not take is missed by its number.
                    let _ = edge.try_send(Heard { from, stream, number, what, bytes });
                }
            }
            What::Request(what) => {
                let heard = Heard { from, stream, number, what, bytes };
                if matches!(heard.what, Request::Open) {
                    let (requests, queue) = mpsc::channel(REMOTE_QUEUE_MAX);
                    let ended = CancellationToken::new();
                    let before = self.inner.streams.insert((from, room), Served { requests, ended: ended.clone() });
                    let before = before.map(|served| served.ended);
                    let serving = serving::serve(self.clone(), rooms.clone(), room, from, stream, queue);
                    let ended = ended.drop_guard();
                    tasks.spawn(async move {
                        // The connections of the stream before are the same ones.
                        if let Some(before) = before {
                            before.cancelled().await;
                        }
                        serving.await;
                        drop(ended);
                    });
                }
                if let Some(served) = self.inner.streams.get(&(from, room)) {
                    let _ = served.requests.try_send(heard);
                } else {
                    let what = What::Said(Said::Lost);
                    self.send(from, &Head { from: self.me(), room, stream, number: 0, what }, &[]);
                }
            }
        }
    }

    fn me(&self) -> LifeId {
        self.inner.me
    }

    fn living(&self) -> watch::Receiver<Living> {
        let mut living = self.inner.living.clone();
        living.mark_unchanged();
        living
    }

    fn state(&self) -> watch::Receiver<BusState> {
        self.inner.bus.state()
    }

    fn send(&self, to: LifeId, head: &Head, bytes: &[u8]) {
        self.inner.bus.send(Subject::Node(to), head.encode(bytes));
    }

    /// Forgets a stream that has ended, unless a newer one has replaced it.
    fn remove_stream(&self, from: LifeId, room: RoomCode) {
        self.inner.streams.remove_if(&(from, room), |_, served| served.requests.is_closed());
    }
}
