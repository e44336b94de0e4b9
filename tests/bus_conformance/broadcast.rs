//! What the broadcast bus promises beyond the others: it has delivered only when every subscriber has committed.

use std::sync::Arc;

use contracts::Event;
use futures_util::future::{join, join_all};
use kernel::bus::PublishError;
use kernel::outbox::{Relay, RelayError};
use tokio::sync::Semaphore;

use crate::process::Process;
use crate::restarts::admit;
use crate::world::{Mood, World, counted};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn publishing_has_succeeded_only_when_every_subscriber_has_committed() {
    let world = World::new(crate::broadcast).await;
    let (first, second) = (world.probe("first").await, world.probe("second").await);
    let process = Process::start_with_relays(&world, &[&first, &second], 0).await;
    let events: Arc<[Event]> = (1..=20).map(counted).collect();
    process.bus.publish(events).await.unwrap();
    // No waiting here.
    assert_eq!(first.effects().await.len(), 20);
    assert_eq!(second.effects().await.len(), 20);
    process.end(&world, &[&first, &second]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_subscriber_could_not_take_stays_in_the_outbox_until_it_can() {
    let world = World::new(crate::broadcast).await;
    let elsewhere = harness::empty_database().await;
    let (down, other) = (world.probe_in(&elsewhere, "first").await, world.probe("second").await);
    let process = Process::start_with_relays(&world, &[&down, &other], 0).await;
    world.say(1..=3).await;
    admit(&world, &elsewhere, false).await;
    let relay = Relay::new(world.publisher(), Arc::clone(&process.bus));
    let refused = relay.relay_batch().await.unwrap_err();
    assert!(
        matches!(&refused, RelayError::Publish(PublishError::NotTaken { subscriber: "first", .. })),
        "this was not the reason: {refused}"
    );
    assert_eq!(world.outbox().await, [1, 2, 3]);
    assert_eq!(other.effects().await, [1, 2, 3], "the others have taken them all the same");

    admit(&world, &elsewhere, true).await;
    assert_eq!(relay.relay_batch().await.unwrap().events, 3);
    assert_eq!(down.effects().await, [1, 2, 3]);
    assert_eq!(other.effects().await, [1, 2, 3]);
    process.end(&world, &[&down, &other]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subscriber_without_its_inbox_holds_the_events_in_the_outbox_and_blames_none_of_them() {
    let world = World::new(crate::broadcast).await;
    let probe = world.probe("first").await;
    let process = Process::start_with_relays(&world, &[&probe], 0).await;
    world.say(1..=3).await;
    let mut connection = world.database.connect().await;
    sqlx::query("alter table first.inbox rename to mislaid").execute(&mut connection).await.unwrap();
    let relay = Relay::new(world.publisher(), Arc::clone(&process.bus));
    assert!(matches!(relay.relay_batch().await, Err(RelayError::Publish(PublishError::NotTaken { .. }))));
    assert_eq!(world.outbox().await, [1, 2, 3]);
    sqlx::query("alter table first.mislaid rename to inbox").execute(&mut connection).await.unwrap();
    assert_eq!(relay.relay_batch().await.unwrap().events, 3);
    assert_eq!(probe.effects().await, [1, 2, 3]);
    process.end(&world, &[&probe]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delivery_that_fell_out_of_the_channel_is_refused_and_arrives_when_it_is_published_again() {
    let world = World::new(crate::broadcast).await;
    let probe = world.probe("first").await;
    let gate = Arc::new(Semaphore::new(0));
    probe.set(1, Mood::Waits(Arc::clone(&gate)));
    let process = Process::start_with_relays(&world, &[&probe], 0).await;
    let publish = |number| process.bus.publish(Arc::new([counted(number)]));
    // Polled in order, so all are in the channel, or have been pushed out of it, before the gate opens.
    let publishing = join_all((1..=200).map(publish));
    let (answers, ()) = join(publishing, async { gate.add_permits(100) }).await;
    let refused: Vec<i64> =
        (1..).zip(&answers).filter(|(_, answer)| answer.is_err()).map(|(number, _)| number).collect();
    assert!(!refused.is_empty(), "the channel held two hundred deliveries: this test needs more");
    assert!(
        answers.iter().flat_map(|answer| answer.as_ref().err()).all(|error| matches!(error, PublishError::NoAnswer))
    );
    assert_eq!(probe.effects().await.len(), 200 - refused.len(), "what was refused has no effect, what was taken has");
    for number in refused {
        publish(number).await.unwrap();
    }
    assert_eq!(probe.effects().await, (1..=200).collect::<Vec<i64>>());
    process.end(&world, &[&probe]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_stop_every_event_has_taken_effect_or_is_in_the_outbox() {
    let world = World::new(crate::broadcast).await;
    let probe = world.probe("first").await;
    let gate = Arc::new(Semaphore::new(0));
    probe.set(1, Mood::Waits(Arc::clone(&gate)));
    world.say(1..=2_700).await;
    let process = Process::start(&world, &[&probe]).await;
    let begun = async || (world.outbox_locked().await > 0).then_some(());
    harness::eventually("a batch is under way", begun).await;
    process.shutdown.trigger();
    gate.add_permits(100);
    process.stop().await;
    let mut all = probe.effects().await;
    assert_eq!(all.len(), 2_000, "the batch that was under way, and no other");
    all.extend(world.outbox().await);
    assert_eq!(all, (1..=2_700).collect::<Vec<i64>>());
}
