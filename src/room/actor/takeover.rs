//! The room comes from another server, with connections that this one holds, or goes to one.

use tutti_protocol::{CloseCode, DeviceId};

use super::Actor;
use crate::room::effects::CatchUp;
use crate::room::presence::Presence;
use crate::room::remote::{Held, Shared, Takeover};
use crate::room::wire;
use crate::store::StoredNode;
use crate::transport::Party;

/// The server that has taken over a room, and what goes to it.
pub(in crate::room) struct Successor {
    pub(in crate::room) node: Box<StoredNode>,
    pub(in crate::room) room: Shared,
    pub(in crate::room) takeover: Takeover,
}

impl Actor {
    /// Continues with connections that another server's room had. Call it before [`Actor::run`].
    pub(in crate::room) fn adopt(&mut self, connections: Vec<Held>, followers: Vec<Option<DeviceId>>) {
        for device in followers {
            self.presence.follow(device);
        }
        if connections.is_empty() {
            return;
        }
        for held in connections {
            self.adopt_connection(held);
        }
        let presence = self.full_presence();
        self.presence.links().for_each(|link| link.outbox.push_droppable(&presence));
        for member in self.last_sent.changed_own(&self.state) {
            self.tell_member(member, &wire::own(&self.state, member));
        }
        self.host_gone_since_ms(self.context.clock.now_ms());
    }

    fn adopt_connection(&mut self, held: Held) {
        let Held { link, known, is_stale, status, .. } = held;
        match self.catch_up_from(known.filter(|_| !is_stale)) {
            CatchUp::Nothing => {}
            CatchUp::Snapshot(snapshot) => link.outbox.push_snapshot(&snapshot),
            CatchUp::Resume { from, position, facts } => match self.history.since(from) {
                Some(events) => link.outbox.push_droppable(&wire::delta(position, &events, facts)),
                None => link.outbox.push_snapshot(&wire::snapshot(self.epoch, &self.state)),
            },
        }
        let is_gone = match link.party {
            Party::User { user, .. } => self.state.role_of(user).is_none(),
            Party::Screen(screen) => !self.state.has_screen(screen),
        };
        if is_gone {
            // It comes back and learns why.
            link.outbox.close(CloseCode::TryLater);
        }
        if let Some(user) = link.user() {
            self.grace.cancel(user);
            self.last_sent.attach(user);
        }
        let connection = link.id;
        self.presence.attach(link);
        if let Some(status) = status {
            self.presence.status(connection, status);
        }
    }

    /// What the successor of this server gets.
    pub(super) fn give_away(&mut self) -> Option<Successor> {
        let node = self.successor.take()?;
        self.flush();
        self.presence.relays().for_each(|relay| relay.end());
        let known = Some(self.shown());
        let mut connections = vec![];
        for (link, status) in self.presence.held() {
            let newcomer = link.user().and_then(|user| self.state.newcomer(user));
            if link.user().is_some() && newcomer.is_none() {
                // Their departure may not be stored, and then they are members at the successor: they reconnect there.
                link.outbox.close(CloseCode::TryLater);
                continue;
            }
            connections.push(Held { link: link.clone(), newcomer, known, is_stale: false, status: Some(status) });
        }
        let takeover = Takeover { connections, followers: self.presence.followers().to_vec(), messages: vec![] };
        let room = Shared {
            id: self.id,
            code: self.code,
            context: self.context.clone(),
            passcode: self.passcode.clone(),
            views: self.views.clone(),
        };
        // They stay open.
        self.presence = Presence::default();
        Some(Successor { node, room, takeover })
    }

    /// Lets the next server that needs the room claim it, without asking whether this one still lives.
    pub(super) async fn release_claim(&self) {
        if self.context.remotes.is_some()
            && self.pending.is_empty()
            && let Err(error) = self.context.journal.release(self.id, self.fence).await
        {
            tracing::debug!(room = %self.id, %error, "the claim of a room was not released");
        }
    }
}
