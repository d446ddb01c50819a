//! Tracks that turn out to be different, unplayable or gone, over real sockets.

use serde_json::json;
use tutti::providers::scripted::ID;
use tutti_protocol::{Command, EntryId, Gain, Reason, ServerFrame, TrackRef};
use tutti_test_client::RoomClient;

use crate::support::TestServer;

fn track(id: &str) -> TrackRef {
    TrackRef { provider: ID, id: id.into() }
}

fn report(entry: EntryId) -> Command {
    Command::Skip { entry: Some(entry), unplayable: Some(true) }
}

/// The device says that it plays.
async fn play(socket: &mut RoomClient) {
    let playback = json!({"state":"idle","entry":null,"position_ms":0,"at_ms":0,"error_ms":0});
    socket.send(&json!({"type":"status","playback":playback})).await;
}

fn reason(reply: ServerFrame) -> Option<Reason> {
    let ServerFrame::Reply { error, .. } = reply else { panic!("not a reply: {reply:?}") };
    error.and_then(|error| error.reason)
}

#[tokio::test]
async fn queued_tracks_are_corrected_or_removed_and_a_restart_keeps_it() {
    let mut server = TestServer::start_with(&["--scripted-provider"]).await;
    let ana = server.guest("Ana").await;
    let code = ana.room("Kitchen", None).await.code.to_string();
    let mut socket = ana.enter(&code).await;
    socket.add(&track("1")).await;
    socket.add(&track("undecodable")).await;
    let entry = socket.add(&track("measured")).await;
    socket.room_where(|room| room.upcoming.len() == 1 && room.upcoming[0].track.duration_ms == 200_000).await;
    server.restart().await;
    let mut socket = ana.enter(&code).await;
    let room = socket.room_where(|room| room.upcoming_total == 1).await;
    let kept = &room.upcoming[0];
    assert_eq!(kept.id, entry);
    assert_eq!((kept.track.duration_ms, kept.track.gain_db), (200_000, Some(Gain::of_db(-6.5))));
}

#[tokio::test]
async fn a_listener_reports_a_vanished_track_and_everyone_moves_on() {
    let server = TestServer::start_with(&["--scripted-provider"]).await;
    let (ana, ben) = (server.guest("Ana").await, server.guest("Ben").await);
    let code = ana.room("Kitchen", None).await.code.to_string();
    let (mut anas, mut bens) = (ana.enter(&code).await, ben.enter(&code).await);
    play(&mut bens).await;
    let vanished = anas.add(&track("vanishes")).await;
    let next = anas.add(&track("measured")).await;
    assert_eq!(reason(bens.ask(report(vanished)).await), None);
    for socket in [&mut anas, &mut bens] {
        socket.room_where(|room| room.now_playing.as_ref().is_some_and(|on| on.id == next)).await;
    }
    assert_eq!(reason(bens.ask(report(next)).await), Some(Reason::TrackPlays));
    assert_eq!(reason(bens.ask(report(vanished)).await), Some(Reason::EntryOver));
}
