//! Specific to a remote database: separate schema migrations, outages, TLS, and deadlocks.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Executor as _};
use tokio_util::task::TaskTracker;
use tutti::clock::Clock;
use tutti::limits::{DATABASE_CONNECTION_TIMEOUT, DATABASE_TRANSACTION_TIMEOUT};
use tutti::store::journal::Journal;
use tutti::store::mysql::MySqlStore;
use tutti::store::mysql::schema::{self, SchemaError};
use tutti::store::sqlite::SqliteStore;
use tutti::store::{Fence, IndexChange, JournalBatch, RoomStore as _, Store as _, StoreError, StoredRoom};
use tutti::telemetry::metrics::Metrics;
use tutti_protocol::{RoomCode, RoomId, UserId};
use uuid::Uuid;

use super::vitess;
use crate::support::mariadb::{MariaDb, TLS};

/// Enough for any healthy call on a busy machine.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Two calls that time out one after the other.
const OUTAGE_MAX: Duration = DATABASE_CONNECTION_TIMEOUT.saturating_add(DATABASE_TRANSACTION_TIMEOUT).saturating_mul(2);

/// A store in its own database.
pub(super) struct Fixture {
    pub store: MySqlStore,
    url: SecretString,
}

impl Fixture {
    pub(super) async fn open() -> Self {
        let url = MariaDb::shared().database().await;
        schema::migrate(&url).await.expect("migrates");
        Self { store: MySqlStore::open(&url).await.expect("opens"), url }
    }

    /// Checks every statement that was sent against the rules of Vitess.
    pub(super) async fn close(self) {
        self.store.close().await;
        let sent = MariaDb::shared().statements(&self.url).await;
        assert!(sent.len() > 20, "only {} statements in the log", sent.len());
        for statement in sent {
            vitess::assert_accepted(&statement);
        }
    }
}

pub(super) fn room(number: u32) -> StoredRoom {
    StoredRoom {
        id: RoomId(Uuid::from_u128(u128::from(number) << 64)),
        code: RoomCode::from_bits(number),
        name: "Kitchen".into(),
        host: UserId(Uuid::from_u128(1)),
        passcode: None,
        created_at_ms: 1_000,
        closed_at_ms: None,
    }
}

pub(super) fn batch(room: &StoredRoom, offset: u64) -> JournalBatch {
    JournalBatch {
        room: room.id,
        epoch: 7,
        offset,
        at_ms: 1_000,
        command: None,
        events: format!("[\"event {offset}\"]"),
        index: vec![],
        fence: Fence::default(),
        erasure: None,
    }
}

async fn schema_error(url: &SecretString) -> String {
    match MySqlStore::open(url).await {
        Err(StoreError::Schema(error)) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_empty_database_is_not_changed_before_migrate_runs() {
    let url = MariaDb::shared().database().await;
    assert!(schema_error(&url).await.contains("run `tutti migrate`"));
    assert!(schema_error(&url).await.contains("lacks 24 of this program's 24"), "the check changed nothing");
    let steps = schema::migrate(&url).await.expect("migrates");
    assert_eq!((steps.len(), steps[0].version, steps[0].description.as_str()), (24, 1, "users"));
    MySqlStore::open(&url).await.expect("opens").close().await;
    assert_eq!(schema::migrate(&url).await.expect("nothing to migrate"), []);
    assert_eq!(schema::print(&url).await.expect("nothing to print"), "");
}

#[tokio::test]
async fn both_databases_have_the_same_tables_and_columns() {
    let url = MariaDb::shared().database().await;
    schema::migrate(&url).await.expect("migrates");
    let (_, database) = url.expose_secret().rsplit_once('/').unwrap();
    let mut mysql = MariaDb::shared().connect(database).await;
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("tutti.db");
    SqliteStore::open(&path).await.expect("opens").close().await;
    let mut sqlite = SqliteConnectOptions::new().filename(&path).connect().await.expect("connects");
    let in_mysql: BTreeSet<(String, String)> = sqlx::query_as(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = DATABASE()",
    )
    .fetch_all(&mut mysql)
    .await
    .expect("columns")
    .into_iter()
    .collect();
    let in_sqlite = sqlx::query_as(
        "SELECT tables.name, columns.name FROM sqlite_schema AS tables JOIN pragma_table_info(tables.name) AS columns \
         WHERE tables.type = 'table'",
    )
    .fetch_all(&mut sqlite)
    .await
    .expect("columns");
    assert_eq!(in_mysql, in_sqlite.into_iter().collect());
}

#[tokio::test]
async fn the_printed_statements_migrate_a_database() {
    let url = MariaDb::shared().database().await;
    let printed = schema::print(&url).await.expect("prints");
    let (_, database) = url.expose_secret().rsplit_once('/').unwrap();
    let mut connection = MariaDb::shared().connect(database).await;
    for statement in printed.split_inclusive(";\n") {
        vitess::assert_accepted(statement);
        connection.execute(AssertSqlSafe(statement.to_owned())).await.expect(statement);
    }
    MySqlStore::open(&url).await.expect("opens").close().await;
    assert_eq!(schema::migrate(&url).await.expect("nothing to migrate"), []);
}

#[tokio::test]
async fn a_schema_that_differs_is_rejected_with_instructions() {
    let url = MariaDb::shared().database().await;
    schema::migrate(&url).await.expect("migrates");
    let (_, database) = url.expose_secret().rsplit_once('/').unwrap();
    let mut connection = MariaDb::shared().connect(database).await;
    for (change, revert, expected) in [
        (
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
             VALUES (9999, 'later', TRUE, '', 0)",
            "DELETE FROM _sqlx_migrations WHERE version = 9999",
            SchemaError::Newer { version: 9999 },
        ),
        (
            "UPDATE _sqlx_migrations SET success = FALSE WHERE version = 10",
            "UPDATE _sqlx_migrations SET success = TRUE WHERE version = 10",
            SchemaError::Unfinished { version: 10 },
        ),
        (
            "UPDATE _sqlx_migrations SET checksum = '' WHERE version = 5",
            "DELETE FROM _sqlx_migrations WHERE version = 5",
            SchemaError::Changed { version: 5 },
        ),
    ] {
        connection.execute(change).await.expect(change);
        assert_eq!(schema_error(&url).await, expected.to_string());
        for refused in [schema::migrate(&url).await.err(), schema::print(&url).await.err()] {
            assert!(matches!(&refused, Some(StoreError::Schema(error)) if *error == expected), "{refused:?}");
        }
        connection.execute(revert).await.expect(revert);
    }
}

#[tokio::test]
async fn no_error_or_debug_output_contains_the_password() {
    let url = MariaDb::shared().database().await;
    schema::migrate(&url).await.expect("migrates");
    let store = MySqlStore::open(&url).await.expect("opens");
    let wrong: SecretString = url.expose_secret().replace("p%40ss%2Fword", "hunter2").into();
    let refused = MySqlStore::open(&wrong).await.expect_err("another password");
    let output = format!("{store:?} {url:?} {refused} {refused:?}");
    assert!(!output.contains("p@ss") && !output.contains("p%40ss") && !output.contains("hunter2"), "{output}");
    store.close().await;
}

#[tokio::test]
async fn a_connection_is_encrypted_and_its_host_verified() {
    let server = MariaDb::encrypted();
    let url = server.database().await;
    let with = |host: &str, options: &str| -> SecretString {
        format!("{}?{options}", url.expose_secret().replace("127.0.0.1", host)).into()
    };
    let own = format!("ssl-mode=VERIFY_IDENTITY&ssl-ca={TLS}/ca.pem");
    for (refused, why) in [
        (with("127.0.0.1", "ssl-mode=DISABLED"), "the server requires TLS"),
        (with("localhost", "ssl-mode=VERIFY_IDENTITY"), "an unknown certificate authority"),
        (with("127.0.0.1", &own), "another host name"),
    ] {
        let refused = schema::migrate(&refused).await.expect_err(why);
        assert!(matches!(&refused, StoreError::Database(_)), "{why}: {refused:?}");
    }
    schema::migrate(&with("localhost", &own)).await.expect("connects");
}

#[tokio::test]
async fn acknowledged_appends_survive_a_killed_database_and_the_store_reconnects() {
    let server = MariaDb::private();
    let url = server.database().await;
    schema::migrate(&url).await.expect("migrates");
    let store = MySqlStore::open(&url).await.expect("opens");
    let room = room(1);
    store.create_room(&room, &batch(&room, 1)).await.expect("created");
    for round in 0..3 {
        let acknowledged: Vec<_> = (0..20).map(|count| batch(&room, 2 + round * 20 + count)).collect();
        for batch in &acknowledged {
            store.append(std::slice::from_ref(batch)).await.expect("appended");
        }
        server.kill();
        // While time is paused, waits end at once.
        tokio::time::pause();
        let refused = store.append(&[batch(&room, 1_000)]).await;
        tokio::time::resume();
        assert!(matches!(refused, Err(StoreError::Database(_))), "{refused:?}");
        server.start_again();
        // The same store: its pool replaces the broken connections.
        let kept = store.load_journal(room.id).await.expect("answers");
        let offsets: Vec<_> = kept.batches.iter().map(|batch| batch.offset).collect();
        assert_eq!(offsets, (1..=21 + round * 20).collect::<Vec<_>>());
    }
    store.close().await;
}

#[tokio::test]
async fn calls_fail_while_the_database_does_not_respond_and_succeed_afterwards() {
    let server = MariaDb::private();
    let url = server.database().await;
    schema::migrate(&url).await.expect("migrates");
    let store = MySqlStore::open(&url).await.expect("opens");
    let room = room(1);
    store.create_room(&room, &batch(&room, 1)).await.expect("created");
    server.freeze();
    tokio::time::pause();
    for _ in 0..3 {
        assert!(matches!(store.append(&[batch(&room, 2)]).await, Err(StoreError::Database(_))));
        assert!(matches!(store.room_by_code(room.code).await, Err(StoreError::Database(_))));
        assert!(store.ping().await.is_err());
    }
    // Appends of one transaction share one timeout.
    let tasks = TaskTracker::new();
    let journal = Journal::start(Arc::new(store.clone()), Clock::system(), Metrics::off(), &tasks);
    let mut appends = Vec::new();
    for number in 1..=50 {
        appends.push(journal.append(batch(&self::room(number), 2)).await);
    }
    let appended = tokio::time::timeout(OUTAGE_MAX, futures_util::future::join_all(appends)).await.expect("in time");
    assert!(appended.into_iter().all(|appended| appended.expect("answered").is_err()));
    tokio::time::resume();
    server.thaw();
    let answered = tokio::time::timeout(TIMEOUT, async { while store.ping().await.is_err() {} }).await;
    assert!(answered.is_ok(), "the store recovers");
    // Offset 2 was never acknowledged.
    store.append(&[batch(&room, 3)]).await.expect("appended");
    store.close().await;
}

#[tokio::test]
async fn concurrent_transactions_on_the_same_rows_all_commit() {
    let fixture = Fixture::open().await;
    let people: Vec<_> = (1..=12).map(|number| UserId(Uuid::from_u128(number))).collect();
    let rooms: Vec<_> = (1..=12).map(room).collect();
    let writers = rooms.iter().enumerate().map(|(turn, room)| {
        let (store, mut order) = (&fixture.store, people.clone());
        order.rotate_left(turn);
        async move {
            store.create_room(room, &batch(room, 1)).await?;
            for (offset, person) in (2..).zip(&order) {
                let index = vec![IndexChange::Joined(*person), IndexChange::HostChanged(*person)];
                store.append(&[JournalBatch { index, ..batch(room, offset) }]).await?;
            }
            store.append(&[JournalBatch { index: vec![IndexChange::Closed], ..batch(room, 100) }]).await?;
            store.purge_closed_room(room.id).await
        }
    });
    for written in futures_util::future::join_all(writers).await {
        written.expect("written");
    }
    for person in people {
        assert_eq!(fixture.store.rooms_known_to(person, 100).await.expect("answers"), [], "purged with their rooms");
    }
    fixture.close().await;
}

/// `cargo test --test it a_thousand_batches -- --nocapture` prints the duration.
#[tokio::test]
async fn a_thousand_batches_are_one_transaction_of_few_statements() {
    let fixture = Fixture::open().await;
    let room = room(1);
    fixture.store.create_room(&room, &batch(&room, 1)).await.expect("created");
    let joined = |offset: u64| vec![IndexChange::Joined(UserId(Uuid::from_u128(offset.into())))];
    let batches: Vec<_> =
        (2..=1_025).map(|offset| JournalBatch { index: joined(offset), ..batch(&room, offset) }).collect();
    let before = MariaDb::shared().statements(&fixture.url).await.len();
    let clock = Clock::system();
    let started_ms = clock.now_ms();
    fixture.store.append(&batches).await.expect("appended");
    println!("1,024 batches with a new member each: {} ms", clock.now_ms() - started_ms);
    let statements = MariaDb::shared().statements(&fixture.url).await.len() - before;
    assert!(statements < 10, "{statements} statements prepared");
    assert_eq!(fixture.store.load_journal(room.id).await.expect("answers").batches.len(), 1_025);
    assert_eq!(
        fixture.store.rooms_of(UserId(Uuid::from_u128(700)), 10).await.expect("answers"),
        std::slice::from_ref(&room)
    );

    // An append that is too long for one statement is split.
    let events = format!("[\"{}\"]", "☕".repeat(200_000));
    let large: Vec<_> =
        (2_000..2_009).map(|offset| JournalBatch { events: events.clone(), ..batch(&room, offset) }).collect();
    fixture.store.append(&large).await.expect("appended");
    let kept = fixture.store.load_journal(room.id).await.expect("answers").batches;
    assert_eq!(kept.iter().filter(|batch| batch.events == events).count(), 9);
    fixture.close().await;
}
