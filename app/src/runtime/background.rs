//! Tasks that run beside requests until the application stops.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use kernel::db::Endpoints;
use kernel::runtime::retry::panic_message;
use kernel::runtime::shutdown::{Shutdown, ShutdownSignal};
use tokio::task::JoinSet;

/// The pause before a task that panicked is started again.
const RESTART_PAUSE: Duration = Duration::from_secs(1);

/// Tasks that end on one signal. They are aborted when this is dropped.
#[derive(Default)]
pub struct Background {
    shutdown: Shutdown,
    tasks: JoinSet<()>,
}

impl Background {
    /// The signal on which all tasks end.
    #[must_use]
    pub fn signal(&self) -> ShutdownSignal {
        self.shutdown.signal()
    }

    /// Runs one task.
    pub fn spawn(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(task);
    }

    /// Runs the task that `work` makes. If it panics, the panic is logged and the task is made
    /// again.
    pub fn keep_running<Work>(
        &mut self,
        name: &'static str,
        mut work: impl FnMut(ShutdownSignal) -> Work + Send + 'static,
    ) where
        Work: Future<Output = ()> + Send + 'static,
    {
        let mut signal = self.signal();
        self.spawn(async move {
            while !signal.is_triggered() {
                let Err(panic) = AssertUnwindSafe(work(signal.clone())).catch_unwind().await else { return };
                let panic = panic_message(&*panic);
                tracing::error!(task = name, panic, "a background task panicked and is started again");
                // Nothing is lost if the shutdown ends the pause.
                let _ended = signal.or(tokio::time::sleep(RESTART_PAUSE)).await;
            }
        });
    }

    /// The same for a task that has nothing to do before its database is open.
    pub fn keep_running_once_open<Work>(
        &mut self,
        name: &'static str,
        endpoints: &Arc<Endpoints>,
        mut work: impl FnMut(ShutdownSignal) -> Work + Send + 'static,
    ) where
        Work: Future<Output = ()> + Send + 'static,
    {
        let endpoints = Arc::clone(endpoints);
        self.keep_running(name, move |signal| once_open(Arc::clone(&endpoints), signal.clone(), work(signal)));
    }

    /// Ends every task, and aborts those that still run at the deadline. That loses nothing that
    /// was committed. `what` names the tasks in the log.
    pub async fn stop(mut self, what: &'static str, deadline: Duration) {
        self.shutdown.trigger();
        let ended = tokio::time::timeout(deadline, async { while self.tasks.join_next().await.is_some() {} });
        if ended.await.is_err() {
            tracing::warn!(what, ?deadline, "tasks still run at the deadline and are aborted");
            self.tasks.abort_all();
        }
    }
}

/// Waits until the database is open, then does `work`. A shutdown ends the wait.
pub async fn once_open(endpoints: Arc<Endpoints>, mut signal: ShutdownSignal, work: impl Future<Output = ()>) {
    if signal.or(endpoints.opened()).await.is_some() {
        work.await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn a_task_that_panics_is_started_again_and_ends_on_the_signal() {
        let mut background = Background::default();
        let starts = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&starts);
        background.keep_running("tests", move |mut signal| {
            let start = counted.fetch_add(1, Ordering::SeqCst);
            async move {
                assert!(start > 0, "the first start panics");
                signal.triggered().await;
            }
        });
        let restarted = async {
            while starts.load(Ordering::SeqCst) < 2 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(RESTART_PAUSE * 10, restarted).await.expect("the task is started again");
        background.stop("tests", Duration::from_secs(5)).await;
    }
}
