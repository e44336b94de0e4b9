//! Checks the invariants of the domain on the live data: those that each module checks alone, and
//! those that compare two modules.

mod ledger;

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use kernel::Problem;
use kernel::verify::{Finding, Remedy, Scope, Server};
use serde::Serialize;

use crate::Error;
use crate::application::Application;
use crate::status::ModuleNotice;

/// How long a verification waits for events before it counts them as in flight.
const DRAIN_DEADLINE: Duration = Duration::from_secs(10);

/// What a verification checks, and where it reads.
#[derive(Debug, Clone, Copy, Default)]
pub struct VerifyOptions {
    /// The first day that is checked in full. `None` means every day.
    pub since: Option<NaiveDate>,
    /// The server that is read.
    pub server: Server,
}

/// The result of a verification.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The rows that break an invariant.
    pub findings: Vec<Finding>,
    /// The first day that was checked in full. It is earlier than the requested one if an earlier
    /// day has no seal yet. `None` means every day.
    pub checked_since: Option<NaiveDate>,
    /// Everything that was committed before this moment was checked.
    pub as_of: DateTime<Utc>,
    /// Events that are published and not applied by every subscriber. What they mean for
    /// accounting is not booked yet.
    pub events_in_flight: i64,
    /// Those of them that are parked.
    pub events_parked: i64,
    /// What a person has to do before the modules work as meant. It breaks no invariant.
    pub notices: Vec<ModuleNotice>,
}

/// Checks the invariants. A finding counts only if a second reading finds it too, because requests
/// change the data between two queries, and the two databases are read at different moments.
/// Between the readings the events of the first one are delivered, and a replica replays what they
/// caused.
///
/// # Errors
/// A database does not answer, or no replica is up to date.
pub async fn verify(application: &Application, options: VerifyOptions) -> Result<Report, Error> {
    let report = check(application, options).await;
    report.map_err(|error| if options.server == Server::Replica { explain(error) } else { error })
}

/// The causes that only a verification on replicas has.
fn explain(error: Error) -> Error {
    match error {
        Error::Refused(problem) if ["busy", "database_unavailable"].contains(&problem.code()) => {
            let text = "a replica does not answer, has not replayed what was committed before, or has cancelled a long \
                        query: see `piecework doctor`, and set hot_standby_feedback = on on the replicas";
            Error::Failed(text.to_owned())
        }
        error => error,
    }
}

async fn check(application: &Application, options: VerifyOptions) -> Result<Report, Error> {
    let VerifyOptions { since, server } = options;
    let scope = match since {
        None => Scope::everything(server),
        Some(since) => application.modules.accounting.find_scope(server, since).await.map_err(Problem::from)?,
    };
    drain(application).await?;
    let mut as_of = application.ambient.now();
    let first = read(application, scope).await?;
    let findings = if first.is_empty() {
        first
    } else {
        drain(application).await?;
        as_of = application.ambient.now();
        let first: HashSet<Finding> = first.into_iter().collect();
        read(application, scope).await?.into_iter().filter(|finding| first.contains(finding)).collect()
    };
    let (mut events_in_flight, mut events_parked) = (0, 0);
    for module in application.status.modules().await.map_err(Problem::from)? {
        events_in_flight += module.outbox_pending + module.inbox_retry + module.inbox_parked;
        events_parked += module.inbox_parked;
    }
    let on_the_bus = application.status.undelivered().await.map_err(Problem::from)?.on_the_bus.unwrap_or_default();
    events_in_flight += i64::try_from(on_the_bus).unwrap_or(i64::MAX);
    let notices = application.status.find_notices().await.map_err(Problem::from)?;
    let checked_since = since.map(|_| scope.first_date);
    Ok(Report { findings, checked_since, as_of, events_in_flight, events_parked, notices })
}

async fn drain(application: &Application) -> Result<(), Error> {
    application.drain(DRAIN_DEADLINE).await.map_err(Problem::from)?;
    Ok(())
}

async fn read(application: &Application, scope: Scope) -> Result<Vec<Finding>, Error> {
    let modules = &application.modules;
    let mut findings = modules.tasks.verify(scope).await.map_err(Problem::from)?;
    findings.extend(modules.accounting.verify(scope).await.map_err(Problem::from)?);
    findings.extend(ledger::compare_tasks_with_ledger(application, scope).await?);
    findings.extend(compare_payouts_with_mails(application, scope).await?);
    Ok(findings)
}

/// Invariant 4: each payout of a day has a mail to the person who was paid, and there are no
/// others.
async fn compare_payouts_with_mails(application: &Application, scope: Scope) -> Result<Vec<Finding>, Error> {
    let payouts = application.modules.accounting.count_payouts_by_day(scope).await.map_err(Problem::from)?;
    let mails = application.modules.email.count_statements_by_day(scope).await.map_err(Problem::from)?;
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
