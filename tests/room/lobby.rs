//! The lobby is shared between addresses, and a place that is not used is free soon.

use std::net::Ipv4Addr;
use std::time::Duration;

use tutti::limits::LOBBY_GRACE;
use tutti::room::RoomError;
use tutti::room::state::{LOBBY_MAX, Refusal};
use tutti_protocol::{Admission, Command, RoomCode, ServerFrame, SettingsChange};

use super::room_server::{RoomServer, newcomer};

const CROWD: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const OTHERS: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 2);

async fn with_a_lobby(server: &RoomServer) -> RoomCode {
    let code = server.room("ana").await;
    let mut ana = server.enter(code, "ana").await;
    let settings = SettingsChange { admission: Some(Admission::Lobby), ..SettingsChange::default() };
    let reply = ana.ask(Command::SetSettings { settings: Box::new(settings) }).await;
    assert!(matches!(reply, ServerFrame::Reply { ok: true, .. }), "{reply:?}");
    code
}

async fn knock(server: &RoomServer, from: Ipv4Addr, code: RoomCode, name: &str) -> Refusal {
    match server.enter_from(from, code, newcomer(name), None).await {
        Err(RoomError::Refused(refusal)) => refusal,
        other => panic!("{:?}", other.map(|_| "admitted")),
    }
}

#[tokio::test(start_paused = true)]
async fn people_of_one_address_cannot_fill_the_lobby() {
    let server = RoomServer::open();
    let code = with_a_lobby(&server).await;
    let mut waiting = 0;
    for number in 0..LOBBY_MAX {
        match knock(&server, CROWD, code, &format!("crowd{number}")).await {
            Refusal::InLobby => waiting += 1,
            refusal => assert_eq!(refusal, Refusal::LobbyFull),
        }
    }
    assert_eq!(waiting, LOBBY_MAX / 2);
    assert_eq!(knock(&server, CROWD, code, "crowd0").await, Refusal::InLobby, "who waits already keeps waiting");
    assert_eq!(knock(&server, OTHERS, code, "ben").await, Refusal::InLobby);
}

#[tokio::test(start_paused = true)]
async fn a_person_who_is_not_heard_gives_up_their_place() {
    let server = RoomServer::open();
    let code = with_a_lobby(&server).await;
    for number in 0..LOBBY_MAX / 2 {
        assert_eq!(knock(&server, CROWD, code, &format!("crowd{number}")).await, Refusal::InLobby);
    }
    assert_eq!(knock(&server, CROWD, code, "late").await, Refusal::LobbyFull);
    tokio::time::advance(LOBBY_GRACE + Duration::from_secs(1)).await;
    assert_eq!(knock(&server, CROWD, code, "late").await, Refusal::InLobby);
}
