//! The reads of a verification: long transactions on a chosen server.

use std::time::Duration;

use sqlx::Executor;
use tokio::time::Instant;

use super::{BEGIN_SNAPSHOT, CATCH_UP_BACKOFF, ReadPool, Snapshot, Source, begin};
use crate::DbError;
use crate::verify::Server;

/// How long a verification waits for a primary that has just come back.
const PRIMARY_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a verification waits for a replica to replay what was committed before it.
const VERIFICATION_CATCH_UP_TIMEOUT: Duration = Duration::from_secs(60);
/// The settings of a transaction of a verification: its queries take minutes, and their plans
/// depend on what is checked.
const VERIFICATION_SETTINGS: &str = "set local statement_timeout = 0; set local plan_cache_mode = force_custom_plan";

impl ReadPool {
    /// A transaction for the queries of a verification, which is not cut off after half a minute.
    /// On the primary each query sees every commit. On a replica all of them see one state, which
    /// includes everything that was committed before this call.
    ///
    /// # Errors
    /// The server gives no connection, or no healthy replica replays the log in time.
    pub async fn begin_verification(&self, server: Server) -> Result<Snapshot, DbError> {
        let (mut inner, as_of) = match server {
            // A snapshot of minutes would keep the primary from removing dead rows.
            Server::Primary => {
                let begin = |connection| begin(connection, "begin read only");
                // Pooled connections from before a restart of the primary fail when they are used.
                let began = Instant::now();
                let mut backoff = CATCH_UP_BACKOFF;
                let inner = loop {
                    match self.connect(Source::Primary, begin).await {
                        Err(error) if error.is_unavailable() && began.elapsed() < PRIMARY_TIMEOUT => {
                            tokio::time::sleep(backoff.next_pause()).await;
                        }
                        result => break result?,
                    }
                };
                (inner, None)
            }
            Server::Replica => {
                let position = self.endpoints.run_on_primary(self.endpoints.load_flushed_position()).await?;
                let begin = |connection| begin(connection, BEGIN_SNAPSHOT);
                let found = self.first_with(position.lsn, None, VERIFICATION_CATCH_UP_TIMEOUT, begin).await;
                let Some((inner, candidate)) = found else {
                    let database = self.endpoints.name();
                    return Err(DbError::unavailable(format!("no replica of {database} is healthy and up to date")));
                };
                (inner, candidate.as_of)
            }
        };
        inner.execute(VERIFICATION_SETTINGS).await?;
        Ok(Snapshot { inner, as_of })
    }
}
