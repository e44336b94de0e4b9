//! What is declared on the broker: two exchanges, and for each subscriber a queue of events and a
//! queue of dead letters.
//!
//! Everything is declared again after each reconnect. That costs little, and restores what was
//! deleted.

use std::sync::{Mutex, PoisonError};

use kernel::events::bus::Subscription;
use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{Channel, Connection, ExchangeKind};
use tokio::sync::watch;

use super::failure::{Failure, within};

/// Maximum number of deliveries of a message without an answer. A message beyond that ends the
/// process of its consumer. An outage of the database does not count, because consumers then keep
/// their messages and take no more.
const DELIVERY_LIMIT: i64 = 20;

/// The names of one installation on a broker.
#[derive(Clone)]
pub struct Names {
    prefix: String,
}

impl Names {
    /// Every name begins with the prefix.
    pub const fn new(prefix: String) -> Self {
        Self { prefix }
    }

    /// The exchange of events.
    pub fn events(&self) -> ShortString {
        format!("{}.events", self.prefix).into()
    }

    /// The queue of a subscriber's events.
    pub fn queue(&self, subscriber: &str) -> ShortString {
        format!("{}.{subscriber}", self.prefix).into()
    }

    /// The exchange of dead letters.
    fn dead(&self) -> ShortString {
        format!("{}.dead", self.prefix).into()
    }

    /// The queue of a subscriber's dead letters.
    pub fn dead_queue(&self, subscriber: &str) -> ShortString {
        format!("{}.dead.{subscriber}", self.prefix).into()
    }
}

/// The queues of every subscriber, in this process or in another: events wait there for a process
/// that starts later.
pub struct Topology {
    /// The names on the broker.
    pub names: Names,
    subscriptions: Mutex<Vec<Subscription>>,
    /// Counts the changes. A link that has declared an older version must declare again.
    version: watch::Sender<u64>,
}

impl Topology {
    /// The topology of these subscriptions.
    pub fn new(prefix: String, subscriptions: Vec<Subscription>) -> Self {
        Self { names: Names::new(prefix), subscriptions: Mutex::new(subscriptions), version: watch::Sender::new(0) }
    }

    /// Adds a subscription, or replaces that of the same subscriber.
    pub fn add(&self, subscription: Subscription) {
        let mut subscriptions = self.subscriptions.lock().unwrap_or_else(PoisonError::into_inner);
        if subscriptions.contains(&subscription) {
            return;
        }
        subscriptions.retain(|known| known.subscriber != subscription.subscriber);
        subscriptions.push(subscription);
        self.version.send_modify(|version| *version += 1);
    }

    /// The version, and its changes.
    pub fn version(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }

    /// Whether a known subscriber takes events of this type.
    pub fn has_subscriber(&self, event_type: &str) -> bool {
        let subscriptions = self.subscriptions.lock().unwrap_or_else(PoisonError::into_inner);
        subscriptions.iter().any(|subscription| subscription.event_types.contains(&event_type))
    }

    /// Declares everything, and returns the version that is declared.
    pub async fn declare(&self, connection: &Connection) -> Result<u64, Failure> {
        let version = *self.version.borrow();
        let subscriptions = self.subscriptions.lock().unwrap_or_else(PoisonError::into_inner).clone();
        // A channel of its own, because a refusal closes the channel.
        let channel = within("opening a channel", connection.create_channel()).await?;
        self.declare_exchanges(&channel).await?;
        for subscription in &subscriptions {
            self.declare_queues(&channel, subscription).await?;
        }
        within("closing a channel", channel.close(200, "done".into())).await?;
        Ok(version)
    }

    /// Declares the two exchanges.
    pub async fn declare_exchanges(&self, channel: &Channel) -> Result<(), Failure> {
        let durable = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
        for exchange in [self.names.events(), self.names.dead()] {
            let declared = channel.exchange_declare(exchange, ExchangeKind::Direct, durable, FieldTable::default());
            within("declaring an exchange", declared).await?;
        }
        Ok(())
    }

    /// The number of messages that wait in all queues.
    pub async fn count(&self, channel: &Channel) -> Result<u64, Failure> {
        let subscriptions = self.subscriptions.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut count = 0;
        for subscription in &subscriptions {
            count += self.declare_queues(channel, subscription).await?;
        }
        Ok(count)
    }

    /// Declares the queues of one subscriber, and returns the number of messages that wait in
    /// them. A binding of an older version of the program stays; the inbox ignores events that its
    /// subscriber does not take.
    pub async fn declare_queues(&self, channel: &Channel, subscription: &Subscription) -> Result<u64, Failure> {
        let Subscription { subscriber, event_types } = *subscription;
        let dead_queue = self.names.dead_queue(subscriber);
        let mut waiting = declare_queue(channel, dead_queue.clone(), quorum()).await?;
        bind(channel, dead_queue, self.names.dead(), subscriber).await?;
        let mut arguments = quorum();
        arguments.insert("x-delivery-limit".into(), AMQPValue::LongLongInt(DELIVERY_LIMIT));
        arguments.insert("x-dead-letter-exchange".into(), text(self.names.dead().as_str()));
        arguments.insert("x-dead-letter-routing-key".into(), text(subscriber));
        // A dead letter leaves the queue only when the other queue has it. That needs
        // reject-publish.
        arguments.insert("x-dead-letter-strategy".into(), text("at-least-once"));
        arguments.insert("x-overflow".into(), text("reject-publish"));
        let queue = self.names.queue(subscriber);
        waiting += declare_queue(channel, queue.clone(), arguments).await?;
        for event_type in event_types {
            bind(channel, queue.clone(), self.names.events(), event_type).await?;
        }
        Ok(waiting)
    }
}

async fn declare_queue(channel: &Channel, name: ShortString, arguments: FieldTable) -> Result<u64, Failure> {
    let declared = channel.queue_declare(name, QueueDeclareOptions::durable(), arguments);
    Ok(u64::from(within("declaring a queue", declared).await?.message_count()))
}

async fn bind(channel: &Channel, queue: ShortString, exchange: ShortString, key: &str) -> Result<(), Failure> {
    let bound = channel.queue_bind(queue, exchange, key.into(), QueueBindOptions::default(), FieldTable::default());
    within("binding a queue", bound).await
}

/// A quorum queue: it is replicated, and a message is on disk before it is confirmed.
fn quorum() -> FieldTable {
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), text("quorum"));
    arguments
}

fn text(value: &str) -> AMQPValue {
    AMQPValue::LongString(value.into())
}
