//! T4, T6: everything open is drawn anew, in chunks, resumable, in the order it was asked for.

use std::collections::HashMap;

use contracts::events::tasks::TasksAssigned;
use harness::eventually;
use kernel::jobs::Outcome;
use kernel::paging::Limit;

use crate::support::{World, person_id, world};

/// How often each task was said to be assigned anew.
async fn assignments_said(world: &World) -> HashMap<uuid::Uuid, Vec<i32>> {
    let mut said: HashMap<_, Vec<i32>> = HashMap::new();
    for event in world.database.said::<TasksAssigned>("tasks").await {
        for assignment in event.assignments {
            said.entry(assignment.task_id.uuid()).or_default().push(assignment.number);
        }
    }
    said
}

#[tokio::test]
async fn t4_every_open_task_is_drawn_anew_and_said_once() {
    let world = world(4).await;
    let tasks = world.create_many(10).await;
    world.tasks.complete_task(tasks[0].task_id.into(), tasks[0].assignee_id.into()).await.unwrap();
    let run = world.ask().await;
    assert_eq!((run.status.as_str(), run.total, run.done), ("queued", 9, 0));
    world.finish_runs().await;
    let run = world.run(run.reassignment_id).await;
    assert_eq!((run.status.as_str(), run.done, run.reassigned), ("completed", 9, 9));
    let said = assignments_said(&world).await;
    assert_eq!(said.len(), 9);
    // The last partial chunk is said as well, and nothing twice.
    assert!(said.values().all(|numbers| numbers == &[2]), "{said:?}");
    world.verify().await;
}

#[tokio::test]
async fn t6_a_run_covers_what_was_created_before_it_was_asked_for() {
    let world = world(2).await;
    let before = world.create("Before").await;
    let run = world.ask().await;
    let after = world.create("After").await;
    world.finish_runs().await;
    assert_eq!(world.load(before.task_id).await.assignments, 2);
    assert_eq!(world.load(after.task_id).await.assignments, 1);
    assert_eq!(world.run(run.reassignment_id).await.done, 1);
}

#[tokio::test]
async fn t6_done_counts_what_was_found_closed() {
    let world = world(1).await;
    let tasks = world.create_many(7).await;
    let run = world.ask().await;
    for task in [&tasks[1], &tasks[6]] {
        world.tasks.complete_task(task.task_id.into(), person_id(1)).await.unwrap();
    }
    assert_eq!(world.tasks.reassign_next_chunk().await.unwrap(), Outcome::More);
    let half = world.run(run.reassignment_id).await;
    // Tasks 0, 2 and 3 were drawn, and 1 was passed over.
    assert_eq!((half.done, half.reassigned), (4, 3));
    world.finish_runs().await;
    let run = world.run(run.reassignment_id).await;
    assert_eq!((run.status.as_str(), run.total, run.done, run.reassigned), ("completed", 7, 7, 5));
}

#[tokio::test]
async fn t6_a_run_does_not_end_while_somebody_holds_its_last_task() {
    let world = world(1).await;
    let task = world.create("Held").await;
    let run = world.ask().await;
    let mut holder = world.database.connect().await;
    sqlx::raw_sql("begin; select from tasks.open_tasks for update").execute(&mut holder).await.unwrap();
    let chunk = tokio::spawn({
        let tasks = world.tasks.clone();
        async move { tasks.reassign_next_chunk().await.unwrap() }
    });
    let waiting =
        "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
    let mut observer = world.database.connect().await;
    eventually("the run waits for the task", async || {
        let waiting: i64 = sqlx::query_scalar(waiting).fetch_one(&mut observer).await.unwrap();
        (waiting == 1).then_some(())
    })
    .await;
    sqlx::raw_sql("rollback").execute(&mut holder).await.unwrap();
    chunk.await.unwrap();
    world.finish_runs().await;
    assert_eq!(world.load(task.task_id).await.assignments, 2);
    assert_eq!(world.run(run.reassignment_id).await.reassigned, 1);
}

#[tokio::test]
async fn t6_runs_are_never_merged_and_go_in_the_order_they_were_asked_for() {
    let world = world(2).await;
    let task = world.create("Often").await;
    let runs = [world.ask().await, world.ask().await, world.ask().await];
    world.tasks.reassign_next_chunk().await.unwrap();
    assert_eq!(world.run(runs[0].reassignment_id).await.reassigned, 1);
    assert_eq!(world.run(runs[1].reassignment_id).await.status, "queued");
    world.finish_runs().await;
    assert_eq!(world.load(task.task_id).await.assignments, 4);
    assert_eq!(assignments_said(&world).await[&task.task_id], [2, 3, 4]);
    let newest_first = world.tasks.list_reassignments(None, Limit::default()).await.unwrap();
    let ids: Vec<_> = newest_first.iter().map(|run| run.reassignment_id).collect();
    assert_eq!(ids, [runs[2].reassignment_id, runs[1].reassignment_id, runs[0].reassignment_id]);
}

#[tokio::test]
async fn t6_a_run_that_is_killed_at_any_chunk_boundary_resumes_exactly_there() {
    for chunks_before_the_crash in 0..5 {
        let world = world(3).await;
        let tasks = world.create_many(11).await;
        let run = world.ask().await;
        for _ in 0..chunks_before_the_crash {
            world.tasks.reassign_next_chunk().await.unwrap();
        }
        // A new process knows nothing but the database.
        let World { database, ambient, .. } = world;
        let reborn = World::on(database, ambient);
        reborn.finish_runs().await;
        let said = assignments_said(&reborn).await;
        assert_eq!(said.len(), tasks.len());
        assert!(said.values().all(|numbers| numbers == &[2]), "{said:?}");
        assert_eq!(reborn.run(run.reassignment_id).await.done, 11);
        reborn.verify().await;
    }
}

#[tokio::test]
async fn t6_a_chunk_that_does_not_commit_has_not_happened() {
    let world = world(2).await;
    let task = world.create("Stays").await;
    let run = world.ask().await;
    let mut connection = world.database.connect().await;
    sqlx::raw_sql(
        "create function tasks.fail() returns trigger language plpgsql as $$ begin raise exception 'no'; end $$;
         create trigger fail before insert on tasks.outbox execute function tasks.fail()",
    )
    .execute(&mut connection)
    .await
    .unwrap();
    assert!(world.tasks.reassign_next_chunk().await.is_err());
    assert_eq!(world.load(task.task_id).await.assignments, 1);
    assert_eq!(world.run(run.reassignment_id).await.status, "queued");
    sqlx::query("drop trigger fail on tasks.outbox").execute(&mut connection).await.unwrap();
    world.finish_runs().await;
    assert_eq!(world.load(task.task_id).await.assignments, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn t6_two_processes_share_a_run_without_doing_anything_twice() {
    let world = world(3).await;
    world.create_many(20).await;
    let run = world.ask().await;
    let mut workers = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let tasks = world.tasks.clone();
        workers.spawn(async move {
            for _ in 0..20 {
                tasks.reassign_next_chunk().await.unwrap();
            }
        });
    }
    workers.join_all().await;
    world.finish_runs().await;
    assert!(assignments_said(&world).await.values().all(|numbers| numbers == &[2]));
    assert_eq!(world.run(run.reassignment_id).await.reassigned, 20);
    world.verify().await;
}

#[tokio::test]
async fn t6_a_preview_says_what_it_would_cost() {
    use contracts::events::accounting::{TaskPrice, TasksPriced};
    let world = world(2).await;
    let tasks = world.create_many(3).await;
    let prices = tasks[..2]
        .iter()
        .map(|task| TaskPrice { task_id: task.task_id.into(), fee_minor: 1_500, reward_minor: 3_000 })
        .collect();
    let priced = TasksPriced { currency: "USD".parse().unwrap(), prices };
    world.inbox.receive(&[harness::event(2, &priced)]).await.unwrap();
    let preview = world.tasks.preview_reassignment().await.unwrap();
    assert_eq!((preview.open_tasks, preview.cost_minor, preview.unpriced_tasks), (3, 3_000, 1));
}

#[tokio::test]
async fn a2_a_second_price_changes_nothing() {
    use contracts::events::accounting::{TaskPrice, TasksPriced};
    let world = world(1).await;
    let task = world.create("Priced").await;
    for (id, fee_minor) in [(2, 1_500), (3, 1_900)] {
        let prices = vec![TaskPrice { task_id: task.task_id.into(), fee_minor, reward_minor: 3_000 }];
        let priced = TasksPriced { currency: "USD".parse().unwrap(), prices };
        world.inbox.receive(&[harness::event(id, &priced)]).await.unwrap();
    }
    assert_eq!(world.load(task.task_id).await.fee_minor, Some(1_500));
}
