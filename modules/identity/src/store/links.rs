//! The table `links`: one-time links.

use chrono::{DateTime, Utc};
use contracts::PersonId;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::domain::{Link, LinkKind};

struct LinkRow {
    person_id: Option<Uuid>,
    expires_at: DateTime<Utc>,
    used_at: Option<DateTime<Utc>>,
}

impl From<LinkRow> for Link {
    fn from(row: LinkRow) -> Self {
        Self { person_id: row.person_id.map(PersonId::from), expires_at: row.expires_at, used_at: row.used_at }
    }
}

/// The link of this token.
pub async fn load_link(connection: &mut PgConnection, token_hash: &[u8]) -> Result<Option<Link>, sqlx::Error> {
    sqlx::query_as!(
        LinkRow,
        "select person_id, expires_at, used_at
         from identity.links
         where token_hash = $1",
        token_hash
    )
    .fetch_optional(connection)
    .await
    .map(|row| row.map(Link::from))
}

/// The link of this token, locked until the transaction ends so that it is used once.
pub async fn lock_link(connection: &mut PgConnection, token_hash: &[u8]) -> Result<Option<Link>, sqlx::Error> {
    sqlx::query_as!(
        LinkRow,
        "select person_id, expires_at, used_at
         from identity.links
         where token_hash = $1
         for update",
        token_hash
    )
    .fetch_optional(connection)
    .await
    .map(|row| row.map(Link::from))
}

/// Deletes the unused links of one kind: those of the person, or those that create the first admin.
pub async fn delete_unused_links(
    connection: &mut PgConnection,
    kind: LinkKind,
    person_id: Option<PersonId>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "delete from identity.links
         where person_id is not distinct from $1
           and kind = $2
           and used_at is null",
        person_id.map(PersonId::uuid),
        kind.as_str()
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Deletes the person's unused links of every kind.
pub async fn delete_unused_links_of_person(
    connection: &mut PgConnection,
    person_id: PersonId,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "delete from identity.links
         where person_id = $1
           and used_at is null",
        person_id.uuid()
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Stores a link that is not used yet.
pub async fn insert_link(
    connection: &mut PgConnection,
    token_hash: &[u8],
    kind: LinkKind,
    person_id: Option<PersonId>,
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into identity.links (token_hash, kind, person_id, created_at, expires_at)
         values ($1, $2, $3, $4, $5)",
        token_hash,
        kind.as_str(),
        person_id.map(PersonId::uuid),
        now,
        expires_at
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Marks the link as used.
pub async fn update_link_used_at(
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

/// Deletes up to `limit` links that expired before `before`. Returns the number of deleted links.
pub async fn delete_expired_links(
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
