//! The playlist that plays while no entry is queued.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use tutti_protocol::{Entry, Track, UserId};

use crate::{Ctx, RoomState, is_default};

/// The playlist.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Fallback {
    pub(crate) tracks: Vec<Track>,
    /// Index of the next track.
    next: usize,
    /// Indices of tracks that turned out to be unplayable. They are left out until a member's entry starts: a playlist
    /// whose files are all gone would otherwise be skipped through without end.
    #[serde(default, skip_serializing_if = "is_default")]
    faulty: BTreeSet<usize>,
    /// Indices of blocked tracks.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) blocked: BTreeSet<usize>,
}

impl Fallback {
    pub(crate) fn of(tracks: &[Track]) -> Self {
        Self { tracks: tracks.to_vec(), ..Self::default() }
    }

    /// The index of the next track that is not left out.
    fn next_playable(&self) -> Option<usize> {
        let count = self.tracks.len();
        let is_left_out = |index: &usize| self.faulty.contains(index) || self.blocked.contains(index);
        (0..count).map(|ahead| (self.next + ahead) % count).find(|index| !is_left_out(index))
    }

    /// The next track starts.
    pub(crate) fn advance(&mut self) {
        if let Some(index) = self.next_playable() {
            self.next = (index + 1) % self.tracks.len();
        }
    }

    /// Leaves a track out, wherever it is in the playlist.
    pub(crate) fn leave_out(&mut self, faulty: &Track) {
        self.faulty
            .extend(self.tracks.iter().enumerate().filter(|(_, track)| is_same(track, faulty)).map(|(at, _)| at));
    }

    /// Includes every track again.
    pub(crate) fn include_all(&mut self) {
        self.faulty.clear();
    }

    /// Copies what was measured of a track.
    pub(crate) fn correct(&mut self, measured: &Track) {
        for track in self.tracks.iter_mut().filter(|track| is_same(track, measured)) {
            track.duration_ms = measured.duration_ms;
            track.gain_db = measured.gain_db;
            track.art_url.clone_from(&measured.art_url);
        }
    }
}

fn is_same(one: &Track, other: &Track) -> bool {
    one.provider == other.provider && one.id == other.id
}

impl RoomState {
    /// The next track of the fallback playlist; `None` in an empty room, where it would play forever.
    pub(crate) fn next_fallback(&self, ctx: &Ctx<'_>) -> Option<Entry> {
        let index = self.fallback.next_playable().filter(|_| self.has_fallback())?;
        Some(Entry {
            id: ctx.new_entry,
            member: UserId::NIL,
            credits: vec![],
            fallback: true,
            track: self.fallback.tracks[index].clone(),
            added_at_ms: ctx.now_ms,
            votes: 0,
            place: None,
        })
    }

    /// Whether the fallback playlist would play.
    pub fn has_fallback(&self) -> bool {
        self.fallback.next_playable().is_some() && self.members_here().next().is_some()
    }
}
