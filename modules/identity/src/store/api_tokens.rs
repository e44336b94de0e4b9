//! The table `api_tokens`: personal API tokens.

use chrono::{DateTime, Utc};
use contracts::{ApiTokenId, InvalidRole, PersonId, Scopes};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::domain::{ApiToken, ApiTokenAccess, RevokedApiToken};

struct ApiTokenRow {
    id: Uuid,
    person_id: Uuid,
    name: String,
    scopes: Vec<String>,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    last_used_at: Option<DateTime<Utc>>,
}

impl From<ApiTokenRow> for ApiToken {
    fn from(row: ApiTokenRow) -> Self {
        Self {
            id: row.id.into(),
            person_id: row.person_id.into(),
            name: row.name,
            scopes: known_scopes(&row.scopes),
            created_at: row.created_at,
            expires_at: row.expires_at,
            last_used_at: row.last_used_at,
        }
    }
}

/// The scopes that this version knows. A name that another version has stored allows nothing.
fn known_scopes(names: &[String]) -> Scopes {
    names.iter().fold(Scopes::NONE, |scopes, name| scopes.with(name).unwrap_or(scopes))
}

/// Stores a new token.
pub async fn insert_api_token(
    connection: &mut PgConnection,
    token: &ApiToken,
    token_hash: &[u8],
) -> Result<(), sqlx::Error> {
    let scopes: Vec<String> = token.scopes.names().into_iter().map(str::to_owned).collect();
    sqlx::query!(
        "insert into identity.api_tokens (id, person_id, name, token_hash, scopes, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
        token.id.uuid(),
        token.person_id.uuid(),
        token.name,
        token_hash,
        &scopes,
        token.created_at,
        token.expires_at
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Number of the person's tokens that are neither revoked nor expired.
pub async fn count_api_tokens(
    connection: &mut PgConnection,
    person_id: PersonId,
    now: DateTime<Utc>,
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select count(*) as "count!"
           from identity.api_tokens
           where person_id = $1
             and revoked_at is null
             and expires_at > $2"#,
        person_id.uuid(),
        now
    )
    .fetch_one(connection)
    .await
}

/// Up to `rows` of the person's tokens that are not revoked, the oldest first.
pub async fn list_api_tokens(
    connection: &mut PgConnection,
    person_id: PersonId,
    after: Option<ApiTokenId>,
    rows: i64,
) -> Result<Vec<ApiToken>, sqlx::Error> {
    let rows = sqlx::query_as!(
        ApiTokenRow,
        "select id, person_id, name, scopes, created_at, expires_at, last_used_at
         from identity.api_tokens
         where person_id = $1
           and revoked_at is null
           and ($2::uuid is null or id > $2)
         order by id
         limit $3",
        person_id.uuid(),
        after.map(ApiTokenId::uuid),
        rows
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(ApiToken::from).collect())
}

/// What the token of this hash gives access to.
pub async fn load_api_token_access(
    connection: &mut PgConnection,
    token_hash: &[u8],
) -> Result<Option<ApiTokenAccess>, sqlx::Error> {
    let row = sqlx::query!(
        "select token.id, token.person_id, token.scopes, token.expires_at, token.revoked_at,
             person.role, person.active, person.access_version
         from identity.api_tokens as token
         join identity.people as person on person.id = token.person_id
         where token.token_hash = $1",
        token_hash
    )
    .fetch_optional(connection)
    .await?;
    row.map(|row| {
        let role = row.role.parse().map_err(|error: InvalidRole| sqlx::Error::Decode(error.into()))?;
        Ok(ApiTokenAccess {
            id: row.id.into(),
            person_id: row.person_id.into(),
            role,
            active: row.active,
            access_version: row.access_version,
            scopes: known_scopes(&row.scopes),
            expires_at: row.expires_at,
            revoked_at: row.revoked_at,
        })
    })
    .transpose()
}

/// Revokes one of the person's tokens. False if the person has no such token that is not revoked.
pub async fn update_api_token_revoked_at(
    connection: &mut PgConnection,
    id: ApiTokenId,
    person_id: PersonId,
    now: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let updated = sqlx::query!(
        "update identity.api_tokens
         set revoked_at = $3
         where id = $1
           and person_id = $2
           and revoked_at is null",
        id.uuid(),
        person_id.uuid(),
        now
    )
    .execute(connection)
    .await?;
    Ok(updated.rows_affected() > 0)
}

/// Revokes every token of the person.
pub async fn update_api_tokens_revoked_at(
    connection: &mut PgConnection,
    person_id: PersonId,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update identity.api_tokens
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

/// Records when tokens were used, except uses within a minute after one that is recorded.
pub async fn update_api_tokens_last_used_at(
    connection: &mut PgConnection,
    uses: &[(ApiTokenId, DateTime<Utc>)],
) -> Result<(), sqlx::Error> {
    let ids: Vec<Uuid> = uses.iter().map(|(id, _)| id.uuid()).collect();
    let times: Vec<DateTime<Utc>> = uses.iter().map(|(_, used_at)| *used_at).collect();
    sqlx::query!(
        "update identity.api_tokens as token
         set last_used_at = use.used_at
         from unnest($1::uuid[], $2::timestamptz[]) as use (id, used_at)
         where token.id = use.id
           and (token.last_used_at is null or token.last_used_at <= use.used_at - interval '1 minute')",
        &ids,
        &times
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The tokens that were revoked after `after`.
pub async fn list_revoked_api_tokens(
    connection: &mut PgConnection,
    after: DateTime<Utc>,
) -> Result<Vec<RevokedApiToken>, sqlx::Error> {
    sqlx::query_as!(
        RevokedApiToken,
        r#"select id, revoked_at as "revoked_at!"
           from identity.api_tokens
           where revoked_at > $1"#,
        after
    )
    .fetch_all(connection)
    .await
}

/// Deletes up to `limit` tokens that expired before `before`. Returns the number of deleted tokens.
pub async fn delete_expired_api_tokens(
    connection: &mut PgConnection,
    before: DateTime<Utc>,
    limit: i64,
) -> Result<u64, sqlx::Error> {
    let deleted = sqlx::query!(
        "delete from identity.api_tokens
         where id in (
             select id from identity.api_tokens
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
    Ok(deleted.rows_affected())
}
