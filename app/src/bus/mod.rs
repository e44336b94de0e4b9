//! The event buses. The setting `bus.kind` chooses one.

mod broadcast;
mod rabbitmq;

use std::sync::Arc;

use kernel::events::bus::{EventBus, Subscription};

pub use broadcast::Broadcast;
pub use rabbitmq::{RabbitMq, check};

use crate::Error;
use crate::config::{Bus, BusKind};

/// Opens the bus that the settings ask for. `subscriptions` are those of every module of the
/// system, whether this process hosts it or not.
///
/// # Errors
/// `bus.amqp_url` is not set or cannot be used.
pub fn open(settings: &Bus, subscriptions: Vec<Subscription>) -> Result<Arc<dyn EventBus>, Error> {
    Ok(match settings.kind {
        BusKind::Broadcast => Arc::new(Broadcast::new()),
        BusKind::RabbitMq => Arc::new(RabbitMq::start(&settings.address()?, settings.prefix.clone(), subscriptions)),
    })
}
