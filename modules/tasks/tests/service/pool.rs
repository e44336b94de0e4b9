//! T7: the pool, and what happens to the tasks of a person who leaves it.

use contracts::Role;
use contracts::events::identity::PersonState;
use contracts::events::tasks::TasksAssigned;
use tasks::{Error, ImportRow, ReassignmentStatus};

use crate::fixture::{Fixture, fixture, person_id, raw_task};

async fn change(fixture: &Fixture, event: u128, change: impl FnOnce(&mut PersonState)) {
    let mut person = harness::person(1, Role::Worker);
    person.version = 2;
    change(&mut person);
    fixture.inbox.receive(&[harness::people_changed(event, vec![person])]).await.unwrap();
}

#[tokio::test]
async fn t7_the_tasks_of_a_deactivated_person_are_reassigned() {
    let fixture = fixture(1).await;
    let tasks = fixture.create_many(5).await;
    fixture.inbox.receive(&[harness::people_changed(2, vec![harness::person(2, Role::Accountant)])]).await.unwrap();
    change(&fixture, 3, |person| person.active = false).await;
    fixture.finish_runs().await;
    for task in tasks {
        let task = fixture.get(task.task_id).await;
        assert_eq!((task.assignee_id, task.assignments), (person_id(2), 2));
    }
    let published = fixture.database.outbox_facts::<TasksAssigned>("tasks").await;
    assert_eq!(published.iter().map(|event| event.assignments.len()).sum::<usize>(), 5);
    fixture.verify().await;
}

#[tokio::test]
async fn t7_managers_and_admins_are_never_drawn() {
    for role in [Role::Manager, Role::Admin] {
        let fixture = fixture(2).await;
        fixture.create_many(4).await;
        change(&fixture, 2, |person| person.role = role).await;
        fixture.finish_runs().await;
        let created = fixture.create_many(8).await;
        assert!(created.iter().all(|task| task.assignee_id == person_id(2)));
        fixture.verify().await;
    }
}

#[tokio::test]
async fn t7_the_run_is_limited_to_the_tasks_of_that_person() {
    let fixture = fixture(2).await;
    let tasks = fixture.create_many(12).await;
    let theirs = tasks.iter().filter(|task| task.assignee_id == person_id(1)).count();
    assert!(theirs > 0 && theirs < 12);
    change(&fixture, 2, |person| person.active = false).await;
    fixture.finish_runs().await;
    for task in tasks {
        let is_reassigned = task.assignee_id == person_id(1);
        assert_eq!(fixture.get(task.task_id).await.assignments, if is_reassigned { 2 } else { 1 });
    }
}

#[tokio::test]
async fn t6_a_run_is_blocked_while_the_pool_is_empty_and_assignees_stay() {
    let fixture = fixture(1).await;
    let task = fixture.create("Waits").await;
    change(&fixture, 2, |person| person.active = false).await;
    let run = fixture.request_run().await;
    fixture.finish_runs().await;
    let mut runs = fixture.tasks.list_reassignments(None, None, kernel::http::paging::Limit::default()).await.unwrap();
    let of_the_person = runs.pop().unwrap();
    // The person's run is the first, so the other run waits for it.
    assert_eq!((of_the_person.status, of_the_person.person_id), (ReassignmentStatus::Blocked, Some(person_id(1))));
    assert_eq!(fixture.get_run(run.reassignment_id).await.status, ReassignmentStatus::Queued);
    assert_eq!(fixture.get(task.task_id).await.assignee_id, person_id(1));

    fixture.inbox.receive(&[harness::people_changed(3, vec![harness::person(2, Role::Worker)])]).await.unwrap();
    fixture.finish_runs().await;
    assert_eq!(fixture.get_run(run.reassignment_id).await.status, ReassignmentStatus::Completed);
    let task = fixture.get(task.task_id).await;
    assert_eq!((task.assignee_id, task.assignments), (person_id(2), 3));
    fixture.verify().await;
}

#[tokio::test]
async fn t6_a_blocked_run_completes_when_its_last_task_is_completed() {
    let fixture = fixture(1).await;
    let task = fixture.create("The last").await;
    change(&fixture, 2, |person| person.active = false).await;
    fixture.finish_runs().await;
    let runs = fixture.tasks.list_reassignments(None, None, kernel::http::paging::Limit::default()).await.unwrap();
    assert_eq!((runs.len(), runs[0].status), (1, ReassignmentStatus::Blocked));
    fixture.tasks.complete_task(task.task_id, person_id(1)).await.unwrap();
    fixture.finish_runs().await;
    let run = fixture.get_run(runs[0].reassignment_id).await;
    assert_eq!((run.status, run.done, run.reassigned), (ReassignmentStatus::Completed, 1, 0));
    fixture.verify().await;
}

#[tokio::test]
async fn people_changed_may_be_delivered_twice_and_in_any_order() {
    let fixture = fixture(2).await;
    let mut newer = harness::person(1, Role::Worker);
    newer.version = 3;
    newer.active = false;
    let mut older = harness::person(1, Role::Worker);
    older.version = 2;
    let newer = harness::people_changed(2, vec![newer]);
    for event in [&newer, &harness::people_changed(3, vec![older]), &newer] {
        fixture.inbox.receive(std::slice::from_ref(event)).await.unwrap();
    }
    let created = fixture.create_many(8).await;
    assert!(created.iter().all(|task| task.assignee_id == person_id(2)));
    fixture.verify().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t7_a_person_who_is_deactivated_during_a_creation_keeps_no_task() {
    let fixture = fixture(2).await;
    let mut creating = tokio::task::JoinSet::new();
    for number in 0..40 {
        let tasks = fixture.tasks.clone();
        creating.spawn(async move {
            tasks.create_task(raw_task(&format!("Task {number}")), person_id(1)).await.unwrap();
        });
    }
    change(&fixture, 2, |person| person.active = false).await;
    creating.join_all().await;
    fixture.finish_runs().await;
    fixture.verify().await;
}

#[tokio::test]
async fn t7_later_changes_to_a_person_who_left_the_pool_create_no_further_run() {
    let fixture = fixture(1).await;
    fixture.create_many(3).await;
    change(&fixture, 2, |person| person.active = false).await;
    // The pool is empty, so the run is blocked. Meanwhile the person is renamed twice, and an old
    // version arrives late.
    for (event, version) in [(3, 3), (4, 4), (5, 1)] {
        change(&fixture, event, |person| {
            person.version = version;
            person.active = version == 1;
            person.name = format!("Renamed {version}");
        })
        .await;
    }
    fixture.inbox.receive(&[harness::people_changed(6, vec![harness::person(2, Role::Worker)])]).await.unwrap();
    fixture.finish_runs().await;
    let published = fixture.database.outbox_facts::<TasksAssigned>("tasks").await;
    assert_eq!(published.iter().map(|event| event.assignments.len()).sum::<usize>(), 3);
    fixture.verify().await;
}

#[tokio::test]
async fn t7_a_person_who_is_assignable_again_before_the_run_keeps_the_tasks_uncharged() {
    let fixture = fixture(2).await;
    fixture.create_many(6).await;
    change(&fixture, 2, |person| person.active = false).await;
    change(&fixture, 3, |person| person.version = 3).await;
    fixture.finish_runs().await;
    assert_eq!(fixture.database.outbox_facts::<TasksAssigned>("tasks").await, []);
    fixture.verify().await;
}

#[tokio::test]
async fn a_change_of_the_pool_during_an_import_is_retried_and_delays_no_command() {
    let fixture = fixture(2).await;
    let mut import = fixture.tasks.begin_import().await.unwrap();
    import.add(vec![ImportRow { line: 2, task: raw_task("Imported"), ..ImportRow::default() }]).await.unwrap();
    change(&fixture, 2, |person| person.active = false).await;
    assert_eq!(fixture.inbox.count_waiting().await.unwrap(), (1, 0));
    let requested = fixture.tasks.request_reassignment(person_id(99)).await;
    assert!(matches!(requested, Err(Error::Busy)), "{requested:?}");
    fixture.create("Meanwhile").await;
    import.commit().await.unwrap();
    fixture.ambient.advance(chrono::Duration::seconds(5));
    assert!(fixture.inbox.retry_next().await.unwrap());
    fixture.finish_runs().await;
    let created = fixture.create_many(4).await;
    assert!(created.iter().all(|task| task.assignee_id == person_id(2)));
    fixture.verify().await;
}
