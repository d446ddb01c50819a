//! Random commands.

use tutti::room::state::RoomState;
use tutti_protocol::{
    Admission, Command, DeviceId, Duplicates, EntryId, OutputMode, Policy, ProviderId, Role, SettingsChange, Track,
    TrackRef, UserId,
};

use crate::random::Random;

/// A command of a member of a room, about its entries, its members, or the devices of all rooms.
pub fn random_command(random: &mut Random, state: &RoomState, members: &[UserId], devices: &[DeviceId]) -> Command {
    let waiting: Vec<EntryId> = state.order(30).iter().map(|placed| placed.entry.id).collect();
    let suggested: Vec<EntryId> = state.snapshot().suggestions.iter().map(|entry| entry.id).collect();
    let mut entry = |from: &[EntryId]| if from.is_empty() { EntryId(random.uuid()) } else { *random.pick(from) };
    let (some, before, suggestion) = (entry(&waiting), entry(&waiting), entry(&suggested));
    let member = *random.pick(members);
    match random.below(42) {
        0..14 => enqueue(random.below(12)),
        14..16 => Command::Dequeue { entry: some },
        16..18 => Command::Move { entry: some, before: Some(before).filter(|_| random.per_cent(70)) },
        18 => Command::Clear { member: Some(member).filter(|_| random.per_cent(70)) },
        19 => Command::Vote { entry: some, value: 1 },
        20 => Command::VoteSkip { entry: None },
        21..24 => Command::Skip { entry: None, unplayable: None },
        24 => Command::Pause,
        25..27 => Command::Play,
        27 => Command::Seek { position_ms: random.below(200_000) },
        28 => Command::SetRole { member, role: *random.pick(&[Role::Listener, Role::Player, Role::Cohost]) },
        29 => Command::Kick { member },
        30 => Command::Ban { member },
        31 => Command::Unban { member },
        32 => Command::Undo { note: None },
        33 => Command::SetPolicy { policy: *random.pick(Policy::ALL) },
        34 => settings(random),
        35 => Command::Approve { entry: suggestion },
        36 => Command::Admit { member },
        37 => Command::PauseQueue,
        38 => Command::ResumeQueue { member: None },
        39 => Command::SetOutput {
            mode: *random.pick(&[OutputMode::Everyone, OutputMode::Speakers]),
            devices: devices.iter().copied().filter(|_| random.per_cent(40)).collect(),
        },
        40 => Command::Skip { entry: None, unplayable: Some(true) },
        _ => Command::Rename { display_name: format!("Name {}", random.below(100)) },
    }
}

fn enqueue(title: u64) -> Command {
    Command::Enqueue { track: TrackRef { provider: ProviderId::LIBRARY, id: format!("t{title}") }, before: None }
}

fn settings(random: &mut Random) -> Command {
    let none = SettingsChange::default();
    let settings = match random.below(6) {
        0 => SettingsChange { suggestions: Some(random.per_cent(40)), ..none },
        1 => SettingsChange { players_max: Some(u32::try_from(random.below(3)).expect("few")), ..none },
        2 => SettingsChange { duplicates: Some(Duplicates::Credit), ..none },
        3 => SettingsChange {
            admission: Some(*random.pick(&[Admission::Open, Admission::Open, Admission::Lobby])),
            ..none
        },
        4 => SettingsChange { debt_max_ms: Some(0), ..none },
        _ => SettingsChange { vote_skip_share: Some(40), ..none },
    };
    Command::SetSettings { settings: Box::new(settings) }
}

/// The tracks that a provider would find for a command; `padding` lengthens their titles.
pub fn tracks_of(command: &Command, padding: usize) -> Vec<Track> {
    let Command::Enqueue { track, .. } = command else { return vec![] };
    let padding = "x".repeat(padding);
    vec![Track {
        provider: ProviderId::LIBRARY,
        id: track.id.clone(),
        title: format!("{} {padding}", track.id),
        artists: vec![format!("Artist of {}", track.id)],
        album: None,
        duration_ms: 60_000 + 10_000 * (track.id.len() as u64),
        art_url: None,
        explicit: false,
        gain_db: None,
        unplayable: false,
    }]
}
