//! Login, refresh, logout and the expiry of sessions.

use argon2::{Argon2, PasswordHasher};
use chrono::Duration;
use contracts::Role;
use identity::PersonUpdate;

use crate::fixture::{Fixture, PASSWORD, code, new_person};

#[tokio::test]
async fn a_login_gives_a_token_that_identifies_the_person() {
    let fixture = Fixture::new().await;
    let ada = fixture.create_person("Ada@Example.com", Role::Accountant).await;
    let tokens = fixture.identity.login(" ada@example.COM ", PASSWORD).await.unwrap();
    let caller = fixture.identity.authenticate(&tokens.access_token).await.unwrap();
    assert_eq!((caller.person_id, caller.role), (ada.id, Role::Accountant));
    assert_eq!(tokens.expires_in_s, 600);
    assert_eq!(tokens.refresh_expires_at, fixture.ambient.now() + Duration::days(14));
}

#[tokio::test]
async fn a_wrong_password_an_unknown_address_and_a_deactivated_person_get_the_same_answer() {
    let fixture = Fixture::new().await;
    let ada = fixture.create_person("ada@example.com", Role::Worker).await;
    fixture.identity.create_person(new_person("new@example.com", Role::Worker), None).await.unwrap();
    let deactivated = PersonUpdate { active: Some(false), ..PersonUpdate::default() };
    let mut answers = Vec::new();
    for (email, password) in [
        ("ada@example.com", "correct horse "),
        ("ada@example.com", ""),
        ("unknown@example.com", PASSWORD),
        ("not an address\u{0}", PASSWORD),
        ("new@example.com", PASSWORD),
    ] {
        answers.push(fixture.identity.login(email, password).await.unwrap_err());
    }
    fixture.identity.update_person(ada.id, deactivated).await.unwrap();
    answers.push(fixture.identity.login("ada@example.com", PASSWORD).await.unwrap_err());
    for answer in answers {
        let problem = kernel::Problem::from(answer);
        assert_eq!(
            (problem.code(), problem.detail()),
            ("identity.wrong_credentials", "the e-mail address or the password is wrong")
        );
    }
    assert_eq!(fixture.count("sessions").await, 0);
}

#[tokio::test]
async fn an_access_token_expires_by_the_clock_of_the_service() {
    let fixture = Fixture::new().await;
    fixture.create_person("ada@example.com", Role::Worker).await;
    let tokens = fixture.identity.login("ada@example.com", PASSWORD).await.unwrap();
    fixture.advance(Duration::seconds(604));
    assert!(fixture.identity.authenticate(&tokens.access_token).await.is_ok());
    fixture.advance(Duration::seconds(1));
    assert_eq!(code(fixture.identity.authenticate(&tokens.access_token).await), "identity.token_expired");
    fixture.advance(-Duration::hours(1));
    assert_eq!(code(fixture.identity.authenticate(&tokens.access_token).await), "identity.token_invalid");
}

#[tokio::test]
async fn expired_sessions_and_refresh_tokens_are_pruned() {
    let fixture = Fixture::new().await;
    fixture.create_person("ada@example.com", Role::Worker).await;
    let login = fixture.identity.login("ada@example.com", PASSWORD).await.unwrap();
    fixture.advance(Duration::days(10));
    let renewed = fixture.identity.refresh_tokens(&login.refresh_token).await.unwrap();
    let job = fixture.identity.module().jobs.pop().unwrap();
    fixture.advance(Duration::days(5));
    assert_eq!((job.run)().await.unwrap(), kernel::runtime::jobs::Outcome::Idle);
    assert_eq!((fixture.count("sessions").await, fixture.count("refresh_tokens").await), (1, 1));
    assert!(fixture.identity.refresh_tokens(&renewed.refresh_token).await.is_ok());
    fixture.advance(Duration::days(31));
    (job.run)().await.unwrap();
    assert_eq!((fixture.count("sessions").await, fixture.count("refresh_tokens").await), (0, 0));
}

#[tokio::test]
async fn a_password_that_was_hashed_before_it_was_normalised_is_still_accepted() {
    let fixture = Fixture::new().await;
    let ada = fixture.create_person("ada@example.com", Role::Worker).await;
    // The forms NFC and NFD, and a letter for which NFKC has another one.
    for (hashed, entered) in [
        ("caf\u{e9} cr\u{e8}me", "cafe\u{301} cre\u{300}me"),
        ("cafe\u{301} cre\u{300}me", "cafe\u{301} cre\u{300}me"),
        ("\u{fb01}ne caf\u{e9}", "\u{fb01}ne caf\u{e9}"),
        ("\u{fb01}ne caf\u{e9}", "\u{fb01}ne cafe\u{301}"),
        ("correct horse", "correct horse"),
    ] {
        let hash =
            Argon2::default().hash_password_with_salt(hashed.as_bytes(), b"a salt of a test").unwrap().to_string();
        sqlx::query("update identity.people set password_hash = $2 where id = $1")
            .bind(ada.id.uuid())
            .bind(hash)
            .execute(fixture.write.raw())
            .await
            .unwrap();
        assert!(fixture.identity.login("ada@example.com", entered).await.is_ok(), "{hashed:?} as {entered:?}");
        let wrong = fixture.identity.login("ada@example.com", &format!("{entered}!")).await;
        assert_eq!(code(wrong), "identity.wrong_credentials");
    }
}

#[tokio::test]
async fn a_person_ends_one_of_their_sessions_and_no_session_of_another() {
    let fixture = Fixture::new().await;
    let ada = fixture.create_person("ada@example.com", Role::Worker).await;
    let bob = fixture.create_person("bob@example.com", Role::Worker).await;
    let lost = fixture.identity.login("ada@example.com", PASSWORD).await.unwrap();
    let kept = fixture.identity.login("ada@example.com", PASSWORD).await.unwrap();
    let lost_session = fixture.identity.authenticate(&lost.access_token).await.unwrap().session_id().unwrap();
    assert_eq!(code(fixture.identity.delete_session(bob.id, lost_session).await), "not_found");
    assert!(fixture.identity.authenticate(&lost.access_token).await.is_ok());

    fixture.identity.delete_session(ada.id, lost_session).await.unwrap();
    assert_eq!(code(fixture.identity.authenticate(&lost.access_token).await), "identity.token_revoked");
    assert_eq!(code(fixture.identity.refresh_tokens(&lost.refresh_token).await), "identity.refresh_invalid");
    assert!(fixture.identity.refresh_tokens(&kept.refresh_token).await.is_ok());
    assert_eq!(code(fixture.identity.delete_session(ada.id, lost_session).await), "not_found", "it has ended");
}

#[tokio::test]
async fn all_sessions_of_a_person_end_in_every_process() {
    let fixture = Fixture::new().await;
    let ada = fixture.create_person("ada@example.com", Role::Worker).await;
    fixture.create_person("bob@example.com", Role::Worker).await;
    let first = fixture.identity.login("ada@example.com", PASSWORD).await.unwrap();
    let second = fixture.identity.login("ada@example.com", PASSWORD).await.unwrap();
    let bob = fixture.identity.login("bob@example.com", PASSWORD).await.unwrap();
    let other = fixture.another_process().await;
    fixture.identity.delete_sessions_of_person(ada.id).await.unwrap();
    other.refresh_revocations().await.unwrap();
    for process in [&fixture.identity, &other] {
        for tokens in [&first, &second] {
            assert_eq!(code(process.authenticate(&tokens.access_token).await), "identity.token_revoked");
            assert_eq!(code(process.refresh_tokens(&tokens.refresh_token).await), "identity.refresh_invalid");
        }
        assert!(process.authenticate(&bob.access_token).await.is_ok());
    }
    assert!(fixture.identity.login("ada@example.com", PASSWORD).await.is_ok(), "the account stays as it is");
    let unknown = contracts::PersonId::from(uuid::Uuid::nil());
    assert_eq!(code(fixture.identity.delete_sessions_of_person(unknown).await), "not_found");
}

/// Room for the future that checks the credential of a request. Each request allocates it.
const FUTURE_BYTES_MAX: usize = 1_024;

#[tokio::test]
async fn the_future_of_an_authentication_is_small() {
    let fixture = Fixture::new().await;
    let sizes = [
        size_of_val(&fixture.identity.authenticate("token")),
        size_of_val(&fixture.identity.authenticate_cookie("token")),
    ];
    assert!(sizes.iter().all(|bytes| *bytes <= FUTURE_BYTES_MAX), "{sizes:?}");
}
