//! T5: only the current assignee completes a task, once. The transaction that commits first wins.

use contracts::events::tasks::TasksCompleted;
use contracts::{PersonId, TaskId};
use futures_util::FutureExt;
use harness::eventually;
use tasks::{Error, ReassignmentStatus};

use crate::fixture::{ORDER_LOCK, fixture, person_id, raw_task};

#[tokio::test]
async fn t5_only_the_assignee_completes_a_task_and_only_once() {
    let fixture = fixture(1).await;
    let task = fixture.create("Fix the door").await;
    let id = task.task_id;
    let never = fixture.tasks.complete_task(id, person_id(2)).await;
    assert!(matches!(never, Err(Error::NeverAssigned)), "{never:?}");
    let done = fixture.tasks.complete_task(id, person_id(1)).await.unwrap();
    assert_eq!(done.completed_at, Some(fixture.ambient.now()));
    let again = fixture.tasks.complete_task(id, person_id(1)).await.unwrap();
    assert_eq!((again.task_id, again.completed_at), (id, done.completed_at), "the same answer again");
    let published: Vec<TasksCompleted> = fixture.database.outbox_facts("tasks").await;
    assert_eq!(published.len(), 1);
    assert_eq!(published[0].completions[0].completed_by, person_id(1));
    fixture.verify().await;
}

#[tokio::test]
async fn an_unknown_task_is_not_found() {
    let fixture = fixture(1).await;
    let unknown = fixture.tasks.complete_task(TaskId::from(uuid::Uuid::from_u128(5)), person_id(1)).await;
    assert!(matches!(unknown, Err(Error::TaskNotFound)), "{unknown:?}");
}

#[tokio::test]
async fn t5_a_former_assignee_gets_the_current_state_of_the_task() {
    let fixture = fixture(2).await;
    let task = fixture.create("Fix the door").await;
    let former = task.assignee_id;
    while fixture.get(task.task_id).await.assignee_id == former {
        fixture.request_run().await;
        fixture.finish_runs().await;
    }
    let late = fixture.tasks.complete_task(task.task_id, former).await;
    assert!(matches!(&late, Err(Error::AssignedToAnother(now)) if now.assignee_id != former), "{late:?}");
    assert!(fixture.database.outbox_facts::<TasksCompleted>("tasks").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn t5_of_two_hundred_parallel_completions_one_wins() {
    let fixture = fixture(1).await;
    let id = fixture.create("Many complete it").await.task_id;
    let mut attempts = tokio::task::JoinSet::new();
    for _ in 0..200 {
        let tasks = fixture.tasks.clone();
        attempts.spawn(async move { tasks.complete_task(id, person_id(1)).await });
    }
    let answers = attempts.join_all().await;
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    assert_eq!(fixture.database.outbox_facts::<TasksCompleted>("tasks").await.len(), 1);
    fixture.verify().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t5_a_completion_that_races_a_reassign_wins_or_gets_the_new_assignee() {
    let fixture = fixture(3).await;
    let tasks = fixture.create_many(30).await;
    let run = fixture.request_run().await;
    let mut completing = tokio::task::JoinSet::new();
    for task in tasks.clone() {
        let module = fixture.tasks.clone();
        completing.spawn(async move {
            (task.task_id, task.assignee_id, module.complete_task(task.task_id, task.assignee_id).await)
        });
    }
    let module = fixture.tasks.clone();
    let running = tokio::spawn(async move {
        while module.reassign_next_chunk().await.unwrap() == kernel::runtime::jobs::Outcome::More {}
    });
    let answers = completing.join_all().await;
    running.await.unwrap();
    fixture.finish_runs().await;
    for (task_id, person, answer) in answers {
        let now = fixture.get(task_id).await;
        match answer {
            Ok(_) => assert_eq!((now.assignee_id, now.completed_at.is_some()), (person, true)),
            Err(Error::AssignedToAnother(_)) => assert!(now.completed_at.is_none() && now.assignments == 2),
            Err(error) => panic!("{error}"),
        }
    }
    let run = fixture.get_run(run.reassignment_id).await;
    assert_eq!((run.status, run.done), (ReassignmentStatus::Completed, 30));
    fixture.verify().await;
}

#[tokio::test]
async fn a_begin_that_is_dropped_leaves_no_open_transaction() {
    let fixture = fixture(1).await;
    let pool = kernel::WritePool::new(fixture.database.options(), 1, "tasks", fixture.ambient.clone());
    {
        let mut begin = std::pin::pin!(pool.begin());
        let waker = futures_util::task::noop_waker();
        let mut context = std::task::Context::from_waker(&waker);
        let _first_poll = begin.as_mut().poll(&mut context);
    }
    sqlx::query("insert into tasks.people values (gen_random_uuid(), 1, 'Seen', 'seen@example.org', false)")
        .execute(pool.raw())
        .await
        .unwrap();
    let mut other_session = fixture.database.connect().await;
    eventually("another session sees the row", async || {
        let seen: bool = sqlx::query_scalar("select exists (select from tasks.people where name = 'Seen')")
            .fetch_one(&mut other_session)
            .await
            .unwrap();
        seen.then_some(())
    })
    .await;
}

#[tokio::test]
async fn t5_each_command_of_a_batch_gets_its_own_answer() {
    let fixture = fixture(2).await;
    let tasks = fixture.create_many(6).await;
    let (mine, other) = (tasks[0].assignee_id, if tasks[0].assignee_id == person_id(1) { 2 } else { 1 });
    let contested = tasks[0].task_id;
    // Every batch waits for the order lock. The second and later commands are in one batch.
    let mut holder = fixture.database.connect().await;
    sqlx::query("select pg_advisory_lock($1)").bind(ORDER_LOCK).execute(&mut holder).await.unwrap();
    let send = |task_id: TaskId, person: PersonId| {
        let module = fixture.tasks.clone();
        let mut running = Box::pin(async move { module.complete_task(task_id, person).await });
        // The first poll puts the command into the queue.
        assert!((&mut running).now_or_never().is_none());
        tokio::spawn(running)
    };
    let first = send(tasks[1].task_id, tasks[1].assignee_id);
    fixture.wait_for_a_session_that_waits_for_the_order_lock().await;
    let answers = [
        send(contested, person_id(other)),
        send(contested, mine),
        send(contested, mine),
        send(TaskId::from(uuid::Uuid::from_u128(5)), mine),
        send(tasks[3].task_id, tasks[3].assignee_id),
    ];
    sqlx::query("select pg_advisory_unlock($1)").bind(ORDER_LOCK).execute(&mut holder).await.unwrap();
    let mut received = Vec::new();
    for answer in answers {
        received.push(answer.await.unwrap());
    }
    assert!(matches!(received[0], Err(Error::NeverAssigned)), "{:?}", received[0]);
    assert_eq!(received[1].as_ref().unwrap().task_id, contested);
    assert_eq!(received[2].as_ref().unwrap().task_id, contested, "the same answer again");
    assert!(matches!(received[3], Err(Error::TaskNotFound)), "{:?}", received[3]);
    assert_eq!(received[4].as_ref().unwrap().task_id, tasks[3].task_id);
    assert!(first.await.unwrap().is_ok());
    let published: Vec<TasksCompleted> = fixture.database.outbox_facts("tasks").await;
    let sizes: Vec<usize> = published.iter().map(|event| event.completions.len()).collect();
    assert_eq!(sizes, [1, 2]);
    fixture.verify().await;
}

/// Room for the future of a command. Each request allocates it several times.
const FUTURE_BYTES_MAX: usize = 1_024;

#[tokio::test]
async fn the_futures_of_a_creation_and_a_completion_are_small() {
    let fixture = fixture(1).await;
    let (task_id, person) = (TaskId::from(uuid::Uuid::from_u128(5)), person_id(1));
    let sizes = [
        ("complete", size_of_val(&fixture.tasks.complete_task(task_id, person))),
        ("create", size_of_val(&fixture.tasks.create_task(raw_task("Small"), person))),
    ];
    for (name, bytes) in sizes {
        assert!(bytes <= FUTURE_BYTES_MAX, "{name}: {bytes} bytes");
    }
}
