//! A1, A3, A4, A5, A9, A10: what is booked, to whom, and how often.

use crate::support::{person_id, world};

#[tokio::test]
async fn a1_a_wallet_exists_from_the_moment_the_person_is_known() {
    let world = world().await;
    let wallet = world.books.load_wallet(person_id(2)).await.unwrap().unwrap();
    assert_eq!((wallet.balance_minor, wallet.name.as_deref()), (0, Some("Person 2")));
    assert!(world.books.load_wallet(person_id(77)).await.unwrap().is_none());
}

#[tokio::test]
async fn a3_every_assignment_is_charged_and_stays_charged() {
    let world = world().await;
    world.hear(&[world.created(10, 1, 1), world.assigned(11, 1, 2, 2), world.assigned(12, 1, 3, 2)]).await;
    let fee = -world.balance(1).await;
    assert!((1_000..=2_000).contains(&fee) && fee % 100 == 0, "{fee}");
    // Drawn twice for the same person: charged twice.
    assert_eq!(world.balance(2).await, -2 * fee);
    world.verify().await;
}

#[tokio::test]
async fn a4_the_reward_goes_to_whom_the_event_names() {
    let world = world().await;
    // Assigned to 1, then to 2, completed by 2; a later assignment to 3 arrives before the completion.
    let events =
        [world.created(10, 1, 1), world.assigned(11, 1, 2, 2), world.assigned(12, 1, 3, 3), world.completed(13, 1, 2)];
    world.hear(&events).await;
    assert_eq!(world.kinds(1).await, ["assignment_fee"]);
    assert_eq!(world.kinds(2).await, ["assignment_fee", "completion_reward"]);
    assert_eq!(world.kinds(3).await, ["assignment_fee"]);
    world.verify().await;
}

#[tokio::test]
async fn a10_a_redelivered_event_and_the_same_fact_in_another_event_are_booked_once() {
    let world = world().await;
    let created = world.created(10, 1, 1);
    let completed = world.completed(11, 1, 1);
    world.hear(&[created.clone(), created.clone(), completed.clone()]).await;
    world.hear(&[completed.clone(), created]).await;
    // Other ids, same facts.
    world.hear(&[world.created(20, 1, 1), world.completed(21, 1, 1)]).await;
    assert_eq!(world.kinds(1).await, ["assignment_fee", "completion_reward"]);
    world.verify().await;
}

#[tokio::test]
async fn a10_of_a_batch_what_is_booked_is_left_out_and_the_rest_is_booked_once() {
    let world = world().await;
    world.hear(&[world.created(10, 1, 1)]).await;
    // One fact that is booked, and one that is told twice.
    world.hear(&[world.created(20, 1, 1), world.created(21, 2, 1), world.created(22, 2, 1)]).await;
    assert_eq!(world.kinds(1).await, ["assignment_fee", "assignment_fee"]);
    world.verify().await;
}

#[tokio::test]
async fn a10_of_one_event_what_is_booked_is_left_out_and_the_rest_is_booked_once() {
    let world = world().await;
    world.hear(&[world.created(10, 1, 1), world.completed(11, 1, 1)]).await;
    let before = world.balance(1).await;
    // An event cannot be tried in parts, so here the second try must get it right.
    world.hear(&[world.all_created(20, &[(1, 1), (2, 1), (3, 2)])]).await;
    world.hear(&[world.all_completed(21, &[(1, 1), (3, 2)])]).await;
    assert_eq!(world.kinds(1).await, ["assignment_fee", "completion_reward", "assignment_fee"]);
    assert_eq!(world.kinds(2).await, ["assignment_fee", "completion_reward"]);
    assert!(world.balance(1).await < before);
    world.verify().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a10_overlapping_events_at_once_are_booked_once() {
    let world = std::sync::Arc::new(world().await);
    let mut deliveries = tokio::task::JoinSet::new();
    for shift in 0..6 {
        let world = std::sync::Arc::clone(&world);
        // Each has five facts in common with the next, under other ids.
        let events: Vec<_> = (0..10)
            .map(|n| shift * 5 + n)
            .map(|task| world.created(1_000 * (shift + 1) + task, task, 1 + task % 3))
            .collect();
        deliveries.spawn(async move { world.hear(&events).await });
    }
    deliveries.join_all().await;
    let lines = world.lines(1).await.len() + world.lines(2).await.len() + world.lines(3).await.len();
    assert_eq!(lines, 35);
    world.verify().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a10_one_reward_told_for_two_people_at_once_is_booked_for_one() {
    let world = std::sync::Arc::new(world().await);
    let mut deliveries = tokio::task::JoinSet::new();
    for (event, person) in [(10, 1), (11, 2), (12, 3)] {
        let world = std::sync::Arc::clone(&world);
        // No wallet in common, so only the key is in the way.
        deliveries.spawn(async move { world.hear(&[world.completed(event, 1, person)]).await });
    }
    deliveries.join_all().await;
    let lines = world.lines(1).await.len() + world.lines(2).await.len() + world.lines(3).await.len();
    assert_eq!(lines, 1);
    world.verify().await;
}

#[tokio::test]
async fn a10_a_completion_that_overtakes_everything_is_booked_all_the_same() {
    let world = world().await;
    world.hear(&[world.completed(12, 1, 2)]).await;
    world.hear(&[world.assigned(11, 1, 2, 2)]).await;
    world.hear(&[world.created(10, 1, 1)]).await;
    assert_eq!(world.kinds(1).await, ["assignment_fee"]);
    assert_eq!(world.kinds(2).await, ["completion_reward", "assignment_fee"]);
    let titles: Vec<_> = world.lines(2).await.into_iter().map(|line| line.title).collect();
    assert_eq!(titles, [Some("Task 1".to_owned()), Some("Task 1".to_owned())]);
    world.verify().await;
}

#[tokio::test]
async fn a_person_whom_nobody_told_of_is_charged_all_the_same() {
    let world = world().await;
    world.hear(&[world.created(10, 1, 42)]).await;
    let wallet = world.books.load_wallet(person_id(42)).await.unwrap().unwrap();
    assert!(wallet.balance_minor < 0 && wallet.name.is_none());
    world.hear(&[harness::people_changed(11, vec![harness::person(42, contracts::Role::Worker)])]).await;
    let wallet = world.books.load_wallet(person_id(42)).await.unwrap().unwrap();
    assert!(wallet.balance_minor < 0 && wallet.name.is_some());
    world.verify().await;
}

#[tokio::test]
async fn a9_the_ledger_refuses_every_edit() {
    let world = world().await;
    world.hear(&[world.created(10, 1, 1)]).await;
    let mut connection = world.database.connect().await;
    for statement in [
        "update accounting.transfers set amount_minor = 1",
        "delete from accounting.transfers",
        "truncate accounting.transfers",
    ] {
        let refused = sqlx::query(statement).execute(&mut connection).await.unwrap_err().to_string();
        assert!(refused.contains("append-only"), "{statement}: {refused}");
    }
}

#[tokio::test]
async fn a9_every_line_says_why_when_and_for_which_task() {
    let world = world().await;
    world.hear(&[world.created(10, 1, 1)]).await;
    let happened = world.ambient.now();
    world.ambient.advance(chrono::Duration::minutes(5));
    let line = world.lines(1).await.remove(0);
    assert_eq!(line.kind, "assignment_fee");
    assert_eq!(line.title.as_deref(), Some("Task 1"));
    assert_eq!((line.occurred_at, line.booked_at), (happened, happened));
    assert_eq!(line.business_day.to_string(), "2026-11-02");
}

#[tokio::test(flavor = "multi_thread")]
async fn a10_the_same_events_to_many_processes_at_once_are_booked_once() {
    let world = std::sync::Arc::new(world().await);
    let events: Vec<_> = (0..20).map(|n| world.created(100 + n, n, 1 + n % 3)).collect();
    let mut deliveries = tokio::task::JoinSet::new();
    for shift in 0..6 {
        let (world, mut events) = (std::sync::Arc::clone(&world), events.clone());
        events.rotate_left(shift * 3);
        deliveries.spawn(async move { world.hear(&events).await });
    }
    deliveries.join_all().await;
    let lines = world.lines(1).await.len() + world.lines(2).await.len() + world.lines(3).await.len();
    assert_eq!(lines, 20);
    world.verify().await;
}
