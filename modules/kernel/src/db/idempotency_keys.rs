//! The table `idempotency_keys` of each schema: the answers to commands that were sent with a key.

use chrono::{DateTime, Duration, Utc};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, FromRow};

use super::error::{DbError, Repetition};
use crate::http::Answer;
use crate::http::idempotency::{KeyedRequest, StoredAnswer};

/// How long an answer is kept.
const KEPT: Duration = Duration::days(7);
/// Maximum number of rows that one transaction prunes.
pub(super) const PRUNE_BATCH: i64 = 1_000;

#[derive(FromRow)]
struct StoredRow {
    fingerprint: Vec<u8>,
    status: i16,
    headers: sqlx::types::Json<Vec<(String, String)>>,
    body: Option<Vec<u8>>,
}

/// Takes the lock of a key until the transaction ends. The command of another process that holds
/// it is in flight.
pub(super) async fn lock(connection: &mut PgConnection, request: &KeyedRequest) -> Result<(), DbError> {
    let is_free: bool = sqlx::query_scalar("select pg_try_advisory_xact_lock($1)")
        .bind(request.lock_key())
        .fetch_one(connection)
        .await?;
    if is_free { Ok(()) } else { Err(Repetition::InFlight.into()) }
}

/// Interrupts a command whose key is known.
pub(super) async fn check(
    connection: &mut PgConnection,
    schema: &str,
    request: &KeyedRequest,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let statement = format!(
        "select fingerprint, status, headers, body
         from {schema}.idempotency_keys
         where key_hash = $1 and created_at > $2"
    );
    let stored: Option<StoredRow> = sqlx::query_as(AssertSqlSafe(statement))
        .bind(request.key_hash().as_slice())
        .bind(now - KEPT)
        .fetch_optional(connection)
        .await?;
    let Some(StoredRow { fingerprint, status, headers, body }) = stored else { return Ok(()) };
    if fingerprint != request.fingerprint() {
        return Err(Repetition::OtherBody.into());
    }
    let status = status.unsigned_abs();
    Err(request.repeat(StoredAnswer { status, headers: headers.0, body }).into())
}

/// Stores the answers of commands in the transaction of their effect. An answer that is older than
/// `KEPT` and not yet pruned is replaced.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    schema: &str,
    mut answers: Vec<(&KeyedRequest, Answer)>,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    // One order for all transactions, so that two batches do not wait for each other.
    answers.sort_by_key(|(request, _)| *request.key_hash());
    let statement = format!(
        "insert into {schema}.idempotency_keys as known (key_hash, fingerprint, status, headers, body, created_at)
         select input.key_hash, input.fingerprint, input.status, input.headers::json, input.body, $6
         from unnest($1::bytea[], $2::bytea[], $3::smallint[], $4::text[], $5::bytea[])
             as input (key_hash, fingerprint, status, headers, body)
         on conflict (key_hash) do update
             set fingerprint = excluded.fingerprint,
                 status = excluded.status,
                 headers = excluded.headers,
                 body = excluded.body,
                 created_at = excluded.created_at
             where known.created_at <= $7"
    );
    let headers: Result<Vec<String>, _> =
        answers.iter().map(|(_, answer)| serde_json::to_string(answer.headers())).collect();
    let inserted = sqlx::query(AssertSqlSafe(statement))
        .bind(answers.iter().map(|(request, _)| request.key_hash().as_slice()).collect::<Vec<_>>())
        .bind(answers.iter().map(|(request, _)| request.fingerprint().as_slice()).collect::<Vec<_>>())
        .bind(answers.iter().map(|(_, answer)| answer.status().cast_signed()).collect::<Vec<i16>>())
        .bind(headers?)
        .bind(answers.iter().map(|(_, answer)| answer.stored_body()).collect::<Vec<_>>())
        .bind(now)
        .bind(now - KEPT)
        .execute(connection)
        .await?;
    // A row that is not inserted was committed by another process after the check.
    if inserted.rows_affected() == answers.len() as u64 { Ok(()) } else { Err(Repetition::InFlight.into()) }
}

/// Deletes up to `PRUNE_BATCH` answers that were kept long enough. Returns their number.
pub(super) async fn prune(connection: &mut PgConnection, schema: &str, now: DateTime<Utc>) -> Result<u64, DbError> {
    let statement = format!(
        "delete from {schema}.idempotency_keys
         where key_hash = any(array(
             select key_hash
             from {schema}.idempotency_keys
             where created_at <= $1
             order by created_at
             limit $2
             for update skip locked
         ))"
    );
    let deleted = sqlx::query(AssertSqlSafe(statement)).bind(now - KEPT).bind(PRUNE_BATCH).execute(connection).await?;
    Ok(deleted.rows_affected())
}
