//! No secret is logged, at any level.

use std::io;
use std::sync::{Arc, Mutex};

use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;

use crate::http::Site;

/// A log writer that keeps everything in memory.
#[derive(Clone, Default)]
pub struct Captured(Arc<Mutex<Vec<u8>>>);

impl Captured {
    /// Captures this thread's log lines at every level until the guard is dropped.
    pub fn capture(&self) -> impl Sized + use<> {
        let level = tracing::Level::TRACE;
        let subscriber = tracing_subscriber::fmt().with_max_level(level).with_writer(self.clone()).finish();
        // With a single dispatcher, tracing caches each callsite's interest for the whole process; a second one turns
        // that off.
        let second = tracing::Dispatch::new(tracing_subscriber::registry());
        (second, tracing::subscriber::set_default(subscriber))
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl io::Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Captured {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn no_login_flow_logs_a_secret() {
    let log = Captured::default();
    let _capturing = log.capture();

    let mut secrets: Vec<String> =
        ["correct horse battery", "wrong horse battery", "hunter2 in a list"].map(Into::into).into();
    for site in [Site::in_memory(&[]).await, Site::on_sqlite(&[]).await] {
        let mut ana = site.browser();
        let thief = ana.clone();
        let mut responses = vec![ana.guest("Ana").await];
        let old = ana.clone();
        responses.push(ana.register("ana", &secrets[0]).await);
        responses.push(ana.refresh().await);
        responses.push(ana.refresh().await);
        responses.push(site.browser().login("ana", &secrets[0]).await);
        site.browser().login("ana", &secrets[1]).await.assert_problem(401, "forbidden");
        let broken = json!({ "username": "x", "password": [secrets[2]], "display_name": "x" });
        site.browser().post("/api/v1/auth/register", broken).await.assert_problem(400, "invalid");
        old.clone().refresh().await.assert_problem(401, "forbidden");
        let mut replay = thief.clone();
        replay.cookie = responses[1].cookie();
        replay.refresh().await.assert_problem(401, "forbidden");
        ana.me().await.assert_problem(401, "forbidden");
        responses.push(ana.login("ana", &secrets[0]).await);
        let code = ana.post("/api/v1/me/device-code", json!({})).await.json["code"].as_str().unwrap().to_owned();
        secrets.extend([code.replace('-', ""), code.clone()]);
        let device = || async { site.browser().post("/api/v1/auth/device", json!({ "code": code })).await };
        responses.push(device().await);
        device().await.assert_problem(410, "not_found");
        let mut tv = site.browser();
        let screen = tv.post("/api/v1/screens", json!({ "name": "TV" })).await;
        let field = |name: &str| screen.json[name].as_str().unwrap().to_owned();
        secrets.extend([field("token"), field("code"), field("code").replace('-', "")]);
        let room =
            ana.post("/api/v1/rooms", json!({ "name": "Kitchen" })).await.json["code"].as_str().unwrap().to_owned();
        let approve = json!({ "code": field("code") });
        assert_eq!(ana.post(&format!("/api/v1/rooms/{room}/screens"), approve).await.status, 204);
        tv.access_token = Some(field("token"));
        tv.post("/api/v1/screens/status", json!({ "code": field("code") })).await.assert_ok();
        ana.logout().await.assert_ok();
        for response in &responses {
            secrets.push(response.assert_ok().access_token());
            secrets.push(response.cookie().unwrap());
        }
        for key in std::fs::read_dir(site.dir.path().join("keys")).unwrap() {
            let path = key.unwrap().path();
            if !path.ends_with("access-signing") && !path.ends_with("seal-writing") {
                secrets.extend(std::fs::read_to_string(path).unwrap().lines().map(Into::into));
            }
        }
        site.context.store.close().await;
        site.browser().guest("Ana").await;
    }

    let log = log.text();
    assert!(log.contains("refresh token reused"), "the log was captured");
    assert!(log.contains("request failed") && log.contains("TRACE"), "every level was captured");
    for secret in secrets.iter().filter(|secret| !secret.starts_with("-----")) {
        // Each part of a token is as secret as the whole.
        for part in secret.split('.').filter(|part| part.len() > 22) {
            assert!(!log.contains(part), "{part} is in the log");
        }
        assert!(!log.contains(secret), "{secret} is in the log");
    }
}
