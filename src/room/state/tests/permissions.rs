//! Who may do what.

use std::collections::BTreeSet;

use tutti_protocol::{Action, Command, ErrorCode, Role};

use crate::script::Story;

/// Who may take a step.
pub enum Need {
    /// Every member.
    Nobody,
    /// Whoever may do this.
    Of(Action),
}
use Need::{Nobody, Of};

/// Every command, in every form that needs something of its own: what comes before, what ben does, and what it needs.
/// In each room ana is the host at first, ben and cai are players, and cai's c1 is on.
pub const STEPS: &[(&str, &str, Need)] = &[
    ("", "ben adds b9", Of(Action::Queue)),
    ("ana opens approve to host; ana sets suggestions true", "ben adds b9", Of(Action::Suggest)),
    ("", "ben adds all b8 b9", Of(Action::Queue)),
    ("ana opens approve to host; ana sets suggestions true", "ben adds all b8 b9", Of(Action::Suggest)),
    ("", "ben removes b2", Of(Action::Queue)),
    ("", "ben removes c2", Of(Action::CurateQueue)),
    ("", "ben moves b1 last", Of(Action::Queue)),
    ("", "ben moves c2 last", Of(Action::CurateQueue)),
    ("ana sets policy host", "ben moves b1 last", Of(Action::CurateQueue)),
    ("", "ben puts b2 first", Of(Action::CurateQueue)),
    ("", "ben puts c3 first", Of(Action::CurateQueue)),
    ("ana sets policy host", "ben puts c3 first", Of(Action::CurateQueue)),
    ("", "ben clears ben", Of(Action::Queue)),
    ("", "ben clears cai", Of(Action::CurateQueue)),
    ("", "ben clears all", Of(Action::CurateQueue)),
    ("", "ben holds", Nobody),
    ("ben holds", "ben resumes", Nobody),
    ("cai holds", "ben resumes cai", Of(Action::CurateQueue)),
    ("ana sets players_max 9", "ben steps down", Nobody),
    ("", "ben votes c2", Of(Action::Vote)),
    ("ana sets suggestions true; cai adds s1", "ben approves s1", Of(Action::Approve)),
    ("ana sets suggestions true; cai adds s1", "ben rejects s1", Of(Action::Approve)),
    ("ana sets suggestions true; ben adds s1", "ben rejects s1", Nobody),
    ("ana pauses", "ben plays", Of(Action::ControlPlayback)),
    ("", "ben pauses", Of(Action::ControlPlayback)),
    ("", "ben seeks 10", Of(Action::ControlPlayback)),
    ("", "ben leaves out d1", Of(Action::SetOutput)),
    ("", "ben turns d1 to 40", Of(Action::SetOutput)),
    ("ana leaves out d1", "ben plays on d2", Of(Action::SetOutput)),
    ("", "ben skips", Of(Action::Skip)),
    ("ana skips", "ben skips", Of(Action::Queue)),
    ("ana skips", "ben skips unplayable", Of(Action::Skip)),
    ("ana clears all; ana falls back to x; ana skips", "ben skips", Of(Action::Queue)),
    ("", "ben votes to skip", Of(Action::VoteSkip)),
    ("", "ben makes cai listener", Of(Action::SetRole)),
    ("", "ben grants cai skip", Of(Action::SetPermissions)),
    ("", "ben kicks cai", Of(Action::Kick)),
    ("", "ben bans cai", Of(Action::Ban)),
    ("ana bans cai", "ben unbans cai", Of(Action::Ban)),
    ("", "ben mutes cai", Of(Action::Mute)),
    ("ana sets admission lobby; dee joins", "ben admits dee", Of(Action::Admit)),
    ("ana sets admission lobby; dee joins", "ben denies dee", Of(Action::Admit)),
    ("", "ben locks", Of(Action::Lock)),
    ("ana locks", "ben unlocks", Of(Action::Lock)),
    ("", "ben chooses votes", Of(Action::SetSettings)),
    ("", "ben sets players_max 3", Of(Action::SetSettings)),
    ("", "ben blocks y", Of(Action::SetSettings)),
    ("ana blocks y", "ben unblocks y", Of(Action::SetSettings)),
    ("", "ben previews votes", Of(Action::SetSettings)),
    ("", "ben calls the room Attic", Of(Action::SetSettings)),
    ("ana pairs t1", "ben unpairs t1", Of(Action::ManageScreens)),
    ("", "ben asks history", Nobody),
    ("", "ben asks audit", Of(Action::SeeAudit)),
    ("ana removes c2", "ben undoes it", Of(Action::CurateQueue)),
    ("ana skips", "ben undoes it", Of(Action::Skip)),
    ("dee joins; ana kicks dee", "ben undoes it", Of(Action::Kick)),
    ("ana sets host_claim_after_ms 1; ana drops; wait 1", "ben claims", Of(Action::ClaimHost)),
    ("", "ben hands cai", Of(Action::TransferHost)),
    ("", "ben closes", Of(Action::CloseRoom)),
    ("", "ben says hello", Of(Action::Chat)),
    ("", "ben reacts yes", Of(Action::Chat)),
    ("", "ben renames Bo", Nobody),
    ("", "ben leaves", Nobody),
];

pub const ROLES: [Role; 4] = [Role::Listener, Role::Player, Role::Cohost, Role::Host];

/// A room before a step, with ben in a role.
pub fn room_before(before: &str, role: Role) -> Story {
    let mut story = Story::new();
    story.play("ana joins; ben joins; cai joins; cai adds c1 c2 c3; ben adds b1 b2 b3");
    story.play(before);
    let word = serde_json::to_value(role).expect("JSON");
    match role {
        Role::Host => story.play("ana hands ben"),
        Role::Player => {}
        _ => story.play(&format!("ana makes ben {}", word.as_str().expect("a word"))),
    }
    story.asked.clear();
    story
}

/// Steps that a host cannot take for other reasons.
fn is_nothing_for_a_host(step: &str) -> bool {
    matches!(step, "ben claims" | "ben leaves")
}

fn check_step(mut story: Story, step: &str, role: Role, allowed: bool, context: &str) {
    let known = story.room.clone();
    match story.attempt(step) {
        Ok(()) => assert!(allowed, "{context}: {role:?} was let {step}"),
        Err(refusal) if allowed => {
            assert!(role == Role::Host && is_nothing_for_a_host(step), "{context}: {role:?} {step}: {refusal}");
        }
        Err(refusal) => {
            assert_eq!(refusal.code(), ErrorCode::Forbidden, "{context}: {role:?} {step}: {refusal}");
            assert_eq!(story.room, known, "a refusal changes nothing");
        }
    }
}

#[test]
fn every_command_in_every_role_is_accepted_as_the_table_says() {
    let mut asked = BTreeSet::new();
    for (before, step, need) in STEPS {
        for role in ROLES {
            let story = room_before(before, role);
            for (changed, lowest) in Action::ALL.iter().flat_map(|action| ROLES.map(|lowest| (*action, lowest))) {
                let mut story = story.clone();
                if !changed.is_fixed() {
                    story.open_to(changed, lowest);
                }
                let needs = match need {
                    Nobody => Role::Listener,
                    // Whoever may approve does not suggest.
                    Of(Action::Suggest) if story.allows("ben", Action::Approve) => {
                        story.room.lowest_role(Action::Queue)
                    }
                    Of(action) if *action == changed && !changed.is_fixed() => lowest,
                    // Opened to the host only for this step.
                    Of(action) => action.lowest_role(),
                };
                check_step(story.clone(), step, role, role >= needs, &format!("{changed:?} from {lowest:?}"));
                let mut ended = story;
                let _ = ended.attempt(step);
                asked.append(&mut ended.asked);
            }
        }
    }
    let known: BTreeSet<&str> = Command::NAMES.iter().copied().collect();
    assert_eq!(asked, known, "every command has its steps");
}

#[test]
fn exceptions_override_the_table_except_for_fixed_actions() {
    for (before, step, need) in STEPS {
        let Of(action) = need else { continue };
        for role in [Role::Listener, Role::Player, Role::Cohost] {
            for allowed in [true, false] {
                let mut story = room_before(before, role);
                let ben = story.user("ben");
                let except = Command::SetPermission { member: ben, action: *action, allowed: Some(allowed) };
                let excepted = story.command("ana", except);
                let expected = if action.is_fixed() {
                    assert_eq!(excepted.map_err(|refusal| refusal.code()), Err(ErrorCode::Invalid));
                    role >= action.lowest_role()
                } else {
                    excepted.expect("an exception");
                    allowed
                };
                check_step(story, step, role, expected, &format!("{action:?} {allowed}"));
            }
        }
    }
}

#[test]
fn a_player_may_skip_remove_and_move_their_own_entries() {
    let mut story = Story::new();
    story.play("ana joins; ben joins; ben adds b1 b2 b3 b4; ben skips; ben moves b4 before b3; ben removes b3");
    assert_eq!(story.to_string(), "b2 playing · b4");
}

#[test]
fn commands_of_non_members_are_refused() {
    let mut story = Story::new();
    story.play("ana joins; ben joins; ben adds b1; ana kicks ben");
    for step in ["ben adds b2", "ben skips", "ben leaves", "eve adds e1"] {
        assert_eq!(story.refused(step), ErrorCode::Forbidden, "{step}");
    }
    story.play("ben joins; ben adds b2");
    assert_eq!(story.to_string(), "b1 playing · b2");
}

#[test]
fn every_refusal_has_the_values_that_its_reason_names() {
    let mut story = Story::new();
    story.play("ana joins; ben joins; ana adds a1; ana sets track_ms_max 1000; ana sets track_cooldown_ms 9000");
    for step in ["ben skips", "ben adds b1", "ben kicks ana", "ana sets debt_max_ms 1", "ben adds a1=1", "ana claims"] {
        let refusal = story.refusal(step);
        let names: Vec<String> = refusal.values().into_keys().collect();
        let mut expected: Vec<&str> = refusal.reason().value_names().to_vec();
        expected.sort_unstable();
        assert_eq!(names, expected, "{step}: {refusal:?}");
        assert_eq!(refusal.code(), refusal.reason().code());
    }
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
fn missing_targets_are_refused_as_not_found() {
    let mut story = Story::new();
    story.play("ana joins; ben joins; ana adds a1 a2 a3; ben adds b1; ana removes a3");
    assert_eq!(story.refused("ana removes a3"), ErrorCode::NotFound);
    assert_eq!(story.refused("ana removes a1"), ErrorCode::NotFound, "it is on, not waiting");
    assert_eq!(story.refused("ana moves a2 before b1"), ErrorCode::Invalid);
    assert_eq!(story.refused("ana adds a4 before b1"), ErrorCode::Invalid);
    assert_eq!(story.refused("ana kicks eve"), ErrorCode::NotFound);
}

#[test]
fn a_locked_entry_cannot_be_moved() {
    let mut story = Story::new();
    story.play("ana joins; ana adds a1 a2 a3; wait 172");
    assert_eq!(story.refused("ana moves a2 last"), ErrorCode::Conflict);
    assert_eq!(story.refused("ana moves a3 before a2"), ErrorCode::Conflict);
    assert_eq!(story.refused("ana adds a4 before a2"), ErrorCode::Conflict);
}

#[test]
fn queues_are_bounded() {
    let mut story = Story::new();
    story.play("ana joins; ana adds a0");
    for number in 1..=tutti_room_state::ENTRIES_PER_MEMBER_MAX {
        story.play(&format!("ana adds a{number}"));
    }
    assert_eq!(story.refused("ana adds more"), ErrorCode::LimitReached);
}
