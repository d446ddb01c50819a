//! Splits folded text into the words that are indexed and looked up. Pure: tracks and queries pass through the same
//! functions.

use std::collections::BTreeSet;

use deunicode::deunicode;
pub use tutti_fold::fold;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Changes with the meaning of anything in this module or of [`fold`]: the text index is then rebuilt.
pub const FOLDING_VERSION: i64 = 1;

/// First Hangul syllable, and the number of syllables with the same first consonant.
const HANGUL_FIRST: u32 = 0xAC00;
const HANGUL_PER_CONSONANT: u32 = 588;
/// First of the leading consonants, in the order of the syllables.
const HANGUL_CONSONANT_FIRST: u32 = 0x1100;
/// Between an ASCII sign and its full-width form.
const FULL_WIDTH: u32 = 0xFEE0;

/// A word as it was written, without spaces inside, such as `AC/DC` or `don't`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Word {
    /// Its parts between signs: `ac`, `dc`.
    pub parts: Vec<Part>,
    /// Other spellings of the whole: `acdc`, `kesha` for `ke$ha`, `roeyksopp` for `Røyksopp`.
    pub variants: BTreeSet<String>,
}

/// A part of a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Letters and digits of a script that separates words.
    Spaced(String),
    /// A run of a script without spaces, such as Chinese; it is indexed as pairs of characters.
    Unspaced(Vec<char>),
    /// Signs only, such as `÷` or `+/-`, in their full-width forms.
    Signs(String),
}

/// The words of a text.
pub fn words(text: &str) -> Vec<Word> {
    let original = text.split_whitespace();
    original.map(word).filter(|word| !word.parts.is_empty()).collect()
}

fn word(original: &str) -> Word {
    let folded = fold(original);
    if folded == "&" || folded == "+" {
        return Word { parts: vec![Part::Spaced("and".to_owned())], variants: BTreeSet::new() };
    }
    let mut parts: Vec<Part> = Vec::new();
    let mut starts_part = true;
    for c in folded.chars() {
        if !is_letter(c) {
            starts_part = true;
            continue;
        }
        match parts.last_mut() {
            Some(Part::Spaced(part)) if !starts_part && !is_unspaced(c) => part.push(c),
            Some(Part::Unspaced(part)) if !starts_part && (is_unspaced(c) || is_combining_mark(c)) => part.push(c),
            _ if is_unspaced(c) => parts.push(Part::Unspaced(vec![c])),
            _ => parts.push(Part::Spaced(c.to_string())),
        }
        starts_part = false;
    }
    if parts.is_empty() {
        let signs: String = folded.chars().map(full_width).collect();
        parts.extend((!signs.is_empty()).then_some(Part::Signs(signs)));
        return Word { parts, variants: BTreeSet::new() };
    }
    let variants = variants(original, &folded, &parts);
    Word { parts, variants }
}

/// Spellings of the whole word that differ from its only part.
fn variants(original: &str, folded: &str, parts: &[Part]) -> BTreeSet<String> {
    let joined = letters(folded);
    let mut variants =
        BTreeSet::from([joined.clone(), letters(&fold(&spelled_out(original))), letters(&read_signs(folded))]);
    if folded.contains('&') {
        variants.insert(letters(&folded.replace('&', "n")));
    }
    for part in parts {
        if let Part::Unspaced(run) = part {
            let consonants: String = run.iter().copied().filter_map(leading_consonant).collect();
            variants.insert(consonants);
        }
    }
    variants.remove("");
    match parts {
        [Part::Spaced(part)] => {
            variants.remove(part);
        }
        // The pairs of characters find it.
        [Part::Unspaced(_)] => {
            variants.remove(&joined);
        }
        _ => {}
    }
    variants
}

/// The Latin reading of a word in another script, syllable by syllable: `zhou`, `jie`, `lun`. Empty for Latin words.
pub fn reading(word: &Word) -> Vec<String> {
    let mut syllables = Vec::new();
    for part in &word.parts {
        let text: String = match part {
            Part::Spaced(part) if !part.is_ascii() => part.clone(),
            Part::Unspaced(run) => run.iter().collect(),
            _ => continue,
        };
        for syllable in deunicode(&text).split(|c: char| !c.is_ascii_alphanumeric()).filter(|text| !text.is_empty()) {
            let syllable = syllable.to_ascii_lowercase();
            // Чайковский is written with y in Latin.
            let ending = syllable.strip_suffix("ii").map(|stem| format!("{stem}y"));
            syllables.push(ending.unwrap_or(syllable));
        }
    }
    syllables
}

/// Letters that languages also write as two: `ö` as `oe`.
fn spelled_out(original: &str) -> String {
    let mut text = String::with_capacity(original.len());
    for c in original.nfc() {
        match c {
            'ä' | 'Ä' => text.push_str("ae"),
            'ö' | 'Ö' | 'ø' | 'Ø' => text.push_str("oe"),
            'ü' | 'Ü' => text.push_str("ue"),
            'å' | 'Å' => text.push_str("aa"),
            _ => text.push(c),
        }
    }
    text
}

/// Signs and digits in the place of letters: `ke$ha`, `p!nk`, `deadmau5`.
fn read_signs(folded: &str) -> String {
    let chars: Vec<char> = folded.chars().collect();
    let at = |place: Option<usize>| place.and_then(|place| chars.get(place)).copied().unwrap_or(' ');
    let mut text = String::with_capacity(folded.len());
    for (place, &c) in chars.iter().enumerate() {
        let (before, after) = (at(place.checked_sub(1)), at(Some(place + 1)));
        let beside_letter = before.is_alphabetic() || after.is_alphabetic();
        let beside_digit = before.is_numeric() || after.is_numeric();
        text.push(match c {
            '$' if beside_letter => 's',
            '@' if beside_letter => 'a',
            '€' if beside_letter => 'e',
            '!' if after.is_alphabetic() => 'i',
            '0' if beside_letter && !beside_digit => 'o',
            '1' if beside_letter && !beside_digit => 'i',
            '3' if beside_letter && !beside_digit => 'e',
            '4' if beside_letter && !beside_digit => 'a',
            '5' if beside_letter && !beside_digit => 's',
            '7' if beside_letter && !beside_digit => 't',
            _ => c,
        });
    }
    text
}

/// Only the letters and digits of folded text.
fn letters(folded: &str) -> String {
    folded.chars().filter(|c| is_letter(*c)).collect()
}

fn is_letter(c: char) -> bool {
    c.is_alphanumeric() || is_combining_mark(c)
}

/// Scripts that are written without spaces, and Korean, where spaces are optional to many.
pub fn is_unspaced(c: char) -> bool {
    matches!(u32::from(c),
        // Thai, Lao, Myanmar, Khmer
        0x0E01..=0x0EFF | 0x1000..=0x109F | 0x1780..=0x17FF
        // Han with its repetition mark, kana, syllables of Hangul
        | 0x3005..=0x3007 | 0x3041..=0x30FF | 0x31F0..=0x31FF | 0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0xAC00..=0xD7A3
        | 0xF900..=0xFAFF | 0x2_0000..=0x3_FFFF)
}

fn leading_consonant(c: char) -> Option<char> {
    let place = u32::from(c).checked_sub(HANGUL_FIRST)? / HANGUL_PER_CONSONANT;
    char::from_u32(HANGUL_CONSONANT_FIRST + place).filter(|_| matches!(c, '가'..='힣'))
}

/// The tokenizer splits at ASCII signs, but not at their full-width forms.
fn full_width(c: char) -> char {
    if c.is_ascii() { char::from_u32(u32::from(c) + FULL_WIDTH).unwrap_or(c) } else { c }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_word_has_parts_and_other_spellings() {
        let of = |text: &str| {
            let word = words(text).remove(0);
            let variants: Vec<String> = word.variants.into_iter().collect();
            (word.parts, variants.join(" "))
        };
        let spaced = |parts: &[&str]| parts.iter().map(|part| Part::Spaced((*part).to_owned())).collect::<Vec<_>>();
        assert_eq!(of("AC/DC"), (spaced(&["ac", "dc"]), "acdc".into()));
        assert_eq!(of("R.E.M."), (spaced(&["r", "e", "m"]), "rem".into()));
        assert_eq!(of("Don’t"), (spaced(&["don", "t"]), "dont".into()));
        assert_eq!(of("Ke$ha"), (spaced(&["ke", "ha"]), "keha kesha".into()));
        assert_eq!(of("deadmau5"), (spaced(&["deadmau5"]), "deadmaus".into()));
        assert_eq!(of("Röyksopp"), (spaced(&["royksopp"]), "roeyksopp".into()));
        assert_eq!(of("R&B"), (spaced(&["r", "b"]), "rb rnb".into()));
        assert_eq!(of("1999"), (spaced(&["1999"]), String::new()));
        assert_eq!(of("&"), (spaced(&["and"]), String::new()));
        assert_eq!(of("+/-"), (vec![Part::Signs("＋／－".into())], String::new()));
        assert_eq!(of("봄날"), (vec![Part::Unspaced(vec!['봄', '날'])], "ᄇᄂ".into()));
        assert!(words(" \u{200b} \t").is_empty());
    }

    #[test]
    fn words_of_other_scripts_have_readings() {
        let of = |text: &str| words(text).iter().flat_map(reading).collect::<Vec<_>>().join(" ");
        assert_eq!(of("周杰倫"), of("周杰伦"));
        assert_eq!(of("Шостакович"), "shostakovich");
        assert_eq!(of("ヒカル"), "hikaru");
        assert_eq!(of("Queen"), "");
    }

    proptest! {
        #[test]
        fn words_are_tokens_of_the_text_index(text in "\\PC{0,40}") {
            for word in words(&text) {
                let parts = word.parts.iter().map(|part| match part {
                    Part::Spaced(part) | Part::Signs(part) => part.clone(),
                    Part::Unspaced(run) => run.iter().collect(),
                });
                for token in parts.chain(word.variants) {
                    prop_assert!(!token.is_empty());
                    // What the tokenizer would split or fold, or what ends a quoted string.
                    prop_assert!(token.chars().all(|c| !c.is_ascii() || c.is_ascii_lowercase() || c.is_ascii_digit()), "{}", token);
                }
            }
        }
    }
}
