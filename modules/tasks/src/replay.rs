//! The replay: every creation, assignment and completion is published again.
//!
//! A page begins after the last number of the page before. A task whose transaction commits later
//! may be missed, but that transaction publishes its facts itself.

use contracts::TaskId;
use contracts::events::tasks::{TasksAssigned, TasksCompleted, TasksCreated};
use kernel::DbError;
use kernel::events::replay::Replay;

use crate::domain::{FACTS_PER_EVENT_MAX, NumberRange, RunAssignment};
use crate::service::Tasks;
use crate::store;

/// Number of facts that are read at a time.
const PAGE_ROWS: i64 = FACTS_PER_EVENT_MAX as i64;

impl Tasks {
    /// Publishes every fact that the replay covers.
    pub(crate) async fn replay(&self, replay: &Replay) -> Result<(), DbError> {
        self.replay_range(replay, NumberRange::ALL).await
    }

    /// Publishes the facts of these tasks. A task that does not exist has none.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn replay_tasks(&self, replay: &Replay, task_ids: &[TaskId]) -> Result<(), DbError> {
        let numbers = store::list_task_numbers(&mut *self.write.acquire().await?, task_ids).await?;
        for number in numbers {
            self.replay_range(replay, NumberRange::only(number)).await?;
        }
        Ok(())
    }

    async fn replay_range(&self, replay: &Replay, range: NumberRange) -> Result<(), DbError> {
        self.replay_creations(replay, range).await?;
        self.replay_assignments(replay, range).await?;
        self.replay_completions(replay, range).await
    }

    async fn replay_creations(&self, replay: &Replay, mut range: NumberRange) -> Result<(), DbError> {
        loop {
            let mut connection = self.write.acquire().await?;
            let page = store::list_creations(&mut connection, range, PAGE_ROWS).await?;
            drop(connection);
            let Some((last, _)) = page.last() else { return Ok(()) };
            range.after = *last;
            let tasks = page.into_iter().map(|(_, task)| task).filter(|task| replay.covers(task.created_at)).collect();
            replay.publish_again(&self.write, &[TasksCreated { tasks }]).await?;
        }
    }

    async fn replay_assignments(&self, replay: &Replay, mut range: NumberRange) -> Result<(), DbError> {
        let mut after_assignment = i32::MAX;
        loop {
            let mut connection = self.write.acquire().await?;
            let page = store::list_run_assignments(&mut connection, range, after_assignment, PAGE_ROWS).await?;
            drop(connection);
            let Some(last) = page.last() else { return Ok(()) };
            (range.after, after_assignment) = (last.task_number, last.assignment.number);
            let covered = page.into_iter().filter(|one| replay.covers(one.assigned_at));
            replay.publish_again(&self.write, &by_run(covered)).await?;
        }
    }

    async fn replay_completions(&self, replay: &Replay, mut range: NumberRange) -> Result<(), DbError> {
        loop {
            let mut connection = self.write.acquire().await?;
            let page = store::list_completions(&mut connection, range, PAGE_ROWS).await?;
            drop(connection);
            let Some((last, _)) = page.last() else { return Ok(()) };
            range.after = *last;
            let completions = page.into_iter().map(|(_, completion)| completion);
            let completions = completions.filter(|completion| replay.covers(completion.completed_at)).collect();
            replay.publish_again(&self.write, &[TasksCompleted { completions }]).await?;
        }
    }
}

/// An event has the assignments of one run and one time.
fn by_run(assignments: impl Iterator<Item = RunAssignment>) -> Vec<TasksAssigned> {
    let mut facts = std::collections::BTreeMap::new();
    for RunAssignment { reassignment_id, assigned_at, assignment, .. } in assignments {
        facts
            .entry((assigned_at, reassignment_id.uuid()))
            .or_insert_with(|| TasksAssigned { reassignment_id, assigned_at, assignments: Vec::new() })
            .assignments
            .push(assignment);
    }
    facts.into_values().collect()
}
