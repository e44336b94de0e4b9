//! One-time links: the first admin, and passwords that people set themselves.

use chrono::Duration;
use contracts::Role;
use identity::{PersonChange, SetPassword};

use crate::company::{Company, PASSWORD, code, new_person};

fn first_admin(token: &str, email: &str) -> SetPassword {
    SetPassword {
        token: token.to_owned(),
        password: PASSWORD.to_owned(),
        name: Some("The boss".to_owned()),
        email: Some(email.to_owned()),
    }
}

fn password(token: &str, password: &str) -> SetPassword {
    SetPassword { token: token.to_owned(), password: password.to_owned(), name: None, email: None }
}

#[tokio::test]
async fn the_first_admin_is_made_once_by_the_link() {
    let company = Company::new().await;
    let token = company.identity.first_admin_link_token().await.unwrap().unwrap();
    let boss = company.identity.set_password(first_admin(&token, "boss@example.com")).await.unwrap();
    assert_eq!((boss.role, boss.active, boss.version), (Role::Admin, true, 1));
    assert!(company.identity.login("boss@example.com", PASSWORD).await.is_ok());
    assert_eq!(
        company.told().await,
        [contracts::events::identity::PersonState {
            person_id: boss.id,
            version: 1,
            name: "The boss".to_owned(),
            email: "boss@example.com".to_owned(),
            role: Role::Admin,
            active: true,
            language: None,
        }]
    );
    assert_eq!(
        code(company.identity.set_password(first_admin(&token, "second@example.com")).await),
        "identity.link_used"
    );
    assert_eq!(company.identity.first_admin_link_token().await.unwrap(), None);
}

#[tokio::test]
async fn of_many_first_admins_at_once_one_is_made() {
    let company = Company::new().await;
    let token = company.identity.first_admin_link_token().await.unwrap().unwrap();
    let attempts = (0..6).map(|number| {
        let (identity, request) = (company.identity.clone(), first_admin(&token, &format!("boss{number}@example.com")));
        tokio::spawn(async move { identity.set_password(request).await.map_err(|error| code::<()>(Err(error))) })
    });
    let mut results = Vec::new();
    for one in attempts.collect::<Vec<_>>() {
        results.push(one.await.unwrap());
    }
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    assert!(
        results.iter().filter_map(|result| result.as_ref().err()).all(|code| code == "identity.link_used"),
        "{results:?}"
    );
    assert_eq!((company.count("people").await, company.told().await.len()), (1, 1));
}

#[tokio::test]
async fn a_new_first_admin_link_takes_the_place_of_the_old() {
    let company = Company::new().await;
    let old = company.identity.first_admin_link_token().await.unwrap().unwrap();
    let new = company.identity.first_admin_link_token().await.unwrap().unwrap();
    assert_eq!(
        code(company.identity.set_password(first_admin(&old, "boss@example.com")).await),
        "identity.link_unknown"
    );
    assert!(company.identity.set_password(first_admin(&new, "boss@example.com")).await.is_ok());
}

#[tokio::test]
async fn a_first_admin_link_is_worthless_once_somebody_exists() {
    let company = Company::new().await;
    let token = company.identity.first_admin_link_token().await.unwrap().unwrap();
    company.add("ada@example.com", Role::Worker).await;
    assert_eq!(
        code(company.identity.set_password(first_admin(&token, "boss@example.com")).await),
        "identity.already_set_up"
    );
    assert_eq!(company.count("people").await, 1);
}

#[tokio::test]
async fn the_first_admin_needs_a_name_and_an_address() {
    let company = Company::new().await;
    let token = company.identity.first_admin_link_token().await.unwrap().unwrap();
    let problem = kernel::Problem::from(company.identity.set_password(password(&token, "short")).await.unwrap_err());
    let pointers: Vec<&str> = problem.errors().iter().map(|error| error.pointer.as_str()).collect();
    assert_eq!(pointers, ["/password", "/name", "/email"]);
    let wrong = company.identity.set_password(first_admin(&token, "nonsense")).await;
    assert_eq!(code(wrong), "invalid_request");
    assert!(
        company.identity.set_password(first_admin(&token, "boss@example.com")).await.is_ok(),
        "a refused attempt uses nothing up"
    );
}

#[tokio::test]
async fn a_person_added_without_a_password_sets_one_by_the_link() {
    let company = Company::new().await;
    let (ada, token) = company.identity.add_person(new_person("ada@example.com", Role::Worker), None).await.unwrap();
    let token = token.unwrap();
    let with_name = SetPassword { name: Some("Else".to_owned()), ..password(&token, PASSWORD) };
    assert_eq!(code(company.identity.set_password(with_name).await), "invalid_request");
    assert_eq!(company.identity.set_password(password(&token, PASSWORD)).await.unwrap(), ada);
    assert!(company.identity.login("ada@example.com", PASSWORD).await.is_ok());
    assert_eq!(code(company.identity.set_password(password(&token, "another password")).await), "identity.link_used");
    assert_eq!(company.told().await.len(), 1, "a password is nobody else's business");
}

#[tokio::test]
async fn a_link_expires() {
    let company = Company::new().await;
    let (_, token) = company.identity.add_person(new_person("ada@example.com", Role::Worker), None).await.unwrap();
    company.advance(Duration::hours(72));
    assert_eq!(code(company.identity.set_password(password(&token.unwrap(), PASSWORD)).await), "identity.link_expired");
    assert_eq!(code(company.identity.set_password(password("made up", PASSWORD)).await), "identity.link_unknown");
}

#[tokio::test]
async fn a_new_password_ends_what_the_old_one_began() {
    let company = Company::new().await;
    let ada = company.add("ada@example.com", Role::Worker).await;
    let tokens = company.identity.login("ada@example.com", PASSWORD).await.unwrap();
    let first = company.identity.set_password_link_token(ada.id).await.unwrap();
    let second = company.identity.set_password_link_token(ada.id).await.unwrap();
    assert_eq!(code(company.identity.set_password(password(&first, "a new password")).await), "identity.link_unknown");
    company.identity.set_password(password(&second, "a new password")).await.unwrap();
    assert_eq!(code(company.identity.authenticate(&tokens.access_token).await), "identity.token_revoked");
    assert_eq!(code(company.identity.refresh(&tokens.refresh_token).await), "identity.refresh_invalid");
    assert_eq!(code(company.identity.login("ada@example.com", PASSWORD).await), "identity.wrong_credentials");
    assert!(company.identity.login("ada@example.com", "a new password").await.is_ok());
}

#[tokio::test]
async fn a_deactivated_person_gets_no_link_and_uses_none() {
    let company = Company::new().await;
    let (ada, token) = company.identity.add_person(new_person("ada@example.com", Role::Worker), None).await.unwrap();
    let off = PersonChange { active: Some(false), ..PersonChange::default() };
    company.identity.change_person(ada.id, off).await.unwrap();
    assert_eq!(code(company.identity.set_password_link_token(ada.id).await), "identity.person_inactive");
    assert_eq!(
        code(company.identity.set_password(password(&token.unwrap(), PASSWORD)).await),
        "identity.person_inactive"
    );
}

#[tokio::test]
async fn no_secret_lies_in_the_database_as_it_was_given_out() {
    let company = Company::new().await;
    let token = company.identity.first_admin_link_token().await.unwrap().unwrap();
    company.identity.set_password(first_admin(&token, "boss@example.com")).await.unwrap();
    let login = company.identity.login("boss@example.com", PASSWORD).await.unwrap();
    let dump: String = sqlx::query_scalar(
        "select concat(
             (select json_agg(person) from identity.people as person),
             (select json_agg(link) from identity.links as link),
             (select json_agg(token) from identity.refresh_tokens as token),
             (select json_agg(waiting) from identity.outbox as waiting)
         )",
    )
    .fetch_one(company.write.raw())
    .await
    .unwrap();
    assert!(dump.contains("boss@example.com"));
    for secret in [token.as_str(), login.refresh_token.as_str(), login.access_token.as_str(), PASSWORD] {
        assert!(!dump.contains(secret));
    }
}
