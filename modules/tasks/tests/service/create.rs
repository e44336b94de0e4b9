//! T1, T2, T8: creating a task assigns it by a random draw.

use std::collections::HashSet;

use contracts::events::tasks::{TasksCompleted, TasksCreated};
use kernel::http::paging::Limit;
use kernel::verify::{Scope, Server};
use tasks::{Error, RawTask, Task, TaskFilter};

use crate::fixture::{Fixture, ORDER_LOCK, fixture, person_id, raw_task};

#[tokio::test]
async fn t2_a_task_is_assigned_at_creation_and_the_event_contains_the_assignee() {
    let fixture = fixture(3).await;
    let task = fixture.create("Fix the door").await;
    assert!(task.completed_at.is_none());
    assert_eq!(task.assignments, 1);
    let published: Vec<TasksCreated> = fixture.database.outbox_facts("tasks").await;
    assert_eq!(published.len(), 1);
    assert_eq!(published[0].tasks[0].task_id, task.task_id);
    assert_eq!(published[0].tasks[0].assignee_id, task.assignee_id);
    assert_eq!(published[0].tasks[0].title, "Fix the door");
    fixture.verify().await;
}

#[tokio::test]
async fn events_that_sql_composes_contain_the_values_of_the_request() {
    let fixture = fixture(1).await;
    let title = r#"A "quoted" \ \n \u0000 {title} with ümlauts, 🚪 and '%s'"#;
    let raw = RawTask { title: format!("[POP-42] {title}"), ..RawTask::default() };
    let task = fixture.tasks.create_task(raw, person_id(1)).await.unwrap();
    let completed = fixture.tasks.complete_task(task.task_id, person_id(1)).await.unwrap();
    let mut connection = fixture.database.connect().await;
    let weights: Vec<i32> =
        sqlx::query_scalar("select weight from tasks.outbox").fetch_all(&mut connection).await.unwrap();
    assert_eq!(weights, [1, 1]);
    let published: Vec<TasksCreated> = fixture.database.outbox_facts("tasks").await;
    let created = &published[0].tasks[0];
    assert_eq!((created.title.as_str(), created.reference.as_deref()), (title, Some("POP-42")));
    assert_eq!(created.created_at, task.created_at);
    let published: Vec<TasksCompleted> = fixture.database.outbox_facts("tasks").await;
    let completion = &published[0].completions[0];
    assert_eq!((completion.title.as_str(), completion.reference.as_deref()), (title, Some("POP-42")));
    assert_eq!((completion.completed_by, Some(completion.completed_at)), (person_id(1), completed.completed_at));
}

#[tokio::test]
async fn t2_a_creation_with_an_empty_pool_is_refused_and_stores_nothing() {
    let fixture = fixture(0).await;
    let refused = fixture.tasks.create_task(raw_task("No assignee"), person_id(1)).await;
    assert!(matches!(refused, Err(Error::NobodyAssignable)), "{refused:?}");
    assert!(fixture.database.outbox("tasks").await.is_empty());
    let list = fixture.tasks.list_tasks(&TaskFilter::default(), None, Limit::default()).await.unwrap();
    assert!(list.is_empty());
}

#[tokio::test]
async fn t2_draws_choose_every_person_of_the_pool() {
    let fixture = fixture(5).await;
    let assignees: HashSet<_> = fixture.create_many(60).await.into_iter().map(|task| task.assignee_id).collect();
    assert_eq!(assignees.len(), 5);
}

#[tokio::test]
async fn t2_a_creation_that_waited_for_a_change_of_the_pool_draws_from_the_new_pool() {
    for workers_before in [1, 0] {
        let fixture = fixture(workers_before).await;
        // After a creation, the module has the pool in memory.
        for _ in 0..workers_before {
            fixture.create("Fix the window").await;
        }
        let created = create_while_the_pool_changes_to_worker_2(&fixture).await;
        assert_eq!(created.unwrap().assignee_id, person_id(2));
        fixture.verify().await;
    }
}

async fn create_while_the_pool_changes_to_worker_2(fixture: &Fixture) -> Result<Task, Error> {
    let mut changing = fixture.database.connect().await;
    let change = format!(
        "begin; select pg_advisory_xact_lock({ORDER_LOCK}); insert into tasks.pools (members, created_at) values ('{{{}}}', now())",
        person_id(2),
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(change)).execute(&mut changing).await.unwrap();
    let tasks = fixture.tasks.clone();
    let creating = tokio::spawn(async move { tasks.create_task(raw_task("Fix the door"), person_id(1)).await });
    fixture.wait_for_a_session_that_waits_for_the_order_lock().await;
    sqlx::query("commit").execute(&mut changing).await.unwrap();
    creating.await.unwrap()
}

#[tokio::test]
async fn t8_a_recorded_draw_that_was_changed_is_found() {
    let fixture = fixture(4).await;
    fixture.create_many(5).await;
    fixture.verify().await;
    let mut connection = fixture.database.connect().await;
    sqlx::query("update tasks.assignments set seed = seed + 1").execute(&mut connection).await.unwrap();
    let findings = fixture.tasks.verify(Scope::everything(Server::Primary)).await.unwrap();
    assert!(!findings.is_empty() && findings.iter().all(|finding| finding.invariant == 6), "{findings:?}");
}
