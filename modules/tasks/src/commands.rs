//! The hot commands, applied in sets: all that wait together share one transaction (`kernel::batch`).

use std::collections::HashMap;

use contracts::events::tasks::{Completion, TasksCompleted};
use contracts::{PersonId, TaskId};
use futures_util::future::BoxFuture;
use kernel::Tx;
use kernel::batch::Work;

use crate::error::Error;
use crate::http::TaskView;
use crate::service::{FACTS_PER_EVENT, ImportableTask, create_tasks};
use crate::store::{self, TaskRow};

type Answers = Result<Vec<Result<TaskRow, Error>>, sqlx::Error>;

/// Creates tasks (DOMAIN T2).
pub(crate) struct Creating;

impl Work for Creating {
    type Command = ImportableTask;
    type Answer = TaskRow;
    type Error = Error;

    fn apply<'a>(&'a self, tx: &'a mut Tx, commands: &'a [ImportableTask]) -> BoxFuture<'a, Answers> {
        Box::pin(async move {
            match create_tasks(tx, commands).await {
                // Without import keys nothing is skipped.
                Ok(rows) => Ok(rows.into_iter().map(Ok).collect()),
                Err(Error::NobodyAssignable) => Ok(commands.iter().map(|_| Err(Error::NobodyAssignable)).collect()),
                Err(Error::Database(error)) => Err(error),
                Err(error) => Err(sqlx::Error::Encode(error.to_string().into())),
            }
        })
    }
}

/// Completes tasks for their assignees, each once (DOMAIN T5). Whoever commits first wins.
pub(crate) struct Completing;

impl Work for Completing {
    type Command = (TaskId, PersonId);
    type Answer = TaskRow;
    type Error = Error;

    fn apply<'a>(&'a self, tx: &'a mut Tx, commands: &'a [(TaskId, PersonId)]) -> BoxFuture<'a, Answers> {
        Box::pin(async move {
            let now = tx.now();
            let completed = store::complete_tasks(tx, commands, now).await?;
            for rows in completed.chunks(FACTS_PER_EVENT) {
                let completions = rows.iter().map(|row| completion(row, now)).collect();
                tx.emit(&TasksCompleted { completions }).await?;
            }
            let mut completed: HashMap<_, TaskRow> =
                completed.into_iter().map(|row| ((row.task_id, row.assignee_id), row)).collect();
            let mut answers = Vec::with_capacity(commands.len());
            for (task_id, person_id) in commands {
                answers.push(match completed.remove(&(task_id.uuid(), person_id.uuid())) {
                    Some(row) => Ok(row),
                    None => Err(why_not_completed(tx, *task_id, *person_id).await?),
                });
            }
            Ok(answers)
        })
    }
}

fn completion(row: &TaskRow, completed_at: chrono::DateTime<chrono::Utc>) -> Completion {
    Completion {
        task_id: row.task_id.into(),
        title: row.title.clone(),
        reference: row.reference.clone(),
        completed_by: row.assignee_id.into(),
        completed_at,
    }
}

/// Says why a completion found nothing to do: 404, 403 or 409 (DOMAIN T5).
async fn why_not_completed(tx: &mut Tx, task_id: TaskId, person_id: PersonId) -> Result<Error, sqlx::Error> {
    let Some(task) = store::load_task(tx, task_id.uuid()).await? else {
        return Ok(Error::TaskNotFound);
    };
    if !store::was_ever_assigned(tx, task_id, person_id).await? {
        return Ok(Error::NeverAssigned);
    }
    let is_completed = task.completed_at.is_some();
    let view = Box::new(TaskView::from(task));
    Ok(if is_completed { Error::AlreadyCompleted(view) } else { Error::AssignedToAnother(view) })
}
