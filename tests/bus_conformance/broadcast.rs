//! What only the broadcast bus guarantees: publishing succeeds after every subscriber has
//! committed.

use std::sync::Arc;

use contracts::Event;
use futures_util::future::{join, join_all};
use kernel::events::bus::PublishError;
use kernel::events::relay::{Relay, RelayError};
use tokio::sync::Semaphore;

use crate::environment::BusEnvironment;
use crate::facts::counted;
use crate::process::Process;
use crate::restarts::admit;
use crate::subscriber::Behaviour;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn publishing_succeeds_after_every_subscriber_has_committed() {
    let environment = BusEnvironment::new(crate::broadcast).await;
    let (first, second) = (environment.subscriber("first").await, environment.subscriber("second").await);
    let process = Process::start_with_relays(&environment, &[&first, &second], 0).await;
    let events: Arc<[Event]> = (1..=20).map(counted).collect();
    process.bus.publish(events).await.unwrap();
    // The effects exist without waiting.
    assert_eq!(first.effects().await.len(), 20);
    assert_eq!(second.effects().await.len(), 20);
    process.end(&environment, &[&first, &second]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_that_a_subscriber_cannot_take_stay_in_the_outbox_until_it_can() {
    let environment = BusEnvironment::new(crate::broadcast).await;
    let other_database = harness::empty_database().await;
    let (down, other) =
        (environment.subscriber_in(&other_database, "first").await, environment.subscriber("second").await);
    let process = Process::start_with_relays(&environment, &[&down, &other], 0).await;
    environment.emit(1..=3).await;
    admit(&environment, &other_database, false).await;
    let relay = Relay::new(environment.publisher(), Arc::clone(&process.bus));
    let refused = relay.relay_batch().await.unwrap_err();
    assert!(
        matches!(&refused, RelayError::Publish(PublishError::NotTaken { subscriber: "first", .. })),
        "another error: {refused}"
    );
    assert_eq!(environment.outbox().await, [1, 2, 3]);
    assert_eq!(other.effects().await, [1, 2, 3], "the other subscriber has applied the events");

    admit(&environment, &other_database, true).await;
    assert_eq!(relay.relay_batch().await.unwrap().events, 3);
    assert_eq!(down.effects().await, [1, 2, 3]);
    assert_eq!(other.effects().await, [1, 2, 3]);
    process.end(&environment, &[&down, &other]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subscriber_without_its_inbox_table_keeps_the_events_in_the_outbox_and_no_event_fails() {
    let environment = BusEnvironment::new(crate::broadcast).await;
    let subscriber = environment.subscriber("first").await;
    let process = Process::start_with_relays(&environment, &[&subscriber], 0).await;
    environment.emit(1..=3).await;
    let mut connection = environment.database.connect().await;
    sqlx::query("alter table first.inbox rename to renamed_inbox").execute(&mut connection).await.unwrap();
    let relay = Relay::new(environment.publisher(), Arc::clone(&process.bus));
    assert!(matches!(relay.relay_batch().await, Err(RelayError::Publish(PublishError::NotTaken { .. }))));
    assert_eq!(environment.outbox().await, [1, 2, 3]);
    sqlx::query("alter table first.renamed_inbox rename to inbox").execute(&mut connection).await.unwrap();
    assert_eq!(relay.relay_batch().await.unwrap().events, 3);
    assert_eq!(subscriber.effects().await, [1, 2, 3]);
    process.end(&environment, &[&subscriber]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delivery_that_the_channel_drops_is_refused_and_can_be_published_again() {
    let environment = BusEnvironment::new(crate::broadcast).await;
    let subscriber = environment.subscriber("first").await;
    let gate = Arc::new(Semaphore::new(0));
    subscriber.set(1, Behaviour::Waits(Arc::clone(&gate)));
    let process = Process::start_with_relays(&environment, &[&subscriber], 0).await;
    let publish = |number| process.bus.publish(Arc::new([counted(number)]));
    // The futures are polled in order: all deliveries are in the channel or dropped before the gate
    // opens.
    let publishing = join_all((1..=200).map(publish));
    let (answers, ()) = join(publishing, async { gate.add_permits(100) }).await;
    let refused: Vec<i64> =
        (1..).zip(&answers).filter(|(_, answer)| answer.is_err()).map(|(number, _)| number).collect();
    assert!(!refused.is_empty(), "the channel holds two hundred deliveries, so this test needs more");
    assert!(
        answers.iter().flat_map(|answer| answer.as_ref().err()).all(|error| matches!(error, PublishError::NoAnswer))
    );
    assert_eq!(subscriber.effects().await.len(), 200 - refused.len(), "exactly the accepted deliveries have an effect");
    for number in refused {
        publish(number).await.unwrap();
    }
    assert_eq!(subscriber.effects().await, (1..=200).collect::<Vec<i64>>());
    process.end(&environment, &[&subscriber]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_stop_every_event_is_applied_or_in_the_outbox() {
    let environment = BusEnvironment::new(crate::broadcast).await;
    let subscriber = environment.subscriber("first").await;
    let gate = Arc::new(Semaphore::new(0));
    subscriber.set(1, Behaviour::Waits(Arc::clone(&gate)));
    environment.emit(1..=2_700).await;
    let process = Process::start(&environment, &[&subscriber]).await;
    let started = async || (environment.outbox_locked().await > 0).then_some(());
    harness::eventually("a batch is in progress", started).await;
    process.shutdown.trigger();
    gate.add_permits(100);
    process.stop().await;
    let mut all = subscriber.effects().await;
    assert_eq!(all.len(), 2_000, "only the batch in progress is finished");
    all.extend(environment.outbox().await);
    assert_eq!(all, (1..=2_700).collect::<Vec<i64>>());
}
