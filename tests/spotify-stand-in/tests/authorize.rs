//! The authorization endpoint: validation, the consent page, and redirects.

use tutti_spotify_stand_in::{Consent, StandIn};

use crate::support::{App, CALLBACK, VERIFIER, parameter, sent_back};

/// The authorization request with one parameter changed or removed.
fn with(name: &str, value: Option<&'static str>) -> Vec<(&'static str, &'static str)> {
    let rest = App::request().into_iter().filter(|(known, _)| *known != name);
    let changed = App::request().into_iter().find(|(known, _)| *known == name).zip(value);
    rest.chain(changed.map(|((name, _), value)| (name, value))).collect()
}

#[tokio::test]
async fn agreeing_on_the_consent_page_redirects_with_a_code() {
    let app = App::start().await;
    let page = app.authorize(&App::request()).await;
    assert_eq!(page.status(), 200);
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("default-src 'none'"), "{policy}");
    let page = page.text().await.unwrap();
    for shown in
        ["Tutti asks", "data-testid=\"agree\"", "data-testid=\"cancel\"", "data-testid=\"person-ben\"", "Ben (Premium)"]
    {
        assert!(page.contains(shown), "no {shown} in {page}");
    }
    assert!(page.contains("data-testid=\"scope-streaming\""));
    assert!(!page.contains("<script"));

    let ticket = ticket(&page);
    let answer = [("request", ticket.as_str()), ("person", "ben"), ("answer", "agree")];
    let back = sent_back(&app.answer_page(&answer).await);
    assert!(back.as_str().starts_with(CALLBACK));
    assert_eq!(parameter(&back, "state").as_deref(), Some("a state & more"));
    let code = parameter(&back, "code").unwrap();
    assert_eq!(app.exchange(&code, Some(VERIFIER)).await.status, 200);

    let again = app.answer_page(&answer).await;
    assert_eq!(again.status(), 400, "a page is answered once");
}

#[tokio::test]
async fn cancelling_redirects_with_an_error() {
    let app = App::start().await;
    let page = app.authorize(&App::request()).await.text().await.unwrap();
    let back = sent_back(&app.answer_page(&[("request", &ticket(&page)), ("answer", "cancel")]).await);
    assert_eq!(parameter(&back, "error").as_deref(), Some("access_denied"));
    assert_eq!(parameter(&back, "state").as_deref(), Some("a state & more"));
    assert_eq!(parameter(&back, "code"), None);
}

#[tokio::test]
async fn consent_can_be_given_without_a_page() {
    let app = App::start().await;
    app.set(|switches| switches.consent = Consent::Deny);
    let back = sent_back(&app.authorize(&App::request()).await);
    assert_eq!(parameter(&back, "error").as_deref(), Some("access_denied"));
    app.set(|switches| switches.consent = Consent::agree("ben"));
    let back = sent_back(&app.authorize(&with("state", None)).await);
    assert!(parameter(&back, "code").is_some());
    assert_eq!(parameter(&back, "state"), None, "what was not sent does not come back");
}

#[tokio::test]
async fn an_unregistered_client_or_redirect_uri_causes_no_redirect() {
    let app = App::start().await;
    let cases = [
        (with("client_id", Some("another")), "INVALID_CLIENT: Invalid client"),
        (with("redirect_uri", None), "INVALID_CLIENT: Invalid redirect URI"),
        (with("redirect_uri", Some("https://evil.example/back")), "INVALID_CLIENT: Invalid redirect URI"),
        (
            with("redirect_uri", Some("http://localhost:8080/api/v1/auth/spotify/callback")),
            "INVALID_CLIENT: Invalid redirect URI",
        ),
    ];
    for (request, sentence) in cases {
        let answer = app.authorize(&request).await;
        assert_eq!(answer.status(), 400);
        assert!(!answer.headers().contains_key("location"));
        assert!(answer.text().await.unwrap().contains(sentence), "{sentence}");
    }
}

#[tokio::test]
async fn a_custom_app_has_its_own_redirect_uris_and_localhost_is_rejected() {
    let own = tutti_spotify_stand_in::App {
        client_id: "mine".to_owned(),
        redirect_uris: vec!["https://hub.example/back".to_owned(), "http://localhost:1/back".to_owned()],
        ..tutti_spotify_stand_in::App::default()
    };
    let app = App::with(StandIn::start_for(own, ([127, 0, 0, 1], 0).into()).await.unwrap());
    let status = async |uri| {
        let request = [("response_type", "code"), ("client_id", "mine"), ("redirect_uri", uri)];
        app.authorize(&request).await.status().as_u16()
    };
    assert_eq!(status("https://hub.example/back").await, 200);
    assert_eq!(status("http://localhost:1/back").await, 400);
    assert_eq!(status(CALLBACK).await, 400);
}

#[tokio::test]
async fn other_errors_are_reported_to_the_app() {
    let app = App::start().await;
    let cases = [
        (with("response_type", Some("token")), "unsupported_response_type"),
        (with("scope", Some("streaming everything")), "invalid_scope"),
        (with("code_challenge", Some("short")), "invalid_request"),
        (with("code_challenge_method", Some("S512")), "invalid_request"),
    ];
    for (request, error) in cases {
        let back = sent_back(&app.authorize(&request).await);
        assert_eq!(parameter(&back, "error").as_deref(), Some(error));
        assert_eq!(parameter(&back, "state").as_deref(), Some("a state & more"));
    }
}

#[tokio::test]
async fn names_are_escaped_on_the_page() {
    let app = App::start().await;
    let mut person = tutti_spotify_stand_in::Person::new("eve");
    person.display_name = Some("<b>\"Eve\" & co</b>".to_owned());
    app.spotify.add_person(person);
    let page = app.authorize(&App::request()).await.text().await.unwrap();
    assert!(page.contains("&lt;b&gt;&quot;Eve&quot; &amp; co&lt;/b&gt;"), "{page}");
}

#[tokio::test]
async fn only_loopback_addresses_are_accepted() {
    let refused = StandIn::start(([0, 0, 0, 0], 0).into()).await.unwrap_err();
    assert!(refused.to_string().contains("not a loopback address"), "{refused}");
}

fn ticket(page: &str) -> String {
    let (_, rest) = page.split_once("name=\"request\" value=\"").unwrap();
    rest.split('"').next().unwrap().to_owned()
}
