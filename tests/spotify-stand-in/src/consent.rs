//! The consent and error pages. Plain forms, no scripts.

use std::fmt::Write as _;

use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY};

use crate::app::App;
use crate::http_message::HttpResponse;
use crate::people::{Person, Product};

/// Without `form-action`: Chromium applies it to the redirect after the form too, which leads to the app.
const POLICY: &str =
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'";

/// Scopes and their descriptions on the consent page.
const SCOPES: [(&str, &str); 19] = [
    ("app-remote-control", "Talk to the Spotify app on this device"),
    ("playlist-modify-private", "Change your private playlists"),
    ("playlist-modify-public", "Change your public playlists"),
    ("playlist-read-collaborative", "See playlists that you make with others"),
    ("playlist-read-private", "See your private playlists"),
    ("streaming", "Play music in this browser"),
    ("ugc-image-upload", "Upload pictures for you"),
    ("user-follow-modify", "Change whom you follow"),
    ("user-follow-read", "See whom you follow"),
    ("user-library-modify", "Change what you have saved"),
    ("user-library-read", "See what you have saved"),
    ("user-modify-playback-state", "Control what plays on your devices"),
    ("user-read-currently-playing", "See what you are listening to"),
    ("user-read-email", "See your email address"),
    ("user-read-playback-position", "See how far you have listened"),
    ("user-read-playback-state", "See your devices and what they play"),
    ("user-read-private", "See your subscription and your country"),
    ("user-read-recently-played", "See what you have listened to"),
    ("user-top-read", "See what you listen to most"),
];

const STYLE: &str = "\
:root{color-scheme:light dark;font:1.0625rem/1.5 system-ui,sans-serif}\
body{margin:0;padding:2rem 1rem}\
main{max-width:28rem;margin:auto}\
h1{font-size:1.5rem;line-height:1.25}\
fieldset{border:1px solid;border-radius:.5rem;margin:1.5rem 0;padding:.5rem 1rem}\
label{display:block;padding:.5rem 0}\
input{margin-inline-end:.75rem;width:1.125rem;height:1.125rem;vertical-align:-.15em}\
button{font:inherit;padding:.625rem 1.5rem;border-radius:2rem;border:2px solid;margin-inline-end:.5rem;cursor:pointer}\
button.agree{background:#0b6b3a;border-color:#0b6b3a;color:#fff}\
:focus-visible{outline:3px solid Highlight;outline-offset:2px}";

/// The description of a scope; `None` if it is unknown.
pub(crate) fn meaning(scope: &str) -> Option<&'static str> {
    SCOPES.iter().find(|(known, _)| *known == scope).map(|(_, meaning)| *meaning)
}

/// The consent page for one of `people`. The form returns `ticket`.
pub(crate) fn page(app: &App, scopes: &[String], people: &[Person], ticket: &str) -> HttpResponse {
    let name = escaped(&app.name);
    let mut list = String::new();
    for (scope, meaning) in scopes.iter().filter_map(|scope| Some((scope, meaning(scope)?))) {
        let _ = write!(list, "<li data-testid=\"scope-{scope}\">{meaning}</li>");
    }
    if list.is_empty() {
        list.push_str("<li>See what everybody can see of you</li>");
    }
    let mut choices = String::new();
    for (index, Person { id, display_name, user_id, product, .. }) in people.iter().enumerate() {
        let shown = escaped(display_name.as_deref().unwrap_or(user_id));
        let product = if *product == Product::Premium { "Premium" } else { "Free" };
        let checked = if index == 0 { " checked" } else { "" };
        let _ = write!(
            choices,
            "<label><input type=\"radio\" name=\"person\" value=\"{id}\" data-testid=\"person-{id}\" required{checked}>\
             {shown} ({product})</label>"
        );
    }
    let body = format!(
        "<h1>{name} asks for access to your account</h1>\
         <p>This is a stand-in for Spotify. Nobody here is real.</p>\
         <p>If you agree, {name} can:</p><ul>{list}</ul>\
         <form method=\"post\" action=\"/authorize\">\
         <input type=\"hidden\" name=\"request\" value=\"{ticket}\">\
         <fieldset><legend>Who are you?</legend>{choices}</fieldset>\
         <button class=\"agree\" name=\"answer\" value=\"agree\" data-testid=\"agree\">Agree</button>\
         <button name=\"answer\" value=\"cancel\" data-testid=\"cancel\" formnovalidate>Cancel</button>\
         </form>"
    );
    html(StatusCode::OK, "Log in", &body)
}

/// A page with an error message.
pub(crate) fn error_page(sentence: &str) -> HttpResponse {
    html(StatusCode::BAD_REQUEST, "Error", &format!("<h1>Error</h1><p data-testid=\"error\">{}</p>", escaped(sentence)))
}

fn html(status: StatusCode, title: &str, body: &str) -> HttpResponse {
    let page = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title} - Spotify stand-in</title>\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><link rel=\"icon\" href=\"data:,\">\
         <style>{STYLE}</style></head><body><main>{body}</main></body></html>"
    );
    HttpResponse::html(status, page)
        .with(CONTENT_SECURITY_POLICY, POLICY)
        .with(REFERRER_POLICY, "no-referrer")
        .with(CACHE_CONTROL, "no-store")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}
