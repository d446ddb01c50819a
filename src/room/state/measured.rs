//! What follows from measuring a track: its entry is corrected, or removed when no device can play it.
//!
//! The owner's charge follows the exact length, as if it had been known. A faulty entry is not charged.

use tutti_protocol::{EndReason, EntryId, Event, Gain, TrackFault, UserId};

use crate::timeline::position_ms;
use crate::{Ctx, PRELOAD_WINDOW_MS, RoomState, TrackFinding};

impl RoomState {
    /// The events after a track was measured; none when everything is as known.
    pub(crate) fn measured(&self, ctx: &Ctx<'_>, id: EntryId, finding: &TrackFinding) -> Vec<Event> {
        match finding {
            TrackFinding::Faulty(fault) => self.faulty(ctx, id, *fault).into_iter().collect(),
            TrackFinding::Away => self.away(ctx, id).into_iter().collect(),
            TrackFinding::Plays { duration_ms, gain_db, art_url } => {
                self.plays(ctx, id, *duration_ms, *gain_db, art_url.as_deref())
            }
        }
    }

    /// Only the current entry cannot wait for its file.
    fn away(&self, ctx: &Ctx<'_>, id: EntryId) -> Option<Event> {
        let current = self.current.as_ref().filter(|current| current.entry.id == id)?;
        Some(self.ended(ctx, current, TrackFault::Gone.into(), None))
    }

    fn faulty(&self, ctx: &Ctx<'_>, id: EntryId, fault: TrackFault) -> Option<Event> {
        if let Some(current) = self.current.as_ref().filter(|current| current.entry.id == id) {
            return Some(self.ended(ctx, current, fault.into(), None));
        }
        let removed = Some(Box::new(self.entry(id)?.clone()));
        Some(Event::EntryRemoved { entry: id, by: UserId::NIL, note: None, removed, fault: Some(fault) })
    }

    fn plays(
        &self,
        ctx: &Ctx<'_>,
        id: EntryId,
        duration_ms: u64,
        gain_db: Option<Gain>,
        art_url: Option<&str>,
    ) -> Vec<Event> {
        let Some(entry) = self.entry(id) else { return vec![] };
        // A gain that is known once stays known.
        let gain_db = gain_db.or(entry.track.gain_db);
        let art_url = art_url.filter(|address| entry.track.art_url.as_deref() != Some(address)).map(str::to_owned);
        if (entry.track.duration_ms, entry.track.gain_db) == (duration_ms, gain_db) && art_url.is_none() {
            return vec![];
        }
        let measured = Event::TrackMeasured { entry: id, duration_ms, gain_db, art_url };
        // A current entry that is past its exact end is over: the next one waits for devices, as after a skip, because a
        // start in the past would cut off its beginning.
        let over = self.current.as_ref().filter(|current| current.entry.id == id).and_then(|current| {
            let mut exact = current.clone();
            exact.entry.track.duration_ms = duration_ms;
            (position_ms(&self.playback, &exact.entry, ctx.now_ms) >= duration_ms)
                .then(|| self.ended(ctx, &exact, EndReason::Skipped, None))
        });
        std::iter::once(measured).chain(over).collect()
    }

    /// Applies a measurement.
    pub(crate) fn correct(&mut self, id: EntryId, duration_ms: u64, gain_db: Option<Gain>, art_url: Option<&str>) {
        let is_current = self.current.as_ref().is_some_and(|current| current.entry.id == id);
        let entry = if is_current { self.current.as_mut().map(|on| &mut on.entry) } else { self.entry_mut(id) };
        let Some(entry) = entry else { return };
        let grown_ms = duration_ms.saturating_sub(entry.track.duration_ms);
        entry.track.duration_ms = duration_ms;
        entry.track.gain_db = gain_db;
        if let Some(address) = art_url {
            entry.track.art_url = Some(address.to_owned());
        }
        if entry.fallback {
            let track = entry.track.clone();
            self.fallback.correct(&track);
        }
        if is_current {
            self.charge_what_is_on();
            if grown_ms >= PRELOAD_WINDOW_MS.unsigned_abs() {
                // Locked for the end that was expected; the room locks the next entry again before the exact one.
                self.locked = None;
            }
        }
    }

    /// Removes a waiting entry that cannot be played; credited members have nothing to inherit.
    pub(crate) fn drop_faulty(&mut self, id: EntryId) {
        let Some((owner, place)) = self.find(id) else { return };
        self.update(owner, |member, _| drop(member.queue.remove(place)));
        self.lose(id);
    }
}
