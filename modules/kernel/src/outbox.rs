//! The outbox: events that were committed with their cause and wait until the bus has delivered them.
//!
//! A row exists exactly as long as its event is not delivered, so there is nothing to mark and nothing to prune. The relay
//! deletes a batch, publishes it and only then commits: if the process dies or the bus refuses, the rows are simply there again.

use std::sync::Arc;
use std::time::Duration;

use contracts::Event;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, FromRow};
use tokio::time::Instant;
use uuid::Uuid;

use crate::bus::{EventBus, PublishError};
use crate::shutdown::ShutdownSignal;
use crate::{Tx, WritePool};

/// How often to look when nobody said that there is something: other processes write too.
const POLL_INTERVAL: Duration = Duration::from_millis(500);
const BACKOFF_MAX: Duration = Duration::from_secs(5);
/// A batch ends at so many events,
const BATCH_EVENTS: i64 = 2_000;
/// or when it carries so many single facts.
const BATCH_WEIGHT: i64 = 2_000;
/// After a batch that was not full: what is said meanwhile goes together in the next. Booking fifty facts costs little more than one.
const GATHER: Duration = Duration::from_millis(4);
/// No batch is held back for longer than this before it is delivered.
const AHEAD_MAX: Duration = Duration::from_secs(5);
/// How often to look whether others have delivered what is waited for.
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// How long the subscribers may take for one batch.
const PUBLISH_DEADLINE: Duration = Duration::from_secs(50);

/// Puts events beside the change that caused them, each with how many facts it carries. `Tx::emit_all` is the only caller.
pub(crate) async fn append(
    connection: &mut PgConnection,
    schema: &str,
    events: &[(Event, usize)],
) -> Result<(), sqlx::Error> {
    let statement = format!(
        "insert into {schema}.outbox (event_id, event, weight)
         select event_id, event::json, weight
         from unnest($1::uuid[], $2::text[], $3::integer[]) as said (event_id, event, weight)"
    );
    let ids: Vec<Uuid> = events.iter().map(|(event, _)| event.id.uuid()).collect();
    // Bound as JSON it would go as jsonb, which sorts the fields and refuses an escaped zero byte.
    let texts: Result<Vec<String>, _> = events.iter().map(|(event, _)| serde_json::to_string(event)).collect();
    let weights: Vec<i32> = events.iter().map(|(_, weight)| i32::try_from(*weight).unwrap_or(i32::MAX)).collect();
    sqlx::query(AssertSqlSafe(statement))
        .bind(ids)
        .bind(texts.map_err(|error| sqlx::Error::Encode(error.into()))?)
        .bind(weights)
        .execute(connection)
        .await?;
    Ok(())
}

/// Carries one module's outbox to the bus. Any number of them share the work.
pub struct Relay {
    write: WritePool,
    bus: Arc<dyn EventBus>,
}

/// A batch that is on its way. Dropped before its end, its events are in the outbox as before.
struct Batch {
    tx: Tx,
    events: Arc<[Event]>,
    is_full: bool,
}

#[derive(FromRow)]
struct Row {
    position: i64,
    weight: i32,
    event: sqlx::types::Json<Event>,
}

/// What one batch had.
#[derive(Debug, Clone, Copy)]
pub struct Relayed {
    pub events: usize,
    /// More did not go into it, so there may well be more.
    pub is_full: bool,
}

/// Why a batch is still in the outbox.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    #[error(transparent)]
    Publish(#[from] PublishError),
    #[error("the subscribers took longer than {} s", PUBLISH_DEADLINE.as_secs())]
    Deadline,
}

impl Relay {
    #[must_use]
    pub const fn new(write: WritePool, bus: Arc<dyn EventBus>) -> Self {
        Self { write, bus }
    }

    /// Runs until the shutdown; a batch under way is finished first.
    pub async fn run(self, mut shutdown: ShutdownSignal) {
        let committed = self.write.committed();
        let mut failures: u32 = 0;
        let mut gather = Duration::ZERO;
        // What was taken already while the batch before it was delivered.
        let mut ahead = None;
        while !shutdown.is_triggered() {
            let taken = match ahead.take() {
                Some(batch) => Ok(Some(batch)),
                None => self.take(gather).await,
            };
            let relayed = match taken {
                Ok(Some(batch)) => self.deliver_and_take_ahead(batch, &mut ahead).await,
                Ok(None) => Ok(Relayed { events: 0, is_full: false }),
                Err(error) => Err(error),
            };
            let pause = match relayed {
                Ok(Relayed { events, is_full }) => {
                    failures = 0;
                    gather = if is_full || events == 0 { Duration::ZERO } else { GATHER };
                    if events > 0 {
                        continue;
                    }
                    POLL_INTERVAL
                }
                Err(error) => {
                    if failures == 0 {
                        tracing::warn!(schema = self.write.schema(), %error, "events wait in the outbox");
                    }
                    failures = failures.saturating_add(1);
                    backoff(failures)
                }
            };
            let wait = async {
                if failures == 0 {
                    // A timeout is the slow poll.
                    let _woken = tokio::time::timeout(pause, committed.notified()).await;
                } else {
                    tokio::time::sleep(pause).await;
                }
            };
            if shutdown.or(wait).await.is_none() {
                break;
            }
        }
    }

    /// Delivers one batch.
    pub async fn relay_batch(&self) -> Result<Relayed, RelayError> {
        match self.take(Duration::ZERO).await? {
            Some(batch) => self.deliver(batch).await,
            None => Ok(Relayed { events: 0, is_full: false }),
        }
    }

    /// Of a backlog the next batch is taken out while this one is delivered. If that took long, it goes back: a transaction may be open
    /// for one deadline, not for two.
    async fn deliver_and_take_ahead(&self, batch: Batch, ahead: &mut Option<Batch>) -> Result<Relayed, RelayError> {
        if !batch.is_full {
            return self.deliver(batch).await;
        }
        let began = Instant::now();
        let (relayed, next) = tokio::join!(self.deliver(batch), self.take(Duration::ZERO));
        // After a failure it goes back, and an error of its own comes again.
        let is_kept = relayed.is_ok() && began.elapsed() < AHEAD_MAX;
        *ahead = if is_kept { next.unwrap_or_default() } else { None };
        relayed
    }

    /// Takes what waits out of the outbox, for as long as the batch lives; `gather` is for more to come.
    async fn take(&self, gather: Duration) -> Result<Option<Batch>, RelayError> {
        let gathered = async {
            // The clock of timers goes by the millisecond, and none is less than one.
            if !gather.is_zero() {
                tokio::time::sleep(gather).await;
            }
        };
        let (tx, ()) = tokio::join!(self.write.begin(), gathered);
        let mut tx = tx?;
        let schema = self.write.schema();
        // The commit does not wait for the disk: lost in a crash, it only has the events delivered once more.
        let statement = format!(
            "with unhurried as materialized (
                 select set_config('synchronous_commit', 'off', true)
             ), locked as materialized (
                 select outbox.ctid as place, position, weight from {schema}.outbox, unhurried
                 order by position
                 limit $1
                 for update of outbox skip locked
             ), chosen as (
                 select place from (
                     select place, weight, sum(weight) over (order by position) as carried from locked
                 ) as counted
                 where carried - weight < $2
             )
             delete from {schema}.outbox as sent
             where sent.ctid = any(array(select place from chosen))
             returning sent.position, sent.weight, sent.event"
        );
        // Planned anew each time: a plan from when the table was empty reads all of it, and it may be long now.
        let mut rows: Vec<Row> = sqlx::query_as(AssertSqlSafe(statement))
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
        tokio::time::timeout(PUBLISH_DEADLINE, self.bus.publish(events)).await.map_err(|_| RelayError::Deadline)??;
        tx.commit().await?;
        self.write.delivered().notify_waiters();
        metrics::counter!("piecework_events_relayed_total", "schema" => self.write.schema()).increment(count as u64);
        Ok(Relayed { events: count, is_full })
    }
}

fn backoff(failures: u32) -> Duration {
    BACKOFF_MAX.min(Duration::from_millis(50 << failures.min(10)))
}

/// Waits until fewer than so many facts are in the outbox, or until `patience` ends: for bulk work that should not get far ahead of
/// what follows from it. What a broker has confirmed has left the outbox, whoever still has to hear of it.
pub async fn wait_for_delivery(write: &WritePool, facts: i64, patience: Duration) -> Result<(), sqlx::Error> {
    let delivered = write.delivered();
    let ended = tokio::time::sleep(patience);
    tokio::pin!(ended);
    loop {
        // Made before the look, so that nothing is missed after it.
        let notified = delivered.notified();
        if !holds(&mut *write.acquire().await?, write.schema(), facts).await? {
            return Ok(());
        }
        tokio::select! {
            () = notified => {}
            // Another process may have delivered it.
            () = tokio::time::sleep(LOOK_AGAIN) => {}
            () = &mut ended => return Ok(()),
        }
    }
}

/// Whether so many facts wait to be delivered; looks at no more events than that.
async fn holds(connection: &mut PgConnection, schema: &str, facts: i64) -> Result<bool, sqlx::Error> {
    let statement = format!(
        "select coalesce(sum(weight), 0) >= $1
         from (select weight from {schema}.outbox limit $1) as waiting"
    );
    sqlx::query_scalar(AssertSqlSafe(statement)).bind(facts).fetch_one(connection).await
}

/// How many events wait to be delivered.
pub async fn pending(connection: &mut PgConnection, schema: &str) -> Result<i64, sqlx::Error> {
    let statement = format!("select count(*) from {schema}.outbox");
    sqlx::query_scalar(AssertSqlSafe(statement)).fetch_one(connection).await
}
