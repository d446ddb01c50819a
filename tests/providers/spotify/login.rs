//! Logging in with Spotify, and linking it to the current user.

use std::time::Duration;

use serde_json::json;
use tutti_protocol::RoomCode;
use tutti_spotify_stand_in::{Consent, Person};

use super::Stage;
use crate::http::site::pass;

#[tokio::test]
async fn a_new_user_gets_the_name_and_picture_of_the_profile() {
    let stage = Stage::new("ana").await;
    let mut ana = stage.browser();
    let landing = stage.log_in(&mut ana, "return_to=/r/K0LT1X?tab=queue").await;
    assert_eq!((landing.path.as_str(), landing.outcome.as_str()), ("/r/K0LT1X", "done"));
    assert_eq!(landing.slot.as_deref(), Some("0"));
    let answer = ana.refresh().await;
    let user = &answer.assert_ok().json["user"];
    assert_eq!((user["display_name"].as_str(), user["kind"].as_str()), (Some("Ana"), Some("user")));
    assert_eq!(user["spotify"], true);
    let picture = stage.site.get(user["picture"].as_str().expect("a picture")).await;
    assert_eq!(picture.assert_ok().header("content-type"), "image/png");
    assert_eq!(picture.header("cache-control"), "public, max-age=31536000, immutable");
    stage
        .site
        .get("/api/v1/users/00000000-0000-0000-0000-000000000000/picture?v=x")
        .await
        .assert_problem(404, "not_found");
}

#[tokio::test]
async fn the_same_account_is_the_same_user_in_another_browser() {
    let stage = Stage::new("ana").await;
    let (mut laptop, mut phone) = (stage.browser(), stage.browser());
    stage.log_in(&mut laptop, "").await;
    stage.log_in(&mut phone, "").await;
    assert_eq!(laptop.refresh().await.user_id(), phone.refresh().await.user_id());
}

#[tokio::test]
async fn a_guest_who_links_an_account_keeps_their_id_and_rooms() {
    let stage = Stage::new("ana").await;
    let mut guest = stage.browser();
    let id = guest.guest("Queen Ana").await.user_id().to_owned();
    let room = guest.post("/api/v1/rooms", json!({ "name": "Kitchen" })).await;
    let code = room.assert_ok().json["code"].as_str().unwrap().to_owned();
    let landing = stage.log_in(&mut guest, &format!("slot=0&return_to=/r/{code}")).await;
    assert_eq!((landing.path, landing.outcome.as_str()), (format!("/r/{code}"), "done"));
    let answer = guest.refresh().await;
    assert_eq!(answer.assert_ok().user_id(), id);
    let user = &answer.json["user"];
    assert_eq!((user["kind"].as_str(), user["display_name"].as_str()), (Some("user"), Some("Queen Ana")));
    let rooms = guest.get("/api/v1/me/rooms").await;
    assert_eq!(rooms.json["rooms"][0]["code"], code.as_str());
}

#[tokio::test]
async fn a_guest_who_logs_in_to_an_existing_account_brings_their_rooms() {
    let stage = Stage::new("ana").await;
    let account = stage.logged_in().await.me().await.json["id"].clone();
    let mut guest = stage.browser();
    guest.guest("Guest").await.assert_ok();
    let code = guest.post("/api/v1/rooms", json!({ "name": "Kitchen" })).await.json["code"].clone();
    let guests_session =
        stage.site.context.identity.authenticate(guest.access_token.as_ref().unwrap()).unwrap().session;
    assert_eq!(stage.log_in(&mut guest, "").await.outcome, "done");
    assert!(stage.site.context.identity.is_revoked(guests_session), "the guest's sockets are closed");
    assert_eq!(guest.refresh().await.assert_ok().json["user"]["id"], account);
    let rooms = guest.get("/api/v1/me/rooms").await;
    assert_eq!(rooms.json["rooms"][0]["code"], code);
    let room = stage.site.context.rooms.open(RoomCode::parse(code.as_str().unwrap()).unwrap()).await.unwrap();
    let role = room.role_of(account.as_str().unwrap().parse().unwrap()).await;
    assert_eq!(role, Some(tutti_protocol::Role::Host));
}

#[tokio::test]
async fn a_user_with_a_password_can_link_and_log_in_either_way() {
    let stage = Stage::new("ana").await;
    let mut laptop = stage.browser();
    let id = laptop.register("ana", "correct horse").await.user_id().to_owned();
    assert_eq!(stage.log_in(&mut laptop, "return_to=/me").await.outcome, "done");
    let mut phone = stage.browser();
    stage.log_in(&mut phone, "").await;
    assert_eq!(phone.refresh().await.user_id(), id);
    assert_eq!(stage.browser().login("ana", "correct horse").await.user_id(), id);
}

#[tokio::test]
async fn an_account_linked_to_another_user_is_refused() {
    let stage = Stage::new("ana").await;
    stage.logged_in().await;
    let mut ben = stage.browser();
    let id = ben.register("ben", "correct horse").await.user_id().to_owned();
    let landing = stage.log_in(&mut ben, "return_to=/me").await;
    assert_eq!((landing.outcome.as_str(), landing.path.as_str()), ("taken", "/me"));
    assert_eq!(ben.refresh().await.user_id(), id, "Ben is still logged in");
}

#[tokio::test]
async fn a_denied_consent_returns_to_the_page_and_changes_nothing() {
    let stage = Stage::new("ana").await;
    stage.spotify.switches(|switches| switches.consent = Consent::Deny);
    let mut guest = stage.browser();
    let id = guest.guest("Ana").await.user_id().to_owned();
    let landing = stage.log_in(&mut guest, "return_to=/r/K0LT1X").await;
    assert_eq!((landing.path.as_str(), landing.outcome.as_str(), landing.slot), ("/r/K0LT1X", "denied", None));
    let answer = guest.refresh().await;
    assert_eq!((answer.user_id(), answer.json["user"]["kind"].as_str()), (id.as_str(), Some("guest")));
}

#[tokio::test]
async fn a_login_expires_after_ten_minutes() {
    let stage = Stage::new("ana").await;
    let mut ana = stage.browser();
    let authorize = stage.start_login(&mut ana, "return_to=/me").await;
    let callback = stage.consent(authorize).await;
    pass(Duration::from_mins(10)).await;
    let landing = stage.finish_login(&mut ana, &callback).await;
    assert_eq!((landing.path.as_str(), landing.outcome.as_str()), ("/me", "expired"));
    ana.refresh().await.assert_problem(401, "forbidden");
}

#[tokio::test]
async fn a_second_user_takes_the_next_slot() {
    let stage = Stage::new("ana").await;
    let mut laptop = stage.logged_in().await;
    stage.consent_as("ben");
    let landing = stage.log_in(&mut laptop, "slot=new&return_to=/").await;
    assert_eq!((landing.outcome.as_str(), landing.slot.as_deref()), ("done", Some("1")));
    let accounts = laptop.get("/api/v1/me/accounts").await.json["accounts"].clone();
    let names: Vec<_> = accounts.as_array().unwrap().iter().map(|one| one["user"]["display_name"].clone()).collect();
    assert_eq!(names, ["Ana", "Ben"]);
}

#[tokio::test]
async fn an_account_off_the_allowlist_is_refused() {
    let stage = Stage::new("dora").await;
    stage.spotify.add_person(Person { registered: false, ..Person::new("dora") });
    assert_eq!(stage.log_in(&mut stage.browser(), "").await.outcome, "not_listed");
}

#[tokio::test]
async fn a_profile_without_account_id_is_known_by_its_id_and_keeps_the_user_when_it_gets_one() {
    let stage = Stage::new("ana").await;
    stage.spotify.switches(|switches| switches.account_id = false);
    let by_id = stage.logged_in().await.me().await.json["id"].clone();
    stage.spotify.switches(|switches| switches.account_id = true);
    assert_eq!(stage.logged_in().await.me().await.json["id"], by_id);
    stage.spotify.add_person(Person { user_id: "renamed".into(), ..Person::new("ana") });
    assert_eq!(stage.logged_in().await.me().await.json["id"], by_id, "by the account id");
}

#[tokio::test]
async fn a_profile_needs_neither_name_nor_picture() {
    let stage = Stage::new("dora").await;
    stage.spotify.add_person(Person { display_name: None, ..Person::new("dora") });
    stage.spotify.switches(|switches| switches.images = false);
    let dora = stage.logged_in().await.me().await;
    assert_eq!((dora.json["display_name"].as_str(), dora.json.get("picture")), (Some("Listener"), None));
}

#[tokio::test]
async fn a_failing_token_request_fails_the_login_and_a_slow_one_does_not() {
    let stage = Stage::new("ana").await;
    stage.spotify.switches(|switches| switches.token_server_down = 1);
    assert_eq!(stage.log_in(&mut stage.browser(), "").await.outcome, "failed");
    stage.spotify.switches(|switches| switches.latency_ms = 300);
    assert_eq!(stage.log_in(&mut stage.browser(), "").await.outcome, "done");
}

#[tokio::test]
async fn without_a_client_id_spotify_is_off() {
    let site = crate::http::Site::in_memory(&[]).await;
    let mut ana = site.browser();
    ana.guest("Ana").await.assert_ok();
    assert_eq!(site.get("/api/v1/server").await.json.get("spotify"), None);
    ana.open("/api/v1/auth/spotify/start?return_to=/", "same-origin").await.assert_problem(404, "not_found");
    ana.get("/api/v1/me/spotify").await.assert_problem(404, "not_found");
    let policy = site.get("/").await.header("content-security-policy").to_owned();
    assert!(!policy.contains("scdn"), "{policy}");
}

#[tokio::test]
async fn with_a_client_id_the_client_learns_the_login_origin() {
    let stage = Stage::new("ana").await;
    let server = stage.site.get("/api/v1/server").await;
    assert_eq!(server.json["spotify"]["origin"], "http://127.0.0.1:8080");
    let policy = stage.site.get("/").await.header("content-security-policy").to_owned();
    assert!(policy.contains("script-src 'self' https://sdk.scdn.co;"), "{policy}");
    let opened = warp::test::request().path("/r/K0LT1X").header("host", "localhost:8080");
    let moved = stage.site.send(opened).await;
    assert_eq!((moved.status.as_u16(), moved.header("location")), (307, "http://127.0.0.1:8080/r/K0LT1X"));
}
