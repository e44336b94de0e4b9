//! Importing tasks: one transaction, valid and invalid rows, repetition.

use contracts::events::tasks::TasksCreated;
use kernel::http::paging::Limit;
use tasks::{AddedRows, ImportRow, RepeatedRow, TaskFilter};

use crate::fixture::{fixture, person_id, raw_task};

fn row(line: u64, title: &str, external_id: Option<&str>) -> ImportRow {
    ImportRow { line, task: raw_task(title), created_by: None, external_id: external_id.map(str::to_owned) }
}

#[tokio::test]
async fn an_import_publishes_at_most_five_hundred_tasks_in_one_event() {
    let fixture = fixture(1).await;
    let mut import = fixture.tasks.begin_import().await.unwrap();
    let rows = (0..501).map(|line| row(line, &format!("Task {line}"), None)).collect();
    assert_eq!(import.add(rows).await.unwrap(), AddedRows { created: 501, ..AddedRows::default() });
    import.commit().await.unwrap();
    let published: Vec<TasksCreated> = fixture.database.outbox_facts("tasks").await;
    assert_eq!(published.iter().map(|event| event.tasks.len()).collect::<Vec<_>>(), [500, 1]);
    fixture.verify().await;
}

#[tokio::test]
async fn t3_an_import_splits_the_reference_from_the_title() {
    let fixture = fixture(1).await;
    let mut import = fixture.tasks.begin_import().await.unwrap();
    assert_eq!(import.add(vec![row(2, "[POP-42] - Fix the door", None)]).await.unwrap().created, 1);
    import.commit().await.unwrap();
    let list = fixture.tasks.list_tasks(&TaskFilter::default(), None, Limit::default()).await.unwrap();
    assert_eq!((list[0].title.as_str(), list[0].reference.as_deref()), ("Fix the door", Some("POP-42")));
}

#[tokio::test]
async fn an_import_names_invalid_rows_and_creates_no_task_twice() {
    let fixture = fixture(2).await;
    let rows = || vec![row(2, "One", Some("1")), row(3, "  ", Some("2")), row(4, "Two", None), row(5, "Two", None)];
    let mut import = fixture.tasks.begin_import().await.unwrap();
    let AddedRows { created, refused, repeated, .. } = import.add(rows()).await.unwrap();
    // Two equal rows of a file are one task.
    assert_eq!((created, repeated), (2, vec![RepeatedRow { line: 5, first_line: 4 }]));
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0].line, 3);
    assert!(refused[0].reason.contains("title"), "{}", refused[0].reason);
    import.commit().await.unwrap();

    let mut again = fixture.tasks.begin_import().await.unwrap();
    let repeated = again.add(rows()).await.unwrap();
    assert_eq!((repeated.created, repeated.kept), (0, vec![]));
    again.commit().await.unwrap();
    let published: Vec<TasksCreated> = fixture.database.outbox_facts("tasks").await;
    assert_eq!(published.iter().map(|event| event.tasks.len()).sum::<usize>(), 2);
    fixture.verify().await;
}

#[tokio::test]
async fn a_row_is_recognised_in_every_spelling_and_one_that_hides_something_is_refused() {
    let fixture = fixture(1).await;
    let mut import = fixture.tasks.begin_import().await.unwrap();
    let rows = vec![row(2, "Caf\u{e9}", None), row(3, "Cafe\u{301}", None), row(4, "Fix\u{200b} it", None)];
    let AddedRows { created, refused, .. } = import.add(rows).await.unwrap();
    assert_eq!((created, refused.len(), refused[0].line), (1, 1, 4));
    assert!(refused[0].reason.contains("U+200B"), "{}", refused[0].reason);
    import.commit().await.unwrap();
}

#[tokio::test]
async fn a_row_that_says_something_else_with_the_id_of_an_earlier_row_is_refused() {
    let fixture = fixture(1).await;
    let mut import = fixture.tasks.begin_import().await.unwrap();
    let first = vec![row(2, "One", Some("1")), row(3, "Two", Some("caf\u{e9}"))];
    assert_eq!(import.add(first).await.unwrap().created, 2);
    // The rows come in two parts, as those of a long file do. An id has one spelling.
    let later = vec![
        row(4, "One", Some(" 1 ")),
        row(5, "Another", Some("1")),
        row(6, "Three", Some("cafe\u{301}")),
        row(7, "Four", Some("4\u{200b}")),
        ImportRow { created_by: Some("person1@example.org".to_owned()), ..row(8, "One", Some("1")) },
    ];
    let AddedRows { created, refused, repeated, kept } = import.add(later).await.unwrap();
    assert_eq!((created, kept, repeated), (0, vec![], vec![RepeatedRow { line: 4, first_line: 2 }]));
    let reasons: Vec<String> = refused.iter().map(|row| format!("line {}: {}", row.line, row.reason)).collect();
    for (reason, expected) in reasons.iter().zip([
        "line 5: the external_id 1 is that of line 2, which says something else",
        "line 6: the external_id caf\u{e9} is that of line 3, which says something else",
        "line 7: external_id: an id has no invisible characters; this one has U+200B",
        "line 8: the external_id 1 is that of line 2, which says something else",
    ]) {
        assert!(reason.starts_with(expected), "{reasons:?}");
    }
    assert_eq!(reasons.len(), 4, "{reasons:?}");
    import.commit().await.unwrap();
    fixture.verify().await;
}

#[tokio::test]
async fn a_task_that_exists_is_kept_and_the_row_that_says_something_else_is_named() {
    let fixture = fixture(1).await;
    let mut import = fixture.tasks.begin_import().await.unwrap();
    import.add(vec![row(2, "One", Some("1")), row(3, "Two", Some("2"))]).await.unwrap();
    import.commit().await.unwrap();
    let mut again = fixture.tasks.begin_import().await.unwrap();
    let rows = vec![row(2, "Changed", Some("1")), row(3, "Two", Some("2")), row(4, "Three", Some("3"))];
    let added = again.add(rows).await.unwrap();
    assert_eq!(added, AddedRows { created: 1, kept: vec![2], ..AddedRows::default() });
    again.commit().await.unwrap();
    let list = fixture.tasks.list_tasks(&TaskFilter::default(), None, Limit::default()).await.unwrap();
    let titles: Vec<&str> = list.iter().map(|task| task.title.as_str()).collect();
    assert_eq!(titles, ["Three", "Two", "One"]);
}

#[tokio::test]
async fn an_import_that_is_rolled_back_publishes_nothing() {
    let fixture = fixture(1).await;
    let mut import = fixture.tasks.begin_import().await.unwrap();
    import.add(vec![row(2, "One", None)]).await.unwrap();
    import.rollback().await.unwrap();
    assert!(fixture.database.outbox("tasks").await.is_empty());
}

#[tokio::test]
async fn an_import_finds_the_creator_by_the_email_address() {
    let fixture = fixture(1).await;
    let with_creator = |line, email: &str| ImportRow { created_by: Some(email.to_owned()), ..row(line, email, None) };
    let mut import = fixture.tasks.begin_import().await.unwrap();
    let rows = vec![
        with_creator(2, "PERSON1@example.org"),
        with_creator(3, "nobody@example.org"),
        with_creator(4, "\u{ff50}erson1@example\u{3002}org"),
    ];
    let AddedRows { created, refused, .. } = import.add(rows).await.unwrap();
    assert_eq!((created, refused.len(), refused[0].line), (2, 1, 3));
    import.commit().await.unwrap();
    let list = fixture.tasks.list_tasks(&TaskFilter::default(), None, Limit::default()).await.unwrap();
    assert!(list.iter().all(|task| task.created_by == Some(person_id(1))), "{list:?}");
}
