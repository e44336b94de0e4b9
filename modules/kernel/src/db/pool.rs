//! How the connection pools of all databases are set up.

use std::time::Duration;

use futures_util::future::BoxFuture;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{PgPool, Postgres};

use super::error::DbError;
use super::role::ModuleRole;

/// How long a request waits for a connection before it is answered with 503.
pub const REQUEST_ACQUIRE_TIMEOUT: Duration = Duration::from_millis(1_800);
/// The name under which PostgreSQL lists the sessions of this program.
const APPLICATION_NAME: &str = "piecework";
/// A pooled connection that was idle for this long is closed.
const CLOSE_AFTER_IDLE: Duration = Duration::from_secs(300);

/// The settings of a session in which a module writes. The values are written as PostgreSQL shows
/// them.
pub(super) const WRITING: [(&str, &str); 3] = [
    // A transaction that is never finished must not hold its locks without end.
    ("idle_in_transaction_session_timeout", "1min"),
    ("lock_timeout", "20s"),
    // PostgreSQL would plan a statement for a small set again on each execution, and the planning
    // takes longer than the execution.
    ("plan_cache_mode", "force_generic_plan"),
];
/// The settings of a session in which a module reads.
pub(super) const READING: [(&str, &str); 2] = [("default_transaction_read_only", "on"), ("statement_timeout", "30s")];

pub(super) fn pool_options(max_connections: u32, acquire_timeout: Duration) -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(max_connections)
        .acquire_timeout(acquire_timeout)
        .idle_timeout(CLOSE_AFTER_IDLE)
}

/// Like `pool_options`; each session takes `role` when it is opened.
pub(super) fn pool_options_as(role: ModuleRole, max_connections: u32, acquire_timeout: Duration) -> PgPoolOptions {
    pool_options(max_connections, acquire_timeout).after_connect(move |session, _| Box::pin(role.take(session)))
}

/// A connection of the pool.
///
/// The future is boxed. It holds the opening of a connection, some 10 KB, and each future around it
/// would hold it twice and move it.
pub(super) fn acquire(pool: &PgPool) -> BoxFuture<'static, Result<PoolConnection<Postgres>, sqlx::Error>> {
    Box::pin(pool.acquire())
}

/// The reason why a pool gave no connection. A pool that could not open a single one is not busy:
/// its database is unavailable.
pub(super) fn acquire_failure(pool: &PgPool, error: DbError) -> DbError {
    match error {
        DbError::Busy if pool.size() == 0 => DbError::unavailable("no connection to the database can be opened"),
        error => error,
    }
}

pub(super) fn session_options(options: PgConnectOptions) -> PgConnectOptions {
    options.application_name(APPLICATION_NAME)
}

/// A session in which a module writes.
pub(super) fn writing_session(options: PgConnectOptions) -> PgConnectOptions {
    session_options(options).options(WRITING)
}

/// A session in which a module reads.
pub(super) fn reading_session(options: PgConnectOptions) -> PgConnectOptions {
    session_options(options).options(READING)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Ambient, ReadPool, WritePool};

    /// The stack of a thread holds the futures of a request, in a debug build many times.
    const FUTURE_BYTES_MAX: usize = 4_096;

    #[tokio::test]
    async fn the_futures_that_wait_for_a_connection_are_small() {
        let options = PgConnectOptions::new_without_pgpass();
        let read = ReadPool::new(options.clone(), 1, ModuleRole::owning("tasks"));
        let write = WritePool::new(options, 1, "tasks", Ambient::system());
        let sizes = [
            ("read", size_of_val(&read.acquire())),
            ("write", size_of_val(&write.acquire())),
            ("autocommit", size_of_val(&write.autocommit())),
            ("begin", size_of_val(&write.begin())),
        ];
        for (name, bytes) in sizes {
            assert!(bytes <= FUTURE_BYTES_MAX, "{name}: {bytes} bytes");
        }
    }
}
