//! Several users on one device.

use serde_json::{Value, json};

use super::site::on_every_store;
use super::{Browser, Site};

on_every_store! {
    a_new_device_has_no_accounts
    several_users_log_in_side_by_side
    switching_refreshes_a_slot
    a_slot_acts_for_its_own_user_only
    logging_out_one_slot_keeps_the_others
    a_free_slot_is_reused
    a_login_without_a_free_slot_is_refused
    invalid_slots_are_refused
    listing_accounts_does_not_rotate_tokens
    a_guest_who_logs_in_keeps_their_rooms
    logging_in_as_another_account_transfers_no_rooms
}

/// The accounts of the device: slot and name.
async fn accounts(browser: &Browser<'_>) -> Vec<(u64, String)> {
    let list = browser.get("/api/v1/me/accounts").await;
    let account = |account: &Value| {
        let name = account["user"]["display_name"].as_str().unwrap().to_owned();
        (account["slot"].as_u64().unwrap(), name)
    };
    list.assert_ok().json["accounts"].as_array().unwrap().iter().map(account).collect()
}

fn names(accounts: &[(u64, String)]) -> Vec<(u64, &str)> {
    accounts.iter().map(|(slot, name)| (*slot, name.as_str())).collect()
}

/// A device with Ana in slot 0 and Ben in slot 1.
async fn ana_and_ben(site: &Site) -> Browser<'_> {
    let mut device = site.browser();
    device.guest("Ana").await.assert_ok();
    device.slot = Some("new");
    assert_eq!(device.guest("Ben").await.assert_ok().json["slot"], 1);
    device.slot = None;
    device
}

async fn a_new_device_has_no_accounts(site: Site) {
    let list = site.browser().get("/api/v1/me/accounts").await;
    assert_eq!(list.assert_ok().json, json!({ "accounts": [], "slots_max": 8 }));
}

async fn several_users_log_in_side_by_side(site: Site) {
    let mut device = ana_and_ben(&site).await;
    device.slot = Some("new");
    let registered = device.register("cleo", "correct horse").await;
    assert_eq!(registered.assert_ok().json["slot"], 2);
    assert_eq!(names(&accounts(&device).await), [(0, "Ana"), (1, "Ben"), (2, "cleo")]);
}

async fn switching_refreshes_a_slot(site: Site) {
    let mut device = ana_and_ben(&site).await;
    let ana = device.post("/api/v1/me/accounts/0/activate", json!({})).await;
    assert_eq!((ana.assert_ok().json["user"]["display_name"].as_str(), &ana.json["slot"]), (Some("Ana"), &json!(0)));
    let ben = device.post("/api/v1/me/accounts/1/activate", json!({})).await;
    assert_eq!((ben.assert_ok().json["user"]["display_name"].as_str(), &ben.json["slot"]), (Some("Ben"), &json!(1)));
    assert_eq!(device.me().await.json["display_name"], "Ben");
    device.slot = Some("0");
    assert_eq!(device.refresh().await.json["user"]["display_name"], "Ana");
    assert_eq!(names(&accounts(&device).await), [(0, "Ana"), (1, "Ben")], "both are still logged in");
}

async fn a_slot_acts_for_its_own_user_only(site: Site) {
    let mut device = ana_and_ben(&site).await;
    // Ben's access token in Ana's slot: the slot's cookie decides, so Ana is renamed.
    let answer = device.guest("Ana B").await;
    assert_eq!(answer.assert_ok().json["slot"], 0);
    assert_eq!(names(&accounts(&device).await), [(0, "Ana B"), (1, "Ben")]);
    device.slot = Some("5");
    device.refresh().await.assert_problem(401, "forbidden");
    device.post("/api/v1/me/accounts/5/activate", json!({})).await.assert_problem(401, "forbidden");
}

async fn logging_out_one_slot_keeps_the_others(site: Site) {
    let mut device = ana_and_ben(&site).await;
    let bens = device.clone();
    device.delete("/api/v1/me/accounts/1").await.assert_ok();
    assert_eq!(names(&accounts(&device).await), [(0, "Ana")]);
    bens.me().await.assert_problem(401, "forbidden");
    device.post("/api/v1/me/accounts/0/activate", json!({})).await.assert_ok();
    device.delete("/api/v1/me/accounts/1").await.assert_ok();
}

async fn a_free_slot_is_reused(site: Site) {
    let mut device = ana_and_ben(&site).await;
    device.delete("/api/v1/me/accounts/0").await.assert_ok();
    device.slot = Some("new");
    assert_eq!(device.guest("Cleo").await.assert_ok().json["slot"], 0);
    // Revoked elsewhere: the cookie is still there but not valid.
    let session = site.context.identity.authenticate(device.access_token.as_ref().unwrap()).unwrap();
    site.context.identity.revoke_session(session.user, session.session).await.unwrap();
    assert_eq!(device.guest("Dora").await.assert_ok().json["slot"], 0);
    assert_eq!(names(&accounts(&device).await), [(0, "Dora"), (1, "Ben")]);
}

async fn a_login_without_a_free_slot_is_refused(site: Site) {
    let mut device = site.browser();
    device.slot = Some("new");
    for person in 0..8 {
        assert_eq!(device.guest(&format!("Guest {person}")).await.assert_ok().json["slot"], person);
    }
    device.guest("One too many").await.assert_problem(409, "limit_reached");
    assert_eq!(accounts(&device).await.len(), 8);
}

async fn invalid_slots_are_refused(site: Site) {
    let mut device = ana_and_ben(&site).await;
    for slot in ["8", "-1", "01", "x"] {
        device.slot = Some(slot);
        device.guest("Ninth").await.assert_problem(400, "invalid");
    }
    device.slot = Some("new");
    device.refresh().await.assert_problem(400, "invalid");
    device.logout().await.assert_problem(400, "invalid");
    device.slot = None;
    device.post("/api/v1/me/accounts/8/activate", json!({})).await.assert_problem(404, "not_found");
}

async fn listing_accounts_does_not_rotate_tokens(site: Site) {
    let mut device = ana_and_ben(&site).await;
    let before = device.clone();
    for _ in 0..3 {
        accounts(&device).await;
    }
    assert_eq!((&device.cookie, &device.jar), (&before.cookie, &before.jar));
    device.refresh().await.assert_ok();
    assert_eq!(names(&accounts(&before).await), [(0, "Ana"), (1, "Ben")], "a request sent before the refresh");
    device.refresh().await.assert_ok();
    accounts(&before).await;
    device.refresh().await.assert_ok();
}

async fn a_guest_who_logs_in_keeps_their_rooms(site: Site) {
    let id = site.browser().register("ana", "correct horse").await.user_id().to_owned();
    let mut guest = site.browser();
    guest.guest("Guest").await.assert_ok();
    let code = guest.post("/api/v1/rooms", json!({ "name": "Kitchen" })).await.assert_ok().json["code"].clone();
    assert_eq!(guest.login("ana", "correct horse").await.user_id(), id);
    let rooms = guest.get("/api/v1/me/rooms").await.json["rooms"].clone();
    assert_eq!((rooms.as_array().unwrap().len(), &rooms[0]["code"]), (1, &code));
    assert_eq!(rooms[0]["host_name"], "ana");
}

async fn logging_in_as_another_account_transfers_no_rooms(site: Site) {
    let mut browser = site.browser();
    browser.register("ana", "correct horse").await.assert_ok();
    browser.post("/api/v1/rooms", json!({ "name": "Ana's" })).await.assert_ok();
    site.browser().register("ben", "correct horse").await.assert_ok();
    browser.login("ben", "correct horse").await.assert_ok();
    assert_eq!(browser.get("/api/v1/me/rooms").await.json["rooms"], json!([]));
    browser.login("ana", "correct horse").await.assert_ok();
    assert_eq!(browser.get("/api/v1/me/rooms").await.json["rooms"][0]["name"], "Ana's");
}
