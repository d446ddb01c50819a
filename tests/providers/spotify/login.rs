//! Coming in by Spotify, and linking it to who one is already.

use std::time::Duration;

use serde_json::json;
use tutti_protocol::RoomCode;
use tutti_spotify_stand_in::{Consent, Person};

use super::Stage;
use crate::http::site::pass;

#[tokio::test]
async fn somebody_new_is_in_with_name_and_picture() {
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
async fn the_same_account_is_the_same_person_in_another_browser() {
    let stage = Stage::new("ana").await;
    let (mut laptop, mut phone) = (stage.browser(), stage.browser());
    stage.log_in(&mut laptop, "").await;
    stage.log_in(&mut phone, "").await;
    assert_eq!(laptop.refresh().await.user_id(), phone.refresh().await.user_id());
}

#[tokio::test]
async fn a_guest_who_links_stays_who_they_are_and_keeps_their_room() {
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
async fn a_guest_who_turns_out_to_have_an_account_brings_their_rooms_along() {
    let stage = Stage::new("ana").await;
    let account = stage.in_by_spotify().await.me().await.json["id"].clone();
    let mut guest = stage.browser();
    guest.guest("Somebody").await.assert_ok();
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
async fn an_account_with_a_password_links_and_logs_in_either_way() {
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
async fn somebody_elses_account_is_not_taken() {
    let stage = Stage::new("ana").await;
    stage.in_by_spotify().await;
    let mut ben = stage.browser();
    let id = ben.register("ben", "correct horse").await.user_id().to_owned();
    let landing = stage.log_in(&mut ben, "return_to=/me").await;
    assert_eq!((landing.outcome.as_str(), landing.path.as_str()), ("taken", "/me"));
    assert_eq!(ben.refresh().await.user_id(), id, "and Ben is still in");
}

#[tokio::test]
async fn saying_no_leads_back_and_changes_nothing() {
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
async fn who_takes_too_long_is_told_so() {
    let stage = Stage::new("ana").await;
    let mut ana = stage.browser();
    let authorize = stage.start(&mut ana, "return_to=/me").await;
    let back = stage.consent(authorize).await;
    pass(Duration::from_mins(10)).await;
    let landing = stage.come_back(&mut ana, &back).await;
    assert_eq!((landing.path.as_str(), landing.outcome.as_str()), ("/me", "expired"));
    ana.refresh().await.assert_problem(401, "forbidden");
}

#[tokio::test]
async fn a_second_person_takes_the_next_slot() {
    let stage = Stage::new("ana").await;
    let mut laptop = stage.in_by_spotify().await;
    stage.agrees("ben");
    let landing = stage.log_in(&mut laptop, "slot=new&return_to=/").await;
    assert_eq!((landing.outcome.as_str(), landing.slot.as_deref()), ("done", Some("1")));
    let accounts = laptop.get("/api/v1/me/accounts").await.json["accounts"].clone();
    let names: Vec<_> = accounts.as_array().unwrap().iter().map(|one| one["user"]["display_name"].clone()).collect();
    assert_eq!(names, ["Ana", "Ben"]);
}

#[tokio::test]
async fn who_is_not_on_the_owners_list_is_told_so() {
    let stage = Stage::new("dora").await;
    stage.spotify.add_person(Person { registered: false, ..Person::new("dora") });
    assert_eq!(stage.log_in(&mut stage.browser(), "").await.outcome, "not_listed");
}

#[tokio::test]
async fn an_account_without_account_id_is_known_by_its_id_and_found_again_when_it_has_one() {
    let stage = Stage::new("ana").await;
    stage.spotify.switches(|switches| switches.account_id = false);
    let by_id = stage.in_by_spotify().await.me().await.json["id"].clone();
    stage.spotify.switches(|switches| switches.account_id = true);
    assert_eq!(stage.in_by_spotify().await.me().await.json["id"], by_id);
    stage.spotify.add_person(Person { user_id: "renamed".into(), ..Person::new("ana") });
    assert_eq!(stage.in_by_spotify().await.me().await.json["id"], by_id, "by the account id, which stays");
}

#[tokio::test]
async fn a_profile_without_name_and_picture_will_do() {
    let stage = Stage::new("dora").await;
    stage.spotify.add_person(Person { display_name: None, ..Person::new("dora") });
    stage.spotify.switches(|switches| switches.images = false);
    let dora = stage.in_by_spotify().await.me().await;
    assert_eq!((dora.json["display_name"].as_str(), dora.json.get("picture")), (Some("Listener"), None));
}

#[tokio::test]
async fn a_slow_or_broken_spotify_is_told_in_words() {
    let stage = Stage::new("ana").await;
    stage.spotify.switches(|switches| switches.token_server_down = 1);
    assert_eq!(stage.log_in(&mut stage.browser(), "").await.outcome, "failed");
    stage.spotify.switches(|switches| switches.latency_ms = 300);
    assert_eq!(stage.log_in(&mut stage.browser(), "").await.outcome, "done");
}

#[tokio::test]
async fn without_a_client_id_there_is_no_spotify() {
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
async fn with_one_the_client_is_told_where_a_login_begins() {
    let stage = Stage::new("ana").await;
    let server = stage.site.get("/api/v1/server").await;
    assert_eq!(server.json["spotify"]["origin"], "http://127.0.0.1:8080");
    let policy = stage.site.get("/").await.header("content-security-policy").to_owned();
    assert!(policy.contains("script-src 'self' https://sdk.scdn.co;"), "{policy}");
    let opened = warp::test::request().path("/r/K0LT1X").header("host", "localhost:8080");
    let moved = stage.site.send(opened).await;
    assert_eq!((moved.status.as_u16(), moved.header("location")), (307, "http://127.0.0.1:8080/r/K0LT1X"));
}
