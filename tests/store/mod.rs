//! One contract for all stores: each suite runs on SQLite, MySQL and in memory.

mod backup;
mod copy;
mod device_codes;
mod identity;
mod journal;
mod mysql;
mod nodes;
mod operators;
mod program;
mod rooms;
mod screens;
mod sessions;
mod spotify;
mod user_loader;
mod vitess;

/// Runs each test on every store.
macro_rules! contract {
    ($($clause:ident)*) => {
        mod memory {
            $(#[tokio::test]
            async fn $clause() {
                super::$clause(&tutti::store::memory::MemoryStore::default()).await;
            })*
        }
        mod sqlite {
            use tutti::store::Store as _;
            use tutti::store::sqlite::SqliteStore;

            $(#[tokio::test]
            async fn $clause() {
                let dir = tempfile::tempdir().expect("a directory");
                let store = SqliteStore::open(&dir.path().join("tutti.db")).await.expect("opens");
                super::$clause(&store).await;
                store.close().await;
            })*
        }
        mod mysql {
            use crate::store::mysql::Fixture;

            $(#[tokio::test]
            async fn $clause() {
                let fixture = Fixture::open().await;
                super::$clause(&fixture.store).await;
                fixture.close().await;
            })*
        }
    };
}
use contract;
