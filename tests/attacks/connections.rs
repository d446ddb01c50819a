//! Connections that send too little, read nothing, or are too many.

use futures_util::future::join_all;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{PATIENCE, Party, connect};
use crate::support::Process;

const UNFINISHED_BODY: &[u8] = b"POST /api/v1/auth/guest HTTP/1.1\r\nHost: 127.0.0.1\r\n\
    Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{";
/// What a page asks for first.
const GET_SERVER: &[u8] = b"GET /api/v1/server HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";

async fn read(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    let _ = timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("the server closes the connection");
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn unfinished_bodies_are_refused() {
    let mut party = Party::start(&[]).await;
    let mut streams = Vec::new();
    for _ in 0..200 {
        streams.push(connect(party.address, UNFINISHED_BODY).await);
    }
    party.is_undisturbed().await;
    for stream in streams {
        let answer = read(stream).await;
        assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    }
}

#[tokio::test]
async fn one_network_cannot_take_all_connections() {
    let mut party = Party::start(&["--limit-connections-per-address=20"]).await;
    let mut idle = Vec::new();
    for _ in 0..60 {
        idle.push(connect(party.address, b"").await);
    }
    let answer = read(connect(party.address, GET_SERVER).await).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 429 "), "{answer}");
    party.is_undisturbed().await;
    assert_eq!(reqwest::get(format!("http://{}/readyz", party.address)).await.expect("another network").status(), 200);
    drop(idle);
    // The places are free again once the server has seen the ends of the connections.
    let served = async { while !read(connect(party.address, GET_SERVER).await).await.starts_with("HTTP/1.1 200 ") {} };
    timeout(PATIENCE, served).await.expect("the places are free again");
}

#[tokio::test]
async fn responses_that_are_not_read_cost_little_memory() {
    let mut party = Party::start(&["--audio-access=users"]).await;
    let track = party.host.tracks().await.remove(0);
    let eve = party.attacker("Eve").await;
    let request = format!(
        "GET /api/v1/library/tracks/{}/audio HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {}\r\n\r\n",
        track.id, eve.token
    );
    let mut streams = Vec::new();
    for _ in 0..300 {
        streams.push(connect(party.address, request.repeat(20).as_bytes()).await);
    }
    party.is_undisturbed().await;
}

#[tokio::test]
async fn a_server_without_free_descriptors_goes_on() {
    let dir = tempfile::tempdir().expect("a folder");
    let server = Process::start_with_descriptors(dir.path(), 200);
    let mut party = Party::on(server, dir).await;
    let mut idle = Vec::new();
    for _ in 0..250 {
        idle.push(connect(party.address, b"").await);
    }
    party.is_undisturbed().await;
    drop(idle);
    let served = async { while !read(connect(party.address, GET_SERVER).await).await.starts_with("HTTP/1.1 200 ") {} };
    timeout(PATIENCE, served).await.expect("connections are served again");
    let lines = party.server.log_lines_until_stopped().await;
    let about_connections = lines.iter().filter(|line| line.contains("connection")).count();
    assert!((1..=40).contains(&about_connections), "{about_connections} lines: {lines:#?}");
}

#[tokio::test]
async fn a_log_line_is_written_for_refusals_at_the_door_but_not_for_each() {
    let mut party = Party::start(&[]).await;
    let eve = party.attacker("Eve").await;
    let guess = eve.hello("000000");
    join_all((0..100).map(|_| async {
        super::RawSocket::open(party.address, &guess).await.close_code().await;
    }))
    .await;
    party.is_undisturbed().await;
    let lines = party.server.log_lines_until_stopped().await;
    let refused: Vec<_> = lines.iter().filter(|line| line.contains("connection refused")).collect();
    assert!((1..=60).contains(&refused.len()), "{refused:#?}");
    assert!(refused[0].contains("code=4502") && refused[0].contains("address=127.0.0.2"), "{}", refused[0]);
}
