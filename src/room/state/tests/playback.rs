//! The timeline: started, stopped, moved, and moved on by the room itself.

use expect_test::expect;
use tutti_protocol::{Command, EndReason, ErrorCode, Event, PlaybackState};
use tutti_room_state::{START_LEAD_MS, TRACK_CHANGE_LEAD_MS};

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
fn a_pause_holds_the_position_and_play_goes_on_from_there() {
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
fn two_who_skip_the_same_track_skip_it_once() {
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
fn what_is_over_says_how_much_was_played_and_by_whom_it_was_ended() {
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
fn nothing_is_on_in_an_idle_room() {
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
fn a_closed_room_is_over() {
    let mut story = Story::new();
    story.play("ana joins; ana adds a1 a2; ana closes");
    assert!(story.room.is_closed());
    assert_eq!(story.room.next_deadline_ms(), None);
    assert_eq!(story.refused("ana adds a3"), ErrorCode::Conflict);
    assert_eq!(story.refused("ben joins"), ErrorCode::Conflict);
}
