//! Compares the tasks with the ledger (invariants 2 and 3).

use accounting::LedgerFact;
use contracts::TaskId;
use kernel::Problem;
use kernel::verify::{Finding, Remedy, Scope, Server};
use tasks::TaskFact;
use tokio::sync::mpsc::Receiver;

use crate::Error;
use crate::application::Application;

/// Maximum number of findings of one comparison.
const FINDINGS_MAX: usize = 1_000;
/// Number of tasks that are compared at once if not all are compared.
const TASKS_PER_STEP: usize = 5_000;

/// There is a fee for each assignment, charged to the person of the assignment, and a reward for
/// the person who completed the task; and the task shows the price. Compares the tasks that have
/// changed in the scope, in the tasks module or in the ledger.
pub async fn compare_tasks_with_ledger(application: &Application, scope: Scope) -> Result<Vec<Finding>, Error> {
    if scope.is_everything() {
        return compare_step(application, scope.server, None).await;
    }
    let mut changed = Merged::of(application, scope).await?;
    let mut findings = Vec::new();
    loop {
        let step = changed.take(TASKS_PER_STEP).await?;
        if step.is_empty() || findings.len() >= FINDINGS_MAX {
            return Ok(findings);
        }
        findings.extend(compare_step(application, scope.server, Some(step)).await?);
    }
}

/// The next values of two streams in id order, merged.
struct Merged {
    tasks: Receiver<Result<TaskId, tasks::Error>>,
    booked: Receiver<Result<TaskId, accounting::Error>>,
    task: Option<TaskId>,
    booking: Option<TaskId>,
}

impl Merged {
    /// The tasks that have changed in one of the two modules.
    async fn of(application: &Application, scope: Scope) -> Result<Self, Error> {
        let mut tasks = application.modules.tasks.stream_recent_task_ids(scope);
        let mut booked = application.modules.accounting.stream_booked_task_ids(scope);
        let (task, booking) = (next(&mut tasks).await?, next(&mut booked).await?);
        Ok(Self { tasks, booked, task, booking })
    }

    /// The next ids, each once, up to `max`.
    async fn take(&mut self, max: usize) -> Result<Vec<TaskId>, Error> {
        let mut ids = Vec::new();
        while ids.len() < max {
            let Some(id) = [self.task, self.booking].into_iter().flatten().min() else { break };
            if self.task == Some(id) {
                self.task = next(&mut self.tasks).await?;
            }
            if self.booking == Some(id) {
                self.booking = next(&mut self.booked).await?;
            }
            ids.push(id);
        }
        Ok(ids)
    }
}

/// Compares these tasks, or all. Both sides are read in the order of the tasks' ids.
async fn compare_step(
    application: &Application,
    server: Server,
    task_ids: Option<Vec<TaskId>>,
) -> Result<Vec<Finding>, Error> {
    let mut tasks = application.modules.tasks.stream_task_facts(server, task_ids.clone());
    let mut ledger = application.modules.accounting.stream_ledger_facts(server, task_ids);
    let (mut task, mut booked) = (next(&mut tasks).await?, next(&mut ledger).await?);
    let mut findings = Vec::new();
    while findings.len() < FINDINGS_MAX {
        match (&task, &booked) {
            (None, None) => break,
            (Some(fact), Some(line)) if fact.task_id == line.task_id => {
                compare(fact, line, &mut findings);
                task = next(&mut tasks).await?;
                booked = next(&mut ledger).await?;
            }
            (Some(fact), line) if line.as_ref().is_none_or(|line| fact.task_id < line.task_id) => {
                let detail = format!("task {} is not known to accounting", fact.task_id);
                findings.push(Finding::new(2, detail, Remedy::Replay));
                task = next(&mut tasks).await?;
            }
            (_, Some(line)) => {
                // A price alone costs nobody anything: it remains when all bookings are withdrawn.
                if line.fees + line.rewards > 0 {
                    let detail = format!("task {} is in the ledger, but there is no such task", line.task_id);
                    findings.push(Finding::new(2, detail, Remedy::Reconcile));
                }
                booked = next(&mut ledger).await?;
            }
            // The guard above takes every task without a line.
            (Some(_), None) => break,
        }
    }
    Ok(findings)
}

fn compare(task: &TaskFact, ledger: &LedgerFact, findings: &mut Vec<Finding>) {
    let id = task.task_id;
    if task.assignments != ledger.fees {
        let detail = format!("task {id} has {} assignments and {} fees", task.assignments, ledger.fees);
        let remedy = if ledger.fees < task.assignments { Remedy::Replay } else { Remedy::Reconcile };
        findings.push(Finding::new(2, detail, remedy));
    }
    if task.assignments == ledger.fees && task.charged != ledger.charged {
        let detail = format!("the fees of task {id} are not charged to the people it was assigned to");
        findings.push(Finding::new(2, detail, Remedy::Reconcile));
    }
    if ledger.rewards != i64::from(task.completed_by.is_some()) || ledger.rewarded != task.completed_by {
        let detail = match task.completed_by {
            None => format!("task {id} is open and has {} rewards", ledger.rewards),
            Some(person) => format!("task {id} was completed by {person} and has {} rewards", ledger.rewards),
        };
        let remedy = if ledger.rewards == 0 { Remedy::Replay } else { Remedy::Reconcile };
        findings.push(Finding::new(2, detail, remedy));
    }
    let (fee, reward) = (ledger.fee_minor, ledger.reward_minor);
    if task.price_minor != Some((fee, reward)) {
        let detail = match task.price_minor {
            None => format!("task {id} shows no price, but accounting has set one"),
            Some(shown) => format!("task {id} shows the price {shown:?}, but accounting has set {:?}", (fee, reward)),
        };
        findings.push(Finding::new(3, detail, Remedy::Replay));
    }
}

async fn next<T, E>(stream: &mut Receiver<Result<T, E>>) -> Result<Option<T>, Error>
where
    Problem: From<E>,
{
    stream.recv().await.transpose().map_err(|error| Problem::from(error).into())
}
