//! The background jobs of tasks: they execute reassign runs, and delete old answers to commands.

use std::sync::Arc;
use std::time::Duration;

use kernel::runtime::jobs::{Job, Outcome};
use kernel::runtime::retention;
use tokio::time::Instant;

use crate::error::Error;
use crate::service::Tasks;

/// Time between two checks for runs. A request in this process wakes the job immediately; the check
/// finds the requests of other processes.
const POLL_INTERVAL: Duration = Duration::from_secs(5);

/// Executes reassign runs, one chunk at a time.
pub(crate) fn reassign(tasks: &Tasks) -> Job {
    let run_wanted = Arc::clone(&tasks.run_wanted);
    let tasks = tasks.clone();
    Job::new("tasks.reassign", POLL_INTERVAL, run_wanted, move || {
        let tasks = tasks.clone();
        async move {
            let began = Instant::now();
            let outcome = tasks.reassign_next_chunk().await?;
            if outcome == Outcome::More {
                let chunk_size = i64::from(tasks.settings.reassign_chunk.get());
                tasks.throttle.wait_for_next_chunk(&tasks.write, chunk_size, began).await?;
            }
            Ok::<_, Error>(outcome)
        }
    })
}

/// Deletes the answers to commands with an idempotency key that were kept long enough.
pub(crate) fn prune_idempotency_keys(tasks: &Tasks) -> Job {
    retention::prune_idempotency_keys("tasks.prune_idempotency_keys", tasks.write.clone())
}
