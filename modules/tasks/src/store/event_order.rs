//! The sequence `tasks.event_order`, which numbers creations, completions and runs, and the order
//! lock that protects it.

use sqlx::postgres::PgConnection;

/// The key of the order lock, an advisory lock. Creations and completions hold it shared; the
/// request of a run and a change of the pool hold it exclusively.
pub(super) const ORDER_LOCK: i64 = 0x7A5C_0001;

/// Takes the order lock, shared, until the transaction ends.
pub async fn lock_order_shared(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query!("select pg_advisory_xact_lock_shared($1)", ORDER_LOCK).execute(connection).await?;
    Ok(())
}

/// Takes the order lock, exclusively, until the transaction ends. While it is held, no task is
/// being created or completed. Returns false, in a transaction that has failed, if the lock is not
/// free within half a second: creations and completions wait as long as this does.
pub async fn lock_order_exclusive(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    sqlx::query!("set local lock_timeout = '500ms'").execute(&mut *connection).await?;
    match sqlx::query!("select pg_advisory_xact_lock($1)", ORDER_LOCK).execute(&mut *connection).await {
        Err(error) if is_lock_timeout(&error) => return Ok(false),
        locked => locked?,
    };
    sqlx::query!("set local lock_timeout to default").execute(connection).await?;
    Ok(true)
}

fn is_lock_timeout(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Database(database) if database.code().as_deref() == Some("55P03"))
}

/// The number of the newest task, completion or run of any process.
pub async fn load_last_order(connection: &mut PgConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!("select last_value from tasks.event_order").fetch_one(connection).await
}
