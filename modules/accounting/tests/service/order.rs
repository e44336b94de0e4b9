//! A property test of A10: shuffled, duplicated, batched and failed deliveries lead to the ledger
//! of the model.

use std::collections::BTreeMap;

use contracts::Event;
use contracts::events::accounting::TasksPriced;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::fixture::{Fixture, fixture, person_id, task_id};

/// The history of one task.
#[derive(Debug, Clone)]
struct History {
    /// The assignees in order.
    assignees: Vec<u128>,
    /// Whether the last assignee completed the task.
    completed: bool,
}

/// How the events of these histories are delivered.
#[derive(Debug, Clone)]
struct Arrival {
    /// One history a task.
    histories: Vec<History>,
    /// The order of the deliveries. An event is delivered as often as it is listed, at least once.
    order: Vec<prop::sample::Index>,
    /// Number of events in one delivery.
    batch: usize,
    /// The database refuses every n-th delivery once.
    fail_every: usize,
}

fn arrivals() -> impl Strategy<Value = Arrival> {
    let history = (prop::collection::vec(1..=3_u128, 1..4), any::<bool>());
    let histories =
        prop::collection::vec(history.prop_map(|(assignees, completed)| History { assignees, completed }), 1..6);
    (histories, prop::collection::vec(any::<prop::sample::Index>(), 0..40), 1..7_usize, 2..5_usize)
        .prop_map(|(histories, order, batch, fail_every)| Arrival { histories, order, batch, fail_every })
}

fn events(fixture: &Fixture, histories: &[History]) -> Vec<Event> {
    let mut events = Vec::new();
    for (task, history) in (1_u128..).zip(histories) {
        for (number, assignee) in (1_i32..).zip(&history.assignees) {
            let id = 1_000 + task * 100 + number.unsigned_abs() as u128;
            events.push(match number {
                1 => fixture.created(id, task, *assignee),
                _ => fixture.assigned(id, task, number, *assignee),
            });
        }
        if let (true, Some(last)) = (history.completed, history.assignees.last()) {
            events.push(fixture.completed(9_000 + task, task, *last));
        }
    }
    events
}

/// The balances that the same histories must lead to.
fn model(histories: &[History], prices: &BTreeMap<uuid::Uuid, (i64, i64)>) -> BTreeMap<u128, i64> {
    let mut balances = BTreeMap::from([(1, 0), (2, 0), (3, 0)]);
    for (task, history) in (1_u128..).zip(histories) {
        let (fee, reward) = prices[&task_id(task).uuid()];
        for assignee in &history.assignees {
            *balances.entry(*assignee).or_default() -= fee;
        }
        if let (true, Some(last)) = (history.completed, history.assignees.last()) {
            *balances.entry(*last).or_default() += reward;
        }
    }
    balances
}

async fn deliver_all(fixture: &Fixture, arrival: &Arrival) {
    let all = events(fixture, &arrival.histories);
    let mut deliveries: Vec<&Event> = arrival.order.iter().map(|index| index.get(&all)).collect();
    // Events that are not listed are delivered last, in reverse order.
    let unlisted: Vec<&Event> =
        all.iter().rev().filter(|event| deliveries.iter().all(|listed| listed.id != event.id)).collect();
    deliveries.extend(unlisted);
    let mut connection = fixture.database.connect().await;
    for (number, batch) in deliveries.chunks(arrival.batch).enumerate() {
        let batch: Vec<Event> = batch.iter().map(|event| (*event).clone()).collect();
        if number % arrival.fail_every == 0 {
            sqlx::query("alter table accounting.transfers rename to unavailable_transfers")
                .execute(&mut connection)
                .await
                .unwrap();
            fixture.inbox.receive(&batch).await.unwrap();
            sqlx::query("alter table accounting.unavailable_transfers rename to transfers")
                .execute(&mut connection)
                .await
                .unwrap();
        }
        fixture.inbox.receive(&batch).await.unwrap();
    }
    // A failed event waits in the inbox until it is due to be retried.
    fixture.ambient.advance(chrono::Duration::hours(2));
    while fixture.inbox.retry_next().await.unwrap() {}
    assert_eq!(fixture.inbox.count_waiting().await.unwrap(), (0, 0));
}

async fn check(arrival: Arrival) {
    let fixture = fixture().await;
    deliver_all(&fixture, &arrival).await;
    let published: Vec<TasksPriced> = fixture.published().await;
    let all: Vec<_> = published.into_iter().flat_map(|event| event.prices).collect();
    let prices: BTreeMap<_, _> =
        all.iter().map(|price| (price.task_id.uuid(), (price.fee_minor, price.reward_minor))).collect();
    assert_eq!(prices.len(), all.len(), "a price was published twice");
    for (person, balance) in model(&arrival.histories, &prices) {
        assert_eq!(fixture.balance(person).await, balance, "person {}", person_id(person));
    }
    fixture.verify().await;
}

#[test]
fn a10_shuffled_duplicated_failed_and_retried_events_lead_to_the_same_ledger() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let mut runner = TestRunner::new(Config { cases: 48, failure_persistence: None, ..Config::default() });
    runner
        .run(&arrivals(), |arrival| {
            runtime.block_on(check(arrival));
            Ok(())
        })
        .unwrap();
}
