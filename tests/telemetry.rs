//! What is counted, read from a real server as Prometheus reads it.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tutti_protocol::Command;
use tutti_test_client::RoomClient;

use crate::support::TestServer;

/// Every line that is a whole number, by name and labels.
async fn scrape(server: &TestServer) -> BTreeMap<String, u64> {
    let address = server.metrics_address().expect("metrics are read somewhere");
    let answer = reqwest::get(format!("http://{address}/metrics")).await.expect("an answer");
    assert_eq!(answer.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    let text = answer.text().await.expect("text");
    let numbers = text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.rsplit_once(' '));
    numbers.filter_map(|(name, number)| Some((name.to_owned(), number.parse().ok()?))).collect()
}

fn status(error_ms: f64, measured: Option<&str>) -> Value {
    let mut playback = json!({ "entry": null, "position_ms": 0, "at_ms": 0, "error_ms": error_ms, "state": "playing", "deviation_ms": 1 });
    if let Some(measured) = measured {
        playback["measured"] = measured.into();
    }
    json!({ "type": "status", "playback": playback })
}

/// What was sent before has been taken in.
async fn taken_in(socket: &mut RoomClient) {
    socket.send(&json!({ "type": "sync", "t0": 1 })).await;
    assert!(socket.sync_or_close().await);
}

#[tokio::test]
async fn a_scrape_tells_what_happened_and_names_nobody() {
    let mut server = TestServer::start_with(&["--metrics-listen=127.0.0.1:0"]).await;
    let ana = server.guest("Ana").await;
    let code = ana.room("Kitchen", None).await.code.to_string();
    let (mut one, _other) = (ana.enter(&code).await, ana.enter(&code).await);
    one.ask(Command::Lock).await;
    one.ask(Command::Pause).await;
    for (error_ms, measured) in [
        (0.5, Some("estimated")),
        (-4.0, Some("estimated")),
        (20.0, Some("heard")),
        (1e300, Some("heard")),
        (7.0, None),
    ] {
        one.send(&status(error_ms, measured)).await;
    }
    taken_in(&mut one).await;
    let position = one.position().expect("known");
    let mut back = ana.resume(&code, position).await;
    back.welcome().await;

    let read = scrape(&server).await;
    let of = |name: &str| *read.get(name).unwrap_or_else(|| panic!("{name} in {read:#?}"));
    assert_eq!(of("tutti_connections"), 3);
    assert_eq!(of("tutti_rooms"), 1);
    assert_eq!(of("tutti_commands_total{outcome=\"accepted\"}"), 1);
    assert_eq!(of("tutti_commands_total{outcome=\"refused\"}"), 1, "nothing is on");
    assert_eq!(of("tutti_joins_total{catch_up=\"first\"}"), 2);
    assert_eq!(of("tutti_joins_total{catch_up=\"nothing\"}"), 1);
    assert_eq!(of("tutti_deltas_total"), 1);
    assert_eq!(of("tutti_delta_deliveries_total"), 2);
    assert!(of("tutti_journal_batches_total{outcome=\"durable\"}") >= 1);
    assert_eq!(of("tutti_journal_batches_total{outcome=\"failed\"}"), 0);
    assert!(of("tutti_journal_commit_milliseconds_count") >= 1);
    let error = |measured: &str, bound: &str| {
        of(&format!("tutti_device_error_milliseconds_bucket{{measured=\"{measured}\",le=\"{bound}\"}}"))
    };
    assert_eq!((error("estimated", "1"), error("estimated", "5")), (1, 2));
    assert_eq!(
        (error("heard", "10"), error("heard", "30"), error("heard", "1000"), error("heard", "+Inf")),
        (0, 1, 1, 2)
    );
    let named = [code.as_str(), &ana.id.to_string()];
    assert!(read.keys().all(|name| named.iter().all(|id| !name.contains(id))), "no label is a room or a person");
    server.stop().await;
}

#[tokio::test]
async fn metrics_are_read_nowhere_unless_it_was_said_where() {
    let mut server = TestServer::start().await;
    assert_eq!(server.metrics_address(), None);
    let answer = reqwest::get(server.url("/metrics")).await.expect("an answer");
    assert!(!answer.text().await.expect("text").contains("tutti_connections"), "and not where people go");
    server.stop().await;
}
