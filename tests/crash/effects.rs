//! Whether the events stored with a command are its effect.

use tutti_protocol::{Command, EntryId, Event, UserId};

/// Whether `events` hold the effect of `command` by `by`; `entry` is the one in the reply.
pub fn has_effect(events: &[Event], by: UserId, command: &Command, entry: Option<EntryId>) -> bool {
    events.iter().any(|event| is_effect(event, by, command, entry))
}

fn is_effect(event: &Event, by: UserId, command: &Command, replied: Option<EntryId>) -> bool {
    match (command, event) {
        (Command::Enqueue { track, .. }, Event::EntryAdded { entry, .. } | Event::EntrySuggested { entry }) => {
            Some(entry.id) == replied && entry.member == by && entry.track.id == track.id
        }
        (Command::Enqueue { .. }, Event::EntryCredited { entry, member }) => Some(*entry) == replied && *member == by,
        (
            Command::Dequeue { entry: wanted },
            Event::EntryRemoved { entry, .. } | Event::SuggestionRejected { entry, .. },
        )
        | (Command::Move { entry: wanted, .. }, Event::EntryMoved { entry, .. }) => entry == wanted,
        (Command::Clear { member: wanted }, Event::QueueCleared { member, .. }) => member == wanted,
        (Command::Vote { entry: wanted, value: cast }, Event::EntryVoted { entry, member, value, .. }) => {
            entry == wanted && *member == by && value == cast
        }
        (Command::VoteSkip { .. }, Event::SkipVoted { member, .. })
        | (Command::Rename { .. }, Event::MemberRenamed { member, .. })
        | (Command::Leave, Event::MemberLeft { member })
        | (Command::PauseQueue, Event::QueuePaused { member, paused: true, .. })
        | (Command::ResumeQueue { member: None }, Event::QueuePaused { member, paused: false, .. }) => *member == by,
        (Command::Skip { .. } | Command::VoteSkip { .. }, Event::EntryEnded { .. })
        | (Command::Play | Command::Pause | Command::Seek { .. }, Event::PlaybackChanged { .. })
        | (Command::Play, Event::EntryStarted { .. })
        | (Command::SetPolicy { .. } | Command::SetSettings { .. }, Event::SettingsChanged { .. }) => true,
        (Command::SetRole { member: wanted, role: given }, Event::RoleChanged { member, role, .. }) => {
            (member, role) == (wanted, given)
        }
        (Command::Kick { member: wanted }, Event::MemberKicked { member, .. }) => member == wanted,
        (Command::Undo { .. }, Event::Undone { by: undone_by, .. }) => *undone_by == by,
        _ => false,
    }
}
