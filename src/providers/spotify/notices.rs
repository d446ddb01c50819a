//! Notices to hosts while Spotify rejects requests from this server.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tutti_protocol::{ProviderId, reason_values};

use super::Spotify;
use crate::clock::in_words;
use crate::room::Registry;

/// Shorter pauses are not worth a notice.
const NOTICE_PAUSE_MIN: Duration = Duration::from_secs(30);

impl Spotify {
    /// Notifies the hosts of rooms with tracks from Spotify of each long pause, until `stop` is cancelled.
    pub async fn notify_hosts_of_pauses(self, rooms: Registry, stop: CancellationToken) {
        let mut pauses = self.0.api.pauses();
        loop {
            tokio::select! {
                changed = pauses.changed() => if changed.is_err() { return },
                () = stop.cancelled() => return,
            }
            let left_ms = (pauses.borrow_and_update().abs() - self.0.clock.now_ms()).max(0).unsigned_abs();
            let left = Duration::from_millis(left_ms);
            if left >= NOTICE_PAUSE_MIN {
                let wait = in_words(left);
                let message =
                    format!("Spotify accepts no more requests from this server for {wait}. Everything else works.");
                let values = reason_values([("left_ms", left_ms.into())]);
                rooms.notify_hosts("spotify_busy", &message, &values, |room| {
                    room.providers.contains(&ProviderId::SPOTIFY)
                });
            }
        }
    }
}
