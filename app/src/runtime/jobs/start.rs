//! Starts the tasks of every job of a process.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use kernel::db::Endpoints;
use kernel::runtime::jobs::Job;
use sqlx::PgPool;
use tokio::sync::{Notify, mpsc};
use uuid::Uuid;

use super::prune::prune;
use super::runner::run_on_request;
use super::ticker::tick;
use super::worker::{Worker, supervise};
use crate::runtime::background::{Background, once_open};

/// The jobs whose queue is in one database.
pub struct JobsOfDatabase {
    /// The endpoints of the database. No job runs before the database is open.
    pub endpoints: Arc<Endpoints>,
    /// The pool that writes the queue.
    pub pool: PgPool,
    /// The jobs.
    pub jobs: Vec<Job>,
}

/// Starts ticker, worker and runner of every job. `instance` must be new for each start of a
/// process: under a name that was used before, apalis takes the wake-ups of the dead process for
/// its own and leaves them.
pub fn start(databases: Vec<JobsOfDatabase>, instance: Uuid) -> Background {
    let mut background = Background::default();
    for JobsOfDatabase { endpoints, pool, jobs } in databases {
        let signal = background.signal();
        let once_open = |task: BoxFuture<'static, ()>| once_open(Arc::clone(&endpoints), signal.clone(), task);
        for job in jobs {
            let wake = Arc::new(Notify::new());
            let (run_requests, requests) = mpsc::channel(1);
            let worker =
                Worker { queue: job.name, pool: pool.clone(), wake: Arc::clone(&wake), run_requests, instance };
            background.spawn(once_open(tick(job.clone(), pool.clone(), wake, signal.clone()).boxed()));
            background.spawn(once_open(supervise(worker, signal.clone()).boxed()));
            background.spawn(run_on_request(job, requests, signal.clone()));
        }
        background.spawn(once_open(prune(pool, signal.clone()).boxed()));
    }
    background
}
