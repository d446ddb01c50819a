//! Text that must not appear in logs.

use std::fmt;
use std::ops::Deref;

use serde::{Deserialize, Serialize};

/// A password, a passcode or a token inside a frame or a body. `Debug` hides it, so that logging a whole request is
/// safe.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS), ts(type = "string"))]
#[serde(transparent)]
pub struct Secret(#[cfg_attr(feature = "generate", schemars(with = "String"))] pub String);

impl Deref for Secret {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_plain_on_the_wire_and_hidden_in_debug() {
        let secret = Secret::from("open sesame");
        assert_eq!(serde_json::to_string(&secret).expect("serializable"), "\"open sesame\"");
        assert!(!format!("{secret:?}").contains("sesame"));
    }
}
