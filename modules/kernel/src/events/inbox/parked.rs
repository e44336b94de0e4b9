//! Parked events: events that could not be applied and wait for the decision of an admin.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use contracts::{AuditAction, Event, EventId};
use serde::{Deserialize, Serialize};
use sqlx::{AssertSqlSafe, FromRow};
use utoipa::ToSchema;
use uuid::Uuid;

use super::receive::{Inbox, to_json, without_zero_bytes};
use super::subscriber::ApplyError;
use crate::db::DbError;
use crate::events::audit::Audit;

/// The event type of a message that cannot be decoded.
const UNDECODABLE: &str = "undecodable";
/// Maximum number of bytes that are stored of a message that cannot be decoded.
const UNDECODABLE_BYTES_MAX: usize = 256 * 1024;

/// An event that its subscriber could not apply and that waits for the decision of an admin.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema, FromRow)]
pub struct ParkedEvent {
    /// The id of the event, which is the same in each delivery.
    #[serde(rename = "id")]
    #[schema(value_type = Uuid)]
    pub event_id: Uuid,
    /// The module that could not apply the event.
    #[serde(rename = "module")]
    pub subscriber: String,
    /// The CloudEvents type of the event.
    #[schema(example = "tasks.completed.v1")]
    pub event_type: String,
    /// The number of attempts to apply the event.
    #[schema(minimum = 0)]
    pub attempts: i32,
    /// The error of the last attempt.
    pub last_error: String,
    /// When the event was received.
    pub received_at: DateTime<Utc>,
    /// The whole event as it was delivered; a text if the message was not an event.
    pub event: serde_json::Value,
}

impl Inbox {
    /// Parks an event that a bus has stopped to deliver. An event that the inbox contains already
    /// does not change.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn park(&self, event: &Event, reason: &str) -> Result<(), DbError> {
        self.insert_parked(event.id.uuid(), &event.kind, reason, event).await
    }

    /// Parks a message that cannot be decoded and returns its id.
    ///
    /// The id is derived from the bytes, so a second delivery of the same message adds no row. It
    /// is never an id that the sender has given: an event with that id may still be delivered.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn park_undecodable(&self, bytes: &[u8], reason: &str) -> Result<Uuid, DbError> {
        let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, bytes);
        let stored = &bytes[..bytes.len().min(UNDECODABLE_BYTES_MAX)];
        let text = String::from_utf8_lossy(stored);
        let reason = match bytes.len() - stored.len() {
            0 => reason.to_owned(),
            missing => format!("{reason} ({missing} more bytes were not stored)"),
        };
        self.insert_parked(id, UNDECODABLE, &reason, &text).await?;
        Ok(id)
    }

    async fn insert_parked<T: Serialize + Sync>(
        &self,
        event_id: Uuid,
        event_type: &str,
        reason: &str,
        event: &T,
    ) -> Result<(), DbError> {
        let statement = format!(
            "insert into {}.inbox (event_id, event_type, state, received_at, last_error, event)
             values ($1, $2, 'parked', $3, $4, $5::json)
             on conflict (event_id) do nothing",
            self.write.schema()
        );
        let mut tx = self.write.begin().await?;
        let inserted = sqlx::query(AssertSqlSafe(statement))
            .bind(event_id)
            .bind(without_zero_bytes(event_type))
            .bind(tx.now())
            .bind(without_zero_bytes(reason))
            .bind(to_json(event)?)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        if inserted.rows_affected() > 0 {
            self.report_failure(EventId::from(event_id), event_type, 0, &ApplyError::GiveUp(reason.to_owned()), true);
        }
        Ok(())
    }

    /// The parked events after the id `after`, the oldest first.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn list_parked(&self, after: Option<Uuid>, limit: i64) -> Result<Vec<ParkedEvent>, DbError> {
        let statement = format!(
            "select event_id, $3 as subscriber, event_type, attempts, last_error, received_at, event
             from {}.inbox
             where state = 'parked' and ($1::uuid is null or event_id > $1)
             order by event_id
             limit $2",
            self.write.schema()
        );
        let mut connection = self.write.acquire().await?;
        let query = sqlx::query_as(AssertSqlSafe(statement)).bind(after).bind(limit).bind(self.subscriber());
        Ok(query.fetch_all(&mut *connection).await?)
    }

    /// Retries a parked event at once, with a new count of attempts. False if this inbox has no
    /// such parked event.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn retry_parked(&self, event_id: Uuid) -> Result<bool, DbError> {
        let mut tx = self.write.begin_command().await?;
        let statement = format!(
            "update {}.inbox set state = 'retry', attempts = 0, next_attempt_at = $2
             where event_id = $1 and state = 'parked'",
            self.write.schema()
        );
        let done = sqlx::query(AssertSqlSafe(statement)).bind(event_id).bind(tx.now()).execute(&mut *tx).await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        let record = Audit::new(AuditAction::ParkedEventRetried).of(event_id).with("module", self.subscriber());
        tx.audit(record).await?;
        tx.wake_on_commit(Arc::clone(&self.retry_stored));
        tx.commit_command(&true).await?;
        Ok(true)
    }

    /// Discards a parked event: it is never applied, and its row remains with the reason. False if
    /// this inbox has no such parked event.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn discard_parked(&self, event_id: Uuid, reason: &str) -> Result<bool, DbError> {
        let mut tx = self.write.begin_command().await?;
        let statement = format!(
            "update {}.inbox set state = 'discarded', discard_reason = $2
             where event_id = $1 and state = 'parked'",
            self.write.schema()
        );
        let done = sqlx::query(AssertSqlSafe(statement)).bind(event_id).bind(reason).execute(&mut *tx).await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        let record = Audit::new(AuditAction::ParkedEventDiscarded).of(event_id).with("module", self.subscriber());
        tx.audit(record.with("reason", reason)).await?;
        tx.commit_command(&true).await?;
        Ok(true)
    }
}
