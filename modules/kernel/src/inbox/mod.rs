//! The inbox: each event takes effect once for its subscriber, and what fails is kept and tried again from here.
//!
//! The effect and the inbox row commit in one transaction. A batch that fails is tried event by event, so that a bad one holds up
//! nobody; what still fails is stored with the reason, acknowledged, tried again with growing pauses, and parked after the last try.

mod forgetting;
mod parked;

use std::borrow::Cow;
use std::num::NonZeroU16;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use contracts::{Event, EventId};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sqlx::AssertSqlSafe;
use sqlx::types::Json;
use tokio::sync::Notify;
use uuid::Uuid;

pub use parked::ParkedEvent;

use crate::db::Cluster;
use crate::shutdown::ShutdownSignal;
use crate::{Tx, WritePool, db};

/// What a module does with events of others.
pub trait Subscriber: Send + Sync + 'static {
    /// The module's name.
    fn name(&self) -> &'static str;

    /// The event types it wants; others never reach it.
    fn event_types(&self) -> &'static [&'static str];

    /// Applies a batch in the given transaction, with sets rather than loops. Every event in it is new to this subscriber;
    /// their order means nothing.
    fn apply<'a>(&'a self, tx: &'a mut Tx, events: &'a [Event]) -> BoxFuture<'a, Result<(), ApplyError>>;
}

/// Why a subscriber could not apply events.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// May succeed later.
    #[error("{0}")]
    Retry(String),
    /// Will fail for ever: park at once.
    #[error("{0}")]
    GiveUp(String),
}

impl From<contracts::event::UnreadableFact> for ApplyError {
    fn from(error: contracts::event::UnreadableFact) -> Self {
        Self::GiveUp(error.to_string())
    }
}

/// How retries go; the defaults last about an hour.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetryPolicy {
    /// After so many failures an event is parked.
    pub max_attempts: u32,
    /// The pause after the first failure; it doubles with each further one.
    pub first_pause_ms: u64,
    /// No pause is longer.
    pub longest_pause_ms: u64,
    /// How long one batch may take to be applied.
    pub apply_timeout_ms: u64,
    /// For so long it is remembered that an event was applied; one that is delivered again later is applied again, which every
    /// subscriber's own unique keys make harmless.
    pub remember_days: NonZeroU16,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_attempts: 15,
            first_pause_ms: 1_000,
            longest_pause_ms: 600_000,
            apply_timeout_ms: 40_000,
            remember_days: NonZeroU16::new(30).unwrap_or(NonZeroU16::MIN),
        }
    }
}

/// One subscriber's inbox, in its own schema.
pub struct Inbox {
    subscriber: Arc<dyn Subscriber>,
    write: WritePool,
    policy: RetryPolicy,
    failed: Arc<Notify>,
}

impl Inbox {
    #[must_use]
    pub fn new(subscriber: Arc<dyn Subscriber>, write: WritePool, policy: RetryPolicy) -> Self {
        Self { subscriber, write, policy, failed: Arc::new(Notify::new()) }
    }

    #[must_use]
    pub fn subscriber(&self) -> &'static str {
        self.subscriber.name()
    }

    /// The database that it is in.
    #[must_use]
    pub const fn cluster(&self) -> &Arc<Cluster> {
        self.write.cluster()
    }

    #[must_use]
    pub fn event_types(&self) -> &'static [&'static str] {
        self.subscriber.event_types()
    }

    /// Takes a delivery. Ok means that each event has taken effect or is safely kept for another try; an error means that
    /// nothing is known of some of them, and the bus must deliver again.
    pub async fn receive(&self, events: &[Event]) -> Result<(), ApplyError> {
        let wanted = those_of(events, |event| self.event_types().contains(&event.kind.as_str()));
        if wanted.is_empty() {
            return Ok(());
        }
        let Err(error) = self.apply_new(&wanted).await else { return Ok(()) };
        if is_outage(&error) {
            return Err(error);
        }
        if let [event] = &*wanted {
            return self.keep(event, &error).await;
        }
        for event in &*wanted {
            match self.apply_new(std::slice::from_ref(event)).await {
                Ok(()) => {}
                Err(error) if is_outage(&error) => return Err(error),
                Err(error) => self.keep(event, &error).await?,
            }
        }
        Ok(())
    }

    /// Applies those of `events` that are new, once more at once if it lost to a deadlock.
    async fn apply_new(&self, events: &[Event]) -> Result<(), ApplyError> {
        match self.apply_new_once(events).await {
            Err(ApplyError::Database(error)) if db::is_transient(&error) => self.apply_new_once(events).await,
            result => result,
        }
    }

    async fn apply_new_once(&self, events: &[Event]) -> Result<(), ApplyError> {
        let mut tx = self.write.begin().await.map_err(outage)?;
        let statement = format!(
            "with new as (
                 insert into {}.inbox (event_id, event_type, state, received_at)
                 select event_id, event_type, 'applied', $3
                 from unnest($1::uuid[], $2::text[]) as event (event_id, event_type)
                 order by event_id
                 on conflict (event_id) do nothing
                 returning event_id
             )
             select coalesce(array_agg(event_id), '{{}}') from new",
            self.write.schema()
        );
        let ids: Vec<Uuid> = events.iter().map(|event| event.id.uuid()).collect();
        let types: Vec<&str> = events.iter().map(|event| event.kind.as_str()).collect();
        let new: Vec<Uuid> = sqlx::query_scalar(AssertSqlSafe(statement))
            .bind(&ids)
            .bind(&types)
            .bind(tx.now())
            .fetch_one(&mut *tx)
            .await?;
        let mut new: std::collections::HashSet<Uuid> = new.into_iter().collect();
        // A batch may hold the same event twice: the second is no longer new.
        let fresh = those_of(events, |event| new.remove(&event.id.uuid()));
        if fresh.is_empty() {
            return Ok(tx.rollback().await?);
        }
        self.apply_guarded(&mut tx, &fresh).await?;
        tx.commit().await?;
        metrics::counter!("piecework_events_applied_total", "subscriber" => self.subscriber())
            .increment(fresh.len() as u64);
        Ok(())
    }

    /// Calls the subscriber, with a deadline, and turns a panic into an error.
    async fn apply_guarded(&self, tx: &mut Tx, events: &[Event]) -> Result<(), ApplyError> {
        let apply = AssertUnwindSafe(self.subscriber.apply(tx, events)).catch_unwind();
        match tokio::time::timeout(Duration::from_millis(self.policy.apply_timeout_ms), apply).await {
            Ok(Ok(result)) => result,
            Ok(Err(panic)) => Err(ApplyError::Retry(format!("panicked: {}", panic_message(&*panic)))),
            Err(_) => Err(ApplyError::Retry(format!("took longer than {} ms", self.policy.apply_timeout_ms))),
        }
    }

    /// Stores an event that failed for the first time.
    async fn keep(&self, event: &Event, error: &ApplyError) -> Result<(), ApplyError> {
        let parked = matches!(error, ApplyError::GiveUp(_)) || self.policy.max_attempts <= 1;
        self.report(event.id, &event.kind, 1, error, parked);
        let mut tx = self.write.begin().await?;
        let now = tx.now();
        let statement = format!(
            "insert into {}.inbox (event_id, event_type, state, received_at, attempts, last_error, next_attempt_at, event)
             values ($1, $2, $3, $4, 1, $5, $6, $7::json)
             on conflict (event_id) do nothing",
            self.write.schema()
        );
        sqlx::query(AssertSqlSafe(statement))
            .bind(event.id.uuid())
            .bind(&event.kind)
            .bind(if parked { "parked" } else { "retry" })
            .bind(now)
            .bind(storable(&error.to_string()))
            .bind(now + self.pause(1))
            .bind(as_it_came(event)?)
            .execute(&mut *tx)
            .await?;
        tx.wake_on_commit(Arc::clone(&self.failed));
        Ok(tx.commit().await?)
    }

    fn report(&self, id: EventId, event_type: &str, attempts: i32, error: &ApplyError, parked: bool) {
        let subscriber = self.subscriber();
        if parked {
            metrics::counter!("piecework_events_parked_total", "subscriber" => subscriber).increment(1);
            tracing::error!(subscriber, event_id = %id, event_type, attempts, %error, "event parked: a person must look at it");
        } else {
            tracing::warn!(subscriber, event_id = %id, event_type, attempts, %error, "event could not be applied, will be tried again");
        }
    }

    fn pause(&self, attempts: i32) -> chrono::Duration {
        let doublings = u32::try_from(attempts.saturating_sub(1)).unwrap_or_default().min(30);
        let millis = self.policy.first_pause_ms.saturating_mul(1 << doublings).min(self.policy.longest_pause_ms);
        chrono::Duration::milliseconds(i64::try_from(millis).unwrap_or(i64::MAX))
    }

    /// Tries what is due again, until the shutdown.
    pub async fn run_retries(self: Arc<Self>, mut shutdown: ShutdownSignal) {
        while !shutdown.is_triggered() {
            match self.retry_next().await {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => tracing::warn!(subscriber = self.subscriber(), %error, "retries must wait"),
            }
            let wait = tokio::time::timeout(Duration::from_millis(500), self.failed.notified());
            if shutdown.or(wait).await.is_none() {
                break;
            }
        }
    }

    /// Tries the oldest event that is due; false when none is.
    pub async fn retry_next(&self) -> Result<bool, ApplyError> {
        let mut tx = self.write.begin().await?;
        let schema = self.write.schema();
        let statement = format!(
            "select event_id, event_type, attempts, event from {schema}.inbox
             where state = 'retry' and next_attempt_at <= $1
             order by next_attempt_at
             limit 1
             for update skip locked"
        );
        let due: Option<(Uuid, String, i32, Json<Box<RawValue>>)> =
            sqlx::query_as(AssertSqlSafe(statement)).bind(tx.now()).fetch_optional(&mut *tx).await?;
        let Some((event_id, event_type, attempts, event)) = due else {
            tx.rollback().await?;
            return Ok(false);
        };
        let applied = match serde_json::from_str(event.0.get()) {
            Ok(event) => self.apply_guarded(&mut tx, &[event]).await,
            Err(error) => Err(ApplyError::GiveUp(format!("this is no event: {error}"))),
        };
        let Err(error) = applied else {
            let statement = format!(
                "update {schema}.inbox set state = 'applied', event = null, received_at = $2 where event_id = $1"
            );
            let now = tx.now();
            sqlx::query(AssertSqlSafe(statement)).bind(event_id).bind(now).execute(&mut *tx).await?;
            tx.commit().await?;
            return Ok(true);
        };
        drop(tx);
        if is_outage(&error) {
            return Err(error);
        }
        let parked = matches!(error, ApplyError::GiveUp(_))
            || u32::try_from(attempts + 1).is_ok_and(|n| n >= self.policy.max_attempts);
        self.report(EventId::from(event_id), &event_type, attempts + 1, &error, parked);
        let mut tx = self.write.begin().await?;
        let statement = format!(
            "update {schema}.inbox
             set attempts = attempts + 1, last_error = $3, next_attempt_at = $4, state = $5
             where event_id = $1 and state = 'retry' and attempts = $2"
        );
        sqlx::query(AssertSqlSafe(statement))
            .bind(event_id)
            .bind(attempts)
            .bind(storable(&error.to_string()))
            .bind(tx.now() + self.pause(attempts + 1))
            .bind(if parked { "parked" } else { "retry" })
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(true)
    }

    /// How many events should be tried again now.
    pub async fn due(&self) -> Result<i64, sqlx::Error> {
        let statement = format!(
            "select count(*) from {}.inbox
             where state = 'retry' and next_attempt_at <= $1",
            self.write.schema()
        );
        let mut connection = self.write.acquire().await?;
        sqlx::query_scalar(AssertSqlSafe(statement)).bind(self.write.ambient().now()).fetch_one(&mut *connection).await
    }

    /// How many events wait for another try, and how many for a person.
    pub async fn waiting(&self) -> Result<(i64, i64), sqlx::Error> {
        let statement = format!(
            // Each by its own partial index: what was applied is most of the table.
            "select
                 (select count(*) from {schema}.inbox where state = 'retry'),
                 (select count(*) from {schema}.inbox where state = 'parked')",
            schema = self.write.schema()
        );
        let mut connection = self.write.acquire().await?;
        sqlx::query_as(AssertSqlSafe(statement)).fetch_one(&mut *connection).await
    }
}

/// Some of the events; all of them, as nearly always, without a copy.
fn those_of(events: &[Event], mut belongs: impl FnMut(&Event) -> bool) -> Cow<'_, [Event]> {
    let belonging: Vec<&Event> = events.iter().filter(|event| belongs(event)).collect();
    if belonging.len() == events.len() {
        return Cow::Borrowed(events);
    }
    belonging.into_iter().cloned().collect()
}

/// Whatever keeps a transaction from beginning: a password that was changed, a database that lets nobody in.
fn outage(error: sqlx::Error) -> ApplyError {
    if db::is_unavailable(&error) { error.into() } else { sqlx::Error::Io(std::io::Error::other(error)).into() }
}

/// An outage is nobody's fault: the event is not to be blamed, and the bus delivers again.
fn is_outage(error: &ApplyError) -> bool {
    matches!(error, ApplyError::Database(error) if db::is_unavailable(error))
}

/// JSON for a column of type json. Bound as such it would go as jsonb, which sorts the fields and refuses an escaped zero byte.
fn as_it_came<T: Serialize + ?Sized>(event: &T) -> Result<String, sqlx::Error> {
    serde_json::to_string(event).map_err(|error| sqlx::Error::Encode(error.into()))
}

/// A text of somebody else's as PostgreSQL takes it: without zero bytes, for one would keep the whole row out for ever.
fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}
