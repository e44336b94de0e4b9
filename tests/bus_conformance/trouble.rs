//! Scenarios with handlers that are slow, fail, panic or give up.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use harness::eventually;
use kernel::inbox::RetryPolicy;
use tokio::sync::Semaphore;

use crate::delivery::deliver;
use crate::process::Process;
use crate::world::{Mood, Probe, World, counted, impatient};

pub async fn a_slow_subscriber_keeps_no_effect_from_others(world: World) {
    let (slow, other) = (world.probe("first").await, world.probe("second").await);
    let gate = Arc::new(Semaphore::new(0));
    slow.set(2, Mood::Waits(Arc::clone(&gate)));
    let process = Process::start_with_relays(&world, &[&slow, &other], 2).await;
    world.say([1, 2, 3]).await;
    other.wait_for(3).await;
    // It is still at it, so what is said now waits for it as well; the others go on.
    world.say([4]).await;
    other.wait_for(4).await;
    assert!(!slow.effects().await.contains(&2));
    gate.add_permits(100);
    slow.wait_for(4).await;
    process.end(&world, &[&slow, &other]).await;
    assert_eq!(slow.effects().await, [1, 2, 3, 4]);
    assert_eq!(other.effects().await, [1, 2, 3, 4]);
}

pub async fn a_failing_event_is_kept_and_tried_again(world: World) {
    is_kept_and_tried_again(world, Mood::Fails("the shelf is full"), "the shelf is full").await;
}

pub async fn a_panicking_event_is_kept_and_tried_again(world: World) {
    is_kept_and_tried_again(world, Mood::Panics("a shelf fell down"), "panicked: a shelf fell down").await;
}

async fn is_kept_and_tried_again(world: World, mood: Mood, reason: &str) {
    let (failing, other) = (world.probe("first").await, world.probe("second").await);
    failing.set(3, mood);
    let process = Process::start(&world, &[&failing, &other]).await;
    deliver(&*process.bus, (1..=5).map(counted).collect()).await;
    failing.wait_for(4).await;
    other.wait_for(5).await;
    assert_eq!(failing.effects().await, [1, 2, 4, 5], "a failure takes back its own effect and nobody else's");

    let kept = failing.wait_for_attempts(3, 1).await;
    assert_eq!((kept.state.as_str(), kept.last_error.as_deref()), ("retry", Some(reason)));
    assert_eq!(kept.pause_ms, Some(1_000));
    assert_eq!(failing.inbox.waiting().await.unwrap(), (1, 0));
    world.ambient.advance(TimeDelta::milliseconds(999));
    assert_eq!(failing.inbox.due().await.unwrap(), 0);
    assert!(!failing.inbox.retry_next().await.unwrap(), "it is not its time yet");
    // Each further pause is twice as long.
    for (attempts, pause_ms) in [(2, 2_000), (3, 4_000)] {
        world.ambient.advance(TimeDelta::milliseconds(pause_ms / 2));
        let kept = failing.wait_for_attempts(3, attempts).await;
        assert_eq!((kept.state.as_str(), kept.last_error.as_deref()), ("retry", Some(reason)));
        assert_eq!(kept.pause_ms, Some(pause_ms));
    }

    // Others go on meanwhile.
    world.say([6]).await;
    failing.wait_for(5).await;
    failing.clear();
    world.ambient.advance(TimeDelta::seconds(4));
    failing.wait_for(6).await;
    process.end(&world, &[&failing, &other]).await;
    assert_eq!(failing.effects().await, [1, 2, 3, 4, 5, 6]);
    assert_eq!(other.effects().await, [1, 2, 3, 4, 5, 6]);
}

pub async fn an_event_that_takes_for_ever_is_kept(world: World) {
    let probe = world.probe_with("first", impatient(Duration::from_millis(300))).await;
    probe.set(2, Mood::Waits(Arc::new(Semaphore::new(0))));
    let process = Process::start(&world, &[&probe]).await;
    deliver(&*process.bus, (1..=3).map(counted).collect()).await;
    probe.wait_for(2).await;
    let kept = probe.wait_for_attempts(2, 1).await;
    assert_eq!((kept.state.as_str(), kept.last_error.as_deref()), ("retry", Some("took longer than 300 ms")));
    probe.clear();
    world.ambient.advance(TimeDelta::seconds(1));
    probe.wait_for(3).await;
    process.end(&world, &[&probe]).await;
    assert_eq!(probe.effects().await, [1, 2, 3]);
}

pub async fn a_waiting_event_that_comes_again_takes_effect_once(world: World) {
    let probe = world.probe("first").await;
    probe.set(1, Mood::Fails("not now"));
    let process = Process::start(&world, &[&probe]).await;
    deliver(&*process.bus, vec![counted(1)]).await;
    probe.wait_for_attempts(1, 1).await;
    probe.clear();
    deliver(&*process.bus, vec![counted(1), counted(2)]).await;
    probe.wait_for(1).await;
    assert_eq!(probe.effects().await, [2], "its time had not come");
    world.ambient.advance(TimeDelta::seconds(1));
    probe.wait_for(2).await;
    deliver(&*process.bus, vec![counted(1)]).await;
    process.end(&world, &[&probe]).await;
    assert_eq!(probe.effects().await, [1, 2]);
}

pub async fn after_its_last_try_an_event_is_parked(world: World) {
    let policy = RetryPolicy { max_attempts: 3, longest_pause_ms: 1_500, ..RetryPolicy::default() };
    let probe = world.probe_with("first", policy).await;
    probe.set(1, Mood::Fails("never on a Monday"));
    let process = Process::start(&world, &[&probe]).await;
    deliver(&*process.bus, vec![counted(1), counted(2)]).await;
    assert_eq!(probe.wait_for_attempts(1, 1).await.state, "retry");
    world.ambient.advance(TimeDelta::seconds(1));
    let kept = probe.wait_for_attempts(1, 2).await;
    assert_eq!((kept.state.as_str(), kept.pause_ms), ("retry", Some(1_500)), "no pause is longer than that");
    world.ambient.advance(TimeDelta::milliseconds(1_500));
    assert_eq!(probe.wait_for_attempts(1, 3).await.state, "parked");
    world.ambient.advance(TimeDelta::days(1));
    assert!(!probe.inbox.retry_next().await.unwrap(), "what is parked waits for a person");
    probe.clear();
    assert!(probe.inbox.retry_parked(counted(1).id.uuid()).await.unwrap());
    probe.wait_for(2).await;
    process.end(&world, &[&probe]).await;
    assert_eq!(probe.effects().await, [1, 2]);
}

pub async fn poison_is_parked_at_once_and_can_be_retried(world: World) {
    let probe = world.probe("first").await;
    probe.set(2, Mood::GivesUp("nobody can read this"));
    let process = Process::start(&world, &[&probe]).await;
    deliver(&*process.bus, (1..=3).map(counted).collect()).await;
    probe.wait_for(2).await;
    let parked = wait_for_parked(&probe).await;
    assert_eq!((parked.event_id, parked.attempts), (counted(2).id.uuid(), 1));
    assert_eq!((parked.subscriber.as_str(), parked.last_error.as_str()), ("first", "nobody can read this"));
    assert_eq!(parked.event["data"]["number"], 2, "a person sees the whole event");

    // In vain: parked again, with the reason.
    assert!(probe.inbox.retry_parked(parked.event_id).await.unwrap());
    probe.wait_for_attempts(2, 1).await;
    assert_eq!(wait_for_parked(&probe).await.event_id, parked.event_id);
    // Mended: applied.
    probe.clear();
    assert!(probe.inbox.retry_parked(parked.event_id).await.unwrap());
    probe.wait_for(3).await;
    assert!(!probe.inbox.retry_parked(parked.event_id).await.unwrap(), "it is no longer parked");
    process.end(&world, &[&probe]).await;
    assert_eq!(probe.effects().await, [1, 2, 3]);
}

pub async fn a_discarded_event_never_takes_effect(world: World) {
    let probe = world.probe("first").await;
    probe.set(1, Mood::GivesUp("nobody can read this"));
    let process = Process::start(&world, &[&probe]).await;
    deliver(&*process.bus, vec![counted(1)]).await;
    let parked = wait_for_parked(&probe).await;
    probe.clear();
    assert!(probe.inbox.discard_parked(parked.event_id, "it was a test").await.unwrap());
    assert!(!probe.inbox.retry_parked(parked.event_id).await.unwrap());
    deliver(&*process.bus, vec![counted(1), counted(2)]).await;
    probe.wait_for(1).await;
    process.end(&world, &[&probe]).await;
    assert_eq!(probe.effects().await, [2]);
    let kept = probe.kept(1).await.unwrap();
    assert_eq!((kept.state.as_str(), kept.discard_reason.as_deref()), ("discarded", Some("it was a test")));
}

async fn wait_for_parked(probe: &Probe) -> kernel::inbox::ParkedEvent {
    let first = async || probe.inbox.list_parked(None, 10).await.unwrap().into_iter().next();
    eventually("an event is parked", first).await
}
