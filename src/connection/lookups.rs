//! Looks up the tracks that commands name, in a task beside the connection's read loop.
//!
//! While the task runs, the connection's later commands queue behind it, so that commands take effect in the order in which
//! they were sent. Other frames, other connections and deltas never wait for a provider.
//!
//! At most [`COMMANDS_WAITING_MAX`] commands wait. Each has [`TRACK_LOOKUP_TIMEOUT`] for its tracks and is then refused with
//! `unavailable`. The task and its queue exist only while there is such a command. Waiting commands are dropped when the
//! connection ends: they were not acknowledged, so clients send them again.

use std::collections::VecDeque;
use std::sync::Arc;

use futures_util::{StreamExt as _, stream};
use parking_lot::Mutex;
use tokio::task::AbortHandle;
use tutti_protocol::{Command, CommandId, ProviderId, Reason, ServerFrame, Track, TrackRef, UserId};

use super::ConnectionContext;
use crate::limits::{COMMANDS_WAITING_MAX, TRACK_LOOKUP_TIMEOUT, TRACK_LOOKUPS_AT_ONCE_MAX};
use crate::providers::{Asker, Provider, ProviderError};
use crate::room::RoomHandle;
use crate::room::state::ENQUEUE_ALL_MAX;
use crate::transport::{Link, frame};

/// The commands of one connection that cannot run yet.
#[derive(Debug, Default)]
pub(super) struct Lookups {
    running: Option<Box<Running>>,
}

#[derive(Debug)]
struct Running {
    queue: Arc<Mutex<Queue>>,
    task: AbortHandle,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<(CommandId, Command)>,
    /// The task has ended or is about to: nothing more may be queued.
    is_done: bool,
}

/// When a command runs.
#[derive(Debug)]
pub(super) enum Turn {
    /// Immediately: it names no tracks, and no command waits.
    Now(Command),
    /// In the task.
    Later,
    /// Never: too many commands wait.
    Full,
}

/// Why the tracks of a command could not be looked up.
struct Refusal {
    provider: ProviderId,
    reason: Reason,
    message: String,
}

/// The parts of a connection that the task uses.
pub(super) struct Lookup {
    pub(super) context: Arc<ConnectionContext>,
    pub(super) link: Arc<Link>,
    pub(super) user: UserId,
    pub(super) room: RoomHandle,
}

impl Lookups {
    /// Decides when a command runs, and takes it over if it has to wait.
    pub(super) fn turn(&mut self, id: CommandId, command: Command, lookup: impl FnOnce() -> Lookup) -> Turn {
        if let Some(running) = &self.running {
            let mut queue = running.queue.lock();
            if !queue.is_done {
                if queue.waiting.len() >= COMMANDS_WAITING_MAX {
                    return Turn::Full;
                }
                queue.waiting.push_back((id, command));
                return Turn::Later;
            }
        }
        self.running = None;
        if named_tracks(&command).is_empty() {
            return Turn::Now(command);
        }
        let (queue, lookup) = (Arc::new(Mutex::default()), lookup());
        let tasks = lookup.context.tasks.clone();
        let task = tasks.spawn(lookup.run((id, command), queue.clone())).abort_handle();
        self.running = Some(Box::new(Running { queue, task }));
        Turn::Later
    }

    /// Drops the commands that wait.
    pub(super) fn end(&mut self) {
        if let Some(running) = self.running.take() {
            running.task.abort();
        }
    }
}

impl Drop for Lookups {
    fn drop(&mut self) {
        self.end();
    }
}

impl Lookup {
    async fn run(self, first: (CommandId, Command), queue: Arc<Mutex<Queue>>) {
        let mut next = Some(first);
        while let Some((id, command)) = next {
            self.command(id, command).await;
            let mut queue = queue.lock();
            next = queue.waiting.pop_front();
            queue.is_done = next.is_none();
        }
    }

    async fn command(&self, id: CommandId, command: Command) {
        let tracks = tokio::time::timeout(TRACK_LOOKUP_TIMEOUT, self.tracks(&command));
        let Refusal { provider, reason, message } = match tracks.await {
            Ok(Ok(tracks)) => return self.room.command(self.link.id, self.user, id, command, tracks).await,
            Ok(Err(refusal)) => refusal,
            Err(_) => {
                tracing::warn!(member = %self.user, command = command.name(), "track lookup timed out");
                let provider = named_tracks(&command).first().map_or(ProviderId::LIBRARY, |track| track.provider);
                let message = "Looking this up takes too long at the moment. Please try again.";
                Refusal { provider, reason: Reason::ProviderUnavailable, message: message.to_owned() }
            }
        };
        self.context.metrics.refusal(reason);
        let named = reason.value_names().iter().map(|name| ((*name).to_owned(), provider.as_str().into()));
        self.link.outbox.push(&frame::json(&ServerFrame::refused(id, reason, named.collect(), message)));
    }

    /// The tracks that exist, in the order in which they are named. `enqueue_all` leaves out what does not play, unless that
    /// is all.
    async fn tracks(&self, command: &Command) -> Result<Vec<Track>, Refusal> {
        let asker = Asker { user: self.user, host: self.room.view().borrow().host };
        let lookups: Vec<_> = named_tracks(command).iter().map(|track| self.track(asker, track)).collect();
        let mut lookups = stream::iter(lookups).buffered(TRACK_LOOKUPS_AT_ONCE_MAX);
        let (mut tracks, mut left_out) = (Vec::new(), None);
        while let Some(found) = lookups.next().await {
            match found {
                Ok(track) => tracks.extend(track),
                Err(refusal)
                    if refusal.reason == Reason::TrackUnplayable && matches!(command, Command::EnqueueAll { .. }) =>
                {
                    left_out = Some(refusal);
                }
                Err(refusal) => return Err(refusal),
            }
        }
        left_out.filter(|_| tracks.is_empty()).map_or(Ok(tracks), Err)
    }

    async fn track(&self, asker: Asker, track: &TrackRef) -> Result<Option<Track>, Refusal> {
        let Some(provider) = self.context.catalogue.get(track.provider) else {
            let message = format!("This server plays nothing from {}.", track.provider);
            return Err(Refusal { provider: track.provider, reason: Reason::NoSuchTrack, message });
        };
        let found = provider.track(&asker, &track.id).await;
        found.map_err(|error| refusal_of(provider, &error))
    }
}

/// The tracks that a command names.
pub(super) fn named_tracks(command: &Command) -> &[TrackRef] {
    match command {
        Command::Enqueue { track, .. } => std::slice::from_ref(track),
        Command::EnqueueAll { tracks } => &tracks[..tracks.len().min(ENQUEUE_ALL_MAX)],
        Command::SetSettings { settings } => settings.fallback.as_deref().unwrap_or_default(),
        _ => &[],
    }
}

/// Why a provider did not return a track, for the member.
fn refusal_of(provider: &dyn Provider, error: &ProviderError) -> Refusal {
    let name = provider.name();
    let message = match error {
        ProviderError::NotLinked | ProviderError::Forbidden(_) => {
            format!("Tracks from {name} can be added when you or the host has linked {name}.")
        }
        ProviderError::Unplayable => format!("{name} does not play this track here."),
        ProviderError::RateLimited { .. } => {
            format!("{name} accepts no more requests from this server for a while. Everything else works.")
        }
        ProviderError::Invalid(message) => (*message).to_owned(),
        ProviderError::Unavailable(cause) => {
            tracing::error!(provider = %provider.id(), cause = format!("{cause:#}"), "track lookup failed");
            "The music cannot be reached at the moment.".to_owned()
        }
    };
    Refusal { provider: provider.id(), reason: error.reason(), message }
}
