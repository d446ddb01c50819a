//! Reads a music file's tags and properties: trimmed, bounded, and with a fallback for each.
//!
//! Everything here blocks and parses untrusted bytes: call it on a blocking thread, and expect panics.

use std::path::Path;

use lofty::error::FileParseError;
use lofty::file::{AudioFile, TaggedFile, TaggedFileExt};
use lofty::probe::Probe;
use lofty::tag::{Accessor, ItemKey, Tag};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::art;

/// Longest title, artist or album that is kept, in characters.
const TEXT_CHARS_MAX: usize = 300;
/// Most artists, composers or genres of one track.
const NAMES_MAX: usize = 16;
/// Longest plausible duration. A longer one is a broken header.
const DURATION_MS_MAX: u128 = 24 * 60 * 60 * 1000;
/// Artist of a file without one.
const UNKNOWN_ARTIST: &str = "Unknown artist";

/// The metadata of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Description {
    /// Title, or the file's name.
    pub title: String,
    /// Main artist first; at least one.
    pub artists: Vec<String>,
    /// Album, if tagged.
    pub album: Option<String>,
    /// Artist of the whole album, if tagged.
    pub album_artist: Option<String>,
    /// Composers, with a comma between two.
    pub composer: Option<String>,
    /// Genres, if tagged.
    pub genres: Vec<String>,
    /// Year of the recording or release.
    pub year: Option<u32>,
    /// Name of the artist to sort by.
    pub artist_sort: Option<String>,
    /// Name of the album to sort by.
    pub album_sort: Option<String>,
    /// Title to sort by.
    pub title_sort: Option<String>,
    /// Whether the album is tagged as a compilation of several artists.
    pub compilation: bool,
    /// The file's name without folders and extension.
    pub file_name: String,
    /// Number of the disc in the album; 0 if not tagged.
    pub disc: u32,
    /// Number of the track on the disc; 0 if not tagged.
    pub number: u32,
    /// Length; at least 1.
    pub duration_ms: u64,
    /// Whether it contains a picture that can be served.
    pub embedded_art: bool,
    /// Whether it is tagged as explicit. The parser knows that tag in mp3 and m4a only.
    pub explicit: bool,
}

/// Why a file is not in the library.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// The parser gave up.
    #[error("{0}")]
    Parse(#[from] FileParseError),
    /// The file has no audio.
    #[error("no audio in it")]
    Silent,
    /// The duration in its header is implausible for its size.
    #[error("it claims {duration_ms} ms of music in {size_bytes} bytes")]
    Implausible {
        /// Duration in the header.
        duration_ms: u128,
        /// Size of the file.
        size_bytes: u64,
    },
    /// The parser panicked.
    #[error("the parser panicked")]
    Panicked,
    /// The parser did not finish in time.
    #[error("reading it took too long")]
    TimedOut,
    /// Its path is longer than the index takes.
    #[error("its path is too long")]
    PathTooLong,
}

/// Reads tags and properties. `path` is where the file is, `relative` where that is in the library, with forward slashes.
pub fn describe(path: &Path, relative: &str, size_bytes: u64) -> Result<Description, Unreadable> {
    let file = parse(path)?;
    let duration_ms = file.properties().duration().as_millis();
    if duration_ms == 0 {
        return Err(Unreadable::Silent);
    }
    let bits = u128::from(size_bytes) * 8;
    if duration_ms > DURATION_MS_MAX || bits * 1000 < duration_ms * bits_per_second_min(relative) {
        return Err(Unreadable::Implausible { duration_ms, size_bytes });
    }
    let (folders, name) = relative.rsplit_once('/').unwrap_or(("", relative));
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let title = text(&file, ItemKey::TrackTitle).or_else(|| clean(stem)).unwrap_or_else(|| "Untitled".to_owned());
    let mut artists = texts(&file, ItemKey::TrackArtist);
    if artists.is_empty() {
        let folder = folders.rsplit('/').next().unwrap_or_default();
        let artist = text(&file, ItemKey::AlbumArtist).or_else(|| clean(folder));
        artists.push(artist.unwrap_or_else(|| UNKNOWN_ARTIST.to_owned()));
    }
    let composers = texts(&file, ItemKey::Composer);
    Ok(Description {
        title,
        artists,
        album: text(&file, ItemKey::AlbumTitle),
        album_artist: text(&file, ItemKey::AlbumArtist),
        composer: (!composers.is_empty()).then(|| composers.join(", ")),
        genres: texts(&file, ItemKey::Genre),
        year: [ItemKey::RecordingDate, ItemKey::Year, ItemKey::ReleaseDate]
            .into_iter()
            .find_map(|key| text(&file, key).and_then(|date| year(&date))),
        artist_sort: text(&file, ItemKey::TrackArtistSortOrder),
        album_sort: text(&file, ItemKey::AlbumTitleSortOrder),
        title_sort: text(&file, ItemKey::TrackTitleSortOrder),
        compilation: text(&file, ItemKey::FlagCompilation).is_some_and(|flag| flag == "1"),
        file_name: clean(stem).unwrap_or_default(),
        disc: tags(&file).find_map(Accessor::disk).unwrap_or(0),
        number: tags(&file).find_map(Accessor::track).unwrap_or(0),
        duration_ms: u64::try_from(duration_ms).unwrap_or(u64::MAX),
        embedded_art: art::embedded(&file).is_some(),
        // As stores write `ITUNESADVISORY` and `rtng`: 1, before 2005 4; 2 is a clean version, 0 says nothing.
        explicit: text(&file, ItemKey::ParentalAdvisory).is_some_and(|advisory| matches!(advisory.as_str(), "1" | "4")),
    })
}

/// Parses the file, by what is in it rather than by its name.
pub fn parse(path: &Path) -> Result<TaggedFile, FileParseError> {
    Probe::open(path)?.guess_file_type()?.read()
}

/// What a list is sorted by: artist, album, disc, number, title; without case and diacritics, so that comparing bytes puts
/// `Émilie` beside `emil`.
pub fn sort_key(description: &Description) -> String {
    let Description { title, artists, album, disc, number, .. } = description;
    let artist = fold(&artists.join(" "));
    let album = fold(album.as_deref().unwrap_or_default());
    // U+0001 sorts before whatever a name may go on with, so "Air" stays ahead of "Air Supply".
    format!("{artist}\u{1}{album}\u{1}{:04}{:05}{}", disc.min(&9_999), number.min(&99_999), fold(title))
}

fn fold(text: &str) -> String {
    text.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).collect()
}

/// The fewest bits a second that a format needs. Generous: it only has to tell a broken header from quiet music.
fn bits_per_second_min(name: &str) -> u128 {
    match name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase()).as_deref() {
        Some("wav") => 8_000,
        Some("mp3") => 7_000,
        _ => 400,
    }
}

/// The tags, the format's own first.
fn tags(file: &TaggedFile) -> impl Iterator<Item = &Tag> {
    let primary = file.primary_tag();
    let others = file.tags().iter().filter(move |tag| Some(tag.tag_type()) != primary.map(Tag::tag_type));
    primary.into_iter().chain(others)
}

fn text(file: &TaggedFile, key: ItemKey) -> Option<String> {
    tags(file).find_map(|tag| tag.get_string(key).and_then(clean))
}

/// All values of a key in the first tag that has any.
fn texts(file: &TaggedFile, key: ItemKey) -> Vec<String> {
    tags(file)
        .map(|tag| tag.get_strings(key).filter_map(clean).take(NAMES_MAX).collect())
        .find(|texts: &Vec<String>| !texts.is_empty())
        .unwrap_or_default()
}

/// The year in a date in any notation: the first group of at least four digits begins with it.
fn year(date: &str) -> Option<u32> {
    let digits = date.split(|c: char| !c.is_ascii_digit()).find(|digits| digits.len() >= 4)?;
    digits[..4].parse().ok().filter(|year| *year > 0)
}

/// One line of at most [`TEXT_CHARS_MAX`] characters; `None` when nothing is left.
fn clean(text: &str) -> Option<String> {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let kept: String = line.trim().chars().take(TEXT_CHARS_MAX).collect();
    (!kept.is_empty()).then_some(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_one_bounded_line() {
        assert_eq!(clean("  Hey\u{0}\nJude\u{1f} ").as_deref(), Some("Hey  Jude"));
        assert_eq!(clean(" \t\u{0} "), None);
        assert_eq!(clean(&"é".repeat(1000)).map(|text| text.chars().count()), Some(TEXT_CHARS_MAX));
    }

    #[test]
    fn a_year_is_found_in_any_date() {
        for date in ["2004", "2004-02-01", "01/02/2004", "20040201", "c. 2004"] {
            assert_eq!(year(date), Some(2004), "{date}");
        }
        for other in ["", "04", "abcd", "0000"] {
            assert_eq!(year(other), None, "{other}");
        }
    }

    #[test]
    fn order_is_alphabetical_to_people() {
        let of = |artist: &str, album: &str, disc, number, title: &str| {
            sort_key(&Description {
                title: title.into(),
                artists: vec![artist.into()],
                album: (!album.is_empty()).then(|| album.into()),
                disc,
                number,
                ..Description::default()
            })
        };
        let ordered = [
            of("Air", "", 0, 0, "Alone"),
            of("air", "Moon Safari", 1, 2, "Sexy Boy"),
            of("Air", "Moon Safari", 1, 10, "Le voyage"),
            of("AIR", "Moon Safari", 2, 1, "Bonus"),
            of("Air Supply", "A", 1, 1, "A"),
            of("Émilie", "A", 1, 1, "A"),
            of("Emma", "A", 1, 1, "A"),
        ];
        assert!(ordered.is_sorted(), "{ordered:?}");
    }
}
