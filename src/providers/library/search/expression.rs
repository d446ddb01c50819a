//! Typed text as expressions of FTS5, from the strictest reading to the most forgiving.
//!
//! Every word is quoted and consists of letters and digits only, so input is never interpreted as syntax.

use super::fold::{Part, Word, reading, words};
use super::vocabulary::Vocabulary;

/// Most words of a query that are searched for.
const WORDS_MAX: usize = 16;
/// Most words of which some may be missing; of more, those on the fewest tracks are kept.
const FORGIVING_WORDS_MAX: usize = 6;
/// Words that may be missing from a track, and that users leave out.
const OPTIONAL: [&str; 9] = ["the", "and", "of", "n", "o", "feat", "ft", "featuring", "with"];
/// Starts the token of a whole field.
pub const WHOLE_FIELD: char = '＝';
/// What FTS5 calls the column of readings.
const READINGS: &str = "other";

/// A query, split into words.
#[derive(Clone, Debug)]
pub struct Query {
    /// In the order in which they were typed.
    words: Vec<Word>,
}

impl Query {
    /// `None` if there is nothing to look for.
    pub fn new(typed: &str) -> Option<Self> {
        let mut distinct: Vec<Word> = words(typed);
        distinct.truncate(WORDS_MAX);
        (!distinct.is_empty()).then_some(Self { words: distinct })
    }

    /// Readings of the query, strictest first; the results are those of the first that finds anything.
    pub fn readings<'a>(&'a self, vocabulary: &'a Vocabulary) -> impl Iterator<Item = String> + 'a {
        let strict: [fn(&Self, &Vocabulary) -> Option<String>; 4] =
            [Self::exact, Self::optional_words, Self::corrected_where_unknown, Self::corrected];
        let strict = strict.into_iter().filter_map(move |stage| stage(self, vocabulary));
        strict.chain(std::iter::once_with(move || self.partial(vocabulary)).flatten())
    }

    /// Every word begins a word of the track.
    #[expect(clippy::unnecessary_wraps, reason = "other stages may have nothing to ask for")]
    fn exact(&self, vocabulary: &Vocabulary) -> Option<String> {
        let mut readings = self.side_by_side();
        if !self.is_optional() {
            readings.push(all(self.required().map(|word| any(&spellings(word)))));
            readings.extend(self.joined(vocabulary));
        }
        Some(any(&readings))
    }

    /// The words side by side, or a whole title, artist or album that starts so. Also ranks such tracks above others.
    fn side_by_side(&self) -> Vec<String> {
        let tokens: Vec<String> = self.words.iter().flat_map(tokens).collect();
        let whole = [whole_field(&self.words)];
        let mut readings = vec![exact(&whole), prefix(&whole)];
        readings.extend((tokens.len() > 1).then(|| prefix(&tokens)));
        readings
    }

    /// Only words that say little, such as "the": side by side they may be a name.
    fn optional_words(&self, _: &Vocabulary) -> Option<String> {
        self.is_optional().then(|| all(self.words.iter().map(|word| any(&spellings(word)))))
    }

    /// As `exact`, with neighbours written as one word: `2 pac`.
    fn joined(&self, vocabulary: &Vocabulary) -> Vec<String> {
        let plain: Vec<String> = self.words.iter().map(|word| tokens(word).concat()).collect();
        let mut readings = Vec::new();
        for left in 0..plain.len().saturating_sub(1) {
            let joined = format!("{}{}", plain[left], plain[left + 1]);
            if vocabulary.has_prefix(&joined) {
                let others = self.words.iter().enumerate().filter(|(place, _)| *place != left && *place != left + 1);
                let others = others.map(|(_, word)| word).filter(|word| !is_optional(word));
                let others = others.map(|word| any(&spellings(word)));
                readings.push(all([prefix(&[joined])].into_iter().chain(others)));
            }
        }
        let whole = plain.concat();
        if plain.len() > 2 && vocabulary.has_prefix(&whole) {
            readings.push(prefix(&[whole]));
        }
        readings
    }

    /// Words that no track has are corrected.
    fn corrected_where_unknown(&self, vocabulary: &Vocabulary) -> Option<String> {
        let last = self.words.last();
        let mut is_changed = false;
        let groups: Vec<String> = self
            .required()
            .map(|word| {
                let corrections =
                    if is_known(word, vocabulary) { vec![] } else { corrections(word, vocabulary, Some(word) == last) };
                is_changed |= !corrections.is_empty();
                any(&[spellings(word), corrections].concat())
            })
            .collect();
        is_changed.then(|| all(groups))
    }

    /// All words are corrected: a typing error may have made another word.
    fn corrected(&self, vocabulary: &Vocabulary) -> Option<String> {
        let last = self.words.last();
        let forgiving = |word| any(&[spellings(word), corrections(word, vocabulary, Some(word) == last)].concat());
        (self.required().count() > 1).then(|| all(self.required().map(forgiving)))
    }

    /// Some words are missing: as few as possible.
    fn partial(&self, vocabulary: &Vocabulary) -> Vec<String> {
        let last = self.words.last();
        let mut groups: Vec<(u64, String)> = Vec::new();
        for word in self.required() {
            for piece in pieces(word) {
                let tracks = tokens(&piece).iter().map(|token| vocabulary.tracks_with_prefix(token)).min();
                let corrections = corrections(&piece, vocabulary, Some(word) == last);
                groups.push((tracks.unwrap_or_default(), any(&[spellings(&piece), corrections].concat())));
            }
        }
        // Rare words say most.
        groups.sort_by_key(|(tracks, _)| (*tracks == 0, *tracks));
        groups.truncate(FORGIVING_WORDS_MAX);
        let groups: Vec<String> = groups.into_iter().map(|(_, group)| group).collect();
        let subsets = |size: u32| {
            let subsets = (0_u32..1 << groups.len()).filter(move |subset| subset.count_ones() == size);
            let words = |subset: u32| groups.iter().enumerate().filter(move |(place, _)| subset >> place & 1 == 1);
            let subsets: Vec<String> =
                subsets.map(|subset| all(words(subset).map(|(_, group)| group.clone()))).collect();
            any(&subsets)
        };
        (1..groups.len()).rev().filter_map(|size| u32::try_from(size).ok()).map(subsets).collect()
    }

    /// The words that a track must have.
    fn required(&self) -> impl Iterator<Item = &Word> {
        let all_optional = self.is_optional();
        self.words.iter().filter(move |word| all_optional || !is_optional(word))
    }

    fn is_optional(&self) -> bool {
        self.words.iter().all(is_optional)
    }
}

/// The token of a whole field. No word starts with its sign.
pub fn whole_field(words: &[Word]) -> String {
    let text: String = words
        .iter()
        .flat_map(|word| &word.parts)
        .map(|part| match part {
            Part::Spaced(part) | Part::Signs(part) => part.clone(),
            Part::Unspaced(run) => run.iter().collect(),
        })
        .collect();
    format!("{WHOLE_FIELD}{text}")
}

fn is_optional(word: &Word) -> bool {
    match word.parts.as_slice() {
        [Part::Spaced(part)] => OPTIONAL.contains(&part.as_str()),
        [Part::Signs(_)] => true,
        _ => false,
    }
}

/// The tokens of a word in the text index, in their order.
pub fn tokens(word: &Word) -> Vec<String> {
    let mut tokens = Vec::new();
    for part in &word.parts {
        match part {
            Part::Spaced(part) | Part::Signs(part) => tokens.push(part.clone()),
            Part::Unspaced(run) if run.len() == 1 => tokens.push(run.iter().collect()),
            Part::Unspaced(run) => tokens.extend(run.windows(2).map(|pair| pair.iter().collect::<String>())),
        }
    }
    tokens
}

/// The expressions that find a word as it is spelled.
fn spellings(word: &Word) -> Vec<String> {
    let tokens = tokens(word);
    let mut spellings = vec![prefix(&tokens)];
    if tokens.len() == 1 {
        // Whole words rank above words that only start so.
        spellings.push(exact(&tokens));
    }
    spellings.extend(word.variants.iter().map(|variant| prefix(std::slice::from_ref(variant))));
    // Characters that are written differently are read the same: 倫 and 伦.
    if word.parts.iter().any(|part| matches!(part, Part::Unspaced(run) if run.len() > 1)) {
        spellings.extend(reading_of(word));
    }
    spellings
}

fn reading_of(word: &Word) -> Option<String> {
    let reading = reading(word);
    (!reading.is_empty()).then(|| format!("{READINGS} : {}", prefix(&reading)))
}

/// The expressions that find what a word may have been meant to be.
fn corrections(word: &Word, vocabulary: &Vocabulary, unfinished: bool) -> Vec<String> {
    let mut corrections = Vec::new();
    for typed in word.variants.iter().cloned().chain(single(word)) {
        corrections.extend(vocabulary.containing(&typed).into_iter().map(|found| exact(&[found.to_owned()])));
        corrections.extend(vocabulary.near(&typed, unfinished).into_iter().map(|found| exact(&[found.to_owned()])));
        for (left, right) in vocabulary.split(&typed) {
            corrections.push(prefix(&[left.to_owned(), right.to_owned()]));
        }
    }
    corrections.extend(reading_of(word));
    corrections
}

fn is_known(word: &Word, vocabulary: &Vocabulary) -> bool {
    single(word).is_some_and(|part| vocabulary.has_prefix(&part))
        || word.variants.iter().any(|variant| vocabulary.has_prefix(variant))
}

fn single(word: &Word) -> Option<String> {
    match word.parts.as_slice() {
        [Part::Spaced(part)] => Some(part.clone()),
        _ => None,
    }
}

/// A word as several, of which some may be missing: a run of characters without spaces, pair by pair.
fn pieces(word: &Word) -> Vec<Word> {
    let mut pieces: Vec<Word> = Vec::new();
    for part in &word.parts {
        match part {
            Part::Unspaced(run) if run.len() > 2 => {
                let pairs = run.windows(2).map(|pair| Part::Unspaced(pair.to_vec()));
                pieces.extend(pairs.map(|pair| Word { parts: vec![pair], ..Word::default() }));
            }
            // The second character may be unfinished: 나 of 날.
            Part::Unspaced(run) if run.len() == 2 => {
                let firsts = run.iter().map(|c| Part::Unspaced(vec![*c]));
                pieces.extend(firsts.map(|first| Word { parts: vec![first], ..Word::default() }));
            }
            _ => pieces.push(Word { parts: vec![part.clone()], ..Word::default() }),
        }
    }
    if pieces.len() == 1 { vec![word.clone()] } else { pieces }
}

fn prefix(tokens: &[String]) -> String {
    format!("\"{}\" *", tokens.join(" "))
}

fn exact(tokens: &[String]) -> String {
    format!("\"{}\"", tokens.join(" "))
}

fn any(expressions: &[String]) -> String {
    format!("({})", expressions.join(" OR "))
}

fn all(expressions: impl IntoIterator<Item = String>) -> String {
    let expressions: Vec<String> = expressions.into_iter().collect();
    format!("({})", expressions.join(" AND "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn readings(typed: &str) -> Vec<String> {
        let mut vocabulary = Vocabulary::default();
        for (word, tracks) in [("beatles", 9), ("blink182", 3), ("jude", 1), ("queen", 6)] {
            vocabulary.push(word, tracks);
        }
        Query::new(typed).map(|query| query.readings(&vocabulary).collect()).unwrap_or_default()
    }

    #[test]
    fn words_are_quoted_prefixes_and_input_is_never_syntax() {
        assert!(readings("hey jud")[0].contains(r#"("hey" * OR "hey") AND ("jud" * OR "jud")"#));
        for typed in [r#"NEAR( "x" OR -y* ^z:"#, "title : x", "a\"b", "{a} AND NOT", "' OR 1=1"] {
            for reading in readings(typed) {
                // Outside of quotes there is nothing but what this module writes.
                let outside: String = reading.split('"').step_by(2).collect();
                let operators = outside.replace("AND", "").replace("OR", "").replace("other :", "");
                assert!(operators.chars().all(|c| " ()*".contains(c)), "{typed}: {reading}");
            }
        }
        assert!(readings(" \t \u{200b}").is_empty());
    }

    #[test]
    fn a_query_is_read_strictly_first() {
        let typed = readings("the beatels jude");
        assert!(!typed[0].contains("beatles"), "{typed:?}");
        assert!(typed[1].contains(r#""beatles""#) && typed[1].contains(" AND "), "{typed:?}");
        assert!(readings("blink 182")[0].contains(r#""blink182" *"#));
        let small = readings("the the");
        assert!(small[0].contains(r#""the the" *"#) && !small[0].contains(" AND "), "{small:?}");
    }

    #[test]
    fn long_queries_stay_bounded() {
        let typed = readings(&(0..100).map(|n| format!("word{n}")).collect::<Vec<_>>().join(" "));
        assert!(typed.iter().all(|reading| reading.len() < 100_000), "{:?}", typed.iter().map(String::len));
    }
}
