//! The relay: it carries the events of one module's outbox to the bus.
//!
//! The relay deletes a batch from the outbox, publishes it, and only then commits the deletion. If
//! the process dies or the bus refuses, the rows are still in the outbox.

use std::sync::Arc;
use std::time::Duration;

use contracts::Event;
use sqlx::{AssertSqlSafe, FromRow};
use tokio::time::Instant;

use super::bus::{EventBus, PublishError};
use super::outbox;
use super::spans::EventSpans;
use crate::db::DbError;
use crate::runtime::repeated::Repeated;
use crate::runtime::retry::Backoff;
use crate::runtime::shutdown::ShutdownSignal;
use crate::{Tx, WritePool};

/// The pauses after which the outbox is read although no commit of this process has put events into
/// it. They grow while it stays empty. Each process that writes to it has a relay of its own, so
/// this finds only what a process that was killed has left.
const POLL: Backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(4));
/// The pauses after a batch that could not be delivered.
const BACKOFF: Backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));
/// Maximum number of events in one batch.
const BATCH_EVENTS: i64 = 2_000;
/// A batch takes no more events once it carries this number of facts.
const BATCH_WEIGHT: i64 = 2_000;
/// Pause after a batch that was not full, in which events for the next batch are collected. Booking
/// fifty facts costs little more than booking one.
const COLLECT_PAUSE: Duration = Duration::from_millis(4);
/// A batch that was taken ahead is returned to the outbox if the delivery of the batch before it
/// took longer than this.
const TAKEN_AHEAD_MAX: Duration = Duration::from_secs(5);
/// Time between two checks whether another process has delivered events.
const DELIVERY_POLL_INTERVAL: Duration = Duration::from_millis(50);
/// Time within which the subscribers must apply one batch.
const PUBLISH_TIMEOUT: Duration = Duration::from_secs(50);

static FAILED: Repeated = Repeated::new();

/// Carries one module's outbox to the bus. Several relays, in several processes, share the work.
pub struct Relay {
    write: WritePool,
    bus: Arc<dyn EventBus>,
}

/// A batch that is being delivered. If it is dropped before its commit, its events are still in the
/// outbox.
struct Batch {
    tx: Tx,
    events: Arc<[Event]>,
    is_full: bool,
}

/// A row that was deleted from the outbox.
#[derive(FromRow)]
struct OutboxRow {
    position: i64,
    weight: i32,
    event: sqlx::types::Json<Event>,
}

/// The result of one batch.
#[derive(Debug, Clone, Copy)]
pub struct Relayed {
    /// The number of events that were delivered.
    pub events: usize,
    /// Whether the batch was full, so that more events may wait.
    pub is_full: bool,
}

impl Relayed {
    const NOTHING: Self = Self { events: 0, is_full: false };
}

/// Why a batch is still in the outbox.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    #[error(transparent)]
    Database(#[from] DbError),
    #[error(transparent)]
    Publish(#[from] PublishError),
    #[error("the subscribers took longer than {} s", PUBLISH_TIMEOUT.as_secs())]
    TimedOut,
}

impl From<sqlx::Error> for RelayError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.into())
    }
}

impl Relay {
    #[must_use]
    pub const fn new(write: WritePool, bus: Arc<dyn EventBus>) -> Self {
        Self { write, bus }
    }

    /// Delivers batches until the shutdown. A batch that is being delivered is finished first.
    pub async fn run(self, mut shutdown: ShutdownSignal) {
        let committed = self.write.committed();
        let mut backoff = BACKOFF;
        let mut poll = POLL;
        let mut collect = Duration::ZERO;
        // The batch that was taken while the batch before it was delivered.
        let mut ahead = None;
        while !shutdown.is_triggered() {
            let waited = match self.relay_next(collect, &mut ahead).await {
                Ok(Relayed { events, is_full }) => {
                    backoff.reset();
                    collect = if is_full || events == 0 { Duration::ZERO } else { COLLECT_PAUSE };
                    if events > 0 {
                        poll.reset();
                        continue;
                    }
                    // A timeout is the regular poll.
                    shutdown.or(tokio::time::timeout(poll.next_pause(), committed.notified())).await.map(drop)
                }
                Err(error) => {
                    report_failure(self.write.schema(), &error);
                    shutdown.or(tokio::time::sleep(backoff.next_pause())).await
                }
            };
            if waited.is_none() {
                break;
            }
        }
    }

    /// Delivers one batch, without a pause to collect events.
    ///
    /// # Errors
    /// The batch is still in the outbox.
    pub async fn relay_batch(&self) -> Result<Relayed, RelayError> {
        match self.take(Duration::ZERO).await? {
            Some(batch) => self.deliver(batch).await,
            None => Ok(Relayed::NOTHING),
        }
    }

    async fn relay_next(&self, collect: Duration, ahead: &mut Option<Batch>) -> Result<Relayed, RelayError> {
        let taken = match ahead.take() {
            Some(batch) => Some(batch),
            None => self.take(collect).await?,
        };
        match taken {
            Some(batch) => self.deliver_and_take_ahead(batch, ahead).await,
            None => Ok(Relayed::NOTHING),
        }
    }

    /// While a full batch is delivered, the next one is taken. If the delivery took long, the next
    /// batch is returned: a transaction may be open for one timeout, not for two.
    async fn deliver_and_take_ahead(&self, batch: Batch, ahead: &mut Option<Batch>) -> Result<Relayed, RelayError> {
        if !batch.is_full {
            return self.deliver(batch).await;
        }
        let began = Instant::now();
        let (relayed, next) = tokio::join!(self.deliver(batch), self.take(Duration::ZERO));
        // After a failed delivery the next batch is returned too. An error of its own will recur.
        let is_kept = relayed.is_ok() && began.elapsed() < TAKEN_AHEAD_MAX;
        *ahead = if is_kept { next.unwrap_or_default() } else { None };
        relayed
    }

    /// Deletes the next batch from the outbox in a transaction that lives as long as the batch.
    async fn take(&self, collect: Duration) -> Result<Option<Batch>, RelayError> {
        let collected = async {
            // Timers have a resolution of one millisecond, so even a sleep of zero takes one.
            if !collect.is_zero() {
                tokio::time::sleep(collect).await;
            }
        };
        let (tx, ()) = tokio::join!(self.write.begin(), collected);
        let mut tx = tx?;
        let schema = self.write.schema();
        // The commit does not wait for the disk: if a crash undoes it, the events are delivered
        // twice.
        let statement = format!(
            "with configured as materialized (
                 select set_config('synchronous_commit', 'off', true)
             ), locked_outbox as materialized (
                 select outbox.ctid as place, position, weight from {schema}.outbox, configured
                 order by position
                 limit $1
                 for update of outbox skip locked
             ), batch as (
                 select place from (
                     select place, weight, sum(weight) over (order by position) as total_weight from locked_outbox
                 ) as weighed
                 where total_weight - weight < $2
             )
             delete from {schema}.outbox
             where outbox.ctid = any(array(select place from batch))
             returning outbox.position, outbox.weight, outbox.event"
        );
        // Planned on each execution: a plan from when the table was empty reads all of its rows.
        let mut rows: Vec<OutboxRow> = sqlx::query_as(AssertSqlSafe(statement))
            .persistent(false)
            .bind(BATCH_EVENTS)
            .bind(BATCH_WEIGHT)
            .fetch_all(&mut *tx)
            .await?;
        if rows.is_empty() {
            tx.rollback().await?;
            return Ok(None);
        }
        let weight: i64 = rows.iter().map(|row| i64::from(row.weight)).sum();
        let is_full = weight >= BATCH_WEIGHT || i64::try_from(rows.len()).is_ok_and(|count| count >= BATCH_EVENTS);
        rows.sort_unstable_by_key(|row| row.position);
        Ok(Some(Batch { tx, events: rows.into_iter().map(|row| row.event.0).collect(), is_full }))
    }

    async fn deliver(&self, Batch { tx, events, is_full }: Batch) -> Result<Relayed, RelayError> {
        let count = events.len();
        let spans = EventSpans::send(&events);
        let publish = tokio::time::timeout(PUBLISH_TIMEOUT, self.bus.publish(events));
        spans.during(async { Ok::<_, RelayError>(publish.await.map_err(|_| RelayError::TimedOut)??) }).await?;
        tx.commit().await?;
        self.write.delivered().notify_waiters();
        metrics::counter!("piecework_events_relayed_total", "schema" => self.write.schema()).increment(count as u64);
        Ok(Relayed { events: count, is_full })
    }
}

fn report_failure(schema: &str, error: &RelayError) {
    let Some(suppressed) = FAILED.due(schema) else { return };
    if matches!(error, RelayError::Database(DbError::Exhausted { .. })) {
        tracing::error!(schema, %error, suppressed, "a person must act: events wait in the outbox because the database has no disk or memory left");
    } else {
        tracing::warn!(schema, %error, suppressed, "events could not be delivered and wait in the outbox");
    }
}

/// Waits until fewer than `facts` facts are in the outbox, or until `timeout` has passed. It is for
/// bulk work that should not get far ahead of its effects. Events that a broker has confirmed have
/// left the outbox, even if not all subscribers have applied them.
///
/// # Errors
/// The database does not answer.
pub async fn wait_for_delivery(write: &WritePool, facts: i64, timeout: Duration) -> Result<(), DbError> {
    let delivered = write.delivered();
    let ended = tokio::time::sleep(timeout);
    tokio::pin!(ended);
    loop {
        // Created before the query, so that no notification after the query is missed.
        let notified = delivered.notified();
        if !outbox::has_pending_facts(&mut *write.acquire().await?, write.schema(), facts).await? {
            return Ok(());
        }
        tokio::select! {
            () = notified => {}
            // Another process may have delivered events.
            () = tokio::time::sleep(DELIVERY_POLL_INTERVAL) => {}
            () = &mut ended => return Ok(()),
        }
    }
}
