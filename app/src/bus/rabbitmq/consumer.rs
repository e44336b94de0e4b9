//! A consumer: batches of messages go into the inbox, and are acknowledged once they are committed
//! there.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use contracts::Event;
use futures_util::{FutureExt, StreamExt};
use kernel::events::bus::Subscription;
use kernel::events::inbox::{ApplyError, Inbox};
use kernel::runtime::repeated::Repeated;
use kernel::runtime::retry::panic_message;
use kernel::runtime::shutdown::ShutdownSignal;
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicCancelOptions, BasicConsumeOptions, BasicQosOptions, BasicRejectOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, Consumer as Deliveries};
use tokio::time::Instant;

use super::failure::{Failure, backoff, within};
use super::link::{Session, SupervisedConnection};
use super::topology::Topology;

/// Maximum number of events that are applied in one transaction.
const BATCH_MAX: usize = 100;
/// How long a batch waits for more events after its first.
const BATCH_WAIT: Duration = Duration::from_millis(1);
/// Number of messages that the broker sends before they are acknowledged. It is more than one
/// batch, so that the next batch has arrived when the last one is done.
const PREFETCH: u16 = 200;
/// How long a batch is kept while its database is down. RabbitMQ closes a channel that keeps
/// messages for half an hour, and counts that as a delivery. So the messages go back before, and
/// the consumer takes no more until the database answers.
const BATCH_KEEP_MAX: Duration = Duration::from_secs(300);
/// A consumer that lived longer than this starts with the shortest pause again.
const STABLE: Duration = Duration::from_secs(10);
/// Maximum number of attempts to park a message that cannot be decoded. Outages do not count.
const PARKING_ATTEMPTS_MAX: u32 = 5;

static STOPPED: Repeated = Repeated::new();
static WAITING: Repeated = Repeated::new();

/// Which of a subscriber's two queues is consumed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The events that the subscriber is to apply.
    Events,
    /// Messages that came back too often or were rejected. They are parked, and an admin decides.
    DeadLetters,
}

/// The number of messages that the consumers of this process have taken and not acknowledged.
#[derive(Clone, Default)]
pub struct Unacknowledged(Arc<AtomicU64>);

/// The messages that one consumer adds to the number. They are subtracted when this is dropped.
struct UnacknowledgedBatch<'a> {
    unacknowledged: &'a Unacknowledged,
    count: u64,
}

impl Unacknowledged {
    /// The number.
    pub fn count(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }

    fn take(&self, count: usize) -> UnacknowledgedBatch<'_> {
        let count = count as u64;
        self.0.fetch_add(count, Ordering::SeqCst);
        UnacknowledgedBatch { unacknowledged: self, count }
    }
}

impl Drop for UnacknowledgedBatch<'_> {
    fn drop(&mut self) {
        self.unacknowledged.0.fetch_sub(self.count, Ordering::SeqCst);
    }
}

/// Moves messages from one queue into one inbox.
pub struct Consumer {
    /// Which queue.
    pub source: Source,
    /// Counts the messages that are taken.
    pub unacknowledged: Unacknowledged,
    /// The inbox of the subscriber.
    pub inbox: Arc<Inbox>,
    /// The connection for consuming.
    pub link: Arc<SupervisedConnection>,
    /// What is declared on the broker.
    pub topology: Arc<Topology>,
}

/// Why a consumer stopped.
enum ConsumerEnd {
    /// The bus is closed.
    Shutdown,
    /// The connection is lost.
    Disconnected,
    /// The broker did not do something.
    Failed(Failure),
    /// The database answers and refuses, for this reason.
    Refused(String),
}

/// A change of the inbox that must be committed before the messages are acknowledged.
enum Change<'a> {
    /// The events are received.
    Receive(&'a [Event]),
    /// An event is parked, for a reason.
    Park(&'a Event, &'a str),
    /// The bytes of a message that is no event are parked, for a reason.
    ParkUndecodable(&'a [u8], &'a str),
}

impl From<Failure> for ConsumerEnd {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl Consumer {
    /// Consumes until the shutdown, on one connection after the other.
    pub async fn run(self, shutdown: ShutdownSignal) {
        let mut backoff = backoff();
        while self.database_answers(shutdown.clone()).await {
            let Some(session) = shutdown.clone().or(self.link.next_session()).await.flatten() else { return };
            let since = Instant::now();
            let consumed = AssertUnwindSafe(self.consume(&session, shutdown.clone())).catch_unwind().await;
            match consumed {
                Ok(ConsumerEnd::Shutdown) => return,
                Ok(ConsumerEnd::Failed(reason)) if session.connection.status().connected() => {
                    let (subscriber, source) = (self.subscriber(), self.source);
                    if let Some(suppressed) = STOPPED.due(subscriber) {
                        tracing::warn!(subscriber, ?source, %reason, suppressed, "a consumer stopped and is set up again");
                    }
                }
                // The connection is lost, and its supervisor has logged that.
                Ok(ConsumerEnd::Failed(_) | ConsumerEnd::Disconnected | ConsumerEnd::Refused(_)) => {}
                Err(panic) => {
                    let (subscriber, panic) = (self.subscriber(), panic_message(&*panic));
                    tracing::error!(subscriber, panic, "a consumer panicked and is set up again");
                }
            }
            if since.elapsed() > STABLE {
                backoff.reset();
            }
            if shutdown.clone().or(tokio::time::sleep(backoff.next_pause())).await.is_none() {
                return;
            }
        }
    }

    fn subscriber(&self) -> &'static str {
        self.inbox.subscriber()
    }

    /// Waits until the database of the inbox answers. Messages that are taken before have to go
    /// back, and the broker counts that. False at the shutdown.
    async fn database_answers(&self, mut shutdown: ShutdownSignal) -> bool {
        let mut backoff = backoff();
        loop {
            match shutdown.or(self.inbox.count_waiting()).await {
                None => return false,
                Some(Ok(_)) => return true,
                Some(Err(error)) => {
                    let subscriber = self.subscriber();
                    tracing::debug!(subscriber, %error, "events stay on the broker until the inbox answers");
                }
            }
            if shutdown.or(tokio::time::sleep(backoff.next_pause())).await.is_none() {
                return false;
            }
        }
    }

    async fn consume(&self, session: &Session, mut shutdown: ShutdownSignal) -> ConsumerEnd {
        let (channel, mut deliveries) = match self.open(session).await {
            Ok(opened) => opened,
            Err(failure) => return failure.into(),
        };
        let end = loop {
            let first = match shutdown.or(deliveries.next()).await {
                None => break ConsumerEnd::Shutdown,
                Some(None) => {
                    break Failure::new("consuming", "cancelled by the broker: was the queue deleted?").into();
                }
                Some(Some(Err(error))) => break Failure::from_broker("consuming", &error).into(),
                Some(Some(Ok(first))) => first,
            };
            let _first = self.unacknowledged.take(1);
            let batch = match fill_batch(first, &mut deliveries).await {
                Err(failure) => break failure.into(),
                Ok(batch) => batch,
            };
            let _others = self.unacknowledged.take(batch.len() - 1);
            if let Err(end) = self.take(&batch, &channel, shutdown.clone()).await {
                break end;
            }
        };
        if matches!(end, ConsumerEnd::Shutdown) {
            let cancel = channel.basic_cancel(deliveries.tag(), BasicCancelOptions::default());
            // Closing the channel, or else the connection, puts the messages back that were sent
            // ahead.
            let _cancelled = within("cancelling a consumer", cancel).await;
        }
        let _closed = within("closing a channel", channel.close(200, "closing".into())).await;
        end
    }

    /// Opens a channel of its own, because a failure closes the whole channel.
    async fn open(&self, session: &Session) -> Result<(Channel, Deliveries), Failure> {
        let channel = within("opening a channel", session.connection.create_channel()).await?;
        let subscription = Subscription { subscriber: self.subscriber(), event_types: self.inbox.event_types() };
        // Again, because the last consumer may have failed for lack of the queue.
        self.topology.declare_exchanges(&channel).await?;
        self.topology.declare_queues(&channel, &subscription).await?;
        within("limiting deliveries", channel.basic_qos(PREFETCH, BasicQosOptions::default())).await?;
        let names = &self.topology.names;
        let queue = match self.source {
            Source::Events => names.queue(self.subscriber()),
            Source::DeadLetters => names.dead_queue(self.subscriber()),
        };
        let consume = channel.basic_consume(queue, "".into(), BasicConsumeOptions::default(), FieldTable::default());
        let deliveries = within("consuming", consume).await?;
        Ok((channel, deliveries))
    }

    /// Puts each message into the inbox, then acknowledges all of them.
    async fn take(
        &self,
        batch: &[Delivery],
        channel: &Channel,
        mut shutdown: ShutdownSignal,
    ) -> Result<(), ConsumerEnd> {
        let Some(last) = batch.last() else { return Ok(()) };
        let mut events: Vec<Event> = Vec::with_capacity(batch.len());
        for delivery in batch {
            match serde_json::from_slice(&delivery.data) {
                Ok(event) if self.source == Source::Events => events.push(event),
                Ok(event) => {
                    self.persist(Change::Park(&event, &death_reason(delivery)), channel, &mut shutdown).await?;
                }
                Err(error) => self.park_undecodable(delivery, &error, channel, &mut shutdown).await?,
            }
        }
        if !events.is_empty() {
            self.persist(Change::Receive(&events), channel, &mut shutdown).await?;
        }
        let acknowledged = last.acker.ack(BasicAckOptions { multiple: true });
        within("acknowledging", acknowledged).await?;
        Ok(())
    }

    async fn park_undecodable(
        &self,
        delivery: &Delivery,
        error: &serde_json::Error,
        channel: &Channel,
        shutdown: &mut ShutdownSignal,
    ) -> Result<(), ConsumerEnd> {
        let sender = delivery.properties.message_id().as_ref().map(|id| format!(", sent as message {id}"));
        let reason = format!("this is no event{}: {error}", sender.unwrap_or_default());
        match self.persist(Change::ParkUndecodable(&delivery.data, &reason), channel, shutdown).await {
            Err(ConsumerEnd::Refused(trouble)) => {
                let subscriber = self.subscriber();
                tracing::error!(subscriber, reason, trouble, "a message cannot be parked and becomes a dead letter");
                within("rejecting", delivery.acker.reject(BasicRejectOptions { requeue: false })).await?;
                Ok(())
            }
            result => result,
        }
    }

    /// Repeats the change until it is committed. An outage of the database does not send messages
    /// back, because the broker counts that as a delivery.
    async fn persist(
        &self,
        change: Change<'_>,
        channel: &Channel,
        shutdown: &mut ShutdownSignal,
    ) -> Result<(), ConsumerEnd> {
        let mut backoff = backoff();
        let mut refusals = 0;
        let since = Instant::now();
        loop {
            // A shutdown does not interrupt an attempt.
            let Err(error) = self.attempt(&change).await else { return Ok(()) };
            if !matches!(&error, ApplyError::Database(error) if error.is_unavailable()) {
                refusals += 1;
            }
            // A dead letter can go nowhere else, and an event is not given up.
            let is_last_resort = self.source == Source::DeadLetters || !matches!(change, Change::ParkUndecodable(..));
            if refusals >= PARKING_ATTEMPTS_MAX && !is_last_resort {
                return Err(ConsumerEnd::Refused(error.to_string()));
            }
            if let Some(suppressed) = WAITING.due(self.subscriber()) {
                tracing::warn!(subscriber = self.subscriber(), %error, suppressed, "events wait for the database");
            }
            if since.elapsed() > BATCH_KEEP_MAX {
                return Err(Failure::new("applying", error).into());
            }
            if shutdown.or(tokio::time::sleep(backoff.next_pause())).await.is_none() {
                return Err(ConsumerEnd::Shutdown);
            }
            if !channel.status().connected() {
                return Err(ConsumerEnd::Disconnected);
            }
        }
    }

    async fn attempt(&self, change: &Change<'_>) -> Result<(), ApplyError> {
        match change {
            Change::Receive(events) => self.inbox.receive(events).await?,
            Change::Park(event, reason) => self.inbox.park(event, reason).await?,
            Change::ParkUndecodable(bytes, reason) => {
                self.inbox.park_undecodable(bytes, reason).await?;
            }
        }
        Ok(())
    }
}

/// Collects the messages that arrive shortly after the first.
async fn fill_batch(first: Delivery, deliveries: &mut Deliveries) -> Result<Vec<Delivery>, Failure> {
    let failed = |error: lapin::Error| Failure::from_broker("consuming", &error);
    let mut batch = vec![first];
    let deadline = Instant::now() + BATCH_WAIT;
    while batch.len() < BATCH_MAX {
        match tokio::time::timeout_at(deadline, deliveries.next()).await {
            // The next batch finds the end again.
            Err(_) | Ok(None) => break,
            Ok(Some(delivery)) => batch.push(delivery.map_err(failed)?),
        }
    }
    Ok(batch)
}

/// Why the broker made the message a dead letter.
fn death_reason(delivery: &Delivery) -> String {
    let headers = delivery.properties.headers().as_ref();
    let reason = headers.and_then(|headers| match headers.inner().get("x-first-death-reason") {
        Some(AMQPValue::LongString(reason)) => Some(reason.to_string()),
        _ => None,
    });
    match reason.as_deref() {
        Some("delivery_limit") => {
            "the broker delivered it again and again and got no answer: does it end the process?".to_owned()
        }
        Some(reason) => format!("it is a dead letter of the broker: {reason}"),
        None => "it is a dead letter of the broker".to_owned(),
    }
}
