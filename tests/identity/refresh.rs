//! Refresh tokens: rotation, grace period, reuse detection, expiry.

use std::time::Duration;

use futures_util::future::join_all;

use crate::http::site::{on_every_store, pass};
use crate::http::{Browser, Site};

on_every_store! {
    the_previous_token_yields_the_same_successor_for_ten_seconds
    reuse_of_the_previous_token_after_the_grace_period_revokes_the_session
    reuse_of_an_older_token_revokes_the_session_even_within_the_grace_period
    ten_tabs_can_refresh_at_once
    an_idle_session_expires
    a_session_expires_at_its_maximum_age
    a_token_that_was_never_issued_is_rejected
    a_revoked_session_stays_revoked_after_a_restart
}

const DAY: Duration = Duration::from_hours(24);

async fn guest(site: &Site) -> Browser<'_> {
    let mut browser = site.browser();
    browser.guest("Ana").await.assert_ok();
    browser
}

async fn the_previous_token_yields_the_same_successor_for_ten_seconds(site: Site) {
    let mut ana = guest(&site).await;
    let mut other_tab = ana.clone();
    let first = ana.refresh().await;
    pass(Duration::from_secs(8)).await;
    let second = other_tab.refresh().await;
    assert_eq!(second.assert_ok().cookie(), first.assert_ok().cookie());
    assert_eq!(second.user_id(), first.user_id());
    other_tab.refresh().await.assert_ok();
}

async fn reuse_of_the_previous_token_after_the_grace_period_revokes_the_session(site: Site) {
    let mut revoked = site.context.identity.subscribe_revocations();
    let mut ana = guest(&site).await;
    let mut thief = ana.clone();
    ana.refresh().await.assert_ok();
    pass(Duration::from_secs(11)).await;
    thief.refresh().await.assert_problem(401, "forbidden");
    revoked.try_recv().expect("the session's sockets are closed");
    ana.me().await.assert_problem(401, "forbidden");
    ana.refresh().await.assert_problem(401, "forbidden");
}

async fn reuse_of_an_older_token_revokes_the_session_even_within_the_grace_period(site: Site) {
    let mut ana = guest(&site).await;
    let mut thief = ana.clone();
    ana.refresh().await.assert_ok();
    ana.refresh().await.assert_ok();
    thief.refresh().await.assert_problem(401, "forbidden");
    ana.refresh().await.assert_problem(401, "forbidden");
    ana.me().await.assert_problem(401, "forbidden");
}

async fn ten_tabs_can_refresh_at_once(site: Site) {
    let ana = guest(&site).await;
    let mut tabs = vec![ana; 10];
    let responses = join_all(tabs.iter_mut().map(Browser::refresh)).await;
    let session = |token: &str| site.context.identity.authenticate(token).unwrap().session;
    for response in &responses {
        assert_eq!(response.assert_ok().cookie(), responses[0].cookie());
        assert_eq!(session(&response.access_token()), session(&responses[0].access_token()));
    }
    for tab in &tabs {
        tab.me().await.assert_ok();
    }
}

async fn an_idle_session_expires(site: Site) {
    let mut ana = guest(&site).await;
    pass(DAY * 29).await;
    ana.refresh().await.assert_ok();
    pass(DAY * 29).await;
    ana.refresh().await.assert_ok();
    pass(DAY * 31).await;
    ana.refresh().await.assert_problem(401, "forbidden");
}

async fn a_session_expires_at_its_maximum_age(site: Site) {
    let mut ana = guest(&site).await;
    for _ in 0..7 {
        pass(DAY * 25).await;
        ana.refresh().await.assert_ok();
    }
    // 175 of 180 days: the cookie does not outlive the session.
    let last = ana.refresh().await;
    let max_age = last.header("set-cookie").split("Max-Age=").nth(1).unwrap().split(';').next().unwrap();
    let days = max_age.parse::<f64>().unwrap() / DAY.as_secs_f64();
    assert!(days > 4.9 && days <= 5.0, "{days}");
    pass(DAY * 6).await;
    ana.refresh().await.assert_problem(401, "forbidden");
}

async fn a_token_that_was_never_issued_is_rejected(site: Site) {
    let ana = guest(&site).await;
    let valid = ana.cookie.clone().unwrap();
    let (user, secret) = valid.split_once('.').unwrap();
    let stranger = guest(&site).await.cookie.unwrap();
    let (other_user, _) = stranger.split_once('.').unwrap();
    let reversed: String = secret.chars().rev().collect();
    let forged = [
        String::new(),
        "nonsense".into(),
        secret.into(),
        format!("{other_user}.{secret}"),
        format!("{user}.{reversed}"),
        format!("{valid}A"),
        "A".repeat(5000),
    ];
    for cookie in forged {
        let mut browser = Browser { cookie: Some(cookie.clone()), access_token: None, ..ana.clone() };
        browser.refresh().await.assert_problem(401, "forbidden");
    }
    ana.clone().refresh().await.assert_ok();
}

async fn a_revoked_session_stays_revoked_after_a_restart(site: Site) {
    let mut ana = guest(&site).await;
    let access_token = ana.access_token.clone().unwrap();
    ana.logout().await.assert_ok();
    let restarted = Site::on(site.context.store.clone(), &[], site.dir).await;
    let mut again = restarted.browser();
    again.access_token = Some(access_token);
    again.me().await.assert_problem(401, "forbidden");
}
