//! Scenarios without failures: every event takes effect once, in any order and quantity.

use std::sync::Arc;

use contracts::Event;
use futures_util::future::join_all;
use kernel::Ambient;
use kernel::events::bus::EventBus;
use tokio::sync::Semaphore;

use crate::environment::BusEnvironment;
use crate::facts::{Unsubscribed, counted};
use crate::process::Process;
use crate::subscriber::Behaviour;

/// The numbers from 1 to `last`.
fn up_to(last: i64) -> Vec<i64> {
    (1..=last).collect()
}

pub async fn every_event_takes_effect_at_every_subscriber(environment: BusEnvironment) {
    let (first, second) = (environment.subscriber("first").await, environment.subscriber("second").await);
    // One event is committed before a relay runs, the others while it runs.
    environment.emit([1]).await;
    let process = Process::start(&environment, &[&first, &second]).await;
    environment.emit([2, 3]).await;
    environment.emit([4]).await;
    for subscriber in [&first, &second] {
        subscriber.wait_for(4).await;
    }
    process.end(&environment, &[&first, &second]).await;
    assert_eq!(first.effects().await, up_to(4));
    assert_eq!(second.effects().await, up_to(4));
}

pub async fn an_event_that_is_delivered_again_takes_effect_once(environment: BusEnvironment) {
    let subscriber = environment.subscriber("first").await;
    let process = Process::start(&environment, &[&subscriber]).await;
    // Twice in one delivery, again in a later one with a new event, and in parallel deliveries.
    deliver(&*process.bus, vec![counted(1), counted(1), counted(2)]).await;
    deliver(&*process.bus, vec![counted(2), counted(3), counted(1)]).await;
    join_all((0..8).map(|_| deliver(&*process.bus, vec![counted(4), counted(3), counted(5)]))).await;
    subscriber.wait_for(5).await;
    process.end(&environment, &[&subscriber]).await;
    assert_eq!(subscriber.effects().await, up_to(5));
}

pub async fn events_take_effect_once_in_any_order_and_grouping(environment: BusEnvironment) {
    let (first, second) = (environment.subscriber("first").await, environment.subscriber("second").await);
    let process = Process::start(&environment, &[&first, &second]).await;
    let random = Ambient::manual(environment.ambient.now(), 20_261_102);
    let last = 120_i64;
    // Each number once or twice, shuffled, in deliveries of random sizes, four at the same time.
    let mut numbers: Vec<i64> = (1..=last).chain((1..=last).filter(|_| random.uniform(0, 2) == 0)).collect();
    for place in (1..numbers.len()).rev() {
        numbers.swap(place, usize::try_from(random.uniform(0, i64::try_from(place).unwrap())).unwrap());
    }
    let mut deliveries = Vec::new();
    while !numbers.is_empty() {
        let size = usize::try_from(random.uniform(1, 15)).unwrap().min(numbers.len());
        deliveries.push(numbers.split_off(numbers.len() - size).into_iter().map(counted).collect::<Vec<Event>>());
    }
    for at_once in deliveries.chunks(4) {
        join_all(at_once.iter().map(|events| deliver(&*process.bus, events.clone()))).await;
    }
    for subscriber in [&first, &second] {
        subscriber.wait_for(120).await;
    }
    process.end(&environment, &[&first, &second]).await;
    assert_eq!(first.effects().await, up_to(last));
    assert_eq!(second.effects().await, up_to(last));
}

pub async fn types_without_a_subscription_leave_no_row(environment: BusEnvironment) {
    let subscriber = environment.subscriber("first").await;
    let process = Process::start(&environment, &[&subscriber]).await;
    let unsubscribed = harness::event(2, &Unsubscribed {});
    deliver(&*process.bus, vec![unsubscribed.clone()]).await;
    deliver(&*process.bus, vec![counted(1), unsubscribed, counted(3)]).await;
    subscriber.wait_for(2).await;
    process.end(&environment, &[&subscriber]).await;
    assert_eq!(subscriber.effects().await, [1, 3]);
    assert!(subscriber.inbox_row(2).await.is_none(), "an event without a subscription is in an inbox");
}

pub async fn ten_thousand_events_take_effect_exactly_once(environment: BusEnvironment) {
    let (first, second) = (environment.subscriber("first").await, environment.subscriber("second").await);
    let process = Process::start(&environment, &[&first, &second]).await;
    let transactions = (0..10).map(|thousand| environment.emit(thousand * 1_000 + 1..=thousand * 1_000 + 1_000));
    join_all(transactions).await;
    for subscriber in [&first, &second] {
        subscriber.wait_for(10_000).await;
    }
    process.end(&environment, &[&first, &second]).await;
    assert_eq!(first.effects().await, up_to(10_000));
    assert_eq!(second.effects().await, up_to(10_000));
}

pub async fn more_deliveries_than_a_bus_can_hold_lose_no_event(environment: BusEnvironment) {
    let subscriber = environment.subscriber("first").await;
    let gate = Arc::new(Semaphore::new(0));
    subscriber.set(1, Behaviour::Waits(Arc::clone(&gate)));
    let process = Process::start(&environment, &[&subscriber]).await;
    let deliveries = join_all((1..=300).map(|number| deliver(&*process.bus, vec![counted(number)])));
    let open = async {
        // The futures of `join_all` are polled before this one, so the bus has all deliveries.
        gate.add_permits(1_000);
    };
    futures_util::future::join(deliveries, open).await;
    subscriber.wait_for(300).await;
    process.end(&environment, &[&subscriber]).await;
    assert_eq!(subscriber.effects().await, up_to(300));
}

pub async fn two_relays_deliver_every_event_and_apply_none_twice(environment: BusEnvironment) {
    let subscriber = environment.subscriber("first").await;
    environment.emit(1..=1_500).await;
    let process = Process::start_with_relays(&environment, &[&subscriber], 2).await;
    environment.emit(1_501..=2_000).await;
    subscriber.wait_for(2_000).await;
    process.end(&environment, &[&subscriber]).await;
    assert_eq!(subscriber.effects().await, up_to(2_000));
}

pub async fn heavy_events_are_delivered(environment: BusEnvironment) {
    let subscriber = environment.subscriber("first").await;
    environment.emit_with_weight(0, 1..=3).await;
    environment.emit_with_weight(4_999, 4..=6).await;
    environment.emit_with_weight(50_000, 7..=9).await;
    environment.emit_with_weight(usize::MAX, 10..=12).await;
    environment.emit_with_weight(1, 13..=14).await;
    let process = Process::start(&environment, &[&subscriber]).await;
    subscriber.wait_for(14).await;
    process.end(&environment, &[&subscriber]).await;
    assert_eq!(subscriber.effects().await, up_to(14));
}

/// Publishes the events again until the bus takes them, as a relay does.
pub async fn deliver(bus: &dyn EventBus, events: Vec<Event>) {
    let events: Arc<[Event]> = events.into();
    let taken = async || bus.publish(Arc::clone(&events)).await.ok();
    harness::eventually("the bus takes the events", taken).await;
}
