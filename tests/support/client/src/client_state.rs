//! A client's side of the protocol without a transport: it keeps the position, the order of play and the commands that
//! have no reply yet, and checks that deltas are contiguous. Time is the caller's, so it runs in virtual time too.

use tutti_protocol::{ClientFrame, Command, CommandId, Device, EntryId, Hello, Position, Secret, ServerFrame, UserId};

/// A frame's text.
pub fn encode(frame: &ClientFrame) -> String {
    serde_json::to_string(frame).expect("client frames are JSON")
}

/// A client of one room. A new one knows nothing.
#[derive(Clone, Debug, Default)]
pub struct ClientState {
    position: Option<Position>,
    upcoming: Vec<(EntryId, UserId)>,
    pending: Vec<PendingCommand>,
}

/// A command without a final reply.
#[derive(Clone, Debug)]
pub struct PendingCommand {
    /// Stays the same however often the command is sent.
    pub id: CommandId,
    /// What the room is asked to do.
    pub command: Command,
    /// When it was asked for, on the caller's clock.
    pub asked_at_ms: f64,
    state: Delivery,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Delivery {
    Unsent,
    /// Sent on this connection.
    Sent,
    /// Refused with `retry`.
    Deferred,
}

/// The result of a command, as the reply reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommandOutcome {
    /// It took effect, or there was nothing to do.
    Accepted {
        /// The room's offset after it.
        offset: u64,
        /// The entry that it made.
        entry: Option<EntryId>,
    },
    /// It will never take effect.
    Refused,
    /// Refused with `retry`: nothing was decided, so it may be sent again.
    Retry,
}

/// What a frame changed for the client.
#[derive(Clone, Debug)]
pub enum Change {
    /// It is admitted.
    Welcomed {
        /// Missed deltas follow; otherwise a snapshot does, and the position is forgotten.
        resumed: bool,
    },
    /// A snapshot or a delta moved the position.
    Moved,
    /// A command was answered.
    Replied {
        /// The command's id.
        id: CommandId,
        /// Its result.
        outcome: CommandOutcome,
        /// The command, unless it had a final reply before. It stays pending after [`CommandOutcome::Retry`].
        pending: Option<PendingCommand>,
    },
    /// A frame that changes nothing here.
    Nothing,
}

impl CommandOutcome {
    /// The result in a reply; `None` for other frames.
    pub fn of(frame: &ServerFrame) -> Option<Self> {
        match frame {
            ServerFrame::Reply { ok: true, offset, entry, .. } => {
                Some(Self::Accepted { offset: offset.unwrap_or(0), entry: *entry })
            }
            ServerFrame::Reply { ok: false, error: Some(error), .. } => {
                Some(if error.retry { Self::Retry } else { Self::Refused })
            }
            _ => None,
        }
    }
}

impl ClientState {
    /// A client that knows the room up to `position`, which `hello` resumes from.
    pub fn at(position: Option<Position>) -> Self {
        Self { position, ..Self::default() }
    }

    /// The position up to which it knows the room.
    pub fn position(&self) -> Option<Position> {
        self.position
    }

    /// The order of play as last shown: entries and whose they are.
    pub fn upcoming(&self) -> &[(EntryId, UserId)] {
        &self.upcoming
    }

    /// The first frame of a connection.
    pub fn hello(&self, token: &str, room: &str, device: Device) -> ClientFrame {
        ClientFrame::Hello(Hello {
            token: Secret(token.to_owned()),
            room: room.to_owned(),
            passcode: None,
            device,
            resume: self.position,
        })
    }

    /// Adds a command to send.
    pub fn push(&mut self, id: CommandId, command: Command, asked_at_ms: f64) {
        self.pending.push(PendingCommand { id, command, asked_at_ms, state: Delivery::Unsent });
    }

    /// The next command to send on this connection; it counts as sent from here on.
    pub fn next_unsent(&mut self) -> Option<(CommandId, Command)> {
        let pending = self.pending.iter_mut().find(|pending| pending.state == Delivery::Unsent)?;
        pending.state = Delivery::Sent;
        Some((pending.id, pending.command.clone()))
    }

    /// Every pending command is sent again: after a lost connection, or to retry those that were deferred.
    pub fn resend_pending(&mut self) {
        self.pending.iter_mut().for_each(|pending| pending.state = Delivery::Unsent);
    }

    /// Forgets pending commands that were asked for before `before_ms`.
    pub fn give_up(&mut self, before_ms: f64) {
        self.pending.retain(|pending| pending.asked_at_ms > before_ms);
    }

    /// Forgets the commands that were refused with `retry`.
    pub fn give_up_deferred(&mut self) {
        self.pending.retain(|pending| pending.state != Delivery::Deferred);
    }

    /// On a new connection whose first frames the caller read itself: the client is at `position`, and pending commands
    /// are forgotten.
    pub fn restart_at(&mut self, position: Position) {
        self.position = Some(position);
        self.pending.clear();
    }

    /// Commands without a final reply; deferred ones last.
    pub fn pending(&self) -> &[PendingCommand] {
        &self.pending
    }

    /// How many commands were sent on this connection and have no final reply.
    pub fn in_flight(&self) -> usize {
        self.pending.iter().filter(|pending| pending.state != Delivery::Unsent).count()
    }

    /// Whether a command was refused with `retry` and not sent again since.
    pub fn has_deferred(&self) -> bool {
        self.pending.iter().any(|pending| pending.state == Delivery::Deferred)
    }

    /// Applies a frame from the server. An error is a breach of the contract.
    pub fn receive(&mut self, frame: &ServerFrame) -> Result<Change, String> {
        match frame {
            ServerFrame::Welcome { resumed, .. } => {
                if !resumed {
                    self.position = None;
                }
                Ok(Change::Welcomed { resumed: *resumed })
            }
            ServerFrame::Snapshot { position, room } => {
                self.position = Some(*position);
                self.show(&room.upcoming);
                Ok(Change::Moved)
            }
            ServerFrame::Delta { position, events, upcoming, .. } => {
                check_contiguous(self.position, *position, events.len())?;
                self.position = Some(*position);
                if let Some(upcoming) = upcoming {
                    self.show(upcoming);
                }
                Ok(Change::Moved)
            }
            ServerFrame::Reply { id, .. } => {
                let outcome = CommandOutcome::of(frame).ok_or("a refusal without an error")?;
                let pending = self.replied(*id, &outcome);
                Ok(Change::Replied { id: *id, outcome, pending })
            }
            ServerFrame::Presence { .. }
            | ServerFrame::Own(_)
            | ServerFrame::Said { .. }
            | ServerFrame::Reacted { .. }
            | ServerFrame::Sync { .. }
            | ServerFrame::Heartbeat { .. }
            | ServerFrame::Notice { .. } => Ok(Change::Nothing),
        }
    }

    fn show(&mut self, upcoming: &[tutti_protocol::Entry]) {
        self.upcoming.clear();
        self.upcoming.extend(upcoming.iter().map(|entry| (entry.id, entry.member)));
    }

    fn replied(&mut self, id: CommandId, outcome: &CommandOutcome) -> Option<PendingCommand> {
        let index = self.pending.iter().position(|pending| pending.id == id)?;
        let mut pending = self.pending.remove(index);
        if *outcome == CommandOutcome::Retry {
            pending.state = Delivery::Deferred;
            self.pending.push(pending.clone());
        }
        Some(pending)
    }
}

/// Whether a delta with so many events that leads to `position` continues what a client knew.
pub fn check_contiguous(known: Option<Position>, position: Position, events: usize) -> Result<(), String> {
    let known = known.ok_or("a delta before any snapshot")?;
    if known.epoch != position.epoch || known.offset + events as u64 != position.offset {
        return Err(format!("{known:?} is followed by {position:?} with {events} events"));
    }
    Ok(())
}
