//! What only NATS does.

use bytes::Bytes;
use tutti::cluster::bus::{Bus, BusState, Subject};

use super::bus::{inbox, life, nats_bus, receive, say, wait_for, within};
use crate::support::mariadb::free_port;
use crate::support::nats::NatsServer;

/// The subjects that are subscribed to, from NATS's monitoring.
async fn subscriptions(monitor: u16) -> String {
    // For the HTTP client.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let url = format!("http://127.0.0.1:{monitor}/connz?subs=1");
    reqwest::get(url).await.expect("an answer").text().await.expect("text")
}

/// What was handed to the client before the connection broke would otherwise be sent after it.
#[tokio::test]
async fn what_was_sent_into_a_frozen_nats_does_not_arrive_after_its_restart() {
    let mut server = NatsServer::start(&[]);
    let (ana, ben) = (nats_bus(&server.url(), "tutti", life(1)), nats_bus(&server.url(), "tutti", life(2)));
    let mut of_ben = inbox(&ben).await;
    wait_for(&ana, BusState::Connected).await;
    server.freeze();
    let message = Bytes::from(vec![b'x'; 100_000]);
    let sent = (0..200).filter(|_| ana.send(Subject::Node(life(2)), message.clone())).count();
    assert!(sent > 100, "{sent} were sent");
    server.kill();
    for bus in [&ana, &ben] {
        wait_for(bus, BusState::Disconnected).await;
    }
    server.start_again();
    for bus in [&ana, &ben] {
        wait_for(bus, BusState::Connected).await;
    }
    say(&ana, Subject::Node(life(2)), "after");
    assert_eq!([receive(&mut of_ben).await, receive(&mut of_ben).await], ["-", "after"]);
}

#[tokio::test]
async fn a_frozen_nats_is_noticed() {
    let server = NatsServer::start(&[]);
    let ana = nats_bus(&server.url(), "tutti", life(1));
    let mut of_ana = inbox(&ana).await;
    server.freeze();
    wait_for(&ana, BusState::Disconnected).await;
    server.thaw();
    assert_eq!(receive(&mut of_ana).await, "-");
}

#[tokio::test]
async fn a_server_that_runs_is_found_among_several() {
    let server = NatsServer::start(&[]);
    let urls = format!("nats://127.0.0.1:{},{}", free_port(), server.url());
    wait_for(&nats_bus(&urls, "tutti", life(1)), BusState::Connected).await;
}

#[tokio::test]
async fn one_logs_in_with_a_password_or_a_token() {
    let password = (vec!["--user", "ana", "--pass", "p@ss"], "ana:p%40ss");
    for (arguments, login) in [password, (vec!["--auth", "t0ken"], "t0ken")] {
        let server = NatsServer::start(&arguments);
        let url = format!("nats://{login}@127.0.0.1:{}", server.port());
        wait_for(&nats_bus(&url, "tutti", life(1)), BusState::Connected).await;
    }
}

#[tokio::test]
async fn clusters_with_different_prefixes_do_not_hear_each_other() {
    let server = NatsServer::start(&[]);
    let (ana, ben) = (nats_bus(&server.url(), "one", life(1)), nats_bus(&server.url(), "two", life(2)));
    let (mut of_ana, mut of_ben) = (inbox(&ana).await, inbox(&ben).await);
    say(&ana, Subject::All, "in one");
    assert_eq!(receive(&mut of_ana).await, "in one");
    say(&ben, Subject::All, "in two");
    assert_eq!(receive(&mut of_ben).await, "in two");
}

#[tokio::test]
async fn nats_is_asked_what_it_takes() {
    let dir = tempfile::tempdir().expect("a folder");
    let config = dir.path().join("nats.conf");
    std::fs::write(&config, "max_payload: 1000\n").expect("written");
    let server = NatsServer::start(&["-c", config.to_str().expect("text")]);
    let ana = nats_bus(&server.url(), "tutti", life(1));
    wait_for(&ana, BusState::Connected).await;
    assert!(!ana.send(Subject::All, vec![b'x'; 1_001].into()));
    assert!(ana.send(Subject::All, vec![b'x'; 1_000].into()));
}

#[tokio::test]
async fn a_dropped_bus_leaves() {
    let monitor = free_port();
    let server = NatsServer::start(&["-m", &monitor.to_string()]);
    let ana = nats_bus(&server.url(), "tutti", life(1));
    let mut of_ana = inbox(&ana).await;
    assert!(subscriptions(monitor).await.contains("tutti.all"));
    drop(ana);
    assert_eq!(within(of_ana.recv()).await, None);
    within(async { while subscriptions(monitor).await.contains("tutti.") {} }).await;
}
