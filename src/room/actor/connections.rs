//! Connections come and go: joins with their snapshot or missed events, disconnects, merged guests.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::oneshot;
use tutti_protocol::{Admission, CloseCode, ConnectionId, Own, Position, Role, ScreenId, ServerFrame, UserId};

use super::Actor;
use crate::clock::ms;
use crate::limits::{HEARTBEAT, PRESENCE_DELAY, ROOM_IDLE};
use crate::room::effects::{Attach, CatchUp, Effect};
use crate::room::handle::{Join, RoomError};
use crate::room::state::{Input, LOBBY_MAX, Refusal, share_of};
use crate::room::wire::{self, DeltaFacts};
use crate::telemetry::metrics::CatchUpKind;
use crate::transport::{Link, Party, frame};

/// What `welcome` says about the party of a connection.
struct Welcomed {
    member: UserId,
    role: Role,
    own: Option<Own>,
    screen: Option<ScreenId>,
}

impl Actor {
    pub(super) async fn join(&mut self, join: Join, joined: oneshot::Sender<Result<(), RoomError>>) {
        let Join { link, newcomer, resume } = join;
        let user = newcomer.id;
        if let Err(refusal) = self.check_lobby(user, link.address) {
            let _ = joined.send(Err(RoomError::Refused(refusal)));
            return;
        }
        if let Err(error) = self.execute(None, &Input::Enter(newcomer)).await {
            let _ = joined.send(Err(error));
            return;
        }
        let Some(role) = self.state.role_of(user) else {
            // Now in the lobby, where a grace period runs as it does for members.
            self.grace.restart_in_lobby(user, self.context.clock.now_ms());
            self.lobby_addresses.insert(user, link.address);
            return self.enqueue(vec![Effect::RejectJoin { joined, refusal: Refusal::InLobby }]);
        };
        self.grace.cancel(user);
        self.last_sent.record(user, &self.state);
        let welcomed = Welcomed { member: user, role, own: Some(self.state.own(user)), screen: None };
        self.admit(link, resume, welcomed, joined);
    }

    pub(super) fn join_screen(
        &mut self,
        link: Arc<Link>,
        resume: Option<Position>,
        joined: oneshot::Sender<Result<(), RoomError>>,
    ) {
        let screen = match link.party {
            Party::Screen(screen) if self.state.has_screen(screen) => screen,
            _ => return self.enqueue(vec![Effect::RejectJoin { joined, refusal: Refusal::NoSuchScreen }]),
        };
        let welcomed = Welcomed { member: UserId::NIL, role: Role::Listener, own: None, screen: Some(screen) };
        self.admit(link, resume, welcomed, joined);
    }

    /// Welcomes a connection, behind everything that was decided before.
    fn admit(
        &mut self,
        link: Arc<Link>,
        resume: Option<Position>,
        welcomed: Welcomed,
        joined: oneshot::Sender<Result<(), RoomError>>,
    ) {
        let catch_up = self.catch_up_from(resume);
        self.context.metrics.join(match &catch_up {
            CatchUp::Nothing => CatchUpKind::Nothing,
            CatchUp::Resume { .. } => CatchUpKind::Delta,
            CatchUp::Snapshot(_) if resume.is_some() => CatchUpKind::Snapshot,
            CatchUp::Snapshot(_) => CatchUpKind::First,
        });
        let Welcomed { member, role, own, screen } = welcomed;
        let welcome = frame::json(&ServerFrame::Welcome {
            connection: link.id,
            member,
            role,
            server_time_ms: self.context.clock.now_ms_f64(),
            heartbeat_ms: HEARTBEAT.as_secs() * 1_000,
            expires_at_ms: link.expires_at_ms(),
            resumed: !matches!(catch_up, CatchUp::Snapshot(_)),
            own,
            screen,
        });
        self.enqueue(vec![Effect::Attach(Box::new(Attach { link, joined, welcome, catch_up }))]);
    }

    /// Refuses a person who would enter the lobby when others from their address have its share of it.
    fn check_lobby(&mut self, user: UserId, address: IpAddr) -> Result<(), Refusal> {
        let enters = self.state.settings().admission == Admission::Lobby
            && self.state.role_of(user).is_none()
            && !self.state.lobby().any(|waiting| waiting == user);
        if !enters {
            return Ok(());
        }
        let waiting: BTreeSet<UserId> = self.state.lobby().collect();
        self.lobby_addresses.retain(|user, _| waiting.contains(user));
        let own = self.lobby_addresses.values().filter(|known| **known == address).count();
        if own < share_of(LOBBY_MAX, waiting.len() - own) { Ok(()) } else { Err(Refusal::LobbyFull) }
    }

    /// How a client that knows the room up to `resume` catches up.
    pub(super) fn catch_up_from(&self, resume: Option<Position>) -> CatchUp {
        let offset = self.state.offset();
        // Pending events are not in the history yet. They commit before this connection attaches.
        let known = resume.filter(|known| {
            known.epoch == self.epoch && known.offset <= self.shown_offset && self.history.since(known.offset).is_some()
        });
        match known {
            Some(known) if known.offset == offset => CatchUp::Nothing,
            Some(known) => CatchUp::Resume {
                from: known.offset,
                position: Position { epoch: self.epoch, offset },
                facts: DeltaFacts::of(&self.state),
            },
            None => CatchUp::Snapshot(wire::snapshot(self.epoch, &self.state)),
        }
    }

    pub(super) fn attach(&mut self, attach: Attach) {
        let Attach { link, joined, welcome, catch_up } = attach;
        let catch_up = match catch_up {
            CatchUp::Nothing => Some(Bytes::new()),
            CatchUp::Snapshot(snapshot) => Some(snapshot),
            CatchUp::Resume { from, position, facts } => {
                self.history.since(from).map(|events| wire::delta(position, &events, facts))
            }
        };
        match catch_up {
            Some(catch_up) => {
                link.outbox.welcome(welcome, [catch_up, self.full_presence()], self.shown());
            }
            // The missed events left the history while the join was pending: the client reconnects.
            None => link.outbox.close(CloseCode::TryLater),
        }
        self.broadcasts.attach(link.id);
        if let Some(user) = link.user() {
            // A disconnect or a merge in the meantime may have started a grace period.
            self.grace.cancel(user);
            self.last_sent.attach(user);
        }
        self.presence.attach(link);
        self.host_gone_since_ms(self.context.clock.now_ms());
        self.schedule_presence();
        let _ = joined.send(Ok(()));
    }

    pub(super) fn detach(&mut self, connection: ConnectionId) {
        let now_ms = self.context.clock.now_ms();
        if let Some(party) = self.presence.detach(connection) {
            self.host_gone_since_ms(now_ms);
            if let Party::User { user, .. } = party
                && !self.presence.is_connected(user)
            {
                self.last_sent.leave(user);
                if self.state.role_of(user).is_some() {
                    self.grace.restart(user, now_ms);
                }
            }
            self.schedule_presence();
        }
        if self.presence.is_empty() {
            self.leave_at_ms = now_ms + ms(ROOM_IDLE);
        }
    }

    /// Closes the guest's connections; they reconnect as the account. Its grace period starts with the last of them.
    pub(super) fn close_merged(&mut self, from: UserId, to: UserId) {
        self.flush();
        self.presence.links_of(from).for_each(|link| link.outbox.close(CloseCode::TokenExpired));
        self.grace.cancel(from);
        if !self.presence.is_connected(to) && self.state.role_of(to).is_some() && !self.state.is_away(to) {
            self.grace.start(to, self.context.clock.now_ms());
        }
    }

    pub(super) fn full_presence(&self) -> Bytes {
        let needed = self.state.skip_votes_needed(self.presence.active());
        wire::presence(true, self.presence.all(), Some(needed), self.presence.screens())
    }

    pub(super) fn schedule_presence(&mut self) {
        if self.presence_at_ms.is_none() && self.presence.has_changes() {
            self.presence_at_ms = Some(self.context.clock.now_ms() + ms(PRESENCE_DELAY));
        }
    }
}
