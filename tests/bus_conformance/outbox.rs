//! The outbox and its relay: what is committed is delivered, what is not is never seen.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use contracts::Event;
use futures_util::future::BoxFuture;
use harness::eventually;
use kernel::bus::{EventBus, PublishError};
use kernel::inbox::Inbox;
use kernel::outbox::{Relay, pending, wait_for_delivery};
use kernel::shutdown::Shutdown;
use tokio::sync::Semaphore;

use crate::world::{Counted, World};

/// Notes what it is given to carry.
struct Recorder {
    batches: Mutex<Vec<Vec<i64>>>,
    /// Each batch waits for a permit.
    gate: Semaphore,
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

fn relay(world: &World, bus: &Arc<Recorder>) -> Relay {
    Relay::new(world.publisher(), Arc::clone(bus) as Arc<dyn EventBus>)
}

/// Relays until there is nothing left.
async fn relay_all(relay: &Relay) {
    while relay.relay_batch().await.unwrap().events > 0 {}
}

#[tokio::test]
async fn an_event_of_a_transaction_that_rolls_back_is_never_seen() {
    let world = World::new(crate::broadcast).await;
    let publisher = world.publisher();
    let (mut rolled_back, mut dropped) = (publisher.begin().await.unwrap(), publisher.begin().await.unwrap());
    rolled_back.emit(&Counted { number: 1, weight: 1 }).await.unwrap();
    dropped.emit(&Counted { number: 2, weight: 1 }).await.unwrap();
    let bus = Recorder::new();
    let relay = relay(&world, &bus);
    assert_eq!(relay.relay_batch().await.unwrap().events, 0, "nothing is committed yet");
    rolled_back.rollback().await.unwrap();
    drop(dropped);
    world.say([3]).await;
    relay_all(&relay).await;
    assert_eq!(bus.batches(), [[3]]);
}

#[tokio::test]
async fn an_event_that_commits_after_later_ones_were_delivered_is_delivered_too() {
    let world = World::new(crate::broadcast).await;
    let mut slow = world.publisher().begin().await.unwrap();
    slow.emit(&Counted { number: 1, weight: 1 }).await.unwrap();
    world.say([2, 3]).await;
    let bus = Recorder::new();
    let relay = relay(&world, &bus);
    relay_all(&relay).await;
    slow.commit().await.unwrap();
    relay_all(&relay).await;
    assert_eq!(bus.batches(), [vec![2, 3], vec![1]]);
}

#[tokio::test]
async fn an_event_is_seen_even_if_nobody_said_that_it_is_there() {
    let world = World::new(crate::broadcast).await;
    let bus = Recorder::new();
    let shutdown = Shutdown::default();
    let running = tokio::spawn(relay(&world, &bus).run(shutdown.signal()));
    // Each pool wakes its own relay alone; `say` has one of its own, as another process has.
    world.say([1]).await;
    eventually("the relay looks by itself", async || (bus.batches().len() == 1).then_some(())).await;
    world.say([2]).await;
    eventually("the relay goes on looking", async || (bus.batches().len() == 2).then_some(())).await;
    shutdown.trigger();
    running.await.unwrap();
    assert_eq!(bus.batches(), [[1], [2]]);
}

#[tokio::test]
async fn a_batch_ends_at_its_number_of_events() {
    let world = World::new(crate::broadcast).await;
    world.say(1..=4_201).await;
    let bus = Recorder::new();
    relay_all(&relay(&world, &bus)).await;
    assert_eq!(bus.sizes(), [2_000, 2_000, 201]);
    assert_eq!(bus.batches().concat(), (1..=4_201).collect::<Vec<i64>>());
}

#[tokio::test]
async fn a_batch_ends_at_its_weight_and_the_heaviest_event_goes_alone() {
    let world = World::new(crate::broadcast).await;
    world.say_weighing(800, 1..=4).await;
    world.say_weighing(usize::MAX, 5..=6).await;
    world.say_weighing(0, 7..=8).await;
    let bus = Recorder::new();
    relay_all(&relay(&world, &bus)).await;
    // The event with which the weight is reached is the last of its batch.
    assert_eq!(bus.batches(), [vec![1, 2, 3], vec![4, 5], vec![6], vec![7, 8]]);
}

#[tokio::test]
async fn what_the_bus_refuses_stays_where_it_is() {
    let world = World::new(crate::broadcast).await;
    world.say(1..=3).await;
    let refusing = Arc::new(Recorder { batches: Mutex::default(), gate: Semaphore::new(10), refuses: true });
    assert!(relay(&world, &refusing).relay_batch().await.is_err());
    assert_eq!(pending(&mut world.database.connect().await, "publisher").await.unwrap(), 3);
    let bus = Recorder::new();
    relay_all(&relay(&world, &bus)).await;
    assert_eq!(bus.batches(), [[1, 2, 3]]);
    assert_eq!(pending(&mut world.database.connect().await, "publisher").await.unwrap(), 0);
}

#[tokio::test]
async fn two_relays_share_the_work_and_never_carry_the_same_event_at_once() {
    let world = World::new(crate::broadcast).await;
    world.say(1..=2_700).await;
    let bus = Arc::new(Recorder { batches: Mutex::default(), gate: Semaphore::new(0), refuses: false });
    let (first, second) = (relay(&world, &bus), relay(&world, &bus));
    let first = tokio::spawn(async move { first.relay_batch().await.unwrap().events });
    eventually("the first has its batch", async || (bus.batches().len() == 1).then_some(())).await;
    let second = tokio::spawn(async move { second.relay_batch().await.unwrap().events });
    eventually("the second takes what is left", async || (bus.batches().len() == 2).then_some(())).await;
    bus.gate.add_permits(2);
    assert_eq!((first.await.unwrap(), second.await.unwrap()), (2_000, 700));
    assert_eq!(bus.batches().concat(), (1..=2_700).collect::<Vec<i64>>());
}

#[tokio::test]
async fn of_a_backlog_the_next_batch_is_taken_out_while_one_is_delivered() {
    let world = World::new(crate::broadcast).await;
    world.say(1..=2_100).await;
    let bus = Arc::new(Recorder { batches: Mutex::default(), gate: Semaphore::new(0), refuses: false });
    let shutdown = Shutdown::default();
    let running = tokio::spawn(relay(&world, &bus).run(shutdown.signal()));
    eventually("both batches are taken out", async || (world.outbox_locked().await == 2).then_some(())).await;
    assert_eq!(bus.sizes(), [2_000], "one is delivered at a time");
    bus.gate.add_permits(2);
    eventually("all is delivered", async || world.outbox().await.is_empty().then_some(())).await;
    assert_eq!(bus.batches().concat(), (1..=2_100).collect::<Vec<i64>>());
    shutdown.trigger();
    running.await.unwrap();
}

#[tokio::test]
async fn what_was_taken_ahead_goes_back_with_the_batch_that_is_refused() {
    let world = World::new(crate::broadcast).await;
    world.say(1..=2_100).await;
    let bus = Arc::new(Recorder { batches: Mutex::default(), gate: Semaphore::new(10), refuses: true });
    let shutdown = Shutdown::default();
    let running = tokio::spawn(relay(&world, &bus).run(shutdown.signal()));
    eventually("it was tried again", async || (bus.batches().len() >= 2).then_some(())).await;
    shutdown.trigger();
    running.await.unwrap();
    assert!(bus.batches().iter().all(|batch| batch[..] == (1..=2_000).collect::<Vec<i64>>()), "the same first");
    assert_eq!(world.outbox().await.len(), 2_100);
}

#[tokio::test]
async fn bulk_work_can_wait_until_what_follows_from_it_is_delivered() {
    const PATIENCE: Duration = Duration::from_secs(60);
    let world = World::new(crate::broadcast).await;
    let publisher = world.publisher();
    let bus = Arc::new(Recorder { batches: Mutex::default(), gate: Semaphore::new(0), refuses: false });
    world.say_weighing(5, 1..=2).await;
    wait_for_delivery(&publisher, 11, PATIENCE).await.unwrap();
    wait_for_delivery(&publisher, 10, Duration::ZERO).await.unwrap();
    let relay = Relay::new(publisher.clone(), Arc::clone(&bus) as Arc<dyn EventBus>);
    let waiting = tokio::spawn(async move { wait_for_delivery(&publisher, 10, PATIENCE).await });
    let relaying = tokio::spawn(async move { relay.relay_batch().await });
    eventually("they are on their way", async || (bus.batches().len() == 1).then_some(())).await;
    assert!(!waiting.is_finished());
    bus.gate.add_permits(1);
    assert_eq!(relaying.await.unwrap().unwrap().events, 2);
    waiting.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_relay_that_is_stopped_finishes_its_batch_and_begins_no_other() {
    let world = World::new(crate::broadcast).await;
    world.say(1..=2_100).await;
    let bus = Arc::new(Recorder { batches: Mutex::default(), gate: Semaphore::new(0), refuses: false });
    let shutdown = Shutdown::default();
    let running = tokio::spawn(relay(&world, &bus).run(shutdown.signal()));
    eventually("the first batch is under way", async || (bus.batches().len() == 1).then_some(())).await;
    shutdown.trigger();
    bus.gate.add_permits(10);
    running.await.unwrap();
    assert_eq!(bus.sizes(), [2_000]);
    assert_eq!(world.outbox().await, (2_001..=2_100).collect::<Vec<i64>>());
}
