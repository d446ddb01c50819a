//! One contract for all buses: each clause runs on NATS and in memory.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tutti::cluster::bus::{Bus, BusState, Delivery, Following, Inbox, Received, Subject};
use tutti::cluster::memory::{Faults, MemoryNetwork};
use tutti::cluster::nats::NatsBus;
use tutti::limits::{BUS_MESSAGE_BYTES_MAX, BUS_ROOM_MAX, BUS_SENDING_BYTES_MAX};
use tutti::store::LifeId;
use tutti::telemetry::metrics::Metrics;
use tutti_protocol::RoomId;
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
    a_room_is_heard_by_its_followers
    messages_of_one_sender_arrive_in_order
    a_dropped_following_hears_nothing_more
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

pub fn room(number: u128) -> RoomId {
    RoomId(Uuid::from_u128(number))
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

pub async fn hear(following: &mut Following) -> String {
    text(within(following.next()).await)
}

pub async fn receive(inbox: &mut Inbox) -> String {
    text(within(inbox.recv()).await)
}

/// A following whose subscription is active.
pub async fn follow(bus: &dyn Bus, room: RoomId) -> Following {
    let mut following = bus.follow(room);
    assert_eq!(hear(&mut following).await, "-");
    following
}

pub fn say(bus: &dyn Bus, to: Subject, text: &str) {
    assert!(bus.send(to, Bytes::copy_from_slice(text.as_bytes())), "{text} is sent");
}

async fn connected(carrier: &impl Carrier, number: u128) -> Arc<dyn Bus> {
    let bus = carrier.bus(life(number));
    wait_for(&*bus, BusState::Connected).await;
    bus
}

async fn inbox(bus: &dyn Bus) -> Inbox {
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

async fn a_room_is_heard_by_its_followers(carrier: impl Carrier) {
    let (ana, ben, cleo) = (connected(&carrier, 1).await, connected(&carrier, 2).await, connected(&carrier, 3).await);
    let (mut first, mut second) = (follow(&*ben, room(1)).await, follow(&*ben, room(1)).await);
    let (mut of_cleo, mut other) = (follow(&*cleo, room(1)).await, follow(&*cleo, room(2)).await);
    say(&*ana, Subject::Room(room(1)), "in one");
    say(&*ana, Subject::Room(room(2)), "in two");
    for following in [&mut first, &mut second, &mut of_cleo] {
        assert_eq!(hear(following).await, "in one");
    }
    assert_eq!(hear(&mut other).await, "in two");
}

async fn messages_of_one_sender_arrive_in_order(carrier: impl Carrier) {
    const COUNT: usize = 400;
    let (ana, ben, cleo) = (connected(&carrier, 1).await, connected(&carrier, 2).await, connected(&carrier, 3).await);
    let mut following = follow(&*cleo, room(1)).await;
    for number in 0..COUNT {
        say(&*ana, Subject::Room(room(1)), &format!("ana {number}"));
        say(&*ben, Subject::Room(room(1)), &format!("ben {number}"));
    }
    let mut heard = vec![];
    for _ in 0..2 * COUNT {
        heard.push(hear(&mut following).await);
    }
    for name in ["ana", "ben"] {
        let theirs: Vec<_> = heard.iter().filter(|text| text.starts_with(name)).cloned().collect();
        assert_eq!(theirs, (0..COUNT).map(|number| format!("{name} {number}")).collect::<Vec<_>>());
    }
}

async fn a_dropped_following_hears_nothing_more(carrier: impl Carrier) {
    let (ana, ben, cleo) = (connected(&carrier, 1).await, connected(&carrier, 2).await, connected(&carrier, 3).await);
    let mut of_cleo = follow(&*cleo, room(1)).await;
    drop(follow(&*ben, room(1)).await);
    say(&*ana, Subject::Room(room(1)), "unheard");
    assert_eq!(hear(&mut of_cleo).await, "unheard");
    // Once this one is active, the dropped one is not.
    let _other = follow(&*ben, room(2)).await;
    let mut again = follow(&*ben, room(1)).await;
    say(&*ana, Subject::Room(room(1)), "heard");
    assert_eq!(hear(&mut again).await, "heard");
}

async fn what_is_too_large_is_not_sent(carrier: impl Carrier) {
    let (ana, ben) = (connected(&carrier, 1).await, connected(&carrier, 2).await);
    let mut following = follow(&*ben, room(1)).await;
    assert!(!ana.send(Subject::Room(room(1)), vec![b'x'; BUS_MESSAGE_BYTES_MAX + 1].into()));
    assert!(ana.send(Subject::Room(room(1)), vec![b'y'; BUS_MESSAGE_BYTES_MAX].into()));
    let heard = hear(&mut following).await;
    assert!(heard.len() == BUS_MESSAGE_BYTES_MAX && heard.starts_with('y'), "{} bytes", heard.len());
}

async fn sending_is_bounded_and_does_not_wait(carrier: impl Carrier) {
    let ana = connected(&carrier, 1).await;
    carrier.clog();
    let message = Bytes::from(vec![b'x'; 64 * 1024]);
    // The system's own buffers take some as well.
    let messages_max = 2 * BUS_SENDING_BYTES_MAX / message.len();
    let sent = (0..messages_max).take_while(|_| ana.send(Subject::Room(room(1)), message.clone())).count();
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
    let (mut following, mut of_ben) = (follow(&*ben, room(1)).await, inbox(&*ben).await);
    say(&*ana, Subject::Room(room(1)), "before");
    assert_eq!(hear(&mut following).await, "before");
    carrier.break_down();
    for bus in [&ana, &ben] {
        wait_for(&**bus, BusState::Disconnected).await;
    }
    assert!(!ana.send(Subject::Room(room(1)), Bytes::from_static(b"stale")));
    let mut begun = ben.follow(room(2));
    carrier.recover();
    for bus in [&ana, &ben] {
        wait_for(&**bus, BusState::Connected).await;
    }
    say(&*ana, Subject::Room(room(1)), "after");
    say(&*ana, Subject::Room(room(2)), "in another room");
    say(&*ana, Subject::Node(life(2)), "for ben");
    assert_eq!([hear(&mut following).await, hear(&mut following).await], ["-", "after"]);
    assert_eq!([hear(&mut begun).await, hear(&mut begun).await], ["-", "in another room"]);
    assert_eq!([receive(&mut of_ben).await, receive(&mut of_ben).await], ["-", "for ben"]);
}

async fn a_reader_that_stops_is_told(carrier: impl Carrier) {
    let (ana, ben) = (connected(&carrier, 1).await, connected(&carrier, 2).await);
    let mut stopped = follow(&*ben, room(1)).await;
    let mut reading = follow(&*ben, room(1)).await;
    for number in 0..2 * BUS_ROOM_MAX {
        say(&*ana, Subject::Room(room(1)), &number.to_string());
        assert_eq!(hear(&mut reading).await, number.to_string());
    }
    for number in 0..BUS_ROOM_MAX {
        assert_eq!(hear(&mut stopped).await, number.to_string());
    }
    assert_eq!(hear(&mut stopped).await, "-");
    say(&*ana, Subject::Room(room(1)), "later");
    assert_eq!(hear(&mut stopped).await, "later");
}
