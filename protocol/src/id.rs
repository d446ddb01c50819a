//! Identifiers. Each kind has its own type, so that a room's id is never taken for a member's.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS), ts(type = "string"))]
        pub struct $name(#[cfg_attr(feature = "generate", schemars(with = "String"))] pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;

            fn from_str(raw: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(raw).map(Self)
            }
        }
    };
}

uuid_id!(
    /// A person: a guest or an account. The same id is their id as a member of a room, so that queue, votes and airtime
    /// belong to the durable identity and not to a socket.
    UserId
);
uuid_id!(
    /// One login of one person in one browser.
    SessionId
);
uuid_id!(
    /// A room, for the server's own use; people see the [`RoomCode`].
    RoomId
);
uuid_id!(
    /// One place in one member's queue. The same track queued twice is two entries.
    EntryId
);
uuid_id!(
    /// One WebSocket.
    ConnectionId
);
uuid_id!(
    /// One browser or app installation, chosen by the client and kept by it.
    DeviceId
);
uuid_id!(
    /// A command's id, chosen by the client: the same id sent again has no second effect.
    CommandId
);

impl UserId {
    /// Nobody's.
    pub const NOBODY: Self = Self(Uuid::nil());
}

/// What people type or scan to enter a room: six characters of Crockford base32, in any case, `O` read as `0`, `I` and
/// `L` as `1`. Thirty bits: guessing is slowed down by limits, not by length.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS), ts(type = "string"))]
#[serde(into = "String")]
pub struct RoomCode(#[cfg_attr(feature = "generate", schemars(with = "String"))] [u8; RoomCode::LEN]);

impl RoomCode {
    /// Characters in a code.
    pub const LEN: usize = 6;
    const ALPHABET: &'static [u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

    /// The code whose digits are the lowest 30 bits of `bits`.
    pub fn from_bits(bits: u32) -> Self {
        let digit = |place: usize| Self::ALPHABET[(bits >> (5 * place) & 31) as usize];
        Self(std::array::from_fn(|place| digit(Self::LEN - 1 - place)))
    }

    /// Reads a code as people type it; `None` when it cannot be one.
    pub fn parse(raw: &str) -> Option<Self> {
        let mut code = [0; Self::LEN];
        let mut typed = raw.trim().bytes().filter(|byte| *byte != b'-');
        for place in &mut code {
            let digit = match typed.next()?.to_ascii_uppercase() {
                b'O' => b'0',
                b'I' | b'L' => b'1',
                other => other,
            };
            *place = *Self::ALPHABET.iter().find(|known| **known == digit)?;
        }
        typed.next().is_none().then_some(Self(code))
    }

    /// The canonical, upper-case spelling.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("the alphabet is ASCII")
    }
}

impl fmt::Display for RoomCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for RoomCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<RoomCode> for String {
    fn from(code: RoomCode) -> Self {
        code.as_str().to_owned()
    }
}

impl<'de> Deserialize<'de> for RoomCode {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Self::parse(&raw).ok_or_else(|| serde::de::Error::custom("not a room code"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_as_people_type_it() {
        let code = RoomCode::parse("K0LT1X").expect("valid");
        for typed in ["k0lt1x", " KOLTIX ", "k0l-t1x", "KO1TLX"] {
            assert_eq!(RoomCode::parse(typed), Some(code), "{typed}");
        }
        assert_eq!(code.as_str(), "K01T1X");
    }

    #[test]
    fn what_cannot_be_a_code_is_refused() {
        for typed in ["", "K0LT1", "K0LT1XX", "K0LT1U", "K0LT1é", "../../"] {
            assert_eq!(RoomCode::parse(typed), None, "{typed}");
        }
    }

    #[test]
    fn every_generated_code_reads_back() {
        for bits in [0, 1, 31, 32, 0x3FFF_FFFF, 0x2AAA_AAAA, u32::MAX] {
            let code = RoomCode::from_bits(bits);
            assert_eq!(RoomCode::parse(code.as_str()), Some(code));
        }
    }
}
