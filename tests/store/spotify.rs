//! The contract of [`SpotifyStore`](tutti::store::SpotifyStore), and what erasing a user removes.

use tutti::store::{
    LoginTransaction, Sealed, Store, StoreError, StoredPicture, StoredPremium, StoredSpotifyLink, StoredUser, TokenHash,
};
use tutti_protocol::http::{PremiumEvidence, PremiumVerdict};
use tutti_protocol::{UserId, UserKind};
use uuid::Uuid;

use super::contract;
use super::identity::{account, ana, guest, session, token};

contract! {
    a_login_in_progress_is_taken_once
    expired_logins_are_removed_in_batches
    a_link_reads_back
    an_account_is_linked_to_one_user_only
    linking_turns_a_guest_into_an_account
    linking_another_account_replaces_the_first
    the_second_of_two_concurrent_updates_fails
    an_update_of_a_replaced_link_fails
    a_new_spotify_user_is_added_completely_or_not_at_all
    unlinking_removes_link_and_picture
    a_user_without_a_password_is_a_guest_after_unlinking
    a_picture_is_replaced
    links_are_found_by_their_last_check
    an_erased_user_leaves_no_rows
}

fn transaction(state: u8) -> LoginTransaction {
    LoginTransaction {
        state: TokenHash([state; 32]),
        browser: TokenHash([99; 32]),
        verifier: Sealed(vec![1, 2, 3]),
        slot: Some(2),
        return_to: "/r/K0LT1X?tab=queue".into(),
        expires_at_ms: 5_000,
    }
}

fn link(user: UserId, account_id: &str) -> StoredSpotifyLink {
    StoredSpotifyLink {
        user,
        account_id: account_id.into(),
        display_name: "Ana ☕".into(),
        scope: "streaming".into(),
        refresh_token: Some(Sealed(vec![7; 300])),
        access_token: Some(Sealed(vec![8; 300])),
        access_expires_at_ms: 4_000,
        authorized_at_ms: 1_000,
        premium: StoredPremium {
            verdict: PremiumVerdict::Premium,
            evidence: Some(PremiumEvidence::Player),
            at_ms: Some(900),
            doubts: 2,
            doubted_at_ms: Some(950),
        },
        checked_at_ms: 1_000,
        version: 0,
    }
}

fn picture(first: u8) -> StoredPicture {
    StoredPicture { hash: [first; 32], media_type: "image/png".into(), bytes: vec![first; 1_000] }
}

fn unknown_user() -> UserId {
    UserId(Uuid::from_u128(404))
}

async fn a_login_in_progress_is_taken_once(store: &dyn Store) {
    store.insert_login_transaction(&transaction(1)).await.unwrap();
    let free_slot = LoginTransaction { slot: None, ..transaction(2) };
    store.insert_login_transaction(&free_slot).await.unwrap();
    let takers = (0..10).map(|_| store.take_login_transaction(TokenHash([1; 32])));
    let taken: Vec<_> = futures_util::future::join_all(takers).await.into_iter().filter_map(Result::unwrap).collect();
    assert_eq!(taken, [transaction(1)]);
    assert_eq!(store.take_login_transaction(TokenHash([2; 32])).await.unwrap(), Some(free_slot));
    assert_eq!(store.take_login_transaction(TokenHash([3; 32])).await.unwrap(), None);
}

async fn expired_logins_are_removed_in_batches(store: &dyn Store) {
    for state in 1..=5 {
        let expires_at_ms = i64::from(state) * 1_000;
        store.insert_login_transaction(&LoginTransaction { expires_at_ms, ..transaction(state) }).await.unwrap();
    }
    assert_eq!(store.delete_login_transactions(4_000, 2).await.unwrap(), 2);
    assert_eq!(store.delete_login_transactions(4_000, 2).await.unwrap(), 1);
    assert_eq!(store.delete_login_transactions(4_000, 2).await.unwrap(), 0);
    assert!(store.take_login_transaction(TokenHash([4; 32])).await.unwrap().is_some());
    assert!(store.take_login_transaction(TokenHash([3; 32])).await.unwrap().is_none());
}

async fn a_link_reads_back(store: &dyn Store) {
    let (user, ..) = ana(store).await;
    let full = link(user.id, "account:a");
    assert!(store.link_spotify(&full).await.unwrap());
    assert_eq!(store.spotify_link(user.id).await.unwrap(), Some(full.clone()));
    assert_eq!(store.spotify_owner("account:a").await.unwrap(), Some(user.id));
    assert_eq!(store.spotify_owner("ACCOUNT:A").await.unwrap(), None, "the store compares exactly");

    let bare = StoredSpotifyLink {
        refresh_token: None,
        access_token: None,
        premium: tutti::providers::spotify::premium::UNKNOWN,
        ..full
    };
    assert!(store.update_spotify_link(&bare).await.unwrap());
    assert_eq!(store.spotify_link(user.id).await.unwrap(), Some(StoredSpotifyLink { version: 1, ..bare }));
    assert_eq!(store.spotify_link(unknown_user()).await.unwrap(), None);
}

async fn an_account_is_linked_to_one_user_only(store: &dyn Store) {
    let (user, ..) = ana(store).await;
    let ben = account(2, "ben");
    store.insert_user(&ben, &session(&ben, 12), &token(&session(&ben, 12), 2)).await.unwrap();
    assert!(store.link_spotify(&link(user.id, "account:a")).await.unwrap());
    let taken = store.link_spotify(&link(ben.id, "account:a")).await;
    assert!(matches!(taken, Err(StoreError::Conflict("spotify account"))), "{taken:?}");
    assert_eq!(store.spotify_owner("account:a").await.unwrap(), Some(user.id));
    assert_eq!(store.spotify_link(ben.id).await.unwrap(), None);
    assert!(!store.link_spotify(&link(unknown_user(), "account:x")).await.unwrap());
}

async fn linking_turns_a_guest_into_an_account(store: &dyn Store) {
    let (user, ..) = ana(store).await;
    assert!(store.link_spotify(&link(user.id, "account:a")).await.unwrap());
    let linked = StoredUser { kind: UserKind::User, spotify: true, ..user };
    assert_eq!(store.user(linked.id).await.unwrap(), Some(linked));
}

async fn linking_another_account_replaces_the_first(store: &dyn Store) {
    let (user, ..) = ana(store).await;
    assert!(store.link_spotify(&link(user.id, "account:a")).await.unwrap());
    assert!(store.link_spotify(&link(user.id, "account:b")).await.unwrap());
    assert_eq!(store.spotify_owner("account:a").await.unwrap(), None);
    assert_eq!(store.spotify_owner("account:b").await.unwrap(), Some(user.id));
}

async fn the_second_of_two_concurrent_updates_fails(store: &dyn Store) {
    let (user, ..) = ana(store).await;
    store.link_spotify(&link(user.id, "account:a")).await.unwrap();
    let read = store.spotify_link(user.id).await.unwrap().unwrap();
    let first = StoredSpotifyLink { access_expires_at_ms: 10_000, ..read.clone() };
    assert!(store.update_spotify_link(&first).await.unwrap());
    assert!(!store.update_spotify_link(&StoredSpotifyLink { access_expires_at_ms: 20_000, ..read }).await.unwrap());
    assert_eq!(store.spotify_link(user.id).await.unwrap().unwrap().access_expires_at_ms, 10_000);
}

async fn an_update_of_a_replaced_link_fails(store: &dyn Store) {
    let (user, ..) = ana(store).await;
    store.link_spotify(&link(user.id, "account:a")).await.unwrap();
    let read = store.spotify_link(user.id).await.unwrap().unwrap();
    store.link_spotify(&link(user.id, "account:b")).await.unwrap();
    assert!(!store.update_spotify_link(&read).await.unwrap());
    assert_eq!(store.spotify_link(user.id).await.unwrap().unwrap().account_id, "account:b");
}

async fn a_new_spotify_user_is_added_completely_or_not_at_all(store: &dyn Store) {
    let user = StoredUser { kind: UserKind::User, ..guest(1) };
    let (session_row, token_row) = (session(&user, 11), token(&session(&user, 11), 1));
    store.insert_spotify_user(&user, &session_row, &token_row, &link(user.id, "account:a")).await.unwrap();
    assert_eq!(store.user(user.id).await.unwrap(), Some(StoredUser { spotify: true, ..user.clone() }));
    assert_eq!(store.session(user.id, session_row.id).await.unwrap(), Some(session_row));

    let late = StoredUser { kind: UserKind::User, ..guest(2) };
    let (session_row, token_row) = (session(&late, 12), token(&session(&late, 12), 2));
    let taken = store.insert_spotify_user(&late, &session_row, &token_row, &link(late.id, "account:a")).await;
    assert!(matches!(taken, Err(StoreError::Conflict("spotify account"))), "{taken:?}");
    assert_eq!(store.user(late.id).await.unwrap(), None);
    assert_eq!(store.session(late.id, session_row.id).await.unwrap(), None);
    assert_eq!(store.refresh_token(late.id, token_row.hash).await.unwrap(), None);
}

async fn unlinking_removes_link_and_picture(store: &dyn Store) {
    let ben = account(2, "ben");
    store.insert_user(&ben, &session(&ben, 12), &token(&session(&ben, 12), 2)).await.unwrap();
    store.link_spotify(&link(ben.id, "account:b")).await.unwrap();
    store.put_picture(ben.id, &picture(1)).await.unwrap();
    assert!(store.unlink_spotify(ben.id).await.unwrap());
    assert_eq!(store.user(ben.id).await.unwrap(), Some(ben.clone()), "an account with a password stays one");
    assert_eq!(store.spotify_link(ben.id).await.unwrap(), None);
    assert_eq!(store.picture(ben.id).await.unwrap(), None);
    assert!(!store.unlink_spotify(ben.id).await.unwrap());
}

async fn a_user_without_a_password_is_a_guest_after_unlinking(store: &dyn Store) {
    let (user, session, _) = ana(store).await;
    store.link_spotify(&link(user.id, "account:a")).await.unwrap();
    store.unlink_spotify(user.id).await.unwrap();
    assert_eq!(store.user(user.id).await.unwrap(), Some(user.clone()));
    assert_eq!(store.session(user.id, session.id).await.unwrap(), Some(session), "they stay logged in");
}

async fn a_picture_is_replaced(store: &dyn Store) {
    let (user, ..) = ana(store).await;
    store.put_picture(user.id, &picture(1)).await.unwrap();
    store.put_picture(user.id, &picture(2)).await.unwrap();
    assert_eq!(store.picture(user.id).await.unwrap(), Some(picture(2)));
    assert_eq!(store.user(user.id).await.unwrap().unwrap().picture, Some([2; 32]));
}

async fn links_are_found_by_their_last_check(store: &dyn Store) {
    for id in 1..=4 {
        let user = guest(id);
        let session = session(&user, id);
        store.insert_user(&user, &session, &token(&session, 1)).await.unwrap();
        let checked_at_ms = i64::try_from(id).unwrap() * 1_000;
        let refresh_token = (id != 2).then(|| Sealed(vec![1]));
        let link = StoredSpotifyLink { checked_at_ms, refresh_token, ..link(user.id, &format!("account:{id}")) };
        store.link_spotify(&link).await.unwrap();
    }
    let stale = |before_ms, rows_max| store.stale_spotify_links(before_ms, rows_max);
    assert_eq!(stale(4_000, 10).await.unwrap(), [guest(1).id, guest(3).id], "without links that need a new login");
    assert_eq!(stale(4_000, 1).await.unwrap(), [guest(1).id]);
    assert_eq!(stale(1_000, 10).await.unwrap(), []);
}

async fn an_erased_user_leaves_no_rows(store: &dyn Store) {
    let (user, session_row, token_row) = ana(store).await;
    let ben = account(2, "ben");
    let bens = (session(&ben, 12), token(&session(&ben, 12), 2));
    store.insert_user(&ben, &bens.0, &bens.1).await.unwrap();
    store.link_spotify(&link(user.id, "account:a")).await.unwrap();
    store.put_picture(user.id, &picture(1)).await.unwrap();
    assert!(store.delete_user(user.id).await.unwrap());
    assert!(!store.delete_user(user.id).await.unwrap());
    assert_eq!(store.user(user.id).await.unwrap(), None);
    assert_eq!(store.session(user.id, session_row.id).await.unwrap(), None);
    assert_eq!(store.refresh_token(user.id, token_row.hash).await.unwrap(), None);
    assert_eq!(store.spotify_owner("account:a").await.unwrap(), None);
    assert_eq!(store.picture(user.id).await.unwrap(), None);
    assert_eq!(store.user(ben.id).await.unwrap(), Some(ben.clone()), "other users are unchanged");
    assert_eq!(store.session(ben.id, bens.0.id).await.unwrap(), Some(bens.0));
}
