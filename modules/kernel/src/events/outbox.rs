//! The outbox: events that were committed with their cause and wait for their delivery.
//!
//! A row exists exactly as long as its event is not delivered, so rows are neither marked nor
//! pruned.

use chrono::{DateTime, Utc};
use contracts::Event;
use sqlx::AssertSqlSafe;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use crate::db::DbError;

/// Inserts events beside the change that caused them, each with the number of facts that it
/// carries. `Tx::emit_all` is the only caller.
pub(crate) async fn append(
    connection: &mut PgConnection,
    schema: &str,
    events: &[(Event, usize)],
) -> Result<(), DbError> {
    let statement = format!(
        "insert into {schema}.outbox (event_id, event, weight)
         select event_id, event::json, weight
         from unnest($1::uuid[], $2::text[], $3::integer[]) as input (event_id, event, weight)"
    );
    let ids: Vec<Uuid> = events.iter().map(|(event, _)| event.id.uuid()).collect();
    // A parameter of type json would be sent as jsonb, which sorts the fields and refuses an
    // escaped zero byte.
    let texts: Result<Vec<String>, _> = events.iter().map(|(event, _)| serde_json::to_string(event)).collect();
    let weights: Vec<i32> = events.iter().map(|(_, weight)| i32::try_from(*weight).unwrap_or(i32::MAX)).collect();
    sqlx::query(AssertSqlSafe(statement)).bind(ids).bind(texts?).bind(weights).execute(connection).await?;
    Ok(())
}

/// The number of events that wait for their delivery.
///
/// # Errors
/// The database does not answer.
pub async fn count_pending(connection: &mut PgConnection, schema: &str) -> Result<i64, sqlx::Error> {
    let statement = format!("select count(*) from {schema}.outbox");
    sqlx::query_scalar(AssertSqlSafe(statement)).fetch_one(connection).await
}

/// When the fact of the oldest event that waits for its delivery happened. `None`: no event waits.
///
/// # Errors
/// The database does not answer.
pub async fn load_oldest(connection: &mut PgConnection, schema: &str) -> Result<Option<DateTime<Utc>>, sqlx::Error> {
    let statement = format!("select (event->>'time')::timestamptz from {schema}.outbox order by position limit 1");
    sqlx::query_scalar(AssertSqlSafe(statement)).fetch_optional(connection).await
}

/// Whether at least this number of facts wait for their delivery. It reads no more rows than that.
pub(super) async fn has_pending_facts(
    connection: &mut PgConnection,
    schema: &str,
    facts: i64,
) -> Result<bool, sqlx::Error> {
    let statement = format!(
        "select coalesce(sum(weight), 0) >= $1
         from (select weight from {schema}.outbox limit $1) as waiting"
    );
    sqlx::query_scalar(AssertSqlSafe(statement)).bind(facts).fetch_one(connection).await
}
