//! All connections: caps per user, closing those of ended sessions, draining. Sockets per network are counted in
//! [`super::ConnectionContext::sockets`].

use std::hash::Hash;
use std::sync::Arc;

use dashmap::DashMap;
use tutti_protocol::{CloseCode, ConnectionId, ReasonValues, ServerFrame, SessionId};
use uuid::Uuid;

use crate::limits::{DRAIN_CLOSES_PER_STEP, DRAIN_SPREAD_MAX, DRAIN_STEP};
use crate::transport::{Link, Party, frame};

/// All admitted connections. Guards of its maps never leave its methods.
#[derive(Debug, Default)]
pub struct Hub {
    links: DashMap<ConnectionId, Arc<Link>>,
    /// By user or screen.
    of_party: DashMap<Uuid, u32>,
}

/// A connection's registration in the hub; dropping it removes the connection.
#[derive(Debug)]
pub struct Registration {
    hub: Arc<Hub>,
    link: Arc<Link>,
}

impl Hub {
    /// The number of connections.
    pub fn len(&self) -> usize {
        self.links.len()
    }

    /// True without any connection.
    pub fn is_empty(&self) -> bool {
        self.links.is_empty()
    }

    /// Registers a connection; `None` when its user or screen has `connections_max`.
    pub fn register(self: &Arc<Self>, link: &Arc<Link>, connections_max: u32) -> Option<Registration> {
        increment(&self.of_party, link.party.uuid(), connections_max).then(|| {
            self.links.insert(link.id, link.clone());
            Registration { hub: self.clone(), link: link.clone() }
        })
    }

    /// Closes the connections of ended sessions.
    pub fn close_sessions(&self, ended: impl Fn(SessionId) -> bool) {
        let has_ended = |link: &Link| matches!(link.party, Party::User { session, .. } if ended(session));
        for link in self.links.iter().filter(|link| has_ended(link)) {
            link.outbox.close(CloseCode::SessionRevoked);
        }
    }

    /// Sends a notice to every connection and closes them in steps over [`DRAIN_SPREAD_MAX`], so that clients do not all
    /// reconnect at the same moment. Connections are served until they are closed. Admission must have stopped before.
    pub async fn drain(&self) {
        let notice = frame::json(&ServerFrame::Notice {
            code: "draining".into(),
            message: "The server restarts; you will be back in a moment.".into(),
            values: ReasonValues::new(),
        });
        let links: Vec<Arc<Link>> = self.links.iter().map(|link| link.clone()).collect();
        for link in &links {
            link.outbox.push(&notice);
        }
        let steps_max = usize::try_from(DRAIN_SPREAD_MAX.as_millis() / DRAIN_STEP.as_millis()).unwrap_or(1);
        let mut steps = tokio::time::interval(DRAIN_STEP);
        for step in links.chunks(links.len().div_ceil(steps_max).max(DRAIN_CLOSES_PER_STEP)) {
            steps.tick().await;
            for link in step {
                link.outbox.close(CloseCode::GoingAway);
            }
        }
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.hub.links.remove(&self.link.id);
        decrement(&self.hub.of_party, self.link.party.uuid());
    }
}

/// Counts one more for `key`, up to `count_max`; false beyond it.
fn increment<K: Hash + Eq>(counts: &DashMap<K, u32>, key: K, count_max: u32) -> bool {
    let mut count = counts.entry(key).or_default();
    let is_free = *count < count_max;
    *count += u32::from(is_free);
    is_free
}

fn decrement<K: Hash + Eq>(counts: &DashMap<K, u32>, key: K) {
    if let dashmap::Entry::Occupied(mut count) = counts.entry(key) {
        *count.get_mut() -= 1;
        if *count.get() == 0 {
            count.remove();
        }
    }
}
