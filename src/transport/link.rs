//! An authenticated connection as the rest of the server sees it.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use tutti_protocol::{ConnectionId, Device, SessionId, UserId};

use super::Outbox;

/// One authenticated connection: its user and device, its outbox, and when it was last heard.
#[derive(Debug)]
pub struct Link {
    /// Its id.
    pub id: ConnectionId,
    /// Its user.
    pub user: UserId,
    /// Its login session; ending that closes the connection.
    pub session: SessionId,
    /// The client's address.
    pub address: IpAddr,
    /// The client's device.
    pub device: Device,
    /// Its send buffer.
    pub outbox: Arc<Outbox>,
    last_heard_ms: AtomicI64,
    expires_at_ms: AtomicI64,
}

impl Link {
    /// A connection heard at `now_ms` whose access token expires at `expires_at_ms`.
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

    /// Records that the client was heard.
    pub fn heard(&self, now_ms: i64) {
        self.last_heard_ms.store(now_ms, Ordering::Relaxed);
    }

    /// When the client was last heard.
    pub fn last_heard_ms(&self) -> i64 {
        self.last_heard_ms.load(Ordering::Relaxed)
    }

    /// Records a newer access token.
    pub fn extend(&self, expires_at_ms: i64) {
        self.expires_at_ms.store(expires_at_ms, Ordering::Relaxed);
    }

    /// When the access token expires.
    pub fn expires_at_ms(&self) -> i64 {
        self.expires_at_ms.load(Ordering::Relaxed)
    }
}
