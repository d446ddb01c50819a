//! The contract of [`IdentityStore`] for codes of a user's next device.

use futures_util::future::join_all;
use tutti::store::{IdentityStore, StoreError, StoredDeviceCode, StoredSession, StoredUser, TokenHash};
use tutti_protocol::SessionId;
use uuid::Uuid;

use super::contract;
use super::identity::{ana, guest, session, token};

contract! {
    a_code_reads_back_until_it_is_replaced_or_taken_back
    a_code_is_unique_among_all_users
    one_of_several_concurrent_devices_uses_a_code
    a_code_ends_with_the_session_that_asked_for_it
    a_used_code_stays_and_an_erased_users_does_not
    expired_codes_are_removed_in_batches
}

fn code(session: &StoredSession, hash: u8) -> StoredDeviceCode {
    let hash = TokenHash([hash; 32]);
    StoredDeviceCode { user: session.user, session: session.id, hash, expires_at_ms: 5_000, used_for: None }
}

/// Uses a code for a session with this number.
async fn use_code(store: &dyn IdentityStore, user: &StoredUser, code: &StoredDeviceCode, number: u8) -> bool {
    let next = session(user, number.into());
    store.use_device_code(code, &next, &token(&next, number)).await.unwrap()
}

async fn a_code_reads_back_until_it_is_replaced_or_taken_back(store: &dyn IdentityStore) {
    let (user, session, _) = ana(store).await;
    let (first, second) = (code(&session, 1), code(&session, 2));
    store.put_device_code(&first).await.unwrap();
    assert_eq!(store.device_code(first.hash).await.unwrap(), Some(first.clone()));
    store.put_device_code(&second).await.unwrap();
    assert_eq!(store.device_code(first.hash).await.unwrap(), None);
    assert!(!use_code(store, &user, &first, 21).await, "it was replaced");
    assert_eq!(store.device_code_of(user.id, session.id).await.unwrap(), Some(second.clone()));
    store.cancel_device_code(user.id, session.id).await.unwrap();
    assert_eq!(store.device_code_of(user.id, session.id).await.unwrap(), None);
    assert!(!use_code(store, &user, &second, 21).await, "it was taken back");
    assert_eq!(store.session(user.id, SessionId(Uuid::from_u128(21))).await.unwrap(), None);
}

async fn a_code_is_unique_among_all_users(store: &dyn IdentityStore) {
    let (_, session, _) = ana(store).await;
    let ben = guest(2);
    let bens = self::session(&ben, 12);
    store.insert_user(&ben, &bens, &token(&bens, 12)).await.unwrap();
    store.put_device_code(&code(&session, 1)).await.unwrap();
    assert!(matches!(store.put_device_code(&code(&bens, 1)).await, Err(StoreError::Conflict("device code"))));
    assert_eq!(store.device_code(TokenHash([1; 32])).await.unwrap().unwrap().session, session.id);
}

async fn one_of_several_concurrent_devices_uses_a_code(store: &dyn IdentityStore) {
    let (user, session, _) = ana(store).await;
    let code = code(&session, 1);
    store.put_device_code(&code).await.unwrap();
    let used: Vec<bool> = join_all((20..30).map(|number| use_code(store, &user, &code, number))).await;
    assert_eq!(used.iter().filter(|used| **used).count(), 1);
    let sessions = store.sessions_of(user.id).await.unwrap();
    let next = sessions.iter().find(|other| other.id != session.id).expect("the new one");
    assert_eq!(sessions.len(), 2, "the others left nothing behind");
    assert_eq!(store.device_code(code.hash).await.unwrap().unwrap().used_for, Some(next.id));
}

async fn a_code_ends_with_the_session_that_asked_for_it(store: &dyn IdentityStore) {
    let (user, first, _) = ana(store).await;
    let second = session(&user, 12);
    store.insert_session(&second, &token(&second, 12)).await.unwrap();
    let (of_first, of_second) = (code(&first, 1), code(&second, 2));
    store.put_device_code(&of_first).await.unwrap();
    store.revoke_session(user.id, first.id, 1_500).await.unwrap();
    assert!(!use_code(store, &user, &of_first, 21).await);
    store.put_device_code(&of_second).await.unwrap();
    store.revoke_sessions(user.id, Some(second.id), 1_500).await.unwrap();
    assert!(!use_code(store, &user, &of_second, 21).await, "codes go with all other sessions");
    assert_eq!(store.sessions_of(user.id).await.unwrap().len(), 1);
}

async fn a_used_code_stays_and_an_erased_users_does_not(store: &dyn IdentityStore) {
    let (user, session, _) = ana(store).await;
    let code = code(&session, 1);
    store.put_device_code(&code).await.unwrap();
    assert!(use_code(store, &user, &code, 21).await);
    store.cancel_device_code(user.id, session.id).await.unwrap();
    store.revoke_sessions(user.id, None, 1_500).await.unwrap();
    assert!(store.device_code(code.hash).await.unwrap().is_some(), "the first device is told");
    store.delete_user(user.id).await.unwrap();
    assert_eq!(store.device_code(code.hash).await.unwrap(), None);
    assert!(!use_code(store, &user, &code, 22).await);
}

async fn expired_codes_are_removed_in_batches(store: &dyn IdentityStore) {
    let (user, ..) = ana(store).await;
    for (number, expires_at_ms) in [(21, 1_000), (22, 2_000), (23, 3_000)] {
        let next = session(&user, number.into());
        store.put_device_code(&StoredDeviceCode { expires_at_ms, ..code(&next, number) }).await.unwrap();
    }
    assert_eq!(store.delete_device_codes(3_000, 1).await.unwrap(), 1);
    assert_eq!(store.delete_device_codes(3_000, 10).await.unwrap(), 1);
    assert_eq!(store.delete_device_codes(3_000, 10).await.unwrap(), 0);
    assert!(store.device_code(TokenHash([23; 32])).await.unwrap().is_some());
}
