//! The fourteen cases that broke other fair queues, in their order. Where a story elsewhere tells more, it says so.

use expect_test::expect;
use tutti_protocol::{EndReason, ErrorCode, RoomCode};
use tutti_room_state::{Refusal, RoomState};

use crate::script::{Story, check};

#[test]
fn case_1_after_a_flood_the_second_member_plays_next() {
    let mut story = Story::new();
    story.play("ana joins; ben joins");
    for number in 0..600 {
        story.play(&format!("ana adds a{number}"));
    }
    story.play("ben adds b1");
    assert!(story.to_string().starts_with("a0 playing · b1 · a1 · a2"), "{story}");
}

#[test]
fn case_2_three_who_join_in_turn_play_1_2_3_1() {
    for policy in ["fair", "rotation"] {
        let script = "ana joins; ben joins; cai joins; ana adds a1 a2; ben adds b1 b2; cai adds c1 c2";
        check(&format!("{script}; ana sets policy {policy}"), &expect!["a1 playing · b1 · c1 · a2 · b2 · c2"]);
    }
}

#[test]
fn case_3_the_playing_track_counts_as_its_owners_turn() {
    check("ana joins; ben joins; ana adds a1 a2; ben adds b1 b2", &expect!["a1 playing · b1 · a2 · b2"]);
}

#[test]
fn case_4_a_latecomer_is_not_last_and_not_first_for_an_hour() {
    check(
        "ana joins; ben joins; ana adds a1 a2 a3 a4 a5 a6; ben adds b1 b2 b3 b4 b5 b6; \
         next; next; next; next; next; cai joins; cai adds c1 c2 c3",
        &expect!["b3 playing · c1 · a4 · b4 · c2 · a5 · b5 · c3 · a6 · b6"],
    );
}

#[test]
fn case_5_leaving_and_returning_keeps_entries_and_place_and_gains_nothing() {
    let script = "ana joins; ben joins; cai joins; ana adds a1 a2 a3; ben adds b1 b2 b3; cai adds c1 c2 c3";
    check(&format!("{script}; ben goes"), &expect!["a1 playing · c1 · a2 · c2 · a3 · c3"]);
    check(&format!("{script}; ben goes; ben returns"), &expect!["a1 playing · b1 · c1 · a2 · b2 · c2 · a3 · b3 · c3"]);
    check(
        &format!("{script}; ben goes; next; next; next; ben returns"),
        &expect!["c2 playing · b1 · a3 · c3 · b2 · b3"],
    );
}

#[test]
fn case_6_a_25_minute_track_against_3_minute_tracks_evens_out() {
    check(
        "ana joins; ben joins; ana sets debt_max_ms 0; ana adds long=1500 a2; ben adds b1 b2 b3 b4 b5 b6 b7 b8 b9 b10",
        &expect!["long playing · b1 · b2 · b3 · b4 · b5 · b6 · b7 · b8 · b9 · a2 · b10"],
    );
    check(
        "ana joins; ben joins; ana adds long=1500 a2; ben adds b1 b2 b3 b4 b5 b6",
        &expect!["long playing · b1 · b2 · b3 · b4 · a2 · b5 · b6"],
    );
}

#[test]
fn case_7_a_removed_member_leaves_the_order_and_an_unbanned_one_returns_paused() {
    let script = "ana joins; ben joins; ana adds a1 a2; ben adds b1 b2";
    check(&format!("{script}; ana kicks ben; ben returns"), &expect!["a1 playing · a2"]);
    let mut story = Story::new();
    story.play(&format!("{script}; ana bans ben"));
    assert_eq!(story.to_string(), "a1 playing · a2");
    assert_eq!(story.refusal("ben returns"), Refusal::Banned);
    story.play("ana unbans ben; ben returns");
    assert_eq!(story.to_string(), "a1 playing · a2", "paused");
    story.play("ben resumes");
    assert_eq!(story.to_string(), "a1 playing · b1 · a2 · b2");
}

#[test]
fn case_8_a_duplicate_is_refused_or_credited_to_both() {
    let script = "ana joins; ben joins; cai joins; ana adds a1 hit; cai adds c1 c2";
    let mut story = Story::new();
    story.play(&format!("{script}; ana sets duplicates refuse"));
    assert_eq!(story.refused("ben adds hit"), ErrorCode::DuplicateTrack);
    assert_eq!(story.refused("ben adds a1"), ErrorCode::DuplicateTrack, "it is on");

    let mut story = Story::new();
    story.play(&format!("{script}; ana sets duplicates credit; ben adds hit"));
    assert_eq!(story.to_string(), "a1 playing · c1 · hit · c2", "played once");
    assert_eq!(story.refused("ben adds hit"), ErrorCode::DuplicateTrack, "nobody is credited twice");
    story.play("next; next; next");
    let (ana, ben) = (story.user("ana"), story.user("ben"));
    let airtime = |story: &Story, id| story.room.ledger_of(id).expect("known").airtime_ms;
    assert_eq!((airtime(&story, ana), airtime(&story, ben)), (270_000, 90_000), "both share the charge");

    let mut story = Story::new();
    story.play(&format!("{script}; ana sets duplicates credit; ben adds hit; ana removes hit"));
    assert_eq!(story.to_string(), "a1 playing · hit · c1 · c2", "who wanted it too has it now");
    let ben = story.user("ben");
    assert_eq!(story.room.order(1)[0].entry.member, ben);
}

#[test]
fn case_9_cooldowns_cover_past_entries() {
    let mut story = Story::new();
    story.play("ana joins; ben joins; ana sets track_cooldown_ms 3600000; ana sets artist_cooldown_ms 600000");
    story.play("ana adds hit=180@queen a2 a3 a4 a5; ana skips; wait 60");
    assert_eq!(story.refused("ben adds hit"), ErrorCode::Cooldown);
    assert_eq!(story.refused("ben adds other@queen"), ErrorCode::Cooldown);
    assert_eq!(story.refused("ben adds other@QUÉEN"), ErrorCode::Cooldown, "spelled in another way");
    story.play("wait 541; ben adds other@queen");
    assert_eq!(story.refused("ben adds hit"), ErrorCode::Cooldown);
    story.play("wait 3000; ben adds hit");
    let refusal = story.refusal("ana adds hit");
    assert!(matches!(refusal, Refusal::TrackCooldown { left_ms: 3_500_000.. }), "it is on: {refusal}");
}

#[test]
fn case_10_the_fallback_playlist_plays_while_all_queues_are_empty_and_is_not_charged() {
    let mut story = Story::new();
    story.play("ana joins; ben joins; ana falls back to x y; next");
    assert_eq!(story.to_string(), "y playing");
    story.play("ben adds b1");
    assert_eq!(story.to_string(), "y playing · b1", "any member's entry goes ahead of the list");
    story.play("next; next");
    assert_eq!(story.to_string(), "x playing", "and the list goes on");
    story.play("ben skips");
    assert_eq!(story.to_string(), "y playing", "nobody's track is anybody's to skip");
    let ana = story.user("ana");
    assert_eq!(story.room.ledger_of(ana).expect("known").airtime_ms, 0);
    story.play("ana goes; ben goes; next");
    assert_eq!(story.to_string(), "idle", "nobody is here to hear it");
    story.play("ben returns");
    assert_eq!(story.to_string(), "x playing");
}

#[test]
fn case_11_votes_outlast_their_voter_and_each_member_has_one() {
    let mut story = Story::new();
    story.play("ana joins; ben joins; cai joins; ana sets policy votes; ana adds a1 a2 a3; ben votes a3; ben votes a3");
    assert_eq!(story.to_string(), "a1 playing · a3 · a2");
    story.play("ben leaves; cai votes a2; cai votes against a2");
    assert_eq!(story.to_string(), "a1 playing · a3 · a2", "ben's vote is still there, cai's counts once");
    story.play("ben joins; ben votes against a3; cai unvotes a2");
    assert_eq!(story.to_string(), "a1 playing · a2 · a3", "and it is the same one after ben's return");
    assert_eq!(story.refused("ana votes a2"), ErrorCode::Invalid);
}

#[test]
fn case_12_a_member_without_the_permission_is_paused_and_the_others_keep_their_order() {
    let script = "ana joins; ben joins; cai joins; ana adds a1 a2; ben adds b1 b2; cai adds c1 c2";
    for (off, on) in [
        ("ana makes ben listener", "ana makes ben player"),
        ("ana withholds ben queue", "ana grants ben queue"),
        ("ben holds", "ana resumes ben"),
    ] {
        check(&format!("{script}; {off}"), &expect!["a1 playing · c1 · a2 · c2"]);
        check(&format!("{script}; {off}; {on}"), &expect!["a1 playing · b1 · c1 · a2 · b2 · c2"]);
    }
}

#[test]
fn case_13_a_restart_gives_the_same_order_to_the_entry_whatever_the_clock_says() {
    let mut story = Story::new();
    story.play("ana joins; ben joins; cai joins; ana weighs ben 200; ana adds a1 a2 a3; ben adds b1=400 b2 b3; next");
    story.play("cai adds c1 c2; cai votes a2; ana sets policy rotation");
    let mut replayed = RoomState::new(RoomCode::from_bits(1));
    story.events.iter().for_each(|event| replayed.apply(event));
    assert_eq!(replayed, story.room);
    let checkpoint = serde_json::to_string(&story.room).expect("JSON");
    let mut went_on = story.clone();
    story.room = serde_json::from_str(&checkpoint).expect("reads back");
    story.now_ms -= 86_400_000;
    assert_eq!(story.to_string(), went_on.to_string());
    for one in [&mut story, &mut went_on] {
        one.play("ben adds b4; ana removes a2");
    }
    assert_eq!(story.to_string(), went_on.to_string());
}

#[test]
fn case_14_a_birthday_guest_with_weight_2_plays_twice_as_much() {
    check(
        "ana joins; ben joins; ana weighs ben 200; ana adds a1 a2 a3; ben adds b1 b2 b3 b4 b5",
        &expect!["a1 playing · b1 · b2 · a2 · b3 · b4 · a3 · b5"],
    );
}

#[test]
fn an_unplayable_track_is_not_charged() {
    let mut story = Story::new();
    story.play("ana joins; ben joins; ben adds b1 b2; ana adds a1 a2");
    let unplayable = tutti_protocol::Command::Skip { entry: None, unplayable: Some(true) };
    assert_eq!(story.command("ben", unplayable.clone()).map_err(|refusal| refusal.code()), Err(ErrorCode::Forbidden));
    story.command("ana", unplayable).expect("the host may");
    assert_eq!(story.to_string(), "a1 playing · b2 · a2");
    let ben = story.user("ben");
    assert_eq!(story.room.ledger_of(ben).expect("known").start_tag().0, 0);
    let ended = story.events.iter().rev().find_map(|event| match event {
        tutti_protocol::Event::EntryEnded { reason, .. } => Some(*reason),
        _ => None,
    });
    assert_eq!(ended, Some(EndReason::Unplayable));
}
