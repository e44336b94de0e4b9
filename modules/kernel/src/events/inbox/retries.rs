//! The retries of stored events, and the number of events that are stored.

use std::time::Duration;

use chrono::{DateTime, Utc};
use contracts::{Event, EventId};
use serde_json::value::RawValue;
use sqlx::types::Json;
use sqlx::{AssertSqlSafe, FromRow};
use uuid::Uuid;

use super::receive::{Inbox, without_zero_bytes};
use super::subscriber::ApplyError;
use crate::Tx;
use crate::db::DbError;
use crate::events::spans::{self, EventSpans};
use crate::runtime::repeated::Repeated;
use crate::runtime::shutdown::ShutdownSignal;

/// Time between two queries for events that are due for a retry, while events wait for one.
const POLL_INTERVAL: Duration = Duration::from_millis(500);
/// Time between two queries whether events wait for a retry. A process is notified of the events
/// that it has stored itself; the query finds those of other processes.
const IDLE_INTERVAL: Duration = Duration::from_secs(4);

static DELAYED: Repeated = Repeated::new();

/// A stored event that is due for a retry.
#[derive(FromRow)]
struct DueRow {
    event_id: Uuid,
    event_type: String,
    attempts: i32,
    event: Json<Box<RawValue>>,
}

impl Inbox {
    /// Retries stored events until the shutdown.
    pub async fn run_retries(self: std::sync::Arc<Self>, mut shutdown: ShutdownSignal) {
        while !shutdown.is_triggered() {
            let pause = match self.retry_next_if_any().await {
                Ok(None) => IDLE_INTERVAL,
                Ok(Some(true)) => continue,
                Ok(Some(false)) => POLL_INTERVAL,
                Err(error) => {
                    if let Some(suppressed) = DELAYED.due(self.subscriber()) {
                        tracing::warn!(subscriber = self.subscriber(), %error, suppressed, "retries are delayed");
                    }
                    POLL_INTERVAL
                }
            };
            let wait = tokio::time::timeout(pause, self.retry_stored.notified());
            if shutdown.or(wait).await.is_none() {
                break;
            }
        }
    }

    /// Retries the next event like `retry_next`. None if no event waits for a retry, which one
    /// cheap statement finds out.
    async fn retry_next_if_any(&self) -> Result<Option<bool>, ApplyError> {
        let statement = format!("select exists (select from {}.inbox where state = 'retry')", self.write.schema());
        let mut connection = self.write.acquire().await?;
        let any: bool = sqlx::query_scalar(AssertSqlSafe(statement)).fetch_one(&mut *connection).await?;
        drop(connection);
        if any { Ok(Some(self.retry_next().await?)) } else { Ok(None) }
    }

    /// Retries the event that has been due for the longest time. An event whose next attempt lies
    /// further ahead than the longest pause is due, too. False if no event is due.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn retry_next(&self) -> Result<bool, ApplyError> {
        let mut tx = self.write.begin().await?;
        let schema = self.write.schema();
        // Two conditions on one column in one select would read the events between them, too.
        let statement = format!(
            "with due as materialized (
                 select event_id, event_type, attempts, event from {schema}.inbox
                 where state = 'retry' and next_attempt_at <= $1
                 order by next_attempt_at
                 limit 1
                 for update skip locked
             ),
             too_far_ahead as materialized (
                 select event_id, event_type, attempts, event from {schema}.inbox
                 where state = 'retry' and next_attempt_at > $2
                 order by next_attempt_at
                 limit 1
                 for update skip locked
             )
             select event_id, event_type, attempts, event from due
             union all
             select event_id, event_type, attempts, event from too_far_ahead
             limit 1"
        );
        let now = tx.now();
        let query = sqlx::query_as(AssertSqlSafe(statement)).bind(now).bind(self.policy.latest_attempt_at(now));
        let due: Option<DueRow> = query.fetch_optional(&mut *tx).await?;
        let Some(due) = due else {
            tx.rollback().await?;
            return Ok(false);
        };
        let event: Result<Event, _> = serde_json::from_str(due.event.0.get());
        let events = event.as_ref().map(std::slice::from_ref).unwrap_or_default();
        spans::logged(events, self.subscriber(), self.retry(tx, &due, &event)).await
    }

    /// Applies an event that is locked by `tx`, and stores the result.
    async fn retry(
        &self,
        mut tx: Tx,
        due: &DueRow,
        event: &Result<Event, serde_json::Error>,
    ) -> Result<bool, ApplyError> {
        let applied = match event {
            Ok(event) => {
                let events = std::slice::from_ref(event);
                let spans = EventSpans::process(events, self.subscriber());
                spans.during(self.apply_guarded(&mut tx, events)).await
            }
            Err(error) => Err(ApplyError::GiveUp(format!("this is no event: {error}"))),
        };
        let Err(error) = applied else {
            let schema = self.write.schema();
            let statement = format!(
                "update {schema}.inbox set state = 'applied', event = null, received_at = $2 where event_id = $1"
            );
            let now = tx.now();
            sqlx::query(AssertSqlSafe(statement)).bind(due.event_id).bind(now).execute(&mut *tx).await?;
            tx.commit().await?;
            return Ok(true);
        };
        drop(tx);
        if error.is_outage() {
            return Err(error);
        }
        self.store_failed_retry(due, &error).await?;
        Ok(true)
    }

    async fn store_failed_retry(&self, due: &DueRow, error: &ApplyError) -> Result<(), DbError> {
        let attempts = due.attempts + 1;
        let is_parked = matches!(error, ApplyError::GiveUp(_)) || self.policy.is_last_attempt(attempts);
        self.report_failure(EventId::from(due.event_id), &due.event_type, attempts, error, is_parked);
        let mut tx = self.write.begin().await?;
        let statement = format!(
            "update {}.inbox
             set attempts = attempts + 1, last_error = $3, next_attempt_at = $4, state = $5
             where event_id = $1 and state = 'retry' and attempts = $2",
            self.write.schema()
        );
        sqlx::query(AssertSqlSafe(statement))
            .bind(due.event_id)
            .bind(due.attempts)
            .bind(without_zero_bytes(&error.to_string()))
            .bind(tx.now() + self.policy.pause_after(attempts))
            .bind(if is_parked { "parked" } else { "retry" })
            .execute(&mut *tx)
            .await?;
        tx.commit().await
    }

    /// The number of events that are due for a retry.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn count_due(&self) -> Result<i64, DbError> {
        let statement = format!(
            "select count(*) from {}.inbox
             where state = 'retry' and (next_attempt_at <= $1 or next_attempt_at > $2)",
            self.write.schema()
        );
        let mut connection = self.write.acquire().await?;
        let now = self.write.ambient().now();
        let query = sqlx::query_scalar(AssertSqlSafe(statement)).bind(now).bind(self.policy.latest_attempt_at(now));
        Ok(query.fetch_one(&mut *connection).await?)
    }

    /// The number of events that wait for a retry, and the number of parked events.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn count_waiting(&self) -> Result<(i64, i64), DbError> {
        // Each count uses its own partial index: most rows of the table are applied events.
        let statement = format!(
            "select
                 (select count(*) from {schema}.inbox where state = 'retry'),
                 (select count(*) from {schema}.inbox where state = 'parked')",
            schema = self.write.schema()
        );
        let mut connection = self.write.acquire().await?;
        Ok(sqlx::query_as(AssertSqlSafe(statement)).fetch_one(&mut *connection).await?)
    }

    /// When the oldest event that waits for a retry was received. `None`: no event waits.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn load_oldest_retry(&self) -> Result<Option<DateTime<Utc>>, DbError> {
        let statement = format!("select min(received_at) from {}.inbox where state = 'retry'", self.write.schema());
        let mut connection = self.write.acquire().await?;
        Ok(sqlx::query_scalar(AssertSqlSafe(statement)).fetch_one(&mut *connection).await?)
    }
}
