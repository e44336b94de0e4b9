//! The ticker of a job: pushes wake-ups into its queue.

use std::sync::Arc;

use kernel::runtime::jobs::Job;
use kernel::runtime::repeated::Repeated;
use kernel::runtime::shutdown::ShutdownSignal;
use sqlx::PgPool;
use tokio::sync::Notify;
use tokio::time;

use super::queue;
use super::worker::backoff;

static FAILED: Repeated = Repeated::new();

/// Pushes a wake-up at once, because work may have become due while no process ran; then whenever
/// the job is woken, and whenever `every` has passed.
pub async fn tick(job: Job, pool: PgPool, wake: Arc<Notify>, mut stop: ShutdownSignal) {
    let mut backoff = backoff();
    loop {
        if let Err(error) = queue::push(job.name, &pool).await {
            let pause = backoff.next_pause();
            if let Some(suppressed) = FAILED.due(job.name) {
                tracing::warn!(job = job.name, error, ?pause, suppressed, "a wake-up could not be pushed");
            }
            match stop.or(time::sleep(pause)).await {
                Some(()) => continue,
                None => return,
            }
        }
        backoff.reset();
        // Also for a wake-up that was pending before: the worker may not know of it yet.
        wake.notify_one();
        tokio::select! {
            () = stop.triggered() => return,
            () = job.wake.notified() => {}
            () = time::sleep(job.every) => {}
        }
    }
}
