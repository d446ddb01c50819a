//! A test app with its own stand-in: logs users in and calls the Web API.

use reqwest::header::{AUTHORIZATION, CONTENT_LENGTH, LOCATION};
use reqwest::redirect::Policy;
use reqwest::{Method, Response, StatusCode};
use serde_json::Value;
use tutti_spotify_stand_in::{Consent, StandIn, Switches};
use url::Url;

/// Verifier and challenge of RFC 7636, Appendix B.
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

pub const CALLBACK: &str = "http://127.0.0.1:8080/api/v1/auth/spotify/callback";

pub const SCOPES: &str =
    "streaming user-read-private user-read-email user-read-playback-state user-modify-playback-state";

/// A stand-in and a client that does not follow redirects.
pub struct App {
    pub spotify: StandIn,
    client: reqwest::Client,
}

/// A response with its body.
#[derive(Debug)]
pub struct TestResponse {
    pub status: u16,
    pub retry_after: Option<String>,
    pub text: String,
}

/// The tokens of a login.
#[derive(Clone, Debug)]
pub struct Tokens {
    pub access: String,
    pub refresh: String,
}

impl App {
    pub async fn start() -> Self {
        Self::with(StandIn::start_on_free_port().await.unwrap())
    }

    pub fn with(spotify: StandIn) -> Self {
        // The client requires a TLS provider although no request uses TLS.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().redirect(Policy::none()).no_proxy().build().unwrap();
        Self { spotify, client }
    }

    pub fn set(&self, change: impl FnOnce(&mut Switches)) {
        self.spotify.switches(change);
    }

    /// The parameters of a valid authorization request.
    pub fn request() -> Vec<(&'static str, &'static str)> {
        vec![
            ("response_type", "code"),
            ("client_id", "tutti-test-client"),
            ("redirect_uri", CALLBACK),
            ("scope", SCOPES),
            ("state", "a state & more"),
            ("code_challenge_method", "S256"),
            ("code_challenge", CHALLENGE),
        ]
    }

    pub async fn authorize(&self, request: &[(&str, &str)]) -> Response {
        let url = format!("{}/authorize", self.spotify.accounts_url());
        self.client.get(url).query(request).send().await.unwrap()
    }

    /// Submits the consent page's form.
    pub async fn answer_page(&self, form: &[(&str, &str)]) -> Response {
        let url = format!("{}/authorize", self.spotify.accounts_url());
        self.client.post(url).form(form).send().await.unwrap()
    }

    /// Gets a code by consent without a page.
    pub async fn code(&self, person: &str, request: &[(&str, &str)]) -> String {
        self.set(|switches| switches.consent = Consent::agree(person));
        let back = sent_back(&self.authorize(request).await);
        parameter(&back, "code").unwrap_or_else(|| panic!("no code in {back}"))
    }

    pub async fn token(&self, form: &[(&str, &str)]) -> TestResponse {
        let url = format!("{}/api/token", self.spotify.accounts_url());
        read(self.client.post(url).form(form).send().await.unwrap()).await
    }

    pub async fn exchange(&self, code: &str, verifier: Option<&str>) -> TestResponse {
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("client_id", "tutti-test-client"),
            ("redirect_uri", CALLBACK),
            ("code", code),
        ];
        form.extend(verifier.map(|verifier| ("code_verifier", verifier)));
        self.token(&form).await
    }

    pub async fn refresh(&self, token: &str) -> TestResponse {
        let form = [("grant_type", "refresh_token"), ("client_id", "tutti-test-client"), ("refresh_token", token)];
        self.token(&form).await
    }

    /// A complete login.
    pub async fn login(&self, person: &str) -> Tokens {
        let code = self.code(person, &Self::request()).await;
        let body = self.exchange(&code, Some(VERIFIER)).await.json();
        Tokens { access: text(&body, "access_token"), refresh: text(&body, "refresh_token") }
    }

    pub async fn get(&self, access: &str, path: &str) -> TestResponse {
        self.call(Method::GET, access, path, "").await
    }

    pub async fn put(&self, access: &str, path: &str, body: &str) -> TestResponse {
        self.call(Method::PUT, access, path, body).await
    }

    /// Sends any request, with a content length.
    pub async fn call(&self, method: Method, access: &str, path: &str, body: &str) -> TestResponse {
        let request = self
            .client
            .request(method, format!("{}{path}", self.spotify.api_url()))
            .header(AUTHORIZATION, format!("Bearer {access}"))
            .header(CONTENT_LENGTH, body.len());
        read(request.body(body.to_owned()).send().await.unwrap()).await
    }
}

impl TestResponse {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }

    /// `400 invalid_grant: Invalid authorization code` of the accounts service.
    pub fn refusal(&self) -> String {
        let body = self.json();
        format!("{} {}: {}", self.status, text(&body, "error"), text(&body, "error_description"))
    }

    /// `403 PREMIUM_REQUIRED: …` of the Web API.
    pub fn error(&self) -> String {
        let error = &self.json()["error"];
        assert_eq!(error["status"], self.status);
        match error["reason"].as_str() {
            Some(reason) => format!("{} {reason}", self.status),
            None => format!("{} {}", self.status, text(error, "message")),
        }
    }
}

async fn read(response: Response) -> TestResponse {
    TestResponse {
        status: response.status().as_u16(),
        retry_after: response.headers().get("retry-after").map(|value| value.to_str().unwrap().to_owned()),
        text: response.text().await.unwrap(),
    }
}

/// The target of a redirect.
pub fn sent_back(response: &Response) -> Url {
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    Url::parse(response.headers()[LOCATION].to_str().unwrap()).unwrap()
}

pub fn parameter(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}

pub fn text(value: &Value, field: &str) -> String {
    value[field].as_str().unwrap_or_else(|| panic!("no {field} in {value}")).to_owned()
}
