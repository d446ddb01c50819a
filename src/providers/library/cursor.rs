//! Cursors to the next page of a list.

use sha2::{Digest, Sha256};

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
    fn a_cursor_belongs_to_its_query() {
        assert_eq!(parse_cursor("abba", &cursor("abba", 150)), Some(150));
        assert_eq!(parse_cursor("beatles", &cursor("abba", 150)), None);
        for strange in ["", "50", "+0000032", "00000032zzzzzzzz", "ééééé", "0000003200000000ff"] {
            assert_eq!(parse_cursor("abba", strange), None, "{strange}");
        }
    }
}
