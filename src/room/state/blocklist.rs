//! Tracks and artists that cannot be queued. Entries that wait already stay: blocking is a rule for what comes.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use tutti_fold::fold;
use tutti_protocol::{BlockedTrack, Settings, Track};

use crate::{Refusal, RoomState};

/// Blocked tracks, and blocked artists. Further ones are refused.
pub(crate) const BLOCKED_MAX: usize = 100;
/// Characters of an artist's name, and of the label of a track.
pub const BLOCKED_CHARS_MAX: usize = 200;
/// Bytes of a provider's id of a track.
const TRACK_ID_BYTES_MAX: usize = 256;

/// The names of blocked artists in the form in which they are compared, folded once for all tracks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct BlockedArtists(BTreeSet<String>);

impl BlockedArtists {
    pub(crate) fn of(settings: &Settings) -> Self {
        Self(settings.blocked_artists.iter().map(|artist| fold(artist)).collect())
    }
}

impl RoomState {
    /// Refuses a blocked track.
    pub(crate) fn check_blocked(&self, track: &Track) -> Result<(), Refusal> {
        let is_meant = |blocked: &BlockedTrack| blocked.provider == track.provider && blocked.id == track.id;
        if self.settings.blocked_tracks.iter().any(is_meant) {
            return Err(Refusal::TrackBlocked);
        }
        let is_blocked = |artist: &String| self.blocked_artists.0.contains(&fold(artist));
        if !self.blocked_artists.0.is_empty() && track.artists.iter().any(is_blocked) {
            return Err(Refusal::ArtistBlocked);
        }
        Ok(())
    }

    /// Applies the block lists of the settings to what is kept of them.
    pub(crate) fn update_blocked(&mut self) {
        self.blocked_artists = BlockedArtists::of(&self.settings);
        let tracks = self.fallback.tracks.iter().enumerate();
        self.fallback.blocked =
            tracks.filter(|(_, track)| self.check_blocked(track).is_err()).map(|(index, _)| index).collect();
    }
}

/// Whether the list of blocked tracks is short enough.
pub(crate) fn are_valid_tracks(settings: &Settings) -> bool {
    let tracks = &settings.blocked_tracks;
    let is_short = |label: &str, id: &str| is_short_name(label) && (1..=TRACK_ID_BYTES_MAX).contains(&id.len());
    tracks.len() <= BLOCKED_MAX && tracks.iter().all(|track| is_short(&track.label, &track.id))
}

/// Whether the list of blocked artists is short enough, and each name says something.
pub(crate) fn are_valid_artists(settings: &Settings) -> bool {
    let artists = &settings.blocked_artists;
    artists.len() <= BLOCKED_MAX && artists.iter().all(|artist| is_short_name(artist) && !fold(artist).is_empty())
}

fn is_short_name(name: &str) -> bool {
    (1..=BLOCKED_CHARS_MAX).contains(&name.chars().count())
}
