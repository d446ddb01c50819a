//! Who belongs to the room, and how they are shown.

use tutti_protocol::{Event, Member, RoomCode, UserKind};
use tutti_room_state::{Input, Newcomer, PICTURE_BYTES_MAX, RoomState};

use crate::script::Story;

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
fn who_comes_again_with_another_picture_or_name_is_shown_by_it() {
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
fn who_returns_from_away_changed_does_both() {
    let mut story = Story::new();
    story.play("ana joins; ben joins; ben goes");
    let known = story.events.len();
    story.play("ben returns with /ben.webp");
    assert_eq!(since(&story, known), ["member_returned", "member_changed"]);
}

#[test]
fn a_guest_who_made_an_account_is_no_guest_any_more() {
    let mut story = Story::new();
    story.play("ana joins");
    let ana = Newcomer { kind: UserKind::User, ..story.newcomer("ana") };
    story.handle(&Input::Enter(ana)).expect("a member");
    assert_eq!(shown(&mut story, "ana").expect("here").kind, UserKind::User);
}

#[test]
fn a_picture_with_an_address_too_long_is_none() {
    let mut story = Story::new();
    story.play("ana joins");
    for (length, kept) in [(PICTURE_BYTES_MAX, true), (PICTURE_BYTES_MAX + 1, false)] {
        let ana = Newcomer { picture: Some("x".repeat(length)), ..story.newcomer("ana") };
        story.handle(&Input::Enter(ana)).expect("a member");
        assert_eq!(shown(&mut story, "ana").expect("here").picture.is_some(), kept, "{length}");
    }
}

#[test]
fn of_those_who_left_neither_name_nor_picture_is_kept() {
    let mut story = Story::new();
    story.play("ana joins; ben joins; ben returns with /ben.webp; ben adds b1; ben leaves");
    let ben = story.user("ben");
    assert!(story.room.ledger_of(ben).is_some(), "their airtime is");
    let kept = serde_json::to_string(&story.room).expect("JSON");
    assert!(!kept.contains("\"ben\"") && !kept.contains("/ben.webp"), "{kept}");
}

#[test]
fn a_journal_from_before_there_were_pictures_still_reads() {
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
