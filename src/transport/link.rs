//! What the rest of the server knows of one connection.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use tutti_protocol::{ConnectionId, Device, SessionId, UserId};

use super::Outbox;

/// One authenticated connection: who is at its end, the way out to them, and the signs of life that a room watches.
#[derive(Debug)]
pub struct Link {
    /// The connection.
    pub id: ConnectionId,
    /// Whose.
    pub user: UserId,
    /// By which login: ending that ends this.
    pub session: SessionId,
    /// From where.
    pub address: IpAddr,
    /// The device at its end.
    pub device: Device,
    /// The way out.
    pub outbox: Arc<Outbox>,
    last_heard_ms: AtomicI64,
    expires_at_ms: AtomicI64,
}

impl Link {
    /// A connection that was heard at `now_ms` and whose access token runs out at `expires_at_ms`.
    pub fn new(
        id: ConnectionId,
        who: (UserId, SessionId, IpAddr),
        device: Device,
        outbox: Arc<Outbox>,
        now_ms: i64,
        expires_at_ms: i64,
    ) -> Self {
        let (user, session, address) = who;
        let (last_heard_ms, expires_at_ms) = (AtomicI64::new(now_ms), AtomicI64::new(expires_at_ms));
        Self { id, user, session, address, device, outbox, last_heard_ms, expires_at_ms }
    }

    /// The client was heard.
    pub fn heard(&self, now_ms: i64) {
        self.last_heard_ms.store(now_ms, Ordering::Relaxed);
    }

    /// When the client was last heard.
    pub fn last_heard_ms(&self) -> i64 {
        self.last_heard_ms.load(Ordering::Relaxed)
    }

    /// The client has a newer access token.
    pub fn extend(&self, expires_at_ms: i64) {
        self.expires_at_ms.store(expires_at_ms, Ordering::Relaxed);
    }

    /// When the client's access token runs out.
    pub fn expires_at_ms(&self) -> i64 {
        self.expires_at_ms.load(Ordering::Relaxed)
    }
}
