//! One conformance suite for every event bus: what `kernel::bus::EventBus` promises, shown with real inboxes on a real database.
//!
//! A second bus is one more function like `broadcast` and one more test like `the_broadcast_bus_conforms`.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on must fail")]

mod broadcast;
mod delivery;
mod outbox;
mod process;
mod rabbitmq;
mod restarts;
mod scenarios;
mod trouble;
mod world;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use futures_util::future::BoxFuture;
use kernel::bus::EventBus;
use piecework::bus::Broadcast;
use tokio::runtime::Builder;

use scenarios::{SCENARIOS, Scenario};
use world::{MakeBus, World};

/// Scenarios that run side by side: each has pools of its own, and other tests need connections too.
const SIDE_BY_SIDE: usize = 4;

#[test]
fn the_broadcast_bus_conforms() {
    conforms(broadcast);
}

/// In one process there is nothing that the buses of one realm would share.
fn broadcast(_realm: String) -> BoxFuture<'static, Arc<dyn EventBus>> {
    Box::pin(async { Arc::new(Broadcast::new()) as Arc<dyn EventBus> })
}

/// Runs every scenario, and names all that failed.
fn conforms(make_bus: MakeBus) {
    let next = AtomicUsize::new(0);
    let failed: Mutex<Vec<&str>> = Mutex::default();
    std::thread::scope(|threads| {
        for _ in 0..SIDE_BY_SIDE {
            threads.spawn(|| {
                while let Some(scenario) = SCENARIOS.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let passed = std::panic::catch_unwind(|| pass(scenario, make_bus));
                    if passed.is_err() {
                        failed.lock().unwrap().push(scenario.claim);
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "this is not so (the panics are above): {failed:#?}");
}

/// In a runtime of its own, so that nothing of one scenario reaches into the next.
fn pass(scenario: &Scenario, make_bus: MakeBus) {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async { (scenario.run)(World::new(make_bus).await).await });
    runtime.shutdown_background();
}
