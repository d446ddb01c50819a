//! The fields of a tag, whatever the format calls them.

use super::text::Raw;

/// Most values of one file. A tag with more is broken.
const VALUES_MAX: usize = 500;

/// What a value means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// Title of the track.
    Title,
    /// Artist as credited, such as `Alpha feat. Beta`.
    Artist,
    /// One artist, in files that also have the credit.
    Artists,
    /// Performer of classical music.
    Performer,
    /// Artist of the album.
    AlbumArtist,
    /// Title of the album.
    Album,
    /// Composer.
    Composer,
    /// Genre.
    Genre,
    /// Date or year.
    Date,
    /// Number of the disc, perhaps with the number of discs.
    Disc,
    /// Number of the track, perhaps with the number of tracks.
    Number,
    /// Artist to sort by.
    ArtistSort,
    /// Album to sort by.
    AlbumSort,
    /// Title to sort by.
    TitleSort,
    /// `1` for compilations.
    Compilation,
    /// What stores write for explicit tracks.
    Advisory,
}

impl Field {
    /// The field that Vorbis comments, Matroska and user-defined ID3 frames call by this name, in any case.
    pub fn of_name(name: &str) -> Option<Self> {
        Some(match name.to_ascii_uppercase().as_str() {
            "TITLE" => Self::Title,
            "ARTIST" => Self::Artist,
            "ARTISTS" => Self::Artists,
            "PERFORMER" => Self::Performer,
            "ALBUMARTIST" | "ALBUM ARTIST" | "ALBUM_ARTIST" => Self::AlbumArtist,
            "ALBUM" => Self::Album,
            "COMPOSER" => Self::Composer,
            "GENRE" => Self::Genre,
            "DATE" | "YEAR" | "DATE_RELEASED" | "DATE_RECORDED" => Self::Date,
            "DISCNUMBER" | "DISC" => Self::Disc,
            "TRACKNUMBER" | "TRACK" | "PART_NUMBER" => Self::Number,
            "ARTISTSORT" => Self::ArtistSort,
            "ALBUMSORT" => Self::AlbumSort,
            "TITLESORT" => Self::TitleSort,
            "COMPILATION" => Self::Compilation,
            "ITUNESADVISORY" => Self::Advisory,
            _ => return None,
        })
    }
}

/// The values of a file's tags, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields {
    values: Vec<(Field, Raw)>,
}

impl Fields {
    /// Adds a value, unless it is empty.
    pub fn push(&mut self, field: Field, value: Raw) {
        if !value.is_empty() && self.values.len() < VALUES_MAX {
            self.values.push((field, value));
        }
    }

    /// Adds the values of `others` for fields that have none here.
    pub fn supplement(&mut self, others: Self) {
        let present: Vec<Field> = self.values.iter().map(|(field, _)| *field).collect();
        for (field, value) in others.values {
            if !present.contains(&field) {
                self.push(field, value);
            }
        }
    }

    /// The values of a field.
    pub fn of(&self, field: Field) -> impl Iterator<Item = &Raw> {
        self.values.iter().filter(move |(of, _)| *of == field).map(|(_, value)| value)
    }

    /// Whether there are no values.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }
}
