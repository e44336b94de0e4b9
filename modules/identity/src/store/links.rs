//! One-time links.

use chrono::{DateTime, Utc};
use contracts::PersonId;
use sqlx::PgConnection;
use uuid::Uuid;

/// A link as it lies in the table.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    person_id: Option<Uuid>,
    pub expires_at: DateTime<Utc>,
    pub used_at: Option<DateTime<Utc>>,
}

impl Link {
    /// Whose password it sets; `None` for the link that makes the first admin.
    pub fn person_id(&self) -> Option<PersonId> {
        self.person_id.map(PersonId::from)
    }
}

/// A link to be stored. Whoever has the token of `token_hash` may use it, once.
pub(crate) struct NewLink<'a> {
    pub token_hash: &'a [u8],
    pub person_id: Option<PersonId>,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

pub(crate) async fn find_link(connection: &mut PgConnection, token_hash: &[u8]) -> Result<Option<Link>, sqlx::Error> {
    sqlx::query_as!(
        Link,
        "select person_id, expires_at, used_at
         from identity.links
         where token_hash = $1",
        token_hash
    )
    .fetch_optional(connection)
    .await
}

/// The same, and nobody else uses it until this transaction ends.
pub(crate) async fn lock_link(connection: &mut PgConnection, token_hash: &[u8]) -> Result<Option<Link>, sqlx::Error> {
    sqlx::query_as!(
        Link,
        "select person_id, expires_at, used_at
         from identity.links
         where token_hash = $1
         for update",
        token_hash
    )
    .fetch_optional(connection)
    .await
}

/// Stores a link in the place of those for the same purpose that nobody has used yet.
pub(crate) async fn replace_link(connection: &mut PgConnection, link: &NewLink<'_>) -> Result<(), sqlx::Error> {
    let person_id = link.person_id.map(PersonId::uuid);
    sqlx::query!(
        "delete from identity.links
         where person_id is not distinct from $1
           and used_at is null",
        person_id
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "insert into identity.links (token_hash, kind, person_id, created_at, expires_at)
         values ($1, case when $2::uuid is null then 'first_admin' else 'set_password' end, $2, $3, $4)",
        link.token_hash,
        person_id,
        link.created_at,
        link.expires_at
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub(crate) async fn mark_link_used(
    connection: &mut PgConnection,
    token_hash: &[u8],
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update identity.links
         set used_at = $2
         where token_hash = $1",
        token_hash,
        now
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Forgets up to `limit` links that expired before `before`; returns how many.
pub(crate) async fn prune_links(
    connection: &mut PgConnection,
    before: DateTime<Utc>,
    limit: i64,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query!(
        "delete from identity.links
         where token_hash in (
             select token_hash from identity.links
             where expires_at < $1
             order by expires_at
             limit $2
             for update skip locked
         )",
        before,
        limit
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}
