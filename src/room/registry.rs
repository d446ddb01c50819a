//! The rooms in memory. Creates rooms and loads them on demand, each once however many callers open it at the same time.

use std::collections::BTreeSet;
use std::sync::{Arc, Weak};

use dashmap::DashMap;
use tokio::sync::{OnceCell, mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tutti_protocol::{EntryId, ReasonValues, RoomCode, RoomId, SettingsChange, TrackRef, UserId};

use super::actor::Actor;
use super::handle::{PasscodeHash, RoomHandle};
use super::load::load;
use super::measurements::TrackMeasurer;
use super::people::PeopleError;
use super::remote::{Edge, Remotes, Shared, Takeover};
use super::role::Role;
use super::state::{Audience, Ctx, Input, Newcomer, RoomState};
use super::view::View;
use crate::clock::Clock;
use crate::ids;
use crate::limits::{REMOTE_ANSWER_MAX, ROOM_INBOX_MAX};
use crate::store::journal::Journal;
use crate::store::{
    Fence, IndexChange, JournalBatch, SharedStore, StoreError, StoreResult, StoredPasscode, StoredRoom,
};
use crate::telemetry::Throttle;
use crate::telemetry::metrics::Metrics;

/// Attempts to find a free room code. There are 2^30 codes, so the first is nearly always free.
const CODE_TRIES: usize = 8;

/// Why a room cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// No room has this code.
    #[error("no such room")]
    NotFound,
    /// The room is closed.
    #[error("the room is closed")]
    Closed,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// All rooms. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Registry {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    /// A cell exists while its room is in memory or loading. Guards never leave this file's methods.
    rooms: DashMap<RoomCode, Arc<OnceCell<RoomHandle>>>,
    store: SharedStore,
    journal: Journal,
    clock: Clock,
    metrics: Metrics,
    measurer: Option<Arc<dyn TrackMeasurer>>,
    /// The other servers, with which this one shares the rooms.
    remotes: Option<Remotes>,
    /// Bounds the log lines that members can cause, over all rooms.
    log: Arc<Throttle>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

/// The parts of the server that a room's actor uses.
#[derive(Clone, Debug)]
pub(super) struct RoomContext {
    pub(super) store: SharedStore,
    pub(super) journal: Journal,
    pub(super) clock: Clock,
    pub(super) metrics: Metrics,
    pub(super) measurer: Option<Arc<dyn TrackMeasurer>>,
    pub(super) remotes: Option<Remotes>,
    pub(super) log: Arc<Throttle>,
    registry: Weak<Inner>,
}

impl RoomContext {
    /// Removes a room from the registry unless a handle to it exists; true when it was removed.
    pub(super) fn remove_room(&self, code: RoomCode) -> bool {
        // Handles are cloned under the same shard's lock, so no new one appears between the check and the removal.
        let unused = |_: &RoomCode, cell: &Arc<OnceCell<RoomHandle>>| {
            Arc::strong_count(cell) == 1 && cell.get().is_some_and(|handle| handle.inbox.strong_count() == 1)
        };
        self.registry.upgrade().is_none_or(|registry| registry.rooms.remove_if(&code, unused).is_some())
    }
}

impl Registry {
    /// An empty registry. Rooms ask `measurer` about the tracks that are queued. Actors run on `tasks`; when `stop` is cancelled they checkpoint their rooms and end.
    pub fn new(
        store: SharedStore,
        journal: Journal,
        clock: Clock,
        metrics: Metrics,
        measurer: Option<Arc<dyn TrackMeasurer>>,
        tasks: TaskTracker,
        stop: CancellationToken,
    ) -> Self {
        let (rooms, log) = (DashMap::new(), Arc::new(Throttle::new(clock)));
        let remotes = None;
        Self { inner: Arc::new(Inner { rooms, store, journal, clock, metrics, measurer, remotes, log, tasks, stop }) }
    }

    /// Shares the rooms with other servers. Call it before the registry is cloned.
    #[must_use]
    pub fn sharing(mut self, remotes: Remotes) -> Self {
        if let Some(inner) = Arc::get_mut(&mut self.inner) {
            inner.remotes = Some(remotes);
        }
        self
    }

    pub(super) fn clock(&self) -> Clock {
        self.inner.clock
    }

    /// The number of rooms in memory.
    pub fn len(&self) -> usize {
        self.inner.rooms.len()
    }

    /// Batches of events that wait for a group commit.
    pub fn journal_queue(&self) -> usize {
        self.inner.journal.waiting()
    }

    /// True when no room is in memory.
    pub fn is_empty(&self) -> bool {
        self.inner.rooms.is_empty()
    }

    /// Creates a room with `host` as its first member. `passcode` gets the room's id, to which its passcode is bound;
    /// `settings` are those that differ from the defaults.
    pub async fn create(
        &self,
        name: &str,
        passcode: impl FnOnce(RoomId) -> Option<StoredPasscode>,
        host: Newcomer,
        settings: SettingsChange,
    ) -> StoreResult<StoredRoom> {
        let now_ms = self.inner.clock.now_ms();
        let id = RoomId(ids::uuid_v7(now_ms));
        let passcode = passcode(id);
        for _ in 0..CODE_TRIES {
            let room = StoredRoom {
                id,
                code: ids::room_code(),
                name: name.to_owned(),
                host: host.id,
                passcode: passcode.clone(),
                created_at_ms: now_ms,
                closed_at_ms: None,
            };
            match self.inner.store.create_room(&room, &first_batch(&room, &host, &settings)).await {
                Err(StoreError::Conflict("room code")) => {}
                created => return created.map(|()| room),
            }
        }
        Err(StoreError::Conflict("room code"))
    }

    /// The room's record in the store.
    pub async fn find(&self, code: RoomCode) -> StoreResult<Option<StoredRoom>> {
        self.inner.store.room_by_code(code).await
    }

    /// The open rooms that a user is a member of, newest first.
    pub async fn rooms_of(&self, user: UserId, rooms_max: u32) -> StoreResult<Vec<StoredRoom>> {
        self.inner.store.rooms_of(user, rooms_max).await
    }

    /// Whether a track is on or coming up in a room of the user, as far as their rooms are in memory.
    pub async fn has_track_for(&self, user: UserId, track: &TrackRef) -> bool {
        for room in self.loaded_rooms_of(user) {
            if room.has_track(track.clone()).await {
                return true;
            }
        }
        false
    }

    /// Loads the rooms of a user, at most `rooms_max`.
    pub async fn load_rooms_of(&self, user: UserId, rooms_max: u32) -> StoreResult<()> {
        for room in self.rooms_of(user, rooms_max).await? {
            if let Err(OpenError::Store(error)) = self.open(room.code).await {
                return Err(error);
            }
        }
        Ok(())
    }

    fn loaded_rooms_of(&self, user: UserId) -> Vec<RoomHandle> {
        let rooms = self.inner.rooms.iter();
        let of_user = |room: &&RoomHandle| room.view.borrow().members.contains(&user);
        rooms.filter_map(|cell| cell.get().filter(of_user).cloned()).collect()
    }

    /// A handle to a room, loaded if it is not in memory.
    pub async fn open(&self, code: RoomCode) -> Result<RoomHandle, OpenError> {
        let rooms = &self.inner.rooms;
        loop {
            let cell = rooms.entry(code).or_default().clone();
            match cell.get_or_try_init(|| self.load(code)).await {
                // The actor panicked: load this room again. Other rooms are not affected.
                Ok(handle) if handle.inbox.is_closed() && !self.inner.stop.is_cancelled() => {
                    rooms.remove_if(&code, |_, known| Arc::ptr_eq(known, &cell));
                }
                Ok(handle) => return Ok(handle.clone()),
                Err(error) => {
                    // The map and this call hold the cell; a third reference is a call that is loading the same room.
                    rooms.remove_if(&code, |_, known| Arc::strong_count(known) == 2 && !known.initialized());
                    return Err(error);
                }
            }
        }
    }

    /// Whether a user is a member of an open room. Where servers share rooms, one that is not in memory is only read: opening
    /// it would claim it, and its connections may come to another server.
    pub async fn is_member(&self, room: &StoredRoom, user: UserId) -> Result<bool, OpenError> {
        if self.inner.remotes.is_some() && self.loaded(room.code).is_none() {
            let loaded = load(&self.inner.store, room.id, room.code).await?;
            return Ok(loaded.state.role_of(user).is_some());
        }
        Ok(self.open(room.code).await?.role_of(user).await.is_some())
    }

    /// A room that is in memory. One that is not has no connections here.
    pub fn loaded(&self, code: RoomCode) -> Option<RoomHandle> {
        self.inner.rooms.get(&code).and_then(|cell| cell.get().cloned())
    }

    /// Closes an open room in which nothing ever happened and that has no connection; returns whether it did.
    pub async fn close_if_unused(&self, room: &StoredRoom) -> Result<bool, PeopleError> {
        // Most rooms are used. Reading them costs less than opening them.
        if !load(&self.inner.store, room.id, room.code).await?.state.is_unused() {
            return Ok(false);
        }
        let handle = match self.open(room.code).await {
            Ok(handle) => handle,
            Err(OpenError::Closed | OpenError::NotFound) => return Ok(false),
            Err(OpenError::Store(error)) => return Err(error.into()),
        };
        let unused = handle.is_unused().await;
        if unused {
            handle.close(room.host).await?;
        }
        Ok(unused)
    }

    /// Sends a notice to the hosts of the rooms in memory whose view satisfies `wanted`.
    pub fn notify_hosts(
        &self,
        code: &'static str,
        message: &str,
        values: &ReasonValues,
        wanted: impl Fn(&View) -> bool,
    ) {
        for cell in &self.inner.rooms {
            if let Some(room) = cell.get().filter(|room| wanted(&room.view.borrow())) {
                room.notify_host(code, message.to_owned(), values.clone());
            }
        }
    }

    pub(super) fn store(&self) -> &SharedStore {
        &self.inner.store
    }

    async fn load(&self, code: RoomCode) -> Result<RoomHandle, OpenError> {
        let inner = &self.inner;
        let room = inner.store.room_by_code(code).await?.ok_or(OpenError::NotFound)?;
        if room.closed_at_ms.is_some() {
            return Err(OpenError::Closed);
        }
        let context = RoomContext {
            store: inner.store.clone(),
            journal: inner.journal.clone(),
            clock: inner.clock,
            metrics: inner.metrics.clone(),
            measurer: inner.measurer.clone(),
            remotes: inner.remotes.clone(),
            log: inner.log.clone(),
            registry: Arc::downgrade(inner),
        };
        let passcode = PasscodeHash::default();
        passcode.set(room.passcode.as_ref());
        let (inbox, messages) = mpsc::channel(ROOM_INBOX_MAX);
        let (views, mut view) = watch::channel(View::of(&RoomState::new(code)));
        let shared = Shared { id: room.id, code, context, passcode: passcode.clone(), views };
        let role = match (inner.journal.claim(room.id).await, &inner.remotes) {
            (Ok(fence), _) => {
                let loaded = load(&inner.store, room.id, code).await?;
                // An earlier actor of this room may have lost a batch.
                inner.journal.reset_fence(room.id).await;
                Role::Owner(Box::new(Actor::new(shared, fence, loaded)), vec![])
            }
            (Err(StoreError::Owned(node)), Some(remotes)) => {
                Role::Edge(Box::new(Edge::new(shared, remotes.clone(), &node, Takeover::default())))
            }
            (Err(error), _) => return Err(error.into()),
        };
        view.mark_unchanged();
        let is_relayed = matches!(role, Role::Edge(_));
        inner.tasks.spawn(role.run(messages, inner.stop.clone()));
        if is_relayed && !matches!(tokio::time::timeout(REMOTE_ANSWER_MAX, view.changed()).await, Ok(Ok(()))) {
            return Err(StoreError::Unreachable.into());
        }
        Ok(RoomHandle { id: room.id, passcode, inbox, view })
    }
}

fn first_batch(room: &StoredRoom, host: &Newcomer, settings: &SettingsChange) -> JournalBatch {
    let present = BTreeSet::new();
    let now_ms = room.created_at_ms;
    let (new_entry, audience) = (EntryId(room.id.0), Audience::default());
    let ctx = Ctx {
        now_ms,
        new_entry,
        present: &present,
        host_gone_since_ms: None,
        audience: &audience,
        unheard_since_ms: None,
    };
    let mut state = RoomState::new(room.code);
    let events = state
        .handle(
            &ctx,
            &Input::Create { name: room.name.clone(), host: host.clone(), settings: Box::new(settings.clone()) },
        )
        .expect("a new room has no rule that refuses its creation");
    JournalBatch {
        room: room.id,
        epoch: u64::try_from(room.created_at_ms).unwrap_or(0),
        offset: state.offset(),
        at_ms: room.created_at_ms,
        command: None,
        events: serde_json::to_string(&events).expect("events are JSON"),
        index: events.iter().flat_map(IndexChange::of).collect(),
        fence: Fence::default(),
        erasure: None,
    }
}
