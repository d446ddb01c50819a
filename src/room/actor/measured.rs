//! Findings of measurements, and the reports that wait for them.

use tutti_protocol::Command;

use super::Actor;
use crate::room::handle::Origin;
use crate::room::measurements::FinishedMeasurement;
use crate::room::state::{Input, Refusal, TrackFinding};

impl Actor {
    /// Whether findings can be stored. Until then they wait, like the measurements that have not finished.
    pub(super) fn takes_findings(&self) -> bool {
        !self.measurements.is_idle()
            && self.reload_at_ms.is_none()
            && self.refuse_until_ms <= self.context.clock.now_ms()
    }

    /// Starts to verify a report that the current entry cannot be played; `false` when the command is not such a report
    /// of a device that plays, or cannot be verified.
    pub(super) fn verify(&mut self, origin: Origin, command: &Command) -> bool {
        let Command::Skip { entry, unplayable: Some(true) } = command else { return false };
        let Some(on) = self.state.now_playing().filter(|on| entry.is_none_or(|meant| meant == on.id)) else {
            return false;
        };
        self.reload_at_ms.is_none()
            && self.replies.get(origin.by, origin.id).is_none()
            && self.presence.is_listening(origin.connection)
            && self.measurements.verify(on, origin)
    }

    /// Applies a finding, and answers the reports that waited for it.
    pub(super) async fn measured(&mut self, measurement: FinishedMeasurement) {
        let reports = self.measurements.take_reports(&self.state, &measurement);
        let FinishedMeasurement { entry, finding, .. } = measurement;
        let input = finding.clone().map(|finding| Input::TrackMeasured { entry, finding });
        if let Some(TrackFinding::Faulty(fault)) = &finding
            && let Some(faulty) = self.state.entry(entry)
        {
            let (provider, track) = (faulty.track.provider, &faulty.track.id);
            tracing::info!(room = %self.id, %provider, track, ?fault, "track cannot be played");
        }
        for origin in reports {
            let command = Command::Skip { entry: Some(entry), unplayable: Some(true) };
            let name = command.name();
            match (&finding, &input) {
                (Some(TrackFinding::Faulty(_) | TrackFinding::Away), Some(input)) => {
                    self.respond(origin, name, input).await;
                }
                (Some(TrackFinding::Plays { .. }), _) => self.refuse(origin, name, Refusal::TrackPlays),
                _ => self.respond(origin, name, &Input::Command { by: origin.by, command, tracks: vec![] }).await,
            }
        }
        if let Some(input) = input {
            let _ = self.execute(None, &input).await;
        }
    }
}
