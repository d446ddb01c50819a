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
        let from_spotify = |entry: &Entry| entry.track.provider == Provider::Spotify;
        let members: BTreeSet<_> = state.members().collect();
        let waits = members.iter().flat_map(|member| state.queue_of(*member)).any(from_spotify);
        Self {
            host: state.host(),
            members: Arc::new(members),
            now_playing: state.now_playing().cloned(),
            playback: *state.playback(),
            output: state.output().clone(),
            spotify: waits || state.now_playing().is_some_and(from_spotify),
            closed: state.is_closed(),
        }
    }

    /// Whether an event can change a view.
    pub(super) fn shows(event: &Event) -> bool {
        matches!(
            event,
            Event::EntryStarted { .. }
                | Event::EntryEnded { .. }
                | Event::EntryAdded { .. }
                | Event::PlaybackChanged { .. }
                | Event::OutputChanged { .. }
                | Event::HostTransferred { .. }
                | Event::MemberJoined { .. }
                | Event::MemberLeft { .. }
                | Event::MemberKicked { .. }
                | Event::MemberBanned { .. }
                | Event::MemberForgotten { .. }
                | Event::MemberMerged { .. }
                | Event::Undone { .. }
                | Event::RoomClosed { .. }
        )
    }
}
