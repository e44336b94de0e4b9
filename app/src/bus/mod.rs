//! The event buses; which one is a line of configuration.

mod broadcast;
mod rabbitmq;

use std::sync::Arc;

use kernel::bus::{EventBus, Subscription};

pub use broadcast::Broadcast;
pub use rabbitmq::{Address, RabbitMq};

use crate::Error;
use crate::config::{Bus, BusKind};

/// The bus that the settings ask for. `subscriptions` are those of the whole system, whatever of it this process hosts.
///
/// # Errors
/// `bus.amqp_url` is missing or cannot be read.
pub fn open(settings: &Bus, subscriptions: Vec<Subscription>) -> Result<Arc<dyn EventBus>, Error> {
    match settings.kind {
        BusKind::Broadcast => Ok(Arc::new(Broadcast::new())),
        BusKind::RabbitMq => {
            let address = settings
                .address()
                .map_err(|reason| Error::Configuration(format!("settings: `bus.amqp_url` {reason}")))?;
            Ok(Arc::new(RabbitMq::start(&address, settings.prefix.clone(), subscriptions)))
        }
    }
}
