//! A line between clients and server that is as bad as lines are: it breaks in the midst of a frame, stands still, or carries
//! one direction only.

use std::net::SocketAddr;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::chance::Chance;

/// What becomes of a connection, after so many bytes in a direction.
#[derive(Clone, Copy, Debug)]
enum Fate {
    /// Both ends find it broken.
    Cut {
        down: bool,
        after: usize,
    },
    /// The client is heard no more, and still hears.
    Half {
        after: usize,
    },
    /// The client hears no more for a while.
    Stall {
        after: usize,
    },
    Kind,
}

pub struct Proxy {
    pub address: SocketAddr,
    lines: Arc<Lines>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

struct Lines {
    server: SocketAddr,
    chance: Mutex<Chance>,
    /// From then on every line is kind, and those that stand still go on.
    healed: CancellationToken,
}

impl Proxy {
    pub async fn in_front_of(server: SocketAddr, seed: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let chance = Mutex::new(Chance::new(seed));
        let lines = Arc::new(Lines { server, chance, healed: CancellationToken::new() });
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let accepting = accept(listener, lines.clone(), tasks.clone());
        tasks.spawn(stop.clone().run_until_cancelled_owned(accepting));
        Self { address, lines, tasks, stop }
    }

    pub fn heal(&self) {
        self.lines.healed.cancel();
    }

    /// Every line ends.
    pub async fn close(self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

async fn accept(listener: TcpListener, lines: Arc<Lines>, tasks: TaskTracker) {
    while let Ok((client, _)) = listener.accept().await {
        let lines = lines.clone();
        tasks.spawn(async move {
            let Ok(server) = TcpStream::connect(lines.server).await else { return };
            let fate = lines.fate();
            carry(client, server, fate, &lines.healed).await;
        });
    }
}

impl Lines {
    fn fate(&self) -> Fate {
        if self.healed.is_cancelled() {
            return Fate::Kind;
        }
        let chance = &mut *self.chance.lock();
        // From the midst of the handshake to what many deltas are long.
        let bits = 6 + chance.below(13);
        let after = chance.index(1 << bits);
        match chance.below(10) {
            0..5 => Fate::Cut { down: true, after },
            5..7 => Fate::Cut { down: false, after: after % 4_096 },
            7 | 8 => Fate::Half { after: after % 4_096 },
            _ => Fate::Stall { after },
        }
    }
}

async fn carry(client: TcpStream, server: TcpStream, fate: Fate, healed: &CancellationToken) {
    let (client_reads, client_writes) = client.into_split();
    let (server_reads, server_writes) = server.into_split();
    let most = usize::MAX;
    match fate {
        Fate::Kind => {
            tokio::join!(copy(client_reads, server_writes, most), copy(server_reads, client_writes, most));
        }
        Fate::Cut { down: true, after } => {
            tokio::select! {
                _ = copy(server_reads, client_writes, after) => {}
                () = keep(client_reads, server_writes) => {}
            }
        }
        Fate::Cut { down: false, after } => {
            tokio::select! {
                _ = copy(client_reads, server_writes, after) => {}
                () = keep(server_reads, client_writes) => {}
            }
        }
        Fate::Half { after } => {
            tokio::join!(copy(client_reads, server_writes, after), copy(server_reads, client_writes, most));
        }
        Fate::Stall { after } => {
            let down = async {
                if let Some((reads, writes)) = copy(server_reads, client_writes, after).await {
                    healed.cancelled().await;
                    copy(reads, writes, most).await;
                }
            };
            tokio::join!(copy(client_reads, server_writes, most), down);
        }
    }
}

/// Carries so many bytes. Both ends while they are there; when one is gone, the other end learns it.
async fn copy(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, most: usize) -> Option<(OwnedReadHalf, OwnedWriteHalf)> {
    let mut buffer = [0; 2_048];
    let mut left = most;
    while left > 0 {
        let at_most = left.min(buffer.len());
        let read = from.read(&mut buffer[..at_most]).await.ok().filter(|read| *read > 0)?;
        to.write_all(&buffer[..read]).await.ok()?;
        left -= read;
    }
    Some((from, to))
}

/// Carries everything, and does not end before the other direction does.
async fn keep(from: OwnedReadHalf, to: OwnedWriteHalf) {
    copy(from, to, usize::MAX).await;
    std::future::pending::<()>().await;
}
