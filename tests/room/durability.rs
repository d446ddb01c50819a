//! Acknowledged commands are durable, repeated commands have one effect, and a failing store loses nothing acknowledged.

use tutti_protocol::{Command, ErrorCode, Event, ServerFrame};
use tutti_test_client::Received;

use super::hall::{Hall, enqueue};

fn is_reply_or_delta(got: &Received) -> bool {
    matches!(got, Received::Frame(ServerFrame::Reply { .. } | ServerFrame::Delta { .. }))
}

#[tokio::test(start_paused = true)]
async fn a_reply_and_its_delta_wait_for_the_commit() {
    let hall = Hall::open();
    let code = hall.room("ana").await;
    let mut ana = hall.enter(code, "ana").await;
    ana.so_far();

    let gate = hall.store.hold_appends().await;
    let id = ana.send(enqueue("a1")).await;
    // A round trip in a second room proves that the first had time to answer.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(!ana.so_far().iter().any(is_reply_or_delta), "nothing leaves before the commit");

    drop(gate);
    let (position, events) = ana.delta().await;
    assert!(matches!(events[..], [Event::EntryAdded { .. }, Event::EntryStarted { .. }]), "{events:?}");
    let ServerFrame::Reply { ok: true, offset: Some(offset), .. } = ana.reply(id).await else { panic!("refused") };
    assert_eq!(offset, position.offset);
}

#[tokio::test(start_paused = true)]
async fn a_new_member_sees_durable_events_only() {
    let hall = Hall::open();
    let code = hall.room("ana").await;
    let ana = hall.enter(code, "ana").await;
    let ben = hall.enter(code, "ben").await;
    ben.leave().await;

    let gate = hall.store.hold_appends().await;
    ana.send(enqueue("a1")).await;
    let mut joining = std::pin::pin!(hall.enter(code, "ben"));
    for _ in 0..100 {
        tokio::task::yield_now().await;
        assert!(futures_util::poll!(&mut joining).is_pending(), "let in before the commit");
    }
    drop(gate);
    let (_, room) = joining.await.snapshot().await;
    assert_eq!(room.now_playing.expect("a1 is on").track.title, "a1");
}

#[tokio::test(start_paused = true)]
async fn a_repeated_command_has_one_effect_and_the_first_reply() {
    let hall = Hall::open();
    let code = hall.room("ana").await;
    let mut ana = hall.enter(code, "ana").await;
    let id = ana.send(enqueue("a1")).await;
    let first = ana.reply(id).await;
    ana.send_as(id, enqueue("a1")).await;
    assert_eq!(ana.reply(id).await, first);

    let hall = hall.crash();
    let mut ana = hall.enter(code, "ana").await;
    ana.send_as(id, enqueue("a1")).await;
    assert_eq!(ana.reply(id).await, first, "not after a crash either");
    let (_, room) = hall.enter(code, "ana").await.snapshot().await;
    assert_eq!((room.upcoming_total, room.now_playing.is_some()), (0, true));
}

#[tokio::test(start_paused = true)]
async fn the_same_command_id_of_another_member_is_another_command() {
    let hall = Hall::open();
    let code = hall.room("ana").await;
    let (mut ana, mut ben) = (hall.enter(code, "ana").await, hall.enter(code, "ben").await);
    let id = ana.send(enqueue("a1")).await;
    ana.reply(id).await;
    ben.send_as(id, enqueue("b1")).await;
    assert!(matches!(ben.reply(id).await, ServerFrame::Reply { ok: true, .. }));
    assert_eq!(hall.enter(code, "ana").await.snapshot().await.1.upcoming_total, 1);
}

#[tokio::test(start_paused = true)]
async fn commands_are_refused_while_the_store_fails_and_then_service_returns() {
    let hall = Hall::open();
    let code = hall.room("ana").await;
    let mut ana = hall.enter(code, "ana").await;
    ana.add("a1").await;
    let (before, _) = hall.enter(code, "ana").await.snapshot().await;

    hall.store.set_failing(true);
    for _ in 0..3 {
        let ServerFrame::Reply { ok: false, error: Some(error), .. } = ana.ask(enqueue("lost")).await else {
            panic!("acknowledged without being durable")
        };
        assert_eq!((error.code, error.retry), (ErrorCode::Unavailable, true));
    }

    hall.store.set_failing(false);
    ana.add_when_possible("a2").await;
    assert!(!ana.so_far().iter().any(|got| matches!(got, Received::Frame(ServerFrame::Snapshot { .. }))));
    let (position, room) = hall.enter(code, "ana").await.snapshot().await;
    assert_eq!(position.epoch, before.epoch, "nothing that was shown is lost, so the history goes on");
    assert_eq!((position.offset, room.upcoming_total), (before.offset + 1, 1));
    assert_eq!(room.upcoming[0].track.title, "a2");
}

/// Batches decided after a lost batch depend on it: storing them would leave a gap in the journal.
#[tokio::test(start_paused = true)]
async fn batches_after_a_lost_batch_are_not_stored() {
    let hall = Hall::open();
    let code = hall.room("ana").await;
    let mut ana = hall.enter(code, "ana").await;
    ana.add("a1").await;
    let gate = hall.store.hold_appends().await;
    let lost = ana.send(enqueue("lost")).await;
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    let after = ana.send(enqueue("after")).await;
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    hall.store.fail_appends(1);
    drop(gate);
    for id in [lost, after] {
        let reply = ana.reply(id).await;
        assert!(matches!(reply, ServerFrame::Reply { ok: false, .. }), "{reply:?}");
    }
    ana.add_when_possible("a2").await;
    let hall = hall.crash();
    let (_, room) = hall.enter(code, "ana").await.snapshot().await;
    let titles: Vec<_> = room.upcoming.iter().map(|entry| entry.track.title.as_str()).collect();
    assert_eq!(titles, ["a2"]);
}

#[tokio::test(start_paused = true)]
async fn acknowledged_events_survive_a_restart_and_a_crash() {
    let mut hall = Hall::open();
    let code = hall.room("ana").await;
    for number in 0..6 {
        let mut ana = hall.enter(code, "ana").await;
        ana.add(&format!("a{number}")).await;
        let (position, room) = hall.enter(code, "ana").await.snapshot().await;
        ana.leave().await;
        hall = if number % 2 == 0 { hall.restart().await } else { hall.crash() };
        let (position_after, room_after) = hall.enter(code, "ana").await.snapshot().await;
        assert_eq!(position_after, position);
        assert_eq!(room_after, room);
    }
}

#[tokio::test(start_paused = true)]
async fn a_checkpoint_replaces_the_batches_it_covers() {
    let hall = Hall::open();
    let code = hall.room("ana").await;
    let mut ana = hall.enter(code, "ana").await;
    for number in 0..300 {
        ana.add(&format!("a{number}")).await;
    }
    let (position, room) = hall.enter(code, "ana").await.snapshot().await;
    let hall = hall.crash();
    let (position_after, room_after) = hall.enter(code, "ana").await.snapshot().await;
    assert_eq!((position_after, &room_after), (position, &room));
    let kept = tutti::store::RoomStore::load_journal(&*hall.store, ana.room.id()).await.expect("readable");
    let checkpoint = kept.checkpoint.expect("there is one by now");
    assert!(checkpoint.offset > 200, "{}", checkpoint.offset);
}

#[tokio::test(start_paused = true)]
async fn closing_a_room_closes_its_connections_for_good() {
    let hall = Hall::open();
    let code = hall.room("ana").await;
    let mut ben = hall.enter(code, "ben").await;
    let room = hall.rooms.open(code).await.expect("open");
    room.close(super::hall::user("ben")).await.expect_err("not the host");
    room.close(super::hall::user("ana")).await.expect("the host may");
    assert_eq!(ben.until(|got| matches!(got, Received::Close(_))).await, Received::Close(Some(4508)));
    let hall = hall.crash();
    assert!(matches!(hall.rooms.open(code).await, Err(tutti::room::OpenError::Closed)));
}

#[tokio::test(start_paused = true)]
async fn playback_advances_without_connections() {
    let hall = Hall::open();
    let code = hall.room("ana").await;
    let mut ana = hall.enter(code, "ana").await;
    ana.add("a1").await;
    ana.add("a2").await;
    ana.leave().await;
    tokio::time::advance(std::time::Duration::from_secs(185)).await;
    let (_, room) = hall.enter(code, "ana").await.snapshot().await;
    assert_eq!(room.now_playing.expect("a2 is on").track.title, "a2");
}

#[tokio::test(start_paused = true)]
async fn refusals_state_the_reason() {
    let hall = Hall::open();
    let code = hall.room("ana").await;
    let (mut ana, mut ben) = (hall.enter(code, "ana").await, hall.enter(code, "ben").await);
    ana.add("a1").await;
    let ServerFrame::Reply { ok: false, error: Some(error), .. } =
        ben.ask(Command::Skip { entry: None, unplayable: None }).await
    else {
        panic!("allowed")
    };
    assert_eq!((error.code, error.retry), (ErrorCode::Forbidden, false));
    assert_eq!(error.message, "Only the host or a co-host may skip other people's tracks.");
}
