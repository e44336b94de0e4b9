//! Retention: rows of events that were applied long ago are deleted.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::receive::Inbox;
use crate::db::DbError;
use crate::runtime::shutdown::ShutdownSignal;

/// Time between two runs that found no full batch.
const PRUNE_INTERVAL: Duration = Duration::from_secs(300);
/// Maximum number of rows that one transaction deletes.
const PRUNE_BATCH: i64 = 2_000;
/// Pause after a full batch, so that deliveries go first.
const PRUNE_PAUSE: Duration = Duration::from_millis(100);

impl Inbox {
    /// Prunes in small transactions until the shutdown.
    pub async fn run_retention(self: Arc<Self>, mut shutdown: ShutdownSignal) {
        loop {
            let pause = match self.prune_applied().await {
                Ok(deleted) if deleted == PRUNE_BATCH.unsigned_abs() => PRUNE_PAUSE,
                Ok(_) => PRUNE_INTERVAL,
                Err(error) => {
                    tracing::warn!(subscriber = self.subscriber(), %error, "applied events could not be pruned");
                    PRUNE_INTERVAL
                }
            };
            if shutdown.or(tokio::time::sleep(pause)).await.is_none() {
                break;
            }
        }
    }

    /// Deletes up to 2,000 rows of events that were applied longer ago than `remember_days`.
    /// Returns the number of deleted rows.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn prune_applied(&self) -> Result<u64, DbError> {
        let horizon = self.write.ambient().now() - chrono::Duration::days(i64::from(self.policy.remember_days.get()));
        // An id contains the time at which it was made, so the primary key finds the old rows. An
        // event is never received before it is made.
        let statement = format!(
            "delete from {schema}.inbox
             where ctid = any(array(
                 select ctid from {schema}.inbox
                 where event_id < $1 and received_at < $2 and state = 'applied'
                 order by event_id
                 limit $3
                 for update skip locked
             ))",
            schema = self.write.schema()
        );
        let mut tx = self.write.begin().await?;
        let deleted = sqlx::query(AssertSqlSafe(statement))
            .bind(first_id_at(horizon))
            .bind(horizon)
            .bind(PRUNE_BATCH)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(deleted.rows_affected())
    }
}

/// The lowest UUIDv7 that can be made at this moment or later.
fn first_id_at(time: DateTime<Utc>) -> Uuid {
    let millis = u128::try_from(time.timestamp_millis()).unwrap_or_default();
    Uuid::from_u128(millis << 80)
}
