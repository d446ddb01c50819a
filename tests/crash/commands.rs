//! Random commands.

use tutti_protocol::{Command, Duplicates, EntryId, Policy, Role, SettingsChange, TrackRef, UserId};

use crate::random::Random;

/// Entries that a member may have queued: a short queue keeps deltas with the order small.
pub const ENTRIES_PER_MEMBER: u32 = 2;

/// What a client can refer to in a command.
pub struct CommandContext<'a> {
    pub tracks: &'a [TrackRef],
    pub members: &'a [UserId],
    pub queued: &'a [EntryId],
    /// The client's own among them.
    pub own: &'a [EntryId],
    pub is_host: bool,
}

impl CommandContext<'_> {
    pub fn random_command(&self, random: &mut Random) -> Command {
        let mut entry = |from: &[EntryId]| if from.is_empty() { EntryId(random.uuid()) } else { *random.pick(from) };
        let (own, another, any, before) = (entry(self.own), entry(self.own), entry(self.queued), entry(self.queued));
        let member = *random.pick(self.members);
        if self.is_host && random.per_cent(60) {
            return self.host_command(random, any, before, member);
        }
        match random.below(30) {
            0..11 => Command::Enqueue { track: random.pick(self.tracks).clone(), before: None },
            11 => Command::Enqueue { track: random.pick(self.tracks).clone(), before: Some(own) },
            12..16 => Command::Dequeue { entry: own },
            16..19 => Command::Move { entry: own, before: Some(another).filter(|_| random.per_cent(60)) },
            19..22 => Command::Vote { entry: any, value: if random.per_cent(70) { 1 } else { -1 } },
            22 => Command::VoteSkip { entry: None },
            23 => Command::Skip { entry: None, unplayable: None },
            24 => Command::Clear { member: Some(member) },
            25 => Command::PauseQueue,
            26 => Command::ResumeQueue { member: None },
            // Not the host: a client that is named differently in the room cannot rejoin while nothing can be stored.
            27 if !self.is_host => Command::Rename { display_name: format!("Name {}", random.below(1_000)) },
            28 => Command::Undo { note: None },
            _ => Command::Leave,
        }
    }

    fn host_command(&self, random: &mut Random, any: EntryId, before: EntryId, member: UserId) -> Command {
        match random.below(20) {
            0..5 => Command::Skip { entry: None, unplayable: None },
            5 => Command::Pause,
            6..8 => Command::Play,
            8 => Command::Seek { position_ms: random.below(20_000) },
            9 => Command::SetRole {
                member,
                role: *random.pick(&[Role::Listener, Role::Player, Role::Player, Role::Cohost]),
            },
            10 => Command::Kick { member },
            11 => Command::Undo { note: None },
            12 => Command::SetPolicy { policy: *random.pick(Policy::ALL) },
            13 | 14 => Command::SetSettings { settings: Box::new(settings(random)) },
            15 => Command::Move { entry: any, before: Some(before) },
            16 | 17 => Command::Dequeue { entry: any },
            _ => Command::Enqueue { track: random.pick(self.tracks).clone(), before: None },
        }
    }
}

fn settings(random: &mut Random) -> SettingsChange {
    let none = SettingsChange::default();
    match random.below(5) {
        0 => SettingsChange { suggestions: Some(random.per_cent(30)), ..none },
        1 => SettingsChange { players_max: Some(if random.per_cent(30) { 8 } else { 0 }), ..none },
        2 => SettingsChange { duplicates: Some(*random.pick(&[Duplicates::Allow, Duplicates::Credit])), ..none },
        3 => SettingsChange { debt_max_ms: Some(random.below(2) * 300_000), ..none },
        _ => SettingsChange { vote_skip_share: Some(40 + 10 * u32::try_from(random.below(3)).expect("few")), ..none },
    }
}

/// The settings of every room.
pub fn initial_settings() -> Command {
    let settings = SettingsChange { entries_per_member_max: Some(ENTRIES_PER_MEMBER), ..SettingsChange::default() };
    Command::SetSettings { settings: Box::new(settings) }
}
