//! The statements on apalis' tables. The tables are not ours, so the statements are not checked
//! ones.

use std::time::Duration;

use apalis_postgres::PostgresStorage;
use kernel::runtime::jobs::JobError;
use sqlx::PgPool;
use sqlx::migrate::MigrateError;
use tokio::time;

/// How long pushing a wake-up may take.
const PUSH_TIMEOUT: Duration = Duration::from_secs(5);
/// The advisory lock of the migration: any number that no other code locks in our databases.
const MIGRATION_LOCK: i64 = 0x7069_6563_6561_7061;
/// Maximum number of rows that one statement prunes.
const PRUNE_BATCH: i64 = 5_000;

/// Pushes a wake-up unless one is pending. A wake-up that a worker has taken does not count: its
/// run may have read before the row that wakes the job was committed. A wake-up that is pending in
/// this statement's snapshot is taken later than that commit, so its run sees the row. A wake-up of
/// a clock that was ahead does not count either: no worker takes it before its time.
const PUSH: &str = "
    insert into apalis.jobs (id, job_type, job, status, attempts, max_attempts, run_at, priority)
    select apalis.generate_ulid(), $1, 'null'::bytea, 'Pending', 0, 1, now() - interval '1 millisecond', 0
    where not exists (
        select from apalis.jobs where job_type = $1 and status = 'Pending' and run_at < now())";

/// Deletes wake-ups that are done, and those of queues that no worker serves any more (the job was
/// renamed).
const PRUNE_WAKE_UPS: &str = "
    delete from apalis.jobs where id in (
        select old.id from apalis.jobs as old
        where (old.status in ('Done', 'Killed', 'Failed') and old.done_at < now() - interval '1 hour')
           or (old.run_at < now() - interval '1 hour' and not exists (
                   select from apalis.workers as server
                   where server.worker_type = old.job_type and server.last_seen > now() - interval '1 hour'))
        limit $1 for update skip locked)";

/// Deletes workers that are gone. Every start brings new names of workers, and an old one stays
/// until no wake-up refers to it.
const PRUNE_WORKERS: &str = "
    delete from apalis.workers where id in (
        select gone.id from apalis.workers as gone
        where gone.last_seen < now() - interval '1 hour'
          and not exists (select from apalis.jobs where lock_by = gone.id)
        limit $1 for update skip locked)";

/// A queue is not overdue while a live worker is busy with one of its wake-ups. A worker that is
/// busy for more than ten minutes does not count: `RUN_LIMIT` of the runner is far below, so its
/// run hangs.
const OVERDUE: &str = "
    with wake_ups as (
        select wake_up.job_type, wake_up.run_at,
            coalesce(wake_up.status <> 'Pending'
                and worker.last_seen > now() - interval '30 seconds'
                and wake_up.lock_at > now() - interval '10 minutes', false) as is_busy
        from apalis.jobs as wake_up left join apalis.workers as worker on worker.id = wake_up.lock_by
        where wake_up.status in ('Pending', 'Queued', 'Running') and wake_up.run_at < now())
    select job_type, (extract(epoch from now() - min(run_at)) * 1000000)::bigint
    from wake_ups
    group by job_type
    having not bool_or(is_busy)
    order by 2 desc";

/// Creates or migrates apalis' tables. Several processes may do this at once.
///
/// # Errors
/// The database does not answer, or has a migration that apalis does not know.
pub async fn migrate(pool: &PgPool) -> Result<(), MigrateError> {
    let pool = pool.clone();
    // A task of its own, because a `begin` that is dropped half way leaves the pooled connection
    // inside a transaction.
    let begun = tokio::spawn(async move { pool.begin().await });
    let mut transaction = begun.await.map_err(|_| sqlx::Error::WorkerCrashed)??;
    // A lock of the transaction, because the migrator's own lock belongs to the session and stays
    // on the pooled connection when a migration fails.
    sqlx::query("select pg_advisory_xact_lock($1)").bind(MIGRATION_LOCK).execute(&mut *transaction).await?;
    // apalis' early migrations name their function and extensions without a schema.
    sqlx::query("set local search_path to public").execute(&mut *transaction).await?;
    let mut migrations = PostgresStorage::migrations();
    migrations.set_locking(false);
    // `run` on a connection makes a future that cannot be spawned (its `Acquire` is "not general
    // enough").
    migrations.run_direct(None, &mut *transaction, false).await?;
    transaction.commit().await?;
    Ok(())
}

/// The queues in which a wake-up should have been taken and was not, each with the age of its
/// oldest such wake-up, longest first.
///
/// # Errors
/// The database does not answer.
pub async fn list_overdue(pool: &PgPool) -> Result<Vec<(String, chrono::Duration)>, sqlx::Error> {
    let rows: Vec<(String, i64)> = sqlx::query_as(OVERDUE).fetch_all(pool).await?;
    let in_micros = |(queue, age)| (queue, chrono::Duration::microseconds(age));
    Ok(rows.into_iter().map(in_micros).collect())
}

/// Pushes a wake-up into a queue, unless one is pending.
pub(super) async fn push(queue: &str, pool: &PgPool) -> Result<(), JobError> {
    let push = sqlx::query(PUSH).bind(queue).execute(pool);
    time::timeout(PUSH_TIMEOUT, push).await??;
    Ok(())
}

/// Deletes wake-ups that are done, and workers that are gone.
pub(super) async fn prune(pool: &PgPool) -> Result<(), sqlx::Error> {
    // Both are tried, because one may work while the other does not.
    let wake_ups = delete_in_batches(PRUNE_WAKE_UPS, pool).await;
    let workers = delete_in_batches(PRUNE_WORKERS, pool).await;
    wake_ups.and(workers)
}

async fn delete_in_batches(statement: &'static str, pool: &PgPool) -> Result<(), sqlx::Error> {
    loop {
        let batch = sqlx::query(statement).bind(PRUNE_BATCH).execute(pool);
        if batch.await?.rows_affected() < PRUNE_BATCH.unsigned_abs() {
            return Ok(());
        }
    }
}
