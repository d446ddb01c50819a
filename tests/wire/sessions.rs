//! Sockets when sessions end, and rooms when guests become accounts.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use tutti_protocol::http::SessionList;
use tutti_protocol::{Command, Role, ServerFrame, UserKind};
use tutti_test_client::{RoomClient, TestUser};

use crate::http::site::pass;
use crate::support::{TestServer, browser};

/// The contract's bound for closing the sockets of a revoked session.
const AT_ONCE: Duration = Duration::from_secs(1);

/// Logs in, registers or refreshes with the user's own cookies.
async fn log_in(user: &TestUser, path: &str, body: serde_json::Value) -> TestUser {
    TestUser::log_in(&user.http, user.address, path, &body).await.expect("logged in")
}

/// Registers or logs in to the one account, in a new browser.
async fn account(server: &TestServer, path: &str) -> TestUser {
    let body = json!({ "username": "ana", "password": "correct horse", "display_name": "Ana" });
    TestUser::log_in(&browser(), server.address, path, &body).await.expect("logged in")
}

#[tokio::test]
async fn revoking_a_session_closes_its_sockets_at_once() {
    let server = TestServer::start().await;
    let laptop = account(&server, "register").await;
    let (phone, tablet) = (account(&server, "login").await, account(&server, "login").await);
    let code = laptop.room("Kitchen", None).await.code.to_string();
    let (mut here, mut there) = (laptop.enter(&code).await, phone.enter(&code).await);
    let (mut also_there, mut tablets) = (phone.enter(&code).await, tablet.enter(&code).await);
    let sessions: SessionList = phone.get("me/sessions").await;
    let phones = sessions.sessions.iter().find(|session| session.current).unwrap().id;

    assert_eq!(laptop.status(Method::DELETE, &format!("me/sessions/{phones}")).await, 204);
    let closed = async { (there.close_code().await, also_there.close_code().await) };
    assert_eq!(tokio::time::timeout(AT_ONCE, closed).await.expect("at once"), (Some(4509), Some(4509)));
    let close_code = phone.send_hello(&phone.hello(&code)).await.close_code().await;
    assert_eq!(close_code, Some(4509), "it cannot reconnect");

    assert_eq!(laptop.status(Method::DELETE, "me/sessions").await, 204);
    let closed = tokio::time::timeout(AT_ONCE, tablets.close_code()).await;
    assert_eq!(closed.expect("at once"), Some(4509));
    assert!(matches!(here.ask(Command::Pause).await, ServerFrame::Reply { .. }), "this one stays open");
}

/// Whether a probe is answered. It also keeps the connection from timing out.
async fn is_open(socket: &mut RoomClient) -> bool {
    socket.send(&json!({ "type": "sync", "t0": 0 })).await;
    socket.sync_or_close().await
}

#[tokio::test]
async fn an_expired_token_closes_the_socket_unless_refreshed_in_band() {
    let server = TestServer::start().await;
    let (ana, ben) = (server.guest("Ana").await, server.guest("Ben").await);
    let code = ana.room("Kitchen", None).await.code.to_string();
    let (mut anas, mut bens) = (ana.enter(&code).await, ben.enter(&code).await);
    for half_minute in 0..24 {
        if half_minute == 18 {
            let fresh = log_in(&ana, "refresh", json!({})).await;
            anas.send(&json!({ "type": "refresh", "token": fresh.token })).await;
        }
        assert!(is_open(&mut anas).await, "after {half_minute} half minutes");
        if half_minute < 19 {
            assert!(is_open(&mut bens).await, "after {half_minute} half minutes");
        }
        pass(Duration::from_secs(30)).await;
    }
    assert!(is_open(&mut anas).await, "renewed after nine minutes, after twelve");
    assert_eq!(bens.close_code().await, Some(4003), "not renewed");
}

#[tokio::test]
async fn a_guest_who_registers_is_the_same_member_with_the_same_queue() {
    let server = TestServer::start().await;
    let (host, guest) = (server.guest("Host").await, server.guest("Ana").await);
    let tracks = host.tracks().await;
    let code = host.room("Kitchen", None).await.code.to_string();
    let (mut hosts, mut guests) = (host.enter(&code).await, guest.enter(&code).await);
    hosts.add(&tracks[0]).await;
    let entry = guests.add(&tracks[1]).await;
    let body = json!({ "username": "ana", "password": "correct horse", "display_name": "Ana B" });
    let again = log_in(&guest, "register", body).await;
    assert_eq!(again.id, guest.id);
    let room = again.enter(&code).await.room_where(|_| true).await;
    let member = room.members.iter().find(|member| member.id == again.id).unwrap();
    assert_eq!((member.name.as_str(), member.kind), ("Ana B", UserKind::User));
    assert!(room.upcoming.iter().any(|waiting| waiting.id == entry && waiting.member == again.id));
}

#[tokio::test]
async fn logging_in_keeps_the_guests_queue_and_role() {
    let server = TestServer::start().await;
    let registered = account(&server, "register").await;
    let guest = server.guest("Guest").await;
    let tracks = guest.tracks().await;
    let code = guest.room("Kitchen", None).await.code.to_string();
    let mut socket = guest.enter(&code).await;
    socket.add(&tracks[0]).await;
    let entry = socket.add(&tracks[1]).await;
    let ana = log_in(&guest, "login", json!({ "username": "ana", "password": "correct horse" })).await;
    assert_eq!(ana.id, registered.id);
    assert!(matches!(socket.close_code().await, Some(4003 | 4509)), "the guest no longer exists");
    let room = ana.enter(&code).await.room_where(|_| true).await;
    let members: Vec<_> = room.members.iter().map(|member| (member.id, member.role)).collect();
    assert_eq!(members, [(ana.id, Role::Host)]);
    assert_eq!(room.upcoming[0].id, entry);
    assert_eq!((room.upcoming[0].member, room.now_playing.unwrap().member), (ana.id, ana.id));
}

#[tokio::test]
async fn erasing_a_user_removes_their_name_from_the_room() {
    let server = TestServer::start().await;
    let (host, guest) = (server.guest("Host").await, server.guest("Rumpelstilzchen").await);
    let tracks = host.tracks().await;
    let code = host.room("Kitchen", None).await.code.to_string();
    let (mut hosts, mut guests) = (host.enter(&code).await, guest.enter(&code).await);
    guests.add(&tracks[0]).await;
    guests.add(&tracks[1]).await;
    assert_eq!(guest.status(Method::DELETE, "me").await, 204);
    assert!(matches!(guests.close_code().await, Some(4509 | 4510)));
    hosts.room_where(|room| room.upcoming.is_empty()).await;
    let fresh = host.enter(&code).await.room_where(|_| true).await;
    assert_eq!((fresh.members.len(), fresh.now_playing.is_some()), (1, true), "playback continues");
    assert!(!serde_json::to_string(&fresh).unwrap().contains("Rumpelstilzchen"));
    assert_eq!(guest.status(Method::GET, "me").await, 401);
}
