//! The position of a connection's endpoint in the log.

use sqlx::PgConnection;

/// The log sequence number up to which everything that this connection has read is visible.
pub async fn load_position(connection: &mut PgConnection) -> Result<String, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select (
             case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_flush_lsn() end
         )::text as "position!""#
    )
    .fetch_one(connection)
    .await
}
