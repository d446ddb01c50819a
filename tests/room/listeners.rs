//! Playback waits while no device listens: who counts as a listener, and when the room notices.

use std::time::Duration;

use tutti::room::state::{LISTENER_GRACE_MS, START_LEAD_MS};
use tutti_protocol::{Command, Event, OutputMode, Playback, PlaybackState, RoomCode, SettingsChange};

use super::room_server::{MemberConnection, RoomServer};

/// A room that waits for a listener, its host's remote control, and a screen.
async fn waiting_room(server: &RoomServer) -> (RoomCode, MemberConnection, MemberConnection) {
    let settings = SettingsChange { wait_for_listener: Some(true), ..SettingsChange::default() };
    let code = server.room_with("ana", settings).await;
    (code, server.enter(code, "ana").await, server.enter(code, "ana").await)
}

fn timeline(event: &Event) -> Option<Playback> {
    match event {
        Event::EntryStarted { playback, .. } | Event::PlaybackChanged { playback, .. } => Some(*playback),
        _ => None,
    }
}

/// The next timeline that the room announces to a connection that asks for nothing.
async fn announced(screen: &mut MemberConnection) -> Playback {
    timeline(&screen.event(|event| timeline(event).is_some()).await).expect("one")
}

/// Waits for the room to unload or to announce something, with all connections alive.
async fn pass(server: &RoomServer, connections: &[&MemberConnection], seconds: u64) {
    for _ in 0..seconds {
        for connection in connections {
            connection.link.heard(server.clock.now_ms());
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

const GRACE_S: u64 = LISTENER_GRACE_MS.unsigned_abs() / 1_000;

#[tokio::test(start_paused = true)]
async fn the_first_device_that_plays_starts_what_waits_and_the_last_that_leaves_stops_it() {
    let server = RoomServer::open();
    let (code, mut ana, mut screen) = waiting_room(&server).await;
    let a1 = ana.add("a1").await;
    let playback = announced(&mut screen).await;
    assert!(playback.waiting_for_listener && playback.state == PlaybackState::Paused);

    let speaker = server.enter(code, "ben").await;
    pass(&server, &[&ana, &screen, &speaker], 5).await;
    speaker.plays(Some(&[a1]));
    let playback = announced(&mut screen).await;
    assert_eq!((playback.state, playback.anchor_position_ms), (PlaybackState::Playing, 0));
    assert_eq!(playback.anchor_at_ms, server.clock.now_ms() + START_LEAD_MS);

    let started_at_ms = playback.anchor_at_ms;
    pass(&server, &[&ana, &screen, &speaker], 30).await;
    let left_at_ms = server.clock.now_ms();
    speaker.leave().await;
    pass(&server, &[&ana, &screen], GRACE_S + 1).await;
    let playback = announced(&mut screen).await;
    assert!(playback.waiting_for_listener);
    assert_eq!(i64::try_from(playback.anchor_position_ms).expect("short"), left_at_ms - started_at_ms);
    assert_eq!(playback.anchor_at_ms, left_at_ms + LISTENER_GRACE_MS);
}

#[tokio::test(start_paused = true)]
async fn only_devices_that_may_play_are_listeners_also_those_without_a_connection() {
    let server = RoomServer::open();
    let (code, mut ana, mut screen) = waiting_room(&server).await;
    let speaker = server.enter(code, "ben").await;
    speaker.plays(Some(&[]));
    ana.ask(Command::SetOutput { mode: OutputMode::Speakers, devices: [ana.link.device.id].into() }).await;
    ana.add("a1").await;
    assert!(announced(&mut screen).await.waiting_for_listener, "the speaker is excluded");
    ana.room.follow(None).await;
    ana.room.follow(Some(speaker.link.device.id)).await;
    ana.room.follow(Some(ana.link.device.id)).await;
    assert!(!announced(&mut screen).await.waiting_for_listener, "a Spotify device plays for the chosen one");
    ana.room.unfollow(Some(ana.link.device.id)).await;
    pass(&server, &[&ana, &screen, &speaker], GRACE_S + 1).await;
    assert!(announced(&mut screen).await.waiting_for_listener);
    ana.ask(Command::SetOutput { mode: OutputMode::Everyone, devices: [].into() }).await;
    assert!(!announced(&mut screen).await.waiting_for_listener);
}

#[tokio::test(start_paused = true)]
async fn a_restart_is_not_heard_and_a_room_that_waits_waits_on() {
    let server = RoomServer::open();
    let (code, mut ana, mut screen) = waiting_room(&server).await;
    let speaker = server.enter(code, "ben").await;
    speaker.plays(Some(&[]));
    let a1 = ana.add("a1").await;
    let playing = announced(&mut screen).await;
    assert_eq!(playing.state, PlaybackState::Playing);
    let server = server.restart().await;
    tokio::time::sleep(Duration::from_secs(20)).await;
    let (ana, mut screen) = (server.enter(code, "ana").await, server.enter(code, "ana").await);
    assert_eq!(screen.snapshot().await.1.playback, playing);
    let speaker = server.enter(code, "ben").await;
    pass(&server, &[&ana, &screen, &speaker], 30).await;
    speaker.plays(Some(&[a1]));
    pass(&server, &[&ana, &screen, &speaker], GRACE_S).await;
    speaker.plays(None);
    pass(&server, &[&ana, &screen, &speaker], GRACE_S + 1).await;
    let waiting = announced(&mut screen).await;
    assert!(waiting.waiting_for_listener, "only now");

    let server = server.restart().await;
    tokio::time::sleep(Duration::from_mins(10)).await;
    let mut ana = server.enter(code, "ana").await;
    assert_eq!(ana.snapshot().await.1.playback, waiting);
}

#[tokio::test(start_paused = true)]
async fn what_waits_starts_once_the_store_accepts_it() {
    let server = RoomServer::open();
    let (code, mut ana, mut screen) = waiting_room(&server).await;
    ana.add("a1").await;
    assert!(announced(&mut screen).await.waiting_for_listener);
    let speaker = server.enter(code, "ben").await;
    server.store.fail_appends(u32::MAX);
    speaker.plays(Some(&[]));
    pass(&server, &[&ana, &screen, &speaker], 5).await;
    server.store.fail_appends(0);
    pass(&server, &[&ana, &screen, &speaker], 5).await;
    assert_eq!(announced(&mut screen).await.state, PlaybackState::Playing);
}

#[tokio::test(start_paused = true)]
async fn a_room_that_nobody_hears_leaves_memory_and_uses_up_no_track() {
    let server = RoomServer::open();
    let (code, mut ana, mut screen) = waiting_room(&server).await;
    let speaker = server.enter(code, "ben").await;
    speaker.plays(Some(&[]));
    for title in ["a1", "a2", "a3"] {
        ana.add(title).await;
    }
    announced(&mut screen).await;
    for connection in [speaker, screen, ana] {
        connection.leave().await;
    }
    tokio::time::sleep(Duration::from_secs(3 * GRACE_S)).await;
    assert!(server.rooms.is_empty());
    let (_, room) = server.enter(code, "ana").await.snapshot().await;
    assert_eq!(room.now_playing.expect("on").track.title, "a1");
    assert!(room.playback.waiting_for_listener && room.upcoming_total == 2);
}
