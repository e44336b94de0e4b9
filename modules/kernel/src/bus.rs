//! The event bus as modules and the app see it.

use std::sync::Arc;

use contracts::Event;
use futures_util::future::BoxFuture;

use crate::inbox::Inbox;

/// Carries events from outboxes to inboxes: at least once, in any order.
pub trait EventBus: Send + Sync + 'static {
    /// Ok only when every subscriber has committed, or the broker has confirmed. Until then the outbox keeps the events.
    fn publish(&self, events: Arc<[Event]>) -> BoxFuture<'_, Result<(), PublishError>>;

    /// From now on `inbox` gets what its subscriber asks for. To be called before the first relay runs.
    fn subscribe(&self, inbox: Arc<Inbox>) -> BoxFuture<'_, Result<(), PublishError>>;

    /// Takes no more, lets what is under way finish.
    fn close(&self) -> BoxFuture<'_, ()>;

    /// How many events are known to be past the outboxes and not yet at their subscribers. What another process has in
    /// hand at this moment cannot be seen.
    fn in_flight(&self) -> BoxFuture<'_, Result<u64, PublishError>> {
        // Without a broker between them, an event leaves its outbox when its subscribers have it.
        Box::pin(async { Ok(0) })
    }

    /// Whether events can be published and received at the moment. While they cannot, the outboxes keep them.
    fn is_connected(&self) -> bool {
        true
    }
}

/// Who listens to what: known of every module of the system, whether this process hosts it or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subscription {
    /// The module's name.
    pub subscriber: &'static str,
    pub event_types: &'static [&'static str],
}

/// The events were not delivered; they stay where they are.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    #[error("subscriber {subscriber} could not take the events: {reason}")]
    NotTaken { subscriber: &'static str, reason: String },
    #[error("not every subscriber answered")]
    NoAnswer,
    /// There is no connection to the broker, or it takes nothing at the moment.
    #[error("the broker is out of reach: {0}")]
    OutOfReach(String),
    /// The broker has not taken charge of every event.
    #[error("the broker did not confirm: {0}")]
    NotConfirmed(String),
    #[error("the bus is closed")]
    Closed,
}
