//! A primary and its replicas, as they are known to be right now: shared by all pools on one database.
//!
//! With replicas, somebody looks at all of them twice a second (`watch`). With a primary alone nobody asks anything until a
//! connection is long in coming; then it is looked at until it answers again, and whoever comes meanwhile is refused at once.

use std::future::Future;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::PgPool;
use sqlx::postgres::PgConnectOptions;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use super::history::History;
use super::known::{Condition, Known, Replica};
use super::look::Eyes;
use super::{Lsn, REQUEST_PATIENCE, is_unavailable, pool_options, session_options};
use crate::Ambient;
use crate::consistency::Consistency;
use crate::shutdown::ShutdownSignal;

/// How often all endpoints are looked at where there are replicas.
const WATCH_INTERVAL: Duration = Duration::from_millis(500);
/// How often a primary that is down is looked at.
const DOWN_INTERVAL: Duration = Duration::from_millis(100);
/// However many are suspicious.
const LOOK_GAP: Duration = Duration::from_millis(50);
/// A connection that takes longer than this to come is suspicious.
const PATIENCE: Duration = Duration::from_millis(100);
/// For asking the primary's position after a commit.
const POSITION_CONNECTIONS: u32 = 2;

tokio::task_local! {
    static OPENING: ();
}

/// Where a database is.
pub struct Endpoints {
    pub primary: PgConnectOptions,
    /// Streaming replicas of it.
    pub replicas: Vec<PgConnectOptions>,
    /// A replica that lags more is not asked.
    pub max_lag: Duration,
    /// How long to wait for a connection.
    pub patience: Duration,
}

/// One database with all its endpoints. Closed to modules until `open`.
pub struct Cluster {
    name: &'static str,
    endpoints: Endpoints,
    ambient: Ambient,
    opened: watch::Sender<bool>,
    known: Mutex<Known>,
    primary_down: watch::Sender<bool>,
    suspicion: Notify,
    eyes: tokio::sync::Mutex<Eyes>,
    positions: PgPool,
    turn: AtomicUsize,
}

/// What is known of all endpoints.
#[derive(Debug, Clone)]
pub struct Conditions {
    pub primary: Condition,
    pub replicas: Vec<Condition>,
}

impl Cluster {
    /// Connects to nothing yet.
    #[must_use]
    pub fn new(name: &'static str, endpoints: Endpoints, ambient: Ambient) -> Arc<Self> {
        let replica = Replica { condition: Condition::Unknown, replayed: Lsn::default(), as_of: DateTime::UNIX_EPOCH };
        let known = Known {
            looked_at: None,
            primary: Condition::Unknown,
            silences: 0,
            identifier: None,
            replicas: vec![replica; endpoints.replicas.len()],
            history: History::new(endpoints.max_lag + WATCH_INTERVAL * 4),
            floor: Lsn::default(),
        };
        let primary = session_options(endpoints.primary.clone());
        Arc::new(Self {
            name,
            eyes: tokio::sync::Mutex::new(Eyes::new(endpoints.replicas.len())),
            positions: pool_options(POSITION_CONNECTIONS, endpoints.patience)
                .test_before_acquire(false)
                .connect_lazy_with(primary),
            endpoints,
            ambient,
            opened: watch::Sender::new(false),
            known: Mutex::new(known),
            primary_down: watch::Sender::new(false),
            suspicion: Notify::new(),
            turn: AtomicUsize::new(0),
        })
    }

    /// A primary alone, which is taken to be there: what nobody has to open or to watch.
    #[must_use]
    pub fn of_primary(primary: PgConnectOptions, ambient: Ambient) -> Arc<Self> {
        let endpoints =
            Endpoints { primary, replicas: Vec::new(), max_lag: Duration::ZERO, patience: REQUEST_PATIENCE };
        let cluster = Self::new("database", endpoints, ambient);
        cluster.opened.send_replace(true);
        cluster
    }

    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    #[must_use]
    pub const fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    #[must_use]
    pub const fn has_replicas(&self) -> bool {
        !self.endpoints.replicas.is_empty()
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets the modules in: it was reached, checked, migrated and prepared.
    pub async fn open(&self) -> Result<(), sqlx::Error> {
        if self.has_replicas() {
            let floor = self.flushed().await?;
            self.known().floor = floor;
            self.look().await;
        }
        self.opened.send_replace(true);
        Ok(())
    }

    #[must_use]
    pub fn is_open(&self) -> bool {
        *self.opened.borrow()
    }

    /// Returns once it is open.
    pub async fn opened(&self) {
        // The sender is ours: it cannot be gone.
        let mut opened = self.opened.subscribe();
        let _opened = opened.wait_for(|opened| *opened).await;
    }

    pub(super) fn check_open(&self) -> Result<(), sqlx::Error> {
        if self.is_open() || OPENING.try_with(|()| ()).is_ok() {
            return Ok(());
        }
        Err(self.unavailable("is not open yet: it was not reached, checked and migrated"))
    }

    fn unavailable(&self, reason: &str) -> sqlx::Error {
        sqlx::Error::Io(io::Error::new(io::ErrorKind::NotConnected, format!("the database {} {reason}", self.name)))
    }

    /// What the last look has found.
    #[must_use]
    pub fn conditions(&self) -> Conditions {
        let known = self.known();
        let replicas = known.replicas.iter().map(|replica| replica.condition.clone()).collect();
        Conditions { primary: known.primary.clone(), replicas }
    }

    #[must_use]
    pub fn is_primary_down(&self) -> bool {
        *self.primary_down.borrow()
    }

    /// Fails at once if the primary is known to be out of reach.
    pub fn check_primary(&self) -> Result<(), sqlx::Error> {
        self.check_open()?;
        if self.is_primary_down() { Err(self.unavailable("has no primary to write to at present")) } else { Ok(()) }
    }

    /// Waits for something from the primary, but no longer than it is known to be there.
    pub(super) async fn ask_primary<T>(
        &self,
        work: impl Future<Output = Result<T, sqlx::Error>>,
    ) -> Result<T, sqlx::Error> {
        self.check_primary()?;
        let mut work = std::pin::pin!(work);
        let mut down = self.primary_down.subscribe();
        let lost = async {
            while tokio::time::timeout(PATIENCE, down.wait_for(|down| *down)).await.is_err() {
                self.suspect();
            }
        };
        let result = tokio::select! {
            biased;
            result = &mut work => result,
            () = lost => Err(self.unavailable("has lost its primary")),
        };
        if result.as_ref().is_err_and(is_unavailable) {
            self.suspect();
        }
        result
    }

    /// Has everything looked at soon.
    pub(super) fn suspect(&self) {
        self.suspicion.notify_one();
    }

    /// Where the primary's log is flushed up to: whatever was committed is before it.
    async fn flushed(&self) -> Result<Lsn, sqlx::Error> {
        let ask = || sqlx::query_scalar("select pg_current_wal_flush_lsn()::text").fetch_one(&self.positions);
        let first: Result<String, sqlx::Error> = ask().await;
        // A connection from before a restart of the primary is found out by using it.
        let text = match first {
            Err(error) if is_unavailable(&error) => ask().await?,
            first => first?,
        };
        text.parse().map_err(|error: super::InvalidLsn| sqlx::Error::Decode(error.into()))
    }

    /// After a commit: tells the requests that asked for it how far their clients have to see.
    pub(super) async fn note_commit(&self, requests: &[Arc<Consistency>]) {
        if requests.is_empty() || !self.has_replicas() {
            return;
        }
        // What is committed stays so: whoever waits for the answer does not wait for a primary that is lost meanwhile.
        match self.ask_primary(self.flushed()).await {
            Ok(position) => requests.iter().for_each(|request| request.note_commit(self.name, position)),
            Err(error) => tracing::warn!(database = self.name, %error, "a commit's position could not be found out"),
        }
    }

    /// The replicas that may be asked, each in its turn the first, with as of when they are true.
    pub(super) fn fit_replicas(&self) -> Vec<(usize, DateTime<Utc>)> {
        let mut fit = self.replicas(|replica, _| replica.condition == Condition::Fit);
        if !fit.is_empty() {
            let first = self.turn.fetch_add(1, Ordering::Relaxed) % fit.len();
            fit.rotate_left(first);
        }
        fit
    }

    /// The replicas that have the schema and might answer, the most advanced first: when there is nobody else.
    pub(super) fn last_resorts(&self) -> Vec<(usize, DateTime<Utc>)> {
        let mut usable = self.replicas(|replica, known| {
            matches!(replica.condition, Condition::Fit | Condition::Behind(_)) && replica.replayed >= known.floor
        });
        usable.sort_by_key(|(_, as_of)| std::cmp::Reverse(*as_of));
        usable
    }

    fn replicas(&self, wanted: impl Fn(&Replica, &Known) -> bool) -> Vec<(usize, DateTime<Utc>)> {
        let known = self.known();
        let numbered = known.replicas.iter().enumerate().filter(|(_, replica)| wanted(replica, &known));
        numbered.map(|(number, replica)| (number, replica.as_of)).collect()
    }

    pub(super) fn has_replayed(&self, number: usize, position: Lsn) -> bool {
        self.known().replicas.get(number).is_some_and(|replica| replica.replayed >= position)
    }

    pub(super) fn note_replayed(&self, number: usize, position: Lsn) {
        let mut known = self.known();
        if let Some(replica) = known.replicas.get_mut(number) {
            replica.replayed = replica.replayed.max(position);
        }
    }

    /// Looks at every endpoint, unless somebody has done so within `fresh`.
    pub async fn look_unless_looked(&self, fresh: Duration) {
        let mut eyes = self.eyes.lock().await;
        if self.known().looked_at.is_none_or(|looked_at| looked_at.elapsed() > fresh) {
            self.look_with(&mut eyes).await;
        }
    }

    async fn look(&self) {
        let mut eyes = self.eyes.lock().await;
        self.look_with(&mut eyes).await;
    }

    async fn look_with(&self, eyes: &mut Eyes) {
        let (taken, at) = (Instant::now(), self.ambient.now());
        let (primary, replicas) = eyes.look(&self.endpoints).await;
        let down = {
            let mut known = self.known();
            known.looked_at = Some(taken);
            known.judge_primary(self.name, primary, taken, at);
            for (number, seen) in replicas.into_iter().enumerate() {
                known.judge_replica(self.name, number, seen, self.endpoints.max_lag);
            }
            known.primary != Condition::Fit
        };
        self.primary_down.send_if_modified(|was| std::mem::replace(was, down) != down);
    }

    /// Keeps what is known up to date, until the shutdown.
    pub async fn watch(&self, mut shutdown: ShutdownSignal) {
        loop {
            let pause = async {
                if self.is_primary_down() {
                    tokio::time::sleep(DOWN_INTERVAL).await;
                } else if self.has_replicas() {
                    // A timeout is the regular look.
                    let _suspicion = tokio::time::timeout(WATCH_INTERVAL, self.suspicion.notified()).await;
                } else {
                    self.suspicion.notified().await;
                }
                self.look_unless_looked(LOOK_GAP).await;
            };
            if shutdown.or(pause).await.is_none() {
                return;
            }
        }
    }

    /// Closes what is not a module's.
    pub async fn close(&self) {
        self.positions.close().await;
        *self.eyes.lock().await = Eyes::new(self.endpoints.replicas.len());
    }
}

/// Lets `work` use pools of databases that are not open yet: what has to be done before they can be.
pub async fn while_opening<T>(work: impl Future<Output = T>) -> T {
    OPENING.scope((), work).await
}
