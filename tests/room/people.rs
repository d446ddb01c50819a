//! Membership: profile changes, merges with an account, forgetting. Changes are durable before their broadcast and survive
//! a reload.

use futures_util::FutureExt;
use tutti::limits::RELOAD_DELAY;
use tutti::room::state::Newcomer;
use tutti::room::{OpenError, RoomError, RoomHandle};
use tutti::store::RoomStore;
use tutti_protocol::{Event, Role, Room, RoomCode, ServerFrame, UserKind};
use tutti_test_client::Received;

use super::room_server::{MemberConnection, RoomServer, enqueue, newcomer, user};

/// The room in the snapshot of a new connection.
async fn shown(server: &RoomServer, code: RoomCode) -> Room {
    let mut looking = server.enter(code, "ana").await;
    let (_, room) = looking.snapshot().await;
    looking.leave().await;
    room
}

async fn room(server: &RoomServer, code: RoomCode) -> RoomHandle {
    server.rooms.open(code).await.expect("open")
}

fn account(name: &str) -> Newcomer {
    Newcomer { kind: UserKind::User, ..newcomer(name) }
}

/// Runs all tasks until they are idle.
async fn settle() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

async fn until_event(connection: &mut MemberConnection, wanted: impl Fn(&Event) -> bool) {
    let has = |received: &Received| matches!(received, Received::Frame(ServerFrame::Delta { events, .. }) if events.iter().any(&wanted));
    connection.until(has).await;
}

#[tokio::test(start_paused = true)]
async fn a_changed_profile_is_broadcast_when_the_member_rejoins() {
    let server = RoomServer::open();
    let code = server.room("ana").await;
    let (mut ana, _ben) = (server.enter(code, "ana").await, server.enter(code, "ben").await);
    let benno = Newcomer { name: "Benno".into(), picture: Some("/pictures/ben".into()), ..newcomer("ben") };
    let mut ben = server.enter_as(code, benno, None).await.expect("admitted");
    until_event(&mut ana, |event| matches!(event, Event::MemberChanged { .. })).await;
    let (_, room) = ben.snapshot().await;
    assert_eq!((room.members[1].name.as_str(), room.members[1].picture.as_deref()), ("Benno", Some("/pictures/ben")));
    assert_eq!(shown(&server.restart().await, code).await.members, room.members);
}

#[tokio::test(start_paused = true)]
async fn a_merge_is_broadcast_once_durable_and_survives_a_reload() {
    let server = RoomServer::open();
    let code = server.room("guest").await;
    let (mut guest, mut ana) = (server.enter(code, "guest").await, server.enter(code, "ana").await);
    guest.add("g1").await;
    guest.add("g2").await;
    ana.take_received();

    let room = room(&server, code).await;
    let gate = server.store.hold_appends().await;
    let mut merging = std::pin::pin!(room.merge(user("guest"), account("ada")));
    assert!(merging.as_mut().now_or_never().is_none());
    settle().await;
    assert!(merging.as_mut().now_or_never().is_none(), "answered before the commit");
    assert!(
        ana.take_received().iter().all(|received| !matches!(received, Received::Frame(ServerFrame::Delta { .. }))),
        "broadcast before the commit"
    );
    drop(gate);
    merging.await.expect("merged");
    until_event(&mut ana, |event| matches!(event, Event::MemberMerged { .. })).await;
    assert_eq!(guest.closed().await, 4003, "the client must refresh its token");

    let before = shown(&server, code).await;
    let people: Vec<_> = before.members.iter().map(|member| (member.name.as_str(), member.role)).collect();
    assert_eq!(people, [("ada", Role::Host), ("ana", Role::Player)]);
    assert_eq!(before.now_playing.as_ref().expect("g1 is on").member, user("ada"));
    assert_eq!(before.upcoming[0].member, user("ada"));
    let rooms = server.store.rooms_of(user("ada"), 10).await.expect("answers");
    assert_eq!(rooms.iter().map(|room| (room.code, room.host)).collect::<Vec<_>>(), [(code, user("ada"))]);
    assert_eq!(server.store.rooms_of(user("guest"), 10).await.expect("answers"), []);

    room.merge(user("guest"), account("ada")).await.expect("nothing is left to do");
    assert_eq!(shown(&server.crash(), code).await, before);
}

#[tokio::test(start_paused = true)]
async fn a_command_repeated_after_the_merge_has_one_effect() {
    let mut server = RoomServer::open();
    let code = server.room("ana").await;
    let mut guest = server.enter(code, "guest").await;
    let id = guest.send(enqueue("g1")).await;
    let first = guest.reply(id).await;
    room(&server, code).await.merge(user("guest"), account("ada")).await.expect("merged");
    for _ in 0..2 {
        let mut ada = server.enter(code, "ada").await;
        ada.send_as(id, enqueue("g1")).await;
        assert_eq!(ada.reply(id).await, first);
        assert_eq!(shown(&server, code).await.upcoming_total, 0);
        server = server.crash();
    }
}

#[tokio::test(start_paused = true)]
async fn a_merged_account_becomes_away_unless_it_connects() {
    for comes in [true, false] {
        let server = RoomServer::open();
        let code = server.room("ana").await;
        let (mut ana, guest) = (server.enter(code, "ana").await, server.enter(code, "guest").await);
        let room = room(&server, code).await;
        // The account joins while its merge is not durable yet.
        let gate = server.store.hold_appends().await;
        let mut merging = std::pin::pin!(room.merge(user("guest"), account("ada")));
        assert!(merging.as_mut().now_or_never().is_none());
        let mut coming = std::pin::pin!(server.enter(code, "ada"));
        if comes {
            assert!(coming.as_mut().now_or_never().is_none());
        }
        drop(gate);
        merging.await.expect("merged");
        guest.leave().await;
        let ada = if comes { Some(coming.await) } else { None };
        for link in ada.iter().map(|connection| &connection.link).chain([&ana.link]) {
            link.heard(server.clock.now_ms() + 24 * 3_600_000);
            link.extend(server.clock.now_ms() + 24 * 3_600_000);
        }
        tokio::time::advance(tutti::limits::AWAY_GRACE * 2).await;
        if comes {
            settle().await;
            assert!(!shown(&server, code).await.members[1].away);
        } else {
            until_event(&mut ana, |event| *event == Event::MemberAway { member: user("ada") }).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_forgotten_member_is_in_no_stored_row_and_the_room_continues() {
    let server = RoomServer::open();
    let code = server.room("benedikta").await;
    let (mut ana, mut bene) = (server.enter(code, "ana").await, server.enter(code, "benedikta").await);
    let (known, _) = bene.snapshot().await;
    bene.add("b1").await;
    bene.add("b2").await;
    let id = ana.send(enqueue("a1")).await;
    let ServerFrame::Reply { offset: first, .. } = ana.reply(id).await else { panic!("refused") };
    let picture = Newcomer { picture: Some("/pictures/benedikta".into()), ..newcomer("benedikta") };
    let mut phone = server.enter_as(code, picture, None).await.expect("admitted");
    ana.take_received();

    let room = room(&server, code).await;
    let gate = server.store.hold_appends().await;
    let mut forgetting = std::pin::pin!(room.forget(user("benedikta")));
    assert!(forgetting.as_mut().now_or_never().is_none());
    settle().await;
    assert!(forgetting.as_mut().now_or_never().is_none(), "answered before the commit");
    assert!(
        !bene.take_received().iter().any(|received| matches!(received, Received::Close(_))),
        "broadcast before the commit"
    );
    drop(gate);
    forgetting.await.expect("forgotten");
    until_event(&mut ana, |event| matches!(event, Event::MemberForgotten { .. })).await;
    assert_eq!((bene.closed().await, phone.closed().await), (4510, 4510));
    bene.leave().await;
    phone.leave().await;

    let stored = server.store.load_journal(room.id()).await.expect("readable");
    assert!(!format!("{stored:?}").contains("benedikta"), "{stored:?}");
    let index = server.store.room_by_code(code).await.expect("answers").expect("the room");
    assert_eq!(index.host, user("ana"));
    assert_eq!(server.store.rooms_of(user("benedikta"), 10).await.expect("answers"), []);

    let mut behind = server.resume(code, "ana", Some(known)).await.expect("admitted");
    let told = format!("{:?}", behind.take_received());
    assert!(told.contains("Snapshot") && !told.contains("benedikta"), "no frame mentions her again: {told}");
    behind.leave().await;
    let before = shown(&server, code).await;
    assert_eq!(before.now_playing.as_ref().expect("b1 plays on").track.title, "b1");
    let waiting: Vec<_> = before.upcoming.iter().map(|entry| entry.track.title.as_str()).collect();
    assert_eq!((waiting, before.members.len()), (vec!["a1"], 1));

    let server = server.crash();
    assert_eq!(shown(&server, code).await, before);
    let mut ana = server.enter(code, "ana").await;
    ana.send_as(id, enqueue("a1")).await;
    let ServerFrame::Reply { ok: true, offset, .. } = ana.reply(id).await else { panic!("refused") };
    assert_eq!(offset, first, "what others asked for is still known to be done");
    assert_eq!(shown(&server, code).await.upcoming_total, 1);
    assert!(ana.add("a2").await != before.upcoming[0].id);
}

#[tokio::test(start_paused = true)]
async fn forgetting_the_host_closes_a_room_without_other_members() {
    let server = RoomServer::open();
    let code = server.room("benedikta").await;
    let mut bene = server.enter(code, "benedikta").await;
    let mut ana = server.enter(code, "ana").await;
    bene.ask(tutti_protocol::Command::SetRole { member: user("ana"), role: Role::Listener }).await;
    let room = room(&server, code).await;
    room.forget(user("benedikta")).await.expect("forgotten");
    assert_eq!((bene.closed().await, ana.closed().await), (4510, 4508));
    let stored = server.store.load_journal(room.id()).await.expect("readable");
    assert!(!format!("{stored:?}").contains("benedikta"), "{stored:?}");
    assert!(matches!(server.crash().rooms.open(code).await, Err(OpenError::Closed)));
}

#[tokio::test(start_paused = true)]
async fn forgetting_covers_former_members() {
    let server = RoomServer::open();
    let code = server.room("ana").await;
    let (_ana, mut bene) = (server.enter(code, "ana").await, server.enter(code, "benedikta").await);
    let room = room(&server, code).await;
    bene.send(tutti_protocol::Command::Leave).await;
    assert_eq!(bene.closed().await, 4510);
    room.forget(user("benedikta")).await.expect("forgotten");
    let stored = server.store.load_journal(room.id()).await.expect("readable");
    assert!(!format!("{stored:?}").contains("benedikta"), "{stored:?}");
}

#[tokio::test(start_paused = true)]
async fn merges_and_forgetting_fail_while_the_store_fails() {
    let server = RoomServer::open();
    let code = server.room("ana").await;
    let (_ana, _ben) = (server.enter(code, "ana").await, server.enter(code, "ben").await);
    let before = shown(&server, code).await;
    let room = room(&server, code).await;
    server.store.set_failing(true);
    assert_eq!(room.merge(user("ben"), account("ada")).await, Err(RoomError::Unavailable));
    assert_eq!(room.forget(user("ben")).await, Err(RoomError::Unavailable));
    server.store.set_failing(false);
    tokio::time::advance(RELOAD_DELAY).await;
    assert_eq!(shown(&server, code).await.members, before.members);
    tokio::time::advance(RELOAD_DELAY).await;
    room.forget(user("ben")).await.expect("the second try");
    assert_eq!(shown(&server, code).await.members.len(), 1);
}
