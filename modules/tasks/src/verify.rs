//! The invariants of tasks as questions to the live data (DOMAIN, 'What must hold').

use contracts::{PersonId, TaskId};
use futures_util::TryStreamExt;
use kernel::WritePool;
use kernel::verify::Finding;
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::domain::draw;
use crate::error::Error;
use crate::service::Tasks;
use crate::store::{self, DrawRow};

/// What the ledger must say of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskFact {
    pub task_id: TaskId,
    /// 1 + reassigns of it; as many fees.
    pub assignments: i64,
    /// Who must have the reward.
    pub completed_by: Option<PersonId>,
    /// A digest of who was assigned, and so charged, each time; `None` without any.
    pub charged: Option<String>,
}

impl Tasks {
    /// Invariant 6, and that each recorded draw comes out the same when it is run again (T8).
    pub async fn verify(&self) -> Result<Vec<Finding>, Error> {
        let mut connection = self.write.acquire().await?;
        let mut findings = Vec::new();
        let mut find = |problem: &str, ids: Vec<Uuid>| {
            findings.extend(ids.into_iter().map(|id| Finding::new(6, format!("task {id} {problem}"))));
        };
        find("is neither open nor completed, or both", store::find_tasks_in_no_state(&mut connection).await?);
        find(
            "is not where its recorded draws put it",
            store::find_tasks_apart_from_their_draws(&mut connection).await?,
        );
        find(
            "is with somebody who cannot be assigned, and no run will move it",
            store::find_stranded_tasks(&mut connection).await?,
        );
        findings.extend(self.verify_draws().await?);
        Ok(findings)
    }

    async fn verify_draws(&self) -> Result<Vec<Finding>, Error> {
        let mut streaming = self.write.acquire().await?;
        let mut looking = self.write.acquire().await?;
        let mut draws = store::stream_draws(&mut streaming);
        let mut pool: (i64, Vec<Uuid>) = (i64::MIN, Vec::new());
        let mut findings = Vec::new();
        while let Some(drawn) = draws.try_next().await? {
            if drawn.pool_id != pool.0 {
                pool =
                    (drawn.pool_id, store::load_pool_members(&mut looking, drawn.pool_id).await?.unwrap_or_default());
            }
            if !comes_out_the_same(&drawn, &pool.1) {
                let DrawRow { task_id, assignment, .. } = drawn;
                findings.push(Finding::new(6, format!("draw {assignment} of task {task_id} comes out differently")));
            }
        }
        Ok(findings)
    }

    /// Every task in id order, to be held against the ledger; read as a stream, whatever their number.
    #[must_use]
    pub fn stream_task_facts(&self) -> mpsc::Receiver<Result<TaskFact, Error>> {
        let (sender, receiver) = mpsc::channel(1_000);
        let write = self.write.clone();
        tokio::spawn(async move {
            if let Err(error) = send_task_facts(&write, &sender).await {
                // Whoever asked may be gone, and then nobody wants to know.
                let _gone = sender.send(Err(error)).await;
            }
        });
        receiver
    }
}

async fn send_task_facts(write: &WritePool, sender: &mpsc::Sender<Result<TaskFact, Error>>) -> Result<(), Error> {
    let mut connection = write.acquire().await?;
    let mut rows = store::stream_task_facts(&mut connection);
    while let Some(row) = rows.try_next().await? {
        let fact = TaskFact {
            task_id: row.task_id.into(),
            assignments: i64::from(row.assignments),
            completed_by: row.completed_by.map(PersonId::from),
            charged: row.charged,
        };
        if sender.send(Ok(fact)).await.is_err() {
            break;
        }
    }
    Ok(())
}

fn comes_out_the_same(drawn: &DrawRow, members: &[Uuid]) -> bool {
    !members.is_empty()
        && u32::try_from(drawn.draw_index)
            .is_ok_and(|index| members[draw(drawn.seed, index, members.len())] == drawn.assignee_id)
}
