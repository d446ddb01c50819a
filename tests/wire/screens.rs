//! A screen that shows a room: what it sees, what it may not do, and what ends it.

use reqwest::Method;
use serde_json::{Value, json};
use tutti_protocol::http::{NewScreen, ScreenCodeState, ScreenStatus};
use tutti_protocol::{Command, Reason, Role, RoomCode, ScreenId, ServerFrame, UserId};
use tutti_test_client::{RoomClient, TestUser};

use crate::support::TestServer;

async fn new_screen(server: &TestServer) -> NewScreen {
    let request =
        reqwest::Client::new().post(server.url("/api/v1/screens")).json(&json!({ "name": "Chrome on Linux" }));
    request.send().await.expect("the server answers").json().await.expect("a screen")
}

async fn approve(user: &TestUser, room: &str, screen: &NewScreen) -> u16 {
    let request = user.request(Method::POST, &format!("rooms/{room}/screens")).json(&json!({ "code": screen.code }));
    request.send().await.expect("the server answers").status().as_u16()
}

async fn status(server: &TestServer, screen: &NewScreen) -> ScreenStatus {
    let request = reqwest::Client::new().post(server.url("/api/v1/screens/status")).bearer_auth(&*screen.token);
    let answer = request.json(&json!({ "code": screen.code })).send().await.expect("the server answers");
    answer.json().await.expect("a status")
}

/// Connects with a token instead of a user's.
async fn connect(user: &TestUser, server: &TestServer, room: &str, token: &str, resume: Value) -> RoomClient {
    let mut hello = user.hello(room);
    hello["token"] = json!(token);
    hello["resume"] = resume;
    RoomClient::say_hello(server.address, &hello).await
}

async fn open(user: &TestUser, server: &TestServer, room: &str, screen: &NewScreen) -> RoomClient {
    connect(user, server, room, &screen.token, Value::Null).await
}

fn shown(frame: &ServerFrame) -> Option<&[ScreenId]> {
    match frame {
        ServerFrame::Presence { screens, .. } => screens.as_deref(),
        _ => None,
    }
}

#[tokio::test]
async fn a_paired_screen_follows_its_room_without_being_in_it() {
    let mut server = TestServer::start().await;
    let (ana, ben) = (server.guest("Ana").await, server.guest("Ben").await);
    let (code, garden) = (ana.room("Kitchen", Some("sesame")).await.code.to_string(), ben.room("Garden", None).await);
    let mut anas = ana.enter(&code).await;
    let screen = new_screen(&server).await;
    assert_eq!(open(&ana, &server, &code, &screen).await.close_code().await, Some(4514), "nobody approved it yet");
    assert_eq!(approve(&ana, &code, &screen).await, 204);
    let approved = ScreenStatus { state: ScreenCodeState::Approved, room: RoomCode::parse(&code) };
    assert_eq!(status(&server, &screen).await, approved);

    let mut wall = open(&ana, &server, &code, &screen).await;
    let welcome = wall.welcome().await;
    let ServerFrame::Welcome { member, role, own: None, screen: welcomed, .. } = welcome else { panic!("{welcome:?}") };
    assert_eq!((member, role, welcomed), (UserId::NIL, Role::Listener, Some(screen.id)));
    let room = wall.room_where(|_| true).await;
    assert_eq!(room.members.iter().map(|member| member.id).collect::<Vec<_>>(), [ana.id]);
    assert_eq!(room.screens.iter().map(|known| (known.id, known.number)).collect::<Vec<_>>(), [(screen.id, 1)]);
    anas.until(|frame| shown(frame).is_some_and(|shown| shown == [screen.id])).await;

    // It hears what members hear.
    anas.ask(Command::Say { text: "Hello".into() }).await;
    wall.until(|frame| matches!(frame, ServerFrame::Said { .. })).await;
    let track = &ana.tracks().await[0];
    let entry = anas.add(track).await;
    wall.room_where(|room| room.now_playing.as_ref().is_some_and(|on| on.id == entry)).await;

    // It says nothing, and plays for nobody.
    for command in [Command::Say { text: "Hi".into() }, Command::Pause, Command::RemoveScreen { screen: screen.id }] {
        let ServerFrame::Reply { ok: false, error: Some(error), .. } = wall.ask(command).await else { panic!("done") };
        assert_eq!(error.reason, Some(Reason::ScreenOnlyShows));
    }
    wall.send(&json!({ "type": "refresh", "token": screen.token })).await;
    wall.send(&json!({ "type": "status", "playback": null, "idle": true })).await;
    wall.send(&json!({ "type": "sync", "t0": 1.0 })).await;
    assert!(wall.sync_or_close().await);
    assert_eq!(open(&ana, &server, garden.code.as_str(), &screen).await.close_code().await, Some(4514));
    assert_eq!(open(&ana, &server, "000000", &screen).await.close_code().await, Some(4514), "it cannot look for rooms");
    let forged = format!("{}x", &screen.token[..screen.token.len() - 1]);
    assert_eq!(connect(&ana, &server, &code, &forged, Value::Null).await.close_code().await, Some(4514));

    // It outlives the server.
    let known = wall.position();
    server.restart().await;
    let mut back = connect(&ana, &server, &code, &screen.token, json!(known)).await;
    let ServerFrame::Welcome { resumed: true, .. } = back.welcome().await else { panic!("a snapshot was needed") };
}

#[tokio::test]
async fn a_screen_ends_when_it_is_removed_or_its_room_closes() {
    let server = TestServer::start().await;
    let (ana, ben) = (server.guest("Ana").await, server.guest("Ben").await);
    let code = ana.room("Kitchen", None).await.code.to_string();
    let (mut anas, mut bens) = (ana.enter(&code).await, ben.enter(&code).await);
    let (first, second) = (new_screen(&server).await, new_screen(&server).await);
    assert_eq!(approve(&ben, &code, &first).await, 403, "players connect none");
    assert_eq!(status(&server, &first).await.state, ScreenCodeState::Waiting);
    assert_eq!((approve(&ana, &code, &first).await, approve(&ana, &code, &second).await), (204, 204));
    let mut walls = (open(&ana, &server, &code, &first).await, open(&ana, &server, &code, &second).await);
    walls.0.welcome().await;
    walls.1.welcome().await;

    let remove = Command::RemoveScreen { screen: first.id };
    assert!(matches!(bens.ask(remove.clone()).await, ServerFrame::Reply { ok: false, .. }));
    assert!(matches!(anas.ask(remove).await, ServerFrame::Reply { ok: true, .. }));
    assert_eq!(walls.0.close_code().await, Some(4514));
    assert_eq!(open(&ana, &server, &code, &first).await.close_code().await, Some(4514));
    bens.room_where(|room| room.screens.len() == 1 && room.screens[0].id == second.id).await;

    anas.ask(Command::CloseRoom).await;
    assert_eq!(walls.1.close_code().await, Some(4508));
    assert_eq!(open(&ana, &server, &code, &second).await.close_code().await, Some(4514));
}
