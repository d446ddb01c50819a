//! Tracks whose exact length, gain or faults become known while they are queued or on.

use expect_test::expect;
use tutti_protocol::{EndReason, Event, Gain, Track, TrackFault, UserId};
use tutti_room_state::{Input, PRELOAD_WINDOW_MS, START_LEAD_MS, TrackFinding};

use crate::script::{Story, check};

fn played(script: &str) -> Story {
    let mut story = Story::new();
    story.play(script);
    story
}

fn track(story: &Story, title: &str) -> Track {
    story.room.entry(story.entry(title)).expect("it is there").track.clone()
}

/// The reason why the last entry ended, who ended it, and how much of it was played.
fn last_end(story: &Story) -> (EndReason, Option<UserId>, u64) {
    let ended = story.events.iter().rev().find_map(|event| match event {
        Event::EntryEnded { reason, by, played_ms, .. } => Some((*reason, *by, *played_ms)),
        _ => None,
    });
    ended.expect("an entry ended")
}

#[test]
fn a_waiting_entry_gets_its_exact_length_and_its_gain() {
    let mut story = played("ana joins; ana adds a1 a2; a2 measures 200 -6.5");
    assert_eq!((track(&story, "a2").duration_ms, track(&story, "a2").gain_db), (200_000, Some(Gain::from(-6.5))));
    let offset = story.room.offset();
    story.play("a2 measures 200 -6.5; a2 measures 200");
    assert_eq!(story.room.offset(), offset, "nothing new, no event");
    assert_eq!(track(&story, "a2").gain_db, Some(Gain::from(-6.5)), "a known gain stays known");
}

#[test]
fn an_entry_gets_the_present_address_of_its_cover() {
    let mut story = played("ana joins; ana adds a1 a2; a2 measures 200");
    let moves = |story: &mut Story, art_url: Option<&str>| {
        let finding = TrackFinding::Plays { duration_ms: 200_000, gain_db: None, art_url: art_url.map(str::to_owned) };
        let (entry, before) = (story.entry("a2"), story.events.len());
        story.handle(&Input::TrackMeasured { entry, finding }).expect("accepted");
        (story.events.len() - before, track(story, "a2").art_url)
    };
    assert_eq!(moves(&mut story, Some("/new")), (1, Some("/new".into())));
    assert_eq!(moves(&mut story, Some("/new")), (0, Some("/new".into())));
    assert_eq!(moves(&mut story, None), (0, Some("/new".into())), "a known address stays known");
}

#[test]
fn the_current_entry_ends_by_its_exact_length() {
    let mut story = played("ana joins; ana adds a1 a2; wait 60");
    let start_ms = story.room.playback().anchor_at_ms;
    story.play("a1 measures 240; next");
    assert_eq!(story.room.playback().anchor_at_ms, start_ms + 240_000);
    story.play("a2 measures 90; wait 100");
    assert_eq!(story.to_string(), "idle");
    assert_eq!(last_end(&story), (EndReason::Finished, None, 90_000));
}

#[test]
fn an_entry_that_is_past_its_exact_end_is_over_and_the_next_starts_at_its_beginning() {
    let story = played("ana joins; ana adds a1 a2; wait 60; a1 measures 40");
    assert_eq!(story.to_string(), "a2 playing");
    assert_eq!(story.room.position_ms(story.now_ms), Some(0));
    assert_eq!(story.room.playback().anchor_at_ms, story.now_ms + START_LEAD_MS);
    assert_eq!(last_end(&story), (EndReason::Skipped, None, 40_000));
    check("ana joins; ana adds a1 a2; wait 60; ana pauses; a1 measures 40", &expect!["a2 paused"]);
}

#[test]
fn a_longer_current_entry_locks_the_next_one_again_before_its_exact_end() {
    let mut story = played("ana joins; ben joins; ana adds a1 a2; wait 175; a1 measures 600; ben adds b1");
    assert_eq!(story.to_string(), "a1 playing · b1 · a2", "Ben was heard less");
    story.play("wait 418");
    let locked = story.events.iter().rev().find_map(|event| match event {
        Event::NextLocked { entry } => Some(*entry),
        _ => None,
    });
    assert_eq!(locked, Some(story.entry("b1")));
    let mut story = played("ana joins; ben joins; ana adds a1 a2; wait 175; a1 measures 185; ben adds b1");
    assert_eq!(story.to_string(), "a1 playing · a2 · b1", "the lock stays");
    story.wait_ms(PRELOAD_WINDOW_MS);
    assert_eq!(story.to_string(), "a2 playing · b1");
}

#[test]
fn an_unplayable_entry_leaves_the_queue_and_the_event_says_why() {
    let mut story = played("ana joins; ben joins; ana adds a1; ben adds b1 b2; b1 is unplayable");
    assert_eq!(story.to_string(), "a1 playing · b2");
    let Some(Event::EntryRemoved { by, note, removed, fault, .. }) = story.events.last() else { panic!("not removed") };
    assert_eq!((*by, *note, *fault), (UserId::NIL, None, Some(TrackFault::Unplayable)));
    assert_eq!(removed.as_ref().expect("the entry").track.title, "b1");
    story.play("b1 is gone; b1 measures 7");
    assert_eq!(story.to_string(), "a1 playing · b2", "it is no longer there");
    assert!(story.attempt("ana undoes").is_err(), "nobody removed it");
}

#[test]
fn an_entry_whose_file_is_away_waits_and_is_skipped_only_when_it_is_on() {
    let mut story = played("ana joins; ana adds a1 a2 a3; a2 is away; a3 is away");
    assert_eq!(story.to_string(), "a1 playing · a2 · a3");
    story.play("a1 is away");
    assert_eq!(story.to_string(), "a2 playing · a3");
    assert_eq!(last_end(&story).0, EndReason::Gone);
}

#[test]
fn a_locked_entry_that_is_gone_makes_way_for_the_next() {
    check("ana joins; ana adds a1 a2 a3; wait 172; a2 is gone; next", &expect!["a3 playing"]);
}

#[test]
fn a_credited_entry_that_is_gone_is_gone_for_everyone() {
    check(
        "ana joins; ben joins; ana sets duplicates credit; ana adds a1 x; ben adds x; x is gone",
        &expect!["a1 playing"],
    );
}

#[test]
fn a_gone_current_entry_is_skipped_at_once_and_not_charged() {
    let mut story = played("ana joins; ben joins; ana adds a1 a2; ben adds b1; wait 5");
    let ben = story.user("ben");
    story.play("ana skips; wait 5; b1 is gone");
    assert_eq!(story.to_string(), "a2 playing");
    let (reason, by, played_ms) = last_end(&story);
    assert_eq!((reason, by), (EndReason::Gone, None));
    assert!(played_ms < 5_000);
    let ledger = story.room.ledger_of(ben).expect("a member");
    assert_eq!(ledger.finish, ledger.floor, "not charged");
    let Some(tutti_protocol::Answer::History(history)) = story.room.answer(&tutti_protocol::Command::ShowHistory)
    else {
        panic!("no history");
    };
    assert_eq!(history[0].reason, EndReason::Gone);
}

#[test]
fn the_charge_follows_the_exact_length() {
    let after = |script: &str| {
        let mut story = played(script);
        let ana = story.user("ana");
        story.room.ledger_of(ana).expect("a member").clone()
    };
    let corrected = after("ana joins; ana adds a1 a2; wait 5; a1 measures 300");
    let known = after("ana joins; ana adds a1=300 a2; wait 5");
    assert_eq!(corrected, known);
    let mut story = played("ana joins; ben joins; ana adds a1=20 a2=20 a3=20; ben adds b1 b2");
    assert_eq!(story.to_string(), "a1 playing · b1 · a2 · a3 · b2");
    story.play("a2 measures 600");
    assert_eq!(story.to_string(), "a1 playing · b1 · a2 · b2 · a3", "the order follows the length of waiting entries");
}

#[test]
fn a_playlist_whose_files_are_all_gone_is_not_skipped_through_forever() {
    let mut story = played("ana joins; ana falls back to x y");
    let skip_faulty = |story: &mut Story| {
        let mut skipped = 0;
        while let Some(on) = story.room.now_playing().filter(|on| on.fallback).map(|on| on.id) {
            story.name_entry("on", on);
            story.play("on is gone");
            skipped += 1;
        }
        skipped
    };
    assert_eq!(skip_faulty(&mut story), 2);
    assert_eq!(story.to_string(), "idle");
    assert_eq!(story.room.snapshot().fallback.len(), 2, "the playlist is kept");
    story.play("ana adds a1");
    assert_eq!(story.to_string(), "a1 playing");
    story.play("next");
    assert_eq!(story.to_string(), "x playing", "the files may be back");
    assert_eq!(skip_faulty(&mut story), 2, "one more round");
}

#[test]
fn a_playlist_leaves_out_only_what_is_gone_and_keeps_what_was_measured() {
    let mut story = played("ana joins; ana falls back to x y z");
    let on = |story: &Story| story.room.now_playing().expect("it plays").clone();
    story.name_entry("x", on(&story).id);
    story.play("x is gone");
    assert_eq!(story.to_string(), "y playing");
    story.name_entry("y", on(&story).id);
    story.play("y measures 60 -3; next");
    assert_eq!(story.to_string(), "z playing");
    story.play("next");
    assert_eq!((story.to_string(), on(&story).track.duration_ms), ("y playing".into(), 60_000));
}
