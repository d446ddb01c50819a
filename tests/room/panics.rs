//! A panic in a room's actor: other rooms are unaffected, and the room reloads without loss.

use tutti::store::memory::Call;
use tutti_protocol::{CommandId, ServerFrame};
use tutti_test_client::Received;
use uuid::Uuid;

use super::room_server::{RoomServer, enqueue};

#[tokio::test(start_paused = true)]
async fn a_panic_closes_the_rooms_connections_and_loses_nothing_acknowledged() {
    let server = RoomServer::open();
    let (code, other) = (server.room("ana").await, server.room("dora").await);
    let (mut ana, mut ben) = (server.enter(code, "ana").await, server.enter(code, "ben").await);
    let mut dora = server.enter(other, "dora").await;

    server.store.panic_in(Call::SaveCheckpoint);
    let mut acknowledged = vec![];
    // Enough batches for a checkpoint.
    for number in 0..1_000 {
        let (id, command) = (CommandId(Uuid::new_v4()), enqueue(&format!("a{number}")));
        ana.send_as(id, command.clone()).await;
        let received = ana
            .until(|received| {
                matches!(received, Received::Close(_))
                    || matches!(received, Received::Frame(ServerFrame::Reply { id: to, .. }) if *to == id)
            })
            .await;
        match received {
            Received::Frame(reply) => acknowledged.push((id, command, reply)),
            Received::Close(code) => {
                assert_eq!(code, Some(4002));
                break;
            }
            Received::Ping => unreachable!("not waited for"),
        }
    }
    assert_eq!(ben.closed().await, 4002, "connections of a dead actor are closed");
    assert!((200..1_000).contains(&acknowledged.len()), "{} acknowledged", acknowledged.len());
    dora.add("d1").await;

    let mut ana = server.enter(code, "ana").await;
    let (_, room) = ana.snapshot().await;
    let there = usize::try_from(room.upcoming_total).expect("few") + usize::from(room.now_playing.is_some());
    assert!((acknowledged.len()..=acknowledged.len() + 1).contains(&there), "{there} entries");
    for (id, command, first) in acknowledged {
        ana.send_as(id, command).await;
        assert_eq!(ana.reply(id).await, first, "the first reply again");
    }
    assert_eq!(server.enter(code, "ben").await.snapshot().await.1.upcoming_total, room.upcoming_total, "and no effect");
    ana.add("one more").await;
}

#[tokio::test(start_paused = true)]
async fn a_panic_during_an_outage_loses_nothing_acknowledged() {
    let server = RoomServer::open();
    let code = server.room("ana").await;
    let mut ana = server.enter(code, "ana").await;
    let first = ana.add("a1").await;
    server.store.fail_appends(1);
    server.store.panic_in(Call::LoadJournal);
    ana.send(enqueue("lost")).await;
    assert_eq!(ana.closed().await, 4002);

    let mut ana = server.enter(code, "ana").await;
    let (_, room) = ana.snapshot().await;
    assert_eq!((room.now_playing.expect("a1 is on").id, room.upcoming_total), (first, 0));
    ana.add_when_possible("a2").await;
}
