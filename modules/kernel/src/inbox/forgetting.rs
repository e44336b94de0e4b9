//! What was applied long ago need not be known any more.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::Inbox;
use crate::shutdown::ShutdownSignal;

/// How often to look for what need not be remembered any more, and how many rows one transaction forgets.
const FORGET_EVERY: Duration = Duration::from_secs(300);
const FORGET_BATCH: i64 = 2_000;
/// The pause after a full one: booking goes first.
const FORGET_NEXT: Duration = Duration::from_millis(100);

impl Inbox {
    /// Forgets what need not be remembered, in small transactions, until the shutdown.
    pub async fn run_forgetting(self: Arc<Self>, mut shutdown: ShutdownSignal) {
        loop {
            let pause = match self.forget_applied().await {
                Ok(forgotten) if forgotten == FORGET_BATCH.unsigned_abs() => FORGET_NEXT,
                Ok(_) => FORGET_EVERY,
                Err(error) => {
                    tracing::warn!(subscriber = self.subscriber(), %error, "applied events could not be forgotten");
                    FORGET_EVERY
                }
            };
            if shutdown.or(tokio::time::sleep(pause)).await.is_none() {
                break;
            }
        }
    }

    /// Deletes rows of events that were applied longer ago than `remember_days`, 2,000 at most; how many there were.
    pub async fn forget_applied(&self) -> Result<u64, sqlx::Error> {
        let horizon = self.write.ambient().now() - chrono::Duration::days(i64::from(self.policy.remember_days.get()));
        // Ids are made of the time, so the primary key finds the old ones. An event is never received before it is made.
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
            .bind(FORGET_BATCH)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(deleted.rows_affected())
    }
}

/// No UUIDv7 made at that moment or later is lower.
fn first_id_at(time: DateTime<Utc>) -> Uuid {
    let millis = u128::try_from(time.timestamp_millis()).unwrap_or_default();
    Uuid::from_u128(millis << 80)
}
