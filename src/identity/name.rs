//! Usernames, which identify an account, and display names, which are shown.

use tutti_protocol::{Reason, ReasonValues, reason_values};
use unicode_normalization::UnicodeNormalization;

use super::{DISPLAY_NAME_CHARS_MAX, IdentityError, USERNAME_CHARS_MAX, USERNAME_CHARS_MIN};
use crate::text;

/// A username. Two that differ only in case or in compatibility forms (`Ａｎａ` and `ana`) are the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Username {
    normalized: String,
    shown: String,
}

impl Username {
    /// Validates a typed username.
    pub fn parse(raw: &str) -> Result<Self, IdentityError> {
        let shown: String = raw.trim().nfkc().take(USERNAME_CHARS_MAX + 1).collect();
        let normalized = shown.to_lowercase();
        let length = (USERNAME_CHARS_MIN..=USERNAME_CHARS_MAX).contains(&normalized.chars().count());
        let letters = normalized.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-'));
        if length && letters {
            return Ok(Self { normalized, shown });
        }
        let values =
            reason_values([("min", (USERNAME_CHARS_MIN as u64).into()), ("max", (USERNAME_CHARS_MAX as u64).into())]);
        Err(IdentityError::Invalid(
            Reason::BadUsername,
            values,
            "A username has 3 to 32 characters: letters a to z, digits, dots, - and _.",
        ))
    }

    /// The form used for comparison and lookup.
    pub fn normalized(&self) -> &str {
        &self.normalized
    }

    /// The form that the user typed.
    pub fn shown(&self) -> &str {
        &self.shown
    }
}

/// The values of [`Reason::BadDisplayName`].
pub fn bad_display_name_values() -> ReasonValues {
    reason_values([("max", (DISPLAY_NAME_CHARS_MAX as u64).into())])
}

/// Normalizes a display name. Rejects names that are invisible or would change how the surrounding text is displayed.
pub fn parse_display_name(raw: &str) -> Result<String, IdentityError> {
    text::clean_name(raw, DISPLAY_NAME_CHARS_MAX).ok_or_else(|| {
        let detail = "A name has 1 to 40 characters, at least one of them visible.";
        IdentityError::Invalid(Reason::BadDisplayName, bad_display_name_values(), detail)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usernames_ignore_case_and_width() {
        for typed in ["ana.b-1_", "ANA.B-1_", " Ana.B-1_ ", "ａｎａ.b-1_"] {
            assert_eq!(Username::parse(typed).unwrap().normalized(), "ana.b-1_", "{typed}");
        }
        assert_eq!(Username::parse("AnA").unwrap().shown(), "AnA");
    }

    #[test]
    fn malformed_usernames_are_rejected() {
        let long = "a".repeat(33);
        for typed in ["", "ab", &long, "a b c", "ana!", "añá", "ана", "a\u{200d}na", "a/../b", "ana\0"] {
            assert!(Username::parse(typed).is_err(), "{typed:?}");
        }
        assert!(Username::parse(&long[..32]).is_ok());
    }

    #[test]
    fn display_names_are_clean() {
        assert_eq!(parse_display_name("  Ana \t B").unwrap(), "Ana B");
        for typed in ["", "   ", &"a".repeat(41), "a\u{202e}b", "\u{3164}"] {
            assert!(parse_display_name(typed).is_err(), "{typed:?}");
        }
    }
}
