//! The table `refresh_tokens`: each has one successor and belongs to a session.

use chrono::{DateTime, Utc};
use contracts::SessionId;
use sqlx::PgConnection;

use crate::domain::RefreshToken;

/// Stores a new refresh token of the session.
pub async fn insert_refresh_token(
    connection: &mut PgConnection,
    token_hash: &[u8],
    session_id: SessionId,
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into identity.refresh_tokens (token_hash, session_id, issued_at, expires_at)
         values ($1, $2, $3, $4)",
        token_hash,
        session_id.uuid(),
        now,
        expires_at
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The token with the state of its session.
pub async fn load_refresh_token(
    connection: &mut PgConnection,
    token_hash: &[u8],
) -> Result<Option<RefreshToken>, sqlx::Error> {
    sqlx::query_as!(
        RefreshToken,
        "select token.session_id, session.person_id, session.created_at as session_created_at,
                session.revoked_at as session_revoked_at, token.expires_at, token.used_at, token.successor_salt
         from identity.refresh_tokens as token
         join identity.sessions as session on session.id = token.session_id
         where token.token_hash = $1",
        token_hash
    )
    .fetch_optional(connection)
    .await
}

/// The token with the state of its session. Both rows are locked until the transaction ends, so
/// that two uses of the token at the same time run one after the other.
pub async fn lock_refresh_token(
    connection: &mut PgConnection,
    token_hash: &[u8],
) -> Result<Option<RefreshToken>, sqlx::Error> {
    sqlx::query_as!(
        RefreshToken,
        "select token.session_id, session.person_id, session.created_at as session_created_at,
                session.revoked_at as session_revoked_at, token.expires_at, token.used_at, token.successor_salt
         from identity.refresh_tokens as token
         join identity.sessions as session on session.id = token.session_id
         where token.token_hash = $1
         for update",
        token_hash
    )
    .fetch_optional(connection)
    .await
}

/// Marks the token as used, with the salt of its successor.
pub async fn update_refresh_token_used_at(
    connection: &mut PgConnection,
    token_hash: &[u8],
    successor_salt: &[u8],
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update identity.refresh_tokens
         set used_at = $2, successor_salt = $3
         where token_hash = $1",
        token_hash,
        now,
        successor_salt
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Deletes up to `limit` expired refresh tokens. Returns the number of deleted tokens.
pub async fn delete_expired_refresh_tokens(
    connection: &mut PgConnection,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<u64, sqlx::Error> {
    let deleted = sqlx::query!(
        "delete from identity.refresh_tokens
         where token_hash in (
             select token_hash from identity.refresh_tokens
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
