//! The invariants of the ledger, checked on the stored data (`modules/DOMAIN.md`,
//! "Invariants of the data").

use chrono::NaiveDate;
use contracts::TaskId;
use kernel::db::read_ahead;
use kernel::verify::{Finding, Remedy, Scope, Server};
use sqlx::postgres::PgConnection;
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::domain::{DaySeal, EARNINGS, EarningsSums, LedgerFact};
use crate::error::Error;
use crate::service::Accounting;
use crate::store;

impl Accounting {
    /// The scope of a verification since this day. It begins earlier if an earlier day has no seal,
    /// because only what is sealed is trusted.
    pub async fn find_scope(&self, server: Server, since: NaiveDate) -> Result<Scope, Error> {
        let mut connection = self.read.begin_verification(server).await?;
        let first = store::load_first_day_to_check(&mut connection, since).await?;
        let (first_date, begins_at) = first.ok_or(Error::NotPrepared)?;
        Ok(Scope { server, first_date, begins_at })
    }

    /// Checks the invariants 1, 3, 4, 5 and 8, as far as they need the data of accounting only.
    /// For days before the scope, the sealed figures are used.
    pub async fn verify(&self, scope: Scope) -> Result<Vec<Finding>, Error> {
        let mut connection = self.read.begin_verification(scope.server).await?;
        let mut findings = check_lines(&mut connection, scope).await?;
        findings.extend(check_sums(&mut connection, scope).await?);
        findings.extend(check_days(&mut connection, scope).await?);
        findings.extend(check_seals(&mut connection, scope).await?);
        Ok(findings)
    }

    /// Number of payouts of each day of the scope and a digest of the people paid. Email must have
    /// as many mails.
    pub async fn count_payouts_by_day(&self, scope: Scope) -> Result<Vec<(NaiveDate, (i64, String))>, Error> {
        let mut connection = self.read.begin_verification(scope.server).await?;
        Ok(store::count_payouts_by_day(&mut connection, scope.first_date).await?)
    }

    /// These tasks, or every task of the ledger, in id order, to be compared with the tasks module.
    #[must_use]
    pub fn stream_ledger_facts(
        &self,
        server: Server,
        task_ids: Option<Vec<TaskId>>,
    ) -> mpsc::Receiver<Result<LedgerFact, Error>> {
        let read = self.read.clone();
        let task_ids: Option<Vec<Uuid>> = task_ids.map(|ids| ids.into_iter().map(TaskId::uuid).collect());
        read_ahead(async move |sender| {
            let mut connection = read.begin_verification(server).await?;
            sender.send_all(store::stream_ledger_facts(&mut connection, task_ids.as_deref())).await
        })
    }

    /// The tasks with a booking in the days of the scope, in id order.
    #[must_use]
    pub fn stream_booked_task_ids(&self, scope: Scope) -> mpsc::Receiver<Result<TaskId, Error>> {
        let read = self.read.clone();
        read_ahead(async move |sender| {
            let mut connection = read.begin_verification(scope.server).await?;
            sender.send_all(store::stream_booked_task_ids(&mut connection, scope.first_date)).await
        })
    }
}

fn examine(invariant: u8, detail: String) -> Finding {
    Finding::new(invariant, detail, Remedy::Examine)
}

/// Checks each line of the ledger (invariants 1 and 3).
async fn check_lines(connection: &mut PgConnection, scope: Scope) -> Result<Vec<Finding>, Error> {
    let since = scope.first_date;
    let mut findings = Vec::new();
    for transfer in store::list_transfers_with_wrong_balance(connection, since).await? {
        findings.push(examine(1, format!("transfer {transfer} does not follow from the line before it")));
    }
    for task in store::list_prices_out_of_range(connection, scope.begins_at).await? {
        findings.push(examine(3, format!("the price of task {task} is outside the range of its policy")));
    }
    for transfer in store::list_transfers_with_wrong_amount(connection, since).await? {
        findings.push(examine(3, format!("transfer {transfer} is not the price of its task")));
    }
    Ok(findings)
}

/// Checks the wallets, and the sums of all accounts (invariants 1 and 5).
async fn check_sums(connection: &mut PgConnection, scope: Scope) -> Result<Vec<Finding>, Error> {
    let since = scope.first_date;
    let mut findings = Vec::new();
    let sum = store::load_sum_of_accounts(connection, since).await?;
    if sum != 0 {
        findings.push(examine(1, format!("the ledger sums to {sum} minor units, not to zero")));
    }
    for person in store::list_unbalanced_wallets(connection, since).await? {
        findings.push(examine(1, format!("wallet {person} is not the sum of its lines")));
    }
    let (reported, stored) = store::count_wallets_below_zero_reported_and_stored(connection).await?;
    if reported != stored {
        let detail = format!("the reports count {reported} wallets below zero, but there are {stored}");
        findings.push(examine(1, detail));
    }
    let EarningsSums { days_minor, account_minor } =
        store::load_earnings_by_days_and_account(connection, EARNINGS, since).await?;
    if days_minor != account_minor {
        let detail = format!("the days' earnings sum to {days_minor}, the company's account to {account_minor}");
        findings.push(examine(5, detail));
    }
    Ok(findings)
}

/// Checks the days of the scope (invariants 4 and 5).
async fn check_days(connection: &mut PgConnection, scope: Scope) -> Result<Vec<Finding>, Error> {
    let since = scope.first_date;
    let mut findings = Vec::new();
    for (person, day) in store::list_wallets_positive_after_close(connection, since).await? {
        findings.push(examine(4, format!("wallet {person} was above zero after {day} was closed")));
    }
    for (person, day) in store::list_double_payouts(connection, since).await? {
        findings.push(examine(4, format!("person {person} was paid more than once for {day}")));
    }
    for day in store::list_days_with_wrong_totals(connection, since).await? {
        let detail = format!(
            "the totals of {day} are not those of its transfers, or a transfer was booked into it after its close"
        );
        findings.push(examine(5, detail));
    }
    Ok(findings)
}

/// Checks the seals (invariant 8): those of the scope against the transfers, and all of them
/// against the figures of their days and the balances of the wallets.
async fn check_seals(connection: &mut PgConnection, scope: Scope) -> Result<Vec<Finding>, Error> {
    let mut findings = Vec::new();
    for seal in store::list_day_seals(connection, scope.first_date).await? {
        let now = store::load_day_seal(connection, seal.business_day).await?;
        if now != seal {
            findings.push(examine(8, broken_seal(&seal, &now)));
        }
    }
    for day in store::list_days_that_differ_from_their_seals(connection).await? {
        findings.push(examine(8, format!("the figures of {day} have changed since it was sealed")));
    }
    let earlier = store::load_earlier_balances(connection, scope.first_date).await?;
    let (balance, lines) = (earlier.balance_minor, earlier.lines);
    if (balance, lines) != (earlier.sealed_balance_minor, earlier.sealed_lines) {
        let detail = format!(
            "before {} the wallets have {lines} lines that come to {balance}, but {} lines that come to {} were sealed",
            scope.first_date, earlier.sealed_lines, earlier.sealed_balance_minor
        );
        findings.push(examine(8, detail));
    }
    Ok(findings)
}

fn broken_seal(seal: &DaySeal, now: &DaySeal) -> String {
    let day = seal.business_day;
    if seal.transfers == now.transfers {
        format!("transfers of {day} were changed after it was sealed")
    } else {
        format!("{day} has {} transfers, but was sealed with {}", now.transfers, seal.transfers)
    }
}
