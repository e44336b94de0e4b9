//! The runner of a job: calls the job's function for each wake-up that the worker takes.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use kernel::runtime::jobs::{Job, Outcome};
use kernel::runtime::repeated::Repeated;
use kernel::runtime::retry::panic_message;
use kernel::runtime::shutdown::ShutdownSignal;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

/// How long the function may find more work for one wake-up. Then the wake-up ends and another is
/// pushed, so that `list_overdue` can tell a busy job from one that hangs.
const RUN_LIMIT: Duration = Duration::from_secs(60);

static FAILED: Repeated = Repeated::new();

/// Runs the job once for each request, one run at a time. It ends when no worker is left to request
/// one.
pub async fn run_on_request(job: Job, mut requests: mpsc::Receiver<oneshot::Sender<()>>, stop: ShutdownSignal) {
    while let Some(done) = requests.recv().await {
        run_until_idle(&job, &stop).await;
        // The worker may have lost its database and ended meanwhile.
        let _ = done.send(());
    }
}

/// Calls the job's function until it finds no more work. A failure ends this: the module's own row
/// says when to try again.
async fn run_until_idle(job: &Job, stop: &ShutdownSignal) {
    let began = Instant::now();
    loop {
        let run = AssertUnwindSafe(async { (job.run)().await }).catch_unwind();
        match run.await {
            Ok(Ok(Outcome::Idle)) => return,
            Ok(Ok(Outcome::More)) if stop.is_triggered() => return,
            Ok(Ok(Outcome::More)) if began.elapsed() > RUN_LIMIT => {
                return job.wake.notify_one();
            }
            Ok(Ok(Outcome::More)) => tokio::task::yield_now().await,
            Ok(Err(error)) => {
                let error: &(dyn std::error::Error + 'static) = &*error;
                if let Some(suppressed) = FAILED.due(&format!("{} {error}", job.name)) {
                    tracing::warn!(job = job.name, error, suppressed, "a job failed");
                }
                return;
            }
            Err(panic) => {
                let panic = panic_message(&*panic);
                return tracing::error!(job = job.name, panic, "a job panicked");
            }
        }
    }
}
