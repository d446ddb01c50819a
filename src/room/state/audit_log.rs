//! The audit log, and undo of removals, clearings, kicks and skips.
//!
//! An event that removes something names the note by which it can be undone. What it removed is pending until that note
//! arrives with the deadline; it is kept here and not in the event, since a cleared room can have 25,000 entries. Notes
//! carry the time, so nothing here reads a clock.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};
use tutti_protocol::{Action, Command, Entry, EntryId, Event, Member, Note, UserId};

use crate::playback::can_undo_skip;
use crate::{Ctx, MemberState, Refusal, RoomState, is_default};

/// Notes that are kept; the oldest are dropped.
pub const AUDIT_MAX: usize = 200;
/// How long something can be undone.
pub const UNDO_MS: i64 = 2 * 60_000;
/// Actions that can be undone at a time; the oldest become final.
const UNDOABLE_MAX: usize = 20;
/// Owners that an `undone` event names.
const UNDONE_OWNERS_MAX: usize = 100;

/// Notes, and what can still be undone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct AuditLog {
    /// Oldest first.
    #[serde(rename = "audit")]
    pub(crate) notes: VecDeque<Note>,
    #[serde(skip_serializing_if = "is_default")]
    undoable: VecDeque<Undoable>,
    /// What an event removed, until its note arrives.
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) pending_undo: Option<PendingUndo>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Undoable {
    note: u64,
    until_ms: i64,
    by: UserId,
    #[serde(rename = "taken")]
    removed: Removed,
}

/// What an event removed, before its note sets the deadline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PendingUndo {
    note: u64,
    removed: Removed,
}

/// What an event removed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Removed {
    /// A kicked member as they were, with their queue.
    pub(crate) member: Option<(UserId, MemberState)>,
    /// Entries with their indices in their owners' queues, ascending for each owner.
    pub(crate) entries: Vec<(Entry, usize)>,
    /// Votes for these entries.
    pub(crate) votes: BTreeMap<EntryId, BTreeMap<UserId, i8>>,
    /// A skipped entry. It returns with a new id, because the old one is in the history.
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) skipped: Option<Entry>,
}

impl Removed {
    fn is_about(&self, id: UserId) -> bool {
        self.member.as_ref().is_some_and(|(member, _)| *member == id)
            || self.entries.iter().map(|(entry, _)| entry).chain(&self.skipped).any(|entry| entry.member == id)
    }
}

impl AuditLog {
    /// Adds a note, which takes over its pending undo.
    pub(crate) fn record(&mut self, note: &Note) {
        self.undoable.retain(|undoable| undoable.until_ms >= note.at_ms);
        let pending = self.pending_undo.take().filter(|pending| pending.note == note.id);
        if let (Some(until_ms), Some(PendingUndo { removed, .. })) = (note.undo_until_ms, pending) {
            if self.undoable.len() >= UNDOABLE_MAX {
                self.undoable.pop_front();
            }
            self.undoable.push_back(Undoable { note: note.id, until_ms, by: note.by, removed });
        }
        if self.notes.len() >= AUDIT_MAX {
            self.notes.pop_front();
        }
        self.notes.push_back(note.clone());
    }

    /// Takes what an undo restores, and marks its note.
    pub(crate) fn undo(&mut self, note: u64, by: UserId) -> Option<Removed> {
        if let Some(noted) = self.notes.iter_mut().find(|noted| noted.id == note) {
            noted.undone_by = Some(by);
            noted.undo_until_ms = None;
        }
        let place = self.undoable.iter().position(|undoable| undoable.note == note)?;
        self.undoable.remove(place).map(|undoable| undoable.removed)
    }

    /// Removes everything that names a user.
    pub(crate) fn forget(&mut self, id: UserId) {
        self.pending_undo = None;
        self.undoable.retain(|undoable| undoable.by != id && !undoable.removed.is_about(id));
        for undoable in &mut self.undoable {
            undoable.removed.votes.values_mut().for_each(|cast| cast.retain(|voter, _| *voter != id));
            let entries = undoable.removed.entries.iter_mut().map(|(entry, _)| entry);
            let entries = entries.chain(&mut undoable.removed.skipped);
            entries.for_each(|entry| entry.credits.retain(|credited| *credited != id));
        }
        self.notes.retain(|note| note.by != id && note.member != Some(id));
        for note in &mut self.notes {
            note.undone_by = note.undone_by.filter(|undone_by| *undone_by != id);
        }
    }

    /// Transfers a guest's notes to their account. What was removed from the guest can no longer be undone.
    pub(crate) fn rename(&mut self, from: UserId, to: UserId) {
        self.undoable.retain(|undoable| !undoable.removed.is_about(from));
        for undoable in &mut self.undoable {
            if undoable.by == from {
                undoable.by = to;
            }
        }
        for note in &mut self.notes {
            if note.by == from {
                note.by = to;
            }
            for about in [&mut note.member, &mut note.undone_by] {
                if *about == Some(from) {
                    *about = Some(to);
                }
            }
        }
    }
}

impl RoomState {
    /// The number of the note that follows a decision of one event.
    pub(crate) fn next_note(&self) -> u64 {
        self.offset + 2
    }

    /// Keeps what the event being applied removed. In journals from before events named their note, it is the next event.
    pub(crate) fn keep_for_undo(&mut self, note: Option<u64>, removed: Removed) {
        let note = note.unwrap_or(self.offset + 1);
        self.audit_log.pending_undo = Some(PendingUndo { note, removed });
    }

    /// The note for a command. Noted are commands that act on others or on the room.
    pub(crate) fn note_about(&self, ctx: &Ctx<'_>, by: UserId, command: &Command, events: &[Event]) -> Option<Note> {
        let owner_of = |entry: EntryId| self.find(entry).map(|(owner, _)| owner);
        let suggested = |entry: &EntryId| self.suggestions.iter().find(|suggested| suggested.id == *entry);
        let (member, title, can_undo) = match command {
            Command::Dequeue { entry } => {
                let owner = owner_of(*entry).filter(|owner| *owner != by)?;
                (Some(owner), self.title_of(*entry), true)
            }
            Command::Move { entry, .. } => {
                let owner = owner_of(*entry).filter(|owner| *owner != by)?;
                (Some(owner), self.title_of(*entry), false)
            }
            Command::PlayNext { entry } => {
                (owner_of(*entry).filter(|owner| *owner != by), self.title_of(*entry), false)
            }
            Command::Skip { unplayable, .. } => {
                let current = self.current.as_ref().filter(|current| current.entry.member != by)?;
                let (on, can_undo) = (&current.entry, can_undo_skip(current, by, unplayable.unwrap_or(false)));
                (Some(on.member).filter(|_| !on.fallback), Some(on.track.title.clone()), can_undo)
            }
            Command::Approve { entry } | Command::Reject { entry } => {
                let entry = suggested(entry).filter(|entry| entry.member != by)?;
                (Some(entry.member), Some(entry.track.title.clone()), false)
            }
            Command::Clear { member } => (*member, None, true),
            Command::Kick { member } => (Some(*member), None, true),
            Command::Ban { member }
            | Command::Unban { member }
            | Command::Mute { member, .. }
            | Command::Admit { member }
            | Command::Deny { member }
            | Command::SetRole { member, .. }
            | Command::SetPermission { member, .. }
            | Command::TransferHost { member } => (Some(*member), None, false),
            Command::RenameRoom { room_name } => (None, Some(room_name.clone()), false),
            Command::RemoveScreen { screen } => (None, self.screen_name(*screen), false),
            Command::ResumeQueue { member } => (Some(member.filter(|member| *member != by)?), None, false),
            Command::Lock
            | Command::Unlock
            | Command::SetPolicy { .. }
            | Command::SetSettings { .. }
            | Command::Block { .. }
            | Command::Unblock { .. }
            | Command::SetOutput { .. }
            | Command::Undo { .. }
            | Command::ClaimHost => (None, None, false),
            _ => return None,
        };
        // Every change of settings is one deed, whatever command makes it.
        let deed = match command {
            Command::Block { .. } | Command::Unblock { .. } => "set_settings",
            _ => command.name(),
        };
        let settings = events.iter().find_map(|event| match event {
            Event::SettingsChanged { settings, .. } => Some(settings.names().into_iter().map(str::to_owned).collect()),
            _ => None,
        });
        Some(Note {
            member,
            title,
            settings: settings.unwrap_or_default(),
            undo_until_ms: can_undo.then(|| ctx.now_ms.saturating_add(UNDO_MS)),
            ..self.new_note(ctx, by, deed, events.len())
        })
    }

    /// A note behind so many events.
    pub(crate) fn new_note(&self, ctx: &Ctx<'_>, by: UserId, deed: &str, events: usize) -> Note {
        Note {
            id: self.offset + events as u64 + 1,
            at_ms: ctx.now_ms,
            by,
            deed: deed.to_owned(),
            member: None,
            title: None,
            settings: vec![],
            undo_until_ms: None,
            undone_by: None,
        }
    }

    pub(crate) fn undo(&self, ctx: &Ctx<'_>, by: UserId, note: Option<u64>) -> Result<Vec<Event>, Refusal> {
        let meant = |undoable: &&Undoable| note.map_or(undoable.by == by, |note| undoable.note == note);
        let undoable = self.audit_log.undoable.iter().rev().find(meant).ok_or(Refusal::NothingToUndo)?;
        // The permission for the action also allows undoing it, whoever did it.
        let removed = &undoable.removed;
        let action = match &removed.member {
            Some(_) => Action::Kick,
            None if removed.skipped.is_some() => Action::Skip,
            None if removed.entries.iter().all(|(entry, _)| entry.member == by) => Action::Queue,
            None => Action::CurateQueue,
        };
        self.require(by, action)?;
        if undoable.until_ms < ctx.now_ms {
            return Err(Refusal::NothingToUndo);
        }
        let member = match &undoable.removed.member {
            None => None,
            Some((id, _)) if self.is_banned(*id) => return Err(Refusal::BannedMeanwhile),
            Some((id, was)) => Some(self.as_before(*id, was)),
        };
        let entries = removed.entries.iter().map(|(entry, _)| entry).chain(&removed.skipped);
        let owners: BTreeSet<UserId> = entries.map(|entry| entry.member).collect();
        let entry = removed.skipped.is_some().then_some(ctx.new_entry);
        let owners = owners.into_iter().take(UNDONE_OWNERS_MAX).collect();
        Ok(vec![Event::Undone { note: undoable.note, by, member, owners, entry }])
    }

    /// A restored member, by their current name.
    fn as_before(&self, id: UserId, was: &MemberState) -> Member {
        let was = was.to_wire(id);
        match self.visible(id) {
            Some(now) => {
                let now = now.to_wire(id);
                Member { role: was.role.max(now.role), exceptions: was.exceptions, ..now }
            }
            None => was,
        }
    }

    fn title_of(&self, entry: EntryId) -> Option<String> {
        let (owner, place) = self.find(entry)?;
        Some(self.members[&owner].queue[place].track.title.clone())
    }
}
