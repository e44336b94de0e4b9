//! The table `pricing_policies`: every set of price ranges that was ever configured.

use chrono::{DateTime, Utc};
use sqlx::postgres::PgConnection;

use crate::domain::Policy;

/// Stores the configured price ranges as a new version, unless a version has the same ranges.
pub async fn insert_pricing_policy(
    connection: &mut PgConnection,
    policy: &Policy,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "
        insert into accounting.pricing_policies
            (fee_min_minor, fee_max_minor, reward_min_minor, reward_max_minor, created_at)
        select $1, $2, $3, $4, $5
        where not exists (
            select
            from accounting.pricing_policies
            where (fee_min_minor, fee_max_minor, reward_min_minor, reward_max_minor) = ($1, $2, $3, $4)
        )
        ",
        policy.fee.low_minor(),
        policy.fee.high_minor(),
        policy.reward.low_minor(),
        policy.reward.high_minor(),
        now,
    )
    .execute(connection)
    .await?;
    Ok(())
}
