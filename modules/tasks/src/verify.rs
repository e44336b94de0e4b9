//! The invariants of tasks, checked in the live data (`modules/DOMAIN.md`, "Invariants of the
//! data").

use chrono::Duration;
use contracts::TaskId;
use futures_util::TryStreamExt;
use kernel::db::read_ahead;
use kernel::verify::{Finding, Remedy, Scope, Server};
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::domain::{Pool, TaskFact, TaskPeople};
use crate::error::Error;
use crate::read::first_id_at;
use crate::service::Tasks;
use crate::store;

/// Number of tasks whose draws are checked at once if not all are checked.
const TASKS_PER_STEP: usize = 5_000;
/// How much earlier than a day of accounting the facts of tasks begin that are checked with it: the
/// clocks of two processes may differ.
const CLOCK_MARGIN: Duration = Duration::hours(1);

impl Tasks {
    /// Checks invariant 6, and that each recorded draw has the same result when it is repeated
    /// (T8), for the tasks that have changed in the scope.
    pub async fn verify(&self, scope: Scope) -> Result<Vec<Finding>, Error> {
        let mut findings = self.find_stranded_tasks(scope.server).await?;
        if scope.is_everything() {
            findings.extend(self.verify_tasks(scope.server, None).await?);
            return Ok(findings);
        }
        let mut ids = self.stream_recent_task_ids(scope);
        let mut step = Vec::with_capacity(TASKS_PER_STEP);
        while let Some(id) = ids.recv().await.transpose()? {
            step.push(id.uuid());
            if step.len() == TASKS_PER_STEP {
                findings.extend(self.verify_tasks(scope.server, Some(&step)).await?);
                step.clear();
            }
        }
        findings.extend(self.verify_tasks(scope.server, Some(&step)).await?);
        Ok(findings)
    }

    async fn find_stranded_tasks(&self, server: Server) -> Result<Vec<Finding>, Error> {
        let mut connection = self.read.begin_verification(server).await?;
        let stranded = store::list_stranded_tasks(&mut connection).await?;
        let problem = "is assigned to a person who is not assignable, and no run will reassign it";
        Ok(stranded.into_iter().map(|id| finding(id, problem)).collect())
    }

    /// Checks these tasks, or all, and repeats each of their recorded draws.
    async fn verify_tasks(&self, server: Server, task_ids: Option<&[Uuid]>) -> Result<Vec<Finding>, Error> {
        let mut connection = self.read.begin_verification(server).await?;
        let mut findings = Vec::new();
        for id in store::list_tasks_without_one_status(&mut connection, task_ids).await? {
            findings.push(finding(id, "is neither open nor completed, or both"));
        }
        for id in store::list_tasks_that_differ_from_their_draws(&mut connection, task_ids).await? {
            findings.push(finding(id, "has an assignee or a count that differs from its recorded draws"));
        }
        let mut pools_connection = self.read.begin_verification(server).await?;
        let mut draws = store::stream_draws(&mut connection, task_ids);
        let mut pool: Option<Pool> = None;
        while let Some(draw) = draws.try_next().await? {
            if pool.as_ref().is_none_or(|pool| pool.pool_id != draw.pool_id) {
                pool = store::load_pool(&mut pools_connection, draw.pool_id).await?;
            }
            if !pool.as_ref().is_some_and(|pool| draw.is_reproduced_by(pool)) {
                let detail = format!("draw {} of task {} has another result", draw.assignment, draw.task_id);
                findings.push(Finding::new(6, detail, Remedy::Examine));
            }
        }
        Ok(findings)
    }

    /// What the ledger must contain about these tasks, or about every task, in id order.
    #[must_use]
    pub fn stream_task_facts(
        &self,
        server: Server,
        task_ids: Option<Vec<TaskId>>,
    ) -> mpsc::Receiver<Result<TaskFact, Error>> {
        let read = self.read.clone();
        let task_ids: Option<Vec<Uuid>> = task_ids.map(|ids| ids.into_iter().map(TaskId::uuid).collect());
        read_ahead(async move |sender| {
            let mut connection = read.begin_verification(server).await?;
            sender.send_all(store::stream_task_facts(&mut connection, task_ids.as_deref())).await
        })
    }

    /// The tasks that were created, assigned or completed in the scope, in id order.
    #[must_use]
    pub fn stream_recent_task_ids(&self, scope: Scope) -> mpsc::Receiver<Result<TaskId, Error>> {
        let read = self.read.clone();
        let since = scope.begins_at - CLOCK_MARGIN;
        read_ahead(async move |sender| {
            let mut connection = read.begin_verification(scope.server).await?;
            sender.send_all(store::stream_recent_task_ids(&mut connection, first_id_at(since), since)).await
        })
    }

    /// The people of every task, in the order of the task ids.
    #[must_use]
    pub fn stream_task_people(&self) -> mpsc::Receiver<Result<TaskPeople, Error>> {
        let write = self.write.clone();
        read_ahead(async move |sender| {
            let mut connection = write.acquire().await?;
            sender.send_all(store::stream_task_people(&mut connection)).await
        })
    }
}

fn finding(task_id: Uuid, problem: &str) -> Finding {
    Finding::new(6, format!("task {task_id} {problem}"), Remedy::Examine)
}
