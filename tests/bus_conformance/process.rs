//! A process of the system, as far as events go: a bus, the subscribers on it, relays and retries.

use std::sync::Arc;

use kernel::bus::EventBus;
use kernel::outbox::Relay;
use kernel::shutdown::Shutdown;
use tokio::task::JoinSet;

use crate::world::{Probe, World};

pub struct Process {
    pub bus: Arc<dyn EventBus>,
    pub shutdown: Shutdown,
    tasks: JoinSet<()>,
}

impl Process {
    /// Subscribes, then relays, with a relay on the publisher's outbox.
    pub async fn start(world: &World, probes: &[&Probe]) -> Self {
        Self::start_with_relays(world, probes, 1).await
    }

    pub async fn start_with_relays(world: &World, probes: &[&Probe], relays: usize) -> Self {
        let bus = world.bus().await;
        let (shutdown, mut tasks) = (Shutdown::default(), JoinSet::new());
        for probe in probes {
            bus.subscribe(Arc::clone(&probe.inbox)).await.unwrap();
            tasks.spawn(Arc::clone(&probe.inbox).run_retries(shutdown.signal()));
        }
        for _ in 0..relays {
            tasks.spawn(Relay::new(world.publisher(), Arc::clone(&bus)).run(shutdown.signal()));
        }
        Self { bus, shutdown, tasks }
    }

    /// In the order in which the application stops.
    pub async fn stop(mut self) {
        self.shutdown.trigger();
        while let Some(ended) = self.tasks.join_next().await {
            ended.unwrap();
        }
        self.bus.close().await;
    }

    /// Stops, then sees that nothing is left over anywhere.
    pub async fn end(self, world: &World, probes: &[&Probe]) {
        let arrived = async || (self.bus.in_flight().await.ok()? == 0).then_some(());
        harness::eventually("nothing is on the bus", arrived).await;
        self.stop().await;
        assert_eq!(world.outbox().await, [0_i64; 0], "events are left in the outbox");
        for probe in probes {
            assert_eq!(probe.inbox.waiting().await.unwrap(), (0, 0), "events are left in an inbox");
        }
    }

    /// As `kill -9` does: nobody is told, and the databases hang up.
    pub async fn kill(mut self, world: &World) {
        self.tasks.abort_all();
        drop(self.bus);
        world.break_connections().await;
    }
}
