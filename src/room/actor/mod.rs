//! The task that owns a room. Nothing else changes the room's state.
//!
//! | module | what |
//! |---|---|
//! | `execute` | an input's way through the room: evaluate, encode, enqueue |
//! | `commands` | members' commands and their replies |
//! | `connections` | joins, resumes, disconnects |
//! | `measured` | findings about tracks, and reports that a track cannot be played |
//! | `perform` | effects leave the room |
//! | `upkeep` | what is due without a request: timeline, grace periods, presence, heartbeats, checkpoints |
//! | `outage` | what happens when the store fails |
//! | `takeover` | the room comes from another server, or goes to one |

mod commands;
mod connections;
mod execute;
mod measured;
mod outage;
mod perform;
mod takeover;
mod upkeep;

use std::collections::BTreeMap;
use std::net::IpAddr;

use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;
use tutti_protocol::{CloseCode, Command, ReasonValues, RoomCode, RoomId, ServerFrame, UserId};

use super::broadcast_batcher::BroadcastBatcher;
use super::effects::{Effect, PendingEffects};
use super::grace_periods::GracePeriods;
use super::handle::{Message, PasscodeHash, RoomError};
use super::history::History;
use super::last_sent::LastSent;
use super::load::Loaded;
use super::measurements::Measurements;
use super::presence::Presence;
use super::registry::RoomContext;
use super::remote::Shared;
use super::replies::Replies;
use super::state::{Input, RoomState};
use super::view::View;
use super::wire;
use crate::clock::ms;
use crate::limits::{AWAY_GRACE, HEARTBEAT, ROOM_IDLE};
use crate::store::{Fence, IndexChange, StoredNode};
use crate::transport::frame;

pub(super) use takeover::Successor;

/// Owns a room.
pub(super) struct Actor {
    id: RoomId,
    code: RoomCode,
    /// The claim under which this actor writes the room's journal.
    fence: Fence,
    context: RoomContext,
    /// Shared with the room's handles.
    passcode: PasscodeHash,
    /// Includes decided events that are not durable yet.
    state: RoomState,
    epoch: u64,
    /// The last durable offset, up to which events have been sent.
    shown_offset: u64,
    pending: PendingEffects,
    broadcasts: BroadcastBatcher,
    history: History,
    replies: Replies,
    /// Publishes the durable view.
    views: watch::Sender<View>,
    /// The view of `state`.
    view: View,
    last_sent: LastSent,
    presence: Presence,
    measurements: Measurements,
    grace: GracePeriods,
    /// From which addresses the people in the lobby came, as far as this actor has seen them.
    lobby_addresses: BTreeMap<UserId, IpAddr>,
    /// Since when no device listens; see [`Self::unheard_since_ms`].
    unheard_since_ms: Option<i64>,
    since_checkpoint: u32,
    heartbeat_at_ms: i64,
    presence_at_ms: Option<i64>,
    /// While the room is empty: when it next checks whether it can leave memory.
    leave_at_ms: i64,
    /// Set while a failed append leaves `state` unproven: the room accepts nothing until it has reloaded.
    reload_at_ms: Option<i64>,
    /// After a failed append: the room rejects inputs that need the store until then.
    refuse_until_ms: i64,
    /// The server that has taken over the room.
    successor: Option<Box<StoredNode>>,
}

/// However the actor ends, its connections close. After a panic the clients reconnect and the room loads again. Other servers
/// keep theirs, and look for another owner.
impl Drop for Actor {
    fn drop(&mut self) {
        self.presence.outboxes().iter().for_each(|(_, outbox)| outbox.close(CloseCode::Internal));
    }
}

impl Actor {
    pub(super) fn new(room: Shared, fence: Fence, loaded: Loaded) -> Self {
        let Shared { id, code, context, passcode, views } = room;
        let now_ms = context.clock.now_ms();
        let Loaded { state, epoch, history, replies, since_checkpoint } = loaded;
        let mut grace = GracePeriods::default();
        state.members_here().for_each(|user| grace.restart(user, now_ms));
        state.lobby().for_each(|user| grace.restart_in_lobby(user, now_ms));
        let mut presence = Presence::default();
        presence.follow_output(state.output());
        // While the room was not in memory, devices played the current entry to its end.
        let unheard_since_ms = Some(state.ends_at_ms().map_or(now_ms, |ends_at_ms| ends_at_ms.min(now_ms)));
        let measurements = Measurements::start(context.measurer.clone(), &state);
        let view = View::of(&state);
        views.send_replace(view.clone());
        Self {
            id,
            code,
            fence,
            context,
            passcode,
            shown_offset: state.offset(),
            state,
            epoch,
            pending: PendingEffects::default(),
            broadcasts: BroadcastBatcher::default(),
            history,
            replies,
            views,
            view,
            last_sent: LastSent::default(),
            presence,
            measurements,
            grace,
            lobby_addresses: BTreeMap::new(),
            unheard_since_ms,
            since_checkpoint,
            heartbeat_at_ms: now_ms + ms(HEARTBEAT),
            presence_at_ms: None,
            leave_at_ms: now_ms + ms(ROOM_IDLE),
            reload_at_ms: None,
            refuse_until_ms: 0,
            successor: None,
        }
    }

    /// Runs until the room leaves memory, the server stops, or another server has taken over the room. Boxed, because a future
    /// stores its arguments twice.
    pub(super) async fn run(
        mut self: Box<Self>,
        inbox: &mut mpsc::Receiver<Box<Message>>,
        stop: &CancellationToken,
        waiting: Vec<Message>,
    ) -> Option<Successor> {
        self.catch_up().await;
        for message in waiting {
            self.receive(message).await;
        }
        loop {
            if self.successor.is_some() {
                return self.give_away();
            }
            self.follow_audience().await;
            if self.broadcasts.due_ms().is_some_and(|due_ms| due_ms <= self.context.clock.now_ms()) {
                self.flush();
            }
            let wake_at = self.context.clock.instant_at(self.next_wake_ms());
            tokio::select! {
                biased;
                durable = self.pending.appended(), if !self.pending.is_empty() => {
                    if durable { self.release().await } else { self.fail() }
                }
                // Before the inbox, so that a flood of requests does not delay the timeline.
                () = tokio::time::sleep_until(wake_at) => {
                    if self.wake().await { break }
                }
                Some(measurement) = self.measurements.finished(), if self.takes_findings() => {
                    Box::pin(self.measured(measurement)).await;
                }
                message = inbox.recv() => match message {
                    Some(message) => self.receive(*message).await,
                    None => break,
                },
                () = stop.cancelled(), if self.pending.is_empty() => break,
            }
        }
        self.flush();
        self.checkpoint().await;
        self.release_claim().await;
        None
    }

    /// Advances the timeline to now, after a restart. When it stopped longer ago than the grace period nobody has been
    /// connected since: every member is away, and their entries wait.
    async fn catch_up(&mut self) {
        let now_ms = self.context.clock.now_ms();
        if self.state.next_deadline_ms().is_some_and(|due_ms| due_ms + ms(AWAY_GRACE) < now_ms) {
            for member in self.state.members_here().collect::<Vec<_>>() {
                self.grace.cancel(member);
                let _ = self.execute(None, &Input::GraceOver(member)).await;
            }
        }
        self.tick(now_ms).await;
    }

    async fn receive(&mut self, message: Message) {
        match message {
            Message::Join { join, joined } => self.join(join, joined).await,
            Message::JoinScreen { link, resume, joined } => self.join_screen(link, resume, joined),
            Message::Command { origin, command, tracks } => self.command(origin, command, tracks).await,
            Message::Status { connection, status } => {
                self.presence.status(connection, status);
                self.schedule_presence();
            }
            Message::Follow { device } => self.presence.follow(device),
            Message::Unfollow { device } => self.presence.unfollow(device),
            Message::Resync { connection } => {
                let mut snapshot = wire::snapshot(self.epoch, &self.state);
                if let Some(user) = self.presence.link(connection).and_then(|link| link.user()) {
                    snapshot = [wire::own(&self.state, user), snapshot].concat().into();
                }
                self.enqueue(vec![Effect::Resync { connection, snapshot }]);
            }
            Message::Disconnect { connection } => self.enqueue(vec![Effect::Detach { connection }]),
            Message::RoleOf { user, role } => {
                let _ = role.send(self.state.role_of(user));
            }
            Message::Require { user, action, allowed } => {
                let _ = allowed.send(self.state.require(user, action).map_err(RoomError::Refused));
            }
            Message::SetPasscode { by, passcode, set } => {
                let input = Input::SetPasscode { by, has_passcode: passcode.is_some() };
                let change = IndexChange::PasscodeChanged(passcode.clone());
                let done = self.execute_with(None, &input, vec![change]).await;
                self.confirm(done, vec![Effect::UsePasscode { passcode }], set);
            }
            Message::AddScreen { by, screen, name, added } => {
                self.request(&Input::AddScreen { by, screen, name }, added).await;
            }
            Message::HasTrack { track, has } => {
                let _ = has.send(self.state.has_track(track.provider, &track.id));
            }
            Message::Close { by, closed } => {
                self.request(&Input::Command { by, command: Command::CloseRoom, tracks: vec![] }, closed).await;
            }
            Message::HandOver { to, done } => self.request(&Input::HandOver(to), done).await,
            Message::Connections { count } => {
                let _ = count.send(self.presence.len());
            }
            Message::IsUnused { unused } => {
                let _ = unused.send(self.presence.is_empty() && self.state.is_unused());
            }
            Message::Merge { from, to, merged } => self.request(&Input::Merge { from, to }, merged).await,
            Message::Forget { member, forgotten } => self.request(&Input::Forget(member), forgotten).await,
            Message::NotifyHost { code, message, values } => self.notify_host(&code, message, values),
            Message::Serve { serves } => drop(serves.send(true)),
        }
    }

    /// Executes an input of the server itself and confirms it once it is durable.
    async fn request(&mut self, input: &Input, done: oneshot::Sender<Result<(), RoomError>>) {
        let executed = self.execute(None, input).await;
        self.confirm(executed, vec![], done);
    }

    /// Performs effects and confirms, once what was executed is durable.
    fn confirm(
        &mut self,
        executed: Result<(), RoomError>,
        mut effects: Vec<Effect>,
        done: oneshot::Sender<Result<(), RoomError>>,
    ) {
        match executed {
            Ok(()) => {
                effects.push(Effect::Confirm { done });
                self.enqueue(effects);
            }
            Err(error) => {
                let _ = done.send(Err(error));
            }
        }
    }

    fn notify_host(&self, code: &str, message: String, values: ReasonValues) {
        let Some(host) = self.state.host() else { return };
        let notice = frame::json(&ServerFrame::Notice { code: code.into(), message, values });
        self.presence.links_of(host).for_each(|link| link.outbox.push(&notice));
    }
}
