//! What happens in quick succession leaves together, and in order.

use std::time::Duration;

use tutti::limits::{BROADCAST_WINDOW, BUSY_BROADCAST_WINDOW, HEARTBEAT};
use tutti_protocol::{Command, EntryId, ServerFrame};
use tutti_test_client::Received;
use uuid::Uuid;

use super::hall::{Hall, Seat, enqueue};

/// The offsets of all deltas in a write.
fn offsets(write: &[Received]) -> Vec<u64> {
    let offset = |got: &Received| match got {
        Received::Frame(ServerFrame::Delta { position, .. }) => Some(position.offset),
        _ => None,
    };
    write.iter().filter_map(offset).collect()
}

fn is_reply(got: &Received) -> bool {
    matches!(got, Received::Frame(ServerFrame::Reply { .. }))
}

async fn nothing_for(seat: &mut Seat) {
    tokio::time::sleep(Duration::from_secs(1)).await;
    seat.so_far();
}

#[tokio::test(start_paused = true)]
async fn the_first_leaves_at_once_and_what_follows_in_one_write() {
    let hall = Hall::open();
    let code = hall.room("ana").await;
    let (mut ana, mut ben) = (hall.enter(code, "ana").await, hall.enter(code, "ben").await);
    nothing_for(&mut ana).await;
    nothing_for(&mut ben).await;

    let asked_ms = hall.clock.now_ms();
    let mut last = None;
    for title in ["a1", "a2", "a3", "a4"] {
        last = Some(ana.send(enqueue(title)).await);
    }
    ana.reply(last.expect("four were sent")).await;
    assert_eq!(hall.clock.now_ms() - asked_ms, i64::try_from(BROADCAST_WINDOW.as_millis()).expect("short"));
    let writes: Vec<_> = ben.writes().iter().map(|write| offsets(write)).filter(|told| !told.is_empty()).collect();
    let [first, rest] = &writes[..] else { panic!("{writes:?}") };
    assert_eq!((first.len(), rest.len()), (1, 3), "{writes:?}");

    // Whoever does something after a pause is told at once.
    nothing_for(&mut ana).await;
    let asked_ms = hall.clock.now_ms();
    ana.add("a5").await;
    assert_eq!(hall.clock.now_ms(), asked_ms);
}

#[tokio::test(start_paused = true)]
async fn a_busy_room_gathers_for_longer_until_it_is_less_busy() {
    let hall = Hall::open();
    let code = hall.room("ana").await;
    let (mut ana, mut ben) = (hall.enter(code, "ana").await, hall.enter(code, "ben").await);
    ana.add("a1").await;
    // How many writes a second of seeking at this pace comes in.
    let mut writes_in_a_second = async |every_ms: u64| {
        nothing_for(&mut ana).await;
        ben.so_far();
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
async fn a_reply_goes_behind_its_delta_in_the_same_write() {
    let hall = Hall::open();
    let code = hall.room("ana").await;
    let mut ana = hall.enter(code, "ana").await;
    nothing_for(&mut ana).await;
    let asked = [ana.send(enqueue("a1")).await, ana.send(enqueue("a2")).await, ana.send(enqueue("a3")).await];
    // Refused, but for what was decided before it: it must not overtake that.
    let refused = ana.send(Command::Dequeue { entry: EntryId(Uuid::nil()) }).await;
    tokio::time::sleep(BROADCAST_WINDOW / 2).await;
    let mut writes = ana.writes();
    tokio::time::sleep(BROADCAST_WINDOW).await;
    writes.extend(ana.writes());
    let [first, rest] = &writes[..] else { panic!("{writes:?}") };
    let [delta, Received::Frame(ServerFrame::Own(_)), reply] = &first[..] else { panic!("{first:?}") };
    assert!(offsets(std::slice::from_ref(delta)).len() == 1 && is_reply(reply));
    assert_eq!((offsets(rest).len(), rest.iter().filter(|got| is_reply(got)).count()), (2, 3), "{rest:?}");
    let deltas_first = rest.iter().skip_while(|got| !is_reply(got)).all(is_reply);
    assert!(deltas_first, "{rest:?}");
    for id in asked.into_iter().chain([refused]) {
        let told = writes
            .iter()
            .flatten()
            .filter(|got| matches!(got, Received::Frame(ServerFrame::Reply { id: replied, .. }) if *replied == id));
        assert_eq!(told.count(), 1, "each is answered once");
    }
}

#[tokio::test(start_paused = true)]
async fn who_comes_in_the_midst_of_it_is_told_nothing_twice() {
    let hall = Hall::open();
    let code = hall.room("ana").await;
    let mut ana = hall.enter(code, "ana").await;
    let known = hall.enter(code, "ben").await.snapshot().await.0;
    nothing_for(&mut ana).await;

    for title in ["a1", "a2", "a3"] {
        ana.send(enqueue(title)).await;
    }
    // Ben is back before the second and the third have left, Cleo comes for the first time.
    let mut ben = hall.resume(code, "ben", Some(known)).await.expect("let in");
    let mut cleo = hall.enter(code, "cleo").await;
    ana.add("a4").await;
    tokio::time::sleep(2 * BROADCAST_WINDOW).await;

    let (snapshot, room) = cleo.snapshot().await;
    for (seat, from) in [(&mut cleo, snapshot.offset), (&mut ben, known.offset)] {
        let mut at = from;
        for got in seat.so_far() {
            if let Received::Frame(ServerFrame::Delta { position, events, .. }) = got {
                at += events.len() as u64;
                assert_eq!(at, position.offset, "the deltas continue each other");
            }
        }
        assert!(at > from, "something came");
    }
    assert_eq!(room.upcoming_total, 2, "a1 plays, two wait");
}

#[tokio::test(start_paused = true)]
async fn a_heartbeat_never_says_more_than_was_told() {
    let hall = Hall::open();
    let code = hall.room("ana").await;
    let mut ana = hall.enter(code, "ana").await;
    let (position, _) = ana.snapshot().await;
    let mut at = position.offset;
    ana.send(enqueue("a1")).await;
    // Two at a time, at all distances from the heartbeat; the second of them waits to leave.
    let mut beats = 0;
    for position_ms in 0..1_300 {
        ana.send(Command::Seek { position_ms }).await;
        ana.send(Command::Seek { position_ms: position_ms + 1 }).await;
        tokio::time::sleep(HEARTBEAT / 613).await;
        for got in ana.so_far() {
            match got {
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
