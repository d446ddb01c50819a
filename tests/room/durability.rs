//! Acknowledged commands are durable, repeated commands have one effect, and a failing store loses nothing acknowledged.

use tutti_protocol::{Command, ErrorCode, Event, ServerFrame};
use tutti_test_client::Received;

use super::room_server::{RoomServer, enqueue};

fn is_reply_or_delta(received: &Received) -> bool {
    matches!(received, Received::Frame(ServerFrame::Reply { .. } | ServerFrame::Delta { .. }))
}

#[tokio::test(start_paused = true)]
async fn a_reply_and_its_delta_wait_for_the_commit() {
    let server = RoomServer::open();
    let code = server.room("ana").await;
    let mut ana = server.enter(code, "ana").await;
    ana.take_received();

    let gate = server.store.hold_appends().await;
    let id = ana.send(enqueue("a1")).await;
    // A round trip in a second room proves that the first had time to answer.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(!ana.take_received().iter().any(is_reply_or_delta), "nothing leaves before the commit");

    drop(gate);
    let (position, events) = ana.delta().await;
    assert!(matches!(events[..], [Event::EntryAdded { .. }, Event::EntryStarted { .. }]), "{events:?}");
    let ServerFrame::Reply { ok: true, offset: Some(offset), .. } = ana.reply(id).await else { panic!("refused") };
    assert_eq!(offset, position.offset);
}

#[tokio::test(start_paused = true)]
async fn a_new_member_sees_durable_events_only() {
    let server = RoomServer::open();
    let code = server.room("ana").await;
    let ana = server.enter(code, "ana").await;
    let ben = server.enter(code, "ben").await;
    ben.leave().await;

    let gate = server.store.hold_appends().await;
    ana.send(enqueue("a1")).await;
    let mut joining = std::pin::pin!(server.enter(code, "ben"));
    for _ in 0..100 {
        tokio::task::yield_now().await;
        assert!(futures_util::poll!(&mut joining).is_pending(), "admitted before the commit");
    }
    drop(gate);
    let (_, room) = joining.await.snapshot().await;
    assert_eq!(room.now_playing.expect("a1 is on").track.title, "a1");
}

#[tokio::test(start_paused = true)]
async fn a_repeated_command_has_one_effect_and_the_first_reply() {
    let server = RoomServer::open();
    let code = server.room("ana").await;
    let mut ana = server.enter(code, "ana").await;
    let id = ana.send(enqueue("a1")).await;
    let first = ana.reply(id).await;
    ana.send_as(id, enqueue("a1")).await;
    assert_eq!(ana.reply(id).await, first);

    let server = server.crash();
    let mut ana = server.enter(code, "ana").await;
    ana.send_as(id, enqueue("a1")).await;
    assert_eq!(ana.reply(id).await, first, "not after a crash either");
    let (_, room) = server.enter(code, "ana").await.snapshot().await;
    assert_eq!((room.upcoming_total, room.now_playing.is_some()), (0, true));
}

#[tokio::test(start_paused = true)]
async fn the_same_command_id_of_another_member_is_another_command() {
    let server = RoomServer::open();
    let code = server.room("ana").await;
    let (mut ana, mut ben) = (server.enter(code, "ana").await, server.enter(code, "ben").await);
    let id = ana.send(enqueue("a1")).await;
    ana.reply(id).await;
    ben.send_as(id, enqueue("b1")).await;
    assert!(matches!(ben.reply(id).await, ServerFrame::Reply { ok: true, .. }));
    assert_eq!(server.enter(code, "ana").await.snapshot().await.1.upcoming_total, 1);
}

#[tokio::test(start_paused = true)]
async fn commands_are_refused_while_the_store_fails_and_then_service_returns() {
    let server = RoomServer::open();
    let code = server.room("ana").await;
    let mut ana = server.enter(code, "ana").await;
    ana.add("a1").await;
    let (before, _) = server.enter(code, "ana").await.snapshot().await;

    server.store.set_failing(true);
    for _ in 0..3 {
        let ServerFrame::Reply { ok: false, error: Some(error), .. } = ana.ask(enqueue("lost")).await else {
            panic!("acknowledged without being durable")
        };
        assert_eq!((error.code, error.retry), (ErrorCode::Unavailable, true));
    }

    server.store.set_failing(false);
    ana.add_when_possible("a2").await;
    assert!(
        !ana.take_received().iter().any(|received| matches!(received, Received::Frame(ServerFrame::Snapshot { .. })))
    );
    let (position, room) = server.enter(code, "ana").await.snapshot().await;
    assert_eq!(position.epoch, before.epoch, "no shown event is lost, so the epoch continues");
    assert_eq!((position.offset, room.upcoming_total), (before.offset + 1, 1));
    assert_eq!(room.upcoming[0].track.title, "a2");
}

/// Batches decided after a lost batch depend on it: storing them would leave a gap in the journal.
#[tokio::test(start_paused = true)]
async fn batches_after_a_lost_batch_are_not_stored() {
    let server = RoomServer::open();
    let code = server.room("ana").await;
    let mut ana = server.enter(code, "ana").await;
    ana.add("a1").await;
    let gate = server.store.hold_appends().await;
    let lost = ana.send(enqueue("lost")).await;
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    let after = ana.send(enqueue("after")).await;
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    server.store.fail_appends(1);
    drop(gate);
    let accepted = server.commands("accepted");
    for id in [lost, after] {
        let reply = ana.reply(id).await;
        assert!(matches!(reply, ServerFrame::Reply { ok: false, .. }), "{reply:?}");
    }
    // Both were decided, and counted by what the member was told.
    assert_eq!((server.commands("accepted"), server.commands("unavailable")), (accepted, 2));
    ana.add_when_possible("a2").await;
    let server = server.crash();
    let (_, room) = server.enter(code, "ana").await.snapshot().await;
    let titles: Vec<_> = room.upcoming.iter().map(|entry| entry.track.title.as_str()).collect();
    assert_eq!(titles, ["a2"]);
}

#[tokio::test(start_paused = true)]
async fn acknowledged_events_survive_a_restart_and_a_crash() {
    let mut server = RoomServer::open();
    let code = server.room("ana").await;
    for number in 0..6 {
        let mut ana = server.enter(code, "ana").await;
        ana.add(&format!("a{number}")).await;
        let (position, room) = server.enter(code, "ana").await.snapshot().await;
        ana.leave().await;
        server = if number % 2 == 0 { server.restart().await } else { server.crash() };
        let (position_after, room_after) = server.enter(code, "ana").await.snapshot().await;
        assert_eq!(position_after, position);
        assert_eq!(room_after, room);
    }
}

#[tokio::test(start_paused = true)]
async fn a_checkpoint_replaces_the_batches_it_covers() {
    let server = RoomServer::open();
    let code = server.room("ana").await;
    let mut ana = server.enter(code, "ana").await;
    for number in 0..300 {
        ana.add(&format!("a{number}")).await;
    }
    let (position, room) = server.enter(code, "ana").await.snapshot().await;
    let server = server.crash();
    let (position_after, room_after) = server.enter(code, "ana").await.snapshot().await;
    assert_eq!((position_after, &room_after), (position, &room));
    let kept = tutti::store::RoomStore::load_journal(&*server.store, ana.room.id()).await.expect("readable");
    let checkpoint = kept.checkpoint.expect("there is one by now");
    assert!(checkpoint.offset > 200, "{}", checkpoint.offset);
}

#[tokio::test(start_paused = true)]
async fn closing_a_room_closes_its_connections_for_good() {
    let server = RoomServer::open();
    let code = server.room("ana").await;
    let mut ben = server.enter(code, "ben").await;
    let room = server.rooms.open(code).await.expect("open");
    room.close(super::room_server::user("ben")).await.expect_err("not the host");
    room.close(super::room_server::user("ana")).await.expect("the host may");
    assert_eq!(ben.until(|received| matches!(received, Received::Close(_))).await, Received::Close(Some(4508)));
    let server = server.crash();
    assert!(matches!(server.rooms.open(code).await, Err(tutti::room::OpenError::Closed)));
}

#[tokio::test(start_paused = true)]
async fn playback_advances_without_connections() {
    let server = RoomServer::open();
    let code = server.room("ana").await;
    let mut ana = server.enter(code, "ana").await;
    ana.add("a1").await;
    ana.add("a2").await;
    ana.leave().await;
    tokio::time::advance(std::time::Duration::from_secs(185)).await;
    let (_, room) = server.enter(code, "ana").await.snapshot().await;
    assert_eq!(room.now_playing.expect("a2 is on").track.title, "a2");
}

#[tokio::test(start_paused = true)]
async fn refusals_state_the_reason() {
    let server = RoomServer::open();
    let code = server.room("ana").await;
    let (mut ana, mut ben) = (server.enter(code, "ana").await, server.enter(code, "ben").await);
    ana.add("a1").await;
    let ServerFrame::Reply { ok: false, error: Some(error), .. } =
        ben.ask(Command::Skip { entry: None, unplayable: None }).await
    else {
        panic!("allowed")
    };
    assert_eq!((error.code, error.retry), (ErrorCode::Forbidden, false));
    assert_eq!(error.message, "Only the host or a co-host may skip other people's tracks.");
}
