//! Sessions and their refresh tokens.

use chrono::{DateTime, Utc};
use contracts::{PersonId, SessionId};
use sqlx::PgConnection;

use crate::revocations::RevokedSession;

/// A refresh token with what decides whether it is still good.
#[derive(Debug)]
pub(crate) struct RefreshToken {
    pub session_id: SessionId,
    pub person_id: PersonId,
    pub expires_at: DateTime<Utc>,
    pub used_at: Option<DateTime<Utc>>,
    pub session_revoked_at: Option<DateTime<Utc>>,
}

pub(crate) async fn insert_session(
    connection: &mut PgConnection,
    session_id: SessionId,
    person_id: PersonId,
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into identity.sessions (id, person_id, created_at, expires_at)
         values ($1, $2, $3, $4)",
        session_id.uuid(),
        person_id.uuid(),
        now,
        expires_at
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The token with its session, both locked, so that of two uses at once one is the second.
pub(crate) async fn lock_refresh_token(
    connection: &mut PgConnection,
    token_hash: &[u8],
) -> Result<Option<RefreshToken>, sqlx::Error> {
    sqlx::query_as!(
        RefreshToken,
        "select token.session_id, session.person_id, token.expires_at, token.used_at, session.revoked_at as session_revoked_at
         from identity.refresh_tokens as token
         join identity.sessions as session on session.id = token.session_id
         where token.token_hash = $1
         for update",
        token_hash
    )
    .fetch_optional(connection)
    .await
}

/// The token with its session, as a replica has them.
pub(crate) async fn find_refresh_token(
    connection: &mut PgConnection,
    token_hash: &[u8],
) -> Result<Option<RefreshToken>, sqlx::Error> {
    sqlx::query_as!(
        RefreshToken,
        "select token.session_id, session.person_id, token.expires_at, token.used_at, session.revoked_at as session_revoked_at
         from identity.refresh_tokens as token
         join identity.sessions as session on session.id = token.session_id
         where token.token_hash = $1",
        token_hash
    )
    .fetch_optional(connection)
    .await
}

pub(crate) async fn mark_refresh_token_used(
    connection: &mut PgConnection,
    token_hash: &[u8],
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update identity.refresh_tokens
         set used_at = $2
         where token_hash = $1",
        token_hash,
        now
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Stores a refresh token; its session lives as long as it.
pub(crate) async fn insert_refresh_token(
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
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "update identity.sessions
         set expires_at = $2
         where id = $1
           and expires_at < $2",
        session_id.uuid(),
        expires_at
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Ends a session; one that has ended stays as it is.
pub(crate) async fn revoke_session(
    connection: &mut PgConnection,
    session_id: SessionId,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update identity.sessions
         set revoked_at = $2
         where id = $1
           and revoked_at is null",
        session_id.uuid(),
        now
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Ends every session of a person.
pub(crate) async fn revoke_sessions_of(
    connection: &mut PgConnection,
    person_id: PersonId,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update identity.sessions
         set revoked_at = $2
         where person_id = $1
           and revoked_at is null",
        person_id.uuid(),
        now
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The sessions that were ended after `after`.
pub(crate) async fn list_revoked_sessions(
    connection: &mut PgConnection,
    after: DateTime<Utc>,
) -> Result<Vec<RevokedSession>, sqlx::Error> {
    sqlx::query_as!(
        RevokedSession,
        r#"select id as session_id, revoked_at as "revoked_at!"
           from identity.sessions
           where revoked_at > $1"#,
        after
    )
    .fetch_all(connection)
    .await
}

/// Forgets up to `limit` expired refresh tokens, and as many sessions that have none left; returns how many.
pub(crate) async fn prune_sessions(
    connection: &mut PgConnection,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<u64, sqlx::Error> {
    let tokens = sqlx::query!(
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
    .execute(&mut *connection)
    .await?;
    let sessions = sqlx::query!(
        "delete from identity.sessions
         where id in (
             select id from identity.sessions as session
             where expires_at < $1
               and not exists (select from identity.refresh_tokens as token where token.session_id = session.id)
             order by expires_at
             limit $2
             for update skip locked
         )",
        now,
        limit
    )
    .execute(connection)
    .await?;
    Ok(tokens.rows_affected() + sessions.rows_affected())
}
