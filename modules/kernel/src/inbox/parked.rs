//! The events that wait for a person: parked with the reason, listed, given new tries, or given up.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use contracts::{Event, EventId};
use serde::{Deserialize, Serialize};
use sqlx::{AssertSqlSafe, FromRow};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{ApplyError, Inbox, as_it_came, storable};

/// What stands in the place of the type where nobody can tell it.
const UNDECODABLE: &str = "undecodable";
/// So many bytes of what cannot be decoded are kept: enough for a person to see what it is.
const UNDECODABLE_KEPT_BYTES: usize = 256 * 1024;

/// An event that its subscriber could not apply and that waits for a person.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema, FromRow)]
pub struct ParkedEvent {
    #[schema(value_type = Uuid)]
    pub event_id: Uuid,
    /// The module that could not apply it.
    pub subscriber: String,
    pub event_type: String,
    pub attempts: i32,
    pub last_error: String,
    pub received_at: DateTime<Utc>,
    /// The whole event, as it came; a text where that was no event at all.
    #[schema(value_type = Object)]
    pub event: serde_json::Value,
}

impl Inbox {
    /// Parks an event that a bus gave up delivering. Of one that is known here already nothing changes.
    pub async fn park(&self, event: &Event, reason: &str) -> Result<(), sqlx::Error> {
        self.insert_parked(event.id.uuid(), &event.kind, reason, event).await
    }

    /// Parks what a bus delivered and nobody can decode; returns its id.
    ///
    /// The id comes from the bytes, so that another delivery of the same adds nothing. It is never the one that the sender
    /// may have given besides: an event with that id, if there is one, is still to be applied.
    pub async fn park_undecodable(&self, bytes: &[u8], reason: &str) -> Result<Uuid, sqlx::Error> {
        let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, bytes);
        let kept = &bytes[..bytes.len().min(UNDECODABLE_KEPT_BYTES)];
        let text = String::from_utf8_lossy(kept);
        let reason = match bytes.len() - kept.len() {
            0 => reason.to_owned(),
            missing => format!("{reason} ({missing} more bytes were not kept)"),
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
    ) -> Result<(), sqlx::Error> {
        let statement = format!(
            "insert into {}.inbox (event_id, event_type, state, received_at, last_error, event)
             values ($1, $2, 'parked', $3, $4, $5::json)
             on conflict (event_id) do nothing",
            self.write.schema()
        );
        let mut tx = self.write.begin().await?;
        let inserted = sqlx::query(AssertSqlSafe(statement))
            .bind(event_id)
            .bind(storable(event_type))
            .bind(tx.now())
            .bind(storable(reason))
            .bind(as_it_came(event)?)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        if inserted.rows_affected() > 0 {
            self.report(EventId::from(event_id), event_type, 0, &ApplyError::GiveUp(reason.to_owned()), true);
        }
        Ok(())
    }

    /// Parked events after `after`, oldest event id first.
    pub async fn list_parked(&self, after: Option<Uuid>, limit: i64) -> Result<Vec<ParkedEvent>, sqlx::Error> {
        let statement = format!(
            "select event_id, $3 as subscriber, event_type, attempts, last_error, received_at, event
             from {}.inbox
             where state = 'parked' and ($1::uuid is null or event_id > $1)
             order by event_id
             limit $2",
            self.write.schema()
        );
        let mut connection = self.write.acquire().await?;
        sqlx::query_as(AssertSqlSafe(statement))
            .bind(after)
            .bind(limit)
            .bind(self.subscriber())
            .fetch_all(&mut *connection)
            .await
    }

    /// Gives a parked event a new set of tries, at once. False if it is not parked here.
    pub async fn retry_parked(&self, event_id: Uuid) -> Result<bool, sqlx::Error> {
        let mut tx = self.write.begin().await?;
        let statement = format!(
            "update {}.inbox set state = 'retry', attempts = 0, next_attempt_at = $2
             where event_id = $1 and state = 'parked'",
            self.write.schema()
        );
        let done = sqlx::query(AssertSqlSafe(statement)).bind(event_id).bind(tx.now()).execute(&mut *tx).await?;
        tx.wake_on_commit(Arc::clone(&self.failed));
        tx.commit().await?;
        Ok(done.rows_affected() == 1)
    }

    /// Gives a parked event up for good; it stays on record with the reason. False if it is not parked here.
    pub async fn discard_parked(&self, event_id: Uuid, reason: &str) -> Result<bool, sqlx::Error> {
        let mut tx = self.write.begin().await?;
        let statement = format!(
            "update {}.inbox set state = 'discarded', discard_reason = $2
             where event_id = $1 and state = 'parked'",
            self.write.schema()
        );
        let done = sqlx::query(AssertSqlSafe(statement)).bind(event_id).bind(reason).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(done.rows_affected() == 1)
    }
}
