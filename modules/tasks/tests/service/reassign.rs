//! T4, T6: a run assigns all open tasks again, in chunks. It can be resumed, and runs execute in
//! order.

use std::collections::HashMap;

use contracts::TaskId;
use contracts::events::tasks::TasksAssigned;
use harness::eventually;
use kernel::http::paging::Limit;
use kernel::runtime::jobs::Outcome;
use tasks::ReassignmentStatus;

use crate::fixture::{Fixture, fixture, person_id};

/// The numbers of the assignments that were published, by task.
async fn published_assignments(fixture: &Fixture) -> HashMap<TaskId, Vec<i32>> {
    let mut published: HashMap<_, Vec<i32>> = HashMap::new();
    for event in fixture.database.outbox_facts::<TasksAssigned>("tasks").await {
        for assignment in event.assignments {
            published.entry(assignment.task_id).or_default().push(assignment.number);
        }
    }
    published
}

#[tokio::test]
async fn t4_every_open_task_is_reassigned_and_published_once() {
    let fixture = fixture(4).await;
    let tasks = fixture.create_many(10).await;
    fixture.tasks.complete_task(tasks[0].task_id, tasks[0].assignee_id).await.unwrap();
    let run = fixture.request_run().await;
    assert_eq!((run.status, run.total, run.done), (ReassignmentStatus::Queued, 9, 0));
    fixture.finish_runs().await;
    let run = fixture.get_run(run.reassignment_id).await;
    assert_eq!((run.status, run.done, run.reassigned), (ReassignmentStatus::Completed, 9, 9));
    let published = published_assignments(&fixture).await;
    assert_eq!(published.len(), 9);
    // The last chunk, which is not full, is published too. Nothing is published twice.
    assert!(published.values().all(|numbers| numbers == &[2]), "{published:?}");
    fixture.verify().await;
}

#[tokio::test]
async fn t6_a_run_covers_the_tasks_that_were_created_before_its_request() {
    let fixture = fixture(2).await;
    let before = fixture.create("Before").await;
    let run = fixture.request_run().await;
    let after = fixture.create("After").await;
    fixture.finish_runs().await;
    assert_eq!(fixture.get(before.task_id).await.assignments, 2);
    assert_eq!(fixture.get(after.task_id).await.assignments, 1);
    assert_eq!(fixture.get_run(run.reassignment_id).await.done, 1);
}

#[tokio::test]
async fn t6_done_counts_the_tasks_that_were_completed_meanwhile() {
    let fixture = fixture(1).await;
    let tasks = fixture.create_many(7).await;
    let run = fixture.request_run().await;
    for task in [&tasks[1], &tasks[6]] {
        fixture.tasks.complete_task(task.task_id, person_id(1)).await.unwrap();
    }
    assert_eq!(fixture.tasks.reassign_next_chunk().await.unwrap(), Outcome::More);
    let half = fixture.get_run(run.reassignment_id).await;
    // The chunk has the tasks 0, 2 and 3. Task 1 is completed.
    assert_eq!((half.done, half.reassigned), (4, 3));
    fixture.finish_runs().await;
    let run = fixture.get_run(run.reassignment_id).await;
    assert_eq!((run.status, run.total, run.done, run.reassigned), (ReassignmentStatus::Completed, 7, 7, 5));
}

#[tokio::test]
async fn t6_a_run_does_not_complete_while_its_last_task_is_locked() {
    let fixture = fixture(1).await;
    let task = fixture.create("Locked").await;
    let run = fixture.request_run().await;
    let mut holder = fixture.database.connect().await;
    sqlx::raw_sql("begin; select from tasks.open_tasks for update").execute(&mut holder).await.unwrap();
    let chunk = tokio::spawn({
        let tasks = fixture.tasks.clone();
        async move { tasks.reassign_next_chunk().await.unwrap() }
    });
    let waiting =
        "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
    let mut observer = fixture.database.connect().await;
    eventually("the run waits for the task", async || {
        let waiting: i64 = sqlx::query_scalar(waiting).fetch_one(&mut observer).await.unwrap();
        (waiting == 1).then_some(())
    })
    .await;
    sqlx::raw_sql("rollback").execute(&mut holder).await.unwrap();
    chunk.await.unwrap();
    fixture.finish_runs().await;
    assert_eq!(fixture.get(task.task_id).await.assignments, 2);
    assert_eq!(fixture.get_run(run.reassignment_id).await.reassigned, 1);
}

#[tokio::test]
async fn t6_runs_are_not_merged_and_execute_in_the_order_of_their_requests() {
    let fixture = fixture(2).await;
    let task = fixture.create("Often").await;
    let runs = [fixture.request_run().await, fixture.request_run().await, fixture.request_run().await];
    fixture.tasks.reassign_next_chunk().await.unwrap();
    assert_eq!(fixture.get_run(runs[0].reassignment_id).await.reassigned, 1);
    assert_eq!(fixture.get_run(runs[1].reassignment_id).await.status, ReassignmentStatus::Queued);
    fixture.finish_runs().await;
    assert_eq!(fixture.get(task.task_id).await.assignments, 4);
    assert_eq!(published_assignments(&fixture).await[&task.task_id], [2, 3, 4]);
    let newest_first = fixture.tasks.list_reassignments(None, None, Limit::default()).await.unwrap();
    let ids: Vec<_> = newest_first.iter().map(|run| run.reassignment_id).collect();
    assert_eq!(ids, [runs[2].reassignment_id, runs[1].reassignment_id, runs[0].reassignment_id]);
}

#[tokio::test]
async fn t6_a_run_that_is_interrupted_after_any_chunk_resumes_there() {
    for chunks_before_the_restart in 0..5 {
        let fixture = fixture(3).await;
        let tasks = fixture.create_many(11).await;
        let run = fixture.request_run().await;
        for _ in 0..chunks_before_the_restart {
            fixture.tasks.reassign_next_chunk().await.unwrap();
        }
        // The restarted process has only the database.
        let Fixture { database, ambient, .. } = fixture;
        let restarted = Fixture::on(database, ambient);
        restarted.finish_runs().await;
        let published = published_assignments(&restarted).await;
        assert_eq!(published.len(), tasks.len());
        assert!(published.values().all(|numbers| numbers == &[2]), "{published:?}");
        assert_eq!(restarted.get_run(run.reassignment_id).await.done, 11);
        restarted.verify().await;
    }
}

#[tokio::test]
async fn t6_a_chunk_that_does_not_commit_changes_nothing() {
    let fixture = fixture(2).await;
    let task = fixture.create("Stays").await;
    let run = fixture.request_run().await;
    let mut connection = fixture.database.connect().await;
    sqlx::raw_sql(
        "create function tasks.fail() returns trigger language plpgsql as $$ begin raise exception 'no'; end $$;
         create trigger fail before insert on tasks.outbox execute function tasks.fail()",
    )
    .execute(&mut connection)
    .await
    .unwrap();
    assert!(fixture.tasks.reassign_next_chunk().await.is_err());
    assert_eq!(fixture.get(task.task_id).await.assignments, 1);
    assert_eq!(fixture.get_run(run.reassignment_id).await.status, ReassignmentStatus::Queued);
    sqlx::query("drop trigger fail on tasks.outbox").execute(&mut connection).await.unwrap();
    fixture.finish_runs().await;
    assert_eq!(fixture.get(task.task_id).await.assignments, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn t6_two_processes_execute_a_run_without_repeating_a_task() {
    let fixture = fixture(3).await;
    fixture.create_many(20).await;
    let run = fixture.request_run().await;
    let mut workers = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let tasks = fixture.tasks.clone();
        workers.spawn(async move {
            for _ in 0..20 {
                tasks.reassign_next_chunk().await.unwrap();
            }
        });
    }
    workers.join_all().await;
    fixture.finish_runs().await;
    assert!(published_assignments(&fixture).await.values().all(|numbers| numbers == &[2]));
    assert_eq!(fixture.get_run(run.reassignment_id).await.reassigned, 20);
    fixture.verify().await;
}

#[tokio::test]
async fn t6_a_preview_contains_the_cost_of_a_reassign() {
    use contracts::events::accounting::{TaskPrice, TasksPriced};
    let fixture = fixture(2).await;
    let tasks = fixture.create_many(3).await;
    let prices = tasks[..2]
        .iter()
        .map(|task| TaskPrice { task_id: task.task_id, fee_minor: 1_500, reward_minor: 3_000 })
        .collect();
    let priced = TasksPriced { currency: "USD".parse().unwrap(), prices };
    fixture.inbox.receive(&[harness::event(2, &priced)]).await.unwrap();
    let preview = fixture.tasks.preview_reassignment().await.unwrap();
    assert_eq!((preview.open_tasks, preview.cost_minor, preview.unpriced_tasks), (3, 3_000, 1));
}

#[tokio::test]
async fn a2_a_shown_price_that_differs_gives_way_to_the_price_that_accounting_publishes_again() {
    use contracts::events::accounting::{TaskPrice, TasksPriced};
    let fixture = fixture(1).await;
    let task = fixture.create("Priced").await;
    for (id, fee_minor) in [(2, 1_500), (3, 1_900)] {
        let prices = vec![TaskPrice { task_id: task.task_id, fee_minor, reward_minor: 3_000 }];
        let priced = TasksPriced { currency: "USD".parse().unwrap(), prices };
        fixture.inbox.receive(&[harness::event(id, &priced)]).await.unwrap();
    }
    assert_eq!(fixture.get(task.task_id).await.price.map(|price| price.fee.amount_minor), Some(1_900));
}
