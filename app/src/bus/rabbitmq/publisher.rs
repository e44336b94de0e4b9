//! Publishing: persistent, mandatory, confirmed; Ok means that the broker has taken charge of every event.

use std::sync::Arc;
use std::time::Duration;

use contracts::Event;
use futures_util::future::join_all;
use kernel::bus::PublishError;
use lapin::options::BasicPublishOptions;
use lapin::types::ShortString;
use lapin::{BasicProperties, Confirmation};

use super::link::{Link, Session};
use super::topology::Topology;

/// So many messages may wait for their confirms at once.
const IN_FLIGHT: usize = 1_000;
const CONFIRM_TIMEOUT: Duration = Duration::from_secs(30);
const PERSISTENT: u8 = 2;
const CONTENT_TYPE: &str = "application/cloudevents+json";

pub struct Publisher {
    pub link: Arc<Link>,
    pub topology: Arc<Topology>,
}

impl Publisher {
    pub async fn publish(&self, events: &[Event]) -> Result<(), PublishError> {
        let session = self.link.session().await?;
        for events in events.chunks(IN_FLIGHT) {
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
        // What nobody is known to want goes as well, for a newer version of another process may want it; but it may be
        // dropped.
        let options = BasicPublishOptions { mandatory: self.topology.is_wanted(&event.kind), immediate: false };
        let exchange = self.topology.names.events();
        let confirm = session.channel.basic_publish(exchange, event_type, options, &body, properties);
        match confirm.await.map_err(failed)?.await.map_err(failed)? {
            Confirmation::Ack(None) => Ok(()),
            // It was taken, and given back: there is no queue for it.
            Confirmation::Ack(Some(_)) => {
                self.link.declare_again();
                Err(refused("no queue takes it; the queues are declared again"))
            }
            Confirmation::Nack(_) => Err(refused("the queue refuses it")),
            Confirmation::NotRequested => Err(refused("the channel has lost its confirms")),
        }
    }
}
