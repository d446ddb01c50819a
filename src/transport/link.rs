//! An authenticated connection as the rest of the server sees it.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use tutti_protocol::{ConnectionId, Device, ScreenId, SessionId, UserId};
use uuid::Uuid;

use super::Outbox;

/// What a connection belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Party {
    /// A user.
    User {
        /// The user.
        user: UserId,
        /// Their login session; ending it closes the connection.
        session: SessionId,
    },
    /// A screen, which is no user.
    Screen(ScreenId),
}

impl Party {
    /// What its connections are counted by.
    pub fn uuid(self) -> Uuid {
        match self {
            Self::User { user, .. } => user.0,
            Self::Screen(screen) => screen.0,
        }
    }
}

/// One authenticated connection: its user and device, its outbox, and when it was last heard.
#[derive(Debug)]
pub struct Link {
    /// Its id.
    pub id: ConnectionId,
    /// Its user or screen.
    pub party: Party,
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
    /// A user's connection, heard at `now_ms`, whose access token expires at `expires_at_ms`.
    pub fn new(
        id: ConnectionId,
        who: (UserId, SessionId, IpAddr),
        device: Device,
        outbox: Arc<Outbox>,
        now_ms: i64,
        expires_at_ms: i64,
    ) -> Self {
        let (user, session, address) = who;
        Self::of(id, Party::User { user, session }, address, device, outbox, (now_ms, expires_at_ms))
    }

    /// As [`Self::new`], of a user or a screen; `times` are when it was heard and when its token expires.
    pub fn of(
        id: ConnectionId,
        party: Party,
        address: IpAddr,
        device: Device,
        outbox: Arc<Outbox>,
        times: (i64, i64),
    ) -> Self {
        let (last_heard_ms, expires_at_ms) = (AtomicI64::new(times.0), AtomicI64::new(times.1));
        Self { id, party, address, device, outbox, last_heard_ms, expires_at_ms }
    }

    /// Its user; `None` for a screen.
    pub fn user(&self) -> Option<UserId> {
        match self.party {
            Party::User { user, .. } => Some(user),
            Party::Screen(_) => None,
        }
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
