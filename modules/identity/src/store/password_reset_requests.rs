//! The table `password_reset_requests`: requests that no job has answered yet.

use chrono::{DateTime, Utc};
use contracts::PersonId;
use sqlx::PgConnection;
use uuid::Uuid;

/// Stores a request, if the address has none that waits.
pub async fn insert_password_reset_request(
    connection: &mut PgConnection,
    email_key: &str,
    plain_key: &str,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into identity.password_reset_requests (email_key, plain_key, requested_at)
         values ($1, $2, $3)
         on conflict (email_key) do nothing",
        email_key,
        plain_key,
        now
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Deletes up to `limit` requests, the oldest first. Returns their number and the people whose
/// addresses they name.
pub async fn delete_password_reset_requests(
    connection: &mut PgConnection,
    limit: i64,
) -> Result<(usize, Vec<PersonId>), sqlx::Error> {
    let requests: Vec<Option<Uuid>> = sqlx::query_scalar!(
        r#"with deleted_password_reset_requests as (
             delete from identity.password_reset_requests
             where email_key in (
                 select email_key from identity.password_reset_requests
                 order by requested_at
                 limit $1
                 for update skip locked
             )
             returning email_key, plain_key
         )
         select (
             select id
             from identity.people as person
             where person.email_key in (request.email_key, request.plain_key)
             order by person.email_key = request.plain_key desc
             limit 1
         ) as "person_id"
         from deleted_password_reset_requests as request"#,
        limit
    )
    .fetch_all(connection)
    .await?;
    let people = requests.iter().flatten().map(|id| PersonId::from(*id)).collect();
    Ok((requests.len(), people))
}
