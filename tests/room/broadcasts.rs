//! Events in quick succession are sent together and in order.

use std::time::Duration;

use tutti::limits::{BROADCAST_WINDOW, BUSY_BROADCAST_WINDOW, HEARTBEAT};
use tutti_protocol::{Command, EntryId, ServerFrame};
use tutti_test_client::Received;
use uuid::Uuid;

use super::room_server::{MemberConnection, RoomServer, enqueue};

/// The offsets of the deltas in a write.
fn offsets(write: &[Received]) -> Vec<u64> {
    let offset = |received: &Received| match received {
        Received::Frame(ServerFrame::Delta { position, .. }) => Some(position.offset),
        _ => None,
    };
    write.iter().filter_map(offset).collect()
}

fn is_reply(received: &Received) -> bool {
    matches!(received, Received::Frame(ServerFrame::Reply { .. }))
}

async fn pause(connection: &mut MemberConnection) {
    tokio::time::sleep(Duration::from_secs(1)).await;
    connection.take_received();
}

#[tokio::test(start_paused = true)]
async fn the_first_event_is_sent_at_once_and_the_next_ones_in_one_write() {
    let server = RoomServer::open();
    let code = server.room("ana").await;
    let (mut ana, mut ben) = (server.enter(code, "ana").await, server.enter(code, "ben").await);
    pause(&mut ana).await;
    pause(&mut ben).await;

    let asked_ms = server.clock.now_ms();
    let mut last = None;
    for title in ["a1", "a2", "a3", "a4"] {
        last = Some(ana.send(enqueue(title)).await);
    }
    ana.reply(last.expect("four were sent")).await;
    assert_eq!(server.clock.now_ms() - asked_ms, i64::try_from(BROADCAST_WINDOW.as_millis()).expect("short"));
    let writes: Vec<_> = ben.writes().iter().map(|write| offsets(write)).filter(|told| !told.is_empty()).collect();
    let [first, rest] = &writes[..] else { panic!("{writes:?}") };
    assert_eq!((first.len(), rest.len()), (1, 3), "{writes:?}");

    // After a pause an event is sent at once.
    pause(&mut ana).await;
    let asked_ms = server.clock.now_ms();
    ana.add("a5").await;
    assert_eq!(server.clock.now_ms(), asked_ms);
}

#[tokio::test(start_paused = true)]
async fn a_busy_room_batches_for_longer() {
    let server = RoomServer::open();
    let code = server.room("ana").await;
    let (mut ana, mut ben) = (server.enter(code, "ana").await, server.enter(code, "ben").await);
    ana.add("a1").await;
    // The number of writes for one second of seeking at this rate.
    let mut writes_in_a_second = async |every_ms: u64| {
        pause(&mut ana).await;
        ben.take_received();
        for position_ms in 0..1_000 / every_ms {
            ana.send(Command::Seek { position_ms }).await;
            tokio::time::sleep(Duration::from_millis(every_ms)).await;
        }
        tokio::time::sleep(BUSY_BROADCAST_WINDOW).await;
        let writes = ben.writes();
        let told: Vec<_> = writes.iter().map(|write| offsets(write)).filter(|told| !told.is_empty()).collect();
        assert_eq!(told.concat().len() as u64, 1_000 / every_ms, "nothing is left out");
        told.len()
    };
    let [busy, less_busy, calm] =
        [writes_in_a_second(5).await, writes_in_a_second(15).await, writes_in_a_second(25).await];
    assert!((25..=27).contains(&busy), "{busy}: one every 40 ms, but for the first");
    assert_eq!(less_busy, 50, "one every 20 ms");
    assert_eq!(calm, 40, "each by itself");
}

#[tokio::test(start_paused = true)]
async fn a_reply_follows_its_delta_in_the_same_write() {
    let server = RoomServer::open();
    let code = server.room("ana").await;
    let mut ana = server.enter(code, "ana").await;
    pause(&mut ana).await;
    let asked = [ana.send(enqueue("a1")).await, ana.send(enqueue("a2")).await, ana.send(enqueue("a3")).await];
    // The refusal depends on earlier decisions and must not overtake them.
    let refused = ana.send(Command::Dequeue { entry: EntryId(Uuid::nil()) }).await;
    tokio::time::sleep(BROADCAST_WINDOW / 2).await;
    let mut writes = ana.writes();
    tokio::time::sleep(BROADCAST_WINDOW).await;
    writes.extend(ana.writes());
    let [first, rest] = &writes[..] else { panic!("{writes:?}") };
    let [delta, Received::Frame(ServerFrame::Own(_)), reply] = &first[..] else { panic!("{first:?}") };
    assert!(offsets(std::slice::from_ref(delta)).len() == 1 && is_reply(reply));
    assert_eq!((offsets(rest).len(), rest.iter().filter(|received| is_reply(received)).count()), (2, 3), "{rest:?}");
    let deltas_first = rest.iter().skip_while(|received| !is_reply(received)).all(is_reply);
    assert!(deltas_first, "{rest:?}");
    for id in asked.into_iter().chain([refused]) {
        let told = writes.iter().flatten().filter(
            |received| matches!(received, Received::Frame(ServerFrame::Reply { id: replied, .. }) if *replied == id),
        );
        assert_eq!(told.count(), 1, "each is answered once");
    }
}

#[tokio::test(start_paused = true)]
async fn a_member_who_joins_during_a_batch_gets_no_event_twice() {
    let server = RoomServer::open();
    let code = server.room("ana").await;
    let mut ana = server.enter(code, "ana").await;
    let known = server.enter(code, "ben").await.snapshot().await.0;
    pause(&mut ana).await;

    for title in ["a1", "a2", "a3"] {
        ana.send(enqueue(title)).await;
    }
    // Ben resumes and Cleo joins while the second and third event are batched.
    let mut ben = server.resume(code, "ben", Some(known)).await.expect("admitted");
    let mut cleo = server.enter(code, "cleo").await;
    ana.add("a4").await;
    tokio::time::sleep(2 * BROADCAST_WINDOW).await;

    let (snapshot, room) = cleo.snapshot().await;
    for (connection, from) in [(&mut cleo, snapshot.offset), (&mut ben, known.offset)] {
        let mut at = from;
        for received in connection.take_received() {
            if let Received::Frame(ServerFrame::Delta { position, events, .. }) = received {
                at += events.len() as u64;
                assert_eq!(at, position.offset, "the deltas continue each other");
            }
        }
        assert!(at > from, "a frame arrived");
    }
    assert_eq!(room.upcoming_total, 2, "a1 plays, two wait");
}

#[tokio::test(start_paused = true)]
async fn a_heartbeat_never_exceeds_the_offset_that_was_sent() {
    let server = RoomServer::open();
    let code = server.room("ana").await;
    let mut ana = server.enter(code, "ana").await;
    let (position, _) = ana.snapshot().await;
    let mut at = position.offset;
    ana.send(enqueue("a1")).await;
    // Pairs of events at various times before the heartbeat; the second is batched.
    let mut beats = 0;
    for position_ms in 0..1_300 {
        ana.send(Command::Seek { position_ms }).await;
        ana.send(Command::Seek { position_ms: position_ms + 1 }).await;
        tokio::time::sleep(HEARTBEAT / 613).await;
        for received in ana.take_received() {
            match received {
                Received::Frame(ServerFrame::Delta { position, .. }) => at = position.offset,
                Received::Frame(ServerFrame::Heartbeat { offset, .. }) => {
                    beats += 1;
                    assert_eq!(offset, at);
                }
                _ => {}
            }
        }
    }
    assert_eq!(beats, 2);
}
