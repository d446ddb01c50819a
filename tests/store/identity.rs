//! The contract of [`IdentityStore`].

use tutti::store::{
    IdentityStore, PasswordHash, Rotation, StoreError, StoredLogin, StoredRefreshToken, StoredSession, StoredUser,
    TokenHash,
};
use tutti_protocol::{SessionId, UserId, UserKind};
use uuid::Uuid;

use super::contract;

contract! {
    a_user_reads_back_with_session_and_token
    users_are_looked_up_in_batches_of_any_size
    a_username_is_taken_once
    a_failed_insert_leaves_nothing_behind
    a_guest_becomes_an_account_once
    an_upgrade_fails_when_the_username_is_taken
    a_rename_changes_only_the_display_name
    a_password_changes_only_from_the_stored_one
    a_refresh_token_is_used_once
    a_rotation_prolongs_the_session_and_updates_last_seen
    a_rotation_in_a_revoked_session_changes_nothing
    a_rotation_requires_the_matching_user_and_session
    a_session_is_revoked_once
    revoked_sessions_are_found_by_time
    one_of_several_concurrent_rotations_succeeds
}

pub(super) fn guest(id: u128) -> StoredUser {
    StoredUser {
        id: UserId(Uuid::from_u128(id)),
        kind: UserKind::Guest,
        display_name: "Ana ☕".into(),
        login: None,
        created_at_ms: 1_000,
        last_seen_at_ms: 1_000,
        picture: None,
        spotify: false,
        operator_since_ms: None,
        banned_at_ms: None,
    }
}

fn login(username: &str) -> StoredLogin {
    StoredLogin {
        username: username.into(),
        username_shown: username.to_uppercase(),
        password_hash: PasswordHash("$2b$04$…".into()),
    }
}

pub(super) fn account(id: u128, username: &str) -> StoredUser {
    StoredUser { kind: UserKind::User, login: Some(login(username)), ..guest(id) }
}

pub(super) fn session(user: &StoredUser, id: u128) -> StoredSession {
    StoredSession {
        id: SessionId(Uuid::from_u128(id)),
        user: user.id,
        created_at_ms: 1_000,
        last_used_at_ms: 1_000,
        user_agent: "Browser/1".into(),
        idle_expires_at_ms: 2_000,
        absolute_expires_at_ms: 9_000,
        revoked_at_ms: None,
    }
}

pub(super) fn token(session: &StoredSession, hash: u8) -> StoredRefreshToken {
    StoredRefreshToken {
        hash: TokenHash([hash; 32]),
        session: session.id,
        user: session.user,
        parent: None,
        issued_at_ms: 1_000,
        used_at_ms: None,
        successor: None,
    }
}

fn rotation(token: &StoredRefreshToken, successor: u8) -> Rotation {
    Rotation {
        user: token.user,
        session: token.session,
        used: token.hash,
        successor: TokenHash([successor; 32]),
        at_ms: 1_500,
        idle_expires_at_ms: 3_000,
    }
}

/// Ana with one session and one token.
pub(super) async fn ana(store: &dyn IdentityStore) -> (StoredUser, StoredSession, StoredRefreshToken) {
    let user = guest(1);
    let session = session(&user, 11);
    let token = token(&session, 111);
    store.insert_user(&user, &session, &token).await.unwrap();
    (user, session, token)
}

async fn a_user_reads_back_with_session_and_token(store: &dyn IdentityStore) {
    let (user, session, token) = ana(store).await;
    assert_eq!(store.user(user.id).await.unwrap(), Some(user.clone()));
    assert_eq!(store.session(user.id, session.id).await.unwrap(), Some(session.clone()));
    assert_eq!(store.refresh_token(user.id, token.hash).await.unwrap(), Some(token.clone()));

    let ben = account(2, "ben");
    let used = StoredRefreshToken {
        parent: Some(TokenHash([9; 32])),
        used_at_ms: Some(1_100),
        successor: Some(TokenHash([8; 32])),
        ..self::token(&self::session(&ben, 12), 7)
    };
    store.insert_user(&ben, &self::session(&ben, 12), &used).await.unwrap();
    assert_eq!(store.user_by_username("ben").await.unwrap(), Some(ben.clone()));
    assert_eq!(store.refresh_token(ben.id, used.hash).await.unwrap(), Some(used));

    assert_eq!(store.user(UserId(Uuid::from_u128(99))).await.unwrap(), None);
    assert_eq!(store.user_by_username("BEN").await.unwrap(), None, "the store compares exactly");
    assert_eq!(store.session(ben.id, session.id).await.unwrap(), None, "another user's session");
    assert_eq!(store.refresh_token(ben.id, token.hash).await.unwrap(), None, "another user's token");
}

async fn users_are_looked_up_in_batches_of_any_size(store: &dyn IdentityStore) {
    let mut users = vec![];
    for id in 1..=64 {
        let (user, hash) = (guest(id), u8::try_from(id).unwrap());
        let session = session(&user, 100 + id);
        store.insert_user(&user, &session, &token(&session, hash)).await.unwrap();
        users.push(user);
    }
    let unknown = guest(1_000).id;
    for count in [1, 2, 8, 9, 63, 64] {
        // Among them an unknown id and a repeated one.
        let mut ids: Vec<_> = users[..count].iter().rev().map(|user| user.id).collect();
        if let [_, second, .., last] = &mut ids[..] {
            (*second, *last) = (unknown, users[0].id);
        }
        let mut found = store.users(&ids).await.unwrap();
        found.sort_by_key(|user| user.id);
        let expected: Vec<_> = users.iter().filter(|user| ids.contains(&user.id)).cloned().collect();
        assert_eq!(found, expected, "{count}");
    }
    assert_eq!(store.users(&[unknown]).await.unwrap(), []);
}

async fn a_username_is_taken_once(store: &dyn IdentityStore) {
    let (first, second) = (account(1, "ana"), account(2, "ana"));
    let add = |user: StoredUser, id| async move {
        store.insert_user(&user, &session(&user, id), &token(&session(&user, id), 1)).await
    };
    add(first, 11).await.unwrap();
    assert!(matches!(add(second, 12).await, Err(StoreError::Conflict("username"))));
    add(guest(3), 13).await.unwrap();
    add(guest(4), 14).await.unwrap();
}

async fn a_failed_insert_leaves_nothing_behind(store: &dyn IdentityStore) {
    let first = account(1, "ana");
    store.insert_user(&first, &session(&first, 11), &token(&session(&first, 11), 1)).await.unwrap();
    let second = account(2, "ana");
    let (session, token) = (session(&second, 12), token(&session(&second, 12), 2));
    store.insert_user(&second, &session, &token).await.unwrap_err();
    assert_eq!(store.user(second.id).await.unwrap(), None);
    assert_eq!(store.session(second.id, session.id).await.unwrap(), None);
    assert_eq!(store.refresh_token(second.id, token.hash).await.unwrap(), None);
}

async fn a_guest_becomes_an_account_once(store: &dyn IdentityStore) {
    let (user, ..) = ana(store).await;
    assert!(store.add_login(user.id, "Ana B", &login("ana")).await.unwrap());
    let upgraded = store.user(user.id).await.unwrap().unwrap();
    let expected =
        StoredUser { kind: UserKind::User, display_name: "Ana B".into(), login: Some(login("ana")), ..user.clone() };
    assert_eq!(upgraded, expected);
    assert!(!store.add_login(user.id, "Other", &login("other")).await.unwrap());
    assert!(!store.add_login(UserId(Uuid::from_u128(99)), "Unknown", &login("unknown")).await.unwrap());
    assert_eq!(store.user(user.id).await.unwrap(), Some(expected));
}

async fn an_upgrade_fails_when_the_username_is_taken(store: &dyn IdentityStore) {
    let (user, ..) = ana(store).await;
    let ben = account(2, "ben");
    store.insert_user(&ben, &session(&ben, 12), &token(&session(&ben, 12), 2)).await.unwrap();
    let taken = store.add_login(user.id, "Ana", &login("ben")).await;
    assert!(matches!(taken, Err(StoreError::Conflict("username"))));
    assert_eq!(store.user(user.id).await.unwrap(), Some(user));
}

async fn a_rename_changes_only_the_display_name(store: &dyn IdentityStore) {
    let (user, ..) = ana(store).await;
    assert!(store.rename_user(user.id, "Ana B").await.unwrap());
    let renamed = StoredUser { display_name: "Ana B".into(), ..user.clone() };
    assert_eq!(store.user(user.id).await.unwrap(), Some(renamed));
    assert!(!store.rename_user(UserId(Uuid::from_u128(99)), "Unknown").await.unwrap());
}

async fn a_refresh_token_is_used_once(store: &dyn IdentityStore) {
    let (user, session, token) = ana(store).await;
    assert!(store.use_refresh_token(&rotation(&token, 112)).await.unwrap());
    assert!(!store.use_refresh_token(&rotation(&token, 113)).await.unwrap());
    let used = store.refresh_token(user.id, token.hash).await.unwrap().unwrap();
    assert_eq!((used.used_at_ms, used.successor), (Some(1_500), Some(TokenHash([112; 32]))));
    let successor = StoredRefreshToken { parent: Some(token.hash), issued_at_ms: 1_500, ..self::token(&session, 112) };
    assert_eq!(store.refresh_token(user.id, successor.hash).await.unwrap(), Some(successor));
    assert_eq!(store.refresh_token(user.id, TokenHash([113; 32])).await.unwrap(), None);
}

async fn a_rotation_prolongs_the_session_and_updates_last_seen(store: &dyn IdentityStore) {
    let (user, session, token) = ana(store).await;
    assert!(store.use_refresh_token(&rotation(&token, 112)).await.unwrap());
    let prolonged = StoredSession { last_used_at_ms: 1_500, idle_expires_at_ms: 3_000, ..session };
    assert_eq!(store.session(user.id, prolonged.id).await.unwrap(), Some(prolonged));
    assert_eq!(store.user(user.id).await.unwrap().unwrap().last_seen_at_ms, 1_500);
}

async fn a_rotation_in_a_revoked_session_changes_nothing(store: &dyn IdentityStore) {
    let (user, session, token) = ana(store).await;
    assert!(store.revoke_session(user.id, session.id, 1_400).await.unwrap());
    assert!(!store.use_refresh_token(&rotation(&token, 112)).await.unwrap());
    assert_eq!(store.refresh_token(user.id, token.hash).await.unwrap(), Some(token));
    assert_eq!(store.refresh_token(user.id, TokenHash([112; 32])).await.unwrap(), None);
}

async fn a_rotation_requires_the_matching_user_and_session(store: &dyn IdentityStore) {
    let (user, session, token) = ana(store).await;
    let other = self::session(&user, 19);
    store.insert_session(&other, &self::token(&other, 119)).await.unwrap();
    let wrong_family = Rotation { session: other.id, ..rotation(&token, 112) };
    assert!(!store.use_refresh_token(&wrong_family).await.unwrap());
    let wrong_owner = Rotation { user: UserId(Uuid::from_u128(99)), ..rotation(&token, 112) };
    assert!(!store.use_refresh_token(&wrong_owner).await.unwrap());
    assert_eq!(store.session(user.id, session.id).await.unwrap(), Some(session));
    assert_eq!(store.refresh_token(user.id, token.hash).await.unwrap(), Some(token));
}

async fn a_session_is_revoked_once(store: &dyn IdentityStore) {
    let (user, session, _) = ana(store).await;
    assert!(!store.revoke_session(UserId(Uuid::from_u128(99)), session.id, 1_400).await.unwrap());
    assert!(store.revoke_session(user.id, session.id, 1_500).await.unwrap());
    assert!(!store.revoke_session(user.id, session.id, 1_600).await.unwrap());
    let ended = store.session(user.id, session.id).await.unwrap().unwrap();
    assert_eq!(ended.revoked_at_ms, Some(1_500));
}

async fn revoked_sessions_are_found_by_time(store: &dyn IdentityStore) {
    let (user, first, _) = ana(store).await;
    let second = session(&user, 12);
    store.insert_session(&second, &token(&second, 112)).await.unwrap();
    store.insert_session(&session(&user, 13), &token(&session(&user, 13), 113)).await.unwrap();
    store.revoke_session(user.id, first.id, 1_500).await.unwrap();
    store.revoke_session(user.id, second.id, 1_600).await.unwrap();
    let mut ended = store.sessions_revoked_since(1_500).await.unwrap();
    ended.sort_unstable();
    assert_eq!(ended, [(first.id, 1_500), (second.id, 1_600)]);
    assert_eq!(store.sessions_revoked_since(1_501).await.unwrap(), [(second.id, 1_600)]);
    assert_eq!(store.sessions_revoked_since(1_601).await.unwrap(), []);
}

async fn one_of_several_concurrent_rotations_succeeds(store: &dyn IdentityStore) {
    let (_, _, token) = ana(store).await;
    let rotations: Vec<Rotation> = (0..10).map(|_| rotation(&token, 112)).collect();
    let results = futures_util::future::join_all(rotations.iter().map(|rotation| store.use_refresh_token(rotation)));
    let succeeded = results.await.into_iter().filter(|result| *result.as_ref().unwrap()).count();
    assert_eq!(succeeded, 1);
}

async fn a_password_changes_only_from_the_stored_one(store: &dyn IdentityStore) {
    let ben = account(2, "ben");
    store.insert_user(&ben, &session(&ben, 12), &token(&session(&ben, 12), 2)).await.unwrap();
    let (old, new, other) = (login("ben").password_hash, PasswordHash("new".into()), PasswordHash("other".into()));
    assert!(!store.change_password(ben.id, &other, &new).await.unwrap());
    assert!(store.change_password(ben.id, &old, &new).await.unwrap());
    assert!(!store.change_password(ben.id, &old, &other).await.unwrap());
    assert_eq!(store.user(ben.id).await.unwrap().unwrap().login.unwrap().password_hash, new);
    let (guest, ..) = ana(store).await;
    assert!(!store.change_password(guest.id, &new, &other).await.unwrap(), "a guest has no password");
}
