//! The hot commands, applied in sets: all that wait together share one statement (`kernel::batch`).

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use contracts::events::tasks::{TasksCompleted, TasksCreated};
use contracts::{PersonId, TaskId};
use kernel::Autocommit;
use kernel::batch::{Applying, BATCH_MAX, Work};
use sqlx::PgConnection;

use crate::error::Error;
use crate::http::TaskView;
use crate::service::{FACTS_PER_EVENT, ImportableTask, Pool, create_tasks};
use crate::store::{self, TaskRow};

// A batch says what it did in one event.
const _: () = assert!(BATCH_MAX <= FACTS_PER_EVENT);

/// Creates tasks (DOMAIN T2).
#[derive(Default)]
pub(crate) struct Creating {
    /// The pool that was in force at the last look.
    pool: Mutex<Pool>,
}

impl Work for Creating {
    type Command = ImportableTask;
    type Answer = TaskRow;
    type Error = Error;

    fn apply<'a>(
        &'a self,
        connection: &'a mut Autocommit,
        commands: &'a [ImportableTask],
    ) -> Applying<'a, TaskRow, Error> {
        Box::pin(async move {
            let (ambient, envelope) = (connection.ambient().clone(), connection.envelope::<TasksCreated>()?);
            let mut pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let created = create_tasks(connection, &ambient, &envelope, commands, &mut pool).await;
            *self.pool.lock().unwrap_or_else(PoisonError::into_inner) = pool;
            match created {
                // Without import keys nothing is skipped.
                Ok(rows) => Ok(rows.into_iter().map(Ok).collect()),
                Err(Error::NobodyAssignable) => Ok(commands.iter().map(|_| Err(Error::NobodyAssignable)).collect()),
                Err(Error::Database(error)) => Err(error),
                Err(error) => Err(sqlx::Error::Encode(error.to_string().into())),
            }
        })
    }
}

/// Completes tasks for their assignees, each once (DOMAIN T5): nothing for a task that is not open or not the person's.
pub(crate) struct Completing;

impl Work for Completing {
    type Command = (TaskId, PersonId);
    type Answer = Option<TaskRow>;
    type Error = sqlx::Error;

    fn apply<'a>(
        &'a self,
        connection: &'a mut Autocommit,
        commands: &'a [(TaskId, PersonId)],
    ) -> Applying<'a, Option<TaskRow>, sqlx::Error> {
        Box::pin(async move {
            let (now, envelope) = (connection.ambient().now(), connection.envelope::<TasksCompleted>()?);
            let completed = store::complete_tasks(connection, commands, now, &envelope).await?;
            let mut completed: HashMap<_, TaskRow> =
                completed.into_iter().map(|row| ((row.task_id, row.assignee_id), row)).collect();
            // Of the same command twice the second finds nothing.
            let answer =
                |(task_id, person_id): &(TaskId, PersonId)| Ok(completed.remove(&(task_id.uuid(), person_id.uuid())));
            Ok(commands.iter().map(answer).collect())
        })
    }
}

/// Says why a completion found nothing to do: 404, 403 or 409 (DOMAIN T5). Nothing if by now it would.
pub(crate) struct Refusing;

impl Work for Refusing {
    type Command = (TaskId, PersonId);
    type Answer = Option<Error>;
    type Error = sqlx::Error;

    fn apply<'a>(
        &'a self,
        connection: &'a mut Autocommit,
        commands: &'a [(TaskId, PersonId)],
    ) -> Applying<'a, Option<Error>, sqlx::Error> {
        Box::pin(async move {
            let mut answers = Vec::with_capacity(commands.len());
            for (task_id, person_id) in commands {
                answers.push(Ok(why_not_completed(connection, *task_id, *person_id).await?));
            }
            Ok(answers)
        })
    }
}

async fn why_not_completed(
    connection: &mut PgConnection,
    task_id: TaskId,
    person_id: PersonId,
) -> Result<Option<Error>, sqlx::Error> {
    let Some(task) = store::load_task(connection, task_id.uuid()).await? else {
        return Ok(Some(Error::TaskNotFound));
    };
    if task.completed_at.is_none() && task.assignee_id == person_id.uuid() {
        return Ok(None);
    }
    if !store::was_ever_assigned(connection, task_id, person_id).await? {
        return Ok(Some(Error::NeverAssigned));
    }
    let is_completed = task.completed_at.is_some();
    let view = Box::new(TaskView::from(task));
    Ok(Some(if is_completed { Error::AlreadyCompleted(view) } else { Error::AssignedToAnother(view) }))
}
