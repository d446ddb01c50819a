//! A bad network between clients and server: connections break within a frame, stall, or carry one direction only.

use std::net::SocketAddr;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::random::Random;

/// The fault of a connection, and after how many bytes in a direction it occurs.
#[derive(Clone, Copy, Debug)]
enum Fault {
    /// Both ends see a broken connection.
    Cut { down: bool, after: usize },
    /// Nothing more reaches the server; the client still receives.
    Half { after: usize },
    /// Nothing more reaches the client until [`Proxy::heal`].
    Stall { after: usize },
    /// It works.
    None,
}

pub struct Proxy {
    pub address: SocketAddr,
    connections: Arc<Connections>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

struct Connections {
    server: SocketAddr,
    random: Mutex<Random>,
    /// From then on new connections have no fault and stalled ones continue.
    healed: CancellationToken,
}

impl Proxy {
    pub async fn in_front_of(server: SocketAddr, seed: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let random = Mutex::new(Random::new(seed));
        let connections = Arc::new(Connections { server, random, healed: CancellationToken::new() });
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let accepting = accept(listener, connections.clone(), tasks.clone());
        tasks.spawn(stop.clone().run_until_cancelled_owned(accepting));
        Self { address, connections, tasks, stop }
    }

    pub fn heal(&self) {
        self.connections.healed.cancel();
    }

    /// Ends all connections.
    pub async fn close(self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

async fn accept(listener: TcpListener, connections: Arc<Connections>, tasks: TaskTracker) {
    while let Ok((client, _)) = listener.accept().await {
        let connections = connections.clone();
        tasks.spawn(async move {
            let Ok(server) = TcpStream::connect(connections.server).await else { return };
            let fault = connections.fault();
            carry(client, server, fault, &connections.healed).await;
        });
    }
}

impl Connections {
    fn fault(&self) -> Fault {
        if self.healed.is_cancelled() {
            return Fault::None;
        }
        let random = &mut *self.random.lock();
        // From within the handshake to the length of many deltas.
        let bits = 6 + random.below(13);
        let after = random.index(1 << bits);
        match random.below(10) {
            0..5 => Fault::Cut { down: true, after },
            5..7 => Fault::Cut { down: false, after: after % 4_096 },
            7 | 8 => Fault::Half { after: after % 4_096 },
            _ => Fault::Stall { after },
        }
    }
}

async fn carry(client: TcpStream, server: TcpStream, fault: Fault, healed: &CancellationToken) {
    let (client_reads, client_writes) = client.into_split();
    let (server_reads, server_writes) = server.into_split();
    let most = usize::MAX;
    match fault {
        Fault::None => {
            tokio::join!(forward(client_reads, server_writes, most), forward(server_reads, client_writes, most));
        }
        Fault::Cut { down: true, after } => {
            tokio::select! {
                _ = forward(server_reads, client_writes, after) => {}
                () = forward_forever(client_reads, server_writes) => {}
            }
        }
        Fault::Cut { down: false, after } => {
            tokio::select! {
                _ = forward(client_reads, server_writes, after) => {}
                () = forward_forever(server_reads, client_writes) => {}
            }
        }
        Fault::Half { after } => {
            tokio::join!(forward(client_reads, server_writes, after), forward(server_reads, client_writes, most));
        }
        Fault::Stall { after } => {
            let down = async {
                if let Some((reads, writes)) = forward(server_reads, client_writes, after).await {
                    healed.cancelled().await;
                    forward(reads, writes, most).await;
                }
            };
            tokio::join!(forward(client_reads, server_writes, most), down);
        }
    }
}

/// Copies up to `most` bytes and returns both ends; `None` when one of them is gone, which closes the other.
async fn forward(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    most: usize,
) -> Option<(OwnedReadHalf, OwnedWriteHalf)> {
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

/// Copies everything and never returns: the other direction ends the connection.
async fn forward_forever(from: OwnedReadHalf, to: OwnedWriteHalf) {
    forward(from, to, usize::MAX).await;
    std::future::pending::<()>().await;
}
