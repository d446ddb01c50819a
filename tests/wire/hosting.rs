//! The host's controls over real sockets: members see their effect, and refused connections get their close code.

use tutti_protocol::{
    Action, Admission, Answer, Command, Entry, ErrorCode, Event, Policy, Role, ServerFrame, SettingsChange, TrackRef,
};
use tutti_test_client::RoomClient;

use crate::support::TestServer;

fn set(change: SettingsChange) -> Command {
    Command::SetSettings { settings: Box::new(change) }
}

async fn submit(socket: &mut RoomClient, command: Command) {
    let sent = format!("{command:?}");
    let reply = socket.ask(command).await;
    assert!(matches!(reply, ServerFrame::Reply { ok: true, .. }), "{sent}: {reply:?}");
}

async fn refusal_code(socket: &mut RoomClient, command: Command) -> ErrorCode {
    match socket.ask(command).await {
        ServerFrame::Reply { ok: false, error: Some(error), .. } => error.code,
        other => panic!("not refused: {other:?}"),
    }
}

/// Waits for an event.
async fn wait_for_event(socket: &mut RoomClient, wanted: impl Fn(&Event) -> bool) {
    socket.until(|frame| matches!(frame, ServerFrame::Delta { events, .. } if events.iter().any(&wanted))).await;
}

#[tokio::test]
async fn a_banned_member_is_closed_with_4503_and_returns_paused_after_unban() {
    let server = TestServer::start().await;
    let (ana, ben) = (server.guest("Ana").await, server.guest("Ben").await);
    let code = ana.room("Kitchen", None).await.code.to_string();
    let tracks = ana.tracks().await;
    let (mut anas, mut bens) = (ana.enter(&code).await, ben.enter(&code).await);
    anas.add(&tracks[0]).await;
    bens.add(&tracks[1]).await;

    submit(&mut anas, Command::Ban { member: ben.id }).await;
    assert_eq!(bens.close_code().await, Some(4503));
    assert_eq!(
        ben.send_hello(&ben.hello(&code)).await.close_code().await,
        Some(4503),
        "a new connection is refused too"
    );
    anas.room_where(|room| room.upcoming_total == 0).await;

    submit(&mut anas, Command::Unban { member: ben.id }).await;
    let mut bens = ben.enter(&code).await;
    let room = bens.room_where(|_| true).await;
    assert_eq!(room.upcoming_total, 0);
    assert!(room.members.iter().any(|member| member.id == ben.id && member.paused));
    submit(&mut bens, Command::ResumeQueue { member: None }).await;
    bens.room_where(|room| room.upcoming_total == 1).await;
}

#[tokio::test]
async fn a_guest_in_the_lobby_joins_once_admitted() {
    let server = TestServer::start().await;
    let (ana, ben, cai) = (server.guest("Ana").await, server.guest("Ben").await, server.guest("Cai").await);
    let code = ana.room("Kitchen", None).await.code.to_string();
    let mut anas = ana.enter(&code).await;
    let admission = |admission| set(SettingsChange { admission: Some(admission), ..SettingsChange::default() });
    submit(&mut anas, admission(Admission::Lobby)).await;
    assert_eq!(ben.send_hello(&ben.hello(&code)).await.close_code().await, Some(4008));
    wait_for_event(&mut anas, |event| matches!(event, Event::LobbyEntered { person } if person.id == ben.id)).await;
    assert_eq!(ben.send_hello(&ben.hello(&code)).await.close_code().await, Some(4008), "still");
    submit(&mut anas, Command::Admit { member: ben.id }).await;
    ben.enter(&code).await;

    assert_eq!(cai.send_hello(&cai.hello(&code)).await.close_code().await, Some(4008));
    submit(&mut anas, Command::Deny { member: cai.id }).await;
    assert_eq!(cai.send_hello(&cai.hello(&code)).await.close_code().await, Some(4513));
    let dee = server.guest("Dee").await;
    submit(&mut anas, Command::Lock).await;
    assert_eq!(dee.send_hello(&dee.hello(&code)).await.close_code().await, Some(4511));
    submit(&mut anas, admission(Admission::Accounts)).await;
    assert_eq!(dee.send_hello(&dee.hello(&code)).await.close_code().await, Some(4512));
}

#[tokio::test]
async fn previews_and_audit_entries_are_sent_to_the_caller_only() {
    let server = TestServer::start().await;
    let (ana, ben) = (server.guest("Ana").await, server.guest("Ben").await);
    let code = ana.room("Kitchen", None).await.code.to_string();
    let tracks = ana.tracks().await;
    let (mut anas, mut bens) = (ana.enter(&code).await, ben.enter(&code).await);
    for track in &tracks[..3] {
        anas.add(track).await;
    }
    let last = bens.add(&tracks[3]).await;
    submit(&mut bens, Command::Vote { entry: anas.room_where(|_| true).await.upcoming[1].id, value: 1 }).await;
    let before = anas.room_where(|room| room.upcoming.iter().any(|entry| entry.votes == 1)).await.upcoming;

    let ServerFrame::Reply { ok: true, answer: Some(Answer::Upcoming(order)), .. } =
        anas.ask(Command::PreviewPolicy { policy: Policy::Fifo }).await
    else {
        panic!("an order")
    };
    // Without what a measurement may correct meanwhile.
    let ids = |order: &[Entry]| order.iter().map(|entry| entry.id).collect::<Vec<_>>();
    let order = ids(&order);
    assert_eq!(order.last(), Some(&last));
    assert_eq!(refusal_code(&mut bens, Command::PreviewPolicy { policy: Policy::Fifo }).await, ErrorCode::Forbidden);
    let after = ana.enter(&code).await.room_where(|_| true).await.upcoming;
    assert_eq!(ids(&after), ids(&before), "nothing changed");
    submit(&mut anas, Command::SetPolicy { policy: Policy::Fifo }).await;
    bens.room_where(|room| ids(&room.upcoming) == order).await;

    let ServerFrame::Reply { answer: Some(Answer::Audit(notes)), .. } = anas.ask(Command::ShowAudit).await else {
        panic!("audit entries")
    };
    assert_eq!((notes.len(), notes[0].deed.as_str(), notes[0].by), (1, "set_policy", ana.id));
    submit(&mut anas, Command::Skip { entry: None, unplayable: None }).await;
    let ServerFrame::Reply { answer: Some(Answer::History(played)), .. } = bens.ask(Command::ShowHistory).await else {
        panic!("a history")
    };
    assert_eq!((played.len(), played[0].member, played[0].by), (1, Some(ana.id), Some(ana.id)));
}

#[tokio::test]
async fn roles_permissions_votes_and_undo_reach_all_members() {
    let server = TestServer::start().await;
    let (ana, ben) = (server.guest("Ana").await, server.guest("Ben").await);
    let code = ana.room("Kitchen", None).await.code.to_string();
    let tracks = ana.tracks().await;
    let (mut anas, mut bens) = (ana.enter(&code).await, ben.enter(&code).await);
    anas.add(&tracks[0]).await;
    let b1 = bens.add(&tracks[1]).await;

    submit(&mut anas, Command::Dequeue { entry: b1 }).await;
    bens.room_where(|room| room.upcoming_total == 0).await;
    submit(&mut anas, Command::Undo { note: None }).await;
    bens.room_where(|room| room.upcoming.iter().any(|entry| entry.id == b1)).await;

    submit(&mut anas, Command::SetPermission { member: ben.id, action: Action::Queue, allowed: Some(false) }).await;
    let enqueue = Command::Enqueue { track: tracks[2].clone(), before: None };
    let ServerFrame::Reply { error: Some(error), .. } = bens.ask(enqueue).await else { panic!("refused") };
    assert_eq!(error.message, "The host decided that you may not queue tracks.");
    submit(&mut anas, Command::SetPermission { member: ben.id, action: Action::Queue, allowed: None }).await;

    submit(&mut anas, Command::Kick { member: ben.id }).await;
    assert_eq!(bens.close_code().await, Some(4504));
    submit(&mut anas, Command::Undo { note: None }).await;
    let mut bens = ben.enter(&code).await;
    bens.room_where(|room| room.upcoming_total == 1).await;
    submit(&mut anas, Command::SetRole { member: ben.id, role: Role::Cohost }).await;
    assert_eq!(refusal_code(&mut bens, Command::ClaimHost).await, ErrorCode::Conflict, "the host is here");

    submit(&mut bens, Command::VoteSkip { entry: None }).await;
    anas.room_where(|room| room.now_playing.as_ref().is_some_and(|entry| entry.id == b1)).await;
}

#[tokio::test]
async fn chat_and_reactions_reach_all_members_until_muted() {
    let server = TestServer::start().await;
    let (ana, ben) = (server.guest("Ana").await, server.guest("Ben").await);
    let code = ana.room("Kitchen", None).await.code.to_string();
    let (mut anas, mut bens) = (ana.enter(&code).await, ben.enter(&code).await);
    submit(&mut bens, Command::Say { text: "hello".into() }).await;
    let heard = anas.until(|frame| matches!(frame, ServerFrame::Said { .. })).await;
    assert!(matches!(heard, ServerFrame::Said { member, text, .. } if member == ben.id && text == "hello"));
    submit(&mut bens, Command::React { emoji: "🎉".into() }).await;
    anas.until(|frame| matches!(frame, ServerFrame::Reacted { .. })).await;
    submit(&mut anas, Command::Mute { member: ben.id, muted: true }).await;
    assert_eq!(refusal_code(&mut bens, Command::Say { text: "hello".into() }).await, ErrorCode::Forbidden);
}

#[tokio::test]
async fn a_fallback_playlist_holds_existing_tracks_only() {
    let server = TestServer::start().await;
    let ana = server.guest("Ana").await;
    let code = ana.room("Kitchen", None).await.code.to_string();
    let tracks = ana.tracks().await;
    let mut anas = ana.enter(&code).await;
    let fallback =
        |tracks: &[TrackRef]| set(SettingsChange { fallback: Some(tracks.to_vec()), ..SettingsChange::default() });
    let unknown = [tracks[0].clone(), crate::support::unknown_track()];
    assert_eq!(refusal_code(&mut anas, fallback(&unknown)).await, ErrorCode::NotFound);
    submit(&mut anas, fallback(&tracks[..2])).await;
    let room = anas.room_where(|room| room.now_playing.is_some()).await;
    assert!(room.now_playing.is_some_and(|entry| entry.fallback && entry.track.id == tracks[0].id));
}

#[tokio::test]
async fn welcome_holds_the_members_own_queue_and_votes_only() {
    let server = TestServer::start().await;
    let (ana, ben) = (server.guest("Ana").await, server.guest("Ben").await);
    let code = ana.room("Kitchen", None).await.code.to_string();
    let tracks = ana.tracks().await;
    let (mut anas, mut bens) = (ana.enter(&code).await, ben.enter(&code).await);
    anas.add(&tracks[0]).await;
    let a2 = anas.add(&tracks[1]).await;
    let b1 = bens.add(&tracks[2]).await;
    submit(&mut bens, Command::Vote { entry: a2, value: -1 }).await;
    submit(&mut bens, Command::PauseQueue).await;

    let own_of = async |person: &tutti_test_client::TestUser| {
        let mut socket = person.send_hello(&person.hello(&code)).await;
        let ServerFrame::Welcome { own: Some(own), .. } = socket.welcome().await else { panic!("own queue and votes") };
        let room = socket.room_where(|_| true).await;
        assert!(room.upcoming.iter().all(|entry| entry.id != b1), "paused entries are not in the order");
        (own.queue.iter().map(|entry| entry.id).collect::<Vec<_>>(), own.votes.into_iter().collect::<Vec<_>>())
    };
    assert_eq!(own_of(&ben).await, (vec![b1], vec![(a2, -1)]));
    assert_eq!(own_of(&ana).await, (vec![a2], vec![]));
}
