//! Who may do what.

use tutti_protocol::{ErrorCode, Role};

use crate::script::Story;

/// Each step with the lowest role that may do it, in a room where ana is the host, ben has some role, cai is a player,
/// and cai's track is on.
const STEPS: &[(&str, Role)] = &[
    ("ben adds b2", Role::Player),
    ("ben removes c2", Role::Cohost),
    ("ben moves c2 last", Role::Cohost),
    ("ben pauses", Role::Cohost),
    ("ben plays", Role::Cohost),
    ("ben seeks 10", Role::Cohost),
    ("ben skips", Role::Cohost),
    ("ben makes cai listener", Role::Host),
    ("ben kicks cai", Role::Host),
    ("ben hands cai", Role::Host),
    ("ben closes", Role::Host),
];

#[test]
fn every_step_is_allowed_from_its_lowest_role_up() {
    for role in ["listener", "player", "cohost", "host"] {
        for (step, lowest) in STEPS {
            let mut story = Story::new();
            story.play("ana joins; ben joins; cai joins; cai adds c1 c2 c3");
            let rank = match role {
                "host" => {
                    story.play("ana hands ben");
                    Role::Host
                }
                given => {
                    story.play(&format!("ana makes ben {given}"));
                    let ben = story.user("ben");
                    story.room.role_of(ben).expect("a member")
                }
            };
            if rank >= *lowest {
                story.play(step);
            } else {
                assert_eq!(story.refused(step), ErrorCode::Forbidden, "{role}: {step}");
            }
        }
    }
}

#[test]
fn a_player_may_skip_remove_and_move_what_is_their_own() {
    let mut story = Story::new();
    story.play("ana joins; ben joins; ben adds b1 b2 b3 b4; ben skips; ben moves b4 before b3; ben removes b3");
    assert_eq!(story.to_string(), "b2 playing · b4");
}

#[test]
fn nobody_outside_the_room_commands_it() {
    let mut story = Story::new();
    story.play("ana joins; ben joins; ben adds b1; ana kicks ben");
    for step in ["ben adds b2", "ben skips", "ben leaves", "eve adds e1"] {
        assert_eq!(story.refused(step), ErrorCode::Forbidden, "{step}");
    }
    story.play("ben joins; ben adds b2");
    assert_eq!(story.to_string(), "b1 playing · b2");
}

#[test]
fn there_is_always_one_host() {
    let mut story = Story::new();
    story.play("ana joins; ben joins");
    assert_eq!(story.refused("ana leaves"), ErrorCode::Conflict);
    assert_eq!(story.refused("ana kicks ana"), ErrorCode::Conflict);
    assert_eq!(story.refused("ana makes ana player"), ErrorCode::Conflict);
    assert_eq!(story.refused("ana makes ben host"), ErrorCode::Invalid);
    assert_eq!(story.refused("ana hands ana"), ErrorCode::Invalid);
    assert_eq!(story.refused("ana hands eve"), ErrorCode::NotFound);
    story.play("ana hands ben");
    let (ana, ben) = (story.user("ana"), story.user("ben"));
    assert_eq!((story.room.host(), story.room.role_of(ana)), (Some(ben), Some(Role::Cohost)));
    story.play("ana leaves");
}

#[test]
fn what_is_not_there_is_said_to_be_not_there() {
    let mut story = Story::new();
    story.play("ana joins; ben joins; ana adds a1 a2 a3; ben adds b1; ana removes a3");
    assert_eq!(story.refused("ana removes a3"), ErrorCode::NotFound);
    assert_eq!(story.refused("ana removes a1"), ErrorCode::NotFound, "it is on, not waiting");
    assert_eq!(story.refused("ana moves a2 before b1"), ErrorCode::Invalid);
    assert_eq!(story.refused("ana adds a4 before b1"), ErrorCode::Invalid);
    assert_eq!(story.refused("ana kicks eve"), ErrorCode::NotFound);
}

#[test]
fn what_starts_within_seconds_is_not_moved() {
    let mut story = Story::new();
    story.play("ana joins; ana adds a1 a2 a3; wait 172");
    assert_eq!(story.refused("ana moves a2 last"), ErrorCode::Conflict);
    assert_eq!(story.refused("ana moves a3 before a2"), ErrorCode::Conflict);
    assert_eq!(story.refused("ana adds a4 before a2"), ErrorCode::Conflict);
}

#[test]
fn one_queue_and_one_room_are_bounded() {
    let mut story = Story::new();
    story.play("ana joins; ana adds a0");
    for number in 1..=tutti_room_state::ENTRIES_PER_MEMBER_MAX {
        story.play(&format!("ana adds a{number}"));
    }
    assert_eq!(story.refused("ana adds more"), ErrorCode::LimitReached);
}
