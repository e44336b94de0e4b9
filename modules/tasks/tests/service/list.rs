//! The page of tasks: every combination of its filters, and its cursor.

use contracts::PersonId;
use kernel::http::paging::Limit;
use tasks::{Status, Task, TaskFilter};

use crate::fixture::{Fixture, fixture, person_id};

/// Reads all pages of a list, each with two tasks.
async fn read_all(fixture: &Fixture, filter: &TaskFilter) -> Vec<i64> {
    let limit = Limit::try_from(2).unwrap();
    let (mut numbers, mut before) = (Vec::new(), None);
    loop {
        let mut page = fixture.tasks.list_tasks(filter, before, limit).await.unwrap();
        let is_last = page.len() <= 2;
        page.truncate(2);
        numbers.extend(page.iter().map(|task| task.number));
        if is_last {
            return numbers;
        }
        before = page.last().map(|task| filter.sort.position(task));
    }
}

fn newest_first<'a>(tasks: impl Iterator<Item = &'a Task>) -> Vec<i64> {
    let mut numbers: Vec<i64> = tasks.map(|task| task.number).collect();
    numbers.sort_by_key(|number| std::cmp::Reverse(*number));
    numbers
}

#[tokio::test]
async fn a_list_has_the_tasks_of_its_filter_newest_first_over_all_pages() {
    let fixture = fixture(2).await;
    let tasks = fixture.create_many(12).await;
    let is_completed = |task: &Task| task.number % 3 == 0;
    for task in tasks.iter().filter(|task| is_completed(task)) {
        fixture.tasks.complete_task(task.task_id, task.assignee_id).await.unwrap();
    }
    for status in [None, Some(Status::Open), Some(Status::Completed)] {
        for assignee in [None, Some(person_id(1)), Some(person_id(2)), Some(person_id(3))] {
            for search in [None, Some("TASK 1".to_owned())] {
                let is_listed = |task: &&Task| {
                    status.is_none_or(|status| (status == Status::Completed) == is_completed(task))
                        && assignee.is_none_or(|person: PersonId| person == task.assignee_id)
                        && (search.is_none() || task.title.starts_with("Task 1"))
                };
                let expected = newest_first(tasks.iter().filter(is_listed));
                let filter = TaskFilter { status, assignee, search: search.clone(), ..TaskFilter::default() };
                assert_eq!(read_all(&fixture, &filter).await, expected, "{filter:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_listed_task_is_the_same_as_the_task_itself() {
    let fixture = fixture(2).await;
    let tasks = fixture.create_many(4).await;
    fixture.tasks.complete_task(tasks[1].task_id, tasks[1].assignee_id).await.unwrap();
    for assignee in [None, Some(tasks[1].assignee_id)] {
        let filter = TaskFilter { assignee, ..TaskFilter::default() };
        for listed in fixture.tasks.list_tasks(&filter, None, Limit::default()).await.unwrap() {
            assert!(listed.assignee_name.is_some());
            assert_eq!(listed, fixture.get(listed.task_id).await);
        }
    }
}

#[tokio::test]
async fn a_title_that_was_stored_in_another_spelling_is_found_after_the_migration() {
    let fixture = fixture(1).await;
    let task = fixture.create("Türen prüfen").await;
    let mut connection = fixture.database.connect().await;
    let respell = sqlx::query("update tasks.tasks set title = normalize(title, nfd)");
    assert_eq!(respell.execute(&mut connection).await.unwrap().rows_affected(), 1);
    let filter = TaskFilter { search: Some("türen".to_owned()), ..TaskFilter::default() };
    assert!(read_all(&fixture, &filter).await.is_empty());
    let migration = include_str!("../../../../migrations/tasks/0004_titles_in_one_spelling.sql");
    sqlx::raw_sql(migration).execute(&mut connection).await.unwrap();
    assert_eq!(read_all(&fixture, &filter).await, [task.number]);
    assert_eq!(fixture.get(task.task_id).await, task);
}
