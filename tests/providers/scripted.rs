//! A provider unknown to the rest of the server and the client works in a room without special cases.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use tutti::limits::TRACK_LOOKUP_TIMEOUT;
use tutti::providers::scripted::ID;
use tutti_protocol::http::{SearchResponse, ServerDescription};
use tutti_protocol::{
    ClientFrame, Command, CommandId, ErrorCode, ProviderId, Reason, ReplyError, ServerFrame, SettingsChange, TrackRef,
};
use tutti_test_client::RoomClient;
use uuid::Uuid;

use crate::http::site::pass;
use crate::support::TestServer;

async fn server() -> TestServer {
    TestServer::start_with(&["--scripted-provider"]).await
}

fn track(id: &str) -> TrackRef {
    TrackRef { provider: ID, id: id.into() }
}

fn enqueue(track: TrackRef) -> Command {
    Command::Enqueue { track, before: None }
}

/// Sends a command without waiting for its reply.
async fn send(socket: &mut RoomClient, command: Command) -> CommandId {
    let id = CommandId(Uuid::new_v4());
    socket.send(&serde_json::to_value(ClientFrame::Command { id, command }).unwrap()).await;
    id
}

/// Why a command was refused; `None`: it was accepted.
fn refusal(reply: ServerFrame) -> Option<ReplyError> {
    let ServerFrame::Reply { error, .. } = reply else { panic!("not a reply: {reply:?}") };
    error
}

/// The next reply, whichever command it answers.
async fn next_reply(socket: &mut RoomClient) -> (CommandId, Option<ReplyError>) {
    match socket.until(|frame| matches!(frame, ServerFrame::Reply { .. })).await {
        ServerFrame::Reply { id, error, .. } => (id, error),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn its_tracks_can_be_searched_queued_and_shown() {
    let server = server().await;
    let ana = server.guest("Ana").await;
    let description: ServerDescription = ana.get("server").await;
    assert_eq!(description.providers, [ProviderId::LIBRARY, ID]);
    assert_eq!(description.files, [ProviderId::LIBRARY]);
    let found: SearchResponse = ana.get("search?provider=scripted&q=Track%2012").await;
    assert_eq!(found.tracks[0].title, "Track 12");
    assert_eq!(ana.status(Method::GET, "search?provider=jellyfin&q=a").await, 400);
    assert_eq!(ana.status(Method::GET, "scripted/tracks/12/audio").await, 404, "it serves no files");

    let code = ana.room("Kitchen", None).await.code.to_string();
    let mut socket = ana.enter(&code).await;
    socket.add(&track("12")).await;
    let room = socket.room_where(|room| room.now_playing.is_some()).await;
    assert_eq!(room.now_playing.unwrap().track, found.tracks[0]);
}

#[tokio::test]
async fn each_provider_error_has_its_refusal() {
    let server = server().await;
    let ana = server.guest("Ana").await;
    let code = ana.room("Kitchen", None).await.code.to_string();
    let mut socket = ana.enter(&code).await;
    for (id, code) in [
        ("unlinked", ErrorCode::Forbidden),
        ("unplayable", ErrorCode::Invalid),
        ("limited", ErrorCode::RateLimited),
        ("unavailable", ErrorCode::Unavailable),
        ("unknown", ErrorCode::NotFound),
    ] {
        let error = refusal(socket.ask(enqueue(track(id))).await).expect("it is refused");
        assert_eq!(error.code, code, "{id}");
        assert!(!error.message.is_empty());
    }
    let elsewhere = TrackRef { provider: ProviderId::known("jellyfin"), id: "1".into() };
    let error = refusal(socket.ask(enqueue(elsewhere)).await).expect("it is refused");
    assert_eq!(error.code, ErrorCode::NotFound);
    assert!(error.message.contains("jellyfin"), "{}", error.message);
}

#[tokio::test]
async fn an_album_is_queued_without_the_tracks_that_do_not_play() {
    let server = server().await;
    let ana = server.guest("Ana").await;
    let code = ana.room("Kitchen", None).await.code.to_string();
    let mut socket = ana.enter(&code).await;
    let album = |ids: &[&str]| Command::EnqueueAll { tracks: ids.iter().map(|id| track(id)).collect() };
    assert_eq!(refusal(socket.ask(album(&["unplayable", "1", "unknown", "2"])).await), None);
    let room = socket.room_where(|room| room.upcoming_total == 1).await;
    let queued: Vec<_> = room.now_playing.iter().chain(&room.upcoming).map(|entry| entry.track.id.as_str()).collect();
    assert_eq!(queued, ["1", "2"]);
    let error = refusal(socket.ask(album(&["unplayable"])).await).expect("nothing is left");
    assert_eq!(error.reason, Some(Reason::TrackUnplayable));
    let error = refusal(socket.ask(album(&["1", "unlinked"])).await).expect("it is refused");
    assert_eq!(error.code, ErrorCode::Forbidden);
}

#[tokio::test]
async fn a_fallback_playlist_is_looked_up_in_its_order() {
    let server = server().await;
    let ana = server.guest("Ana").await;
    let code = ana.room("Kitchen", None).await.code.to_string();
    let mut socket = ana.enter(&code).await;
    let fallback = |ids: Vec<String>| {
        let fallback = Some(ids.iter().map(|id| track(id)).collect());
        Command::SetSettings { settings: Box::new(SettingsChange { fallback, ..SettingsChange::default() }) }
    };
    let numbers: Vec<_> = (1..=100).rev().map(|number| number.to_string()).collect();
    assert_eq!(refusal(socket.ask(fallback(numbers)).await), None);
    let room = socket.room_where(|room| room.now_playing.is_some()).await;
    assert_eq!(room.now_playing.unwrap().track.title, "Track 100");
    let one_is_unknown = fallback(vec!["1".into(), "unknown".into()]);
    assert_eq!(refusal(socket.ask(one_is_unknown).await).map(|error| error.code), Some(ErrorCode::NotFound));
}

#[tokio::test]
async fn a_provider_that_hangs_delays_only_the_commands_behind_it_on_its_connection() {
    let server = server().await;
    let (ana, ben) = (server.guest("Ana").await, server.guest("Ben").await);
    let code = ana.room("Kitchen", None).await.code.to_string();
    let (mut anas, mut anas_other, mut bens) = (ana.enter(&code).await, ana.enter(&code).await, ben.enter(&code).await);

    let hanging = send(&mut anas, enqueue(track("hangs"))).await;
    let behind = send(&mut anas, enqueue(track("3"))).await;

    // Clock probes are answered on the waiting connection.
    anas.send(&json!({ "type": "sync", "t0": 7.0 })).await;
    let answer = anas.until(|frame| matches!(frame, ServerFrame::Sync { .. } | ServerFrame::Reply { .. })).await;
    let ServerFrame::Sync { t1, t2, .. } = answer else { panic!("{answer:?}") };
    assert!(t2 - t1 < 1_000.0, "{t1} {t2}");
    // Commands of other members and of other connections take effect, including those that need a lookup.
    bens.add(&track("1")).await;
    anas_other.add(&track("2")).await;
    // The waiting connection receives deltas.
    anas.room_where(|room| room.now_playing.as_ref().is_some_and(|entry| entry.track.id == "1")).await;
    anas.room_where(|room| room.upcoming_total == 1).await;

    pass(TRACK_LOOKUP_TIMEOUT + Duration::from_millis(1)).await;
    let (id, error) = next_reply(&mut anas).await;
    let error = error.expect("it is refused");
    assert_eq!((id, error.code, error.retry), (hanging, ErrorCode::Unavailable, true));
    assert!(error.message.contains("too long"), "{}", error.message);
    assert_eq!(next_reply(&mut anas).await, (behind, None), "the queued command runs");
}

#[tokio::test]
async fn commands_behind_a_lookup_are_bounded_and_dropped_with_the_connection() {
    let mut server = TestServer::start_with(&["--scripted-provider", "--limit-commands-per-second=1000"]).await;
    let (ana, ben) = (server.guest("Ana").await, server.guest("Ben").await);
    let code = ana.room("Kitchen", None).await.code.to_string();
    let (mut anas, mut bens) = (ana.enter(&code).await, ben.enter(&code).await);

    send(&mut anas, enqueue(track("hangs"))).await;
    for _ in 0..tutti::limits::COMMANDS_WAITING_MAX {
        send(&mut anas, Command::Pause).await;
    }
    let one_more = send(&mut anas, Command::Pause).await;
    let (id, error) = next_reply(&mut anas).await;
    assert_eq!((id, error.map(|error| error.code)), (one_more, Some(ErrorCode::RateLimited)));

    drop(anas);
    pass(TRACK_LOOKUP_TIMEOUT + Duration::from_millis(1)).await;
    let said = bens.ask(Command::Say { text: "ben".into() }).await;
    assert_eq!(refusal(said), None);
    let mut later = ana.enter(&code).await;
    later.add(&track("1")).await;
    // The dropped connection leaves no task behind that would delay the stop.
    server.stop().await;
}
