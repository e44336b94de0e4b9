//! One conformance suite for every event bus: the guarantees of `kernel::events::bus::EventBus`.
//!
//! It uses real inboxes on a real database. A further bus needs one function like `broadcast` and
//! one test like `the_broadcast_bus_conforms`.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on must fail")]

mod broadcast;
mod delivery;
mod environment;
mod facts;
mod failures;
mod outbox;
mod process;
mod rabbitmq;
mod restarts;
mod scenarios;
mod subscriber;
mod tls;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use futures_util::future::BoxFuture;
use kernel::events::bus::EventBus;
use piecework::bus::Broadcast;
use tokio::runtime::Builder;

use environment::{BusEnvironment, MakeBus};
use scenarios::{SCENARIOS, Scenario};

/// Number of scenarios that run at the same time. Each has pools of its own, and the server has few
/// connections.
const PARALLEL_SCENARIOS: usize = 4;

#[test]
fn the_broadcast_bus_conforms() {
    conforms(broadcast);
}

/// The realm has no meaning for a bus that stays in one process.
fn broadcast(_realm: String) -> BoxFuture<'static, Arc<dyn EventBus>> {
    Box::pin(async { Arc::new(Broadcast::new()) as Arc<dyn EventBus> })
}

/// Runs every scenario and reports all that fail.
fn conforms(make_bus: MakeBus) {
    let next = AtomicUsize::new(0);
    let failed: Mutex<Vec<&str>> = Mutex::default();
    std::thread::scope(|threads| {
        for _ in 0..PARALLEL_SCENARIOS {
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
    assert!(failed.is_empty(), "these claims do not hold (the panics are above): {failed:#?}");
}

/// Runs a scenario in a runtime of its own, so that its tasks end with it.
fn pass(scenario: &Scenario, make_bus: MakeBus) {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async { (scenario.run)(BusEnvironment::new(make_bus).await).await });
    runtime.shutdown_background();
}
