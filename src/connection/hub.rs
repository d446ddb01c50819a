//! All connections: how many there are of whom, and the hand that closes them.

use std::net::IpAddr;
use std::sync::Arc;

use dashmap::DashMap;
use tutti_protocol::{CloseCode, ConnectionId, ReasonValues, ServerFrame, SessionId, UserId};

use crate::limits::{DRAIN_CLOSES_PER_STEP, DRAIN_SPREAD_MAX, DRAIN_STEP};
use crate::transport::{Link, frame};

/// All authenticated connections. Its maps' guards never leave its methods.
#[derive(Debug, Default)]
pub struct Hub {
    links: DashMap<ConnectionId, Arc<Link>>,
    of_user: DashMap<UserId, u32>,
    of_address: DashMap<IpAddr, u32>,
}

/// A connection's place in the hub; gives it back when dropped.
#[derive(Debug)]
pub struct Place {
    hub: Arc<Hub>,
    connection: ConnectionId,
    user: UserId,
}

/// A socket's place among those of its address; gives it back when dropped.
#[derive(Debug)]
pub struct AddressPlace {
    hub: Arc<Hub>,
    address: IpAddr,
}

impl Hub {
    /// How many connections there are.
    pub fn len(&self) -> usize {
        self.links.len()
    }

    /// True when there are none.
    pub fn is_empty(&self) -> bool {
        self.links.is_empty()
    }

    /// A place for one more socket from an address; `None` when it has `places_max` already.
    pub fn admit_address(self: &Arc<Self>, address: IpAddr, places_max: u32) -> Option<AddressPlace> {
        take(&self.of_address, address, places_max).then(|| AddressPlace { hub: self.clone(), address })
    }

    /// A place for one more connection of a user; `None` when they have `places_max` already.
    pub fn admit(self: &Arc<Self>, link: &Arc<Link>, places_max: u32) -> Option<Place> {
        take(&self.of_user, link.user, places_max).then(|| {
            self.links.insert(link.id, link.clone());
            Place { hub: self.clone(), connection: link.id, user: link.user }
        })
    }

    /// Closes the connections of sessions that were ended.
    pub fn close_sessions(&self, ended: impl Fn(SessionId) -> bool) {
        for link in self.links.iter().filter(|link| ended(link.session)) {
            link.outbox.close(CloseCode::SessionRevoked);
        }
    }

    /// Tells everyone that the server goes, and closes them one after the other: those who are told to come back do not all
    /// come at one moment. Whoever is not closed yet is served as before. Nobody new may be let in meanwhile.
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
        for some in links.chunks(links.len().div_ceil(steps_max).max(DRAIN_CLOSES_PER_STEP)) {
            steps.tick().await;
            for link in some {
                link.outbox.close(CloseCode::GoingAway);
            }
        }
    }
}

impl AddressPlace {
    /// The address.
    pub fn address(&self) -> IpAddr {
        self.address
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.hub.links.remove(&self.connection);
        give_back(&self.hub.of_user, self.user);
    }
}

impl Drop for AddressPlace {
    fn drop(&mut self) {
        give_back(&self.hub.of_address, self.address);
    }
}

fn take<K: std::hash::Hash + Eq>(counts: &DashMap<K, u32>, key: K, places_max: u32) -> bool {
    let mut count = counts.entry(key).or_default();
    let free = *count < places_max;
    *count += u32::from(free);
    free
}

fn give_back<K: std::hash::Hash + Eq>(counts: &DashMap<K, u32>, key: K) {
    if let dashmap::Entry::Occupied(mut count) = counts.entry(key) {
        *count.get_mut() -= 1;
        if *count.get() == 0 {
            count.remove();
        }
    }
}
