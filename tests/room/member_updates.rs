//! Updates beside events, which clients do not derive: the waitlist, the votes needed for a skip, and the member's `own`.

use tutti_protocol::{
    Command, DeviceStatus, EntryCommand, Event, Own, Role, ServerFrame, SettingsChange, TrackRef, UserId,
};
use tutti_test_client::Received;

use super::room_server::{MemberConnection, RoomServer, enqueue, user};

fn set(settings: SettingsChange) -> Command {
    Command::SetSettings { settings: Box::new(settings) }
}

async fn own(connection: &mut MemberConnection) -> Own {
    match connection.frame(|frame| matches!(frame, ServerFrame::Own(_))).await {
        ServerFrame::Own(own) => own,
        other => unreachable!("{other:?}"),
    }
}

async fn waitlist(connection: &mut MemberConnection) -> Vec<UserId> {
    match connection.frame(|frame| matches!(frame, ServerFrame::Delta { waitlist: Some(_), .. })).await {
        ServerFrame::Delta { waitlist: Some(waitlist), .. } => waitlist,
        other => unreachable!("{other:?}"),
    }
}

async fn skip_votes_needed(connection: &mut MemberConnection) -> u32 {
    let told = |frame: &ServerFrame| match frame {
        ServerFrame::Delta { skip_votes_needed, .. } | ServerFrame::Presence { skip_votes_needed, .. } => {
            *skip_votes_needed
        }
        _ => None,
    };
    told(&connection.frame(|frame| told(frame).is_some()).await).expect("a number")
}

fn is_own(received: &Received) -> bool {
    matches!(received, Received::Frame(ServerFrame::Own(_)))
}

#[tokio::test(start_paused = true)]
async fn the_waitlist_is_in_the_delta_that_changes_it_and_in_no_other() {
    let server = RoomServer::open();
    let code = server.room("ana").await;
    let (mut ana, mut ben) = (server.enter(code, "ana").await, server.enter(code, "ben").await);
    ana.add("a1").await;
    ana.add("a2").await;
    ana.take_received();
    ana.ask(set(SettingsChange { players_max: Some(1), ..Default::default() })).await;
    assert_eq!(waitlist(&mut ben).await, vec![user("ana")]);
    ben.send(enqueue("b1")).await;
    assert_eq!(waitlist(&mut ben).await, vec![user("ana"), user("ben")]);
    ben.add("b2").await;
    let quiet = ana.frame(|frame| matches!(frame, ServerFrame::Delta { events, .. } if events.iter().any(|event| matches!(event, Event::EntryAdded { entry, .. } if entry.track.id == "b2")))).await;
    assert!(matches!(quiet, ServerFrame::Delta { waitlist: None, .. }), "{quiet:?}");
    ana.ask(Command::StepDown).await;
    assert_eq!(waitlist(&mut ben).await, vec![user("ben"), user("ana")]);
    ana.ask(set(SettingsChange { players_max: Some(0), ..Default::default() })).await;
    assert_eq!(waitlist(&mut ben).await, vec![]);
}

#[tokio::test(start_paused = true)]
async fn a_member_receives_what_they_may_do_with_the_current_entry_when_it_changes() {
    let server = RoomServer::open();
    let code = server.room("ana").await;
    let (mut ana, mut ben) = (server.enter(code, "ana").await, server.enter(code, "ben").await);
    let welcome = ben.frame(|frame| matches!(frame, ServerFrame::Welcome { .. })).await;
    let ServerFrame::Welcome { own: Some(first), .. } = welcome else { panic!("{welcome:?}") };
    assert_eq!(first.may, Some(vec![]), "nothing is on");
    ana.send(enqueue("a1")).await;
    assert_eq!(own(&mut ben).await.may, Some(vec![EntryCommand::VoteSkip]));
    assert_eq!(own(&mut ana).await.may, Some(EntryCommand::ALL.to_vec()));
    ana.add("a2").await;
    ana.ask(Command::Seek { position_ms: 1_000 }).await;
    assert!(!ben.take_received().iter().any(is_own), "nothing changed for them");
    assert!(!ana.take_received().iter().any(is_own), "nor for the host");
    ben.add("b1").await;
    ana.ask(Command::Skip { entry: None, unplayable: None }).await;
    assert_eq!(own(&mut ben).await.may, Some(vec![EntryCommand::Skip, EntryCommand::VoteSkip]), "b1 is theirs");
    ana.ask(set(SettingsChange { vote_skip_share: Some(0), ..Default::default() })).await;
    assert_eq!(own(&mut ben).await.may, Some(vec![EntryCommand::Skip]));
    ana.ask(Command::SetRole { member: user("ben"), role: Role::Cohost }).await;
    assert_eq!(own(&mut ben).await.may.map(|may| may.len()), Some(4));
}

#[tokio::test(start_paused = true)]
async fn any_player_learns_that_they_may_skip_a_fallback_entry() {
    let server = RoomServer::open();
    let code = server.room("ana").await;
    let (ana, mut ben) = (server.enter(code, "ana").await, server.enter(code, "ben").await);
    let track = TrackRef { provider: tutti_protocol::ProviderId::LIBRARY, id: "f1".into() };
    let tracks = vec![super::room_server::track_named("f1")];
    let command = set(SettingsChange { fallback: Some(vec![track]), ..Default::default() });
    let id = tutti_protocol::CommandId(uuid::Uuid::new_v4());
    ana.room.command(ana.link.id, ana.link.user().expect("a user"), id, command, tracks).await;
    assert_eq!(own(&mut ben).await.may, Some(vec![EntryCommand::Skip, EntryCommand::VoteSkip]));
}

#[tokio::test(start_paused = true)]
async fn a_queue_hidden_from_the_order_is_sent_to_its_owner_when_it_changes() {
    let server = RoomServer::open();
    let code = server.room("ana").await;
    let (mut ana, mut ben) = (server.enter(code, "ana").await, server.enter(code, "ben").await);
    ana.add("a1").await;
    ben.add("b1").await;
    ben.take_received();
    ben.send(Command::PauseQueue).await;
    assert!(own(&mut ben).await.queue_hidden);
    ben.send(enqueue("b2")).await;
    let told = own(&mut ben).await;
    assert!(told.queue_hidden);
    assert_eq!(told.queue.iter().map(|entry| &*entry.track.id).collect::<Vec<_>>(), ["b1", "b2"]);
    ana.take_received();
    ana.ask(Command::Dequeue { entry: told.queue[1].id }).await;
    assert_eq!(own(&mut ben).await.queue.len(), 1);
    ben.send(Command::ResumeQueue { member: None }).await;
    assert!(!own(&mut ben).await.queue_hidden, "the order shows it");
    assert!(!ana.take_received().iter().any(is_own), "only the owner receives it");
}

#[tokio::test(start_paused = true)]
async fn an_order_longer_than_what_is_shown_hides_every_queue() {
    let server = RoomServer::open();
    let code = server.room("ana").await;
    let (mut ana, mut ben) = (server.enter(code, "ana").await, server.enter(code, "ben").await);
    ana.add("on").await;
    for number in 0..99 {
        ana.add(&format!("a{number}")).await;
    }
    ben.add("b1").await;
    ben.take_received();
    ana.add("one too many").await;
    let told = own(&mut ben).await;
    assert!(told.queue_hidden && told.queue.len() == 1);
    ana.ask(Command::Skip { entry: None, unplayable: None }).await;
    assert!(!own(&mut ben).await.queue_hidden);
}

#[tokio::test(start_paused = true)]
async fn the_skip_threshold_follows_presence_roles_and_settings() {
    let server = RoomServer::open();
    let code = server.room("ana").await;
    let mut ana = server.enter(code, "ana").await;
    assert_eq!(skip_votes_needed(&mut ana).await, 1, "told with the first full presence");
    ana.add("a1").await;
    let ben = server.enter(code, "ben").await;
    let cai = server.enter(code, "cai").await;
    assert_eq!(skip_votes_needed(&mut ana).await, 2, "half of three");
    cai.room.status(cai.link.id, DeviceStatus { playback: None, idle: true });
    assert_eq!(skip_votes_needed(&mut ana).await, 1, "an idle device does not count");
    ana.send(set(SettingsChange { vote_skip_share: Some(100), ..Default::default() })).await;
    assert_eq!(skip_votes_needed(&mut ana).await, 2);
    ana.send(set(SettingsChange { vote_skip_share: Some(0), ..Default::default() })).await;
    assert_eq!(skip_votes_needed(&mut ana).await, 0, "votes skip nothing");
    ben.leave().await;
}
