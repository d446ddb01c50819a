//! A server's own life: it enters, waits until it is alone, renews its beat, and leaves.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::thread;

use secrecy::SecretString;
use tokio::sync::oneshot;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::lease::{Observer, Step};
use super::life_file::LifeFile;
use crate::clock::Clock;
use crate::ids;
use crate::limits::{LEASE_LEAVE_TIMEOUT, LEASE_RENEW_EVERY, LEASE_RENEW_TIMEOUT, LEASE_WATCH_EVERY};
use crate::store::mysql::MySqlStore;
use crate::store::{LifeId, NodeStore, RoomClaims, StoreError};

/// Why a server may not use a database.
#[derive(Debug, thiserror::Error)]
pub enum MembershipError {
    /// A server of this name runs on it.
    #[error(
        "the server {0:?} is running on it: stop that one first, or give this one a database of its own (TUTTI_NODE_ID names \
         a server)"
    )]
    Taken(String),
    /// A server runs on the same data directory.
    #[error("another server is running on the same data directory")]
    SameDataDir,
    /// Another server took this one for dead while it started.
    #[error("another server took this one for dead while it started: start it again")]
    Buried,
    /// The file in the data directory cannot be used.
    #[error("node.lock in the data directory: {0}")]
    File(#[from] io::Error),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The right to serve rooms from a database.
#[derive(Debug)]
pub struct Membership {
    life: LifeId,
    nodes: Arc<MySqlStore>,
    /// Cancelled when another server has buried this life.
    buried: CancellationToken,
    /// The thread leaves and ends when this is dropped.
    stop: DropGuard,
    ended: oneshot::Receiver<()>,
    _file: LifeFile,
}

impl Membership {
    /// Enters, and waits until no other life is left: at once when there is none or when it was this directory's, otherwise
    /// for as long as a dead one needs to be recognised.
    pub async fn join(
        nodes: Arc<MySqlStore>,
        url: &SecretString,
        name: &str,
        data_dir: &Path,
        clock: Clock,
    ) -> Result<Self, MembershipError> {
        let mut file = LifeFile::take(data_dir)?.ok_or(MembershipError::SameDataDir)?;
        if let Some(before) = file.read()? {
            nodes.leave(before).await?;
        }
        let life = LifeId(ids::uuid_v7(clock.now_ms()));
        // Before the row is there, so that no kill leaves a row that the next start does not know.
        file.write(life)?;
        nodes.enter(life, name).await?;
        let (stop, buried) = (CancellationToken::new(), CancellationToken::new());
        let ended = start_renewing(url.clone(), life, stop.clone(), buried.clone())?;
        let membership = Self { life, nodes, buried, stop: stop.drop_guard(), ended, _file: file };
        match membership.wait_until_alone(clock).await {
            Ok(()) => Ok(membership),
            Err(error) => {
                membership.leave().await;
                Err(error)
            }
        }
    }

    async fn wait_until_alone(&self, clock: Clock) -> Result<(), MembershipError> {
        let (mut observer, mut has_waited) = (Observer::new(self.life), false);
        loop {
            let asked_ms = clock.now_ms();
            let nodes = self.nodes.nodes().await?;
            match observer.step(&nodes, asked_ms, clock.now_ms()) {
                Step::Serve => return Ok(()),
                Step::GiveWay(name) => return Err(MembershipError::Taken(name)),
                Step::Buried => return Err(MembershipError::Buried),
                Step::Bury(dead) => {
                    for node in dead {
                        tracing::warn!(name = node.name, "replacing a server that has stopped responding");
                        self.nodes.bury(node.life, node.beat).await?;
                    }
                }
                Step::Wait => {
                    if !has_waited {
                        let others = nodes.iter().filter(|node| node.life != self.life);
                        let names: Vec<_> = others.map(|node| node.name.as_str()).collect();
                        tracing::info!(?names, "checking whether another server is running on the database");
                        has_waited = true;
                    }
                    tokio::time::sleep(LEASE_WATCH_EVERY).await;
                }
            }
        }
    }

    /// Claims rooms for this life.
    pub fn claims(&self) -> RoomClaims {
        RoomClaims::new(self.nodes.clone(), self.life)
    }

    /// Cancelled when another server has replaced this one.
    pub fn buried(&self) -> CancellationToken {
        self.buried.clone()
    }

    /// Gives the database to the next start. Rooms must have ended.
    pub async fn leave(self) {
        drop(self.stop);
        if tokio::time::timeout(LEASE_LEAVE_TIMEOUT, self.ended).await.is_err() {
            tracing::warn!(
                "the next server on this database may have to wait: this one could not say that it has ended"
            );
        }
    }
}

/// Renews on a thread and a connection of its own, so that neither a busy runtime nor a full pool looks like death.
fn start_renewing(
    url: SecretString,
    life: LifeId,
    stop: CancellationToken,
    buried: CancellationToken,
) -> io::Result<oneshot::Receiver<()>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (end, ended) = oneshot::channel();
    thread::Builder::new().name("lease".into()).spawn(move || {
        runtime.block_on(renew(&url, life, &stop, &buried));
        let _ = end.send(());
    })?;
    Ok(ended)
}

async fn renew(url: &SecretString, life: LifeId, stop: &CancellationToken, buried: &CancellationToken) {
    let nodes = match MySqlStore::for_one_task(url) {
        Ok(nodes) => nodes,
        Err(error) => return tracing::error!(%error, "the lease on the database cannot be renewed"),
    };
    let mut is_failing = false;
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            () = tokio::time::sleep(LEASE_RENEW_EVERY) => {}
        }
        match tokio::time::timeout(LEASE_RENEW_TIMEOUT, nodes.renew(life)).await {
            Ok(Ok(true)) => is_failing = false,
            Ok(Ok(false)) => {
                let others = nodes.nodes().await.unwrap_or_default();
                let names: Vec<_> = others.iter().map(|node| node.name.as_str()).collect();
                tracing::error!(?names, "another server has replaced this one, which did not respond for seconds");
                return buried.cancel();
            }
            Ok(Err(_)) | Err(_) if is_failing => {}
            Ok(Err(error)) => {
                tracing::warn!(%error, "the lease on the database was not renewed");
                is_failing = true;
            }
            Err(_) => {
                tracing::warn!("the lease on the database was not renewed in time");
                is_failing = true;
            }
        }
    }
    if let Err(error) = nodes.leave(life).await {
        tracing::warn!(%error, "the lease on the database was not released");
    }
}
