//! The outbox and its relay: exactly the events of committed transactions are delivered.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use contracts::Event;
use futures_util::future::BoxFuture;
use harness::eventually;
use kernel::events::bus::{EventBus, PublishError};
use kernel::events::inbox::Inbox;
use kernel::events::outbox::count_pending;
use kernel::events::relay::{Relay, wait_for_delivery};
use kernel::runtime::shutdown::Shutdown;
use tokio::sync::Semaphore;

use crate::environment::BusEnvironment;
use crate::facts::Counted;

/// A bus that records the batches it is given.
struct Recorder {
    batches: Mutex<Vec<Vec<i64>>>,
    /// Each batch waits for a permit.
    gate: Semaphore,
    /// Whether publishing fails.
    refuses: bool,
}

impl Recorder {
    fn new() -> Arc<Self> {
        Arc::new(Self { batches: Mutex::default(), gate: Semaphore::new(Semaphore::MAX_PERMITS), refuses: false })
    }

    fn batches(&self) -> Vec<Vec<i64>> {
        self.batches.lock().unwrap().clone()
    }

    fn sizes(&self) -> Vec<usize> {
        self.batches().iter().map(Vec::len).collect()
    }
}

impl EventBus for Recorder {
    fn publish(&self, events: Arc<[Event]>) -> BoxFuture<'_, Result<(), PublishError>> {
        let numbers = events.iter().map(|event| event.fact::<Counted>().unwrap().number).collect();
        self.batches.lock().unwrap().push(numbers);
        Box::pin(async move {
            self.gate.acquire().await.unwrap().forget();
            if self.refuses { Err(PublishError::NoAnswer) } else { Ok(()) }
        })
    }

    fn subscribe(&self, _inbox: Arc<Inbox>) -> BoxFuture<'_, Result<(), PublishError>> {
        Box::pin(async { Ok(()) })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}

fn relay(environment: &BusEnvironment, bus: &Arc<Recorder>) -> Relay {
    Relay::new(environment.publisher(), Arc::clone(bus) as Arc<dyn EventBus>)
}

/// Relays batches until the outbox is empty.
async fn relay_all(relay: &Relay) {
    while relay.relay_batch().await.unwrap().events > 0 {}
}

#[tokio::test]
async fn an_event_of_a_transaction_that_rolls_back_is_never_delivered() {
    let environment = BusEnvironment::new(crate::broadcast).await;
    let publisher = environment.publisher();
    let (mut rolled_back, mut dropped) = (publisher.begin().await.unwrap(), publisher.begin().await.unwrap());
    rolled_back.emit(&Counted { number: 1, weight: 1 }).await.unwrap();
    dropped.emit(&Counted { number: 2, weight: 1 }).await.unwrap();
    let bus = Recorder::new();
    let relay = relay(&environment, &bus);
    assert_eq!(relay.relay_batch().await.unwrap().events, 0, "no transaction is committed yet");
    rolled_back.rollback().await.unwrap();
    drop(dropped);
    environment.emit([3]).await;
    relay_all(&relay).await;
    assert_eq!(bus.batches(), [[3]]);
}

#[tokio::test]
async fn an_event_that_commits_after_later_ones_were_delivered_is_delivered_too() {
    let environment = BusEnvironment::new(crate::broadcast).await;
    let mut slow = environment.publisher().begin().await.unwrap();
    slow.emit(&Counted { number: 1, weight: 1 }).await.unwrap();
    environment.emit([2, 3]).await;
    let bus = Recorder::new();
    let relay = relay(&environment, &bus);
    relay_all(&relay).await;
    slow.commit().await.unwrap();
    relay_all(&relay).await;
    assert_eq!(bus.batches(), [vec![2, 3], vec![1]]);
}

#[tokio::test]
async fn an_event_is_relayed_even_if_the_relay_is_not_woken() {
    let environment = BusEnvironment::new(crate::broadcast).await;
    let bus = Recorder::new();
    let shutdown = Shutdown::default();
    let running = tokio::spawn(relay(&environment, &bus).run(shutdown.signal()));
    // A pool wakes its own relay only. `emit` uses another pool, like another process.
    environment.emit([1]).await;
    eventually("the relay reads the outbox by itself", async || (bus.batches().len() == 1).then_some(())).await;
    environment.emit([2]).await;
    eventually("the relay reads the outbox again", async || (bus.batches().len() == 2).then_some(())).await;
    shutdown.trigger();
    running.await.unwrap();
    assert_eq!(bus.batches(), [[1], [2]]);
}

#[tokio::test]
async fn a_batch_ends_at_its_maximum_number_of_events() {
    let environment = BusEnvironment::new(crate::broadcast).await;
    environment.emit(1..=4_201).await;
    let bus = Recorder::new();
    relay_all(&relay(&environment, &bus)).await;
    assert_eq!(bus.sizes(), [2_000, 2_000, 201]);
    assert_eq!(bus.batches().concat(), (1..=4_201).collect::<Vec<i64>>());
}

#[tokio::test]
async fn a_batch_ends_with_the_event_that_reaches_the_maximum_weight() {
    let environment = BusEnvironment::new(crate::broadcast).await;
    environment.emit_with_weight(800, 1..=4).await;
    environment.emit_with_weight(usize::MAX, 5..=6).await;
    environment.emit_with_weight(0, 7..=8).await;
    let bus = Recorder::new();
    relay_all(&relay(&environment, &bus)).await;
    // The event that reaches the maximum weight is the last of its batch.
    assert_eq!(bus.batches(), [vec![1, 2, 3], vec![4, 5], vec![6], vec![7, 8]]);
}

#[tokio::test]
async fn events_that_the_bus_refuses_stay_in_the_outbox() {
    let environment = BusEnvironment::new(crate::broadcast).await;
    environment.emit(1..=3).await;
    let refusing = Arc::new(Recorder { batches: Mutex::default(), gate: Semaphore::new(10), refuses: true });
    assert!(relay(&environment, &refusing).relay_batch().await.is_err());
    assert_eq!(count_pending(&mut environment.database.connect().await, "publisher").await.unwrap(), 3);
    let bus = Recorder::new();
    relay_all(&relay(&environment, &bus)).await;
    assert_eq!(bus.batches(), [[1, 2, 3]]);
    assert_eq!(count_pending(&mut environment.database.connect().await, "publisher").await.unwrap(), 0);
}

#[tokio::test]
async fn two_relays_share_the_outbox_and_never_publish_the_same_event_at_the_same_time() {
    let environment = BusEnvironment::new(crate::broadcast).await;
    environment.emit(1..=2_700).await;
    let bus = Arc::new(Recorder { batches: Mutex::default(), gate: Semaphore::new(0), refuses: false });
    let (first, second) = (relay(&environment, &bus), relay(&environment, &bus));
    let first = tokio::spawn(async move { first.relay_batch().await.unwrap().events });
    eventually("the first relay has its batch", async || (bus.batches().len() == 1).then_some(())).await;
    let second = tokio::spawn(async move { second.relay_batch().await.unwrap().events });
    eventually("the second relay takes the rest", async || (bus.batches().len() == 2).then_some(())).await;
    bus.gate.add_permits(2);
    assert_eq!((first.await.unwrap(), second.await.unwrap()), (2_000, 700));
    assert_eq!(bus.batches().concat(), (1..=2_700).collect::<Vec<i64>>());
}

#[tokio::test]
async fn with_a_backlog_the_next_batch_is_read_while_one_is_delivered() {
    let environment = BusEnvironment::new(crate::broadcast).await;
    environment.emit(1..=2_100).await;
    let bus = Arc::new(Recorder { batches: Mutex::default(), gate: Semaphore::new(0), refuses: false });
    let shutdown = Shutdown::default();
    let running = tokio::spawn(relay(&environment, &bus).run(shutdown.signal()));
    eventually("both batches are read", async || (environment.outbox_locked().await == 2).then_some(())).await;
    assert_eq!(bus.sizes(), [2_000], "one batch is delivered at a time");
    bus.gate.add_permits(2);
    eventually("every event is delivered", async || environment.outbox().await.is_empty().then_some(())).await;
    assert_eq!(bus.batches().concat(), (1..=2_100).collect::<Vec<i64>>());
    shutdown.trigger();
    running.await.unwrap();
}

#[tokio::test]
async fn the_batch_that_was_read_ahead_is_rolled_back_with_the_refused_one() {
    let environment = BusEnvironment::new(crate::broadcast).await;
    environment.emit(1..=2_100).await;
    let bus = Arc::new(Recorder { batches: Mutex::default(), gate: Semaphore::new(10), refuses: true });
    let shutdown = Shutdown::default();
    let running = tokio::spawn(relay(&environment, &bus).run(shutdown.signal()));
    eventually("the batch is published again", async || (bus.batches().len() >= 2).then_some(())).await;
    shutdown.trigger();
    running.await.unwrap();
    assert!(
        bus.batches().iter().all(|batch| batch[..] == (1..=2_000).collect::<Vec<i64>>()),
        "the first batch stays the same"
    );
    assert_eq!(environment.outbox().await.len(), 2_100);
}

#[tokio::test]
async fn bulk_work_can_wait_until_its_events_are_delivered() {
    const PATIENCE: Duration = Duration::from_secs(60);
    let environment = BusEnvironment::new(crate::broadcast).await;
    let publisher = environment.publisher();
    let bus = Arc::new(Recorder { batches: Mutex::default(), gate: Semaphore::new(0), refuses: false });
    environment.emit_with_weight(5, 1..=2).await;
    wait_for_delivery(&publisher, 11, PATIENCE).await.unwrap();
    wait_for_delivery(&publisher, 10, Duration::ZERO).await.unwrap();
    let relay = Relay::new(publisher.clone(), Arc::clone(&bus) as Arc<dyn EventBus>);
    let waiting = tokio::spawn(async move { wait_for_delivery(&publisher, 10, PATIENCE).await });
    let relaying = tokio::spawn(async move { relay.relay_batch().await });
    eventually("the events are being delivered", async || (bus.batches().len() == 1).then_some(())).await;
    assert!(!waiting.is_finished());
    bus.gate.add_permits(1);
    assert_eq!(relaying.await.unwrap().unwrap().events, 2);
    waiting.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_relay_that_is_stopped_finishes_its_batch_and_starts_no_other() {
    let environment = BusEnvironment::new(crate::broadcast).await;
    environment.emit(1..=2_100).await;
    let bus = Arc::new(Recorder { batches: Mutex::default(), gate: Semaphore::new(0), refuses: false });
    let shutdown = Shutdown::default();
    let running = tokio::spawn(relay(&environment, &bus).run(shutdown.signal()));
    eventually("the first batch is in progress", async || (bus.batches().len() == 1).then_some(())).await;
    shutdown.trigger();
    bus.gate.add_permits(10);
    running.await.unwrap();
    assert_eq!(bus.sizes(), [2_000]);
    assert_eq!(environment.outbox().await, (2_001..=2_100).collect::<Vec<i64>>());
}
