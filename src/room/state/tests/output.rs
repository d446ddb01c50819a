//! Which devices play.

use tutti_protocol::{Command, DeviceId, ErrorCode, Event, Output, OutputMode};
use tutti_room_state::{OUTPUT_DEVICES_MAX, RoomState};
use uuid::Uuid;

use crate::script::{Story, device};

#[test]
fn every_device_plays_at_first_and_the_host_can_choose_others() {
    let mut story = Story::new();
    story.play("ana joins; ben joins");
    assert_eq!(story.room.snapshot().output, Output::default());
    story.play("ana leaves out d1");
    assert!(!story.room.output().lets_play(device("d1")) && story.room.output().lets_play(device("d2")));
    story.play("ana plays on d1 d3");
    assert!(story.room.output().lets_play(device("d1")) && !story.room.output().lets_play(device("d2")));
    assert_eq!(story.room.snapshot().output, *story.room.output());
}

#[test]
fn setting_the_same_output_again_changes_nothing() {
    let mut story = Story::new();
    story.play("ana joins; ana plays on d2 d1");
    let known = story.events.len();
    story.play("ana plays on d1 d2 d1");
    assert_eq!(story.events.len(), known);
}

#[test]
fn the_number_of_listed_devices_is_bounded() {
    let devices = |count: usize| (0..count).map(|number| DeviceId(Uuid::from_u128(number as u128))).collect();
    let mut story = Story::new();
    story.play("ana joins");
    let mut choose =
        |count| story.command("ana", Command::SetOutput { mode: OutputMode::Speakers, devices: devices(count) });
    choose(OUTPUT_DEVICES_MAX).expect("as many as may be");
    assert_eq!(choose(OUTPUT_DEVICES_MAX + 1).map_err(|refusal| refusal.code()), Err(ErrorCode::LimitReached));
}

#[test]
fn the_host_sets_the_volume_of_single_devices_which_outlasts_a_choice_of_devices() {
    let mut story = Story::new();
    story.play("ana joins; ben joins; ana turns d1 to 40; ana turns d2 to 0; ana plays on d1; ana turns d2 to 100");
    assert_eq!(story.room.output().volumes, [(device("d1"), 40)].into());
    let known = story.events.len();
    story.play("ana turns d1 to 40; ana turns d3 to 100");
    assert_eq!(story.events.len(), known);
    assert_eq!(story.refused("ana turns d1 to 101"), ErrorCode::Invalid);
    assert_eq!(story.refused("ben turns d1 to 10"), ErrorCode::Forbidden);
    for number in 2..=OUTPUT_DEVICES_MAX {
        story.play(&format!("ana turns d{number} to 1"));
    }
    assert_eq!(story.refused("ana turns d99 to 1"), ErrorCode::LimitReached);
}

#[test]
fn choosing_devices_is_noted_and_needs_a_permission() {
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
fn a_room_stored_without_an_output_plays_on_every_device() {
    let mut story = Story::new();
    story.play("ana joins; ana adds a1");
    let checkpoint = serde_json::to_value(&story.room).expect("JSON");
    assert!(checkpoint.get("output").is_none(), "what is as in a new room is not written");
    let restored: RoomState = serde_json::from_value(checkpoint).expect("reads back");
    assert_eq!(restored.output().mode, OutputMode::Everyone);
}
