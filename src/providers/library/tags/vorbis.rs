//! Vorbis comments, in FLAC and Ogg.

use super::fields::{Field, Fields};
use super::text::Raw;

/// Reads a comment header. What comes after a broken or missing part is left out.
pub fn parse(bytes: &[u8]) -> Fields {
    let mut fields = Fields::default();
    let Some((_vendor, rest)) = counted(bytes) else { return fields };
    let Some((count, mut rest)) = number(rest) else { return fields };
    for _ in 0..count {
        let Some((comment, after)) = counted(rest) else { break };
        rest = after;
        let Some(equals) = comment.iter().position(|byte| *byte == b'=') else { continue };
        let (name, value) = (&comment[..equals], &comment[equals + 1..]);
        if let Some(field) = std::str::from_utf8(name).ok().and_then(|name| Field::of_name(name.trim())) {
            fields.push(field, Raw::utf8(value));
        }
    }
    fields
}

fn number(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (number, rest) = bytes.split_first_chunk()?;
    Some((u32::from_le_bytes(*number), rest))
}

/// Bytes with their number in front.
fn counted(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = number(bytes)?;
    rest.split_at_checked(usize::try_from(length).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_comments_are_left_out() {
        let text = |text: &[u8]| [&u32::try_from(text.len()).expect("it is short").to_le_bytes(), text].concat();
        let comments = [
            text(b"vendor"),
            5_u32.to_le_bytes().to_vec(),
            text(b"title=Caf\xe9"),
            text(b"no value"),
            text(b"ARTIST=Zo\xc3\xa9"),
            text(b"Artist=Ana"),
        ]
        .concat();
        let fields = parse(&comments);
        assert_eq!(fields.of(Field::Title).collect::<Vec<_>>(), [&Raw::Bytes(b"Caf\xe9".to_vec())]);
        assert_eq!(fields.of(Field::Artist).count(), 2);
        for length in 0..comments.len() {
            let _ = parse(&comments[..length]);
        }
    }
}
