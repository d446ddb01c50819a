//! The contract of [`NodeStore`], and of appends under a fence. Not on SQLite, which one process at a time uses.

use std::sync::Arc;

use secrecy::ExposeSecret as _;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, Row as _};
use tokio_util::task::TaskTracker;
use tutti::clock::Clock;
use tutti::store::journal::Journal;
use tutti::store::memory::MemoryStore;
use tutti::store::mysql::MySqlStore;
use tutti::store::mysql::schema;
use tutti::store::{
    Fence, IndexChange, JournalBatch, LifeId, NodeStore, RoomStore, Store, StoreError, StoredNode, StoredRoom,
};
use tutti::telemetry::metrics::Metrics;
use tutti_protocol::UserId;
use uuid::Uuid;

use super::mysql::{batch as unfenced, room};
use crate::support::mariadb::MariaDb;

/// Runs each test on the stores that several servers can reach.
macro_rules! shared_contract {
    ($($clause:ident)*) => {
        mod memory {
            $(#[tokio::test]
            async fn $clause() {
                super::$clause(std::sync::Arc::new(tutti::store::memory::MemoryStore::default())).await;
            })*
        }
        mod mysql {
            $(#[tokio::test]
            async fn $clause() {
                let fixture = crate::store::mysql::Fixture::open().await;
                super::$clause(std::sync::Arc::new(fixture.store.clone())).await;
                fixture.close().await;
            })*
        }
    };
}

shared_contract! {
    a_life_beats_until_it_leaves_or_is_buried
    a_life_that_beats_is_not_buried
    a_room_is_claimed_from_the_dead_only
    a_released_room_is_free_and_another_owners_is_not_released
    a_buried_life_claims_nothing
    a_replaced_writer_stores_nothing_however_its_offsets_lie
    a_wrong_fence_fails_its_room_and_no_other
}

fn life(number: u128) -> LifeId {
    LifeId(Uuid::from_u128(number))
}

fn batch(room: &StoredRoom, offset: u64, fence: Fence) -> JournalBatch {
    JournalBatch { fence, ..unfenced(room, offset) }
}

async fn open(store: &dyn RoomStore, number: u32) -> StoredRoom {
    let room = room(number);
    store.create_room(&room, &batch(&room, 1, Fence::default())).await.expect("created");
    room
}

async fn offsets(store: &dyn RoomStore, room: &StoredRoom) -> Vec<u64> {
    store.load_journal(room.id).await.expect("readable").batches.iter().map(|batch| batch.offset).collect()
}

async fn enter(store: &dyn NodeStore, number: u128) -> LifeId {
    store.enter(life(number), &format!("node-{number}"), false).await.expect("entered");
    life(number)
}

async fn a_life_beats_until_it_leaves_or_is_buried(store: Arc<impl Store + NodeStore>) {
    let (ana, ben) = (enter(&*store, 1).await, enter(&*store, 2).await);
    assert!(store.renew(ana).await.expect("renewed"));
    let rows = [
        StoredNode { life: ana, name: "node-1".into(), beat: 1, alone: false },
        StoredNode { life: ben, name: "node-2".into(), beat: 0, alone: false },
    ];
    assert_eq!(store.nodes().await.expect("readable"), rows);
    store.leave(ana).await.expect("left");
    store.bury(ben, 0).await.expect("buried");
    assert_eq!(store.nodes().await.expect("readable"), []);
    assert!(!store.renew(ana).await.expect("answered") && !store.renew(ben).await.expect("answered"));
}

async fn a_life_that_beats_is_not_buried(store: Arc<impl Store + NodeStore>) {
    let ana = enter(&*store, 1).await;
    assert!(store.renew(ana).await.expect("renewed"));
    store.bury(ana, 0).await.expect("answered");
    assert!(store.renew(ana).await.expect("renewed"), "its beat has risen meanwhile");
    let rows = store.nodes().await.expect("readable");
    store.bury(ana, rows[0].beat).await.expect("buried");
    assert!(!store.renew(ana).await.expect("answered"));
}

async fn a_room_is_claimed_from_the_dead_only(store: Arc<impl Store + NodeStore>) {
    let (room, ana, ben) = (open(&*store, 1).await, enter(&*store, 1).await, enter(&*store, 2).await);
    assert_eq!(store.claim(room.id, ana).await.expect("free"), Fence(1));
    assert_eq!(store.claim(room.id, ana).await.expect("hers"), Fence(2), "appends of before are over");
    let refused = store.claim(room.id, ben).await;
    assert!(matches!(&refused, Err(StoreError::Owned(node)) if node.name == "node-1"), "{refused:?}");
    store.leave(ana).await.expect("left");
    assert_eq!(store.claim(room.id, ben).await.expect("free"), Fence(3));
}

async fn a_released_room_is_free_and_another_owners_is_not_released(store: Arc<impl Store + NodeStore>) {
    let (room, ana, ben) = (open(&*store, 1).await, enter(&*store, 1).await, enter(&*store, 2).await);
    let (first, second) =
        (store.claim(room.id, ana).await.expect("free"), store.claim(room.id, ana).await.expect("hers"));
    assert_eq!(store.owned_rooms().await.expect("counted"), [(ana, 1)].into());
    for (life, fence) in [(ana, first), (ben, second)] {
        store.release(room.id, life, fence).await.expect("answered");
        assert!(matches!(store.claim(room.id, ben).await, Err(StoreError::Owned(_))), "it is still hers");
    }
    store.release(room.id, ana, second).await.expect("released");
    assert_eq!(store.claim(room.id, ben).await.expect("free"), Fence(3));
}

async fn a_buried_life_claims_nothing(store: Arc<impl Store + NodeStore>) {
    let (room, ana) = (open(&*store, 1).await, enter(&*store, 1).await);
    store.bury(ana, 0).await.expect("buried");
    let refused = store.claim(room.id, ana).await;
    assert!(matches!(refused, Err(StoreError::Fenced)), "{refused:?}");
    let ben = enter(&*store, 2).await;
    assert_eq!(store.claim(room.id, ben).await.expect("free"), Fence(1));
}

/// Offsets are unique, and batches of several events take only the last of theirs. So without fences, two writers of one room
/// interleave until the journal cannot be read.
async fn a_replaced_writer_stores_nothing_however_its_offsets_lie(store: Arc<impl Store + NodeStore>) {
    let (room, ana) = (open(&*store, 1).await, enter(&*store, 1).await);
    let of_ana = store.claim(room.id, ana).await.expect("free");
    store.append(&[batch(&room, 2, of_ana)]).await.expect("appended");
    store.bury(ana, 0).await.expect("buried");
    let ben = enter(&*store, 2).await;
    let of_ben = store.claim(room.id, ben).await.expect("free");
    store.append(&[batch(&room, 4, of_ben)]).await.expect("two events");
    let joined = vec![IndexChange::Joined(UserId(Uuid::from_u128(9)))];
    for (offset, index) in [(3, vec![]), (5, vec![]), (3, joined)] {
        let refused = store.append(&[JournalBatch { index, ..batch(&room, offset, of_ana) }]).await;
        assert!(matches!(refused, Err(StoreError::Fenced)), "{refused:?}");
    }
    assert_eq!(offsets(&*store, &room).await, [1, 2, 4]);
    assert_eq!(store.rooms_known_to(UserId(Uuid::from_u128(9)), 10).await.expect("readable"), []);
}

async fn a_wrong_fence_fails_its_room_and_no_other(store: Arc<impl Store + NodeStore>) {
    let ana = enter(&*store, 1).await;
    let mut rooms = vec![];
    for number in 1..=20 {
        let room = open(&*store, number).await;
        let fence = store.claim(room.id, ana).await.expect("free");
        rooms.push((room, fence));
    }
    let stale = rooms[7].1;
    rooms[7].1 = store.claim(rooms[7].0.id, ana).await.expect("hers");

    let journal = Journal::start(store.clone(), Clock::system(), Metrics::off(), &TaskTracker::new());
    let mut appended = vec![];
    for (at, (room, fence)) in rooms.iter().enumerate() {
        let fence = if at == 7 { stale } else { *fence };
        // Some with more than a row, whose rooms are committed apart.
        let index = if at % 3 == 0 { vec![IndexChange::HostChanged(UserId(Uuid::from_u128(2)))] } else { vec![] };
        appended.push(journal.append(JournalBatch { index, ..batch(room, 2, fence) }).await);
        appended.push(journal.append(batch(room, 3, fence)).await);
    }
    for (at, appended) in appended.into_iter().enumerate() {
        let appended = appended.await.expect("answered");
        let is_fenced = appended.as_ref().is_err_and(|error| matches!(**error, StoreError::Fenced));
        assert_eq!(is_fenced, at / 2 == 7, "{at}: {appended:?}");
    }
    for (at, (room, _)) in rooms.iter().enumerate() {
        let expected = if at == 7 { vec![1] } else { vec![1, 2, 3] };
        assert_eq!(offsets(&*store, room).await, expected);
    }
    // A row and a change of the index, with a wrong fence beside them: all or nothing.
    let (good, bad) = (&rooms[0], &rooms[7].0);
    let refused = store.append(&[batch(&good.0, 4, good.1), batch(bad, 2, stale)]).await;
    assert!(matches!(refused, Err(StoreError::Fenced)), "{refused:?}");
    assert_eq!(offsets(&*store, &good.0).await, [1, 2, 3]);
}

#[tokio::test]
async fn a_claim_in_memory_waits_for_an_append_in_progress() {
    let store = MemoryStore::default();
    let (room, ana) = (open(&store, 1).await, enter(&store, 1).await);
    let held = store.hold_appends().await;
    let mut claim = std::pin::pin!(store.claim(room.id, ana));
    assert!(futures_util::poll!(&mut claim).is_pending());
    drop(held);
    assert_eq!(claim.await.expect("free"), Fence(1));
}

#[tokio::test]
async fn a_claim_waits_for_an_append_in_progress_and_what_follows_reads_it() {
    let url = MariaDb::shared().database().await;
    schema::migrate(&url).await.expect("migrates");
    let store = MySqlStore::open(&url).await.expect("opens");
    let (_, database) = url.expose_secret().rsplit_once('/').expect("it names a database");
    let ana = enter(&store, 1).await;
    for (number, isolation) in [(1, "REPEATABLE READ"), (2, "READ COMMITTED")] {
        let room = open(&store, number).await;
        store.claim(room.id, ana).await.expect("free");
        let mut writer = MariaDb::shared().connect(database).await;
        let level = format!("SET SESSION TRANSACTION ISOLATION LEVEL {isolation}");
        writer.execute(AssertSqlSafe(level)).await.expect("a level");
        writer.execute("BEGIN").await.expect("begun");
        let append = sqlx::query(
            "INSERT INTO room_journal (room_id, last_offset, epoch, at_ms, events, fence) \
             VALUES (?, 2, 7, 1000, '[]', (SELECT fence FROM rooms WHERE id = ? AND fence = 1))",
        );
        append.bind(room.id.0).bind(room.id.0).execute(&mut writer).await.expect("inserted");
        let commit = async {
            lock_is_waited_for(database).await;
            writer.execute("COMMIT").await.expect("committed");
        };
        let (claimed, ()) = tokio::join!(store.claim(room.id, ana), commit);
        assert_eq!(claimed.expect("hers"), Fence(2), "{isolation}");
        assert_eq!(offsets(&store, &room).await, [1, 2], "{isolation}");
        writer.close().await.expect("closed");
    }
    store.close().await;
}

/// The tables about locks in `information_schema` would not do: they are not updated while they are read more often than
/// every 100 ms.
async fn lock_is_waited_for(database: &str) {
    let mut connection = MariaDb::shared().connect("information_schema").await;
    let rooms = format!("of table `{database}`.`rooms`");
    loop {
        let status = connection.fetch_one("SHOW ENGINE INNODB STATUS").await.expect("readable");
        let text: String = status.get("Status");
        if text.lines().any(|line| line.contains(&rooms) && line.ends_with("waiting")) {
            return;
        }
    }
}

#[tokio::test]
async fn a_database_that_would_store_a_wrong_fence_is_refused() {
    let server = MariaDb::lenient();
    let url = server.database().await;
    schema::migrate(&url).await.expect("migrates");
    let store = MySqlStore::open(&url).await.expect("opens");
    let refused = store.enter(life(1), "node-1", false).await;
    assert!(matches!(refused, Err(StoreError::Lenient)), "{refused:?}");
    assert_eq!(store.nodes().await.expect("readable"), []);
    store.close().await;
}
