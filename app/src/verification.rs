//! Checks every invariant of the domain on the live data: those that each module checks alone, and
//! those that compare two modules.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use accounting::LedgerFact;
use kernel::Problem;
use kernel::verify::{Finding, Remedy};
use serde::Serialize;
use tasks::TaskFact;
use tokio::sync::mpsc::Receiver;

use crate::Error;
use crate::application::Application;
use crate::status::ModuleNotice;

/// How long a verification waits for events before it counts them as in flight.
const DRAIN_DEADLINE: Duration = Duration::from_secs(10);
/// Maximum number of findings of one comparison.
const FINDINGS_MAX: usize = 1_000;

/// The result of a verification.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The rows that break an invariant.
    pub findings: Vec<Finding>,
    /// Events that are published and not applied by every subscriber. What they mean for
    /// accounting is not booked yet.
    pub events_in_flight: i64,
    /// Those of them that are parked.
    pub events_parked: i64,
    /// What a person has to do before the modules work as meant. It breaks no invariant.
    pub notices: Vec<ModuleNotice>,
}

/// Checks every invariant. A finding counts only if a second reading finds it too, because requests
/// change the data between two queries.
///
/// # Errors
/// A database does not answer.
pub async fn verify(application: &Application) -> Result<Report, Error> {
    drain(application).await?;
    let first = read(application).await?;
    let findings = if first.is_empty() {
        first
    } else {
        drain(application).await?;
        let first: HashSet<Finding> = first.into_iter().collect();
        read(application).await?.into_iter().filter(|finding| first.contains(finding)).collect()
    };
    let (mut events_in_flight, mut events_parked) = (0, 0);
    for module in application.status.modules().await.map_err(Problem::from)? {
        events_in_flight += module.outbox_pending + module.inbox_retry + module.inbox_parked;
        events_parked += module.inbox_parked;
    }
    let on_the_bus = application.status.undelivered().await.map_err(Problem::from)?.on_the_bus.unwrap_or_default();
    events_in_flight += i64::try_from(on_the_bus).unwrap_or(i64::MAX);
    let notices = application.status.find_notices().await.map_err(Problem::from)?;
    Ok(Report { findings, events_in_flight, events_parked, notices })
}

async fn drain(application: &Application) -> Result<(), Error> {
    application.drain(DRAIN_DEADLINE).await.map_err(Problem::from)?;
    Ok(())
}

async fn read(application: &Application) -> Result<Vec<Finding>, Error> {
    let modules = &application.modules;
    let mut findings = modules.tasks.verify().await.map_err(Problem::from)?;
    findings.extend(modules.accounting.verify().await.map_err(Problem::from)?);
    findings.extend(compare_tasks_with_ledger(application).await?);
    findings.extend(compare_payouts_with_mails(application).await?);
    Ok(findings)
}

/// Invariants 2 and 3: there is a fee for each assignment, charged to the person of the assignment,
/// and a reward for the person who completed the task; and the task shows the price. Both sides are
/// read in the order of the tasks' ids.
async fn compare_tasks_with_ledger(application: &Application) -> Result<Vec<Finding>, Error> {
    let mut tasks = application.modules.tasks.stream_task_facts();
    let mut ledger = application.modules.accounting.stream_ledger_facts();
    let (mut task, mut booked) = (next_task(&mut tasks).await?, next_booked(&mut ledger).await?);
    let mut findings = Vec::new();
    while findings.len() < FINDINGS_MAX {
        match (&task, &booked) {
            (None, None) => break,
            (Some(fact), Some(line)) if fact.task_id == line.task_id => {
                compare(fact, line, &mut findings);
                task = next_task(&mut tasks).await?;
                booked = next_booked(&mut ledger).await?;
            }
            (Some(fact), line) if line.as_ref().is_none_or(|line| fact.task_id < line.task_id) => {
                let detail = format!("task {} is not known to accounting", fact.task_id);
                findings.push(Finding::new(2, detail, Remedy::Replay));
                task = next_task(&mut tasks).await?;
            }
            (_, Some(line)) => {
                // A price alone costs nobody anything: it remains when all bookings are withdrawn.
                if line.fees + line.rewards > 0 {
                    let detail = format!("task {} is in the ledger, but there is no such task", line.task_id);
                    findings.push(Finding::new(2, detail, Remedy::Reconcile));
                }
                booked = next_booked(&mut ledger).await?;
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

async fn next_task(tasks: &mut Receiver<Result<TaskFact, tasks::Error>>) -> Result<Option<TaskFact>, Error> {
    tasks.recv().await.transpose().map_err(|error| Problem::from(error).into())
}

async fn next_booked(
    ledger: &mut Receiver<Result<LedgerFact, accounting::Error>>,
) -> Result<Option<LedgerFact>, Error> {
    ledger.recv().await.transpose().map_err(|error| Problem::from(error).into())
}

/// Invariant 4: each payout of a day has a mail to the person who was paid, and there are no
/// others.
async fn compare_payouts_with_mails(application: &Application) -> Result<Vec<Finding>, Error> {
    let payouts = application.modules.accounting.count_payouts_by_day().await.map_err(Problem::from)?;
    let mails = application.modules.email.count_statements_by_day().await.map_err(Problem::from)?;
    let payouts: BTreeMap<_, _> = payouts.into_iter().collect();
    let mails: BTreeMap<_, _> = mails.into_iter().collect();
    let days: std::collections::BTreeSet<_> = payouts.keys().chain(mails.keys()).collect();
    Ok(days
        .into_iter()
        .filter_map(|day| {
            let (paid, mailed) = (payouts.get(day), mails.get(day));
            let count = |who: Option<&(i64, String)>| who.map_or(0, |(count, _)| *count);
            let detail = || format!("{day} has {} payouts and {} mails, or to others", count(paid), count(mailed));
            let remedy = if count(mailed) < count(paid) { Remedy::Replay } else { Remedy::Examine };
            (paid != mailed).then(|| Finding::new(4, detail(), remedy))
        })
        .collect())
}
