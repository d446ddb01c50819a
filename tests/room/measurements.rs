//! Tracks are measured beside the actor: lengths are corrected, and tracks that cannot be played leave the room.

use std::time::Duration;

use tutti::limits::{BACKGROUND_MEASUREMENTS_MAX, BROADCAST_WINDOW, REPORT_TIMEOUT};
use tutti_protocol::{
    Command, CommandId, EndReason, EntryId, ErrorCode, Event, Gain, Reason, RoomCode, ServerFrame, TrackFault,
};
use uuid::Uuid;

use super::room_server::{MemberConnection, RoomServer};

/// The host and a guest, whose device plays.
struct Party {
    server: RoomServer,
    code: RoomCode,
    ana: MemberConnection,
    ben: MemberConnection,
}

impl Party {
    async fn new() -> Self {
        let server = RoomServer::open();
        let code = server.room("ana").await;
        let ana = server.enter(code, "ana").await;
        let ben = server.enter(code, "ben").await;
        ben.plays(Some(&[]));
        tokio::time::sleep(2 * BROADCAST_WINDOW).await;
        Self { server, code, ana, ben }
    }

    /// The room as a newcomer sees it.
    async fn room(&self) -> tutti_protocol::Room {
        self.server.enter(self.code, "cleo").await.snapshot().await.1
    }
}

fn report(entry: EntryId) -> Command {
    Command::Skip { entry: Some(entry), unplayable: Some(true) }
}

fn refusal(reply: &ServerFrame) -> Option<(ErrorCode, Option<Reason>)> {
    let ServerFrame::Reply { error, .. } = reply else { panic!("not a reply: {reply:?}") };
    error.as_ref().map(|error| (error.code, error.reason))
}

fn ended(event: &Event) -> Option<(EntryId, EndReason)> {
    match event {
        Event::EntryEnded { entry, reason, by: None, .. } => Some((*entry, *reason)),
        _ => None,
    }
}

fn measured(event: &Event) -> bool {
    matches!(event, Event::TrackMeasured { .. })
}

#[tokio::test(start_paused = true)]
async fn a_queued_track_gets_its_exact_length_and_gain() {
    let mut party = Party::new().await;
    party.ana.add_scripted("1").await;
    let entry = party.ana.add_scripted("measured").await;
    let (gain_db, art_url) = (Some(Gain::of_db(-6.5)), Some("/covers/measured".to_owned()));
    let expected = Event::TrackMeasured { entry, duration_ms: 200_000, gain_db, art_url: art_url.clone() };
    assert_eq!(party.ben.event(measured).await, expected);
    let track = &party.room().await.upcoming[0].track;
    assert_eq!((track.duration_ms, track.gain_db, &track.art_url), (200_000, gain_db, &art_url));
}

#[tokio::test(start_paused = true)]
async fn an_unplayable_entry_leaves_the_queue_and_everyone_is_told_why() {
    let mut party = Party::new().await;
    party.ana.add_scripted("1").await;
    let entry = party.ana.add_scripted("undecodable").await;
    let removed = party.ben.event(|event| matches!(event, Event::EntryRemoved { .. })).await;
    let Event::EntryRemoved { entry: of, removed, fault, .. } = removed else { unreachable!() };
    assert_eq!((of, fault), (entry, Some(TrackFault::Unplayable)));
    assert_eq!(removed.expect("the entry").member, party.ana.link.user().expect("a user"));
    assert_eq!(party.room().await.upcoming_total, 0);
}

#[tokio::test(start_paused = true)]
async fn a_gone_track_is_skipped_within_two_seconds_of_its_start() {
    let mut party = Party::new().await;
    let began_ms = party.server.clock.now_ms();
    let entry = party.ana.add_scripted("gone").await;
    let event = party.ben.event(|event| ended(event).is_some()).await;
    assert_eq!(ended(&event), Some((entry, EndReason::Gone)));
    assert!(party.server.clock.now_ms() - began_ms < 2_000);
}

#[tokio::test(start_paused = true)]
async fn measurements_that_never_end_delay_neither_commands_nor_the_current_track() {
    let mut party = Party::new().await;
    let began_ms = party.server.clock.now_ms();
    party.ana.add_scripted("1").await;
    for _ in 0..2 {
        party.ben.add_scripted("measures-forever").await;
    }
    let entry = party.ana.add_scripted("measured").await;
    party.ana.ask(Command::Skip { entry: None, unplayable: None }).await;
    party.ana.ask(Command::Skip { entry: None, unplayable: None }).await;
    let event = party.ben.event(measured).await;
    assert!(matches!(event, Event::TrackMeasured { entry: of, .. } if of == entry), "{event:?}");
    assert!(party.server.clock.now_ms() - began_ms < 2_000);
}

#[tokio::test(start_paused = true)]
async fn a_device_that_plays_reports_a_vanished_track_whatever_its_members_role() {
    let mut party = Party::new().await;
    let entry = party.ana.add_scripted("vanishes").await;
    let next = party.ana.add_scripted("1").await;
    assert_eq!(refusal(&party.ben.ask(report(entry)).await), None);
    let room = party.room().await;
    assert_eq!(room.now_playing.map(|on| on.id), Some(next));
    let ServerFrame::Reply { answer: Some(tutti_protocol::Answer::History(history)), .. } =
        party.ana.ask(Command::ShowHistory).await
    else {
        panic!("no history")
    };
    assert_eq!((history[0].entry, history[0].reason, history[0].by), (entry, EndReason::Gone, None));
}

#[tokio::test(start_paused = true)]
async fn a_report_is_verified_while_other_tracks_are_being_measured() {
    let mut party = Party::new().await;
    for _ in 0..4 {
        party.ana.add_scripted("measures-forever").await;
    }
    let entry = party.ana.add_scripted("gone").await;
    let next = party.ana.add_scripted("1").await;
    for _ in 0..4 {
        party.ana.ask(Command::Skip { entry: None, unplayable: None }).await;
    }
    assert_eq!(party.room().await.now_playing.map(|on| on.id), Some(entry));
    assert_eq!(refusal(&party.ben.ask(report(entry)).await), None);
    assert_eq!(party.room().await.now_playing.map(|on| on.id), Some(next));
}

#[tokio::test(start_paused = true)]
async fn every_report_about_one_track_is_answered_and_none_skips_the_next() {
    let mut party = Party::new().await;
    let mut cleo = party.server.enter(party.code, "cleo").await;
    cleo.plays(Some(&[]));
    let entry = party.ana.add_scripted("vanishes").await;
    let next = party.ana.add_scripted("1").await;
    let id = CommandId(Uuid::new_v4());
    party.ben.send_as(id, report(entry)).await;
    let again = cleo.send(report(entry)).await;
    let (first, second) = (party.ben.reply(id).await, cleo.reply(again).await);
    assert_eq!((refusal(&first), refusal(&second)), (None, None));
    party.ben.send_as(id, report(entry)).await;
    assert_eq!(party.ben.reply(id).await, first, "a repeated report gets its first reply");
    assert_eq!(party.room().await.now_playing.map(|on| on.id), Some(next));
    assert_eq!(refusal(&party.ben.ask(report(entry)).await), Some((ErrorCode::Conflict, Some(Reason::EntryOver))));
}

#[tokio::test(start_paused = true)]
async fn a_report_about_a_track_that_plays_is_refused() {
    let mut party = Party::new().await;
    let entry = party.ana.add_scripted("measured").await;
    party.ana.plays(Some(&[]));
    for device in [&mut party.ben, &mut party.ana] {
        assert_eq!(refusal(&device.ask(report(entry)).await), Some((ErrorCode::Conflict, Some(Reason::TrackPlays))));
    }
    assert_eq!(party.room().await.now_playing.map(|on| on.id), Some(entry));
}

#[tokio::test(start_paused = true)]
async fn without_a_measurement_a_report_needs_the_permission_to_skip() {
    for track in ["1", "unmeasurable", "measures-forever"] {
        let mut party = Party::new().await;
        let entry = party.ana.add_scripted(track).await;
        party.ana.plays(Some(&[]));
        let began_ms = party.server.clock.now_ms();
        assert_eq!(refusal(&party.ben.ask(report(entry)).await).map(|(code, _)| code), Some(ErrorCode::Forbidden));
        assert_eq!(refusal(&party.ana.ask(report(entry)).await), None, "the host may");
        let waited = Duration::from_millis((party.server.clock.now_ms() - began_ms).unsigned_abs());
        assert!(waited <= 2 * REPORT_TIMEOUT + Duration::from_secs(1), "{waited:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_report_of_a_device_that_does_not_play_is_not_verified() {
    let mut party = Party::new().await;
    let entry = party.ana.add_scripted("vanishes").await;
    party.ben.plays(None);
    let reply = party.ben.ask(report(entry)).await;
    assert_eq!(refusal(&reply).map(|(code, _)| code), Some(ErrorCode::Forbidden));
    assert_eq!(party.room().await.now_playing.map(|on| on.id), Some(entry));
}

#[tokio::test(start_paused = true)]
async fn findings_outlive_a_crash() {
    let mut party = Party::new().await;
    party.ana.add_scripted("1").await;
    party.ana.add_scripted("measured").await;
    party.ben.event(measured).await;
    let server = party.server.crash();
    let (_, room) = server.enter(party.code, "ben").await.snapshot().await;
    assert_eq!(room.upcoming[0].track.duration_ms, 200_000);
}

#[tokio::test(start_paused = true)]
async fn a_loaded_room_measures_its_entries() {
    let mut party = Party::new().await;
    party.ana.add_scripted("1").await;
    for _ in 0..BACKGROUND_MEASUREMENTS_MAX {
        party.ben.add_scripted("measures-forever").await;
    }
    party.ana.add_scripted("measured").await;
    party.ana.ask(Command::Clear { member: party.ben.link.user() }).await;
    assert_eq!(party.room().await.upcoming[0].track.duration_ms, 180_000, "it waits behind those that hang");
    party.server = party.server.restart().await;
    party.room().await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(party.room().await.upcoming[0].track.duration_ms, 200_000);
}
