//! The lock of the process that migrates a database.

use std::time::Duration;

use kernel::runtime::retry::Backoff;
use sqlx::PgConnection;

/// The key of the advisory lock: any number that no other code locks in our databases.
const KEY: i64 = 0x7069_6563_6D69_6772;
/// The pauses between two attempts to take the lock.
const PAUSES: Backoff = Backoff::new(Duration::from_millis(20), Duration::from_secs(1));

/// Returns once this session holds the lock.
///
/// It tries again and again, because a statement that waits for a lock keeps its snapshot, and
/// `create index concurrently` waits until every older snapshot is gone: the process that migrates
/// and one that waits for it would wait for each other.
///
/// # Errors
/// The database does not answer.
pub async fn take(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let mut pauses = PAUSES;
    loop {
        let attempt = sqlx::query_scalar("select pg_try_advisory_lock($1)").bind(KEY);
        if attempt.fetch_one(&mut *connection).await? {
            return Ok(());
        }
        tokio::time::sleep(pauses.next_pause()).await;
    }
}

/// Lets the next process migrate.
///
/// # Errors
/// The database does not answer. The lock then ends with the session.
pub async fn release(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("select pg_advisory_unlock($1)").bind(KEY).execute(connection).await?;
    Ok(())
}
