//! Search text as an FTS5 expression, and the cursor to its next page.

use sha2::{Digest, Sha256};

/// Most words of a query that are searched for.
const WORDS_MAX: usize = 16;

/// The FTS5 expression for text as it was typed: every word must begin a word of the title, an artist or the album, in any
/// order. `None` when there is no letter or digit in it.
///
/// Every word is quoted, so input is never interpreted as syntax. A word with a sign inside (`AC/DC`) becomes a phrase.
pub fn match_expression(typed: &str) -> Option<String> {
    let mut words: Vec<&str> = Vec::new();
    for word in typed.split(|c: char| c.is_whitespace() || c.is_control() || c == '"') {
        // A repeated word adds cost and no results.
        if words.len() < WORDS_MAX && word.chars().any(char::is_alphanumeric) && !words.contains(&word) {
            words.push(word);
        }
    }
    let quoted: Vec<String> = words.iter().map(|word| format!("\"{word}\" *")).collect();
    (!quoted.is_empty()).then(|| quoted.join(" "))
}

/// The cursor to the results of `typed` from the `offset`-th on: the offset and a digest that ties it to the text.
pub fn cursor(typed: &str, offset: u32) -> String {
    format!("{offset:08x}{:08x}", fingerprint(typed))
}

/// The offset in a cursor that [`cursor`] made for the same text; `None` for anything else.
pub fn parse_cursor(typed: &str, cursor: &str) -> Option<u32> {
    if cursor.len() != 16 || !cursor.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let (offset, digest) = cursor.split_at(8);
    let digest = u32::from_str_radix(digest, 16).ok()?;
    (digest == fingerprint(typed)).then(|| u32::from_str_radix(offset, 16).ok())?
}

fn fingerprint(typed: &str) -> u32 {
    let digest = Sha256::digest(typed.as_bytes());
    u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_prefixes() {
        assert_eq!(match_expression("  hey  jud").as_deref(), Some(r#""hey" * "jud" *"#));
        assert_eq!(
            match_expression(r#"NEAR( "x" OR -y* ^z:"#).as_deref(),
            Some(r#""NEAR(" * "x" * "OR" * "-y*" * "^z:" *"#)
        );
        assert_eq!(match_expression(" -- ( \" * ☃ "), None);
        assert_eq!(match_expression(""), None);
        assert_eq!(match_expression("l l\tl").as_deref(), Some(r#""l" *"#));
    }

    #[test]
    fn a_cursor_belongs_to_its_query() {
        assert_eq!(parse_cursor("abba", &cursor("abba", 150)), Some(150));
        assert_eq!(parse_cursor("beatles", &cursor("abba", 150)), None);
        for strange in ["", "50", "+0000032", "00000032zzzzzzzz", "ééééé", "0000003200000000ff"] {
            assert_eq!(parse_cursor("abba", strange), None, "{strange}");
        }
    }
}
