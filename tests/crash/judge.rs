//! Holds what clients were told against what is stored.

use std::collections::{BTreeMap, HashMap, HashSet};

use tutti::store::StoredJournal;
use tutti_protocol::{CloseCode, Command, CommandId, Event, Position, RoomCode, RoomId, ServerFrame, UserId};
use tutti_test_client::{CommandOutcome, check_contiguous};

use crate::auditor::Auditor;
use crate::deeds::are_done;
use crate::told::{Story, Told};

type Verdict = Result<(), String>;

/// How often what happened.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    pub accepted: u64,
    pub refused: u64,
    pub later: u64,
    /// Answers to commands that had been answered before.
    pub repeated: u64,
    /// Whoever knew the room and was told what they missed.
    pub resumed: u64,
    /// Whoever knew the room and was shown all of it.
    pub shown_anew: u64,
    pub events: u64,
    /// Connections that broke.
    pub broken: u64,
    /// Connections that were told to come back later.
    pub sent_away: u64,
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.accepted += other.accepted;
        self.refused += other.refused;
        self.later += other.later;
        self.repeated += other.repeated;
        self.resumed += other.resumed;
        self.shown_anew += other.shown_anew;
        self.events += other.events;
        self.broken += other.broken;
        self.sent_away += other.sent_away;
    }
}

/// One room's judge.
pub struct Judge {
    pub tally: Tally,
    auditor: Auditor,
    /// What commands came to when they were first answered.
    answers: HashMap<(UserId, CommandId), CommandOutcome>,
    /// Every history that anybody was told of.
    pub epochs: HashSet<u64>,
}

impl Judge {
    pub fn new(room: RoomId, code: RoomCode) -> Self {
        let auditor = Auditor::new(room, code);
        Self { tally: Tally::default(), auditor, answers: HashMap::new(), epochs: HashSet::new() }
    }

    pub fn room(&self) -> RoomId {
        self.auditor.room()
    }

    /// Reads what is stored by now: everything that was told before must be in it.
    pub fn read(&mut self, stored: &StoredJournal) -> Verdict {
        self.auditor.read(stored)
    }

    /// Hears what a client was told, in order.
    pub fn hear(&mut self, story: &Story) -> Verdict {
        let mut known = story.known;
        let mut waits_for_a_snapshot = known.is_none();
        for told in &story.told {
            match told {
                Told::Welcome { resumed: true } => self.tally.resumed += 1,
                Told::Welcome { resumed: false } => {
                    self.tally.shown_anew += u64::from(!waits_for_a_snapshot);
                    (known, waits_for_a_snapshot) = (None, true);
                }
                Told::Frame(frame) => {
                    waits_for_a_snapshot = false;
                    known = Some(self.frame(known, &frame.content, frame.is_to_be_judged())?);
                }
                Told::Answer { id, command, outcome } => self.answer(story.by, *id, command, outcome)?,
                Told::Closed { code, .. } => {
                    self.tally.broken += u64::from(code.is_none());
                    self.tally.sent_away += u64::from(*code == Some(CloseCode::TryLater.code()));
                }
                Told::Leaving { .. } => {}
            }
        }
        Ok(())
    }

    fn frame(&mut self, known: Option<Position>, frame: &ServerFrame, judged_first: bool) -> Result<Position, String> {
        let position = match frame {
            ServerFrame::Snapshot { position, room } => {
                if judged_first {
                    self.auditor.shown(*position, room)?;
                }
                *position
            }
            ServerFrame::Delta { position, events, .. } => {
                check_contiguous(known, *position, events.len())?;
                if judged_first {
                    self.auditor.told(frame)?;
                }
                self.tally.events += events.len() as u64;
                *position
            }
            _ => return Err("neither snapshot nor delta".into()),
        };
        self.epochs.insert(position.epoch);
        Ok(position)
    }

    fn answer(&mut self, by: UserId, id: CommandId, command: &Command, answered: &CommandOutcome) -> Verdict {
        if let Some(before) = self.answers.get(&(by, id)) {
            self.tally.repeated += 1;
            // What nothing came of is kept in memory only: asked again after a crash, it may come to something else.
            let lasts = self.auditor.is_stored(by, id);
            return if lasts && before != answered && *answered != CommandOutcome::Retry {
                Err(format!("{command:?}: first {before:?}, then {answered:?}"))
            } else {
                Ok(())
            };
        }
        match answered {
            CommandOutcome::Accepted { .. } => self.tally.accepted += 1,
            CommandOutcome::Refused => self.tally.refused += 1,
            CommandOutcome::Retry => self.tally.later += 1,
        }
        self.auditor.answered(by, id, answered).map_err(|wrong| format!("{command:?} by {by}: {wrong}"))?;
        if let CommandOutcome::Accepted { offset, entry } = answered
            && self.auditor.is_stored(by, id)
            && !are_done(&self.batch(*offset)?, by, command, *entry)
        {
            return Err(format!("{command:?} by {by} is acknowledged at {offset} and not done there"));
        }
        if *answered != CommandOutcome::Retry {
            self.answers.insert((by, id), answered.clone());
        }
        Ok(())
    }

    fn batch(&self, offset: u64) -> Result<Vec<Event>, String> {
        let stored = self.auditor.batch(offset).ok_or_else(|| format!("nothing ends at {offset}"))?;
        serde_json::from_str(stored).map_err(|error| error.to_string())
    }
}

/// The judges of all rooms.
pub type Judges = BTreeMap<RoomCode, Judge>;

/// Reads and hears, a room on each core.
pub fn judge(judges: &mut Judges, stored: &[StoredJournal], stories: &[Story]) -> Verdict {
    let verdicts = std::thread::scope(|scope| {
        let rooms: Vec<_> = judges.iter_mut().zip(stored).collect();
        let hearings: Vec<_> = rooms
            .into_iter()
            .map(|((code, judge), stored)| {
                scope.spawn(move || {
                    judge.read(stored)?;
                    stories.iter().filter(|story| story.room == *code).try_for_each(|story| judge.hear(story))
                })
            })
            .collect();
        hearings.into_iter().map(|hearing| hearing.join().expect("no panic")).collect::<Vec<_>>()
    });
    verdicts.into_iter().collect()
}
