//! Playback waits while no device listens.

use expect_test::expect;
use tutti_protocol::{Command, EndReason, Event, PlaybackState, SettingsChange, UserKind};
use tutti_room_state::{Input, LISTENER_RETURN_MS, Newcomer, READY_BARRIER_MS, START_LEAD_MS};

use crate::script::{Story, check};

/// A room with `wait_for_listener`, and what happens in it.
fn waiting(script: &str) -> Story {
    let mut story = Story::new();
    story.play("ana joins; ana sets wait_for_listener true");
    story.play(script);
    story
}

fn check_waiting(script: &str, expected: &expect_test::Expect) {
    expected.assert_eq(&waiting(script).to_string());
}

fn position_s(story: &Story) -> u64 {
    story.room.position_ms(story.now_ms).expect("something is on") / 1_000
}

#[test]
fn a_first_track_waits_for_a_listener_and_starts_from_its_beginning() {
    let mut story = waiting("ana adds a1 a2; wait 3600");
    assert_eq!((story.to_string().as_str(), position_s(&story)), ("a1 waiting · a2", 0));
    assert_eq!(story.room.playback().state, PlaybackState::Paused, "older clients show that it stands still");
    story.play("d1 listens");
    let starts_in_ms = |story: &Story| story.room.playback().anchor_at_ms - story.now_ms;
    assert_eq!((story.to_string().as_str(), starts_in_ms(&story)), ("a1 playing · a2", READY_BARRIER_MS));
    story.play("d1 has a1");
    assert_eq!(starts_in_ms(&story), START_LEAD_MS, "it starts as soon as it is loaded");
    story.play("wait 10");
    assert_eq!(position_s(&story), 9);
}

#[test]
fn nothing_waits_in_rooms_that_do_not_want_it() {
    check("ana joins; ana adds a1 a2; wait 60", &expect!["a1 playing · a2"]);
    check("ana joins; d1 listens; ana adds a1 a2; d1 has a1; d1 hushes; next; wait 100", &expect!["a2 playing"]);
}

#[test]
fn a_new_room_can_wait_from_its_first_event_on() {
    let mut story = Story::new();
    let host = Newcomer { kind: UserKind::User, ..story.newcomer("ana") };
    let settings = SettingsChange { wait_for_listener: Some(true), ..SettingsChange::default() };
    story.handle(&Input::Create { name: "Party".into(), host, settings: Box::new(settings) }).expect("a room");
    assert!(story.room.settings().wait_for_listener && story.room.is_unused());
    story.play("ana adds a1");
    assert_eq!(story.to_string(), "a1 waiting");
}

#[test]
fn when_its_last_device_leaves_a_track_goes_on_for_a_minute_and_waits_where_it_was_last_heard() {
    let mut story = waiting("d1 listens; d2 listens; ana adds a1 a2; d1 has a1; d2 has a1; wait 30; d1 hushes");
    story.play("wait 70; d2 hushes; wait 59");
    assert_eq!((story.to_string().as_str(), position_s(&story)), ("a1 playing · a2", 158));
    story.play("wait 1");
    assert_eq!((story.to_string().as_str(), position_s(&story)), ("a1 waiting · a2", 99));
    story.play("wait 3600; d3 listens");
    assert_eq!((story.to_string().as_str(), position_s(&story)), ("a1 playing · a2", 99));
}

#[test]
fn a_device_that_returns_within_the_minute_is_not_interrupted() {
    let mut story = waiting("d1 listens; ana adds a1; d1 has a1; wait 30");
    let known = story.events.len();
    for _ in 0..3 {
        story.play("d1 hushes; wait 40; d1 listens; d1 has a1; wait 5");
    }
    assert_eq!((story.events.len(), position_s(&story)), (known, 164));
}

#[test]
fn the_track_after_one_that_nobody_hears_waits() {
    check_waiting("d1 listens; ana adds a1=60 a2 a3; d1 has a1; wait 30; d1 hushes; next", &expect!["a2 waiting · a3"]);
    check_waiting(
        "d1 listens; ana adds a1 a2; d1 has a1; wait 30; d1 hushes; wait 20; ana skips",
        &expect!["a2 waiting"],
    );
}

#[test]
fn a_track_that_nobody_heard_begin_waits_at_its_beginning() {
    let mut story = waiting("d1 listens; ana adds a1=60 a2 a3; d1 has a1; wait 50; d1 hushes; next; wait 20");
    assert_eq!((story.to_string().as_str(), position_s(&story)), ("a2 playing · a3", 19));
    story.play("wait 60");
    assert_eq!((story.to_string().as_str(), position_s(&story)), ("a2 waiting · a3", 0));
    let finished = |event: &&Event| matches!(event, Event::EntryEnded { reason: EndReason::Finished, .. });
    assert_eq!(story.events.iter().filter(finished).count(), 1, "the grace period uses up at most the end of a track");
}

#[test]
fn play_waits_and_pause_ends_the_wait() {
    let mut story = waiting("ana adds a1 a2; ana plays");
    assert_eq!(story.to_string(), "a1 waiting · a2", "it is to play already");
    story.play("ana pauses; d1 listens");
    assert_eq!(story.to_string(), "a1 paused · a2", "a pause is a pause");
    story.play("d1 hushes; ana plays");
    assert_eq!(story.to_string(), "a1 waiting · a2");
    let by = story.events.iter().rev().find_map(|event| match event {
        Event::PlaybackChanged { by, .. } => Some(*by),
        _ => None,
    });
    assert_eq!(by, Some(Some(story.user("ana"))));
    story.play("d1 listens");
    assert_eq!(story.to_string(), "a1 playing · a2");
}

#[test]
fn skips_and_seeks_of_what_waits_wait_too() {
    let mut story = waiting("ana adds a1 a2 a3; ana skips; ana seeks 30");
    assert_eq!((story.to_string().as_str(), position_s(&story)), ("a2 waiting · a3", 30));
    story.play("d1 listens; d1 has a2");
    assert_eq!((story.to_string().as_str(), position_s(&story)), ("a2 playing · a3", 30));
    check_waiting("ana adds a1 a2; ana pauses; ana skips", &expect!["a2 paused"]);
    check_waiting("ana adds a1; ana skips", &expect!["idle"]);
}

#[test]
fn turning_it_off_starts_what_waits_and_turning_it_on_stops_what_nobody_hears() {
    check_waiting("ana adds a1; ana sets wait_for_listener false", &expect!["a1 playing"]);
    let mut story = Story::new();
    story.play("ana joins; ana adds a1; wait 100; ana sets wait_for_listener true");
    assert_eq!((story.to_string().as_str(), position_s(&story)), ("a1 waiting", 0), "nobody has heard any of it");
    story.play("d1 listens; d1 has a1; wait 9; ana sets wait_for_listener false; ana sets wait_for_listener true");
    assert_eq!((story.to_string().as_str(), position_s(&story)), ("a1 playing", 8));
}

#[test]
fn an_excluded_device_does_not_listen() {
    let mut story = waiting("d1 listens; ana leaves out d1; ana adds a1");
    assert_eq!(story.to_string(), "a1 waiting");
    story.play("ana leaves out d2");
    assert_eq!(story.to_string(), "a1 playing");
    story.play("wait 10; ana plays on d2; wait 60");
    assert_eq!(story.to_string(), "a1 waiting");
}

#[test]
fn a_restart_of_the_server_interrupts_nothing() {
    let mut story = waiting("d1 listens; ana adds a1=60 a2; d1 has a1; wait 30");
    let playback = *story.room.playback();
    story.play("server restarts; wait 20; d1 listens; d1 has a1 a2");
    assert_eq!(*story.room.playback(), playback);

    let ends_at_ms = story.room.ends_at_ms().expect("it plays");
    story.now_ms = ends_at_ms + 5_000;
    story.play("server restarts");
    assert_eq!((story.to_string().as_str(), story.room.playback().anchor_at_ms), ("a2 playing", ends_at_ms));
    story.play("wait 20; d1 listens; wait 60");
    assert_eq!((story.to_string().as_str(), position_s(&story)), ("a2 playing", 85));
}

#[test]
fn a_restart_that_takes_long_uses_up_no_further_track() {
    let mut story = waiting("d1 listens; ana adds a1=60 a2 a3; d1 has a1; wait 30");
    story.now_ms = story.room.ends_at_ms().expect("it plays") + LISTENER_RETURN_MS;
    story.play("server restarts");
    assert_eq!(
        (story.to_string().as_str(), position_s(&story)),
        ("a2 waiting · a3", 0),
        "devices played a1 to its end"
    );

    let mut story = waiting("ana adds a1 a2; server restarts; wait 100");
    assert_eq!(story.to_string(), "a1 waiting · a2");
    story.play("d1 listens");
    assert_eq!(story.to_string(), "a1 playing · a2");
}

#[test]
fn what_waits_is_charged_only_for_what_played() {
    let mut story = waiting("ben joins; ben adds b1; wait 3600");
    story.command("ana", Command::Skip { entry: None, unplayable: None }).expect("the host may");
    let played = story.events.iter().find_map(|event| match event {
        Event::EntryEnded { played_ms, .. } => Some(*played_ms),
        _ => None,
    });
    assert_eq!(played, Some(0));
}
