//! One-time links: the first admin, and passwords that people set.

use chrono::Duration;
use contracts::Role;
use identity::{PersonUpdate, SetPassword};

use crate::fixture::{Fixture, PASSWORD, code, new_person};

fn first_admin_request(token: &str, email: &str) -> SetPassword {
    SetPassword {
        token: token.to_owned(),
        password: PASSWORD.to_owned(),
        name: Some("The boss".to_owned()),
        email: Some(email.to_owned()),
    }
}

fn password_request(token: &str, password: &str) -> SetPassword {
    SetPassword { token: token.to_owned(), password: password.to_owned(), name: None, email: None }
}

#[tokio::test]
async fn the_link_creates_the_first_admin_once() {
    let fixture = Fixture::new().await;
    let token = fixture.identity.create_first_admin_link().await.unwrap().unwrap();
    let admin = fixture.identity.set_password(first_admin_request(&token, "boss@example.com")).await.unwrap();
    assert_eq!((admin.role, admin.active, admin.version), (Role::Admin, true, 1));
    assert!(fixture.identity.login("boss@example.com", PASSWORD).await.is_ok());
    assert_eq!(
        fixture.published_people().await,
        [contracts::events::identity::PersonState {
            person_id: admin.id,
            version: 1,
            name: "The boss".to_owned(),
            email: "boss@example.com".to_owned(),
            role: Role::Admin,
            active: true,
            language: None,
        }]
    );
    assert_eq!(
        code(fixture.identity.set_password(first_admin_request(&token, "second@example.com")).await),
        "identity.link_used"
    );
    assert_eq!(fixture.identity.create_first_admin_link().await.unwrap(), None);
}

#[tokio::test]
async fn many_uses_of_the_link_at_the_same_time_create_one_admin() {
    let fixture = Fixture::new().await;
    let token = fixture.identity.create_first_admin_link().await.unwrap().unwrap();
    let attempts = (0..6).map(|number| {
        let (identity, request) =
            (fixture.identity.clone(), first_admin_request(&token, &format!("boss{number}@example.com")));
        tokio::spawn(async move { identity.set_password(request).await.map_err(|error| code::<()>(Err(error))) })
    });
    let mut results = Vec::new();
    for attempt in attempts.collect::<Vec<_>>() {
        results.push(attempt.await.unwrap());
    }
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    assert!(
        results.iter().filter_map(|result| result.as_ref().err()).all(|code| code == "identity.link_used"),
        "{results:?}"
    );
    assert_eq!((fixture.count("people").await, fixture.published_people().await.len()), (1, 1));
}

#[tokio::test]
async fn a_new_first_admin_link_replaces_the_old_one() {
    let fixture = Fixture::new().await;
    let old = fixture.identity.create_first_admin_link().await.unwrap().unwrap();
    let new = fixture.identity.create_first_admin_link().await.unwrap().unwrap();
    assert_eq!(
        code(fixture.identity.set_password(first_admin_request(&old, "boss@example.com")).await),
        "identity.link_unknown"
    );
    assert!(fixture.identity.set_password(first_admin_request(&new, "boss@example.com")).await.is_ok());
}

#[tokio::test]
async fn a_first_admin_link_is_refused_once_a_person_exists() {
    let fixture = Fixture::new().await;
    let token = fixture.identity.create_first_admin_link().await.unwrap().unwrap();
    fixture.create_person("ada@example.com", Role::Worker).await;
    assert_eq!(
        code(fixture.identity.set_password(first_admin_request(&token, "boss@example.com")).await),
        "identity.already_set_up"
    );
    assert_eq!(fixture.count("people").await, 1);
}

#[tokio::test]
async fn the_first_admin_needs_a_name_and_an_address() {
    let fixture = Fixture::new().await;
    let token = fixture.identity.create_first_admin_link().await.unwrap().unwrap();
    let problem =
        kernel::Problem::from(fixture.identity.set_password(password_request(&token, "short")).await.unwrap_err());
    let pointers: Vec<&str> = problem.errors().iter().map(|error| error.pointer.as_str()).collect();
    assert_eq!(pointers, ["/password", "/name", "/email"]);
    let invalid = fixture.identity.set_password(first_admin_request(&token, "nonsense")).await;
    assert_eq!(code(invalid), "invalid_request");
    assert!(
        fixture.identity.set_password(first_admin_request(&token, "boss@example.com")).await.is_ok(),
        "a refused request does not use the link"
    );
}

#[tokio::test]
async fn a_person_created_without_a_password_sets_one_with_the_link() {
    let fixture = Fixture::new().await;
    let (ada, token) = fixture.identity.create_person(new_person("ada@example.com", Role::Worker), None).await.unwrap();
    let token = token.unwrap();
    let with_name = SetPassword { name: Some("Else".to_owned()), ..password_request(&token, PASSWORD) };
    assert_eq!(code(fixture.identity.set_password(with_name).await), "invalid_request");
    assert_eq!(fixture.identity.set_password(password_request(&token, PASSWORD)).await.unwrap(), ada);
    assert!(fixture.identity.login("ada@example.com", PASSWORD).await.is_ok());
    assert_eq!(
        code(fixture.identity.set_password(password_request(&token, "another password")).await),
        "identity.link_used"
    );
    assert_eq!(fixture.published_people().await.len(), 1, "a new password publishes no event");
}

#[tokio::test]
async fn an_expired_link_is_refused() {
    let fixture = Fixture::new().await;
    let (_, token) = fixture.identity.create_person(new_person("ada@example.com", Role::Worker), None).await.unwrap();
    fixture.advance(Duration::hours(72));
    assert_eq!(
        code(fixture.identity.set_password(password_request(&token.unwrap(), PASSWORD)).await),
        "identity.link_expired"
    );
    assert_eq!(
        code(fixture.identity.set_password(password_request("made up", PASSWORD)).await),
        "identity.link_unknown"
    );
}

#[tokio::test]
async fn a_new_password_ends_the_sessions_of_the_old_one() {
    let fixture = Fixture::new().await;
    let ada = fixture.create_person("ada@example.com", Role::Worker).await;
    let tokens = fixture.identity.login("ada@example.com", PASSWORD).await.unwrap();
    let first = fixture.identity.create_set_password_link(ada.id).await.unwrap();
    let second = fixture.identity.create_set_password_link(ada.id).await.unwrap();
    assert_eq!(
        code(fixture.identity.set_password(password_request(&first, "a new password")).await),
        "identity.link_unknown"
    );
    fixture.identity.set_password(password_request(&second, "a new password")).await.unwrap();
    assert_eq!(code(fixture.identity.authenticate(&tokens.access_token).await), "identity.token_revoked");
    assert_eq!(code(fixture.identity.refresh_tokens(&tokens.refresh_token).await), "identity.refresh_invalid");
    assert_eq!(code(fixture.identity.login("ada@example.com", PASSWORD).await), "identity.wrong_credentials");
    assert!(fixture.identity.login("ada@example.com", "a new password").await.is_ok());
}

#[tokio::test]
async fn a_new_address_ends_the_links_that_the_old_one_got() {
    let fixture = Fixture::new().await;
    let (person, token) =
        fixture.identity.create_person(new_person("ada@example.com", Role::Worker), None).await.unwrap();
    let other = fixture.identity.create_person(new_person("bob@example.com", Role::Worker), None).await.unwrap();
    let change = async |email: &str| {
        let update = PersonUpdate { email: Some(email.to_owned()), ..PersonUpdate::default() };
        fixture.identity.update_person(person.id, update).await.unwrap()
    };
    let token = token.unwrap();
    // Another spelling is the same mailbox.
    change("Ada@example.com").await;
    change("lovelace@example.com").await;
    let refused = fixture.identity.set_password(password_request(&token, PASSWORD)).await;
    assert_eq!(code(refused), "identity.link_unknown");
    assert_eq!(code(fixture.identity.login("lovelace@example.com", PASSWORD).await), "identity.wrong_credentials");
    let token = fixture.identity.create_set_password_link(person.id).await.unwrap();
    change("LOVELACE@example.com").await;
    fixture.identity.set_password(password_request(&token, PASSWORD)).await.unwrap();
    fixture.identity.set_password(password_request(&other.1.unwrap(), PASSWORD)).await.unwrap();
}

#[tokio::test]
async fn a_deactivated_person_gets_no_link_and_cannot_use_one() {
    let fixture = Fixture::new().await;
    let (ada, token) = fixture.identity.create_person(new_person("ada@example.com", Role::Worker), None).await.unwrap();
    let deactivated = PersonUpdate { active: Some(false), ..PersonUpdate::default() };
    fixture.identity.update_person(ada.id, deactivated).await.unwrap();
    assert_eq!(code(fixture.identity.create_set_password_link(ada.id).await), "identity.person_inactive");
    assert_eq!(
        code(fixture.identity.set_password(password_request(&token.unwrap(), PASSWORD)).await),
        "identity.person_inactive"
    );
}

#[tokio::test]
async fn no_secret_is_stored_in_plain_text() {
    let fixture = Fixture::new().await;
    let token = fixture.identity.create_first_admin_link().await.unwrap().unwrap();
    fixture.identity.set_password(first_admin_request(&token, "boss@example.com")).await.unwrap();
    let login = fixture.identity.login("boss@example.com", PASSWORD).await.unwrap();
    let dump: String = sqlx::query_scalar(
        "select concat(
             (select json_agg(person) from identity.people as person),
             (select json_agg(link) from identity.links as link),
             (select json_agg(token) from identity.refresh_tokens as token),
             (select json_agg(outbox) from identity.outbox as outbox)
         )",
    )
    .fetch_one(fixture.write.raw())
    .await
    .unwrap();
    assert!(dump.contains("boss@example.com"));
    for secret in [token.as_str(), login.refresh_token.as_str(), login.access_token.as_str(), PASSWORD] {
        assert!(!dump.contains(secret));
    }
}
