//! The contract of [`ScreenStore`].

use futures_util::future::join_all;
use tutti::store::{ScreenStore, StoreError, StoredScreenCode, TokenHash};
use tutti_protocol::{RoomCode, ScreenId};
use uuid::Uuid;

use super::contract;

contract! {
    a_code_reads_back_and_is_unique
    one_of_several_concurrent_rooms_claims_a_code
    a_claimed_code_is_approved_or_released_by_its_room
    expired_codes_are_removed_in_batches
}

fn code(hash: u8) -> StoredScreenCode {
    StoredScreenCode {
        hash: TokenHash([hash; 32]),
        screen: ScreenId(Uuid::from_u128(hash.into())),
        name: "Firefox on Linux – 📺".into(),
        expires_at_ms: 5_000,
        room: None,
        approved_at_ms: None,
    }
}

fn room(number: u32) -> RoomCode {
    RoomCode::from_bits(number)
}

async fn a_code_reads_back_and_is_unique(store: &dyn ScreenStore) {
    let code = code(1);
    assert_eq!(store.screen_code(code.hash).await.unwrap(), None);
    store.insert_screen_code(&code).await.unwrap();
    assert_eq!(store.screen_code(code.hash).await.unwrap(), Some(code.clone()));
    let other = StoredScreenCode { screen: ScreenId(Uuid::from_u128(9)), ..code.clone() };
    assert!(matches!(store.insert_screen_code(&other).await, Err(StoreError::Conflict("screen code"))));
    assert_eq!(store.screen_code(code.hash).await.unwrap(), Some(code));
}

async fn one_of_several_concurrent_rooms_claims_a_code(store: &dyn ScreenStore) {
    let code = code(1);
    store.insert_screen_code(&code).await.unwrap();
    let claims: Vec<_> = (1..9).map(|number| store.claim_screen_code(code.hash, room(number))).collect();
    let claimed: Vec<bool> = join_all(claims).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(claimed.iter().filter(|claimed| **claimed).count(), 1);
    let winner = room(u32::try_from(claimed.iter().position(|claimed| *claimed).unwrap()).unwrap() + 1);
    assert_eq!(store.screen_code(code.hash).await.unwrap().unwrap().room, Some(winner));
    assert!(store.claim_screen_code(code.hash, winner).await.unwrap(), "the same room may try again");
    assert!(!store.claim_screen_code(TokenHash([7; 32]), winner).await.unwrap());
}

async fn a_claimed_code_is_approved_or_released_by_its_room(store: &dyn ScreenStore) {
    let (code, ours, other) = (code(1), room(1), room(2));
    store.insert_screen_code(&code).await.unwrap();
    assert!(store.claim_screen_code(code.hash, ours).await.unwrap());
    store.release_screen_code(code.hash, other).await.unwrap();
    store.approve_screen_code(code.hash, other, 1_000).await.unwrap();
    let claimed = StoredScreenCode { room: Some(ours), ..code.clone() };
    assert_eq!(store.screen_code(code.hash).await.unwrap(), Some(claimed.clone()), "it is not the other room's");
    store.release_screen_code(code.hash, ours).await.unwrap();
    assert!(store.claim_screen_code(code.hash, other).await.unwrap());
    store.approve_screen_code(code.hash, other, 1_000).await.unwrap();
    store.release_screen_code(code.hash, other).await.unwrap();
    let approved = StoredScreenCode { room: Some(other), approved_at_ms: Some(1_000), ..code.clone() };
    assert_eq!(store.screen_code(code.hash).await.unwrap(), Some(approved), "it stays approved");
    assert!(!store.claim_screen_code(code.hash, ours).await.unwrap());
}

async fn expired_codes_are_removed_in_batches(store: &dyn ScreenStore) {
    for (number, expires_at_ms) in [(1, 1_000), (2, 2_000), (3, 3_000)] {
        store.insert_screen_code(&StoredScreenCode { expires_at_ms, ..code(number) }).await.unwrap();
    }
    assert_eq!(store.delete_screen_codes(3_000, 1).await.unwrap(), 1);
    assert_eq!(store.delete_screen_codes(3_000, 10).await.unwrap(), 1);
    assert_eq!(store.delete_screen_codes(3_000, 10).await.unwrap(), 0);
    assert!(store.screen_code(TokenHash([3; 32])).await.unwrap().is_some());
}
