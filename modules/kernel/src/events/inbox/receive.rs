//! One subscriber's inbox, and the deliveries that it receives from the bus.

use std::borrow::Cow;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use contracts::{Event, EventId};
use futures_util::FutureExt;
use serde::Serialize;
use sqlx::AssertSqlSafe;
use tokio::sync::Notify;
use uuid::Uuid;

use super::policy::RetryPolicy;
use super::subscriber::{ApplyError, Subscriber};
use crate::db::{DbError, Endpoints};
use crate::events::spans::{self, EventSpans};
use crate::runtime::retry::panic_message;
use crate::{Tx, WritePool};

/// One subscriber's inbox, in the subscriber's own schema.
pub struct Inbox {
    subscriber: Arc<dyn Subscriber>,
    /// The pool on the subscriber's schema.
    pub(super) write: WritePool,
    /// How events that fail are retried.
    pub(super) policy: RetryPolicy,
    /// Notified when an event was stored for a retry.
    pub(super) retry_stored: Arc<Notify>,
}

impl Inbox {
    #[must_use]
    pub fn new(subscriber: Arc<dyn Subscriber>, write: WritePool, policy: RetryPolicy) -> Self {
        Self { subscriber, write, policy, retry_stored: Arc::new(Notify::new()) }
    }

    /// The name of the subscribing module.
    #[must_use]
    pub fn subscriber(&self) -> &'static str {
        self.subscriber.name()
    }

    /// The database that contains the inbox.
    #[must_use]
    pub const fn endpoints(&self) -> &Arc<Endpoints> {
        self.write.endpoints()
    }

    /// The event types that the module subscribes to.
    #[must_use]
    pub fn event_types(&self) -> &'static [&'static str] {
        self.subscriber.event_types()
    }

    /// Receives a delivery. Ok means that each event has taken effect or is stored for a retry.
    ///
    /// # Errors
    /// Some of the events have neither taken effect nor been stored: the bus must deliver again.
    pub async fn receive(&self, events: &[Event]) -> Result<(), ApplyError> {
        let wanted = events_where(events, |event| self.event_types().contains(&event.kind.as_str()));
        if wanted.is_empty() {
            return Ok(());
        }
        spans::logged(&wanted, self.subscriber(), self.receive_wanted(&wanted)).await
    }

    async fn receive_wanted(&self, wanted: &[Event]) -> Result<(), ApplyError> {
        let Err(error) = self.apply_new(wanted).await else { return Ok(()) };
        if error.is_outage() {
            return Err(error);
        }
        if let [event] = wanted {
            return self.store_for_retry(event, &error).await;
        }
        for event in wanted {
            let events = std::slice::from_ref(event);
            let apply = async {
                match self.apply_new(events).await {
                    Err(error) if !error.is_outage() => self.store_for_retry(event, &error).await,
                    result => result,
                }
            };
            spans::logged(events, self.subscriber(), apply).await?;
        }
        Ok(())
    }

    /// Applies the events that are new, and tries once more at once after a deadlock.
    async fn apply_new(&self, events: &[Event]) -> Result<(), ApplyError> {
        match self.apply_new_once(events).await {
            Err(ApplyError::Database(error)) if error.is_transient() => self.apply_new_once(events).await,
            result => result,
        }
    }

    async fn apply_new_once(&self, events: &[Event]) -> Result<(), ApplyError> {
        let mut tx = self.write.begin().await.map_err(outage)?;
        let statement = format!(
            "with inserted_events as (
                 insert into {}.inbox (event_id, event_type, state, received_at)
                 select event_id, event_type, 'applied', $3
                 from unnest($1::uuid[], $2::text[]) as input (event_id, event_type)
                 order by event_id
                 on conflict (event_id) do nothing
                 returning event_id
             )
             select coalesce(array_agg(event_id), '{{}}') from inserted_events",
            self.write.schema()
        );
        let ids: Vec<Uuid> = events.iter().map(|event| event.id.uuid()).collect();
        let types: Vec<&str> = events.iter().map(|event| event.kind.as_str()).collect();
        let inserted: Vec<Uuid> = sqlx::query_scalar(AssertSqlSafe(statement))
            .bind(&ids)
            .bind(&types)
            .bind(tx.now())
            .fetch_one(&mut *tx)
            .await?;
        let mut inserted: std::collections::HashSet<Uuid> = inserted.into_iter().collect();
        // A batch may contain the same event twice. The second one is not new.
        let new = events_where(events, |event| inserted.remove(&event.id.uuid()));
        if new.is_empty() {
            return Ok(tx.rollback().await?);
        }
        let apply = async {
            self.apply_guarded(&mut tx, &new).await?;
            tx.commit().await.map_err(ApplyError::from)
        };
        EventSpans::process(&new, self.subscriber()).during(apply).await?;
        metrics::counter!("piecework_events_applied_total", "subscriber" => self.subscriber())
            .increment(new.len() as u64);
        Ok(())
    }

    /// Calls the subscriber with a timeout. A panic becomes an error.
    pub(super) async fn apply_guarded(&self, tx: &mut Tx, events: &[Event]) -> Result<(), ApplyError> {
        let apply = AssertUnwindSafe(self.subscriber.apply(tx, events)).catch_unwind();
        match tokio::time::timeout(self.policy.apply_timeout(), apply).await {
            Ok(Ok(result)) => result,
            Ok(Err(panic)) => Err(ApplyError::Retry(format!("panicked: {}", panic_message(&*panic)))),
            Err(_) => Err(ApplyError::Retry(format!("took longer than {} ms", self.policy.apply_timeout_ms))),
        }
    }

    /// Stores an event that has failed for the first time.
    async fn store_for_retry(&self, event: &Event, error: &ApplyError) -> Result<(), ApplyError> {
        let is_parked = matches!(error, ApplyError::GiveUp(_)) || self.policy.is_last_attempt(1);
        self.report_failure(event.id, &event.kind, 1, error, is_parked);
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
            .bind(if is_parked { "parked" } else { "retry" })
            .bind(now)
            .bind(without_zero_bytes(&error.to_string()))
            .bind(now + self.policy.pause_after(1))
            .bind(to_json(event)?)
            .execute(&mut *tx)
            .await?;
        tx.wake_on_commit(Arc::clone(&self.retry_stored));
        Ok(tx.commit().await?)
    }

    pub(super) fn report_failure(
        &self,
        id: EventId,
        event_type: &str,
        attempts: i32,
        error: &ApplyError,
        is_parked: bool,
    ) {
        let subscriber = self.subscriber();
        if is_parked {
            metrics::counter!("piecework_events_parked_total", "subscriber" => subscriber).increment(1);
            tracing::error!(subscriber, event_id = %id, event_type, attempts, %error, "event parked: an admin must decide");
        } else {
            tracing::warn!(subscriber, event_id = %id, event_type, attempts, %error, "event could not be applied and will be retried");
        }
    }
}

/// The events for which `belongs` is true. If that is all of them, they are not copied.
fn events_where(events: &[Event], mut belongs: impl FnMut(&Event) -> bool) -> Cow<'_, [Event]> {
    let belonging: Vec<&Event> = events.iter().filter(|event| belongs(event)).collect();
    if belonging.len() == events.len() {
        return Cow::Borrowed(events);
    }
    belonging.into_iter().cloned().collect()
}

/// Treats every error at the beginning of a transaction as an outage, also a changed password or a
/// database that allows no connections.
fn outage(error: DbError) -> ApplyError {
    if error.is_unavailable() { error.into() } else { DbError::unavailable(error.to_string()).into() }
}

/// JSON for a column of type json. A parameter of that type would be sent as jsonb, which sorts the
/// fields and refuses an escaped zero byte.
pub(super) fn to_json<T: Serialize + ?Sized>(event: &T) -> Result<String, DbError> {
    Ok(serde_json::to_string(event)?)
}

/// Replaces zero bytes, which PostgreSQL does not store in a text.
pub(super) fn without_zero_bytes(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}
