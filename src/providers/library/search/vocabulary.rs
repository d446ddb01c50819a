//! The words of the text index in memory, for what an inverted index cannot answer: which words are spelled like this one,
//! contain it, or make it up together.
//!
//! It takes about 35 bytes a word: some 2 MB for a library of 100,000 tracks.

use super::fold::is_unspaced;

/// Words that one typed word may stand for.
const ALTERNATIVES_MAX: usize = 12;
/// Words up to this length may have one typing error, longer ones two.
const ONE_EDIT_CHARS_MAX: usize = 5;
/// Shorter words are not corrected: almost every other short word is near.
const CORRECTED_CHARS_MIN: usize = 3;
/// Shorter text is not looked for inside of words.
const INFIX_CHARS_MIN: usize = 4;
/// Longest words that are corrected. Bounds the cost of a comparison.
const CORRECTED_CHARS_MAX: usize = 32;

/// Distinct words, sorted, with the number of tracks of each.
#[derive(Debug, Default)]
pub struct Vocabulary {
    /// All words, each before a newline.
    text: String,
    words: Vec<Entry>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    start: u32,
    end: u32,
    tracks: u32,
    /// The letters that occur, as bits. Rules out most words without comparing them.
    letters: u64,
}

impl Vocabulary {
    /// Adds a word and its number of tracks. Words come in ascending order of their bytes. Single characters, signs and pairs
    /// of characters are left out: they are not corrected.
    pub fn push(&mut self, word: &str, tracks: u32) {
        let is_word = |c: char| c.is_alphanumeric() && !is_unspaced(c);
        if !word.starts_with(is_word) || word.chars().nth(1).is_none() {
            return;
        }
        let start = offset(self.text.len());
        self.text.push_str(word);
        self.words.push(Entry { start, end: offset(self.text.len()), tracks, letters: letters(word) });
        self.text.push('\n');
    }

    /// Tracks with words that start with `prefix`; a track counts once for each such word.
    pub fn tracks_with_prefix(&self, prefix: &str) -> u64 {
        let from = self.words.partition_point(|entry| self.word(entry) < prefix);
        let starting = self.words[from..].iter().take_while(|entry| self.word(entry).starts_with(prefix));
        starting.map(|entry| u64::from(entry.tracks)).sum()
    }

    /// Whether a word starts with `prefix`.
    pub fn has_prefix(&self, prefix: &str) -> bool {
        let from = self.words.partition_point(|entry| self.word(entry) < prefix);
        self.words.get(from).is_some_and(|entry| self.word(entry).starts_with(prefix))
    }

    /// Words within one or two typing errors of `typed`, nearest and most frequent first. With `unfinished`, also words that
    /// start with something that near.
    pub fn near(&self, typed: &str, unfinished: bool) -> Vec<&str> {
        let wanted: Vec<char> = typed.chars().collect();
        if !(CORRECTED_CHARS_MIN..=CORRECTED_CHARS_MAX).contains(&wanted.len()) {
            return Vec::new();
        }
        let edits = if wanted.len() <= ONE_EDIT_CHARS_MAX { 1 } else { 2 };
        let letters = letters(typed);
        let mut found: Vec<(usize, std::cmp::Reverse<u32>, &str)> = Vec::new();
        let mut chars: Vec<char> = Vec::new();
        for entry in &self.words {
            let missing = (letters & !entry.letters).count_ones() as usize;
            let extra = (entry.letters & !letters).count_ones() as usize;
            if missing > edits || (!unfinished && extra > edits) {
                continue;
            }
            let word = self.word(entry);
            chars.clear();
            chars.extend(word.chars());
            if let Some(distance) = distance(&wanted, &chars, edits, unfinished) {
                found.push((distance, std::cmp::Reverse(entry.tracks), word));
            }
        }
        found.sort_unstable();
        // A word with one error is hardly ever meant to be one with two.
        let nearest = found.first().map_or(0, |(distance, ..)| *distance);
        found.retain(|(distance, ..)| *distance == nearest);
        found.into_iter().map(|(.., word)| word).take(ALTERNATIVES_MAX).collect()
    }

    /// Words that contain `typed`, most frequent first.
    pub fn containing(&self, typed: &str) -> Vec<&str> {
        if typed.chars().count() < INFIX_CHARS_MIN {
            return Vec::new();
        }
        let mut found: Vec<(std::cmp::Reverse<u32>, &str)> = Vec::new();
        let mut from = 0;
        while let Some(place) = self.text[from..].find(typed) {
            let place = offset(from + place);
            let next = self.words.partition_point(|entry| entry.start <= place);
            let Some(entry) = next.checked_sub(1).and_then(|place| self.words.get(place)) else { break };
            found.push((std::cmp::Reverse(entry.tracks), self.word(entry)));
            from = entry.end as usize;
        }
        found.sort_unstable();
        found.into_iter().map(|(_, word)| word).take(ALTERNATIVES_MAX).collect()
    }

    /// The ways to read `typed` as two words that occur.
    pub fn split<'a>(&self, typed: &'a str) -> Vec<(&'a str, &'a str)> {
        let places = typed.char_indices().map(|(place, _)| place).skip(2);
        places
            .map(|place| typed.split_at(place))
            .filter(|(left, right)| right.chars().count() >= 2 && self.has(left) && self.has_prefix(right))
            .take(ALTERNATIVES_MAX)
            .collect()
    }

    fn has(&self, word: &str) -> bool {
        self.words.binary_search_by(|entry| self.word(entry).cmp(word)).is_ok()
    }

    fn word(&self, entry: &Entry) -> &str {
        &self.text[entry.start as usize..entry.end as usize]
    }
}

fn offset(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

fn letters(word: &str) -> u64 {
    word.chars().fold(0, |bits, c| {
        let bit = match c {
            'a'..='z' => u32::from(c) - u32::from('a'),
            '0'..='9' => 26 + u32::from(c) - u32::from('0'),
            _ => 36 + u32::from(c) % 28,
        };
        bits | 1 << bit
    })
}

/// Insertions, deletions, substitutions and swaps of neighbours that turn `typed` into `word`, if at most `edits`. With
/// `unfinished`, into any beginning of `word`.
fn distance(typed: &[char], word: &[char], edits: usize, unfinished: bool) -> Option<usize> {
    let word = if unfinished { &word[..word.len().min(typed.len() + edits)] } else { word };
    if typed.len().abs_diff(word.len()) > edits {
        return None;
    }
    let width = word.len() + 1;
    let mut before: Vec<usize> = vec![0; width];
    let mut last: Vec<usize> = (0..width).collect();
    let mut row: Vec<usize> = vec![0; width];
    for (i, a) in typed.iter().enumerate() {
        row[0] = i + 1;
        for (j, b) in word.iter().enumerate() {
            let substituted = last[j] + usize::from(a != b);
            let mut least = substituted.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *a == word[j - 1] && typed[i - 1] == *b {
                least = least.min(before[j - 1] + 1);
            }
            row[j + 1] = least;
        }
        if row.iter().min().is_some_and(|least| *least > edits) {
            return None;
        }
        std::mem::swap(&mut before, &mut last);
        std::mem::swap(&mut last, &mut row);
    }
    let reached = if unfinished { last.iter().min().copied() } else { last.last().copied() };
    reached.filter(|distance| *distance <= edits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vocabulary() -> Vocabulary {
        let mut vocabulary = Vocabulary::default();
        let words = [
            ("beatles", 9),
            ("beetles", 1),
            ("bohemian", 2),
            ("daft", 3),
            ("nirvana", 4),
            ("punk", 5),
            ("queen", 6),
            ("queens", 1),
            ("rhapsody", 2),
            ("×", 1),
            ("봄날", 1),
        ];
        for (word, tracks) in words {
            vocabulary.push(word, tracks);
        }
        vocabulary
    }

    #[test]
    fn a_misspelled_word_is_near_the_right_one() {
        let words = vocabulary();
        assert_eq!(words.near("beatels", false), ["beatles"]);
        assert_eq!(words.near("nirvanna", false), ["nirvana"]);
        assert_eq!(words.near("rapsody", false), ["rhapsody"]);
        assert_eq!(words.near("qeen", false), ["queen"]);
        assert_eq!(words.near("rapsod", true), ["rhapsody"]);
        assert_eq!(words.near("qen", false), Vec::<&str>::new());
        assert_eq!(words.near("be", false), Vec::<&str>::new());
        assert_eq!(words.near("beatlse", false), ["beatles"]);
        assert_eq!(words.near("beetels", false), ["beetles"]);
        assert_eq!(words.near(&"x".repeat(200), true), Vec::<&str>::new());
    }

    #[test]
    fn words_are_found_by_their_inside_and_in_pieces() {
        let words = vocabulary();
        assert_eq!(words.containing("hemian"), ["bohemian"]);
        assert_eq!(words.containing("ueen"), ["queen", "queens"]);
        assert_eq!(words.containing("een"), Vec::<&str>::new());
        assert_eq!(words.split("daftpunk"), [("daft", "punk")]);
        assert_eq!(words.split("daftpu"), [("daft", "pu")]);
        assert_eq!(words.split("daft"), Vec::<(&str, &str)>::new());
    }

    #[test]
    fn prefixes_are_counted() {
        let words = vocabulary();
        assert_eq!((words.tracks_with_prefix("queen"), words.tracks_with_prefix("b")), (7, 12));
        assert!(words.has_prefix("boh") && !words.has_prefix("bohi") && !words.has_prefix("z"));
        assert!(!Vocabulary::default().has_prefix("a"));
    }
}
