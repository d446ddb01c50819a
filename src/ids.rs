//! Makes the ids of rows and the codes that people type. A key's id is made in [`crate::keys`].

use rand::Rng;
use tutti_protocol::{PairingCode, RoomCode};
use uuid::{Builder, Uuid};

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

/// A code for pairing devices that nobody can foresee.
pub fn pairing_code() -> PairingCode {
    PairingCode::from_bits(rand::rng().next_u64())
}
