//! Who belongs to the room, and how they are shown.

use expect_test::expect;
use tutti_protocol::{ErrorCode, Event, Member, PlaceReason, RoomCode, UserKind};
use tutti_room_state::{Input, Newcomer, PICTURE_BYTES_MAX, RoomState};

use crate::script::{Story, check};

/// How somebody is shown, if they are.
fn shown(story: &mut Story, name: &str) -> Option<Member> {
    let id = story.user(name);
    story.room.snapshot().members.into_iter().find(|member| member.id == id)
}

/// What happened since there were `known` events.
fn since(story: &Story, known: usize) -> Vec<String> {
    story.events[known..]
        .iter()
        .map(|event| serde_json::to_value(event).expect("JSON")["name"].as_str().expect("a name").to_owned())
        .collect()
}

#[test]
fn a_returning_member_is_shown_with_their_new_name_and_picture() {
    let mut story = Story::new();
    story.play("ana joins; ben joins; ben adds b1 b2");
    let known = story.events.len();
    story.play("ben returns");
    assert_eq!(since(&story, known), [""; 0], "nothing changed");

    story.play("ben returns with /ben.webp");
    assert_eq!(shown(&mut story, "ben").expect("here").picture.as_deref(), Some("/ben.webp"));
    story.play("ben returns with /ben.webp; ben returns as Benno");
    assert_eq!(since(&story, known), ["member_changed", "member_changed"], "the same again is no change");
    let ben = shown(&mut story, "ben").expect("here");
    assert_eq!((ben.name.as_str(), ben.picture), ("Benno", None));
    assert_eq!(story.to_string(), "b1 playing · b2", "what they are called is not what they have waiting");
}

#[test]
fn a_member_can_return_from_away_and_change_at_once() {
    let mut story = Story::new();
    story.play("ana joins; ben joins; ben goes");
    let known = story.events.len();
    story.play("ben returns with /ben.webp");
    assert_eq!(since(&story, known), ["member_returned", "member_changed"]);
}

#[test]
fn a_guest_who_made_an_account_is_shown_as_an_account() {
    let mut story = Story::new();
    story.play("ana joins");
    let ana = Newcomer { kind: UserKind::User, ..story.newcomer("ana") };
    story.handle(&Input::Enter(ana)).expect("a member");
    assert_eq!(shown(&mut story, "ana").expect("here").kind, UserKind::User);
}

#[test]
fn a_picture_with_a_too_long_url_is_ignored() {
    let mut story = Story::new();
    story.play("ana joins");
    for (length, kept) in [(PICTURE_BYTES_MAX, true), (PICTURE_BYTES_MAX + 1, false)] {
        let ana = Newcomer { picture: Some("x".repeat(length)), ..story.newcomer("ana") };
        story.handle(&Input::Enter(ana)).expect("a member");
        assert_eq!(shown(&mut story, "ana").expect("here").picture.is_some(), kept, "{length}");
    }
}

#[test]
fn neither_name_nor_picture_of_a_former_member_is_kept() {
    let mut story = Story::new();
    story.play("ana joins; ben joins; ben returns with /ben.webp; ben adds b1; ben leaves");
    let ben = story.user("ben");
    assert!(story.room.ledger_of(ben).is_some(), "their airtime is");
    let kept = serde_json::to_string(&story.room).expect("JSON");
    assert!(!kept.contains("\"ben\"") && !kept.contains("/ben.webp"), "{kept}");
}

#[test]
fn a_journal_without_pictures_still_replays() {
    let id = "00000000-0000-0000-0000-000000000001";
    let member = format!(r#"{{"id":"{id}","name":"Ana","role":"host","kind":"guest","away":false}}"#);
    let mut room = RoomState::new(RoomCode::from_bits(1));
    for line in [
        format!(r#"{{"name":"room_created","room_name":"Party","host":{member}}}"#),
        format!(r#"{{"name":"member_renamed","member":"{id}","member_name":"Anna"}}"#),
    ] {
        let event: Event = serde_json::from_str(&line).expect("an old event");
        room.apply(&event);
        assert_eq!(serde_json::to_string(&event).expect("JSON"), line, "and is written as it was");
    }
    let members = room.snapshot().members;
    assert_eq!((members[0].name.as_str(), &members[0].picture), ("Anna", &None));
    let checkpoint = serde_json::to_string(&room).expect("JSON");
    assert!(!checkpoint.contains("picture"), "no picture leaves no trace, so an old checkpoint is one of today");
}

/// Members in the order they joined, with their role.
fn people(story: &Story) -> Vec<String> {
    let members = story.room.snapshot().members;
    members.into_iter().map(|member| format!("{} {:?}", member.name, member.role)).collect()
}

#[test]
fn a_guest_who_logs_in_keeps_queue_role_and_place() {
    let mut story = Story::new();
    story.play("ana joins; ben joins; cai joins; ana makes ben cohost; ben adds b1 b2 b3; cai adds c1");
    assert_eq!(story.to_string(), "b1 playing · c1 · b2 · b3");
    story.play("ben becomes ada");
    assert_eq!(story.to_string(), "b1 playing · c1 · b2 · b3", "what is on counts as the account's turn");
    assert_eq!(people(&story), ["ana Host", "ada Cohost", "cai Player"]);
    let (ben, ada) = (story.user("ben"), story.user("ada"));
    assert_eq!(story.room.now_playing().expect("b1 is on").member, ada);
    assert!(story.room.queue_of(ada).all(|entry| entry.member == ada));
    assert_eq!(story.room.ledger_of(ben), None);
    assert_eq!(shown(&mut story, "ada").expect("here").kind, UserKind::User);
    story.play("ada skips");
    assert_eq!(story.to_string(), "c1 playing · b2 · b3");
    assert_eq!(story.refused("ben adds b4"), ErrorCode::Forbidden);
}

#[test]
fn merging_puts_the_guests_queue_behind_the_accounts() {
    check(
        "ana joins; ben joins; ada joins; ana adds a1 a2 a3 a4 a5 a6; ben adds b1 b2; ada adds d1 d2; ben becomes ada",
        &expect!["a1 playing · d1 · a2 · d2 · a3 · b1 · a4 · b2 · a5 · a6"],
    );
}

#[test]
fn logging_in_gains_no_airtime() {
    let script =
        "ana joins; ben joins; ada joins; ana adds a1 a2 a3 a4; ben adds b1=540 b2; ada adds d1=60 d2=60; next";
    let mut story = Story::new();
    story.play(script);
    assert_eq!(story.to_string(), "b1 playing · d1 · d2 · a2 · a3 · b2 · a4");
    story.play("next; next");
    assert_eq!(story.to_string(), "d2 playing · a2 · a3 · b2 · a4");
    let (ben, ada) = (story.user("ben"), story.user("ada"));
    let of = |story: &Story, id| story.room.ledger_of(id).cloned().unwrap_or_default();
    let (bens, adas) = (of(&story, ben), of(&story, ada));
    story.play("ben becomes ada");
    let merged = of(&story, ada);
    assert_eq!(story.to_string(), "d2 playing · a2 · a3 · b2 · a4", "ben's long track still counts");
    assert_eq!(merged.airtime_ms, bens.airtime_ms + adas.airtime_ms);
    assert_eq!((merged.finish, merged.last_start), (bens.finish, adas.last_start));
    story.play("ada skips");
    assert_eq!(story.to_string(), "a2 playing · a3 · b2 · a4", "even once what is on is over");
}

#[test]
fn a_host_who_logs_in_stays_host() {
    let mut story = Story::new();
    story.play("ana joins; ben joins; ana becomes ada");
    assert_eq!(people(&story), ["ada Host", "ben Player"]);
    story.play("ada hands ben; ben becomes ada");
    assert_eq!(people(&story), ["ada Host"]);
}

#[test]
fn merging_a_non_member_or_oneself_changes_nothing() {
    let mut story = Story::new();
    story.play("ana joins; ben joins; ben adds b1; ben leaves");
    let known = story.events.len();
    story.play("ana becomes ana; ben becomes ada; eve becomes ada");
    assert_eq!(since(&story, known), [""; 0]);
}

#[test]
fn merging_an_away_member_with_a_present_one_is_present() {
    let mut story = Story::new();
    story.play("ana joins; ben joins; ada joins; ben adds b1 b2; ada adds d1; ben goes; ben becomes ada");
    assert_eq!(story.to_string(), "b1 playing · d1 · b2");
    story.play("ada goes; cai joins; ada becomes cai");
    assert_eq!(story.to_string(), "b1 playing · d1 · b2");
    story.play("cai goes; cai becomes dee");
    assert_eq!(story.to_string(), "b1 playing", "one who is away on both sides stays away");
    story.play("dee returns");
    assert_eq!(story.to_string(), "b1 playing · d1 · b2");
}

#[test]
fn a_locked_entry_stays_next_through_a_merge() {
    let script = "ana joins; ben joins; ada joins; ana adds a1; ben adds b1 b2; ada adds d1";
    check(&format!("{script}; ben becomes ada"), &expect!["a1 playing · d1 · b1 · b2"]);
    check(&format!("{script}; wait 172; ben becomes ada"), &expect!["a1 playing · b1 · d1 · b2"]);
    let mut story = Story::new();
    story.play(&format!("{script}; wait 172; ada becomes ben"));
    assert_eq!(story.to_string(), "a1 playing · b1 · b2 · d1");
    assert_eq!(story.room.order(1)[0].place.reason, PlaceReason::Locked);
}

#[test]
fn a_merged_queue_may_exceed_the_limit_but_takes_no_more() {
    let mut story = Story::new();
    story.play("ana joins; ben joins; ada joins; ana adds a1");
    for number in 0..tutti_room_state::ENTRIES_PER_MEMBER_MAX {
        story.play(&format!("ben adds b{number}; ada adds d{number}"));
    }
    story.play("ben becomes ada");
    let ada = story.user("ada");
    assert_eq!(story.room.queue_of(ada).count(), 2 * tutti_room_state::ENTRIES_PER_MEMBER_MAX);
    assert_eq!(story.refused("ada adds more"), ErrorCode::LimitReached);
}

#[test]
fn erasing_a_member_keeps_only_their_current_entry() {
    let mut story = Story::new();
    story.play("ana joins; ben joins; ben returns with /ben.webp; ana adds a1; ben adds b1 b2 b3; next");
    assert_eq!(story.to_string(), "b1 playing · b2 · b3");
    story.play("ben vanishes");
    assert_eq!(story.to_string(), "b1 playing");
    assert_eq!(people(&story), ["ana Host"]);
    let kept = serde_json::to_string(&story.room).expect("JSON");
    assert!(!kept.contains("\"ben\"") && !kept.contains("/ben.webp"), "{kept}");
    let ben = story.user("ben");
    assert_eq!(story.room.ledger_of(ben), None);
    story.play("wait 400");
    assert_eq!(story.to_string(), "idle");
    assert_eq!(story.room.ledger_of(ben), None, "nor does the end of what was on bring anything back");
}

#[test]
fn erasing_the_host_hands_the_room_to_a_successor() {
    for (script, host) in [
        ("cai joins; ben joins; ana makes ben cohost", "ben"),
        ("ben joins; cai joins; ana makes cai cohost; ana makes ben cohost; ben goes", "ben"),
        ("ben joins; cai joins; dee joins; ana makes ben listener", "cai"),
        ("ben joins; cai joins; ben goes", "cai"),
    ] {
        let mut story = Story::new();
        story.play(&format!("ana joins; {script}; ana adds a1 a2; ana vanishes"));
        assert_eq!((story.room.host(), story.to_string()), (Some(story.user(host)), "a1 playing".into()), "{script}");
    }
    for script in ["", "ben joins; ana makes ben listener", "ben joins; ben goes", "ben joins; ben leaves"] {
        let mut story = Story::new();
        story.play(&format!("ana joins; {script}; ana vanishes"));
        assert!(story.room.is_closed(), "{script}");
        assert!(!serde_json::to_string(&story.room).expect("JSON").contains("\"ana\""), "{script}");
    }
}

#[test]
fn erasing_a_former_member_is_an_event() {
    let mut story = Story::new();
    story.play("ana joins; ben joins; ben adds b1; ben leaves");
    let known = story.events.len();
    story.play("ben vanishes; ben vanishes");
    assert_eq!(since(&story, known), ["member_forgotten", "member_forgotten"]);
    let ben = story.user("ben");
    assert_eq!(story.room.ledger_of(ben), None, "their airtime goes, too");
    assert_eq!(story.to_string(), "b1 playing");
}
