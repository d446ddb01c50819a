//! Audio is for those who are in a room where it is on or coming up.

use reqwest::Method;
use tutti_protocol::Command;

use crate::support::TestServer;

#[tokio::test]
async fn audio_is_for_members_of_a_room_that_has_the_track() {
    let mut server = TestServer::start_with(&["--audio-access=members"]).await;
    let (ana, ben, eve) = (server.guest("Ana").await, server.guest("Ben").await, server.guest("Eve").await);
    let tracks = ana.tracks().await;
    let audio = |track: usize| format!("library/tracks/{}/audio", tracks[track].id);
    let segment = |track: usize| format!("library/tracks/{}/segments/small/0", tracks[track].id);
    let code = ana.room("Kitchen", None).await.code.to_string();
    let mut anas = ana.enter(&code).await;
    let _bens = ben.enter(&code).await;
    for member in [&ana, &ben] {
        assert_eq!(member.status(Method::GET, &audio(0)).await, 403, "nothing is queued");
    }

    let on = anas.add(&tracks[0]).await;
    anas.add(&tracks[1]).await;
    for member in [&ana, &ben] {
        for path in [audio(0), segment(0), audio(1), segment(1)] {
            assert_eq!(member.status(Method::GET, &path).await, 200, "{path}");
        }
    }
    for path in [audio(0), segment(0), segment(1)] {
        assert_eq!(eve.status(Method::GET, &path).await, 403, "{path}");
    }
    anas.ask(Command::Skip { entry: Some(on), unplayable: None }).await;
    assert_eq!(ben.status(Method::GET, &segment(0)).await, 200, "a device may be behind");

    // A device asks before its room is in memory again.
    server.restart().await;
    assert_eq!(ben.status(Method::GET, &segment(1)).await, 200);
    assert_eq!(eve.status(Method::GET, &segment(1)).await, 403);
}
