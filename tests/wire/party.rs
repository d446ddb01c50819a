//! Several members in one room, across a restart.

use reqwest::Method;
use secrecy::ExposeSecret as _;
use serde_json::json;
use tutti::store::mysql::schema;
use tutti_protocol::http::{RoomList, RoomSummary};
use tutti_protocol::{Command, CommandId, ErrorCode, PlaybackState, Role, ServerFrame};
use uuid::Uuid;

use crate::support::TestServer;
use crate::support::mariadb::MariaDb;

#[tokio::test]
async fn two_members_queue_and_play_in_turn() {
    let server = TestServer::start().await;
    let (ana, ben) = (server.guest("Ana").await, server.guest("Ben").await);
    let code = ana.room("Kitchen", None).await.code.to_string();
    let tracks = ana.tracks().await;
    let (mut anas, mut bens) = (ana.enter(&code).await, ben.enter(&code).await);

    anas.add(&tracks[0]).await;
    let a2 = anas.add(&tracks[1]).await;
    let b1 = bens.add(&tracks[2]).await;
    for socket in [&mut anas, &mut bens] {
        let room = socket.room_where(|room| room.upcoming_total == 2).await;
        assert_eq!(room.upcoming.iter().map(|entry| entry.id).collect::<Vec<_>>(), [b1, a2], "members take turns");
        assert_eq!(room.now_playing.expect("on").track.id, tracks[0].id);
        assert_eq!(room.playback.state, PlaybackState::Playing);
    }

    let ServerFrame::Reply { ok: false, error: Some(error), .. } = bens.ask(Command::Pause).await else { panic!() };
    assert_eq!(error.code, ErrorCode::Forbidden);
    anas.ask(Command::Pause).await;
    anas.ask(Command::Seek { position_ms: 5_000 }).await;
    let room = bens.room_where(|room| room.playback.anchor_position_ms == 5_000).await;
    assert_eq!(room.playback.state, PlaybackState::Paused);

    anas.ask(Command::TransferHost { member: ben.id }).await;
    bens.room_where(|room| room.members.iter().any(|member| member.id == ben.id && member.role == Role::Host)).await;
    bens.ask(Command::Skip { entry: None, unplayable: None }).await;
    anas.room_where(|room| room.now_playing.as_ref().is_some_and(|entry| entry.id == b1)).await;

    bens.ask(Command::Kick { member: ana.id }).await;
    assert_eq!(anas.close_code().await, Some(4504));
    bens.room_where(|room| room.members.len() == 1 && room.upcoming_total == 0).await;
}

#[tokio::test]
async fn a_restart_keeps_everything_and_clients_resume() {
    restart_keeps_everything(TestServer::start().await).await;
}

#[tokio::test]
async fn a_restart_on_mysql_keeps_everything_and_clients_resume() {
    let url = MariaDb::shared().database().await;
    schema::migrate(&url).await.expect("migrates");
    restart_keeps_everything(TestServer::start_with(&[&format!("--database-url={}", url.expose_secret())]).await).await;
}

async fn restart_keeps_everything(mut server: TestServer) {
    let ana = server.guest("Ana").await;
    let code = ana.room("Kitchen", None).await.code.to_string();
    let tracks = ana.tracks().await;
    let mut socket = ana.enter(&code).await;
    let id = CommandId(Uuid::new_v4());
    let enqueue = Command::Enqueue { track: tracks[0].clone(), before: None };
    let first = socket.ask_as(id, enqueue.clone()).await;
    socket.add(&tracks[1]).await;
    let before = socket.room_where(|room| room.upcoming_total == 1).await;
    let position = socket.position().expect("known");

    server.stop().await;
    assert_eq!(socket.close_code().await, Some(4001), "asked to reconnect");
    server.restart().await;

    let mut back = ana.resume(&code, position).await;
    let ServerFrame::Welcome { resumed: true, .. } = back.welcome().await else { panic!("a snapshot was needed") };
    assert_eq!(back.ask_as(id, enqueue).await, first, "a repeated command has no second effect");
    let after = ana.enter(&code).await.room_where(|_| true).await;
    assert_eq!(after.upcoming_total, 1);
    assert_eq!(after.playback, before.playback, "the same track continues");
}

#[tokio::test]
async fn a_room_opened_with_wait_for_listener_starts_for_the_first_device_that_plays() {
    let mut server = TestServer::start().await;
    let ana = server.guest("Ana").await;
    let body = json!({ "name": "Kitchen", "wait_for_listener": true });
    let opened = ana.request(Method::POST, "rooms").json(&body).send().await.expect("answers");
    let code = opened.json::<RoomSummary>().await.expect("a room").code.to_string();
    let tracks = ana.tracks().await;
    let mut socket = ana.enter(&code).await;
    socket.add(&tracks[0]).await;
    let room = socket.room_where(|room| room.now_playing.is_some()).await;
    assert!(room.settings.wait_for_listener && room.playback.waiting_for_listener);
    assert_eq!((room.playback.state, room.playback.anchor_position_ms), (PlaybackState::Paused, 0));

    let ready = [room.now_playing.expect("on").id];
    let playback = json!({"state":"idle","entry":null,"position_ms":0,"at_ms":0,"error_ms":0,"ready":ready});
    socket.send(&json!({ "type": "status", "playback": playback })).await;
    let before = socket.room_where(|room| room.playback.state == PlaybackState::Playing).await;
    assert_eq!(before.playback.anchor_position_ms, 0);
    server.restart().await;
    let after = ana.enter(&code).await.room_where(|_| true).await;
    assert_eq!(after.playback, before.playback, "a restart is not heard");
}

#[tokio::test]
async fn a_clock_probe_is_answered_with_the_servers_two_times() {
    let server = TestServer::start().await;
    let ana = server.guest("Ana").await;
    let code = ana.room("Kitchen", None).await.code.to_string();
    let mut socket = ana.enter(&code).await;
    socket.send(&serde_json::json!({ "type": "sync", "t0": 12.25 })).await;
    let ServerFrame::Sync { t0, t1, t2 } = socket.until(|frame| matches!(frame, ServerFrame::Sync { .. })).await else {
        unreachable!()
    };
    assert!((t0 - 12.25).abs() < f64::EPSILON && t1 <= t2 && t2 - t1 < 1_000.0 && t1 > 1.7e12, "{t0} {t1} {t2}");
}

#[tokio::test]
async fn a_token_is_refreshed_in_band_by_its_owner_only() {
    let server = TestServer::start().await;
    let (ana, ben) = (server.guest("Ana").await, server.guest("Ben").await);
    let code = ana.room("Kitchen", None).await.code.to_string();
    let mut socket = ana.enter(&code).await;
    socket.send(&serde_json::json!({ "type": "refresh", "token": ana.token })).await;
    assert!(matches!(socket.ask(Command::Pause).await, ServerFrame::Reply { .. }), "the connection is open");
    socket.send(&serde_json::json!({ "type": "refresh", "token": ben.token })).await;
    assert_eq!(socket.close_code().await, Some(4501));
}

#[tokio::test]
async fn logging_out_closes_the_sockets_of_that_session() {
    let server = TestServer::start().await;
    let ana = server.guest("Ana").await;
    let code = ana.room("Kitchen", None).await.code.to_string();
    let mut socket = ana.enter(&code).await;
    assert_eq!(ana.status(Method::POST, "auth/logout").await, 204);
    assert_eq!(socket.close_code().await, Some(4509));
}

#[tokio::test]
async fn leaving_is_acknowledged_before_the_close() {
    let server = TestServer::start().await;
    let (ana, ben) = (server.guest("Ana").await, server.guest("Ben").await);
    let code = ana.room("Kitchen", None).await.code.to_string();
    let (mut anas, mut bens) = (ana.enter(&code).await, ben.enter(&code).await);
    assert!(matches!(bens.ask(Command::Leave).await, ServerFrame::Reply { ok: true, .. }));
    assert_eq!(bens.close_code().await, Some(4510));
    anas.room_where(|room| room.members.len() == 1).await;
}

#[tokio::test]
async fn rooms_are_shown_listed_and_closed() {
    let server = TestServer::start().await;
    let (ana, ben) = (server.guest("Ana").await, server.guest("Ben").await);
    let room = ana.room("  Kitchen \t party ", Some("sesame")).await;
    assert!(room.has_passcode && room.member && room.host_name == "Ana" && room.name == "Kitchen party");
    let path = format!("rooms/{}", room.code.as_str().to_lowercase());

    let shown: RoomSummary = ben.get(&path).await;
    assert!(!shown.member && shown.name == room.name);
    let shown = reqwest::get(server.url(&format!("/api/v1/{path}"))).await.expect("answers");
    assert_eq!(shown.status(), 200, "without a login too");
    let listed: RoomList = ana.get("me/rooms").await;
    assert_eq!(listed.rooms, std::slice::from_ref(&room));

    let mut socket = ana.enter(room.code.as_str()).await;
    assert_eq!(ben.status(Method::DELETE, &path).await, 404);
    assert_eq!(ana.status(Method::DELETE, &path).await, 204);
    assert_eq!(socket.close_code().await, Some(4508));
    assert_eq!(ana.status(Method::GET, &path).await, 404);
    assert_eq!(ana.status(Method::DELETE, &path).await, 404);
    let listed: RoomList = ana.get("me/rooms").await;
    assert!(listed.rooms.is_empty());
}

#[tokio::test]
async fn opening_a_room_needs_a_valid_name_and_a_login() {
    let server = TestServer::start().await;
    let ana = server.guest("Ana").await;
    for (name, passcode) in
        [("", None), (" \n ", None), (&*"x".repeat(61), None), ("a\u{7}b", None), ("ok", Some(&*"x".repeat(65)))]
    {
        let body = serde_json::json!({ "name": name, "passcode": passcode });
        let answer = ana.request(Method::POST, "rooms").json(&body).send().await.expect("answers");
        assert_eq!(answer.status(), 400, "{name:?}");
    }
    let body = serde_json::json!({ "name": "ok" });
    let answer = reqwest::Client::new().post(server.url("/api/v1/rooms")).json(&body).send().await.expect("answers");
    assert_eq!(answer.status(), 401);
}
