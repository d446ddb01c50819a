//! What the servers of a cluster tell each other at once.
//!
//! A bus carries hints and guarantees little: a message arrives once, twice or never. The database is what counts, and a
//! receiver that may have missed something is told so ([`Delivery::Gap`]) and reads there. Guaranteed is:
//!
//! - Sending never waits, and everything that waits is bounded. What does not fit is dropped.
//! - Messages of one sender to one subject arrive in the order in which they were sent.
//! - Messages are missing from what a reader receives only around a [`Delivery::Gap`], unless they were lost before they
//!   reached the bus, or between its own servers.
//! - What was sent before a disconnection does not arrive after it.
//!
//! A bus also delivers what it sent itself, like any other message.
//!
//! Not in here: what messages say ([`Bytes`] to a bus).

use std::fmt::Debug;

use bytes::Bytes;
use tokio::sync::watch;

use crate::store::LifeId;

pub use super::mailbox::Inbox;

/// Where a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subject {
    /// To one life.
    Node(LifeId),
    /// To all lives.
    All,
}

/// Whether messages are carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BusState {
    /// What is sent is carried, and what was asked to be delivered is.
    Connected,
    /// Nothing is carried; sending drops.
    Disconnected,
}

/// A message that arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// Where it was sent to.
    pub subject: Subject,
    /// What it says.
    pub payload: Bytes,
}

/// What a reader gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// A message.
    Message(Received),
    /// Messages may be missing: look at all that they may have changed. It comes first, as soon as messages arrive; again
    /// after a reconnection; and where a reader was too slow.
    Gap,
}

/// A connection of one life to the others.
pub trait Bus: Send + Sync + Debug {
    /// Sends a message. Never waits; false when it was dropped: disconnected, too much is waiting, or it is larger than
    /// [`crate::limits::BUS_MESSAGE_BYTES_MAX`]. True promises nothing.
    fn send(&self, to: Subject, payload: Bytes) -> bool;

    /// The messages to this life and to all lives. It can be taken once.
    fn inbox(&self) -> Inbox;

    /// Whether messages are carried. After [`BusState::Connected`] was seen, subscriptions are active.
    fn state(&self) -> watch::Receiver<BusState>;
}
