//! A room's view: its playback, output and members, for parts of the server that follow a room without a connection.
//!
//! Like everything that leaves a room, a view is published once its events are durable. Not in it: queues
//! and settings.

use std::collections::BTreeSet;
use std::sync::Arc;

use tutti_protocol::{Entry, Event, Output, Playback, ProviderId, UserId};

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
    /// The providers of the entries that play or are queued.
    pub providers: Arc<BTreeSet<ProviderId>>,
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
            providers: Arc::new(providers(state)),
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
            let providers = if events.iter().any(|event| self.changes_providers(event)) {
                Arc::new(providers(state))
            } else {
                self.providers.clone()
            };
            let (now_playing, output) = (state.now_playing().cloned(), state.output().clone());
            let playback = *state.playback();
            Self { host: state.host(), members, now_playing, playback, output, providers, closed: state.is_closed() }
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
        let is_measured = |on: &Entry| matches!(event, Event::TrackMeasured { entry, .. } if *entry == on.id);
        is_shown
            || self.now_playing.as_ref().is_some_and(is_measured)
            || changes_members(event)
            || self.brings_provider(event)
    }

    /// A provider comes with an entry, and goes when an entry ends or with a member's queue.
    fn changes_providers(&self, event: &Event) -> bool {
        let ends = matches!(event, Event::EntryEnded { .. });
        let removes_queue = changes_members(event) && !matches!(event, Event::MemberJoined { .. });
        ends || removes_queue || self.brings_provider(event)
    }

    fn brings_provider(&self, event: &Event) -> bool {
        match event {
            Event::EntryAdded { entry, .. } | Event::EntryStarted { entry, .. } => {
                !self.providers.contains(&entry.track.provider)
            }
            _ => false,
        }
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

fn providers(state: &RoomState) -> BTreeSet<ProviderId> {
    let queued = state.members().flat_map(|member| state.queue_of(member));
    state.now_playing().into_iter().chain(queued).map(|entry| entry.track.provider).collect()
}
