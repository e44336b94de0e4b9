//! T5: only the present assignee, only once, and whoever commits first wins.

use contracts::TaskId;
use contracts::events::tasks::TasksCompleted;
use futures_util::FutureExt;
use harness::eventually;
use tasks::Error;

use crate::support::{person_id, world};

#[tokio::test]
async fn t5_only_the_assignee_completes_a_task_and_only_once() {
    let world = world(1).await;
    let task = world.create("Fix the door").await;
    let id = TaskId::from(task.task_id);
    let never = world.tasks.complete_task(id, person_id(2)).await;
    assert!(matches!(never, Err(Error::NeverAssigned)), "{never:?}");
    let done = world.tasks.complete_task(id, person_id(1)).await.unwrap();
    assert_eq!(done.completed_at, Some(world.ambient.now()));
    let again = world.tasks.complete_task(id, person_id(1)).await;
    assert!(matches!(again, Err(Error::AlreadyCompleted(_))), "{again:?}");
    let said: Vec<TasksCompleted> = world.database.said("tasks").await;
    assert_eq!(said.len(), 1);
    assert_eq!(said[0].completions[0].completed_by, person_id(1));
    world.verify().await;
}

#[tokio::test]
async fn an_unknown_task_is_not_found() {
    let world = world(1).await;
    let unknown = world.tasks.complete_task(TaskId::from(uuid::Uuid::from_u128(5)), person_id(1)).await;
    assert!(matches!(unknown, Err(Error::TaskNotFound)), "{unknown:?}");
}

#[tokio::test]
async fn t5_a_former_assignee_gets_the_present_state() {
    let world = world(2).await;
    let task = world.create("Fix the door").await;
    let former = task.assignee_id;
    while world.load(task.task_id).await.assignee_id == former {
        world.ask().await;
        world.finish_runs().await;
    }
    let late = world.tasks.complete_task(task.task_id.into(), former.into()).await;
    assert!(matches!(late, Err(Error::AssignedToAnother(_))), "{late:?}");
    assert!(world.database.said::<TasksCompleted>("tasks").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn t5_of_two_hundred_parallel_completions_one_wins() {
    let world = world(1).await;
    let id = TaskId::from(world.create("Everybody wants it").await.task_id);
    let mut attempts = tokio::task::JoinSet::new();
    for _ in 0..200 {
        let tasks = world.tasks.clone();
        attempts.spawn(async move { tasks.complete_task(id, person_id(1)).await });
    }
    let answers = attempts.join_all().await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    assert!(
        answers
            .iter()
            .filter_map(|answer| answer.as_ref().err())
            .all(|error| matches!(error, Error::AlreadyCompleted(_)))
    );
    assert_eq!(world.database.said::<TasksCompleted>("tasks").await.len(), 1);
    world.verify().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t5_completions_that_race_a_reassign_either_win_or_hear_of_it() {
    let world = world(3).await;
    let tasks = world.create_many(30).await;
    let run = world.ask().await;
    let mut completing = tokio::task::JoinSet::new();
    for task in tasks.clone() {
        let module = world.tasks.clone();
        completing.spawn(async move {
            (task.task_id, task.assignee_id, module.complete_task(task.task_id.into(), task.assignee_id.into()).await)
        });
    }
    let module = world.tasks.clone();
    let running =
        tokio::spawn(
            async move { while module.reassign_next_chunk().await.unwrap() == kernel::jobs::Outcome::More {} },
        );
    let answers = completing.join_all().await;
    running.await.unwrap();
    world.finish_runs().await;
    for (task_id, person, answer) in answers {
        let now = world.load(task_id).await;
        match answer {
            Ok(_) => assert_eq!((now.assignee_id, now.completed_at.is_some()), (person, true)),
            Err(Error::AssignedToAnother(_)) => assert!(now.completed_at.is_none() && now.assignments == 2),
            Err(error) => panic!("{error}"),
        }
    }
    let run = world.run(run.reassignment_id).await;
    assert_eq!((run.status.as_str(), run.done), ("completed", 30));
    world.verify().await;
}

#[tokio::test]
async fn a_dropped_begin_leaves_no_open_transaction_behind() {
    let world = world(1).await;
    let pool = kernel::WritePool::new(world.database.options(), 1, "tasks", world.ambient.clone());
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
    let mut elsewhere = world.database.connect().await;
    eventually("the row is seen by others", async || {
        let seen: bool = sqlx::query_scalar("select exists (select from tasks.people where name = 'Seen')")
            .fetch_one(&mut elsewhere)
            .await
            .unwrap();
        seen.then_some(())
    })
    .await;
}

#[tokio::test]
async fn t5_those_who_are_answered_together_are_each_told_their_own() {
    let world = world(2).await;
    let tasks = world.create_many(6).await;
    let (mine, other) = (tasks[0].assignee_id, if tasks[0].assignee_id == person_id(1).uuid() { 2 } else { 1 });
    let not_mine = tasks[0].task_id;
    // All of them wait for the order lock, the second and later ones in one batch.
    let mut holder = world.database.connect().await;
    sqlx::query("select pg_advisory_lock($1)").bind(0x7A5C_0001_i64).execute(&mut holder).await.unwrap();
    let send = |task_id, person| {
        let module = world.tasks.clone();
        let mut running = Box::pin(async move { module.complete_task(TaskId::from(task_id), person).await });
        // It stands in the queue as soon as it is polled.
        assert!((&mut running).now_or_never().is_none());
        tokio::spawn(running)
    };
    let ahead = send(tasks[1].task_id, tasks[1].assignee_id.into());
    world.somebody_waits_for_the_order_lock().await;
    let answers = [
        send(not_mine, person_id(other)),
        send(not_mine, mine.into()),
        send(not_mine, mine.into()),
        send(uuid::Uuid::from_u128(5), mine.into()),
        send(tasks[3].task_id, tasks[3].assignee_id.into()),
    ];
    sqlx::query("select pg_advisory_unlock($1)").bind(0x7A5C_0001_i64).execute(&mut holder).await.unwrap();
    let mut told = Vec::new();
    for answer in answers {
        told.push(answer.await.unwrap());
    }
    assert!(matches!(told[0], Err(Error::NeverAssigned)), "{:?}", told[0]);
    assert_eq!(told[1].as_ref().unwrap().task_id, not_mine);
    assert!(matches!(told[2], Err(Error::AlreadyCompleted(_))), "{:?}", told[2]);
    assert!(matches!(told[3], Err(Error::TaskNotFound)), "{:?}", told[3]);
    assert_eq!(told[4].as_ref().unwrap().task_id, tasks[3].task_id);
    assert!(ahead.await.unwrap().is_ok());
    let said: Vec<TasksCompleted> = world.database.said("tasks").await;
    let sizes: Vec<usize> = said.iter().map(|said| said.completions.len()).collect();
    assert_eq!(sizes, [1, 2]);
    world.verify().await;
}
