//! Sorts what arrives over the bus. The first byte of a message says what it is about.

use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::bus::{Bus, Delivery, Received, Subject};
use super::clock::{ClusterClock, Probe, Standing, timekeeper};
use super::membership::Living;
use crate::clock::{Clock, Steering};
use crate::limits::{BUS_INBOX_MAX, CLOCK_PROBE_EVERY, CLOCK_PROBES};
use crate::store::LifeId;

/// About a room.
pub const ROOM: u8 = 0;
/// Asks the timekeeper for the time: who asks, and when that was by their clock.
const PROBE: u8 = 1;
/// Its answer: who answers, when the probe was sent by the clock of the asker, when it arrived, and when it is answered.
const PROBED: u8 = 2;

/// What arrived, sorted.
#[derive(Debug)]
pub struct Post {
    /// Messages about rooms, without their first byte.
    pub rooms: mpsc::Receiver<Bytes>,
    /// How good this server's clock is.
    pub clock: watch::Receiver<Standing>,
}

/// Starts sorting what arrives, and keeping the clock, until `stop`. The future does the work.
pub fn sort(
    bus: Arc<dyn Bus>,
    me: LifeId,
    living: watch::Receiver<Living>,
    clock: Clock,
    steering: &'static Steering,
    stop: CancellationToken,
) -> (Post, impl Future<Output = ()> + Send + 'static) {
    let (rooms, about_rooms) = mpsc::channel(BUS_INBOX_MAX);
    let cluster_clock = ClusterClock::new(me);
    let standing = watch::Sender::new(cluster_clock.standing_at(clock.own_ms_f64()));
    let post = Post { rooms: about_rooms, clock: standing.subscribe() };
    let sorter = Sorter { bus, me, clock, steering, cluster_clock, standing, rooms };
    (post, sorter.run(living, stop))
}

struct Sorter {
    bus: Arc<dyn Bus>,
    me: LifeId,
    clock: Clock,
    steering: &'static Steering,
    cluster_clock: ClusterClock,
    standing: watch::Sender<Standing>,
    rooms: mpsc::Sender<Bytes>,
}

impl Sorter {
    async fn run(mut self, mut living: watch::Receiver<Living>, stop: CancellationToken) {
        let (mut inbox, mut probes) = (self.bus.inbox(), tokio::time::interval(CLOCK_PROBE_EVERY));
        living.mark_changed();
        loop {
            tokio::select! {
                delivery = inbox.recv() => match delivery {
                    Some(Delivery::Message(Received { payload, .. })) => self.sort(&payload),
                    // Rooms number their messages, and probes are repeated.
                    Some(Delivery::Gap) => {}
                    None => return,
                },
                Ok(()) = living.changed() => {
                    let oldest = timekeeper(living.borrow_and_update().keys().copied());
                    self.cluster_clock.keeps_time(oldest);
                    self.publish();
                }
                _ = probes.tick() => self.probe(),
                () = stop.cancelled() => return,
            }
        }
    }

    fn sort(&mut self, message: &Bytes) {
        match message.split_first() {
            // What a full queue does not take is missed by its number.
            Some((&ROOM, _)) => drop(self.rooms.try_send(message.slice(1..))),
            Some((&PROBE, probe)) => self.answer(probe),
            Some((&PROBED, answer)) => self.probed(answer),
            _ => {}
        }
    }

    fn probe(&self) {
        self.publish();
        let Some(timekeeper) = self.cluster_clock.probes() else { return };
        for _ in 0..CLOCK_PROBES {
            let mut probe = BytesMut::from(&[PROBE][..]);
            probe.put_u128(self.me.0.as_u128());
            probe.put_f64(self.clock.own_ms_f64());
            self.bus.send(Subject::Node(timekeeper), probe.freeze());
        }
    }

    fn answer(&self, probe: &[u8]) {
        let arrived_ms = self.clock.now_ms_f64();
        let Some((from, [sent_ms])) = read(probe) else { return };
        let mut answer = BytesMut::from(&[PROBED][..]);
        answer.put_u128(self.me.0.as_u128());
        answer.put_f64(sent_ms);
        answer.put_f64(arrived_ms);
        answer.put_f64(self.clock.now_ms_f64());
        self.bus.send(Subject::Node(from), answer.freeze());
    }

    fn probed(&mut self, answer: &[u8]) {
        let received_ms = self.clock.own_ms_f64();
        let Some((from, [sent_ms, arrived_ms, answered_ms])) = read(answer) else { return };
        let probe = Probe { sent_ms, arrived_ms, answered_ms, received_ms };
        if let Some(adjustment) = self.cluster_clock.probed(from, &probe) {
            self.steering.set(adjustment);
        }
    }

    fn publish(&self) {
        let standing = self.cluster_clock.standing_at(self.clock.own_ms_f64());
        self.standing.send_replace(standing);
    }
}

/// A life and some times.
fn read<const TIMES: usize>(bytes: &[u8]) -> Option<(LifeId, [f64; TIMES])> {
    let (life, mut rest) = bytes.split_first_chunk()?;
    let mut times = [0.0; TIMES];
    for time in &mut times {
        let (next, after) = rest.split_first_chunk()?;
        (*time, rest) = (f64::from_be_bytes(*next), after);
    }
    let is_whole = rest.is_empty() && times.iter().all(|time| time.is_finite());
    is_whole.then(|| (LifeId(Uuid::from_u128(u128::from_be_bytes(*life))), times))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use tokio_util::task::TaskTracker;

    use super::*;
    use crate::cluster::memory::MemoryNetwork;

    fn life(number: u128) -> LifeId {
        LifeId(Uuid::from_u128(number))
    }

    /// The clock of the younger server is a minute behind.
    #[tokio::test(start_paused = true)]
    async fn the_younger_servers_clock_follows_the_older_ones() {
        let (network, stop) = (MemoryNetwork::reliable(), CancellationToken::new());
        let living =
            watch::Sender::new(Living::new(BTreeMap::from([1, 2].map(|number| (life(number), String::new())))));
        let (mut clocks, tasks) = (vec![], TaskTracker::new());
        for (number, at_ms) in [(1, 1_700_000_060_000.0), (2, 1_700_000_000_000.0)] {
            let steering: &'static Steering = Box::leak(Box::default());
            let clock = Clock::starting_at(at_ms).steered(steering);
            let bus = Arc::new(network.join(life(number)));
            let (post, sorting) = sort(bus, life(number), living.subscribe(), clock, steering, stop.clone());
            tasks.spawn(sorting);
            clocks.push((clock, post));
        }
        tokio::time::sleep(Duration::from_secs(10)).await;
        let [(older, _), (younger, post)] = &clocks[..] else { unreachable!() };
        assert!((older.now_ms_f64() - younger.now_ms_f64()).abs() < 0.1);
        assert!(!post.clock.borrow().is_astray());
        stop.cancel();
    }

    #[test]
    fn what_is_too_short_or_too_long_is_no_probe() {
        let probe = [&1_u128.to_be_bytes()[..], &2.5_f64.to_be_bytes()].concat();
        assert_eq!(read::<1>(&probe), Some((life(1), [2.5])));
        assert!(read::<2>(&probe).is_none() && read::<1>(&[&probe[..], &[0]].concat()).is_none());
        assert!((0..probe.len()).all(|length| read::<1>(&probe[..length]).is_none()));
        assert!(read::<1>(&[&1_u128.to_be_bytes()[..], &f64::NAN.to_be_bytes()].concat()).is_none());
    }
}
