//! A small language for stories about a room.
//!
//! Steps are separated by `;`. The first word is who, the second what they do:
//! `ana joins` (the first to join opens the room and is its host) · `ana adds a1 a2=600` (seconds; 180 unless said) ·
//! `ana adds a3 before a1` · `ana adds all a1 a2` (one command) · `ana removes a1` · `ana moves a2 before a1` · `ana moves a2 last` · `ana skips` · `ana plays` ·
//! `ana pauses` · `ana puts b1 first` · `ana seeks 30` · `ana plays on d1 d2` (only these
//! devices) · `ana leaves out d1` · `ana turns d1 to 40` (per cent) · `ana kicks ben` · `ana makes ben listener` · `ana hands ben` · `ana leaves` ·
//! `ben goes` (away for longer than the grace period) · `ben returns` · `ben returns as Benno` · `ben returns with
//! /ben.webp` (a picture) · `ben becomes ada` (logs in to ada's account) · `ben vanishes` (is forgotten) · `wait 90`
//! (seconds, with every deadline on the way) · `next` (until the next entry is on).
//!
//! A track may have an artist be explicit, and be Spotify's: `a1=200@queen`, `a1!`, `a1:spotify`. Hosting: `ana sets policy votes` · `ana sets
//! players_max 2` · `ana weighs ben 200` · `ana opens kick to cohost` · `ana grants ben skip` · `ana withholds ben vote` ·
//! `ana falls back to x y=60` · `ana blocks y` · `ana blocks artist queen` · `ana unblocks y` · `ana unblocks artist queen` · `ana bans ben` · `ana unbans ben` · `ana mutes ben` · `ana admits eve` · `ana denies eve` ·
//! `ana locks` · `ana unlocks` · `ana approves b1` · `ana rejects b1` · `ana clears ben` · `ana clears all` · `ana undoes` ·
//! `ana undoes it` (whoever did it last) · `ana pairs t1` (a screen) · `ana unpairs t1` · `ana chooses votes` · `ana previews votes` · `ana asks audit` · `ben skips
//! unplayable` · `ben renames Bo` · `ana calls the room Attic` · `ben says hello` · `ben reacts yes` · `ana drops` (no device any more) · `ben claims`. Of one's own: `ben holds` (pauses the queue) · `ben resumes` · `ben
//! steps down` · `ben votes a1` · `ben votes against a1` · `ben unvotes a1` · `ben votes to skip` · `ben dozes` (idle) ·
//! `ben wakes`.
//!
//! Measurements: `a1 measures 200` (seconds) · `a1 measures 200 -6.5` (and a gain in dB) · `a1 is unplayable` · `a1 is gone`.
//!
//! Devices are `d1`, `d2`: `d1 listens` (it plays) · `d1 listens to library` (nothing else) · `d1 has a1 a2` (ready to start) ·
//! `d1 hushes`. `server restarts` (no device listens until it says so again).

use std::collections::{BTreeMap, BTreeSet};

use tutti_protocol::{
    Action, BlockedTrack, Command, DeviceId, EntryId, ErrorCode, Event, Gain, OutputMode, PlaybackState, Policy,
    ProviderId, Role, RoomCode, ScreenId, SettingsChange, Track, TrackRef, UserId, UserKind,
};
use tutti_room_state::{Audience, Ctx, Input, Newcomer, Refusal, RoomState, TrackFinding};
use uuid::Uuid;

/// A room that is told what to do in words.
#[derive(Clone)]
pub struct Story {
    pub room: RoomState,
    pub events: Vec<Event>,
    pub now_ms: i64,
    /// Members with a device that is not idle.
    pub present: BTreeSet<UserId>,
    pub host_gone_since_ms: Option<i64>,
    /// The devices that play: what they can play, and what they have ready.
    listening: BTreeMap<DeviceId, (Vec<ProviderId>, Vec<EntryId>)>,
    /// Since when none of them plays.
    unheard_since_ms: Option<i64>,
    /// The names of the commands that were tried.
    pub asked: BTreeSet<&'static str>,
    /// The command that was tried last.
    pub last_command: Option<Command>,
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
            present: BTreeSet::new(),
            host_gone_since_ms: None,
            listening: BTreeMap::new(),
            unheard_since_ms: Some(1_000_000),
            asked: BTreeSet::new(),
            last_command: None,
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

    /// Plays one step that may be refused.
    pub fn attempt(&mut self, step: &str) -> Result<(), Refusal> {
        self.step(step)
    }

    pub fn allows(&mut self, name: &str, action: Action) -> bool {
        let who = self.user(name);
        self.room.allows(who, action)
    }

    /// Whoever is the host lets everybody from a role up do something.
    pub fn open_to(&mut self, action: Action, role: Role) {
        let by = self.room.host().expect("a host");
        let settings = SettingsChange { permissions: Some([(action, role)].into()), ..SettingsChange::default() };
        let command = Command::SetSettings { settings: Box::new(settings) };
        self.handle(&Input::Command { by, command, tracks: vec![] }).expect("the host may");
        self.asked.clear();
    }

    /// Plays one step that must be refused.
    pub fn refused(&mut self, step: &str) -> ErrorCode {
        self.refusal(step).code()
    }

    /// As [`Self::refused`], with the reason itself.
    pub fn refusal(&mut self, step: &str) -> Refusal {
        let before = self.room.clone();
        let refusal = self.step(step).expect_err(step);
        assert_eq!(self.room, before, "a refusal changes nothing");
        refusal
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
        if let Input::Command { command, .. } = input {
            self.asked.insert(command.name());
            self.last_command = Some(command.clone());
        }
        self.handle_one(input)?;
        while self.listeners_due_ms().is_some_and(|due_ms| due_ms <= self.now_ms) {
            self.handle_one(&Input::Audience)?;
        }
        Ok(())
    }

    fn handle_one(&mut self, input: &Input) -> Result<(), Refusal> {
        self.ids += 1;
        self.follow_listeners();
        let audience = self.audience();
        let ctx = Ctx {
            now_ms: self.now_ms,
            new_entry: EntryId(Uuid::from_u128(1_000_000 + self.ids)),
            present: &self.present,
            host_gone_since_ms: self.host_gone_since_ms,
            audience: &audience,
            unheard_since_ms: self.unheard_since_ms,
        };
        self.events.extend(self.room.handle(&ctx, input)?);
        Ok(())
    }

    fn follow_listeners(&mut self) {
        let is_heard = self.listening.keys().any(|id| self.room.output().lets_play(*id));
        self.unheard_since_ms = (!is_heard).then_some(self.unheard_since_ms.unwrap_or(self.now_ms));
    }

    fn listeners_due_ms(&mut self) -> Option<i64> {
        self.follow_listeners();
        self.room.listeners_due_ms(self.unheard_since_ms)
    }

    /// The server is down until now: the room is read from its checkpoint.
    fn restart(&mut self) {
        let checkpoint = serde_json::to_string(&self.room).expect("JSON");
        self.room = serde_json::from_str(&checkpoint).expect("reads back");
        self.listening.clear();
        self.unheard_since_ms =
            Some(self.room.ends_at_ms().map_or(self.now_ms, |ends_at_ms| ends_at_ms.min(self.now_ms)));
        self.wait_ms(0);
    }

    /// Those that are to play.
    fn audience(&self) -> Audience {
        let mut audience = Audience::default();
        for (_, (providers, ready)) in self.listening.iter().filter(|(id, _)| self.room.output().lets_play(**id)) {
            audience.add(providers, ready);
        }
        audience
    }

    /// Lets time pass, doing what is due at each deadline.
    pub fn wait_ms(&mut self, duration_ms: i64) {
        let until_ms = self.now_ms + duration_ms;
        loop {
            let is_in_time = |at_ms: &i64| *at_ms <= until_ms;
            let tick_ms = self.room.next_deadline_ms().filter(is_in_time);
            let listeners_ms = self.listeners_due_ms().filter(is_in_time);
            let (at_ms, input) = match (tick_ms, listeners_ms) {
                (Some(at_ms), due_ms) if due_ms.is_none_or(|due_ms| at_ms <= due_ms) => (at_ms, Input::Tick),
                (_, Some(at_ms)) => (at_ms, Input::Audience),
                _ => break,
            };
            self.now_ms = self.now_ms.max(at_ms);
            self.handle(&input).expect("the passing of time is never refused");
        }
        self.now_ms = until_ms;
    }

    fn step(&mut self, step: &str) -> Result<(), Refusal> {
        let words: Vec<&str> = step.split_whitespace().collect();
        if let Some(done) = self.comings_and_goings(&words) {
            return done;
        }
        match words[..] {
            [entry, "measures", seconds, ref gain @ ..] => {
                let gain_db = gain.first().map(|db| Gain::from(db.parse::<f64>().expect("decibels")));
                let duration_ms = seconds.parse::<u64>().expect("seconds") * 1_000;
                let finding = TrackFinding::Plays { duration_ms, gain_db, art_url: None };
                self.handle(&Input::TrackMeasured { entry: self.entry(entry), finding })?;
            }
            [entry, "is", fault @ ("unplayable" | "gone")] => {
                let fault = serde_json::from_value(fault.into()).expect("a fault");
                let finding = TrackFinding::Faulty(fault);
                self.handle(&Input::TrackMeasured { entry: self.entry(entry), finding })?;
            }
            [entry, "is", "away"] => {
                self.handle(&Input::TrackMeasured { entry: self.entry(entry), finding: TrackFinding::Away })?;
            }
            ["server", "restarts"] => self.restart(),
            ["wait", seconds] => self.wait_ms(seconds.parse::<i64>().expect("seconds") * 1_000),
            ["next"] => {
                let before = self.room.now_playing().map(|entry| entry.id);
                while self.room.now_playing().map(|entry| entry.id) == before {
                    let deadline_ms = self.room.next_deadline_ms().expect("something is on");
                    self.wait_ms((deadline_ms - self.now_ms).max(0));
                }
            }
            [name, "pairs", screen] => {
                let (by, name) = (self.user(name), format!("TV {screen}"));
                self.handle(&Input::AddScreen { by, screen: screen_of(screen), name })?;
            }
            [name, "adds", "all", ref tracks @ ..] => self.add_all(name, tracks)?,
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
                self.command(name, Command::SetRole { member, role: role_of(role) })?;
            }
            [name, "skips"] => self.command(name, Command::Skip { entry: None, unplayable: None })?,
            [name, "plays"] => self.command(name, Command::Play)?,
            [name, "pauses"] => self.command(name, Command::Pause)?,
            [name, "leaves"] => self.command(name, Command::Leave)?,
            [name, "closes"] => self.command(name, Command::CloseRoom)?,
            [name, ref rest @ ..] => {
                let command = self.hosting(rest).or_else(|| self.voting(rest));
                let command = command.unwrap_or_else(|| panic!("what does this mean: {step}"));
                match rest {
                    ["falls", "back", "to", tracks @ ..] => {
                        let tracks: Vec<Track> = tracks.iter().map(|track| parse_track(track)).collect();
                        let by = self.user(name);
                        self.handle(&Input::Command { by, command, tracks })?;
                    }
                    _ => self.command(name, command)?,
                }
            }
            [] => panic!("nothing"),
        }
        Ok(())
    }

    /// `None` when it is about something else.
    fn comings_and_goings(&mut self, words: &[&str]) -> Option<Result<(), Refusal>> {
        let input = match *words {
            [name, "joins"] if self.room.offset() == 0 => {
                let host = self.newcomer(name);
                Input::Create { name: "Party".into(), host, settings: Box::default() }
            }
            [name, "joins" | "returns"] => Input::Enter(self.newcomer(name)),
            [name, "returns", "with", picture] => {
                Input::Enter(Newcomer { picture: Some(picture.to_owned()), ..self.newcomer(name) })
            }
            [name, "returns", "as", other] => Input::Enter(Newcomer { name: other.to_owned(), ..self.newcomer(name) }),
            [name, "becomes", account] => {
                let to = Newcomer { kind: UserKind::User, ..self.newcomer(account) };
                Input::Merge { from: self.user(name), to }
            }
            [name, "vanishes"] => Input::Forget(self.user(name)),
            [name, "goes"] => Input::GraceOver(self.user(name)),
            [name, how @ ("wakes" | "dozes" | "drops")] => {
                let who = self.user(name);
                if how == "drops" && self.room.host() == Some(who) {
                    self.host_gone_since_ms = Some(self.now_ms);
                }
                self.is_seen(name, how == "wakes");
                return Some(Ok(()));
            }
            [name, how @ ("listens" | "has" | "hushes"), ref rest @ ..] => {
                self.device_says(device(name), how, rest);
                Input::Audience
            }
            _ => return None,
        };
        let done = self.handle(&input);
        match *words {
            [name, "goes"] => self.is_seen(name, false),
            [name, "joins" | "returns", ..] if done.is_ok() => self.is_seen(name, true),
            _ => {}
        }
        let host = self.room.host().filter(|host| self.present.contains(host));
        self.host_gone_since_ms = self.host_gone_since_ms.filter(|_| host.is_none());
        Some(done)
    }

    fn device_says(&mut self, id: DeviceId, how: &str, rest: &[&str]) {
        match (how, rest) {
            ("hushes", []) => drop(self.listening.remove(&id)),
            ("has", titles) => {
                let ready = titles.iter().map(|title| self.entry(title)).collect();
                self.listening.get_mut(&id).expect("it listens").1 = ready;
            }
            ("listens", ["to", "library"]) => drop(self.listening.insert(id, (vec![ProviderId::LIBRARY], vec![]))),
            ("listens", []) => drop(self.listening.insert(id, (vec![], vec![]))),
            _ => panic!("what does the device say: {rest:?}"),
        }
    }

    fn is_seen(&mut self, name: &str, present: bool) {
        let who = self.user(name);
        if present {
            self.present.insert(who)
        } else {
            self.present.remove(&who)
        };
    }

    fn hosting(&mut self, words: &[&str]) -> Option<Command> {
        let settings = |change: SettingsChange| Command::SetSettings { settings: Box::new(change) };
        Some(match *words {
            ["sets", setting, value] => {
                let value = serde_json::from_str(value).unwrap_or_else(|_| serde_json::Value::from(value));
                let change = serde_json::json!({ setting: value });
                settings(serde_json::from_value(change).expect("a setting"))
            }
            ["weighs", other, weight] => {
                let weights = [(self.user(other), weight.parse().expect("per cent"))].into();
                settings(SettingsChange { weights: Some(weights), ..SettingsChange::default() })
            }
            ["opens", action, "to", role] => {
                let permissions = [(action_of(action), role_of(role))].into();
                settings(SettingsChange { permissions: Some(permissions), ..SettingsChange::default() })
            }
            ["falls", "back", "to", ref tracks @ ..] => {
                let fallback = tracks.iter().map(|track| reference_to(&parse_track(track))).collect();
                settings(SettingsChange { fallback: Some(fallback), ..SettingsChange::default() })
            }
            ["blocks", "artist", artist] => Command::Block { track: None, artist: Some(artist.to_owned()) },
            ["blocks", title] => {
                let TrackRef { provider, id } = reference_to(&parse_track(title));
                Command::Block { track: Some(BlockedTrack { provider, label: id.clone(), id }), artist: None }
            }
            ["unblocks", "artist", artist] => Command::Unblock { track: None, artist: Some(artist.to_owned()) },
            ["unblocks", title] => Command::Unblock { track: Some(reference_to(&parse_track(title))), artist: None },
            ["plays", "on", ref devices @ ..] => set_output(OutputMode::Speakers, devices),
            ["turns", name, "to", percent] => {
                Command::SetVolume { device: device(name), percent: percent.parse().expect("per cent") }
            }
            ["leaves", "out", ref devices @ ..] => set_output(OutputMode::Everyone, devices),
            [how @ ("grants" | "withholds"), other, action] => Command::SetPermission {
                member: self.user(other),
                action: action_of(action),
                allowed: Some(how == "grants"),
            },
            ["bans", other] => Command::Ban { member: self.user(other) },
            ["unbans", other] => Command::Unban { member: self.user(other) },
            ["mutes", other] => Command::Mute { member: self.user(other), muted: true },
            ["admits", other] => Command::Admit { member: self.user(other) },
            ["denies", other] => Command::Deny { member: self.user(other) },
            ["locks"] => Command::Lock,
            ["unlocks"] => Command::Unlock,
            ["approves", entry] => Command::Approve { entry: self.entry(entry) },
            ["rejects", entry] => Command::Reject { entry: self.entry(entry) },
            ["clears", "all"] => Command::Clear { member: None },
            ["clears", other] => Command::Clear { member: Some(self.user(other)) },
            ["undoes"] => Command::Undo { note: None },
            ["undoes", "it"] => Command::Undo { note: Some(self.last_note()) },
            ["chooses", policy] => Command::SetPolicy { policy: policy_of(policy) },
            ["previews", policy] => Command::PreviewPolicy { policy: policy_of(policy) },
            ["asks", "history"] => Command::ShowHistory,
            ["asks", "audit"] => Command::ShowAudit,
            ["skips", "unplayable"] => Command::Skip { entry: None, unplayable: Some(true) },
            ["says", text] => Command::Say { text: text.to_owned() },
            ["reacts", emoji] => Command::React { emoji: emoji.to_owned() },
            ["renames", display_name] => Command::Rename { display_name: display_name.to_owned() },
            ["puts", entry, "first"] => Command::PlayNext { entry: self.entry(entry) },
            ["calls", "the", "room", room_name] => Command::RenameRoom { room_name: room_name.to_owned() },
            ["unpairs", screen] => Command::RemoveScreen { screen: screen_of(screen) },
            ["claims"] => Command::ClaimHost,
            _ => return None,
        })
    }

    fn last_note(&self) -> u64 {
        let noted = self.events.iter().rev().find_map(|event| match event {
            Event::Noted { note } if note.undo_until_ms.is_some() => Some(note.id),
            _ => None,
        });
        noted.expect("something was noted")
    }

    fn voting(&mut self, words: &[&str]) -> Option<Command> {
        Some(match *words {
            ["votes", "to", "skip"] => Command::VoteSkip { entry: None },
            ["votes", "against", entry] => Command::Vote { entry: self.entry(entry), value: -1 },
            ["votes", entry] => Command::Vote { entry: self.entry(entry), value: 1 },
            ["unvotes", entry] => Command::Vote { entry: self.entry(entry), value: 0 },
            ["holds"] => Command::PauseQueue,
            ["resumes"] => Command::ResumeQueue { member: None },
            ["resumes", other] => Command::ResumeQueue { member: Some(self.user(other)) },
            ["steps", "down"] => Command::StepDown,
            _ => return None,
        })
    }

    pub fn command(&mut self, name: &str, command: Command) -> Result<(), Refusal> {
        let by = self.user(name);
        self.handle(&Input::Command { by, command, tracks: vec![] })
    }

    fn add(&mut self, name: &str, track: &str, before: Option<EntryId>) -> Result<(), Refusal> {
        let track = parse_track(track);
        let command = Command::Enqueue { track: reference_to(&track), before };
        self.add_tracks(name, command, vec![track])
    }

    fn add_all(&mut self, name: &str, tracks: &[&str]) -> Result<(), Refusal> {
        let tracks: Vec<Track> = tracks.iter().map(|track| parse_track(track)).collect();
        let command = Command::EnqueueAll { tracks: tracks.iter().map(reference_to).collect() };
        self.add_tracks(name, command, tracks)
    }

    fn add_tracks(&mut self, name: &str, command: Command, tracks: Vec<Track>) -> Result<(), Refusal> {
        let (by, known) = (self.user(name), self.events.len());
        self.handle(&Input::Command { by, command, tracks })?;
        for event in &self.events[known..] {
            if let Event::EntryAdded { entry, .. } | Event::EntrySuggested { entry } = event {
                self.entries.insert(entry.track.title.clone(), entry.id);
            }
        }
        Ok(())
    }

    /// Names an entry that no step added.
    pub fn name_entry(&mut self, title: &str, entry: EntryId) {
        self.entries.insert(title.to_owned(), entry);
    }

    pub fn entry(&self, title: &str) -> EntryId {
        *self.entries.get(title).unwrap_or_else(|| panic!("nobody added {title}"))
    }
}

/// `d1` is the first device, and so on.
pub fn device(name: &str) -> DeviceId {
    let number = name.strip_prefix('d').and_then(|number| number.parse().ok()).expect("a device");
    DeviceId(Uuid::from_u128(number))
}

/// `t1` is the first screen, and so on.
pub fn screen_of(name: &str) -> ScreenId {
    let number = name.strip_prefix('t').and_then(|number| number.parse().ok()).expect("a screen");
    ScreenId(Uuid::from_u128(number))
}

fn set_output(mode: OutputMode, devices: &[&str]) -> Command {
    Command::SetOutput { mode, devices: devices.iter().map(|name| device(name)).collect() }
}

fn role_of(word: &str) -> Role {
    serde_json::from_value(word.into()).expect("a role")
}

fn policy_of(word: &str) -> Policy {
    serde_json::from_value(word.into()).expect("a policy")
}

fn action_of(word: &str) -> Action {
    serde_json::from_value(word.into()).expect("an action")
}

fn reference_to(track: &Track) -> TrackRef {
    TrackRef { provider: track.provider, id: track.id.clone() }
}

/// `a1`, `a1=200`, `a1=200@queen`, `a1!`, `a1:spotify`
fn parse_track(word: &str) -> Track {
    let (word, provider) =
        word.strip_suffix(":spotify").map_or((word, ProviderId::LIBRARY), |word| (word, ProviderId::SPOTIFY));
    let (word, explicit) = word.strip_suffix('!').map_or((word, false), |word| (word, true));
    let (word, artist) = word.split_once('@').map_or((word, None), |(word, artist)| (word, Some(artist)));
    let (title, seconds) = word.split_once('=').unwrap_or((word, "180"));
    let artists = artist.into_iter().map(str::to_owned).collect();
    Track { provider, artists, explicit, ..track_of(title, seconds.parse::<u64>().expect("seconds") * 1_000) }
}

pub fn track_of(title: &str, duration_ms: u64) -> Track {
    Track {
        provider: ProviderId::LIBRARY,
        id: title.to_owned(),
        title: title.to_owned(),
        artists: vec![],
        album: None,
        duration_ms,
        art_url: None,
        explicit: false,
        gain_db: None,
        unplayable: false,
    }
}

impl std::fmt::Display for Story {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let state = match self.room.playback().state {
            PlaybackState::Playing => "playing",
            PlaybackState::Paused if self.room.playback().waiting_for_listener => "waiting",
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
