//! The program: prints its URL, serves, and stops on a signal.

use std::process::Stdio;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::Command;

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tutti-spotify-stand-in"));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

#[tokio::test]
async fn the_program_prints_its_url_serves_and_stops_on_sigterm() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut child = program().args(["--listen", "127.0.0.1:0", "--client-id", "mine"]).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let url = lines.next_line().await.unwrap().unwrap();
    assert!(url.starts_with("http://127.0.0.1:"), "{url}");

    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let back = "http://127.0.0.1:8080/api/v1/auth/spotify/callback";
    let query = [("client_id", "mine"), ("response_type", "code"), ("redirect_uri", back)];
    let page = client.get(format!("{url}/authorize")).query(&query).send().await.unwrap();
    assert_eq!(page.status(), 200);

    let pid = child.id().unwrap().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().await.unwrap().success());
    assert!(child.wait().await.unwrap().success());
    assert_eq!(lines.next_line().await.unwrap(), None, "the URL is all it prints");
}

#[tokio::test]
async fn the_program_accepts_only_loopback_addresses() {
    let mut child = program().args(["--listen", "0.0.0.0:0"]).spawn().unwrap();
    assert!(!child.wait().await.unwrap().success());
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).await.unwrap();
    assert!(said.contains("not a loopback address"), "{said}");
}
