//! Consuming: batches go into the inbox, and are acknowledged once they are committed there.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use contracts::Event;
use futures_util::{FutureExt, StreamExt};
use kernel::bus::Subscription;
use kernel::db;
use kernel::inbox::{ApplyError, Inbox};
use kernel::shutdown::ShutdownSignal;
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicCancelOptions, BasicConsumeOptions, BasicQosOptions, BasicRejectOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, Consumer as Deliveries};
use tokio::time::Instant;

use super::link::{Link, Session};
use super::topology::Topology;
use super::{Backoff, Failure, within};

/// So many events are applied in one transaction,
const BATCH: usize = 100;
/// or as many as come within so long after the first.
const BATCH_WAIT: Duration = Duration::from_millis(1);
/// The broker sends ahead: the next batch is here when the last one is done.
const PREFETCH: u16 = 200;
/// So long a batch is kept while its database is down. RabbitMQ takes a channel away that keeps messages for half an
/// hour, and counts that as a delivery: they go back before, and no more are taken until the database answers.
const KEEP: Duration = Duration::from_secs(300);
/// A consumer that lived so long was a good one: the next comes at once.
const STABLE: Duration = Duration::from_secs(10);
/// So often storing what cannot be decoded may fail for another reason than an outage.
const PARKING_ATTEMPTS: u32 = 5;

/// Which of a subscriber's two queues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    Events,
    /// What came back too often, or was refused: it is parked, and a person decides.
    DeadLetters,
}

/// How many messages consumers of this process have in hand.
#[derive(Clone, Default)]
pub struct InHand(Arc<AtomicU64>);

/// One consumer's share of it; given back when dropped.
struct Share<'a> {
    in_hand: &'a InHand,
    count: u64,
}

impl InHand {
    pub fn count(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }

    fn take(&self, count: usize) -> Share<'_> {
        let count = count as u64;
        self.0.fetch_add(count, Ordering::SeqCst);
        Share { in_hand: self, count }
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        self.in_hand.0.fetch_sub(self.count, Ordering::SeqCst);
    }
}

pub struct Consumer {
    pub source: Source,
    pub in_hand: InHand,
    pub inbox: Arc<Inbox>,
    pub link: Arc<Link>,
    pub topology: Arc<Topology>,
}

/// Why a consumer stopped.
enum End {
    Shutdown,
    /// The connection is gone.
    Disconnected,
    Failed(Failure),
    /// The database works and refuses; with its words.
    Hopeless(String),
}

/// What has to be in the database before anything is acknowledged.
enum Work<'a> {
    Receive(&'a [Event]),
    Park(&'a Event, &'a str),
    ParkUndecodable(&'a [u8], &'a str),
}

impl From<Failure> for End {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl Consumer {
    /// Consumes until the shutdown, on one connection after the other.
    pub async fn run(self, shutdown: ShutdownSignal) {
        let mut backoff = Backoff::default();
        while self.database_answers(shutdown.clone()).await {
            let Some(session) = shutdown.clone().or(self.link.next_session()).await.flatten() else { return };
            let since = Instant::now();
            let consumed = AssertUnwindSafe(self.consume(&session, shutdown.clone())).catch_unwind().await;
            match consumed {
                Ok(End::Shutdown) => return,
                Ok(End::Failed(reason)) if session.connection.status().connected() => {
                    let (subscriber, source) = (self.subscriber(), self.source);
                    tracing::warn!(subscriber, ?source, %reason, "a consumer stopped and is set up again");
                }
                // With the connection gone, which its supervisor has said already.
                Ok(End::Failed(_) | End::Disconnected | End::Hopeless(_)) => {}
                Err(_) => tracing::error!(subscriber = self.subscriber(), "a consumer panicked and is set up again"),
            }
            if since.elapsed() > STABLE {
                backoff.reset();
            }
            if shutdown.clone().or(tokio::time::sleep(backoff.next())).await.is_none() {
                return;
            }
        }
    }

    fn subscriber(&self) -> &'static str {
        self.inbox.subscriber()
    }

    /// Waits until the inbox can be reached: what is taken before only travels in vain, and is counted. False at the
    /// shutdown.
    async fn database_answers(&self, mut shutdown: ShutdownSignal) -> bool {
        let mut backoff = Backoff::default();
        loop {
            match shutdown.or(self.inbox.waiting()).await {
                None => return false,
                Some(Ok(_)) => return true,
                Some(Err(error)) => {
                    let subscriber = self.subscriber();
                    tracing::debug!(subscriber, %error, "events stay with the broker until the inbox answers");
                }
            }
            if shutdown.or(tokio::time::sleep(backoff.next())).await.is_none() {
                return false;
            }
        }
    }

    async fn consume(&self, session: &Session, mut shutdown: ShutdownSignal) -> End {
        let (channel, mut deliveries) = match self.open(session).await {
            Ok(opened) => opened,
            Err(failure) => return failure.into(),
        };
        let end = loop {
            let first = match shutdown.or(deliveries.next()).await {
                None => break End::Shutdown,
                Some(None) => {
                    break Failure::new("consuming", "cancelled by the broker: was the queue deleted?").into();
                }
                Some(Some(Err(error))) => break Failure::from_broker("consuming", &error).into(),
                Some(Some(Ok(first))) => first,
            };
            let _first = self.in_hand.take(1);
            let batch = match fill_batch(first, &mut deliveries).await {
                Err(failure) => break failure.into(),
                Ok(batch) => batch,
            };
            let _others = self.in_hand.take(batch.len() - 1);
            if let Err(end) = self.take(&batch, &channel, shutdown.clone()).await {
                break end;
            }
        };
        if matches!(end, End::Shutdown) {
            let cancel = channel.basic_cancel(deliveries.tag(), BasicCancelOptions::default());
            // What was sent ahead goes back to the queue with the channel; if that fails, with the connection.
            let _cancelled = within("cancelling a consumer", cancel).await;
        }
        let _closed = within("closing a channel", channel.close(200, "bye".into())).await;
        end
    }

    /// A channel of its own: one that fails silences nobody else.
    async fn open(&self, session: &Session) -> Result<(Channel, Deliveries), Failure> {
        let channel = within("opening a channel", session.connection.create_channel()).await?;
        let subscription = Subscription { subscriber: self.subscriber(), event_types: self.inbox.event_types() };
        // Once more: the queue may be what the last consumer lost.
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

    /// Sees to it that each message is in the inbox, then acknowledges all of them.
    async fn take(&self, batch: &[Delivery], channel: &Channel, mut shutdown: ShutdownSignal) -> Result<(), End> {
        let Some(last) = batch.last() else { return Ok(()) };
        let mut events: Vec<Event> = Vec::with_capacity(batch.len());
        for delivery in batch {
            match serde_json::from_slice(&delivery.data) {
                Ok(event) if self.source == Source::Events => events.push(event),
                Ok(event) => self.persist(Work::Park(&event, &story(delivery)), channel, &mut shutdown).await?,
                Err(error) => self.park_undecodable(delivery, &error, channel, &mut shutdown).await?,
            }
        }
        if !events.is_empty() {
            self.persist(Work::Receive(&events), channel, &mut shutdown).await?;
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
    ) -> Result<(), End> {
        let sender = delivery.properties.message_id().as_ref().map(|id| format!(", sent as message {id}"));
        let reason = format!("this is no event{}: {error}", sender.unwrap_or_default());
        match self.persist(Work::ParkUndecodable(&delivery.data, &reason), channel, shutdown).await {
            Err(End::Hopeless(trouble)) => {
                let subscriber = self.subscriber();
                tracing::error!(subscriber, reason, trouble, "a message cannot be parked and becomes a dead letter");
                within("rejecting", delivery.acker.reject(BasicRejectOptions { requeue: false })).await?;
                Ok(())
            }
            result => result,
        }
    }

    /// Tries until it works: an outage of the database is no reason to send anything back, for that is counted.
    async fn persist(&self, work: Work<'_>, channel: &Channel, shutdown: &mut ShutdownSignal) -> Result<(), End> {
        let mut backoff = Backoff::default();
        let mut refusals = 0;
        let since = Instant::now();
        loop {
            // Not interrupted by a shutdown: what is under way is finished.
            let Err(error) = self.attempt(&work).await else { return Ok(()) };
            if !matches!(&error, ApplyError::Database(error) if db::is_unavailable(error)) {
                refusals += 1;
            }
            // A dead letter has nowhere else to go.
            let is_last_resort = self.source == Source::DeadLetters || !matches!(work, Work::ParkUndecodable(..));
            if refusals >= PARKING_ATTEMPTS && !is_last_resort {
                return Err(End::Hopeless(error.to_string()));
            }
            if backoff.is_fresh() {
                tracing::warn!(subscriber = self.subscriber(), %error, "events wait for the database");
            }
            if since.elapsed() > KEEP {
                return Err(Failure::new("applying", error).into());
            }
            if shutdown.or(tokio::time::sleep(backoff.next())).await.is_none() {
                return Err(End::Shutdown);
            }
            if !channel.status().connected() {
                return Err(End::Disconnected);
            }
        }
    }

    async fn attempt(&self, work: &Work<'_>) -> Result<(), ApplyError> {
        match work {
            Work::Receive(events) => self.inbox.receive(events).await?,
            Work::Park(event, reason) => self.inbox.park(event, reason).await?,
            Work::ParkUndecodable(bytes, reason) => {
                self.inbox.park_undecodable(bytes, reason).await?;
            }
        }
        Ok(())
    }
}

/// What is there besides the first.
async fn fill_batch(first: Delivery, deliveries: &mut Deliveries) -> Result<Vec<Delivery>, Failure> {
    let failed = |error: lapin::Error| Failure::from_broker("consuming", &error);
    let mut batch = vec![first];
    let deadline = Instant::now() + BATCH_WAIT;
    while batch.len() < BATCH {
        match tokio::time::timeout_at(deadline, deliveries.next()).await {
            // The end is met again when the next batch is asked for.
            Err(_) | Ok(None) => break,
            Ok(Some(delivery)) => batch.push(delivery.map_err(failed)?),
        }
    }
    Ok(batch)
}

/// Why the broker made it a dead letter, in its own words.
fn story(delivery: &Delivery) -> String {
    let headers = delivery.properties.headers().as_ref();
    let reason = headers.and_then(|headers| match headers.inner().get("x-first-death-reason") {
        Some(AMQPValue::LongString(reason)) => Some(reason.to_string()),
        _ => None,
    });
    match reason.as_deref() {
        Some("delivery_limit") => {
            "it was delivered again and again and never answered: does it end the process?".to_owned()
        }
        Some(reason) => format!("it is a dead letter of the broker: {reason}"),
        None => "it is a dead letter of the broker".to_owned(),
    }
}
