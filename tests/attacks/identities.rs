//! Guests and accounts: many of them, their passwords, and tokens that should have ended.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tutti_test_client::TestUser;

use super::{PATIENCE, Party, Stopwatch, attackers_http};
use crate::support::browser;

#[tokio::test]
async fn passcodes_of_sixty_guests_do_not_hold_up_a_login() {
    // A hash takes about a sixteenth of a second.
    let mut party = Party::start(&["--bcrypt-cost=10"]).await;
    let body = json!({ "username": "ana", "password": "correct horse", "display_name": "Ana" });
    TestUser::log_in(&browser(), party.address, "register", &body).await.expect("an account");
    let log_in = || async {
        let (http, started) = (browser(), Stopwatch::start());
        TestUser::log_in(&http, party.address, "login", &body).await.expect("the right password");
        started.elapsed()
    };
    let alone = log_in().await;

    let guests = join_all((0..40).map(|number| party.attacker(&format!("Eve {number}").leak()[..]))).await;
    let flood = guests.iter().flat_map(|eve| {
        (0..4).map(|_| eve.request(Method::POST, "rooms").json(&json!({ "name": "x", "passcode": "sesame" })).send())
    });
    let mut attack = JoinSet::new();
    attack.spawn(join_all(flood.collect::<Vec<_>>()));
    let under_attack = log_in().await;
    // The hash that runs comes first. In one line for all, a hundred of them would.
    assert!(under_attack <= alone * 8, "{alone:?} alone, {under_attack:?} under attack");
    party.is_undisturbed().await;
    let answers =
        timeout(PATIENCE, attack.join_next()).await.expect("all are answered").expect("a task").expect("no panic");
    let statuses: Vec<u16> = answers.into_iter().map(|answer| answer.expect("answers").status().as_u16()).collect();
    assert!(statuses.iter().all(|status| [201, 503].contains(status)), "{statuses:?}");
    assert!(statuses.contains(&503), "an address has a bounded queue");
}

#[tokio::test]
async fn the_token_of_a_guest_ends_when_they_register() {
    let party = Party::start(&[]).await;
    let http = browser();
    let guest = TestUser::guest(&http, party.address, "Ben").await.expect("a guest");
    let body = json!({ "username": "ben", "password": "correct horse", "display_name": "Ben" });
    let account = TestUser::log_in(&http, party.address, "register", &body).await.expect("an account");
    assert_eq!(account.id, guest.id);
    assert_eq!(guest.status(Method::GET, "me").await, 401);
    assert_eq!(account.status(Method::GET, "me").await, 200);
}

#[tokio::test]
async fn a_user_has_twenty_open_rooms_at_most() {
    let party = Party::start(&["--limit-rooms=100"]).await;
    let eve = party.attacker("Eve").await;
    let mut codes = Vec::new();
    for _ in 0..20 {
        codes.push(eve.room("x", None).await.code);
    }
    let open = || eve.request(Method::POST, "rooms").json(&json!({ "name": "x" })).send();
    let refused = open().await.expect("answers");
    assert_eq!(refused.status(), 409);
    assert!(refused.text().await.expect("a problem").contains("limit_reached"));
    assert_eq!(eve.status(Method::DELETE, &format!("rooms/{}", codes[0])).await, 204);
    assert_eq!(open().await.expect("answers").status(), 201);
}

#[tokio::test]
async fn a_network_opens_so_many_rooms_a_day() {
    let party = Party::start(&["--limit-rooms-per-address=3"]).await;
    let mut statuses = Vec::new();
    for number in 0..5 {
        let eve = party.attacker(&format!("Eve {number}")).await;
        let answer = eve.request(Method::POST, "rooms").json(&json!({ "name": "x" })).send().await.expect("answers");
        statuses.push(answer.status().as_u16());
    }
    assert_eq!(statuses, [201, 201, 201, 429, 429]);
    party.host.room("Elsewhere", None).await;
}

#[tokio::test]
async fn guessable_passwords_and_short_passcodes_are_refused() {
    let party = Party::start(&[]).await;
    for password in ["password", "12345678", "ana12345"] {
        let body = json!({ "username": "ana", "password": password, "display_name": "Ana" });
        let url = format!("http://{}/api/v1/auth/register", party.address);
        let answer = attackers_http().post(url).json(&body).send().await.expect("answers");
        assert_eq!(answer.status(), 400, "{password}");
        assert!(answer.text().await.expect("a problem").contains("weak_password"), "{password}");
    }
    let short = party.host.request(Method::POST, "rooms").json(&json!({ "name": "x", "passcode": "abc" })).send().await;
    assert_eq!(short.expect("answers").status(), 400);
}
