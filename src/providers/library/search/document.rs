//! The text of a track as it is indexed.

use std::collections::{BTreeSet, HashSet};
use std::iter;

use super::expression::{WHOLE_FIELD, tokens, whole_field};
use super::fold::{Part, Word, reading, words};

/// What is known of a track.
#[derive(Clone, Debug, Default)]
pub struct Text {
    /// Its title.
    pub title: String,
    /// Its artists and the artist of the album.
    pub artists: Vec<String>,
    /// Its album.
    pub album: String,
    /// Composer, sort names, the file's name: found, and ranked last.
    pub others: Vec<String>,
}

/// The columns of the text index: words between spaces.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Columns {
    /// The title's.
    pub title: String,
    /// The artists'.
    pub artists: String,
    /// The album's.
    pub album: String,
    /// All other words, readings in Latin letters, and initials.
    pub other: String,
}

impl Columns {
    /// The columns of a track.
    pub fn of(text: &Text) -> Self {
        let title = words(&text.title);
        let artists: Vec<Vec<Word>> = text.artists.iter().map(|artist| words(artist)).collect();
        let album = words(&text.album);
        let mut other: BTreeSet<String> = BTreeSet::new();
        for field in artists.iter().chain([&title, &album]) {
            other.extend(readings(field));
        }
        other.extend(artists.iter().filter_map(|artist| initials(artist, 2)));
        other.extend([&title, &album].into_iter().filter_map(|field| initials(field, 3)));
        let mut columns = Self {
            title: column(iter::once(title.as_slice())),
            artists: column(artists.iter().map(Vec::as_slice)),
            album: column(iter::once(album.as_slice())),
            other: String::new(),
        };
        let others: Vec<Vec<Word>> = text.others.iter().map(|other| words(other)).collect();
        other.extend(others.iter().flat_map(|field| readings(field)));
        let others = column(others.iter().map(Vec::as_slice));
        let known: HashSet<&str> =
            [&columns.title, &columns.artists, &columns.album].into_iter().flat_map(|text| text.split(' ')).collect();
        let mut seen = HashSet::new();
        // Readings stay side by side, so they come first and are kept whole.
        let rest = others.split(' ').filter(|word| !word.starts_with(WHOLE_FIELD));
        let rest = rest.filter(|word| !known.contains(word) && seen.insert(*word));
        let all: Vec<&str> = other.iter().map(String::as_str).chain(rest).filter(|text| !text.is_empty()).collect();
        columns.other = all.join(" ");
        columns
    }
}

/// The tokens of several fields, then their other spellings. The tokens are in the order of the text, for phrases.
fn column<'a>(fields: impl Iterator<Item = &'a [Word]>) -> String {
    let mut in_order: Vec<String> = Vec::new();
    let mut variants: BTreeSet<&str> = BTreeSet::new();
    let mut wholes: BTreeSet<String> = BTreeSet::new();
    for field in fields {
        wholes.extend((!field.is_empty()).then(|| whole_field(field)));
        for (place, word) in field.iter().enumerate() {
            let ends_at = in_order.len();
            in_order.extend(tokens(word));
            variants.extend(word.variants.iter().map(String::as_str));
            // A space may or may not be typed: 좋은 날 has the pair 은날.
            let next = field.get(place + 1).and_then(|next| next.parts.first());
            if let Some(Part::Unspaced(run)) = word.parts.last()
                && let Some(last) = run.last()
            {
                if let Some(Part::Unspaced(next)) = next {
                    if run.len() == 1 {
                        in_order.truncate(ends_at.max(in_order.len() - 1));
                    }
                    in_order.push([*last, next[0]].iter().collect());
                } else if run.len() > 1 {
                    in_order.push(last.to_string());
                }
            }
        }
    }
    in_order.extend(variants.into_iter().map(str::to_owned));
    in_order.extend(wholes);
    in_order.join(" ")
}

/// The Latin readings of a field: its syllables, and words of them: `zhou jie lun zhoujielun jielun`.
fn readings(field: &[Word]) -> Vec<String> {
    let mut readings = Vec::new();
    for word in field {
        let syllables = reading(word);
        readings.extend((!syllables.is_empty()).then(|| syllables.join(" ")));
        readings.extend((syllables.len() > 1).then(|| syllables.concat()));
        readings.extend((syllables.len() > 2).then(|| syllables[1..].concat()));
    }
    readings
}

/// The first letters of a name of at least `words_min` words: `nin`.
fn initials(field: &[Word], words_min: usize) -> Option<String> {
    let initials: String = field
        .iter()
        .filter_map(|word| match word.parts.first()? {
            Part::Spaced(part) => part.chars().next(),
            Part::Unspaced(_) | Part::Signs(_) => None,
        })
        .collect();
    (field.len() >= words_min && initials.chars().count() == field.len()).then_some(initials)
}
