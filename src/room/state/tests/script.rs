//! A small language for stories about a room.
//!
//! Steps are separated by `;`. The first word is who, the second what they do:
//! `ana joins` (the first to join opens the room and is its host) · `ana adds a1 a2=600` (seconds; 180 unless said) ·
//! `ana adds a3 before a1` · `ana removes a1` · `ana moves a2 before a1` · `ana moves a2 last` · `ana skips` · `ana plays` ·
//! `ana pauses` · `ana seeks 30` · `ana kicks ben` · `ana makes ben listener` · `ana hands ben` · `ana leaves` ·
//! `ben goes` (away for longer than the grace period) · `ben returns` · `ben returns as Benno` · `ben returns with
//! /ben.webp` (a picture) · `ben becomes ada` (logs in to ada's account) · `ben vanishes` (is forgotten) · `wait 90` (seconds, with every deadline on the way) · `next` (until the next entry is on).

use std::collections::BTreeMap;

use tutti_protocol::{
    Command, EntryId, ErrorCode, Event, PlaybackState, Provider, Role, RoomCode, Track, TrackRef, UserId, UserKind,
};
use tutti_room_state::{Ctx, Input, Newcomer, Refusal, RoomState};
use uuid::Uuid;

/// A room that is told what to do in words.
pub struct Story {
    pub room: RoomState,
    pub events: Vec<Event>,
    pub now_ms: i64,
    people: BTreeMap<String, UserId>,
    entries: BTreeMap<String, EntryId>,
    ids: u128,
}

/// Plays `script` and compares what the room is then: `a1 playing · b1 · a2`.
pub fn check(script: &str, expected: &expect_test::Expect) {
    let mut story = Story::new();
    story.play(script);
    expected.assert_eq(&story.to_string());
}

impl Story {
    pub fn new() -> Self {
        Self {
            room: RoomState::new(RoomCode::from_bits(1)),
            events: vec![],
            now_ms: 1_000_000,
            people: BTreeMap::new(),
            entries: BTreeMap::new(),
            ids: 0,
        }
    }

    /// Plays every step; panics at a refusal.
    pub fn play(&mut self, script: &str) {
        for step in script.split(';').map(str::trim).filter(|step| !step.is_empty()) {
            if let Err(refusal) = self.step(step) {
                panic!("{step}: {refusal}");
            }
        }
    }

    /// Plays one step that must be refused.
    pub fn refused(&mut self, step: &str) -> ErrorCode {
        let before = self.room.clone();
        let refusal = self.step(step).expect_err(step);
        assert_eq!(self.room, before, "a refusal changes nothing");
        refusal.code()
    }

    pub fn user(&mut self, name: &str) -> UserId {
        let next = UserId(Uuid::from_u128(self.people.len() as u128 + 1));
        *self.people.entry(name.to_owned()).or_insert(next)
    }

    /// A guest without a picture.
    pub fn newcomer(&mut self, name: &str) -> Newcomer {
        Newcomer { id: self.user(name), name: name.to_owned(), kind: UserKind::Guest, picture: None }
    }

    pub fn handle(&mut self, input: &Input) -> Result<(), Refusal> {
        self.ids += 1;
        let ctx = Ctx { now_ms: self.now_ms, new_entry: EntryId(Uuid::from_u128(1_000_000 + self.ids)) };
        self.events.extend(self.room.handle(&ctx, input)?);
        Ok(())
    }

    /// Lets time pass, doing what is due at each deadline.
    pub fn wait_ms(&mut self, duration_ms: i64) {
        let until_ms = self.now_ms + duration_ms;
        while let Some(deadline_ms) = self.room.next_deadline_ms().filter(|at_ms| *at_ms <= until_ms) {
            self.now_ms = self.now_ms.max(deadline_ms);
            self.handle(&Input::Tick).expect("a tick is never refused");
        }
        self.now_ms = until_ms;
    }

    fn step(&mut self, step: &str) -> Result<(), Refusal> {
        let words: Vec<&str> = step.split_whitespace().collect();
        match words[..] {
            ["wait", seconds] => self.wait_ms(seconds.parse::<i64>().expect("seconds") * 1_000),
            ["next"] => {
                let before = self.room.now_playing().map(|entry| entry.id);
                while self.room.now_playing().map(|entry| entry.id) == before {
                    let deadline_ms = self.room.next_deadline_ms().expect("something is on");
                    self.wait_ms((deadline_ms - self.now_ms).max(0));
                }
            }
            [name, "joins"] => {
                let who = self.newcomer(name);
                if self.room.offset() == 0 {
                    self.handle(&Input::Create { name: "Party".into(), host: who })?;
                } else {
                    self.handle(&Input::Enter(who))?;
                }
            }
            [name, "returns"] => {
                let who = self.newcomer(name);
                self.handle(&Input::Enter(who))?;
            }
            [name, "returns", "with", picture] => {
                let who = Newcomer { picture: Some(picture.to_owned()), ..self.newcomer(name) };
                self.handle(&Input::Enter(who))?;
            }
            [name, "returns", "as", other] => {
                let who = Newcomer { name: other.to_owned(), ..self.newcomer(name) };
                self.handle(&Input::Enter(who))?;
            }
            [name, "becomes", account] => {
                let (from, to) = (self.user(name), self.newcomer(account));
                self.handle(&Input::Merge { from, to: Newcomer { kind: UserKind::User, ..to } })?;
            }
            [name, "vanishes"] => {
                let who = self.user(name);
                self.handle(&Input::Forget(who))?;
            }
            [name, "goes"] => {
                let who = self.user(name);
                self.handle(&Input::GraceOver(who))?;
            }
            [name, "adds", ref tracks @ ..] => {
                let (tracks, before) = match tracks {
                    [tracks @ .., "before", before] => (tracks, Some(self.entry(before))),
                    tracks => (tracks, None),
                };
                for track in tracks {
                    self.add(name, track, before)?;
                }
            }
            [name, "removes", entry] => {
                let entry = self.entry(entry);
                self.command(name, Command::Dequeue { entry })?;
            }
            [name, "moves", entry, "last"] => {
                let entry = self.entry(entry);
                self.command(name, Command::Move { entry, before: None })?;
            }
            [name, "moves", entry, "before", before] => {
                let (entry, before) = (self.entry(entry), Some(self.entry(before)));
                self.command(name, Command::Move { entry, before })?;
            }
            [name, "seeks", seconds] => {
                let position_ms = seconds.parse::<u64>().expect("seconds") * 1_000;
                self.command(name, Command::Seek { position_ms })?;
            }
            [name, "kicks", other] => {
                let member = self.user(other);
                self.command(name, Command::Kick { member })?;
            }
            [name, "hands", other] => {
                let member = self.user(other);
                self.command(name, Command::TransferHost { member })?;
            }
            [name, "makes", other, role] => {
                let member = self.user(other);
                let role = match role {
                    "listener" => Role::Listener,
                    "player" => Role::Player,
                    "cohost" => Role::Cohost,
                    "host" => Role::Host,
                    _ => panic!("no such role: {role}"),
                };
                self.command(name, Command::SetRole { member, role })?;
            }
            [name, "skips"] => self.command(name, Command::Skip { entry: None })?,
            [name, "plays"] => self.command(name, Command::Play)?,
            [name, "pauses"] => self.command(name, Command::Pause)?,
            [name, "leaves"] => self.command(name, Command::Leave)?,
            [name, "closes"] => self.command(name, Command::CloseRoom)?,
            _ => panic!("what does this mean: {step}"),
        }
        Ok(())
    }

    pub fn command(&mut self, name: &str, command: Command) -> Result<(), Refusal> {
        let by = self.user(name);
        self.handle(&Input::Command { by, command, track: None })
    }

    fn add(&mut self, name: &str, track: &str, before: Option<EntryId>) -> Result<(), Refusal> {
        let (title, seconds) = track.split_once('=').unwrap_or((track, "180"));
        let track = track_of(title, seconds.parse::<u64>().expect("seconds") * 1_000);
        let by = self.user(name);
        let command = Command::Enqueue { track: TrackRef { provider: track.provider, id: track.id.clone() }, before };
        self.handle(&Input::Command { by, command, track: Some(track) })?;
        self.entries.insert(title.to_owned(), EntryId(Uuid::from_u128(1_000_000 + self.ids)));
        Ok(())
    }

    fn entry(&self, title: &str) -> EntryId {
        *self.entries.get(title).unwrap_or_else(|| panic!("nobody added {title}"))
    }
}

pub fn track_of(title: &str, duration_ms: u64) -> Track {
    Track {
        provider: Provider::Library,
        id: title.to_owned(),
        title: title.to_owned(),
        artists: vec![],
        album: None,
        duration_ms,
        art_url: None,
    }
}

impl std::fmt::Display for Story {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let state = match self.room.playback().state {
            PlaybackState::Playing => "playing",
            PlaybackState::Paused => "paused",
            PlaybackState::Idle => "idle",
        };
        match self.room.now_playing() {
            Some(entry) => write!(f, "{} {state}", entry.track.title)?,
            None => f.write_str(state)?,
        }
        for placed in self.room.order(1_000) {
            write!(f, " · {}", placed.entry.track.title)?;
        }
        Ok(())
    }
}
