//! What the fair order promises, over random evenings: weights, skips, people who come and go, are sent out and banned,
//! log in and are forgotten. The bounds are those of start-time fair queueing (Goyal et al., theorem 1).

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use tutti_protocol::{Command, EntryId, Event, PlaceReason, Policy, SettingsChange, UserId};
use tutti_room_state::{Input, PRELOAD_WINDOW_MS, RoomState, TURN_MS};

use crate::world::{Act, World, newcomer, people, policy, user};

/// Something that happens in an evening. Members 0 to 2 keep their queues filled; 3 and 4 come and go.
#[derive(Clone, Debug)]
enum Moment {
    Next,
    SkipAfter(i64),
    Unplayable,
    Add(u8, u64),
    Passing(u8, Passing),
    /// The host tries another policy, or goes back to the one that the evening is about.
    Switch(Policy),
}

#[derive(Clone, Debug)]
enum Passing {
    Goes,
    Comes,
    Leaves,
    IsKicked,
    IsBanned,
    IsUnbanned,
    LogsIn,
    IsForgotten,
}

const MINIMUM_MS: u64 = 30_000;

fn moment() -> impl Strategy<Value = Moment> {
    let passing = prop_oneof![
        2 => Just(Passing::Goes),
        6 => Just(Passing::Comes),
        1 => Just(Passing::Leaves),
        1 => Just(Passing::IsKicked),
        1 => Just(Passing::IsBanned),
        2 => Just(Passing::IsUnbanned),
        1 => Just(Passing::LogsIn),
        1 => Just(Passing::IsForgotten),
    ];
    prop_oneof![
        8 => Just(Moment::Next),
        3 => (0..200_000i64).prop_map(Moment::SkipAfter),
        1 => Just(Moment::Unplayable),
        10 => (people(), 20_000..900_000u64).prop_map(|(who, duration_ms)| Moment::Add(who, duration_ms)),
        6 => (3..5u8, passing).prop_map(|(who, passing)| Moment::Passing(who, passing)),
    ]
}

/// Moments among which the host tries other policies, too, and mostly comes back.
fn moment_or_switch() -> impl Strategy<Value = Moment> {
    let back = prop_oneof![2 => Just(Policy::Fair), 1 => policy()];
    prop_oneof![30 => moment(), 2 => back.prop_map(Moment::Switch)]
}

struct Evening {
    world: World,
    weights: BTreeMap<UserId, u32>,
    seen: usize,
}

impl Evening {
    fn open(policy: Policy, weights: &[u32]) -> Self {
        let mut world = World::open();
        for who in people() {
            world.perform(who, &Act::Enter { picture: None });
        }
        let weights: BTreeMap<UserId, u32> = people().map(user).zip(weights.iter().copied()).collect();
        let change = SettingsChange {
            policy: Some(policy),
            debt_max_ms: Some(0),
            weights: Some(weights.clone()),
            ..SettingsChange::default()
        };
        assert!(world.perform(0, &Act::Set(Box::new(change))));
        Self { seen: world.events.len(), world, weights }
    }

    fn live(&mut self, moment: &Moment) {
        match moment {
            Moment::Next => self.wait_for_end(),
            Moment::SkipAfter(wait_ms) => {
                self.world.wait(*wait_ms);
                self.world.perform(0, &Act::Skip);
            }
            Moment::Unplayable => drop(self.world.perform(0, &Act::Unplayable)),
            Moment::Add(who, duration_ms) => self.add(*who, *duration_ms),
            Moment::Passing(who, passing) => self.pass(*who, passing),
            Moment::Switch(policy) => {
                let change = SettingsChange { policy: Some(*policy), ..SettingsChange::default() };
                self.world.perform(0, &Act::Set(Box::new(change)));
            }
        }
    }

    fn add(&mut self, who: u8, duration_ms: u64) {
        self.world.perform(who, &Act::Enqueue { title: 0, duration_ms, before: None });
    }

    fn pass(&mut self, who: u8, passing: &Passing) {
        let world = &mut self.world;
        match passing {
            Passing::Goes => world.perform(who, &Act::GraceOver),
            Passing::Comes => {
                world.perform(who, &Act::Enter { picture: None }) && world.perform(who, &Act::Hold(false))
            }
            Passing::Leaves => world.perform(who, &Act::Leave),
            Passing::IsKicked => world.perform(0, &Act::Kick(who)),
            Passing::IsBanned => world.perform(0, &Act::Ban(who)),
            Passing::IsUnbanned => world.perform(0, &Act::Unban(who)),
            Passing::LogsIn => world.perform(who, &Act::Merge(7 - who)),
            Passing::IsForgotten => world.perform(who, &Act::Forget),
        };
    }

    fn wait_for_end(&mut self) {
        let on = self.world.room.now_playing().map(|entry| entry.id);
        while on.is_some() && self.world.room.now_playing().map(|entry| entry.id) == on {
            let Some(deadline_ms) = self.world.room.next_deadline_ms() else { return };
            let wait_ms = (deadline_ms - self.world.now_ms).max(0);
            self.world.wait(wait_ms);
        }
    }

    fn weigh(&self, who: UserId, charge_ms: u64) -> f64 {
        let weight = self.weights.get(&who).copied().unwrap_or(100);
        #[expect(clippy::cast_precision_loss, reason = "an evening has fewer than 2^52 milliseconds")]
        let charge_ms = charge_ms as f64;
        charge_ms * 100.0 / f64::from(weight)
    }

    /// What is on and what is settled to play next: they play, whatever the policy becomes.
    fn settled(&self) -> Vec<EntryId> {
        let room = &self.world.room;
        let next = room.order(1).into_iter().filter(|placed| placed.place.reason == PlaceReason::Locked);
        room.now_playing().into_iter().chain(next.map(|placed| placed.entry)).map(|entry| entry.id).collect()
    }

    /// Whether anything else than these started, of all that happened since.
    fn went_on_from(&self, settled: &[EntryId], since: usize) -> bool {
        let started =
            |event: &Event| matches!(event, Event::EntryStarted { entry, .. } if !settled.contains(&entry.id));
        self.world.events[since..].iter().any(started)
    }

    /// What somebody was charged since this was asked last, at weight 100.
    fn charged(&mut self) -> Vec<(UserId, f64)> {
        let mut charged = vec![];
        for index in self.seen..self.world.events.len() {
            let Event::EntryEnded { entry, played_ms, reason, .. } = &self.world.events[index] else { continue };
            if *reason == tutti_protocol::EndReason::Unplayable {
                continue;
            }
            let owner = self.world.events[..index].iter().rev().find_map(|event| match event {
                Event::EntryStarted { entry: started, .. } if started.id == *entry => Some(started.member),
                _ => None,
            });
            let owner = owner.expect("what ends has started");
            charged.push((owner, self.weigh(owner, (*played_ms).max(MINIMUM_MS))));
        }
        self.seen = self.world.events.len();
        charged
    }
}

/// How far the difference between two members' charges has gone since both had something waiting.
#[derive(Clone, Copy, Debug, Default)]
struct Span {
    now: f64,
    low: f64,
    high: f64,
}

fn has_something_waiting(room: &RoomState, who: UserId) -> bool {
    room.order(usize::MAX).iter().any(|placed| placed.entry.member == who)
}

proptest! {
    #[test]
    fn members_with_queued_entries_share_airtime_by_weight(
        weights in vec(25..400u32, 5),
        moments in vec(moment_or_switch(), 40..140),
    ) {
        let mut evening = Evening::open(Policy::Fair, &weights);
        for (who, duration_ms) in (0..3u8).flat_map(|who| (0..6).map(move |_| (who, 180_000))) {
            evening.add(who, duration_ms);
        }
        let mut longest: BTreeMap<UserId, f64> =
            (0..3u8).map(|who| (user(who), evening.weigh(user(who), 180_000))).collect();
        let pairs = [(0, 1), (0, 2), (1, 2)].map(|(one, other): (u8, u8)| (user(one), user(other)));
        let mut spans: BTreeMap<(UserId, UserId), Span> = BTreeMap::new();
        // What was settled at the last switch, while nothing else has started.
        let mut before_switch: Option<(Vec<EntryId>, usize)> = None;
        for moment in &moments {
            if let Moment::Add(who, duration_ms) = moment {
                let weighed = evening.weigh(user(*who), (*duration_ms).max(MINIMUM_MS));
                let known = longest.entry(user(*who)).or_default();
                *known = known.max(weighed);
            }
            evening.live(moment);
            let charged = evening.charged();
            if matches!(moment, Moment::Switch(_)) {
                before_switch = Some((evening.settled(), evening.seen));
            }
            before_switch = before_switch.filter(|(settled, since)| !evening.went_on_from(settled, *since));
            // Only this policy promises it, of what starts under it: nobody is owed anything from before a switch.
            if before_switch.is_some() || evening.world.room.settings().policy != Policy::Fair {
                spans.clear();
                continue;
            }
            for pair in pairs {
                let room = &evening.world.room;
                if !has_something_waiting(room, pair.0) || !has_something_waiting(room, pair.1) {
                    spans.remove(&pair);
                    continue;
                }
                let Some(span) = spans.get_mut(&pair) else {
                    spans.insert(pair, Span::default());
                    continue;
                };
                for (who, charge_ms) in &charged {
                    span.now += if *who == pair.0 { *charge_ms } else if *who == pair.1 { -charge_ms } else { 0.0 };
                    (span.low, span.high) = (span.low.min(span.now), span.high.max(span.now));
                }
                // What is settled plays even if a skip in the last seconds gives somebody else a smaller tag.
                let settled_ms = evening.weigh(pair.0, PRELOAD_WINDOW_MS.unsigned_abs())
                    + evening.weigh(pair.1, PRELOAD_WINDOW_MS.unsigned_abs());
                let bound_ms = longest[&pair.0] + longest[&pair.1] + settled_ms + 200.0;
                prop_assert!(span.high - span.low <= bound_ms, "{span:?} {bound_ms}");
            }
        }
    }

    /// By turns nobody starts three times while somebody else, who is there all the time, waits for one.
    #[test]
    fn no_member_starves(moments in vec(moment(), 40..140)) {
        let mut evening = Evening::open(Policy::Rotation, &[100; 5]);
        let mut starts: BTreeMap<UserId, BTreeMap<UserId, usize>> = BTreeMap::new();
        for moment in &moments {
            let seen = evening.world.events.len();
            evening.live(moment);
            let on: Vec<UserId> = evening.world.events[seen..]
                .iter()
                .filter_map(|event| match event {
                    Event::EntryStarted { entry, .. } => Some(entry.member),
                    _ => None,
                })
                .collect();
            for waiting in (0..3).map(user) {
                let counts = starts.entry(waiting).or_default();
                if on.contains(&waiting) || !has_something_waiting(&evening.world.room, waiting) {
                    counts.clear();
                    continue;
                }
                for who in (0..3).map(user).filter(|who| *who != waiting) {
                    *counts.entry(who).or_default() += on.iter().filter(|started| **started == who).count();
                    let unplayable = moments.iter().filter(|moment| matches!(moment, Moment::Unplayable)).count();
                    prop_assert!(counts[&who] <= 2 + unplayable, "{who} started while {waiting} waited");
                }
            }
        }
    }

    /// With tracks of one length: a newcomer plays before anybody else has played twice, and then waits for the others.
    #[test]
    fn a_newcomer_neither_waits_behind_a_backlog_nor_gets_airtime_for_the_past(
        backlogs in vec(1..40usize, 1..4),
        played in 0..60usize,
        rotation in any::<bool>(),
    ) {
        let mut evening = Evening::open(if rotation { Policy::Rotation } else { Policy::Fair }, &[100; 5]);
        for (who, entries) in (0u8..).zip(&backlogs) {
            (0..*entries).for_each(|_| evening.add(who, TURN_MS));
        }
        (0..played).for_each(|_| evening.wait_for_end());
        (0..4).for_each(|_| evening.add(4, TURN_MS));
        let order: Vec<UserId> = evening.world.room.order(usize::MAX).iter().map(|placed| placed.entry.member).collect();
        let is_on = evening.world.room.now_playing().is_some_and(|entry| entry.member == user(4));
        let first = order.iter().position(|member| *member == user(4)).expect("queued");
        for who in (0..4).map(user) {
            prop_assert!(order[..first].iter().filter(|member| **member == who).count() <= 1, "{order:?}");
        }
        if !is_on {
            let until = order.iter().rposition(|member| *member != user(4)).map_or(0, |last| last + 1);
            let twice = order[..until].windows(2).any(|two| two == [user(4), user(4)]);
            prop_assert!(!twice, "{order:?}");
        }
    }

    /// Leaving for good and joining again brings back no airtime.
    #[test]
    fn leaving_and_joining_again_gains_nothing(moments in vec(moment(), 1..80), who in 1..3u8) {
        let mut evening = Evening::open(Policy::Fair, &[100; 5]);
        for moment in &moments {
            evening.live(moment);
        }
        let world = &mut evening.world;
        let of = |world: &World| world.room.ledger_of(user(who)).cloned().unwrap_or_default();
        let before = of(world);
        world.perform(who, &Act::Leave);
        world.handle(&Input::Enter(newcomer(who)));
        world.perform(who, &Act::Enqueue { title: 1, duration_ms: 60_000, before: None });
        let after = of(world);
        prop_assert!(after.start_tag() >= before.start_tag() && after.airtime_ms >= before.airtime_ms);
    }

    /// The fallback playlist starts only when nobody who may play has anything waiting, and charges nobody.
    #[test]
    fn the_fallback_playlist_plays_after_every_members_entries(moments in vec(moment(), 1..80)) {
        let mut evening = Evening::open(Policy::Fair, &[100; 5]);
        evening.world.perform(0, &Act::FallBack(vec![60_000, 90_000]));
        for moment in &moments {
            let seen = evening.world.events.len();
            let (waits, airtime_ms) = (evening.world.room.order_len(), airtime_ms(&evening.world.room));
            evening.live(moment);
            let started_fallback = evening.world.events[seen..]
                .iter()
                .any(|event| matches!(event, Event::EntryStarted { entry, .. } if entry.fallback));
            if started_fallback && matches!(moment, Moment::Next) && waits == 0 {
                prop_assert!(airtime_ms <= self::airtime_ms(&evening.world.room));
            }
            prop_assert!(!(started_fallback && waits > 1 && matches!(moment, Moment::Next)));
        }
    }
}

fn airtime_ms(room: &RoomState) -> u64 {
    people().filter_map(|who| room.ledger_of(user(who))).map(|ledger| ledger.airtime_ms).sum()
}

#[test]
fn queries_need_their_permission() {
    let mut world = World::open();
    world.perform(1, &Act::Enter { picture: None });
    let ask = |by: u8| Input::Command { by: user(by), command: Command::ShowAudit, tracks: vec![] };
    assert!(world.handle(&ask(0)) && !world.handle(&ask(1)));
}
