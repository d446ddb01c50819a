//! One contract for all buses: each clause runs on NATS and in memory.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tutti::cluster::bus::{Bus, BusState, Delivery, Inbox, Received, Subject};
use tutti::cluster::memory::{Faults, MemoryNetwork};
use tutti::cluster::nats::NatsBus;
use tutti::limits::{BUS_INBOX_BYTES_MAX, BUS_MESSAGE_BYTES_MAX, BUS_SENDING_BYTES_MAX};
use tutti::store::LifeId;
use tutti::telemetry::metrics::Metrics;
use uuid::Uuid;

use crate::support::nats::NatsServer;

/// Everything happens sooner; a test that waits longer fails.
const PATIENCE: Duration = Duration::from_secs(20);

macro_rules! contract {
    ($($clause:ident)*) => {
        mod in_memory {
            $(#[tokio::test]
            async fn $clause() {
                super::$clause(super::InMemory::new()).await;
            })*
        }
        mod over_nats {
            $(#[tokio::test]
            async fn $clause() {
                super::$clause(super::OverNats::new()).await;
            })*
        }
    };
}

contract! {
    a_message_reaches_those_it_is_for
    messages_of_one_sender_arrive_in_order
    what_is_too_large_is_not_sent
    sending_is_bounded_and_does_not_wait
    nothing_stale_arrives_after_an_outage
    a_reader_that_stops_is_told
}

/// What carries messages.
trait Carrier {
    fn bus(&self, life: LifeId) -> Arc<dyn Bus>;
    fn break_down(&mut self);
    fn recover(&mut self);
    /// It takes messages and delivers none.
    fn clog(&self);
    fn unclog(&self);
}

struct InMemory(MemoryNetwork);

impl InMemory {
    const LIVES: u128 = 4;

    fn new() -> Self {
        Self(MemoryNetwork::reliable())
    }
}

impl Carrier for InMemory {
    fn bus(&self, life: LifeId) -> Arc<dyn Bus> {
        Arc::new(self.0.join(life))
    }

    fn break_down(&mut self) {
        for number in 1..=Self::LIVES {
            self.0.disconnect(life(number));
        }
    }

    fn recover(&mut self) {
        for number in 1..=Self::LIVES {
            self.0.connect(life(number));
        }
    }

    fn clog(&self) {
        let hour = Duration::from_hours(1);
        self.0.set_faults(Faults { delay: hour..=hour, ..Faults::NONE });
    }

    fn unclog(&self) {
        self.0.set_faults(Faults::NONE);
        self.0.pass(Duration::from_hours(1));
    }
}

struct OverNats(NatsServer);

impl OverNats {
    fn new() -> Self {
        Self(NatsServer::start(&[]))
    }
}

impl Carrier for OverNats {
    fn bus(&self, life: LifeId) -> Arc<dyn Bus> {
        Arc::new(nats_bus(&self.0.url(), "tutti", life))
    }

    fn break_down(&mut self) {
        self.0.kill();
    }

    fn recover(&mut self) {
        self.0.start_again();
    }

    fn clog(&self) {
        self.0.freeze();
    }

    fn unclog(&self) {
        self.0.thaw();
    }
}

pub fn nats_bus(url: &str, prefix: &str, life: LifeId) -> NatsBus {
    let (servers, prefix) = (url.parse().expect("URLs"), prefix.parse().expect("a prefix"));
    NatsBus::start(servers, prefix, life, Metrics::off()).expect("a thread")
}

pub fn life(number: u128) -> LifeId {
    LifeId(Uuid::from_u128(number))
}

pub async fn within<T>(task: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, task).await.expect("it happens in time")
}

pub async fn wait_for(bus: &dyn Bus, state: BusState) {
    within(bus.state().wait_for(|now| *now == state)).await.expect("the bus lives");
}

/// What arrived, as text; `-` for a gap.
pub fn text(delivery: Option<Delivery>) -> String {
    match delivery.expect("the bus lives") {
        Delivery::Message(Received { payload, .. }) => String::from_utf8(payload.to_vec()).expect("text"),
        Delivery::Gap => "-".into(),
    }
}

pub async fn receive(inbox: &mut Inbox) -> String {
    text(within(inbox.recv()).await)
}

pub fn say(bus: &dyn Bus, to: Subject, text: &str) {
    assert!(bus.send(to, Bytes::copy_from_slice(text.as_bytes())), "{text} is sent");
}

async fn connected(carrier: &impl Carrier, number: u128) -> Arc<dyn Bus> {
    let bus = carrier.bus(life(number));
    wait_for(&*bus, BusState::Connected).await;
    bus
}

/// An inbox whose subscriptions are active.
pub async fn inbox(bus: &dyn Bus) -> Inbox {
    let mut inbox = bus.inbox();
    assert_eq!(receive(&mut inbox).await, "-");
    inbox
}

/// The next messages, sorted: those to different subjects arrive in any order.
async fn receive_some(inbox: &mut Inbox, count: usize) -> Vec<String> {
    let mut texts = vec![];
    for _ in 0..count {
        texts.push(receive(inbox).await);
    }
    texts.sort();
    texts
}

async fn a_message_reaches_those_it_is_for(carrier: impl Carrier) {
    let (ana, ben, cleo) = (connected(&carrier, 1).await, connected(&carrier, 2).await, connected(&carrier, 3).await);
    let (mut of_ana, mut of_ben, mut of_cleo) = (inbox(&*ana).await, inbox(&*ben).await, inbox(&*cleo).await);
    say(&*ana, Subject::Node(life(2)), "for ben");
    say(&*ana, Subject::All, "for all");
    say(&*ana, Subject::Node(life(99)), "for a life that is over");
    for (number, text) in [(1, "end of ana"), (2, "end of ben"), (3, "end of cleo")] {
        say(&*ana, Subject::Node(life(number)), text);
    }
    assert_eq!(receive_some(&mut of_ana, 2).await, ["end of ana", "for all"], "what is sent to all also comes back");
    assert_eq!(receive_some(&mut of_ben, 3).await, ["end of ben", "for all", "for ben"]);
    assert_eq!(receive_some(&mut of_cleo, 2).await, ["end of cleo", "for all"]);
}

async fn messages_of_one_sender_arrive_in_order(carrier: impl Carrier) {
    const COUNT: usize = 400;
    let (ana, ben, cleo) = (connected(&carrier, 1).await, connected(&carrier, 2).await, connected(&carrier, 3).await);
    let mut of_cleo = inbox(&*cleo).await;
    for number in 0..COUNT {
        say(&*ana, Subject::Node(life(3)), &format!("ana {number}"));
        say(&*ben, Subject::Node(life(3)), &format!("ben {number}"));
    }
    let mut heard = vec![];
    for _ in 0..2 * COUNT {
        heard.push(receive(&mut of_cleo).await);
    }
    for name in ["ana", "ben"] {
        let theirs: Vec<_> = heard.iter().filter(|text| text.starts_with(name)).cloned().collect();
        assert_eq!(theirs, (0..COUNT).map(|number| format!("{name} {number}")).collect::<Vec<_>>());
    }
}

async fn what_is_too_large_is_not_sent(carrier: impl Carrier) {
    let (ana, ben) = (connected(&carrier, 1).await, connected(&carrier, 2).await);
    let mut of_ben = inbox(&*ben).await;
    assert!(!ana.send(Subject::Node(life(2)), vec![b'x'; BUS_MESSAGE_BYTES_MAX + 1].into()));
    assert!(ana.send(Subject::Node(life(2)), vec![b'y'; BUS_MESSAGE_BYTES_MAX].into()));
    let heard = receive(&mut of_ben).await;
    assert!(heard.len() == BUS_MESSAGE_BYTES_MAX && heard.starts_with('y'), "{} bytes", heard.len());
}

async fn sending_is_bounded_and_does_not_wait(carrier: impl Carrier) {
    let (ana, _ben) = (connected(&carrier, 1).await, connected(&carrier, 2).await);
    carrier.clog();
    let message = Bytes::from(vec![b'x'; 64 * 1024]);
    // The system's own buffers take some as well.
    let messages_max = 2 * BUS_SENDING_BYTES_MAX / message.len();
    let sent = (0..messages_max).take_while(|_| ana.send(Subject::Node(life(2)), message.clone())).count();
    assert!(sent >= BUS_SENDING_BYTES_MAX / message.len() - 1, "{sent} were sent");
    assert!(sent < messages_max, "there is a bound");
    carrier.unclog();
    // What waited is carried now, so there is room again.
    let mut of_ana = ana.inbox();
    while !ana.send(Subject::Node(life(1)), Bytes::from_static(b"more")) {
        tokio::task::yield_now().await;
    }
    while receive(&mut of_ana).await != "more" {}
}

async fn nothing_stale_arrives_after_an_outage(mut carrier: impl Carrier) {
    let (ana, ben) = (connected(&carrier, 1).await, connected(&carrier, 2).await);
    let mut of_ben = inbox(&*ben).await;
    say(&*ana, Subject::Node(life(2)), "before");
    assert_eq!(receive(&mut of_ben).await, "before");
    carrier.break_down();
    for bus in [&ana, &ben] {
        wait_for(&**bus, BusState::Disconnected).await;
    }
    for to in [Subject::Node(life(2)), Subject::All] {
        assert!(!ana.send(to, Bytes::from_static(b"stale")));
    }
    carrier.recover();
    for bus in [&ana, &ben] {
        wait_for(&**bus, BusState::Connected).await;
    }
    say(&*ana, Subject::All, "for all");
    say(&*ana, Subject::Node(life(2)), "for ben");
    assert_eq!(receive(&mut of_ben).await, "-");
    assert_eq!(receive_some(&mut of_ben, 2).await, ["for all", "for ben"]);
}

async fn a_reader_that_stops_is_told(carrier: impl Carrier) {
    const BYTES: usize = 32 * 1024;
    let (ana, ben) = (connected(&carrier, 1).await, connected(&carrier, 2).await);
    let (mut reading, mut stopped) = (inbox(&*ana).await, inbox(&*ben).await);
    let numbered = |number: usize| format!("{number:0>BYTES$}");
    for number in 0..2 * BUS_INBOX_BYTES_MAX / BYTES {
        say(&*ana, Subject::All, &numbered(number));
        assert_eq!(receive(&mut reading).await, numbered(number));
    }
    for number in 0..BUS_INBOX_BYTES_MAX / BYTES {
        assert_eq!(receive(&mut stopped).await, numbered(number), "what arrived before is kept");
    }
    while receive(&mut stopped).await != "-" {}
    say(&*ana, Subject::All, "later");
    while receive(&mut stopped).await != "later" {}
}
