//! Presence: connections, grace periods, heartbeats, and unloading of idle rooms.

use std::time::Duration;

use tutti_protocol::client::DeviceStatus;
use tutti_protocol::{Command, Event, ServerFrame};
use tutti_test_client::Received;

use super::room_server::{RoomServer, user};

#[tokio::test(start_paused = true)]
async fn presence_lists_members_with_devices_and_is_batched() {
    let server = RoomServer::open();
    let code = server.room("ana").await;
    let mut ana = server.enter(code, "ana").await;
    ana.frame(|frame| matches!(frame, ServerFrame::Presence { full: false, .. })).await;
    let mut connections = vec![];
    for name in ["ben", "cai", "dee"] {
        connections.push(server.enter(code, name).await);
    }
    let ServerFrame::Presence { full: false, members, .. } =
        ana.frame(|frame| matches!(frame, ServerFrame::Presence { .. })).await
    else {
        panic!("all")
    };
    assert_eq!(members.len(), 3, "three joins are one frame");
    assert!(members.iter().all(|member| member.devices.len() == 1));

    let mut late = server.enter(code, "ana").await;
    let ServerFrame::Presence { full: true, members, .. } =
        late.frame(|frame| matches!(frame, ServerFrame::Presence { full: true, .. })).await
    else {
        unreachable!()
    };
    assert_eq!(members.len(), 4);

    late.take_received();
    connections.remove(0).leave().await;
    let ServerFrame::Presence { members, .. } = late
        .frame(|frame| matches!(frame, ServerFrame::Presence { members, .. } if members.iter().any(|m| m.member == user("ben"))))
        .await
    else {
        unreachable!()
    };
    let ben = members.iter().find(|member| member.member == user("ben")).expect("ben");
    assert!(ben.devices.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_device_status_is_broadcast() {
    let server = RoomServer::open();
    let code = server.room("ana").await;
    let (mut ana, ben) = (server.enter(code, "ana").await, server.enter(code, "ben").await);
    let playback = tutti_protocol::client::DevicePlayback {
        entry: None,
        position_ms: 1.5,
        at_ms: 2.5,
        error_ms: 0.5,
        deviation_ms: Some(0.2),
        measured: Some(tutti_protocol::Measured::Estimated),
        state: tutti_protocol::PlaybackState::Playing,
        ready: vec![],
    };
    ben.room.status(ben.link.id, DeviceStatus { playback: Some(playback.clone()), idle: false });
    ana.frame(|frame| match frame {
        ServerFrame::Presence { members, .. } => {
            members.iter().flat_map(|member| &member.devices).any(|device| device.playback.as_ref() == Some(&playback))
        }
        _ => false,
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_member_is_away_after_the_grace_period_until_they_return() {
    let server = RoomServer::open();
    let code = server.room("ana").await;
    let (mut ana, mut ben) = (server.enter(code, "ana").await, server.enter(code, "ben").await);
    let second_device = server.enter(code, "ben").await;
    for title in ["b1", "b2", "b3", "b4", "b5", "b6", "b7"] {
        ben.add(title).await;
    }
    ben.leave().await;
    for link in [&ana.link, &second_device.link] {
        link.heard(server.clock.now_ms() + 24 * 3_600_000);
        link.extend(server.clock.now_ms() + 24 * 3_600_000);
    }
    tokio::time::advance(tutti::limits::AWAY_GRACE * 2).await;
    assert!(!ana.take_received().iter().any(is_away), "one device is enough to be present");

    second_device.leave().await;
    ana.until(is_away).await;
    let (_, room) = server.enter(code, "ana").await.snapshot().await;
    assert_eq!(room.upcoming_total, 0, "entries of an away member leave the order");

    let _back = server.enter(code, "ben").await;
    ana.until(|received| has_event(received, |event| matches!(event, Event::MemberReturned { .. }))).await;
}

fn is_away(received: &Received) -> bool {
    has_event(received, |event| matches!(event, Event::MemberAway { .. }))
}

fn has_event(received: &Received, wanted: impl Fn(&Event) -> bool) -> bool {
    matches!(received, Received::Frame(ServerFrame::Delta { events, .. }) if events.iter().any(wanted))
}

#[tokio::test(start_paused = true)]
async fn a_kick_closes_all_connections_of_the_member() {
    let server = RoomServer::open();
    let code = server.room("ana").await;
    let (mut ana, mut ben) = (server.enter(code, "ana").await, server.enter(code, "ben").await);
    let mut bens_phone = server.enter(code, "ben").await;
    ana.ask(Command::Kick { member: user("ben") }).await;
    for connection in [&mut ben, &mut bens_phone] {
        assert_eq!(
            connection.until(|received| matches!(received, Received::Close(_))).await,
            Received::Close(Some(4504))
        );
    }
    assert!(server.rooms.open(code).await.expect("open").role_of(user("ben")).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn heartbeats_come_with_a_ping_and_the_top_offset() {
    let server = RoomServer::open();
    let code = server.room("ana").await;
    let mut ana = server.enter(code, "ana").await;
    let (position, _) = ana.snapshot().await;
    let ServerFrame::Heartbeat { offset, .. } = ana.frame(|frame| matches!(frame, ServerFrame::Heartbeat { .. })).await
    else {
        unreachable!()
    };
    assert_eq!(offset, position.offset);
    ana.until(|received| *received == Received::Ping).await;
}

#[tokio::test(start_paused = true)]
async fn a_silent_connection_and_an_expired_token_are_closed() {
    let server = RoomServer::open();
    let code = server.room("ana").await;
    let mut silent = server.enter(code, "ana").await;
    assert_eq!(silent.until(|received| matches!(received, Received::Close(_))).await, Received::Close(Some(4004)));

    let mut expiring = server.enter(code, "ana").await;
    expiring.link.extend(server.clock.now_ms() + 20_000);
    assert_eq!(expiring.until(|received| matches!(received, Received::Close(_))).await, Received::Close(Some(4003)));
}

#[tokio::test(start_paused = true)]
async fn an_empty_room_is_unloaded_and_reloads_unchanged() {
    let server = RoomServer::open();
    let code = server.room("ana").await;
    let mut ana = server.enter(code, "ana").await;
    ana.add("a1").await;
    ana.ask(Command::Pause).await;
    let mut looking = server.enter(code, "ana").await;
    let (known, room) = looking.snapshot().await;
    looking.leave().await;
    assert_eq!(server.rooms.len(), 1);
    let second = server.rooms.open(code).await.expect("open");
    ana.leave().await;
    drop(second);
    while !server.rooms.is_empty() {
        tokio::time::advance(Duration::from_secs(10)).await;
        tokio::task::yield_now().await;
    }
    let (position, room_after) = server.enter(code, "ana").await.snapshot().await;
    assert_eq!((position, room_after), (known, room));
}

#[tokio::test(start_paused = true)]
async fn a_room_that_plays_without_members_is_unloaded_and_can_be_joined_again() {
    let server = RoomServer::open();
    let code = server.room("ana").await;
    let mut ana = server.enter(code, "ana").await;
    for title in ["one", "two", "three"] {
        ana.add(title).await;
    }
    ana.leave().await;
    // Longer than an idle room stays loaded. Paused time advances only while every task is idle.
    tokio::time::sleep(Duration::from_secs(200)).await;
    let mut ana = server.enter(code, "ana").await;
    let (_, room) = ana.snapshot().await;
    assert_eq!(room.now_playing.map(|entry| entry.track.title).as_deref(), Some("two"));
}
