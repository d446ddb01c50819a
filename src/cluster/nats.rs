//! The bus over NATS, without its persistence.
//!
//! NATS's client keeps what it could not send and sends it after a reconnection, drops what a subscriber does not read with
//! no more than an event, and loses what it has written to a connection that breaks. So each connection has a client of its
//! own here, in a runtime of its own: when the connection is lost, the runtime ends, and all that the client held ends with
//! it. What waits to be sent carries the number of its connection and is dropped under any other one. The
//! reader reads from a mailbox, which is never full unnoticed.
//!
//! Subscriptions are active when a message to oneself that was sent after them has come back. Only then the reader is told to
//! look at what it may have missed.
//!
//! All of it runs on one thread, so that answers to NATS do not wait behind the server's other work.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use async_nats::{Client, ConnectError, ConnectOptions, Event, PublishError, SubscribeError};
use bytes::Bytes;
use futures_util::StreamExt as _;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::bus::{Bus, BusState, Inbox, Received, Subject};
use super::mailbox::Mailbox;
use crate::config::{NatsLogin, NatsPrefix, NatsServers};
use crate::limits::{
    BUS_CLIENT_MAX, BUS_CONFIRM_TIMEOUT, BUS_CONNECT_TIMEOUT, BUS_INBOX_BYTES_MAX, BUS_INBOX_MAX,
    BUS_MESSAGE_BYTES_MAX, BUS_PING_EVERY, BUS_RETRY, BUS_SENDING_BYTES_MAX, BUS_SENDING_MAX,
};
use crate::store::LifeId;
use crate::telemetry::metrics::{BusFate, Metrics};

/// Longer than any process runs: a lost connection is not continued by its client.
const NEVER: Duration = Duration::from_hours(24 * 365 * 100);

/// A connection of one life to NATS.
#[derive(Debug)]
pub struct NatsBus {
    shared: Arc<Shared>,
    waiting: mpsc::Sender<Waiting>,
    /// The thread ends when this is dropped.
    _stop: DropGuard,
}

/// A message that waits to be sent.
#[derive(Debug)]
struct Waiting {
    connection: u64,
    to: Subject,
    payload: Bytes,
}

#[derive(Debug)]
struct Shared {
    mailbox: Arc<Mailbox>,
    state: watch::Sender<BusState>,
    /// The number of the connection; 0 when there is none.
    connection: AtomicU64,
    message_bytes_max: AtomicUsize,
    bytes_waiting: AtomicUsize,
    metrics: Metrics,
}

impl NatsBus {
    /// Starts connecting. It goes on trying until it succeeds, and again whenever the connection is lost.
    pub fn start(servers: NatsServers, prefix: NatsPrefix, life: LifeId, metrics: Metrics) -> io::Result<Self> {
        // For tls://. Fails only if one is installed already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let shared = Arc::new(Shared {
            mailbox: Mailbox::new(BUS_INBOX_MAX, BUS_INBOX_BYTES_MAX),
            state: watch::Sender::new(BusState::Disconnected),
            connection: AtomicU64::new(0),
            message_bytes_max: AtomicUsize::new(BUS_MESSAGE_BYTES_MAX),
            bytes_waiting: AtomicUsize::new(0),
            metrics,
        });
        let (waiting, to_send) = mpsc::channel(BUS_SENDING_MAX);
        let stop = CancellationToken::new();
        let names = Names { prefix, life };
        let worker = Worker { servers, names, shared: shared.clone(), to_send };
        let stopped = stop.clone();
        thread::Builder::new().name("bus".into()).spawn(move || worker.run(&stopped))?;
        Ok(Self { shared, waiting, _stop: stop.drop_guard() })
    }

    fn try_send(&self, to: Subject, payload: Bytes) -> bool {
        let (shared, bytes) = (&self.shared, payload.len());
        let connection = shared.connection.load(Ordering::Acquire);
        if connection == 0 || bytes > shared.message_bytes_max.load(Ordering::Relaxed) {
            return false;
        }
        let fits = shared.bytes_waiting.fetch_add(bytes, Ordering::Relaxed) + bytes <= BUS_SENDING_BYTES_MAX;
        let is_sent = fits && self.waiting.try_send(Waiting { connection, to, payload }).is_ok();
        if !is_sent {
            shared.bytes_waiting.fetch_sub(bytes, Ordering::Relaxed);
        }
        is_sent
    }
}

impl Bus for NatsBus {
    fn send(&self, to: Subject, payload: Bytes) -> bool {
        let is_sent = self.try_send(to, payload);
        self.shared.metrics.bus_message(if is_sent { BusFate::Sent } else { BusFate::Dropped });
        is_sent
    }

    fn inbox(&self) -> Inbox {
        self.shared.mailbox.reader()
    }

    fn state(&self) -> watch::Receiver<BusState> {
        self.shared.state.subscribe()
    }
}

impl Shared {
    fn connected(&self, connection: u64, server_bytes_max: usize) {
        self.message_bytes_max.store(server_bytes_max.min(BUS_MESSAGE_BYTES_MAX), Ordering::Relaxed);
        self.connection.store(connection, Ordering::Release);
        self.mailbox.push_gap();
        self.state.send_replace(BusState::Connected);
        self.metrics.bus_connection();
    }

    /// Returns whether there was a connection.
    fn disconnected(&self) -> bool {
        self.connection.store(0, Ordering::Release);
        self.state.send_replace(BusState::Disconnected) == BusState::Connected
    }
}

/// How subjects are called in NATS.
#[derive(Clone, Debug)]
struct Names {
    prefix: NatsPrefix,
    life: LifeId,
}

impl Names {
    fn of(&self, subject: Subject) -> String {
        let prefix = self.prefix.as_str();
        match subject {
            Subject::Node(life) => format!("{prefix}.node.{}.in", life.0.simple()),
            Subject::All => format!("{prefix}.all"),
        }
    }

    /// Where this life sends messages to itself.
    fn echo(&self) -> String {
        format!("{}.node.{}.echo", self.prefix.as_str(), self.life.0.simple())
    }
}

/// Why there is no connection any more.
#[derive(Debug, thiserror::Error)]
enum Lost {
    #[error(transparent)]
    Connect(#[from] ConnectError),
    #[error("the connection broke, or NATS did not answer any more")]
    Broken,
    #[error("a message to this server itself does not come back: its user must be allowed to use {0}.>")]
    Unconfirmed(String),
    #[error(transparent)]
    Subscribe(#[from] SubscribeError),
    #[error(transparent)]
    Publish(#[from] PublishError),
}

/// The thread.
#[derive(Debug)]
struct Worker {
    servers: NatsServers,
    names: Names,
    shared: Arc<Shared>,
    to_send: mpsc::Receiver<Waiting>,
}

impl Worker {
    fn run(mut self, stop: &CancellationToken) {
        let (mut pause, mut is_failing) = (Duration::ZERO, false);
        for number in 1.. {
            let ended = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => {
                    let ended = runtime.block_on(stop.run_until_cancelled(async {
                        tokio::time::sleep(pause).await;
                        self.connection(number).await
                    }));
                    // Without waiting: a name may still be looked up.
                    runtime.shutdown_background();
                    ended
                }
                Err(error) => Some(Err(ConnectError::from(error).into())),
            };
            let was_connected = self.shared.disconnected();
            while let Ok(waiting) = self.to_send.try_recv() {
                self.shared.bytes_waiting.fetch_sub(waiting.payload.len(), Ordering::Relaxed);
            }
            let Some(Err(error)) = ended else { break };
            if was_connected {
                tracing::warn!(%error, "the connection to NATS is lost");
            } else if !is_failing {
                tracing::warn!(%error, "NATS cannot be used, trying again");
            }
            is_failing = !was_connected;
            pause = if was_connected { Duration::ZERO } else { BUS_RETRY };
        }
        self.shared.mailbox.close();
    }

    /// Connects, and serves until the connection is lost.
    async fn connection(&mut self, number: u64) -> Result<Infallible, Lost> {
        let Self { servers, names, shared, to_send } = self;
        let events = Arc::new(Events::default());
        let client = connect(servers, &events).await?;
        let mut routes = JoinSet::new();
        for subject in [Subject::Node(names.life), Subject::All] {
            route(&mut routes, &client, names, subject, shared).await?;
        }
        confirm(&client, names).await?;
        let server_bytes_max = client.max_payload();
        shared.connected(number, server_bytes_max);
        if server_bytes_max < BUS_MESSAGE_BYTES_MAX {
            tracing::warn!(server_bytes_max, "NATS takes smaller messages than servers may want to send (max_payload)");
        }
        tracing::info!(connection = number, "connected to NATS");
        tokio::select! {
            lost = events.wait_until_lost(&shared.mailbox) => Err(lost),
            lost = publish(&client, names, to_send, shared, number) => lost,
        }
    }
}

async fn connect(servers: &NatsServers, events: &Arc<Events>) -> Result<Client, Lost> {
    let options = ConnectOptions::new()
        .name("tutti")
        .connection_timeout(BUS_CONNECT_TIMEOUT)
        .ping_interval(BUS_PING_EVERY)
        .client_capacity(BUS_CLIENT_MAX)
        .reconnect_delay_callback({
            let events = events.clone();
            move |_| if events.has_connected.load(Ordering::Relaxed) { NEVER } else { Duration::ZERO }
        })
        .event_callback({
            let events = events.clone();
            move |event| {
                events.note(&event);
                std::future::ready(())
            }
        });
    let options = match servers.login().cloned() {
        Some(NatsLogin::Password(user, password)) => options.user_and_password(user, password),
        Some(NatsLogin::Token(token)) => options.token(token),
        None => options,
    };
    let client = options.connect(servers.addresses()).await?;
    events.has_connected.store(true, Ordering::Relaxed);
    Ok(client)
}

/// What the client says about its connection. It says it through a channel that drops what does not fit, so that any event
/// may stand for others.
#[derive(Debug, Default)]
struct Events {
    has_connected: AtomicBool,
    is_announced: AtomicBool,
    is_over: AtomicBool,
    happened: Notify,
}

impl Events {
    fn note(&self, event: &Event) {
        match event {
            // Once it is expected.
            Event::Connected if !self.is_announced.swap(true, Ordering::Relaxed) => return,
            Event::LameDuckMode | Event::Draining => return,
            Event::Connected | Event::Disconnected | Event::Closed | Event::ClientError(_) => {
                self.is_over.store(true, Ordering::Relaxed);
            }
            Event::ServerError(error) => tracing::warn!(%error, "NATS refused something"),
            Event::SlowConsumer(_) => {}
        }
        self.happened.notify_one();
    }

    async fn wait_until_lost(&self, mailbox: &Mailbox) -> Lost {
        loop {
            self.happened.notified().await;
            if self.is_over.load(Ordering::Relaxed) {
                return Lost::Broken;
            }
            mailbox.push_gap();
        }
    }
}

/// Carries the messages to a subject to the mailbox. It never waits, so the subscription holds no more than what one read
/// from the connection brings.
async fn route(
    routes: &mut JoinSet<()>,
    client: &Client,
    names: &Names,
    subject: Subject,
    shared: &Arc<Shared>,
) -> Result<(), Lost> {
    let mut subscriber = client.subscribe(names.of(subject)).await?;
    let shared = shared.clone();
    routes.spawn(async move {
        while let Some(message) = subscriber.next().await {
            // A copy: messages are slices of buffers that they would keep alive as a whole.
            let payload = Bytes::copy_from_slice(&message.payload);
            shared.mailbox.push(Received { subject, payload });
            shared.metrics.bus_message(BusFate::Received);
        }
    });
    Ok(())
}

async fn publish(
    client: &Client,
    names: &Names,
    to_send: &mut mpsc::Receiver<Waiting>,
    shared: &Shared,
    number: u64,
) -> Result<Infallible, Lost> {
    while let Some(Waiting { connection, to, payload }) = to_send.recv().await {
        shared.bytes_waiting.fetch_sub(payload.len(), Ordering::Relaxed);
        if connection == number {
            client.publish(names.of(to), payload).await?;
        }
    }
    // The bus was dropped, and the thread is about to end.
    std::future::pending().await
}

/// Waits for a message to oneself: NATS handles what one connection sends in order, so subscriptions before it are active.
async fn confirm(client: &Client, names: &Names) -> Result<(), Lost> {
    let mut echo = client.subscribe(names.echo()).await?;
    client.publish(names.echo(), Bytes::new()).await?;
    let unconfirmed = |_| Lost::Unconfirmed(names.prefix.as_str().to_owned());
    let echoed = tokio::time::timeout(BUS_CONFIRM_TIMEOUT, echo.next()).await.map_err(unconfirmed)?;
    echoed.map(drop).ok_or(Lost::Broken)
}
