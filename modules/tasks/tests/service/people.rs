//! T7 and the pool: who can be drawn, and what happens to the tasks of who no longer can.

use contracts::Role;
use contracts::events::identity::PersonState;
use contracts::events::tasks::TasksAssigned;

use crate::support::{World, person_id, world};

async fn change(world: &World, event: u128, change: impl FnOnce(&mut PersonState)) {
    let mut person = harness::person(1, Role::Worker);
    person.version = 2;
    change(&mut person);
    world.inbox.receive(&[harness::people_changed(event, vec![person])]).await.unwrap();
}

#[tokio::test]
async fn t7_the_tasks_of_who_is_deactivated_are_drawn_anew() {
    let world = world(1).await;
    let tasks = world.create_many(5).await;
    world.inbox.receive(&[harness::people_changed(2, vec![harness::person(2, Role::Accountant)])]).await.unwrap();
    change(&world, 3, |person| person.active = false).await;
    world.finish_runs().await;
    for task in tasks {
        let task = world.load(task.task_id).await;
        assert_eq!((task.assignee_id, task.assignments), (person_id(2).uuid(), 2));
    }
    let said = world.database.said::<TasksAssigned>("tasks").await;
    assert_eq!(said.iter().map(|event| event.assignments.len()).sum::<usize>(), 5);
    world.verify().await;
}

#[tokio::test]
async fn t7_managers_and_admins_are_never_drawn() {
    for role in [Role::Manager, Role::Admin] {
        let world = world(2).await;
        world.create_many(4).await;
        change(&world, 2, |person| person.role = role).await;
        world.finish_runs().await;
        let created = world.create_many(8).await;
        assert!(created.iter().all(|task| task.assignee_id == person_id(2).uuid()));
        world.verify().await;
    }
}

#[tokio::test]
async fn t7_the_run_is_limited_to_the_tasks_of_that_person() {
    let world = world(2).await;
    let tasks = world.create_many(12).await;
    let theirs = tasks.iter().filter(|task| task.assignee_id == person_id(1).uuid()).count();
    assert!(theirs > 0 && theirs < 12);
    change(&world, 2, |person| person.active = false).await;
    world.finish_runs().await;
    for task in tasks {
        let moved = task.assignee_id == person_id(1).uuid();
        assert_eq!(world.load(task.task_id).await.assignments, if moved { 2 } else { 1 });
    }
}

#[tokio::test]
async fn t6_with_nobody_assignable_a_run_waits_and_owners_stay() {
    let world = world(1).await;
    let task = world.create("Waits").await;
    change(&world, 2, |person| person.active = false).await;
    let run = world.ask().await;
    world.finish_runs().await;
    let mut runs = world.tasks.list_reassignments(None, kernel::paging::Limit::default()).await.unwrap();
    let of_the_person = runs.pop().unwrap();
    // The run for the person came first and blocks the other, since they go in order.
    assert_eq!((of_the_person.status.as_str(), of_the_person.person_id), ("blocked", Some(person_id(1).uuid())));
    assert_eq!(world.run(run.reassignment_id).await.status, "queued");
    assert_eq!(world.load(task.task_id).await.assignee_id, person_id(1).uuid());

    world.inbox.receive(&[harness::people_changed(3, vec![harness::person(2, Role::Worker)])]).await.unwrap();
    world.finish_runs().await;
    assert_eq!(world.run(run.reassignment_id).await.status, "completed");
    let task = world.load(task.task_id).await;
    assert_eq!((task.assignee_id, task.assignments), (person_id(2).uuid(), 3));
    world.verify().await;
}

#[tokio::test]
async fn t6_a_run_that_waits_for_somebody_ends_when_the_last_task_is_completed() {
    let world = world(1).await;
    let task = world.create("The last").await;
    change(&world, 2, |person| person.active = false).await;
    world.finish_runs().await;
    let runs = world.tasks.list_reassignments(None, kernel::paging::Limit::default()).await.unwrap();
    assert_eq!((runs.len(), runs[0].status.as_str()), (1, "blocked"));
    world.tasks.complete_task(task.task_id.into(), person_id(1)).await.unwrap();
    world.finish_runs().await;
    let run = world.run(runs[0].reassignment_id).await;
    assert_eq!((run.status.as_str(), run.done, run.reassigned), ("completed", 1, 0));
    world.verify().await;
}

#[tokio::test]
async fn people_may_be_told_of_twice_and_in_any_order() {
    let world = world(2).await;
    let mut newer = harness::person(1, Role::Worker);
    newer.version = 3;
    newer.active = false;
    let mut older = harness::person(1, Role::Worker);
    older.version = 2;
    let newer = harness::people_changed(2, vec![newer]);
    for event in [&newer, &harness::people_changed(3, vec![older]), &newer] {
        world.inbox.receive(std::slice::from_ref(event)).await.unwrap();
    }
    let created = world.create_many(8).await;
    assert!(created.iter().all(|task| task.assignee_id == person_id(2).uuid()));
    world.verify().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t7_no_task_is_left_with_who_was_deactivated_while_it_was_created() {
    let world = world(2).await;
    let mut creating = tokio::task::JoinSet::new();
    for number in 0..40 {
        let tasks = world.tasks.clone();
        creating.spawn(async move {
            let raw = tasks::RawTask { title: format!("Task {number}"), ..tasks::RawTask::default() };
            tasks.create_task(raw, person_id(1)).await.unwrap();
        });
    }
    change(&world, 2, |person| person.active = false).await;
    creating.join_all().await;
    world.finish_runs().await;
    world.verify().await;
}

#[tokio::test]
async fn t7_who_has_left_the_pool_is_not_moved_again_by_later_news() {
    let world = world(1).await;
    world.create_many(3).await;
    change(&world, 2, |person| person.active = false).await;
    // Nobody else can be drawn, so the run waits; meanwhile the person is renamed, twice, and old news arrives late.
    for (event, version) in [(3, 3), (4, 4), (5, 1)] {
        change(&world, event, |person| {
            person.version = version;
            person.active = version == 1;
            person.name = format!("Renamed {version}");
        })
        .await;
    }
    world.inbox.receive(&[harness::people_changed(6, vec![harness::person(2, Role::Worker)])]).await.unwrap();
    world.finish_runs().await;
    let said = world.database.said::<TasksAssigned>("tasks").await;
    assert_eq!(said.iter().map(|event| event.assignments.len()).sum::<usize>(), 3);
    world.verify().await;
}

#[tokio::test]
async fn t7_who_may_have_tasks_again_before_their_run_begins_keeps_them_uncharged() {
    let world = world(2).await;
    world.create_many(6).await;
    change(&world, 2, |person| person.active = false).await;
    change(&world, 3, |person| person.version = 3).await;
    world.finish_runs().await;
    assert_eq!(world.database.said::<TasksAssigned>("tasks").await, []);
    world.verify().await;
}

#[tokio::test]
async fn a_change_of_the_pool_during_an_import_holds_up_nobody_and_comes_later() {
    let world = world(2).await;
    let mut import = world.tasks.begin_import().await.unwrap();
    let raw = tasks::RawTask { title: "Imported".to_owned(), ..tasks::RawTask::default() };
    import.add(vec![tasks::ImportRow { line: 2, task: raw, ..tasks::ImportRow::default() }]).await.unwrap();
    change(&world, 2, |person| person.active = false).await;
    assert_eq!(world.inbox.waiting().await.unwrap(), (1, 0));
    let asked = world.tasks.request_reassignment(person_id(99)).await;
    assert!(matches!(asked, Err(tasks::Error::Busy)), "{asked:?}");
    world.create("Meanwhile").await;
    import.commit().await.unwrap();
    world.ambient.advance(chrono::Duration::seconds(5));
    assert!(world.inbox.retry_next().await.unwrap());
    world.finish_runs().await;
    let created = world.create_many(4).await;
    assert!(created.iter().all(|task| task.assignee_id == person_id(2).uuid()));
    world.verify().await;
}
