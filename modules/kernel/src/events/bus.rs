//! The event bus, as modules and the app use it.

use std::sync::Arc;

use contracts::Event;
use futures_util::future::BoxFuture;

use crate::events::inbox::Inbox;

/// Carries events from outboxes to inboxes. Each event is delivered at least once, in any order.
pub trait EventBus: Send + Sync + 'static {
    /// Returns Ok only when every subscriber has committed, or the broker has confirmed the events.
    /// Until then the outbox keeps them.
    fn publish(&self, events: Arc<[Event]>) -> BoxFuture<'_, Result<(), PublishError>>;

    /// Delivers to `inbox` the events that its subscriber asks for. It must be called before the
    /// first relay runs.
    fn subscribe(&self, inbox: Arc<Inbox>) -> BoxFuture<'_, Result<(), PublishError>>;

    /// Accepts no more events and lets the running deliveries finish.
    fn close(&self) -> BoxFuture<'_, ()>;

    /// The number of events that have left the outboxes and have not reached their subscribers.
    /// Events that another process is delivering at this moment are not counted.
    fn in_flight(&self) -> BoxFuture<'_, Result<u64, PublishError>> {
        // Without a broker, an event leaves its outbox only when its subscribers have applied it.
        Box::pin(async { Ok(0) })
    }

    /// Whether events can be published and received at present. If not, the outboxes keep them.
    fn is_connected(&self) -> bool {
        true
    }
}

/// The event types that one module subscribes to. The subscriptions of all modules of the system
/// are known to every process, whether it hosts the module or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subscription {
    /// The module's name.
    pub subscriber: &'static str,
    /// The CloudEvents types of the events.
    pub event_types: &'static [&'static str],
}

/// Why events were not delivered. They stay in the outbox.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// A subscriber could not apply the events.
    #[error("subscriber {subscriber} could not take the events: {reason}")]
    NotTaken { subscriber: &'static str, reason: String },
    /// A subscriber did not answer.
    #[error("not every subscriber answered")]
    NoAnswer,
    /// There is no connection to the broker, or it accepts nothing at present.
    #[error("the broker is out of reach: {0}")]
    OutOfReach(String),
    /// The broker has not confirmed every event.
    #[error("the broker did not confirm: {0}")]
    NotConfirmed(String),
    /// The bus was closed.
    #[error("the bus is closed")]
    Closed,
}
