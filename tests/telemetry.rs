//! Metrics of a real server, scraped as Prometheus does.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tutti_protocol::Command;
use tutti_test_client::RoomClient;

use crate::support::TestServer;

/// The integer samples by name and labels.
async fn scrape(server: &TestServer) -> BTreeMap<String, u64> {
    let address = server.metrics_address().expect("the server has a metrics listener");
    let response = reqwest::get(format!("http://{address}/metrics")).await.expect("a response");
    assert_eq!(response.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    let text = response.text().await.expect("text");
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

/// Waits until the server has processed everything sent so far.
async fn processed(socket: &mut RoomClient) {
    socket.send(&json!({ "type": "sync", "t0": 1 })).await;
    assert!(socket.sync_or_close().await);
}

#[tokio::test]
async fn metrics_count_what_happened_without_identifying_rooms_or_users() {
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
    processed(&mut one).await;
    let position = one.position().expect("known");
    let mut back = ana.resume(&code, position).await;
    back.welcome().await;

    let read = scrape(&server).await;
    let of = |name: &str| *read.get(name).unwrap_or_else(|| panic!("{name} in {read:#?}"));
    assert_eq!(of("tutti_connections"), 3);
    assert_eq!(of("tutti_rooms"), 1);
    assert_eq!(of("tutti_commands_total{outcome=\"accepted\"}"), 1);
    assert_eq!(of("tutti_commands_total{outcome=\"refused\"}"), 1, "nothing plays");
    assert_eq!(of("tutti_joins_total{catch_up=\"first\"}"), 2);
    assert_eq!(of("tutti_joins_total{catch_up=\"nothing\"}"), 1);
    assert_eq!(of("tutti_deltas_total"), 1);
    assert_eq!(of("tutti_delta_deliveries_total"), 2);
    assert!(of("tutti_journal_batches_total{outcome=\"durable\"}") >= 1);
    assert_eq!(of("tutti_journal_batches_total{outcome=\"failed\"}"), 0);
    assert!(of("tutti_journal_commit_seconds_count") >= 1);
    assert_eq!(of("tutti_command_refusals_total{reason=\"nothing_on\"}"), 1);
    assert!(of("tutti_http_requests_total{class=\"auth\",status=\"2xx\"}") >= 1);
    assert!(of("tutti_http_request_duration_seconds_count{class=\"socket\"}") >= 3);
    let error = |measured: &str, bound: &str| {
        of(&format!("tutti_device_error_seconds_bucket{{measured=\"{measured}\",le=\"{bound}\"}}"))
    };
    assert_eq!((error("estimated", "0.001"), error("estimated", "0.005")), (1, 2));
    assert_eq!(
        (error("heard", "0.01"), error("heard", "0.03"), error("heard", "1"), error("heard", "+Inf")),
        (0, 1, 1, 2)
    );
    let named = [code.as_str(), &ana.id.to_string()];
    assert!(read.keys().all(|name| named.iter().all(|id| !name.contains(id))), "no label identifies a room or a user");
    server.stop().await;
}

#[tokio::test]
async fn metrics_are_off_by_default_and_never_on_the_public_address() {
    let mut server = TestServer::start().await;
    assert_eq!(server.metrics_address(), None);
    let response = reqwest::get(server.url("/metrics")).await.expect("a response");
    assert!(!response.text().await.expect("text").contains("tutti_connections"), "not on the public address");
    server.stop().await;
}
