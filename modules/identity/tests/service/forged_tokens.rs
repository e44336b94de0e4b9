//! Forged and exchanged tokens, as an attacker sends them who knows everything but the private key.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::Duration;
use contracts::Role;
use identity::Identity;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use crate::fixture::{Fixture, PASSWORD, code};

/// The header and the claims of a token.
fn decoded(token: &str) -> (Value, Value) {
    let part = |number| {
        let part = token.split('.').nth(number).unwrap();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    };
    (part(0), part(1))
}

fn encoded(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

/// Signs a token, as the program does.
fn signed(header: &Value, claims: &Value, key: &[u8]) -> String {
    let header: Header = serde_json::from_value(header.clone()).unwrap();
    jsonwebtoken::encode(&header, claims, &EncodingKey::from_ed_der(key)).unwrap()
}

async fn private_key(fixture: &Fixture) -> Vec<u8> {
    let key = sqlx::query_scalar("select private_key_pkcs8 from identity.signing_keys");
    key.fetch_one(fixture.write.raw()).await.unwrap()
}

/// The value with another field.
fn with(value: &Value, name: &str, field: Value) -> Value {
    let mut changed = value.clone();
    changed[name] = field;
    changed
}

#[tokio::test]
async fn forged_tokens_of_every_kind_are_refused() {
    let fixture = Fixture::new().await;
    fixture.create_person("ada@example.com", Role::Worker).await;
    let token = fixture.identity.login("ada@example.com", PASSWORD).await.unwrap().access_token;
    let ((header, claims), key) = (decoded(&token), private_key(&fixture).await);
    let signature = token.rsplit('.').next().unwrap();
    assert!(fixture.identity.authenticate(&signed(&header, &claims, &key)).await.is_ok(), "the forger is able");
    let public = fixture.identity.jwks()["keys"][0].clone();
    let with_secret = |secret: &[u8]| {
        let mut hs256 = Header::new(Algorithm::HS256);
        hs256.typ = Some("at+jwt".to_owned());
        hs256.kid = Some(header["kid"].as_str().unwrap().to_owned());
        jsonwebtoken::encode(&hs256, &claims, &EncodingKey::from_secret(secret)).unwrap()
    };
    let other_key = [&key[..16], &[7; 32]].concat();
    let unsigned = |alg: &str| format!("{}.{}.", encoded(&with(&header, "alg", json!(alg))), encoded(&claims));
    let (now, long_ago) = (fixture.ambient.now(), fixture.ambient.now() - Duration::days(1));
    let x = public["x"].as_str().unwrap();
    for (kind, forged) in [
        ("alg none", unsigned("none")),
        ("alg None", unsigned("None")),
        ("no signature", unsigned("EdDSA")),
        ("HS256 with the public key", with_secret(&URL_SAFE_NO_PAD.decode(x).unwrap())),
        ("HS256 with the text of the public key", with_secret(x.as_bytes())),
        ("HS256 with the published key", with_secret(public.to_string().as_bytes())),
        ("another key under the id of ours", signed(&header, &claims, &other_key)),
        ("an unknown key id", signed(&with(&header, "kid", json!("unknown")), &claims, &key)),
        ("an embedded key", signed(&with(&header, "jwk", public.clone()), &claims, &other_key)),
        ("another issuer", signed(&header, &with(&claims, "iss", json!("another")), &key)),
        ("another audience", signed(&header, &with(&claims, "aud", json!("another")), &key)),
        ("not yet valid", signed(&header, &with(&claims, "nbf", json!(now.timestamp() + 60)), &key)),
        ("critical extensions", signed(&with(&header, "crit", json!(["exp"])), &claims, &key)),
        ("another type", signed(&with(&header, "typ", json!("JWT")), &claims, &key)),
        ("no type", {
            let mut untyped = header.clone();
            untyped.as_object_mut().unwrap().remove("typ");
            signed(&untyped, &claims, &key)
        }),
        ("another role", {
            let promoted = with(&claims, "role", json!("admin"));
            format!("{}.{}.{signature}", encoded(&header), encoded(&promoted))
        }),
    ] {
        assert_eq!(code(fixture.identity.authenticate(&forged).await), "identity.token_invalid", "{kind}");
        assert_eq!(code(fixture.identity.authenticate_cookie(&forged).await), "identity.token_invalid", "{kind}");
    }
    let expired = signed(&header, &with(&claims, "exp", json!(long_ago.timestamp())), &key);
    assert_eq!(code(fixture.identity.authenticate(&expired).await), "identity.token_expired");
}

#[tokio::test]
async fn a_token_of_one_kind_is_refused_in_the_place_of_another() {
    let fixture = Fixture::new().await;
    let ada = fixture.create_person("ada@example.com", Role::Worker).await;
    let tokens = fixture.identity.login("ada@example.com", PASSWORD).await.unwrap();
    let link = fixture.identity.create_set_password_link(ada.id).await.unwrap();
    let identity: &Identity = &fixture.identity;
    for other in [&tokens.refresh_token, &link] {
        assert_eq!(code(identity.authenticate(other).await), "identity.token_invalid");
        assert_eq!(code(identity.authenticate_cookie(other).await), "identity.token_invalid");
    }
    for other in [&tokens.access_token, &link] {
        assert_eq!(code(identity.refresh_tokens(other).await), "identity.refresh_invalid");
    }
    for other in [&tokens.access_token, &tokens.refresh_token] {
        let request = identity::SetPassword {
            token: other.clone(),
            password: "another password".to_owned(),
            name: None,
            email: None,
        };
        assert_eq!(code(identity.set_password(request).await), "identity.link_unknown");
    }
    assert!(identity.refresh_tokens(&tokens.refresh_token).await.is_ok(), "the attempts have changed nothing");
}
