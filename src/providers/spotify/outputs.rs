//! Which device of whose Spotify account follows which room: one of each person, since an account plays in one place.
//!
//! Kept in memory only: after a restart whoever wants it chooses again, which a page that is open does by itself.

use std::collections::{HashMap, VecDeque};

use parking_lot::Mutex;
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};
use tutti_protocol::http::SpotifyOutput;
use tutti_protocol::{DeviceId, RoomCode, UserId};

use super::connect::{Follower, Progress};
use super::{REQUEST_TIMEOUT, Spotify, SpotifyError};
use crate::room::RoomHandle;

/// Everybody's.
#[derive(Default)]
pub(super) struct Outputs(Mutex<HashMap<UserId, Output>>);

struct Output {
    room: RoomCode,
    device_id: String,
    name: String,
    progress: watch::Receiver<Progress>,
    /// Ends the task when it is dropped.
    stop: DropGuard,
}

impl Spotify {
    /// From now on one of somebody's devices plays what the room plays from Spotify, in the place of any other of theirs.
    /// `device` is the room's device that it stands for.
    ///
    /// # Errors
    /// [`SpotifyError::DeviceNotFound`] when their account has no such device now, or it takes no commands.
    pub async fn follow(
        &self,
        user: UserId,
        code: RoomCode,
        room: RoomHandle,
        device_id: &str,
        device: Option<DeviceId>,
    ) -> Result<SpotifyOutput, SpotifyError> {
        // The gate of playing, as for the browser's player.
        self.player_token(user).await?;
        let devices = self.devices(user).await?;
        let found = devices.into_iter().find(|known| known.id == device_id && !known.restricted);
        let found = found.ok_or(SpotifyError::DeviceNotFound)?;
        let (progress, shown) = watch::channel(Progress::SILENT);
        let stop = CancellationToken::new();
        let follower = Follower {
            spotify: self.clone(),
            user,
            spotify_device: found.id.clone(),
            device,
            room,
            progress,
            started: None,
            biases_ms: VecDeque::new(),
            held_until_ms: 0,
            corrected_at_ms: 0,
        };
        let output = Output {
            room: code,
            device_id: found.id,
            name: found.name,
            progress: shown,
            stop: stop.clone().drop_guard(),
        };
        let status = output.status();
        let before = self.0.outputs.0.lock().insert(user, output);
        self.0.tasks.spawn(async move {
            // It pauses its device, which may be this one. Not waited for by whoever asks, who may be gone by then.
            if let Some(before) = before {
                before.end().await;
            }
            follower.run(stop).await;
        });
        Ok(status)
    }

    /// What follows a room for somebody; also what followed it, with the reason why it does no more.
    pub fn output(&self, user: UserId, code: RoomCode) -> Option<SpotifyOutput> {
        self.0.outputs.0.lock().get(&user).filter(|output| output.room == code).map(Output::status)
    }

    /// Nothing of theirs follows a room any more; once this returns, what played is paused, if Spotify let it.
    /// `code`: only if it is that room.
    pub async fn unfollow(&self, user: UserId, code: Option<RoomCode>) {
        let output = {
            let mut outputs = self.0.outputs.0.lock();
            let is_meant = |output: &Output| code.is_none_or(|code| output.room == code);
            if outputs.get(&user).is_some_and(is_meant) { outputs.remove(&user) } else { None }
        };
        if let Some(output) = output {
            output.end().await;
        }
    }
}

impl Output {
    /// Ends the task and waits for it, for as long as a request may take.
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
