//! The contract of [`RoomStore`].

use tutti::store::{
    Checkpoint, Fence, IndexChange, JournalBatch, MemberErasure, RoomStore, Sealed, StoreError, StoredPasscode,
    StoredRoom,
};
use tutti_protocol::{CommandId, RoomCode, RoomId, UserId};
use uuid::Uuid;

use super::contract;

contract! {
    a_room_is_found_by_code_and_by_member
    a_code_is_taken_once
    a_journal_reads_back_in_order_with_its_commands
    an_offset_is_written_once
    an_append_of_several_batches_is_all_or_nothing
    appends_of_any_size_store_each_batch_once
    the_directory_follows_the_journal
    a_name_and_a_passcode_change_with_the_journal_and_go_with_the_room
    a_checkpoint_is_replaced_only_by_a_newer_one
    batches_covered_by_a_checkpoint_are_kept_for_the_requested_time
    no_row_of_the_room_mentions_a_forgotten_member
    a_failed_append_that_forgets_a_member_changes_nothing
    all_rooms_but_purged_ones_are_listed_page_by_page
    a_trimmed_journal_keeps_what_is_recent_or_not_covered
    users_are_known_to_rooms_until_those_are_purged_or_forget_them
}

fn user(number: u128) -> UserId {
    UserId(Uuid::from_u128(number))
}

fn room(number: u32) -> StoredRoom {
    StoredRoom {
        id: RoomId(Uuid::from_u128(u128::from(number) << 64)),
        code: RoomCode::from_bits(number),
        name: format!("Kitchen ☕ {number}"),
        host: user(1),
        passcode: number.is_multiple_of(2).then(|| passcode(None)),
        created_at_ms: 1_000 + i64::from(number),
        closed_at_ms: None,
    }
}

fn passcode(sealed: Option<&[u8]>) -> StoredPasscode {
    StoredPasscode { hash: "$2b$04$hash".to_owned(), sealed: sealed.map(|bytes| Sealed(bytes.to_vec())) }
}

pub(super) fn batch(room: &StoredRoom, offset: u64) -> JournalBatch {
    JournalBatch {
        room: room.id,
        epoch: 7,
        offset,
        at_ms: 1_000 * i64::try_from(offset).expect("small"),
        command: None,
        events: format!("[\"event ☕ {offset}\"]"),
        index: vec![],
        fence: Fence::default(),
        erasure: None,
    }
}

fn indexed(room: &StoredRoom, offset: u64, index: Vec<IndexChange>) -> JournalBatch {
    JournalBatch { index, ..batch(room, offset) }
}

pub(super) async fn open(store: &dyn RoomStore, number: u32) -> StoredRoom {
    let room = room(number);
    store.create_room(&room, &indexed(&room, 1, vec![IndexChange::Joined(room.host)])).await.expect("created");
    room
}

async fn offsets(store: &dyn RoomStore, room: &StoredRoom) -> Vec<u64> {
    store.load_journal(room.id).await.expect("readable").batches.iter().map(|batch| batch.offset).collect()
}

async fn a_room_is_found_by_code_and_by_member(store: &dyn RoomStore) {
    let (first, second) = (open(store, 1).await, open(store, 2).await);
    assert_eq!(store.room_by_code(first.code).await.expect("readable"), Some(first.clone()));
    assert_eq!(store.room_by_code(RoomCode::from_bits(9)).await.expect("readable"), None);
    assert_eq!(store.rooms_of(user(1), 10).await.expect("readable"), [second.clone(), first]);
    assert_eq!(store.rooms_of(user(1), 1).await.expect("readable"), [second]);
    assert_eq!(store.rooms_of(user(2), 10).await.expect("readable"), []);
}

async fn a_code_is_taken_once(store: &dyn RoomStore) {
    let first = open(store, 1).await;
    let second = StoredRoom { code: first.code, ..room(2) };
    let refused = store.create_room(&second, &batch(&second, 1)).await;
    assert!(matches!(refused, Err(StoreError::Conflict("room code"))), "{refused:?}");
    assert_eq!(offsets(store, &second).await, [0; 0], "its journal is empty");
}

async fn a_journal_reads_back_in_order_with_its_commands(store: &dyn RoomStore) {
    let (room, other) = (open(store, 1).await, open(store, 2).await);
    let command = Some((user(3), CommandId(Uuid::from_u128(4))));
    let batches = [JournalBatch { command, ..batch(&room, 10) }, batch(&room, 3), batch(&other, 2)];
    store.append(&batches).await.expect("appended");
    let journal = store.load_journal(room.id).await.expect("readable");
    assert_eq!(journal.checkpoint, None);
    assert_eq!(journal.batches, [batch(&room, 1), batch(&room, 3), batches[0].clone()]);
    assert_eq!(offsets(store, &other).await, [1, 2]);
}

async fn an_offset_is_written_once(store: &dyn RoomStore) {
    let room = open(store, 1).await;
    store.append(&[batch(&room, 2)]).await.expect("appended");
    let refused = store.append(&[JournalBatch { events: "[]".into(), ..batch(&room, 2) }]).await;
    assert!(matches!(refused, Err(StoreError::Conflict("journal offset"))), "{refused:?}");
    assert_eq!(store.load_journal(room.id).await.expect("readable").batches[1], batch(&room, 2));
}

async fn an_append_of_several_batches_is_all_or_nothing(store: &dyn RoomStore) {
    let (room, other) = (open(store, 1).await, open(store, 2).await);
    let joined = indexed(&other, 2, vec![IndexChange::Joined(user(5))]);
    store.append(&[joined, batch(&room, 1)]).await.expect_err("offset 1 exists");
    store.append(&[batch(&room, 2), batch(&room, 2)]).await.expect_err("a repeated offset");
    assert_eq!((offsets(store, &room).await, offsets(store, &other).await), (vec![1], vec![1]));
    assert_eq!(store.rooms_of(user(5), 10).await.expect("readable"), []);
}

/// Stores insert rows in statements of a few sizes; every count is a sum of those.
async fn appends_of_any_size_store_each_batch_once(store: &dyn RoomStore) {
    let (room, other) = (open(store, 1).await, open(store, 2).await);
    let mut next = 2;
    for count in (1..=9).chain([63, 64, 65, 127, 200]) {
        let batches: Vec<_> =
            (next..next + count).flat_map(|offset| [batch(&room, offset), batch(&other, offset)]).collect();
        store.append(&batches).await.expect("appended");
        next += count;
        let taken = store.append(&[&batches[1..], &batches[..1]].concat()).await;
        assert!(matches!(taken, Err(StoreError::Conflict("journal offset"))), "{count}: {taken:?}");
    }
    let kept = store.load_journal(room.id).await.expect("readable").batches;
    assert_eq!(kept[1..], (2..next).map(|offset| batch(&room, offset)).collect::<Vec<_>>());
    assert_eq!(offsets(store, &other).await, (1..next).collect::<Vec<_>>());
}

async fn the_directory_follows_the_journal(store: &dyn RoomStore) {
    let room = open(store, 1).await;
    let joins = vec![IndexChange::Joined(user(2)), IndexChange::Joined(user(3)), IndexChange::Joined(user(3))];
    store.append(&[indexed(&room, 2, joins)]).await.expect("appended");
    let rest = vec![IndexChange::Left(user(3)), IndexChange::HostChanged(user(2))];
    store.append(&[indexed(&room, 3, rest)]).await.expect("appended");
    let expected = StoredRoom { host: user(2), ..room.clone() };
    assert_eq!(store.rooms_of(user(2), 10).await.expect("readable"), [expected]);
    assert_eq!(store.rooms_of(user(3), 10).await.expect("readable"), []);

    store.append(&[indexed(&room, 4, vec![IndexChange::Closed])]).await.expect("appended");
    assert_eq!(store.rooms_of(user(2), 10).await.expect("readable"), [], "closed rooms are not listed");
    let closed = store.room_by_code(room.code).await.expect("readable").expect("still known");
    assert_eq!(closed.closed_at_ms, Some(4_000));
}

async fn a_name_and_a_passcode_change_with_the_journal_and_go_with_the_room(store: &dyn RoomStore) {
    let (room, other) = (open(store, 1).await, open(store, 2).await);
    let known = async || store.room_by_code(room.code).await.expect("readable").expect("the room");
    let change = IndexChange::PasscodeChanged(Some(passcode(Some(&[0, 255, 7]))));
    let refused = [indexed(&room, 2, vec![change.clone()]), batch(&other, 1)];
    store.append(&refused).await.expect_err("offset 1 exists");
    assert_eq!(known().await, room, "with its batch or not at all");

    store.append(&[indexed(&room, 2, vec![IndexChange::Renamed("Attic ☕".into()), change])]).await.expect("appended");
    let changed = StoredRoom { name: "Attic ☕".into(), passcode: Some(passcode(Some(&[0, 255, 7]))), ..room.clone() };
    assert_eq!(known().await, changed);
    assert_eq!(store.rooms_of(user(1), 10).await.expect("readable"), [other.clone(), changed]);

    store.append(&[indexed(&room, 3, vec![IndexChange::PasscodeChanged(None)])]).await.expect("appended");
    assert_eq!(known().await.passcode, None);

    store.append(&[indexed(&other, 2, vec![IndexChange::Closed])]).await.expect("appended");
    store.purge_closed_room(other.id).await.expect("purged");
    let purged = store.room_by_code(other.code).await.expect("readable").expect("its code stays taken");
    assert_eq!((purged.name.as_str(), purged.passcode), ("", None));
}

fn checkpoint(room: &StoredRoom, offset: u64) -> Checkpoint {
    Checkpoint { room: room.id, epoch: 7, offset, at_ms: 5_000, state: format!("{{\"offset\":{offset}}}") }
}

async fn a_checkpoint_is_replaced_only_by_a_newer_one(store: &dyn RoomStore) {
    let room = open(store, 1).await;
    for (saved, kept) in [(5, 5), (9, 9), (7, 9)] {
        store.save_checkpoint(&checkpoint(&room, saved), 0).await.expect("saved");
        let journal = store.load_journal(room.id).await.expect("readable");
        assert_eq!(journal.checkpoint, Some(checkpoint(&room, kept)));
    }
}

async fn batches_covered_by_a_checkpoint_are_kept_for_the_requested_time(store: &dyn RoomStore) {
    let (room, other) = (open(store, 1).await, open(store, 2).await);
    let batches: Vec<_> = (2..=6).map(|offset| batch(&room, offset)).collect();
    store.append(&batches).await.expect("appended");
    store.save_checkpoint(&checkpoint(&room, 5), 3_000).await.expect("saved");
    assert_eq!(offsets(store, &room).await, [3, 4, 5, 6], "covered and older than requested: removed");
    store.save_checkpoint(&checkpoint(&room, 5), i64::MAX).await.expect("saved");
    assert_eq!(offsets(store, &room).await, [6], "uncovered batches are kept at any age");
    assert_eq!(offsets(store, &other).await, [1]);
}

/// A room with Ana and Ben: her name is in a checkpoint and in both members' batches; the returned batch forgets her.
async fn room_with_ana(store: &dyn RoomStore, number: u32) -> (StoredRoom, JournalBatch) {
    let room = open(store, number).await;
    let by = |offset, command| JournalBatch {
        command: Some((user(command), CommandId(Uuid::from_u128(u128::from(offset))))),
        events: format!("[\"Ana {offset}\"]"),
        ..batch(&room, offset)
    };
    let joined = indexed(&room, 2, vec![IndexChange::Joined(user(2)), IndexChange::HostChanged(user(2))]);
    let without_command = JournalBatch { events: "[\"Ana away\"]".into(), ..batch(&room, 5) };
    store.append(&[joined, by(3, 2), by(4, 1), without_command]).await.expect("appended");
    let known = Checkpoint { state: "{\"name\":\"Ana\"}".into(), ..checkpoint(&room, 3) };
    store.save_checkpoint(&known, 0).await.expect("saved");
    let erasure = Some(MemberErasure { member: user(2), state: "{\"offset\":7}".into() });
    let index = vec![IndexChange::HostChanged(user(1)), IndexChange::Left(user(2))];
    let last = JournalBatch { erasure, ..indexed(&room, 7, index) };
    (room, last)
}

async fn no_row_of_the_room_mentions_a_forgotten_member(store: &dyn RoomStore) {
    let (room, forgetting) = room_with_ana(store, 1).await;
    let (other, _) = room_with_ana(store, 2).await;
    let untouched = store.load_journal(other.id).await.expect("readable");
    // The same transaction may contain an earlier batch.
    let just_before = JournalBatch { events: "[\"Ana again\"]".into(), ..batch(&room, 6) };
    store.append(&[just_before, forgetting.clone()]).await.expect("appended");

    let journal = store.load_journal(room.id).await.expect("readable");
    assert!(!format!("{journal:?}").contains("Ana"), "{journal:?}");
    let state = forgetting.erasure.as_ref().expect("an erasure").state.clone();
    assert_eq!(journal.checkpoint, Some(Checkpoint { state, at_ms: 7_000, ..checkpoint(&room, 7) }));
    let bens = Some((user(1), CommandId(Uuid::from_u128(4))));
    let kept = [
        JournalBatch { command: bens, events: "[]".into(), ..batch(&room, 4) },
        JournalBatch { erasure: None, index: vec![], ..forgetting },
    ];
    assert_eq!(journal.batches, kept, "command ids of other members are kept");
    assert_eq!(store.rooms_of(user(2), 10).await.expect("readable"), [StoredRoom { host: user(2), ..other.clone() }]);
    assert_eq!(store.room_by_code(room.code).await.expect("readable").expect("the room").host, user(1));
    assert_eq!(store.load_journal(other.id).await.expect("readable"), untouched, "other rooms are unchanged");

    store.append(&[batch(&room, 8)]).await.expect("appended after the erasure");
    store.save_checkpoint(&checkpoint(&room, 8), i64::MAX).await.expect("saved");
    assert_eq!(offsets(store, &room).await, [0; 0], "the next checkpoint covers the rest");
}

async fn a_failed_append_that_forgets_a_member_changes_nothing(store: &dyn RoomStore) {
    let (room, forgetting) = room_with_ana(store, 1).await;
    let before = store.load_journal(room.id).await.expect("readable");
    store.append(&[forgetting.clone(), batch(&room, 4)]).await.expect_err("offset 4 exists");
    store
        .append(&[JournalBatch { offset: 5, ..forgetting }])
        .await
        .expect_err("offset 5 exists, although it would be removed");
    assert_eq!(store.load_journal(room.id).await.expect("readable"), before);
    assert_eq!(store.rooms_of(user(2), 10).await.expect("readable").len(), 1);
}

async fn all_rooms_but_purged_ones_are_listed_page_by_page(store: &dyn RoomStore) {
    let rooms = [open(store, 1).await, open(store, 2).await, open(store, 3).await, open(store, 4).await];
    for closed in &rooms[1..3] {
        store.append(&[indexed(closed, 2, vec![IndexChange::Closed])]).await.expect("appended");
    }
    store.purge_closed_room(rooms[1].id).await.expect("purged");
    let ids = |rooms: Vec<StoredRoom>| rooms.iter().map(|room| room.id).collect::<Vec<_>>();
    let first = ids(store.rooms_after(None, 2).await.expect("readable"));
    assert_eq!(first, [rooms[0].id, rooms[2].id]);
    assert_eq!(ids(store.rooms_after(Some(first[1]), 2).await.expect("readable")), [rooms[3].id]);
    assert_eq!(store.rooms_after(Some(rooms[3].id), 2).await.expect("readable"), []);
}

async fn a_trimmed_journal_keeps_what_is_recent_or_not_covered(store: &dyn RoomStore) {
    let (first, second) = (open(store, 1).await, open(store, 2).await);
    for offset in 2..=6 {
        store.append(&[batch(&first, offset), batch(&second, offset)]).await.expect("appended");
    }
    assert_eq!(store.last_offset(first.id).await.expect("readable"), Some(6));
    assert_eq!(store.trim_journal(first.id, i64::MAX).await.expect("trimmed"), 6);
    assert_eq!(offsets(store, &first).await, [1, 2, 3, 4, 5, 6], "no checkpoint covers them");
    let checkpoint = Checkpoint { room: first.id, epoch: 7, offset: 4, at_ms: 4_000, state: "{}".into() };
    store.save_checkpoint(&checkpoint, 0).await.expect("saved");
    assert_eq!(store.trim_journal(first.id, 3_000).await.expect("trimmed"), 6);
    assert_eq!(offsets(store, &first).await, [3, 4, 5, 6]);
    let checkpoint = Checkpoint { offset: 6, ..checkpoint };
    store.save_checkpoint(&checkpoint, 0).await.expect("saved");
    assert_eq!(store.trim_journal(first.id, i64::MAX).await.expect("trimmed"), 6, "known from the checkpoint");
    assert_eq!(offsets(store, &first).await, [0; 0]);
    assert_eq!(store.last_offset(first.id).await.expect("readable"), None);
    assert_eq!(offsets(store, &second).await, [1, 2, 3, 4, 5, 6]);
}

async fn users_are_known_to_rooms_until_those_are_purged_or_forget_them(store: &dyn RoomStore) {
    let room = open(store, 1).await;
    let index = vec![IndexChange::Joined(user(2)), IndexChange::Joined(user(3)), IndexChange::Left(user(2))];
    store.append(&[indexed(&room, 2, index)]).await.expect("appended");
    let known = async || {
        let mut known = store.known_to_rooms(&[user(1), user(2), user(3), user(4)]).await.expect("readable");
        known.sort_unstable();
        known
    };
    assert_eq!(known().await, [user(1), user(2), user(3)]);
    assert_eq!(store.known_to_rooms(&[]).await.expect("readable"), []);
    store.append(&[indexed(&room, 3, vec![IndexChange::Forgotten(user(3))])]).await.expect("appended");
    assert_eq!(known().await, [user(1), user(2)]);
    store.append(&[indexed(&room, 4, vec![IndexChange::Closed])]).await.expect("appended");
    store.purge_closed_room(room.id).await.expect("purged");
    assert_eq!(known().await, []);
}
