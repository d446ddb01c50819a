//! Scarce places are shared: in the queue, among the suggestions and in the room.

use proptest::prelude::*;
use serde_json::Value;
use tutti_protocol::{Event, UserId};
use tutti_room_state::{
    ENTRIES_PER_MEMBER_MAX, ENTRIES_PER_ROOM_MAX, MEMBERS_MAX, Refusal, SUGGESTIONS_HARD_MAX, SUGGESTIONS_MAX, share_of,
};
use uuid::Uuid;

use crate::script::Story;

/// Changes the stored form of the room, which is quicker than thousands of commands.
fn edit(story: &mut Story, change: impl FnOnce(&mut Value)) {
    let mut room = serde_json::to_value(&story.room).expect("JSON");
    change(&mut room);
    story.room = serde_json::from_value(room).expect("a room");
}

fn key(user: UserId) -> String {
    user.0.to_string()
}

/// Repeats a member's first entry until they have `length`.
fn fill_queue(story: &mut Story, name: &str, length: usize) {
    let user = key(story.user(name));
    edit(story, |room| {
        let queue = room["members"][user]["queue"].as_array_mut().expect("a queue");
        let first = queue[0].clone();
        queue.resize(length, first);
    });
}

#[test]
fn a_few_members_cannot_fill_the_rooms_queue() {
    let mut story = Story::new();
    story.play("ana joins; ana adds a0 a1");
    let crowd = ENTRIES_PER_ROOM_MAX / ENTRIES_PER_MEMBER_MAX - 1;
    for number in 0..crowd {
        story.play(&format!("eve{number} joins; eve{number} adds e{number}"));
        fill_queue(&mut story, &format!("eve{number}"), ENTRIES_PER_MEMBER_MAX);
    }
    story.play("ben joins; ben adds b1 b2 b3");
    fill_queue(&mut story, "ben", ENTRIES_PER_MEMBER_MAX / 2);
    assert_eq!(story.refusal("ben adds b4"), Refusal::RoomQueueFull, "half of what is left");
    fill_queue(&mut story, "ben", ENTRIES_PER_MEMBER_MAX);
    for newcomer in ["cai", "dee"] {
        story.play(&format!("{newcomer} joins; {newcomer} adds {newcomer}-1"));
        assert_eq!(story.refusal(&format!("{newcomer} adds {newcomer}-2")), Refusal::RoomQueueFull);
    }
    story.play("ana adds a2 a3 a4");
    fill_queue(&mut story, "ana", ENTRIES_PER_MEMBER_MAX);
    assert_eq!(story.refusal("ana adds more"), Refusal::QueueFull);
}

#[test]
fn suggestions_are_shared() {
    let mut story = Story::new();
    story.play("ana joins; ana sets suggestions true");
    let mut suggest = |name: &str| {
        story.play(&format!("{name} joins"));
        (0..SUGGESTIONS_HARD_MAX)
            .take_while(|number| story.attempt(&format!("{name} adds {name}{number}")).is_ok())
            .count()
    };
    let counts: Vec<usize> = ["ben", "cai", "dee"].map(&mut suggest).into();
    assert_eq!(counts, [SUGGESTIONS_MAX / 2, SUGGESTIONS_MAX / 4, 12]);
    let mut total: usize = counts.iter().sum();
    for number in 0..SUGGESTIONS_HARD_MAX {
        let accepted = suggest(&format!("eve{number}-"));
        assert!(accepted >= 1 || total == SUGGESTIONS_HARD_MAX, "the first one of a member is accepted");
        total += accepted;
    }
    assert_eq!(total, SUGGESTIONS_HARD_MAX);
}

#[test]
fn in_a_full_room_absent_guests_without_entries_give_way() {
    let mut story = Story::new();
    story.play("ana joins; ben joins; cai joins; ben adds b1 b2; ben goes");
    let cai = key(story.user("cai"));
    edit(&mut story, |room| {
        let members = room["members"].as_object_mut().expect("members");
        let guest = members[&cai].clone();
        while members.len() < MEMBERS_MAX {
            members.insert(Uuid::from_u128(members.len() as u128 + (1 << 100)).to_string(), guest.clone());
        }
    });
    assert_eq!(story.refusal("eve joins"), Refusal::RoomFull, "ben has entries, and all others are here");
    story.play("cai goes");
    let known = story.events.len();
    story.play("eve joins");
    let cai = story.user("cai");
    assert!(
        matches!(story.events[known..], [Event::MemberLeft { member }, Event::MemberJoined { .. }] if member == cai)
    );
    story.play("ben returns");
    assert_eq!(story.refusal("cai joins"), Refusal::RoomFull);
}

proptest! {
    /// However many share, each gets at least one place, and all of them together hardly more than there are.
    #[test]
    fn shares_leave_room_for_others(places_max in 1_usize..2_000, members in 1_usize..100) {
        let mut taken = Vec::new();
        for _ in 0..members {
            let others: usize = taken.iter().sum();
            taken.push(share_of(places_max, others));
        }
        prop_assert!(taken.iter().all(|share| *share >= 1));
        prop_assert!(taken.is_sorted_by(|one, next| one >= next));
        prop_assert!(taken.iter().sum::<usize>() <= places_max + members);
    }
}
