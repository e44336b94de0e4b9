//! Creating one task or several (DOMAIN T2).

use std::sync::{Arc, Mutex, PoisonError};

use contracts::PersonId;
use contracts::events::tasks::TasksCreated;
use kernel::db::Envelope;
use kernel::http::PersonLimits;
use kernel::runtime::batch::{BATCH_MAX, BatchAnswers, BatchHandler};
use kernel::{Ambient, Autocommit, DbError};
use sqlx::PgConnection;

use crate::domain::{CreateTask, DrawnTask, FACTS_PER_EVENT_MAX, NewTask, Pool, RawTask, Task};
use crate::error::Error;
use crate::service::Tasks;
use crate::store;

// A batch publishes one event.
const _: () = assert!(BATCH_MAX <= FACTS_PER_EVENT_MAX);

/// The name of the limit of tasks that a person creates. The gateway takes one of it for each
/// single creation.
pub const CREATED_TASKS: &str = "created_tasks";

impl Tasks {
    /// Creates one task and assigns it by a random draw (DOMAIN T2).
    pub async fn create_task(&self, raw: RawTask, created_by: PersonId) -> Result<Task, Error> {
        let task = NewTask::parse(raw)?;
        self.create.run(CreateTask { task, created_by: Some(created_by), import_key: None }).await
    }

    /// Creates all tasks or none, and assigns each by a draw of its own (DOMAIN T2). Returns them
    /// in the order given. `Error::RateLimited` if they are more than `limits` allow the person.
    pub async fn create_tasks(
        &self,
        raw: Vec<RawTask>,
        created_by: PersonId,
        limits: &PersonLimits,
    ) -> Result<Vec<Task>, Error> {
        let command = |task| CreateTask { task, created_by: Some(created_by), import_key: None };
        let commands: Vec<CreateTask> = NewTask::parse_all(raw)?.into_iter().map(command).collect();
        let mut tx = self.write.begin_command().await?;
        // A repetition has been answered before: it creates nothing, so it takes nothing.
        let number = u32::try_from(commands.len()).unwrap_or(u32::MAX);
        limits.take(CREATED_TASKS, created_by, number).map_err(Error::RateLimited)?;
        let (ambient, envelope) = (tx.ambient().clone(), tx.envelope::<TasksCreated>()?);
        let tasks = create_tasks(&mut tx, &ambient, &envelope, &commands, &mut None).await?;
        tx.commit_command(&tasks).await?;
        Ok(tasks)
    }
}

/// Creates all tasks of a batch in one statement.
#[derive(Default)]
pub(crate) struct CreateTaskHandler {
    /// The pool of the previous batch. The next batch draws from it first; the statement refuses it
    /// if it is no longer the current pool.
    pool: Mutex<Option<Arc<Pool>>>,
}

impl BatchHandler for CreateTaskHandler {
    type Command = CreateTask;
    type Answer = Task;
    type Error = Error;

    fn apply<'a>(
        &'a self,
        connection: &'a mut Autocommit,
        commands: &'a [CreateTask],
    ) -> BatchAnswers<'a, Task, Error> {
        Box::pin(async move {
            let (ambient, envelope) = (connection.ambient().clone(), connection.envelope::<TasksCreated>()?);
            let mut pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let created = create_tasks(connection, &ambient, &envelope, commands, &mut pool).await;
            *self.pool.lock().unwrap_or_else(PoisonError::into_inner) = pool;
            match created {
                // No command has an import key, so every command has created a task.
                Ok(tasks) => Ok(tasks.into_iter().map(Ok).collect()),
                Err(CreateTasksError::NobodyAssignable) => {
                    Ok(commands.iter().map(|_| Err(Error::NobodyAssignable)).collect())
                }
                Err(CreateTasksError::Database(error)) => Err(error),
            }
        })
    }
}

/// Why `create_tasks` created no task.
pub(crate) enum CreateTasksError {
    /// The current pool is empty (DOMAIN T2).
    NobodyAssignable,
    /// The database failed.
    Database(DbError),
}

impl From<sqlx::Error> for CreateTasksError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.into())
    }
}

impl From<CreateTasksError> for Error {
    fn from(error: CreateTasksError) -> Self {
        match error {
            CreateTasksError::NobodyAssignable => Self::NobodyAssignable,
            CreateTasksError::Database(error) => Self::Database(error),
        }
    }
}

/// Draws an assignee for each command and stores the tasks, their assignments and their event in
/// one statement. Returns the tasks that are new, in the order of the commands. `pool` is replaced
/// if it is not the current pool.
pub(crate) async fn create_tasks(
    connection: &mut PgConnection,
    ambient: &Ambient,
    envelope: &Envelope,
    commands: &[CreateTask],
    pool: &mut Option<Arc<Pool>>,
) -> Result<Vec<Task>, CreateTasksError> {
    loop {
        if pool.as_deref().is_none_or(Pool::is_empty) {
            // A transaction that holds the lock may be about to commit the first assignable person.
            store::lock_order_shared(connection).await?;
            *pool = store::load_current_pool(connection).await?.map(Arc::new);
        }
        let Some(current) = pool.as_deref() else { return Err(CreateTasksError::NobodyAssignable) };
        let (seed, now) = (ambient.seed(), ambient.now());
        let drawn = draw_assignees(ambient, commands, current, seed).ok_or(CreateTasksError::NobodyAssignable)?;
        let created = store::insert_tasks(connection, &drawn, current.pool_id, seed, now, envelope).await?;
        if !created.is_empty() {
            return Ok(created);
        }
        // Either every import key exists, or another pool has become the current one.
        let newest = store::load_current_pool(connection).await?;
        if newest.as_ref().is_some_and(|newest| newest.pool_id == current.pool_id) {
            return Ok(created);
        }
        *pool = newest.map(Arc::new);
    }
}

/// One draw for each command; `None` if the pool is empty.
fn draw_assignees<'a>(
    ambient: &Ambient,
    commands: &'a [CreateTask],
    pool: &Pool,
    seed: i64,
) -> Option<Vec<DrawnTask<'a>>> {
    let draw = |(draw_index, command)| {
        let assignee_id = pool.draw(seed, draw_index)?;
        Some(DrawnTask { task_id: ambient.new_id(), command, assignee_id, draw_index })
    };
    (0_u32..).zip(commands).map(draw).collect()
}
