//! Which devices play.

use tutti_protocol::{Command, DeviceId, ErrorCode, Event, Output, OutputMode};
use tutti_room_state::{OUTPUT_DEVICES_MAX, RoomState};
use uuid::Uuid;

use crate::script::{Story, device};

#[test]
fn a_room_starts_with_everybodys_devices_and_the_host_chooses_others() {
    let mut story = Story::new();
    story.play("ana joins; ben joins");
    assert_eq!(story.room.snapshot().output, Output { mode: OutputMode::Everyone, devices: [].into() });
    story.play("ana leaves out d1");
    assert!(!story.room.output().lets_play(device("d1")) && story.room.output().lets_play(device("d2")));
    story.play("ana plays on d1 d3");
    assert!(story.room.output().lets_play(device("d1")) && !story.room.output().lets_play(device("d2")));
    assert_eq!(story.room.snapshot().output, *story.room.output());
}

#[test]
fn the_list_is_a_set_and_the_same_again_is_nothing_new() {
    let mut story = Story::new();
    story.play("ana joins; ana plays on d2 d1");
    let known = story.events.len();
    story.play("ana plays on d1 d2 d1");
    assert_eq!(story.events.len(), known);
}

#[test]
fn so_many_devices_are_named_at_most() {
    let devices = |count: usize| (0..count).map(|number| DeviceId(Uuid::from_u128(number as u128))).collect();
    let mut story = Story::new();
    story.play("ana joins");
    let mut choose =
        |count| story.command("ana", Command::SetOutput { mode: OutputMode::Speakers, devices: devices(count) });
    choose(OUTPUT_DEVICES_MAX).expect("as many as may be");
    assert_eq!(choose(OUTPUT_DEVICES_MAX + 1).map_err(|refusal| refusal.code()), Err(ErrorCode::LimitReached));
}

#[test]
fn a_choice_is_noted_and_is_nobodys_business_but_the_hosts() {
    let mut story = Story::new();
    story.play("ana joins; ben joins; ana leaves out d1");
    let noted = story.events.iter().find_map(|event| match event {
        Event::Noted { note } => Some(note.deed.clone()),
        _ => None,
    });
    assert_eq!(noted.as_deref(), Some("set_output"));
    assert_eq!(story.refused("ben plays on d2"), ErrorCode::Forbidden);
    story.play("ana makes ben cohost; ben plays on d2");
}

#[test]
fn a_room_from_before_there_was_a_choice_plays_everywhere() {
    let mut story = Story::new();
    story.play("ana joins; ana adds a1");
    let checkpoint = serde_json::to_value(&story.room).expect("JSON");
    assert!(checkpoint.get("output").is_none(), "what is as in a new room is not written");
    let restored: RoomState = serde_json::from_value(checkpoint).expect("reads back");
    assert_eq!(restored.output().mode, OutputMode::Everyone);
}
