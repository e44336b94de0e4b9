//! One database with its primary and its replicas, shared by all pools that use it.
//!
//! Requests for a primary that is down are refused at once; requests for a primary without replicas
//! that is only silent wait. `watch.rs` keeps what is known of the servers up to date.

use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use tokio::sync::{Notify, watch};

use super::consistency::Consistency;
use super::error::DbError;
use super::health::{ClusterState, EndpointHealth, ReplicaState};
use super::pool::{REQUEST_ACQUIRE_TIMEOUT, pool_options, session_options};
use super::pools::{PoolKind, PoolName, PoolState, Pools};
use super::position::{InvalidPosition, Position};
use super::probe::Probes;
use crate::Ambient;
use crate::runtime::repeated::Repeated;

/// Work on the primary that takes longer than this reports a failure, which causes a probe.
const SLOW_ANSWER: Duration = Duration::from_millis(100);
/// How much longer than the greatest lag the positions of the primary are remembered.
const HISTORY_MARGIN: Duration = Duration::from_secs(2);
/// Number of connections on which the primary's position is read after a commit.
const POSITION_CONNECTIONS: u32 = 2;
/// The owner of that pool.
const POSITIONS: &str = "positions";

/// The position up to which a primary has flushed its log, and the timeline of the log.
const FLUSHED: &str = "
    select pg_current_wal_flush_lsn()::text,
           ('x' || left(pg_walfile_name(pg_current_wal_flush_lsn()), 8))::bit(32)::integer";

static POSITION_UNREAD: Repeated = Repeated::new();

tokio::task_local! {
    static ALLOW_UNOPENED: ();
}

/// Where a database is, and how it is used.
pub struct EndpointSettings {
    /// The server that takes the writes.
    pub primary: PgConnectOptions,
    /// The servers that may take the writes in its place: the same database on other hosts.
    pub successors: Vec<PgConnectOptions>,
    /// Streaming replicas of the primary.
    pub replicas: Vec<PgConnectOptions>,
    /// A replica with a greater lag is not used.
    pub max_lag: Duration,
    /// How long a pool waits for a connection.
    pub acquire_timeout: Duration,
}

/// Whether the database has a primary, and which.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) is_down: bool,
    /// How often the primary became another server.
    pub(super) switches: u64,
}

/// One database with all its endpoints. Modules cannot use it before `open`.
pub struct Endpoints {
    pub(super) name: &'static str,
    pub(super) settings: EndpointSettings,
    pub(super) ambient: Ambient,
    opened: watch::Sender<bool>,
    pub(super) state: Mutex<ClusterState>,
    pub(super) standing: watch::Sender<Standing>,
    pub(super) failure_reported: Notify,
    pub(super) probes: tokio::sync::Mutex<Probes>,
    pub(super) pools: Pools,
    pub(super) positions: PgPool,
    next_replica: AtomicUsize,
}

/// The health of all endpoints of a database.
#[derive(Debug, Clone)]
pub struct EndpointsHealth {
    /// The health of the write endpoint.
    pub primary: EndpointHealth,
    /// In the order of the settings.
    pub replicas: Vec<EndpointHealth>,
}

impl Endpoints {
    /// Opens no connection yet.
    #[must_use]
    pub fn new(name: &'static str, settings: EndpointSettings, ambient: Ambient) -> Arc<Self> {
        let state = ClusterState::new(settings.replicas.len(), settings.max_lag + HISTORY_MARGIN);
        let pools = Pools::new(settings.primary.clone(), &settings.successors);
        let options = pool_options(POSITION_CONNECTIONS, settings.acquire_timeout);
        let positions = PoolName { owner: POSITIONS, kind: PoolKind::Positions };
        let (positions, _waiting) = pools.open_on_primary(positions, options, session_options);
        Arc::new(Self {
            name,
            probes: tokio::sync::Mutex::default(),
            pools,
            positions,
            settings,
            ambient,
            opened: watch::Sender::new(false),
            state: Mutex::new(state),
            standing: watch::Sender::default(),
            failure_reported: Notify::new(),
            next_replica: AtomicUsize::new(0),
        })
    }

    /// A database without replicas, which is open from the start and needs no `watch`.
    #[must_use]
    pub fn of_primary(primary: PgConnectOptions, ambient: Ambient) -> Arc<Self> {
        let settings = EndpointSettings {
            primary,
            successors: Vec::new(),
            replicas: Vec::new(),
            max_lag: Duration::ZERO,
            acquire_timeout: REQUEST_ACQUIRE_TIMEOUT,
        };
        let endpoints = Self::new("database", settings, ambient);
        endpoints.opened.send_replace(true);
        endpoints
    }

    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    #[must_use]
    pub const fn settings(&self) -> &EndpointSettings {
        &self.settings
    }

    #[must_use]
    pub const fn has_replicas(&self) -> bool {
        !self.settings.replicas.is_empty()
    }

    /// Whether another server may become the primary.
    #[must_use]
    pub const fn has_successors(&self) -> bool {
        !self.settings.successors.is_empty()
    }

    /// The server that is the primary at present.
    #[must_use]
    pub fn primary(&self) -> PgConnectOptions {
        self.pools.primary_options()
    }

    /// A pool on the primary for what belongs to no module. `prepare` adds the settings of its
    /// sessions.
    #[must_use]
    pub fn open_pool(
        &self,
        name: PoolName,
        options: PgPoolOptions,
        prepare: impl Fn(PgConnectOptions) -> PgConnectOptions + Send + Sync + 'static,
    ) -> PgPool {
        self.pools.open_on_primary(name, options, prepare).0
    }

    pub(super) const fn pools(&self) -> &Pools {
        &self.pools
    }

    /// The state of every pool on the database.
    #[must_use]
    pub fn pool_states(&self) -> Vec<PoolState> {
        self.pools.states()
    }

    pub(super) fn state(&self) -> MutexGuard<'_, ClusterState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets the modules use the database. The caller has checked, migrated and prepared it.
    ///
    /// # Errors
    /// The primary does not answer.
    pub async fn open(&self) -> Result<(), DbError> {
        if self.has_replicas() {
            let migrated_at = self.load_flushed_position().await?;
            self.state().migrated_at = migrated_at.lsn;
            self.probe_if_older_than(Duration::ZERO).await;
        }
        self.opened.send_replace(true);
        Ok(())
    }

    #[must_use]
    pub fn is_open(&self) -> bool {
        *self.opened.borrow()
    }

    /// Returns once the database is open.
    pub async fn opened(&self) {
        // The sender is a field of `self`, so it cannot be gone.
        let mut opened = self.opened.subscribe();
        let _opened = opened.wait_for(|opened| *opened).await;
    }

    pub(super) fn check_open(&self) -> Result<(), DbError> {
        if self.is_open() || ALLOW_UNOPENED.try_with(|()| ()).is_ok() {
            return Ok(());
        }
        Err(self.unavailable("is not open yet: it was not reached, checked and migrated"))
    }

    fn unavailable(&self, reason: &str) -> DbError {
        DbError::unavailable(format!("the database {} {reason}", self.name))
    }

    /// What the last probes have found. A primary that does not answer is not healthy.
    #[must_use]
    pub fn health(&self) -> EndpointsHealth {
        let state = self.state();
        let replicas = state.replicas.iter().map(|replica| replica.health.clone()).collect();
        EndpointsHealth { primary: state.answering(), replicas }
    }

    #[must_use]
    pub fn is_primary_down(&self) -> bool {
        self.standing.borrow().is_down
    }

    /// Returns once the primary is down or another one.
    pub async fn primary_lost(&self) {
        let mut standing = self.standing.subscribe();
        let began = *standing.borrow();
        // The sender is a field of `self`, so it cannot be gone.
        let _lost = standing.wait_for(|now| now.is_down || now.switches != began.switches).await;
    }

    /// Fails at once if the database is not open or its primary is down.
    ///
    /// # Errors
    /// `DbError::Unavailable`.
    pub fn check_primary(&self) -> Result<(), DbError> {
        self.check_open()?;
        if self.is_primary_down() { Err(self.unavailable("has no primary to write to at present")) } else { Ok(()) }
    }

    /// Runs `work` that uses the primary. The work is dropped when a probe finds the primary down.
    pub(super) async fn run_on_primary<T, E: Into<DbError>>(
        &self,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, DbError> {
        self.check_primary()?;
        let mut work = std::pin::pin!(work);
        let lost = async {
            let mut lost = std::pin::pin!(self.primary_lost());
            while tokio::time::timeout(SLOW_ANSWER, &mut lost).await.is_err() {
                self.report_failure();
            }
        };
        let result = tokio::select! {
            biased;
            result = &mut work => result.map_err(Into::into),
            () = lost => Err(self.unavailable("has lost its primary")),
        };
        if result.as_ref().is_err_and(DbError::is_unavailable) {
            self.report_failure();
        }
        match result {
            // No connection became free because none of them gets an answer.
            Err(DbError::Busy) if self.state().has_primary_timed_out() => Err(self.unavailable("does not answer")),
            result => result,
        }
    }

    /// The position up to which the primary has flushed its log. Every commit so far is before it.
    pub(super) async fn load_flushed_position(&self) -> Result<Position, DbError> {
        let load = || sqlx::query_as(FLUSHED).fetch_one(&self.positions);
        let first: Result<(String, i32), DbError> = load().await.map_err(DbError::from);
        // A pooled connection from before a restart of the primary fails when it is used.
        let (lsn, timeline) = match first {
            Err(error) if error.is_unavailable() => load().await?,
            first => first?,
        };
        let lsn = lsn.parse().map_err(|error: InvalidPosition| DbError::Codec(error.to_string()))?;
        Ok(Position { timeline: timeline.cast_unsigned(), lsn })
    }

    /// Notes a commit in the requests that caused it, so that their clients' next reads include it.
    pub(super) async fn note_commit(&self, requests: &[Arc<Consistency>]) {
        if requests.is_empty() || !self.has_replicas() {
            return;
        }
        // The commit is done: its answer does not wait for a primary that is lost meanwhile.
        let position = self.run_on_primary(self.load_flushed_position()).await.unwrap_or_else(|error| {
            if let Some(suppressed) = POSITION_UNREAD.due(self.name) {
                let database = self.name;
                tracing::warn!(database, %error, suppressed, "the position of a commit could not be read");
            }
            Position::unknown(self.timeline())
        });
        requests.iter().for_each(|request| request.note_commit(self.name, position));
    }

    /// The numbers of the healthy replicas, and the moment whose state their answers include.
    /// Successive calls begin with another replica.
    pub(super) fn healthy_replicas(&self) -> Vec<(usize, DateTime<Utc>)> {
        let mut healthy = self.replicas(|replica, _| replica.health == EndpointHealth::Healthy);
        if !healthy.is_empty() {
            let first = self.next_replica.fetch_add(1, Ordering::Relaxed) % healthy.len();
            healthy.rotate_left(first);
        }
        healthy
    }

    /// The replicas that answered their last probe and have the schema, the most advanced first:
    /// for reads that no healthy endpoint can answer.
    pub(super) fn fallback_replicas(&self) -> Vec<(usize, DateTime<Utc>)> {
        let mut usable = self.replicas(|replica, state| {
            matches!(replica.health, EndpointHealth::Healthy | EndpointHealth::Behind(_))
                && replica.replayed >= state.migrated_at
        });
        usable.sort_by_key(|(_, as_of)| std::cmp::Reverse(*as_of));
        usable
    }

    fn replicas(&self, wanted: impl Fn(&ReplicaState, &ClusterState) -> bool) -> Vec<(usize, DateTime<Utc>)> {
        let state = self.state();
        let numbered = state.replicas.iter().enumerate().filter(|(_, replica)| wanted(replica, &state));
        numbered.map(|(number, replica)| (number, replica.as_of)).collect()
    }

    /// The timeline of the primary, as far as the probes know it.
    pub(super) fn timeline(&self) -> u32 {
        self.state().timeline
    }
}

/// Lets `work` use databases that are not open yet: the work that prepares them.
pub async fn allow_unopened<T>(work: impl Future<Output = T>) -> T {
    ALLOW_UNOPENED.scope((), work).await
}
