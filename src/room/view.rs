//! What goes on in a room, for those who follow it without a connection.
//!
//! A view is published when the events that it shows are durable, like everything that leaves a room. Not in it: what
//! members are told.

use std::collections::BTreeSet;
use std::sync::Arc;

use tutti_protocol::{Entry, Event, Output, Playback, Provider, UserId};

use super::state::RoomState;

/// A room as its followers see it.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// Whose room it is.
    pub host: Option<UserId>,
    /// Who belongs to it.
    pub members: Arc<BTreeSet<UserId>>,
    /// What is on.
    pub now_playing: Option<Entry>,
    /// Where in it.
    pub playback: Playback,
    /// Which devices play.
    pub output: Output,
    /// Whether anything from Spotify is on or waits.
    pub spotify: bool,
    /// Whether the room is over.
    pub closed: bool,
}

impl View {
    /// The room as it is.
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

    /// The room after these events; `None` when they show nothing new. What they cannot have changed is not looked at: a
    /// queued track costs nothing here, however many people have however much waiting.
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
