//! A server's own life: it enters, waits until it may serve, renews its beat, watches the others, and leaves.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::thread;

use secrecy::SecretString;
use tokio::sync::{oneshot, watch};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::lease::{Observer, Step, Watch};
use super::life_file::LifeFile;
use crate::clock::Clock;
use crate::ids;
use crate::limits::{LEASE_LEAVE_TIMEOUT, LEASE_LOOK_EVERY, LEASE_RENEW_EVERY, LEASE_RENEW_TIMEOUT, LEASE_WATCH_EVERY};
use crate::store::mysql::MySqlStore;
use crate::store::{LifeId, NodeStore, RoomClaims, StoreError, StoreResult, StoredNode};

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

/// The lives that share the database, with their names; this one is among them.
pub type Living = Arc<BTreeMap<LifeId, String>>;

/// The right to serve rooms from a database.
#[derive(Debug)]
pub struct Membership {
    life: LifeId,
    /// Whether it serves the database alone.
    alone: bool,
    nodes: Arc<MySqlStore>,
    living: watch::Sender<Living>,
    /// Cancelled when another server has buried this life.
    buried: CancellationToken,
    /// The thread leaves and ends when this is dropped.
    stop: DropGuard,
    ended: oneshot::Receiver<()>,
    _file: LifeFile,
}

impl Membership {
    /// Enters, and waits until no other life is left with which it cannot share the database: at once when there is none or
    /// when it was this directory's, otherwise for as long as a dead one needs to be recognised.
    pub async fn join(
        nodes: Arc<MySqlStore>,
        url: &SecretString,
        name: &str,
        alone: bool,
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
        nodes.enter(life, name, alone).await?;
        let (stop, buried) = (CancellationToken::new(), CancellationToken::new());
        let ended = start_renewing(url.clone(), life, stop.clone(), buried.clone())?;
        let living = watch::Sender::default();
        let membership = Self { life, alone, nodes, living, buried, stop: stop.drop_guard(), ended, _file: file };
        match membership.wait_for_others(clock).await {
            Ok(()) => Ok(membership),
            Err(error) => {
                membership.leave().await;
                Err(error)
            }
        }
    }

    async fn wait_for_others(&self, clock: Clock) -> Result<(), MembershipError> {
        let (mut observer, mut has_waited) = (Observer::new(self.life, self.alone), false);
        loop {
            let asked_ms = clock.now_ms();
            let nodes = self.nodes.nodes().await?;
            match observer.step(&nodes, asked_ms, clock.now_ms()) {
                Step::Serve => return Ok(()),
                Step::GiveWay(name) => return Err(MembershipError::Taken(name)),
                Step::Buried => return Err(MembershipError::Buried),
                Step::Bury(dead) => bury(&*self.nodes, dead).await?,
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

    /// This life.
    pub fn life(&self) -> LifeId {
        self.life
    }

    /// The lives that share the database, as [`Self::watch`] last saw them.
    pub fn living(&self) -> watch::Receiver<Living> {
        self.living.subscribe()
    }

    /// Watches the other lives, and removes those that are dead.
    pub fn watch(&self, clock: Clock, stop: CancellationToken) -> impl Future<Output = ()> + use<> {
        watch_others(self.nodes.clone(), self.life, self.living.clone(), self.buried.clone(), clock, stop)
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

async fn bury(nodes: &dyn NodeStore, dead: Vec<StoredNode>) -> StoreResult<()> {
    for node in dead {
        tracing::warn!(name = node.name, "replacing a server that has stopped responding");
        nodes.bury(node.life, node.beat).await?;
    }
    Ok(())
}

/// Publishes the lives that share the database and removes the dead, until this one ends.
pub async fn watch_others(
    nodes: Arc<dyn NodeStore>,
    me: LifeId,
    living: watch::Sender<Living>,
    buried: CancellationToken,
    clock: Clock,
    stop: CancellationToken,
) {
    let mut watch = Watch::new(me);
    while !stop.is_cancelled() && !buried.is_cancelled() {
        let asked_ms = clock.now_ms();
        match nodes.nodes().await {
            Ok(rows) => match watch.look(&rows, asked_ms, clock.now_ms()) {
                Some(dead) => {
                    if bury(&*nodes, dead).await.is_err() {
                        watch.lose_sight();
                    }
                    let seen: BTreeMap<_, _> = rows.into_iter().map(|node| (node.life, node.name)).collect();
                    living.send_if_modified(|known| {
                        let has_changed = **known != seen;
                        *known = Arc::new(seen);
                        has_changed
                    });
                }
                None => return buried.cancel(),
            },
            Err(error) => {
                tracing::debug!(%error, "the other servers on the database cannot be seen");
                watch.lose_sight();
            }
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(LEASE_LOOK_EVERY) => {}
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
