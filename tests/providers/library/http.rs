//! The library over HTTP.

use bytes::Bytes;
use http::header::{self, HeaderName};
use http::{Response, StatusCode};
use http_body_util::BodyExt as _;
use tutti_protocol::ErrorCode;
use tutti_protocol::http::{BrowseKind, BrowseResponse, Problem, SearchResponse, ServerDescription};
use tutti_protocol::room::Track;

use super::{Shelf, art, covers, fixture};
use crate::http::Site;

/// A library that a server serves, and the access token of a guest.
pub(super) struct Served {
    shelf: Shelf,
    site: Site,
    token: String,
}

impl std::ops::Deref for Served {
    type Target = Shelf;

    fn deref(&self) -> &Shelf {
        &self.shelf
    }
}

/// Sends a request as the guest.
pub(super) async fn send(shelf: &Served, method: &str, path: &str, headers: &[(HeaderName, &str)]) -> Response<Bytes> {
    let mut request = warp::test::request()
        .method(method)
        .path(&format!("/api/v1/{path}"))
        .header("authorization", format!("Bearer {}", shelf.token));
    for (name, value) in headers {
        request = request.header(name, *value);
    }
    request.reply(&shelf.site.routes).await
}

pub(super) async fn get(shelf: &Served, path: &str) -> Response<Bytes> {
    send(shelf, "GET", path, &[]).await
}

fn problem(response: &Response<Bytes>) -> (u16, ErrorCode) {
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
    let problem: Problem = serde_json::from_slice(response.body()).expect("it is a problem");
    assert_eq!(problem.status, response.status().as_u16());
    (problem.status, problem.code)
}

fn text<'a>(response: &'a Response<Bytes>, name: &HeaderName) -> &'a str {
    response.headers().get(name).unwrap_or_else(|| panic!("there is a {name}")).to_str().expect("it is text")
}

async fn shelf_with_flac() -> (Served, String) {
    let shelf = Shelf::with(&[("joga.flac", "tone.flac"), ("wolken.mp3", "tone.mp3")]).await;
    let id = shelf.track("joga.flac").await.expect("it is a track").id;
    (served(shelf).await, id)
}

/// Serves a library to a guest.
pub(super) async fn served(shelf: Shelf) -> Served {
    let site = Site::around(shelf.library.clone()).await;
    let mut ana = site.browser();
    ana.guest("Ana").await.assert_ok();
    let token = ana.access_token.expect("a guest has a token");
    Served { shelf, site, token }
}

#[tokio::test]
async fn search_and_track_speak_the_protocol() {
    let (shelf, id) = shelf_with_flac().await;
    let response = get(&shelf, "search?provider=library&q=jog%20BJ%C3%96RK").await;
    assert_eq!(response.status(), StatusCode::OK);
    let found: SearchResponse = serde_json::from_slice(response.body()).expect("it is results");
    assert_eq!(found.next_cursor, None);
    assert_eq!(found.tracks.len(), 1);

    let response = get(&shelf, &format!("library/tracks/{id}")).await;
    let track: Track = serde_json::from_slice(response.body()).expect("it is a track");
    assert_eq!(found.tracks, std::slice::from_ref(&track));
    assert_eq!(track.art_url, Some(covers().address(&id)));

    let everything: SearchResponse = serde_json::from_slice(get(&shelf, "search").await.body()).expect("it is results");
    assert_eq!(everything.tracks.len(), 2);
}

#[tokio::test]
async fn the_library_is_browsed() {
    let (shelf, id) = shelf_with_flac().await;
    let server: ServerDescription = serde_json::from_slice(get(&shelf, "server").await.body()).expect("a description");
    assert_eq!(server.browsable, server.providers);
    let browse = async |query: &str| -> BrowseResponse {
        let response = get(&shelf, &format!("browse?{query}")).await;
        assert_eq!(response.status(), StatusCode::OK, "{query}");
        serde_json::from_slice(response.body()).expect("it is a page")
    };
    let artists = browse("provider=library&kind=artists").await;
    let bjork = artists.items.iter().find(|item| item.name == "Björk").expect("she is listed");
    assert_eq!((bjork.kind, bjork.tracks, artists.next_cursor), (BrowseKind::Artist, 1, None));
    let albums = browse(&format!("id={}", bjork.id)).await;
    let tracks = browse(&format!("kind=album&id={}", albums.items[0].id)).await;
    assert_eq!(tracks.tracks[0].id, id);
    assert_eq!(albums.items[0].art_url, tracks.tracks[0].art_url);
    assert_eq!(browse("kind=recent").await.tracks.len(), 2);

    for query in
        ["", "kind=colours", "provider=spotify&kind=artists", "provider=&kind=artists", "kind=artists&cursor=x"]
    {
        assert_eq!(problem(&get(&shelf, &format!("browse?{query}")).await), (400, ErrorCode::Invalid), "{query}");
    }
    assert_eq!(problem(&get(&shelf, "browse?id=00").await), (404, ErrorCode::NotFound));
}

#[tokio::test]
async fn bad_searches_are_refused() {
    let (shelf, _) = shelf_with_flac().await;
    for query in ["provider=spotify&q=a", "provider=&q=a", "q=a&cursor=abc", &format!("q={}", "x".repeat(201))] {
        assert_eq!(problem(&get(&shelf, &format!("search?{query}")).await), (400, ErrorCode::Invalid), "{query}");
    }
    for query in ["q=%00", "q=%ff%fe", "q=%22%22%22*", "q=a&q=b", "x", "&&==&", "q=NEAR(a"] {
        assert_eq!(get(&shelf, &format!("search?{query}")).await.status(), StatusCode::OK, "{query}");
    }
}

#[tokio::test]
async fn strange_ids_are_not_found() {
    let (shelf, id) = shelf_with_flac().await;
    let (upper, long, near) = (id.to_uppercase(), "a".repeat(4000), "0".repeat(32));
    for strange in ["joga.flac", "..%2f..%2fetc%2fpasswd", "%2e%2e", "%00", "'%20OR%201=1", &upper, &long, &near] {
        for rest in ["", "/audio", "/art", "/art/0", "/art/%00"] {
            let response = get(&shelf, &format!("library/tracks/{strange}{rest}")).await;
            assert_eq!(problem(&response), (404, ErrorCode::NotFound), "{strange}{rest}");
        }
    }
}

#[tokio::test]
async fn only_covers_are_for_everybody() {
    let (shelf, id) = shelf_with_flac().await;
    for (path, status) in [
        ("search?q=a".to_owned(), 401),
        (format!("library/tracks/{id}"), 401),
        (format!("library/tracks/{id}/audio"), 401),
        (art(&id), 200),
        // The addresses of other tracks do not follow from a known one.
        (format!("library/tracks/{id}/art"), 404),
        (art(&"0".repeat(32)).replace(&"0".repeat(32), &id), 404),
    ] {
        let response = warp::test::request().path(&format!("/api/v1/{path}")).reply(&shelf.site.routes).await;
        assert_eq!(response.status(), status, "{path}");
    }
}

#[tokio::test]
async fn audio_is_the_file() {
    let (shelf, id) = shelf_with_flac().await;
    let whole = fixture("tone.flac");
    let audio = format!("library/tracks/{id}/audio");
    let response = get(&shelf, &audio).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.body(), &whole);
    assert_eq!(text(&response, &header::CONTENT_TYPE), "audio/flac");
    assert_eq!(text(&response, &header::ACCEPT_RANGES), "bytes");
    assert_eq!(text(&response, &header::CONTENT_LENGTH), whole.len().to_string());
    assert_eq!(text(&response, &header::CACHE_CONTROL), "private, max-age=3600");
    assert_eq!(text(&response, &header::X_CONTENT_TYPE_OPTIONS), "nosniff");

    let head = send(&shelf, "HEAD", &audio, &[]).await;
    assert_eq!((head.status(), head.body().len()), (StatusCode::OK, 0));
    for name in
        [header::CONTENT_TYPE, header::CONTENT_LENGTH, header::ACCEPT_RANGES, header::ETAG, header::LAST_MODIFIED]
    {
        assert_eq!(text(&head, &name), text(&response, &name));
    }
    // A range says nothing about a HEAD.
    assert_eq!(send(&shelf, "HEAD", &audio, &[(header::RANGE, "bytes=0-9")]).await.status(), StatusCode::OK);

    for (path, content_type) in [
        ("a.mp3", "audio/mpeg"),
        ("a.m4a", "audio/mp4"),
        ("a.ogg", "audio/ogg"),
        ("a.opus", "audio/ogg"),
        ("a.wav", "audio/wav"),
    ] {
        shelf.put(path, &fixture(&path.replace("a.", "tone.")));
        shelf.rescan().await;
        let id = shelf.track(path).await.expect("it is a track").id;
        assert_eq!(
            text(&get(&shelf, &format!("library/tracks/{id}/audio")).await, &header::CONTENT_TYPE),
            content_type
        );
    }
}

#[tokio::test]
async fn audio_comes_in_ranges() {
    let (shelf, id) = shelf_with_flac().await;
    let whole = fixture("tone.flac");
    let (audio, size) = (format!("library/tracks/{id}/audio"), whole.len());
    let range = async |range: &str| send(&shelf, "GET", &audio, &[(header::RANGE, range)]).await;

    for (asked, from, to) in [
        ("bytes=0-0".to_owned(), 0, 1),
        ("bytes=0-99".to_owned(), 0, 100),
        ("bytes=100-".to_owned(), 100, size),
        ("bytes=-100".to_owned(), size - 100, size),
        ("bytes=0-".to_owned(), 0, size),
        (format!("bytes={}-{}", size - 1, size - 1), size - 1, size),
        // The end may lie beyond the file; what there is of it is sent.
        (format!("bytes=10-{}", size + 1000), 10, size),
    ] {
        let response = range(&asked).await;
        assert_eq!(response.status(), StatusCode::PARTIAL_CONTENT, "{asked}");
        assert_eq!(response.body(), &whole[from..to], "{asked}");
        assert_eq!(text(&response, &header::CONTENT_RANGE), format!("bytes {from}-{}/{size}", to - 1));
        assert_eq!(text(&response, &header::CONTENT_LENGTH), (to - from).to_string());
        assert_eq!(text(&response, &header::CONTENT_TYPE), "audio/flac");
    }
    for asked in [
        format!("bytes={size}-"),
        format!("bytes={}-{}", size + 1, size + 2),
        "bytes=-0".into(),
        "bytes=9-3".into(),
        "bytes=a-b".into(),
        "bytes=".into(),
    ] {
        let response = range(&asked).await;
        assert_eq!(problem(&response), (416, ErrorCode::Invalid), "{asked}");
        assert_eq!(text(&response, &header::CONTENT_RANGE), format!("bytes */{size}"), "{asked}");
    }
    // Several ranges, and units that nobody knows: the whole file, which answers every such question.
    for asked in ["bytes=0-1,5-6", "chapters=1-2", "nonsense"] {
        let response = range(asked).await;
        assert_eq!((response.status(), response.body().len()), (StatusCode::OK, size), "{asked}");
    }
}

#[tokio::test]
async fn audio_is_sent_under_conditions() {
    let (shelf, id) = shelf_with_flac().await;
    let audio = format!("library/tracks/{id}/audio");
    let first = get(&shelf, &audio).await;
    let (etag, modified) = (text(&first, &header::ETAG).to_owned(), text(&first, &header::LAST_MODIFIED).to_owned());
    let status = async |headers: &[(HeaderName, &str)]| {
        let response = send(&shelf, "GET", &audio, headers).await;
        assert_eq!(text(&response, &header::ETAG), etag);
        response.status().as_u16()
    };
    let long_ago = "Sat, 01 Jan 2000 00:00:00 GMT";
    assert_eq!(status(&[(header::IF_NONE_MATCH, &etag)]).await, 304);
    assert_eq!(status(&[(header::IF_NONE_MATCH, "\"other\"")]).await, 200);
    assert_eq!(status(&[(header::IF_MODIFIED_SINCE, &modified)]).await, 304);
    assert_eq!(status(&[(header::IF_MODIFIED_SINCE, long_ago)]).await, 200);
    for (condition, expected) in [
        (etag.as_str(), 206),
        (&modified, 206),
        ("\"other\"", 200),
        (long_ago, 200),
        ("W/\"x\"", 200),
        ("rubbish", 200),
    ] {
        let headers = [(header::RANGE, "bytes=0-9"), (header::IF_RANGE, condition)];
        assert_eq!(status(&headers).await, expected, "{condition}");
    }

    // A file that changed since has another tag.
    shelf.put("joga.flac", &fixture("tone.mp3"));
    let response = send(&shelf, "GET", &audio, &[(header::IF_NONE_MATCH, &etag)]).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_ne!(text(&response, &header::ETAG), etag);
}

#[tokio::test]
async fn a_file_that_vanished_is_not_found() {
    let (shelf, id) = shelf_with_flac().await;
    std::fs::remove_file(shelf.path("joga.flac")).expect("it can be removed");
    for path in [format!("library/tracks/{id}/audio"), art(&id)] {
        assert_eq!(problem(&get(&shelf, &path).await), (404, ErrorCode::NotFound), "{path}");
    }
}

#[tokio::test]
async fn covers_are_kept_by_browsers() {
    let (shelf, id) = shelf_with_flac().await;
    let address = art(&id);
    let response = get(&shelf, &address).await;
    assert_eq!(text(&response, &header::CONTENT_TYPE), "image/png");
    assert_eq!(text(&response, &header::X_CONTENT_TYPE_OPTIONS), "nosniff");
    assert_eq!(text(&response, &header::CACHE_CONTROL), "public, max-age=3600");
    let etag = text(&response, &header::ETAG).to_owned();
    let again = send(&shelf, "GET", &address, &[(header::IF_NONE_MATCH, &etag)]).await;
    assert_eq!((again.status(), again.body().len()), (StatusCode::NOT_MODIFIED, 0));

    for query in ["size=96", "size=5000", "size=x", "other=1", "size=96&size=1"] {
        assert_eq!(get(&shelf, &format!("{address}?{query}")).await.status(), StatusCode::OK, "{query}");
    }

    let id = shelf.track("wolken.mp3").await.expect("it is a track").id;
    assert_eq!(problem(&get(&shelf, &art(&id)).await), (404, ErrorCode::NotFound));
}

#[tokio::test]
async fn covers_that_clients_do_not_read_are_bounded() {
    let shelf = Shelf::with(&[("a.mp3", "tone.mp3")]).await;
    let mut picture = vec![0xff; 8 * 1024 * 1024];
    picture[..3].copy_from_slice(b"\xff\xd8\xff");
    shelf.put("a.jpg", &picture);
    shelf.rescan().await;
    let id = shelf.track("a.mp3").await.expect("it is a track").id;
    let shelf = served(shelf).await;
    let path = covers().address(&id);
    let ask = async |network: u8| {
        let client = std::net::SocketAddr::from(([192, 0, 2, network], 4711));
        let request = warp::test::request().path(&path).extension(client);
        request.filter(&shelf.site.routes).await.expect("it is answered")
    };
    let mut unread = vec![];
    for network in 0..5 {
        let unread_before = unread.len();
        let refused = loop {
            let response = ask(network).await;
            if response.status() != StatusCode::OK {
                break response;
            }
            unread.push(response);
        };
        let accepted = if network < 4 { 2 } else { 0 };
        assert_eq!((unread.len() - unread_before, refused.status()), (accepted, StatusCode::TOO_MANY_REQUESTS));
    }
    let read = unread.pop().expect("there are eight").into_body().collect().await.expect("it is sent").to_bytes();
    assert_eq!(read, picture);
    assert_eq!(ask(4).await.status(), StatusCode::OK);
}
