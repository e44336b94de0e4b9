//! The table `link_mails`: the recent mails with a one-time link.

use chrono::{DateTime, Utc};
use contracts::PersonId;
use sqlx::PgConnection;

/// Number of mails with a link that the person got between `after` and `before`.
pub async fn count_link_mails(
    connection: &mut PgConnection,
    person_id: PersonId,
    after: DateTime<Utc>,
    before: DateTime<Utc>,
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select count(*) as "count!"
           from identity.link_mails
           where person_id = $1
             and mailed_at > $2
             and mailed_at < $3"#,
        person_id.uuid(),
        after,
        before
    )
    .fetch_one(connection)
    .await
}

/// Stores that a link is mailed to the person.
pub async fn insert_link_mail(
    connection: &mut PgConnection,
    token_hash: &[u8],
    person_id: PersonId,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into identity.link_mails (link_hash, person_id, mailed_at)
         values ($1, $2, $3)",
        token_hash,
        person_id.uuid(),
        now
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Deletes up to `limit` rows from before `before`. Returns the number of deleted rows.
pub async fn delete_old_link_mails(
    connection: &mut PgConnection,
    before: DateTime<Utc>,
    limit: i64,
) -> Result<u64, sqlx::Error> {
    let deleted = sqlx::query!(
        "delete from identity.link_mails
         where link_hash in (
             select link_hash from identity.link_mails
             where mailed_at < $1
             order by mailed_at
             limit $2
             for update skip locked
         )",
        before,
        limit
    )
    .execute(connection)
    .await?;
    Ok(deleted.rows_affected())
}
