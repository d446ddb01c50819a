//! Ids chosen by tests, and random secrets.
//!
//! An id needs no escaping in a path, a query or HTML: its characters are checked here.

use std::borrow::Borrow;
use std::fmt;

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use rand::Rng as _;
use serde::{Deserialize, Serialize};

/// Characters in an id, at most.
const ID_CHARS_MAX: usize = 64;

/// A malformed id.
#[derive(Debug, thiserror::Error)]
#[error("an id is 1 to {ID_CHARS_MAX} letters, digits, '-', '_' or '.'")]
pub struct InvalidId;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The id as used in paths and JSON.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, InvalidId> {
                if is_id(&text) { Ok(Self(text)) } else { Err(InvalidId) }
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        /// For map lookups with a path segment.
        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id! {
    /// The stand-in's own id of a person; the ids in `/v1/me` are fields of [`Person`](crate::Person).
    PersonId
}

id! {
    /// A Connect device of one person.
    DeviceId
}

fn is_id(text: &str) -> bool {
    (1..=ID_CHARS_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

/// A prefix and 192 random bits in base64url.
pub(crate) fn secret(prefix: &str) -> String {
    let mut random = [0; 24];
    rand::rng().fill_bytes(&mut random);
    format!("{prefix}{}", BASE64_URL_SAFE_NO_PAD.encode(random))
}
