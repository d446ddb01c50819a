//! Ids that tests choose, and secrets that nobody can guess.
//!
//! An id is safe in a path, in a query and in HTML as it is: that is checked once, here.

use std::borrow::Borrow;
use std::fmt;

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use rand::Rng as _;
use serde::{Deserialize, Serialize};

/// Characters in an id, at most.
const ID_CHARS_MAX: usize = 64;

/// A string that is no id.
#[derive(Debug, thiserror::Error)]
#[error("an id is 1 to {ID_CHARS_MAX} letters, digits, '-', '_' or '.'")]
pub struct NoId;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The id as it is in paths and in JSON.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = NoId;

            fn try_from(text: String) -> Result<Self, NoId> {
                if is_id(&text) { Ok(Self(text)) } else { Err(NoId) }
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        /// So that maps can be asked with what came in a path.
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
    /// The stand-in's own name for a person; what `/v1/me` calls them is in [`Person`](crate::Person).
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

/// 192 random bits behind a prefix, in characters that need no escaping.
pub(crate) fn secret(prefix: &str) -> String {
    let mut random = [0; 24];
    rand::rng().fill_bytes(&mut random);
    format!("{prefix}{}", BASE64_URL_SAFE_NO_PAD.encode(random))
}
