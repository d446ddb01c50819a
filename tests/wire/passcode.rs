//! The room's name and passcode: who sees and changes them, and what a change does to members and newcomers.

use reqwest::Method;
use serde_json::{Value, json};
use sqlx::ConnectOptions as _;
use sqlx::sqlite::SqliteConnectOptions;
use tutti_protocol::http::{RoomList, RoomPasscode, RoomSummary};
use tutti_protocol::{Command, ErrorCode, Event, Role, Secret, ServerFrame};
use tutti_test_client::TestUser;

use crate::support::TestServer;

fn path(code: &str) -> String {
    format!("rooms/{code}/passcode")
}

async fn put(user: &TestUser, code: &str, passcode: &str) -> (u16, Value) {
    let request = user.request(Method::PUT, &path(code)).json(&json!({ "passcode": passcode }));
    let answer = request.send().await.expect("the server answers");
    let status = answer.status().as_u16();
    (status, answer.json().await.unwrap_or_default())
}

/// Whether a newcomer may enter.
async fn is_admitted(user: &TestUser, code: &str, passcode: Option<&str>) -> bool {
    let mut hello = user.hello(code);
    hello["passcode"] = json!(passcode);
    let mut socket = user.send_hello(&hello).await;
    socket.send(&json!({ "type": "sync", "t0": 1.0 })).await;
    socket.sync_or_close().await
}

fn shown(passcode: &str) -> RoomPasscode {
    RoomPasscode { has_passcode: true, passcode: Some(Secret::from(passcode)) }
}

#[tokio::test]
async fn a_changed_passcode_is_for_newcomers_and_leaves_those_inside_inside() {
    let mut server = TestServer::start().await;
    let (ana, ben, cai) = (server.guest("Ana").await, server.guest("Ben").await, server.guest("Cai").await);
    let code = ana.room("Kitchen", Some("sesame")).await.code.to_string();
    let mut anas = ana.enter(&code).await;
    assert!(is_admitted(&ben, &code, Some("sesame")).await);
    let mut bens = ben.enter(&code).await;

    assert_eq!(put(&ana, &code, "open up").await.0, 204);
    let changed = |frame: &ServerFrame| {
        matches!(frame, ServerFrame::Delta { events, .. }
        if matches!(events[..], [Event::PasscodeChanged { has_passcode: true, by }, Event::Noted { .. }] if by == ana.id))
    };
    bens.until(changed).await;
    anas.until(changed).await;
    assert!(!is_admitted(&cai, &code, Some("sesame")).await);
    assert!(is_admitted(&cai, &code, Some("open up")).await);
    ben.enter(&code).await;
    assert_eq!(ana.get::<RoomPasscode>(&path(&code)).await, shown("open up"));

    server.restart().await;
    assert_eq!(ben.get::<RoomPasscode>(&path(&code)).await, shown("open up"), "it outlives the server");
    let dora = server.guest("Dora").await;
    assert!(!is_admitted(&dora, &code, Some("sesame")).await);

    assert_eq!(ana.status(Method::DELETE, &path(&code)).await, 204);
    assert_eq!(ana.status(Method::DELETE, &path(&code)).await, 204, "none is none");
    assert!(is_admitted(&dora, &code, None).await);
    let summary: RoomSummary = dora.get(&format!("rooms/{code}")).await;
    assert!(!summary.has_passcode);
    assert_eq!(ana.get::<RoomPasscode>(&path(&code)).await, RoomPasscode { has_passcode: false, passcode: None });
}

#[tokio::test]
async fn the_passcode_is_shown_and_changed_by_permission() {
    let server = TestServer::start().await;
    let (ana, ben, eve) = (server.guest("Ana").await, server.guest("Ben").await, server.guest("Eve").await);
    let code = ana.room("Kitchen", Some("sesame")).await.code.to_string();
    let mut anas = ana.enter(&code).await;
    assert!(is_admitted(&ben, &code, Some("sesame")).await);

    for stranger in [Method::GET, Method::DELETE] {
        assert_eq!(eve.status(stranger, &path(&code)).await, 404);
    }
    assert_eq!(put(&eve, &code, "mine now").await.0, 404);
    let (status, problem) = put(&ben, &code, "mine now").await;
    assert_eq!((status, &problem["reason"]), (403, &json!("role_too_low")));
    assert_eq!(ben.status(Method::DELETE, &path(&code)).await, 403);
    for bad in ["abc", "", &"x".repeat(65)] {
        let (status, problem) = put(&ana, &code, bad).await;
        assert_eq!((status, &problem["reason"]), (400, &json!("bad_passcode")), "{bad:?}");
    }

    assert_eq!(ben.get::<RoomPasscode>(&path(&code)).await, shown("sesame"), "players may invite");
    anas.ask(Command::SetRole { member: ben.id, role: Role::Listener }).await;
    let hidden = RoomPasscode { has_passcode: true, passcode: None };
    assert_eq!(ben.get::<RoomPasscode>(&path(&code)).await, hidden);
    // As in a room of an earlier version, of which only the hash is known.
    let mut database =
        SqliteConnectOptions::new().filename(server.data_dir().join("tutti.db")).connect().await.unwrap();
    sqlx::query("UPDATE rooms SET passcode_sealed = NULL").execute(&mut database).await.unwrap();
    assert_eq!(ana.get::<RoomPasscode>(&path(&code)).await, hidden);
}

#[tokio::test]
async fn a_room_is_renamed_for_everybody() {
    let server = TestServer::start().await;
    let (ana, ben) = (server.guest("Ana").await, server.guest("Ben").await);
    let code = ana.room("Kitchen", None).await.code.to_string();
    let (mut anas, mut bens) = (ana.enter(&code).await, ben.enter(&code).await);

    let rename = |name: &str| Command::RenameRoom { room_name: name.into() };
    let ServerFrame::Reply { ok: true, .. } = anas.ask(rename("  Attic \t party ")).await else { panic!("renamed") };
    let room = bens.room_where(|room| room.name == "Attic party").await;
    assert_eq!(room.name, "Attic party", "cleaned as any name");
    let listed: RoomList = ben.get("me/rooms").await;
    assert_eq!(listed.rooms[0].name, "Attic party");
    for (bad, by_host, code) in [
        ("", true, ErrorCode::Invalid),
        ("a\u{7}b", true, ErrorCode::Invalid),
        (&*"x".repeat(61), true, ErrorCode::Invalid),
        ("Mine", false, ErrorCode::Forbidden),
    ] {
        let socket = if by_host { &mut anas } else { &mut bens };
        let ServerFrame::Reply { error: Some(error), .. } = socket.ask(rename(bad)).await else { panic!("{bad:?}") };
        assert_eq!(error.code, code, "{bad:?}");
    }
}
