//! Completing tasks, each once, by its current assignee (DOMAIN T5).

use std::collections::{HashMap, HashSet};

use contracts::events::tasks::TasksCompleted;
use contracts::{PersonId, TaskId};
use sqlx::PgConnection;

use crate::domain::{CompleteTask, Task, check_count};
use crate::error::Error;
use crate::service::Tasks;
use crate::store;

/// The outcome for one task of a request that completes several.
#[derive(Debug, Clone)]
pub struct Completion {
    /// The task as the request names it.
    pub task_id: TaskId,
    /// The completed task, or why the person cannot complete it.
    pub outcome: Result<Task, Refusal>,
}

/// Why a person cannot complete a task (DOMAIN T5).
#[derive(Debug, Clone)]
pub enum Refusal {
    /// No task has this id.
    NotFound,
    /// The person never was the assignee.
    NeverAssigned,
    /// The person is a former assignee.
    AssignedToAnother(Box<Task>),
    /// Another person has completed it.
    AlreadyCompleted(Box<Task>),
}

/// Why a statement has not completed a task for a person (DOMAIN T5).
enum NotCompleted {
    /// The same person has completed the task before. The request repeats that one.
    Repeated(Box<Task>),
    /// The person cannot complete the task.
    Refused(Refusal),
    /// A reassign has assigned the task to the person since the statement. Another attempt may
    /// succeed.
    Reassigned,
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotFound => Self::TaskNotFound,
            Refusal::NeverAssigned => Self::NeverAssigned,
            Refusal::AssignedToAnother(task) => Self::AssignedToAnother(task),
            Refusal::AlreadyCompleted(task) => Self::AlreadyCompleted(task),
        }
    }
}

impl Tasks {
    /// Completes a task for its current assignee, once. Of two conflicting transactions, the one
    /// that commits first wins. The person who completed the task may repeat the request: the task
    /// is returned again, and nothing is published (DOMAIN T5).
    pub async fn complete_task(&self, task_id: TaskId, person_id: PersonId) -> Result<Task, Error> {
        let command = CompleteTask { task_id, person_id };
        loop {
            if let Some(task) = self.complete.run(command).await? {
                return Ok(task);
            }
            // Boxed, so that the future of each completion stays small.
            match Box::pin(self.why_not_completed(command)).await? {
                NotCompleted::Repeated(task) => return Ok(*task),
                NotCompleted::Refused(refusal) => return Err(refusal.into()),
                NotCompleted::Reassigned => {}
            }
        }
    }

    async fn why_not_completed(&self, command: CompleteTask) -> Result<NotCompleted, Error> {
        let CompleteTask { task_id, person_id } = command;
        // A replica may not have the state that refused the completion.
        let mut connection = self.write.acquire().await?;
        let reasons = load_why_not_completed(&mut connection, &[task_id], person_id).await?;
        let reason = reasons.into_iter().next().map(|(_, reason)| reason);
        Ok(reason.unwrap_or(NotCompleted::Refused(Refusal::NotFound)))
    }

    /// Completes each task as `complete_task` does, all in one transaction. Returns the outcomes in
    /// the order given. A refused task changes nothing.
    pub async fn complete_tasks(&self, task_ids: &[TaskId], person_id: PersonId) -> Result<Vec<Completion>, Error> {
        check_count("/task_ids", task_ids.len())?;
        let mut tx = self.write.begin_command().await?;
        let mut outcomes: HashMap<TaskId, Result<Task, Refusal>> = HashMap::new();
        loop {
            let remaining: HashSet<TaskId> =
                task_ids.iter().copied().filter(|task_id| !outcomes.contains_key(task_id)).collect();
            if remaining.is_empty() {
                break;
            }
            let commands: Vec<CompleteTask> =
                remaining.iter().map(|&task_id| CompleteTask { task_id, person_id }).collect();
            let (now, envelope) = (tx.now(), tx.envelope::<TasksCompleted>()?);
            let completed = store::insert_completed_tasks(&mut tx, &commands, now, &envelope).await?;
            outcomes.extend(completed.into_iter().map(|task| (task.task_id, Ok(task))));
            let remaining: Vec<TaskId> =
                remaining.into_iter().filter(|task_id| !outcomes.contains_key(task_id)).collect();
            for (task_id, reason) in load_why_not_completed(&mut tx, &remaining, person_id).await? {
                match reason {
                    NotCompleted::Repeated(task) => drop(outcomes.insert(task_id, Ok(*task))),
                    NotCompleted::Refused(refusal) => drop(outcomes.insert(task_id, Err(refusal))),
                    NotCompleted::Reassigned => {}
                }
            }
        }
        let completion = |&task_id| {
            let outcome = outcomes.get(&task_id).cloned().unwrap_or(Err(Refusal::NotFound));
            Completion { task_id, outcome }
        };
        let completions: Vec<Completion> = task_ids.iter().map(completion).collect();
        tx.commit_command(&completions).await?;
        Ok(completions)
    }
}

/// Reads why tasks were not completed for a person.
async fn load_why_not_completed(
    connection: &mut PgConnection,
    task_ids: &[TaskId],
    person_id: PersonId,
) -> Result<Vec<(TaskId, NotCompleted)>, Error> {
    if task_ids.is_empty() {
        return Ok(Vec::new());
    }
    let tasks = store::list_tasks_by_id(connection, task_ids).await?;
    let numbers: Vec<i64> = tasks.iter().map(|task| task.number).collect();
    let assigned: HashSet<i64> =
        store::list_assigned_numbers(connection, &numbers, person_id).await?.into_iter().collect();
    let mut tasks: HashMap<TaskId, Task> = tasks.into_iter().map(|task| (task.task_id, task)).collect();
    let reason = |&task_id| {
        let task = tasks.remove(&task_id);
        let was_assigned = task.as_ref().is_some_and(|task| assigned.contains(&task.number));
        (task_id, why_not_completed(task, was_assigned, person_id))
    };
    Ok(task_ids.iter().map(reason).collect())
}

/// Why a task in this state is not completed for the person.
fn why_not_completed(task: Option<Task>, was_assigned: bool, person_id: PersonId) -> NotCompleted {
    let Some(task) = task.map(Box::new) else { return NotCompleted::Refused(Refusal::NotFound) };
    match (task.assignee_id == person_id, task.completed_at.is_some()) {
        (true, true) => NotCompleted::Repeated(task),
        (true, false) => NotCompleted::Reassigned,
        (false, _) if !was_assigned => NotCompleted::Refused(Refusal::NeverAssigned),
        (false, true) => NotCompleted::Refused(Refusal::AlreadyCompleted(task)),
        (false, false) => NotCompleted::Refused(Refusal::AssignedToAnother(task)),
    }
}
