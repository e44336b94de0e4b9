//! Adding and changing people, and what the other modules hear of it.

use contracts::{PersonId, Role};
use identity::{NewPerson, PersonChange};

use crate::company::{Company, code, new_person};

fn role(role: Role) -> PersonChange {
    PersonChange { role: Some(role), ..PersonChange::default() }
}

fn active(active: bool) -> PersonChange {
    PersonChange { active: Some(active), ..PersonChange::default() }
}

#[tokio::test]
async fn every_change_of_a_person_is_told_with_the_next_version() {
    let company = Company::new().await;
    let ada = company.add("ada@example.com", Role::Worker).await;
    company.identity.change_person(ada.id, role(Role::Manager)).await.unwrap();
    let language = PersonChange { language: Some(Some("ru".to_owned())), ..PersonChange::default() };
    company.identity.change_person(ada.id, language).await.unwrap();
    let last = company.identity.change_person(ada.id, active(false)).await.unwrap();

    let told = company.told().await;
    assert_eq!(told.iter().map(|state| state.version).collect::<Vec<_>>(), [1, 2, 3, 4]);
    assert_eq!(
        told.iter().map(|state| state.role).collect::<Vec<_>>(),
        [Role::Worker, Role::Manager, Role::Manager, Role::Manager]
    );
    let state = told.last().unwrap();
    assert_eq!((state.person_id, state.active, state.language.as_deref()), (ada.id, false, Some("ru")));
    assert_eq!((state.name.as_str(), state.email.as_str()), ("Ada Lovelace", "ada@example.com"));
    assert_eq!(company.identity.person(ada.id).await.unwrap(), last);
}

#[tokio::test]
async fn a_change_to_what_already_is_says_nothing() {
    let company = Company::new().await;
    let ada = company.add("ada@example.com", Role::Worker).await;
    let same = PersonChange {
        role: Some(Role::Worker),
        active: Some(true),
        name: Some("  Ada Lovelace".to_owned()),
        language: Some(None),
    };
    assert_eq!(company.identity.change_person(ada.id, same).await.unwrap(), ada);
    assert_eq!(company.told().await.len(), 1);
    assert_eq!(code(company.identity.change_person(ada.id, PersonChange::default()).await), "invalid_request");
}

#[tokio::test]
async fn changes_at_once_are_told_one_after_the_other() {
    let company = Company::new().await;
    let ada = company.add("ada@example.com", Role::Worker).await;
    let changes = (0..10).map(|number| {
        let identity = company.identity.clone();
        let change = PersonChange { name: Some(format!("Ada {number}")), ..PersonChange::default() };
        tokio::spawn(async move { identity.change_person(ada.id, change).await.unwrap() })
    });
    for change in changes.collect::<Vec<_>>() {
        change.await.unwrap();
    }
    let mut versions: Vec<i64> = company.told().await.iter().map(|state| state.version).collect();
    versions.sort_unstable();
    assert_eq!(versions, (1..=11).collect::<Vec<_>>());
}

#[tokio::test]
async fn an_email_address_is_somebody_s_once_whatever_its_case() {
    let company = Company::new().await;
    company.add("Ada@Example.com", Role::Worker).await;
    let again = company.identity.add_person(new_person("aDA@example.COM", Role::Admin), None).await;
    assert_eq!(code(again), "identity.email_taken");
    assert_eq!((company.count("people").await, company.told().await.len(), company.count("links").await), (1, 1, 0));
}

#[tokio::test]
async fn of_two_who_take_an_email_address_at_once_one_gets_it() {
    let company = Company::new().await;
    let adding = (0..8).map(|number| {
        let identity = company.identity.clone();
        let email = if number % 2 == 0 { "ada@example.com" } else { "ADA@example.com" };
        tokio::spawn(async move {
            identity.add_person(new_person(email, Role::Worker), None).await.map_err(|error| code::<()>(Err(error)))
        })
    });
    let mut results = Vec::new();
    for one in adding.collect::<Vec<_>>() {
        results.push(one.await.unwrap());
    }
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    assert!(
        results.iter().filter_map(|result| result.as_ref().err()).all(|code| code == "identity.email_taken"),
        "{results:?}"
    );
    assert_eq!(company.told().await.len(), 1);
}

#[tokio::test]
async fn the_last_active_admin_stays_one() {
    let company = Company::new().await;
    let boss = company.add("boss@example.com", Role::Admin).await;
    let deputy = company.add("deputy@example.com", Role::Admin).await;
    company.identity.change_person(deputy.id, active(false)).await.unwrap();
    for change in [role(Role::Worker), active(false), PersonChange { active: Some(false), ..role(Role::Admin) }] {
        assert_eq!(code(company.identity.change_person(boss.id, change).await), "identity.last_admin");
    }
    company.identity.change_person(deputy.id, role(Role::Worker)).await.unwrap();
    company.identity.change_person(deputy.id, PersonChange { active: Some(true), ..role(Role::Admin) }).await.unwrap();
    company.identity.change_person(boss.id, role(Role::Worker)).await.unwrap();
}

#[tokio::test]
async fn of_admins_who_demote_each_other_at_once_one_stays() {
    for _ in 0..5 {
        let company = Company::new().await;
        let boss = company.add("boss@example.com", Role::Admin).await;
        let deputy = company.add("deputy@example.com", Role::Admin).await;
        let (first, second) = tokio::join!(
            company.identity.change_person(boss.id, role(Role::Worker)),
            company.identity.change_person(deputy.id, active(false)),
        );
        let refused: Vec<String> = [first, second].into_iter().filter(Result::is_err).map(code).collect();
        assert_eq!(refused, ["identity.last_admin"]);
    }
}

#[tokio::test]
async fn who_is_not_there_cannot_be_changed_or_shown() {
    let company = Company::new().await;
    let nobody: PersonId = company.ambient.new_id();
    assert_eq!(code(company.identity.person(nobody).await), "not_found");
    assert_eq!(code(company.identity.change_person(nobody, role(Role::Admin)).await), "not_found");
    assert_eq!(code(company.identity.set_password_link_token(nobody).await), "not_found");
}

#[tokio::test]
async fn every_wrong_field_of_a_new_person_is_named_and_nobody_is_added() {
    let company = Company::new().await;
    let wrong = NewPerson {
        email: "ada".to_owned(),
        name: "\u{0}".to_owned(),
        role: Role::Worker,
        language: Some("xx".to_owned()),
    };
    let problem = kernel::Problem::from(company.identity.add_person(wrong, Some("short")).await.unwrap_err());
    let pointers: Vec<&str> = problem.errors().iter().map(|error| error.pointer.as_str()).collect();
    assert_eq!(pointers, ["/email", "/name", "/language", "/password"]);
    assert_eq!(company.count("people").await, 0);
}
