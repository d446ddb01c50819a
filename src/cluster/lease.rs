//! Whether another server lives, decided from the beats that were seen and one's own clock.
//!
//! No clocks are compared, and the database's is not asked: a life that raises no beat for [`LEASE_LOST`] of the observer's
//! time is dead. Time only counts between reads that were answered. Pure: reads its arguments only.

use std::collections::BTreeMap;

use crate::clock::ms;
use crate::limits::LEASE_LOST;
use crate::store::{LifeId, StoredNode};

/// What a starting server does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Serve: there is no life with which this one cannot share the database.
    Serve,
    /// Read again: others may live or not.
    Wait,
    /// Remove these lives, and read again.
    Bury(Vec<StoredNode>),
    /// Leave: a server of this name lives.
    GiveWay(String),
    /// End: another server has buried this life.
    Buried,
}

/// A starting server that watches those with which it cannot share the database.
#[derive(Debug)]
pub struct Observer {
    me: LifeId,
    alone: bool,
    seen: Sightings,
}

/// A server that watches those with which it shares the database.
#[derive(Debug)]
pub struct Watch {
    me: LifeId,
    seen: Sightings,
}

#[derive(Debug, Default)]
struct Sightings(BTreeMap<LifeId, Sighting>);

#[derive(Clone, Copy, Debug)]
struct Sighting {
    first_ms: i64,
    beat: u64,
    /// When the first read with this beat was answered.
    unchanged_since_ms: i64,
    has_changed: bool,
}

impl Sightings {
    /// Remembers what a read showed of these lives, and forgets all others.
    fn see<'a>(&mut self, nodes: impl Iterator<Item = &'a StoredNode> + Clone, answered_ms: i64) {
        self.0.retain(|life, _| nodes.clone().any(|node| node.life == *life));
        for node in nodes {
            let new = Sighting {
                first_ms: answered_ms,
                beat: node.beat,
                unchanged_since_ms: answered_ms,
                has_changed: false,
            };
            let sighting = self.0.entry(node.life).or_insert(new);
            if sighting.beat != node.beat {
                *sighting = Sighting { first_ms: sighting.first_ms, has_changed: true, ..new };
            }
        }
    }

    /// Whether a life raised no beat for too long, as of a read that was sent at `asked_ms`.
    fn is_dead(&self, node: &StoredNode, asked_ms: i64) -> bool {
        self.0.get(&node.life).is_some_and(|seen| asked_ms - seen.unchanged_since_ms >= ms(LEASE_LOST))
    }
}

impl Watch {
    /// Nothing was read yet; `me` serves.
    pub fn new(me: LifeId) -> Self {
        Self { me, seen: Sightings::default() }
    }

    /// The lives to remove, after a read that was sent at `asked_ms` and answered at `answered_ms`. `None` when another
    /// server has buried this one.
    pub fn look(&mut self, nodes: &[StoredNode], asked_ms: i64, answered_ms: i64) -> Option<Vec<StoredNode>> {
        if nodes.iter().all(|node| node.life != self.me) {
            return None;
        }
        let others = nodes.iter().filter(|node| node.life != self.me);
        self.seen.see(others.clone(), answered_ms);
        Some(others.filter(|node| self.seen.is_dead(node, asked_ms)).cloned().collect())
    }

    /// A read failed: while the database is away, no life can raise its beat.
    pub fn lose_sight(&mut self) {
        self.seen = Sightings::default();
    }
}

impl Observer {
    /// Nothing was read yet; `me` has entered, to serve alone or to share.
    pub fn new(me: LifeId, alone: bool) -> Self {
        Self { me, alone, seen: Sightings::default() }
    }

    /// What to do after a read that was sent at `asked_ms` and answered at `answered_ms`.
    ///
    /// A server serves only after a read that shows none with which it cannot share, and it entered before that read. So of
    /// two such servers at most one serves: the read of the one that entered later shows the other. When two start at once,
    /// the one with the smaller id waits for the other to leave.
    pub fn step(&mut self, nodes: &[StoredNode], asked_ms: i64, answered_ms: i64) -> Step {
        if nodes.iter().all(|node| node.life != self.me) {
            return Step::Buried;
        }
        let others = nodes.iter().filter(|node| node.life != self.me && (self.alone || node.alone));
        self.seen.see(others.clone(), answered_ms);
        let mut dead = vec![];
        for node in others {
            let seen = self.seen.0[&node.life];
            let will_not_leave = node.life < self.me || asked_ms - seen.first_ms >= ms(LEASE_LOST);
            if self.seen.is_dead(node, asked_ms) {
                dead.push(node.clone());
            } else if seen.has_changed && will_not_leave {
                return Step::GiveWay(node.name.clone());
            }
        }
        match (dead.is_empty(), self.seen.0.is_empty()) {
            (false, _) => Step::Bury(dead),
            (true, true) => Step::Serve,
            (true, false) => Step::Wait,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    const LOST_MS: i64 = LEASE_LOST.as_secs().cast_signed() * 1_000;

    fn life(number: u128) -> LifeId {
        LifeId(Uuid::from_u128(number))
    }

    fn node(number: u128, beat: u64) -> StoredNode {
        StoredNode { life: life(number), name: number.to_string(), beat, alone: true }
    }

    fn observer() -> Observer {
        Observer::new(life(5), true)
    }

    /// Steps after reads at these times, each answered at once.
    fn steps(reads: &[(i64, Vec<StoredNode>)]) -> Vec<Step> {
        let mut observer = observer();
        reads.iter().map(|(at_ms, nodes)| observer.step(nodes, *at_ms, *at_ms)).collect()
    }

    #[test]
    fn a_lone_server_serves_at_once() {
        assert_eq!(steps(&[(0, vec![node(5, 0)])]), [Step::Serve]);
    }

    #[test]
    fn a_life_without_beats_is_buried_and_one_with_beats_is_not() {
        let dead = vec![node(1, 7), node(5, 0)];
        assert_eq!(
            steps(&[(0, dead.clone()), (LOST_MS - 1, dead.clone()), (LOST_MS, dead), (LOST_MS, vec![node(5, 4)])]),
            [Step::Wait, Step::Wait, Step::Bury(vec![node(1, 7)]), Step::Serve]
        );
        let reads = [(0, vec![node(1, 7), node(5, 0)]), (900, vec![node(1, 8), node(5, 0)])];
        assert_eq!(steps(&reads), [Step::Wait, Step::GiveWay("1".into())]);
    }

    #[test]
    fn the_later_of_two_starts_gives_way() {
        let beats = |beat| vec![node(5, beat), node(9, beat)];
        assert_eq!(
            steps(&[(0, beats(0)), (900, beats(1)), (1_000, vec![node(5, 1)])]),
            [Step::Wait, Step::Wait, Step::Serve]
        );
        // The other one does not leave, so it serves.
        assert_eq!(
            steps(&[(0, beats(0)), (900, beats(1)), (LOST_MS, beats(5))]),
            [Step::Wait, Step::Wait, Step::GiveWay("9".into())]
        );
    }

    #[test]
    fn a_buried_server_ends() {
        assert_eq!(steps(&[(0, vec![node(1, 7)]), (0, vec![])]), [Step::Buried, Step::Buried]);
    }

    #[test]
    fn time_without_an_answer_does_not_count() {
        let (mut observer, dead) = (observer(), [node(1, 7), node(5, 0)]);
        assert_eq!(observer.step(&dead, 0, 3_000), Step::Wait);
        assert_eq!(observer.step(&dead, 3_000 + LOST_MS - 1, 3_000 + 3 * LOST_MS), Step::Wait);
    }

    #[test]
    fn servers_that_share_give_way_to_a_lone_one_only() {
        let shared = |number, beat| StoredNode { alone: false, ..node(number, beat) };
        let mut observer = Observer::new(life(5), false);
        assert_eq!(observer.step(&[shared(1, 7), shared(5, 0)], 0, 0), Step::Serve);
        assert_eq!(observer.step(&[node(1, 7), shared(5, 0)], 0, 0), Step::Wait);
        assert_eq!(observer.step(&[node(1, 8), shared(5, 0)], 900, 900), Step::GiveWay("1".into()));
        let reads = [(0, vec![shared(1, 7), node(5, 0)]), (900, vec![shared(1, 8), node(5, 0)])];
        assert_eq!(steps(&reads), [Step::Wait, Step::GiveWay("1".into())], "nor does a lone one start beside them");
    }

    #[test]
    fn those_who_share_watch_each_other_for_as_long_as_the_database_answers() {
        let mut watch = Watch::new(life(5));
        let rows = [node(1, 7), node(5, 0)];
        assert_eq!(watch.look(&rows, 0, 0), Some(vec![]));
        assert_eq!(watch.look(&rows, LOST_MS - 1, LOST_MS - 1), Some(vec![]));
        watch.lose_sight();
        assert_eq!(watch.look(&rows, LOST_MS, LOST_MS), Some(vec![]), "no life could raise its beat meanwhile");
        assert_eq!(watch.look(&rows, 2 * LOST_MS, 2 * LOST_MS), Some(vec![node(1, 7)]));
        assert_eq!(watch.look(&rows[..1], 3 * LOST_MS, 3 * LOST_MS), None);
    }

    /// One server of the model below.
    #[derive(Default)]
    struct Server {
        life: Option<LifeId>,
        observer: Option<Observer>,
        serves: bool,
        /// When it last raised its beat.
        beat_at_ms: i64,
    }

    #[derive(Clone, Copy, Debug)]
    enum Act {
        Pass(i64),
        Start(usize),
        Read(usize),
        Beat(usize),
        Kill(usize),
    }

    fn act() -> impl Strategy<Value = Act> {
        prop_oneof![
            3 => (1..LOST_MS * 2 / 3).prop_map(Act::Pass),
            2 => (0..3_usize).prop_map(Act::Start),
            6 => (0..3_usize).prop_map(Act::Read),
            4 => (0..3_usize).prop_map(Act::Beat),
            1 => (0..3_usize).prop_map(Act::Kill),
        ]
    }

    proptest! {
        /// Servers start, stall and die at any moments. A life is buried only after it raised no beat for as long as an
        /// observer waits, and there is never more than one that serves and is not buried.
        #[test]
        fn at_most_one_life_serves(acts in prop::collection::vec(act(), 1..120), ids in any::<[u32; 120]>()) {
            let (mut rows, mut now_ms) = (BTreeMap::<LifeId, u64>::new(), 0_i64);
            let mut beat_at_ms = BTreeMap::<LifeId, i64>::new();
            let mut servers = [(); 3].map(|()| Server::default());
            for (act, id) in acts.into_iter().zip(ids) {
                match act {
                    Act::Pass(for_ms) => now_ms += for_ms,
                    Act::Start(at) if servers[at].life.is_none() => {
                        let new = life(u128::from(id) + 1);
                        if beat_at_ms.insert(new, now_ms).is_none() {
                            rows.insert(new, 0);
                            servers[at] = Server {
                                life: Some(new),
                                observer: Some(Observer::new(new, true)),
                                beat_at_ms: now_ms,
                                ..Server::default()
                            };
                        }
                    }
                    Act::Beat(at) => {
                        let Some(life) = servers[at].life else { continue };
                        if let Some(beat) = rows.get_mut(&life) {
                            *beat += 1;
                            servers[at].beat_at_ms = now_ms;
                            beat_at_ms.insert(life, now_ms);
                        } else {
                            servers[at] = Server::default();
                        }
                    }
                    Act::Kill(at) => servers[at] = Server::default(),
                    Act::Read(at) => {
                        let Some(observer) = servers[at].observer.as_mut() else { continue };
                        let nodes: Vec<_> = rows
                            .iter()
                            .map(|(life, beat)| StoredNode { life: *life, name: String::new(), beat: *beat, alone: true })
                            .collect();
                        match observer.step(&nodes, now_ms, now_ms) {
                            Step::Serve => {
                                servers[at].serves = true;
                                servers[at].observer = None;
                            }
                            Step::Wait => {}
                            Step::Bury(dead) => {
                                for node in dead {
                                    prop_assert!(now_ms - beat_at_ms[&node.life] >= LOST_MS, "the living are not buried");
                                    rows.remove(&node.life);
                                }
                            }
                            Step::GiveWay(_) => {
                                rows.remove(&servers[at].life.expect("it reads"));
                                servers[at] = Server::default();
                            }
                            Step::Buried => servers[at] = Server::default(),
                        }
                    }
                    Act::Start(_) => {}
                }
                let serving = servers.iter().filter(|server| {
                    server.serves && server.life.is_some_and(|life| rows.contains_key(&life))
                });
                prop_assert!(serving.count() <= 1);
            }
        }
    }
}
