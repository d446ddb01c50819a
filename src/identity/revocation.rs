//! Sessions that were ended a moment ago: their access tokens have not run out yet, and their sockets are still open.

use std::collections::HashMap;

use parking_lot::RwLock;
use tokio::sync::broadcast;

use tutti_protocol::SessionId;

use super::{ACCESS_TOKEN_LIFETIME, REVOCATIONS_UNREAD_MAX};

/// Remembers each ended session for as long as an access token of it could live.
#[derive(Debug)]
pub(super) struct Revocations {
    forget_at_ms: RwLock<HashMap<SessionId, i64>>,
    announcements: broadcast::Sender<SessionId>,
}

impl Revocations {
    pub(super) fn new() -> Self {
        Self { forget_at_ms: RwLock::default(), announcements: broadcast::Sender::new(REVOCATIONS_UNREAD_MAX) }
    }

    /// Refuses the session's access tokens from now on.
    pub(super) fn remember(&self, session: SessionId, revoked_at_ms: i64) {
        let mut forget_at_ms = self.forget_at_ms.write();
        forget_at_ms.retain(|_, at_ms| *at_ms > revoked_at_ms);
        forget_at_ms.insert(session, revoked_at_ms + lifetime_ms());
    }

    /// Refuses the session's access tokens and tells those who hold its sockets.
    pub(super) fn announce(&self, session: SessionId, revoked_at_ms: i64) {
        self.remember(session, revoked_at_ms);
        // Fails when nobody listens, and then there are no sockets.
        let _ = self.announcements.send(session);
    }

    pub(super) fn contains(&self, session: SessionId) -> bool {
        self.forget_at_ms.read().contains_key(&session)
    }

    pub(super) fn subscribe(&self) -> broadcast::Receiver<SessionId> {
        self.announcements.subscribe()
    }
}

/// How long after its end a session can still have access tokens that have not run out.
pub(super) fn lifetime_ms() -> i64 {
    super::in_ms(ACCESS_TOKEN_LIFETIME)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_session_is_remembered_while_its_tokens_could_live() {
        let revocations = Revocations::new();
        let [first, second, third] = [1, 2, 3].map(|id| SessionId(Uuid::from_u128(id)));
        revocations.remember(first, 0);
        revocations.remember(second, lifetime_ms() - 1);
        assert!(revocations.contains(first));
        revocations.remember(third, lifetime_ms());
        assert!(!revocations.contains(first));
        assert!(revocations.contains(second));
    }
}
