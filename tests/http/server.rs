//! What `GET server` tells about the server.

use serde_json::{Value, json};

use super::Site;

async fn addresses_told_to(client: &str, settings: &[&str]) -> Value {
    let site = Site::in_memory(settings).await;
    let told = site.browser().at(client).get("/api/v1/server").await;
    told.assert_ok().json.get("addresses").cloned().unwrap_or(json!([]))
}

#[tokio::test]
async fn clients_of_the_local_network_are_told_its_addresses() {
    let listen = "--listen=192.168.7.5:8080";
    let known = json!(["http://192.168.7.5:8080"]);
    for local in ["127.0.0.1", "192.168.7.9", "10.1.2.3"] {
        assert_eq!(addresses_told_to(local, &[listen]).await, known, "{local}");
    }
    assert_eq!(addresses_told_to("203.0.113.9", &[listen]).await, json!([]), "not a local address");
    let public = "--public-url=https://tutti.example";
    assert_eq!(addresses_told_to("127.0.0.1", &[listen, public]).await, json!([]), "invitations use the public URL");
    assert_eq!(addresses_told_to("127.0.0.1", &["--listen=127.0.0.1:8080"]).await, json!([]), "no phone reaches it");
}
