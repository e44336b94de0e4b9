//! Signing keys: created once, shared by all processes, replaced without logging anyone out.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::Duration;
use contracts::Role;
use identity::{Identity, Settings};
use serde_json::json;

use crate::fixture::{Fixture, PASSWORD, code};

#[tokio::test]
async fn signing_keys_survive_a_restart_and_are_shared_by_processes() {
    let fixture = Fixture::new().await;
    fixture.create_person("ada@example.com", Role::Worker).await;
    let tokens = fixture.identity.login("ada@example.com", PASSWORD).await.unwrap();
    let (first, second) = tokio::join!(fixture.another_process(), fixture.another_process());
    for process in [&first, &second] {
        assert!(process.authenticate(&tokens.access_token).await.is_ok());
        assert_eq!(process.jwks(), fixture.identity.jwks());
    }
    fixture.identity.prepare().await.unwrap();
    assert_eq!(fixture.count("signing_keys").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_first_starts_at_the_same_time_create_one_key() {
    let fixture = Fixture::new().await;
    sqlx::query("delete from identity.signing_keys").execute(fixture.write.raw()).await.unwrap();
    let starts: Vec<_> = (0..6)
        .map(|_| {
            let process = fixture.unprepared_process();
            tokio::spawn(async move { process.prepare().await.map(|()| process.jwks()) })
        })
        .collect();
    let mut loaded = Vec::new();
    for start in starts {
        loaded.push(start.await.unwrap().unwrap());
    }
    assert_eq!(fixture.count("signing_keys").await, 1);
    assert!(loaded.iter().all(|jwks| *jwks == loaded[0]));
}

#[tokio::test]
async fn a_process_that_only_verifies_tokens_loads_keys_and_creates_none() {
    let fixture = Fixture::new().await;
    fixture.create_person("ada@example.com", Role::Worker).await;
    let tokens = fixture.identity.login("ada@example.com", PASSWORD).await.unwrap();
    let checker = fixture.unprepared_process();
    checker.prepare_remote().await.unwrap();
    assert!(checker.authenticate(&tokens.access_token).await.is_ok());
    let caller = fixture.identity.authenticate(&tokens.access_token).await.unwrap();
    fixture.identity.logout(caller).await.unwrap();
    checker.refresh_revocations().await.unwrap();
    assert_eq!(code(checker.authenticate(&tokens.access_token).await), "identity.token_revoked");

    sqlx::query("delete from identity.signing_keys").execute(fixture.write.raw()).await.unwrap();
    let unprepared = fixture.unprepared_process();
    assert!(matches!(unprepared.prepare_remote().await, Err(identity::Error::KeysNotLoaded)));
    assert_eq!(fixture.count("signing_keys").await, 0);
}

#[tokio::test]
async fn a_token_of_another_installation_is_refused() {
    let fixture = Fixture::new().await;
    fixture.create_person("ada@example.com", Role::Worker).await;
    let tokens = fixture.identity.login("ada@example.com", PASSWORD).await.unwrap();
    for settings in [
        Settings { issuer: "another".to_owned(), ..Settings::default() },
        Settings { audience: "another".to_owned(), ..Settings::default() },
    ] {
        let other = Identity::new(fixture.write.clone(), fixture.database.read_pool("identity"), settings).unwrap();
        assert_eq!(code(other.authenticate(&tokens.access_token).await), "identity.keys_not_loaded");
        other.prepare().await.unwrap();
        assert_eq!(code(other.authenticate(&tokens.access_token).await), "identity.token_invalid");
    }
    assert_eq!(code(fixture.identity.authenticate("").await), "identity.token_invalid");
}

/// The id of the key that has signed a token.
fn signer(token: &str) -> String {
    jsonwebtoken::decode_header(token).unwrap().kid.unwrap()
}

#[tokio::test]
async fn a_rotation_logs_nobody_out_in_any_process() {
    let fixture = Fixture::new().await;
    fixture.create_person("ada@example.com", Role::Worker).await;
    let login = fixture.identity.login("ada@example.com", PASSWORD).await.unwrap();
    let other = fixture.another_process().await;
    let cursor_keys = || fixture.identity.cursor_keys();
    let old_cursor_key = cursor_keys()[0];
    let rotation = fixture.identity.rotate_keys().await.unwrap();
    assert_eq!((cursor_keys().len(), cursor_keys()[0]), (2, old_cursor_key), "the new key signs no cursor yet");
    let before = fixture.identity.refresh_tokens(&login.refresh_token).await.unwrap();
    assert_eq!(signer(&before.access_token), signer(&login.access_token), "the new key does not sign yet");

    fixture.advance(Duration::seconds(5));
    assert_eq!(rotation.signs_from, fixture.ambient.now());
    let after = fixture.identity.refresh_tokens(&before.refresh_token).await.unwrap();
    assert_eq!(signer(&after.access_token), rotation.key_id);
    assert_eq!(cursor_keys()[1], old_cursor_key, "an old cursor is valid as long as the old key");
    // The other process learns of the new key from the first token that names it.
    for token in [&login.access_token, &before.access_token, &after.access_token] {
        assert!(fixture.identity.authenticate(token).await.is_ok());
        assert!(other.authenticate(token).await.is_ok());
    }
    assert_eq!(other.jwks()["keys"].as_array().unwrap().len(), 2);

    fixture.advance(rotation.old_keys_verify_until - fixture.ambient.now());
    let last = fixture.identity.refresh_tokens(&after.refresh_token).await.unwrap();
    assert!(other.authenticate(&last.access_token).await.is_ok());
    let (identity, jwks) = (&fixture.identity, |identity: &Identity| identity.jwks()["keys"].clone());
    assert_eq!(jwks(identity).as_array().unwrap().len(), 1);
    assert_eq!(jwks(identity)[0]["kid"], *rotation.key_id);
    assert!(!cursor_keys().contains(&old_cursor_key));
    let job = identity.module().jobs.pop().unwrap();
    (job.run)().await.unwrap();
    assert_eq!(fixture.count("signing_keys").await, 1);
}

#[tokio::test]
async fn a_token_of_the_old_key_is_valid_to_its_end_and_no_longer() {
    let fixture = Fixture::new().await;
    fixture.create_person("ada@example.com", Role::Worker).await;
    fixture.advance(Duration::hours(1));
    let rotation = fixture.identity.rotate_keys().await.unwrap();
    fixture.advance(Duration::seconds(4));
    let last = fixture.identity.login("ada@example.com", PASSWORD).await.unwrap();
    assert_ne!(signer(&last.access_token), rotation.key_id);
    fixture.advance(Duration::seconds(600));
    let restarted = fixture.another_process().await;
    assert!(restarted.authenticate(&last.access_token).await.is_ok());
    assert!(last.access_expires_at < rotation.old_keys_verify_until);
    fixture.advance(Duration::hours(1));
    assert_eq!(code(restarted.authenticate(&last.access_token).await), "identity.token_expired");
    let started_later = fixture.another_process().await;
    assert_eq!(code(started_later.authenticate(&last.access_token).await), "identity.token_invalid");
}

#[tokio::test]
async fn two_rotations_at_once_keep_every_key_that_has_signed() {
    let fixture = Fixture::new().await;
    fixture.create_person("ada@example.com", Role::Worker).await;
    let login = fixture.identity.login("ada@example.com", PASSWORD).await.unwrap();
    let other = fixture.another_process().await;
    let (one, two) = tokio::join!(fixture.identity.rotate_keys(), other.rotate_keys());
    assert_ne!(one.unwrap().key_id, two.unwrap().key_id);
    assert_eq!(fixture.count("signing_keys").await, 3);
    for process in [&fixture.identity, &other] {
        assert!(process.authenticate(&login.access_token).await.is_ok());
    }
}

#[tokio::test]
async fn a_flood_of_tokens_with_unknown_keys_does_not_keep_a_process_from_a_new_key() {
    let fixture = Fixture::new().await;
    fixture.create_person("ada@example.com", Role::Worker).await;
    let other = fixture.another_process().await;
    let header = json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": "unknown" }).to_string();
    let unknown = format!("{}.e30.AAAA", URL_SAFE_NO_PAD.encode(header));
    for _ in 0..20 {
        assert_eq!(code(other.authenticate(&unknown).await), "identity.token_invalid");
    }
    fixture.identity.rotate_keys().await.unwrap();
    fixture.advance(Duration::seconds(5));
    let new = fixture.identity.login("ada@example.com", PASSWORD).await.unwrap().access_token;
    harness::eventually("the new key is loaded", async || other.authenticate(&new).await.ok()).await;
}

#[tokio::test]
async fn keys_of_the_configuration_are_not_rotated_by_the_program() {
    let fixture = Fixture::new().await;
    let key = sqlx::query_scalar::<_, Vec<u8>>("select private_key_pkcs8 from identity.signing_keys");
    let key = key.fetch_one(fixture.write.raw()).await.unwrap();
    let base64 = STANDARD.encode(key);
    let keys = vec![format!("-----BEGIN PRIVATE KEY-----\n{base64}\n-----END PRIVATE KEY-----\n")];
    let settings = Settings { keys, ..Settings::default() };
    let identity = Identity::new(fixture.write.clone(), fixture.database.read_pool("identity"), settings).unwrap();
    let refused = identity.rotate_keys().await.unwrap_err().to_string();
    assert!(refused.contains("auth.keys"), "{refused}");
    assert_eq!(fixture.count("signing_keys").await, 1);
}
