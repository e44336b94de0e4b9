//! The bus between processes, over RabbitMQ: durable quorum queues, publisher confirms, and
//! acknowledgements after the commit.
//!
//! There are two connections. Each has a supervisor that rebuilds it together with all that was
//! declared. Each consumer has a channel of its own.

mod connect;
mod consumer;
mod failure;
mod link;
mod publisher;
mod topology;

use std::sync::{Arc, Mutex, PoisonError};

use contracts::Event;
use futures_util::future::BoxFuture;
use kernel::events::bus::{EventBus, PublishError, Subscription};
use kernel::events::inbox::Inbox;
use kernel::runtime::shutdown::Shutdown;
use tokio::task::JoinSet;

use connect::connect;
use consumer::{Consumer, Source, Unacknowledged};
use failure::{Failure, within};
use link::{ConnectionUse, SupervisedConnection};
use publisher::Publisher;
use topology::Topology;

use crate::config::BrokerAddress;

/// The bus between processes.
pub struct RabbitMq {
    publisher: Publisher,
    consuming: Arc<SupervisedConnection>,
    topology: Arc<Topology>,
    unacknowledged: Unacknowledged,
    /// Ends the consumers, before the connections.
    consumers_end: Shutdown,
    /// Ends the connections.
    links_end: Shutdown,
    /// `None` once the bus is closed.
    tasks: Mutex<Option<Tasks>>,
}

/// The tasks of the bus. They are aborted when this is dropped.
struct Tasks {
    consumers: JoinSet<()>,
    links: JoinSet<()>,
}

impl RabbitMq {
    /// Connects in the background, and repeats this until it succeeds. `subscriptions` are those
    /// of the whole system: their queues are declared here, so that events wait there for
    /// processes that start later.
    #[must_use]
    pub fn start(address: &BrokerAddress, prefix: String, subscriptions: Vec<Subscription>) -> Self {
        let topology = Arc::new(Topology::new(prefix, subscriptions));
        let (consumers_end, links_end) = (Shutdown::default(), Shutdown::default());
        let mut links = JoinSet::new();
        let mut open = |role| {
            let link = Arc::new(SupervisedConnection::new(role, address.clone(), Arc::clone(&topology)));
            links.spawn(Arc::clone(&link).supervise(links_end.signal()));
            link
        };
        let (publishing, consuming) = (open(ConnectionUse::Publish), open(ConnectionUse::Consume));
        let publisher = Publisher { link: publishing, topology: Arc::clone(&topology) };
        let tasks = Mutex::new(Some(Tasks { consumers: JoinSet::new(), links }));
        Self {
            publisher,
            consuming,
            topology,
            unacknowledged: Unacknowledged::default(),
            consumers_end,
            links_end,
            tasks,
        }
    }
}

/// Whether there is a broker at the address that accepts the user.
///
/// # Errors
/// What the broker answers instead.
pub async fn check(address: &BrokerAddress) -> Result<(), String> {
    let check = async {
        let connection = within("connecting", connect(address, "piecework doctor".to_owned())).await?;
        within("closing", connection.close(200, "closing".into())).await
    };
    check.await.map_err(|failure: Failure| failure.to_string())
}

impl EventBus for RabbitMq {
    fn publish(&self, events: Arc<[Event]>) -> BoxFuture<'_, Result<(), PublishError>> {
        Box::pin(async move { self.publisher.publish(&events).await })
    }

    fn subscribe(&self, inbox: Arc<Inbox>) -> BoxFuture<'_, Result<(), PublishError>> {
        Box::pin(async move {
            let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
            let tasks = tasks.as_mut().ok_or(PublishError::Closed)?;
            self.topology.add(Subscription { subscriber: inbox.subscriber(), event_types: inbox.event_types() });
            for source in [Source::Events, Source::DeadLetters] {
                let (link, topology) = (Arc::clone(&self.consuming), Arc::clone(&self.topology));
                let unacknowledged = self.unacknowledged.clone();
                let consumer = Consumer { source, unacknowledged, inbox: Arc::clone(&inbox), link, topology };
                tasks.consumers.spawn(consumer.run(self.consumers_end.signal()));
            }
            Ok(())
        })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner).take();
            let Some(mut tasks) = tasks else { return };
            self.consumers_end.trigger();
            while tasks.consumers.join_next().await.is_some() {}
            self.links_end.trigger();
            while tasks.links.join_next().await.is_some() {}
        })
    }

    fn in_flight(&self) -> BoxFuture<'_, Result<u64, PublishError>> {
        Box::pin(async move {
            let session = self.consuming.session().await?;
            // On the connection of the consumers, so that every message that was sent to them
            // before the answer has arrived before it.
            let waiting = self.topology.count(&session.channel).await;
            let waiting = waiting.map_err(|failure| PublishError::OutOfReach(failure.to_string()))?;
            Ok(waiting + self.unacknowledged.count())
        })
    }

    fn is_connected(&self) -> bool {
        self.publisher.link.is_up() && self.consuming.is_up()
    }
}
