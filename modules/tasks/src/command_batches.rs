//! Batches of commands: all commands of one kind in a batch are applied by one statement.

use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use contracts::events::tasks::{TasksCompleted, TasksCreated};
use kernel::db::Envelope;
use kernel::runtime::batch::{BATCH_MAX, BatchAnswers, BatchHandler};
use kernel::{Ambient, Autocommit, DbError};
use sqlx::PgConnection;

use crate::domain::{CompleteTask, CreateTask, DrawnTask, FACTS_PER_EVENT_MAX, Pool, Task};
use crate::error::Error;
use crate::store;

// A batch publishes one event.
const _: () = assert!(BATCH_MAX <= FACTS_PER_EVENT_MAX);

/// Creates tasks (DOMAIN T2).
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

/// Completes tasks for their current assignees (DOMAIN T5). The answer is `None` if the task is not
/// open or not assigned to the person.
pub(crate) struct CompleteTaskHandler;

impl BatchHandler for CompleteTaskHandler {
    type Command = CompleteTask;
    type Answer = Option<Task>;
    type Error = DbError;

    fn apply<'a>(
        &'a self,
        connection: &'a mut Autocommit,
        commands: &'a [CompleteTask],
    ) -> BatchAnswers<'a, Option<Task>, DbError> {
        Box::pin(async move {
            let (now, envelope) = (connection.ambient().now(), connection.envelope::<TasksCompleted>()?);
            let completed = store::insert_completed_tasks(connection, commands, now, &envelope).await?;
            let key = |task: &Task| CompleteTask { task_id: task.task_id, person_id: task.assignee_id };
            let mut completed: HashMap<CompleteTask, Task> =
                completed.into_iter().map(|task| (key(&task), task)).collect();
            // Of two equal commands in a batch, the first gets the task and the second gets `None`.
            Ok(commands.iter().map(|command| Ok(completed.remove(command))).collect())
        })
    }

    fn result(answer: &Option<Task>) -> Option<&dyn Any> {
        answer.as_ref().map(|task| task as &dyn Any)
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
