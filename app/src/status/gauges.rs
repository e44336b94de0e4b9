//! Sets the gauges that show the state of the modules and of the databases.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use kernel::db::{EndpointHealth, PoolKind, PoolName};
use kernel::events::outbox;
use kernel::runtime::repeated::Repeated;
use kernel::runtime::shutdown::ShutdownSignal;
use kernel::{DbError, Module};

use super::{ModuleState, Status, WATCH_INTERVAL};
use crate::databases::Database;
use crate::runtime::telemetry;

/// How long a job may be overdue before the log warns of it.
const OVERDUE_WARNING: chrono::Duration = chrono::Duration::seconds(60);

static UNREAD: Repeated = Repeated::new();
static OVERDUE: Repeated = Repeated::new();

/// The connections of the pools that a module has for one purpose.
#[derive(Default)]
struct Connections {
    max: u32,
    used: u32,
    idle: u32,
    waiting: u32,
}

impl Status {
    /// Sets the gauges of what is read from databases until the shutdown, and warns of jobs that
    /// are overdue.
    pub async fn watch(&self, mut shutdown: ShutdownSignal) {
        loop {
            // Before that there is nothing to read.
            if self.waiting_for().is_empty() {
                self.measure_modules().await;
            }
            if let Some(metrics) = telemetry::metrics() {
                metrics.run_upkeep();
            }
            if shutdown.or(tokio::time::sleep(WATCH_INTERVAL)).await.is_none() {
                return;
            }
        }
    }

    async fn measure_modules(&self) {
        let mut are_all_read = true;
        for module in &self.modules {
            if let Err(error) = self.measure_module(module).await {
                are_all_read = false;
                if let Some(suppressed) = UNREAD.due(module.name) {
                    let module = module.name;
                    tracing::warn!(module, %error, suppressed, "the state of a module could not be read");
                }
            }
        }
        if are_all_read {
            metrics::gauge!("piecework_state_read_timestamp_seconds").set(seconds_of(self.ambient.now()));
        }
    }

    async fn measure_module(&self, module: &Module) -> Result<(), DbError> {
        report(&self.state_of(module).await?);
        let set_age = |gauge: &'static str, oldest: Option<DateTime<Utc>>| {
            let age = oldest.map(|oldest| self.ambient.now().signed_duration_since(oldest)).unwrap_or_default();
            metrics::gauge!(gauge, "module" => module.name).set(age.as_seconds_f64().max(0.0));
        };
        if let Some(write) = &module.write {
            let mut connection = write.acquire().await?;
            set_age("piecework_outbox_oldest_seconds", outbox::load_oldest(&mut connection, write.schema()).await?);
        }
        if let Some(inbox) = self.inbox_of(module.name) {
            set_age("piecework_inbox_oldest_seconds", inbox.load_oldest_retry().await?);
        }
        match &module.measure {
            Some(measure) => measure().await,
            None => Ok(()),
        }
    }

    /// Sets the gauges of what this process knows without asking: the health of the databases, and
    /// their pools.
    pub fn measure_now(&self) {
        self.databases.used().for_each(measure_database);
    }
}

fn measure_database(database: &Database) {
    let (name, endpoints) = (database.name.as_str(), database.endpoints());
    let health = endpoints.health();
    let is_up = endpoints.is_open() && health.primary == EndpointHealth::Healthy;
    metrics::gauge!("piecework_primary_up", "database" => name).set(f64::from(u8::from(is_up)));
    for (number, found) in health.replicas.iter().enumerate() {
        let is_up = matches!(found, EndpointHealth::Healthy | EndpointHealth::IsPrimary);
        metrics::gauge!("piecework_replica_up", "database" => name, "replica" => number.to_string())
            .set(f64::from(u8::from(is_up)));
    }
    let mut pools: BTreeMap<PoolName, Connections> = BTreeMap::new();
    for pool in endpoints.pool_states() {
        let sum = pools.entry(pool.name).or_default();
        sum.max += pool.max;
        sum.used += pool.used;
        sum.idle += pool.idle;
        sum.waiting += pool.waiting;
    }
    pools.retain(|pool, _| pool.kind != PoolKind::Positions);
    for (PoolName { owner, kind }, connections) in pools {
        let labels = [("database", name), ("module", owner), ("pool", kind.as_str())];
        for (state, count) in [("used", connections.used), ("idle", connections.idle)] {
            let labels = [&labels[..], &[("state", state)]].concat();
            metrics::gauge!("piecework_pool_connections", &labels).set(f64::from(count));
        }
        metrics::gauge!("piecework_pool_connections_max", &labels).set(f64::from(connections.max));
        if kind != PoolKind::Jobs {
            metrics::gauge!("piecework_pool_waiting", &labels).set(f64::from(connections.waiting));
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a gauge is a float, and no queue is longer than 2^52")]
fn report(state: &ModuleState) {
    let waiting = [("outbox", state.outbox_pending), ("inbox", state.inbox_retry), ("parked", state.inbox_parked)];
    for (queue, count) in waiting {
        metrics::gauge!("piecework_events_waiting", "module" => state.name.clone(), "queue" => queue).set(count as f64);
    }
    let longest = state.jobs_overdue.iter().map(|job| job.overdue_s).max().unwrap_or_default();
    metrics::gauge!("piecework_job_overdue_seconds", "module" => state.name.clone()).set(longest as f64);
    for job in state.jobs_overdue.iter().filter(|job| job.overdue_s >= OVERDUE_WARNING.num_seconds()) {
        if let Some(suppressed) = OVERDUE.due(&job.name) {
            tracing::warn!(job = job.name, overdue_s = job.overdue_s, suppressed, "a job is overdue");
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a metric is a float")]
fn seconds_of(time: DateTime<Utc>) -> f64 {
    time.timestamp_millis() as f64 / 1_000.0
}
