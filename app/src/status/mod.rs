//! The state of the modules of this process: what waits, what is parked, what is overdue, and which
//! database answers.

mod gauges;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::future::join_all;
use kernel::events::bus::EventBus;
use kernel::events::inbox::{Inbox, ParkedEvent};
use kernel::events::outbox;
use kernel::module::Notice;
use kernel::runtime::shutdown::ShutdownSignal;
use kernel::{Ambient, DbError, Module, Reason};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::config::DatabaseName;
use crate::databases::{Databases, Health};
use crate::modules::database_of;
use crate::runtime::jobs;

/// How often the gauges of the metrics are set, and notices are looked for.
const WATCH_INTERVAL: Duration = Duration::from_secs(15);

/// The view across all modules of this process.
pub struct Status {
    databases: Arc<Databases>,
    bus: Arc<dyn EventBus>,
    /// The modules that this process hosts.
    modules: Vec<Module>,
    /// The inbox of each hosted module that subscribes to events.
    inboxes: Vec<Arc<Inbox>>,
    /// The notices that [`Status::watch_notices`] found last.
    notices: Mutex<Vec<ModuleNotice>>,
    /// Whether the process is about to stop.
    is_stopping: AtomicBool,
    ambient: Ambient,
    /// When the process has started.
    started_at: DateTime<Utc>,
}

/// Something that a person has to do before a module works as meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ModuleNotice {
    /// The module.
    pub module: &'static str,
    /// What was found, and what a person can do about it.
    #[serde(flatten)]
    pub notice: Notice,
}

/// What one module has still to do.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ModuleState {
    /// The module.
    #[schema(example = "tasks")]
    pub name: String,
    /// Events that it has published and that are not delivered yet.
    #[schema(minimum = 0)]
    pub outbox_pending: i64,
    /// Events of other modules that it could not apply and will try again.
    #[schema(minimum = 0)]
    pub inbox_retry: i64,
    /// Events of other modules that are parked: an admin decides what happens to them.
    #[schema(minimum = 0)]
    pub inbox_parked: i64,
    /// Jobs that should have run and have not.
    pub jobs_overdue: Vec<OverdueJob>,
}

/// A job that should have run and has not.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct OverdueJob {
    /// The job.
    #[schema(example = "tasks.reassign")]
    pub name: String,
    /// How long it has been overdue, in seconds.
    #[schema(minimum = 0)]
    pub overdue_s: i64,
}

/// Events that are not delivered and applied yet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Undelivered {
    /// Events in outboxes.
    pub outbox_pending: i64,
    /// Events that the bus has. `None` if the bus does not answer.
    pub on_the_bus: Option<u64>,
    /// Events in inboxes that are to be applied now.
    pub inbox_due: i64,
}

impl Undelivered {
    /// Whether every event is delivered and applied.
    #[must_use]
    pub const fn is_nothing(self) -> bool {
        self.outbox_pending == 0 && self.inbox_due == 0 && matches!(self.on_the_bus, Some(0))
    }

    /// Number of events, as far as it is known.
    #[must_use]
    pub fn events(self) -> i64 {
        let on_the_bus = i64::try_from(self.on_the_bus.unwrap_or_default()).unwrap_or(i64::MAX);
        self.outbox_pending.saturating_add(self.inbox_due).saturating_add(on_the_bus)
    }
}

impl Status {
    /// The view across `modules`, which this process hosts, and their inboxes.
    #[must_use]
    pub fn new(
        databases: Arc<Databases>,
        bus: Arc<dyn EventBus>,
        modules: Vec<Module>,
        inboxes: Vec<Arc<Inbox>>,
        ambient: Ambient,
    ) -> Self {
        let (is_stopping, started_at) = (AtomicBool::new(false), ambient.now());
        Self { databases, bus, modules, inboxes, notices: Mutex::default(), is_stopping, ambient, started_at }
    }

    /// When the process has started.
    #[must_use]
    pub const fn started_at(&self) -> DateTime<Utc> {
        self.started_at
    }

    /// From now on the process is not ready, although it still serves requests.
    pub fn announce_stop(&self) {
        self.is_stopping.store(true, Ordering::Relaxed);
    }

    /// Whether the process is about to stop.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.is_stopping.load(Ordering::Relaxed)
    }

    /// Whether the bus delivers events at the moment. While it does not, they wait in the outboxes.
    #[must_use]
    pub fn bus_is_connected(&self) -> bool {
        self.bus.is_connected()
    }

    /// The names of all databases, whether this process uses them or not.
    #[must_use]
    pub fn databases(&self) -> [&'static str; DatabaseName::ALL.len()] {
        DatabaseName::ALL.map(DatabaseName::as_str)
    }

    /// The names of the databases that this process uses and that are not open yet.
    #[must_use]
    pub fn waiting_for(&self) -> Vec<&'static str> {
        let waiting = self.databases.used().filter(|database| !database.endpoints().is_open());
        waiting.map(|database| database.name.as_str()).collect()
    }

    /// The health of each database that this process uses, by its name.
    pub async fn health(&self) -> BTreeMap<&'static str, Health> {
        let health = self.databases.used().map(async |database| {
            let mut health = database.health().await;
            if !database.endpoints().is_open() {
                // The database may answer, but its modules do not.
                (health.reads, health.writes) = (false, false);
            }
            (database.name.as_str(), health)
        });
        join_all(health).await.into_iter().collect()
    }

    /// The names of the modules that this process hosts.
    pub fn hosted(&self) -> impl Iterator<Item = &'static str> {
        self.modules.iter().map(|module| module.name)
    }

    /// The module of this name, if this process hosts it.
    #[must_use]
    pub fn hosted_module(&self, name: &str) -> Option<&Module> {
        self.modules.iter().find(|module| module.name == name)
    }

    /// The inbox of the module of this name, if this process hosts it and it subscribes to events.
    #[must_use]
    pub fn inbox_of(&self, module: &str) -> Option<&Arc<Inbox>> {
        self.inboxes.iter().find(|inbox| inbox.subscriber() == module)
    }

    /// The state of every module of this process.
    ///
    /// # Errors
    /// A database does not answer.
    pub async fn modules(&self) -> Result<Vec<ModuleState>, DbError> {
        let mut states = Vec::with_capacity(self.modules.len());
        for module in &self.modules {
            states.push(self.state_of(module).await?);
        }
        Ok(states)
    }

    /// The state of one module. None: this process does not host it.
    ///
    /// # Errors
    /// The database of the module does not answer.
    pub async fn module(&self, name: &str) -> Result<Option<ModuleState>, DbError> {
        match self.hosted_module(name) {
            Some(module) => self.state_of(module).await.map(Some),
            None => Ok(None),
        }
    }

    async fn state_of(&self, module: &Module) -> Result<ModuleState, DbError> {
        let (inbox_retry, inbox_parked) = match self.inbox_of(module.name) {
            Some(inbox) => inbox.count_waiting().await?,
            None => (0, 0),
        };
        Ok(ModuleState {
            name: module.name.to_owned(),
            outbox_pending: outbox_pending(module).await?,
            inbox_retry,
            inbox_parked,
            jobs_overdue: self.overdue(module.name).await?,
        })
    }

    async fn overdue(&self, module: &str) -> Result<Vec<OverdueJob>, DbError> {
        let mut overdue = Vec::new();
        for database in self.databases.written().filter(|database| database_of(module) == Some(database.name)) {
            database.endpoints().check_primary()?;
            overdue.extend(jobs::list_overdue(database.jobs()).await?);
        }
        // The name of a job begins with the name of its module.
        overdue.retain(|(name, _)| name.split('.').next() == Some(module));
        Ok(overdue.into_iter().map(|(name, age)| OverdueJob { name, overdue_s: age.num_seconds() }).collect())
    }

    /// Parked events of all modules of this process, by event and then by subscriber, after the
    /// given one.
    ///
    /// # Errors
    /// A database does not answer.
    pub async fn parked(&self, after: Option<&(Uuid, String)>, limit: i64) -> Result<Vec<ParkedEvent>, DbError> {
        // Several subscribers may have parked the same event. So the last event of the page before
        // is listed once more, and the subscribers that were shown are removed below.
        let before = after.map(|(id, _)| Uuid::from_u128(id.as_u128().saturating_sub(1)));
        let mut events = Vec::new();
        for inbox in &self.inboxes {
            events.extend(inbox.list_parked(before, limit.saturating_add(1)).await?);
        }
        let key = |event: &ParkedEvent| (event.event_id, event.subscriber.clone());
        events.retain(|event| after.is_none_or(|after| key(event) > *after));
        events.sort_unstable_by_key(key);
        events.truncate(usize::try_from(limit).unwrap_or_default());
        Ok(events)
    }

    /// Lets every subscriber that has parked the event try it again. Returns those subscribers.
    ///
    /// # Errors
    /// A database does not answer.
    pub async fn retry_parked(&self, event_id: Uuid) -> Result<Vec<&'static str>, DbError> {
        let mut subscribers = Vec::new();
        for inbox in &self.inboxes {
            if inbox.retry_parked(event_id).await? {
                subscribers.push(inbox.subscriber());
            }
        }
        Ok(subscribers)
    }

    /// Discards the event for every subscriber that has parked it. Returns those subscribers,
    /// which will never apply it.
    ///
    /// # Errors
    /// A database does not answer.
    pub async fn discard_parked(&self, event_id: Uuid, reason: &Reason) -> Result<Vec<&'static str>, DbError> {
        let mut subscribers = Vec::new();
        for inbox in &self.inboxes {
            if inbox.discard_parked(event_id, reason.as_str()).await? {
                subscribers.push(inbox.subscriber());
            }
        }
        Ok(subscribers)
    }

    /// The events that are on their way. Events that are parked or wait for a retry do not count.
    ///
    /// # Errors
    /// A database does not answer.
    pub async fn undelivered(&self) -> Result<Undelivered, DbError> {
        // In the order in which an event travels, so that one that moves on meanwhile is found
        // again.
        let mut undelivered = Undelivered::default();
        for module in &self.modules {
            undelivered.outbox_pending += outbox_pending(module).await?;
        }
        undelivered.on_the_bus = self.bus.in_flight().await.ok();
        for inbox in &self.inboxes {
            undelivered.inbox_due += inbox.count_due().await?;
        }
        Ok(undelivered)
    }

    /// What a person has to do before the hosted modules work as meant.
    ///
    /// # Errors
    /// A database does not answer.
    pub async fn find_notices(&self) -> Result<Vec<ModuleNotice>, DbError> {
        let mut notices = Vec::new();
        for module in &self.modules {
            if let Some(find) = &module.find_notices {
                let found = find().await?.into_iter();
                notices.extend(found.map(|notice| ModuleNotice { module: module.name, notice }));
            }
        }
        Ok(notices)
    }

    /// The notices that were found last. This asks no database.
    #[must_use]
    pub fn last_notices(&self) -> Vec<ModuleNotice> {
        self.notices.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Finds the notices until the shutdown, and logs each when it appears and when it is gone.
    pub async fn watch_notices(&self, mut shutdown: ShutdownSignal) {
        loop {
            // While a database does not answer, what was found before still holds.
            if let Ok(found) = self.find_notices().await {
                let before = self.last_notices();
                for ModuleNotice { module, notice } in found.iter().filter(|notice| !before.contains(notice)) {
                    tracing::error!(module, found = notice.found, advice = notice.advice, "a person must act");
                }
                for ModuleNotice { module, notice } in before.iter().filter(|notice| !found.contains(notice)) {
                    tracing::info!(module, found = notice.found, "the notice no longer applies");
                }
                *self.notices.lock().unwrap_or_else(PoisonError::into_inner) = found;
            }
            if shutdown.or(tokio::time::sleep(WATCH_INTERVAL)).await.is_none() {
                return;
            }
        }
    }
}

async fn outbox_pending(module: &Module) -> Result<i64, DbError> {
    let Some(write) = &module.write else { return Ok(0) };
    let mut connection = write.acquire().await?;
    Ok(outbox::count_pending(&mut connection, write.schema()).await?)
}
