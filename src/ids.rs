//! The only place that makes ids.

use rand::Rng;
use tutti_protocol::RoomCode;
use uuid::{Builder, Uuid};

use crate::keys::KeyId;

/// A fresh UUIDv7 (RFC 9562): sorted by time, so that rows made together lie together.
pub fn uuid_v7(now_ms: i64) -> Uuid {
    let mut random = [0; 10];
    rand::rng().fill_bytes(&mut random);
    Builder::from_unix_timestamp_millis(u64::try_from(now_ms).unwrap_or(0), &random).into_uuid()
}

/// A room code that nobody can foresee.
pub fn room_code() -> RoomCode {
    RoomCode::from_bits(rand::rng().next_u32())
}

/// The id of a key made now, later than the key `after`.
pub fn key_id(now_ms: i64, after: Option<KeyId>) -> KeyId {
    KeyId::new(now_ms, after, rand::random())
}
