//! Many people at once.

use contracts::Role;
use identity::NewPerson;

use crate::company::{Company, code, new_person};

fn crowd(people: std::ops::Range<usize>) -> Vec<NewPerson> {
    people.map(|number| new_person(&format!("person{number}@example.com"), Role::Worker)).collect()
}

#[tokio::test]
async fn an_import_repeated_adds_nothing() {
    let company = Company::new().await;
    let first = company.identity.import_people(crowd(0..1_200)).await.unwrap();
    assert_eq!((first.rows, first.added, first.skipped), (1_200, 1_200, 0));
    let second = company.identity.import_people(crowd(0..1_201)).await.unwrap();
    assert_eq!((second.rows, second.added, second.skipped), (1_201, 1, 1_200));
    let events = company.events().await;
    assert_eq!(events.iter().map(|event| event.people.len()).collect::<Vec<_>>(), [500, 500, 200, 1]);
    assert!(company.told().await.iter().all(|state| state.version == 1 && state.active));
    assert_eq!(company.count("people").await, 1_201);
}

#[tokio::test]
async fn an_address_that_comes_twice_in_an_import_is_one_person() {
    let company = Company::new().await;
    company.add("Ada@example.com", Role::Admin).await;
    let mut rows = vec![new_person("ada@EXAMPLE.com", Role::Worker)];
    rows.extend((0..50).map(|_| new_person("bob@example.com", Role::Worker)));
    rows[1] = NewPerson { name: "The first".to_owned(), ..new_person("BOB@example.com", Role::Manager) };
    let report = company.identity.import_people(rows).await.unwrap();
    assert_eq!((report.added, report.skipped), (1, 50));
    let told = company.told().await;
    assert_eq!((told[1].name.as_str(), told[1].role), ("The first", Role::Manager), "the first row counts");
}

#[tokio::test]
async fn a_refused_row_is_named_and_nobody_is_added() {
    let company = Company::new().await;
    let mut rows = crowd(0..600);
    rows[0].name = " ".to_owned();
    rows[599].email = "nonsense".to_owned();
    let report = company.identity.import_people(rows).await.unwrap();
    assert_eq!((report.rows, report.added), (600, 0));
    assert_eq!(
        report.refused.iter().map(|row| (row.index, row.errors[0].pointer.as_str())).collect::<Vec<_>>(),
        [(0, "/name"), (599, "/email")]
    );
    assert_eq!((company.count("people").await, company.count("outbox").await), (0, 0));
}

#[tokio::test]
async fn an_import_may_skip_refused_rows_or_be_only_a_rehearsal() {
    let company = Company::new().await;
    let mut rows = crowd(0..10);
    rows[3].email = String::new();

    let mut rehearsal = company.identity.begin_import().await.unwrap();
    rehearsal.add(rows.clone()).await.unwrap();
    assert_eq!((rehearsal.report().added, rehearsal.report().refused.len()), (9, 1));
    drop(rehearsal);
    assert_eq!(company.count("people").await, 0);

    let mut import = company.identity.begin_import().await.unwrap();
    import.add(rows).await.unwrap();
    import.add(crowd(9..12)).await.unwrap();
    let report = import.commit().await.unwrap();
    assert_eq!((report.rows, report.added, report.skipped, report.refused[0].index), (13, 11, 1, 3));
    assert_eq!(company.told().await.len(), 11);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_imports_of_the_same_people_at_once_add_them_once() {
    let company = Company::new().await;
    let mut backwards = crowd(0..3_000);
    backwards.reverse();
    let imports = [crowd(0..3_000), backwards].map(|rows| {
        let identity = company.identity.clone();
        tokio::spawn(async move { identity.import_people(rows).await.unwrap().added })
    });
    let mut added = 0;
    for import in imports {
        added += import.await.unwrap();
    }
    assert_eq!((added, company.told().await.len()), (3_000, 3_000));
}

#[tokio::test]
async fn imported_people_log_in_after_a_link_of_their_own() {
    let company = Company::new().await;
    company.identity.import_people(crowd(0..1)).await.unwrap();
    let id = company.told().await[0].person_id;
    assert_eq!(code(company.identity.login("person0@example.com", "").await), "identity.wrong_credentials");
    let token = company.identity.set_password_link_token(id).await.unwrap();
    let request = identity::SetPassword { token, password: "correct horse".to_owned(), name: None, email: None };
    company.identity.set_password(request).await.unwrap();
    assert!(company.identity.login("person0@example.com", "correct horse").await.is_ok());
}
