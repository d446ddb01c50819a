//! The contract of [`IdentityStore`] for all sessions of a user and for the cleanup.

use tutti::store::{IdentityStore, StoredRefreshToken, StoredSession, StoredUser};
use tutti_protocol::{SessionId, UserId};

use super::contract;
use super::identity::{account, ana, guest, session, token};

contract! {
    sessions_are_listed_last_used_first
    all_sessions_but_one_are_revoked
    all_sessions_are_revoked
    ended_sessions_are_removed_with_their_tokens
    used_tokens_are_removed_in_batches
    guests_not_seen_recently_are_found
}

/// Ana with more sessions: their ids and when they were last used.
async fn ana_with(store: &dyn IdentityStore, sessions: &[(u128, i64)]) -> (UserId, Vec<SessionId>) {
    let (user, first, _) = ana(store).await;
    let mut ids = vec![first.id];
    for (id, last_used_at_ms) in sessions {
        let session = StoredSession { last_used_at_ms: *last_used_at_ms, ..session(&user, *id) };
        store.insert_session(&session, &token(&session, u8::try_from(*id).unwrap())).await.unwrap();
        ids.push(session.id);
    }
    (user.id, ids)
}

async fn listed(store: &dyn IdentityStore, user: UserId) -> Vec<SessionId> {
    store.sessions_of(user).await.unwrap().into_iter().map(|session| session.id).collect()
}

async fn sessions_are_listed_last_used_first(store: &dyn IdentityStore) {
    let (user, ids) = ana_with(store, &[(12, 1_200), (13, 1_100), (14, 1_300)]).await;
    store.revoke_session(user, ids[3], 1_400).await.unwrap();
    assert_eq!(listed(store, user).await, [ids[1], ids[2], ids[0]], "without the revoked one");
    assert_eq!(listed(store, guest(99).id).await, []);
}

async fn all_sessions_but_one_are_revoked(store: &dyn IdentityStore) {
    let (user, ids) = ana_with(store, &[(12, 1_200), (13, 1_100)]).await;
    let ben = account(2, "ben");
    store.insert_user(&ben, &session(&ben, 22), &token(&session(&ben, 22), 2)).await.unwrap();
    let mut ended = store.revoke_sessions(user, Some(ids[1]), 1_500).await.unwrap();
    ended.sort_unstable();
    assert_eq!(ended, [ids[0], ids[2]]);
    assert_eq!(listed(store, user).await, [ids[1]]);
    assert_eq!(store.session(user, ids[0]).await.unwrap().unwrap().revoked_at_ms, Some(1_500));
    assert_eq!(store.revoke_sessions(user, Some(ids[1]), 1_600).await.unwrap(), [], "none is revoked twice");
    assert_eq!(listed(store, ben.id).await.len(), 1, "other users are unchanged");
}

async fn all_sessions_are_revoked(store: &dyn IdentityStore) {
    let (user, ids) = ana_with(store, &[(12, 1_200)]).await;
    assert_eq!(store.revoke_sessions(user, None, 1_500).await.unwrap().len(), ids.len());
    assert_eq!(listed(store, user).await, []);
}

async fn ended_sessions_are_removed_with_their_tokens(store: &dyn IdentityStore) {
    let user = guest(1);
    let add = |id: u128, idle_expires_at_ms| {
        let session = StoredSession { idle_expires_at_ms, ..session(&user, id) };
        (token(&session, u8::try_from(id).unwrap()), session)
    };
    let (expired, revoked, alive) = (add(11, 1_500), add(12, 9_000), add(13, 9_000));
    store.insert_user(&user, &expired.1, &expired.0).await.unwrap();
    for (token, session) in [&revoked, &alive] {
        store.insert_session(session, token).await.unwrap();
    }
    store.revoke_session(user.id, revoked.1.id, 1_600).await.unwrap();
    assert_eq!(store.delete_ended_sessions(1_000, 10).await.unwrap(), 0);
    assert_eq!(store.delete_ended_sessions(2_000, 1).await.unwrap(), 1);
    assert_eq!(store.delete_ended_sessions(2_000, 10).await.unwrap(), 1);
    for (token, session) in [&expired, &revoked] {
        assert_eq!(store.session(user.id, session.id).await.unwrap(), None);
        assert_eq!(store.refresh_token(user.id, token.hash).await.unwrap(), None);
    }
    assert_eq!(store.refresh_token(user.id, alive.0.hash).await.unwrap(), Some(alive.0));
}

async fn used_tokens_are_removed_in_batches(store: &dyn IdentityStore) {
    let (user, first, unused) = ana(store).await;
    for used in 1..=5_u8 {
        let session = StoredSession { id: SessionId(uuid::Uuid::from_u128(100 + u128::from(used))), ..first.clone() };
        let token = StoredRefreshToken { used_at_ms: Some(i64::from(used) * 1_000), ..token(&session, used) };
        store.insert_session(&session, &token).await.unwrap();
    }
    assert_eq!(store.delete_used_refresh_tokens(4_000, 2).await.unwrap(), 2);
    assert_eq!(store.delete_used_refresh_tokens(4_000, 2).await.unwrap(), 1);
    assert_eq!(store.delete_used_refresh_tokens(4_000, 2).await.unwrap(), 0);
    assert_eq!(store.refresh_token(user.id, unused.hash).await.unwrap(), Some(unused));
}

async fn guests_not_seen_recently_are_found(store: &dyn IdentityStore) {
    let add = |id: u128, user: StoredUser| async move {
        store.insert_user(&user, &session(&user, id), &token(&session(&user, id), 1)).await.unwrap();
        user.id
    };
    let second = add(12, StoredUser { last_seen_at_ms: 2_000, ..guest(2) }).await;
    let first = add(11, StoredUser { last_seen_at_ms: 1_000, ..guest(1) }).await;
    add(13, StoredUser { last_seen_at_ms: 3_000, ..guest(3) }).await;
    add(14, StoredUser { last_seen_at_ms: 1_000, ..account(4, "dan") }).await;
    assert_eq!(store.unused_guests(3_000, 10).await.unwrap(), [first, second]);
    assert_eq!(store.unused_guests(3_000, 1).await.unwrap(), [first]);
    let third = add(15, StoredUser { last_seen_at_ms: 2_000, ..guest(5) }).await;
    let page = store.guests_seen_before(3_000, None, 2).await.unwrap();
    assert_eq!(page, [(1_000, first), (2_000, second)]);
    assert_eq!(store.guests_seen_before(3_000, Some(page[1]), 2).await.unwrap(), [(2_000, third)]);
    assert_eq!(store.guests_seen_before(3_000, Some((2_000, third)), 2).await.unwrap(), []);
}
