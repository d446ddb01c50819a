//! Rooms in which nothing ever happened are closed; all others stay.

use tutti::store::RoomStore;
use tutti_protocol::{Command, Policy, RoomCode, SettingsChange};

use super::room_server::RoomServer;

async fn is_closed_as_unused(server: &RoomServer, code: RoomCode) -> bool {
    let room = server.store.room_by_code(code).await.expect("readable").expect("known");
    server.rooms.close_if_unused(&room).await.expect("decided")
}

#[tokio::test(start_paused = true)]
async fn a_room_in_which_nothing_happened_is_closed() {
    let server = RoomServer::open();
    let code = server.room("ana").await;
    assert!(is_closed_as_unused(&server, code).await);
    assert!(server.store.room_by_code(code).await.unwrap().unwrap().closed_at_ms.is_some());
    assert!(!is_closed_as_unused(&server, code).await, "closed once");
}

#[tokio::test(start_paused = true)]
async fn a_host_who_only_looked_did_not_use_the_room() {
    let server = RoomServer::open();
    let code = server.room("ana").await;
    let ana = server.enter(code, "ana").await;
    assert!(!is_closed_as_unused(&server, code).await, "the host is connected");
    ana.leave().await;
    assert!(is_closed_as_unused(&server, code).await);
}

#[tokio::test(start_paused = true)]
async fn a_room_stays_that_somebody_joined_that_was_set_up_or_has_a_track() {
    let settings = SettingsChange { policy: Some(Policy::Votes), ..SettingsChange::default() };
    let set = Command::SetSettings { settings: Box::new(settings) };
    for happens in ["a guest joins and leaves", "the host sets it up", "the host names it", "the host adds a track"] {
        let server = RoomServer::open();
        let code = server.room("ana").await;
        let mut ana = server.enter(code, "ana").await;
        match happens {
            "a guest joins and leaves" => {
                let mut ben = server.enter(code, "ben").await;
                ben.ask(Command::Leave).await;
                ben.leave().await;
            }
            "the host sets it up" => drop(ana.ask(set.clone()).await),
            "the host names it" => drop(ana.ask(Command::RenameRoom { room_name: "Attic".into() }).await),
            _ => drop(ana.add("a1").await),
        }
        ana.leave().await;
        assert!(!is_closed_as_unused(&server, code).await, "{happens}");
    }
}
