//! Response times do not reveal whether a username exists.

use std::time::Duration;

use crate::http::Site;

/// Rounds; the fastest of each case counts, since other load on the machine only adds time.
const ROUNDS: usize = 12;

#[tokio::test]
async fn an_unknown_username_takes_as_long_as_a_wrong_password() {
    // A hash of about 20 ms: long enough to measure, short enough for a test.
    let site = Site::in_memory(&["--bcrypt-cost", "8", "--limit-logins", "100000"]).await;
    site.browser().register("ana", "correct horse").await.assert_ok();
    let long = "x".repeat(73);
    let cases =
        [("ana", "wrong horse"), ("unknown", "wrong horse"), ("no such name!", "wrong horse"), ("ana", long.as_str())];
    let mut fastest = [Duration::MAX; 4];
    for _ in 0..ROUNDS {
        for (fastest, (username, password)) in fastest.iter_mut().zip(cases) {
            let started = site.context.clock.now_ms_f64();
            site.browser().login(username, password).await.assert_problem(401, "forbidden");
            let took = Duration::from_secs_f64((site.context.clock.now_ms_f64() - started) / 1e3);
            *fastest = took.min(*fastest);
        }
    }
    let known = fastest[0].as_secs_f64();
    assert!(known > 0.002, "a password was hashed: {fastest:?}");
    for took in fastest {
        assert!((0.5..2.0).contains(&(took.as_secs_f64() / known)), "{fastest:?}");
    }
}
