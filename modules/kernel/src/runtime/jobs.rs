//! Jobs: background work as plain async functions. The app decides how they are run.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::Notify;

/// The result of one run of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// No work is left at present.
    Idle,
    /// More work is left: the job runs again at once. A job that needs a pause sleeps before it
    /// returns this.
    More,
}

/// The error of a job, which is only logged.
pub type JobError = Box<dyn std::error::Error + Send + Sync>;

/// Work that finds its own rows and does a bounded part of them in each run. It is safe to run a
/// job twice, and in several processes at the same time.
#[derive(Clone)]
pub struct Job {
    /// The module's name, a dot and what the job does. It is also the name of the job's queue.
    pub name: &'static str,
    /// Maximum time between two runs: other processes create work too.
    pub every: Duration,
    /// Notified after the commit of a row that is work for this job.
    pub wake: Arc<Notify>,
    /// Runs the job once.
    pub run: Arc<dyn Fn() -> BoxFuture<'static, Result<Outcome, JobError>> + Send + Sync>,
}

impl Job {
    pub fn new<F, Work, E>(name: &'static str, every: Duration, wake: Arc<Notify>, run: F) -> Self
    where
        F: Fn() -> Work + Send + Sync + 'static,
        Work: Future<Output = Result<Outcome, E>> + Send + 'static,
        E: Into<JobError> + Send + 'static,
    {
        let run = move || -> BoxFuture<'static, Result<Outcome, JobError>> {
            let work = run();
            Box::pin(async move { work.await.map_err(Into::into) })
        };
        Self { name, every, wake, run: Arc::new(run) }
    }
}
