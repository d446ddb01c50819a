//! The Spotify devices that follow rooms: at most one for each user, because an account plays on one device at a time.
//!
//! Kept in memory only. After a restart, open pages choose their device again.

use std::collections::{HashMap, VecDeque};

use parking_lot::Mutex;
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};
use tutti_protocol::http::SpotifyOutput;
use tutti_protocol::{DeviceId, RoomCode, UserId};

use super::connect::{Follower, Progress};
use super::{REQUEST_TIMEOUT, Spotify, SpotifyError};
use crate::room::RoomHandle;

/// The outputs of all users.
#[derive(Default)]
pub(super) struct Outputs(Mutex<HashMap<UserId, Output>>);

struct Output {
    room: RoomCode,
    device_id: String,
    name: String,
    progress: watch::Receiver<Progress>,
    /// Stops the task on drop.
    stop: DropGuard,
}

impl Spotify {
    /// Makes one of the user's Spotify devices follow a room, in place of any other. `device` is the room device that
    /// it plays for.
    ///
    /// # Errors
    /// [`SpotifyError::DeviceNotFound`] if the account has no such device now, or it accepts no commands.
    pub async fn follow(
        &self,
        user: UserId,
        code: RoomCode,
        room: RoomHandle,
        device_id: &str,
        device: Option<DeviceId>,
    ) -> Result<SpotifyOutput, SpotifyError> {
        // Rejects users without Premium.
        self.player_token(user).await?;
        let devices = self.devices(user).await?;
        let found = devices.into_iter().find(|known| known.id == device_id && !known.restricted);
        let found = found.ok_or(SpotifyError::DeviceNotFound)?;
        let (progress, progress_receiver) = watch::channel(Progress::SILENT);
        let stop = CancellationToken::new();
        let follower = Follower {
            spotify: self.clone(),
            user,
            spotify_device: found.id.clone(),
            device,
            room,
            progress,
            started: None,
            latencies_ms: VecDeque::new(),
            backoff_until_ms: 0,
            corrected_at_ms: 0,
        };
        let output = Output {
            room: code,
            device_id: found.id,
            name: found.name,
            progress: progress_receiver,
            stop: stop.clone().drop_guard(),
        };
        let status = output.status();
        let previous = self.0.outputs.0.lock().insert(user, output);
        self.0.tasks.spawn(async move {
            // The previous task pauses its device, which may be the same one. Awaited here, because the caller may
            // disconnect.
            if let Some(previous) = previous {
                previous.end().await;
            }
            follower.run(stop).await;
        });
        Ok(status)
    }

    /// The user's output in a room, also after its task has ended.
    pub fn output(&self, user: UserId, code: RoomCode) -> Option<SpotifyOutput> {
        self.0.outputs.0.lock().get(&user).filter(|output| output.room == code).map(Output::status)
    }

    /// Stops the user's output, if it follows the room `code` or `code` is `None`. Its device is paused when this
    /// returns, if Spotify allows it.
    pub async fn unfollow(&self, user: UserId, code: Option<RoomCode>) {
        let output = {
            let mut outputs = self.0.outputs.0.lock();
            let matches_room = |output: &Output| code.is_none_or(|code| output.room == code);
            if outputs.get(&user).is_some_and(matches_room) { outputs.remove(&user) } else { None }
        };
        if let Some(output) = output {
            output.end().await;
        }
    }
}

impl Output {
    /// Stops the task and waits for it, at most [`REQUEST_TIMEOUT`].
    async fn end(mut self) {
        drop(self.stop);
        let ended = async { while self.progress.changed().await.is_ok() {} };
        let _ = tokio::time::timeout(REQUEST_TIMEOUT, ended).await;
    }

    fn status(&self) -> SpotifyOutput {
        let Progress { state, retry_at_ms, error_ms } = *self.progress.borrow();
        let (device_id, name) = (self.device_id.clone(), self.name.clone());
        SpotifyOutput { room: self.room, device_id, name, state, retry_at_ms, error_ms }
    }
}
