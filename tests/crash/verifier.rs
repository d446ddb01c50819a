//! Checks what clients observed against what is stored.

use std::collections::{BTreeMap, HashMap, HashSet};

use tutti::store::StoredJournal;
use tutti_protocol::{CloseCode, Command, CommandId, Event, Position, RoomCode, RoomId, ServerFrame, UserId};
use tutti_test_client::{CommandOutcome, check_contiguous};

use crate::auditor::Auditor;
use crate::client_log::{ClientLog, Observation};
use crate::counts::counts;
use crate::effects::has_effect;

type Verdict = Result<(), String>;

counts! {
    /// Counts of what happened, for the printed figures and for assertions.
    pub struct Tally {
        pub accepted: u64,
        pub refused: u64,
        pub retryable: u64,
        /// Replies to commands that had been answered before.
        pub repeated: u64,
        /// Reconnects that resumed.
        pub resumed: u64,
        /// Reconnects of a client that knew the room and got a snapshot.
        pub snapshots: u64,
        pub events: u64,
        /// Connections that broke.
        pub broken: u64,
        /// Connections closed with "try later".
        pub rejected: u64,
    }
}

/// Verifies one room.
pub struct RoomVerifier {
    pub tally: Tally,
    auditor: Auditor,
    /// The first outcome of each command.
    answers: HashMap<(UserId, CommandId), CommandOutcome>,
    /// Every epoch that a client was shown.
    pub epochs: HashSet<u64>,
}

impl RoomVerifier {
    pub fn new(room: RoomId, code: RoomCode) -> Self {
        let auditor = Auditor::new(room, code);
        Self { tally: Tally::default(), auditor, answers: HashMap::new(), epochs: HashSet::new() }
    }

    pub fn room(&self) -> RoomId {
        self.auditor.room()
    }

    /// Reads the journal, which must hold everything that was acknowledged.
    pub fn read(&mut self, stored: &StoredJournal) -> Verdict {
        self.auditor.read(stored)
    }

    /// Checks what a client observed, in order.
    pub fn check(&mut self, log: &ClientLog) -> Verdict {
        let mut known = log.known;
        let mut expects_snapshot = known.is_none();
        for observation in &log.observations {
            match observation {
                Observation::Welcome { resumed: true } => self.tally.resumed += 1,
                Observation::Welcome { resumed: false } => {
                    self.tally.snapshots += u64::from(!expects_snapshot);
                    (known, expects_snapshot) = (None, true);
                }
                Observation::Frame(frame) => {
                    expects_snapshot = false;
                    known = Some(self.frame(known, &frame.content, frame.needs_verification())?);
                }
                Observation::Reply { id, command, outcome } => self.answer(log.by, *id, command, outcome)?,
                Observation::Closed { code, .. } => {
                    self.tally.broken += u64::from(code.is_none());
                    self.tally.rejected += u64::from(*code == Some(CloseCode::TryLater.code()));
                }
                Observation::Draining { .. } => {}
            }
        }
        Ok(())
    }

    fn frame(&mut self, known: Option<Position>, frame: &ServerFrame, is_first: bool) -> Result<Position, String> {
        let position = match frame {
            ServerFrame::Snapshot { position, room } => {
                if is_first {
                    self.auditor.snapshot(*position, room)?;
                }
                *position
            }
            ServerFrame::Delta { position, events, .. } => {
                check_contiguous(known, *position, events.len())?;
                if is_first {
                    self.auditor.delta(frame)?;
                }
                self.tally.events += events.len() as u64;
                *position
            }
            _ => return Err("neither a snapshot nor a delta".into()),
        };
        self.epochs.insert(position.epoch);
        Ok(position)
    }

    fn answer(&mut self, by: UserId, id: CommandId, command: &Command, answered: &CommandOutcome) -> Verdict {
        if let Some(before) = self.answers.get(&(by, id)) {
            self.tally.repeated += 1;
            // A command without an event is remembered in memory only: repeated after a crash, its outcome may differ.
            let is_stored = self.auditor.is_stored(by, id);
            return if is_stored && before != answered && *answered != CommandOutcome::Retry {
                Err(format!("{command:?}: first {before:?}, then {answered:?}"))
            } else {
                Ok(())
            };
        }
        match answered {
            CommandOutcome::Accepted { .. } => self.tally.accepted += 1,
            CommandOutcome::Refused => self.tally.refused += 1,
            CommandOutcome::Retry => self.tally.retryable += 1,
        }
        self.auditor.reply(by, id, answered).map_err(|wrong| format!("{command:?} by {by}: {wrong}"))?;
        if let CommandOutcome::Accepted { offset, entry } = answered
            && self.auditor.is_stored(by, id)
            && !has_effect(&self.batch(*offset)?, by, command, *entry)
        {
            return Err(format!("{command:?} by {by} is acknowledged at {offset} without its effect there"));
        }
        if *answered != CommandOutcome::Retry {
            self.answers.insert((by, id), answered.clone());
        }
        Ok(())
    }

    fn batch(&self, offset: u64) -> Result<Vec<Event>, String> {
        let stored = self.auditor.batch(offset).ok_or_else(|| format!("no batch ends at {offset}"))?;
        serde_json::from_str(stored).map_err(|error| error.to_string())
    }
}

/// The verifiers of all rooms.
pub type RoomVerifiers = BTreeMap<RoomCode, RoomVerifier>;

/// Reads and checks all rooms in parallel.
pub fn verify(verifiers: &mut RoomVerifiers, stored: &[StoredJournal], logs: &[ClientLog]) -> Verdict {
    let verdicts = std::thread::scope(|scope| {
        let rooms: Vec<_> = verifiers.iter_mut().zip(stored).collect();
        let checks: Vec<_> = rooms
            .into_iter()
            .map(|((code, verifier), stored)| {
                scope.spawn(move || {
                    verifier.read(stored)?;
                    logs.iter().filter(|log| log.room == *code).try_for_each(|log| verifier.check(log))
                })
            })
            .collect();
        checks.into_iter().map(|check| check.join().expect("no panic")).collect::<Vec<_>>()
    });
    verdicts.into_iter().collect()
}
