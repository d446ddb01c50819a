//! Compares acknowledgements, snapshots and deltas with the stored journal, and reports contradictions. Also used by
//! the crash tests.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde_json::Value;
use tutti::room::state::RoomState;
use tutti::store::StoredJournal;
use tutti_protocol::{
    CommandId, EndReason, EntryId, Event, Playback, PlaybackState, Position, Role, Room, RoomCode, RoomId, ServerFrame,
    UserId,
};
use tutti_test_client::CommandOutcome;

/// Past states that are kept to check snapshots and deltas that arrive late.
const STATES_MAX: usize = 400;

/// The audit of one room.
pub struct Auditor {
    room: RoomId,
    /// Every stored event by offset.
    events: BTreeMap<u64, Event>,
    /// Every stored batch by its last offset, as JSON.
    batches: BTreeMap<u64, String>,
    /// Every command that was stored with events, and their last offset.
    commands: HashMap<(UserId, CommandId), u64>,
    /// Every entry that was queued, suggested, or credited to a member.
    entries: HashSet<EntryId>,
    /// The room after each of the latest batches.
    states: BTreeMap<u64, RoomState>,
    /// Commands that were refused or accepted without effect: none may be stored later.
    without_effect: HashSet<(UserId, CommandId)>,
    top: u64,
    advanced_starts: u64,
}

impl Auditor {
    pub fn new(room: RoomId, code: RoomCode) -> Self {
        let states = BTreeMap::from([(0, RoomState::new(code))]);
        Self {
            room,
            events: BTreeMap::new(),
            batches: BTreeMap::new(),
            commands: HashMap::new(),
            entries: HashSet::new(),
            states,
            without_effect: HashSet::new(),
            top: 0,
            advanced_starts: 0,
        }
    }

    pub fn room(&self) -> RoomId {
        self.room
    }

    pub fn top(&self) -> u64 {
        self.top
    }

    pub fn measured(&self) -> u64 {
        self.count(|event| matches!(event, Event::TrackMeasured { .. }))
    }

    pub fn waited(&self) -> u64 {
        self.count(|event| match event {
            Event::EntryStarted { playback, .. } | Event::PlaybackChanged { playback, .. } => {
                playback.waiting_for_listener
            }
            _ => false,
        })
    }

    pub fn faulty(&self) -> u64 {
        self.count(|event| match event {
            Event::EntryRemoved { fault, .. } => fault.is_some(),
            Event::EntryEnded { reason, .. } => matches!(reason, EndReason::Unplayable | EndReason::Gone),
            _ => false,
        })
    }

    fn count(&self, wanted: impl Fn(&Event) -> bool) -> u64 {
        self.events.values().filter(|event| wanted(event)).count() as u64
    }

    pub fn advanced_starts(&self) -> u64 {
        self.advanced_starts
    }

    /// The batch that ends at an offset, as JSON.
    pub fn batch(&self, offset: u64) -> Option<&str> {
        self.batches.get(&offset).map(String::as_str)
    }

    pub fn state(&self) -> &RoomState {
        self.states.last_key_value().expect("the newest").1
    }

    /// Reads new batches, and checks that the earlier ones are unchanged.
    pub fn read(&mut self, stored: &StoredJournal) -> Result<(), String> {
        let covered = stored.checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.offset);
        let kept: BTreeSet<u64> = stored.batches.iter().map(|batch| batch.offset).collect();
        if let Some(lost) = self.batches.keys().rev().take_while(|at| **at > covered).find(|at| !kept.contains(at)) {
            return Err(format!("the batch at offset {lost} is no longer stored"));
        }
        for batch in &stored.batches {
            if batch.offset <= self.top {
                if self.batches.get(&batch.offset) != Some(&batch.events) {
                    return Err(format!("the batch at offset {} has changed", batch.offset));
                }
                continue;
            }
            let events: Vec<Event> = serde_json::from_str(&batch.events).map_err(|error| error.to_string())?;
            let first = batch.offset + 1 - events.len() as u64;
            self.batches.insert(batch.offset, batch.events.clone());
            if first != self.top + 1 {
                return Err(format!("offset {} is followed by {first}", self.top));
            }
            if let Some(command) = batch.command {
                if let Some(before) = self.commands.insert(command, batch.offset) {
                    return Err(format!("a command took effect twice: at offset {before} and at {}", batch.offset));
                }
                if self.without_effect.contains(&command) {
                    return Err(format!("a command that was answered without effect has one at {}", batch.offset));
                }
            }
            let mut state = self.state().clone();
            for (event, offset) in events.into_iter().zip(first..) {
                self.advanced_starts += u64::from(advances_start(&state, &event)?);
                state.apply(&event);
                self.entries.extend(entry_for_reply(&event));
                self.events.insert(offset, event);
            }
            check_invariants(&state)?;
            self.top = batch.offset;
            self.states.insert(batch.offset, state);
            if self.states.len() > STATES_MAX {
                self.states.pop_first();
            }
        }
        Ok(())
    }

    /// Checks a snapshot.
    pub fn snapshot(&self, position: Position, room: &Room) -> Result<(), String> {
        let offset = position.offset;
        if offset > self.top {
            return Err(format!("a snapshot shows offset {offset}, and {} is stored", self.top));
        }
        let Some(state) = self.states.get(&offset) else {
            let oldest = *self.states.first_key_value().expect("one").0;
            return if offset < oldest { Ok(()) } else { Err(format!("a snapshot within a batch: {offset}")) };
        };
        let (expected, shown) = (json(&state.snapshot()), json(room));
        if expected == shown { Ok(()) } else { Err(format!("a snapshot at {offset} shows a different room")) }
    }

    /// Checks a delta. The client checks that it continues its position.
    pub fn delta(&self, delta: &ServerFrame) -> Result<(), String> {
        let ServerFrame::Delta { position, events, upcoming, .. } = delta else { return Err("no delta".into()) };
        if position.offset > self.top {
            return Err(format!("a delta shows offset {}, and {} is stored", position.offset, self.top));
        }
        for (event, offset) in events.iter().zip(position.offset + 1 - events.len() as u64..) {
            if self.events.get(&offset) != Some(event) {
                return Err(format!("a delta shows a different event at {offset}"));
            }
        }
        if let (Some(upcoming), Some(state)) = (upcoming, self.states.get(&position.offset))
            && json(&state.upcoming().0) != json(upcoming)
        {
            return Err(format!("a delta shows a different order at {}", position.offset));
        }
        Ok(())
    }

    /// Checks the outcome of a command.
    pub fn reply(&mut self, by: UserId, id: CommandId, outcome: &CommandOutcome) -> Result<(), String> {
        let stored = self.commands.get(&(by, id)).copied();
        match (outcome, stored) {
            (CommandOutcome::Accepted { offset, entry }, Some(stored)) => {
                if *offset != stored {
                    return Err(format!("a command stored at {stored} is answered with {offset}"));
                }
                if entry.is_some_and(|entry| !self.entries.contains(&entry)) {
                    return Err("an acknowledged entry is not stored".into());
                }
                Ok(())
            }
            (CommandOutcome::Accepted { offset, entry }, None) => {
                if entry.is_some() || *offset > self.top {
                    return Err(format!("acknowledged at {offset} but not stored"));
                }
                self.without_effect.insert((by, id));
                Ok(())
            }
            (CommandOutcome::Refused, Some(stored)) => Err(format!("refused but stored at {stored}")),
            (CommandOutcome::Refused, None) => {
                self.without_effect.insert((by, id));
                Ok(())
            }
            (CommandOutcome::Retry, _) => Ok(()),
        }
    }

    pub fn is_stored(&self, by: UserId, id: CommandId) -> bool {
        self.commands.contains_key(&(by, id))
    }

    /// All events, with ids numbered in order of appearance, so that runs of the same seed are equal.
    pub fn trace(&self) -> Vec<String> {
        let mut numbers: HashMap<String, usize> = HashMap::new();
        let mut lines = vec![];
        for (offset, event) in &self.events {
            let mut value = json(event);
            number(&mut value, &mut numbers);
            lines.push(format!("{offset} {value}"));
        }
        lines
    }
}

/// Replaces every id with a number.
fn number(value: &mut Value, numbers: &mut HashMap<String, usize>) {
    match value {
        Value::String(text) if uuid::Uuid::parse_str(text).is_ok() => {
            let next = numbers.len();
            *text = format!("#{}", numbers.entry(text.clone()).or_insert(next));
        }
        Value::Array(values) => values.iter_mut().for_each(|value| number(value, numbers)),
        Value::Object(fields) => fields.values_mut().for_each(|value| number(value, numbers)),
        _ => {}
    }
}

/// Whether the event advances a scheduled start. The room may reschedule a running timeline only to start sooner, and
/// otherwise starts only what waited for a listening device, where it waited.
fn advances_start(before: &RoomState, event: &Event) -> Result<bool, String> {
    let Event::PlaybackChanged { playback, by: None } = event else { return Ok(false) };
    if playback.state != PlaybackState::Playing {
        return Ok(false);
    }
    let was = *before.playback();
    let advanced = Playback { anchor_at_ms: playback.anchor_at_ms, ..was };
    if *playback == advanced && playback.anchor_at_ms < was.anchor_at_ms {
        return Ok(true);
    }
    if was.waiting_for_listener && playback.anchor_position_ms == was.anchor_position_ms && playback.entry == was.entry
    {
        return Ok(false);
    }
    Err(format!("the room moves its timeline from {was:?} to {playback:?}"))
}

/// The entry that the reply to a command names.
fn entry_for_reply(event: &Event) -> Option<EntryId> {
    match event {
        Event::EntryAdded { entry, .. } | Event::EntrySuggested { entry } => Some(entry.id),
        Event::EntryCredited { entry, .. } => Some(*entry),
        _ => None,
    }
}

fn json(value: &impl serde::Serialize) -> Value {
    serde_json::to_value(value).expect("JSON")
}

fn check_invariants(room: &RoomState) -> Result<(), String> {
    let violation = |what: &str| Err(format!("{what} at offset {}", room.offset()));
    if room.is_closed() {
        return Ok(());
    }
    let snapshot = room.snapshot();
    let order = room.order(usize::MAX);
    if snapshot.members.iter().filter(|member| member.role == Role::Host).count() != 1 {
        return violation("there is not exactly one host");
    }
    if room.now_playing().is_none() != (snapshot.playback.state == PlaybackState::Idle) {
        return violation("the playback state does not match what is playing");
    }
    let Playback { state, waiting_for_listener, .. } = snapshot.playback;
    if waiting_for_listener && state != PlaybackState::Paused {
        return violation("what waits for a listening device is not paused");
    }
    let mut seen: BTreeSet<EntryId> = room.now_playing().map(|entry| entry.id).into_iter().collect();
    if !order.iter().all(|placed| seen.insert(placed.entry.id)) {
        return violation("an entry is in two places");
    }
    Ok(())
}
