//! How the connection pools of all databases are set up.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, PgPool};

use super::error::DbError;
use super::role::ModuleRole;

/// How long a request waits for a connection before it is answered with 503.
pub const REQUEST_ACQUIRE_TIMEOUT: Duration = Duration::from_millis(1_800);
/// The name under which PostgreSQL lists the sessions of this program.
const APPLICATION_NAME: &str = "piecework";
/// A pooled connection that was idle for longer than this is pinged before it is used again. A
/// ping costs a round trip, so a connection in steady use is not pinged.
const PING_AFTER_IDLE: Duration = Duration::from_millis(500);
/// A pooled connection that was idle for this long is closed.
const CLOSE_AFTER_IDLE: Duration = Duration::from_secs(300);

pub(super) fn pool_options(max_connections: u32, acquire_timeout: Duration) -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(max_connections)
        .acquire_timeout(acquire_timeout)
        .idle_timeout(CLOSE_AFTER_IDLE)
}

/// Like `pool_options`; each session takes `role` when it is opened.
pub(super) fn pool_options_as(role: ModuleRole, max_connections: u32, acquire_timeout: Duration) -> PgPoolOptions {
    pool_options(max_connections, acquire_timeout)
        .after_connect(move |session, _| Box::pin(role.take(session)))
        .test_before_acquire(false)
        .before_acquire(|connection, used| {
            Box::pin(async move {
                if used.idle_for > PING_AFTER_IDLE {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
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
