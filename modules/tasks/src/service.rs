//! The use cases of tasks; each owns its transaction, or shares one statement with others of its kind (`commands`).

use std::collections::HashMap;
use std::num::NonZeroU16;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use contracts::{Currency, PersonId, TaskId};
use kernel::batch::Batcher;
use kernel::db::Envelope;
use kernel::jobs::{Job, Outcome};
use kernel::paging::Limit;
use kernel::{Ambient, Module, ReadPool, WritePool};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use tokio::sync::Notify;
use tokio::time::Instant;
use uuid::Uuid;

use crate::commands::{Completing, Creating, Refusing};
use crate::domain::{NewTask, RawTask, draw};
use crate::error::Error;
use crate::pace::Presence;
use crate::store::{self, AssignableTask, HistoryRow, StoredTask, TaskRow};
use crate::subscribers::TasksSubscriber;

/// Bulk work says at most so many facts in one event.
pub(crate) const FACTS_PER_EVENT: usize = 500;
/// How often to look for runs when nobody said that there is one.
const LOOK_FOR_RUNS: Duration = Duration::from_secs(5);

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// How many tasks one transaction of a reassign draws anew.
    pub reassign_chunk: NonZeroU16,
}

impl Default for Settings {
    fn default() -> Self {
        Self { reassign_chunk: NonZeroU16::new(2_000).unwrap_or(NonZeroU16::MIN) }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    Open,
    Completed,
}

/// Which tasks a list shows; all where nothing is said.
#[derive(Debug, Clone, Default)]
pub struct TaskFilter {
    pub(crate) status: Option<Status>,
    pub(crate) assignee: Option<PersonId>,
    /// A piece of the title or the reference, in any case.
    pub(crate) search: Option<String>,
}

impl TaskFilter {
    /// The open tasks of one person.
    #[must_use]
    pub const fn open_of(person: PersonId) -> Self {
        Self { status: Some(Status::Open), assignee: Some(person), search: None }
    }
}

/// The tasks module.
#[derive(Clone)]
pub struct Tasks {
    pub(crate) write: WritePool,
    pub(crate) read: ReadPool,
    creating: Batcher<Creating>,
    completing: Batcher<Completing>,
    refusing: Batcher<Refusing>,
    pub(crate) settings: Settings,
    /// What a sum of prices is shown in, also when there is none to sum.
    pub(crate) currency: Currency,
    /// Signalled when a run was asked for or can go on.
    pub(crate) run_wanted: Arc<Notify>,
    /// Signalled when a run has made progress, for those who watch.
    pub(crate) progress: Arc<Notify>,
    pub(crate) presence: Presence,
}

impl Tasks {
    #[must_use]
    pub fn new(write: WritePool, read: ReadPool, settings: Settings, currency: Currency) -> Self {
        Self {
            creating: Batcher::new(write.clone(), Creating::default()),
            completing: Batcher::new(write.clone(), Completing),
            refusing: Batcher::new(write.clone(), Refusing),
            write,
            read,
            settings,
            currency,
            run_wanted: Arc::default(),
            progress: Arc::default(),
            presence: Presence::default(),
        }
    }

    #[must_use]
    pub fn module(&self) -> Module {
        let routes = self.clone();
        let runs = self.clone();
        Module {
            name: "tasks",
            routes: Arc::new(move |config| crate::http::configure(config, routes.clone())),
            write: Some(self.write.clone()),
            subscriber: Some(Arc::new(TasksSubscriber::new(Arc::clone(&self.run_wanted)))),
            jobs: vec![Job::new("tasks.reassign", LOOK_FOR_RUNS, Arc::clone(&self.run_wanted), move || {
                let tasks = runs.clone();
                async move {
                    let began = Instant::now();
                    let outcome = tasks.reassign_next_chunk().await?;
                    if outcome == Outcome::More {
                        tasks.make_way(began).await?;
                    }
                    Ok::<_, Error>(outcome)
                }
            })],
        }
    }

    /// Creates one task, drawn at random (DOMAIN T2).
    pub async fn create_task(&self, raw: RawTask, created_by: PersonId) -> Result<TaskRow, Error> {
        let task = NewTask::parse(raw)?;
        self.creating.run(ImportableTask { task, created_by: Some(created_by), import_key: None }).await
    }

    /// Completes a task for its assignee, once (DOMAIN T5). Whoever commits first wins.
    pub async fn complete_task(&self, task_id: TaskId, person_id: PersonId) -> Result<TaskRow, Error> {
        loop {
            if let Some(task) = self.completing.run((task_id, person_id)).await? {
                return Ok(task);
            }
            if let Some(refusal) = self.refusing.run((task_id, person_id)).await? {
                return Err(refusal);
            }
            // A reassign has given it to them meanwhile.
        }
    }

    pub async fn load_task(&self, task_id: TaskId) -> Result<TaskRow, Error> {
        let task = self.read.run(async |connection| store::load_task(connection, task_id.uuid()).await);
        task.await?.ok_or(Error::TaskNotFound)
    }

    /// Tasks below `before`, newest first; one more than the limit if there are more.
    pub async fn list_tasks(
        &self,
        filter: &TaskFilter,
        before: Option<i64>,
        limit: Limit,
    ) -> Result<Vec<TaskRow>, Error> {
        let before = before.unwrap_or(i64::MAX);
        let list = async |connection: &mut PgConnection| store::list_tasks(connection, filter, before, limit).await;
        Ok(self.read.run(list).await?)
    }

    /// A task with its assignments after `after`, oldest first.
    pub async fn load_history(
        &self,
        task_id: TaskId,
        after: Option<i32>,
        limit: Limit,
    ) -> Result<(TaskRow, Vec<HistoryRow>), Error> {
        let after = after.unwrap_or(0);
        let load = async |connection: &mut PgConnection| {
            let Some(task) = store::load_task(connection, task_id.uuid()).await? else { return Ok(None) };
            let history = store::load_task_history(connection, task.number, after, limit.rows()).await?;
            Ok(Some((task, history)))
        };
        self.read.run(load).await?.ok_or(Error::TaskNotFound)
    }
}

/// A task on its way in, with where it came from.
pub(crate) struct ImportableTask {
    pub(crate) task: NewTask,
    pub(crate) created_by: Option<PersonId>,
    pub(crate) import_key: Option<String>,
}

/// A pool with its id, where one is known.
pub(crate) type Pool = Option<Arc<(i64, Vec<Uuid>)>>;

/// Draws an assignee for each task, stores all of them and says so, in one statement if `pool` is the one in force; those that were new, in
/// the order given.
pub(crate) async fn create_tasks(
    connection: &mut PgConnection,
    ambient: &Ambient,
    envelope: &Envelope,
    rows: &[ImportableTask],
    pool: &mut Pool,
) -> Result<Vec<TaskRow>, Error> {
    loop {
        if pool.as_deref().is_none_or(|(_, members)| members.is_empty()) {
            // Not before whoever holds the lock has brought somebody in, if that is what he does.
            store::lock_order_shared(connection).await?;
            *pool = store::load_pool(connection).await?.map(Arc::new);
        }
        let Some((pool_id, members)) = pool.as_deref().filter(|(_, members)| !members.is_empty()) else {
            return Err(Error::NobodyAssignable);
        };
        let created = draw_and_store(connection, ambient, envelope, rows, *pool_id, members).await?;
        if !created.is_empty() {
            return Ok(created);
        }
        // None of them is new, or another pool is in force.
        let newest = store::load_pool(connection).await?;
        if newest.as_ref().is_some_and(|(newest, _)| newest == pool_id) {
            return Ok(created);
        }
        *pool = newest.map(Arc::new);
    }
}

/// The tasks that were stored: none if this is not the pool in force.
async fn draw_and_store(
    connection: &mut PgConnection,
    ambient: &Ambient,
    envelope: &Envelope,
    rows: &[ImportableTask],
    pool_id: i64,
    members: &[Uuid],
) -> Result<Vec<TaskRow>, Error> {
    let (seed, now) = (ambient.seed(), ambient.now());
    let mut drawn = Vec::with_capacity(rows.len());
    for (index, row) in (0_u32..).zip(rows) {
        drawn.push(AssignableTask {
            task_id: ambient.new_id(),
            task: &row.task,
            created_by: row.created_by,
            import_key: row.import_key.as_deref(),
            assignee_id: PersonId::from(members[draw(seed, index, members.len())]),
            draw_index: index.cast_signed(),
        });
    }
    let stored = store::insert_tasks(connection, &drawn, pool_id, seed, now, envelope).await?;
    let mut stored: HashMap<Uuid, StoredTask> = stored.into_iter().map(|task| (task.task_id, task)).collect();
    let created = drawn.iter().filter_map(|row| Some(created_row(row, stored.remove(&row.task_id.uuid())?, now)));
    Ok(created.collect())
}

/// A new task as it is shown; accounting has not set its price yet.
fn created_row(drawn: &AssignableTask<'_>, stored: StoredTask, now: DateTime<Utc>) -> TaskRow {
    let NewTask { title, reference, description, link } = drawn.task.clone();
    TaskRow {
        number: stored.number,
        task_id: stored.task_id,
        title,
        reference,
        description,
        link,
        created_by: drawn.created_by.map(PersonId::uuid),
        created_at: now,
        assignee_id: drawn.assignee_id.uuid(),
        assignee_name: stored.assignee_name,
        assignments: 1,
        completed_at: None,
        fee_minor: None,
        reward_minor: None,
        currency: None,
    }
}

pub(crate) const fn outcome(more: bool) -> Outcome {
    if more { Outcome::More } else { Outcome::Idle }
}
