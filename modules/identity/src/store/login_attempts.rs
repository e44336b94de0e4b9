//! The table `login_attempts`: the buckets from which logins take before a password is checked.

use chrono::{DateTime, Duration, Utc};
use kernel::http::rate_limit::RatePolicy;
use kernel::runtime::retry::latest_end;
use sqlx::PgConnection;

/// The result of an attempt to take from a bucket.
pub struct TakenAttempt {
    /// When the bucket is full again. `None`: it did not contain enough.
    pub full_at: Option<DateTime<Utc>>,
    /// When the bucket is full, as it was before.
    pub full_at_before: Option<DateTime<Utc>>,
}

fn microseconds(time: Duration) -> i64 {
    time.num_microseconds().unwrap_or(i64::MAX)
}

/// Takes one unit from a bucket, unless it is empty. Of attempts at the same time, in any process,
/// each takes its own. A bucket that a clock that was ahead has written contains one unit.
pub async fn upsert_attempt(
    connection: &mut PgConnection,
    bucket: &str,
    policy: &RatePolicy,
    now: DateTime<Utc>,
) -> Result<TakenAttempt, sqlx::Error> {
    sqlx::query_as!(
        TakenAttempt,
        r#"with upserted_login_attempts as (
             insert into identity.login_attempts as attempt (bucket, full_at)
             values ($1, $2::timestamptz + $3::bigint * interval '1 microsecond')
             on conflict (bucket) do update
             set full_at = least(
                 greatest(attempt.full_at, $2) + $3 * interval '1 microsecond',
                 $2 + $4::bigint * interval '1 microsecond'
             )
             where greatest(attempt.full_at, $2) + $3 * interval '1 microsecond'
                     <= $2 + $4 * interval '1 microsecond'
                 or attempt.full_at > $5
             returning full_at
         )
         select
             (select full_at from upserted_login_attempts) as full_at,
             (select full_at from identity.login_attempts where bucket = $1) as full_at_before"#,
        bucket,
        now,
        microseconds(policy.refill_time()),
        microseconds(policy.window()),
        latest_end(now, policy.window())
    )
    .fetch_one(connection)
    .await
}

/// Gives back what an attempt has taken.
pub async fn update_attempt_returned(
    connection: &mut PgConnection,
    bucket: &str,
    policy: &RatePolicy,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update identity.login_attempts
         set full_at = full_at - $2::bigint * interval '1 microsecond'
         where bucket = $1",
        bucket,
        microseconds(policy.refill_time())
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Deletes up to `limit` buckets that are full. Returns the number of deleted buckets.
pub async fn delete_full_attempts(
    connection: &mut PgConnection,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query!(
        "delete from identity.login_attempts
         where bucket in (
             select bucket from identity.login_attempts
             where full_at < $1
             order by full_at
             limit $2
             for update skip locked
         )",
        now,
        limit
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}
