//! Long work as plain async functions; what runs them is the app's affair.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::Notify;

/// What one look at the work has found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing is left to do now.
    Idle,
    /// Some was done and more is waiting: look again at once. Who wants a pause makes it before saying so.
    More,
}

pub type JobError = Box<dyn std::error::Error + Send + Sync>;

/// Work that looks for rows of its own, does a bounded part and is safe to run twice or beside itself.
#[derive(Clone)]
pub struct Job {
    /// The module's name, a point, and what it does; also the queue's name.
    pub name: &'static str,
    /// How often to look even when nobody said that there is work.
    pub every: Duration,
    /// Signalled after the commit of a row that is work.
    pub wake: Arc<Notify>,
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
