//! A room's view: its playback, output and members, for parts of the server that follow a room without a connection.
//!
//! Like everything that leaves a room, a view is published once its events are durable. Not in it: queues
//! and settings.

use std::collections::BTreeSet;
use std::sync::Arc;

use tutti_protocol::{Entry, Event, Output, Playback, Provider, UserId};

use super::state::RoomState;

/// A room as seen from outside.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// The host.
    pub host: Option<UserId>,
    /// All members, present or not.
    pub members: Arc<BTreeSet<UserId>>,
    /// The entry that plays or is paused.
    pub now_playing: Option<Entry>,
    /// Its timeline.
    pub playback: Playback,
    /// Which devices may play.
    pub output: Output,
    /// Whether an entry from Spotify plays or is queued.
    pub spotify: bool,
    /// Whether the room is closed.
    pub closed: bool,
}

impl View {
    /// The view of a state.
    pub(super) fn of(state: &RoomState) -> Self {
        Self {
            host: state.host(),
            members: Arc::new(state.members().collect()),
            now_playing: state.now_playing().cloned(),
            playback: *state.playback(),
            output: state.output().clone(),
            spotify: has_spotify(state),
            closed: state.is_closed(),
        }
    }

    /// The view after `events`; `None` when they change nothing in it. Costs nothing for events that cannot, such as a queued
    /// track, however long the queues are.
    pub(super) fn after(&self, state: &RoomState, events: &[Event]) -> Option<Self> {
        events.iter().any(|event| self.is_changed_by(event)).then(|| {
            let members = if events.iter().any(changes_members) {
                Arc::new(state.members().collect())
            } else {
                self.members.clone()
            };
            let spotify = (self.spotify || events.iter().any(brings_spotify)) && has_spotify(state);
            let (now_playing, output) = (state.now_playing().cloned(), state.output().clone());
            let playback = *state.playback();
            Self { host: state.host(), members, now_playing, playback, output, spotify, closed: state.is_closed() }
        })
    }

    fn is_changed_by(&self, event: &Event) -> bool {
        let is_shown = matches!(
            event,
            Event::EntryStarted { .. }
                | Event::EntryEnded { .. }
                | Event::PlaybackChanged { .. }
                | Event::OutputChanged { .. }
                | Event::HostTransferred { .. }
                | Event::HostClaimed { .. }
                | Event::RoomClosed { .. }
        );
        is_shown || changes_members(event) || (!self.spotify && brings_spotify(event))
    }
}

fn changes_members(event: &Event) -> bool {
    matches!(
        event,
        Event::MemberJoined { .. }
            | Event::MemberLeft { .. }
            | Event::MemberKicked { .. }
            | Event::MemberBanned { .. }
            | Event::MemberForgotten { .. }
            | Event::MemberMerged { .. }
            | Event::Undone { .. }
    )
}

fn brings_spotify(event: &Event) -> bool {
    match event {
        Event::EntryAdded { entry, .. } | Event::EntryStarted { entry, .. } => is_from_spotify(entry),
        Event::Undone { .. } => true,
        _ => false,
    }
}

fn has_spotify(state: &RoomState) -> bool {
    state.now_playing().is_some_and(is_from_spotify)
        || state.members().any(|member| state.queue_of(member).any(is_from_spotify))
}

fn is_from_spotify(entry: &Entry) -> bool {
    entry.track.provider == Provider::Spotify
}
