//! Tracks and artists that cannot be queued. Entries that wait already stay: blocking is a rule for what comes.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use tutti_fold::fold;
use tutti_protocol::{BlockedTrack, ProviderId, Settings, SettingsChange, Track, TrackRef, UserId};

use crate::decide::Decision;
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
        if self.settings.blocked_tracks.iter().any(|blocked| is_it(blocked, track.provider, &track.id)) {
            return Err(Refusal::TrackBlocked);
        }
        let is_blocked = |artist: &String| self.blocked_artists.0.contains(&fold(artist));
        if !self.blocked_artists.0.is_empty() && track.artists.iter().any(is_blocked) {
            return Err(Refusal::ArtistBlocked);
        }
        Ok(())
    }

    /// Adds to the block lists what is not in them yet.
    pub(crate) fn block(&self, by: UserId, track: Option<&BlockedTrack>, artist: Option<&str>) -> Decision {
        let Settings { blocked_tracks, blocked_artists, .. } = &self.settings;
        let new_track =
            track.filter(|track| !blocked_tracks.iter().any(|blocked| is_it(blocked, track.provider, &track.id)));
        let new_artist = artist.filter(|artist| !self.blocked_artists.0.contains(&fold(artist)));
        let change = SettingsChange {
            blocked_tracks: new_track.map(|track| blocked_tracks.iter().chain([track]).cloned().collect()),
            blocked_artists: new_artist
                .map(|artist| blocked_artists.iter().map(String::as_str).chain([artist]).map(str::to_owned).collect()),
            ..SettingsChange::default()
        };
        self.set_settings(by, &change, &[])
    }

    /// Removes from the block lists what is in them.
    pub(crate) fn unblock(&self, by: UserId, track: Option<&TrackRef>, artist: Option<&str>) -> Decision {
        let Settings { mut blocked_tracks, mut blocked_artists, .. } = self.settings.clone();
        if let Some(track) = track {
            blocked_tracks.retain(|blocked| !is_it(blocked, track.provider, &track.id));
        }
        if let Some(artist) = artist.map(fold) {
            blocked_artists.retain(|blocked| fold(blocked) != artist);
        }
        let change = SettingsChange {
            blocked_tracks: Some(blocked_tracks),
            blocked_artists: Some(blocked_artists),
            ..SettingsChange::default()
        };
        self.set_settings(by, &change, &[])
    }

    /// Applies the block lists of the settings to what is kept of them.
    pub(crate) fn update_blocked(&mut self) {
        self.blocked_artists = BlockedArtists::of(&self.settings);
        let tracks = self.fallback.tracks.iter().enumerate();
        self.fallback.blocked =
            tracks.filter(|(_, track)| self.check_blocked(track).is_err()).map(|(index, _)| index).collect();
    }
}

fn is_it(blocked: &BlockedTrack, provider: ProviderId, id: &str) -> bool {
    blocked.provider == provider && blocked.id == id
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
