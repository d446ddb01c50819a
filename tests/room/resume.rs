//! Resuming: exactly the missed events, or a snapshot.

use tutti_protocol::{Event, Position, ServerFrame};
use tutti_test_client::Received;

use super::room_server::{MemberConnection, RoomServer, user};

/// The snapshot and deltas that are sent on joining.
fn first_frames(connection: &mut MemberConnection) -> Vec<ServerFrame> {
    connection
        .take_received()
        .into_iter()
        .filter_map(|received| match received {
            Received::Frame(
                frame @ (ServerFrame::Welcome { .. } | ServerFrame::Snapshot { .. } | ServerFrame::Delta { .. }),
            ) => Some(frame),
            _ => None,
        })
        .collect()
}

async fn resume(server: &RoomServer, code: tutti_protocol::RoomCode, known: Position) -> (bool, Vec<ServerFrame>) {
    let mut connection = server.resume(code, "ana", Some(known)).await.expect("admitted");
    let mut frames = first_frames(&mut connection);
    match frames.remove(0) {
        ServerFrame::Welcome { resumed, .. } => (resumed, frames),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_resume_gets_exactly_the_missed_events() {
    let server = RoomServer::open();
    let code = server.room("ana").await;
    let mut ana = server.enter(code, "ana").await;
    let (known, _) = ana.snapshot().await;
    let mut ben = server.enter(code, "ben").await;
    ana.leave().await;
    ben.add("b1").await;
    ben.add("b2").await;

    let (resumed, frames) = resume(&server, code, known).await;
    assert!(resumed);
    let [ServerFrame::Delta { position, events, upcoming: Some(upcoming), .. }] = &frames[..] else {
        panic!("{frames:?}")
    };
    assert_eq!(position.offset, known.offset + events.len() as u64, "contiguous");
    assert!(matches!(
        events[..],
        [Event::MemberJoined { .. }, Event::EntryAdded { .. }, Event::EntryStarted { .. }, Event::EntryAdded { .. }]
    ));
    assert_eq!(upcoming.len(), 1);

    let (resumed, frames) = resume(&server, code, *position).await;
    assert!(resumed && frames.is_empty(), "a client that missed nothing gets nothing");
}

#[tokio::test(start_paused = true)]
async fn an_unknown_position_gets_a_snapshot() {
    let server = RoomServer::open();
    let code = server.room("ana").await;
    let (known, _) = server.enter(code, "ana").await.snapshot().await;
    for wrong in [
        Position { epoch: known.epoch + 1, ..known },
        Position { offset: known.offset + 1, ..known },
        Position { epoch: 0, offset: 0 },
        Position { offset: u64::MAX, ..known },
    ] {
        let (resumed, frames) = resume(&server, code, wrong).await;
        assert!(!resumed && matches!(frames[..], [ServerFrame::Snapshot { .. }]), "{wrong:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_restart_that_lost_nothing_needs_no_snapshot() {
    let server = RoomServer::open();
    let code = server.room("ana").await;
    let mut ana = server.enter(code, "ana").await;
    let (known, _) = ana.snapshot().await;
    let id = ana.send(super::room_server::enqueue("a1")).await;
    let (newer, _) = ana.delta().await;
    ana.reply(id).await;

    let server = server.restart().await;
    let (resumed, frames) = resume(&server, code, known).await;
    assert!(resumed && matches!(frames[..], [ServerFrame::Delta { .. }]), "{frames:?}");
    let server = server.crash();
    let (resumed, frames) = resume(&server, code, newer).await;
    assert!(resumed && frames.is_empty(), "{frames:?}");
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_gets_one_snapshot() {
    let server = RoomServer::open();
    let code = server.room("ana").await;
    let (mut ana, mut ben) = (server.enter(code, "ana").await, server.enter(code, "ben").await);
    ben.take_received();
    // Each delta carries the order, so a few hundred fill the outbox of a client that does not read.
    for number in 0..300 {
        ana.add(&format!("a{number}")).await;
        ana.take_received();
    }
    assert!(ben.link.outbox.waiting_bytes() <= tutti::limits::OUTBOX_BYTES_MAX);
    ben.room.resync(ben.link.id).await;
    let (position, room) = ben.snapshot().await;
    assert_eq!(room.upcoming_total, 299);
    ana.add("one more").await;
    assert_eq!(ben.delta().await.0.offset, position.offset + 1);
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_gets_the_latest_presence() {
    let server = RoomServer::open();
    let code = server.room("ana").await;
    let (mut ana, mut ben) = (server.enter(code, "ana").await, server.enter(code, "ben").await);
    let cai = server.enter(code, "cai").await;
    let tells_of_cai = |frame: &ServerFrame| match frame {
        ServerFrame::Presence { members, .. } => members.iter().any(|here| here.member == user("cai")),
        _ => false,
    };
    ben.frame(tells_of_cai).await;
    for number in 0..300 {
        ana.add(&format!("a{number}")).await;
        ana.take_received();
    }
    cai.leave().await;
    ana.frame(tells_of_cai).await;
    ben.room.resync(ben.link.id).await;
    ben.snapshot().await;
    let behind = ben.take_received();
    let [Received::Frame(ServerFrame::Presence { full: true, members, .. })] = &behind[..] else {
        panic!("{behind:?}")
    };
    assert_eq!(members.len(), 2, "{members:?}");
}
