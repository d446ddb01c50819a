//! Which names rooms may have.

use tutti_protocol::{ReasonValues, reason_values};

use crate::text;

/// Characters in a room's name, at most.
const NAME_CHARS_MAX: usize = 60;

/// Why a name is refused.
pub const BAD_NAME: &str = "A room's name has 1 to 60 characters.";

/// A name as it was typed, normalized; `None` when it cannot be shown so.
pub fn clean_name(typed: &str) -> Option<String> {
    text::clean_name(typed, NAME_CHARS_MAX)
}

/// The values that a refusal of a name is sent with.
pub fn bad_name_values() -> ReasonValues {
    reason_values([("max", (NAME_CHARS_MAX as u64).into())])
}
