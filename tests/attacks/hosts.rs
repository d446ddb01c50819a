//! DNS rebinding: a page of another site whose name points to this server.

use reqwest::header::{HOST, ORIGIN};
use tutti_test_client::RoomClient;

use super::Party;

#[tokio::test]
async fn a_page_of_another_name_gets_nothing() {
    let party = Party::start(&[]).await;
    let rebound = |method: reqwest::Method, path: &str| {
        let request = reqwest::Client::new().request(method, format!("http://{}/api/v1/{path}", party.address));
        request.header(HOST, "evil.example").header(ORIGIN, "http://evil.example").bearer_auth(&party.host.token)
    };
    for (method, path) in [
        (reqwest::Method::POST, "auth/guest"),
        (reqwest::Method::GET, "search?q="),
        (reqwest::Method::GET, "me"),
        (reqwest::Method::GET, "server"),
    ] {
        let answer = rebound(method, path).json(&serde_json::json!({ "display_name": "Eve" })).send().await;
        let answer = answer.expect("answers");
        assert_eq!(answer.status(), 421, "{path}");
        assert!(answer.text().await.expect("a problem").contains("TUTTI_PUBLIC_URL"), "{path}");
    }
    let page = reqwest::Client::new().get(format!("http://{}/r/7KM2QX", party.address)).header(HOST, "evil.example");
    assert_eq!(page.send().await.expect("answers").status(), 421, "pages");
    let healthy = reqwest::Client::new().get(format!("http://{}/healthz", party.address)).header(HOST, "evil.example");
    assert_eq!(healthy.send().await.expect("answers").status(), 200, "health checks use any name");
    let headers = [("host", "evil.example"), ("origin", "http://evil.example")];
    let Err(refused) = RoomClient::try_connect(party.address, &headers).await else { panic!("the socket opened") };
    assert!(refused.to_string().contains("421"), "{refused}");
}
