//! The pools on one database: what each is for, how busy it is, and to which server the pools on
//! the primary lead.

use std::future::Future;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, PgPool};
use tokio::time::Instant;

/// A connection that was opened this soon after the primary became another server may still lead to
/// the former one: it was being opened at that moment.
const OPENING_MAX: Duration = Duration::from_secs(2);
/// A pooled connection that was idle for longer than this is pinged before it is used again. A
/// ping costs a round trip, so a connection in steady use is not pinged.
const PING_AFTER_IDLE: Duration = Duration::from_millis(500);

/// What a pool is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PoolKind {
    /// A module writes its schema.
    Write,
    /// A module reads.
    Read,
    /// The job queue.
    Jobs,
    /// The position of a commit is read.
    Positions,
}

/// Whose a pool is, and what it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PoolName {
    /// The module. What belongs to no module has a name of its own.
    pub owner: &'static str,
    /// What the pool is for.
    pub kind: PoolKind,
}

/// The connections of a pool at one moment.
#[derive(Debug, Clone, Copy)]
pub struct PoolState {
    /// Which pool.
    pub name: PoolName,
    /// Whether its connections lead to the primary.
    pub is_on_primary: bool,
    /// Maximum number of connections.
    pub max: u32,
    /// Connections that are in use.
    pub used: u32,
    /// Connections that are open and not in use.
    pub idle: u32,
    /// Tasks that wait for a connection.
    pub waiting: u32,
}

/// The number of tasks that wait for a connection of a pool.
#[derive(Clone, Default)]
pub(super) struct Waiting(Arc<AtomicU32>);

/// When the primary became another server. Clones share it.
#[derive(Clone, Default)]
pub(super) struct Switch(Arc<Mutex<Option<Instant>>>);

/// All pools on one database.
pub(super) struct Pools {
    /// The servers of which one takes the writes.
    candidates: Vec<PgConnectOptions>,
    state: Mutex<State>,
    switch: Switch,
}

struct State {
    /// The number of the candidate that is the primary.
    primary: usize,
    /// Its options.
    options: PgConnectOptions,
    pools: Vec<Registered>,
}

struct Registered {
    name: PoolName,
    pool: PgPool,
    waiting: Waiting,
    /// Adds the settings of the pool's sessions to the options of the primary. `None` for a pool on
    /// a replica.
    prepare: Option<Prepare>,
}

type Prepare = Box<dyn Fn(PgConnectOptions) -> PgConnectOptions + Send + Sync>;

/// Counts a task until it is dropped.
struct Counted<'a>(&'a AtomicU32);

impl PoolKind {
    /// The name of the kind in a metric.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Write => "write",
            Self::Read => "read",
            Self::Jobs => "jobs",
            Self::Positions => "positions",
        }
    }
}

impl Waiting {
    /// Counts the task while `work` waits for a connection.
    pub async fn during<T>(&self, work: impl Future<Output = T>) -> T {
        self.0.fetch_add(1, Ordering::Relaxed);
        let _counted = Counted(&self.0);
        work.await
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Switch {
    /// Whether a connection of this age may lead to a former primary.
    pub fn may_be_after(&self, age: Duration) -> bool {
        let switched = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        switched.is_some_and(|switched| age + OPENING_MAX >= switched.elapsed())
    }
}

impl Pools {
    /// `primary` is the primary until one of its `successors` is found to be it.
    pub fn new(primary: PgConnectOptions, successors: &[PgConnectOptions]) -> Self {
        let candidates = [std::slice::from_ref(&primary), successors].concat();
        let state = State { primary: 0, options: primary, pools: Vec::new() };
        Self { candidates, state: Mutex::new(state), switch: Switch::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn candidates(&self) -> &[PgConnectOptions] {
        &self.candidates
    }

    /// The number of the candidate that is the primary.
    pub fn primary(&self) -> usize {
        self.state().primary
    }

    /// The options of the server that is the primary.
    pub fn primary_options(&self) -> PgConnectOptions {
        self.state().options.clone()
    }

    /// Opens a pool whose connections lead to the server that is the primary when they are opened.
    /// `prepare` adds the settings of its sessions.
    pub fn open_on_primary(
        &self,
        name: PoolName,
        options: PgPoolOptions,
        prepare: impl Fn(PgConnectOptions) -> PgConnectOptions + Send + Sync + 'static,
    ) -> (PgPool, Waiting) {
        // Held until the pool is registered, so that no switch is missed.
        let mut state = self.state();
        let connect = prepare(state.options.clone());
        let pool = with_checks(options, self.switch.clone()).connect_lazy_with(connect);
        (pool.clone(), state.register(name, pool, Some(Box::new(prepare))))
    }

    /// Opens a pool whose connections lead to a replica.
    pub fn open_on_replica(
        &self,
        name: PoolName,
        options: PgPoolOptions,
        connect: PgConnectOptions,
    ) -> (PgPool, Waiting) {
        let pool = with_checks(options, Switch::default()).connect_lazy_with(connect);
        (pool.clone(), self.state().register(name, pool, None))
    }

    /// Makes another candidate the primary: connections to the former one are not used again.
    pub fn switch_to(&self, candidate: usize) {
        let Some(server) = self.candidates.get(candidate) else { return };
        let mut state = self.state();
        (state.primary, state.options) = (candidate, server.clone());
        for registered in &state.pools {
            if let Some(prepare) = &registered.prepare {
                registered.pool.set_connect_options(prepare(server.clone()));
            }
        }
        *self.switch.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// The state of every pool that is open.
    pub fn states(&self) -> Vec<PoolState> {
        let state = self.state();
        let open = state.pools.iter().filter(|registered| !registered.pool.is_closed());
        open.map(Registered::state).collect()
    }
}

impl State {
    fn register(&mut self, name: PoolName, pool: PgPool, prepare: Option<Prepare>) -> Waiting {
        let waiting = Waiting::default();
        self.pools.push(Registered { name, pool, waiting: waiting.clone(), prepare });
        waiting
    }
}

impl Registered {
    fn state(&self) -> PoolState {
        let idle = u32::try_from(self.pool.num_idle()).unwrap_or(u32::MAX);
        PoolState {
            name: self.name,
            is_on_primary: self.prepare.is_some(),
            max: self.pool.options().get_max_connections(),
            used: self.pool.size().saturating_sub(idle),
            idle,
            waiting: self.waiting.0.load(Ordering::Relaxed),
        }
    }
}

/// Checks a pooled connection before it is used: that it was not opened before the last switch of
/// the primary, and that it is alive.
fn with_checks(options: PgPoolOptions, switch: Switch) -> PgPoolOptions {
    options.test_before_acquire(false).before_acquire(move |connection, used| {
        let is_former = switch.may_be_after(used.age);
        Box::pin(async move {
            if !is_former && used.idle_for > PING_AFTER_IDLE {
                connection.ping().await?;
            }
            Ok(!is_former)
        })
    })
}

#[cfg(test)]
mod tests {
    use sqlx::ConnectOptions;

    use super::*;

    #[tokio::test]
    async fn a_pool_follows_the_primary_with_the_password_of_its_host_and_its_own_settings() {
        let server = |text: &str| text.parse::<PgConnectOptions>().unwrap();
        let pools = Pools::new(server("postgres://me:one@db1/x"), &[server("postgres://me:two@db2:6000/x")]);
        let name = PoolName { owner: "tests", kind: PoolKind::Write };
        let options = PgPoolOptions::new();
        let (pool, _waiting) = pools.open_on_primary(name, options, |primary| primary.options([("work_mem", "8MB")]));
        pools.switch_to(1);
        let options = pool.connect_options();
        let url = options.to_url_lossy();
        assert_eq!((url.password(), url.host_str(), url.port()), (Some("two"), Some("db2"), Some(6000)));
        assert_eq!(options.get_options(), Some("-c work_mem=8MB"));
    }
}
