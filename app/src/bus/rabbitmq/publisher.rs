//! The publisher: messages are persistent, mandatory and confirmed. `Ok` means that the broker has
//! stored every event.

use std::sync::Arc;
use std::time::Duration;

use contracts::Event;
use futures_util::future::join_all;
use kernel::events::bus::PublishError;
use lapin::options::BasicPublishOptions;
use lapin::types::ShortString;
use lapin::{BasicProperties, Confirmation};

use super::link::{Session, SupervisedConnection};
use super::topology::Topology;

/// Maximum number of messages that wait for their confirms at once.
const IN_FLIGHT_MAX: usize = 1_000;
/// How long the broker may take to confirm them.
const CONFIRM_TIMEOUT: Duration = Duration::from_secs(30);
/// AMQP's delivery mode for messages that survive a restart of the broker.
const PERSISTENT: u8 = 2;
/// What a message holds: an event in JSON.
const CONTENT_TYPE: &str = "application/cloudevents+json";

/// Publishes events on one connection.
pub struct Publisher {
    /// The connection for publishing.
    pub link: Arc<SupervisedConnection>,
    /// What is declared on the broker.
    pub topology: Arc<Topology>,
}

impl Publisher {
    /// Publishes the events, and waits until the broker has confirmed them.
    pub async fn publish(&self, events: &[Event]) -> Result<(), PublishError> {
        let session = self.link.session().await?;
        for events in events.chunks(IN_FLIGHT_MAX) {
            let confirmed = join_all(events.iter().map(|event| self.publish_one(&session, event)));
            let Ok(confirmed) = tokio::time::timeout(CONFIRM_TIMEOUT, confirmed).await else {
                let reason = format!("no answer within {} s", CONFIRM_TIMEOUT.as_secs());
                self.link.give_up(&session, &reason);
                return Err(PublishError::NotConfirmed(reason));
            };
            confirmed.into_iter().collect::<Result<(), PublishError>>()?;
        }
        Ok(())
    }

    async fn publish_one(&self, session: &Session, event: &Event) -> Result<(), PublishError> {
        let failed = |error: lapin::Error| {
            self.link.give_up(session, &error.to_string());
            PublishError::OutOfReach(error.to_string())
        };
        let refused = |reason: &str| PublishError::NotConfirmed(format!("event {}: {reason}", event.id));
        let body = serde_json::to_vec(event).map_err(|error| refused(&error.to_string()))?;
        let event_type =
            ShortString::try_new(event.kind.as_str()).map_err(|_| refused("its type is longer than a routing key"))?;
        let properties = BasicProperties::default()
            .with_content_type(CONTENT_TYPE.into())
            .with_delivery_mode(PERSISTENT)
            .with_message_id(event.id.to_string().into())
            .with_type(event_type.clone());
        // A newer version of another process may subscribe to an event that no known subscriber
        // takes. Such an event is published too, but the broker may drop it.
        let options = BasicPublishOptions { mandatory: self.topology.has_subscriber(&event.kind), immediate: false };
        let exchange = self.topology.names.events();
        let confirm = session.channel.basic_publish(exchange, event_type, options, &body, properties);
        match confirm.await.map_err(failed)?.await.map_err(failed)? {
            Confirmation::Ack(None) => Ok(()),
            // The broker returned the message: no queue is bound to its type.
            Confirmation::Ack(Some(_)) => {
                self.link.declare_again();
                Err(refused("no queue takes it; the queues are declared again"))
            }
            Confirmation::Nack(_) => Err(refused("the queue refuses it")),
            Confirmation::NotRequested => Err(refused("the channel has lost its confirms")),
        }
    }
}
