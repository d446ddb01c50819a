//! Text that other people see: names, device names, chat.
//!
//! Characters that are invisible, reorder the text around them, or stack over other lines are removed or refused. The rules
//! follow Unicode Technical Standard 39, sections 3.1.1 (joiners) and 5.4 (nonspacing marks).

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Combining marks on one character. No orthography needs more (UTS 39, section 5.4).
const MARKS_MAX: usize = 4;
/// Bytes per character of `chars_max` beyond which text is refused unread: four a character, doubled for what composing
/// removes.
const BYTES_PER_CHAR: usize = 8;

/// Normalizes a text of one line: Unicode NFC, trimmed, whitespace collapsed, without invisible characters. `None`
/// when nothing visible is left, or more than `chars_max` characters, or when marks are stacked.
pub fn clean(raw: &str, chars_max: usize) -> Option<String> {
    normalize(raw, chars_max).map(|(text, _)| text)
}

/// As [`clean`], but refuses what it would have to remove: a name is shown as it was typed or not at all.
pub fn clean_name(raw: &str, chars_max: usize) -> Option<String> {
    normalize(raw, chars_max).filter(|(_, removed)| !removed).map(|(text, _)| text)
}

/// The text, and whether a character was removed that is not whitespace.
fn normalize(raw: &str, chars_max: usize) -> Option<(String, bool)> {
    if raw.len() > chars_max.saturating_mul(BYTES_PER_CHAR) {
        return None;
    }
    let typed: Vec<char> = raw.nfc().collect();
    let mut shown = String::with_capacity(raw.len());
    let (mut removed, mut marks, mut chars, mut visible) = (false, 0, 0, false);
    let mut is_space_due = false;
    for (place, c) in typed.iter().copied().enumerate() {
        if c.is_whitespace() {
            is_space_due = true;
            continue;
        }
        let before = if is_space_due { None } else { shown.chars().next_back() };
        if !is_shown(c, before, typed.get(place + 1).copied()) {
            removed = true;
            continue;
        }
        marks = if is_combining_mark(c) { marks + 1 } else { 0 };
        if marks > MARKS_MAX {
            return None;
        }
        if std::mem::take(&mut is_space_due) && !shown.is_empty() {
            shown.push(' ');
            chars += 1;
        }
        shown.push(c);
        chars += 1;
        visible |= !is_joiner(c) && !is_selector(c) && !is_combining_mark(c);
    }
    if removed {
        // What stood around a removed character may compose, or be out of place now.
        return normalize(&shown, chars_max).map(|(text, _)| (text, true));
    }
    (visible && chars <= chars_max).then_some((shown, false))
}

/// Whether a character stays in the text between `before` and `after`.
fn is_shown(c: char, before: Option<char>, after: Option<char>) -> bool {
    if c.is_control() || is_hidden(c) {
        return false;
    }
    if is_joiner(c) {
        // Persian, Indic scripts and emoji need joiners. Between letters of European scripts they show nothing.
        return before.is_some_and(|before| !is_european(before)) && after.is_some_and(|after| !is_european(after));
    }
    if is_selector(c) {
        // After symbols, digits and ideographs; a letter has no variants.
        return before.is_some_and(|before| !(is_european(before) && before.is_alphabetic()));
    }
    if is_tag(c) {
        // The flags of England, Scotland and Wales are a black flag and letters as tags.
        return before.is_some_and(|before| before == '\u{1F3F4}' || is_tag(before));
    }
    true
}

/// Format characters, fillers and other characters without a shape, and private ones.
fn is_hidden(c: char) -> bool {
    matches!(c,
        '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
        | '\u{180B}'..='\u{180F}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{2800}' | '\u{3164}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}'
        | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D159}' | '\u{1D173}'..='\u{1D17A}'
        | '\u{E000}'..='\u{F8FF}' | '\u{F0000}'..='\u{10FFFF}' | '\u{E0000}'..='\u{E001F}' | '\u{E0080}'..='\u{E0FFF}')
}

fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200C}' | '\u{200D}')
}

fn is_selector(c: char) -> bool {
    matches!(c, '\u{FE00}'..='\u{FE0F}')
}

fn is_tag(c: char) -> bool {
    matches!(c, '\u{E0020}'..='\u{E007F}')
}

/// Latin, Greek, Cyrillic and Armenian with their marks, and ASCII.
fn is_european(c: char) -> bool {
    matches!(c, '\0'..='\u{058F}' | '\u{1E00}'..='\u{1FFF}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn text_is_normalized() {
        for (typed, shown) in [
            ("  Ana  ", "Ana"),
            ("Ana\t \u{3000} B", "Ana B"),
            ("two\nlines", "two lines"),
            ("e\u{301}", "é"),
            ("👩\u{200d}🚀", "👩\u{200d}🚀"),
            ("❤\u{fe0f}", "❤\u{fe0f}"),
            ("1\u{fe0f}\u{20e3}", "1\u{fe0f}\u{20e3}"),
            (
                "🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}",
                "🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}",
            ),
            ("علی\u{200c}رضا", "علی\u{200c}رضا"),
            ("สวัสดีชาวโลก", "สวัสดีชาวโลก"),
            ("שָׁלוֹם", "שָׁלוֹם"),
        ] {
            assert_eq!(clean_name(typed, 40).as_deref(), Some(shown), "{typed:?}");
        }
    }

    #[test]
    fn hidden_characters_are_removed_from_text_and_refused_in_names() {
        for hidden in [
            "\u{202e}",
            "\u{2066}",
            "\u{200f}",
            "\0",
            "\u{7}",
            "\u{200b}",
            "\u{feff}",
            "\u{3164}",
            "\u{2800}",
            "\u{200d}",
            "\u{200c}",
            "\u{fe0f}",
            "\u{e0041}",
            "\u{ad}",
            "\u{34f}",
            "\u{1160}",
            "\u{e123}",
            "\u{fff9}",
        ] {
            let typed = format!("An{hidden}a");
            assert_eq!(clean(&typed, 40).as_deref(), Some("Ana"), "{hidden:?}");
            assert_eq!(clean_name(&typed, 40), None, "{hidden:?}");
            assert_eq!(clean(&format!(" {hidden} {hidden}"), 40), None, "{hidden:?}");
        }
    }

    #[test]
    fn stacked_marks_and_long_text_are_refused() {
        assert_eq!(clean("Z\u{35b}\u{35b}\u{35b}\u{35b}", 40).unwrap().chars().count(), 5);
        assert_eq!(clean(&format!("Z{}", "\u{35b}".repeat(39)), 40), None);
        assert_eq!(clean("e\u{200b}\u{301}", 40).as_deref(), Some("é"), "composed across what was removed");
        assert_eq!(clean("👩\u{200d}\u{200b}", 40).as_deref(), Some("👩"), "nothing is left to join");
        assert_eq!(clean("\u{301}", 40), None, "a mark alone");
        assert!(clean(&"é".repeat(40), 40).is_some());
        assert_eq!(clean(&"a".repeat(41), 40), None);
        assert_eq!(clean(&" ".repeat(1_000), 40), None);
    }

    proptest! {
        /// Cleaning twice is cleaning once, whatever was typed.
        #[test]
        fn clean_text_stays_as_it_is(raw in "\\PC{0,50}|[\u{0}-\u{10ffff}]{0,50}") {
            if let Some(text) = clean(&raw, 40) {
                prop_assert!(text.chars().count() <= 40);
                prop_assert_eq!(clean_name(&text, 40), Some(text));
            }
        }
    }
}
