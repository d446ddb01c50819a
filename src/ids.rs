//! Makes the ids of rows and the codes that people type. A key's id is made in [`crate::keys`].

use std::sync::atomic::{AtomicU32, Ordering};

use rand::Rng;
use tutti_protocol::{PairingCode, RoomCode};
use uuid::{Builder, Uuid};

/// A fresh UUIDv7 (RFC 9562): sorted by time, so that rows made together lie together.
pub fn uuid_v7(now_ms: i64) -> Uuid {
    let mut random = [0; 10];
    rand::rng().fill_bytes(&mut random);
    Builder::from_unix_timestamp_millis(u64::try_from(now_ms).unwrap_or(0), &random).into_uuid()
}

/// A fresh UUIDv7. Those that this process makes in one millisecond are sorted in the order in which it makes them, too.
pub fn uuid_v7_in_order(now_ms: i64) -> Uuid {
    static MADE: AtomicU32 = AtomicU32::new(0);
    // The version and the variant replace the highest bits of the first byte and of the count.
    let mut bytes = [0; 10];
    bytes[2..6].copy_from_slice(&MADE.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    rand::rng().fill_bytes(&mut bytes[6..]);
    Builder::from_unix_timestamp_millis(u64::try_from(now_ms).unwrap_or(0), &bytes).into_uuid()
}

/// A room code that nobody can foresee.
pub fn room_code() -> RoomCode {
    RoomCode::from_bits(rand::rng().next_u32())
}

/// A code for pairing devices that nobody can foresee.
pub fn pairing_code() -> PairingCode {
    PairingCode::from_bits(rand::rng().next_u64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_in_order_are_sorted_within_a_millisecond() {
        let ids: Vec<_> = (0..1_000).map(|_| uuid_v7_in_order(1_700_000_000_000)).collect();
        assert!(ids.is_sorted_by(|a, b| a < b));
        assert!(ids[999] < uuid_v7_in_order(1_700_000_000_001));
        assert_eq!(ids[0].get_version_num(), 7);
    }
}
