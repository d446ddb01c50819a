//! The faults of the bus in memory.

use std::time::Duration;

use tokio::task::JoinSet;
use tutti::clock::Clock;
use tutti::cluster::bus::{Bus, BusState, Inbox, Subject};
use tutti::cluster::memory::{Faults, MemoryBus, MemoryNetwork};

use super::bus::{inbox, life, receive, say, text};

fn ms(number: u64) -> Duration {
    Duration::from_millis(number)
}

fn takes(least_ms: u64, most_ms: u64) -> Faults {
    Faults { delay: ms(least_ms)..=ms(most_ms), ..Faults::NONE }
}

async fn pair(network: &MemoryNetwork) -> (MemoryBus, MemoryBus, Inbox) {
    let (ana, ben) = (network.join(life(1)), network.join(life(2)));
    let of_ben = inbox(&ben).await;
    (ana, ben, of_ben)
}

fn say_numbers(bus: &dyn Bus, count: usize) {
    for number in 0..count {
        say(bus, Subject::Node(life(2)), &number.to_string());
    }
}

/// All that has arrived.
fn heard(inbox: &mut Inbox) -> Vec<String> {
    std::iter::from_fn(|| inbox.try_recv()).map(|delivery| text(Some(delivery))).collect()
}

fn numbers(count: usize) -> Vec<String> {
    (0..count).map(|number| number.to_string()).collect()
}

#[tokio::test]
async fn a_delay_keeps_the_order() {
    let network = MemoryNetwork::new(1, takes(1, 50));
    let (ana, _ben, mut of_ben) = pair(&network).await;
    say_numbers(&ana, 100);
    assert_eq!(heard(&mut of_ben), [""; 0]);
    network.pass(ms(50));
    assert_eq!(heard(&mut of_ben), numbers(100));
}

#[tokio::test]
async fn messages_are_lost_repeated_and_overtaken_the_same_way_for_one_seed() {
    let mut runs = vec![];
    for seed in [7, 7, 8] {
        let network = MemoryNetwork::new(seed, Faults { lost: 20, repeated: 20, overtaking: 20, ..takes(1, 50) });
        let (ana, _ben, mut of_ben) = pair(&network).await;
        say_numbers(&ana, 200);
        network.pass(ms(50));
        runs.push(heard(&mut of_ben));
    }
    assert_eq!(runs[0], runs[1]);
    assert_ne!(runs[0], runs[2]);
    let at = |number: &str| runs[0].iter().position(|text| text == number);
    assert!(numbers(200).iter().any(|number| at(number).is_none()), "some are lost");
    let times = |number: &String| runs[0].iter().filter(|text| *text == number).count();
    assert!(numbers(200).iter().any(|number| times(number) == 2), "some come twice");
    assert!(!runs[0].is_sorted_by_key(|number| number.parse::<u32>().expect("a number")), "some are overtaken");
}

#[tokio::test]
async fn parted_lives_do_not_hear_each_other_and_are_not_told() {
    let network = MemoryNetwork::new(1, takes(10, 10));
    let (ana, ben, mut of_ben) = pair(&network).await;
    let cleo = network.join(life(3));
    say(&ana, Subject::Node(life(2)), "in flight");
    network.part(life(1), life(2));
    say(&ana, Subject::Node(life(2)), "parted");
    say(&cleo, Subject::Node(life(2)), "from cleo");
    network.pass(ms(10));
    network.reunite(life(1), life(2));
    say(&ana, Subject::Node(life(2)), "reunited");
    network.pass(ms(10));
    assert_eq!(heard(&mut of_ben), ["from cleo", "reunited"]);
    assert_eq!(*ben.state().borrow(), BusState::Connected);
}

#[tokio::test]
async fn a_disconnection_swallows_the_end_of_what_was_sent() {
    let mut arrived = vec![];
    for seed in 0..20 {
        let network = MemoryNetwork::new(seed, takes(10, 10));
        let (ana, ben, mut of_ben) = pair(&network).await;
        say_numbers(&ana, 5);
        network.disconnect(life(1));
        assert!(!ana.send(Subject::All, "x".into()));
        network.pass(ms(10));
        let heard = heard(&mut of_ben);
        assert_eq!(heard, numbers(heard.len()), "it is the end that is missing");
        arrived.push(heard.len());
        network.connect(life(1));
        say(&ben, Subject::Node(life(2)), "to ben himself");
        network.pass(ms(10));
        assert_eq!(receive(&mut of_ben).await, "to ben himself", "who stays connected is told nothing");
    }
    assert!(arrived.contains(&0) && arrived.contains(&5), "{arrived:?}");
}

#[tokio::test]
async fn what_flies_to_a_disconnected_life_is_lost() {
    let network = MemoryNetwork::new(1, takes(10, 10));
    let (ana, _ben, mut of_ben) = pair(&network).await;
    say(&ana, Subject::Node(life(2)), "in flight");
    network.disconnect(life(2));
    say(&ana, Subject::Node(life(2)), "cut off");
    network.pass(ms(10));
    network.connect(life(2));
    say(&ana, Subject::Node(life(2)), "again");
    network.pass(ms(10));
    assert_eq!(heard(&mut of_ben), ["-", "again"]);
}

#[tokio::test(start_paused = true)]
async fn messages_arrive_as_tokio_s_time_passes() {
    let clock = Clock::starting_at(0.0);
    let network = MemoryNetwork::new(1, takes(30, 30));
    let mut tasks = JoinSet::new();
    tasks.spawn(network.clone().run(clock));
    let (ana, _ben, mut of_ben) = pair(&network).await;
    for number in 1..=3 {
        say(&ana, Subject::Node(life(2)), "x");
        assert_eq!(receive(&mut of_ben).await, "x");
        let passed_ms = clock.now_ms() - 30 * number;
        assert!((0..=number).contains(&passed_ms), "{passed_ms} ms late: a timer takes whole milliseconds");
    }
}
