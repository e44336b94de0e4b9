//! Imports of people.

use contracts::Role;
use identity::{KeptRow, NewPerson, RepeatedRow};

use crate::fixture::{Fixture, code, new_person};

/// One worker for each number.
fn new_people(numbers: std::ops::Range<usize>) -> Vec<NewPerson> {
    numbers.map(|number| new_person(&format!("person{number}@example.com"), Role::Worker)).collect()
}

#[tokio::test]
async fn a_repeated_import_adds_only_new_people() {
    let fixture = Fixture::new().await;
    let first = fixture.identity.import_people(new_people(0..1_200)).await.unwrap();
    assert_eq!((first.rows, first.added, first.skipped), (1_200, 1_200, 0));
    let second = fixture.identity.import_people(new_people(0..1_201)).await.unwrap();
    assert_eq!((second.rows, second.added, second.skipped), (1_201, 1, 1_200));
    let events = fixture.published_events().await;
    assert_eq!(events.iter().map(|event| event.people.len()).collect::<Vec<_>>(), [500, 500, 200, 1]);
    assert!(fixture.published_people().await.iter().all(|state| state.version == 1 && state.active));
    assert_eq!(fixture.count("people").await, 1_201);
}

#[tokio::test]
async fn a_row_that_says_something_else_of_the_address_of_an_earlier_row_is_refused() {
    let fixture = Fixture::new().await;
    let named = |email: &str, name: &str, role| NewPerson { name: name.to_owned(), ..new_person(email, role) };
    let first = vec![named("bob@example.com", "Bob", Role::Worker), named("eve@example.com", "Eve", Role::Worker)];
    let later = vec![
        named("BOB@example.com", "Bob", Role::Worker),
        named("bob@example.com", "Bob", Role::Manager),
        named("eve@example.com", "Eva", Role::Worker),
        named("ada@example.com", "Ada", Role::Worker),
    ];
    // The rows come in two parts, as those of a long file do.
    let mut import = fixture.identity.begin_import().await.unwrap();
    import.add(first).await.unwrap();
    let report = import.add(later).await.unwrap();
    assert_eq!((report.rows, report.added, report.skipped), (6, 3, 0));
    assert_eq!(report.repeated, [RepeatedRow { index: 2, first_index: 0 }]);
    let refused: Vec<_> = report.refused.iter().map(|row| (row.index, row.first_index)).collect();
    assert_eq!(refused, [(3, Some(0)), (4, Some(1))]);
    assert!(report.refused.iter().all(|row| row.errors[0].pointer == "/email"));
    // It holds the lock of imports.
    drop(import);
    let rows = [Role::Worker, Role::Manager].map(|role| named("bob@example.com", "Bob", role));
    assert_eq!(fixture.identity.import_people(rows).await.unwrap().added, 0, "nothing is stored");
}

#[tokio::test]
async fn a_person_who_exists_is_kept_and_the_row_that_says_something_else_is_reported() {
    let fixture = Fixture::new().await;
    fixture.create_person("Ada@example.com", Role::Admin).await;
    fixture.create_person("bob@example.com", Role::Worker).await;
    let rows = ["bob@example.com", "ada@EXAMPLE.com"].map(|email| new_person(email, Role::Worker));
    let report = fixture.identity.import_people(rows).await.unwrap();
    assert_eq!((report.added, report.skipped), (0, 2));
    assert_eq!(report.kept, [KeptRow { index: 1, name: "Ada Lovelace".to_owned(), role: Role::Admin }]);
    assert_eq!(fixture.published_people().await.len(), 2, "nothing is changed");
}

#[tokio::test]
async fn the_forms_of_one_address_are_one_person_of_an_import() {
    let fixture = Fixture::new().await;
    let forms = ["a@b\u{fc}cher.example", "A@xn--bcher-kva.example", "\u{ff41}@bu\u{308}cher.example"];
    let report = fixture.identity.import_people(forms.map(|form| new_person(form, Role::Worker))).await.unwrap();
    assert_eq!((report.added, report.repeated.len(), report.refused.len()), (1, 2, 0));
    let hidden = NewPerson { name: "\u{3164}".to_owned(), ..new_person("b@example.com", Role::Worker) };
    let rows = [new_person("\u{430}da@example.com", Role::Worker), hidden];
    let report = fixture.identity.import_people(rows).await.unwrap();
    assert_eq!(
        report.refused.iter().map(|row| row.errors[0].pointer.as_str()).collect::<Vec<_>>(),
        ["/email", "/name"]
    );
}

#[tokio::test]
async fn a_refused_row_is_reported_and_nothing_is_stored() {
    let fixture = Fixture::new().await;
    let mut rows = new_people(0..600);
    rows[0].name = " ".to_owned();
    rows[599].email = "nonsense".to_owned();
    let report = fixture.identity.import_people(rows).await.unwrap();
    assert_eq!((report.rows, report.added), (600, 0));
    assert_eq!(
        report.refused.iter().map(|row| (row.index, row.errors[0].pointer.as_str())).collect::<Vec<_>>(),
        [(0, "/name"), (599, "/email")]
    );
    assert_eq!((fixture.count("people").await, fixture.published_people().await.len()), (0, 0));
}

#[tokio::test]
async fn an_import_can_skip_refused_rows_or_be_a_dry_run() {
    let fixture = Fixture::new().await;
    let mut rows = new_people(0..10);
    rows[3].email = String::new();

    let mut dry_run = fixture.identity.begin_import().await.unwrap();
    dry_run.add(rows.clone()).await.unwrap();
    assert_eq!((dry_run.report().added, dry_run.report().refused.len()), (9, 1));
    drop(dry_run);
    assert_eq!(fixture.count("people").await, 0);

    let mut import = fixture.identity.begin_import().await.unwrap();
    import.add(rows).await.unwrap();
    import.add(new_people(9..12)).await.unwrap();
    let report = import.commit().await.unwrap();
    assert_eq!((report.rows, report.added, report.repeated.len(), report.refused[0].index), (13, 11, 1, 3));
    assert_eq!(fixture.published_people().await.len(), 11);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_imports_of_the_same_people_at_the_same_time_add_them_once() {
    let fixture = Fixture::new().await;
    let mut reversed = new_people(0..3_000);
    reversed.reverse();
    let imports = [new_people(0..3_000), reversed].map(|rows| {
        let identity = fixture.identity.clone();
        tokio::spawn(async move { identity.import_people(rows).await.unwrap().added })
    });
    let mut added = 0;
    for import in imports {
        added += import.await.unwrap();
    }
    assert_eq!((added, fixture.published_people().await.len()), (3_000, 3_000));
}

#[tokio::test]
async fn imported_people_log_in_after_setting_a_password_with_a_link() {
    let fixture = Fixture::new().await;
    fixture.identity.import_people(new_people(0..1)).await.unwrap();
    let id = fixture.published_people().await[0].person_id;
    assert_eq!(code(fixture.identity.login("person0@example.com", "").await), "identity.wrong_credentials");
    let token = fixture.identity.create_set_password_link(id).await.unwrap();
    let request = identity::SetPassword { token, password: "correct horse".to_owned(), name: None, email: None };
    fixture.identity.set_password(request).await.unwrap();
    assert!(fixture.identity.login("person0@example.com", "correct horse").await.is_ok());
}
