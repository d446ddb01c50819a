//! Whether what is stored with a command is what the command asked for.

use tutti_protocol::{Command, EntryId, Event, UserId};

/// Whether `events` do what `by` asked for and was told: `entry` is what the reply named.
pub fn are_done(events: &[Event], by: UserId, command: &Command, entry: Option<EntryId>) -> bool {
    events.iter().any(|event| does(event, by, command, entry))
}

fn does(event: &Event, by: UserId, command: &Command, named: Option<EntryId>) -> bool {
    match (command, event) {
        (Command::Enqueue { track, .. }, Event::EntryAdded { entry, .. } | Event::EntrySuggested { entry }) => {
            Some(entry.id) == named && entry.member == by && entry.track.id == track.id
        }
        (Command::Enqueue { .. }, Event::EntryCredited { entry, member }) => Some(*entry) == named && *member == by,
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
