//! The table `sso_used_states`: the logins at the provider that were completed.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

/// Stores that the login with this hash was completed. False if it was completed before.
pub async fn insert_used_state(
    connection: &mut PgConnection,
    state_hash: &[u8],
    expires_at: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let inserted = sqlx::query!(
        "insert into identity.sso_used_states (state_hash, expires_at)
         values ($1, $2)
         on conflict do nothing",
        state_hash,
        expires_at
    )
    .execute(connection)
    .await?;
    Ok(inserted.rows_affected() > 0)
}

/// Deletes up to `limit` states whose logins have expired, and returns their number.
pub async fn delete_expired_used_states(
    connection: &mut PgConnection,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<u64, sqlx::Error> {
    let deleted = sqlx::query!(
        "delete from identity.sso_used_states
         where state_hash in (
             select state_hash from identity.sso_used_states
             where expires_at < $1
             order by expires_at
             limit $2
             for update skip locked
         )",
        now,
        limit
    )
    .execute(connection)
    .await?;
    Ok(deleted.rows_affected())
}
