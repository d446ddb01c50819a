//! Who plays next, and why: the cases that people complain about elsewhere.

use expect_test::expect;
use tutti_protocol::PlaceReason;

use crate::script::{Story, check};

#[test]
fn two_queues_merge_by_turn() {
    check("ana joins; ana adds a1 a2; ben joins; ben adds b1", &expect!["a1 playing · b1 · a2"]);
}

#[test]
fn after_a_flood_of_600_the_second_member_plays_next() {
    let mut story = Story::new();
    story.play("ana joins; ben joins");
    for number in 0..600 {
        story.play(&format!("ana adds a{number}"));
    }
    story.play("ben adds b1");
    assert!(story.to_string().starts_with("a0 playing · b1 · a1 · a2"), "{story}");
}

#[test]
fn three_who_join_in_turn_play_in_turn() {
    check(
        "ana joins; ana adds a1 a2 a3; ben joins; ben adds b1 b2 b3; cai joins; cai adds c1 c2 c3",
        &expect!["a1 playing · b1 · c1 · a2 · b2 · c2 · a3 · b3 · c3"],
    );
}

#[test]
fn the_current_entry_counts_as_its_owners_turn() {
    check(
        "ana joins; ben joins; ana adds a1; ben adds b1; ana adds a2; ben adds b2",
        &expect!["a1 playing · b1 · a2 · b2"],
    );
}

#[test]
fn a_latecomer_is_neither_last_nor_first_for_an_hour() {
    check(
        "ana joins; ben joins; ana adds a1 a2 a3 a4 a5 a6; ben adds b1 b2 b3 b4 b5 b6; \
         next; next; next; next; next; cai joins; cai adds c1 c2 c3",
        &expect!["b3 playing · c1 · a4 · b4 · c2 · a5 · b5 · c3 · a6 · b6"],
    );
}

#[test]
fn a_member_who_leaves_and_returns_keeps_entries_and_place() {
    let script = "ana joins; ben joins; cai joins; ana adds a1 a2; ben adds b1 b2; cai adds c1 c2";
    check(script, &expect!["a1 playing · b1 · c1 · a2 · b2 · c2"]);
    check(&format!("{script}; ben goes"), &expect!["a1 playing · c1 · a2 · c2"]);
    check(&format!("{script}; ben goes; ben returns"), &expect!["a1 playing · b1 · c1 · a2 · b2 · c2"]);
}

#[test]
fn being_away_earns_nothing() {
    check(
        "ana joins; ben joins; ana adds a1 a2 a3 a4 a5; ben adds b1 b2 b3; ben goes; next; next; next; ben returns",
        &expect!["a4 playing · b1 · a5 · b2 · b3"],
    );
}

#[test]
fn a_long_track_evens_out_in_airtime() {
    check(
        "ana joins; ben joins; ana adds long=540 a2 a3; ben adds b1 b2 b3 b4",
        &expect!["long playing · b1 · b2 · b3 · a2 · b4 · a3"],
    );
}

#[test]
fn a_very_long_track_does_not_silence_its_owner_for_longer_than_the_debt_bound() {
    let mut story = Story::new();
    story.play("ana joins; ben joins; ana adds symphony=5400 a2; ben adds b1 b2 b3 b4 b5 b6 b7 b8 b9");
    assert_eq!(story.to_string(), "symphony playing · b1 · b2 · b3 · b4 · a2 · b5 · b6 · b7 · b8 · b9");
}

#[test]
fn skipping_is_charged_for_what_was_played_but_never_for_nothing() {
    check("ana joins; ben joins; ana adds a1 a2; ben adds b1 b2; wait 60; ana skips", &expect!["b1 playing · a2 · b2"]);
    check(
        "ana joins; ben joins; ana adds a1 a2 a3 a4 a5 a6 a7 a8; ben adds b1; ana skips; ben skips; ana skips; ana skips; ana skips",
        &expect!["a5 playing · a6 · a7 · a8"],
    );
}

#[test]
fn a_kicked_member_leaves_the_order_at_once() {
    check("ana joins; ben joins; ana adds a1 a2; ben adds b1 b2; ana kicks ben", &expect!["a1 playing · a2"]);
}

#[test]
fn rejoining_gives_no_extra_turn() {
    check(
        "ana joins; ben joins; ben adds b1; ana adds a1; next; ben leaves; ben joins; ben adds b2; ana adds a2",
        &expect!["a1 playing · b2 · a2"],
    );
}

#[test]
fn a_member_who_loses_the_permission_waits_and_the_others_keep_their_order() {
    let script =
        "ana joins; ben joins; cai joins; ana adds a1 a2; ben adds b1 b2; cai adds c1 c2; ana makes ben listener";
    check(script, &expect!["a1 playing · c1 · a2 · c2"]);
    check(&format!("{script}; ana makes ben player"), &expect!["a1 playing · b1 · c1 · a2 · b2 · c2"]);
}

#[test]
fn the_next_entry_is_locked_before_the_change_and_no_entry_overtakes_it() {
    let mut story = Story::new();
    story.play("ana joins; ana adds a1 a2; wait 172; ben joins; ben adds b1");
    assert_eq!(story.to_string(), "a1 playing · a2 · b1");
    assert_eq!(story.room.order(1)[0].place.reason, PlaceReason::Locked);
    story.play("next");
    assert_eq!(story.to_string(), "a2 playing · b1");
}

#[test]
fn removing_a_locked_entry_makes_room_for_the_next() {
    check("ana joins; ana adds a1 a2 a3; wait 172; ana removes a2", &expect!["a1 playing · a3"]);
    check("ana joins; ana adds a1 a2 a3; wait 172; ana removes a2; wait 8", &expect!["a3 playing"]);
}

#[test]
fn own_entries_move_within_their_queue_only() {
    check(
        "ana joins; ben joins; ana adds a1 a2 a3 a4; ben adds b1 b2; ana moves a4 before a2",
        &expect!["a1 playing · b1 · a4 · b2 · a2 · a3"],
    );
    check("ana joins; ana adds a1 a2 a3 a4; ana moves a2 last", &expect!["a1 playing · a3 · a4 · a2"]);
    check("ana joins; ana adds a1 a2 a3; ana adds a4 before a2", &expect!["a1 playing · a4 · a2 · a3"]);
}

#[test]
fn every_place_has_its_reason() {
    let mut story = Story::new();
    story.play("ana joins; ben joins; cai joins; ana adds a1 a2 a3; ben adds b1 b2; cai adds c1; next");
    let (ben, cai) = (story.user("ben"), story.user("cai"));
    assert_eq!(story.to_string(), "b1 playing · c1 · a2 · b2 · a3");
    let places: Vec<_> = story.room.order(10).into_iter().map(|placed| placed.place).collect();
    assert_eq!(places[0].reason, PlaceReason::Next);
    assert_eq!((places[1].reason, places[1].behind.as_slice()), (PlaceReason::LessAirtime, &[cai][..]));
    assert_eq!(places[1].airtime_ms, 180_000);
    assert_eq!((places[2].reason, places[2].behind.len()), (PlaceReason::LessAirtime, 2));
    assert_eq!((places[3].reason, places[3].turn), (PlaceReason::OwnQueue, 2));
    assert_eq!(places[3].behind, [ben]);
}

#[test]
fn of_two_newcomers_the_first_to_join_plays_first() {
    let mut story = Story::new();
    story.play("ana joins; ana adds a1; ben joins; cai joins; cai adds c1; ben adds b1");
    let ben = story.user("ben");
    assert_eq!(story.to_string(), "a1 playing · b1 · c1");
    let place = story.room.order(2)[1].place.clone();
    assert_eq!((place.reason, place.behind), (PlaceReason::WaitedLonger, vec![ben]));
}

#[test]
fn an_entry_that_is_put_first_costs_its_owner_their_next_turn() {
    check(
        "ana joins; ben joins; cai joins; ana adds a1 a2; ben adds b1 b2; cai adds c1 c2; ana puts c2 first; next",
        &expect!["c2 playing · b1 · a2 · c1 · b2"],
    );
}

#[test]
fn a_newcomer_catches_up_with_no_turns_that_were_played_ahead_of_the_order() {
    check(
        "ana joins; ana adds a1 a2 a3 a4 a5 a6; ana puts a2 first; next; ana puts a4 first; next; ana puts a6 first;
         next; ben joins; ben adds b1 b2 b3 b4",
        &expect![["a6 playing · b1 · a3 · b2 · a5 · b3 · b4"]],
    );
    check(
        "ana joins; cai joins; cai adds c1 c2 c3 c4; ana adds a1 a2 a3; ana puts c2 first; next; ana puts c3 first; next;
         ben joins; ben adds b1 b2 b3 b4",
        &expect![["c3 playing · a1 · b1 · a2 · b2 · a3 · b3 · c4 · b4"]],
    );
}
