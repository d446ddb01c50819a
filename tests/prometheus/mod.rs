//! What operators load into Prometheus and Grafana, in the programs that load it: Debian's promtool and prometheus.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, Command};
use tutti_protocol::Command as RoomCommand;

use crate::support::TestServer;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const ALERTS: &str = include_str!("../../deploy/prometheus/alerts.yml");
const SITUATIONS: &str = include_str!("alerts.test.yml");
const DASHBOARD: &str = include_str!("../../deploy/grafana/tutti.json");
/// Starting, scraping and asking are done sooner.
const PATIENCE: Duration = Duration::from_secs(30);

/// A program of the package: where Debian installs it, where `.ci/setup` unpacks it, or on the `PATH`.
fn program(name: &str) -> PathBuf {
    let unpacked = Path::new(ROOT).join("target/tools/prometheus/usr/bin").join(name);
    [Path::new("/usr/bin").join(name), unpacked].into_iter().find(|path| path.exists()).unwrap_or_else(|| name.into())
}

async fn promtool(arguments: &[&str], input: &str) -> Output {
    let mut command = Command::new(program("promtool"));
    command.args(arguments).current_dir(ROOT).kill_on_drop(true);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool is there: see `make setup`");
    let mut stdin = child.stdin.take().expect("piped");
    stdin.write_all(input.as_bytes()).await.expect("it reads");
    drop(stdin);
    child.wait_with_output().await.expect("it ends")
}

fn assert_clean(output: &Output) {
    let said = String::from_utf8_lossy(&[&output.stdout[..], &output.stderr[..]].concat()).into_owned();
    assert!(output.status.success(), "{said}");
}

async fn metrics(server: &TestServer) -> String {
    let address = server.metrics_address().expect("it serves them");
    reqwest::get(format!("http://{address}/metrics")).await.expect("a response").text().await.expect("text")
}

/// A server on which something of everything has happened.
async fn busy_server() -> TestServer {
    let server = TestServer::start_with(&["--metrics-listen=127.0.0.1:0"]).await;
    act(&server).await;
    server
}

async fn act(server: &TestServer) {
    let ana = server.guest("Ana").await;
    let code = ana.room("Kitchen", None).await.code.to_string();
    let mut socket = ana.enter(&code).await;
    socket.ask(RoomCommand::Lock).await;
    socket.ask(RoomCommand::Pause).await;
    for measured in ["estimated", "heard"] {
        let playback = json!({
            "entry": null, "position_ms": 0, "at_ms": 0, "error_ms": 3.0, "state": "playing", "deviation_ms": 1,
            "measured": measured,
        });
        socket.send(&json!({ "type": "status", "playback": playback })).await;
    }
    socket.send(&json!({ "type": "sync", "t0": 1 })).await;
    assert!(socket.sync_or_close().await);
}

#[tokio::test]
async fn metrics_follow_the_conventions_of_prometheus() {
    let mut server = busy_server().await;
    let text = metrics(&server).await;
    let output = promtool(&["check", "metrics"], &text).await;
    assert_clean(&output);
    assert_eq!(String::from_utf8_lossy(&output.stderr).trim(), "", "there are no remarks either");
    // The check is one: it refuses what earlier versions served.
    let renamed = text.replace("tutti_journal_commit_seconds", "tutti_journal_commit_milliseconds");
    assert!(!promtool(&["check", "metrics"], &renamed).await.status.success());
    server.stop().await;
}

#[tokio::test]
async fn alerts_fire_in_the_situations_that_they_are_for() {
    assert_clean(&promtool(&["check", "rules", "deploy/prometheus/alerts.yml"], "").await);
    assert_clean(&promtool(&["test", "rules", "tests/prometheus/alerts.test.yml"], "").await);
    let named = |text: &str, key: &str| {
        let names = text.lines().filter_map(|line| line.trim().trim_start_matches("- ").strip_prefix(key));
        names.map(|name| name.trim().to_owned()).collect::<Vec<_>>()
    };
    let alerts = named(ALERTS, "alert:");
    assert!(alerts.len() > 10, "{alerts:?}");
    for alert in alerts {
        let times = named(SITUATIONS, "alertname:").iter().filter(|name| **name == alert).count();
        assert_eq!(times, 2, "{alert} is evaluated before and in its situation");
    }
}

#[tokio::test]
async fn alerts_and_dashboard_name_existing_metrics_only() {
    let mut server = busy_server().await;
    let text = metrics(&server).await;
    let names = |text: &str| -> BTreeSet<String> {
        let words = text.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'));
        let ours = words.filter(|word| word.starts_with("tutti_") || word.starts_with("process_"));
        ours.map(str::to_owned).collect()
    };
    let known = names(&text);
    let queries = queries().join("\n");
    for used in names(ALERTS).union(&names(&queries)) {
        assert!(known.contains(used), "{used} is no metric");
    }
    // Every process that Prometheus scrapes has these.
    for line in ALERTS.lines().chain(queries.lines()).filter(|line| line.contains("process_")) {
        let all = line.matches("process_").count();
        assert_eq!(line.matches("{job=\"tutti\"").count(), all, "of Tutti's job only: {line}");
    }
    server.stop().await;
}

/// All queries of the dashboard, with its variables filled in.
fn queries() -> Vec<String> {
    let dashboard: Value = serde_json::from_str(DASHBOARD).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels");
    let targets = panels.iter().filter_map(|panel| panel["targets"].as_array()).flatten();
    let queries = targets.map(|target| target["expr"].as_str().expect("a query"));
    queries.map(|query| query.replace("$__rate_interval", "10s").replace("$instance", ".*")).collect()
}

/// A Prometheus that scrapes a server; killed when dropped.
struct Prometheus {
    _child: Child,
    _folder: TempDir,
    url: String,
}

impl Prometheus {
    async fn scraping(target: std::net::SocketAddr) -> Self {
        let folder = TempDir::new().expect("a folder");
        let config = folder.path().join("prometheus.yml");
        let alerts = Path::new(ROOT).join("deploy/prometheus/alerts.yml");
        let text = json!({
            "global": { "scrape_interval": "1s", "evaluation_interval": "1s" },
            "rule_files": [alerts],
            "scrape_configs": [{ "job_name": "tutti", "static_configs": [{ "targets": [target.to_string()] }] }],
        });
        // JSON is YAML.
        std::fs::write(&config, text.to_string()).expect("a file");
        let mut command = Command::new(program("prometheus"));
        command.arg(format!("--config.file={}", config.display()));
        command.arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()));
        command.args(["--web.listen-address=127.0.0.1:0", "--log.level=info"]);
        let mut child = command.stderr(Stdio::piped()).kill_on_drop(true).spawn().expect("prometheus is there");
        let mut lines = BufReader::new(child.stderr.take().expect("its log")).lines();
        let listening = async {
            let mut said = String::new();
            while let Ok(Some(line)) = lines.next_line().await {
                if let Some((_, rest)) = line.split_once("Listening on\" address=") {
                    return rest.split_whitespace().next().expect("an address").to_owned();
                }
                said += &line;
                said.push('\n');
            }
            panic!("prometheus does not start: {said}")
        };
        let address = tokio::time::timeout(PATIENCE, listening).await.expect("it starts");
        // Its log is read on: it would stop at a full pipe.
        #[expect(clippy::disallowed_methods, reason = "it ends with the program, whose log it reads")]
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Self { _child: child, _folder: folder, url: format!("http://{address}") }
    }

    /// The values that a query has now.
    async fn query(&self, query: &str) -> Vec<f64> {
        let url = format!("{}/api/v1/query", self.url);
        let answer = reqwest::Client::new().get(url).query(&[("query", query)]).send().await.expect("an answer");
        let answer: Value = answer.json().await.expect("JSON");
        assert_eq!(answer["status"], "success", "{query}: {answer}");
        let values = answer["data"]["result"].as_array().expect("series").iter();
        values.map(|series| series["value"][1].as_str().expect("a value").parse().expect("a number")).collect()
    }
}

#[tokio::test]
async fn every_query_of_the_dashboard_has_data() {
    let mut server = busy_server().await;
    let prometheus = Prometheus::scraping(server.metrics_address().expect("it serves them")).await;
    let scraped = async {
        // Rates need two scrapes, between which something happens.
        while prometheus.query("count_over_time(up{job=\"tutti\"}[1m]) >= 2").await.is_empty() {
            act(&server).await;
        }
        let seen = prometheus.query("count_over_time(up{job=\"tutti\"}[1m])").await;
        while prometheus.query("count_over_time(up{job=\"tutti\"}[1m])").await <= seen {
            act(&server).await;
        }
    };
    tokio::time::timeout(PATIENCE, scraped).await.expect("it scrapes");
    assert_eq!(prometheus.query("up{job=\"tutti\"}").await, [1.0]);
    let queries = queries();
    assert!(queries.len() > 30, "{queries:?}");
    for query in queries {
        let values = prometheus.query(&query).await;
        assert!(!values.is_empty(), "no data: {query}");
        // Nothing asks Spotify here, and a quantile of nothing is no number.
        let is_known = |value: &f64| value.is_finite();
        assert!(values.iter().any(is_known) || query.contains("tutti_spotify"), "no number: {query}");
    }
    server.stop().await;
}
