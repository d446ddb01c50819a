//! Messages that must arrive, over a bus that loses them: go-back-N from one node to the owner of one room.
//!
//! The sender numbers its messages from 1 and has at most [`STREAM_WINDOW`] on the way. The receiver takes the next number
//! only and otherwise answers which one it expects; the sender goes back to that one. What stays unanswered is sent again
//! after [`STREAM_REPEAT`].
//!
//! A stream has one receiver. For the next owner the sender begins another stream, in which it numbers what is unanswered
//! from 1 again. Ids of streams rise, so that receivers ignore what is left of earlier ones. So within a stream each message
//! is taken once and in order. Over several streams it may be taken several times, by owners that did not live to answer it:
//! messages must bear that, as commands do by their ids.
//!
//! Pure: reads its arguments only. Memory is bounded by [`STREAM_MESSAGES_MAX`].
//!
//! Not in here: what messages say, and how they are carried.

use std::collections::VecDeque;

use crate::clock::ms;
use crate::limits::{STREAM_MESSAGES_MAX, STREAM_REPEAT, STREAM_WINDOW};

/// Tells the streams of one sender for one room apart. Later ones are greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId(pub u64);

/// When a sender may forget a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// When the receiver has taken it.
    Taken,
    /// When the receiver has answered it.
    Answered,
}

/// A message and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Numbered<T> {
    /// The stream.
    pub stream: StreamId,
    /// From 1.
    pub number: u64,
    /// What is sent.
    pub message: T,
}

/// The sending end, over all its streams.
#[derive(Debug)]
pub struct StreamSender<T> {
    stream: Option<StreamId>,
    /// The last stream, which may be over.
    latest: Option<StreamId>,
    kept: VecDeque<Kept<T>>,
    /// The number of the first kept message. Numbers have no gaps: what is answered out of turn stays as a blank.
    first: u64,
    /// What the receiver is known to expect: it has taken everything before.
    expected: u64,
    /// What is sent for the first time next.
    next: u64,
    /// Where the sender went back to, so that many answers about one loss go back once.
    went_back_to: Option<u64>,
}

#[derive(Debug)]
struct Kept<T> {
    /// `None` once it may be forgotten.
    message: Option<T>,
    until: Until,
    added_at_ms: i64,
    /// `None`: it has to be sent now, when the window allows it.
    sent_at_ms: Option<i64>,
}

impl<T: Clone> StreamSender<T> {
    /// Nothing is sent before [`Self::begin`].
    pub fn new() -> Self {
        Self { stream: None, latest: None, kept: VecDeque::new(), first: 1, expected: 1, next: 1, went_back_to: None }
    }

    /// Messages that are kept.
    pub fn len(&self) -> usize {
        self.kept.iter().filter(|kept| kept.message.is_some()).count()
    }

    /// Whether every message may be forgotten.
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// Adds a message; gives it back when too many are kept.
    pub fn push(&mut self, message: T, until: Until, now_ms: i64) -> Result<(), T> {
        if self.kept.len() >= STREAM_MESSAGES_MAX {
            return Err(message);
        }
        self.kept.push_back(Kept { message: Some(message), until, added_at_ms: now_ms, sent_at_ms: None });
        Ok(())
    }

    /// There is a receiver. Everything that is kept is sent to it, in order. An id that is not greater than the one before
    /// is ignored.
    pub fn begin(&mut self, stream: StreamId) {
        if self.latest.is_some_and(|latest| stream <= latest) {
            return;
        }
        self.renumber();
        (self.stream, self.latest) = (Some(stream), Some(stream));
    }

    /// Gives up what was added at `before_ms` or earlier, for want of an owner. To be followed by [`Self::begin`] with
    /// another id: until then nothing is sent.
    pub fn give_up(&mut self, before_ms: i64) -> Vec<T> {
        self.renumber();
        self.stream = None;
        let old = self.kept.iter().take_while(|kept| kept.added_at_ms <= before_ms).count();
        self.kept.drain(..old).filter_map(|kept| kept.message).collect()
    }

    /// What to send now. To be called after everything else, and at [`Self::next_due_ms`].
    pub fn due(&mut self, now_ms: i64) -> Vec<Numbered<T>> {
        let Some(stream) = self.stream else { return vec![] };
        let window_ends = self.expected + STREAM_WINDOW;
        let mut due = vec![];
        for (number, kept) in (self.first..).zip(&mut self.kept) {
            let is_due = kept.sent_at_ms.is_none_or(|sent_at_ms| now_ms - sent_at_ms >= ms(STREAM_REPEAT));
            let Some(message) = kept.message.as_ref().filter(|_| is_due && number < window_ends) else { continue };
            kept.sent_at_ms = Some(now_ms);
            due.push(Numbered { stream, number, message: message.clone() });
            self.next = self.next.max(number + 1);
        }
        due
    }

    /// When [`Self::due`] has something to send, if nothing happens before.
    pub fn next_due_ms(&self) -> Option<i64> {
        self.stream?;
        let window_ends = self.expected + STREAM_WINDOW;
        let waiting = (self.first..).zip(&self.kept);
        let waiting = waiting.filter(|(number, kept)| kept.message.is_some() && *number < window_ends);
        waiting.map(|(_, kept)| kept.sent_at_ms.map_or(i64::MIN, |sent_at_ms| sent_at_ms + ms(STREAM_REPEAT))).min()
    }

    /// The receiver expects this number: it has taken everything before, and lacks this one although later ones arrived.
    pub fn expected(&mut self, stream: StreamId, number: u64) {
        if self.stream != Some(stream) || number > self.next {
            return;
        }
        self.taken_before(number);
        if number == self.expected && number < self.next && self.went_back_to != Some(number) {
            self.went_back_to = Some(number);
            for (at, kept) in (self.first..).zip(&mut self.kept) {
                if at >= number {
                    kept.sent_at_ms = None;
                }
            }
        }
    }

    /// The receiver has taken a message and answered it. Returns it the first time.
    pub fn answered(&mut self, stream: StreamId, number: u64) -> Option<T> {
        if self.stream != Some(stream) || !(self.first..self.next).contains(&number) {
            return None;
        }
        self.taken_before(number + 1);
        let at = usize::try_from(number.checked_sub(self.first)?).ok()?;
        let answered = self.kept.get_mut(at)?.message.take();
        self.forget();
        answered
    }

    fn taken_before(&mut self, number: u64) {
        self.expected = self.expected.max(number);
        for (_, kept) in (self.first..self.expected).zip(&mut self.kept) {
            if kept.until == Until::Taken {
                kept.message = None;
            }
        }
        self.forget();
    }

    /// Removes the oldest messages that may be forgotten.
    fn forget(&mut self) {
        while self.kept.front().is_some_and(|kept| kept.message.is_none()) {
            self.kept.pop_front();
            self.first += 1;
        }
    }

    fn renumber(&mut self) {
        self.kept.retain(|kept| kept.message.is_some());
        for kept in &mut self.kept {
            kept.sent_at_ms = None;
        }
        (self.first, self.expected, self.next, self.went_back_to) = (1, 1, 1, None);
    }
}

impl<T: Clone> Default for StreamSender<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// What a receiver does with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is the next one: use it.
    Take,
    /// It was taken before: answer it again, from what is remembered, and say which number is expected.
    Repeated,
    /// It came too early: say which number is expected.
    Early,
    /// It belongs to a stream that is over.
    Over,
}

/// The receiving end, for one sender.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StreamReceiver {
    stream: Option<StreamId>,
    taken: u64,
}

impl StreamReceiver {
    /// Nothing was received.
    pub fn new() -> Self {
        Self::default()
    }

    /// What to do with a message.
    pub fn receive(&mut self, stream: StreamId, number: u64) -> Verdict {
        if self.stream.is_some_and(|current| stream < current) {
            return Verdict::Over;
        }
        if self.stream != Some(stream) {
            *self = Self { stream: Some(stream), taken: 0 };
        }
        if number <= self.taken {
            Verdict::Repeated
        } else if number == self.taken + 1 {
            self.taken = number;
            Verdict::Take
        } else {
            Verdict::Early
        }
    }

    /// The number that is expected, and in which stream.
    pub fn expects(&self) -> Option<(StreamId, u64)> {
        self.stream.map(|stream| (stream, self.taken + 1))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::*;

    const ONE: StreamId = StreamId(1);
    const TWO: StreamId = StreamId(2);
    const REPEAT_MS: i64 = STREAM_REPEAT.as_secs().cast_signed() * 1_000;

    fn sender(messages: &[&'static str]) -> StreamSender<&'static str> {
        let mut sender = StreamSender::new();
        for message in messages {
            sender.push(*message, Until::Answered, 0).expect("few");
        }
        sender
    }

    /// What is due, as `1a 2b`.
    fn due(sender: &mut StreamSender<&str>, now_ms: i64) -> String {
        let due = sender.due(now_ms);
        due.iter().map(|sent| format!("{}{}", sent.number, sent.message)).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn messages_wait_for_an_owner_and_are_sent_once() {
        let mut sender = sender(&["a", "b"]);
        assert_eq!((due(&mut sender, 0), sender.next_due_ms()), (String::new(), None));
        sender.begin(ONE);
        assert_eq!(due(&mut sender, 0), "1a 2b");
        sender.push("c", Until::Answered, 5).expect("few");
        assert_eq!(due(&mut sender, 5), "3c");
        assert_eq!((due(&mut sender, 6), sender.next_due_ms()), (String::new(), Some(REPEAT_MS)));
    }

    #[test]
    fn what_is_unanswered_is_repeated() {
        let mut sender = sender(&["a", "b", "c"]);
        sender.begin(ONE);
        assert_eq!(due(&mut sender, 0), "1a 2b 3c");
        assert_eq!(sender.answered(ONE, 2), Some("b"));
        assert_eq!(sender.answered(ONE, 2), None);
        assert_eq!(due(&mut sender, REPEAT_MS), "1a 3c", "the answer to the first one was lost");
        assert_eq!((sender.answered(ONE, 3), sender.answered(ONE, 1)), (Some("c"), Some("a")));
        assert!(sender.is_empty());
        assert_eq!(sender.next_due_ms(), None);
    }

    #[test]
    fn the_sender_goes_back_once_for_one_loss() {
        let mut sender = sender(&["a", "b", "c"]);
        sender.begin(ONE);
        assert_eq!(due(&mut sender, 0), "1a 2b 3c");
        sender.expected(ONE, 2);
        assert_eq!(due(&mut sender, 1), "2b 3c");
        sender.expected(ONE, 2);
        assert_eq!(due(&mut sender, 2), "", "two messages came early");
        assert_eq!(due(&mut sender, REPEAT_MS), "1a");
        assert_eq!(due(&mut sender, REPEAT_MS + 1), "2b 3c", "it was lost again");
    }

    #[test]
    fn what_needs_no_answer_is_forgotten_once_it_is_taken() {
        let mut sender = sender(&[]);
        sender.push("a", Until::Taken, 0).expect("few");
        sender.push("b", Until::Answered, 0).expect("few");
        sender.begin(ONE);
        assert_eq!(due(&mut sender, 0), "1a 2b");
        assert_eq!(sender.answered(ONE, 2), Some("b"), "whatever is answered has been taken, and all before it");
        assert!(sender.is_empty());
    }

    #[test]
    fn a_new_owner_gets_what_is_unanswered() {
        let mut sender = sender(&["a", "b", "c"]);
        sender.begin(ONE);
        assert_eq!(due(&mut sender, 0), "1a 2b 3c");
        assert_eq!(sender.answered(ONE, 2), Some("b"));
        sender.begin(TWO);
        assert_eq!(due(&mut sender, 1), "1a 2c");
        assert_eq!(sender.answered(ONE, 1), None, "the old owner is late");
        sender.begin(ONE);
        assert_eq!((due(&mut sender, 2), sender.answered(TWO, 1)), (String::new(), Some("a")));
    }

    #[test]
    fn what_has_no_owner_for_too_long_is_given_up() {
        let mut sender = sender(&["a", "b"]);
        sender.begin(ONE);
        assert_eq!(due(&mut sender, 0), "1a 2b");
        sender.push("c", Until::Answered, 10).expect("few");
        assert_eq!(sender.give_up(9), ["a", "b"]);
        sender.begin(ONE);
        assert_eq!(due(&mut sender, 10), "", "that stream is over");
        sender.begin(TWO);
        assert_eq!(due(&mut sender, 10), "1c");
    }

    #[test]
    fn a_window_and_a_total_bound_what_is_kept() {
        let mut sender = StreamSender::new();
        for number in 0..STREAM_MESSAGES_MAX {
            sender.push(number, Until::Taken, 0).expect("it fits");
        }
        assert_eq!(sender.push(0, Until::Taken, 0), Err(0));
        sender.begin(ONE);
        let window = usize::try_from(STREAM_WINDOW).expect("small");
        assert_eq!(sender.due(0).len(), window);
        sender.expected(ONE, STREAM_WINDOW + 1);
        assert_eq!(sender.due(0).len(), window);
        assert_eq!(sender.len(), STREAM_MESSAGES_MAX - window);
    }

    #[test]
    fn answers_about_what_was_not_sent_are_ignored() {
        let mut sender = sender(&["a"]);
        sender.begin(ONE);
        sender.expected(ONE, 2);
        assert_eq!(sender.answered(ONE, 1), None);
        assert_eq!(due(&mut sender, 0), "1a");
        sender.expected(ONE, 900);
        sender.expected(TWO, 2);
        assert_eq!((sender.answered(ONE, 0), sender.answered(ONE, 2), sender.answered(TWO, 1)), (None, None, None));
        assert_eq!(sender.len(), 1);
    }

    #[test]
    fn a_receiver_takes_the_next_number_of_the_latest_stream() {
        use Verdict::{Early, Over, Repeated, Take};
        let mut receiver = StreamReceiver::new();
        assert_eq!(receiver.expects(), None);
        let numbers = [(1, 2), (1, 1), (1, 1), (1, 2), (2, 2), (2, 1), (1, 3), (1, 1), (2, 2)];
        let verdicts = numbers.map(|(stream, number)| receiver.receive(StreamId(stream), number));
        assert_eq!(verdicts, [Early, Take, Repeated, Take, Early, Take, Over, Over, Take]);
        assert_eq!(receiver.expects(), Some((TWO, 3)));
    }

    /// What is on the way between a sender and the owners.
    #[derive(Clone, Debug)]
    enum Flight {
        Message(Numbered<u32>),
        Expected(StreamId, u64),
        Answer(StreamId, u64),
    }

    #[derive(Clone, Copy, Debug)]
    enum Act {
        Push,
        Pass(i64),
        /// Delivers what is at this place.
        Arrive(usize),
        Lose(usize),
        Repeat(usize),
        /// The owner answers a message that it took.
        Answer(usize),
        NewOwner,
        /// The sender forgot which stream it had.
        NewStream,
    }

    fn act() -> impl Strategy<Value = Act> {
        prop_oneof![
            6 => Just(Act::Push),
            3 => (1..REPEAT_MS).prop_map(Act::Pass),
            // Mostly in order.
            12 => Just(Act::Arrive(0)),
            3 => (0..8_usize).prop_map(Act::Arrive),
            3 => (0..8_usize).prop_map(Act::Lose),
            2 => (0..8_usize).prop_map(Act::Repeat),
            6 => (0..8_usize).prop_map(Act::Answer),
            1 => Just(Act::NewOwner),
            1 => Just(Act::NewStream),
        ]
    }

    /// A node, its bus, and the owners of a room, of whom the earlier ones may still live. Odd messages need no answer.
    #[derive(Default)]
    struct World {
        now_ms: i64,
        sender: StreamSender<u32>,
        /// The owner of each stream.
        streams: Vec<usize>,
        owners: Vec<StreamReceiver>,
        pushed: u32,
        flights: VecDeque<Flight>,
        /// By stream, in order.
        taken: BTreeMap<u64, Vec<u32>>,
        unanswered: Vec<(StreamId, u64)>,
        answered: BTreeSet<u32>,
    }

    impl World {
        fn send(&mut self) -> Result<(), TestCaseError> {
            let due = self.sender.due(self.now_ms);
            prop_assert!(due.iter().all(|sent| sent.number < self.sender.expected + STREAM_WINDOW));
            self.flights.extend(due.into_iter().map(Flight::Message));
            prop_assert!(self.sender.next_due_ms().is_none_or(|due_ms| due_ms > self.now_ms));
            Ok(())
        }

        fn arrive(&mut self, flight: Flight) {
            match flight {
                Flight::Message(sent) => {
                    let owner = &mut self.owners[self.streams[usize::try_from(sent.stream.0).unwrap()]];
                    let (verdict, expects) = (owner.receive(sent.stream, sent.number), owner.expects());
                    match verdict {
                        Verdict::Take => {
                            self.taken.entry(sent.stream.0).or_default().push(sent.message);
                            if sent.message % 2 == 0 {
                                self.unanswered.push((sent.stream, sent.number));
                            }
                        }
                        Verdict::Repeated if sent.message % 2 == 0 => {
                            self.flights.push_back(Flight::Answer(sent.stream, sent.number));
                        }
                        Verdict::Repeated | Verdict::Early | Verdict::Over => {}
                    }
                    if let (Verdict::Repeated | Verdict::Early, Some((stream, number))) = (verdict, expects) {
                        self.flights.push_back(Flight::Expected(stream, number));
                    }
                }
                Flight::Expected(stream, number) => self.sender.expected(stream, number),
                Flight::Answer(stream, number) => self.answered.extend(self.sender.answered(stream, number)),
            }
        }

        fn new_owner(&mut self) {
            self.owners.push(StreamReceiver::new());
            self.new_stream();
        }

        fn new_stream(&mut self) {
            self.sender.begin(StreamId(self.streams.len() as u64));
            self.streams.push(self.owners.len() - 1);
        }

        fn act(&mut self, act: Act) {
            match act {
                Act::Push => {
                    let until = if self.pushed.is_multiple_of(2) { Until::Answered } else { Until::Taken };
                    if self.sender.push(self.pushed, until, self.now_ms).is_ok() {
                        self.pushed += 1;
                    }
                }
                Act::Pass(for_ms) => self.now_ms += for_ms,
                Act::Arrive(at) => {
                    if let Some(flight) = self.flights.remove(at) {
                        self.arrive(flight);
                    }
                }
                Act::Lose(at) => drop(self.flights.remove(at)),
                Act::Repeat(at) => self.flights.extend(self.flights.get(at).cloned()),
                Act::Answer(at) if at < self.unanswered.len() => {
                    let (stream, number) = self.unanswered.remove(at);
                    self.flights.push_back(Flight::Answer(stream, number));
                }
                Act::Answer(_) => {}
                Act::NewOwner => self.new_owner(),
                Act::NewStream => self.new_stream(),
            }
        }
    }

    proptest! {
        /// Whatever is lost, repeated or overtaken, and however often the owner changes: each owner takes what it takes once
        /// and in order, and once the bus is calm everything has been taken, and answered where it needs to be.
        #[test]
        fn everything_arrives(acts in prop::collection::vec(act(), 1..400)) {
            let mut world = World::default();
            world.new_owner();
            for act in acts {
                world.act(act);
                world.send()?;
                prop_assert!(world.sender.kept.len() <= STREAM_MESSAGES_MAX);
            }
            for _ in 0..STREAM_MESSAGES_MAX {
                while let Some(flight) = world.flights.pop_front() {
                    world.arrive(flight);
                    world.send()?;
                }
                while !world.unanswered.is_empty() {
                    world.act(Act::Answer(0));
                }
                if world.sender.is_empty() && world.flights.is_empty() {
                    break;
                }
                world.now_ms += REPEAT_MS;
                world.send()?;
            }
            prop_assert!(world.sender.is_empty(), "{:?}", world.sender);
            for taken in world.taken.values() {
                prop_assert!(taken.is_sorted_by(|one, next| one < next), "once and in order: {taken:?}");
            }
            let taken: BTreeSet<u32> = world.taken.into_values().flatten().collect();
            prop_assert_eq!(taken, (0..world.pushed).collect::<BTreeSet<_>>());
            prop_assert_eq!(world.answered, (0..world.pushed).step_by(2).collect::<BTreeSet<_>>());
        }
    }
}
