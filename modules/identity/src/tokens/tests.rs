//! Tests of access tokens: which are valid and which are refused.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::*;

fn key(seed: u64) -> SigningKey {
    let ambient = Ambient::manual(DateTime::UNIX_EPOCH, seed);
    SigningKey::from_pkcs8(&new_private_key(&ambient)).unwrap()
}

fn ring(keys: Vec<SigningKey>) -> Keyring {
    Keyring::new(keys, "piecework".to_owned(), "api".to_owned())
}

fn now() -> DateTime<Utc> {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

fn subject() -> Subject {
    Subject {
        person_id: PersonId::from(Uuid::from_u128(1)),
        session_id: SessionId::from(Uuid::from_u128(2)),
        role: Role::Accountant,
        access_version: 3,
    }
}

fn issue(ring: &Keyring) -> String {
    ring.issue(subject(), Uuid::from_u128(4), now(), Duration::minutes(10)).unwrap()
}

/// Signs any header and any claims with the first key of the ring.
fn sign(ring: &Keyring, header: impl FnOnce(&mut Header), claims: impl FnOnce(&mut Value)) -> String {
    let token = issue(ring);
    let mut forged_header = jsonwebtoken::decode_header(&token).unwrap();
    let mut forged_claims = serde_json::to_value(&*ring.verify(&token, now()).unwrap()).unwrap();
    header(&mut forged_header);
    claims(&mut forged_claims);
    jsonwebtoken::encode(&forged_header, &forged_claims, &ring.keys[0].private).unwrap()
}

fn is_invalid(result: &Result<Arc<Claims>, Error>) -> bool {
    matches!(result, Err(Error::TokenInvalid | Error::TokenKeyUnknown))
}

#[test]
fn a_token_names_its_subject_and_its_validity() {
    let ring = ring(vec![key(1)]);
    let claims = ring.verify(&issue(&ring), now()).unwrap();
    assert_eq!(
        (claims.sub, claims.sid, claims.role, claims.ver),
        (subject().person_id, subject().session_id, Role::Accountant, 3)
    );
    assert_eq!((claims.iat, claims.nbf, claims.exp), (now().timestamp(), now().timestamp(), now().timestamp() + 600));
    let header = jsonwebtoken::decode_header(issue(&ring)).unwrap();
    assert_eq!((header.alg, header.typ.as_deref()), (Algorithm::EdDSA, Some("at+jwt")));
    assert_eq!(header.kid.as_deref(), Some(ring.keys[0].id.as_str()));
}

#[test]
fn a_token_is_valid_for_its_lifetime_and_five_seconds_around_it() {
    let ring = ring(vec![key(1)]);
    let token = issue(&ring);
    for offset in [-5, 0, 599, 604] {
        assert!(ring.verify(&token, now() + Duration::seconds(offset)).is_ok(), "{offset} s");
    }
    assert!(is_invalid(&ring.verify(&token, now() - Duration::seconds(6))), "not yet valid");
    for late in [605, 606, 1_000_000] {
        assert!(matches!(ring.verify(&token, now() + Duration::seconds(late)), Err(Error::TokenExpired)), "{late} s");
    }
}

#[test]
fn another_issuer_audience_or_type_is_refused() {
    let ring = ring(vec![key(1)]);
    assert!(ring.verify(&sign(&ring, |_| {}, |_| {}), now()).is_ok());
    for wrong in [
        sign(&ring, |_| {}, |claims| claims["iss"] = json!("another")),
        sign(&ring, |_| {}, |claims| claims["aud"] = json!("another")),
        sign(&ring, |header| header.typ = Some("JWT".to_owned()), |_| {}),
        sign(&ring, |header| header.typ = None, |_| {}),
        sign(&ring, |header| header.kid = None, |_| {}),
        sign(&ring, |header| header.kid = Some("unknown".to_owned()), |_| {}),
    ] {
        assert!(is_invalid(&ring.verify(&wrong, now())), "{wrong}");
    }
}

#[test]
fn a_missing_or_malformed_claim_is_refused() {
    let ring = ring(vec![key(1)]);
    for name in ["iss", "aud", "sub", "iat", "nbf", "exp", "jti", "sid", "role", "ver"] {
        for value in [None, Some(json!([])), Some(json!("?")), Some(Value::Null)] {
            let wrong = sign(
                &ring,
                |_| {},
                |claims| {
                    match value.clone() {
                        Some(value) => claims[name] = value,
                        None => drop(claims.as_object_mut().unwrap().remove(name)),
                    };
                },
            );
            assert!(is_invalid(&ring.verify(&wrong, now())), "{name} = {value:?}");
        }
    }
    let endless = sign(&ring, |_| {}, |claims| claims["exp"] = json!(i64::MAX));
    assert!(ring.verify(&endless, now()).is_ok(), "the largest value does not overflow");
}

#[test]
fn another_algorithm_is_refused() {
    let ring = ring(vec![key(1)]);
    let claims = ring.verify(&issue(&ring), now()).unwrap();
    let mut header = Header::new(Algorithm::HS256);
    header.typ = Some(TOKEN_TYPE.to_owned());
    header.kid = Some(ring.keys[0].id.clone());
    let public_key = ring.keys[0].public.try_get_as_bytes().unwrap();
    let by_public_key = jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(public_key)).unwrap();
    assert!(is_invalid(&ring.verify(&by_public_key, now())), "HS256 with the public key as the secret");

    let token = issue(&ring);
    let payload = token.split('.').nth(1).unwrap();
    for alg in ["none", "None", "NONE", "EDDSA", ""] {
        let header = URL_SAFE_NO_PAD.encode(json!({"alg": alg, "typ": TOKEN_TYPE, "kid": ring.keys[0].id}).to_string());
        for forged in
            [format!("{header}.{payload}."), format!("{header}.{payload}"), format!("{header}.{payload}.AAAA")]
        {
            assert!(is_invalid(&ring.verify(&forged, now())), "{forged}");
        }
    }
}

#[test]
fn a_tampered_token_is_refused() {
    let ring = ring(vec![key(1)]);
    let token = issue(&ring);
    let parts: Vec<&str> = token.split('.').collect();
    let mut claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap();
    claims["role"] = json!("admin");
    let promoted = format!("{}.{}.{}", parts[0], URL_SAFE_NO_PAD.encode(claims.to_string()), parts[2]);
    let cut = &token[..token.len() - 4];
    for wrong in
        ["", ".", "..", "...", "a.b.c", &promoted, cut, &format!("{token}.x"), &format!(" {token}"), &"é".repeat(100)]
    {
        assert!(is_invalid(&ring.verify(wrong, now())), "{wrong}");
    }
    let other = self::ring(vec![key(2)]);
    assert!(is_invalid(&ring.verify(&issue(&other), now())), "the key of another installation");
    let mut header = jsonwebtoken::decode_header(&token).unwrap();
    header.kid = Some(ring.keys[0].id.clone());
    let claims = ring.verify(&token, now()).unwrap();
    let forged = jsonwebtoken::encode(&header, &claims, &other.keys[0].private).unwrap();
    assert!(is_invalid(&ring.verify(&forged, now())), "another key under the id of the ring's key");
}

#[test]
fn a_token_with_critical_extensions_is_refused() {
    let ring = ring(vec![key(1)]);
    for names in [vec![], vec!["exp".to_owned()], vec!["b64".to_owned(), "unknown".to_owned()]] {
        let token = sign(&ring, |header| header.crit = Some(names), |_| {});
        assert!(matches!(ring.verify(&token, now()), Err(Error::TokenInvalid)), "{token}");
    }
}

#[test]
fn a_new_key_signs_from_its_time_and_the_old_one_verifies_until_its_time() {
    let (minute, old_key) = (Duration::minutes(1), ring(vec![key(1)]));
    let new = SigningKey { signs_from: now() + minute, ..key(2) };
    let old = SigningKey { verifies_until: Some(now() + minute * 2), ..key(1) };
    let (new_id, old_id) = (new.id.clone(), old.id.clone());
    let ring = ring(vec![new, old]);
    let signer = |now| {
        let token = ring.issue(subject(), Uuid::nil(), now, Duration::minutes(10)).unwrap();
        jsonwebtoken::decode_header(token).unwrap().kid.unwrap()
    };
    assert_eq!((signer(now()), signer(now() + minute)), (old_id, new_id.clone()));
    let token = issue(&old_key);
    assert!(ring.check_signature(&token, now() + minute).is_ok());
    assert!(matches!(ring.check_signature(&token, now() + minute * 2), Err(Error::TokenKeyUnknown)));
    let shown = |now| ring.jwks(now).keys.iter().map(|key| key.common.key_id.clone().unwrap()).collect::<Vec<_>>();
    assert_eq!((shown(now()).len(), shown(now() + minute * 2)), (2, vec![new_id]));
}

#[test]
fn after_a_rotation_the_first_key_signs_and_both_verify() {
    let old = ring(vec![key(1)]);
    let both = ring(vec![key(2), key(1)]);
    assert!(both.verify(&issue(&old), now()).is_ok());
    assert!(is_invalid(&old.verify(&issue(&both), now())));
}

#[test]
fn the_jwks_contains_only_public_keys() {
    let ring = ring(vec![key(1), key(2)]);
    let jwks = serde_json::to_value(ring.jwks(now())).unwrap();
    let shown = &jwks["keys"][0];
    assert_eq!(
        (&shown["kty"], &shown["crv"], &shown["use"], &shown["alg"]),
        (&json!("OKP"), &json!("Ed25519"), &json!("sig"), &json!("EdDSA"))
    );
    assert_eq!(shown["kid"], json!(ring.keys[0].id));
    assert_eq!(URL_SAFE_NO_PAD.decode(shown["x"].as_str().unwrap()).unwrap().len(), 32);
    let mut names: Vec<&String> = shown.as_object().unwrap().keys().collect();
    names.sort();
    assert_eq!(names, ["alg", "crv", "kid", "kty", "use", "x"]);
    assert_eq!(jwks["keys"].as_array().unwrap().len(), 2);
}

#[test]
fn without_keys_a_token_is_neither_issued_nor_verified() {
    let empty = ring(Vec::new());
    assert!(matches!(empty.verify("a.b.c", now()), Err(Error::KeysNotLoaded)));
    assert!(matches!(empty.issue(subject(), Uuid::nil(), now(), Duration::minutes(1)), Err(Error::KeysNotLoaded)));
}

#[test]
fn a_key_of_the_configuration_must_be_ed25519_as_pem() {
    let der = new_private_key(&Ambient::manual(DateTime::UNIX_EPOCH, 1));
    let base64 = base64::engine::general_purpose::STANDARD.encode(&der);
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{base64}\n-----END PRIVATE KEY-----\n");
    assert_eq!(SigningKey::from_pem(&pem).unwrap().id, key(1).id);
    for wrong in ["", "secret", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"] {
        let refused = SigningKey::from_pem(wrong).err().unwrap().to_string();
        assert!(refused.starts_with("auth.keys: "), "{refused}");
    }
}
