//! Sockets that send too much or read nothing.

use futures_util::future::join_all;
use serde_json::json;
use tutti_protocol::{Command, ServerFrame};
use tutti_test_client::TestUser;
use tutti_test_client::frame::{CLOSE, PING, TEXT};
use uuid::Uuid;

use super::{Party, RawSocket};

fn command(command: &serde_json::Value) -> Vec<u8> {
    json!({ "type": "command", "id": Uuid::new_v4(), "command": command }).to_string().into_bytes()
}

/// Sockets of one user in the party's room.
async fn sockets_of(party: &Party, eve: &TestUser, count: usize) -> Vec<RawSocket> {
    let hello = eve.hello(&party.code);
    join_all((0..count).map(|_| RawSocket::open(party.address, &hello))).await
}

#[tokio::test]
async fn unknown_commands_are_not_echoed_and_end_the_connection() {
    let mut party = Party::start(&[]).await;
    let eve = party.attacker("Eve").await;
    let mut sockets = sockets_of(&party, &eve, 10).await;
    let unknown = command(&json!({ "name": "x".repeat(60_000) }));
    for socket in &mut sockets {
        for _ in 0..200 {
            if !socket.send(TEXT, &unknown).await {
                break;
            }
        }
    }
    party.is_undisturbed().await;
    for mut socket in sockets {
        let sent = socket.read_to_end().await.len();
        assert!(sent < 256 * 1024, "{sent} bytes for a few hundred commands of 60,000");
    }
}

#[tokio::test]
async fn a_hundred_refusals_end_the_connection() {
    let party = Party::start(&[]).await;
    let eve = party.attacker("Eve").await;
    let mut socket = RawSocket::open(party.address, &eve.hello(&party.code)).await;
    let unknown = command(&json!({ "name": "levitate" }));
    for _ in 0..300 {
        socket.send(TEXT, &unknown).await;
    }
    assert_eq!(socket.close_code().await, Some(4506));
}

#[tokio::test]
async fn pings_cost_as_much_as_other_frames() {
    let mut party = Party::start(&[]).await;
    let eve = party.attacker("Eve").await;
    let mut socket = RawSocket::open(party.address, &eve.hello(&party.code)).await;
    for _ in 0..1_000 {
        if !socket.send(PING, &[7; 125]).await {
            break;
        }
    }
    assert_eq!(socket.close_code().await, Some(4506));
    party.is_undisturbed().await;
}

#[tokio::test]
async fn many_sockets_of_one_user_send_no_more_than_one() {
    let mut party = Party::start(&[]).await;
    let eve = party.attacker("Eve").await;
    let mut sockets = sockets_of(&party, &eve, 20).await;
    for number in 0..50 {
        for socket in &mut sockets {
            socket.send(TEXT, &command(&json!({ "name": "say", "text": format!("buy {number}") }))).await;
        }
    }
    for socket in &mut sockets {
        socket.send(CLOSE, &[]).await;
        socket.read_to_end().await;
    }
    // One member speaks last, and another counts what was said before.
    let marker = format!("done {}", Uuid::new_v4());
    party.members[1].ask(Command::Say { text: marker.clone() }).await;
    let mut said = 0;
    loop {
        match party.members[2].until(|frame| matches!(frame, ServerFrame::Said { .. })).await {
            ServerFrame::Said { text, .. } if text == marker => break,
            _ => said += 1,
        }
    }
    assert!((1..=30).contains(&said), "{said} messages of a thousand");
    party.is_undisturbed().await;
}
