//! The table `familiar_addresses`: from where each person has logged in.

use chrono::{DateTime, Utc};
use contracts::PersonId;
use sqlx::PgConnection;

/// Whether the person has logged in from the address since `since`.
pub async fn exists_familiar_address(
    connection: &mut PgConnection,
    person_id: PersonId,
    address: &str,
    since: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select exists (
             select from identity.familiar_addresses
             where person_id = $1 and address = $2 and last_login_at >= $3
         ) as "exists!""#,
        person_id.uuid(),
        address,
        since
    )
    .fetch_one(connection)
    .await
}

/// Stores that the person has logged in from the address.
pub async fn upsert_familiar_address(
    connection: &mut PgConnection,
    person_id: PersonId,
    address: &str,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into identity.familiar_addresses as known (person_id, address, last_login_at)
         values ($1, $2, $3)
         on conflict (person_id, address) do update
         set last_login_at = greatest(known.last_login_at, excluded.last_login_at)",
        person_id.uuid(),
        address,
        now
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Deletes up to `limit` addresses that were last used before `before`. Returns their number.
pub async fn delete_unused_familiar_addresses(
    connection: &mut PgConnection,
    before: DateTime<Utc>,
    limit: i64,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query!(
        "delete from identity.familiar_addresses
         where ctid = any(array(
             select ctid from identity.familiar_addresses
             where last_login_at < $1
             order by last_login_at
             limit $2
             for update skip locked
         ))",
        before,
        limit
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}
