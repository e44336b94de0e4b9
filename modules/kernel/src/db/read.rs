//! The pool to read: a replica answers if one is fresh enough, otherwise the primary. A read that
//! is cut off is tried once more on another endpoint.

mod verification;

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{PgPool, Postgres, SqlSafeStr, Transaction};
use tokio::time::Instant;

use super::consistency::{self, Freshness, Positions};
use super::endpoints::Endpoints;
use super::error::DbError;
use super::pool::{acquire, acquire_failure, pool_options_as, reading_session};
use super::pools::{PoolKind, PoolName, Waiting};
use super::position::{InvalidPosition, Lsn, Position};
use super::role::ModuleRole;
use super::watch::PROBE_INTERVAL_MIN;
use crate::Ambient;
use crate::runtime::repeated::Repeated;
use crate::runtime::retry::Backoff;

/// How long a read waits for a replica to replay what the client has seen.
const CATCH_UP_TIMEOUT: Duration = Duration::from_millis(200);
/// The pauses between two queries for a replica's position during that time.
const CATCH_UP_BACKOFF: Backoff = Backoff::new(Duration::from_millis(1), Duration::from_millis(20));
/// A replica that has given no connection after this time is passed over.
const REPLICA_CONNECT_TIMEOUT: Duration = Duration::from_millis(300);
/// Whether a replica has replayed up to the position $1. A primary is no replica: it may be a
/// former one.
const HAS_REPLAYED: &str = "select pg_is_in_recovery() and coalesce(pg_last_wal_replay_lsn() >= $1::pg_lsn, false)";
/// The beginning of a transaction in which every statement sees the same state.
const BEGIN_SNAPSHOT: &str = "begin isolation level repeatable read read only";

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

/// What a read demands of the endpoint that answers it.
#[derive(Debug, Clone, Copy)]
enum Demand {
    /// Any healthy endpoint will do.
    Any,
    /// A replica that has replayed up to this position of the primary's log, or else the primary.
    UpTo(Lsn),
    /// The primary.
    Latest,
    /// A primary that was promoted later than the one that is known.
    LaterPrimary,
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

    /// The position `lsn`, which was read on a connection of this pool, as a client sends it with
    /// its next reads. It has the timeline of the primary.
    ///
    /// # Errors
    /// `lsn` is not a log sequence number.
    pub fn positions_at(&self, lsn: &str) -> Result<Positions, InvalidPosition> {
        Ok(Positions::at(self.database(), Position { timeline: self.endpoints.timeline(), lsn: lsn.parse()? }))
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
        let (connection, candidate) = self.first_of(avoid, |connection| async { Ok(connection) }).await?;
        Ok((connection, candidate.source))
    }

    async fn begin_except(&self, avoid: Option<Source>) -> Result<(Snapshot, Source), DbError> {
        let (inner, candidate) = self.first_of(avoid, |connection| begin(connection, BEGIN_SNAPSHOT)).await?;
        Ok((Snapshot { inner, as_of: candidate.as_of }, candidate.source))
    }

    fn pool(&self, source: Source) -> (PgPool, Waiting) {
        let replica = match source {
            Source::Replica(number) => self.replicas.get(number),
            Source::Primary => None,
        };
        replica.unwrap_or(&self.primary).clone()
    }

    /// Connects to one candidate after the other until one gives a connection on which `prepare`
    /// succeeds.
    async fn first_of<T, Prepared>(
        &self,
        avoid: Option<Source>,
        prepare: impl Fn(PoolConnection<Postgres>) -> Prepared,
    ) -> Result<(T, Candidate), DbError>
    where
        Prepared: Future<Output = Result<T, DbError>>,
    {
        self.endpoints.check_open()?;
        let demand = self.demand().await;
        if let Demand::UpTo(lsn) = demand
            && let Some(found) = self.first_with(lsn, avoid, CATCH_UP_TIMEOUT, &prepare).await
        {
            return Ok(found);
        }
        let mut candidates = self.candidates(demand);
        candidates.retain(|candidate| Some(candidate.source) != avoid);
        // There is no candidate only if the primary is down, and then this is the reason to give.
        let mut failure = self.endpoints.check_primary().err().unwrap_or(DbError::Busy);
        for candidate in candidates {
            match self.connect(candidate.source, &prepare).await {
                Ok(got) => {
                    if candidate.is_stale {
                        consistency::mark_stale();
                    }
                    return Ok((got, candidate));
                }
                Err(error) if error.is_unavailable() => {
                    self.endpoints.report_failure();
                    failure = acquire_failure(&self.pool(candidate.source).0, error);
                }
                Err(error) => return Err(error),
            }
        }
        Err(failure)
    }

    /// Calls `prepare` with a connection to this endpoint.
    async fn connect<T, Prepared>(
        &self,
        source: Source,
        prepare: impl Fn(PoolConnection<Postgres>) -> Prepared,
    ) -> Result<T, DbError>
    where
        Prepared: Future<Output = Result<T, DbError>>,
    {
        let (pool, waiting) = self.pool(source);
        let connecting = async { prepare(waiting.during(acquire(&pool)).await?).await };
        match source {
            Source::Primary => self.endpoints.run_on_primary(connecting).await,
            Source::Replica(_) => {
                let connected = tokio::time::timeout(REPLICA_CONNECT_TIMEOUT, connecting).await;
                connected.unwrap_or(Err(DbError::TimedOut))
            }
        }
    }

    /// What the current request demands of the servers as they are now.
    async fn demand(&self) -> Demand {
        if !self.endpoints.has_replicas() {
            return Demand::Latest;
        }
        let position = match consistency::required_freshness(self.endpoints.name()) {
            Freshness::Any => return Demand::Any,
            Freshness::Latest => return Demand::Latest,
            Freshness::UpTo(position) => position,
        };
        if position.timeline > self.endpoints.timeline() {
            // Another process has found a promotion before this one.
            self.endpoints.probe_if_older_than(PROBE_INTERVAL_MIN).await;
            if position.timeline > self.endpoints.timeline() {
                return Demand::LaterPrimary;
            }
        }
        // What was written up to a position of an earlier timeline is in the present one, or lost.
        if position.is_unknown() { Demand::Latest } else { Demand::UpTo(position.lsn) }
    }

    /// The endpoints that may answer, the best first. A replica that has replayed a position is not
    /// among them.
    fn candidates(&self, demand: Demand) -> Vec<Candidate> {
        let is_primary_stale = matches!(demand, Demand::LaterPrimary);
        let primary = Candidate { source: Source::Primary, as_of: None, is_stale: is_primary_stale };
        let replica = |is_stale| {
            move |(number, as_of)| Candidate { source: Source::Replica(number), as_of: Some(as_of), is_stale }
        };
        let is_primary_down = self.endpoints.is_primary_down();
        let mut candidates: Vec<Candidate> = match demand {
            // With the primary down, it is unknown whether a replica has the last commits.
            Demand::Any => self.endpoints.healthy_replicas().into_iter().map(replica(is_primary_down)).collect(),
            Demand::UpTo(_) | Demand::Latest | Demand::LaterPrimary => Vec::new(),
        };
        if !(is_primary_down && self.endpoints.has_replicas()) {
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

    /// Like `first_of`, with a healthy replica that has replayed up to `position`, if there is one
    /// before the timeout.
    async fn first_with<T, Prepared>(
        &self,
        position: Lsn,
        avoid: Option<Source>,
        timeout: Duration,
        prepare: impl Fn(PoolConnection<Postgres>) -> Prepared,
    ) -> Option<(T, Candidate)>
    where
        Prepared: Future<Output = Result<T, DbError>>,
    {
        let began = Instant::now();
        // The query runs on the connection that then reads: behind a balancer, another connection
        // may lead to another server.
        let prepare_if_replayed = |mut connection: PoolConnection<Postgres>| {
            let prepare = &prepare;
            async move {
                let replayed = sqlx::query_scalar(HAS_REPLAYED).bind(position.to_string());
                let replayed = replayed.fetch_one(&mut *connection).await?;
                if replayed { Ok(Some(prepare(connection).await?)) } else { Ok(None) }
            }
        };
        let waiting = async {
            let mut backoff = CATCH_UP_BACKOFF;
            loop {
                let mut may_catch_up = false;
                for (number, as_of) in self.endpoints.healthy_replicas() {
                    let source = Source::Replica(number);
                    if Some(source) == avoid {
                        continue;
                    }
                    match self.connect(source, &prepare_if_replayed).await {
                        Ok(Some(got)) => return Some((got, Candidate { source, as_of: Some(as_of), is_stale: false })),
                        Ok(None) => may_catch_up = true,
                        Err(_) => self.endpoints.report_failure(),
                    }
                }
                if !may_catch_up {
                    return None;
                }
                // No connection is held during the pause.
                tokio::time::sleep(backoff.next_pause()).await;
            }
        };
        let found = tokio::time::timeout(timeout, waiting).await.ok().flatten();
        let outcome = if found.is_some() { "caught_up" } else { "gave_up" };
        metrics::histogram!("piecework_replica_wait_seconds", "database" => self.endpoints.name(), "outcome" => outcome)
            .record(began.elapsed().as_secs_f64());
        found
    }
}

/// Begins a transaction in a task of its own, for the reason given at `WritePool::begin`.
async fn begin(
    connection: PoolConnection<Postgres>,
    statement: &'static str,
) -> Result<Transaction<'static, Postgres>, DbError> {
    let begin = Transaction::begin(connection, Some(statement.into_sql_str()));
    Ok(tokio::spawn(begin).await.map_err(|error| DbError::unavailable(error.to_string()))??)
}
