//! Runs our jobs on apalis, whose only home this is: a job says "look", and what there is to do is a row of ours.
//!
//! For each job a process has three tasks. The *ticker* pushes a look into the job's queue when the job is woken or
//! when `every` has passed. The *worker*, apalis' own, takes looks from the queue. The *runner* calls the job's
//! function, so that an apalis worker that loses its database does not take a run in progress down with it. A look
//! may be lost, doubled or late without harm: every start and every tick pushes another.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use apalis::prelude::{
    BackendExt, Event, EventListenerExt, PollSnapshot, PollStrategy, WorkerBuilder, WorkerBuilderExt, WorkerError,
};
use apalis_postgres::{Config, PostgresStorage};
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt, StreamExt};
use kernel::db::Cluster;
use kernel::jobs::{Job, JobError, Outcome};
use kernel::shutdown::{Shutdown, ShutdownSignal};
use sqlx::PgPool;
use sqlx::migrate::MigrateError;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{self, Instant};
use uuid::Uuid;

/// A worker that has missed this many heartbeats (30 s) is taken for dead: others put its looks back.
const HEARTBEAT: Duration = Duration::from_secs(5);
const HEARTBEATS_MISSED: u32 = 6;
/// How often a worker asks its queue although nobody poked it: for the looks other processes left there.
const POLL: Duration = Duration::from_secs(2);
/// A look that still finds more after this long is ended and pushed anew, so that `overdue` can tell busy from hung.
const LOOK_LIMIT: Duration = Duration::from_secs(60);
const PUSH_TIMEOUT: Duration = Duration::from_secs(5);
const BACKOFF_FIRST: Duration = Duration::from_millis(250);
const BACKOFF_LAST: Duration = Duration::from_secs(5);
const PRUNE_EVERY: Duration = Duration::from_secs(300);
const PRUNE_BATCH: i64 = 5_000;
/// Any number that nobody else locks on in our databases.
const MIGRATION_LOCK: i64 = 0x7069_6563_6561_7061;

// The tables are apalis', not ours, so these statements are not among the checked ones.

/// Pushes a look unless one is pending. Looks that somebody has taken do not count: they may have looked before the
/// row that woke us was committed. One still pending in our snapshot will be taken, hence look, after that commit.
const PUSH_LOOK: &str = "
    insert into apalis.jobs (id, job_type, job, status, attempts, max_attempts, run_at, priority)
    select apalis.generate_ulid(), $1, 'null'::bytea, 'Pending', 0, 1, now() - interval '1 millisecond', 0
    where not exists (select from apalis.jobs where job_type = $1 and status = 'Pending')";

/// Finished looks, and those of queues that nobody serves any more (a job that was renamed).
const PRUNE_LOOKS: &str = "
    delete from apalis.jobs where id in (
        select old.id from apalis.jobs as old
        where (old.status in ('Done', 'Killed', 'Failed') and old.done_at < now() - interval '1 hour')
           or (old.run_at < now() - interval '1 hour' and not exists (
                   select from apalis.workers as server
                   where server.worker_type = old.job_type and server.last_seen > now() - interval '1 hour'))
        limit $1 for update skip locked)";

/// Every start brings new worker names; the old ones stay until no look refers to them.
const PRUNE_WORKERS: &str = "
    delete from apalis.workers where id in (
        select gone.id from apalis.workers as gone
        where gone.last_seen < now() - interval '1 hour'
          and not exists (select from apalis.jobs where lock_by = gone.id)
        limit $1 for update skip locked)";

/// A queue in which a live worker is busy with a look (for less than ten minutes, beyond `LOOK_LIMIT` by far: more is
/// a run that hangs) is not overdue, whatever waits behind that look.
const OVERDUE: &str = "
    with looks as (
        select look.job_type, look.run_at,
            coalesce(look.status <> 'Pending'
                and worker.last_seen > now() - interval '30 seconds'
                and look.lock_at > now() - interval '10 minutes', false) as at_work
        from apalis.jobs as look left join apalis.workers as worker on worker.id = look.lock_by
        where look.status in ('Pending', 'Queued', 'Running') and look.run_at < now())
    select job_type, (extract(epoch from now() - min(run_at)) * 1000000)::bigint
    from looks
    group by job_type
    having not bool_or(at_work)
    order by 2 desc";

/// The jobs of one database; `pool` is the one that writes there.
pub struct Runner {
    /// Nothing runs before this database is open.
    pub cluster: Arc<Cluster>,
    pub pool: PgPool,
    pub jobs: Vec<Job>,
}

/// The running jobs of this process. Dropping it aborts them; `stop` ends them in good order.
pub struct Jobs {
    tasks: JoinSet<()>,
    shutdown: Shutdown,
}

/// Creates or migrates apalis' tables in this database; safe to run in several processes at once.
pub async fn migrate(pool: &PgPool) -> Result<(), MigrateError> {
    let pool = pool.clone();
    // A task of its own, because a `begin` dropped half way leaves the pooled connection inside a transaction.
    let begun = tokio::spawn(async move { pool.begin().await });
    let mut transaction = begun.await.map_err(|_| sqlx::Error::WorkerCrashed)??;
    // One transaction of our own: sqlx' session lock would stay on the pooled connection when a migration fails.
    sqlx::query("select pg_advisory_xact_lock($1)").bind(MIGRATION_LOCK).execute(&mut *transaction).await?;
    // apalis' early migrations name their function and extensions without a schema.
    sqlx::query("set local search_path to public").execute(&mut *transaction).await?;
    let mut migrations = PostgresStorage::migrations();
    migrations.set_locking(false);
    // `run` on a connection makes a future that cannot be spawned (its `Acquire` is "not general enough").
    migrations.run_direct(None, &mut *transaction, false).await?;
    transaction.commit().await?;
    Ok(())
}

/// Starts ticker, worker and runner for every job. `instance` must be new for each start of a process: under a name
/// used before, apalis would take the looks of the dead process for its own and leave them.
pub fn start(runners: Vec<Runner>, instance: Uuid) -> Jobs {
    let mut tasks = JoinSet::new();
    let shutdown = Shutdown::default();
    for Runner { cluster, pool, jobs } in runners {
        let once_open = |work| once_open(Arc::clone(&cluster), shutdown.signal(), work);
        for job in jobs {
            let poke = Arc::new(Notify::new());
            let (ask, asked) = mpsc::channel(1);
            let worker = Worker { queue: job.name, pool: pool.clone(), poke: poke.clone(), ask, instance };
            tasks.spawn(once_open(tick(job.clone(), pool.clone(), poke, shutdown.signal()).boxed()));
            tasks.spawn(once_open(supervise(worker, shutdown.signal()).boxed()));
            tasks.spawn(run_looks(job, asked, shutdown.signal()));
        }
        tasks.spawn(once_open(prune(pool, shutdown.signal()).boxed()));
    }
    Jobs { tasks, shutdown }
}

async fn once_open(cluster: Arc<Cluster>, mut stop: ShutdownSignal, work: BoxFuture<'static, ()>) {
    if stop.or(cluster.opened()).await.is_some() {
        work.await;
    }
}

impl Jobs {
    /// Takes no more looks, waits for the runs in progress, and aborts what is left at the deadline.
    pub async fn stop(mut self, deadline: Duration) {
        self.shutdown.trigger();
        let ended = time::timeout(deadline, async { while self.tasks.join_next().await.is_some() {} });
        if ended.await.is_err() {
            tracing::warn!(?deadline, "jobs were still running and are aborted");
            self.tasks.abort_all();
        }
    }

    /// The queues, longest first, in which a look should have run and has not, with the age of the oldest such look.
    pub async fn overdue(pool: &PgPool) -> Result<Vec<(String, chrono::Duration)>, sqlx::Error> {
        let rows: Vec<(String, i64)> = sqlx::query_as(OVERDUE).fetch_all(pool).await?;
        let in_micros = |(queue, age)| (queue, chrono::Duration::microseconds(age));
        Ok(rows.into_iter().map(in_micros).collect())
    }
}

/// Pushes a look at once (catching up with what happened while we were down), on every wake, and every `every`.
async fn tick(job: Job, pool: PgPool, poke: Arc<Notify>, mut stop: ShutdownSignal) {
    let mut backoff = Backoff::default();
    loop {
        if let Err(error) = push_look(job.name, &pool).await {
            let pause = backoff.next();
            tracing::warn!(job = job.name, error, ?pause, "no look could be pushed");
            match stop.or(time::sleep(pause)).await {
                Some(()) => continue,
                None => return,
            }
        }
        backoff = Backoff::default();
        // Also for a look that was there already: the worker may not know of it yet.
        poke.notify_one();
        tokio::select! {
            () = stop.triggered() => return,
            () = job.wake.notified() => {}
            () = time::sleep(job.every) => {}
        }
    }
}

async fn push_look(queue: &str, pool: &PgPool) -> Result<(), JobError> {
    let push = sqlx::query(PUSH_LOOK).bind(queue).execute(pool);
    time::timeout(PUSH_TIMEOUT, push).await??;
    Ok(())
}

/// What one job's apalis workers are built from, one after the other.
struct Worker {
    queue: &'static str,
    pool: PgPool,
    poke: Arc<Notify>,
    ask: mpsc::Sender<oneshot::Sender<()>>,
    instance: Uuid,
}

/// Keeps a worker running: apalis ends it on the first database error, and at a panic of its own.
async fn supervise(worker: Worker, mut stop: ShutdownSignal) {
    let mut backoff = Backoff::default();
    let mut starts = 0_u64;
    loop {
        starts += 1;
        let started = Instant::now();
        let ended = AssertUnwindSafe(worker.serve(starts, stop.clone())).catch_unwind();
        let ended = ended.await.unwrap_or_else(|panic| Err(message(&*panic)));
        if stop.is_triggered() {
            return;
        }
        if started.elapsed() > BACKOFF_LAST {
            backoff = Backoff::default();
        }
        let pause = backoff.next();
        let error = ended.err();
        tracing::warn!(job = worker.queue, error, ?pause, "a worker ended");
        if stop.or(time::sleep(pause)).await.is_none() {
            return;
        }
    }
}

impl Worker {
    /// Serves the queue under a name of its own until the stop; what an earlier one left is then seen as orphaned.
    async fn serve(&self, start: u64, mut stop: ShutdownSignal) -> Result<(), String> {
        let config = Config::default()
            .queue(self.queue)
            // One look at a time: with more in hand than at work, looks would pile up behind a long run.
            .batch_size(1)
            .heartbeat_interval(HEARTBEAT)
            .missed_heartbeats(HEARTBEATS_MISSED as usize)
            // A look in hand stays 'Queued', which protects it as well as 'Running', for a transaction less.
            .lock_tasks(false)
            // Without it apalis acknowledges nothing.
            .persist_results(true);
        // Not `with_pubsub`: a listener holds a connection for every queue and is gone for good with the first lost
        // one. The ticker that pushes lives in this process and pokes us; what others push `POLL` finds.
        let storage = PostgresStorage::<()>::new(&self.pool)
            .with_config(config)
            .poll_with_strategy(Asking::new(self.poke.clone()));
        let heartbeat = Arc::new(Notify::new());
        let heard = heartbeat.clone();
        let ask = self.ask.clone();
        let worker = WorkerBuilder::new(format!("{}/{}/{start}", self.queue, self.instance))
            .backend(storage)
            .concurrency(1)
            .on_event(move |_, event| {
                if matches!(event, Event::HeartBeat) {
                    heartbeat.notify_one();
                }
            })
            .build(move |(): ()| {
                let ask = ask.clone();
                async move {
                    let (done, is_done) = oneshot::channel();
                    // Neither fails while the runner lives, and without a runner there is nothing to report.
                    let _ = ask.send(done).await;
                    let _ = is_done.await;
                }
            });
        let signal = async move {
            stop.triggered().await;
            Ok::<(), WorkerError>(())
        };
        tokio::select! {
            ended = worker.run_until(signal) => ended.map_err(|error| error.to_string()),
            // A connection that froze fails no statement; by now others take us for dead anyway.
            () = silence(&heard) => Err("no heartbeat".to_owned()),
        }
    }
}

/// When a worker asks its queue for a look: at every poke, twice soon after it, and then every `POLL`. The echoes are
/// for a poke that comes while apalis is asking: it is dropped, and the answer may be from before the push.
struct Asking(BoxStream<'static, ()>);

impl Asking {
    fn new(poke: Arc<Notify>) -> Self {
        const ECHOES: [Duration; 2] = [Duration::from_millis(5), Duration::from_millis(50)];
        let next = |(poke, echo): (Arc<Notify>, usize)| async move {
            let delay = ECHOES.get(echo).copied().unwrap_or(POLL);
            let echo = tokio::select! {
                () = poke.notified() => 0,
                () = time::sleep(delay) => echo.saturating_add(1),
            };
            Some(((), (poke, echo)))
        };
        Self(stream::unfold((poke, 0), next).boxed())
    }
}

impl PollStrategy for Asking {
    /// Drives the stream until it is pending. apalis' own strategies stop at the first item, with no waker left in
    /// the stream: when the database then answers at once, the next poke wakes nobody.
    fn poll_drive(&mut self, context: &mut Context<'_>, _: &PollSnapshot) -> Poll<Option<()>> {
        while self.0.poll_next_unpin(context).is_ready() {}
        Poll::Pending
    }
}

/// Returns when no heartbeat was heard for as long as makes a worker dead in the eyes of others.
async fn silence(heard: &Notify) {
    while time::timeout(HEARTBEAT * HEARTBEATS_MISSED, heard.notified()).await.is_ok() {}
}

/// Runs the job once for every worker that asks, one run at a time; ends when there is no worker left to ask.
async fn run_looks(job: Job, mut asked: mpsc::Receiver<oneshot::Sender<()>>, stop: ShutdownSignal) {
    while let Some(done) = asked.recv().await {
        look(&job, &stop).await;
        // The worker that asked may have lost its database and ended meanwhile.
        let _ = done.send(());
    }
}

/// Runs the job until it finds nothing more. A failed run ends the look: our row says when to try again.
async fn look(job: &Job, stop: &ShutdownSignal) {
    let began = Instant::now();
    loop {
        let run = AssertUnwindSafe(async { (job.run)().await }).catch_unwind();
        match run.await {
            Ok(Ok(Outcome::Idle)) => return,
            Ok(Ok(Outcome::More)) if stop.is_triggered() => return,
            Ok(Ok(Outcome::More)) if began.elapsed() > LOOK_LIMIT => {
                return job.wake.notify_one();
            }
            Ok(Ok(Outcome::More)) => tokio::task::yield_now().await,
            Ok(Err(error)) => {
                let error: &(dyn std::error::Error + 'static) = &*error;
                return tracing::warn!(job = job.name, error, "a job failed");
            }
            Err(panic) => {
                let panic = message(&*panic);
                return tracing::error!(job = job.name, panic, "a job panicked");
            }
        }
    }
}

/// Deletes what is over.
async fn prune(pool: PgPool, mut stop: ShutdownSignal) {
    loop {
        for statement in [PRUNE_LOOKS, PRUNE_WORKERS] {
            if let Err(error) = delete_in_batches(statement, &pool).await {
                let error: &(dyn std::error::Error + 'static) = &error;
                tracing::warn!(error, "finished looks could not be pruned");
            }
        }
        if stop.or(time::sleep(PRUNE_EVERY)).await.is_none() {
            return;
        }
    }
}

async fn delete_in_batches(statement: &'static str, pool: &PgPool) -> Result<(), sqlx::Error> {
    loop {
        let batch = sqlx::query(statement).bind(PRUNE_BATCH).execute(pool);
        if batch.await?.rows_affected() < PRUNE_BATCH.unsigned_abs() {
            return Ok(());
        }
    }
}

/// What a caught panic said.
fn message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "a panic without a text".to_owned())
}

/// Doubling pauses between attempts.
#[derive(Default)]
struct Backoff(Option<Duration>);

impl Backoff {
    fn next(&mut self) -> Duration {
        let pause = self.0.map_or(BACKOFF_FIRST, |last| (last * 2).min(BACKOFF_LAST));
        self.0 = Some(pause);
        pause
    }
}
