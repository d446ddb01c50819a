//! Identifiers, each kind a type of its own.

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
    /// One login of one user in one browser.
    SessionId
);
uuid_id!(
    /// A room, internal to the server; people use the [`RoomCode`].
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
    /// A screen that was paired with a room. It is no user.
    ScreenId
);
uuid_id!(
    /// A command's id, chosen by the client: the same id sent again has no second effect.
    CommandId
);

impl UserId {
    /// The id of no user.
    pub const NIL: Self = Self(Uuid::nil());
}

/// What people type or scan to enter a room: six characters of Crockford base32, in any case, `O` read as `0`, `I` and
/// `L` as `1`. Thirty bits: guessing is slowed down by limits, not by length.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS), ts(type = "string"))]
#[serde(into = "String")]
pub struct RoomCode(#[cfg_attr(feature = "generate", schemars(with = "String"))] [u8; RoomCode::LEN]);

/// Crockford's base32.
const CODE_ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// The code whose digits are the lowest bits of `bits`, five each.
fn code_from_bits<const LEN: usize>(bits: u64) -> [u8; LEN] {
    std::array::from_fn(|place| CODE_ALPHABET[(bits >> (5 * (LEN - 1 - place)) & 31) as usize])
}

/// Parses a code as typed; `None` when it is not one.
fn parse_code<const LEN: usize>(raw: &str) -> Option<[u8; LEN]> {
    let mut code = [0; LEN];
    let mut typed = raw.trim().bytes().filter(|byte| !matches!(byte, b'-' | b' '));
    for place in &mut code {
        let digit = match typed.next()?.to_ascii_uppercase() {
            b'O' => b'0',
            b'I' | b'L' => b'1',
            other => other,
        };
        *place = *CODE_ALPHABET.iter().find(|known| **known == digit)?;
    }
    typed.next().is_none().then_some(code)
}

impl RoomCode {
    /// Characters in a code.
    pub const LEN: usize = 6;

    /// The code whose digits are the lowest 30 bits of `bits`.
    pub fn from_bits(bits: u32) -> Self {
        Self(code_from_bits(bits.into()))
    }

    /// Parses a code as typed; `None` when it is not one.
    pub fn parse(raw: &str) -> Option<Self> {
        parse_code(raw).map(Self)
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

/// What people type to connect another device for a few minutes: eight characters of Crockford base32 in two groups,
/// typed like a [`RoomCode`]. Forty bits: guessing is slowed down by limits. `Debug` hides it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PairingCode([u8; PairingCode::LEN]);

impl PairingCode {
    /// Characters in a code.
    pub const LEN: usize = 8;

    /// The code whose digits are the lowest 40 bits of `bits`.
    pub fn from_bits(bits: u64) -> Self {
        Self(code_from_bits(bits))
    }

    /// Parses a code as typed; `None` when it is not one.
    pub fn parse(raw: &str) -> Option<Self> {
        parse_code(raw).map(Self)
    }

    /// The characters, without what separates the groups.
    pub fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }

    /// The code as it is shown, such as `K7Q2-M9XA`.
    pub fn shown(&self) -> String {
        let (first, second) = std::str::from_utf8(&self.0).expect("the alphabet is ASCII").split_at(Self::LEN / 2);
        format!("{first}-{second}")
    }
}

impl fmt::Debug for PairingCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PairingCode(…)")
    }
}

/// A provider of music, such as `library`: 1 to 16 characters of `a`–`z`, `0`–`9`, `-` and `_`.
///
/// The set is open. A receiver shows the tracks of a provider that it does not know, and does not play them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "generate", derive(ts_rs::TS), ts(type = "'library' | 'spotify' | (string & {})"))]
pub struct ProviderId(
    /// Padded with zeros: a copy costs no allocation.
    [u8; ProviderId::LEN_MAX],
);

impl ProviderId {
    /// Characters in an id, at most.
    pub const LEN_MAX: usize = 16;
    /// Files on the server.
    pub const LIBRARY: Self = Self::known("library");
    /// Spotify.
    pub const SPOTIFY: Self = Self::known("spotify");

    /// The id of a provider that is part of this program.
    ///
    /// # Panics
    /// When `id` is not a provider's id: at compile time, in a constant.
    pub const fn known(id: &str) -> Self {
        match Self::parse(id) {
            Some(id) => id,
            None => panic!("not a provider's id"),
        }
    }

    /// Reads an id; `None` when it has another form.
    pub const fn parse(id: &str) -> Option<Self> {
        let id = id.as_bytes();
        if id.is_empty() || id.len() > Self::LEN_MAX {
            return None;
        }
        let (mut padded, mut place) = ([0; Self::LEN_MAX], 0);
        while place < id.len() {
            if !matches!(id[place], b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_') {
                return None;
            }
            padded[place] = id[place];
            place += 1;
        }
        Some(Self(padded))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        let length = self.0.iter().position(|byte| *byte == 0).unwrap_or(Self::LEN_MAX);
        std::str::from_utf8(&self.0[..length]).expect("it is ASCII")
    }
}

impl fmt::Display for ProviderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for ProviderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for ProviderId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for ProviderId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl serde::de::Visitor<'_> for Visitor {
            type Value = ProviderId;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a provider's id")
            }

            fn visit_str<E: serde::de::Error>(self, id: &str) -> Result<ProviderId, E> {
                ProviderId::parse(id).ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(id), &self))
            }
        }

        deserializer.deserialize_str(Visitor)
    }
}

#[cfg(feature = "generate")]
impl schemars::JsonSchema for ProviderId {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ProviderId".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "A provider of music, such as `library`. The set is open.",
            "type": "string",
            "pattern": "^[a-z0-9_-]{1,16}$",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_parse_in_any_case_and_with_look_alikes() {
        let code = RoomCode::parse("K0LT1X").expect("valid");
        for typed in ["k0lt1x", " KOLTIX ", "k0l-t1x", "KO1TLX"] {
            assert_eq!(RoomCode::parse(typed), Some(code), "{typed}");
        }
        assert_eq!(code.as_str(), "K01T1X");
    }

    #[test]
    fn invalid_codes_do_not_parse() {
        for typed in ["", "K0LT1", "K0LT1XX", "K0LT1U", "K0LT1é", "../../"] {
            assert_eq!(RoomCode::parse(typed), None, "{typed}");
        }
    }

    #[test]
    fn generated_codes_round_trip() {
        for bits in [0, 1, 31, 32, 0x3FFF_FFFF, 0x2AAA_AAAA, u32::MAX] {
            let code = RoomCode::from_bits(bits);
            assert_eq!(RoomCode::parse(code.as_str()), Some(code));
        }
    }

    #[test]
    fn pairing_codes_read_back_as_shown_and_as_typed() {
        for bits in [0, 1, 0xFF_FFFF_FFFF, 0xAA_AAAA_AAAA, u64::MAX] {
            let code = PairingCode::from_bits(bits);
            assert_eq!(PairingCode::parse(&code.shown()), Some(code));
        }
        let code = PairingCode::parse("k7q2 moxi").expect("valid");
        assert_eq!((code.shown(), format!("{code:?}")), ("K7Q2-M0X1".into(), "PairingCode(…)".into()));
        for typed in ["", "K7Q2-M0X", "K7Q2-M0XU", "K7Q2-M0X11", "K7Q2_M0X1"] {
            assert_eq!(PairingCode::parse(typed), None, "{typed}");
        }
    }

    #[test]
    fn a_provider_id_reads_back_and_orders_by_its_text() {
        for id in ["library", "spotify", "a", "internet-archive", "x_2"] {
            let read: ProviderId = serde_json::from_value(id.into()).expect("valid");
            assert_eq!((read.as_str(), serde_json::to_value(read).expect("serializable")), (id, id.into()));
        }
        assert_eq!(ProviderId::parse("library"), Some(ProviderId::LIBRARY));
        assert!(ProviderId::LIBRARY < ProviderId::SPOTIFY);
    }

    #[test]
    fn other_texts_are_not_provider_ids() {
        for id in ["", "Library", "a b", "a/b", "ü", "seventeen-letters", "nul\0"] {
            assert_eq!(ProviderId::parse(id), None, "{id}");
            serde_json::from_value::<ProviderId>(id.into()).unwrap_err();
        }
    }
}
