//! Recently revoked sessions: their access tokens have not expired yet, and their sockets may still be open.

use std::collections::HashMap;

use parking_lot::RwLock;
use tokio::sync::broadcast;

use tutti_protocol::SessionId;

use super::{ACCESS_TOKEN_LIFETIME, REVOCATION_CHANNEL_CAPACITY};
use crate::clock::ms;

/// Keeps each revoked session for [`ACCESS_TOKEN_LIFETIME`].
#[derive(Debug)]
pub(super) struct Revocations {
    expires_at_ms: RwLock<HashMap<SessionId, i64>>,
    revoked: broadcast::Sender<SessionId>,
}

impl Revocations {
    pub(super) fn new() -> Self {
        Self { expires_at_ms: RwLock::default(), revoked: broadcast::Sender::new(REVOCATION_CHANNEL_CAPACITY) }
    }

    /// Rejects the session's access tokens from now on.
    pub(super) fn insert(&self, session: SessionId, revoked_at_ms: i64) {
        let mut expires_at_ms = self.expires_at_ms.write();
        expires_at_ms.retain(|_, at_ms| *at_ms > revoked_at_ms);
        expires_at_ms.insert(session, revoked_at_ms + access_token_lifetime_ms());
    }

    /// Rejects the session's access tokens from now on and notifies subscribers.
    pub(super) fn revoke(&self, session: SessionId, revoked_at_ms: i64) {
        self.insert(session, revoked_at_ms);
        // Fails when there are no subscribers, and then there are no sockets.
        let _ = self.revoked.send(session);
    }

    pub(super) fn contains(&self, session: SessionId) -> bool {
        self.expires_at_ms.read().contains_key(&session)
    }

    pub(super) fn subscribe(&self) -> broadcast::Receiver<SessionId> {
        self.revoked.subscribe()
    }
}

/// How long after its revocation a session can have unexpired access tokens.
pub(super) fn access_token_lifetime_ms() -> i64 {
    ms(ACCESS_TOKEN_LIFETIME)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_revoked_session_is_kept_until_its_tokens_expire() {
        let revocations = Revocations::new();
        let [first, second, third] = [1, 2, 3].map(|id| SessionId(Uuid::from_u128(id)));
        revocations.insert(first, 0);
        revocations.insert(second, access_token_lifetime_ms() - 1);
        assert!(revocations.contains(first));
        revocations.insert(third, access_token_lifetime_ms());
        assert!(!revocations.contains(first));
        assert!(revocations.contains(second));
    }
}
