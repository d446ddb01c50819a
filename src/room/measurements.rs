//! Measures the tracks of a room's entries in tasks beside its actor.
//!
//! Every queued entry is measured once while its room is in memory, in the order of play. It is measured again when it is
//! locked and when it starts, because its file may have vanished meanwhile, and when a device reports that it cannot play
//! it.
//!
//! At most [`MEASUREMENTS_AT_ONCE_MAX`] tracks of a room are measured at a time, each for at most
//! [`MEASUREMENT_TIMEOUT`], and beside them those that devices report. The actor never waits for a measurement. Pending measurements are not stored: a room that is
//! loaded measures its entries again.
//!
//! Not in here: what a finding means for an entry, which the room's state decides.

use std::collections::HashSet;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::FutureExt as _;
use tokio::task::JoinSet;
use tutti_protocol::{Entry, EntryId, Event, TrackRef};

use super::handle::Origin;
use super::state::{ENTRIES_PER_ROOM_MAX, RoomState, TrackFinding};
use crate::limits::{
    BACKGROUND_MEASUREMENTS_MAX, MEASUREMENT_TIMEOUT, MEASUREMENTS_AT_ONCE_MAX, REPORT_TIMEOUT, REPORTS_WAITING_MAX,
};

/// How many places of the order of play are measured before other entries.
const PLACES_FIRST: usize = 32;

/// Finds out whether a track plays, and how long it is.
#[async_trait]
pub trait TrackMeasurer: fmt::Debug + Send + Sync {
    /// Measures a track; `None` when that is not possible.
    async fn measure(&self, track: &TrackRef) -> Option<TrackFinding>;
}

/// The measurements of one room.
#[derive(Debug)]
pub(super) struct Measurements {
    measurer: Option<Arc<dyn TrackMeasurer>>,
    /// Entries that wait to be measured. Some may have left the room.
    waiting: HashSet<EntryId>,
    tasks: JoinSet<FinishedMeasurement>,
    /// How many of the tasks measure in the background.
    background: usize,
    /// Reports that wait for a measurement of the entry that they are about.
    reports: Vec<Report>,
}

/// A finished measurement.
#[derive(Debug)]
pub(super) struct FinishedMeasurement {
    pub(super) entry: EntryId,
    pub(super) finding: Option<TrackFinding>,
    purpose: Purpose,
}

/// Why a track is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    /// It is queued.
    Background,
    /// It is about to start, or on.
    Start,
    /// A device reports that it cannot play it.
    Report,
}

/// A device's report that it cannot play the current entry.
#[derive(Debug)]
struct Report {
    entry: EntryId,
    origin: Origin,
}

impl Measurements {
    /// Begins to measure the entries of a room. Without a measurer, nothing is measured.
    pub(super) fn start(measurer: Option<Arc<dyn TrackMeasurer>>, state: &RoomState) -> Self {
        let (waiting, tasks, reports) = (HashSet::new(), JoinSet::new(), vec![]);
        let mut measurements = Self { measurer, waiting, tasks, background: 0, reports };
        measurements.measure_all(state);
        measurements
    }

    /// Measures every entry of the room.
    pub(super) fn measure_all(&mut self, state: &RoomState) {
        if self.measurer.is_some() {
            self.waiting.extend(state.queued().map(|entry| entry.id));
            state.now_playing().into_iter().for_each(|on| self.measure_now(on));
            self.fill(state);
        }
    }

    /// Measures the entries that were queued, locked or started. `state` is the room after `events`.
    pub(super) fn follow(&mut self, state: &RoomState, events: &[Event]) {
        if self.measurer.is_none() {
            return;
        }
        for event in events {
            match event {
                Event::EntryAdded { entry, .. } => {
                    self.waiting.insert(entry.id);
                }
                Event::SuggestionApproved { entry, .. } => {
                    self.waiting.insert(*entry);
                }
                Event::NextLocked { entry } => state.entry(*entry).into_iter().for_each(|next| self.measure_now(next)),
                Event::EntryStarted { entry, .. } => self.measure_now(entry),
                _ => {}
            }
        }
        self.fill(state);
    }

    /// Measures the current entry again for a report; `false` when the report cannot wait for that.
    pub(super) fn verify(&mut self, on: &Entry, origin: Origin) -> bool {
        if self.measurer.is_none() || self.reports.len() >= REPORTS_WAITING_MAX {
            return false;
        }
        if !self.reports.iter().any(|report| report.entry == on.id) {
            // Beside the other measurements, which may take long.
            self.spawn(on, Purpose::Report, REPORT_TIMEOUT);
        }
        self.reports.push(Report { entry: on.id, origin });
        true
    }

    /// Whether nothing is being measured.
    pub(super) fn is_idle(&self) -> bool {
        self.tasks.is_empty()
    }

    /// The next measurement that finishes; `None` when none is running. Cancel-safe.
    pub(super) async fn finished(&mut self) -> Option<FinishedMeasurement> {
        let measurement = self.tasks.join_next().await?.ok()?;
        self.background -= usize::from(measurement.purpose == Purpose::Background);
        Some(measurement)
    }

    /// Takes the reports that waited for a measurement, and measures what waits.
    pub(super) fn take_reports(&mut self, state: &RoomState, measurement: &FinishedMeasurement) -> Vec<Origin> {
        self.fill(state);
        if measurement.purpose != Purpose::Report {
            return vec![];
        }
        let about = |report: &mut Report| report.entry == measurement.entry;
        self.reports.extract_if(.., about).map(|report| report.origin).collect()
    }

    fn measure_now(&mut self, entry: &Entry) {
        if self.tasks.len() < MEASUREMENTS_AT_ONCE_MAX {
            self.waiting.remove(&entry.id);
            self.spawn(entry, Purpose::Start, MEASUREMENT_TIMEOUT);
        } else {
            self.waiting.insert(entry.id);
        }
    }

    /// Starts background measurements up to their number.
    fn fill(&mut self, state: &RoomState) {
        if self.waiting.len() > ENTRIES_PER_ROOM_MAX {
            // Most of them have left the room.
            let in_room: HashSet<_> = state.queued().chain(state.now_playing()).map(|entry| entry.id).collect();
            self.waiting.retain(|entry| in_room.contains(entry));
        }
        while self.background < BACKGROUND_MEASUREMENTS_MAX
            && self.tasks.len() < MEASUREMENTS_AT_ONCE_MAX
            && let Some(next) = self.take_next(state)
        {
            self.background += 1;
            self.spawn(next, Purpose::Background, MEASUREMENT_TIMEOUT);
        }
    }

    /// The current entry, the next ones by their place, then any.
    fn take_next<'a>(&mut self, state: &'a RoomState) -> Option<&'a Entry> {
        if self.waiting.is_empty() {
            return None;
        }
        let by_place = state.order(PLACES_FIRST).into_iter().map(|placed| placed.entry);
        let mut candidates = state.now_playing().into_iter().chain(by_place).chain(state.queued());
        let next = candidates.find(|entry| self.waiting.remove(&entry.id));
        if next.is_none() {
            // All of them have left the room.
            self.waiting.clear();
        }
        next
    }

    fn spawn(&mut self, entry: &Entry, purpose: Purpose, timeout: Duration) {
        let Some(measurer) = self.measurer.clone() else { return };
        let (entry, track) = (entry.id, TrackRef { provider: entry.track.provider, id: entry.track.id.clone() });
        self.tasks.spawn(async move {
            let measuring = AssertUnwindSafe(measurer.measure(&track)).catch_unwind();
            let finding = if let Ok(finding) = tokio::time::timeout(timeout, measuring).await {
                finding.unwrap_or_default()
            } else {
                tracing::warn!(provider = %track.provider, track = track.id, "measuring a track timed out");
                None
            };
            FinishedMeasurement { entry, finding, purpose }
        });
    }
}
