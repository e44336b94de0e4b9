//! The worker of a job: takes wake-ups from its queue, and requests a run for each.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use apalis::prelude::{BackendExt, Event, EventListenerExt, WorkerBuilder, WorkerBuilderExt, WorkerError};
use apalis_postgres::{Config, PostgresStorage};
use futures_util::FutureExt;
use kernel::runtime::repeated::Repeated;
use kernel::runtime::retry::{Backoff, panic_message};
use kernel::runtime::shutdown::ShutdownSignal;
use sqlx::PgPool;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::{self, Instant};
use uuid::Uuid;

use super::poll::NotifiedPoll;

/// How often a worker tells the database that it lives.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// A worker that has missed this many heartbeats (30 s) counts as dead: other workers put the
/// wake-ups that it has taken back into the queue.
const HEARTBEATS_MISSED_MAX: u32 = 3;
/// The pause after the first failure of a worker or a ticker.
const PAUSE_FIRST: Duration = Duration::from_millis(250);
/// The longest pause after failures. A worker that lived longer starts with the first pause again.
const PAUSE_LONGEST: Duration = Duration::from_secs(5);

static ENDED: Repeated = Repeated::new();

/// What the workers of one job are built from, one after the other.
pub struct Worker {
    /// The queue, which has the name of the job.
    pub queue: &'static str,
    /// The pool that writes the queue.
    pub pool: PgPool,
    /// Notified after each push.
    pub wake: Arc<Notify>,
    /// Requests a run. The runner answers when the run has ended.
    pub run_requests: mpsc::Sender<oneshot::Sender<()>>,
    /// New for each start of a process: part of the worker's name.
    pub instance: Uuid,
}

/// The pauses after failures of the queue.
pub fn backoff() -> Backoff {
    Backoff::new(PAUSE_FIRST, PAUSE_LONGEST)
}

/// Keeps a worker running: apalis ends it at the first error of the database, and if it panics
/// itself.
pub async fn supervise(worker: Worker, mut stop: ShutdownSignal) {
    let mut backoff = backoff();
    let mut starts = 0_u64;
    loop {
        starts += 1;
        let started = Instant::now();
        let ended = AssertUnwindSafe(worker.serve(starts, stop.clone())).catch_unwind();
        let ended = ended.await.unwrap_or_else(|panic| Err(panic_message(&*panic).to_owned()));
        if stop.is_triggered() {
            return;
        }
        if started.elapsed() > PAUSE_LONGEST {
            backoff.reset();
        }
        let pause = backoff.next_pause();
        let error = ended.err();
        if let Some(suppressed) = ENDED.due(worker.queue) {
            tracing::warn!(job = worker.queue, error, ?pause, suppressed, "a worker ended and is started again");
        }
        if stop.or(time::sleep(pause)).await.is_none() {
            return;
        }
    }
}

impl Worker {
    /// Serves the queue until the stop, under a name of its own. The wake-ups that an earlier
    /// worker has taken and not finished then count as orphaned.
    async fn serve(&self, start: u64, mut stop: ShutdownSignal) -> Result<(), String> {
        let storage = PostgresStorage::<()>::new(&self.pool)
            .with_config(self.config())
            // Not `with_pubsub`: a listener holds a connection for every queue, and never comes
            // back once it has lost one. The ticker that pushes is in this process and wakes this
            // worker; what other processes push is found by the regular poll.
            .poll_with_strategy(NotifiedPoll::new(Arc::clone(&self.wake)));
        let heartbeat = Arc::new(Notify::new());
        let heartbeats = Arc::clone(&heartbeat);
        let run_requests = self.run_requests.clone();
        let worker = WorkerBuilder::new(format!("{}/{}/{start}", self.queue, self.instance))
            .backend(storage)
            .concurrency(1)
            .on_event(move |_, event| {
                if matches!(event, Event::HeartBeat) {
                    heartbeat.notify_one();
                }
            })
            .build(move |(): ()| {
                let run_requests = run_requests.clone();
                async move {
                    let (done, is_done) = oneshot::channel();
                    // Neither fails while the runner lives, and without a runner there is no run.
                    let _ = run_requests.send(done).await;
                    let _ = is_done.await;
                }
            });
        let signal = async move {
            stop.triggered().await;
            Ok::<(), WorkerError>(())
        };
        tokio::select! {
            ended = worker.run_until(signal) => ended.map_err(|error| error.to_string()),
            // A connection that froze fails no statement. By now other workers take this one for
            // dead.
            () = no_heartbeat(&heartbeats) => Err("no heartbeat".to_owned()),
        }
    }

    fn config(&self) -> Config {
        Config::default()
            .queue(self.queue)
            // Otherwise a worker holds wake-ups while it waits for a long run.
            .batch_size(1)
            .heartbeat_interval(HEARTBEAT)
            .missed_heartbeats(HEARTBEATS_MISSED_MAX as usize)
            // A wake-up that was taken stays 'Queued'. That protects it as well as 'Running' does,
            // and saves a transaction.
            .lock_tasks(false)
            // Without it apalis acknowledges nothing.
            .persist_results(true)
    }
}

/// Returns when there was no heartbeat for so long that other workers take this one for dead.
async fn no_heartbeat(heartbeats: &Notify) {
    while time::timeout(HEARTBEAT * HEARTBEATS_MISSED_MAX, heartbeats.notified()).await.is_ok() {}
}
