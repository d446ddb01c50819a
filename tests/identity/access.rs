//! Forged access tokens: every known attack on JWTs is rejected.

use std::fs;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use tutti::identity::AccessError;

use crate::http::Site;

/// Signs tokens with the server's own key, so that each differs from a valid one in one detail only.
struct Forge {
    key: EncodingKey,
    header: Header,
    claims: Value,
}

impl Forge {
    /// Starts from a guest's token and pauses time.
    async fn new(site: &Site) -> Self {
        tokio::time::pause();
        let valid = site.browser().guest("Ana").await.access_token();
        let keys = site.dir.path().join("keys");
        let signing = fs::read_to_string(keys.join("access-signing")).unwrap();
        let (kid, _since) = signing.split_once(' ').unwrap();
        let pem = fs::read(keys.join(format!("access-{kid}.pem"))).unwrap();
        let claims = valid.split('.').nth(1).unwrap();
        let forge = Self {
            key: EncodingKey::from_ed_pem(&pem).unwrap(),
            header: jsonwebtoken::decode_header(&valid).unwrap(),
            claims: serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap(),
        };
        assert!(site.context.identity.authenticate(&forge.sign()).is_ok(), "an unmodified token is valid");
        forge
    }

    fn sign(&self) -> String {
        jsonwebtoken::encode(&self.header, &self.claims, &self.key).unwrap()
    }

    fn with_claim(&self, name: &str, value: Value) -> String {
        let mut claims = self.claims.clone();
        claims[name] = value;
        jsonwebtoken::encode(&self.header, &claims, &self.key).unwrap()
    }

    fn with_header(&self, change: impl FnOnce(&mut Header)) -> String {
        let mut header = self.header.clone();
        change(&mut header);
        jsonwebtoken::encode(&header, &self.claims, &self.key).unwrap()
    }

    fn public_key(&self) -> String {
        match Jwk::from_encoding_key(&self.key, Algorithm::EdDSA).unwrap().algorithm {
            AlgorithmParameters::OctetKeyPair(pair) => pair.x,
            other => panic!("{other:?}"),
        }
    }
}

fn part(value: &Value) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(value.to_string())
}

#[track_caller]
fn assert_rejected(site: &Site, token: &str, what: &str) {
    assert_eq!(site.context.identity.authenticate(token), Err(AccessError::Invalid), "{what}");
}

#[tokio::test]
async fn every_claim_is_required() {
    let site = Site::in_memory(&[]).await;
    let forge = Forge::new(&site).await;
    for name in ["iss", "aud", "sub", "sid", "iat", "exp", "jti"] {
        let mut claims = forge.claims.clone();
        claims.as_object_mut().unwrap().remove(name).expect("a valid token has the claim");
        let token = jsonwebtoken::encode(&forge.header, &claims, &forge.key).unwrap();
        assert_rejected(&site, &token, name);
        assert_rejected(&site, &forge.with_claim(name, Value::Null), name);
    }
}

#[tokio::test]
async fn every_claim_is_validated() {
    let site = Site::in_memory(&[]).await;
    let forge = Forge::new(&site).await;
    let wrong = [
        ("aud", json!("another-api")),
        ("aud", json!([])),
        ("iss", json!("another")),
        ("iss", json!("")),
        ("sub", json!("ana")),
        ("sid", json!(7)),
        ("jti", json!("once")),
        ("exp", json!("9999999999")),
        ("exp", json!(i64::MAX)),
        ("exp", json!(1e300)),
        ("iat", json!(forge.claims["iat"].as_i64().unwrap() + 1)),
    ];
    for (name, value) in wrong {
        assert_rejected(&site, &forge.with_claim(name, value.clone()), &format!("{name} {value}"));
    }
}

#[tokio::test]
async fn a_token_expires_at_the_exact_second() {
    let site = Site::in_memory(&[]).await;
    let forge = Forge::new(&site).await;
    let token = forge.sign();
    let lifetime_s = forge.claims["exp"].as_i64().unwrap() - forge.claims["iat"].as_i64().unwrap();
    assert_eq!(lifetime_s, 600);
    let access = site.context.identity.authenticate(&token).unwrap();
    let left_ms = u64::try_from(access.expires_at_ms - site.context.clock.now_ms()).unwrap();
    tokio::time::advance(Duration::from_millis(left_ms - 1)).await;
    assert!(site.context.identity.authenticate(&token).is_ok());
    tokio::time::advance(Duration::from_millis(1)).await;
    assert_eq!(site.context.identity.authenticate(&token), Err(AccessError::Expired));
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(site.context.identity.authenticate(&token), Err(AccessError::Expired));
}

#[tokio::test]
async fn the_header_is_validated() {
    let site = Site::in_memory(&[]).await;
    let forge = Forge::new(&site).await;
    assert_rejected(&site, &forge.with_header(|header| header.typ = None), "no typ");
    assert_rejected(&site, &forge.with_header(|header| header.typ = Some("JWT".into())), "another typ");
    assert_rejected(&site, &forge.with_header(|header| header.kid = None), "no kid");
    assert_rejected(&site, &forge.with_header(|header| header.kid = Some("0".into())), "an unknown kid");
    let path = "../../../../dev/null";
    assert_rejected(&site, &forge.with_header(|header| header.kid = Some(path.into())), "a kid that is a path");
    assert_rejected(&site, &forge.with_header(|header| header.crit = Some(vec!["exp".into()])), "crit");
}

#[tokio::test]
async fn a_key_embedded_in_the_token_is_ignored() {
    let site = Site::in_memory(&[]).await;
    let other = Site::in_memory(&[]).await;
    let forge = Forge::new(&site).await;
    tokio::time::resume();
    let foreign = Forge::new(&other).await;
    let own_key = Jwk::from_encoding_key(&foreign.key, Algorithm::EdDSA).unwrap();
    let header = Header {
        jwk: Some(own_key),
        jku: Some("https://evil.example/keys".into()),
        kid: forge.header.kid.clone(),
        ..foreign.header.clone()
    };
    let token = jsonwebtoken::encode(&header, &foreign.claims, &foreign.key).unwrap();
    assert_rejected(&site, &token, "signed with an embedded key");
    assert_rejected(&site, &foreign.sign(), "signed by another server");
}

#[tokio::test]
async fn only_one_algorithm_is_accepted() {
    let site = Site::in_memory(&[]).await;
    let forge = Forge::new(&site).await;
    let kid = forge.header.kid.clone().unwrap();
    let claims = part(&forge.claims);
    for alg in ["none", "None", "NONE", "HS256", "RS256", "EdDSA"] {
        let header = part(&json!({ "alg": alg, "typ": "at+jwt", "kid": kid }));
        for signature in ["", "AAAA"] {
            assert_rejected(&site, &format!("{header}.{claims}.{signature}"), alg);
        }
        assert_rejected(&site, &format!("{header}.{claims}"), alg);
    }
    // Algorithm confusion: the public key must not be accepted as an HMAC secret, in either encoding.
    let public = forge.public_key();
    let raw = BASE64_URL_SAFE_NO_PAD.decode(&public).unwrap();
    for secret in [public.as_bytes(), &raw] {
        let header = Header { alg: Algorithm::HS256, ..forge.header.clone() };
        let token = jsonwebtoken::encode(&header, &forge.claims, &EncodingKey::from_secret(secret)).unwrap();
        assert_rejected(&site, &token, "HS256 with the public key");
    }
}

#[tokio::test]
async fn a_token_modified_after_signing_is_rejected() {
    let site = Site::in_memory(&[]).await;
    let forge = Forge::new(&site).await;
    let valid = forge.sign();
    let [header, _, signature] = valid.split('.').collect::<Vec<_>>().try_into().unwrap();
    let mut claims = forge.claims.clone();
    claims["exp"] = json!(claims["exp"].as_i64().unwrap() + 1);
    assert_rejected(&site, &format!("{header}.{}.{signature}", part(&claims)), "another exp");
    for token in
        ["", ".", "..", "...", &valid[1..], &format!("{valid}."), &format!("{valid}{valid}"), &"a".repeat(1 << 20)]
    {
        assert_rejected(&site, token, "not a token");
    }
}
