//! Reads a music file's tags and properties: trimmed, bounded, and with a fallback for each.
//!
//! A file with sound in it is a track, whatever its tags are: what one parser refuses another reads, and what is not
//! tagged comes from the path. Everything here blocks and parses untrusted bytes: call it on a blocking thread, and expect
//! panics.

use std::fs::File;
use std::io::{self, BufReader, Seek};
use std::path::Path;

use lofty::config::{ParseOptions, ParsingMode};
use lofty::error::FileParseError;
use lofty::file::{AudioFile, FileType, TaggedFile, TaggedFileExt};
use lofty::probe::Probe;
use lofty::tag::{ItemKey, Tag};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::art;
use super::formats::{self, Format, Sound};
use super::names::{self, Likely, Names};
use fields::{Field, Fields};
use text::{Raw, clean};

pub mod fields;
pub mod id3;
pub mod text;
pub mod vorbis;

/// Most artists, composers or genres of one track.
const NAMES_MAX: usize = 16;
/// Longest plausible duration. A longer one is a broken header.
const DURATION_MS_MAX: u64 = 24 * 60 * 60 * 1000;
/// Shortest sound that counts as music.
const DURATION_MS_MIN: u64 = 100;
/// Bits a second of music, to estimate the duration of a file whose header is broken.
const LIKELY_BITS_PER_SECOND: u64 = 192_000;
/// How far behind the tag the first frame of an mp3 may be.
const JUNK_BYTES_MAX: usize = 256 * 1024;
/// Artist of a file without one.
const UNKNOWN_ARTIST: &str = "Unknown artist";

/// The metadata of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Description {
    /// Title, or what the file's name says.
    pub title: String,
    /// Main artist first; at least one.
    pub artists: Vec<String>,
    /// Album, if known.
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
    /// Whether the album is a compilation of several artists.
    pub compilation: bool,
    /// The file's name without folders and extension.
    pub file_name: String,
    /// Number of the disc in the album; 0 if not known.
    pub disc: u32,
    /// Number of the track on the disc; 0 if not known.
    pub number: u32,
    /// Provisional length, until it is measured; at least 1.
    pub duration_ms: u64,
    /// Whether it contains a picture that can be served.
    pub embedded_art: bool,
    /// Whether it is tagged as explicit.
    pub explicit: bool,
    /// Why the tag parser refused the file, if it did. Names then come from what text could be read, and from the path.
    pub odd_tags: Option<String>,
}

/// Why a file is not in the library.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// It is not called like music, and it is none; or a film.
    #[error("it is not music")]
    NotMusic,
    /// It cannot be read.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The file has no audio.
    #[error("no audio in it")]
    Silent,
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

/// Reads tags and properties. `path` is where the file is, `relative` where that is in the library, readable and with
/// forward slashes.
pub fn describe(path: &Path, relative: &str, size_bytes: u64) -> Result<Description, Unreadable> {
    let mut file = File::open(path)?;
    let likely = names::likely(relative);
    let missing = || if likely == Likely::Music { Unreadable::Silent } else { Unreadable::NotMusic };
    let sound = formats::recognise(&mut file)?.ok_or_else(missing)?;
    if sound.video && !names::is_audio_only(relative) {
        return Err(Unreadable::NotMusic);
    }
    file.rewind()?;
    let parsed = parse(BufReader::new(file), sound.format);
    let Sound { format, mut duration_ms, mut fields, .. } = sound;
    if let Some(Ok(parsed)) = &parsed {
        fields.supplement(of_parsed(parsed));
        let stated = parsed.properties().duration().as_millis();
        duration_ms = u64::try_from(stated).ok().filter(|stated| *stated > 0).unwrap_or(duration_ms);
    }
    let bits = size_bytes.saturating_mul(8_000);
    if duration_ms > DURATION_MS_MAX || bits < duration_ms.saturating_mul(bits_per_second_min(format)) {
        duration_ms = (bits / LIKELY_BITS_PER_SECOND).min(DURATION_MS_MAX);
    }
    if duration_ms < DURATION_MS_MIN {
        return Err(missing());
    }
    let mut description = name(&fields, relative);
    description.duration_ms = duration_ms;
    match parsed {
        Some(Ok(parsed)) => description.embedded_art = art::embedded(&parsed).is_some(),
        Some(Err(error)) => description.odd_tags = Some(chain(&error)),
        None => {}
    }
    Ok(description)
}

/// Parses tags and pictures of a file of a format; `None` for formats without a parser.
fn parse(file: BufReader<File>, format: Format) -> Option<Result<TaggedFile, FileParseError>> {
    let kind = match format {
        Format::Mpeg => Some(FileType::Mpeg),
        Format::Aac => Some(FileType::Aac),
        Format::Flac => Some(FileType::Flac),
        Format::Mp4 => Some(FileType::Mp4),
        Format::Wav => Some(FileType::Wav),
        Format::Aiff => Some(FileType::Aiff),
        Format::Ape => Some(FileType::Ape),
        Format::WavPack => Some(FileType::WavPack),
        Format::Musepack => Some(FileType::Mpc),
        // Opus, Vorbis or Speex: the parser looks.
        Format::Ogg => None,
        _ => return None,
    };
    // Where this crate does not read the headers itself.
    let properties = matches!(format, Format::Ape | Format::WavPack | Format::Musepack);
    let options = ParseOptions::new()
        .parsing_mode(ParsingMode::Relaxed)
        .max_junk_bytes(JUNK_BYTES_MAX)
        .read_properties(properties);
    let probe = Probe::new(file).options(options);
    let probe = match kind {
        Some(kind) => probe.set_file_type(kind),
        None => match probe.guess_file_type() {
            Ok(probe) => probe,
            Err(error) => return Some(Err(error.into())),
        },
    };
    // FLAC in Ogg has no parser.
    probe.file_type().is_some().then(|| probe.read())
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |error| error.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

/// Parses the file for the pictures in it.
pub fn parse_pictures(path: &Path) -> Option<TaggedFile> {
    let mut file = File::open(path).ok()?;
    let sound = formats::recognise(&mut file).ok()??;
    file.rewind().ok()?;
    parse(BufReader::new(file), sound.format)?.ok()
}

/// The values of a parsed file, the format's own tags first.
fn of_parsed(file: &TaggedFile) -> Fields {
    const KEYS: [(ItemKey, Field); 18] = [
        (ItemKey::TrackTitle, Field::Title),
        (ItemKey::TrackArtist, Field::Artist),
        (ItemKey::TrackArtists, Field::Artists),
        (ItemKey::Performer, Field::Performer),
        (ItemKey::AlbumArtist, Field::AlbumArtist),
        (ItemKey::AlbumTitle, Field::Album),
        (ItemKey::Composer, Field::Composer),
        (ItemKey::Genre, Field::Genre),
        (ItemKey::RecordingDate, Field::Date),
        (ItemKey::Year, Field::Date),
        (ItemKey::ReleaseDate, Field::Date),
        (ItemKey::DiscNumber, Field::Disc),
        (ItemKey::TrackNumber, Field::Number),
        (ItemKey::TrackArtistSortOrder, Field::ArtistSort),
        (ItemKey::AlbumTitleSortOrder, Field::AlbumSort),
        (ItemKey::TrackTitleSortOrder, Field::TitleSort),
        (ItemKey::FlagCompilation, Field::Compilation),
        (ItemKey::ParentalAdvisory, Field::Advisory),
    ];
    let primary = file.primary_tag();
    let others = file.tags().iter().filter(move |tag| Some(tag.tag_type()) != primary.map(Tag::tag_type));
    let mut fields = Fields::default();
    for tag in primary.into_iter().chain(others) {
        let mut of_tag = Fields::default();
        for (key, field) in KEYS {
            tag.get_strings(key).for_each(|value| of_tag.push(field, Raw::unicode(value)));
        }
        fields.supplement(of_tag);
    }
    fields
}

/// Everything that has a name or number, from the tags or else from the path.
fn name(fields: &Fields, relative: &str) -> Description {
    const GUESSED_FROM: [Field; 6] =
        [Field::Title, Field::Artist, Field::Album, Field::AlbumArtist, Field::Performer, Field::Composer];
    let encoding = text::encoding(GUESSED_FROM.into_iter().flat_map(|field| fields.of(field)));
    let texts = |field, separators: &[&str]| -> Vec<String> {
        let mut found = Vec::new();
        for value in fields.of(field) {
            let value = value.decode(encoding);
            let mut parts = vec![value.as_str()];
            for separator in separators {
                parts = parts.into_iter().flat_map(|part| part.split(separator)).collect();
            }
            for text in parts.into_iter().filter_map(clean) {
                if found.len() < NAMES_MAX && !found.contains(&text) {
                    found.push(text);
                }
            }
        }
        found
    };
    let text = |field| fields.of(field).find_map(|value| clean(&value.decode(encoding)));
    let number = |field| text(field).and_then(|text| leading_number(&text)).filter(|number| *number > 0);
    let path = Names::of(relative);

    let tagged_title = text(Field::Title);
    let untitled = tagged_title.is_none();
    let album_artist = text(Field::AlbumArtist);
    let composers = texts(Field::Composer, &["; "]);
    let artists = [Field::Artists, Field::Artist, Field::Performer]
        .into_iter()
        .map(|field| texts(field, &["; "]))
        .find(|artists| !artists.is_empty());
    let own_place =
        artists.as_ref().is_none_or(|artists| path.artist.as_ref().is_some_and(|of| names::same(of, &artists[0])));
    let one =
        |artist: &Option<String>| artist.clone().filter(|artist| !names::is_various(artist)).map(|artist| vec![artist]);
    let path_artist = path.artist.as_deref().and_then(clean);
    let artists = artists
        .or_else(|| one(&album_artist))
        .or_else(|| (!composers.is_empty()).then(|| composers.clone()))
        .or_else(|| one(&path_artist))
        .or_else(|| album_artist.clone().map(|artist| vec![artist]))
        .unwrap_or_else(|| vec![UNKNOWN_ARTIST.to_owned()]);
    let album = text(Field::Album).or_else(|| path.album.as_deref().and_then(clean).filter(|_| untitled || own_place));
    let stem = clean(names::stem(relative)).unwrap_or_default();
    let title = tagged_title.or_else(|| clean(&path.title)).unwrap_or_else(|| stem.clone());
    let from_path = |number: Option<u32>| number.filter(|_| untitled);
    Description {
        title: if title.is_empty() { "Untitled".to_owned() } else { title },
        artists,
        album,
        compilation: text(Field::Compilation).is_some_and(|flag| flag == "1")
            || album_artist.as_deref().is_some_and(names::is_various),
        album_artist,
        composer: (!composers.is_empty()).then(|| composers.join(", ")),
        genres: texts(Field::Genre, &[";", "/", ", "]),
        year: texts(Field::Date, &[]).iter().find_map(|date| year(date)).or(from_path(path.year)),
        artist_sort: text(Field::ArtistSort),
        album_sort: text(Field::AlbumSort),
        title_sort: text(Field::TitleSort),
        file_name: stem,
        disc: number(Field::Disc).or(from_path(path.disc)).unwrap_or(0),
        number: number(Field::Number).or(from_path(path.number)).unwrap_or(0),
        // As stores write it: 1, before 2005 4; 2 is a clean version, 0 says nothing.
        explicit: text(Field::Advisory).is_some_and(|advisory| matches!(advisory.as_str(), "1" | "4")),
        ..Description::default()
    }
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
fn bits_per_second_min(format: Format) -> u64 {
    match format {
        Format::Wav | Format::LargeWav | Format::Aiff => 8_000,
        Format::Mpeg => 7_000,
        _ => 400,
    }
}

/// The number that a text begins with, as in `3/12`.
fn leading_number(text: &str) -> Option<u32> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text[..digits].parse().ok()
}

/// The year in a date in any notation: the first group of at least four digits begins with it.
fn year(date: &str) -> Option<u32> {
    let digits = date.split(|c: char| !c.is_ascii_digit()).find(|digits| digits.len() >= 4)?;
    digits[..4].parse().ok().filter(|year| *year > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

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
