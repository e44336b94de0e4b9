//! Personal API tokens: creation, use, revocation and what ends them.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up must fail")]

use chrono::Duration;
use contracts::Role;
use identity::{CreatedApiToken, Identity, NewApiToken, Person, PersonUpdate};
use kernel::http::auth::Credential;

use crate::fixture::{Fixture, PASSWORD, code};

fn new_token(fixture: &Fixture, scopes: &[&str], days: i64) -> NewApiToken {
    NewApiToken {
        name: "CI".to_owned(),
        scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
        expires_at: fixture.ambient.now() + Duration::days(days),
    }
}

async fn create(fixture: &Fixture, person: &Person, scopes: &[&str]) -> CreatedApiToken {
    fixture.identity.create_api_token(person.id, person.role, new_token(fixture, scopes, 30)).await.unwrap()
}

async fn answer(identity: &Identity, token: &CreatedApiToken) -> String {
    code(identity.authenticate(&token.token).await)
}

#[tokio::test]
async fn a_token_identifies_its_person_with_its_scopes_until_it_expires() {
    let fixture = Fixture::new().await;
    let ada = fixture.create_person("ada@example.com", Role::Accountant).await;
    let token = create(&fixture, &ada, &["read", "close_days"]).await;
    assert!(token.token.starts_with("pwk_") && token.token.len() == 46);
    let caller = fixture.identity.authenticate(&token.token).await.unwrap();
    assert_eq!((caller.person_id, caller.role, caller.session_id()), (ada.id, Role::Accountant, None));
    let Credential::ApiToken { token_id, scopes } = caller.credential else { panic!("{caller:?}") };
    assert_eq!((token_id, scopes.names()), (token.details.id, vec!["read", "close_days"]));
    fixture.advance(Duration::days(30) - Duration::seconds(1));
    assert_eq!(answer(&fixture.identity, &token).await, "");
    fixture.advance(Duration::seconds(1));
    assert_eq!(answer(&fixture.identity, &token).await, "identity.token_expired");
}

#[tokio::test]
async fn a_revoked_token_is_refused_at_once_here_and_after_a_poll_elsewhere() {
    let fixture = Fixture::new().await;
    let ada = fixture.create_person("ada@example.com", Role::Worker).await;
    let bob = fixture.create_person("bob@example.com", Role::Worker).await;
    let elsewhere = fixture.another_process().await;
    let (token, other) = (create(&fixture, &ada, &["read"]).await, create(&fixture, &ada, &["read"]).await);
    assert_eq!(
        (answer(&fixture.identity, &token).await, answer(&elsewhere, &token).await),
        <(String, String)>::default()
    );
    let foreign = fixture.identity.delete_api_token(bob.id, token.details.id).await;
    assert_eq!(code(foreign), "not_found", "a person revokes their own tokens only");
    fixture.identity.delete_api_token(ada.id, token.details.id).await.unwrap();
    assert_eq!(answer(&fixture.identity, &token).await, "identity.token_revoked");
    elsewhere.refresh_revocations().await.unwrap();
    assert_eq!(answer(&elsewhere, &token).await, "identity.token_revoked");
    assert_eq!(answer(&fixture.another_process().await, &token).await, "identity.token_revoked");
    assert_eq!(answer(&elsewhere, &other).await, "", "another token stays valid");
    assert_eq!(code(fixture.identity.delete_api_token(ada.id, token.details.id).await), "not_found", "it is gone");
}

#[tokio::test]
async fn a_token_has_the_present_role_of_its_person_and_ends_with_deactivation() {
    let fixture = Fixture::new().await;
    let ada = fixture.create_person("ada@example.com", Role::Accountant).await;
    let elsewhere = fixture.another_process().await;
    let token = create(&fixture, &ada, &["write"]).await;
    assert_eq!(answer(&elsewhere, &token).await, "");
    let role = PersonUpdate { role: Some(Role::Worker), ..PersonUpdate::default() };
    fixture.identity.update_person(ada.id, role).await.unwrap();
    elsewhere.refresh_revocations().await.unwrap();
    for identity in [&fixture.identity, &elsewhere] {
        assert_eq!(identity.authenticate(&token.token).await.unwrap().role, Role::Worker);
    }
    let active = |active| PersonUpdate { active: Some(active), ..PersonUpdate::default() };
    fixture.identity.update_person(ada.id, active(false)).await.unwrap();
    elsewhere.refresh_revocations().await.unwrap();
    for identity in [&fixture.identity, &elsewhere] {
        assert_eq!(answer(identity, &token).await, "identity.token_revoked");
    }
    fixture.identity.update_person(ada.id, active(true)).await.unwrap();
    assert_eq!(answer(&fixture.identity, &token).await, "identity.token_revoked", "deactivation revokes it for good");
    let new = new_token(&fixture, &["read"], 1);
    fixture.identity.update_person(ada.id, active(false)).await.unwrap();
    assert_eq!(code(fixture.identity.create_api_token(ada.id, ada.role, new).await), "identity.person_inactive");
}

#[tokio::test]
async fn a_new_password_keeps_the_tokens() {
    let fixture = Fixture::new().await;
    let ada = fixture.create_person("ada@example.com", Role::Worker).await;
    let token = create(&fixture, &ada, &["read"]).await;
    let session = fixture.ambient.new_id();
    fixture.identity.update_password(ada.id, session, PASSWORD, "a new password").await.unwrap();
    assert_eq!(answer(&fixture.identity, &token).await, "");
}

#[tokio::test]
async fn a_mistyped_or_made_up_token_is_refused() {
    let fixture = Fixture::new().await;
    let ada = fixture.create_person("ada@example.com", Role::Worker).await;
    let token = create(&fixture, &ada, &["read"]).await.token;
    let last = if token.ends_with('x') { 'y' } else { 'x' };
    let mistyped = format!("{}{last}", &token[..45]);
    // A token that another installation has made.
    let other = Fixture::new().await;
    other.ambient.fill(&mut [0; 64]);
    let stranger = other.create_person("ada@example.com", Role::Worker).await;
    let foreign = create(&other, &stranger, &["read"]).await.token;
    for wrong in [mistyped.as_str(), &foreign, "pwk_", "pwk_\u{0}", &token.to_uppercase(), &token[..40]] {
        assert_eq!(code(fixture.identity.authenticate(wrong).await), "identity.token_invalid", "{wrong}");
    }
}

#[tokio::test]
async fn most_uses_query_no_database_and_the_last_use_is_recorded_to_the_minute() {
    let fixture = Fixture::new().await;
    let ada = fixture.create_person("ada@example.com", Role::Worker).await;
    let token = create(&fixture, &ada, &["read"]).await;
    let last_used = async || {
        let limit = kernel::http::paging::Limit::default();
        fixture.identity.list_api_tokens(ada.id, None, limit).await.unwrap()[0].last_used_at
    };
    let record = async || fixture.identity.record_api_token_uses().await.unwrap();
    assert_eq!(last_used().await, None);
    let first = fixture.ambient.now();
    assert_eq!(answer(&fixture.identity, &token).await, "");
    record().await;
    assert_eq!(last_used().await, Some(first));
    // The row is renamed in the database: a use that queries it finds no token.
    let hide = "update identity.api_tokens set token_hash = sha256(token_hash)";
    sqlx::query(hide).execute(fixture.write.raw()).await.unwrap();
    fixture.advance(Duration::seconds(59));
    assert_eq!(answer(&fixture.identity, &token).await, "");
    record().await;
    assert_eq!(last_used().await, Some(first));
    fixture.advance(Duration::seconds(1));
    assert_eq!(answer(&fixture.identity, &token).await, "identity.token_invalid", "a minute later it is loaded again");
}

#[tokio::test]
async fn a_person_has_a_limited_number_of_tokens() {
    let fixture = Fixture::new().await;
    let ada = fixture.create_person("ada@example.com", Role::Worker).await;
    let first = create(&fixture, &ada, &["read"]).await;
    for _ in 1..50 {
        create(&fixture, &ada, &["read"]).await;
    }
    let another = async || {
        let new = new_token(&fixture, &["read"], 1);
        code(fixture.identity.create_api_token(ada.id, ada.role, new).await)
    };
    assert_eq!(another().await, "identity.too_many_tokens");
    fixture.identity.delete_api_token(ada.id, first.details.id).await.unwrap();
    assert_eq!(another().await, "");
    fixture.advance(Duration::days(61));
    (fixture.identity.module().jobs.pop().unwrap().run)().await.unwrap();
    assert_eq!(fixture.count("api_tokens").await, 0, "expired tokens are pruned after a month");
}
