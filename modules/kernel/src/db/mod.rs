//! Databases as a module sees them: a pool to write, a pool to read, and the transactions through which state and events go.

mod cluster;
mod history;
mod known;
mod look;
mod lsn;
mod read;
mod role;
mod write;

use std::time::Duration;

use sqlx::Connection;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

pub use cluster::{Cluster, Conditions, Endpoints, while_opening};
pub use known::Condition;
pub use lsn::{InvalidLsn, Lsn};
pub use read::{ReadPool, Snapshot};
pub use role::{ModuleRole, Obstacle, Standing};
pub use write::{Autocommit, Envelope, Tx, WritePool};

/// How long a request waits for a connection before it is told that the database is unavailable.
pub const REQUEST_PATIENCE: Duration = Duration::from_millis(1_800);
const APPLICATION_NAME: &str = "piecework";

/// A connection that was used so lately is not asked first whether it is still there: that would be a round trip for each use.
const FRESH: Duration = Duration::from_millis(500);

fn pool_options(max_connections: u32, patience: Duration) -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(max_connections)
        .acquire_timeout(patience)
        .idle_timeout(Duration::from_secs(300))
}

/// Each of its sessions takes `role` when it is opened.
fn pool_options_as(role: ModuleRole, max_connections: u32, patience: Duration) -> PgPoolOptions {
    pool_options(max_connections, patience)
        .after_connect(move |session, _| Box::pin(role.take(session)))
        .test_before_acquire(false)
        .before_acquire(|connection, used| {
            Box::pin(async move {
                if used.idle_for > FRESH {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
}

fn session_options(options: PgConnectOptions) -> PgConnectOptions {
    options.application_name(APPLICATION_NAME)
}

/// Whether the database could not be reached or is going away: worth another try, and no fault of the request.
#[must_use]
pub fn is_unavailable(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_) => true,
        // Connection trouble, too many connections, shutting down, read-only (a primary that became a replica), lock timeout.
        sqlx::Error::Database(database) => database.code().is_some_and(|code| {
            code.starts_with("08") || code.starts_with("57P") || matches!(&*code, "53300" | "25006" | "55P03")
        }),
        _ => false,
    }
}

/// Whether the same transaction may succeed if it is simply run again: a deadlock or a serialisation failure.
#[must_use]
pub fn is_transient(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Database(database) if matches!(database.code().as_deref(), Some("40001" | "40P01")))
}

/// Whether a value was refused because no column could hold it: a zero byte in a text, a time or number out of range.
#[must_use]
pub fn is_unstorable(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Database(database)
        if matches!(database.code().as_deref(), Some("22003" | "22008" | "22021")))
}

/// The name of the constraint that refused a row, for a store that turns it into a variant.
#[must_use]
pub fn violated_constraint(error: &sqlx::Error) -> Option<&str> {
    match error {
        sqlx::Error::Database(database) => database.constraint(),
        _ => None,
    }
}
