//! How the order is made, limits and votes.

use expect_test::expect;
use tutti_protocol::{Answer, Command, ErrorCode, Event, PlaceReason, Policy};
use tutti_room_state::Refusal;

use crate::script::{Story, check};

const SCRIPT: &str = "ana joins; ben joins; cai joins; ana adds a1 a2=600 a3; wait 1; ben adds b1=60 b2=60 b3=60; \
     wait 1; cai adds c1; ben votes c1; cai votes b3";

#[test]
fn an_album_is_added_by_one_command_as_far_as_limits_allow() {
    check("ana joins; ben joins; ben adds b1; ana adds all a1 a2 a3", &expect!["b1 playing · a1 · a2 · a3"]);
    check(
        "ana joins; ana sets entries_per_member_max 2; ana adds a0; ana adds all a1 a2 a3 a4",
        &expect!["a0 playing · a1 · a2"],
    );
    check(
        "ana joins; ana sets duplicates refuse; ana adds a0 a1; ana adds all a1 a2 a2 a3",
        &expect!["a0 playing · a1 · a2 · a3"],
    );
}

#[test]
fn each_policy_has_its_own_order() {
    check(SCRIPT, &expect!["a1 playing · b1 · c1 · b2 · b3 · a2 · a3"]);
    for (policy, expected) in [
        ("rotation", expect!["a1 playing · b1 · c1 · a2 · b2 · a3 · b3"]),
        ("fifo", expect!["a1 playing · a2 · a3 · b1 · b2 · b3 · c1"]),
        ("votes", expect!["a1 playing · b3 · c1 · a2 · a3 · b1 · b2"]),
        ("host", expect!["a1 playing · b1 · c1 · b2 · b3 · a2 · a3"]),
    ] {
        check(&format!("{SCRIPT}; ana sets policy {policy}"), &expected);
    }
}

#[test]
fn the_current_entry_is_charged_by_the_current_settings() {
    let script = "ana joins; ben joins; ana sets policy rotation; ana adds a1=600 a2; ben adds b1 b2 b3 b4";
    check(script, &expect!["a1 playing · b1 · a2 · b2 · b3 · b4"]);
    // What is shown after the switch is what plays: nothing moves when a1 ends and is charged for good.
    check(&format!("{script}; ana sets policy fair"), &expect!["a1 playing · b1 · b2 · b3 · b4 · a2"]);
    check(&format!("{script}; ana sets policy fair; wait 601"), &expect!["b1 playing · b2 · b3 · b4 · a2"]);
}

#[test]
fn every_policy_has_its_reasons() {
    use PlaceReason::{AddedEarlier, FewerTurns, HostsOrder, LessAirtime, Next, OwnQueue, Voted};
    for (policy, expected) in [
        ("fair", [Next, PlaceReason::WaitedLonger, OwnQueue, OwnQueue, LessAirtime]),
        ("rotation", [Next, PlaceReason::WaitedLonger, FewerTurns, OwnQueue, OwnQueue]),
        ("fifo", [Next, OwnQueue, AddedEarlier, OwnQueue, OwnQueue]),
        ("votes", [Next, AddedEarlier, Voted, AddedEarlier, Voted]),
        ("host", [Next, HostsOrder, HostsOrder, HostsOrder, HostsOrder]),
    ] {
        let mut story = Story::new();
        story.play(&format!("{SCRIPT}; ana sets policy {policy}"));
        let reasons: Vec<_> = story.room.order(5).into_iter().map(|placed| placed.place.reason).collect();
        assert_eq!(reasons, expected, "{policy}: {story}");
    }
}

#[test]
fn a_preview_is_the_future_order_and_changes_nothing() {
    for policy in Policy::ALL {
        let mut story = Story::new();
        story.play(SCRIPT);
        let before = story.room.clone();
        story.command("ana", Command::PreviewPolicy { policy: *policy }).expect("the host may ask");
        let Some(Answer::Upcoming(seen)) = story.room.answer(&Command::PreviewPolicy { policy: *policy }) else {
            panic!("an order")
        };
        assert_eq!(story.room, before);
        story.command("ana", Command::SetPolicy { policy: *policy }).expect("the host may set");
        assert_eq!(story.room.upcoming().0, seen, "{policy:?}");
        let refused = story.command("ben", Command::PreviewPolicy { policy: *policy });
        assert_eq!(refused.map_err(|refusal| refusal.code()), Err(ErrorCode::Forbidden));
    }
}

#[test]
fn under_the_policy_host_the_host_moves_any_entry_and_new_entries_come_last() {
    let mut story = Story::new();
    story.play("ana joins; ben joins; ana adds a1 a2 a3; ben adds b1 b2; ana sets policy host");
    assert_eq!(story.to_string(), "a1 playing · b1 · a2 · b2 · a3");
    assert_eq!(story.refused("ben moves b2 before b1"), ErrorCode::Forbidden);
    story.play("ana moves b2 before b1; ana moves a2 last; ben adds b3");
    assert_eq!(story.to_string(), "a1 playing · b2 · b1 · a3 · a2 · b3");
    story.play("ben goes");
    assert_eq!(story.to_string(), "a1 playing · a3 · a2");
    story.play("ben returns; ana removes a3; ana sets policy fair");
    assert_eq!(story.to_string(), "a1 playing · b1 · a2 · b2 · b3");
}

#[test]
fn a_locked_entry_stays_next_through_changes_of_policy_and_votes() {
    let mut story = Story::new();
    story.play("ana joins; ben joins; ana sets policy votes; ana adds a1 a2 a3; ben votes a3; wait 172; ben adds b1");
    assert_eq!(story.to_string(), "a1 playing · a3 · a2 · b1");
    story.play("ana votes b1; ben votes a2; ben votes against a3; cai joins; cai votes a2");
    assert_eq!(story.to_string(), "a1 playing · a3 · a2 · b1");
    for policy in ["fair", "rotation", "fifo", "host", "votes"] {
        story.play(&format!("ana sets policy {policy}"));
        assert!(story.to_string().starts_with("a1 playing · a3 · "), "{policy}: {story}");
    }
    story.play("next");
    assert!(story.to_string().starts_with("a3 playing"), "{story}");
}

#[test]
fn a_policy_change_carries_no_credit_over() {
    let mut story = Story::new();
    story.play("ana joins; ben joins; ana sets policy fifo; ana adds a1 a2 a3 a4 a5 a6; wait 1; ben adds b1 b2 b3");
    story.play("next; next; next; ana sets policy fair");
    assert_eq!(story.to_string(), "a4 playing · b1 · a5 · b2 · a6 · b3");
}

#[test]
fn players_max_limits_who_plays_and_members_step_down() {
    let script = "ana joins; ben joins; cai joins; dee joins; ana sets players_max 2; \
         ana adds a1 a2 a3 a4; ben adds b1 b2 b3; cai adds c1 c2; dee adds d1";
    check(script, &expect!["a1 playing · b1 · a2 · b2 · a3 · b3 · a4"]);
    check(&format!("{script}; ben steps down"), &expect!["a1 playing · c1 · a2 · c2 · a3 · a4"]);
    check(&format!("{script}; ben goes"), &expect!["a1 playing · c1 · a2 · c2 · a3 · a4"]);
    check(&format!("{script}; ben goes; ben returns"), &expect!["a1 playing · b1 · a2 · b2 · a3 · b3 · a4"]);
    let mut story = Story::new();
    story.play(&format!("{script}; ana sets step_down_after 1; next"));
    assert_eq!(story.to_string(), "b1 playing · c1 · a2 · c2 · a3 · a4");
    story.play("next; next; next; next");
    assert_eq!(story.to_string(), "b2 playing · c2 · a3 · a4");
    assert_eq!(story.room.snapshot().waitlist.len(), 3);
    assert_eq!(story.refusal("dee steps down"), Refusal::NotInWaitlist);
}

#[test]
fn the_hosts_limits_hold_for_every_member_and_can_be_changed() {
    let mut story = Story::new();
    story.play("ana joins; ben joins; ana adds a1; ana sets entries_per_member_max 2; ben adds b1 b2");
    assert_eq!(story.refusal("ben adds b3"), Refusal::TooManyEntries { max: 2 });
    story.play("ana sets entries_per_member_max 0; ana sets minutes_per_member_max 10; ben adds b3");
    assert_eq!(story.refusal("ben adds b4=61"), Refusal::TooManyMinutes { max: 10 });
    story.play("ben adds b4=60; ana sets track_ms_max 300000");
    assert_eq!(story.refusal("ana adds long=301").to_string(), "Tracks may be 5:00 long here.");
    story.play("ana adds long=300; ana adds rude!; ana sets explicit refuse");
    assert_eq!(story.refusal("ana adds ruder!"), Refusal::ExplicitTrack);
    story.play("ben joins; ana sets minimum_charge_ms 0");
}

#[test]
fn an_entry_that_is_put_first_goes_ahead_under_every_policy_and_says_who_did_it() {
    for policy in ["fair", "rotation", "fifo", "votes", "host"] {
        let mut story = Story::new();
        story.play("ana joins; ben joins; cai joins; ana adds a1 a2 a3; ben adds b1 b2; cai adds c1 c2");
        story.play(&format!("ana sets policy {policy}; ana puts c2 first"));
        let shown = story.to_string();
        assert!(shown.starts_with("a1 playing · c2 · "), "{policy}: {shown}");
        let (first, known) = (story.room.order(1)[0].place.clone(), story.events.len());
        let ana = (policy != "host").then(|| story.user("ana"));
        assert_eq!((first.reason, first.promoted_by), (PlaceReason::Next, ana), "{policy}");
        story.play("ana puts c2 first");
        assert_eq!(story.events.len(), known, "it is first already");
        story.play("ana puts b2 first; ana skips; ana skips");
        assert!(story.to_string().starts_with("c2 playing"), "{policy}: the latest goes first: {story}");
    }
}

#[test]
fn what_was_put_first_waits_for_a_locked_entry_and_for_its_owner_and_can_be_moved_back() {
    let mut story = Story::new();
    story.play("ana joins; ben joins; ana adds a1 a2 a3; ben adds b1 b2; wait 172; ana puts b2 first");
    assert_eq!(story.to_string(), "a1 playing · b1 · b2 · a2 · a3");
    let known = story.events.len();
    story.play("ana puts b1 first");
    assert_eq!(story.events.len(), known, "it is about to start");
    story.play("ben goes; next; ben returns");
    assert_eq!(story.to_string(), "a2 playing · b2 · a3 · b1");
    story.play("ben moves b2 last");
    assert_eq!(story.to_string(), "a2 playing · b1 · a3 · b2");
    story.play("ana puts b2 first; ana sets policy host; ana sets policy fair");
    assert_eq!(story.to_string(), "a2 playing · b1 · a3 · b2", "the host's order ended it");
    story.play("ana puts b2 first; ana makes ben cohost; ben puts a3 first; ben vanishes");
    assert_eq!(story.to_string(), "a2 playing · a3");
}

#[test]
fn a_skip_can_be_undone_and_the_track_plays_next() {
    for policy in ["fair", "rotation", "fifo", "votes", "host"] {
        let mut story = Story::new();
        story.play("ana joins; ben joins; ana adds a1 a2; ben adds b1 b2; next");
        assert!(story.to_string().starts_with("b1 playing"), "{story}");
        story.play(&format!("ana sets policy {policy}; ana skips"));
        let skipped = story.to_string();
        story.play("ana undoes");
        let (on, _) = skipped.split_once(" · ").expect("more waits");
        assert!(story.to_string().starts_with(&format!("{on} · b1 · ")), "{policy}: {story}");
        story.play("next");
        assert!(story.to_string().starts_with("b1 playing"), "{policy}: {story}");
        assert_eq!(story.refusal("ana undoes"), Refusal::NothingToUndo);
    }
    let mut story = Story::new();
    story.play("ana joins; ben joins; ana adds a1; ben adds b1; ana skips; ben skips");
    assert_eq!(story.refusal("ana undoes"), Refusal::NothingToUndo, "their own tracks");
    story.play("ben adds b2; ana skips; ben leaves");
    assert_eq!(story.to_string(), "idle");
    story.play("ana undoes");
    assert_eq!(story.to_string(), "idle", "its owner is gone");
}

#[test]
fn blocked_tracks_and_artists_are_neither_queued_nor_approved_nor_in_the_fallback_playlist() {
    let mut story = Story::new();
    story.play("ana joins; ben joins; ana falls back to x@björk y=60 z=60; ben adds b1@Queen; ana skips");
    story.play(r#"ana sets blocked_artists ["BJORK","queen"]"#);
    assert_eq!(story.refusal("ben adds b2@QUEEN"), Refusal::ArtistBlocked);
    assert_eq!(story.refusal("ana adds all a1@Björk a2@queen"), Refusal::ArtistBlocked, "also the host's own");
    story.play("ben adds all b3@queens b4@Queen b5; ana adds a3");
    assert_eq!(story.to_string(), "b1 playing · a3 · b3 · b5", "what was queued before stays");
    story.play(r#"ana sets blocked_tracks [{"provider":"library","id":"y","label":"y"}]; ana skips; ana clears all; ana skips"#);
    assert_eq!(story.to_string(), "z playing");
    story.play("ana skips");
    assert_eq!(story.to_string(), "z playing", "the only one that is left");
    story.play("ana sets suggestions true; ben adds s1@abba");
    story.play(r#"ana sets blocked_artists ["Abba"]"#);
    assert_eq!(story.refusal("ana approves s1"), Refusal::ArtistBlocked);
    story.play("ana sets blocked_artists []; ana approves s1; ana skips");
    assert_eq!(story.to_string(), "s1 playing");
}

#[test]
fn members_who_block_at_the_same_time_lose_nothing() {
    let mut story = Story::new();
    story.play("ana joins; ben joins; ana makes ben cohost; ana opens set_settings to cohost");
    story.play("ana blocks artist Queen; ben blocks artist Björk; ana blocks y; ben blocks z");
    let names = |story: &Story| {
        let settings = story.room.snapshot().settings;
        let tracks = settings.blocked_tracks.into_iter().map(|track| track.id);
        tracks.chain(settings.blocked_artists).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(names(&story), "y z Queen Björk");
    let known = story.events.len();
    story.play("ben blocks artist QUEEN; ana blocks z; ana unblocks x; ben unblocks artist Abba");
    assert_eq!(story.events.len(), known, "as it was");
    story.play("ben unblocks artist queen; ana unblocks artist BJORK; ana unblocks y");
    assert_eq!(names(&story), "z");
    let Some(Event::Noted { note }) = story.events.last() else { panic!("a note") };
    assert_eq!((note.deed.as_str(), &note.settings[..]), ("set_settings", &["blocked_tracks".to_owned()][..]));
}

#[test]
fn an_owner_is_told_how_much_of_a_long_queue_is_not_sent() {
    let mut story = Story::new();
    let batch = |from: usize| (from..from + 100).map(|number| format!("a{number}")).collect::<Vec<_>>().join(" ");
    story.play(&format!("ana joins; ana adds on; ana adds all {}; ana adds all {}", batch(0), batch(100)));
    let ana = story.user("ana");
    let digest = |story: &Story| story.room.own_digests(&[ana]).next().expect("hers").1;
    assert_eq!(story.room.own(ana).queue_more, 0);
    let before = digest(&story);
    story.play("ana adds a200 a201 a202");
    let own = story.room.own(ana);
    assert_eq!((own.queue.len(), own.queue_more, own.queue_hidden), (200, 3, true));
    assert_ne!(digest(&story), before, "so it is sent again");
}

#[test]
fn block_lists_are_bounded() {
    let mut story = Story::new();
    story.play("ana joins");
    let artists = |count: usize, chars: usize| {
        let names: Vec<String> = (0..count).map(|number| format!("{number:0>chars$}")).collect();
        format!("ana sets blocked_artists {}", serde_json::to_string(&names).expect("JSON"))
    };
    story.play(&artists(100, 200));
    for step in [artists(101, 3), artists(1, 201), artists(0, 0).replace("[]", r#"["\u0301"]"#)] {
        assert_eq!(story.refusal(&step), Refusal::BadSetting { setting: "blocked_artists" }, "{step}");
    }
    assert_eq!(story.refusal("ana blocks artist one"), Refusal::BadSetting { setting: "blocked_artists" });
    story.play(&format!("ana unblocks artist {:0>200}; ana blocks artist one", 0));
    let nameless = r#"ana sets blocked_tracks [{"provider":"library","id":"y","label":""}]"#;
    assert_eq!(story.refusal(nameless), Refusal::BadSetting { setting: "blocked_tracks" });
}

#[test]
fn settings_are_validated_and_only_changes_are_events() {
    let mut story = Story::new();
    story.play("ana joins; ben joins");
    for step in [
        "ana sets vote_skip_share 101",
        "ana sets debt_max_ms 1000",
        "ana sets minimum_charge_ms 700000",
        "ana sets entries_per_member_max 1001",
        "ana weighs ben 0",
        "ana weighs ben 1001",
        "ana opens close_room to listener",
        "ana falls back to short=9",
    ] {
        assert_eq!(story.refused(step), ErrorCode::Invalid, "{step}");
    }
    assert_eq!(story.refused("ana weighs eve 200"), ErrorCode::NotFound);
    let known = story.events.len();
    story.play("ana sets vote_skip_share 50; ana sets policy fair; ana opens kick to host");
    assert_eq!(story.events.len(), known, "as it was");
    story.play("ana makes ben cohost; ana opens set_settings to cohost; ben sets vote_skip_share 60");
    assert_eq!(story.refused("ben opens kick to cohost"), ErrorCode::Forbidden, "that is no setting like others");
    assert_eq!(story.refused("ben sets host_claim_after_ms 1"), ErrorCode::Forbidden);
}

#[test]
fn a_share_of_present_members_who_may_vote_skips() {
    let mut story = Story::new();
    story.play(
        "ana joins; ben joins; cai joins; dee joins; eve joins; ana adds a1 a2; ben votes to skip; ben votes to skip",
    );
    assert_eq!(story.to_string(), "a1 playing · a2", "one of five, once");
    story.play("cai votes to skip");
    assert_eq!(story.to_string(), "a1 playing · a2", "two of five");
    story.play("dee dozes; eve votes to skip");
    assert_eq!(story.to_string(), "a2 playing", "three of those who are awake and the one who voted");

    let mut story = Story::new();
    story.play("ana joins; ben joins; cai joins; dee joins; eve joins; ana adds a1 a2");
    story.play("cai dozes; dee goes; ana withholds eve vote_skip; ben votes to skip");
    assert_eq!(
        story.to_string(),
        "a2 playing",
        "neither idle tabs nor those who may not vote keep a room from skipping"
    );

    let mut story = Story::new();
    story.play(
        "ana joins; ben joins; cai joins; ana sets vote_skip_share 60; ana adds a1 a2; ben votes to skip; ben drops",
    );
    story.play("cai votes to skip");
    assert_eq!(story.to_string(), "a2 playing", "who voted and left has voted");
    story.play("ana sets vote_skip_share 0");
    assert_eq!(story.refusal("cai votes to skip"), Refusal::SkipVotesOff);
}

#[test]
fn a_skip_takes_the_minimum_number_of_votes_also_in_a_small_room() {
    let mut story = Story::new();
    story.play("ana joins; ben joins; ana adds a1 a2; ana sets vote_skip_min 2; ben votes to skip");
    assert_eq!(story.to_string(), "a1 playing · a2", "half of the room, but one vote");
    assert_eq!(story.room.skip_votes_needed(&story.present), 2);
    story.play("ana votes to skip");
    assert_eq!(story.to_string(), "a2 playing");
    story.play("cai joins; dee joins; eve joins; fay joins; ana votes to skip; ben votes to skip");
    assert_eq!(story.to_string(), "a2 playing", "two, but not half of the room");
    assert_eq!(story.refusal("ana sets vote_skip_min 5001"), Refusal::BadSetting { setting: "vote_skip_min" });
}

#[test]
fn a_guest_who_logs_in_still_has_one_vote() {
    let mut story = Story::new();
    story
        .play("ana joins; ben joins; ada joins; ana adds a1 a2; ben adds b1; ben votes a2; ada votes a2; ada votes b1");
    story.play("ben becomes ada");
    let ana = story.user("ana");
    assert_eq!(story.room.queue_of(ana).next().expect("a2").votes, 1);
    let ada = story.user("ada");
    assert_eq!(story.room.queue_of(ada).next().expect("b1").votes, 0, "nor one for their own");
}

#[test]
fn history_names_the_owner_and_who_skipped_the_entry() {
    let mut story = Story::new();
    story.play(
        "ana joins; ben joins; ben adds b1; ana adds a1; next; ben adds b2; ana falls back to x; ana skips; ana skips",
    );
    let Some(Answer::History(played)) = story.room.answer(&Command::ShowHistory) else { panic!("the past") };
    let (ana, ben) = (story.user("ana"), story.user("ben"));
    let told: Vec<_> = played.iter().map(|played| (played.track.title.as_str(), played.member, played.by)).collect();
    assert_eq!(told, [("b2", Some(ben), Some(ana)), ("a1", Some(ana), Some(ana)), ("b1", Some(ben), None)]);
}
