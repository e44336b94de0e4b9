//! Postings (A1, A3, A4, A9, A10): what is booked, into which wallet, and how often.

use crate::fixture::{fixture, person_id};

#[tokio::test]
async fn a1_a_person_has_a_wallet_from_the_moment_the_account_is_known() {
    let fixture = fixture().await;
    let wallet = fixture.accounting.get_wallet(person_id(2)).await.unwrap().unwrap();
    assert_eq!((wallet.balance_minor, wallet.name.as_deref()), (0, Some("Person 2")));
    assert!(fixture.accounting.get_wallet(person_id(77)).await.unwrap().is_none());
}

#[tokio::test]
async fn a3_every_assignment_is_charged_and_stays_charged() {
    let fixture = fixture().await;
    fixture.deliver(&[fixture.created(10, 1, 1), fixture.assigned(11, 1, 2, 2), fixture.assigned(12, 1, 3, 2)]).await;
    let fee = -fixture.balance(1).await;
    assert!((1_000..=2_000).contains(&fee) && fee % 100 == 0, "{fee}");
    // A person who is drawn twice is charged twice.
    assert_eq!(fixture.balance(2).await, -2 * fee);
    fixture.verify().await;
}

#[tokio::test]
async fn a4_the_reward_is_credited_to_the_person_in_the_event() {
    let fixture = fixture().await;
    // The task is assigned to 1, then to 2, who completes it. An assignment to 3 arrives before
    // that.
    let events = [
        fixture.created(10, 1, 1),
        fixture.assigned(11, 1, 2, 2),
        fixture.assigned(12, 1, 3, 3),
        fixture.completed(13, 1, 2),
    ];
    fixture.deliver(&events).await;
    assert_eq!(fixture.kinds(1).await, ["assignment_fee"]);
    assert_eq!(fixture.kinds(2).await, ["assignment_fee", "completion_reward"]);
    assert_eq!(fixture.kinds(3).await, ["assignment_fee"]);
    fixture.verify().await;
}

#[tokio::test]
async fn a10_a_redelivered_event_and_the_same_fact_in_another_event_are_booked_once() {
    let fixture = fixture().await;
    let created = fixture.created(10, 1, 1);
    let completed = fixture.completed(11, 1, 1);
    fixture.deliver(&[created.clone(), created.clone(), completed.clone()]).await;
    fixture.deliver(&[completed.clone(), created]).await;
    // The same facts in events with other ids.
    fixture.deliver(&[fixture.created(20, 1, 1), fixture.completed(21, 1, 1)]).await;
    assert_eq!(fixture.kinds(1).await, ["assignment_fee", "completion_reward"]);
    fixture.verify().await;
}

#[tokio::test]
async fn a10_postings_of_a_batch_that_are_booked_already_are_left_out() {
    let fixture = fixture().await;
    fixture.deliver(&[fixture.created(10, 1, 1)]).await;
    // One fact is booked already, and one is in two events.
    fixture.deliver(&[fixture.created(20, 1, 1), fixture.created(21, 2, 1), fixture.created(22, 2, 1)]).await;
    assert_eq!(fixture.kinds(1).await, ["assignment_fee", "assignment_fee"]);
    fixture.verify().await;
}

#[tokio::test]
async fn a10_postings_of_one_event_that_are_booked_already_are_left_out() {
    let fixture = fixture().await;
    fixture.deliver(&[fixture.created(10, 1, 1), fixture.completed(11, 1, 1)]).await;
    let before = fixture.balance(1).await;
    // The inbox cannot split an event, so the service itself must leave out booked postings.
    fixture.deliver(&[fixture.created_many(20, &[(1, 1), (2, 1), (3, 2)])]).await;
    fixture.deliver(&[fixture.completed_many(21, &[(1, 1), (3, 2)])]).await;
    assert_eq!(fixture.kinds(1).await, ["assignment_fee", "completion_reward", "assignment_fee"]);
    assert_eq!(fixture.kinds(2).await, ["assignment_fee", "completion_reward"]);
    assert!(fixture.balance(1).await < before);
    fixture.verify().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a10_concurrent_events_with_the_same_facts_are_booked_once() {
    let fixture = std::sync::Arc::new(fixture().await);
    let mut deliveries = tokio::task::JoinSet::new();
    for shift in 0..6 {
        let fixture = std::sync::Arc::clone(&fixture);
        // Each delivery has five facts in common with the next, in events with other ids.
        let events: Vec<_> = (0..10)
            .map(|n| shift * 5 + n)
            .map(|task| fixture.created(1_000 * (shift + 1) + task, task, 1 + task % 3))
            .collect();
        deliveries.spawn(async move { fixture.deliver(&events).await });
    }
    deliveries.join_all().await;
    let lines = fixture.lines(1).await.len() + fixture.lines(2).await.len() + fixture.lines(3).await.len();
    assert_eq!(lines, 35);
    fixture.verify().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a10_a_reward_published_for_three_people_at_once_is_booked_for_one() {
    let fixture = std::sync::Arc::new(fixture().await);
    let mut deliveries = tokio::task::JoinSet::new();
    for (event, person) in [(10, 1), (11, 2), (12, 3)] {
        let fixture = std::sync::Arc::clone(&fixture);
        // The deliveries lock different wallets, so only the unique key prevents a second reward.
        deliveries.spawn(async move { fixture.deliver(&[fixture.completed(event, 1, person)]).await });
    }
    deliveries.join_all().await;
    let lines = fixture.lines(1).await.len() + fixture.lines(2).await.len() + fixture.lines(3).await.len();
    assert_eq!(lines, 1);
    fixture.verify().await;
}

#[tokio::test]
async fn a10_a_completion_that_arrives_before_all_other_events_is_booked() {
    let fixture = fixture().await;
    fixture.deliver(&[fixture.completed(12, 1, 2)]).await;
    fixture.deliver(&[fixture.assigned(11, 1, 2, 2)]).await;
    fixture.deliver(&[fixture.created(10, 1, 1)]).await;
    assert_eq!(fixture.kinds(1).await, ["assignment_fee"]);
    assert_eq!(fixture.kinds(2).await, ["completion_reward", "assignment_fee"]);
    let titles: Vec<_> = fixture.lines(2).await.into_iter().map(|line| line.title).collect();
    assert_eq!(titles, [Some("Task 1".to_owned()), Some("Task 1".to_owned())]);
    fixture.verify().await;
}

#[tokio::test]
async fn a_person_whose_account_is_not_known_yet_is_charged() {
    let fixture = fixture().await;
    fixture.deliver(&[fixture.created(10, 1, 42)]).await;
    let wallet = fixture.accounting.get_wallet(person_id(42)).await.unwrap().unwrap();
    assert!(wallet.balance_minor < 0 && wallet.name.is_none());
    fixture.deliver(&[harness::people_changed(11, vec![harness::person(42, contracts::Role::Worker)])]).await;
    let wallet = fixture.accounting.get_wallet(person_id(42)).await.unwrap().unwrap();
    assert!(wallet.balance_minor < 0 && wallet.name.is_some());
    fixture.verify().await;
}

#[tokio::test]
async fn a9_the_ledger_refuses_updates_and_deletes() {
    let fixture = fixture().await;
    fixture.deliver(&[fixture.created(10, 1, 1)]).await;
    let mut connection = fixture.database.connect().await;
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
async fn a9_every_transfer_has_its_reason_its_times_and_its_task() {
    let fixture = fixture().await;
    fixture.deliver(&[fixture.created(10, 1, 1)]).await;
    let occurred_at = fixture.ambient.now();
    fixture.ambient.advance(chrono::Duration::minutes(5));
    let line = fixture.lines(1).await.remove(0);
    assert_eq!(line.kind.as_str(), "assignment_fee");
    assert_eq!(line.title.as_deref(), Some("Task 1"));
    assert_eq!((line.occurred_at, line.booked_at), (occurred_at, occurred_at));
    assert_eq!(line.business_day.to_string(), "2026-11-02");
}

#[tokio::test(flavor = "multi_thread")]
async fn a10_events_delivered_to_many_processes_at_once_are_booked_once() {
    let fixture = std::sync::Arc::new(fixture().await);
    let events: Vec<_> = (0..20).map(|n| fixture.created(100 + n, n, 1 + n % 3)).collect();
    let mut deliveries = tokio::task::JoinSet::new();
    for shift in 0..6 {
        let (fixture, mut events) = (std::sync::Arc::clone(&fixture), events.clone());
        events.rotate_left(shift * 3);
        deliveries.spawn(async move { fixture.deliver(&events).await });
    }
    deliveries.join_all().await;
    let lines = fixture.lines(1).await.len() + fixture.lines(2).await.len() + fixture.lines(3).await.len();
    assert_eq!(lines, 20);
    fixture.verify().await;
}
