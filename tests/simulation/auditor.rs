//! Knows what was acknowledged and what was shown, reads what is stored, and says what cannot be. The crash tests are held
//! to it, too.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde_json::Value;
use tutti::room::state::RoomState;
use tutti::store::StoredJournal;
use tutti_protocol::{
    CommandId, EntryId, Event, Playback, PlaybackState, Position, Role, Room, RoomCode, RoomId, ServerFrame, UserId,
};
use tutti_test_client::CommandOutcome;

/// How many past states are kept to compare what clients are shown late.
const STATES_MAX: usize = 400;

/// What is known of one room.
pub struct Auditor {
    room: RoomId,
    /// Every event that was ever stored, by offset.
    events: BTreeMap<u64, Event>,
    /// Every batch that was ever stored, as it was.
    batches: BTreeMap<u64, String>,
    /// Every command that was ever stored with events, and where they end.
    commands: HashMap<(UserId, CommandId), u64>,
    /// Every entry that was ever queued, suggested, or credited to somebody.
    entries: HashSet<EntryId>,
    /// The room after every batch, the last of them.
    states: BTreeMap<u64, RoomState>,
    /// Commands whose senders were told that they were refused, or that nothing changed: nothing may come of them.
    idle: HashSet<(UserId, CommandId)>,
    top: u64,
    drawn_nearer: u64,
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
            idle: HashSet::new(),
            top: 0,
            drawn_nearer: 0,
        }
    }

    pub fn room(&self) -> RoomId {
        self.room
    }

    pub fn top(&self) -> u64 {
        self.top
    }

    pub fn drawn_nearer(&self) -> u64 {
        self.drawn_nearer
    }

    /// What is stored where a batch ends, as JSON.
    pub fn batch(&self, offset: u64) -> Option<&str> {
        self.batches.get(&offset).map(String::as_str)
    }

    pub fn state(&self) -> &RoomState {
        self.states.last_key_value().expect("the newest").1
    }

    /// Reads what was stored since, and checks that what was stored before still is.
    pub fn read(&mut self, stored: &StoredJournal) -> Result<(), String> {
        let covered = stored.checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.offset);
        let kept: BTreeSet<u64> = stored.batches.iter().map(|batch| batch.offset).collect();
        if let Some(lost) = self.batches.keys().rev().take_while(|at| **at > covered).find(|at| !kept.contains(at)) {
            return Err(format!("what ended at offset {lost} is not stored any more"));
        }
        for batch in &stored.batches {
            if batch.offset <= self.top {
                if self.batches.get(&batch.offset) != Some(&batch.events) {
                    return Err(format!("what is stored at offset {} is not what it was", batch.offset));
                }
                continue;
            }
            let events: Vec<Event> = serde_json::from_str(&batch.events).map_err(|error| error.to_string())?;
            let first = batch.offset + 1 - events.len() as u64;
            self.batches.insert(batch.offset, batch.events.clone());
            if first != self.top + 1 {
                return Err(format!("after offset {} comes {first}", self.top));
            }
            if let Some(command) = batch.command {
                if let Some(before) = self.commands.insert(command, batch.offset) {
                    return Err(format!("a command was done twice: at offset {before} and at {}", batch.offset));
                }
                if self.idle.contains(&command) {
                    return Err(format!(
                        "something came of a command that nothing was to come of, at {}",
                        batch.offset
                    ));
                }
            }
            let mut state = self.state().clone();
            for (event, offset) in events.into_iter().zip(first..) {
                self.drawn_nearer += u64::from(draws_nearer(&state, &event)?);
                state.apply(&event);
                self.entries.extend(named(&event));
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

    /// A client is shown the whole room.
    pub fn shown(&self, position: Position, room: &Room) -> Result<(), String> {
        let offset = position.offset;
        if offset > self.top {
            return Err(format!("a snapshot shows offset {offset}, and {} is stored", self.top));
        }
        let Some(state) = self.states.get(&offset) else {
            let oldest = *self.states.first_key_value().expect("one").0;
            return if offset < oldest { Ok(()) } else { Err(format!("a snapshot in the midst of a batch: {offset}")) };
        };
        let (expected, shown) = (json(&state.snapshot()), json(room));
        if expected == shown { Ok(()) } else { Err(format!("a snapshot at {offset} shows another room")) }
    }

    /// A client is sent a delta. That it continues what the client knew is the client's to check.
    pub fn told(&self, delta: &ServerFrame) -> Result<(), String> {
        let ServerFrame::Delta { position, events, upcoming, .. } = delta else { return Err("no delta".into()) };
        if position.offset > self.top {
            return Err(format!("a delta shows offset {}, and {} is stored", position.offset, self.top));
        }
        for (event, offset) in events.iter().zip(position.offset + 1 - events.len() as u64..) {
            if self.events.get(&offset) != Some(event) {
                return Err(format!("a delta shows another event at {offset}"));
            }
        }
        if let (Some(upcoming), Some(state)) = (upcoming, self.states.get(&position.offset))
            && json(&state.upcoming().0) != json(upcoming)
        {
            return Err(format!("a delta shows another order at {}", position.offset));
        }
        Ok(())
    }

    /// A member is told what a command came to.
    pub fn answered(&mut self, by: UserId, id: CommandId, answered: &CommandOutcome) -> Result<(), String> {
        let stored = self.commands.get(&(by, id)).copied();
        match (answered, stored) {
            (CommandOutcome::Accepted { offset, entry }, Some(stored)) => {
                if *offset != stored {
                    return Err(format!("a command that is stored at {stored} is answered with {offset}"));
                }
                if entry.is_some_and(|entry| !self.entries.contains(&entry)) {
                    return Err("an entry that was acknowledged is not stored".into());
                }
                Ok(())
            }
            (CommandOutcome::Accepted { offset, entry }, None) => {
                if entry.is_some() || *offset > self.top {
                    return Err(format!("acknowledged at {offset} and not stored"));
                }
                self.idle.insert((by, id));
                Ok(())
            }
            (CommandOutcome::Refused, Some(stored)) => Err(format!("refused, and stored at {stored}")),
            (CommandOutcome::Refused, None) => {
                self.idle.insert((by, id));
                Ok(())
            }
            (CommandOutcome::Retry, _) => Ok(()),
        }
    }

    pub fn is_stored(&self, by: UserId, id: CommandId) -> bool {
        self.commands.contains_key(&(by, id))
    }

    /// All that happened, in words that are the same every time: new ids are numbered as they come.
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

/// Puts a number in the place of every id.
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

/// Whether the room itself moves a timeline that runs: only to begin sooner.
fn draws_nearer(before: &RoomState, event: &Event) -> Result<bool, String> {
    let Event::PlaybackChanged { playback, by: None } = event else { return Ok(false) };
    if playback.state != PlaybackState::Playing {
        return Ok(false);
    }
    let was = *before.playback();
    let nearer = Playback { anchor_at_ms: playback.anchor_at_ms, ..was };
    if *playback == nearer && playback.anchor_at_ms < was.anchor_at_ms {
        return Ok(true);
    }
    Err(format!("the room moves its timeline from {was:?} to {playback:?}"))
}

/// The entry that somebody gets for asking.
fn named(event: &Event) -> Option<EntryId> {
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
    let wrong = |what: &str| Err(format!("{what} at offset {}", room.offset()));
    if room.is_closed() {
        return Ok(());
    }
    let snapshot = room.snapshot();
    let order = room.order(usize::MAX);
    if snapshot.members.iter().filter(|member| member.role == Role::Host).count() != 1 {
        return wrong("not one host");
    }
    if room.now_playing().is_none() != (snapshot.playback.state == PlaybackState::Idle) {
        return wrong("idle with something on, or the other way round");
    }
    let mut seen: BTreeSet<EntryId> = room.now_playing().map(|entry| entry.id).into_iter().collect();
    if !order.iter().all(|placed| seen.insert(placed.entry.id)) {
        return wrong("an entry in two places");
    }
    Ok(())
}
