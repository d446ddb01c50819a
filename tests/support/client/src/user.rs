//! A logged-in user over HTTP: login, refresh, rooms, search.

use std::net::SocketAddr;

use reqwest::Method;
use reqwest::header::{COOKIE, ORIGIN, SET_COOKIE};
use serde_json::json;
use tutti_protocol::http::{AuthResponse, RoomSummary, SearchResponse};
use tutti_protocol::{Track, UserId};

/// A user with an access token, and a refresh cookie to get the next one.
#[derive(Clone, Debug)]
pub struct TestUser {
    /// Shared with other users, unless it keeps cookies.
    pub http: reqwest::Client,
    /// The server's address.
    pub address: SocketAddr,
    /// The id in the token.
    pub id: UserId,
    /// The access token.
    pub token: String,
    /// The refresh cookie as `name=value`.
    pub cookie: String,
}

impl TestUser {
    /// Logs a new guest in.
    pub async fn guest(http: &reqwest::Client, address: SocketAddr, name: &str) -> reqwest::Result<Self> {
        let request = http.post(format!("http://{address}/api/v1/auth/guest")).json(&json!({ "display_name": name }));
        Self::read(http.clone(), address, request.send().await?).await
    }

    /// Logs in at `/api/v1/auth/{path}`, with the cookies that `http` keeps.
    pub async fn log_in(
        http: &reqwest::Client,
        address: SocketAddr,
        path: &str,
        body: &serde_json::Value,
    ) -> reqwest::Result<Self> {
        let request = http.post(format!("http://{address}/api/v1/auth/{path}")).json(body);
        let response = request.header(ORIGIN, format!("http://{address}")).send().await?;
        Self::read(http.clone(), address, response).await
    }

    /// Gets a new access token. The cookie stays valid when that fails.
    pub async fn refresh(&mut self) -> reqwest::Result<()> {
        let request = self.http.post(format!("http://{}/api/v1/auth/refresh", self.address));
        let request = request.header(COOKIE, &self.cookie).header(ORIGIN, format!("http://{}", self.address));
        let fresh = Self::read(self.http.clone(), self.address, request.send().await?).await?;
        assert_eq!(fresh.id, self.id, "a refresh keeps the user");
        *self = fresh;
        Ok(())
    }

    /// A request with the access token; `path` is relative to `/api/v1/`.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("http://{}/api/v1/{path}", self.address)).bearer_auth(&self.token)
    }

    /// Opens a room.
    pub async fn open_room(&self, name: &str, passcode: Option<&str>) -> reqwest::Result<RoomSummary> {
        let request = self.request(Method::POST, "rooms").json(&json!({ "name": name, "passcode": passcode }));
        let response = request.send().await?.error_for_status()?;
        assert_eq!(response.status(), 201);
        response.json().await
    }

    /// The library's first page, as far as it is scanned.
    pub async fn library(&self) -> reqwest::Result<Vec<Track>> {
        let response = self.request(Method::GET, "search?provider=library&q=").send().await?.error_for_status()?;
        Ok(response.json::<SearchResponse>().await?.tracks)
    }

    async fn read(http: reqwest::Client, address: SocketAddr, response: reqwest::Response) -> reqwest::Result<Self> {
        let response = response.error_for_status()?;
        let cookie = response.headers().get(SET_COOKIE).and_then(|cookie| cookie.to_str().ok()).expect("a cookie");
        let cookie = cookie.split(';').next().expect("a name and a value").to_owned();
        let AuthResponse { access_token, user, .. } = response.json().await?;
        Ok(Self { http, address, id: user.id, token: access_token.0, cookie })
    }
}
