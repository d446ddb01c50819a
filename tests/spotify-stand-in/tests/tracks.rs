//! Search and single tracks: paging, limits and markets.

use serde_json::{Value, json};
use tutti_spotify_stand_in::Person;
use tutti_spotify_stand_in::catalogue::{EXPLICIT, RELINKED, RELINKED_TO, UNPLAYABLE};
use url::Url;

use crate::support::{App, text};

fn names(page: &Value) -> Vec<&str> {
    page["items"].as_array().unwrap().iter().map(|track| track["name"].as_str().unwrap()).collect()
}

/// The path and query of a URL in a response.
fn path(url: &Value) -> String {
    let url = Url::parse(url.as_str().unwrap()).unwrap();
    format!("{}?{}", url.path(), url.query().unwrap_or_default())
}

#[tokio::test]
async fn a_search_can_be_paged_to_its_end() {
    let app = App::start().await;
    let tokens = app.login("ana").await;
    let mut next = "/v1/search?q=e&type=track&limit=4".to_owned();
    let (mut found, mut total) = (Vec::new(), 0);
    for page_number in 0.. {
        let page = app.get(&tokens.access, &next).await.json()["tracks"].clone();
        assert_eq!(page["previous"].is_null(), page_number == 0);
        assert_eq!((&page["limit"], &page["offset"]), (&json!(4), &json!(page_number * 4)));
        found.extend(names(&page).into_iter().map(str::to_owned));
        total = page["total"].as_u64().unwrap();
        if page["next"].is_null() {
            break;
        }
        next = path(&page["next"]);
    }
    assert_eq!(found.len() as u64, total);
    assert!(total > 8, "three pages at least");
}

#[tokio::test]
async fn a_search_matches_titles_artists_and_albums() {
    let app = App::start().await;
    let tokens = app.login("ana").await;
    let page = app.get(&tokens.access, "/v1/search?q=hollow%20KETTLE&type=track").await.json();
    assert_eq!(names(&page["tracks"]), ["Kettle Song"]);
    let none = app.get(&tokens.access, "/v1/search?q=zzz&type=track,album").await.json();
    assert_eq!((&none["tracks"]["total"], &none["albums"]["total"]), (&json!(0), &json!(0)));
    assert_eq!(app.get(&tokens.access, "/v1/search?q=e&type=track").await.json()["tracks"]["limit"], 5);
}

#[tokio::test]
async fn invalid_search_parameters_are_rejected() {
    let app = App::start().await;
    let tokens = app.login("ana").await;
    let error = async |query: &str| app.get(&tokens.access, &format!("/v1/search?{query}")).await.error();
    assert_eq!(app.get(&tokens.access, "/v1/search?q=e&type=track&limit=10").await.status, 200);
    assert_eq!(error("q=e&type=track&limit=11").await, "400 Invalid limit");
    assert_eq!(error("q=e&type=track&limit=0").await, "400 Invalid limit");
    assert_eq!(error("q=e&type=track&limit=ten").await, "400 Invalid limit");
    assert_eq!(error("q=e&type=track&offset=1001").await, "400 Invalid offset");
    assert_eq!(error("type=track").await, "400 No search query");
    assert_eq!(error("q=e").await, "400 Missing parameter type");
    assert_eq!(error("q=e&type=song").await, "400 Bad search type field song");
    assert_eq!(error("q=e&type=track&market=germany").await, "400 Invalid market code");
}

#[tokio::test]
async fn a_track_has_the_documented_fields() {
    let app = App::start().await;
    let tokens = app.login("ana").await;
    let track = app.get(&tokens.access, &format!("/v1/tracks/{EXPLICIT}")).await.json();
    assert_eq!(track["uri"], format!("spotify:track:{EXPLICIT}"));
    assert_eq!((&track["explicit"], &track["is_playable"]), (&json!(true), &json!(true)));
    assert_eq!((&track["duration_ms"], &track["type"]), (&json!(201_500), &json!("track")));
    assert_eq!(track["artists"][0]["name"], "Mara Vint");
    assert_eq!(track["album"]["name"], "Night Buses");
    assert_eq!(track["external_ids"]["isrc"], "XXT002100001");
    assert_eq!((track.get("linked_from"), track.get("restrictions")), (None, None));
    let widths: Vec<_> = track["album"]["images"].as_array().unwrap().iter().map(|image| &image["width"]).collect();
    assert_eq!(widths, [640, 300, 64], "widest first");
    let cover = Url::parse(&text(&track["album"]["images"][2], "url")).unwrap();
    assert_eq!(app.get("", cover.path()).await.status, 200);
}

#[tokio::test]
async fn availability_and_relinking_depend_on_the_market() {
    let app = App::start().await;
    app.spotify.add_person(Person { country: "US".to_owned(), ..Person::new("uma") });
    let (ana, uma) = (app.login("ana").await, app.login("uma").await);

    let relinked = app.get(&ana.access, &format!("/v1/tracks/{RELINKED}")).await.json();
    assert_eq!(relinked["id"], RELINKED_TO);
    assert_eq!(relinked["linked_from"]["id"], RELINKED);
    assert_eq!(relinked["linked_from"]["uri"], format!("spotify:track:{RELINKED}"));
    let same = app.get(&uma.access, &format!("/v1/tracks/{RELINKED}")).await.json();
    assert_eq!((&same["id"], same.get("linked_from")), (&json!(RELINKED), None));
    let asked = app.get(&ana.access, &format!("/v1/tracks/{RELINKED}?market=US")).await.json();
    assert_eq!(asked["id"], RELINKED, "a market that is named wins over the account's");

    let closed = app.get(&ana.access, &format!("/v1/tracks/{UNPLAYABLE}?market=from_token")).await.json();
    assert_eq!((&closed["id"], &closed["is_playable"]), (&json!(UNPLAYABLE), &json!(false)));
    assert_eq!(closed["restrictions"]["reason"], "market");
    let open = app.get(&uma.access, &format!("/v1/tracks/{UNPLAYABLE}")).await.json();
    assert_eq!((&open["is_playable"], open.get("restrictions")), (&json!(true), None));

    app.set(|switches| switches.linked_from = false);
    let silent = app.get(&ana.access, &format!("/v1/tracks/{RELINKED}")).await.json();
    assert_eq!((&silent["id"], silent.get("linked_from")), (&json!(RELINKED_TO), None));
}

#[tokio::test]
async fn unknown_tracks_are_reported_as_errors() {
    let app = App::start().await;
    let tokens = app.login("ana").await;
    let error = async |path: &str| app.get(&tokens.access, path).await.error();
    assert_eq!(error("/v1/tracks/0000000000000000000000").await, "404 Resource not found");
    assert_eq!(error("/v1/tracks/short").await, "400 Invalid base62 id");
    assert_eq!(error(&format!("/v1/tracks?ids={EXPLICIT}")).await, "403 Forbidden");
    assert_eq!(error("/v1/recommendations").await, "404 Service not found");
}
