//! Creating and updating people, and the events that this publishes.

use contracts::{PersonId, Role};
use identity::{NewPerson, PersonUpdate};

use crate::fixture::{Fixture, PASSWORD, code, new_person};

fn role(role: Role) -> PersonUpdate {
    PersonUpdate { role: Some(role), ..PersonUpdate::default() }
}

fn active(active: bool) -> PersonUpdate {
    PersonUpdate { active: Some(active), ..PersonUpdate::default() }
}

#[tokio::test]
async fn every_update_of_a_person_is_published_with_the_next_version() {
    let fixture = Fixture::new().await;
    let ada = fixture.create_person("ada@example.com", Role::Worker).await;
    fixture.identity.update_person(ada.id, role(Role::Manager)).await.unwrap();
    let language = PersonUpdate { language: Some(Some("ru".to_owned())), ..PersonUpdate::default() };
    fixture.identity.update_person(ada.id, language).await.unwrap();
    let last = fixture.identity.update_person(ada.id, active(false)).await.unwrap();

    let published = fixture.published_people().await;
    assert_eq!(published.iter().map(|state| state.version).collect::<Vec<_>>(), [1, 2, 3, 4]);
    assert_eq!(
        published.iter().map(|state| state.role).collect::<Vec<_>>(),
        [Role::Worker, Role::Manager, Role::Manager, Role::Manager]
    );
    let state = published.last().unwrap();
    assert_eq!((state.person_id, state.active, state.language.as_deref()), (ada.id, false, Some("ru")));
    assert_eq!((state.name.as_str(), state.email.as_str()), ("Ada Lovelace", "ada@example.com"));
    assert_eq!(fixture.identity.get_person(ada.id).await.unwrap(), last);
}

#[tokio::test]
async fn an_update_to_the_present_values_publishes_nothing() {
    let fixture = Fixture::new().await;
    let ada = fixture.create_person("ada@example.com", Role::Worker).await;
    let same = PersonUpdate {
        role: Some(Role::Worker),
        active: Some(true),
        email: Some("ada@example.com ".to_owned()),
        name: Some("  Ada Lovelace".to_owned()),
        if_version: None,
        language: Some(None),
        time_zone: Some(None),
    };
    assert_eq!(fixture.identity.update_person(ada.id, same).await.unwrap(), ada);
    assert_eq!(fixture.published_people().await.len(), 1);
    assert_eq!(code(fixture.identity.update_person(ada.id, PersonUpdate::default()).await), "invalid_request");
}

#[tokio::test]
async fn updates_at_the_same_time_are_published_with_consecutive_versions() {
    let fixture = Fixture::new().await;
    let ada = fixture.create_person("ada@example.com", Role::Worker).await;
    let updates = (0..10).map(|number| {
        let identity = fixture.identity.clone();
        let update = PersonUpdate { name: Some(format!("Ada {number}")), ..PersonUpdate::default() };
        tokio::spawn(async move { identity.update_person(ada.id, update).await.unwrap() })
    });
    for update in updates.collect::<Vec<_>>() {
        update.await.unwrap();
    }
    let mut versions: Vec<i64> = fixture.published_people().await.iter().map(|state| state.version).collect();
    versions.sort_unstable();
    assert_eq!(versions, (1..=11).collect::<Vec<_>>());
}

#[tokio::test]
async fn an_email_address_is_unique_in_upper_and_lower_case() {
    let fixture = Fixture::new().await;
    fixture.create_person("Ada@Example.com", Role::Worker).await;
    let again = fixture.identity.create_person(new_person("aDA@example.COM", Role::Admin), None).await;
    assert_eq!(code(again), "identity.email_taken");
    assert_eq!(
        (fixture.count("people").await, fixture.published_people().await.len(), fixture.count("links").await),
        (1, 1, 0)
    );
}

#[tokio::test]
async fn of_many_people_created_with_one_address_at_the_same_time_one_exists() {
    let fixture = Fixture::new().await;
    let attempts = (0..8).map(|number| {
        let identity = fixture.identity.clone();
        let email = if number % 2 == 0 { "ada@example.com" } else { "ADA@example.com" };
        tokio::spawn(async move {
            identity.create_person(new_person(email, Role::Worker), None).await.map_err(|error| code::<()>(Err(error)))
        })
    });
    let mut results = Vec::new();
    for attempt in attempts.collect::<Vec<_>>() {
        results.push(attempt.await.unwrap());
    }
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    assert!(
        results.iter().filter_map(|result| result.as_ref().err()).all(|code| code == "identity.email_taken"),
        "{results:?}"
    );
    assert_eq!(fixture.published_people().await.len(), 1);
}

#[tokio::test]
async fn the_last_active_admin_cannot_be_demoted_or_deactivated() {
    let fixture = Fixture::new().await;
    let admin = fixture.create_person("admin@example.com", Role::Admin).await;
    let deputy = fixture.create_person("deputy@example.com", Role::Admin).await;
    fixture.identity.update_person(deputy.id, active(false)).await.unwrap();
    for update in [role(Role::Worker), active(false), PersonUpdate { active: Some(false), ..role(Role::Admin) }] {
        assert_eq!(code(fixture.identity.update_person(admin.id, update).await), "identity.last_admin");
    }
    fixture.identity.update_person(deputy.id, role(Role::Worker)).await.unwrap();
    fixture.identity.update_person(deputy.id, PersonUpdate { active: Some(true), ..role(Role::Admin) }).await.unwrap();
    fixture.identity.update_person(admin.id, role(Role::Worker)).await.unwrap();
}

#[tokio::test]
async fn of_two_admins_who_demote_each_other_at_the_same_time_one_remains() {
    for _ in 0..5 {
        let fixture = Fixture::new().await;
        let admin = fixture.create_person("admin@example.com", Role::Admin).await;
        let deputy = fixture.create_person("deputy@example.com", Role::Admin).await;
        let (first, second) = tokio::join!(
            fixture.identity.update_person(admin.id, role(Role::Worker)),
            fixture.identity.update_person(deputy.id, active(false)),
        );
        let refused: Vec<String> = [first, second].into_iter().filter(Result::is_err).map(code).collect();
        assert_eq!(refused, ["identity.last_admin"]);
    }
}

#[tokio::test]
async fn an_unknown_person_cannot_be_read_or_updated() {
    let fixture = Fixture::new().await;
    let unknown: PersonId = fixture.ambient.new_id();
    assert_eq!(code(fixture.identity.get_person(unknown).await), "not_found");
    assert_eq!(code(fixture.identity.update_person(unknown, role(Role::Admin)).await), "not_found");
    assert_eq!(code(fixture.identity.create_set_password_link(unknown).await), "not_found");
}

#[tokio::test]
async fn a_new_person_with_invalid_fields_is_refused_with_the_error_of_each() {
    let fixture = Fixture::new().await;
    let invalid = NewPerson {
        email: "ada".to_owned(),
        name: "\u{0}".to_owned(),
        role: Role::Worker,
        language: Some("xx".to_owned()),
    };
    let problem = kernel::Problem::from(fixture.identity.create_person(invalid, Some("short")).await.unwrap_err());
    let pointers: Vec<&str> = problem.errors().iter().map(|error| error.pointer.as_str()).collect();
    assert_eq!(pointers, ["/email", "/name", "/language", "/password"]);
    assert_eq!(fixture.count("people").await, 0);
}

/// Makes the row of a person one of a version that took every letter into an address.
#[expect(clippy::unwrap_used, reason = "a test that cannot be set up must fail")]
async fn store_as_entered(fixture: &Fixture, id: PersonId, email: &str) {
    sqlx::query("update identity.people set email = $2, email_key = $3 where id = $1")
        .bind(id.uuid())
        .bind(email)
        .bind(email.to_lowercase())
        .execute(fixture.write.raw())
        .await
        .unwrap();
}

#[tokio::test]
async fn an_address_from_before_idna_is_stored_in_ascii_at_the_start_and_published() {
    let fixture = Fixture::new().await;
    let ada = fixture.create_person("ada@example.com", Role::Worker).await;
    store_as_entered(&fixture, ada.id, "Ada@b\u{fc}cher.example").await;
    let other = fixture.another_process().await;
    fixture.another_process().await;
    let stored = other.get_person(ada.id).await.unwrap();
    assert_eq!((stored.email.as_str(), stored.version), ("Ada@xn--bcher-kva.example", 2));
    let published = fixture.published_people().await;
    assert_eq!(published.len(), 2, "the second start finds nothing to change");
    assert_eq!((published[1].email.as_str(), published[1].version), ("Ada@xn--bcher-kva.example", 2));
    for form in ["ada@b\u{fc}cher.example", "ADA@xn--bcher-kva.example"] {
        assert!(other.login(form, PASSWORD).await.is_ok(), "{form}");
        let again = other.create_person(new_person(form, Role::Worker), None).await;
        assert_eq!(code(again), "identity.email_taken");
    }
}

#[tokio::test]
async fn two_people_with_one_address_from_before_idna_both_log_in_as_before() {
    let fixture = Fixture::new().await;
    let ada = fixture.create_person("ada@example.com", Role::Worker).await;
    let twin = fixture.create_person("a@xn--bcher-kva.example", Role::Worker).await;
    store_as_entered(&fixture, ada.id, "a@b\u{fc}cher.example").await;
    let other = fixture.another_process().await;
    for (form, id) in [("a@b\u{fc}cher.example", ada.id), ("a@xn--bcher-kva.example", twin.id)] {
        let tokens = other.login(form, PASSWORD).await.unwrap();
        assert_eq!(other.authenticate(&tokens.access_token).await.unwrap().person_id, id, "{form}");
    }
    let renamed = PersonUpdate { name: Some("Ada".to_owned()), ..PersonUpdate::default() };
    assert!(other.update_person(ada.id, renamed).await.is_ok(), "another field can be changed");
}

#[tokio::test]
async fn a_person_with_an_address_that_is_refused_now_still_logs_in() {
    let fixture = Fixture::new().await;
    let ada = fixture.create_person("ada@example.com", Role::Worker).await;
    for email in ["\u{d6}laf@Example.org".to_owned(), format!("{}@example.org", "A".repeat(65))] {
        store_as_entered(&fixture, ada.id, &email).await;
        let other = fixture.another_process().await;
        assert!(other.login(&email, PASSWORD).await.is_ok(), "{email}");
        assert!(other.create_person(new_person(&email, Role::Worker), None).await.is_err());
    }
}

#[tokio::test]
async fn an_address_is_changed_unless_another_person_has_it() {
    let fixture = Fixture::new().await;
    let ada = fixture.create_person("ada@example.com", Role::Worker).await;
    fixture.create_person("bob@b\u{fc}cher.example", Role::Worker).await;
    let email = |email: &str| PersonUpdate { email: Some(email.to_owned()), ..PersonUpdate::default() };
    let taken = fixture.identity.update_person(ada.id, email("BOB@xn--bcher-kva.example")).await;
    assert_eq!(code(taken), "identity.email_taken");
    assert_eq!(code(fixture.identity.update_person(ada.id, email("nonsense")).await), "invalid_request");
    let changed = fixture.identity.update_person(ada.id, email(" Lovelace@fa\u{df}.example")).await.unwrap();
    assert_eq!((changed.email.as_str(), changed.version), ("Lovelace@xn--fa-hia.example", 2));
    assert_eq!(fixture.published_people().await.last().unwrap().email, changed.email);
    assert!(fixture.identity.login("lovelace@fa\u{df}.example", PASSWORD).await.is_ok());
    assert_eq!(code(fixture.identity.login("ada@example.com", PASSWORD).await), "identity.wrong_credentials");
    let upper_case = fixture.identity.update_person(ada.id, email("LOVELACE@fa\u{df}.example")).await.unwrap();
    assert_eq!(upper_case.email, "LOVELACE@xn--fa-hia.example");
    fixture.create_person("ada@example.com", Role::Worker).await;
}
