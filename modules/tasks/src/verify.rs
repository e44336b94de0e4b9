//! The invariants of tasks, checked in the live data (`modules/DOMAIN.md`, "Invariants of the
//! data").

use futures_util::TryStreamExt;
use kernel::WritePool;
use kernel::verify::{Finding, Remedy};
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::domain::{Pool, TaskFact, TaskPeople};
use crate::error::Error;
use crate::service::Tasks;
use crate::store;

/// Number of facts that are read ahead of the receiver.
const FACTS_AHEAD: usize = 1_000;

impl Tasks {
    /// Checks invariant 6, and that each recorded draw has the same result when it is repeated
    /// (T8).
    pub async fn verify(&self) -> Result<Vec<Finding>, Error> {
        let mut connection = self.write.acquire().await?;
        let mut findings = Vec::new();
        let mut find = |problem: &str, ids: Vec<Uuid>| {
            findings.extend(ids.into_iter().map(|id| Finding::new(6, format!("task {id} {problem}"), Remedy::Examine)));
        };
        find("is neither open nor completed, or both", store::list_tasks_without_one_status(&mut connection).await?);
        find(
            "has an assignee or a count that differs from its recorded draws",
            store::list_tasks_that_differ_from_their_draws(&mut connection).await?,
        );
        find(
            "is assigned to a person who is not assignable, and no run will reassign it",
            store::list_stranded_tasks(&mut connection).await?,
        );
        findings.extend(self.verify_draws().await?);
        Ok(findings)
    }

    /// Repeats every recorded draw.
    async fn verify_draws(&self) -> Result<Vec<Finding>, Error> {
        let mut draws_connection = self.write.acquire().await?;
        let mut pools_connection = self.write.acquire().await?;
        let mut draws = store::stream_draws(&mut draws_connection);
        let mut pool: Option<Pool> = None;
        let mut findings = Vec::new();
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

    /// Streams what the ledger must contain about every task, in the order of the task ids.
    #[must_use]
    pub fn stream_task_facts(&self) -> mpsc::Receiver<Result<TaskFact, Error>> {
        let (sender, receiver) = mpsc::channel(FACTS_AHEAD);
        let write = self.write.clone();
        tokio::spawn(async move {
            if let Err(error) = send_task_facts(&write, &sender).await {
                // The receiver may be dropped; then the error has no recipient.
                let _is_dropped = sender.send(Err(error)).await;
            }
        });
        receiver
    }
}

impl Tasks {
    /// Streams the people of every task, in the order of the task ids.
    #[must_use]
    pub fn stream_task_people(&self) -> mpsc::Receiver<Result<TaskPeople, Error>> {
        let (sender, receiver) = mpsc::channel(FACTS_AHEAD);
        let write = self.write.clone();
        tokio::spawn(async move {
            if let Err(error) = send_task_people(&write, &sender).await {
                // The receiver may be dropped; then the error has no recipient.
                let _is_dropped = sender.send(Err(error)).await;
            }
        });
        receiver
    }
}

async fn send_task_people(write: &WritePool, sender: &mpsc::Sender<Result<TaskPeople, Error>>) -> Result<(), Error> {
    let mut connection = write.acquire().await?;
    let mut people = store::stream_task_people(&mut connection);
    while let Some(people) = people.try_next().await? {
        if sender.send(Ok(people)).await.is_err() {
            break;
        }
    }
    Ok(())
}

async fn send_task_facts(write: &WritePool, sender: &mpsc::Sender<Result<TaskFact, Error>>) -> Result<(), Error> {
    let mut connection = write.acquire().await?;
    let mut facts = store::stream_task_facts(&mut connection);
    while let Some(fact) = facts.try_next().await? {
        if sender.send(Ok(fact)).await.is_err() {
            break;
        }
    }
    Ok(())
}
