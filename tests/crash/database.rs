//! The databases that the server runs on, and how the tests read them.

use std::path::Path;

use secrecy::ExposeSecret as _;
use tutti::store::mysql::{MySqlStore, schema};
use tutti::store::sqlite::SqliteStore;
use tutti::store::{NodeStore as _, Store, StoreResult, StoredJournal};
use tutti_protocol::{RoomCode, RoomId};

use crate::mariadb::MariaDb;
use crate::program::StartCommand;

pub enum Database {
    /// A file in the data directory.
    Sqlite,
    /// A MariaDB server of this test.
    MariaDb { server: MariaDb, url: secrecy::SecretString },
}

impl Database {
    /// A MariaDB with an empty schema of this version.
    pub async fn mariadb() -> Self {
        let server = MariaDb::private();
        let url = server.database().await;
        schema::migrate(&url).await.expect("migrates");
        Self::MariaDb { server, url }
    }

    pub fn name(&self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::MariaDb { .. } => "MariaDB",
        }
    }

    /// The command that starts the server on it.
    pub fn start(&self, data_dir: &Path) -> StartCommand {
        let database_url = match self {
            Self::Sqlite => None,
            Self::MariaDb { url, .. } => Some(url.expose_secret().to_owned()),
        };
        StartCommand { database_url, ..StartCommand::in_data_dir(data_dir) }
    }

    pub async fn room(&self, data_dir: &Path, code: RoomCode) -> RoomId {
        let store = self.open(data_dir).await.expect("opens");
        let room = store.room_by_code(code).await.expect("answers").expect("the room");
        store.close().await;
        room.id
    }

    /// The journals of these rooms. Closes the store, so that the next server finds the files as the crash left them.
    pub async fn journals(&self, data_dir: &Path, rooms: &[RoomId]) -> StoreResult<Vec<StoredJournal>> {
        let store = self.open(data_dir).await?;
        let journals = futures_util::future::try_join_all(rooms.iter().map(|room| store.load_journal(*room))).await;
        store.close().await;
        journals
    }

    /// How many rooms each server owns, by its name.
    pub async fn owned_rooms(&self) -> Vec<(String, u64)> {
        let Self::MariaDb { url, .. } = self else { return vec![] };
        let store = MySqlStore::open(url).await.expect("opens");
        let (nodes, owned) = (store.nodes().await.expect("answers"), store.owned_rooms().await.expect("answers"));
        store.close().await;
        nodes.into_iter().filter_map(|node| Some((node.name, *owned.get(&node.life)?))).collect()
    }

    async fn open(&self, data_dir: &Path) -> StoreResult<Box<dyn Store>> {
        Ok(match self {
            Self::Sqlite => Box::new(SqliteStore::open(&data_dir.join("tutti.db")).await?),
            Self::MariaDb { url, .. } => Box::new(MySqlStore::open(url).await?),
        })
    }
}
