//! Batched lookups: each caller gets its own result, whatever happens to the others.

use std::sync::Arc;

use futures_util::future::join_all;
use futures_util::poll;
use tempfile::TempDir;
use tutti::store::memory::MemoryStore;
use tutti::store::sqlite::SqliteStore;
use tutti::store::user_loader::UserLoader;
use tutti::store::{IdentityStore, Store as _, StoreError, StoredUser};
use tutti_protocol::UserId;
use uuid::Uuid;

use super::identity::{guest, session, token};

async fn open(dir: &TempDir) -> Arc<SqliteStore> {
    Arc::new(SqliteStore::open(&dir.path().join("tutti.db")).await.unwrap())
}

/// Adds `count` users.
async fn add_users(store: &dyn IdentityStore, count: u8) -> Vec<StoredUser> {
    let mut added = vec![];
    for number in 1..=count {
        let user = StoredUser { display_name: format!("Guest {number}"), ..guest(number.into()) };
        let session = session(&user, 1_000 + u128::from(number));
        store.insert_user(&user, &session, &token(&session, number)).await.unwrap();
        added.push(user);
    }
    added
}

#[tokio::test]
async fn concurrent_lookups_each_get_their_own_result() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir).await;
    let people = add_users(&*store, 200).await;
    let users = UserLoader::new(store.clone());
    let unknown = (500..600).map(|id| UserId(Uuid::from_u128(id)));
    let asked: Vec<_> = people.iter().map(|user| user.id).chain(unknown).collect();
    let found = join_all(asked.iter().map(|id| users.user(*id))).await;
    for (place, found) in found.into_iter().enumerate() {
        assert_eq!(found.unwrap().as_ref(), people.get(place));
    }
    store.close().await;
}

#[tokio::test]
async fn a_cancelled_lookup_does_not_fail_the_others() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir).await;
    let people = add_users(&*store, 100).await;
    let users = UserLoader::new(store.clone());
    // The first lookup runs the statement and the others wait for it; it is dropped before it completes.
    let first = loop {
        let mut first = Box::pin(users.user(people[0].id));
        if poll!(&mut first).is_pending() {
            break first;
        }
    };
    let mut waiting: Vec<_> = people[1..].iter().map(|user| Box::pin(users.user(user.id))).collect();
    for one in &mut waiting {
        assert!(poll!(one).is_pending());
    }
    let last = waiting.split_off(97);
    drop(first);
    drop(waiting);
    for (found, user) in join_all(last).await.into_iter().zip(&people[98..]) {
        assert_eq!(found.unwrap().as_ref(), Some(user));
    }
    store.close().await;
}

#[tokio::test]
async fn a_database_error_fails_every_queued_lookup_and_later_ones_succeed() {
    let store = Arc::new(MemoryStore::default());
    let people = add_users(&*store, 3).await;
    let users = UserLoader::new(store.clone());
    store.set_failing(true);
    for found in join_all(people.iter().map(|user| users.user(user.id))).await {
        assert!(matches!(found, Err(StoreError::Shared(_))), "{found:?}");
    }
    store.set_failing(false);
    assert_eq!(users.user(people[2].id).await.unwrap().as_ref(), Some(&people[2]));
}
