//! The table `sessions`: what a login begins and a logout ends.

use chrono::{DateTime, Utc};
use contracts::{PersonId, SessionId};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::domain::{LoginMethod, RevokedSession, Session};

struct SessionRow {
    id: Uuid,
    created_at: DateTime<Utc>,
    last_used_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    carrier: String,
    login_method: String,
    user_agent: Option<String>,
    client_address: Option<String>,
}

impl TryFrom<SessionRow> for Session {
    type Error = sqlx::Error;

    fn try_from(row: SessionRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            session_id: SessionId::from(row.id),
            created_at: row.created_at,
            last_used_at: row.last_used_at,
            expires_at: row.expires_at,
            carrier: row
                .carrier
                .parse()
                .map_err(|error: contracts::InvalidCarrier| sqlx::Error::Decode(error.into()))?,
            login_method: row.login_method.parse().map_err(|error: String| sqlx::Error::Decode(error.into()))?,
            user_agent: row.user_agent,
            client_address: row.client_address,
        })
    }
}

/// Stores a new session of the person.
pub async fn insert_session(
    connection: &mut PgConnection,
    person_id: PersonId,
    session: &Session,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into identity.sessions (
             id, person_id, created_at, last_used_at, expires_at, carrier, login_method, user_agent, client_address
         )
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        session.session_id.uuid(),
        person_id.uuid(),
        session.created_at,
        session.last_used_at,
        session.expires_at,
        session.carrier.as_str(),
        session.login_method.as_str(),
        session.user_agent,
        session.client_address
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// How the session began.
pub async fn load_login_method(
    connection: &mut PgConnection,
    session_id: SessionId,
) -> Result<Option<LoginMethod>, sqlx::Error> {
    sqlx::query_scalar!("select login_method from identity.sessions where id = $1", session_id.uuid())
        .fetch_optional(connection)
        .await?
        .map(|text| text.parse().map_err(|error: String| sqlx::Error::Decode(error.into())))
        .transpose()
}

/// The session is used at `now`, and ends at `expires_at` if it is not used again.
pub async fn update_session_used(
    connection: &mut PgConnection,
    session_id: SessionId,
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update identity.sessions
         set last_used_at = $2, expires_at = $3
         where id = $1",
        session_id.uuid(),
        now,
        expires_at
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The person's sessions that have not ended, the newest first: at most `limit` of those that began
/// before the session `before` and after `created_after`.
pub async fn list_sessions(
    connection: &mut PgConnection,
    person_id: PersonId,
    now: DateTime<Utc>,
    created_after: DateTime<Utc>,
    before: Option<SessionId>,
    limit: i64,
) -> Result<Vec<Session>, sqlx::Error> {
    sqlx::query_as!(
        SessionRow,
        r#"select id, created_at, coalesce(last_used_at, created_at) as "last_used_at!", expires_at, carrier,
                  login_method, user_agent, client_address
           from identity.sessions
           where person_id = $1
             and revoked_at is null
             and expires_at > $2
             and created_at > $3
             and ($4::uuid is null or id < $4)
           order by id desc
           limit $5"#,
        person_id.uuid(),
        now,
        created_after,
        before.map(SessionId::uuid),
        limit
    )
    .fetch_all(connection)
    .await?
    .into_iter()
    .map(Session::try_from)
    .collect()
}

/// Ends the session. A session that has ended stays as it is.
pub async fn update_session_revoked_at(
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

/// Ends a session of the person. False if the person has no such session that has not ended.
pub async fn update_own_session_revoked_at(
    connection: &mut PgConnection,
    person_id: PersonId,
    session_id: SessionId,
    now: DateTime<Utc>,
    created_after: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let updated = sqlx::query!(
        "update identity.sessions
         set revoked_at = $3
         where id = $1
           and person_id = $2
           and revoked_at is null
           and expires_at > $3
           and created_at > $4",
        session_id.uuid(),
        person_id.uuid(),
        now,
        created_after
    )
    .execute(connection)
    .await?;
    Ok(updated.rows_affected() > 0)
}

/// Ends every session of the person but one, and returns those that it has ended.
pub async fn update_sessions_revoked_at(
    connection: &mut PgConnection,
    person_id: PersonId,
    except: Option<SessionId>,
    now: DateTime<Utc>,
) -> Result<Vec<RevokedSession>, sqlx::Error> {
    sqlx::query_as!(
        RevokedSession,
        r#"update identity.sessions
           set revoked_at = $3
           where person_id = $1
             and revoked_at is null
             and ($2::uuid is null or id <> $2)
           returning id as session_id, revoked_at as "revoked_at!""#,
        person_id.uuid(),
        except.map(SessionId::uuid),
        now
    )
    .fetch_all(connection)
    .await
}

/// The sessions that were ended after `after`.
pub async fn list_revoked_sessions(
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

/// Deletes up to `limit` expired sessions that have no refresh token. Returns the number of deleted
/// sessions.
pub async fn delete_expired_sessions(
    connection: &mut PgConnection,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<u64, sqlx::Error> {
    let deleted = sqlx::query!(
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
    Ok(deleted.rows_affected())
}
