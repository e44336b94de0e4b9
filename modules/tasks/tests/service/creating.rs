//! T1, T2, T3, T8: how tasks come in.

use std::collections::HashSet;

use contracts::TaskId;
use contracts::events::tasks::{TasksCompleted, TasksCreated};
use kernel::paging::Limit;
use tasks::{Error, ImportRow, RawTask, TaskFilter, TaskRow};

use crate::support::{World, person_id, world};

#[tokio::test]
async fn t2_a_task_is_assigned_at_creation_and_the_event_says_to_whom() {
    let world = world(3).await;
    let task = world.create("Fix the door").await;
    assert!(task.completed_at.is_none());
    assert_eq!(task.assignments, 1);
    let said: Vec<TasksCreated> = world.database.said("tasks").await;
    assert_eq!(said.len(), 1);
    assert_eq!(said[0].tasks[0].task_id, TaskId::from(task.task_id));
    assert_eq!(said[0].tasks[0].assignee_id.uuid(), task.assignee_id);
    assert_eq!(said[0].tasks[0].title, "Fix the door");
    world.verify().await;
}

#[tokio::test]
async fn what_the_database_says_in_events_is_what_was_typed() {
    let world = world(1).await;
    let title = r#"A "quoted" \ \n \u0000 {title} with ümlauts, 🚪 and '%s'"#;
    let raw = RawTask { title: format!("[POP-42] {title}"), ..RawTask::default() };
    let task = world.tasks.create_task(raw, person_id(1)).await.unwrap();
    let completed = world.tasks.complete_task(task.task_id.into(), person_id(1)).await.unwrap();
    let [created, completed_event] = &world.database.outbox("tasks").await[..] else { panic!("two events") };
    for (event, list) in [(created, "tasks"), (completed_event, "completions")] {
        // Also what a reader could do without.
        let written: serde_json::Value = serde_json::from_str(event.data.get()).unwrap();
        let typed = match list {
            "tasks" => serde_json::to_value(event.fact::<TasksCreated>().unwrap()).unwrap(),
            _ => serde_json::to_value(event.fact::<TasksCompleted>().unwrap()).unwrap(),
        };
        let fields =
            |data: &serde_json::Value| -> Vec<String> { data[list][0].as_object().unwrap().keys().cloned().collect() };
        assert_eq!(fields(&written), fields(&typed));
    }
    let mut connection = world.database.connect().await;
    let weights: Vec<i32> =
        sqlx::query_scalar("select weight from tasks.outbox").fetch_all(&mut connection).await.unwrap();
    assert_eq!(weights, [1, 1]);
    let created: Vec<TasksCreated> = world.database.said("tasks").await;
    let said = &created[0].tasks[0];
    assert_eq!((said.title.as_str(), said.reference.as_deref()), (title, Some("POP-42")));
    assert_eq!(said.created_at, task.created_at);
    let said: Vec<TasksCompleted> = world.database.said("tasks").await;
    let said = &said[0].completions[0];
    assert_eq!((said.title.as_str(), said.reference.as_deref()), (title, Some("POP-42")));
    assert_eq!((said.completed_by, Some(said.completed_at)), (person_id(1), completed.completed_at));
}

#[tokio::test]
async fn an_import_says_five_hundred_tasks_at_most_in_one_event() {
    let world = world(1).await;
    let mut import = world.tasks.begin_import().await.unwrap();
    let rows = (0..501).map(|line| row(line, &format!("Task {line}"), None)).collect();
    assert_eq!(import.add(rows).await.unwrap(), (501, vec![]));
    import.commit().await.unwrap();
    let said: Vec<TasksCreated> = world.database.said("tasks").await;
    assert_eq!(said.iter().map(|said| said.tasks.len()).collect::<Vec<_>>(), [500, 1]);
    world.verify().await;
}

#[tokio::test]
async fn t2_with_nobody_assignable_creation_is_refused_and_nothing_is_left() {
    let world = world(0).await;
    let raw = RawTask { title: "Nobody can".to_owned(), ..RawTask::default() };
    let refused = world.tasks.create_task(raw, person_id(1)).await;
    assert!(matches!(refused, Err(Error::NobodyAssignable)), "{refused:?}");
    assert!(world.database.outbox("tasks").await.is_empty());
    let list = world.tasks.list_tasks(&TaskFilter::default(), None, Limit::default()).await.unwrap();
    assert!(list.is_empty());
}

#[tokio::test]
async fn t2_draws_reach_everybody_in_the_pool() {
    let world = world(5).await;
    let assignees: HashSet<_> = world.create_many(60).await.into_iter().map(|task| task.assignee_id).collect();
    assert_eq!(assignees.len(), 5);
}

#[tokio::test]
async fn t2_the_draw_is_from_the_pool_as_it_is_when_nobody_can_change_it_any_more() {
    for workers_before in [1, 0] {
        let world = world(workers_before).await;
        // Whoever has drawn before remembers that pool.
        for _ in 0..workers_before {
            world.create("Fix the window").await;
        }
        let created = create_while_the_pool_changes_to_worker_2(&world).await;
        assert_eq!(created.unwrap().assignee_id, person_id(2).uuid());
        world.verify().await;
    }
}

async fn create_while_the_pool_changes_to_worker_2(world: &World) -> Result<TaskRow, Error> {
    let mut changing = world.database.connect().await;
    let change = format!(
        "begin; select pg_advisory_xact_lock({}); insert into tasks.pools (members, created_at) values ('{{{}}}', now())",
        0x7A5C_0001_i64,
        person_id(2),
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(change)).execute(&mut changing).await.unwrap();
    let tasks = world.tasks.clone();
    let raw = RawTask { title: "Fix the door".to_owned(), ..RawTask::default() };
    let creating = tokio::spawn(async move { tasks.create_task(raw, person_id(1)).await });
    world.somebody_waits_for_the_order_lock().await;
    sqlx::query("commit").execute(&mut changing).await.unwrap();
    creating.await.unwrap()
}

#[tokio::test]
async fn t3_the_reference_is_split_from_the_title_in_an_import_too() {
    let world = world(1).await;
    let mut import = world.tasks.begin_import().await.unwrap();
    let raw = RawTask { title: "[POP-42] - Fix the door".to_owned(), ..RawTask::default() };
    let row = ImportRow { line: 2, task: raw, ..ImportRow::default() };
    assert_eq!(import.add(vec![row]).await.unwrap(), (1, vec![]));
    import.commit().await.unwrap();
    let list = world.tasks.list_tasks(&TaskFilter::default(), None, Limit::default()).await.unwrap();
    assert_eq!((list[0].title.as_str(), list[0].reference.as_deref()), ("Fix the door", Some("POP-42")));
}

fn row(line: u64, title: &str, external_id: Option<&str>) -> ImportRow {
    let task = RawTask { title: title.to_owned(), ..RawTask::default() };
    ImportRow { line, task, created_by: None, external_id: external_id.map(str::to_owned) }
}

#[tokio::test]
async fn an_import_names_bad_rows_and_adds_nothing_twice() {
    let world = world(2).await;
    let rows = || vec![row(2, "One", Some("1")), row(3, "  ", Some("2")), row(4, "Two", None), row(5, "Two", None)];
    let mut import = world.tasks.begin_import().await.unwrap();
    let (added, refused) = import.add(rows()).await.unwrap();
    // The same row twice in one file is one task.
    assert_eq!(added, 2);
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0].line, 3);
    assert!(refused[0].reason.contains("title"), "{}", refused[0].reason);
    import.commit().await.unwrap();

    let mut again = world.tasks.begin_import().await.unwrap();
    assert_eq!(again.add(rows()).await.unwrap().0, 0);
    again.commit().await.unwrap();
    let said: Vec<TasksCreated> = world.database.said("tasks").await;
    assert_eq!(said.iter().map(|event| event.tasks.len()).sum::<usize>(), 2);
    world.verify().await;
}

#[tokio::test]
async fn an_import_that_is_not_committed_never_happened() {
    let world = world(1).await;
    let mut import = world.tasks.begin_import().await.unwrap();
    import.add(vec![row(2, "One", None)]).await.unwrap();
    import.rollback().await.unwrap();
    assert!(world.database.outbox("tasks").await.is_empty());
}

#[tokio::test]
async fn an_import_knows_people_by_their_address() {
    let world = world(1).await;
    let with_creator = |line, email: &str| ImportRow { created_by: Some(email.to_owned()), ..row(line, email, None) };
    let mut import = world.tasks.begin_import().await.unwrap();
    let rows = vec![with_creator(2, "PERSON1@example.org"), with_creator(3, "nobody@example.org")];
    let (added, refused) = import.add(rows).await.unwrap();
    assert_eq!((added, refused.len(), refused[0].line), (1, 1, 3));
    import.commit().await.unwrap();
    let list = world.tasks.list_tasks(&TaskFilter::default(), None, Limit::default()).await.unwrap();
    assert_eq!(list[0].created_by, Some(person_id(1).uuid()));
}

#[tokio::test]
async fn t8_a_recorded_draw_that_was_tampered_with_is_found() {
    let world = world(4).await;
    world.create_many(5).await;
    world.verify().await;
    let mut connection = world.database.connect().await;
    sqlx::query("update tasks.assignments set seed = seed + 1").execute(&mut connection).await.unwrap();
    let findings = world.tasks.verify().await.unwrap();
    assert!(!findings.is_empty() && findings.iter().all(|finding| finding.invariant == 6), "{findings:?}");
}
