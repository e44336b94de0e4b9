//! The event buses; which one is a line of configuration.

mod broadcast;

use std::sync::Arc;

use kernel::bus::EventBus;

pub use broadcast::Broadcast;

use crate::Error;
use crate::config::{Bus, BusKind};

/// The bus that the settings ask for.
///
/// # Errors
/// It is one that is not built yet.
pub fn open(settings: &Bus) -> Result<Arc<dyn EventBus>, Error> {
    match settings.kind {
        BusKind::Broadcast => Ok(Arc::new(Broadcast::new())),
        BusKind::RabbitMq => Err(Error::Configuration(
            "settings: `bus.kind` rabbitmq is not built yet; use broadcast, which needs no server".to_owned(),
        )),
    }
}
