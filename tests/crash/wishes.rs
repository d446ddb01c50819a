//! What a client asks for next.

use tutti_protocol::{Command, Duplicates, EntryId, Policy, Role, SettingsChange, TrackRef, UserId};

use crate::chance::Chance;

/// Entries that a member may have waiting, so that the order stays short enough to be told often.
pub const ENTRIES_PER_MEMBER: u32 = 2;

/// What a client knows to ask about.
pub struct Known<'a> {
    pub tracks: &'a [TrackRef],
    /// Whoever is in the room.
    pub people: &'a [UserId],
    pub waiting: &'a [EntryId],
    /// Those of them that are its own.
    pub own: &'a [EntryId],
    pub is_host: bool,
}

impl Known<'_> {
    pub fn any_command(&self, chance: &mut Chance) -> Command {
        let mut entry = |from: &[EntryId]| if from.is_empty() { EntryId(chance.uuid()) } else { *chance.pick(from) };
        let (own, another, any, before) = (entry(self.own), entry(self.own), entry(self.waiting), entry(self.waiting));
        let member = *chance.pick(self.people);
        if self.is_host && chance.per_cent(60) {
            return self.hosts_command(chance, any, before, member);
        }
        match chance.below(30) {
            0..11 => Command::Enqueue { track: chance.pick(self.tracks).clone(), before: None },
            11 => Command::Enqueue { track: chance.pick(self.tracks).clone(), before: Some(own) },
            12..16 => Command::Dequeue { entry: own },
            16..19 => Command::Move { entry: own, before: Some(another).filter(|_| chance.per_cent(60)) },
            19..22 => Command::Vote { entry: any, value: if chance.per_cent(70) { 1 } else { -1 } },
            22 => Command::VoteSkip { entry: None },
            23 => Command::Skip { entry: None, unplayable: None },
            24 => Command::Clear { member: Some(member) },
            25 => Command::PauseQueue,
            26 => Command::ResumeQueue { member: None },
            // Not the host: who has another name in the room than elsewhere cannot come back while nothing can be stored.
            27 if !self.is_host => Command::Rename { display_name: format!("Name {}", chance.below(1_000)) },
            28 => Command::Undo { note: None },
            _ => Command::Leave,
        }
    }

    fn hosts_command(&self, chance: &mut Chance, any: EntryId, before: EntryId, member: UserId) -> Command {
        match chance.below(20) {
            0..5 => Command::Skip { entry: None, unplayable: None },
            5 => Command::Pause,
            6..8 => Command::Play,
            8 => Command::Seek { position_ms: chance.below(20_000) },
            9 => Command::SetRole {
                member,
                role: *chance.pick(&[Role::Listener, Role::Player, Role::Player, Role::Cohost]),
            },
            10 => Command::Kick { member },
            11 => Command::Undo { note: None },
            12 => Command::SetPolicy { policy: *chance.pick(Policy::ALL) },
            13 | 14 => Command::SetSettings { settings: Box::new(settings(chance)) },
            15 => Command::Move { entry: any, before: Some(before) },
            16 | 17 => Command::Dequeue { entry: any },
            _ => Command::Enqueue { track: chance.pick(self.tracks).clone(), before: None },
        }
    }
}

fn settings(chance: &mut Chance) -> SettingsChange {
    let none = SettingsChange::default();
    match chance.below(5) {
        0 => SettingsChange { suggestions: Some(chance.per_cent(30)), ..none },
        1 => SettingsChange { players_max: Some(if chance.per_cent(30) { 8 } else { 0 }), ..none },
        2 => SettingsChange { duplicates: Some(*chance.pick(&[Duplicates::Allow, Duplicates::Credit])), ..none },
        3 => SettingsChange { debt_max_ms: Some(chance.below(2) * 300_000), ..none },
        _ => SettingsChange { vote_skip_share: Some(40 + 10 * u32::try_from(chance.below(3)).expect("few")), ..none },
    }
}

/// What every room begins with.
pub fn first_settings() -> Command {
    let settings = SettingsChange { entries_per_member_max: Some(ENTRIES_PER_MEMBER), ..SettingsChange::default() };
    Command::SetSettings { settings: Box::new(settings) }
}
