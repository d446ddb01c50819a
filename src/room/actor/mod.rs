//! The one task that owns a room: what is asked of it, decided, made durable, and let go of. What it does without being
//! asked is in `upkeep`, and what it does when its store fails in `outage`.

mod outage;
mod upkeep;

use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;
use tutti_protocol::{
    CloseCode, Command, CommandId, ConnectionId, EntryId, Event, Position, Role, RoomCode, RoomId, ServerFrame, Track,
    UserId,
};

use super::absence::Absence;
use super::effects::{Attach, CatchUp, Effect, Held};
use super::gathered::Gathered;
use super::handle::{Join, JoinError, Message};
use super::history::History;
use super::load::Loaded;
use super::presence::Presence;
use super::registry::Services;
use super::replies::{Outcome, Replies};
use super::state::{Ctx, Input, Refusal, RoomState, changes_order};
use super::view::View;
use super::wire;
use crate::ids;
use crate::limits::{AWAY_GRACE, CHECKPOINT_EVERY, HEARTBEAT, PRESENCE_DELAY, ROOM_IDLE};
use crate::store::{Forgets, IndexChange, JournalBatch};
use crate::telemetry::metrics::{CatchUpKind, CommandOutcome};
use crate::transport::frame;

/// Owns a room: nothing else changes it.
pub(super) struct Actor {
    id: RoomId,
    code: RoomCode,
    services: Services,
    /// What is decided, durable or not.
    state: RoomState,
    epoch: u64,
    /// The last offset that is durable and was shown.
    shown_offset: u64,
    held: Held,
    /// What is durable and leaves in a moment.
    gathered: Gathered,
    history: History,
    replies: Replies,
    views: watch::Sender<View>,
    /// What will be published once it is durable.
    view: View,
    presence: Presence,
    absence: Absence,
    since_checkpoint: u32,
    heartbeat_at_ms: i64,
    presence_at_ms: Option<i64>,
    /// While nobody is connected: when it is next looked whether the room can leave memory.
    leave_at_ms: i64,
    /// Set after an append failed: nothing is decided until the room was reloaded.
    reload_at_ms: Option<i64>,
    /// Until then nothing is tried that would have to be stored: an append failed a moment ago.
    refuse_until_ms: i64,
}

/// However an actor ends, nobody waits for it: after a panic the members' clients come back, and the room is loaded anew.
impl Drop for Actor {
    fn drop(&mut self) {
        self.presence.links().for_each(|link| link.outbox.close(CloseCode::Internal));
    }
}

fn ms(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

impl Actor {
    pub(super) fn new(id: RoomId, code: RoomCode, services: Services, loaded: Loaded) -> (Self, watch::Receiver<View>) {
        let now_ms = services.clock.now_ms();
        let Loaded { state, epoch, history, replies, since_checkpoint } = loaded;
        let mut absence = Absence::default();
        state.members_here().chain(state.lobby()).for_each(|user| absence.wait_for(user, now_ms));
        let mut presence = Presence::default();
        presence.follow_output(state.output());
        let view = View::of(&state);
        let (views, published) = watch::channel(view.clone());
        let actor = Self {
            id,
            code,
            services,
            shown_offset: state.offset(),
            state,
            epoch,
            held: Held::default(),
            gathered: Gathered::default(),
            history,
            replies,
            views,
            view,
            presence,
            absence,
            since_checkpoint,
            heartbeat_at_ms: now_ms + ms(HEARTBEAT),
            presence_at_ms: None,
            leave_at_ms: now_ms + ms(ROOM_IDLE),
            reload_at_ms: None,
            refuse_until_ms: 0,
        };
        (actor, published)
    }

    /// Runs until the room leaves memory or the server stops. In a box, since a future keeps what it is given a second time.
    pub(super) async fn run(mut self: Box<Self>, mut inbox: mpsc::Receiver<Box<Message>>, stop: CancellationToken) {
        self.catch_up().await;
        loop {
            self.look_at_audience().await;
            if self.gathered.due_ms().is_some_and(|due_ms| due_ms <= self.services.clock.now_ms()) {
                self.flush();
            }
            let wake_at = self.services.clock.instant_at(self.next_wake_ms());
            tokio::select! {
                biased;
                durable = self.held.appended(), if !self.held.is_empty() => {
                    if durable { self.release().await } else { self.fail() }
                }
                // Before the inbox: however much is asked, what is due is done in time.
                () = tokio::time::sleep_until(wake_at) => {
                    if self.wake().await { break }
                }
                message = inbox.recv() => match message {
                    Some(message) => self.receive(*message).await,
                    None => break,
                },
                () = stop.cancelled(), if self.held.is_empty() => break,
            }
        }
        self.flush();
        self.checkpoint().await;
    }

    /// After a restart: moves the timeline to where it is now. When it ended longer ago than the grace period nobody was
    /// served since, so everybody was away, and what they have waiting still waits.
    async fn catch_up(&mut self) {
        let now_ms = self.services.clock.now_ms();
        if self.state.next_deadline_ms().is_some_and(|due_ms| due_ms + ms(AWAY_GRACE) < now_ms) {
            for member in self.state.members_here().collect::<Vec<_>>() {
                self.absence.end(member);
                let _ = self.decide(None, &Input::GraceOver(member)).await;
            }
        }
        self.tick(now_ms).await;
    }

    async fn receive(&mut self, message: Message) {
        match message {
            Message::Join { join, joined } => self.join(join, joined).await,
            Message::Command { connection, by, id, command, tracks } => {
                self.command(connection, by, id, command, tracks).await;
            }
            Message::Status { connection, status } => {
                self.presence.status(connection, status);
                self.announce_presence();
            }
            Message::Resync { connection } => {
                let snapshot = wire::snapshot(self.epoch, &self.state);
                self.hold(vec![Effect::Resync { connection, snapshot }]);
            }
            Message::Disconnect { connection } => self.hold(vec![Effect::Detach { connection }]),
            Message::RoleOf { user, role } => {
                let _ = role.send(self.state.role_of(user));
            }
            Message::Close { by, closed } => {
                self.ask(&Input::Command { by, command: Command::CloseRoom, tracks: vec![] }, closed).await;
            }
            Message::Merge { from, to, merged } => self.ask(&Input::Merge { from, to }, merged).await,
            Message::Forget { member, forgotten } => self.ask(&Input::Forget(member), forgotten).await,
            Message::NotifyHost { code, message } => self.notify_host(code, message),
        }
    }

    /// Decides, and answers once it is durable.
    async fn ask(&mut self, input: &Input, answer: oneshot::Sender<Result<(), JoinError>>) {
        match self.decide(None, input).await {
            Ok(()) => self.hold(vec![Effect::Answer { answer }]),
            Err(error) => {
                let _ = answer.send(Err(error));
            }
        }
    }

    async fn join(&mut self, join: Join, joined: oneshot::Sender<Result<(), JoinError>>) {
        let Join { link, newcomer, resume } = join;
        if let Err(error) = self.decide(None, &Input::Enter(newcomer)).await {
            let _ = joined.send(Err(error));
            return;
        }
        if self.state.role_of(link.user).is_none() {
            // They wait to be let in, and are waited for as long as members are.
            self.absence.wait_for(link.user, self.services.clock.now_ms());
            return self.hold(vec![Effect::TurnAway { joined, refusal: Refusal::Waiting }]);
        }
        self.absence.end(link.user);
        let offset = self.state.offset();
        // What is held is no history yet, but will be by the time this connection is attached.
        let from = resume.filter(|known| {
            known.epoch == self.epoch && known.offset <= self.shown_offset && self.history.since(known.offset).is_some()
        });
        let catch_up = match from {
            Some(known) if known.offset == offset => CatchUp::Nothing,
            Some(known) => CatchUp::Resume {
                from: known.offset,
                position: Position { epoch: self.epoch, offset },
                upcoming: self.state.upcoming(),
            },
            None => CatchUp::Snapshot(wire::snapshot(self.epoch, &self.state)),
        };
        self.services.metrics.join(match &catch_up {
            CatchUp::Nothing => CatchUpKind::Nothing,
            CatchUp::Resume { .. } => CatchUpKind::Delta,
            CatchUp::Snapshot(_) if resume.is_some() => CatchUpKind::Snapshot,
            CatchUp::Snapshot(_) => CatchUpKind::First,
        });
        let welcome = frame::json(&ServerFrame::Welcome {
            connection: link.id,
            member: link.user,
            role: self.state.role_of(link.user).unwrap_or(Role::Listener),
            server_time_ms: self.services.clock.now_ms_f64(),
            heartbeat_ms: HEARTBEAT.as_secs() * 1_000,
            expires_at_ms: link.expires_at_ms(),
            resumed: from.is_some(),
            own: Some(self.state.own(link.user)),
        });
        self.hold(vec![Effect::Attach(Box::new(Attach { link, joined, welcome, catch_up }))]);
    }

    async fn command(
        &mut self,
        connection: ConnectionId,
        by: UserId,
        id: CommandId,
        command: Command,
        tracks: Vec<Track>,
    ) {
        // While the room waits for its reload it knows what was decided, not what lasts.
        let outcome =
            if self.reload_at_ms.is_some() { Some(Outcome::unavailable()) } else { self.replies.get(by, id).cloned() };
        let metrics = self.services.metrics.clone();
        if let Some(outcome) = outcome {
            let is_waiting = self.reload_at_ms.is_some();
            metrics.command(if is_waiting { CommandOutcome::Unavailable } else { CommandOutcome::Repeated });
            return self.hold(vec![Effect::Reply { connection, id, outcome }]);
        }
        let name = command.name();
        match self.decide(Some((connection, by, id)), &Input::Command { by, command, tracks }).await {
            Ok(()) => metrics.command(CommandOutcome::Accepted),
            Err(JoinError::Unavailable) => {
                metrics.command(CommandOutcome::Unavailable);
                let outcome = Outcome::unavailable();
                self.hold(vec![Effect::Reply { connection, id, outcome }]);
            }
            Err(JoinError::Refused(refusal)) => {
                metrics.command(CommandOutcome::Refused);
                tracing::debug!(room = %self.id, member = %by, command = name, %refusal, "command refused");
                let outcome = Outcome::from(refusal);
                // What may succeed later is asked again under the same id.
                if !refusal.code().retry() {
                    self.replies.insert(by, id, outcome.clone());
                }
                self.hold(vec![Effect::Reply { connection, id, outcome }]);
            }
        }
    }

    /// Decides, applies, and hands the events to the journal, with all that they cause held back behind it.
    async fn decide(
        &mut self,
        command: Option<(ConnectionId, UserId, CommandId)>,
        input: &Input,
    ) -> Result<(), JoinError> {
        if self.reload_at_ms.is_some() {
            return Err(JoinError::Unavailable);
        }
        let now_ms = self.services.clock.now_ms();
        let host_gone_since_ms = self.host_gone_since_ms(now_ms);
        let new_entry = EntryId(ids::uuid_v7(now_ms));
        let (present, audience) = (self.presence.active(), self.presence.audience());
        let ctx = Ctx { now_ms, new_entry, present, host_gone_since_ms, audience };
        // What changes nothing needs no store: members come back, questions are answered.
        if now_ms < self.refuse_until_ms && !self.state.decide(&ctx, input).map_err(JoinError::Refused)?.is_empty() {
            return Err(JoinError::Unavailable);
        }
        let events = self.state.handle(&ctx, input).map_err(JoinError::Refused)?;
        self.wait_for_newcomers(now_ms, &events);
        self.presence.follow_output(self.state.output());
        let offset = self.state.offset();
        let reply = command.map(|(connection, by, id)| Effect::Reply {
            connection,
            id,
            outcome: self.outcome(by, id, input, Outcome::of_batch(offset, &events)),
        });
        if events.is_empty() {
            let said = match input {
                Input::Command { by, command, .. } => wire::said(*by, command, now_ms),
                _ => None,
            };
            self.hold(said.map(|frame| Effect::Tell { frame }).into_iter().chain(reply).collect());
            return Ok(());
        }
        let json = serde_json::to_string(&events).expect("events are JSON");
        let upcoming = events.iter().any(changes_order).then(|| self.state.upcoming());
        let position = Position { epoch: self.epoch, offset };
        self.replies.follow(&events);
        let forgets = events.iter().find_map(|event| match event {
            Event::MemberForgotten { member } => {
                let state = serde_json::to_string(&self.state).expect("the state is JSON");
                Some(Forgets { member: *member, state })
            }
            _ => None,
        });
        let mut effects: Vec<_> = forgets.iter().map(|_| Effect::DropHistory).collect();
        effects.push(Effect::Broadcast {
            frame: wire::delta(position, &json, upcoming),
            offset,
            events_count: events.len() as u64,
            at_ms: now_ms,
            events: json.clone(),
        });
        effects.extend(reply);
        if let Some(view) = self.view.after(&self.state, &events) {
            self.view = view.clone();
            effects.push(Effect::Show { view: Box::new(view) });
        }
        effects.extend(events.iter().filter_map(Effect::of));
        let batch = JournalBatch {
            room: self.id,
            epoch: self.epoch,
            offset,
            at_ms: now_ms,
            command: command.map(|(_, by, id)| (by, id)),
            events: json,
            index: events.iter().flat_map(IndexChange::of).collect(),
            forgets,
        };
        let append = self.services.journal.append(batch).await;
        self.held.push(Some(append), effects);
        Ok(())
    }

    /// Remembers what a command came to. An answer to a question is not remembered: asked again, it is answered as it is
    /// then, which has no effect either.
    fn outcome(&mut self, by: UserId, id: CommandId, input: &Input, outcome: Outcome) -> Outcome {
        let answer = match input {
            Input::Command { command, .. } => self.state.answer(command),
            _ => None,
        };
        match (outcome, answer) {
            (Outcome::Accepted { offset, entry, .. }, Some(answer)) => {
                Outcome::Accepted { offset, entry, answer: Some(answer) }
            }
            (outcome, _) => {
                self.replies.insert(by, id, outcome.clone());
                outcome
            }
        }
    }

    /// Since when the host has no device connected, as far as this actor has seen.
    fn host_gone_since_ms(&mut self, now_ms: i64) -> Option<i64> {
        let gone = self.state.host().filter(|host| !self.presence.is_connected(*host));
        self.absence.host_gone_since_ms(gone, now_ms)
    }

    /// Those who were let in, or taken back, have no connection yet: they have as long to come as those who lost one.
    fn wait_for_newcomers(&mut self, now_ms: i64, events: &[Event]) {
        for event in events {
            if let Event::MemberJoined { member } | Event::Undone { member: Some(member), .. } = event
                && !self.presence.is_connected(member.id)
            {
                self.absence.wait_for(member.id, now_ms);
            }
        }
    }

    /// Lets effects go after everything that was decided before them: at once when nothing is held.
    fn hold(&mut self, effects: Vec<Effect>) {
        if self.held.is_empty() {
            for effect in effects {
                self.perform(effect);
            }
        } else {
            self.held.push(None, effects);
        }
    }

    async fn release(&mut self) {
        for effect in self.held.release() {
            self.perform(effect);
        }
        if self.held.is_empty() && self.since_checkpoint >= CHECKPOINT_EVERY {
            self.checkpoint().await;
        }
    }

    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Broadcast { frame, offset, events_count, at_ms, events } => {
                self.shown_offset = offset;
                self.since_checkpoint += 1;
                self.history.push(offset, events_count, at_ms, &events);
                self.services.metrics.delta(self.presence.len());
                self.gathered.push(&frame);
            }
            Effect::Show { view } => {
                self.views.send_replace(*view);
            }
            Effect::Tell { frame } => self.gathered.push(&frame),
            Effect::Reply { connection, id, outcome, .. } => self.reply(connection, id, &outcome),
            Effect::TurnAway { joined, refusal } => {
                let _ = joined.send(Err(JoinError::Refused(refusal)));
            }
            Effect::Attach(attach) => self.attach(*attach),
            Effect::Detach { connection } => self.detach(connection),
            Effect::Answer { answer } => {
                let _ = answer.send(Ok(()));
            }
            Effect::Resync { connection, snapshot } => {
                self.flush();
                if let Some(link) = self.presence.link(connection) {
                    self.services.metrics.resync();
                    // What was told of presence was dropped as well.
                    link.outbox.push_snapshot(&[snapshot, self.who_is_here()].concat().into());
                }
            }
            Effect::Merged { from, to } => self.merged(from, to),
            Effect::DropHistory => {
                self.history = History::default();
                self.since_checkpoint = 0;
            }
            Effect::CloseMember { member, code } => {
                self.flush();
                self.presence.links_of(member).for_each(|link| link.outbox.close(code));
            }
            Effect::CloseAll { code } => {
                self.flush();
                self.presence.links().for_each(|link| link.outbox.close(code));
            }
        }
    }

    fn flush(&mut self) {
        self.gathered.flush(&self.presence, self.services.clock.now_ms());
    }

    fn notify_host(&self, code: &str, message: String) {
        let Some(host) = self.state.host() else { return };
        let notice = frame::json(&ServerFrame::Notice { code: code.into(), message });
        self.presence.links_of(host).for_each(|link| link.outbox.push(&notice));
    }

    fn reply(&mut self, connection: ConnectionId, id: CommandId, outcome: &Outcome) {
        self.gathered.push_to(connection, &frame::json(&outcome.to_frame(id)), &self.presence);
    }

    fn attach(&mut self, attach: Attach) {
        let Attach { link, joined, welcome, catch_up } = attach;
        let catch_up = match catch_up {
            CatchUp::Nothing => Some(Bytes::new()),
            CatchUp::Snapshot(snapshot) => Some(snapshot),
            CatchUp::Resume { from, position, upcoming } => {
                self.history.since(from).map(|events| wire::delta(position, &events, Some(upcoming)))
            }
        };
        match catch_up {
            // In one write: each is a way through the kernel.
            Some(catch_up) => link.outbox.push_snapshot(&[welcome, catch_up, self.who_is_here()].concat().into()),
            // It fell out of the history while it was held: the client comes again.
            None => link.outbox.close(CloseCode::TryLater),
        }
        // A connection that went meanwhile, or a merge, may have counted them as absent again.
        self.absence.end(link.user);
        self.gathered.admit(link.id);
        self.presence.attach(link);
        self.host_gone_since_ms(self.services.clock.now_ms());
        self.announce_presence();
        let _ = joined.send(Ok(()));
    }

    /// The guest's connections come back as the account's, whose grace begins with the last of them.
    fn merged(&mut self, from: UserId, to: UserId) {
        self.flush();
        self.presence.links_of(from).for_each(|link| link.outbox.close(CloseCode::TokenExpired));
        self.absence.end(from);
        if !self.presence.is_connected(to) && self.state.role_of(to).is_some() && !self.state.is_away(to) {
            self.absence.keep_waiting_for(to, self.services.clock.now_ms());
        }
    }

    fn detach(&mut self, connection: ConnectionId) {
        let now_ms = self.services.clock.now_ms();
        if let Some(member) = self.presence.detach(connection) {
            self.host_gone_since_ms(now_ms);
            if !self.presence.is_connected(member) && self.state.role_of(member).is_some() {
                self.absence.wait_for(member, now_ms);
            }
            self.announce_presence();
        }
        if self.presence.is_empty() {
            self.leave_at_ms = now_ms + ms(ROOM_IDLE);
        }
    }

    fn who_is_here(&self) -> Bytes {
        wire::presence(true, self.presence.all())
    }

    fn announce_presence(&mut self) {
        if self.presence_at_ms.is_none() && self.presence.has_changes() {
            self.presence_at_ms = Some(self.services.clock.now_ms() + ms(PRESENCE_DELAY));
        }
    }
}
