//! A10 as a property: however events are shuffled, doubled, batched and failed, the ledger is the model's.

use std::collections::BTreeMap;

use contracts::Event;
use contracts::events::accounting::TasksPriced;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::support::{World, person_id, task_id, world};

/// A task's life: who had it, in order, and whether the last one completed it.
#[derive(Debug, Clone)]
struct Life {
    assignees: Vec<u128>,
    completed: bool,
}

/// How the events of these lives arrive.
#[derive(Debug, Clone)]
struct Arrival {
    lives: Vec<Life>,
    /// Sorts the events; each is delivered as often as it is named here, at least once.
    order: Vec<prop::sample::Index>,
    batch: usize,
    /// The database refuses every n-th batch once.
    fail_every: usize,
}

fn arrivals() -> impl Strategy<Value = Arrival> {
    let life = (prop::collection::vec(1..=3_u128, 1..4), any::<bool>());
    let lives = prop::collection::vec(life.prop_map(|(assignees, completed)| Life { assignees, completed }), 1..6);
    (lives, prop::collection::vec(any::<prop::sample::Index>(), 0..40), 1..7_usize, 2..5_usize)
        .prop_map(|(lives, order, batch, fail_every)| Arrival { lives, order, batch, fail_every })
}

fn events(world: &World, lives: &[Life]) -> Vec<Event> {
    let mut events = Vec::new();
    for (task, life) in (1_u128..).zip(lives) {
        for (number, assignee) in (1_i32..).zip(&life.assignees) {
            let id = 1_000 + task * 100 + number.unsigned_abs() as u128;
            events.push(match number {
                1 => world.created(id, task, *assignee),
                _ => world.assigned(id, task, number, *assignee),
            });
        }
        if let (true, Some(last)) = (life.completed, life.assignees.last()) {
            events.push(world.completed(9_000 + task, task, *last));
        }
    }
    events
}

/// The same lives booked by hand.
fn model(lives: &[Life], prices: &BTreeMap<uuid::Uuid, (i64, i64)>) -> BTreeMap<u128, i64> {
    let mut balances = BTreeMap::from([(1, 0), (2, 0), (3, 0)]);
    for (task, life) in (1_u128..).zip(lives) {
        let (fee, reward) = prices[&task_id(task).uuid()];
        for assignee in &life.assignees {
            *balances.entry(*assignee).or_default() -= fee;
        }
        if let (true, Some(last)) = (life.completed, life.assignees.last()) {
            *balances.entry(*last).or_default() += reward;
        }
    }
    balances
}

async fn deliver(world: &World, arrival: &Arrival) {
    let all = events(world, &arrival.lives);
    let mut deliveries: Vec<&Event> = arrival.order.iter().map(|index| index.get(&all)).collect();
    // Whatever the shuffle left out comes last, backwards.
    let left_out: Vec<&Event> =
        all.iter().rev().filter(|event| deliveries.iter().all(|seen| seen.id != event.id)).collect();
    deliveries.extend(left_out);
    let mut connection = world.database.connect().await;
    for (number, batch) in deliveries.chunks(arrival.batch).enumerate() {
        let batch: Vec<Event> = batch.iter().map(|event| (*event).clone()).collect();
        if number % arrival.fail_every == 0 {
            sqlx::query("alter table accounting.transfers rename to away").execute(&mut connection).await.unwrap();
            world.inbox.receive(&batch).await.unwrap();
            sqlx::query("alter table accounting.away rename to transfers").execute(&mut connection).await.unwrap();
        }
        world.inbox.receive(&batch).await.unwrap();
    }
    // What failed waits in the inbox and is tried again when its time has come.
    world.ambient.advance(chrono::Duration::hours(2));
    while world.inbox.retry_next().await.unwrap() {}
    assert_eq!(world.inbox.waiting().await.unwrap(), (0, 0));
}

async fn check(arrival: Arrival) {
    let world = world().await;
    deliver(&world, &arrival).await;
    let said: Vec<TasksPriced> = world.database.said("accounting").await;
    let told: Vec<_> = said.into_iter().flat_map(|event| event.prices).collect();
    let prices: BTreeMap<_, _> =
        told.iter().map(|price| (price.task_id.uuid(), (price.fee_minor, price.reward_minor))).collect();
    assert_eq!(prices.len(), told.len(), "a price was told twice");
    for (person, balance) in model(&arrival.lives, &prices) {
        assert_eq!(world.balance(person).await, balance, "person {}", person_id(person));
    }
    world.verify().await;
}

#[test]
fn a10_shuffled_doubled_failed_and_retried_events_come_to_the_same_ledger() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let mut runner = TestRunner::new(Config { cases: 48, failure_persistence: None, ..Config::default() });
    runner
        .run(&arrivals(), |arrival| {
            runtime.block_on(check(arrival));
            Ok(())
        })
        .unwrap();
}
