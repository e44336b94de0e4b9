//! How the system is doing, across the modules: what waits, what is parked, what should have run, which database answers.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use kernel::bus::EventBus;
use kernel::inbox::{Inbox, ParkedEvent};
use kernel::outbox;
use kernel::shutdown::ShutdownSignal;
use kernel::{Problem, WritePool};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::databases::{Databases, Health};
use crate::jobs::Jobs;

/// How often the figures of the metrics are taken.
const WATCH_INTERVAL: Duration = Duration::from_secs(15);
/// A job that should have run so long ago deserves a line in the log.
const OVERDUE_WORTH_A_WARNING: chrono::Duration = chrono::Duration::seconds(60);
const DISCARD_REASON_LENGTH_MAX: usize = 500;

/// One module as it is hosted here.
pub struct Hosted {
    pub name: &'static str,
    /// None for a module that owns no schema.
    pub write: Option<WritePool>,
    /// None for a module that listens to nobody.
    pub inbox: Option<Arc<Inbox>>,
}

/// The view across all modules of this process.
pub struct State {
    databases: Arc<Databases>,
    bus: Arc<dyn EventBus>,
    modules: Vec<Hosted>,
}

/// What one module has still to do.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ModuleState {
    pub name: String,
    /// Events that it has told and that are not delivered yet.
    pub outbox_pending: i64,
    /// Events of others that it could not apply and will try again.
    pub inbox_retry: i64,
    /// Events of others that wait for a person.
    pub inbox_parked: i64,
    /// Jobs that should have run and have not.
    pub jobs_overdue: Vec<OverdueJob>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct OverdueJob {
    #[schema(example = "tasks.reassign")]
    pub name: String,
    /// For how long, in seconds.
    pub overdue_s: i64,
}

/// What was still on its way when the waiting ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Undelivered {
    pub outbox_pending: i64,
    /// With the broker; none where it could not be asked.
    pub on_the_bus: Option<u64>,
    pub inbox_due: i64,
}

impl Undelivered {
    #[must_use]
    pub const fn is_nothing(self) -> bool {
        self.outbox_pending == 0 && self.inbox_due == 0 && matches!(self.on_the_bus, Some(0))
    }
}

impl State {
    #[must_use]
    pub const fn new(databases: Arc<Databases>, bus: Arc<dyn EventBus>, modules: Vec<Hosted>) -> Self {
        Self { databases, bus, modules }
    }

    /// Whether events can travel at the moment; while they cannot, they are kept.
    #[must_use]
    pub fn bus_is_connected(&self) -> bool {
        self.bus.is_connected()
    }

    /// The names of the databases.
    #[must_use]
    pub fn databases(&self) -> [&'static str; 2] {
        self.databases.both().map(|database| database.name)
    }

    /// The databases that are not open yet.
    #[must_use]
    pub fn waiting_for(&self) -> Vec<&'static str> {
        let waiting = self.databases.used().filter(|database| !database.cluster().is_open());
        waiting.map(|database| database.name).collect()
    }

    /// Each database that is used here, by name.
    pub async fn health(&self) -> BTreeMap<&'static str, Health> {
        let health = self.databases.used().map(async |database| {
            let mut health = database.health().await;
            if !database.cluster().is_open() {
                // It may answer, but its modules do not.
                (health.reads, health.writes) = (false, false);
            }
            (database.name, health)
        });
        join_all(health).await.into_iter().collect()
    }

    /// The modules that this process hosts.
    pub fn hosted(&self) -> impl Iterator<Item = &'static str> {
        self.modules.iter().map(|module| module.name)
    }

    fn inboxes(&self) -> impl Iterator<Item = &Arc<Inbox>> {
        self.modules.iter().filter_map(|module| module.inbox.as_ref())
    }

    /// # Errors
    /// A database does not answer.
    pub async fn modules(&self) -> Result<Vec<ModuleState>, sqlx::Error> {
        let overdue = self.overdue().await?;
        let mut states = Vec::with_capacity(self.modules.len());
        for module in &self.modules {
            let (inbox_retry, inbox_parked) = match &module.inbox {
                Some(inbox) => inbox.waiting().await?,
                None => (0, 0),
            };
            // A job's name begins with its module's.
            let is_ours = |job: &&OverdueJob| job.name.split('.').next() == Some(module.name);
            states.push(ModuleState {
                name: module.name.to_owned(),
                outbox_pending: outbox_pending(module).await?,
                inbox_retry,
                inbox_parked,
                jobs_overdue: overdue.iter().filter(is_ours).cloned().collect(),
            });
        }
        Ok(states)
    }

    async fn overdue(&self) -> Result<Vec<OverdueJob>, sqlx::Error> {
        let mut overdue = Vec::new();
        for database in self.databases.worked_in() {
            database.cluster().check_primary()?;
            overdue.extend(Jobs::overdue(database.jobs()).await?);
        }
        Ok(overdue.into_iter().map(|(name, age)| OverdueJob { name, overdue_s: age.num_seconds() }).collect())
    }

    /// Parked events of all modules, by event and then by subscriber, after the given one.
    ///
    /// # Errors
    /// A database does not answer.
    pub async fn parked(&self, after: Option<&(Uuid, String)>, limit: i64) -> Result<Vec<ParkedEvent>, sqlx::Error> {
        // An event may be parked by several subscribers: those of the last one shown are asked for again, and skipped below.
        let before = after.map(|(id, _)| Uuid::from_u128(id.as_u128().saturating_sub(1)));
        let mut events = Vec::new();
        for inbox in self.inboxes() {
            events.extend(inbox.list_parked(before, limit.saturating_add(1)).await?);
        }
        let key = |event: &ParkedEvent| (event.event_id, event.subscriber.clone());
        events.retain(|event| after.is_none_or(|after| key(event) > *after));
        events.sort_unstable_by_key(key);
        events.truncate(usize::try_from(limit).unwrap_or_default());
        Ok(events)
    }

    /// Gives a parked event new tries wherever it is parked; returns by whom it is tried again.
    ///
    /// # Errors
    /// A database does not answer.
    pub async fn retry_parked(&self, event_id: Uuid) -> Result<Vec<&'static str>, sqlx::Error> {
        let mut subscribers = Vec::new();
        for inbox in self.inboxes() {
            if inbox.retry_parked(event_id).await? {
                subscribers.push(inbox.subscriber());
            }
        }
        Ok(subscribers)
    }

    /// Gives a parked event up wherever it is parked; returns who will never apply it.
    ///
    /// # Errors
    /// A database does not answer.
    pub async fn discard_parked(&self, event_id: Uuid, reason: &str) -> Result<Vec<&'static str>, sqlx::Error> {
        let mut subscribers = Vec::new();
        for inbox in self.inboxes() {
            if inbox.discard_parked(event_id, reason).await? {
                subscribers.push(inbox.subscriber());
            }
        }
        Ok(subscribers)
    }

    /// What is on its way right now. Events that are parked or wait for a later try are not.
    ///
    /// # Errors
    /// A database does not answer.
    pub async fn undelivered(&self) -> Result<Undelivered, sqlx::Error> {
        // In the order in which an event travels: one that moves on meanwhile is met again at the next station.
        let mut undelivered = Undelivered::default();
        for module in &self.modules {
            undelivered.outbox_pending += outbox_pending(module).await?;
        }
        undelivered.on_the_bus = self.bus.in_flight().await.ok();
        for inbox in self.inboxes() {
            undelivered.inbox_due += inbox.due().await?;
        }
        Ok(undelivered)
    }

    /// Keeps the gauges of the metrics up to date, and warns of jobs that should have run.
    pub async fn watch(&self, mut shutdown: ShutdownSignal) {
        while shutdown.or(tokio::time::sleep(WATCH_INTERVAL)).await.is_some() {
            match self.modules().await {
                Ok(states) => states.iter().for_each(report),
                Err(error) => tracing::warn!(%error, "the state of the modules could not be read"),
            }
            if let Some(metrics) = crate::telemetry::metrics() {
                metrics.run_upkeep();
            }
        }
    }
}

/// Why an event is discarded: what stays on record has to say something.
///
/// # Errors
/// 422: it is empty, too long or not text.
pub fn discard_reason(text: &str) -> Result<String, Problem> {
    let reason = text.trim();
    if !(1..=DISCARD_REASON_LENGTH_MAX).contains(&reason.chars().count()) || reason.chars().any(char::is_control) {
        return Err(Problem::invalid("/reason", "is 1 to 500 characters, without control characters"));
    }
    Ok(reason.to_owned())
}

async fn outbox_pending(module: &Hosted) -> Result<i64, sqlx::Error> {
    let Some(write) = &module.write else { return Ok(0) };
    let mut connection = write.acquire().await?;
    outbox::pending(&mut connection, write.schema()).await
}

#[expect(clippy::cast_precision_loss, reason = "a gauge is a float, and no queue is longer than 2^52")]
fn report(state: &ModuleState) {
    let waiting = [("outbox", state.outbox_pending), ("inbox", state.inbox_retry), ("parked", state.inbox_parked)];
    for (queue, count) in waiting {
        metrics::gauge!("piecework_events_waiting", "module" => state.name.clone(), "queue" => queue).set(count as f64);
    }
    let longest = state.jobs_overdue.iter().map(|job| job.overdue_s).max().unwrap_or_default();
    metrics::gauge!("piecework_job_overdue_seconds", "module" => state.name.clone()).set(longest as f64);
    for job in &state.jobs_overdue {
        if job.overdue_s >= OVERDUE_WORTH_A_WARNING.num_seconds() {
            tracing::warn!(job = job.name, overdue_s = job.overdue_s, "a job should have run and has not");
        }
    }
}
