//! What operators do, as the sockets of others see it.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use tutti::clock::Clock;
use tutti::operator::roles;
use tutti::store::Store as _;
use tutti::store::sqlite::SqliteStore;
use tutti_protocol::http::{OperatedRoomList, OperatedRoomMembers, ServerReport};
use tutti_protocol::{Event, Member, Role, ServerFrame};
use tutti_test_client::TestUser;

use crate::support::{TestServer, browser};

/// An operator who is logged in.
async fn operator(server: &TestServer) -> TestUser {
    let body = json!({ "username": "root", "password": "correct horse", "display_name": "Root" });
    let root = TestUser::log_in(&browser(), server.address, "register", &body).await.expect("registered");
    // As `tutti operator add` does, beside the server.
    let store = SqliteStore::open(&server.data_dir().join("tutti.db")).await.expect("opens");
    assert!(roles::add(&store, "root", Clock::system().now_ms()).await.expect("added"));
    store.close().await;
    root
}

#[tokio::test]
async fn a_ban_closes_the_sockets_of_a_person_and_admits_no_more() {
    let server = TestServer::start().await;
    let (root, ana, ben) = (operator(&server).await, server.guest("Ana").await, server.guest("Ben").await);
    let code = ana.room("Kitchen", None).await.code.to_string();
    let (mut host, mut banned) = (ana.enter(&code).await, ben.enter(&code).await);
    assert_eq!(root.status(Method::PUT, &format!("operator/people/{}/ban", ben.id)).await, 204);
    let closed = tokio::time::timeout(Duration::from_secs(1), banned.close_code()).await;
    assert_eq!(closed.expect("at once"), Some(4509));
    assert_eq!(ben.send_hello(&ben.hello(&code)).await.close_code().await, Some(4509));
    host.room_where(|room| room.members.len() == 2).await;
    let settled = async {
        loop {
            let report: ServerReport = root.get("operator/report").await;
            if report.connections == 1 {
                return report;
            }
        }
    };
    let report = tokio::time::timeout(Duration::from_secs(5), settled).await.expect("the socket is gone");
    assert_eq!((report.banned, report.rooms), (1, 1));
}

#[tokio::test]
async fn an_operator_hands_a_room_over_and_closes_it() {
    let server = TestServer::start().await;
    let (root, ana, ben) = (operator(&server).await, server.guest("Ana").await, server.guest("Ben").await);
    let code = ana.room("Kitchen", None).await.code.to_string();
    let (mut host, mut other) = (ana.enter(&code).await, ben.enter(&code).await);
    let path = format!("operator/rooms/{code}");
    let people: OperatedRoomMembers = root.get(&path).await;
    assert_eq!((people.host.id, people.members[0].name.as_str()), (ana.id, "Ben"));

    let given = root.request(Method::PUT, &format!("{path}/host")).json(&json!({ "member": ben.id }));
    assert_eq!(given.send().await.expect("an answer").status(), 204);
    let transferred = |frame: &ServerFrame| match frame {
        ServerFrame::Delta { events, .. } => {
            events.iter().any(|event| matches!(event, Event::HostTransferred { to, .. } if *to == ben.id))
        }
        _ => false,
    };
    let told = other.until(transferred).await;
    let ServerFrame::Delta { events, .. } = told else { panic!("a delta") };
    assert!(!events.iter().any(|event| matches!(event, Event::Noted { .. })), "Ana did not do it: {events:?}");
    let is_host = |member: &Member| member.id == ben.id && member.role == Role::Host;
    let room = other.room_where(|room| room.members.iter().any(is_host)).await;
    let role_of = |id| room.members.iter().find(|member| member.id == id).map(|member| member.role);
    assert_eq!((role_of(ana.id), role_of(ben.id)), (Some(Role::Cohost), Some(Role::Host)));

    let listed: OperatedRoomList = root.get("operator/rooms").await;
    let kitchen = &listed.rooms[0];
    assert_eq!((kitchen.host.name.as_str(), kitchen.members, kitchen.connections), ("Ben", 2, 2));
    assert_eq!(root.status(Method::DELETE, &path).await, 204);
    assert_eq!((host.close_code().await, other.close_code().await), (Some(4508), Some(4508)));
    assert_eq!(root.status(Method::DELETE, &path).await, 404);
}

#[tokio::test]
async fn an_operator_makes_the_library_scan() {
    let server = TestServer::start().await;
    let root = operator(&server).await;
    root.tracks().await;
    let scanned_at_ms = async || {
        let report: ServerReport = root.get("operator/report").await;
        report.library.scanned_at_ms
    };
    let before = scanned_at_ms().await.expect("it has been scanned");
    assert_eq!(root.status(Method::POST, "operator/library/scan").await, 202);
    let rescanned = async { while scanned_at_ms().await <= Some(before) {} };
    tokio::time::timeout(Duration::from_secs(20), rescanned).await.expect("it scans");
}
