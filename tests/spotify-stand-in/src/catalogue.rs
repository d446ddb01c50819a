//! The catalogue: a dozen fictional tracks and their availability by market.
//!
//! Not in here: JSON, which is in `tracks.rs`.

/// A track with explicit lyrics.
pub const EXPLICIT: &str = "1LateShiftRaw000000000";

/// A track that is unavailable in [`CLOSED_MARKET`].
pub const UNPLAYABLE: &str = "2ClosedBorder000000000";

/// A track that in [`RELINKED_MARKET`] is replaced by [`RELINKED_TO`].
pub const RELINKED: &str = "3HarbourFirstPress0000";

/// What [`RELINKED`] is replaced by: the same recording on another album.
pub const RELINKED_TO: &str = "4HarbourSecondPress000";

/// A track of 30 seconds, for tests of a track's end.
pub const SHORT: &str = "5DoorbellInterlude0000";

/// The track that Spotify autoplays after the end of a list.
pub const AUTOPLAYED: &str = "0LastTrain000000000000";

/// The market in which [`UNPLAYABLE`] is unavailable.
pub const CLOSED_MARKET: &str = "DE";

/// The market in which [`RELINKED`] is replaced.
pub const RELINKED_MARKET: &str = "DE";

/// A track.
#[derive(Debug, PartialEq, Eq)]
pub struct Track {
    /// 22 letters and digits, like Spotify's ids.
    pub id: &'static str,
    /// Its title.
    pub name: &'static str,
    /// At least one.
    pub artists: &'static [&'static str],
    /// The album's name.
    pub album: &'static str,
    /// The album's release date.
    pub release_date: &'static str,
    /// Its number on the album.
    pub track_number: u32,
    /// Duration.
    pub duration_ms: u64,
    /// Whether its lyrics are explicit.
    pub explicit: bool,
    /// Identifies the recording across albums.
    pub isrc: &'static str,
    /// The markets in which it is unavailable.
    pub closed_in: &'static [&'static str],
}

/// All tracks, in the order of search results.
pub const TRACKS: [Track; 13] = [
    Track {
        id: EXPLICIT,
        name: "Late Shift (Raw)",
        artists: &["Mara Vint"],
        album: "Night Buses",
        release_date: "2021-03-19",
        track_number: 1,
        duration_ms: 201_500,
        explicit: true,
        isrc: "XXT002100001",
        closed_in: &[],
    },
    Track {
        id: UNPLAYABLE,
        name: "Closed Border",
        artists: &["The Tin Orchard"],
        album: "Fences",
        release_date: "2018-10-05",
        track_number: 3,
        duration_ms: 242_013,
        explicit: false,
        isrc: "XXT001800002",
        closed_in: &[CLOSED_MARKET],
    },
    Track {
        id: RELINKED,
        name: "Harbour Lights at Four",
        artists: &["Ossip Keane", "Lida Moor"],
        album: "Harbour (First Press)",
        release_date: "2009-06-12",
        track_number: 2,
        duration_ms: 187_400,
        explicit: false,
        isrc: "XXT000900003",
        closed_in: &[RELINKED_MARKET],
    },
    Track {
        id: RELINKED_TO,
        name: "Harbour Lights at Four",
        artists: &["Ossip Keane", "Lida Moor"],
        album: "Harbour (Second Press)",
        release_date: "2014-02-28",
        track_number: 2,
        duration_ms: 187_400,
        explicit: false,
        isrc: "XXT000900003",
        closed_in: &["US"],
    },
    Track {
        id: SHORT,
        name: "Doorbell Interlude",
        artists: &["Mara Vint"],
        album: "Night Buses",
        release_date: "2021-03-19",
        track_number: 2,
        duration_ms: 30_000,
        explicit: false,
        isrc: "XXT002100005",
        closed_in: &[],
    },
    Track {
        id: "6NightBusHome000000000",
        name: "Night Bus Home",
        artists: &["Mara Vint"],
        album: "Night Buses",
        release_date: "2021-03-19",
        track_number: 3,
        duration_ms: 233_860,
        explicit: false,
        isrc: "XXT002100006",
        closed_in: &[],
    },
    Track {
        id: "7PaperLanterns00000000",
        name: "Paper Lanterns",
        artists: &["Hollow Pines"],
        album: "Kitchen Weather",
        release_date: "2023-11-03",
        track_number: 1,
        duration_ms: 214_000,
        explicit: false,
        isrc: "XXT002300007",
        closed_in: &[],
    },
    Track {
        id: "8KettleSong00000000000",
        name: "Kettle Song",
        artists: &["Hollow Pines"],
        album: "Kitchen Weather",
        release_date: "2023-11-03",
        track_number: 2,
        duration_ms: 176_250,
        explicit: false,
        isrc: "XXT002300008",
        closed_in: &[],
    },
    Track {
        id: "9SlowElevator000000000",
        name: "Slow Elevator, Part II",
        artists: &["Quartet for Nobody"],
        album: "Slow Elevator",
        release_date: "1998-05-01",
        track_number: 2,
        duration_ms: 611_040,
        explicit: false,
        isrc: "XXT009800009",
        closed_in: &[],
    },
    Track {
        id: "0AeppleUndBirnen000000",
        name: "Äpfel & Birnen",
        artists: &["Die Übliche Bande"],
        album: "Obst für Anfänger",
        release_date: "2016-08-26",
        track_number: 4,
        duration_ms: 198_900,
        explicit: false,
        isrc: "XXT001600010",
        closed_in: &[],
    },
    Track {
        id: "0StaticGarden000000000",
        name: "Static Garden",
        artists: &["Nine Volt Choir", "Hollow Pines"],
        album: "Static Garden",
        release_date: "2025-01-17",
        track_number: 1,
        duration_ms: 205_333,
        explicit: false,
        isrc: "XXT002500011",
        closed_in: &[],
    },
    Track {
        id: "0MondayStairs000000000",
        name: "Monday on the Stairs",
        artists: &["The Tin Orchard"],
        album: "Fences",
        release_date: "2018-10-05",
        track_number: 4,
        duration_ms: 164_700,
        explicit: false,
        isrc: "XXT001800012",
        closed_in: &[],
    },
    Track {
        id: AUTOPLAYED,
        name: "Last Train, Empty Train",
        artists: &["Ossip Keane"],
        album: "Platform Edge",
        release_date: "2020-09-11",
        track_number: 9,
        duration_ms: 289_610,
        explicit: false,
        isrc: "XXT002000013",
        closed_in: &[],
    },
];

/// A track in one market.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct InMarket {
    /// The requested track, or one with the same recording.
    pub(crate) track: &'static Track,
    /// The requested track, if it was relinked.
    pub(crate) asked_for: Option<&'static Track>,
    pub(crate) is_playable: bool,
}

/// A track by its id.
pub(crate) fn track(id: &str) -> Option<&'static Track> {
    const { &TRACKS }.iter().find(|track| track.id == id)
}

/// Relinks a track for `market`: the track itself, else another one with the same recording, else unplayable.
pub(crate) fn in_market(asked_for: &'static Track, market: &str) -> InMarket {
    let plays = |track: &Track| !track.closed_in.contains(&market);
    if plays(asked_for) {
        return InMarket { track: asked_for, asked_for: None, is_playable: true };
    }
    match const { &TRACKS }.iter().find(|other| other.isrc == asked_for.isrc && plays(other)) {
        Some(track) => InMarket { track, asked_for: Some(asked_for), is_playable: true },
        None => InMarket { track: asked_for, asked_for: None, is_playable: false },
    }
}

/// Tracks that contain every word of `query`. A word may name its field: `artist:keane`.
pub(crate) fn search(query: &str) -> Vec<&'static Track> {
    let words: Vec<_> = query.to_lowercase().split_whitespace().map(str::to_owned).collect();
    let found = |track: &Track| words.iter().all(|word| has(track, word));
    const { &TRACKS }.iter().filter(|track| found(track)).collect()
}

fn has(track: &Track, word: &str) -> bool {
    let artists = track.artists.join(" ");
    let (fields, word) = match word.split_once(':') {
        Some(("track", word)) => (vec![track.name], word),
        Some(("artist", word)) => (vec![artists.as_str()], word),
        Some(("album", word)) => (vec![track.album], word),
        Some(("isrc", word)) => (vec![track.isrc], word),
        _ => (vec![track.name, &artists, track.album], word),
    };
    fields.iter().any(|field| field.to_lowercase().contains(word.trim_matches('"')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_well_formed_and_unique() {
        for track in &TRACKS {
            assert_eq!(track.id.len(), 22, "{}", track.id);
            assert!(track.id.bytes().all(|byte| byte.is_ascii_alphanumeric()));
            assert_eq!(TRACKS.iter().filter(|other| other.id == track.id).count(), 1);
        }
    }

    #[test]
    fn a_search_supports_words_and_fields() {
        let names = |query| search(query).iter().map(|track| track.name).collect::<Vec<_>>();
        assert_eq!(names("night BUS home"), ["Night Bus Home"]);
        assert_eq!(names("artist:orchard"), ["Closed Border", "Monday on the Stairs"]);
        assert_eq!(names("übliche"), ["Äpfel & Birnen"]);
        assert_eq!(names("isrc:XXT000900003").len(), 2);
        assert_eq!(names("nothing like this"), [""; 0]);
    }
}
