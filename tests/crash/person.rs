//! Somebody without an account, as the server knows them: an access token for ten minutes, and a cookie to get the next.

use std::net::SocketAddr;

use reqwest::header::{COOKIE, ORIGIN, SET_COOKIE};
use serde_json::json;
use tutti_protocol::http::{AuthResponse, RoomSummary, SearchResponse};
use tutti_protocol::{RoomCode, TrackRef, UserId};

#[derive(Clone, Debug)]
pub struct Person {
    pub id: UserId,
    pub token: String,
    /// `name=value`.
    cookie: String,
}

impl Person {
    /// Comes in with nothing but a name.
    pub async fn guest(http: &reqwest::Client, address: SocketAddr, name: &str) -> reqwest::Result<Self> {
        let request = http.post(format!("http://{address}/api/v1/auth/guest")).json(&json!({ "display_name": name }));
        Self::read(request.send().await?.error_for_status()?).await
    }

    /// Gets a new access token. Nothing changes when that fails: the cookie that was still serves.
    pub async fn refresh(&mut self, http: &reqwest::Client, address: SocketAddr) -> reqwest::Result<()> {
        let request = http.post(format!("http://{address}/api/v1/auth/refresh"));
        let request = request.header(COOKIE, &self.cookie).header(ORIGIN, format!("http://{address}"));
        let fresh = Self::read(request.send().await?.error_for_status()?).await?;
        assert_eq!(fresh.id, self.id, "still the same person");
        *self = fresh;
        Ok(())
    }

    pub async fn open_room(&self, http: &reqwest::Client, address: SocketAddr) -> RoomCode {
        let request = http.post(format!("http://{address}/api/v1/rooms")).bearer_auth(&self.token);
        let answer = request.json(&json!({ "name": "Crash" })).send().await.expect("an answer");
        answer.error_for_status().expect("a room").json::<RoomSummary>().await.expect("a room").code
    }

    /// The demo library, once it is looked through.
    pub async fn tracks(&self, http: &reqwest::Client, address: SocketAddr) -> Vec<TrackRef> {
        loop {
            let request = http.get(format!("http://{address}/api/v1/search?provider=library&q="));
            let answer = request.bearer_auth(&self.token).send().await.expect("an answer");
            let found: SearchResponse = answer.error_for_status().expect("tracks").json().await.expect("tracks");
            if found.tracks.len() >= 5 {
                let reference = |track: tutti_protocol::Track| TrackRef { provider: track.provider, id: track.id };
                return found.tracks.into_iter().map(reference).collect();
            }
        }
    }

    async fn read(answer: reqwest::Response) -> reqwest::Result<Self> {
        let cookie = answer.headers().get(SET_COOKIE).and_then(|cookie| cookie.to_str().ok()).expect("a cookie");
        let cookie = cookie.split(';').next().expect("a name and a value").to_owned();
        let AuthResponse { access_token, user, .. } = answer.json().await?;
        Ok(Self { id: user.id, token: access_token.0, cookie })
    }
}
