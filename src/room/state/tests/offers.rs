//! Writes `offers.json`: what the room accepts from a member, for every step of `permissions.rs`, in every role and under
//! every setting that could matter, beside what a page knows then. The client's `offers.test.ts` reads it and compares what
//! a page would offer. `UPDATE_EXPECT=1 make test-state` writes it.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value, json};
use tutti_protocol::{Action, Command, Entry, Event, Policy, Role, SettingsChange, UserId};

use crate::permissions::{Need, ROLES, STEPS, room_before};
use crate::script::Story;

/// What is changed in a room before ben takes his step.
#[derive(Clone, Copy, Debug)]
enum Change {
    Nothing,
    /// The lowest role for an action.
    Table(Action, Role),
    /// An exception for ben.
    Exception(Action, bool),
    Muted,
    Paused,
    Settings(fn() -> SettingsChange),
}

const SETTINGS: &[fn() -> SettingsChange] = &[
    || SettingsChange { suggestions: Some(true), ..SettingsChange::default() },
    || SettingsChange { policy: Some(Policy::Host), ..SettingsChange::default() },
    || SettingsChange { policy: Some(Policy::Votes), ..SettingsChange::default() },
    || SettingsChange { players_max: Some(9), ..SettingsChange::default() },
    || SettingsChange { vote_skip_share: Some(0), ..SettingsChange::default() },
    || SettingsChange { host_claim_after_ms: Some(0), ..SettingsChange::default() },
];

fn changes(need: &Need) -> Vec<Change> {
    let mut changes = vec![Change::Nothing, Change::Muted, Change::Paused];
    changes.extend(SETTINGS.iter().map(|settings| Change::Settings(*settings)));
    if let Need::Of(action) = need {
        changes.extend(ROLES.map(|lowest| Change::Table(*action, lowest)));
        changes.extend([true, false].map(|allowed| Change::Exception(*action, allowed)));
    }
    changes
}

/// Whether it could be made: the host is neither muted nor an exception, and some actions are fixed.
fn make(story: &mut Story, change: Change) -> bool {
    let ben = story.user("ben");
    let host = if story.room.role_of(ben) == Some(Role::Host) { "ben" } else { "ana" };
    let command = match change {
        Change::Nothing => return true,
        Change::Table(action, lowest) => Command::SetSettings {
            settings: Box::new(SettingsChange {
                permissions: Some([(action, lowest)].into()),
                ..SettingsChange::default()
            }),
        },
        Change::Exception(action, allowed) => Command::SetPermission { member: ben, action, allowed: Some(allowed) },
        Change::Muted => Command::Mute { member: ben, muted: true },
        Change::Paused => return story.command("ben", Command::PauseQueue).is_ok(),
        Change::Settings(settings) => Command::SetSettings { settings: Box::new(settings()) },
    };
    story.command(host, command).is_ok()
}

/// A case as a client sees it, reduced to what offers may depend on. Members and entries are by id, so that the patch from
/// one case to the next is small.
fn case(mut story: Story, step: &str) -> Value {
    let ben = story.user("ben");
    let room = story.room.snapshot();
    let members = json!(room.members.iter().map(|member| (member.id.to_string(), member)).collect::<BTreeMap<_, _>>());
    let mut settings = json!(room.settings);
    settings["fallback"] = json!([]);
    let notes = story.events.iter().filter_map(|event| match event {
        Event::Noted { note } if note.undo_until_ms.is_some() => Some(note.clone()),
        _ => None,
    });
    let notes = notes.collect::<Vec<_>>();
    let own = story.room.own(ben);
    let host_gone_ms = story.host_gone_since_ms.map(|since_ms| story.now_ms - since_ms);
    story.last_command = None;
    let accepted = story.attempt(step).is_ok();
    let command = story.last_command.expect("a command");
    json!({
        "members": members, "settings": settings, "owner": room.owner, "waitlist": room.waitlist,
        "now_playing": room.now_playing.map(|entry| entry.id), "upcoming": owners(&room.upcoming),
        "suggestions": owners(&room.suggestions), "queue": owners(&own.queue), "queue_hidden": own.queue_hidden,
        "may": own.may, "notes": notes, "host_gone_ms": host_gone_ms, "me": ben, "command": command,
        "accepted": accepted,
    })
}

fn owners(entries: &[Entry]) -> BTreeMap<String, UserId> {
    entries.iter().map(|entry| (entry.id.to_string(), entry.member)).collect()
}

/// What turns `from` into `to`, as a JSON merge patch (RFC 7386); arrays are replaced.
fn patch(from: &Value, to: &Value) -> Value {
    let (Value::Object(old), Value::Object(new)) = (from, to) else { return to.clone() };
    let gone = old.keys().filter(|key| !new.contains_key(*key)).map(|key| (key.clone(), Value::Null));
    let changed = new.iter().filter(|(key, value)| old.get(*key) != Some(*value)).map(|(key, value)| {
        let change = old.get(key).map_or_else(|| value.clone(), |known| patch(known, value));
        (key.clone(), change)
    });
    Value::Object(gone.chain(changed).collect::<Map<_, _>>())
}

#[test]
fn offers_json_lists_what_the_room_accepts() {
    let base = case(room_before("", Role::Player), "ben renames Bo");
    let mut lines = vec![format!("{{\"base\":{base},\"steps\":[")];
    for (index, (before, step, need)) in STEPS.iter().enumerate() {
        let first = case(room_before(before, Role::Player), step);
        let mut cases = vec![];
        for role in ROLES {
            for change in changes(need) {
                let mut story = room_before(before, role);
                if make(&mut story, change) {
                    cases.push(patch(&first, &case(story, step)));
                }
            }
        }
        let comma = if index + 1 < STEPS.len() { "," } else { "" };
        let first = patch(&base, &first);
        let cases = cases.iter().map(Value::to_string).collect::<Vec<_>>().join(",\n");
        let (before, step) = (json!(before), json!(step));
        lines.push(format!("{{\"before\":{before},\"step\":{step},\"first\":{first},\"cases\":[\n{cases}]}}{comma}"));
    }
    lines.push("]}".into());
    // Ids are small numbers in stories.
    let text = lines.join("\n").replace("00000000-0000-0000-0000-", "") + "\n";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/offers.json");
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, &text).expect("can write the file");
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == text, "offers.json is not what the room does: UPDATE_EXPECT=1 make test-state writes it");
}
