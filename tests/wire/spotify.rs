//! Spotify tracks in a room over real sockets, with a stand-in for Spotify.

use reqwest::Method;
use tutti_protocol::{Command, ErrorCode, ProviderId, ReasonValue, ServerFrame, TrackRef};
use tutti_spotify_stand_in::{Consent, StandIn, catalogue};
use tutti_test_client::{RoomClient, TestUser};

use crate::support::TestServer;

async fn server_with(spotify: &StandIn) -> TestServer {
    let (accounts, api) = (spotify.accounts_url(), spotify.api_url());
    TestServer::start_with(&[
        "--spotify-client-id=tutti-test-client",
        &format!("--spotify-accounts-url={accounts}"),
        &format!("--spotify-api-url={api}"),
    ])
    .await
}

/// Links an account, as a browser does by redirects.
async fn link_account(spotify: &StandIn, person: &TestUser, account: &str) {
    spotify.switches(|switches| switches.consent = Consent::agree(account));
    let answer = person.request(Method::GET, "auth/spotify/start?return_to=/&slot=0").send().await.expect("an answer");
    assert!(answer.url().query().is_some_and(|query| query.contains("spotify=done")), "{}", answer.url());
}

/// The reason why a track was refused; `None`: it was queued.
async fn refusal_code(socket: &mut RoomClient, id: &str) -> Option<ErrorCode> {
    let track = TrackRef { provider: ProviderId::SPOTIFY, id: id.to_owned() };
    match socket.ask(Command::Enqueue { track, before: None }).await {
        ServerFrame::Reply { error, .. } => error.map(|error| error.code),
        other => panic!("no reply: {other:?}"),
    }
}

#[tokio::test]
async fn tracks_are_looked_up_before_the_decision_and_the_host_learns_of_a_long_wait() {
    let spotify = StandIn::start_on_free_port().await.expect("a stand-in");
    let mut server = server_with(&spotify).await;
    let (ana, ben) = (server.guest("Ana").await, server.guest("Ben").await);
    let code = ana.room("Kitchen", None).await.code.to_string();
    let mut host = ana.enter(&code).await;
    let mut guest = ben.enter(&code).await;
    assert_eq!(refusal_code(&mut host, catalogue::SHORT).await, Some(ErrorCode::Forbidden), "no account is linked");

    link_account(&spotify, &ana, "ana").await;
    assert_eq!(refusal_code(&mut host, catalogue::SHORT).await, None);
    let room = guest.room_where(|room| room.now_playing.is_some()).await;
    let track = room.now_playing.expect("it plays").track;
    assert_eq!((track.title.as_str(), track.duration_ms), ("Doorbell Interlude", 30_000));

    // With the host's link.
    assert_eq!(refusal_code(&mut guest, catalogue::EXPLICIT).await, None);
    assert_eq!(refusal_code(&mut guest, catalogue::UNPLAYABLE).await, Some(ErrorCode::Invalid));
    assert_eq!(refusal_code(&mut guest, "0000000000000000000000").await, Some(ErrorCode::NotFound));

    spotify.switches(|switches| (switches.too_many_requests, switches.retry_after_seconds) = (1, 19_000));
    assert_eq!(refusal_code(&mut guest, "8KettleSong00000000000").await, Some(ErrorCode::RateLimited));
    let notice = host.until(|frame| matches!(frame, ServerFrame::Notice { .. })).await;
    let ServerFrame::Notice { code, message, values } = notice else { panic!("{notice:?}") };
    assert_eq!(code, "spotify_busy");
    assert!(message.contains("6 hours"), "{message}");
    let ReasonValue::Number(left_ms) = values["left_ms"] else { panic!("{values:?}") };
    assert!((18_000_000..=19_000_000).contains(&left_ms), "{left_ms}");
    assert_eq!(refusal_code(&mut guest, catalogue::EXPLICIT).await, None, "a known track needs no request");
    assert_eq!(ana.status(Method::GET, "search?provider=spotify&q=night").await, 429);
    assert_eq!(ana.status(Method::GET, "search?provider=library&q=night").await, 200);
    server.stop().await;
}
