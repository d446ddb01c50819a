//! A bus in one process, for tests and simulation: its faults follow from a seed.
//!
//! Time is the network's own. With no delay, messages arrive while they are sent, and no time is needed. With a delay they
//! arrive as time passes: a simulation moves it with [`MemoryNetwork::pass`], and [`MemoryNetwork::run`] moves it along with
//! tokio's, paused or not.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use tokio::sync::{Notify, watch};

use super::bus::{Bus, BusState, Inbox, Received, Subject};
use super::mailbox::Mailbox;
use crate::clock::Clock;
use crate::limits::{
    BUS_INBOX_BYTES_MAX, BUS_INBOX_MAX, BUS_MESSAGE_BYTES_MAX, BUS_SENDING_BYTES_MAX, BUS_SENDING_MAX,
};
use crate::store::LifeId;

/// What happens to messages. Shares are in per cent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults {
    /// How long a message takes.
    pub delay: RangeInclusive<Duration>,
    /// Messages that do not arrive.
    pub lost: u32,
    /// Messages that arrive twice.
    pub repeated: u32,
    /// Messages that may overtake those sent before.
    pub overtaking: u32,
}

impl Faults {
    /// Messages arrive while they are sent.
    pub const NONE: Self = Self { delay: Duration::ZERO..=Duration::ZERO, lost: 0, repeated: 0, overtaking: 0 };
}

/// What connects the buses.
#[derive(Clone, Debug)]
pub struct MemoryNetwork {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    network: Mutex<Network>,
    /// A message was sent that takes time.
    sent: Notify,
}

#[derive(Debug)]
struct Network {
    random: StdRng,
    faults: Faults,
    now: Duration,
    sent: u64,
    /// By when they arrive, and then as they were sent.
    in_flight: BTreeMap<(Duration, u64), InFlight>,
    /// When the last message arrives on each way.
    last: BTreeMap<(LifeId, LifeId), Duration>,
    lives: BTreeMap<LifeId, Life>,
    /// Pairs in both orders.
    parted: BTreeSet<(LifeId, LifeId)>,
}

#[derive(Debug)]
struct Life {
    mailbox: Arc<Mailbox>,
    state: watch::Sender<BusState>,
    messages_in_flight: usize,
    bytes_in_flight: usize,
}

#[derive(Debug)]
struct InFlight {
    from: LifeId,
    to: LifeId,
    /// Copies of one message have the same number.
    number: u64,
    received: Received,
}

impl MemoryNetwork {
    /// The same calls with the same seed do the same.
    pub fn new(seed: u64, faults: Faults) -> Self {
        let network = Network {
            random: StdRng::seed_from_u64(seed),
            faults,
            now: Duration::ZERO,
            sent: 0,
            in_flight: BTreeMap::new(),
            last: BTreeMap::new(),
            lives: BTreeMap::new(),
            parted: BTreeSet::new(),
        };
        Self { shared: Arc::new(Shared { network: Mutex::new(network), sent: Notify::new() }) }
    }

    /// A network without faults, in which messages arrive while they are sent.
    pub fn reliable() -> Self {
        Self::new(0, Faults::NONE)
    }

    /// Connects a life. It leaves when the bus is dropped.
    pub fn join(&self, life: LifeId) -> MemoryBus {
        let mailbox = Mailbox::new(BUS_INBOX_MAX, BUS_INBOX_BYTES_MAX);
        mailbox.push_gap();
        let state = watch::Sender::new(BusState::Connected);
        let bus = MemoryBus { life, mailbox: mailbox.clone(), state: state.subscribe(), network: self.clone() };
        let joined = Life { mailbox, state, messages_in_flight: 0, bytes_in_flight: 0 };
        let replaced = self.shared.network.lock().lives.insert(life, joined);
        assert!(replaced.is_none(), "an id belongs to one life");
        bus
    }

    /// Messages sent from now on suffer these.
    pub fn set_faults(&self, faults: Faults) {
        self.shared.network.lock().faults = faults;
    }

    /// Messages between two lives are lost, also those in flight, and neither is told.
    pub fn part(&self, one: LifeId, other: LifeId) {
        let mut network = self.shared.network.lock();
        network.parted.extend([(one, other), (other, one)]);
        network.lose(|flight| [(one, other), (other, one)].contains(&(flight.from, flight.to)));
    }

    /// Ends [`Self::part`].
    pub fn reunite(&self, one: LifeId, other: LifeId) {
        let mut network = self.shared.network.lock();
        network.parted.retain(|pair| *pair != (one, other) && *pair != (other, one));
    }

    /// Cuts a life off. Messages to it are lost, and of those that it has sent, the later ones: they were still in its
    /// buffer.
    pub fn disconnect(&self, life: LifeId) {
        let mut network = self.shared.network.lock();
        let Some(cut) = network.lives.get(&life) else { return };
        cut.state.send_replace(BusState::Disconnected);
        let from_it = network.in_flight.values().filter(|flight| flight.from == life);
        let sent: BTreeSet<u64> = from_it.map(|flight| flight.number).collect();
        let kept = network.below(sent.len() as u64 + 1);
        let lost_from = sent.into_iter().nth(usize::try_from(kept).unwrap_or(usize::MAX)).unwrap_or(u64::MAX);
        network.lose(|flight| flight.to == life || (flight.from == life && flight.number >= lost_from));
    }

    /// Ends [`Self::disconnect`].
    pub fn connect(&self, life: LifeId) {
        let network = self.shared.network.lock();
        let Some(life) = network.lives.get(&life) else { return };
        if life.state.send_replace(BusState::Connected) == BusState::Disconnected {
            life.mailbox.push_gap();
        }
    }

    /// Moves the network's time and delivers what is due.
    pub fn pass(&self, time: Duration) {
        let network = &mut *self.shared.network.lock();
        let until = network.now + time;
        while let Some(next) = network.in_flight.first_entry()
            && next.key().0 <= until
        {
            let (due, _) = *next.key();
            let flight = next.remove();
            network.now = network.now.max(due);
            network.landed(&flight);
            network.deliver(&flight);
        }
        network.now = until;
    }

    /// Delivers as tokio's time passes; never returns.
    pub async fn run(self, clock: Clock) {
        let (began_ms, mut passed) = (clock.now_ms_f64(), Duration::ZERO);
        loop {
            let now = Duration::from_secs_f64((clock.now_ms_f64() - began_ms).max(0.0) / 1e3);
            self.pass(now.saturating_sub(passed));
            passed = passed.max(now);
            let due = self.shared.network.lock().in_flight.keys().next().map(|(due, _)| *due);
            let wait = due.map(|due| due.saturating_sub(self.shared.network.lock().now));
            tokio::select! {
                () = self.shared.sent.notified() => {}
                // A timer fires up to a millisecond after it was asked to.
                () = tokio::time::sleep(wait.unwrap_or_default()), if wait.is_some() => {}
            }
        }
    }
}

impl Network {
    fn below(&mut self, end: u64) -> u64 {
        self.random.next_u64() % end
    }

    fn happens(&mut self, per_cent: u32) -> bool {
        per_cent > 0 && self.below(100) < u64::from(per_cent)
    }

    fn send(&mut self, from: LifeId, received: &Received) -> bool {
        let Some(sender) = self.lives.get(&from) else { return false };
        let bytes = received.payload.len();
        let fits = bytes <= BUS_MESSAGE_BYTES_MAX
            && sender.messages_in_flight < BUS_SENDING_MAX
            && sender.bytes_in_flight + bytes <= BUS_SENDING_BYTES_MAX;
        if !fits || *sender.state.borrow() == BusState::Disconnected {
            return false;
        }
        self.sent += 1;
        let number = self.sent;
        let to: Vec<LifeId> = match received.subject {
            Subject::Node(life) => self.lives.contains_key(&life).then_some(life).into_iter().collect(),
            Subject::All => self.lives.keys().copied().collect(),
        };
        for to in to {
            if self.parted.contains(&(from, to)) {
                continue;
            }
            let copies =
                if self.happens(self.faults.lost) { 0 } else { 1 + u32::from(self.happens(self.faults.repeated)) };
            for _ in 0..copies {
                let flight = InFlight { from, to, number, received: received.clone() };
                self.fly(flight);
            }
        }
        true
    }

    fn fly(&mut self, flight: InFlight) {
        let (from, to) = (flight.from, flight.to);
        let delay = self.delay();
        let mut due = self.now + delay;
        let last = self.last.get(&(from, to)).copied().unwrap_or_default();
        if !self.happens(self.faults.overtaking) {
            due = due.max(last);
        }
        self.last.insert((from, to), due.max(last));
        if due <= self.now {
            return self.deliver(&flight);
        }
        if let Some(sender) = self.lives.get_mut(&from) {
            sender.messages_in_flight += 1;
            sender.bytes_in_flight += flight.received.payload.len();
        }
        self.sent += 1;
        self.in_flight.insert((due, self.sent), flight);
    }

    fn delay(&mut self) -> Duration {
        let (least, most) = (*self.faults.delay.start(), *self.faults.delay.end());
        let range = u64::try_from(most.saturating_sub(least).as_micros()).unwrap_or(u64::MAX - 1);
        if range == 0 { least } else { least + Duration::from_micros(self.below(range + 1)) }
    }

    fn deliver(&self, flight: &InFlight) {
        if let Some(to) = self.lives.get(&flight.to)
            && *to.state.borrow() == BusState::Connected
        {
            to.mailbox.push(flight.received.clone());
        }
    }

    fn lose(&mut self, is_lost: impl Fn(&InFlight) -> bool) {
        let lost: Vec<_> = self.in_flight.extract_if(.., |_, flight| is_lost(flight)).collect();
        for (_, flight) in &lost {
            self.landed(flight);
        }
    }

    /// It no longer counts against its sender.
    fn landed(&mut self, flight: &InFlight) {
        if let Some(sender) = self.lives.get_mut(&flight.from) {
            sender.messages_in_flight = sender.messages_in_flight.saturating_sub(1);
            sender.bytes_in_flight = sender.bytes_in_flight.saturating_sub(flight.received.payload.len());
        }
    }
}

/// One life's connection to a [`MemoryNetwork`].
#[derive(Debug)]
pub struct MemoryBus {
    life: LifeId,
    mailbox: Arc<Mailbox>,
    state: watch::Receiver<BusState>,
    network: MemoryNetwork,
}

impl Bus for MemoryBus {
    fn send(&self, to: Subject, payload: Bytes) -> bool {
        let shared = &self.network.shared;
        let is_sent = shared.network.lock().send(self.life, &Received { subject: to, payload });
        shared.sent.notify_one();
        is_sent
    }

    fn inbox(&self) -> Inbox {
        self.mailbox.reader()
    }

    fn state(&self) -> watch::Receiver<BusState> {
        self.state.clone()
    }
}

impl Drop for MemoryBus {
    fn drop(&mut self) {
        let mut network = self.network.shared.network.lock();
        network.lives.remove(&self.life);
        network.lose(|flight| flight.to == self.life);
        drop(network);
        self.mailbox.close();
    }
}
