//! Joining: every reason for a refusal has its close code.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{Error, Message};
use tutti_protocol::ServerFrame;
use tutti_test_client::{RoomClient, TestUser};
use uuid::Uuid;

use crate::http::site::pass;
use crate::support::TestServer;

fn with(hello: &Value, field: &str, value: Value) -> Value {
    let mut changed = hello.clone();
    changed[field] = value;
    changed
}

async fn code_for(user: &TestUser, hello: &Value) -> Option<u16> {
    user.send_hello(hello).await.close_code().await
}

#[tokio::test]
async fn a_valid_hello_gets_welcome_and_a_snapshot() {
    let server = TestServer::start().await;
    let ana = server.guest("Ana").await;
    let room = ana.room("Kitchen", None).await;
    let mut socket = ana.send_hello(&ana.hello(&room.code.as_str().to_lowercase())).await;
    let ServerFrame::Welcome { member, resumed: false, heartbeat_ms, .. } = socket.welcome().await else { panic!() };
    assert_eq!((member, heartbeat_ms), (ana.id, 15_000));
    let shown = socket.room_where(|_| true).await;
    assert_eq!((shown.name.as_str(), shown.members.len()), ("Kitchen", 1));
}

/// Pages name the room in the address too, for proxies.
#[tokio::test]
async fn the_room_is_that_of_hello_whatever_the_address_says() {
    let server = TestServer::start().await;
    let ana = server.guest("Ana").await;
    let kitchen = ana.room("Kitchen", None).await.code;
    let attic = ana.room("Attic", None).await.code;
    for path in [
        "/ws",
        &format!("/ws?room={kitchen}"),
        &format!("/ws?room={attic}"),
        "/ws?room=",
        "/ws?room=%ff%00",
        "/ws?room=a&room=b&x",
        &format!("/ws?room={}", "x".repeat(2_000)),
    ] {
        let shown = ana.enter_by(path, kitchen.as_str()).await.room_where(|_| true).await;
        assert_eq!(shown.name, "Kitchen", "{path}");
    }
}

#[tokio::test]
async fn a_bad_hello_is_closed_with_4500() {
    let server = TestServer::start().await;
    let ana = server.guest("Ana").await;
    let hello = ana.hello(ana.room("Kitchen", None).await.code.as_str());
    let device = |id: &str, name: &str| json!({ "id": id, "name": name, "kind": "remote" });
    let id = Uuid::new_v4().to_string();
    for message in [
        Message::text(""),
        Message::text("{"),
        Message::text("null"),
        Message::text(r#"{"type":"hello"}"#),
        Message::text(r#"{"type":"sync","t0":1}"#),
        Message::text(r#"{"type":"dance"}"#),
        Message::binary(hello.to_string().into_bytes()),
        Message::text(with(&hello, "padding", json!("x".repeat(5_000))).to_string()),
        Message::text(with(&hello, "device", device("7", "x")).to_string()),
        Message::text(with(&hello, "device", device(&id, " ")).to_string()),
        Message::text(with(&hello, "device", device(&id, &"x".repeat(81))).to_string()),
        Message::text(with(&hello, "resume", json!({ "epoch": -1, "offset": "x" })).to_string()),
    ] {
        let mut socket = RoomClient::connect(server.address).await;
        let shown = format!("{message:.100?}");
        socket.send_message(message).await;
        assert_eq!(socket.close_code().await, Some(4500), "{shown}");
    }
}

#[tokio::test]
async fn a_missing_hello_times_out() {
    let server = TestServer::start().await;
    let mut socket = RoomClient::connect(server.address).await;
    let closed = tokio::time::timeout(Duration::from_secs(15), socket.close_code()).await;
    assert_eq!(closed, Ok(Some(4500)));
}

#[tokio::test]
async fn a_bad_token_is_4501_and_an_unknown_room_4502() {
    let server = TestServer::start().await;
    let ana = server.guest("Ana").await;
    let hello = ana.hello(ana.room("Kitchen", None).await.code.as_str());
    for (field, value, expected) in [
        ("token", "", 4501),
        ("token", "not.a.token", 4501),
        ("token", &ana.token[..ana.token.len() - 4], 4501),
        ("room", "ZZZZZZ", 4502),
        ("room", "", 4502),
        ("room", "../../etc", 4502),
    ] {
        assert_eq!(code_for(&ana, &with(&hello, field, json!(value))).await, Some(expected), "{field}: {value}");
    }
}

#[tokio::test]
async fn a_passcode_is_required_of_new_members_and_guesses_are_limited() {
    let server = TestServer::start_with(&["--limit-guesses=4"]).await;
    let (ana, ben) = (server.guest("Ana").await, server.guest("Ben").await);
    let code = ana.room("Kitchen", Some("sesame")).await.code.to_string();
    ana.enter(&code).await;

    let hello = ben.hello(&code);
    assert_eq!(code_for(&ben, &hello).await, Some(4505), "not given");
    assert_eq!(code_for(&ben, &with(&hello, "passcode", json!("please"))).await, Some(4505), "wrong");
    ben.send_hello(&with(&hello, "passcode", json!("sesame"))).await.welcome().await;
    ben.enter(&code).await;

    let eve = server.guest("Eve").await;
    let hello = eve.hello(&code);
    let mut codes = vec![];
    for guess in ["a", "b", "c", "d", "sesame"] {
        codes.push(code_for(&eve, &with(&hello, "passcode", json!(guess))).await.expect("a code"));
    }
    assert_eq!(codes, [4505, 4505, 4505, 4006, 4006], "wrong guesses, then a delay");
    ben.enter(&code).await;
}

#[tokio::test]
async fn correct_passcodes_do_not_count_as_guesses() {
    let server = TestServer::start_with(&["--limit-guesses=2", "--limit-guesses-per-room=2"]).await;
    let code = server.guest("Ana").await.room("Kitchen", Some("sesame")).await.code.to_string();
    for name in ["Ben", "Cleo", "Dora", "Emil", "Fay"] {
        let guest = server.guest(name).await;
        guest.send_hello(&with(&guest.hello(&code), "passcode", json!("sesame"))).await.welcome().await;
    }
}

/// A room whose limit of guesses is used up: of two concurrent attempts, one is delayed by five seconds and the other
/// is refused.
struct ThrottledRoom {
    server: TestServer,
    host: TestUser,
    code: String,
    waiting: RoomClient,
    refused: Option<u16>,
}

impl ThrottledRoom {
    async fn new() -> Self {
        let server = TestServer::start_with(&["--limit-guesses-per-room=12"]).await;
        let host = server.guest("Ana").await;
        let code = host.room("Kitchen", Some("sesame")).await.code.to_string();
        let eve = server.guest("Eve").await;
        for _ in 0..12 {
            assert_eq!(code_for(&eve, &with(&eve.hello(&code), "passcode", json!("a"))).await, Some(4505));
        }
        let (ben, cleo) = (server.guest("Ben").await, server.guest("Cleo").await);
        let mut bens = ben.send_hello(&with(&ben.hello(&code), "passcode", json!("sesame"))).await;
        let mut cleos = cleo.send_hello(&with(&cleo.hello(&code), "passcode", json!("sesame"))).await;
        let (waiting, refused) = tokio::select! {
            code = bens.close_code() => (cleos, code),
            code = cleos.close_code() => (bens, code),
        };
        Self { server, host, code, waiting, refused }
    }
}

#[tokio::test]
async fn distributed_guesses_delay_new_members_but_lock_out_none() {
    let ThrottledRoom { host, code, mut waiting, refused, server } = ThrottledRoom::new().await;
    assert_eq!(refused, Some(4006));
    host.enter(&code).await;
    let elsewhere = host.room("Garden", Some("sesame")).await.code.to_string();
    let dora = server.guest("Dora").await;
    dora.send_hello(&with(&dora.hello(&elsewhere), "passcode", json!("sesame"))).await.welcome().await;
    pass(Duration::from_secs(5)).await;
    waiting.welcome().await;
}

#[tokio::test]
async fn a_delayed_passcode_check_does_not_delay_shutdown() {
    let ThrottledRoom { mut server, mut waiting, .. } = ThrottledRoom::new().await;
    // Sooner than the delayed try would be checked.
    let closed = tokio::time::timeout(Duration::from_secs(3), waiting.close_code());
    let (closed, ()) = tokio::join!(closed, server.stop());
    assert_eq!(closed.expect("at once"), Some(4001));
}

#[tokio::test]
async fn sockets_behind_a_trusted_proxy_are_counted_by_client_address() {
    let settings = ["--trusted-proxies=127.0.0.1", "--limit-joins=2", "--limit-connections-per-address=1"];
    let server = TestServer::start_with(&settings).await;
    let address = server.address;
    let open = async |client: &str| RoomClient::try_connect(address, &[("x-forwarded-for", client)]).await;
    let _first = open("192.0.2.1").await.expect("the first of one client");
    let _other = open("192.0.2.2").await.expect("another client");
    for reason in ["one is open", "two were opened within a minute"] {
        let mut refused = open("192.0.2.1").await.expect("a page cannot read the status of a refused handshake");
        assert_eq!(refused.close_code().await, Some(4009), "{reason}");
    }
}

#[tokio::test]
async fn room_code_guesses_are_limited() {
    let server = TestServer::start_with(&["--limit-guesses=3"]).await;
    let (host, eve) = (server.guest("Ana").await, server.guest("Eve").await);
    let code = host.room("Kitchen", None).await.code.to_string();
    let mut codes = vec![];
    for room in ["000000", "000001", "000002", "000003", "000004", "000005", &code] {
        codes.push(code_for(&eve, &eve.hello(room)).await.expect("a code"));
    }
    assert_eq!(
        codes,
        [4502, 4502, 4502, 4502, 4502, 4006, 4006],
        "three of the address, two of hers; then no room exists"
    );
    for room in ["000006", &code] {
        let answer = eve.request(Method::GET, &format!("rooms/{room}")).send().await.expect("answers");
        assert_eq!(answer.status(), 429, "{room}");
        assert!(answer.headers().contains_key("retry-after"));
        assert_eq!(eve.status(Method::DELETE, &format!("rooms/{room}")).await, 429, "{room}");
        assert_eq!(reqwest::get(server.url(&format!("/api/v1/rooms/{room}"))).await.expect("answers").status(), 429);
    }
    // Others behind the same address are not locked out.
    host.enter(&code).await;
    assert_eq!(host.status(Method::GET, &format!("rooms/{code}")).await, 200);
    let ben = server.guest("Ben").await;
    assert_eq!(ben.status(Method::GET, &format!("rooms/{code}")).await, 200);
    ben.enter(&code).await;
}

#[tokio::test]
async fn cross_origin_handshakes_are_refused() {
    let server = TestServer::start().await;
    let own = format!("http://{}", server.address);
    assert!(RoomClient::try_connect(server.address, &[("origin", &own)]).await.is_ok());
    for foreign in ["https://evil.example", "null", "http://127.0.0.1:1"] {
        let Err(Error::Http(answer)) = RoomClient::try_connect(server.address, &[("origin", foreign)]).await else {
            panic!("{foreign} was accepted")
        };
        assert_eq!(answer.status(), 403);
    }
}

#[tokio::test]
async fn an_invalid_handshake_gets_a_problem_document() {
    let server = TestServer::start().await;
    let upgrade = [("connection", "upgrade"), ("upgrade", "websocket")];
    let key = ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
    for headers in [
        vec![],
        [&upgrade[..], &[("sec-websocket-version", "13")]].concat(),
        [&upgrade[..], &[("sec-websocket-version", "8"), key]].concat(),
        [&upgrade[..], &[("sec-websocket-version", "13"), ("sec-websocket-key", "short")]].concat(),
        vec![("sec-websocket-version", "13"), key],
    ] {
        let request = headers.iter().fold(reqwest::Client::new().get(server.url("/ws")), |request, (name, value)| {
            request.header(*name, *value)
        });
        let answer = request.send().await.expect("answers");
        assert_eq!(answer.status(), 400, "{headers:?}");
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
        let problem: Value = answer.json().await.expect("a problem");
        let lost_its_upgrade = headers == [("sec-websocket-version", "13"), key];
        let blames_a_proxy = problem["detail"].as_str().expect("a sentence").contains("A proxy on the way");
        assert_eq!(blames_a_proxy, lost_its_upgrade, "{headers:?}: {problem}");
    }
}

#[tokio::test]
async fn sockets_are_limited_by_user_and_by_address() {
    let server = TestServer::start_with(&["--limit-connections-per-user=2", "--limit-connections-per-address=4"]).await;
    let ana = server.guest("Ana").await;
    let code = ana.room("Kitchen", None).await.code.to_string();
    let first = ana.enter(&code).await;
    let second = ana.enter(&code).await;
    assert_eq!(code_for(&ana, &ana.hello(&code)).await, Some(4507));

    let mut waiting = vec![];
    for _ in 0..2 {
        waiting.push(RoomClient::connect(server.address).await);
    }
    assert_eq!(RoomClient::connect(server.address).await.close_code().await, Some(4009));
    drop((first, second, waiting));
}
