//! One clock for a cluster, so that members on different servers hear the same at the same time.
//!
//! The oldest living life is the timekeeper: its clock is the cluster's. The others measure theirs against it with probes
//! and steer it, by no more than [`SLEW_MAX`] faster or slower than their best knowledge of the timekeeper's rate. A clock
//! is stepped only before it is used for the first time, or when it was proved to have jumped. Without a timekeeper all keep
//! the rate that they have learned, and so does the next one.
//!
//! The estimate is the one that devices make of a server's clock (`client/src/sync/clock-estimator.ts`, with sources in
//! docs/playback-sync.md): the fastest ways there and back of two minutes, each on its own, and all drifts weighed.
//!
//! Pure: reads its arguments only. Not in here: sending probes, and setting the clock ([`crate::clock::Steering`]).

use crate::clock::Adjustment;
use crate::store::LifeId;

/// How much a clock is steered besides the drift it makes up for, in ms per ms.
pub const SLEW_MAX: f64 = 2e-4;
/// An error is steered away over this time, unless that would be faster than [`SLEW_MAX`].
const SLEW_OVER_MS: f64 = 4_000.0;
/// A clock is used from this uncertainty on.
pub const READY_MS: f64 = 1.0;
/// A clock that is off by more, or may be, is no longer good enough to serve with.
pub const ASTRAY_MS: f64 = 2.0;
/// A clock that is off by more is stepped: slewing would take half a minute.
const STEP_MS: f64 = 5.0;

/// Whose clock counts: the oldest life's. Ids are UUIDv7, so the smallest is the oldest. All who see the same lives choose
/// the same.
pub fn timekeeper(living: impl IntoIterator<Item = LifeId>) -> Option<LifeId> {
    living.into_iter().min()
}

/// Four readings of two clocks, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Probe {
    /// Sent, by the own clock before it is adjusted.
    pub sent_ms: f64,
    /// Arrived, by the timekeeper's.
    pub arrived_ms: f64,
    /// Answered, by the timekeeper's.
    pub answered_ms: f64,
    /// Received, by the own clock before it is adjusted.
    pub received_ms: f64,
}

/// How good a clock is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Standing {
    /// How far the clock is from the estimate: what is still to be steered away.
    pub error_ms: f64,
    /// Bound of the error, with what an asymmetric path can hide: two deviations, and in the first seconds, before the
    /// drift is known, possibly less. Infinite before the clock was set.
    pub uncertainty_ms: f64,
}

impl Standing {
    /// Whether a server may go on with this clock. It may begin when [`ClusterClock::is_set`].
    pub fn is_astray(&self) -> bool {
        self.uncertainty_ms > ASTRAY_MS
    }
}

/// A life's knowledge of the cluster's time.
#[derive(Debug)]
pub struct ClusterClock {
    me: LifeId,
    timekeeper: Option<LifeId>,
    estimator: ClockEstimator,
    adjustment: Adjustment,
    is_set: bool,
}

impl ClusterClock {
    /// Knows nothing yet.
    pub fn new(me: LifeId) -> Self {
        let (estimator, adjustment) = (ClockEstimator::default(), Adjustment::default());
        Self { me, timekeeper: None, estimator, adjustment, is_set: false }
    }

    /// Another life keeps the time, or this one, or none that is known.
    pub fn keeps_time(&mut self, timekeeper: Option<LifeId>) {
        if self.timekeeper == timekeeper {
            return;
        }
        self.timekeeper = timekeeper;
        if timekeeper == Some(self.me) {
            self.is_set = true;
        } else {
            self.estimator.forget_path();
        }
    }

    /// Whom to probe.
    pub fn probes(&self) -> Option<LifeId> {
        self.timekeeper.filter(|timekeeper| *timekeeper != self.me)
    }

    /// Whether the clock shows the cluster's time. False again after it has jumped.
    pub fn is_set(&self) -> bool {
        self.is_set
    }

    /// Evaluates a probe that `from` answered. Returns how to adjust the clock from now on, if it is to be changed.
    pub fn probed(&mut self, from: LifeId, probe: &Probe) -> Option<Adjustment> {
        if self.probes() != Some(from) {
            return None;
        }
        if self.estimator.add(probe) {
            self.is_set = false;
        }
        let own_ms = probe.received_ms;
        let estimate = self.estimator.estimate_at(own_ms)?;
        let error_ms = estimate.offset_ms - self.adjustment.at(own_ms);
        let is_certain = estimate.uncertainty_ms < READY_MS;
        if self.is_set && error_ms.abs() > STEP_MS && is_certain {
            self.is_set = false;
        }
        self.adjustment = match (self.is_set, is_certain) {
            (true, _) => slewed(self.adjustment, own_ms, &estimate),
            (false, true) => {
                self.is_set = true;
                Adjustment::line(own_ms, estimate.offset_ms, estimate.drift)
            }
            (false, false) => return None,
        };
        Some(self.adjustment)
    }

    /// How good the clock is when it shows `own_ms` before it is adjusted.
    pub fn standing_at(&self, own_ms: f64) -> Standing {
        if self.is_set && self.probes().is_none() && self.timekeeper.is_some() {
            return Standing { error_ms: 0.0, uncertainty_ms: 0.0 };
        }
        let Some(estimate) = self.estimator.estimate_at(own_ms).filter(|_| self.is_set) else {
            return Standing { error_ms: 0.0, uncertainty_ms: f64::INFINITY };
        };
        let error_ms = estimate.offset_ms - self.adjustment.at(own_ms);
        Standing { error_ms, uncertainty_ms: estimate.uncertainty_ms + error_ms.abs() }
    }
}

/// Steers towards the estimate.
fn slewed(current: Adjustment, own_ms: f64, estimate: &ClockEstimate) -> Adjustment {
    let offset_ms = current.at(own_ms);
    let error_ms = estimate.offset_ms - offset_ms;
    let correction = (error_ms / SLEW_OVER_MS).clamp(-SLEW_MAX, SLEW_MAX);
    let for_ms = if correction == 0.0 { 0.0 } else { error_ms / correction };
    let drift = estimate.drift;
    Adjustment { from_ms: own_ms, offset_ms, slew: drift + correction, until_ms: own_ms + for_ms, drift }
}

/// What is known of another clock at one moment of the own one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClockEstimate {
    /// Added to the own clock it gives the other one's time.
    pub offset_ms: f64,
    /// How much faster the other clock runs, in ms per ms.
    pub drift: f64,
    /// One standard deviation of the offset, from the variation of delays only.
    pub deviation_ms: f64,
    /// Bound of the offset's error with the asymmetry of the path: half of the shortest way there and back, and the
    /// deviation.
    pub uncertainty_ms: f64,
}

/// How long a fast delay counts.
const AGE_MS_MAX: f64 = 120_000.0;
/// What is thought of a drift before it is measured: it is distributed as Cauchy's, at this scale.
const CRYSTALS: Prior = Prior { drift: 0.0, deviation: 4e-5 };
/// No working crystal is off by more.
const DRIFT_MAX: f64 = 5e-4;
/// Each grid refines what the one before found likely.
const GRIDS: usize = 3;
const GRID_POINTS: u16 = 31;
const LIKELY_DEVIATIONS: f64 = 5.0;
/// Error of an undisturbed path between two programs.
const NOISE_MS: f64 = 0.01;
/// Only the fastest delays show the distribution where it matters: one in four.
const FAST_ONE_IN: u16 = 4;
/// Fewer delays say nothing about the distribution.
const SAMPLES_FEW: usize = 4;
/// A probe that contradicts the estimate by more than its way there and back and this proves that a clock has jumped.
const JUMP_MS: f64 = 5.0;

/// Estimates another clock.
#[derive(Debug, Default)]
pub struct ClockEstimator {
    samples: Vec<Sample>,
    known: Option<Known>,
    prior: Option<Prior>,
}

/// The other clock minus the own one if the way there (or back) took no time: an upper and a lower bound.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_field_names, reason = "units come last in a name")]
struct Sample {
    there_ms: f64,
    back_ms: f64,
    at_ms: f64,
}

#[derive(Clone, Copy, Debug)]
struct Known {
    at_ms: f64,
    estimate: ClockEstimate,
    drift_deviation: f64,
}

#[derive(Clone, Copy, Debug)]
struct Prior {
    drift: f64,
    deviation: f64,
}

impl ClockEstimator {
    /// Adds a probe. True when it proved that a clock has jumped, and the past was dropped.
    pub fn add(&mut self, probe: &Probe) -> bool {
        let sample = Sample {
            there_ms: probe.arrived_ms - probe.sent_ms,
            back_ms: probe.answered_ms - probe.received_ms,
            at_ms: f64::midpoint(probe.sent_ms, probe.received_ms),
        };
        let has_jumped = self.proves_jump(&sample);
        if has_jumped {
            self.samples.clear();
            self.prior = None;
        }
        self.samples.retain(|older| sample.at_ms - older.at_ms < AGE_MS_MAX);
        self.samples.push(sample);
        self.known = Some(weigh(&self.samples, sample.at_ms, self.prior.unwrap_or(CRYSTALS)));
        has_jumped
    }

    /// The path has changed: old delays no longer count, the clocks do.
    pub fn forget_path(&mut self) {
        if let Some(known) = self.known {
            self.prior = Some(Prior { drift: known.estimate.drift, deviation: known.drift_deviation });
        }
        self.samples.clear();
    }

    /// `None` before the first probe.
    pub fn estimate_at(&self, own_ms: f64) -> Option<ClockEstimate> {
        let Known { at_ms, estimate, drift_deviation } = self.known?;
        let passed_ms = own_ms - at_ms;
        let strayed_ms = drift_deviation * passed_ms;
        Some(ClockEstimate {
            offset_ms: estimate.offset_ms + estimate.drift * passed_ms,
            deviation_ms: estimate.deviation_ms.hypot(strayed_ms),
            uncertainty_ms: estimate.uncertainty_ms + 2.0 * strayed_ms.abs(),
            ..estimate
        })
    }

    /// Not even the whole way there and back explains the difference.
    fn proves_jump(&self, sample: &Sample) -> bool {
        self.estimate_at(sample.at_ms).is_some_and(|known| {
            let allowed_ms = known.uncertainty_ms + JUMP_MS;
            known.offset_ms > sample.there_ms + allowed_ms || known.offset_ms < sample.back_ms - allowed_ms
        })
    }
}

/// One drift of a grid.
struct Candidate {
    drift: f64,
    middle: f64,
    half: f64,
    weight: f64,
}

/// The estimate at `at_ms` from these bounds: the mean over all drifts, weighted by likelihood.
fn weigh(samples: &[Sample], at_ms: f64, prior: Prior) -> Known {
    let count = count_of(samples);
    let mean_age = samples.iter().map(|sample| sample.at_ms - at_ms).sum::<f64>() / count;
    let there = lower_hull(samples.iter().map(|sample| Point { age: sample.at_ms - at_ms, ms: sample.there_ms }));
    let back = lower_hull(samples.iter().map(|sample| Point { age: sample.at_ms - at_ms, ms: -sample.back_ms }));
    let (mut low, mut high) = (-DRIFT_MAX, DRIFT_MAX);
    let mut guess = prior.drift;
    let mut known = None;
    for _ in 0..GRIDS {
        let scales = scales_of(samples, at_ms, guess, corridor(&there, &back, guess));
        let step = (high - low) / f64::from(GRID_POINTS - 1);
        let mut candidates: Vec<_> = (0..GRID_POINTS)
            .map(|number| {
                let drift = low + step * f64::from(number);
                let Corridor { above, below } = corridor(&there, &back, drift);
                let fits = count / scales.there * (above + drift * mean_age)
                    - count / scales.back * (below + drift * mean_age);
                let surprise = (1.0 + ((drift - prior.drift) / prior.deviation).powi(2)).ln();
                let (middle, half) = (f64::midpoint(above, below), (above - below) / 2.0);
                Candidate { drift, middle, half, weight: fits - surprise }
            })
            .collect();
        let best = candidates.iter().map(|candidate| candidate.weight).fold(f64::NEG_INFINITY, f64::max);
        for candidate in &mut candidates {
            candidate.weight = (candidate.weight - best).exp();
        }
        let total: f64 = candidates.iter().map(|candidate| candidate.weight).sum();
        let mean = |of: &dyn Fn(&Candidate) -> f64| {
            candidates.iter().map(|candidate| candidate.weight * of(candidate)).sum::<f64>() / total
        };

        let (drift, middle) = (mean(&|candidate| candidate.drift), mean(&|candidate| candidate.middle));
        // At least half a step: the drift may lie between two points of the grid.
        let drift_deviation = mean(&|candidate| (candidate.drift - drift).powi(2)).sqrt().max(step / 2.0);
        let edges = ((scales.there / count).powi(2) + (scales.back / count).powi(2)) / 4.0;
        let spread = mean(&|candidate| (candidate.middle - middle).powi(2));
        let deviation_ms = (spread + edges + NOISE_MS.powi(2)).sqrt();
        let uncertainty_ms = mean(&|candidate| candidate.half).max(0.0) + 2.0 * deviation_ms;
        let estimate = ClockEstimate { offset_ms: middle, drift, deviation_ms, uncertainty_ms };
        known = Some(Known { at_ms, estimate, drift_deviation });
        guess = drift;
        low = (drift - LIKELY_DEVIATIONS * drift_deviation).max(-DRIFT_MAX);
        high = (drift + LIKELY_DEVIATIONS * drift_deviation).min(DRIFT_MAX);
    }
    known.expect("there is a grid")
}

#[expect(clippy::cast_precision_loss, reason = "some hundred")]
fn count_of(samples: &[Sample]) -> f64 {
    samples.len() as f64
}

#[derive(Clone, Copy, Debug)]
struct Point {
    age: f64,
    ms: f64,
}

#[derive(Clone, Copy, Debug)]
struct Corridor {
    above: f64,
    below: f64,
}

/// The bounds of the offset for one drift: the fastest delay each way.
fn corridor(there: &[Point], back: &[Point], drift: f64) -> Corridor {
    let above = there.iter().map(|point| point.ms - drift * point.age).fold(f64::INFINITY, f64::min);
    let below = back.iter().map(|point| -point.ms - drift * point.age).fold(f64::NEG_INFINITY, f64::max);
    Corridor { above, below }
}

/// The points that are lowest for some drift (lower hull by Andrew's monotone chain), in order of age: a few of hundreds.
fn lower_hull(points: impl Iterator<Item = Point>) -> Vec<Point> {
    let mut hull: Vec<Point> = vec![];
    for point in points {
        while let [.., before, last] = hull[..]
            && !turns_up(before, last, point)
        {
            hull.pop();
        }
        hull.push(point);
    }
    hull
}

fn turns_up(a: Point, b: Point, c: Point) -> bool {
    (b.age - a.age) * (c.ms - a.ms) > (b.ms - a.ms) * (c.age - a.age)
}

/// How much slower than the fastest one delays are on average, each way.
struct Scales {
    there: f64,
    back: f64,
}

/// If all delays were distributed as the fastest ones are. Slow ones, from a congestion, do not count.
fn scales_of(samples: &[Sample], at_ms: f64, drift: f64, Corridor { above, below }: Corridor) -> Scales {
    let few = if samples.len() < SAMPLES_FEW { (above - below) / 2.0 } else { 0.0 };
    let scale = |slower: &dyn Fn(&Sample) -> f64| {
        let mut slower: Vec<f64> = samples.iter().map(slower).collect();
        slower.sort_by(f64::total_cmp);
        let place = (slower.len() / usize::from(FAST_ONE_IN)).max(1);
        let whole = slower.get(place).copied().unwrap_or(0.0) * f64::from(FAST_ONE_IN);
        few.max(whole.max(NOISE_MS))
    };
    Scales {
        there: scale(&|sample| sample.there_ms - drift * (sample.at_ms - at_ms) - above),
        back: scale(&|sample| below - sample.back_ms + drift * (sample.at_ms - at_ms)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::SeedableRng as _;
    use rand::rngs::StdRng;
    use uuid::Uuid;

    use super::*;

    /// Bursts until the drift is known well enough for a bound on the error.
    const SETTLED: usize = 10;
    /// The bound is one of two deviations.
    const SLACK_MS: f64 = 0.05;
    const KEEPER: LifeId = LifeId(Uuid::from_u128(1));
    const ME: LifeId = LifeId(Uuid::from_u128(2));
    const OTHER: LifeId = LifeId(Uuid::from_u128(3));

    /// A clock of which `ahead_ms` and its rate are known, two ways to it, and the prober. Times are the other
    /// clock's.
    struct World {
        random: StdRng,
        at_ms: f64,
        /// How much less the own clock shows at 0.
        behind_ms: f64,
        /// How much faster the own clock runs.
        ppm: f64,
        /// The shortest ways, and how much longer they are on average.
        there_ms: f64,
        back_ms: f64,
        queue_ms: f64,
    }

    impl World {
        fn new(seed: u64) -> Self {
            let random = StdRng::seed_from_u64(seed);
            Self { random, at_ms: 0.0, behind_ms: 0.0, ppm: 0.0, there_ms: 0.1, back_ms: 0.1, queue_ms: 0.2 }
        }

        fn own_ms(&self) -> f64 {
            self.at_ms * (1.0 + self.ppm / 1e6) - self.behind_ms
        }

        #[expect(clippy::cast_precision_loss, reason = "53 bits")]
        fn queue(&mut self) -> f64 {
            let share = (self.random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
            -self.queue_ms * (1.0 - share).ln()
        }

        fn probe(&mut self) -> Probe {
            let sent_ms = self.own_ms();
            self.at_ms += self.there_ms + self.queue();
            let arrived_ms = self.at_ms;
            self.at_ms += self.back_ms + self.queue();
            Probe { sent_ms, arrived_ms, answered_ms: arrived_ms, received_ms: self.own_ms() }
        }

        /// Eight probes, and then time passes.
        fn burst(&mut self, mut each: impl FnMut(&World, &Probe)) {
            let until_ms = self.at_ms + 2_000.0;
            for _ in 0..8 {
                let probe = self.probe();
                each(self, &probe);
            }
            self.at_ms = self.at_ms.max(until_ms);
        }

        /// How far the adjusted clock is from the other one.
        fn error_ms(&self, adjustment: Adjustment) -> f64 {
            let own_ms = self.own_ms();
            own_ms + adjustment.at(own_ms) - self.at_ms
        }
    }

    fn follower() -> ClusterClock {
        let mut clock = ClusterClock::new(ME);
        clock.keeps_time(Some(KEEPER));
        clock
    }

    /// Follows for some bursts.
    fn follow(world: &mut World, clock: &mut ClusterClock, bursts: usize) {
        for _ in 0..bursts {
            world.burst(|_, probe| {
                clock.probed(KEEPER, probe);
            });
        }
    }

    #[test]
    fn the_oldest_life_keeps_the_time() {
        assert_eq!(timekeeper([OTHER, KEEPER, ME]), Some(KEEPER));
        assert_eq!(timekeeper([]), None);
    }

    #[test]
    fn an_estimate_on_a_symmetric_path_is_exact() {
        let mut world = World { behind_ms: 7.2e6, queue_ms: 0.0, ..World::new(1) };
        let mut estimator = ClockEstimator::default();
        assert_eq!(estimator.estimate_at(0.0), None);
        world.burst(|_, probe| {
            estimator.add(probe);
        });
        let estimate = estimator.estimate_at(world.own_ms()).unwrap();
        assert!((estimate.offset_ms - 7.2e6).abs() < 0.001, "{estimate:?}");
    }

    #[test]
    fn the_fastest_ways_of_different_probes_are_combined() {
        let mut estimator = ClockEstimator::default();
        for (at, number) in (0..8).map(|number| (f64::from(number) * 50.0, number)) {
            let (there, back) = if number % 2 == 0 { (55.0, 10.0) } else { (10.0, 70.0) };
            let arrived_ms = at + there + 1_000.0;
            let received_ms = at + there + back;
            estimator.add(&Probe { sent_ms: at, arrived_ms, answered_ms: arrived_ms, received_ms });
        }
        let estimate = estimator.estimate_at(400.0).unwrap();
        assert!((estimate.offset_ms - 1_000.0).abs() < 0.1, "{estimate:?}");
    }

    #[test]
    fn a_clock_is_stepped_once_when_it_is_certain_and_then_steered() {
        let mut world = World { behind_ms: 60_000.0, ppm: 30.0, ..World::new(1) };
        let mut clock = follower();
        assert_eq!((clock.is_set(), clock.standing_at(0.0).is_astray()), (false, true));
        follow(&mut world, &mut clock, 1);
        assert!(clock.is_set() && world.error_ms(clock.adjustment).abs() < 1.0);
        let stepped = clock.adjustment;
        follow(&mut world, &mut clock, 60);
        assert!(world.error_ms(clock.adjustment).abs() < 0.1, "{}", world.error_ms(clock.adjustment));
        assert!((clock.adjustment.offset_ms - stepped.offset_ms).abs() < 10.0);
        assert!(!clock.standing_at(world.own_ms()).is_astray());
    }

    #[test]
    fn a_clock_that_is_not_certain_is_not_set() {
        let mut world = World { there_ms: 3.0, back_ms: 3.0, ..World::new(1) };
        let mut clock = follower();
        follow(&mut world, &mut clock, 30);
        assert!(!clock.is_set());
    }

    #[test]
    fn the_timekeeper_s_own_clock_counts_as_it_is() {
        let mut clock = ClusterClock::new(ME);
        clock.keeps_time(Some(ME));
        assert_eq!((clock.is_set(), clock.probes(), clock.adjustment.at(5.0)), (true, None, 0.0));
        assert_eq!(clock.standing_at(5.0), Standing { error_ms: 0.0, uncertainty_ms: 0.0 });
    }

    #[test]
    fn only_the_timekeeper_s_answers_count() {
        let (mut world, mut clock) = (World::new(1), follower());
        let probe = world.probe();
        assert_eq!(clock.probed(OTHER, &probe), None);
        clock.keeps_time(Some(ME));
        assert_eq!(clock.probed(KEEPER, &probe), None);
    }

    #[test]
    fn a_clock_that_has_jumped_is_stepped() {
        let mut world = World { behind_ms: 100.0, ..World::new(1) };
        let mut clock = follower();
        follow(&mut world, &mut clock, 30);
        // The machine was suspended.
        world.behind_ms += 30_000.0;
        let probe = world.probe();
        assert_eq!(clock.probed(KEEPER, &probe).map(|_| ()), clock.is_set().then_some(()));
        follow(&mut world, &mut clock, 1);
        assert!(clock.is_set() && world.error_ms(clock.adjustment).abs() < 1.0);
    }

    #[test]
    fn the_next_timekeeper_goes_on_as_it_was() {
        let mut world = World { behind_ms: 500.0, ppm: 80.0, ..World::new(1) };
        let mut clock = follower();
        follow(&mut world, &mut clock, 60);
        let before = clock.adjustment;
        clock.keeps_time(Some(ME));
        assert_eq!(clock.adjustment, before);
        world.at_ms += 60_000.0;
        assert!(world.error_ms(clock.adjustment).abs() < 0.3, "{}", world.error_ms(clock.adjustment));
        assert_eq!(clock.standing_at(world.own_ms()), Standing { error_ms: 0.0, uncertainty_ms: 0.0 });
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

        /// Whatever the drift and however unequal the ways: a clock that is used never goes back and is never steered faster
        /// than allowed. Once it knows its drift it is not further off than it says, with or without answers, and in the
        /// end it is off by half the difference of the ways and a little.
        #[test]
        fn a_clock_keeps_within_its_bounds(
            seed in any::<u64>(),
            ppm in -400.0..400.0,
            behind_ms in -1e7..1e7,
            there_ms in 0.05..0.8,
            back_ms in 0.05..0.8,
            queue_ms in 0.01..1.0,
            silence_ms in 0.0..120_000.0,
        ) {
            let mut world = World { behind_ms, ppm, there_ms, back_ms, queue_ms, ..World::new(seed) };
            let mut clock = follower();
            let mut shown = None;
            for burst in 0..30_usize {
                let mut broken = None;
                world.burst(|world, probe| {
                    let was_set = clock.is_set();
                    let Some(adjustment) = clock.probed(KEEPER, probe) else { return };
                    let own_ms = world.own_ms();
                    let now_ms = own_ms + adjustment.at(own_ms);
                    if was_set && shown.is_some_and(|shown| now_ms <= shown) {
                        broken = Some("it went back");
                    }
                    if (adjustment.slew - adjustment.drift).abs() > SLEW_MAX + 1e-12 {
                        broken = Some("it was steered too fast");
                    }
                    if burst >= SETTLED && world.error_ms(adjustment).abs() > clock.standing_at(own_ms).uncertainty_ms + SLACK_MS {
                        broken = Some("it is further off than it says");
                    }
                    shown = Some(now_ms);
                });
                prop_assert_eq!(broken, None, "in burst {}", burst);
            }
            prop_assert!(clock.is_set());
            let asymmetry_ms = (there_ms - back_ms).abs() / 2.0;
            let error_ms = world.error_ms(clock.adjustment).abs();
            prop_assert!(error_ms < asymmetry_ms + 0.05 + queue_ms / 5.0, "{} ms, {} are asymmetry", error_ms, asymmetry_ms);
            world.at_ms += silence_ms;
            let standing = clock.standing_at(world.own_ms());
            let error_ms = world.error_ms(clock.adjustment).abs();
            prop_assert!(error_ms <= standing.uncertainty_ms + SLACK_MS, "{} of {:?} without answers", error_ms, standing);
        }
    }
}
