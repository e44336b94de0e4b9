//! Every invariant of the domain, asked of the live data: what each module can tell alone, and what only two together can.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use accounting::LedgerFact;
use kernel::Problem;
use kernel::verify::Finding;
use serde::Serialize;
use tasks::TaskFact;
use tokio::sync::mpsc::Receiver;

use crate::Error;
use crate::application::Application;

/// How long events under way may take to arrive before they are counted as still in flight.
const SETTLE_DEADLINE: Duration = Duration::from_secs(10);
/// A broken table is told of by its first rows.
const FINDINGS_MAX: usize = 1_000;

/// What a verification has come to.
#[derive(Debug, Serialize)]
pub struct Report {
    pub findings: Vec<Finding>,
    /// Events that have been said and not been applied everywhere: what they tell is not in the books yet.
    pub events_in_flight: i64,
    /// Of those, the ones that wait for a person.
    pub events_parked: i64,
}

/// Checks everything; a finding must survive a second reading, since the world goes on between two questions.
pub async fn verify(application: &Application) -> Result<Report, Error> {
    settle(application).await?;
    let first = read(application).await?;
    let findings = if first.is_empty() {
        first
    } else {
        settle(application).await?;
        let first: HashSet<Finding> = first.into_iter().collect();
        read(application).await?.into_iter().filter(|finding| first.contains(finding)).collect()
    };
    let (mut events_in_flight, mut events_parked) = (0, 0);
    for module in application.state.modules().await.map_err(Problem::from)? {
        events_in_flight += module.outbox_pending + module.inbox_retry + module.inbox_parked;
        events_parked += module.inbox_parked;
    }
    let on_the_bus = application.state.undelivered().await.map_err(Problem::from)?.on_the_bus.unwrap_or_default();
    events_in_flight += i64::try_from(on_the_bus).unwrap_or(i64::MAX);
    Ok(Report { findings, events_in_flight, events_parked })
}

async fn settle(application: &Application) -> Result<(), Error> {
    application.drain(SETTLE_DEADLINE).await.map_err(Problem::from)?;
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

/// Invariant 2: a fee for each assignment, charged to whom it went; a reward exactly for who completed the task. Both sides come in
/// id order.
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
                findings.push(Finding::new(2, format!("task {} is not known to accounting", fact.task_id)));
                task = next_task(&mut tasks).await?;
            }
            (_, Some(line)) => {
                findings.push(Finding::new(
                    2,
                    format!("task {} is in the ledger, but there is no such task", line.task_id),
                ));
                booked = next_booked(&mut ledger).await?;
            }
            // The guard above takes every task that has no line beside it.
            (Some(_), None) => break,
        }
    }
    Ok(findings)
}

fn compare(task: &TaskFact, ledger: &LedgerFact, findings: &mut Vec<Finding>) {
    let id = task.task_id;
    if task.assignments != ledger.fees {
        let detail = format!("task {id} has {} assignments and {} fees", task.assignments, ledger.fees);
        findings.push(Finding::new(2, detail));
    }
    if task.assignments == ledger.fees && task.charged != ledger.charged {
        findings.push(Finding::new(2, format!("the fees of task {id} are not those of whom it was assigned to")));
    }
    if ledger.rewards != i64::from(task.completed_by.is_some()) || ledger.rewarded != task.completed_by {
        let detail = match task.completed_by {
            None => format!("task {id} is open and has {} rewards", ledger.rewards),
            Some(person) => format!("task {id} was completed by {person} and has {} rewards", ledger.rewards),
        };
        findings.push(Finding::new(2, detail));
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

/// Invariant 4: the mails of a day are its payouts.
async fn compare_payouts_with_mails(application: &Application) -> Result<Vec<Finding>, Error> {
    let payouts = application.modules.accounting.count_payouts_by_day().await.map_err(Problem::from)?;
    let mails = application.modules.email.statements_per_day().await.map_err(Problem::from)?;
    let payouts: BTreeMap<_, _> = payouts.into_iter().collect();
    let mails: BTreeMap<_, _> = mails.into_iter().collect();
    let days: std::collections::BTreeSet<_> = payouts.keys().chain(mails.keys()).collect();
    Ok(days
        .into_iter()
        .filter_map(|day| {
            let (paid, mailed) = (payouts.get(day), mails.get(day));
            let count = |who: Option<&(i64, String)>| who.map_or(0, |(count, _)| *count);
            let detail = || format!("{day} has {} payouts and {} mails, or to others", count(paid), count(mailed));
            (paid != mailed).then(|| Finding::new(4, detail()))
        })
        .collect())
}
