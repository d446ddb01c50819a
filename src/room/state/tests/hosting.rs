//! The host's hand: who comes in, who goes, who did what, and what is taken back.

use tutti_protocol::{Action, Answer, Command, ErrorCode, Event, Role, RoomCode, UserKind};
use tutti_room_state::{AUDIT_MAX, Input, Newcomer, Refusal, RoomState, SCREENS_MAX, UNDO_MS};

use crate::script::{Story, screen_of};

fn audit(story: &Story) -> Vec<String> {
    let Some(Answer::Audit(notes)) = story.room.answer(&Command::ShowAudit) else { panic!("the audit") };
    notes.into_iter().map(|note| note.deed).collect()
}

#[test]
fn people_in_the_lobby_wait_and_are_not_members() {
    let mut story = Story::new();
    story.play("ana joins; ben joins; ana sets admission lobby; eve joins; fay joins");
    let (eve, fay) = (story.user("eve"), story.user("fay"));
    assert_eq!(story.room.lobby().collect::<Vec<_>>(), [eve, fay]);
    assert_eq!(story.room.role_of(eve), None);
    assert_eq!(story.refused("eve adds e1"), ErrorCode::Forbidden);
    assert_eq!(story.refused("ben admits eve"), ErrorCode::Forbidden);
    let known = story.events.len();
    story.play("eve joins");
    assert_eq!(story.events.len(), known, "knocking again is nothing new");

    story.play("ana admits eve; eve returns; eve adds e1; ana denies fay");
    assert_eq!(story.to_string(), "e1 playing");
    assert_eq!(story.refusal("fay joins"), Refusal::NotAdmitted);
    story.play("ana admits fay; fay joins");
    assert_eq!(story.room.lobby().collect::<Vec<_>>(), [fay], "asked again");
    story.play("ana sets admission open; fay joins");
    assert_eq!((story.room.role_of(fay), story.room.lobby().count()), (Some(Role::Player), 0));
}

#[test]
fn a_person_who_left_the_lobby_is_not_in_it() {
    let mut story = Story::new();
    story.play("ana joins; ana sets admission lobby; eve joins; eve goes");
    assert_eq!(story.room.lobby().count(), 0);
    assert_eq!(story.refused("ana admits eve"), ErrorCode::NotFound);
}

#[test]
fn a_locked_room_lets_its_members_in_and_unlocks_to_what_it_was() {
    let mut story = Story::new();
    story.play("ana joins; ben joins; ben goes; ana sets admission lobby; ana locks; ben returns");
    assert!(story.room.snapshot().locked);
    assert_eq!(story.refusal("eve joins"), Refusal::RoomLocked);
    story.play("ana unlocks; eve joins");
    assert_eq!(story.room.lobby().count(), 1);
}

#[test]
fn guests_cannot_enter_a_room_for_accounts() {
    let mut story = Story::new();
    story.play("ana joins; ana sets admission accounts");
    assert_eq!(story.refusal("eve joins"), Refusal::AccountNeeded);
    let eve = Newcomer { kind: UserKind::User, ..story.newcomer("eve") };
    story.handle(&Input::Enter(eve)).expect("an account");
}

#[test]
fn the_hosts_decisions_about_a_member_outlast_their_leaving() {
    let mut story = Story::new();
    story.play("ana joins; ben joins; ana makes ben listener; ana mutes ben; ana withholds ben vote");
    story.play("ben leaves; ben joins");
    let ben = story.user("ben");
    let shown = story.room.snapshot().members.into_iter().find(|member| member.id == ben).expect("here");
    assert_eq!((shown.role, shown.muted, shown.exceptions.len()), (Role::Listener, true, 1));
}

#[test]
fn muted_members_cannot_chat_and_messages_are_short_and_not_stored() {
    let mut story = Story::new();
    story.play("ana joins; ben joins");
    let known = story.room.clone();
    story.play("ben says hello; ben reacts yes");
    assert_eq!(story.room, known);
    for text in [" ", "a\nb", &"x".repeat(501)] {
        let refused = story.command("ben", Command::Say { text: text.to_owned() });
        assert_eq!(refused.map_err(|refusal| refusal.code()), Err(ErrorCode::Invalid), "{text:?}");
    }
    story.play("ana mutes ben");
    assert_eq!(story.refusal("ben says hello"), Refusal::Muted);
    assert_eq!(story.refusal("ben reacts yes"), Refusal::Muted);
}

#[test]
fn a_ban_follows_a_guest_into_an_account() {
    let mut story = Story::new();
    story.play("ana joins; ben joins; ben adds b1 b2; ana bans ben; ben becomes ada");
    assert_eq!(story.refusal("ada joins"), Refusal::Banned);
    assert_eq!(story.refusal("ben joins"), Refusal::Banned);
    story.play("cai joins; cai adds c1; cai becomes ada");
    assert_eq!(story.refusal("cai joins"), Refusal::Banned, "nor do they come in by a new guest");
    assert_eq!(story.to_string(), "b1 playing");
}

#[test]
fn people_in_the_lobby_can_be_banned() {
    let mut story = Story::new();
    story.play("ana joins; ana sets admission lobby; eve joins; ana bans eve");
    assert_eq!(story.refusal("eve joins"), Refusal::Banned);
    assert_eq!(story.room.snapshot().banned[0].name, "eve");
    story.play("ana unbans eve; eve joins");
    assert_eq!(story.room.lobby().count(), 1);
    assert_eq!(story.refused("ana unbans eve"), ErrorCode::NotFound);
}

#[test]
fn only_the_host_acts_on_cohosts_and_no_one_acts_on_the_host() {
    let mut story = Story::new();
    story.play("ana joins; ben joins; cai joins; dee joins; ana makes ben cohost; ana makes cai cohost");
    story.play("ana opens kick to cohost; ana opens set_role to cohost; ana opens ban to cohost");
    for step in ["ben kicks cai", "ben bans cai", "ben mutes cai", "ben makes cai listener", "ben makes dee cohost"] {
        assert_eq!(story.refusal(step), Refusal::OnlyTheHost, "{step}");
    }
    for step in ["ben kicks ana", "ben bans ana", "ben mutes ana", "ben makes ana listener", "ana grants ana skip"] {
        assert_eq!(story.refusal(step), Refusal::HostStays, "{step}");
    }
    story.play("ben makes dee listener; ben kicks dee; ana kicks cai");
}

#[test]
fn a_permission_that_was_just_taken_away_is_refused_with_the_reason() {
    let mut story = Story::new();
    story.play("ana joins; ben joins; ben adds b1; ana withholds ben queue");
    let refusal = story.refusal("ben adds b2");
    assert_eq!(refusal.to_string(), "The host decided that you may not queue tracks.");
    story.play("ana opens chat to cohost; ana opens vote to player; ana makes ben listener");
    assert_eq!(story.refusal("ben votes b1").to_string(), "Only someone who may play may vote.");
}

#[test]
fn removals_clearings_and_kicks_can_be_undone_until_their_deadline() {
    let mut story = Story::new();
    story.play("ana joins; ben joins; cai joins; ana adds a1; ben adds b1 b2 b3; cai adds c1; cai votes b2");
    let before = story.to_string();
    for deed in ["ana removes b2", "ana clears ben", "ana clears all", "ana kicks ben"] {
        story.play(deed);
        assert_ne!(story.to_string(), before, "{deed}");
        story.play("ana undoes");
        assert_eq!(story.to_string(), before, "{deed}");
        let ben = story.user("ben");
        assert_eq!(story.room.queue_of(ben).nth(1).expect("b2").votes, 1, "votes are back, too: {deed}");
        assert_eq!(story.refused("ana undoes"), ErrorCode::NotFound, "once");
    }
    story.play("ana sets policy fifo; ana removes b2");
    story.now_ms += UNDO_MS + 1;
    assert_eq!(story.refused("ana undoes"), ErrorCode::NotFound, "for a while");
    assert_eq!(audit(&story)[..3], ["dequeue", "set_settings", "undo"]);
}

/// The events of one step, as they were before a removal named its note.
fn without_notes(events: &[Event]) -> Vec<Event> {
    let old = |event: &Event| {
        let mut json = serde_json::to_value(event).expect("JSON");
        let fields = json.as_object_mut().expect("an object");
        if !matches!(event, Event::Noted { .. } | Event::Undone { .. }) {
            fields.remove("note");
        }
        fields.remove("removed");
        fields.remove("owners");
        serde_json::from_value(json).expect("an old event")
    };
    events.iter().map(old).collect()
}

#[test]
fn removals_in_journals_without_note_numbers_can_be_undone() {
    for deed in ["ana removes b2", "ana clears ben", "ana clears all", "ana kicks ben"] {
        let mut story = Story::new();
        story.play("ana joins; ben joins; cai joins; ana adds a1; ben adds b1 b2 b3; cai adds c1; cai votes b2");
        let before = story.to_string();
        story.play(deed);
        story.room = RoomState::new(RoomCode::from_bits(1));
        for event in without_notes(&story.events) {
            story.room.apply(&event);
        }
        assert_ne!(story.to_string(), before, "{deed}");
        story.play("ana undoes");
        assert_eq!(story.to_string(), before, "{deed}");
    }
}

#[test]
fn an_event_between_a_removal_and_its_note_does_not_prevent_undo() {
    let mut story = Story::new();
    story.play("ana joins; ben joins; ana adds a1; ben adds b1 b2");
    let (before, known) = (story.to_string(), story.events.len());
    story.play("ana clears ben");
    let cleared = story.events.split_off(known);
    let [Event::QueueCleared { note: Some(note), .. }, Event::Noted { .. }] = &cleared[..] else {
        panic!("{cleared:?}")
    };
    let ben = story.user("ben");
    let renamed = Event::MemberRenamed { member: ben, member_name: "Benno".into(), look_alike: false };
    let mut replayed = RoomState::new(RoomCode::from_bits(1));
    for event in story.events.iter().chain([&cleared[0], &renamed, &cleared[1]]) {
        replayed.apply(event);
    }
    story.room = replayed;
    story.command("ana", Command::Undo { note: Some(*note) }).expect("undone");
    assert_eq!(story.to_string(), before);
    let owners = story.events.iter().find_map(|event| match event {
        Event::Undone { owners, .. } => Some(owners.clone()),
        _ => None,
    });
    assert_eq!(owners, Some(vec![ben]), "whose entries are back is told");
}

#[test]
fn the_removed_entry_is_in_the_event_unless_its_owner_removed_it() {
    let mut story = Story::new();
    story.play("ana joins; ben joins; ana adds a1; ben adds b1 b2; ana removes b1; ben removes b2");
    let removed: Vec<_> = story
        .events
        .iter()
        .filter_map(|event| match event {
            Event::EntryRemoved { removed, note, .. } => {
                Some((removed.as_ref().map(|entry| entry.track.title.clone()), note.is_some()))
            }
            _ => None,
        })
        .collect();
    assert_eq!(removed, [(Some("b1".to_owned()), true), (None, false)]);
}

#[test]
fn undoing_a_kick_of_a_member_who_rejoined_restores_their_entries_and_role() {
    let mut story = Story::new();
    story.play("ana joins; ben joins; ana makes ben cohost; ana adds a1; ben adds b1 b2; ana kicks ben; ben joins");
    story.play("ben adds b3; ana undoes");
    let ben = story.user("ben");
    assert_eq!(
        (story.to_string().as_str(), story.room.role_of(ben)),
        ("a1 playing · b1 · b2 · b3", Some(Role::Cohost))
    );
}

#[test]
fn undoing_a_kick_needs_the_permission_to_kick_and_is_refused_after_a_ban() {
    let mut story = Story::new();
    story.play("ana joins; ben joins; cai joins; ana makes cai cohost; ana kicks ben");
    let note = story.room.offset();
    let undo = Command::Undo { note: Some(note) };
    assert_eq!(story.command("cai", undo.clone()).map_err(|refusal| refusal.code()), Err(ErrorCode::Forbidden));
    story.play("ben joins; ana bans ben");
    assert_eq!(story.command("ana", undo), Err(Refusal::BannedMeanwhile));
}

#[test]
fn the_audit_log_is_bounded_and_needs_a_permission() {
    let mut story = Story::new();
    story.play("ana joins; ben joins; ben adds b1; ana makes ben cohost; ben locks; ana skips; ben unlocks");
    assert_eq!(audit(&story), ["unlock", "skip", "lock", "set_role"]);
    story.play("cai joins");
    assert_eq!(story.command("cai", Command::ShowAudit).map_err(|refusal| refusal.code()), Err(ErrorCode::Forbidden));
    for _ in 0..AUDIT_MAX {
        story.play("ana locks; ana unlocks");
    }
    assert_eq!(audit(&story).len(), AUDIT_MAX);
}

#[test]
fn the_rooms_name_and_passcode_are_changed_by_those_who_change_settings_and_noted() {
    let mut story = Story::new();
    story.play("ana joins; ben joins; ana calls the room Attic; ana calls the room Attic");
    assert_eq!((story.room.name(), story.room.snapshot().name.as_str()), ("Attic", "Attic"));
    let set = |by, has_passcode| Input::SetPasscode { by, has_passcode };
    let (ana, ben) = (story.user("ana"), story.user("ben"));
    assert_eq!(story.handle(&set(ben, true)).map_err(|refusal| refusal.code()), Err(ErrorCode::Forbidden));
    story.handle(&set(ana, true)).expect("the host");
    story.handle(&set(ana, false)).expect("the host");
    assert_eq!(audit(&story), ["remove_passcode", "set_passcode", "rename_room"], "the same name again is no change");
    let Some(Answer::Audit(notes)) = story.room.answer(&Command::ShowAudit) else { panic!("the audit") };
    assert_eq!(notes[2].title.as_deref(), Some("Attic"));
    assert!(story.room.allows(ben, Action::SeePasscode));
    story.play("ana makes ben listener");
    assert!(!story.room.allows(ben, Action::SeePasscode));
}

#[test]
fn screens_are_paired_by_cohosts_numbered_noted_and_no_members() {
    let mut story = Story::new();
    story.play("ana joins; ben joins; ana adds a1");
    let members = story.room.snapshot().members;
    assert_eq!(story.refused("ben pairs t1"), ErrorCode::Forbidden);
    story.play("ana pairs t1; ana pairs t2; ana pairs t1");
    let screens = |story: &Story| {
        let screens = story.room.snapshot().screens;
        screens.into_iter().map(|screen| (screen.id, screen.number, screen.name)).collect::<Vec<_>>()
    };
    let (first, second) = (screen_of("t1"), screen_of("t2"));
    assert_eq!(screens(&story), [(first, 1, "TV t1".to_owned()), (second, 2, "TV t2".to_owned())]);
    assert_eq!(story.room.snapshot().members, members);
    assert!(story.room.has_screen(first));

    story.play("ana makes ben cohost; ben unpairs t1");
    assert_eq!(story.refusal("ben unpairs t1"), Refusal::NoSuchScreen);
    assert_eq!(audit(&story)[..2], ["remove_screen", "set_role"]);
    story.play("ben pairs t3");
    assert_eq!(screens(&story)[1], (screen_of("t3"), 1, "TV t3".to_owned()), "the lowest number that is free");
    let Some(Answer::Audit(notes)) = story.room.answer(&Command::ShowAudit) else { panic!("the audit") };
    assert_eq!((notes[0].deed.as_str(), notes[0].title.as_deref()), ("add_screen", Some("TV t3")));

    for number in 4..4 + SCREENS_MAX - 2 {
        story.play(&format!("ana pairs t{number}"));
    }
    assert_eq!(story.refusal("ana pairs t99"), Refusal::TooManyScreens);
    story.play("ana closes");
    assert!(!story.room.has_screen(second));
}

#[test]
fn a_room_is_unused_until_something_is_noted_also_one_from_before_an_action_was_added() {
    let mut story = Story::new();
    story.play("ana joins");
    let mut older = serde_json::to_value(&story.room).expect("JSON");
    older["settings"]["permissions"].as_object_mut().expect("a table").remove("see_passcode");
    story.room = serde_json::from_value(older).expect("a room");
    assert!(story.room.is_unused());
    story.play("ana calls the room Attic");
    assert!(!story.room.is_unused());
}

#[test]
fn a_cohost_claims_the_room_of_an_absent_host_and_the_host_claims_it_back() {
    let mut story = Story::new();
    story.play("ana joins; ben joins; cai joins; ana makes ben cohost; ana sets host_claim_after_ms 300000");
    let (ana, ben) = (story.user("ana"), story.user("ben"));
    assert_eq!(story.refusal("ben claims"), Refusal::HostIsHere);
    story.play("ana drops; wait 200");
    assert_eq!(story.refusal("ben claims"), Refusal::ClaimTooEarly { left_ms: 100_000 });
    story.play("ana returns; ana drops; wait 299");
    assert_eq!(story.room.host(), Some(ana), "who returns in time is host as before");
    assert_eq!(story.refused("ben claims"), ErrorCode::Conflict);
    story.play("wait 1");
    assert_eq!(story.refused("cai claims"), ErrorCode::Forbidden);
    story.play("ben claims");
    assert_eq!((story.room.host(), story.room.role_of(ana)), (Some(ben), Some(Role::Cohost)));
    assert_eq!(story.room.snapshot().owner, Some(ana));
    story.host_gone_since_ms = None;
    story.play("ana returns; ana claims");
    assert_eq!((story.room.host(), story.room.snapshot().owner), (Some(ana), None));
    assert_eq!(story.refused("ben claims"), ErrorCode::Conflict);
}

#[test]
fn claiming_can_be_turned_off_and_handing_over_leaves_no_claim() {
    let mut story = Story::new();
    story.play("ana joins; ben joins; ana makes ben cohost; ana sets host_claim_after_ms 0; ana drops; wait 9000");
    assert_eq!(story.refusal("ben claims"), Refusal::ClaimingOff);
    story.play("ana returns; ana sets host_claim_after_ms 1; ana hands ben");
    assert_eq!(story.refusal("ana claims"), Refusal::HostIsHere);
}

#[test]
fn suggestions_wait_for_approval_also_those_of_listeners() {
    let mut story = Story::new();
    story.play(
        "ana joins; ben joins; ana sets suggestions true; ana makes ben listener; ben adds b1 b2 b3; ana adds a1",
    );
    assert_eq!(story.to_string(), "a1 playing", "whoever may approve needs no approval");
    assert_eq!(story.room.snapshot().suggestions.len(), 3);
    assert_eq!(story.refused("ben approves b1"), ErrorCode::Forbidden);
    story.play("ana approves b2; ana rejects b1; ben rejects b3");
    assert_eq!((story.to_string().as_str(), story.room.snapshot().suggestions.len()), ("a1 playing · b2", 0));
    assert_eq!(story.refused("ana approves b1"), ErrorCode::NotFound);
    story.play("ana withholds ben suggest");
    assert_eq!(story.refused("ben adds b4"), ErrorCode::Forbidden);
}

#[test]
fn erasing_a_member_leaves_nothing_of_them() {
    let mut story = Story::new();
    story.play("ana joins; ben joins; cai joins; ana makes ben cohost; ana weighs ben 150; ana sets duplicates credit");
    story.play(
        "cai adds c1 c2; ben adds c2 b1 b2; ben votes c2; ben votes to skip; ben locks; ana removes b2; ana mutes cai; ben puts c2 first",
    );
    story.play("ben skips; ana sets suggestions true; ana makes ben player; ben adds b9; ben vanishes; next");
    let ben = story.user("ben").to_string();
    let kept = serde_json::to_string(&story.room).expect("JSON");
    assert!(!kept.contains(&ben), "{kept}");
}

#[test]
fn names_that_look_like_the_hosts_are_marked() {
    let mut story = Story::new();
    story.play("Ana joins; ben joins");
    let enter = |story: &mut Story, who: &str, name: &str| {
        let newcomer = Newcomer { name: name.into(), ..story.newcomer(who) };
        story.handle(&Input::Enter(newcomer)).expect("open");
        let id = story.user(who);
        story.room.snapshot().members.into_iter().find(|member| member.id == id).expect("a member").look_alike
    };
    assert!(enter(&mut story, "eve", "\u{410}n\u{430}"), "Cyrillic letters");
    assert!(enter(&mut story, "fay", "a na"));
    assert!(!enter(&mut story, "gus", "Gus"));
    assert!(!enter(&mut story, "eve", "Eve"), "renamed");
    story.play("Ana makes ben cohost; gus renames Ben");
    let gus = story.user("gus");
    assert!(story.room.snapshot().members.iter().any(|member| member.id == gus && member.look_alike));
    assert!(!enter(&mut story, "Ana", "ben"), "the host is the host");
}

#[test]
fn an_operator_hands_a_room_over_to_a_member() {
    let mut story = Story::new();
    story.play("ana joins; ben joins; eve joins; eve leaves; ben goes");
    let [ana, ben, eve] = ["ana", "ben", "eve"].map(|name| story.user(name));
    assert_eq!(story.handle(&Input::HandOver(eve)), Err(Refusal::NoSuchMember), "who has left");
    let known = story.events.len();
    assert_eq!(story.handle(&Input::HandOver(ana)), Ok(()));
    assert_eq!(story.events.len(), known, "the host stays the host");
    assert_eq!(story.handle(&Input::HandOver(ben)), Ok(()), "who is away");
    assert_eq!((story.room.host(), story.room.role_of(ana)), (Some(ben), Some(Role::Cohost)));
    assert_eq!(audit(&story), [""; 0], "the former host did nothing");
}
