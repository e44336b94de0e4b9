//! The bus between processes, over RabbitMQ: durable quorum queues, confirms, acknowledgement after the commit.
//!
//! Two connections, each with a supervisor that rebuilds it and all that was declared; a channel for each consumer.

mod consumer;
mod link;
mod publisher;
mod topology;

use std::fmt::{self, Display};
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use contracts::Event;
use futures_util::future::BoxFuture;
use kernel::bus::{EventBus, PublishError, Subscription};
use kernel::inbox::Inbox;
use kernel::shutdown::Shutdown;
use lapin::uri::AMQPUri;
use lapin::{Connection, ConnectionProperties};
use tokio::task::JoinSet;

use consumer::{Consumer, InHand, Source};
use link::{Link, Role};
use publisher::Publisher;
use topology::Topology;

/// How long the broker may take for one answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// The broker is asked for a sign of life so often; without one for twice as long the connection is dead.
const HEARTBEAT_S: u16 = 10;

/// The bus for several processes.
pub struct RabbitMq {
    publisher: Publisher,
    consuming: Arc<Link>,
    topology: Arc<Topology>,
    in_hand: InHand,
    /// Ends the consumers, then the connections.
    consumers_end: Shutdown,
    links_end: Shutdown,
    tasks: Mutex<Option<Tasks>>,
}

/// Dropped, they are aborted.
struct Tasks {
    consumers: JoinSet<()>,
    links: JoinSet<()>,
}

impl RabbitMq {
    /// Connects in the background, and goes on trying. `subscriptions` are those of the whole system: their queues are
    /// made here, so that events wait there for processes that start later.
    #[must_use]
    pub fn start(address: &Address, prefix: String, subscriptions: Vec<Subscription>) -> Self {
        let topology = Arc::new(Topology::new(prefix, subscriptions));
        let (consumers_end, links_end) = (Shutdown::default(), Shutdown::default());
        let mut links = JoinSet::new();
        let mut open = |role| {
            let link = Arc::new(Link::new(role, address.0.clone(), Arc::clone(&topology)));
            links.spawn(Arc::clone(&link).supervise(links_end.signal()));
            link
        };
        let (publishing, consuming) = (open(Role::Publish), open(Role::Consume));
        let publisher = Publisher { link: publishing, topology: Arc::clone(&topology) };
        let tasks = Mutex::new(Some(Tasks { consumers: JoinSet::new(), links }));
        Self { publisher, consuming, topology, in_hand: InHand::default(), consumers_end, links_end, tasks }
    }
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
                let in_hand = self.in_hand.clone();
                let consumer = Consumer { source, in_hand, inbox: Arc::clone(&inbox), link, topology };
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
            // By the connection of our consumers: what was sent to them before the answer has arrived before it.
            let waiting = self.topology.count(&session.channel).await;
            let waiting = waiting.map_err(|failure| PublishError::OutOfReach(failure.to_string()))?;
            Ok(waiting + self.in_hand.count())
        })
    }

    fn is_connected(&self) -> bool {
        self.publisher.link.is_up() && self.consuming.is_up()
    }
}

/// Where the broker is, and as whom we come.
#[derive(Clone)]
pub struct Address(AMQPUri);

impl Address {
    /// # Errors
    /// What is wrong with it, without the URL itself, which may hold a password.
    pub fn parse(url: &str) -> Result<Self, &'static str> {
        if !url.starts_with("amqp://") && !url.starts_with("amqps://") {
            return Err("begins with amqp:// or amqps://, such as amqp://piecework:secret@mq1/%2f");
        }
        let mut uri: AMQPUri = url.parse().map_err(
            |_| "is no AMQP URL; it looks like amqp://piecework:secret@mq1/%2f, with special characters escaped",
        )?;
        if uri.vhost.is_empty() {
            return Err("names no virtual host behind the slash; the usual one is written /%2f");
        }
        // The library takes an IPv6 address for no host at all, and would go to this machine.
        let host = url.split_once("://").and_then(|(_, rest)| rest.split(['/', '?']).next()?.rsplit('@').next());
        if let Some(address) = host.and_then(|host| host.strip_prefix('[')?.split_once(']')) {
            address.0.clone_into(&mut uri.authority.host);
        }
        uri.query.heartbeat.get_or_insert(HEARTBEAT_S);
        Ok(Self(uri))
    }

    /// Host and port.
    #[must_use]
    pub fn place(&self) -> String {
        format!("{}:{}", self.0.authority.host, self.0.authority.port)
    }

    /// Whether somebody is there who lets us in.
    ///
    /// # Errors
    /// Why not.
    pub async fn check(&self) -> Result<(), String> {
        let check = async {
            let properties = ConnectionProperties::default().with_connection_name("piecework doctor".into());
            let connection = within("connecting", Connection::connect_uri(self.0.clone(), properties)).await?;
            within("closing", connection.close(200, "bye".into())).await
        };
        check.await.map_err(|failure: Failure| failure.to_string())
    }
}

/// The broker did not do what it was asked for.
#[derive(Debug, Clone)]
pub struct Failure {
    doing: &'static str,
    reason: String,
}

impl Failure {
    fn new(doing: &'static str, reason: impl Display) -> Self {
        Self { doing, reason: reason.to_string() }
    }

    fn from_broker(doing: &'static str, error: &lapin::Error) -> Self {
        Self::new(doing, error)
    }

    fn timeout(doing: &'static str) -> Self {
        Self::new(doing, "no answer in time")
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.doing, self.reason)
    }
}

/// With a deadline: a frozen broker answers nothing, for ever.
async fn within<T>(doing: &'static str, work: impl Future<Output = lapin::Result<T>>) -> Result<T, Failure> {
    match tokio::time::timeout(ANSWER_TIMEOUT, work).await {
        Ok(done) => done.map_err(|error| Failure::from_broker(doing, &error)),
        Err(_) => Err(Failure::timeout(doing)),
    }
}

/// Pauses that grow from 100 ms to 5 s.
#[derive(Debug, Default)]
struct Backoff {
    failures: u32,
}

impl Backoff {
    fn next(&mut self) -> Duration {
        let pause = Duration::from_millis(100 << self.failures.min(6)).min(Duration::from_secs(5));
        self.failures += 1;
        pause
    }

    const fn is_fresh(&self) -> bool {
        self.failures == 0
    }

    const fn reset(&mut self) {
        self.failures = 0;
    }
}
