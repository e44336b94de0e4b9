//! Prunes the job queue.

use std::time::Duration;

use kernel::runtime::shutdown::ShutdownSignal;
use sqlx::PgPool;
use tokio::time;

use super::queue;

/// The pause between two rounds of pruning.
const INTERVAL: Duration = Duration::from_secs(300);

/// Prunes the queue of one database until the stop.
pub async fn prune(pool: PgPool, mut stop: ShutdownSignal) {
    loop {
        if let Err(error) = queue::prune(&pool).await {
            let error: &(dyn std::error::Error + 'static) = &error;
            tracing::warn!(error, "the job queue could not be pruned");
        }
        if stop.or(time::sleep(INTERVAL)).await.is_none() {
            return;
        }
    }
}
