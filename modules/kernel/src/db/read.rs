//! The pool to read: a replica answers if one is fresh enough, otherwise the primary. A read that
//! is cut off is tried once more on another endpoint.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{Executor, PgPool, Postgres, Transaction};
use tokio::time::Instant;

use super::consistency::{self, Freshness};
use super::endpoints::Endpoints;
use super::error::DbError;
use super::pool::{acquire_failure, pool_options_as, reading_session};
use super::pools::{PoolKind, PoolName, Waiting};
use super::position::Lsn;
use super::role::ModuleRole;
use crate::Ambient;
use crate::runtime::repeated::Repeated;
use crate::runtime::retry::Backoff;
use crate::verify::Server;

/// The beginning of a transaction in which every statement sees the same state.
const BEGIN_SNAPSHOT: &str = "begin isolation level repeatable read read only";
/// How long a read waits for a replica to replay what the client has seen.
const CATCH_UP_TIMEOUT: Duration = Duration::from_millis(200);
/// The pauses between two queries for a replica's position during that time.
const CATCH_UP_BACKOFF: Backoff = Backoff::new(Duration::from_millis(1), Duration::from_millis(20));
/// A replica that has given no connection after this time is passed over.
const REPLICA_ACQUIRE_TIMEOUT: Duration = Duration::from_millis(300);

/// How long a verification waits for a replica to replay what was committed before it.
const VERIFICATION_CATCH_UP_TIMEOUT: Duration = Duration::from_secs(60);
/// The settings of a transaction of a verification: its queries take minutes, and their plans
/// depend on what is checked.
const VERIFICATION_SETTINGS: &str = "set local statement_timeout = 0; set local plan_cache_mode = force_custom_plan";

static CUT_OFF: Repeated = Repeated::new();

/// The reads of one module. Its sessions are read-only.
#[derive(Clone)]
pub struct ReadPool {
    primary: (PgPool, Waiting),
    replicas: Arc<[(PgPool, Waiting)]>,
    endpoints: Arc<Endpoints>,
}

/// A transaction in which every statement sees the same state.
pub struct Snapshot {
    inner: Transaction<'static, Postgres>,
    as_of: Option<DateTime<Utc>>,
}

/// An endpoint of the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Primary,
    Replica(usize),
}

/// An endpoint that may answer a read, and how fresh its answer is.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    source: Source,
    /// The answer includes everything that was committed before this moment; none on the primary,
    /// whose answer includes every commit.
    as_of: Option<DateTime<Utc>>,
    /// Whether the answer may be older than the request requires.
    is_stale: bool,
}

impl Snapshot {
    /// The snapshot includes everything that was committed before this moment; none on the primary,
    /// whose snapshot includes every commit.
    #[must_use]
    pub const fn as_of(&self) -> Option<DateTime<Utc>> {
        self.as_of
    }
}

impl Deref for Snapshot {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.inner
    }
}

impl DerefMut for Snapshot {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.inner
    }
}

impl ReadPool {
    /// A pool on a database without replicas that is known to be open.
    #[must_use]
    pub fn new(options: PgConnectOptions, max_connections: u32, role: ModuleRole) -> Self {
        Self::on_endpoints(&Endpoints::of_primary(options, Ambient::system()), max_connections, role)
    }

    /// Connects when it is first used. The sessions are read-only on every endpoint.
    #[must_use]
    pub fn on_endpoints(endpoints: &Arc<Endpoints>, max_connections: u32, role: ModuleRole) -> Self {
        let (settings, pools) = (endpoints.settings(), endpoints.pools());
        let name = PoolName { owner: role.module, kind: PoolKind::Read };
        let options = || pool_options_as(role, max_connections, settings.acquire_timeout);
        let on_replica =
            |server: &PgConnectOptions| pools.open_on_replica(name, options(), reading_session(server.clone()));
        Self {
            primary: pools.open_on_primary(name, options(), reading_session),
            replicas: settings.replicas.iter().map(on_replica).collect(),
            endpoints: Arc::clone(endpoints),
        }
    }

    /// The name of the database.
    #[must_use]
    pub fn database(&self) -> &'static str {
        self.endpoints.name()
    }

    /// Runs `work` on an endpoint that can answer the current request. If the work is cut off, by a
    /// replica that has to replay or by a server that stops, it runs once more on another endpoint.
    ///
    /// # Errors
    /// The error of `work`, or no endpoint gives a connection.
    pub async fn run<T>(
        &self,
        mut work: impl AsyncFnMut(&mut PgConnection) -> Result<T, sqlx::Error>,
    ) -> Result<T, DbError> {
        let (mut connection, source) = self.acquire_except(None).await?;
        match work(&mut connection).await.map_err(DbError::from) {
            Err(error) if self.is_worth_another_attempt(&error) => {
                drop(connection);
                let Ok((mut connection, _)) = self.acquire_except(Some(source)).await else { return Err(error) };
                Ok(work(&mut connection).await?)
            }
            answer => answer,
        }
    }

    /// Like `run`; every statement of `work` sees the same state.
    ///
    /// # Errors
    /// As of `run`.
    pub async fn run_in_snapshot<T>(
        &self,
        mut work: impl AsyncFnMut(&mut Snapshot) -> Result<T, sqlx::Error>,
    ) -> Result<T, DbError> {
        let (mut snapshot, source) = self.begin_except(None).await?;
        match work(&mut snapshot).await.map_err(DbError::from) {
            Err(error) if self.is_worth_another_attempt(&error) => {
                drop(snapshot);
                let Ok((mut snapshot, _)) = self.begin_except(Some(source)).await else { return Err(error) };
                Ok(work(&mut snapshot).await?)
            }
            answer => answer,
        }
    }

    /// Without replicas there is no other endpoint, so the error is final.
    fn is_worth_another_attempt(&self, error: &DbError) -> bool {
        if !self.endpoints.has_replicas() || !(error.is_unavailable() || error.is_transient()) {
            return false;
        }
        self.endpoints.report_failure();
        metrics::counter!("piecework_reads_retried_total", "database" => self.endpoints.name()).increment(1);
        let database = self.endpoints.name();
        if let Some(suppressed) = CUT_OFF.due(database) {
            tracing::info!(database, %error, suppressed, "a read was cut off and is tried on another endpoint");
        }
        true
    }

    /// A connection to an endpoint that can answer the current request. What is cut off on it is
    /// not tried again. It is for work in a spawned task, because the compiler cannot prove that
    /// the future of an asynchronous closure is `Send`.
    ///
    /// # Errors
    /// No endpoint gives a connection.
    pub async fn acquire(&self) -> Result<PoolConnection<Postgres>, DbError> {
        Ok(self.acquire_except(None).await?.0)
    }

    async fn acquire_except(&self, avoid: Option<Source>) -> Result<(PoolConnection<Postgres>, Source), DbError> {
        let acquire = |pool: PgPool| async move { Ok(pool.acquire().await?) };
        let (connection, candidate) = self.first_of(avoid, acquire).await?;
        Ok((connection, candidate.source))
    }

    async fn begin_except(&self, avoid: Option<Source>) -> Result<(Snapshot, Source), DbError> {
        let (inner, candidate) = self.first_of(avoid, |pool| begin(pool, BEGIN_SNAPSHOT)).await?;
        Ok((Snapshot { inner, as_of: candidate.as_of }, candidate.source))
    }

    /// A transaction for the queries of a verification, which is not cut off after half a minute.
    /// On the primary each query sees every commit. On a replica all of them see one state, which
    /// includes everything that was committed before this call.
    ///
    /// # Errors
    /// The server gives no connection, or no healthy replica replays the log in time.
    pub async fn begin_verification(&self, server: Server) -> Result<Snapshot, DbError> {
        let (source, statement, as_of) = match server {
            // A snapshot of minutes would keep the primary from removing dead rows.
            Server::Primary => (Source::Primary, "begin read only", None),
            Server::Replica => {
                let position = self.endpoints.run_on_primary(self.endpoints.load_flushed_position()).await?;
                let found = self.wait_for(position, VERIFICATION_CATCH_UP_TIMEOUT).await;
                let Some((number, as_of)) = found else {
                    let database = self.endpoints.name();
                    return Err(DbError::unavailable(format!("no replica of {database} is healthy and up to date")));
                };
                (Source::Replica(number), BEGIN_SNAPSHOT, Some(as_of))
            }
        };
        let (pool, waiting) = self.pool(source);
        let begun = waiting.during(begin(pool, statement));
        let mut inner = match source {
            Source::Primary => self.endpoints.run_on_primary(begun).await?,
            Source::Replica(_) => begun.await?,
        };
        inner.execute(VERIFICATION_SETTINGS).await?;
        Ok(Snapshot { inner, as_of })
    }

    fn pool(&self, source: Source) -> (PgPool, Waiting) {
        let replica = match source {
            Source::Replica(number) => self.replicas.get(number),
            Source::Primary => None,
        };
        replica.unwrap_or(&self.primary).clone()
    }

    /// Calls `get` with the pool of one candidate after the other until one succeeds.
    async fn first_of<T, Got>(
        &self,
        avoid: Option<Source>,
        get: impl Fn(PgPool) -> Got,
    ) -> Result<(T, Candidate), DbError>
    where
        Got: Future<Output = Result<T, DbError>>,
    {
        self.endpoints.check_open()?;
        let mut candidates = self.candidates().await;
        candidates.retain(|candidate| Some(candidate.source) != avoid);
        // There is no candidate only if the primary is down, and then this is the reason to give.
        let mut failure = self.endpoints.check_primary().err().unwrap_or(DbError::Busy);
        for candidate in candidates {
            let (pool, waiting) = self.pool(candidate.source);
            let getting = waiting.during(get(pool.clone()));
            let got = match candidate.source {
                Source::Primary => self.endpoints.run_on_primary(getting).await,
                Source::Replica(_) => {
                    let got = tokio::time::timeout(REPLICA_ACQUIRE_TIMEOUT, getting).await;
                    got.unwrap_or(Err(DbError::TimedOut))
                }
            };
            match got {
                Ok(got) => {
                    if candidate.is_stale {
                        consistency::mark_stale();
                    }
                    return Ok((got, candidate));
                }
                Err(error) if error.is_unavailable() => {
                    self.endpoints.report_failure();
                    failure = acquire_failure(&pool, error);
                }
                Err(error) => return Err(error),
            }
        }
        Err(failure)
    }

    /// The endpoints that may answer the current request, the best first.
    async fn candidates(&self) -> Vec<Candidate> {
        let primary = Candidate { source: Source::Primary, as_of: None, is_stale: false };
        if !self.endpoints.has_replicas() {
            return vec![primary];
        }
        let replica = |is_stale| {
            move |(number, as_of)| Candidate { source: Source::Replica(number), as_of: Some(as_of), is_stale }
        };
        let is_primary_down = self.endpoints.is_primary_down();
        let mut candidates: Vec<Candidate> = match consistency::required_freshness(self.endpoints.name()) {
            // With the primary down, it is unknown whether a replica has the last commits.
            Freshness::Any => self.endpoints.healthy_replicas().into_iter().map(replica(is_primary_down)).collect(),
            Freshness::UpTo(position) => {
                self.wait_for(position, CATCH_UP_TIMEOUT).await.into_iter().map(replica(false)).collect()
            }
            Freshness::Latest => Vec::new(),
        };
        if !is_primary_down {
            candidates.push(primary);
        }
        // An old answer is better than none.
        for fallback in self.endpoints.fallback_replicas().into_iter().map(replica(true)) {
            if candidates.iter().all(|candidate| candidate.source != fallback.source) {
                candidates.push(fallback);
            }
        }
        candidates
    }

    /// A healthy replica that has replayed up to `position`, if there is one before the timeout.
    async fn wait_for(&self, position: Lsn, deadline: Duration) -> Option<(usize, DateTime<Utc>)> {
        let began = Instant::now();
        let waiting = async {
            let mut backoff = CATCH_UP_BACKOFF;
            loop {
                let healthy = self.endpoints.healthy_replicas();
                if let Some(found) = healthy.iter().find(|(number, _)| self.endpoints.has_replayed(*number, position)) {
                    return Some(*found);
                }
                if healthy.is_empty() {
                    return None;
                }
                for (number, as_of) in healthy {
                    if self.load_replayed_position(number).await? >= position {
                        return Some((number, as_of));
                    }
                }
                // No connection is held during the pause.
                tokio::time::sleep(backoff.next_pause()).await;
            }
        };
        let found = tokio::time::timeout(deadline, waiting).await.ok().flatten();
        let outcome = if found.is_some() { "caught_up" } else { "gave_up" };
        metrics::histogram!("piecework_replica_wait_seconds", "database" => self.endpoints.name(), "outcome" => outcome)
            .record(began.elapsed().as_secs_f64());
        found
    }

    /// The position up to which a replica has replayed the log; none if it does not answer.
    async fn load_replayed_position(&self, number: usize) -> Option<Lsn> {
        let (replica, _) = self.replicas.get(number)?;
        let query = sqlx::query_scalar("select pg_last_wal_replay_lsn()::text").fetch_one(replica);
        let replayed: Result<Option<String>, sqlx::Error> = query.await;
        let Ok(replayed) = replayed else {
            self.endpoints.report_failure();
            return None;
        };
        let replayed = replayed?.parse().ok()?;
        self.endpoints.note_replayed(number, replayed);
        Some(replayed)
    }
}

/// Begins a transaction in a task of its own, for the reason given at `WritePool::begin`.
async fn begin(pool: PgPool, statement: &'static str) -> Result<Transaction<'static, Postgres>, DbError> {
    let begin = async move { pool.begin_with(statement).await };
    Ok(tokio::spawn(begin).await.map_err(|error| DbError::unavailable(error.to_string()))??)
}
