//! Scenarios with subscribers that are slow, fail, panic or give up.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use harness::eventually;
use kernel::events::inbox::RetryPolicy;
use tokio::sync::Semaphore;

use crate::delivery::deliver;
use crate::environment::BusEnvironment;
use crate::facts::counted;
use crate::process::Process;
use crate::subscriber::{Behaviour, TestSubscriber, with_apply_timeout};

pub async fn a_slow_subscriber_delays_no_other_subscriber(environment: BusEnvironment) {
    let (slow, other) = (environment.subscriber("first").await, environment.subscriber("second").await);
    let gate = Arc::new(Semaphore::new(0));
    slow.set(2, Behaviour::Waits(Arc::clone(&gate)));
    let process = Process::start_with_relays(&environment, &[&slow, &other], 2).await;
    environment.emit([1, 2, 3]).await;
    other.wait_for(3).await;
    // A later event waits for the slow subscriber as well. The other subscriber applies it.
    environment.emit([4]).await;
    other.wait_for(4).await;
    assert!(!slow.effects().await.contains(&2));
    gate.add_permits(100);
    slow.wait_for(4).await;
    process.end(&environment, &[&slow, &other]).await;
    assert_eq!(slow.effects().await, [1, 2, 3, 4]);
    assert_eq!(other.effects().await, [1, 2, 3, 4]);
}

pub async fn a_failing_event_is_stored_and_retried(environment: BusEnvironment) {
    is_stored_and_retried(environment, Behaviour::Fails("the shelf is full"), "the shelf is full").await;
}

pub async fn a_panicking_event_is_stored_and_retried(environment: BusEnvironment) {
    is_stored_and_retried(environment, Behaviour::Panics("a shelf fell down"), "panicked: a shelf fell down").await;
}

async fn is_stored_and_retried(environment: BusEnvironment, behaviour: Behaviour, reason: &str) {
    let (failing, other) = (environment.subscriber("first").await, environment.subscriber("second").await);
    failing.set(3, behaviour);
    let process = Process::start(&environment, &[&failing, &other]).await;
    deliver(&*process.bus, (1..=5).map(counted).collect()).await;
    failing.wait_for(4).await;
    other.wait_for(5).await;
    assert_eq!(failing.effects().await, [1, 2, 4, 5], "a failure undoes the effect of its own event only");

    let row = failing.wait_for_attempts(3, 1).await;
    assert_eq!((row.state.as_str(), row.last_error.as_deref()), ("retry", Some(reason)));
    assert_eq!(row.pause_ms, Some(1_000));
    assert_eq!(failing.inbox.count_waiting().await.unwrap(), (1, 0));
    environment.ambient.advance(TimeDelta::milliseconds(999));
    assert_eq!(failing.inbox.count_due().await.unwrap(), 0);
    assert!(!failing.inbox.retry_next().await.unwrap(), "the retry is not due yet");
    // Each further pause is twice as long.
    for (attempts, pause_ms) in [(2, 2_000), (3, 4_000)] {
        environment.ambient.advance(TimeDelta::milliseconds(pause_ms / 2));
        let row = failing.wait_for_attempts(3, attempts).await;
        assert_eq!((row.state.as_str(), row.last_error.as_deref()), ("retry", Some(reason)));
        assert_eq!(row.pause_ms, Some(pause_ms));
    }

    // Other events are applied meanwhile.
    environment.emit([6]).await;
    failing.wait_for(5).await;
    failing.clear();
    environment.ambient.advance(TimeDelta::seconds(4));
    failing.wait_for(6).await;
    process.end(&environment, &[&failing, &other]).await;
    assert_eq!(failing.effects().await, [1, 2, 3, 4, 5, 6]);
    assert_eq!(other.effects().await, [1, 2, 3, 4, 5, 6]);
}

pub async fn an_event_that_exceeds_its_time_limit_is_stored(environment: BusEnvironment) {
    let subscriber = environment.subscriber_with("first", with_apply_timeout(Duration::from_millis(300))).await;
    subscriber.set(2, Behaviour::Waits(Arc::new(Semaphore::new(0))));
    let process = Process::start(&environment, &[&subscriber]).await;
    deliver(&*process.bus, (1..=3).map(counted).collect()).await;
    subscriber.wait_for(2).await;
    let row = subscriber.wait_for_attempts(2, 1).await;
    assert_eq!((row.state.as_str(), row.last_error.as_deref()), ("retry", Some("took longer than 300 ms")));
    subscriber.clear();
    environment.ambient.advance(TimeDelta::seconds(1));
    subscriber.wait_for(3).await;
    process.end(&environment, &[&subscriber]).await;
    assert_eq!(subscriber.effects().await, [1, 2, 3]);
}

pub async fn an_event_that_waits_for_a_retry_and_is_delivered_again_takes_effect_once(environment: BusEnvironment) {
    let subscriber = environment.subscriber("first").await;
    subscriber.set(1, Behaviour::Fails("not now"));
    let process = Process::start(&environment, &[&subscriber]).await;
    deliver(&*process.bus, vec![counted(1)]).await;
    subscriber.wait_for_attempts(1, 1).await;
    subscriber.clear();
    deliver(&*process.bus, vec![counted(1), counted(2)]).await;
    subscriber.wait_for(1).await;
    assert_eq!(subscriber.effects().await, [2], "the retry is not due yet");
    environment.ambient.advance(TimeDelta::seconds(1));
    subscriber.wait_for(2).await;
    deliver(&*process.bus, vec![counted(1)]).await;
    process.end(&environment, &[&subscriber]).await;
    assert_eq!(subscriber.effects().await, [1, 2]);
}

pub async fn after_its_last_attempt_an_event_is_parked(environment: BusEnvironment) {
    let policy = RetryPolicy { max_attempts: 3, longest_pause_ms: 1_500, ..RetryPolicy::default() };
    let subscriber = environment.subscriber_with("first", policy).await;
    subscriber.set(1, Behaviour::Fails("never on a Monday"));
    let process = Process::start(&environment, &[&subscriber]).await;
    deliver(&*process.bus, vec![counted(1), counted(2)]).await;
    assert_eq!(subscriber.wait_for_attempts(1, 1).await.state, "retry");
    environment.ambient.advance(TimeDelta::seconds(1));
    let row = subscriber.wait_for_attempts(1, 2).await;
    assert_eq!((row.state.as_str(), row.pause_ms), ("retry", Some(1_500)), "the longest pause is the limit");
    environment.ambient.advance(TimeDelta::milliseconds(1_500));
    assert_eq!(subscriber.wait_for_attempts(1, 3).await.state, "parked");
    environment.ambient.advance(TimeDelta::days(1));
    assert!(!subscriber.inbox.retry_next().await.unwrap(), "a parked event waits for an admin");
    subscriber.clear();
    assert!(subscriber.inbox.retry_parked(counted(1).id.uuid()).await.unwrap());
    subscriber.wait_for(2).await;
    process.end(&environment, &[&subscriber]).await;
    assert_eq!(subscriber.effects().await, [1, 2]);
}

pub async fn an_event_that_cannot_be_applied_is_parked_immediately_and_can_be_retried(environment: BusEnvironment) {
    let subscriber = environment.subscriber("first").await;
    subscriber.set(2, Behaviour::GivesUp("unreadable"));
    let process = Process::start(&environment, &[&subscriber]).await;
    deliver(&*process.bus, (1..=3).map(counted).collect()).await;
    subscriber.wait_for(2).await;
    let parked = wait_for_parked(&subscriber).await;
    assert_eq!((parked.event_id, parked.attempts), (counted(2).id.uuid(), 1));
    assert_eq!((parked.subscriber.as_str(), parked.last_error.as_str()), ("first", "unreadable"));
    assert_eq!(parked.event["data"]["number"], 2, "an admin sees the complete event");

    // A retry fails and parks the event again.
    assert!(subscriber.inbox.retry_parked(parked.event_id).await.unwrap());
    subscriber.wait_for_attempts(2, 1).await;
    assert_eq!(wait_for_parked(&subscriber).await.event_id, parked.event_id);
    // A retry succeeds after the subscriber is repaired.
    subscriber.clear();
    assert!(subscriber.inbox.retry_parked(parked.event_id).await.unwrap());
    subscriber.wait_for(3).await;
    assert!(!subscriber.inbox.retry_parked(parked.event_id).await.unwrap(), "it is no longer parked");
    process.end(&environment, &[&subscriber]).await;
    assert_eq!(subscriber.effects().await, [1, 2, 3]);
}

pub async fn a_discarded_event_never_takes_effect(environment: BusEnvironment) {
    let subscriber = environment.subscriber("first").await;
    subscriber.set(1, Behaviour::GivesUp("unreadable"));
    let process = Process::start(&environment, &[&subscriber]).await;
    deliver(&*process.bus, vec![counted(1)]).await;
    let parked = wait_for_parked(&subscriber).await;
    subscriber.clear();
    assert!(subscriber.inbox.discard_parked(parked.event_id, "it was a test").await.unwrap());
    assert!(!subscriber.inbox.retry_parked(parked.event_id).await.unwrap());
    deliver(&*process.bus, vec![counted(1), counted(2)]).await;
    subscriber.wait_for(1).await;
    process.end(&environment, &[&subscriber]).await;
    assert_eq!(subscriber.effects().await, [2]);
    let row = subscriber.inbox_row(1).await.unwrap();
    assert_eq!((row.state.as_str(), row.discard_reason.as_deref()), ("discarded", Some("it was a test")));
}

async fn wait_for_parked(subscriber: &TestSubscriber) -> kernel::events::inbox::ParkedEvent {
    let first = async || subscriber.inbox.list_parked(None, 10).await.unwrap().into_iter().next();
    eventually("an event is parked", first).await
}
