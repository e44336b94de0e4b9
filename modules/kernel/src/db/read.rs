//! The pool to read: a replica where one will do, the primary where none will, and once more elsewhere when one fails half way.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{PgPool, Postgres, Transaction};
use tokio::time::Instant;

use super::cluster::Cluster;
use super::{Lsn, ModuleRole, is_transient, is_unavailable, pool_options_as, session_options};
use crate::Ambient;
use crate::consistency::{self, Demand};

/// How long a replica gets to catch up with what the client has seen.
const CATCH_UP: Duration = Duration::from_millis(200);
const CATCH_UP_FIRST_PAUSE: Duration = Duration::from_millis(1);
const CATCH_UP_LONGEST_PAUSE: Duration = Duration::from_millis(20);
/// A replica that takes longer to give a connection is left for somebody else.
const REPLICA_PATIENCE: Duration = Duration::from_millis(300);

/// Reads of one module; its sessions cannot write.
#[derive(Clone)]
pub struct ReadPool {
    primary: PgPool,
    replicas: Arc<[PgPool]>,
    cluster: Arc<Cluster>,
}

/// A transaction in which every statement sees the same state.
pub struct Snapshot {
    inner: Transaction<'static, Postgres>,
    as_of: Option<DateTime<Utc>>,
}

/// Who answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Primary,
    Replica(usize),
}

/// Who may be asked, and what the answer is worth.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    source: Source,
    /// Everything that was committed before is in the answer; none: everything that was ever committed.
    as_of: Option<DateTime<Utc>>,
    /// It may be older than what was asked for.
    is_stale: bool,
}

impl Snapshot {
    /// Everything that was committed before this moment is in it; none if that is now, on the primary.
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
    /// On a database without replicas that is known to be there.
    #[must_use]
    pub fn new(options: PgConnectOptions, max_connections: u32, role: ModuleRole) -> Self {
        Self::in_cluster(&Cluster::of_primary(options, Ambient::system()), max_connections, role)
    }

    /// Connects when first used. The sessions are read-only whatever the endpoint is.
    #[must_use]
    pub fn in_cluster(cluster: &Arc<Cluster>, max_connections: u32, role: ModuleRole) -> Self {
        let endpoints = cluster.endpoints();
        let pool = |options: &PgConnectOptions| {
            let options = session_options(options.clone())
                .options([("default_transaction_read_only", "on"), ("statement_timeout", "30s")]);
            pool_options_as(role, max_connections, endpoints.patience).connect_lazy_with(options)
        };
        Self {
            primary: pool(&endpoints.primary),
            replicas: endpoints.replicas.iter().map(pool).collect(),
            cluster: Arc::clone(cluster),
        }
    }

    /// Asks whoever can answer this request. `work` is called a second time, elsewhere, if it was cut off half way: by a
    /// replica that had to go on replaying, or by a server that went away.
    pub async fn run<T>(
        &self,
        mut work: impl AsyncFnMut(&mut PgConnection) -> Result<T, sqlx::Error>,
    ) -> Result<T, sqlx::Error> {
        let (mut connection, source) = self.acquire_but(None).await?;
        match work(&mut connection).await {
            Err(error) if self.is_worth_another_try(&error) => {
                drop(connection);
                let Ok((mut connection, _)) = self.acquire_but(Some(source)).await else { return Err(error) };
                work(&mut connection).await
            }
            answer => answer,
        }
    }

    /// The same, and every statement of `work` sees the same state.
    pub async fn run_in_snapshot<T>(
        &self,
        mut work: impl AsyncFnMut(&mut Snapshot) -> Result<T, sqlx::Error>,
    ) -> Result<T, sqlx::Error> {
        let (mut snapshot, source) = self.begin_but(None).await?;
        match work(&mut snapshot).await {
            Err(error) if self.is_worth_another_try(&error) => {
                drop(snapshot);
                let Ok((mut snapshot, _)) = self.begin_but(Some(source)).await else { return Err(error) };
                work(&mut snapshot).await
            }
            answer => answer,
        }
    }

    /// Where there is no elsewhere, an error is an error.
    fn is_worth_another_try(&self, error: &sqlx::Error) -> bool {
        if !self.cluster.has_replicas() || !(is_unavailable(error) || is_transient(error)) {
            return false;
        }
        self.cluster.suspect();
        metrics::counter!("piecework_reads_retried_total", "database" => self.cluster.name()).increment(1);
        tracing::info!(database = self.cluster.name(), %error, "a read was cut off and is tried once elsewhere");
        true
    }

    /// A connection to whoever can answer this request, for work inside of a spawned task: futures of asynchronous closures cannot
    /// be shown to be `Send`. Nobody tries again what is cut off on it.
    pub async fn acquire(&self) -> Result<PoolConnection<Postgres>, sqlx::Error> {
        Ok(self.acquire_but(None).await?.0)
    }

    async fn acquire_but(&self, avoid: Option<Source>) -> Result<(PoolConnection<Postgres>, Source), sqlx::Error> {
        let (connection, candidate) = self.first_of(avoid, |pool| async move { pool.acquire().await }).await?;
        Ok((connection, candidate.source))
    }

    async fn begin_but(&self, avoid: Option<Source>) -> Result<(Snapshot, Source), sqlx::Error> {
        let begin = |pool: PgPool| async move {
            let begin = async move { pool.begin_with("begin isolation level repeatable read read only").await };
            // In a task of its own, for the reason told at `WritePool::begin`.
            tokio::spawn(begin).await.map_err(|_| sqlx::Error::WorkerCrashed)?
        };
        let (inner, candidate) = self.first_of(avoid, begin).await?;
        Ok((Snapshot { inner, as_of: candidate.as_of }, candidate.source))
    }

    fn pool(&self, source: Source) -> PgPool {
        let replica = match source {
            Source::Replica(number) => self.replicas.get(number),
            Source::Primary => None,
        };
        replica.unwrap_or(&self.primary).clone()
    }

    /// Goes from one candidate to the next until one gives what is wanted.
    async fn first_of<T, Got>(
        &self,
        avoid: Option<Source>,
        get: impl Fn(PgPool) -> Got,
    ) -> Result<(T, Candidate), sqlx::Error>
    where
        Got: Future<Output = Result<T, sqlx::Error>>,
    {
        self.cluster.check_open()?;
        let mut candidates = self.candidates().await;
        candidates.retain(|candidate| Some(candidate.source) != avoid);
        // With no candidate at all there is no primary, and this says so.
        let mut failure = self.cluster.check_primary().err().unwrap_or(sqlx::Error::PoolTimedOut);
        for candidate in candidates {
            let getting = get(self.pool(candidate.source));
            let got = match candidate.source {
                Source::Primary => self.cluster.ask_primary(getting).await,
                Source::Replica(_) => {
                    let got = tokio::time::timeout(REPLICA_PATIENCE, getting).await;
                    got.unwrap_or(Err(sqlx::Error::PoolTimedOut))
                }
            };
            match got {
                Ok(got) => {
                    if candidate.is_stale {
                        consistency::mark_stale();
                    }
                    return Ok((got, candidate));
                }
                Err(error) if is_unavailable(&error) => {
                    self.cluster.suspect();
                    failure = error;
                }
                Err(error) => return Err(error),
            }
        }
        Err(failure)
    }

    /// Who may answer the present request, the best first.
    async fn candidates(&self) -> Vec<Candidate> {
        let primary = Candidate { source: Source::Primary, as_of: None, is_stale: false };
        if !self.cluster.has_replicas() {
            return vec![primary];
        }
        let replica = |is_stale| {
            move |(number, as_of)| Candidate { source: Source::Replica(number), as_of: Some(as_of), is_stale }
        };
        let is_primary_down = self.cluster.is_primary_down();
        let mut candidates: Vec<Candidate> = match consistency::demand(self.cluster.name()) {
            // Without a primary nobody knows whether the last commits have arrived here.
            Demand::Anything => self.cluster.fit_replicas().into_iter().map(replica(is_primary_down)).collect(),
            Demand::UpTo(position) => self.wait_for(position).await.into_iter().map(replica(false)).collect(),
            Demand::Everything => Vec::new(),
        };
        if !is_primary_down {
            candidates.push(primary);
        }
        // A replica that lags is better than no answer.
        for resort in self.cluster.last_resorts().into_iter().map(replica(true)) {
            if candidates.iter().all(|candidate| candidate.source != resort.source) {
                candidates.push(resort);
            }
        }
        candidates
    }

    /// A replica that has replayed what the client has seen, if one does so soon enough.
    async fn wait_for(&self, position: Lsn) -> Option<(usize, DateTime<Utc>)> {
        let began = Instant::now();
        let waiting = async {
            let mut pause = CATCH_UP_FIRST_PAUSE;
            loop {
                let fit = self.cluster.fit_replicas();
                if let Some(there) = fit.iter().find(|(number, _)| self.cluster.has_replayed(*number, position)) {
                    return Some(*there);
                }
                if fit.is_empty() {
                    return None;
                }
                for (number, as_of) in fit {
                    if self.replayed(number).await? >= position {
                        return Some((number, as_of));
                    }
                }
                // No connection is held meanwhile.
                tokio::time::sleep(pause).await;
                pause = CATCH_UP_LONGEST_PAUSE.min(pause * 2);
            }
        };
        let there = tokio::time::timeout(CATCH_UP, waiting).await.ok().flatten();
        let outcome = if there.is_some() { "caught_up" } else { "gave_up" };
        metrics::histogram!("piecework_replica_wait_seconds", "database" => self.cluster.name(), "outcome" => outcome)
            .record(began.elapsed().as_secs_f64());
        there
    }

    /// How far a replica is; none if it does not answer.
    async fn replayed(&self, number: usize) -> Option<Lsn> {
        let ask = sqlx::query_scalar("select pg_last_wal_replay_lsn()::text").fetch_one(self.replicas.get(number)?);
        let replayed: Result<Option<String>, sqlx::Error> = ask.await;
        let Ok(replayed) = replayed else {
            self.cluster.suspect();
            return None;
        };
        let replayed = replayed?.parse().ok()?;
        self.cluster.note_replayed(number, replayed);
        Some(replayed)
    }
}
