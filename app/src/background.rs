//! What runs beside the requests for as long as the application does.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use kernel::shutdown::{Shutdown, ShutdownSignal};
use tokio::task::JoinSet;

/// A task that panicked is started again after this.
const RESTART_PAUSE: Duration = Duration::from_secs(1);

/// Tasks that end on one signal.
#[derive(Default)]
pub struct Background {
    shutdown: Shutdown,
    tasks: JoinSet<()>,
}

impl Background {
    #[must_use]
    pub fn signal(&self) -> ShutdownSignal {
        self.shutdown.signal()
    }

    /// Runs what `work` makes until the shutdown; a panic is logged and does not end it.
    pub fn keep_running<Work>(
        &mut self,
        name: &'static str,
        mut work: impl FnMut(ShutdownSignal) -> Work + Send + 'static,
    ) where
        Work: Future<Output = ()> + Send + 'static,
    {
        let mut signal = self.signal();
        self.tasks.spawn(async move {
            while !signal.is_triggered() {
                if AssertUnwindSafe(work(signal.clone())).catch_unwind().await.is_ok() {
                    return;
                }
                tracing::error!(task = name, "a task in the background panicked and is started again");
                // Nothing is lost if the shutdown comes first.
                let _ended = signal.or(tokio::time::sleep(RESTART_PAUSE)).await;
            }
        });
    }

    /// Ends all of it; what is not done at the deadline is aborted, which loses nothing that was committed.
    pub async fn stop(mut self, deadline: Duration) {
        self.shutdown.trigger();
        let ended = tokio::time::timeout(deadline, async { while self.tasks.join_next().await.is_some() {} });
        if ended.await.is_err() {
            tracing::warn!(?deadline, "tasks in the background were still running and are aborted");
            self.tasks.abort_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
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
                assert!(start > 0, "the first one panics");
                signal.triggered().await;
            }
        });
        let restarted = async {
            while starts.load(Ordering::SeqCst) < 2 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(RESTART_PAUSE * 10, restarted).await.expect("it is started again");
        background.stop(Duration::from_secs(5)).await;
    }
}
