//! Which passwords are refused, changing one's own, and hashes that a login renews.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up must fail")]

use argon2::{Argon2, Params, PasswordHasher};
use contracts::{PersonId, Role, SessionId};
use identity::Error;

use crate::fixture::{Fixture, PASSWORD, code, new_person, session_of};

async fn stored_hash(fixture: &Fixture, id: PersonId) -> String {
    sqlx::query_scalar("select password_hash from identity.people where id = $1")
        .bind(id.uuid())
        .fetch_one(fixture.write.raw())
        .await
        .unwrap()
}

async fn store_hash(fixture: &Fixture, id: PersonId, hash: &str) {
    sqlx::query("update identity.people set password_hash = $2 where id = $1")
        .bind(id.uuid())
        .bind(hash)
        .execute(fixture.write.raw())
        .await
        .unwrap();
}

fn hash(argon2: &Argon2<'_>, password: &str) -> String {
    argon2.hash_password_with_salt(password.as_bytes(), b"a salt of a test").unwrap().to_string()
}

/// The field and the reason of the only error.
fn refusal<T>(result: Result<T, Error>) -> (String, String) {
    match result.err() {
        Some(Error::Invalid(errors)) if errors.len() == 1 => (errors[0].pointer.clone(), errors[0].detail.clone()),
        other => panic!("one invalid field, not {other:?}"),
    }
}

#[tokio::test]
async fn a_password_that_is_easily_guessed_is_refused_with_the_field_and_the_reason() {
    let fixture = Fixture::new().await;
    for (password, reason) in [
        ("1234567", "8 to 1024"),
        (&"x".repeat(1025), "8 to 1024"),
        ("        ", "visible"),
        ("12345678", "common"),
        ("Password1", "common"),
        ("ADA@example.com", "address"),
        ("ada lovelace", "name"),
    ] {
        let refused = fixture.identity.create_person(new_person("ada@example.com", Role::Worker), Some(password)).await;
        let (field, detail) = refusal(refused);
        assert!(field == "/password" && detail.contains(reason), "{password}: {field} {detail}");
    }
    assert_eq!(fixture.count("people").await, 0);
    let longest = "\u{43f}".repeat(1024);
    fixture.identity.create_person(new_person("ada@example.com", Role::Worker), Some(&longest)).await.unwrap();
    assert!(fixture.identity.login("ada@example.com", &longest).await.is_ok());
}

#[tokio::test]
async fn a_login_renews_a_hash_with_older_parameters() {
    let fixture = Fixture::new().await;
    let ada = fixture.create_person("ada@example.com", Role::Worker).await;
    let current = stored_hash(&fixture, ada.id).await;
    fixture.identity.login("ada@example.com", PASSWORD).await.unwrap();
    assert_eq!(stored_hash(&fixture, ada.id).await, current, "a current hash stays");

    let older = hash(&Argon2::from(Params::new(1024, 1, 1, None).unwrap()), PASSWORD);
    store_hash(&fixture, ada.id, &older).await;
    assert_eq!(code(fixture.identity.login("ada@example.com", "wrong horse").await), "identity.wrong_credentials");
    assert_eq!(stored_hash(&fixture, ada.id).await, older, "a wrong password renews nothing");
    let before = fixture.identity.login("ada@example.com", PASSWORD).await.unwrap();
    let renewed = stored_hash(&fixture, ada.id).await;
    assert!(renewed.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{renewed}");
    assert!(fixture.identity.login("ada@example.com", PASSWORD).await.is_ok());
    assert!(fixture.identity.authenticate(&before.access_token).await.is_ok(), "sessions continue");
}

#[tokio::test]
async fn a_login_renews_the_hash_of_an_older_spelling() {
    let fixture = Fixture::new().await;
    let ada = fixture.create_person("ada@example.com", Role::Worker).await;
    store_hash(&fixture, ada.id, &hash(&Argon2::default(), "cafe\u{301} cre\u{300}me")).await;
    fixture.identity.login("ada@example.com", "cafe\u{301} cre\u{300}me").await.unwrap();
    assert!(fixture.identity.login("ada@example.com", "caf\u{e9} cr\u{e8}me").await.is_ok());
}

#[tokio::test]
async fn changing_a_password_ends_the_other_sessions_and_removes_unused_links() {
    let fixture = Fixture::new().await;
    let ada = fixture.create_person("ada@example.com", Role::Worker).await;
    let login = async || fixture.identity.login("ada@example.com", PASSWORD).await.unwrap();
    let (mine, other) = (login().await, login().await);
    let elsewhere = fixture.another_process().await;
    let link = fixture.identity.create_set_password_link(ada.id).await.unwrap();
    let session = session_of(&fixture, &mine.access_token).await;

    let change =
        |current: &'static str, new: &'static str| fixture.identity.update_password(ada.id, session, current, new);
    assert_eq!(code(change("wrong horse", "a new password").await), "identity.wrong_password");
    let (field, detail) = refusal(change(PASSWORD, "12345678").await);
    assert!(field == "/new_password" && detail.contains("common"), "{field} {detail}");
    assert!(fixture.identity.authenticate(&other.access_token).await.is_ok(), "nothing is half done");
    change(PASSWORD, "a new password").await.unwrap();

    assert!(fixture.identity.authenticate(&mine.access_token).await.is_ok());
    assert!(fixture.identity.refresh_tokens(&mine.refresh_token).await.is_ok());
    assert_eq!(code(fixture.identity.authenticate(&other.access_token).await), "identity.token_revoked");
    assert_eq!(code(fixture.identity.refresh_tokens(&other.refresh_token).await), "identity.refresh_invalid");
    elsewhere.refresh_revocations().await.unwrap();
    assert!(elsewhere.authenticate(&mine.access_token).await.is_ok());
    assert_eq!(code(elsewhere.authenticate(&other.access_token).await), "identity.token_revoked");
    assert_eq!(code(fixture.identity.login("ada@example.com", PASSWORD).await), "identity.wrong_credentials");
    assert!(fixture.identity.login("ada@example.com", "a new password").await.is_ok());
    let request = identity::SetPassword { token: link, password: PASSWORD.to_owned(), name: None, email: None };
    assert_eq!(code(fixture.identity.set_password(request).await), "identity.link_unknown");
}

#[tokio::test]
async fn of_two_changes_at_the_same_time_one_succeeds() {
    let fixture = Fixture::new().await;
    let ada = fixture.create_person("ada@example.com", Role::Worker).await;
    let session: SessionId = fixture.ambient.new_id();
    let (first, second) = tokio::join!(
        fixture.identity.update_password(ada.id, session, PASSWORD, "the first password"),
        fixture.identity.update_password(ada.id, session, PASSWORD, "the second password"),
    );
    let mut codes = [code(first), code(second)];
    codes.sort();
    assert_eq!(codes, ["", "identity.wrong_password"]);
}
