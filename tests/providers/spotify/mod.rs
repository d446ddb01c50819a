//! Logging in with Spotify, against the stand-in: the whole way through the routes, with a browser that follows redirects.

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

/// A server and the Spotify that it was told of.
pub struct Stage {
    pub site: Site,
    pub spotify: StandIn,
    /// The browser's own way to Spotify.
    http: reqwest::Client,
}

impl Stage {
    /// On SQLite, with somebody who agrees to everything at once.
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

    pub fn agrees(&self, person: &str) {
        self.spotify.switches(|switches| switches.consent = Consent::agree(person));
    }

    pub fn browser(&self) -> Browser<'_> {
        self.site.browser()
    }

    /// Begins a login: where it sends the browser.
    pub async fn start(&self, browser: &mut Browser<'_>, query: &str) -> Url {
        let answer = browser.open(&format!("/api/v1/auth/spotify/start?{query}"), "same-origin").await;
        assert_eq!(answer.status, 303, "{}", answer.text);
        Url::parse(answer.header("location")).unwrap()
    }

    /// What Spotify does with somebody who comes there: path and query of where it sends them back to.
    pub async fn consent(&self, authorize: Url) -> String {
        let answer = self.http.get(authorize).send().await.unwrap();
        assert_eq!(answer.status(), 303);
        let back = Url::parse(answer.headers()["location"].to_str().unwrap()).unwrap();
        assert_eq!(back.origin().ascii_serialization(), "http://127.0.0.1:8080");
        format!("{}?{}", back.path(), back.query().unwrap())
    }

    /// Comes back from Spotify: the page that it leads to.
    pub async fn come_back(&self, browser: &mut Browser<'_>, back: &str) -> Landing {
        let answer = browser.open(back, "cross-site").await;
        assert_eq!(answer.status, 303, "{}", answer.text);
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        Landing::read(&answer)
    }

    /// The whole way there and back.
    pub async fn log_in(&self, browser: &mut Browser<'_>, query: &str) -> Landing {
        let authorize = self.start(browser, query).await;
        let back = self.consent(authorize).await;
        self.come_back(browser, &back).await
    }

    /// A browser in which somebody is in by Spotify.
    pub async fn in_by_spotify(&self) -> Browser<'_> {
        let mut browser = self.browser();
        assert_eq!(self.log_in(&mut browser, "return_to=/").await.outcome, "done");
        browser.refresh().await.assert_ok();
        browser
    }

    /// A track, asked for by somebody without a room.
    pub async fn track(&self, user: UserId, id: &str) -> Result<Option<Track>, ProviderError> {
        let spotify = self.site.context.catalogue.get(ProviderId::SPOTIFY).expect("it is configured");
        spotify.track(&Asker { user, host: None }, id).await
    }

    /// What is shown of somebody's link.
    pub async fn link(&self, browser: &Browser<'_>) -> Value {
        browser.get("/api/v1/me/spotify").await.assert_ok().json["link"].clone()
    }

    /// Requests of a grant type that the accounts service has seen.
    pub fn token_requests(&self, grant_type: &str) -> usize {
        let requests = self.spotify.requests();
        requests.iter().filter(|request| request.grant_type.as_deref() == Some(grant_type)).count()
    }
}

/// Where a login leads.
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
