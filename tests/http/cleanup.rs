//! What the cleanup removes, and what it keeps.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tutti::cleanup::{CLOSED_ROOM_KEPT, Cleanup, Progress, STRAY_GUEST_KEPT, UNUSED_GUEST_KEPT, UNUSED_ROOM_KEPT};
use tutti::clock_trust::ClockTrust;
use tutti::room::RoomHandle;
use tutti::store::StoredRoom;
use tutti_protocol::{Command, CommandId, ConnectionId, Policy, RoomCode, SettingsChange, UserId};
use uuid::Uuid;

use super::site::{on_every_store, pass};
use super::{Browser, Site};

on_every_store! {
    guests_not_seen_for_long_are_erased
    guests_that_were_never_in_a_room_are_erased_after_a_day
    a_room_in_which_nothing_happened_is_closed_after_a_week
    what_is_left_of_a_closed_room_is_removed_after_a_day
    guests_are_found_on_all_pages
}

const A_SECOND: Duration = Duration::from_secs(1);

pub(super) fn cleanup(site: &Site) -> Cleanup {
    let context = &site.context;
    Cleanup {
        store: context.store.clone(),
        identity: context.identity.clone(),
        rooms: context.rooms.clone(),
        spotify: None,
        clock: context.clock,
        trust: Arc::new(ClockTrust::open(site.dir.path().join("clock"), context.clock)),
        progress: Progress::default(),
    }
}

async fn is_known(site: &Site, user: UserId) -> bool {
    site.context.identity.user(user).await.unwrap().is_some()
}

async fn guest(browser: &mut Browser<'_>, name: &str) -> UserId {
    browser.guest(name).await.user_id().parse().unwrap()
}

async fn opens_room(browser: &mut Browser<'_>) -> RoomCode {
    let created = browser.post("/api/v1/rooms", json!({ "name": "Kitchen" })).await;
    RoomCode::parse(created.assert_ok().json["code"].as_str().unwrap()).unwrap()
}

async fn stored(site: &Site, code: RoomCode) -> StoredRoom {
    site.context.store.room_by_code(code).await.unwrap().unwrap()
}

/// Changes a setting, and waits until that is decided.
async fn changes_policy(room: &RoomHandle, host: UserId) {
    let settings = Box::new(SettingsChange { policy: Some(Policy::Votes), ..SettingsChange::default() });
    let command = Command::SetSettings { settings };
    room.command(ConnectionId(Uuid::new_v4()), host, CommandId(Uuid::new_v4()), command, vec![]).await;
    room.role_of(host).await.unwrap();
}

async fn guests_not_seen_for_long_are_erased(site: Site) {
    let (mut cleanup, context) = (cleanup(&site), &site.context);
    let mut browser = site.browser();
    let gone = guest(&mut browser, "Long gone").await;
    let room = context.rooms.open(opens_room(&mut browser).await).await.unwrap();
    changes_policy(&room, gone).await;
    let account = site.browser().register("ana", "correct horse").await.user_id().parse().unwrap();
    pass(UNUSED_GUEST_KEPT / 2).await;
    let mut browser = site.browser();
    let recent = guest(&mut browser, "Here lately").await;
    opens_room(&mut browser).await;
    cleanup.remove_expired().await.unwrap();
    assert!(is_known(&site, gone).await);
    assert_eq!(context.store.sessions_of(gone).await.unwrap(), [], "expired sessions are removed");
    pass(UNUSED_GUEST_KEPT / 2 + A_SECOND).await;
    cleanup.remove_expired().await.unwrap();
    assert!(!is_known(&site, gone).await);
    assert_eq!(context.store.rooms_known_to(gone, 10).await.unwrap(), []);
    for kept in [account, recent] {
        assert!(is_known(&site, kept).await);
    }
}

async fn guests_that_were_never_in_a_room_are_erased_after_a_day(site: Site) {
    let mut cleanup = cleanup(&site);
    let stray = guest(&mut site.browser(), "Stray").await;
    let mut browser = site.browser();
    let host = guest(&mut browser, "Host").await;
    opens_room(&mut browser).await;
    let account = site.browser().register("ana", "correct horse").await.user_id().parse().unwrap();
    pass(STRAY_GUEST_KEPT.saturating_sub(A_SECOND)).await;
    let mut returning = site.browser();
    let recent = guest(&mut returning, "Just came").await;
    cleanup.remove_expired().await.unwrap();
    assert!(is_known(&site, stray).await);
    pass(A_SECOND * 2).await;
    cleanup.remove_expired().await.unwrap();
    assert!(!is_known(&site, stray).await);
    for kept in [host, recent, account] {
        assert!(is_known(&site, kept).await);
    }
}

async fn a_room_in_which_nothing_happened_is_closed_after_a_week(site: Site) {
    let mut cleanup = cleanup(&site);
    let mut browser = site.browser();
    let host = guest(&mut browser, "Host").await;
    let (unused, used) = (opens_room(&mut browser).await, opens_room(&mut browser).await);
    changes_policy(&site.context.rooms.open(used).await.unwrap(), host).await;
    pass(UNUSED_ROOM_KEPT.saturating_sub(A_SECOND)).await;
    cleanup.remove_expired().await.unwrap();
    assert_eq!(stored(&site, unused).await.closed_at_ms, None);
    pass(A_SECOND * 2).await;
    cleanup.remove_expired().await.unwrap();
    assert!(stored(&site, unused).await.closed_at_ms.is_some());
    assert_eq!(stored(&site, used).await.closed_at_ms, None);
}

async fn what_is_left_of_a_closed_room_is_removed_after_a_day(site: Site) {
    let (mut cleanup, store) = (cleanup(&site), &site.context.store);
    let mut browser = site.browser();
    let host = guest(&mut browser, "Host").await;
    let code = opens_room(&mut browser).await;
    site.context.rooms.open(code).await.unwrap().close(host).await.unwrap();
    pass(CLOSED_ROOM_KEPT.saturating_sub(A_SECOND)).await;
    cleanup.remove_expired().await.unwrap();
    assert_eq!(stored(&site, code).await.name, "Kitchen");
    pass(A_SECOND * 2).await;
    cleanup.remove_expired().await.unwrap();
    let room = stored(&site, code).await;
    assert_eq!(room.name, "", "its code stays taken");
    assert_eq!(store.load_journal(room.id).await.unwrap().batches, []);
    assert_eq!(store.known_to_rooms(&[host]).await.unwrap(), []);
}

async fn guests_are_found_on_all_pages(site: Site) {
    let mut cleanup = cleanup(&site);
    let mut guests = vec![];
    for number in 0..450_u32 {
        let address = format!("192.0.2.{}", number / 30 + 1);
        guests.push(guest(&mut site.browser().at(&address), "Stray").await);
    }
    pass(STRAY_GUEST_KEPT + A_SECOND).await;
    cleanup.remove_expired().await.unwrap();
    for guest in guests {
        assert!(!is_known(&site, guest).await);
    }
}
