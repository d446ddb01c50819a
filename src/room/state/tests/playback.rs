//! The timeline: started, stopped, moved, and moved on by the room itself.

use expect_test::expect;
use tutti_protocol::{Command, EndReason, ErrorCode, Event, PlaybackState};
use tutti_room_state::{READY_BARRIER_MS, START_LEAD_MS, TRACK_CHANGE_LEAD_MS};

use crate::script::{Story, check};

#[test]
fn the_first_track_starts_by_itself_a_moment_later() {
    let mut story = Story::new();
    story.play("ana joins; ana adds a1");
    assert_eq!(story.room.playback().anchor_at_ms, story.now_ms + START_LEAD_MS);
    assert_eq!(story.room.position_ms(story.now_ms), Some(0));
    assert_eq!(story.room.position_ms(story.now_ms + START_LEAD_MS + 5_000), Some(5_000));
}

#[test]
fn tracks_follow_each_other_without_a_gap_and_are_announced_ahead() {
    let mut story = Story::new();
    story.play("ana joins; ana adds a1 a2");
    let first_start_ms = story.room.playback().anchor_at_ms;
    story.play("next");
    assert_eq!(story.room.playback().anchor_at_ms, first_start_ms + 180_000);
    assert_eq!(story.now_ms, first_start_ms + 180_000 - TRACK_CHANGE_LEAD_MS);
    assert_eq!(story.room.position_ms(story.now_ms), Some(0));
}

#[test]
fn the_last_track_plays_to_its_end_and_the_room_is_idle() {
    let mut story = Story::new();
    story.play("ana joins; ana adds a1");
    let end_ms = story.room.playback().anchor_at_ms + 180_000;
    story.wait_ms(end_ms - story.now_ms - 1);
    assert_eq!(story.to_string(), "a1 playing");
    story.wait_ms(1);
    assert_eq!(story.to_string(), "idle");
    check("ana joins; ana adds a1; wait 200; ana adds a2", &expect!["a2 playing"]);
}

#[test]
fn a_pause_keeps_the_position_and_play_resumes_there() {
    let mut story = Story::new();
    story.play("ana joins; ana adds a1 a2; wait 60; ana pauses");
    let held_ms = story.room.playback().anchor_position_ms;
    assert_eq!(held_ms, 60_000 - START_LEAD_MS.unsigned_abs());
    story.play("wait 3600");
    assert_eq!(story.to_string(), "a1 paused · a2");
    story.play("ana plays");
    assert_eq!(story.room.position_ms(story.now_ms + START_LEAD_MS + 1_000), Some(held_ms + 1_000));
}

#[test]
fn skipping_while_paused_stays_paused() {
    check("ana joins; ana adds a1 a2; ana pauses; ana skips", &expect!["a2 paused"]);
}

#[test]
fn skipping_the_same_entry_twice_skips_it_once() {
    let mut story = Story::new();
    story.play("ana joins; ana adds a1 a2 a3");
    let meant = story.room.now_playing().map(|entry| entry.id);
    story.command("ana", Command::Skip { entry: meant, unplayable: None }).expect("it is on");
    let refusal = story.command("ana", Command::Skip { entry: meant, unplayable: None }).expect_err("it is over");
    assert_eq!(refusal.code(), ErrorCode::Conflict);
    assert_eq!(story.to_string(), "a2 playing · a3");
}

#[test]
fn seeking_moves_within_the_track_only() {
    let mut story = Story::new();
    story.play("ana joins; ana adds a1; wait 10; ana seeks 100");
    assert_eq!(story.room.position_ms(story.now_ms + START_LEAD_MS), Some(100_000));
    assert_eq!(story.refused("ana seeks 180"), ErrorCode::Invalid);
    story.play("ana pauses; ana seeks 5");
    assert_eq!(story.room.playback().state, PlaybackState::Paused);
    assert_eq!(story.room.position_ms(story.now_ms + 60_000), Some(5_000));
}

#[test]
fn an_ended_entry_records_how_much_was_played_and_who_ended_it() {
    let mut story = Story::new();
    story.play("ana joins; ben joins; ben adds b1; wait 30; ana skips");
    let ana = story.user("ana");
    let ended = story.events.iter().find_map(|event| match event {
        Event::EntryEnded { reason, played_ms, by, .. } => Some((*reason, *played_ms, *by)),
        _ => None,
    });
    assert_eq!(ended, Some((EndReason::Skipped, 30_000 - START_LEAD_MS.unsigned_abs(), Some(ana))));
}

#[test]
fn an_idle_room_has_no_current_entry() {
    let mut story = Story::new();
    story.play("ana joins");
    for step in ["ana plays", "ana pauses", "ana seeks 1", "ana skips"] {
        assert_eq!(story.refused(step), ErrorCode::Conflict, "{step}");
    }
}

#[test]
fn a_restart_after_a_while_finds_the_timeline_where_it_would_have_been() {
    let mut story = Story::new();
    story.play("ana joins; ana adds a1 a2 a3");
    let mut late = Story::new();
    late.play("ana joins; ana adds a1 a2 a3");
    story.wait_ms(400_000);
    late.now_ms += 400_000;
    late.wait_ms(0);
    assert_eq!(story.room.playback(), late.room.playback());
    assert_eq!(story.to_string(), "a3 playing");
}

#[test]
fn tracks_shorter_than_the_lead_still_play_one_after_the_other() {
    let mut story = Story::new();
    story.play("ana joins");
    for number in 0..5 {
        story.play(&format!("ana adds a{number}=0"));
    }
    story.play("wait 1");
    assert_eq!(story.to_string(), "idle");
}

#[test]
fn a_closed_room_refuses_everything() {
    let mut story = Story::new();
    story.play("ana joins; ana adds a1 a2; ana closes");
    assert!(story.room.is_closed());
    assert_eq!(story.room.next_deadline_ms(), None);
    assert_eq!(story.refused("ana adds a3"), ErrorCode::Conflict);
    assert_eq!(story.refused("ben joins"), ErrorCode::Conflict);
}

/// How far ahead what is on starts.
fn starts_in_ms(story: &Story) -> i64 {
    story.room.playback().anchor_at_ms - story.now_ms
}

#[test]
fn a_first_start_waits_for_listening_devices_and_no_longer() {
    let mut story = Story::new();
    story.play("ana joins; d1 listens; d2 listens; ana adds a1 a2");
    assert_eq!(starts_in_ms(&story), READY_BARRIER_MS);
    story.wait_ms(700);
    story.play("d1 has a1");
    assert_eq!(starts_in_ms(&story), READY_BARRIER_MS - 700, "one of two is not enough");
    story.wait_ms(100);
    story.play("d2 has a2 a1");
    assert_eq!(starts_in_ms(&story), START_LEAD_MS);
    assert!(matches!(story.events.last(), Some(Event::PlaybackChanged { by: None, .. })));
    let known = story.events.len();
    story.play("d1 has a1 a2; d2 has a1");
    assert_eq!(story.events.len(), known, "once is enough");
}

#[test]
fn three_quarters_of_the_devices_are_enough_for_a_start() {
    let mut story = Story::new();
    story.play("ana joins; d1 listens; d2 listens; d3 listens; d4 listens; ana adds a1; d1 has a1; d2 has a1");
    assert_eq!(starts_in_ms(&story), READY_BARRIER_MS);
    story.play("d4 has a1");
    assert_eq!(starts_in_ms(&story), START_LEAD_MS);
}

#[test]
fn a_start_without_ready_devices_happens_at_the_end_of_the_barrier() {
    let mut story = Story::new();
    story.play("ana joins; d1 listens; ana adds a1=60 a2");
    let start_ms = story.room.playback().anchor_at_ms;
    story.wait_ms(READY_BARRIER_MS + 5_000);
    assert_eq!(story.room.position_ms(story.now_ms), Some(5_000));
    story.play("d1 has a1");
    assert_eq!(story.room.playback().anchor_at_ms, start_ms, "what has begun is not moved");
    story.play("next");
    assert_eq!(story.room.playback().anchor_at_ms, start_ms + 60_000, "the next one follows without a gap");
}

#[test]
fn a_start_does_not_wait_when_no_device_listens_or_all_are_ready() {
    let mut story = Story::new();
    story.play("ana joins; ana adds a1 a2 a3");
    assert_eq!(starts_in_ms(&story), START_LEAD_MS);
    story.play("d1 listens; d1 has a2; ana skips");
    assert_eq!(starts_in_ms(&story), START_LEAD_MS, "a skip to what was loaded");
    story.play("ana skips");
    assert_eq!(starts_in_ms(&story), READY_BARRIER_MS, "a skip to what was not");
    story.play("d1 hushes");
    assert_eq!(starts_in_ms(&story), START_LEAD_MS, "whoever goes is not waited for");
}

#[test]
fn a_start_does_not_wait_for_devices_that_are_excluded_or_cannot_play() {
    let mut story = Story::new();
    story.play("ana joins; d1 listens; d2 listens; ana leaves out d2; ana adds a1 a2 a3; d1 has a1");
    assert_eq!(starts_in_ms(&story), START_LEAD_MS);
    story.play("ana plays on d2; d2 has a2; ana skips");
    assert_eq!(starts_in_ms(&story), START_LEAD_MS, "d1 does not play");

    let mut story = Story::new();
    story.play("ana joins; d1 listens to library; d2 listens; ana adds a1:spotify; d2 has a1");
    assert_eq!(starts_in_ms(&story), START_LEAD_MS, "d1 cannot play that");
}

#[test]
fn a_track_change_never_waits() {
    let mut story = Story::new();
    story.play("ana joins; d1 listens; ana adds a1 a2; d1 has a1; next");
    let start_ms = story.room.playback().anchor_at_ms;
    assert_eq!(starts_in_ms(&story), TRACK_CHANGE_LEAD_MS);
    story.play("d1 has a1 a2");
    assert_eq!(story.room.playback().anchor_at_ms, start_ms, "nor is it ever sooner than the end of the one before");
}

#[test]
fn a_loaded_entry_resumes_and_seeks_at_once() {
    let mut story = Story::new();
    story.play("ana joins; d1 listens; ana adds a1 a2; d1 has a1; wait 10; d1 has; ana pauses; ana plays");
    assert_eq!(starts_in_ms(&story), START_LEAD_MS);
    story.play("wait 10; ana seeks 90");
    assert_eq!(starts_in_ms(&story), START_LEAD_MS);
}

#[test]
fn an_entry_paused_before_it_began_waits_again() {
    let mut story = Story::new();
    story.play("ana joins; d1 listens; ana adds a1 a2; wait 1; ana pauses; wait 60");
    assert_eq!(story.room.position_ms(story.now_ms), Some(0));
    story.play("ana plays");
    assert_eq!(starts_in_ms(&story), READY_BARRIER_MS);
    story.play("wait 1; ana seeks 30");
    assert_eq!(starts_in_ms(&story), READY_BARRIER_MS - 1_000, "it begins elsewhere, and not earlier");
    story.play("d1 has a1");
    assert_eq!((starts_in_ms(&story), story.room.position_ms(story.now_ms)), (START_LEAD_MS, Some(30_000)));

    let mut story = Story::new();
    story.play("ana joins; d1 listens; ana adds a1 a2; ana pauses; ana skips; ana plays");
    assert_eq!(starts_in_ms(&story), READY_BARRIER_MS, "nor was it heard when it came on while paused");
}

#[test]
fn a_locked_entry_stays_next_when_a_start_is_advanced() {
    let mut story = Story::new();
    story.play("ana joins; ben joins; d1 listens; ana adds a1=6 a2 a3; wait 1; d1 has a1");
    assert_eq!(story.refused("ana moves a3 before a2"), ErrorCode::Conflict);
}
