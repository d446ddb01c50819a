//! Usernames, which identify an account, and display names, which are shown.

use tutti_protocol::{Reason, ReasonValues, reason_values};
use unicode_normalization::UnicodeNormalization;

use super::{DISPLAY_NAME_CHARS_MAX, IdentityError, USERNAME_CHARS_MAX, USERNAME_CHARS_MIN};

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

/// Normalizes a display name: trimmed, whitespace collapsed, Unicode NFC. Rejects names that are invisible or would
/// change how the surrounding text is displayed.
pub fn parse_display_name(raw: &str) -> Result<String, IdentityError> {
    let invalid = || {
        let detail = "A name has 1 to 40 characters, at least one of them visible.";
        Err(IdentityError::Invalid(Reason::BadDisplayName, bad_display_name_values(), detail))
    };
    // Four bytes a character, doubled for what trimming and composing remove; avoids normalizing long input.
    if raw.len() > DISPLAY_NAME_CHARS_MAX * 4 * 2 {
        return invalid();
    }
    let name: String = raw.split_whitespace().collect::<Vec<_>>().join(" ").nfc().collect();
    let length = (1..=DISPLAY_NAME_CHARS_MAX).contains(&name.chars().count());
    if !length || name.chars().any(is_forbidden) || name.chars().all(is_invisible) {
        return invalid();
    }
    Ok(name)
}

/// Control characters, and format characters that reorder or hide text (Unicode Technical Report 36). The joiners
/// U+200C and U+200D are allowed: Persian and emoji need them.
fn is_forbidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00AD}' | '\u{061C}' | '\u{180E}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E000}'..='\u{F8FF}')
}

fn is_invisible(c: char) -> bool {
    matches!(c,
        ' ' | '\u{034F}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
        | '\u{200C}' | '\u{200D}' | '\u{2800}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FFA0}'
        | '\u{E0000}'..='\u{E0FFF}')
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
    fn display_names_are_normalized() {
        let cases = [
            ("  Ana  ", "Ana"),
            ("Ana\t \u{3000} B", "Ana B"),
            ("e\u{301}", "é"),
            ("👩\u{200d}🚀", "👩\u{200d}🚀"),
            ("علی\u{200c}رضا", "علی\u{200c}رضا"),
        ];
        for (typed, name) in cases {
            assert_eq!(parse_display_name(typed).unwrap(), name, "{typed:?}");
        }
        assert!(parse_display_name(&"é".repeat(40)).is_ok());
    }

    #[test]
    fn deceptive_display_names_are_rejected() {
        let long = "a".repeat(41);
        let bad = [
            "",
            "   ",
            &long,
            "a\u{202e}b",
            "a\u{2066}b",
            "a\u{200f}b",
            "a\0b",
            "a\u{7}b",
            "a\u{200b}b",
            "\u{3164}",
            "\u{200d}",
            "\u{2800} \u{2800}",
            "\u{feff}a",
        ];
        for typed in bad {
            assert!(parse_display_name(typed).is_err(), "{typed:?}");
        }
    }
}
