//! `GET /v1/me`, which has few fields in development mode.

use http::StatusCode;
use serde_json::{Value, json};

use crate::http_message::HttpResponse;
use crate::web_api::Caller;
use crate::world::World;

/// Sizes of profile pictures in pixels, widest first.
const PICTURE_SIZES_PX: [u32; 2] = [300, 64];

pub(crate) fn respond(world: &World, caller: &Caller) -> HttpResponse {
    let (person, switches) = (&caller.person, &world.switches);
    let mut body = json!({
        "display_name": person.display_name,
        "external_urls": { "spotify": format!("https://open.spotify.com/user/{}", person.user_id) },
        "href": format!("{}/v1/users/{}", world.url, person.user_id),
        "id": person.user_id,
        "images": if switches.images { images(&world.url, person.id.as_str(), &PICTURE_SIZES_PX) } else { json!([]) },
        "type": "user",
        "uri": format!("spotify:user:{}", person.user_id),
    });
    if switches.account_id {
        body["account_id"] = json!(person.account_id);
    }
    if switches.product {
        body["followers"] = json!({ "href": null, "total": 0 });
    }
    if switches.product && caller.may("user-read-private") {
        body["country"] = json!(person.country);
        body["explicit_content"] = json!({ "filter_enabled": false, "filter_locked": false });
        body["product"] = json!(person.product);
    }
    if switches.product && caller.may("user-read-email") {
        body["email"] = json!(person.email);
    }
    HttpResponse::json(StatusCode::OK, &body)
}

/// Generated pictures for `name`, served by the stand-in at `url`.
pub(crate) fn images(url: &str, name: &str, sizes_px: &[u32]) -> Value {
    sizes_px
        .iter()
        .map(|size_px| {
            json!({ "url": format!("{url}/image/{name}/{size_px}.png"), "height": size_px, "width": size_px })
        })
        .collect()
}
