//! Scenarios without trouble: everything arrives, takes effect once, and in whatever order and quantity.

use std::sync::Arc;

use contracts::Event;
use futures_util::future::join_all;
use kernel::Ambient;
use kernel::bus::EventBus;
use tokio::sync::Semaphore;

use crate::process::Process;
use crate::world::{Mood, Whispered, World, counted};

/// Once each, `1..=last`.
fn up_to(last: i64) -> Vec<i64> {
    (1..=last).collect()
}

pub async fn every_event_takes_effect_at_every_subscriber(world: World) {
    let (first, second) = (world.probe("first").await, world.probe("second").await);
    // One before anybody is there to relay it, others afterwards.
    world.say([1]).await;
    let process = Process::start(&world, &[&first, &second]).await;
    world.say([2, 3]).await;
    world.say([4]).await;
    for probe in [&first, &second] {
        probe.wait_for(4).await;
    }
    process.end(&world, &[&first, &second]).await;
    assert_eq!(first.effects().await, up_to(4));
    assert_eq!(second.effects().await, up_to(4));
}

pub async fn an_event_that_is_delivered_again_takes_effect_once(world: World) {
    let probe = world.probe("first").await;
    let process = Process::start(&world, &[&probe]).await;
    // Twice in one delivery, again in a later one together with a new one, and many times at once.
    deliver(&*process.bus, vec![counted(1), counted(1), counted(2)]).await;
    deliver(&*process.bus, vec![counted(2), counted(3), counted(1)]).await;
    join_all((0..8).map(|_| deliver(&*process.bus, vec![counted(4), counted(3), counted(5)]))).await;
    probe.wait_for(5).await;
    process.end(&world, &[&probe]).await;
    assert_eq!(probe.effects().await, up_to(5));
}

pub async fn any_order_and_company_will_do(world: World) {
    let (first, second) = (world.probe("first").await, world.probe("second").await);
    let process = Process::start(&world, &[&first, &second]).await;
    let chance = Ambient::manual(world.ambient.now(), 20_261_102);
    let last = 120_i64;
    // Each number at least once, some of them twice, shuffled, cut into deliveries of chance sizes, several at once.
    let mut numbers: Vec<i64> = (1..=last).chain((1..=last).filter(|_| chance.uniform(0, 2) == 0)).collect();
    for place in (1..numbers.len()).rev() {
        numbers.swap(place, usize::try_from(chance.uniform(0, i64::try_from(place).unwrap())).unwrap());
    }
    let mut deliveries = Vec::new();
    while !numbers.is_empty() {
        let size = usize::try_from(chance.uniform(1, 15)).unwrap().min(numbers.len());
        deliveries.push(numbers.split_off(numbers.len() - size).into_iter().map(counted).collect::<Vec<Event>>());
    }
    for at_once in deliveries.chunks(4) {
        join_all(at_once.iter().map(|events| deliver(&*process.bus, events.clone()))).await;
    }
    for probe in [&first, &second] {
        probe.wait_for(120).await;
    }
    process.end(&world, &[&first, &second]).await;
    assert_eq!(first.effects().await, up_to(last));
    assert_eq!(second.effects().await, up_to(last));
}

pub async fn types_that_nobody_asked_for_leave_no_trace(world: World) {
    let probe = world.probe("first").await;
    let process = Process::start(&world, &[&probe]).await;
    let whispered = harness::event(2, &Whispered {});
    deliver(&*process.bus, vec![whispered.clone()]).await;
    deliver(&*process.bus, vec![counted(1), whispered, counted(3)]).await;
    probe.wait_for(2).await;
    process.end(&world, &[&probe]).await;
    assert_eq!(probe.effects().await, [1, 3]);
    assert!(probe.kept(2).await.is_none(), "an event that nobody asked for is in an inbox");
}

pub async fn ten_thousand_events_take_effect_exactly_once(world: World) {
    let (first, second) = (world.probe("first").await, world.probe("second").await);
    let process = Process::start(&world, &[&first, &second]).await;
    let transactions = (0..10).map(|thousand| world.say(thousand * 1_000 + 1..=thousand * 1_000 + 1_000));
    join_all(transactions).await;
    for probe in [&first, &second] {
        probe.wait_for(10_000).await;
    }
    process.end(&world, &[&first, &second]).await;
    assert_eq!(first.effects().await, up_to(10_000));
    assert_eq!(second.effects().await, up_to(10_000));
}

pub async fn more_deliveries_than_a_bus_can_hold_lose_nothing(world: World) {
    let probe = world.probe("first").await;
    let gate = Arc::new(Semaphore::new(0));
    probe.set(1, Mood::Waits(Arc::clone(&gate)));
    let process = Process::start(&world, &[&probe]).await;
    let deliveries = join_all((1..=300).map(|number| deliver(&*process.bus, vec![counted(number)])));
    let open = async {
        // By now all have been handed to the bus: the futures of `join_all` are polled in turn before this one.
        gate.add_permits(1_000);
    };
    futures_util::future::join(deliveries, open).await;
    probe.wait_for(300).await;
    process.end(&world, &[&probe]).await;
    assert_eq!(probe.effects().await, up_to(300));
}

pub async fn two_relays_deliver_everything_and_double_nothing(world: World) {
    let probe = world.probe("first").await;
    world.say(1..=1_500).await;
    let process = Process::start_with_relays(&world, &[&probe], 2).await;
    world.say(1_501..=2_000).await;
    probe.wait_for(2_000).await;
    process.end(&world, &[&probe]).await;
    assert_eq!(probe.effects().await, up_to(2_000));
}

pub async fn events_of_great_weight_go_as_well(world: World) {
    let probe = world.probe("first").await;
    world.say_weighing(0, 1..=3).await;
    world.say_weighing(4_999, 4..=6).await;
    world.say_weighing(50_000, 7..=9).await;
    world.say_weighing(usize::MAX, 10..=12).await;
    world.say_weighing(1, 13..=14).await;
    let process = Process::start(&world, &[&probe]).await;
    probe.wait_for(14).await;
    process.end(&world, &[&probe]).await;
    assert_eq!(probe.effects().await, up_to(14));
}

/// As a relay does: until the bus has taken the events, again and again.
pub async fn deliver(bus: &dyn EventBus, events: Vec<Event>) {
    let events: Arc<[Event]> = events.into();
    let taken = async || bus.publish(Arc::clone(&events)).await.ok();
    harness::eventually("the bus takes the events", taken).await;
}
