//! What a process of the system does with events: a bus, its subscribers, relays and retries.

use std::sync::Arc;

use kernel::events::bus::EventBus;
use kernel::events::relay::Relay;
use kernel::runtime::shutdown::Shutdown;
use tokio::task::JoinSet;

use crate::environment::BusEnvironment;
use crate::subscriber::TestSubscriber;

/// The event parts of one process.
pub struct Process {
    pub bus: Arc<dyn EventBus>,
    pub shutdown: Shutdown,
    tasks: JoinSet<()>,
}

impl Process {
    /// Subscribes, then runs one relay on the publisher's outbox.
    pub async fn start(environment: &BusEnvironment, subscribers: &[&TestSubscriber]) -> Self {
        Self::start_with_relays(environment, subscribers, 1).await
    }

    /// The same with any number of relays.
    pub async fn start_with_relays(
        environment: &BusEnvironment,
        subscribers: &[&TestSubscriber],
        relays: usize,
    ) -> Self {
        let bus = environment.bus().await;
        let (shutdown, mut tasks) = (Shutdown::default(), JoinSet::new());
        for subscriber in subscribers {
            bus.subscribe(Arc::clone(&subscriber.inbox)).await.unwrap();
            tasks.spawn(Arc::clone(&subscriber.inbox).run_retries(shutdown.signal()));
        }
        for _ in 0..relays {
            tasks.spawn(Relay::new(environment.publisher(), Arc::clone(&bus)).run(shutdown.signal()));
        }
        Self { bus, shutdown, tasks }
    }

    /// Stops the parts in the order of the application.
    pub async fn stop(mut self) {
        self.shutdown.trigger();
        while let Some(ended) = self.tasks.join_next().await {
            ended.unwrap();
        }
        self.bus.close().await;
    }

    /// Waits until the bus is empty and stops. Asserts that outbox and inboxes have no pending
    /// events.
    pub async fn end(self, environment: &BusEnvironment, subscribers: &[&TestSubscriber]) {
        let arrived = async || (self.bus.in_flight().await.ok()? == 0).then_some(());
        harness::eventually("the bus has no event in flight", arrived).await;
        self.stop().await;
        assert_eq!(environment.outbox().await, [0_i64; 0], "the outbox has undelivered events");
        for subscriber in subscribers {
            assert_eq!(subscriber.inbox.count_waiting().await.unwrap(), (0, 0), "an inbox has unapplied events");
        }
    }

    /// Ends the process like `kill -9`: its tasks are aborted and its connections are closed.
    pub async fn kill(mut self, environment: &BusEnvironment) {
        self.tasks.abort_all();
        drop(self.bus);
        environment.break_connections().await;
    }
}
