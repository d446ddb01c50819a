//! A store that fails to append, as on a full disk: commands are refused, and nothing else changes for members.

use std::time::Duration;

use tutti::store::StoredPasscode;
use tutti_protocol::{ErrorCode, Event, ServerFrame};
use tutti_test_client::Received;

use super::room_server::{MemberConnection, RoomServer, enqueue, user};

/// Fills the disk: reads work, writes fail.
fn fill(server: &RoomServer) {
    server.store.fail_appends(u32::MAX);
}

/// Advances time while the connection answers pings.
async fn pass(server: &RoomServer, connection: &MemberConnection, duration: Duration) {
    let step = Duration::from_millis(100);
    for _ in 0..duration.as_millis() / step.as_millis() {
        tokio::time::advance(step).await;
        connection.link.heard(server.clock.now_ms());
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
    }
}

fn room_frames(connection: &mut MemberConnection) -> Vec<ServerFrame> {
    let told = connection.take_received().into_iter().filter_map(|received| match received {
        Received::Frame(frame @ (ServerFrame::Snapshot { .. } | ServerFrame::Delta { .. })) => Some(frame),
        _ => None,
    });
    told.collect()
}

#[tokio::test(start_paused = true)]
async fn commands_are_refused_and_nothing_else_is_sent() {
    let server = RoomServer::open();
    let code = server.room("ana").await;
    let (mut ana, mut ben) = (server.enter(code, "ana").await, server.enter(code, "ben").await);
    ana.add("a1").await;
    let (known, _) = ben.delta().await;
    ben.take_received();

    fill(&server);
    for _ in 0..5 {
        let ServerFrame::Reply { ok: false, error: Some(error), .. } = ana.ask(enqueue("lost")).await else {
            panic!("acknowledged without being durable")
        };
        assert_eq!((error.code, error.retry), (ErrorCode::Unavailable, true));
    }
    pass(&server, &ben, Duration::from_secs(2)).await;
    assert_eq!(room_frames(&mut ben), []);

    server.store.fail_appends(0);
    ana.add_when_possible("a2").await;
    let (position, _) = ben.delta().await;
    assert_eq!((position.epoch, position.offset), (known.epoch, known.offset + 1));
}

#[tokio::test(start_paused = true)]
async fn members_rejoin_and_get_the_room_from_memory() {
    let server = RoomServer::open();
    let code = server.room("ana").await;
    let (mut ana, mut ben) = (server.enter(code, "ana").await, server.enter(code, "ben").await);
    ana.add("a1").await;
    let (known, _) = ben.delta().await;
    ben.leave().await;

    fill(&server);
    ana.ask(enqueue("lost")).await;
    pass(&server, &ana, Duration::from_millis(200)).await;
    let mut back = server.resume(code, "ben", Some(known)).await.expect("admitted");
    assert!(matches!(back.frame(|_| true).await, ServerFrame::Welcome { resumed: true, .. }));
    let (_, room) = server.enter(code, "ana").await.snapshot().await;
    assert_eq!(room.now_playing.expect("a1 is on").track.title, "a1");
}

/// Due events are retried at a limited rate.
#[tokio::test(start_paused = true)]
async fn a_track_that_ends_during_an_outage_is_retried_once_a_second() {
    let server = RoomServer::open();
    let code = server.room("ana").await;
    let mut ana = server.enter(code, "ana").await;
    ana.add("a1").await;
    ana.add("a2").await;
    ana.take_received();
    pass(&server, &ana, Duration::from_secs(150)).await;
    ana.take_received();
    fill(&server);
    pass(&server, &ana, Duration::from_mins(1)).await;
    let tried = u32::MAX - server.store.failing_appends();
    assert!((20..80).contains(&tried), "{tried} appends");
    assert_eq!(room_frames(&mut ana), [], "nothing that is not stored");

    server.store.fail_appends(0);
    pass(&server, &ana, Duration::from_secs(2)).await;
    let started = room_frames(&mut ana).into_iter().any(|frame| match frame {
        ServerFrame::Delta { events, .. } => {
            events.iter().any(|event| matches!(event, Event::EntryStarted { entry, .. } if entry.track.title == "a2"))
        }
        _ => false,
    });
    assert!(started, "a2 plays without a command");
}

/// The append succeeds but its result is lost; the room learns it from the journal.
#[tokio::test(start_paused = true)]
async fn an_append_with_a_lost_result_is_published_and_acknowledged_after_a_reload() {
    let server = RoomServer::open();
    let code = server.room("ana").await;
    let (mut ana, mut ben) = (server.enter(code, "ana").await, server.enter(code, "ben").await);
    let (before, _) = ben.snapshot().await;

    server.store.fail_after_appends(1);
    let id = ana.send(enqueue("a1")).await;
    assert!(matches!(ana.reply(id).await, ServerFrame::Reply { ok: false, error: Some(error), .. } if error.retry));
    let (position, events) = ben.delta().await;
    assert_eq!((position.epoch, position.offset), (before.epoch, before.offset + events.len() as u64));
    assert!(matches!(events[..], [Event::EntryAdded { .. }, Event::EntryStarted { .. }]), "{events:?}");

    ana.send_as(id, enqueue("a1")).await;
    assert!(matches!(ana.reply(id).await, ServerFrame::Reply { ok: true, entry: Some(_), .. }));
    assert_eq!(server.enter(code, "ana").await.snapshot().await.1.upcoming_total, 0, "queued once");
}

#[tokio::test(start_paused = true)]
async fn a_kick_with_a_lost_result_closes_the_connection() {
    let server = RoomServer::open();
    let code = server.room("ana").await;
    let (ana, mut ben) = (server.enter(code, "ana").await, server.enter(code, "ben").await);
    server.store.fail_after_appends(1);
    ana.send(tutti_protocol::Command::Kick { member: super::room_server::user("ben") }).await;
    assert_eq!(ben.closed().await, 4504);
}

/// Newcomers need the passcode that is stored, never one whose change was not acknowledged.
#[tokio::test(start_paused = true)]
async fn a_passcode_that_is_not_stored_is_not_asked_for() {
    let server = RoomServer::open();
    let code = server.room("ana").await;
    let ana = server.enter(code, "ana").await;
    let passcode = |hash: &str| Some(StoredPasscode { hash: hash.into(), sealed: None });
    let asked = || ana.room.passcode_hash().as_deref().map(str::to_owned);
    ana.room.set_passcode(user("ana"), passcode("first")).await.expect("stored");
    assert_eq!(asked().as_deref(), Some("first"));
    ana.room.set_passcode(user("ben"), None).await.expect_err("not a member");

    fill(&server);
    ana.room.set_passcode(user("ana"), passcode("lost")).await.expect_err("not stored");
    assert_eq!(asked().as_deref(), Some("first"));
    server.store.fail_appends(0);
    pass(&server, &ana, Duration::from_secs(2)).await;

    // Stored, although its append failed: found when the room reloads.
    server.store.fail_after_appends(1);
    ana.room.set_passcode(user("ana"), passcode("second")).await.expect_err("not acknowledged");
    pass(&server, &ana, Duration::from_secs(2)).await;
    assert_eq!(asked().as_deref(), Some("second"));
    let server = server.crash();
    let room = server.rooms.open(code).await.expect("open");
    assert_eq!(room.passcode_hash().as_deref(), Some("second"));
}
