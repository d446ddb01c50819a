//! Key ids: creation time and random bits.

use std::fmt;

/// Random low bits of a key id; the bits above are Unix milliseconds.
const RANDOM_BITS: u32 = 16;
const CREATED_AT_MS_MAX: u64 = u64::MAX >> RANDOM_BITS;

/// The id of a key: 48 bits of time and 16 random bits, written as sixteen hexadecimal digits. Not secret: every token
/// contains one. Within a key ring, newer keys have greater ids.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(u64);

impl KeyId {
    /// An id for a key created at `now_ms`, greater than `after` even if the clock was set back.
    fn new(now_ms: i64, after: Option<Self>, random: u16) -> Self {
        let after_ms = after.map_or(0, |after| (after.0 >> RANDOM_BITS) + 1);
        let created_at_ms = u64::try_from(now_ms).unwrap_or(0).max(after_ms).min(CREATED_AT_MS_MAX);
        Self(created_at_ms << RANDOM_BITS | u64::from(random))
    }

    /// The id of a key made now, later than the key `after`.
    pub(super) fn generate(now_ms: i64, after: Option<Self>) -> Self {
        Self::new(now_ms, after, rand::random())
    }

    /// Parses exactly what `Display` writes.
    pub fn parse(text: &str) -> Option<Self> {
        let well_formed = text.len() == 16 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        u64::from_str_radix(text, 16).ok().filter(|_| well_formed).map(Self)
    }

    /// When the key was created, in Unix milliseconds.
    pub fn created_at_ms(self) -> i64 {
        (self.0 >> RANDOM_BITS).cast_signed()
    }

    pub(super) fn from_bytes(bytes: [u8; 8]) -> Self {
        Self(u64::from_be_bytes(bytes))
    }

    pub(super) fn to_bytes(self) -> [u8; 8] {
        self.0.to_be_bytes()
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_round_trips_and_contains_its_creation_time() {
        let id = KeyId::new(1_767_268_800_000, None, 7);
        assert_eq!(KeyId::parse(&id.to_string()), Some(id));
        assert_eq!(KeyId::from_bytes(id.to_bytes()), id);
        assert_eq!(id.created_at_ms(), 1_767_268_800_000);
    }

    #[test]
    fn malformed_ids_are_rejected() {
        for text in [
            "",
            "x",
            "019b77d0f5000007 ",
            "019B77D0F5000007",
            "+19b77d0f5000007",
            "0019b77d0f5000007",
            "é9b77d0f500007",
        ] {
            assert_eq!(KeyId::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_later_key_has_a_greater_id_even_if_the_clock_was_set_back() {
        let first = KeyId::new(1_000, None, u16::MAX);
        assert!(KeyId::new(1_000, Some(first), 0) > first);
        assert!(KeyId::new(500, Some(first), 0) > first);
        assert!(KeyId::new(i64::MIN, Some(first), 0) > first);
        assert!(KeyId::new(2_000, Some(first), 0) > first);
    }
}
