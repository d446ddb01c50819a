//! Spotify against the stand-in, through the HTTP routes, with a browser that follows redirects.

mod attacks;
pub mod follow;
mod links;
mod login;
mod logs;
mod premium;
mod search;

use std::collections::HashMap;

use reqwest::Url;
use serde_json::Value;
use tutti::providers::{Asker, ProviderError};
use tutti_protocol::{ProviderId, Track, UserId};
use tutti_spotify_stand_in::{Consent, StandIn};

use crate::http::{Answer, Browser, Site};

/// A server and the Spotify stand-in that it is configured with.
pub struct Stage {
    pub site: Site,
    pub spotify: StandIn,
    /// The browser's client for Spotify.
    http: reqwest::Client,
}

impl Stage {
    /// On SQLite. `person` consents to every login.
    pub async fn new(person: &str) -> Self {
        Self::with(person, &[]).await
    }

    pub async fn with(person: &str, settings: &[&str]) -> Self {
        let spotify = StandIn::start_on_free_port().await.unwrap();
        spotify.switches(|switches| switches.consent = Consent::agree(person));
        let (accounts, api) = (spotify.accounts_url(), spotify.api_url());
        let arguments = [
            "--spotify-client-id=tutti-test-client",
            "--spotify-redirect-url=http://127.0.0.1:8080/api/v1/auth/spotify/callback",
            &format!("--spotify-accounts-url={accounts}"),
            &format!("--spotify-api-url={api}"),
        ];
        let site = Site::on_sqlite(&[&arguments, settings].concat()).await;
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { site, spotify, http }
    }

    pub fn consent_as(&self, person: &str) {
        self.spotify.switches(|switches| switches.consent = Consent::agree(person));
    }

    pub fn browser(&self) -> Browser<'_> {
        self.site.browser()
    }

    /// Starts a login; returns the authorization URL.
    pub async fn start_login(&self, browser: &mut Browser<'_>, query: &str) -> Url {
        let answer = browser.open(&format!("/api/v1/auth/spotify/start?{query}"), "same-origin").await;
        assert_eq!(answer.status, 303, "{}", answer.text);
        Url::parse(answer.header("location")).unwrap()
    }

    /// Opens the authorization URL; returns path and query of the callback.
    pub async fn consent(&self, authorize: Url) -> String {
        let answer = self.http.get(authorize).send().await.unwrap();
        assert_eq!(answer.status(), 303);
        let callback = Url::parse(answer.headers()["location"].to_str().unwrap()).unwrap();
        assert_eq!(callback.origin().ascii_serialization(), "http://127.0.0.1:8080");
        format!("{}?{}", callback.path(), callback.query().unwrap())
    }

    /// Opens the callback; returns the page that it redirects to.
    pub async fn finish_login(&self, browser: &mut Browser<'_>, callback: &str) -> Landing {
        let answer = browser.open(callback, "cross-site").await;
        assert_eq!(answer.status, 303, "{}", answer.text);
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        Landing::read(&answer)
    }

    /// A complete login.
    pub async fn log_in(&self, browser: &mut Browser<'_>, query: &str) -> Landing {
        let authorize = self.start_login(browser, query).await;
        let callback = self.consent(authorize).await;
        self.finish_login(browser, &callback).await
    }

    /// A browser that is logged in with Spotify.
    pub async fn logged_in(&self) -> Browser<'_> {
        let mut browser = self.browser();
        assert_eq!(self.log_in(&mut browser, "return_to=/").await.outcome, "done");
        browser.refresh().await.assert_ok();
        browser
    }

    /// Looks up a track for a user outside a room.
    pub async fn track(&self, user: UserId, id: &str) -> Result<Option<Track>, ProviderError> {
        let spotify = self.site.context.catalogue.get(ProviderId::SPOTIFY).expect("it is configured");
        spotify.track(&Asker { user, host: None }, id).await
    }

    /// The user's link, as the API reports it.
    pub async fn link(&self, browser: &Browser<'_>) -> Value {
        browser.get("/api/v1/me/spotify").await.assert_ok().json["link"].clone()
    }

    /// Requests of a grant type that the accounts service has seen.
    pub fn token_requests(&self, grant_type: &str) -> usize {
        let requests = self.spotify.requests();
        requests.iter().filter(|request| request.grant_type.as_deref() == Some(grant_type)).count()
    }
}

/// The page that a login redirects to.
#[derive(Debug)]
pub struct Landing {
    pub path: String,
    pub outcome: String,
    pub slot: Option<String>,
}

impl Landing {
    fn read(answer: &Answer) -> Self {
        let location = answer.header("location");
        assert!(location.starts_with('/') && !location.starts_with("//"), "{location}");
        let url = Url::parse("http://own.invalid").unwrap().join(location).unwrap();
        let mut query: HashMap<String, String> = url.query_pairs().into_owned().collect();
        Self {
            path: url.path().to_owned(),
            outcome: query.remove("spotify").expect("an outcome"),
            slot: query.remove("slot"),
        }
    }
}
