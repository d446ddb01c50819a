//! What a key is called: the time at which it was made, and some chance.

use std::fmt;

/// Bits of a key id that are chance; those above are Unix milliseconds.
const RANDOM_BITS: u32 = 16;
const MADE_AT_MS_MAX: u64 = u64::MAX >> RANDOM_BITS;

/// A key's id: 48 bits of time and 16 of chance, written as sixteen hexadecimal digits. No secret: it stands in every
/// token. Of one ring's ids the greater one is that of the newer key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(u64);

impl KeyId {
    /// The id of a key made at that time, and later than the key `after`: a clock that was set back makes no key that
    /// seems to be an old one.
    fn new(now_ms: i64, after: Option<Self>, random: u16) -> Self {
        let after_ms = after.map_or(0, |after| (after.0 >> RANDOM_BITS) + 1);
        let made_at_ms = u64::try_from(now_ms).unwrap_or(0).max(after_ms).min(MADE_AT_MS_MAX);
        Self(made_at_ms << RANDOM_BITS | u64::from(random))
    }

    /// The id of a key made now, later than the key `after`.
    pub(super) fn generate(now_ms: i64, after: Option<Self>) -> Self {
        Self::new(now_ms, after, rand::random())
    }

    /// Reads what `Display` writes, and nothing else.
    pub fn parse(text: &str) -> Option<Self> {
        let proper = text.len() == 16 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        u64::from_str_radix(text, 16).ok().filter(|_| proper).map(Self)
    }

    /// When the key was made, in Unix milliseconds.
    pub fn made_at_ms(self) -> i64 {
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
    fn an_id_reads_back_and_says_when() {
        let id = KeyId::new(1_767_268_800_000, None, 7);
        assert_eq!(KeyId::parse(&id.to_string()), Some(id));
        assert_eq!(KeyId::from_bytes(id.to_bytes()), id);
        assert_eq!(id.made_at_ms(), 1_767_268_800_000);
    }

    #[test]
    fn what_is_none_is_refused() {
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
    fn a_later_key_has_a_greater_id_whatever_the_clock_says() {
        let first = KeyId::new(1_000, None, u16::MAX);
        assert!(KeyId::new(1_000, Some(first), 0) > first);
        assert!(KeyId::new(500, Some(first), 0) > first);
        assert!(KeyId::new(i64::MIN, Some(first), 0) > first);
        assert!(KeyId::new(2_000, Some(first), 0) > first);
    }
}
